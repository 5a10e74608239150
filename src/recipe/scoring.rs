//! From detector scores to alerts: combination, threshold, severity and episodes. Nothing here needs a refit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::detectors::ModelWeights;

/// How the scores of the detectors become one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnsembleConfig {
    /// What makes the scores of different detectors comparable before they are averaged.
    pub normalization: Normalization,
    /// Weight of each detector in the weighted average.
    pub model_weights: ModelWeights,
    /// Share of rows to call anomalous: the threshold is that quantile of the combined score. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
}

impl Default for EnsembleConfig {
    fn default() -> Self {
        Self { normalization: Normalization::ZScore, model_weights: ModelWeights::default(), contamination: 0.1 }
    }
}

/// What makes the scores of different detectors comparable. Fitted on the scores of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Normalization {
    /// (s - mean) / standard deviation.
    #[default]
    ZScore,
    /// (s - min) / (max - min).
    Minmax,
    /// (s - median) / (q75 - q25).
    Robust,
    /// Share of rows with a smaller score, ties halved.
    Rank,
}

/// Least combined score (0 to 1) of each level of severity. The threshold between normal and anomalous lies at 0.3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeverityConfig {
    /// Critical: respond immediately. Range 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub critical: f64,
    /// High: respond within 15 minutes. Range 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub high: f64,
    /// Medium: respond within 1 hour. Range 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub medium: f64,
    /// Low: respond within 24 hours. Range 0 to 1. Anomalous rows below it count as low, too.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub low: f64,
}

impl Default for SeverityConfig {
    fn default() -> Self {
        Self { critical: 0.9, high: 0.7, medium: 0.5, low: 0.3 }
    }
}

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
