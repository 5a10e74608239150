//! Probabilities from scores without labels, from how unusual a score is.

use std::f64::consts::SQRT_2;

use serde::{Deserialize, Serialize};

use super::special::{erf_above_zero, map_column};
use super::{CalibrationError, range};
use crate::cx::{Cancelled, Cx};

/// Gaussian unification: `max(0, erf((score - mean) / (sqrt(2) std)))`.
///
/// Kriegel, Kröger, Schubert, Zimek (2011), "Interpreting and unifying outlier scores"; the same as PyOD's
/// `predict_proba(method="unify")`. It is 0 up to the mean, and says how unusual a score is rather than how often such
/// rows are anomalies: of normally distributed scores a sixth get more than 0.68.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GaussianUnification {
    /// Mean of the training scores.
    pub mean: f64,
    /// Population standard deviation of the training scores, at least 0.
    pub std: f64,
}

impl GaussianUnification {
    /// Learns mean and standard deviation.
    ///
    /// # Errors
    /// [`CalibrationError::NoRows`], [`CalibrationError::NotFinite`].
    pub fn fit(scores: &[f64]) -> Result<Self, CalibrationError> {
        let (low, high) = range(scores)?;
        if low == high {
            return Ok(Self { mean: low, std: 0.0 });
        }
        // In units of the largest score: no square overflows.
        let unit = high.abs().max(low.abs());
        let mean = sum(scores, |score| score / unit) / scores.len() as f64;
        let variance = sum(scores, |score| (score / unit - mean) * (score / unit - mean)) / scores.len() as f64;
        Ok(Self { mean: mean * unit, std: variance.sqrt() * unit })
    }

    /// Probability that a row of this score is an outlier, 0 to 1; it never falls as the score rises. Where the
    /// training scores were all alike: 1 above them, 0 elsewhere.
    #[inline(always)]
    pub fn probability(&self, score: f64) -> f64 {
        erf_above_zero((score / SQRT_2 - self.mean / SQRT_2) / self.std.max(f64::MIN_POSITIVE))
    }

    /// [`GaussianUnification::probability`] of each score.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn probabilities(&self, scores: &[f64], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let curve = *self;
        map_column(
            scores,
            cx,
            #[inline(always)]
            move |score| curve.probability(score),
        )
    }
}

/// Sum of `f` of each score, by chunks, which loses fewer digits than one after another.
fn sum(scores: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    scores.chunks(1024).map(|chunk| chunk.iter().map(|score| f(*score)).sum::<f64>()).sum()
}
