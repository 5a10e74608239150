//! Settings of the distance to the nearest neighbours.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Metric;
use super::votes_by_contamination;

/// Distance to the nearest neighbours, as in PyOD's `KNN`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KNearestNeighborsConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Neighbours looked at; all other rows where there are fewer. Range 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub n_neighbors: u32,
    /// Which of the distances to the neighbours is the score.
    pub method: NeighborDistance,
    /// Which features make up the distance.
    pub columns: NeighborColumns,
    /// How far two rows are from each other.
    pub metric: Metric,
    /// Order of the Minkowski distance; other metrics do not use it. 1 is Manhattan, 2 Euclidean. Range 1 to 16.
    #[schemars(range(min = 1.0, max = 16.0))]
    pub p: f64,
    /// Share of rows this detector votes abnormal, for "fired" in alerts. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
    /// Most rows to fit on; above it a seeded sample of this size is used, which the run reports. 0: no limit.
    pub max_fit_rows: u64,
}

impl Default for KNearestNeighborsConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            n_neighbors: 5,
            method: NeighborDistance::Largest,
            columns: NeighborColumns::All,
            metric: Metric::Euclidean,
            p: 2.0,
            contamination: 0.1,
            max_fit_rows: 0,
        }
    }
}

votes_by_contamination!(KNearestNeighborsConfig);

/// Which features make up a distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NeighborColumns {
    /// All features.
    #[default]
    All,
    /// The measured columns themselves, without what was made from them: for values that are odd in themselves. All
    /// features where no measured column is among them.
    Measured,
}

/// Which of the distances to the neighbours counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NeighborDistance {
    /// The distance to the last neighbour.
    #[default]
    Largest,
    /// Mean distance to the neighbours.
    Mean,
    /// Median distance to the neighbours.
    Median,
}
