//! Settings of the interquartile range.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Baseline;

/// Interquartile range of the measured columns: distance beyond the nearer quartile in interquartile ranges (Tukey 1977);
/// the largest over the columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IqrConfig {
    /// Use this detector.
    pub enabled: bool,
    /// What a value is compared with.
    pub baseline: Baseline,
    /// Score above which this detector votes abnormal, in interquartile ranges. Range 0 to 1000.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub limit: f64,
}

impl Default for IqrConfig {
    fn default() -> Self {
        Self { enabled: false, baseline: Baseline::Global, limit: 1.5 }
    }
}

impl super::Votes for IqrConfig {
    fn set_votes_of(&mut self, other: &Self) {
        self.limit = other.limit;
    }
}
