//! How anomalous rows become alerts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How anomalous rows become alerts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertsConfig {
    /// Anomalous rows of one entity with at most this many normal rows between them are one episode. Without a time
    /// column every anomalous row is an episode of its own. Range 0 to 10000.
    #[schemars(range(min = 0, max = 10_000))]
    pub episode_gap_rows: u32,
    /// Anomalous rows of one entity at most this many seconds apart are one episode, too. Range 0 to 86400.
    #[schemars(range(min = 0, max = 86_400))]
    pub episode_gap_secs: u32,
    /// Anomalous rows an episode needs to become an alert. Range 1 to 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub min_rows: u32,
    /// Most deviating features kept with an alert. Range 1 to 50.
    #[schemars(range(min = 1, max = 50))]
    pub top_features: u32,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self { episode_gap_rows: 3, episode_gap_secs: 300, min_rows: 1, top_features: 5 }
    }
}
