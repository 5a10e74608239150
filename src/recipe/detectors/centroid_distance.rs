//! Settings of the centroid distance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::votes_by_contamination;

/// Distance of a row from the middle of the data. Columns count in their units after scaling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CentroidDistanceConfig {
    /// Use this detector.
    pub enabled: bool,
    /// How the distance is measured.
    pub metric: CentroidMetric,
    /// What the middle of a column is.
    pub center: Center,
    /// Share of rows this detector votes abnormal, for "fired" in alerts. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
}

impl Default for CentroidDistanceConfig {
    fn default() -> Self {
        Self { enabled: false, metric: CentroidMetric::default(), center: Center::default(), contamination: 0.1 }
    }
}

votes_by_contamination!(CentroidDistanceConfig);

/// How the distance from the centre is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CentroidMetric {
    /// Square root of the sum of squared differences.
    #[default]
    Euclidean,
    /// Sum of absolute differences.
    Manhattan,
}

/// What the middle of a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Center {
    /// Arithmetic mean.
    #[default]
    Mean,
    /// Median, which a few extreme rows do not move.
    Median,
}
