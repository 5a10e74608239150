//! Detectors: fitted once on training rows, then giving every row a score (higher = more abnormal).

pub mod autoencoder;
pub mod isolation_forest;
pub mod local_outlier_factor;
pub mod one_class_svm;
mod points;
mod sample;

use super::stats::quantiles;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;
use crate::recipe::{DetectorKind, Detectors, ErrorThreshold, with_detectors};

/// Why a detector could not be fitted or could not score.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DetectError {
    /// The user cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// The data cannot be used.
    #[error("{detector}: {reason}")]
    Unusable {
        /// Which detector.
        detector: &'static str,
        /// Why, and what to do.
        reason: String,
    },
}

impl From<Cancelled> for DetectError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// A detector with its settings, ready to be fitted.
pub trait Detector: Send + Sync {
    /// Which detector this is.
    fn kind(&self) -> DetectorKind;

    /// Learns what is normal from `x` (rows × features). Progress counts from 0 to the total the detector sets.
    ///
    /// # Errors
    /// When cancelled, or when the data cannot be used (no rows).
    fn fit(&self, x: &Matrix, cx: &Cx) -> Result<Box<dyn FittedDetector>, DetectError>;
}

/// A fitted detector.
pub trait FittedDetector: Send + Sync {
    /// The raw score of every row of `x`; higher = more abnormal, finite for finite input. Independent of the other
    /// rows in `x` and of the number of threads.
    ///
    /// # Errors
    /// When cancelled, or when `x` has another number of features than the training rows.
    fn decision_function(&self, x: &Matrix, cx: &Cx) -> Result<Vec<f64>, DetectError>;
}

macro_rules! define_build {
    ($($(#[$doc:meta])* $field:ident, $kind:ident, $config:ident, $weight:literal;)*) => {
        /// The detector of that kind with its settings.
        pub fn build(kind: DetectorKind, detectors: &Detectors) -> Box<dyn Detector> {
            match kind { $(DetectorKind::$kind => Box::new(detectors.$field.clone()),)* }
        }
    };
}
with_detectors!(define_build);

/// Raw score above which a detector alone calls a row abnormal, given its scores of the whole run.
pub fn vote_threshold(kind: DetectorKind, detectors: &Detectors, scores: &[f64]) -> f64 {
    let quantile = |level: f64| {
        let [threshold] = quantiles(scores, [level]);
        threshold
    };
    match kind {
        DetectorKind::IsolationForest => quantile(1.0 - detectors.isolation_forest.contamination),
        // The boundary of the region the machine has learned.
        DetectorKind::OneClassSvm => 0.0,
        DetectorKind::LocalOutlierFactor => quantile(1.0 - detectors.local_outlier_factor.contamination),
        DetectorKind::Autoencoder => match detectors.autoencoder.error_threshold {
            ErrorThreshold::Percentile(percentile) => quantile(percentile / 100.0),
            ErrorThreshold::Fixed(error) => error,
        },
    }
}
