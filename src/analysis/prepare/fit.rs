//! How one feature is completed and scaled.

use serde::{Deserialize, Serialize};

use super::LIMIT;
use super::summary::{Summary, quantile};
use super::transform::{Transform, Winsorize};
use crate::cx::{Cancelled, Cx};
use crate::data::Feature;
use crate::recipe::{Imputation, OutlierHandling, PrepareConfig, Scaling};

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
    /// What a value goes through first.
    pub transform: Option<Transform>,
    /// Bounds of what detectors learn from, in units of the feature; `None`: none.
    pub limits: Option<Winsorize>,
    /// Taken off a value; in units of the feature, transformed.
    pub center: f64,
    /// Then divided by; likewise, above 0.
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
    /// Learns from the values of a feature (NaN or infinite: missing, left out of everything learned) in the rows of
    /// `training`, `None`: all. Without any value, whatever is missing becomes 0.
    ///
    /// # Errors
    /// When cancelled.
    pub fn fit(
        feature: &Feature,
        values: &[f64],
        training: Option<&[bool]>,
        config: &PrepareConfig,
        cx: &Cx,
    ) -> Result<Self, Cancelled> {
        let learned = |row: usize| training.is_none_or(|mask| mask.get(row).copied().unwrap_or(false));
        let present = values.iter().enumerate().filter(|&(row, value)| value.is_finite() && learned(row));
        let mut present: Vec<f64> = present.map(|(_, &value)| value).collect();
        let mut fitted = Self {
            name: feature.name.clone(),
            source: feature.source.clone(),
            n_present: present.len(),
            transform: None,
            limits: None,
            center: 0.0,
            scale: 1.0,
            impute: 0.0,
            mean: 0.0,
            median: 0.0,
            std: 0.0,
        };
        let Some(summary) = Summary::of(&present) else { return Ok(fitted) };
        (fitted.mean, fitted.std) = (summary.mean, summary.std);
        fitted.median = quantile(&mut present, 0.5);
        fitted.impute = match config.imputation {
            Imputation::Median => fitted.median,
            Imputation::Mode => mode(&mut present),
            Imputation::Constant(value) if value.is_finite() => value,
            Imputation::Mean | Imputation::Forward | Imputation::Constant(_) => fitted.mean,
        };
        let mut scaled_by = summary;
        if let OutlierHandling::Winsorize(share) = config.outlier_handling {
            let limits = Winsorize::fit(&present, [share, 1.0 - share]);
            present.iter_mut().for_each(|value| *value = limits.apply(*value));
            fitted.limits = Some(limits);
        }
        fitted.transform = Transform::fit(config.outlier_handling, &present, cx)?;
        if let Some(transform) = &fitted.transform {
            present.iter_mut().for_each(|value| *value = transform.apply(*value));
        }
        if fitted.limits.is_some() || fitted.transform.is_some() {
            scaled_by = Summary::of(&present).unwrap_or(summary);
        }
        (fitted.center, fitted.scale) = match config.feature_scaling {
            Scaling::Standard if scaled_by.min == scaled_by.max => (scaled_by.mean, 1.0),
            // Rounding must not be blown up to a deviation of 1.
            Scaling::Standard if scaled_by.is_constant() => (scaled_by.mean, scaled_by.largest().max(1.0)),
            Scaling::Standard => (scaled_by.mean, scaled_by.std),
            Scaling::Minmax => (scaled_by.min, range(scaled_by.min, scaled_by.max)),
            Scaling::Robust => {
                let (q1, q3) = (quantile(&mut present, 0.25), quantile(&mut present, 0.75));
                (quantile(&mut present, 0.5), range(q1, q3))
            }
            Scaling::None => (0.0, 1.0),
        };
        Ok(fitted)
    }

    /// A value transformed and scaled, at most 1e150 either way; a missing or infinite one is imputed first.
    pub fn scaled_value(&self, value: f64) -> f64 {
        let value = if value.is_finite() { value } else { self.impute };
        let value = self.transform.as_ref().map_or(value, |transform| transform.apply(value));
        let distance = value - self.center;
        if distance.is_finite() {
            (distance / self.scale).clamp(-LIMIT, LIMIT)
        } else {
            ((value / 2.0 - self.center / 2.0) / (self.scale / 2.0)).clamp(-LIMIT, LIMIT)
        }
    }

    /// The value that was scaled to `scaled`.
    pub fn raw_value(&self, scaled: f64) -> f64 {
        let value = (self.center + scaled * self.scale).clamp(-f64::MAX, f64::MAX);
        self.transform.as_ref().map_or(value, |transform| transform.invert(value))
    }

    /// Bounds of what detectors learn from, scaled; `None` where there are none.
    pub fn scaled_limits(&self) -> Option<(f64, f64)> {
        self.limits.as_ref().map(|limits| (self.scaled_value(limits.low), self.scaled_value(limits.high)))
    }
}

/// The most frequent of some values, the smallest of several; 0 of none. Reorders the values.
fn mode(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let mut best = (0, 0.0);
    for run in values.chunk_by(|a, b| a == b) {
        if let Some(&value) = run.first().filter(|_| run.len() > best.0) {
            best = (run.len(), value);
        }
    }
    best.1
}

/// Length of a range to divide by; 1 where it is zero.
fn range(low: f64, high: f64) -> f64 {
    let range = (high - low).min(f64::MAX);
    if range < SMALLEST_RANGE { 1.0 } else { range }
}
