//! Settings of COPOD.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::votes_by_contamination;

/// COPOD. It has no settings but the vote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CopodConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Share of rows this detector votes abnormal, for "fired" in alerts. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
}

impl Default for CopodConfig {
    fn default() -> Self {
        Self { enabled: false, contamination: 0.1 }
    }
}

votes_by_contamination!(CopodConfig);
