//! How one feature is completed and scaled.

use serde::{Deserialize, Serialize};

use super::summary::{Summary, quantile};
use crate::data::Feature;
use crate::recipe::{Imputation, PrepareConfig, Scaling};

/// Bound on scaled values, so that sums of their squares stay finite.
const LARGEST: f64 = 1e150;

/// scikit-learn's bound below which a range counts as zero.
const SMALLEST_RANGE: f64 = 10.0 * f64::EPSILON;

/// What one feature is completed and scaled with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedFeature {
    /// Name of the feature.
    pub name: String,
    /// Raw column it comes from.
    pub source: String,
    /// Values it was fitted on, without missing and infinite ones.
    pub n_present: usize,
    /// Taken off a value; in units of the feature.
    pub center: f64,
    /// Then divided by; in units of the feature, above 0.
    pub scale: f64,
    /// Value in place of a missing one; in units of the feature.
    pub impute: f64,
    /// Mean of the values; 0 where there are none.
    pub mean: f64,
    /// Median of the values; 0 where there are none.
    pub median: f64,
    /// Standard deviation (n) of the values; 0 where there are none.
    pub std: f64,
}

impl FittedFeature {
    /// Learns from the values of a feature (NaN or infinite: missing, left out of everything learned). Without any
    /// value, whatever is missing becomes 0.
    pub fn fit(feature: &Feature, values: &[f64], config: &PrepareConfig) -> Self {
        let mut present: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let mut fitted = Self {
            name: feature.name.clone(),
            source: feature.source.clone(),
            n_present: present.len(),
            center: 0.0,
            scale: 1.0,
            impute: 0.0,
            mean: 0.0,
            median: 0.0,
            std: 0.0,
        };
        let Some(summary) = Summary::of(&present) else { return fitted };
        (fitted.mean, fitted.std) = (summary.mean, summary.std);
        fitted.median = quantile(&mut present, 0.5);
        (fitted.center, fitted.scale) = match config.feature_scaling {
            Scaling::Standard if summary.min == summary.max => (summary.mean, 1.0),
            // Rounding must not be blown up to a deviation of 1.
            Scaling::Standard if summary.is_constant() => (summary.mean, summary.largest().max(1.0)),
            Scaling::Standard => (summary.mean, summary.std),
            Scaling::Minmax => (summary.min, range(summary.min, summary.max)),
            Scaling::Robust => (fitted.median, range(quantile(&mut present, 0.25), quantile(&mut present, 0.75))),
            Scaling::None => (0.0, 1.0),
        };
        fitted.impute = match config.imputation {
            Imputation::Median => fitted.median,
            Imputation::Constant(value) if value.is_finite() => value,
            Imputation::Mean | Imputation::Forward | Imputation::Constant(_) => fitted.mean,
        };
        fitted
    }

    /// A value scaled, at most 1e150 either way; a missing or infinite one is imputed first.
    pub fn scaled_value(&self, value: f64) -> f64 {
        let value = if value.is_finite() { value } else { self.impute };
        let distance = value - self.center;
        if distance.is_finite() {
            (distance / self.scale).clamp(-LARGEST, LARGEST)
        } else {
            ((value / 2.0 - self.center / 2.0) / (self.scale / 2.0)).clamp(-LARGEST, LARGEST)
        }
    }

    /// The value that was scaled to `scaled`.
    pub fn raw_value(&self, scaled: f64) -> f64 {
        (self.center + scaled * self.scale).clamp(-f64::MAX, f64::MAX)
    }
}

/// Length of a range to divide by; 1 where it is zero.
fn range(low: f64, high: f64) -> f64 {
    let range = (high - low).min(f64::MAX);
    if range < SMALLEST_RANGE { 1.0 } else { range }
}
