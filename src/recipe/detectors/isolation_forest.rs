//! Settings of the isolation forest.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::votes_by_contamination;

/// Isolation forest. Names and meaning as in scikit-learn; the seed is `compute.seed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IsolationForestConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Number of trees. Range 1 to 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub n_estimators: u32,
    /// Rows drawn for each tree.
    pub max_samples: MaxSamples,
    /// Which rows this detector votes abnormal, for "fired" in alerts.
    pub contamination: Contamination,
    /// Share of the features drawn for each tree. Above 0, at most 1.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub max_features: f64,
    /// What the forest measures of a row. Splits by several features (`extension_level`) allow `depth` only.
    pub scoring: IsolationScoring,
    /// Draw the rows of a tree with replacement.
    pub bootstrap: bool,
    /// The extended variant (Hariri et al. 2019): features of a split beyond the first. 0: each split compares one
    /// feature. Range 0 to 10000; at most one less than the features of a tree, where there are fewer. Splits by
    /// several features compare them in their units after scaling.
    #[schemars(range(max = 10_000))]
    pub extension_level: u32,
}

impl Default for IsolationForestConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            n_estimators: 100,
            max_samples: MaxSamples::Auto,
            contamination: Contamination::default(),
            max_features: 1.0,
            scoring: IsolationScoring::Depth,
            bootstrap: false,
            extension_level: 0,
        }
    }
}

votes_by_contamination!(IsolationForestConfig);

/// What an isolation forest measures of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IsolationScoring {
    /// How few splits isolate the row (Liu et al. 2008). Scores lie between 0 and 1; rows of average depth have 0.5.
    /// Settles with fewer trees.
    #[default]
    Depth,
    /// How much emptier than on average the part of the space is that the splits leave around the row (Cortes 2021,
    /// arXiv:2111.11639; `scoring_metric="density"` of isotree): the mean over the trees of ln(share of the volume / share
    /// of the rows). 0: as dense as rows spread evenly; above: emptier, at most ln(rows drawn for a tree); below: denser,
    /// without a fixed limit. Often finds more in tables of independent rows; takes more trees to settle, 300 for example.
    Density,
}

/// Rows drawn for each tree of a forest.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaxSamples {
    /// 256, or all rows where there are fewer.
    #[default]
    Auto,
    /// This many rows (all where there are fewer), at least 1.
    Count(#[schemars(range(min = 1))] u32),
    /// This share of the rows. Above 0, at most 1.
    Fraction(#[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))] f64),
}

/// Which rows an isolation forest votes abnormal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Contamination {
    /// Those with a score above 0.5, which rows of average depth have (Liu et al. 2008). With `scoring: density` above 0,
    /// the score of rows spread evenly.
    Auto,
    /// This share of the rows. Above 0, at most 0.5.
    Share(#[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))] f64),
}

impl Default for Contamination {
    fn default() -> Self {
        Self::Share(0.1)
    }
}

impl From<f64> for Contamination {
    fn from(share: f64) -> Self {
        Self::Share(share)
    }
}
