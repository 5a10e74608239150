//! Settings of the local outlier factor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Metric;
use super::votes_by_contamination;

/// Local outlier factor, as in scikit-learn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocalOutlierFactorConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Neighbours looked at; all other rows where there are fewer. Range 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub n_neighbors: u32,
    /// How far two rows are from each other.
    pub metric: Metric,
    /// Order of the Minkowski distance; other metrics do not use it. 1 is Manhattan, 2 Euclidean. Range 1 to 16.
    #[schemars(range(min = 1.0, max = 16.0))]
    pub p: f64,
    /// Score training rows like new ones: each then counts itself as a neighbour. If false, a training row is scored
    /// among the others, itself left out.
    pub novelty: bool,
    /// Share of rows this detector votes abnormal, for "fired" in alerts. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
    /// Most rows to fit on; above it a seeded sample of this size is used, which the run reports. 0: no limit.
    pub max_fit_rows: u64,
}

impl Default for LocalOutlierFactorConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            n_neighbors: 20,
            metric: Metric::Euclidean,
            p: 2.0,
            novelty: true,
            contamination: 0.1,
            max_fit_rows: 20_000,
        }
    }
}

votes_by_contamination!(LocalOutlierFactorConfig);
