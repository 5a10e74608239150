//! Settings of the matrix profile.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::votes_by_contamination;
use super::{WindowAlign, WindowLength};

/// Exact matrix profile of the measured columns: how unlike any other window of the series a window is, whatever its
/// level and scale; the mean over the columns. Takes time with the square of the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MatrixProfileConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Length of the windows.
    pub window: WindowLength,
    /// Which row the score of a window goes to.
    pub align: WindowAlign,
    /// Share of rows this detector votes abnormal, for "fired" in alerts. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
    /// Most rows of a series compared with each other. A longer series is taken in pieces of this many rows, which the
    /// run reports, and new rows are compared with its last piece. 0: no limit.
    pub max_fit_rows: u64,
}

impl Default for MatrixProfileConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            window: WindowLength::Auto,
            align: WindowAlign::Center,
            contamination: 0.1,
            max_fit_rows: 100_000,
        }
    }
}

votes_by_contamination!(MatrixProfileConfig);
