//! From scores to probabilities: with labels (Platt scaling, isotonic regression) and without.

mod isotonic;
mod mixture;
mod platt;
mod reliability;
pub(super) mod special;
#[cfg(test)]
mod tests;
mod unlabelled;

use serde::{Deserialize, Serialize};

use crate::cx::{Cancelled, Cx};

pub use self::isotonic::Isotonic;
pub use self::mixture::{MixtureParts, OutlierMixture};
pub use self::platt::Platt;
pub use self::reliability::{Reliability, ReliabilityBin, reliability};
pub use self::unlabelled::GaussianUnification;

/// A learned way from scores to probabilities of being an anomaly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Calibration {
    /// A logistic curve, learned with labels.
    Platt(Platt),
    /// A rising curve of any shape, learned with labels; needs more of them than Platt scaling.
    Isotonic(Isotonic),
    /// How far above the mean a score lies.
    GaussianUnification(GaussianUnification),
    /// A mixture of normal rows and outliers.
    OutlierMixture(OutlierMixture),
}

impl Calibration {
    /// Probability that a row of this score is an anomaly, 0 to 1.
    pub fn probability(&self, score: f64) -> f64 {
        match self {
            Self::Platt(curve) => curve.probability(score),
            Self::Isotonic(curve) => curve.probability(score),
            Self::GaussianUnification(curve) => curve.probability(score),
            Self::OutlierMixture(curve) => curve.probability(score),
        }
    }

    /// [`Calibration::probability`] of each score.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn probabilities(&self, scores: &[f64], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        match self {
            Self::Platt(curve) => curve.probabilities(scores, cx),
            Self::Isotonic(curve) => curve.probabilities(scores, cx),
            Self::GaussianUnification(curve) => curve.probabilities(scores, cx),
            Self::OutlierMixture(curve) => curve.probabilities(scores, cx),
        }
    }
}

/// Why scores could not be turned into probabilities, or these not be compared with labels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalibrationError {
    /// The user cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// There is nothing to learn from.
    #[error("there are no scores to learn probabilities from; give it at least one row")]
    NoRows,
    /// A column is longer or shorter than the scores.
    #[error("{found} {what} for {expected} scores; give one for each")]
    Lengths {
        /// Which column.
        what: &'static str,
        /// Number of scores.
        expected: usize,
        /// Length of the column.
        found: usize,
    },
    /// Labels of one kind do not show where the other begins.
    #[error("all labelled rows are {class}; label some {other} rows too, or calibrate without labels")]
    OneClass {
        /// What they are.
        class: &'static str,
        /// What there is none of.
        other: &'static str,
    },
    /// A score is NaN or infinite.
    #[error("the score of row {row} (counted from 0) is not a finite number")]
    NotFinite {
        /// The row.
        row: usize,
    },
    /// A weight is negative or not a finite number, or the sum of weights is not.
    #[error("weights must be finite numbers of at least 0 with a finite sum")]
    Weights,
    /// A number that should be a probability is none.
    #[error("the probability of row {row} (counted from 0) is not between 0 and 1")]
    NotAProbability {
        /// The row.
        row: usize,
    },
}

impl From<Cancelled> for CalibrationError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// Refuses labelled scores that nothing can be learned from. Rows of weight 0 do not count.
fn check(scores: &[f64], labels: &[bool], weights: Option<&[f64]>) -> Result<(), CalibrationError> {
    range(scores)?;
    let lengths = |what, found| {
        let expected = scores.len();
        if found == expected { Ok(()) } else { Err(CalibrationError::Lengths { what, expected, found }) }
    };
    lengths("labels", labels.len())?;
    if let Some(weights) = weights {
        lengths("weights", weights.len())?;
        if weights.iter().any(|weight| weight.is_nan() || *weight < 0.0) || !weights.iter().sum::<f64>().is_finite() {
            return Err(CalibrationError::Weights);
        }
    }
    let mut counted = labels.iter().enumerate().filter_map(|(row, label)| {
        let weight = weights.and_then(|weights| weights.get(row)).copied().unwrap_or(1.0);
        (weight > 0.0).then_some(*label)
    });
    match counted.next() {
        None => Err(CalibrationError::NoRows),
        Some(first) if counted.any(|label| label != first) => Ok(()),
        Some(true) => Err(CalibrationError::OneClass { class: "anomalies", other: "normal" }),
        Some(false) => Err(CalibrationError::OneClass { class: "normal", other: "anomalous" }),
    }
}

/// Smallest and largest score.
fn range(scores: &[f64]) -> Result<(f64, f64), CalibrationError> {
    if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
        return Err(CalibrationError::NotFinite { row });
    }
    let range = scores.iter().fold((f64::MAX, f64::MIN), |(low, high), &score| (low.min(score), high.max(score)));
    if scores.is_empty() { Err(CalibrationError::NoRows) } else { Ok(range) }
}
