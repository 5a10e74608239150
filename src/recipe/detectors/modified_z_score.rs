//! Settings of the modified z-score.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Baseline;

/// Modified z-score of the measured columns: distance from the median in median absolute deviations, scaled to standard
/// deviations of a normal distribution (Iglewicz and Hoaglin 1993); the largest over the columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModifiedZScoreConfig {
    /// Use this detector.
    pub enabled: bool,
    /// What a value is compared with.
    pub baseline: Baseline,
    /// Score above which this detector votes abnormal, in standard deviations. Range 0 to 1000.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub limit: f64,
}

impl Default for ModifiedZScoreConfig {
    fn default() -> Self {
        Self { enabled: false, baseline: Baseline::Global, limit: 3.5 }
    }
}

impl super::Votes for ModifiedZScoreConfig {
    fn set_votes_of(&mut self, other: &Self) {
        self.limit = other.limit;
    }
}
