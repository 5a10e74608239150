//! Values brought into a better shape before scaling: outliers pulled in or left out, long tails shortened.
//!
//! Each transform is fitted on the training values of one column and then applied to any value, and back. `apply` never
//! turns the order of two values around and is finite for finite values, at most 1e150 either way; a missing value (NaN
//! or infinite) stays missing, NaN. No step looks at other rows, so all of it can run live.

mod log;
mod outliers;
mod quantile;
mod winsorize;
mod yeo_johnson;

use serde::{Deserialize, Serialize};

use self::log::Log;
pub(super) use self::outliers::{OutlierLimits, OutlierRule};
use self::quantile::{Output, QuantileTransform};
pub use self::winsorize::Winsorize;
use self::yeo_johnson::YeoJohnson;
use crate::cx::{Cancelled, Cx};
use crate::recipe::OutlierHandling;

/// A fitted transform of any kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Transform {
    /// Signed logarithm.
    Log(Log),
    /// Power of Yeo and Johnson.
    YeoJohnson(YeoJohnson),
    /// Normal quantile of the rank.
    Quantile(QuantileTransform),
}

impl Transform {
    /// Learns the transform that the settings ask for from the training values; `None` where they ask for none.
    ///
    /// # Errors
    /// When cancelled.
    pub(super) fn fit(handling: OutlierHandling, values: &[f64], cx: &Cx) -> Result<Option<Self>, Cancelled> {
        Ok(match handling {
            OutlierHandling::Log => Some(Self::Log(Log::fit(values))),
            OutlierHandling::YeoJohnson => Some(Self::YeoJohnson(YeoJohnson::fit(values, cx)?)),
            OutlierHandling::Quantile => Some(Self::Quantile(QuantileTransform::fit(values, Output::Normal))),
            _ => None,
        })
    }

    /// The transformed value; NaN where it is missing.
    pub(super) fn apply(&self, value: f64) -> f64 {
        match self {
            Self::Log(log) => log.apply(value),
            Self::YeoJohnson(power) => power.apply(value),
            Self::Quantile(quantile) => quantile.apply(value),
        }
    }

    /// The value that was transformed to `value`, as near as it can be told.
    pub(super) fn invert(&self, value: f64) -> f64 {
        match self {
            Self::Log(log) => log.invert(value),
            Self::YeoJohnson(power) => power.invert(value),
            Self::Quantile(quantile) => quantile.invert(value),
        }
    }
}

/// Transformed values beyond this count as this.
const LIMIT: f64 = 1e150;

/// The values that are present.
fn present(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|value| value.is_finite()).collect()
}

/// NaN for a missing value, else what `function` makes of it.
fn of_present(value: f64, function: impl FnOnce(f64) -> f64) -> f64 {
    if value.is_finite() { function(value) } else { f64::NAN }
}

#[cfg(test)]
mod tests;
