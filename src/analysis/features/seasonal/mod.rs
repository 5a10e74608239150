//! Seasonal: what repeats in a series, and what is left without it?
//!
//! Decompositions of a whole series, which need the future: [`classical`], [`stl`], [`mstl`]. Their causal stand-in for
//! live use: [`profile`]. Which periods a series has: [`period`], [`autocorrelation`]. Waves of a known period: [`fourier`].

pub mod autocorrelation;
pub mod classical;
mod correlate;
mod fft;
pub mod fourier;
pub mod gaps;
mod local_fit;
mod loess;
mod moving;
pub mod mstl;
pub mod period;
pub mod profile;
pub mod stl;

use crate::cx::Cancelled;

/// Why a series has no seasonal part.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SeasonalError {
    /// The user cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// There are fewer than two periods (MSTL: two periods or fewer).
    #[error("{n_rows} rows, needs 2 x {period}; choose a shorter period or bring more rows")]
    TooShort {
        /// Rows of the series.
        n_rows: usize,
        /// Rows per period; of several, the shortest.
        period: usize,
    },
    /// No value is present.
    #[error("all {n_rows} values are missing")]
    NoValues {
        /// Rows of the series.
        n_rows: usize,
    },
    /// A multiplicative decomposition of values that are not all above 0.
    #[error("the smallest value is {smallest}, but a multiplicative season needs values above 0; choose additive")]
    NotPositive {
        /// The smallest value.
        smallest: f64,
    },
    /// A setting is out of its range.
    #[error("{setting} is {value}, {must}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// As given.
        value: String,
        /// What it must be.
        must: &'static str,
    },
}

impl From<Cancelled> for SeasonalError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// A series in parts, all as long as the series. NaN where its value is missing.
///
/// value = trend + all seasonal parts + residual; in a multiplicative decomposition, their product.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// The slow part, in units of the values.
    pub trend: Vec<f64>,
    /// What repeats, one part per period, periods ascending.
    pub seasonal: Vec<Seasonal>,
    /// What is left.
    pub residual: Vec<f64>,
    /// Robustness weights, 0 (an outlier) to 1; `None` where none were asked for.
    pub weights: Option<Vec<f64>>,
}

/// The part of a series that repeats.
#[derive(Debug, Clone, PartialEq)]
pub struct Seasonal {
    /// Rows after which it repeats.
    pub period: usize,
    /// Its values.
    pub values: Vec<f64>,
}

/// Refuses a setting unless it holds.
fn require(
    holds: bool,
    setting: &'static str,
    value: impl std::fmt::Display,
    must: &'static str,
) -> Result<(), SeasonalError> {
    if holds { Ok(()) } else { Err(SeasonalError::Setting { setting, value: value.to_string(), must }) }
}

#[cfg(test)]
mod tests;
