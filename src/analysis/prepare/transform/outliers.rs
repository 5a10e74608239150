//! Which rows are left out as outliers: those beyond limits fitted on the training rows.

use serde::{Deserialize, Serialize};

use super::present;
use crate::analysis::stats;

/// How the limits of a column are set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutlierRule {
    /// This many standard deviations (n) either side of the mean; usually 3.
    ZScore(f64),
    /// This many interquartile ranges below the first and above the third quartile; usually 1.5 (Tukey 1977).
    Iqr(f64),
}

/// The values of a column that are no outliers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OutlierLimits {
    /// Smallest.
    pub(crate) low: f64,
    /// Largest.
    pub(crate) high: f64,
}

impl OutlierLimits {
    /// Fitted on the values present. Without spread (a constant, or by [`OutlierRule::Iqr`] a column in which half of
    /// the values are the same), or any value, no value is an outlier: such a rule would leave out all but one value.
    pub(crate) fn fit(values: &[f64], rule: OutlierRule) -> Self {
        let all = Self { low: f64::MIN, high: f64::MAX };
        let mut values = present(values);
        let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        if largest == 0.0 {
            return all;
        }
        // In units of the largest value no sum can overflow.
        values.iter_mut().for_each(|value| *value /= largest);
        let (low, high, spread) = match rule {
            OutlierRule::ZScore(most) => {
                let (mean, std) = stats::mean_std(&values);
                (mean - most * std, mean + most * std, std)
            }
            OutlierRule::Iqr(most) => {
                let [first, third] = stats::quantiles(&values, [0.25, 0.75]);
                (first - most * (third - first), third + most * (third - first), third - first)
            }
        };
        if !(spread > f64::EPSILON && low <= high) {
            return all;
        }
        let finite = |limit: f64| (limit * largest).clamp(f64::MIN, f64::MAX);
        Self { low: finite(low), high: finite(high) }
    }

    /// Whether the value is within the limits. A missing one is no outlier.
    pub(crate) fn allows(&self, value: f64) -> bool {
        !value.is_finite() || (self.low..=self.high).contains(&value)
    }
}
