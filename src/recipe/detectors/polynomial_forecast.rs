//! Settings of the polynomial forecast.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::WindowLength;
use super::votes_by_contamination;

/// Polynomial forecast of the measured columns: a polynomial fitted to the rows before is carried on; the score is how
/// far a row lies from it, in robust standard deviations of such errors. The highest of the columns. Never looks ahead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolynomialForecastConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Rows a polynomial is fitted to.
    pub window: WindowLength,
    /// Degree of the polynomial. Range 0 to 8.
    #[schemars(range(min = 0, max = 8))]
    pub degree: u32,
    /// Rows each polynomial forecasts; a row's score is the mean over the forecasts made for it from 1 to this many rows
    /// before. Range 1 to 256.
    #[schemars(range(min = 1, max = 256))]
    pub horizon: u32,
    /// Share of rows this detector votes abnormal, for "fired" in alerts. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
}

impl Default for PolynomialForecastConfig {
    fn default() -> Self {
        Self { enabled: false, window: WindowLength::Auto, degree: 2, horizon: 50, contamination: 0.1 }
    }
}

votes_by_contamination!(PolynomialForecastConfig);
