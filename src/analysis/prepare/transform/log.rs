//! The logarithm for values of either sign: `sign(x) ln(1 + |x| / scale)`.
//!
//! The scale is the median size of the values that are not 0. So the result does not depend on the unit of the column:
//! about half of the values lie where the curve is still nearly straight, and only the tails are shortened. Zeros do not
//! count towards the scale, as in a column that is mostly 0 it would vanish.

use serde::{Deserialize, Serialize};

use super::of_present;
use crate::analysis::stats;

/// The transform of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// Median of |value| over the values other than 0; 1 without any. Above 0.
    pub(crate) scale: f64,
}

impl Log {
    /// Fitted on the values present.
    pub(crate) fn fit(values: &[f64]) -> Self {
        let sizes: Vec<f64> = values.iter().map(|v| v.abs()).filter(|v| v.is_finite() && *v > 0.0).collect();
        let [median] = stats::quantiles(&sizes, [0.5]);
        Self { scale: if median.is_finite() { median } else { 1.0 } }
    }

    /// The transformed value: odd, increasing, at most 1,500 either way.
    pub(crate) fn apply(&self, value: f64) -> f64 {
        of_present(value, |value| {
            let ratio = value.abs() / self.scale;
            // A quotient that overflows is so large that the 1 does not count.
            let log = if ratio.is_finite() { ratio.ln_1p() } else { value.abs().ln() - self.scale.ln() };
            log.copysign(value)
        })
    }

    /// The value that was transformed.
    pub(crate) fn invert(&self, value: f64) -> f64 {
        of_present(value, |value| {
            let log = value.abs();
            let near = log.exp_m1() * self.scale;
            let size = if near.is_finite() { near } else { (log + self.scale.ln()).exp() };
            size.min(f64::MAX).copysign(value)
        })
    }
}
