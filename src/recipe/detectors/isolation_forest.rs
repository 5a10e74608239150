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
            bootstrap: false,
            extension_level: 0,
        }
    }
}

votes_by_contamination!(IsolationForestConfig);

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
    /// Those with a score above 0.5, which rows of average depth have (Liu et al. 2008).
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
