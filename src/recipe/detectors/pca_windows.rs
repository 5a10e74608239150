//! Settings of the principal components of windows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::votes_by_contamination;
use super::{WindowAlign, WindowLength};

/// Principal components of sliding windows of the measured columns, as `Sub-PCA` of TSB-AD; the mean over the columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PcaWindowsConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Length of the windows; at most 512 rows are used, which the run reports.
    pub window: WindowLength,
    /// Components kept, the largest first.
    pub n_components: Components,
    /// What makes a window abnormal.
    pub score: PcaScore,
    /// Which row the score of a window goes to.
    pub align: WindowAlign,
    /// Share of rows this detector votes abnormal, for "fired" in alerts. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
    /// Most windows of a column to fit on; above it windows at even steps are used. 0: no limit.
    pub max_fit_windows: u64,
}

impl Default for PcaWindowsConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            window: WindowLength::Auto,
            n_components: Components::All,
            score: PcaScore::WeightedDistance,
            align: WindowAlign::Center,
            contamination: 0.1,
            max_fit_windows: 20_000,
        }
    }
}

votes_by_contamination!(PcaWindowsConfig);

/// How many principal components are kept.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Components {
    /// All with any variance.
    #[default]
    All,
    /// This many, at least 1.
    Count(#[schemars(range(min = 1))] u32),
    /// As many as explain this share of the variance. Above 0, at most 1.
    Variance(#[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))] f64),
}

/// What makes a window abnormal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PcaScore {
    /// Its distance to the unit vectors of the components, weighted by the inverse of the variance they explain, as in
    /// PyOD and TSB-AD.
    #[default]
    WeightedDistance,
    /// What the components kept leave unexplained of it: the root of the mean squared error. With all components 0.
    ReconstructionError,
}
