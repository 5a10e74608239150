//! Settings of distances, shared by the detectors that look for neighbours.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far two rows are from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Length of the difference.
    #[default]
    Euclidean,
    /// Sum of the absolute differences.
    Manhattan,
    /// Root of order `p` of the sum of the absolute differences to the power of `p`.
    Minkowski,
    /// 1 - cosine of the angle between two rows; 1 from a row of zeros to any row.
    Cosine,
}
