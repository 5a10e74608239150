//! How well a recipe does is measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How well a recipe does is measured: folds, intervals, and what is looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationConfig {
    /// Measure on rows that nothing was learned from, by cross-validation.
    pub enable_cross_validation: bool,
    /// Folds of the cross-validation. Range 2 to 100.
    #[schemars(range(min = 2, max = 100))]
    pub cv_folds: u32,
    /// Which rows are held back together.
    pub split: Split,
    /// Rows between training and test rows of a split in time that are in neither. Range 0 to 1000000.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub gap_rows: u32,
    /// Say how sure the metrics are, by resampling the rows.
    pub enable_bootstrap: bool,
    /// Resamples. Range 10 to 100000.
    #[schemars(range(min = 10, max = 100_000))]
    pub bootstrap_samples: u32,
    /// Share of the resampled values within an interval. Range 0.5 to 0.999.
    #[schemars(range(min = 0.5, max = 0.999))]
    pub confidence_level: f64,
    /// Rows in time are resampled in blocks of this many, as they resemble their neighbours. Range 1 to 1000000.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub block_rows: u32,
    /// Precision is reported among this many highest scores.
    pub precision_at: Vec<u32>,
    /// Longest distance, in rows, at which an alarm near an anomaly still counts in VUS. Range 0 to 100000.
    #[schemars(range(min = 0, max = 100_000))]
    pub vus_window: u32,
    /// Runs with other seeds and with halves of the rows that the stability is measured over. Range 0 to 100; fewer than 2:
    /// not measured.
    #[schemars(range(min = 0, max = 100))]
    pub stability_runs: u32,
    /// Rows drawn at random for excess mass and mass volume. Range 0 to 10000000; 0: not measured.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub uniform_rows: u32,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            enable_cross_validation: true,
            cv_folds: 5,
            split: Split::Auto,
            gap_rows: 0,
            enable_bootstrap: true,
            bootstrap_samples: 1000,
            confidence_level: 0.95,
            block_rows: 100,
            precision_at: vec![10, 100],
            vus_window: 100,
            stability_runs: 4,
            uniform_rows: 20_000,
        }
    }
}

/// Which rows are held back together in a cross-validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// By `time` where there is a time column, else `stratified`.
    #[default]
    Auto,
    /// Stretches of time: each fold is tested on one and learns from what lies before it, as in use.
    Time,
    /// Stretches of time: each fold is tested on one and learns from all others, before and after.
    Blocked,
    /// Whole entities: each fold is tested on some and learns from the others.
    Entity,
    /// Rows at random, with as many anomalies in each fold. For rows that do not depend on each other.
    Stratified,
}
