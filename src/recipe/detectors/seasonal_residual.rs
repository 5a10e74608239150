//! Settings of the seasonal residual.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{WindowAlign, WindowLength};

/// Seasonal residual of the measured columns: distance from trend plus season in robust standard deviations; the largest
/// over the columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeasonalResidualConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Length of the season.
    pub period: WindowLength,
    /// Where the rows of the trend's rolling median lie: around the row, or up to it.
    pub trend: WindowAlign,
    /// Score above which this detector votes abnormal, in robust standard deviations. Range 0 to 1000.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub limit: f64,
}

impl Default for SeasonalResidualConfig {
    fn default() -> Self {
        Self { enabled: false, period: WindowLength::Auto, trend: WindowAlign::Center, limit: 3.5 }
    }
}

impl super::Votes for SeasonalResidualConfig {
    fn set_votes_of(&mut self, other: &Self) {
        self.limit = other.limit;
    }
}
