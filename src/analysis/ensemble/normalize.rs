//! Makes the scores of one detector comparable to those of the others.

use super::column::{DetectorScores, rank};
use crate::recipe::Normalization;

/// From a raw score to a comparable one. Fitted on the scores of the training rows.
#[derive(Debug, Clone)]
pub(super) struct Normalizer {
    form: Form,
    /// Where scores begin to count by their logarithm; infinite: nowhere.
    soft_limit: f64,
}

#[derive(Debug, Clone)]
enum Form {
    /// (s - center) / scale
    Linear { center: f64, scale: f64 },
    /// max(0, erf((s - mean) / (std sqrt 2)))
    Gaussian { mean: f64, std: f64 },
    /// Share of the training scores below s, ties halved.
    Rank(DetectorScores),
}

impl Normalizer {
    /// `soft_limit` in normalised units; 0: none.
    pub(super) fn fit(scores: &DetectorScores, method: Normalization, soft_limit: f64) -> Self {
        let summary = scores.summary();
        // A detector that scores all rows alike says nothing: all its scores become 0.
        let spread = |scale: f64| if scale > 0.0 && scale.is_finite() { scale } else { 1.0 };
        let linear = |center: f64, scale: f64| Form::Linear { center, scale: spread(scale) };
        let form = match method {
            Normalization::ZScore => linear(summary.mean, summary.std),
            Normalization::Minmax => linear(summary.quantile(0.0), summary.quantile(1.0) - summary.quantile(0.0)),
            Normalization::Robust => linear(summary.quantile(0.5), summary.quantile(0.75) - summary.quantile(0.25)),
            Normalization::Gaussian => Form::Gaussian { mean: summary.mean, std: spread(summary.std) },
            Normalization::Rank => Form::Rank(scores.clone()),
        };
        Self { form, soft_limit: if soft_limit > 0.0 { soft_limit } else { f64::INFINITY } }
    }

    /// One score.
    pub(super) fn apply(&self, raw: f64) -> f64 {
        let value = match &self.form {
            Form::Linear { center, scale } => (raw - center) / scale,
            Form::Gaussian { mean, std } => gaussian((raw - mean) / std),
            Form::Rank(scores) => rank(&scores.summary().sorted, raw),
        };
        soften(value, self.soft_limit)
    }

    /// The scores of consecutive rows, from row `first` on: the same as [`Self::apply`] of each.
    #[inline(always)]
    pub(super) fn fill(&self, raw: &[f64], first: usize, out: &mut [f64]) {
        match &self.form {
            Form::Linear { center, scale } => {
                for (out, &raw) in out.iter_mut().zip(raw) {
                    *out = (raw - center) / scale;
                }
            }
            Form::Gaussian { mean, std } => {
                for (out, &raw) in out.iter_mut().zip(raw) {
                    *out = gaussian((raw - mean) / std);
                }
            }
            // Searching the sorted scores for each of a million rows would take a second; their ranks are kept.
            Form::Rank(scores) => {
                for (out, &rank) in out.iter_mut().zip(scores.ranks().iter().skip(first)) {
                    *out = rank;
                }
            }
        }
        if self.soft_limit.is_finite() {
            for out in out.iter_mut().filter(|out| **out > self.soft_limit) {
                *out = soften(*out, self.soft_limit);
            }
        }
    }
}

/// Above the limit only the logarithm counts: `limit + ln(1 + (value - limit))`. Rising and smooth.
#[inline(always)]
fn soften(value: f64, limit: f64) -> f64 {
    if value > limit { limit + (value - limit).ln_1p() } else { value }
}

/// max(0, erf(z / sqrt 2)): Gaussian unification (Kriegel et al. 2011). By formula 7.1.28 of Abramowitz and Stegun, off
/// by less than 3e-7, as it needs no exponential.
#[inline(always)]
fn gaussian(z: f64) -> f64 {
    let x = z.max(0.0) * std::f64::consts::FRAC_1_SQRT_2;
    let sum = 1.0
        + x * (0.070_523_078_4
            + x * (0.042_282_012_3
                + x * (0.009_270_527_2 + x * (0.000_152_014_3 + x * (0.000_276_567_2 + x * 0.000_043_063_8)))));
    let fourth = (sum * sum) * (sum * sum);
    let sixteenth = (fourth * fourth) * (fourth * fourth);
    1.0 - 1.0 / sixteenth
}
