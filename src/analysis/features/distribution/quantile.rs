//! Quantiles of a column, and the spreads that rest on them.

use serde::{Deserialize, Serialize};

/// How a quantile between two values is taken: the methods of `numpy.quantile`, after Hyndman and Fan (1996).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantileMethod {
    /// Type 7: interpolated, the smallest value is the quantile 0 and the largest the quantile 1.
    #[default]
    Linear,
    /// The value below the place of `Linear`.
    Lower,
    /// The value above it.
    Higher,
    /// The nearer one; of equally near ones that of even index.
    Nearest,
    /// The mean of the two.
    Midpoint,
    /// Type 1: the inverse of the empirical distribution.
    InvertedCdf,
    /// Type 2: the same, with the mean of the two values where it jumps.
    AveragedInvertedCdf,
    /// Type 3: the nearest observation.
    ClosestObservation,
    /// Type 4: interpolated inverse of the empirical distribution.
    InterpolatedInvertedCdf,
    /// Type 5.
    Hazen,
    /// Type 6.
    Weibull,
    /// Type 8: nearly unbiased for the median, whatever the distribution.
    MedianUnbiased,
    /// Type 9: nearly unbiased for a normal distribution.
    NormalUnbiased,
}

impl QuantileMethod {
    /// The place of a quantile among `n` values, counted from 0: a whole number for a value, else between two values.
    fn place(self, n: f64, level: f64) -> f64 {
        // Types 4 to 9 differ in two constants.
        let between = |alpha: f64, beta: f64| n * level + (alpha + level * (1.0 - alpha - beta)) - 1.0;
        let linear = (n - 1.0) * level;
        let inverse = n * level - 1.0;
        match self {
            Self::Linear => linear,
            Self::Lower => linear.floor(),
            Self::Higher => linear.ceil(),
            Self::Nearest => linear.round_ties_even(),
            Self::Midpoint => (linear.floor() + linear.ceil()) / 2.0,
            Self::InvertedCdf => inverse.ceil(),
            Self::AveragedInvertedCdf if inverse.fract() == 0.0 => inverse + 0.5,
            Self::AveragedInvertedCdf => inverse.ceil(),
            Self::ClosestObservation => {
                let place = inverse - 0.5;
                let exact = place.fract() == 0.0 && place % 2.0 != 0.0;
                if exact { place } else { place.floor() + 1.0 }
            }
            Self::InterpolatedInvertedCdf => between(0.0, 1.0),
            Self::Hazen => between(0.5, 0.5),
            Self::Weibull => between(0.0, 0.0),
            Self::MedianUnbiased => between(1.0 / 3.0, 1.0 / 3.0),
            Self::NormalUnbiased => between(3.0 / 8.0, 3.0 / 8.0),
        }
    }
}

/// The finite values of a column, ascending; 0 for -0.
pub fn sorted(column: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = column.iter().map(|value| value + 0.0).filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// A quantile of ascending finite values, at a level from 0 to 1. NaN for no values.
pub fn quantile(sorted: &[f64], level: f64, method: QuantileMethod) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = method.place(sorted.len() as f64, level.clamp(0.0, 1.0)).clamp(0.0, last as f64);
    let below = place as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    let fraction = place.fract();
    if (high - low).is_finite() {
        // As numpy, from the nearer of the two: exact at both, and never beyond them.
        if fraction < 0.5 { low + (high - low) * fraction } else { high - (high - low) * (1.0 - fraction) }
    } else {
        low * (1.0 - fraction) + high * fraction
    }
}

/// The median of ascending finite values. NaN for no values.
pub(super) fn median(sorted: &[f64]) -> f64 {
    quantile(sorted, 0.5, QuantileMethod::Linear)
}

/// Distance of the quartiles (type 7) of ascending finite values: 0 or more, at most the largest float. NaN for no values.
pub fn interquartile_range(sorted: &[f64]) -> f64 {
    let quartile = |level| quantile(sorted, level, QuantileMethod::Linear);
    bounded(quartile(0.75) - quartile(0.25))
}

/// The median absolute deviation from the median times this estimates the standard deviation of normal values.
pub const NORMAL_MAD: f64 = 1.482_602_218_505_602;

/// Median and mean absolute deviation of ascending finite values from their median, not scaled: 0 or more, at most the
/// largest float. NaN for no values.
pub fn absolute_deviations(sorted_values: &[f64]) -> (f64, f64) {
    let centre = median(sorted_values);
    let deviations: Vec<f64> = sorted_values.iter().map(|value| bounded((value - centre).abs())).collect();
    let n = deviations.len() as f64;
    // The sum of huge ones would overflow.
    let largest = deviations.iter().fold(0.0, |largest: f64, deviation| largest.max(*deviation));
    let scale = if largest > 1e290 { 1e-20 } else { 1.0 };
    let mean = deviations.iter().map(|deviation| deviation * scale).sum::<f64>() / n / scale;
    (median(&sorted(&deviations)), mean)
}

/// At most the largest float.
pub(super) fn bounded(value: f64) -> f64 {
    if value > f64::MAX { f64::MAX } else { value }
}
