//! Detectors: fitted once on training rows, then giving every row a score (higher = more abnormal).

pub mod autoencoder;
pub mod centroid_distance;
pub(crate) mod cholesky;
mod coordinate;
pub mod copod;
pub mod deviation;
pub mod ecod;
mod empirical;
pub mod hbos;
pub mod isolation_forest;
pub mod k_nearest_neighbors;
pub mod kernel_density;
mod kernels;
pub mod local_outlier_factor;
pub mod mahalanobis;
pub mod matrix_profile;
mod nearest_rows;
mod neighbors;
pub mod one_class_svm;
pub mod pca_windows;
pub mod polynomial_forecast;
mod sample;
pub mod seasonal_residual;
mod series;
mod sort;

use serde::{Deserialize, Serialize};

pub use self::nearest_rows::NearestRows;
pub use self::series::Combine;
pub use self::series::columns::ScoresColumns;
use super::stats::quantile_of_sorted;
use crate::cx::{Cancelled, Cx};
use crate::data::{Matrix, SeriesOrder};
use crate::recipe::{self, DetectorKind, Detectors, with_detectors};

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

/// What detectors see of the data.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The prepared features, rows × features; every value is finite.
    pub features: &'a Matrix,
    /// The same rows as series; `None` where no enabled detector asks for them.
    pub series: Option<Series<'a>>,
}

/// The measured columns as series.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// The measured columns in their own units, gaps filled, rows × columns; every value is finite.
    pub measures: &'a Matrix,
    /// Which rows follow each other in time, entity by entity.
    pub order: &'a SeriesOrder,
}

impl<'a> From<&'a Matrix> for Input<'a> {
    fn from(features: &'a Matrix) -> Self {
        Self { features, series: None }
    }
}

/// A detector with its settings, ready to be fitted.
pub trait Detector {
    /// What fitting gives.
    type Fitted: FittedDetector;

    /// Whether it looks at [`Input::series`] instead of the features.
    const USES_SERIES: bool = false;

    /// Learns what is normal. Progress counts from 0 to the total the detector sets.
    ///
    /// # Errors
    /// When cancelled, or when the data cannot be used (no rows, values that are not finite).
    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<Self::Fitted, DetectError>;

    /// Most bytes held while the detector learns from such rows and scores them, besides rows and scores: an estimate.
    fn working_bytes(&self, input: Input<'_>) -> u64 {
        // Some columns at a time.
        16 * 8 * input.features.n_rows() as u64
    }

    /// Raw score above which this detector alone calls a row abnormal, given its scores of the training rows, ascending.
    fn vote_threshold(&self, sorted: &[f64]) -> f64;
}

/// A fitted detector.
pub trait FittedDetector: Send + Sync {
    /// The raw score of every row; higher = more abnormal, finite for finite input. The same bits whatever the number
    /// of threads; independent of the other rows, except for detectors of series.
    ///
    /// # Errors
    /// When cancelled, or when the rows have another number of features than the training rows.
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError>;

    /// Scores of the very rows the detector was fitted on, in the same order. Another thing than `decision_function`
    /// only where a row must not count as its own neighbour.
    ///
    /// # Errors
    /// As for `decision_function`.
    fn training_scores(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        self.decision_function(input, cx)
    }

    /// The raw score of every row where row i of `input` is a variant of training row `_own[i]`, which is then not held
    /// against it: for rows that are training rows themselves what `training_scores` gives. Numbers count the rows that
    /// the detector was fitted on, before a sample was taken of them; `u32::MAX`, a number out of bounds and a row
    /// beyond the end of `_own` mean a new row. Another thing than `decision_function` only where a row must not count
    /// as its own neighbour; the only row fitted on still does.
    ///
    /// # Errors
    /// As for `decision_function`.
    fn scores_beside(&self, input: Input<'_>, _own: &[u32], cx: &Cx) -> Result<Vec<f64>, DetectError> {
        self.decision_function(input, cx)
    }
}

/// A fitted detector whose score is made of parts, one per feature.
pub trait Decompose {
    /// The parts of each row's score, rows × features, row-major: they add up to the score, to rounding of the largest
    /// part. `own`: as in [`FittedDetector::scores_beside`], whose scores are then taken apart; `None`: those of
    /// [`FittedDetector::decision_function`]. All are finite for finite input. No rows give no parts.
    ///
    /// # Errors
    /// As for `decision_function`.
    fn parts(&self, x: &Matrix, own: Option<&[u32]>, cx: &Cx) -> Result<Vec<f64>, DetectError>;

    /// Parts likewise that do not cancel out where features say the same, for people to read. For most detectors those
    /// of [`Decompose::parts`].
    ///
    /// # Errors
    /// As for `decision_function`.
    fn shares(&self, x: &Matrix, own: Option<&[u32]>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        self.parts(x, own, cx)
    }
}

macro_rules! define_models {
    ($($(#[$doc:meta])* $field:ident, $kind:ident, $config:ident, $weight:literal, $title:literal;)*) => {
        /// A fitted detector of any kind.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        pub enum Model { $($(#[$doc])* $kind(<recipe::$config as Detector>::Fitted),)* }

        /// Bytes that the detector of that kind works with; see [`Detector::working_bytes`].
        pub fn working_bytes(kind: DetectorKind, detectors: &Detectors, input: Input<'_>) -> u64 {
            match kind { $(DetectorKind::$kind => detectors.$field.working_bytes(input),)* }
        }

        /// Fits the detector of that kind with its settings.
        ///
        /// # Errors
        /// See [`Detector::fit`]; and where the memory limit would be exceeded.
        pub fn fit(kind: DetectorKind, detectors: &Detectors, input: Input<'_>, cx: &Cx) -> Result<Model, DetectError> {
            sample::check_memory(working_bytes(kind, detectors, input), kind, cx)?;
            match kind { $(DetectorKind::$kind => detectors.$field.fit(input, cx).map(Model::$kind),)* }
        }

        /// Whether the detector of that kind looks at the measured columns as series instead of the features.
        pub fn uses_series(kind: DetectorKind) -> bool {
            match kind { $(DetectorKind::$kind => <recipe::$config as Detector>::USES_SERIES,)* }
        }

        /// Raw score above which a detector alone calls a row abnormal, given its scores of the training rows, ascending.
        pub fn vote_threshold(kind: DetectorKind, detectors: &Detectors, sorted: &[f64]) -> f64 {
            match kind { $(DetectorKind::$kind => detectors.$field.vote_threshold(sorted),)* }
        }

        impl FittedDetector for Model {
            fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
                match self { $(Self::$kind(model) => model.decision_function(input, cx),)* }
            }

            fn training_scores(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
                match self { $(Self::$kind(model) => model.training_scores(input, cx),)* }
            }

            fn scores_beside(&self, input: Input<'_>, own: &[u32], cx: &Cx) -> Result<Vec<f64>, DetectError> {
                match self { $(Self::$kind(model) => model.scores_beside(input, own, cx),)* }
            }
        }
    };
}
with_detectors!(define_models);

impl Model {
    /// The model where its score is made of parts, one per feature.
    pub fn as_decompose(&self) -> Option<&dyn Decompose> {
        match self {
            Self::LocalOutlierFactor(model) => Some(model),
            Self::Autoencoder(model) => Some(model),
            Self::KNearestNeighbors(model) => Some(model),
            Self::Mahalanobis(model) => Some(model),
            Self::CentroidDistance(model) => Some(model),
            Self::Ecod(model) => Some(model),
            Self::Copod(model) => Some(model),
            Self::Hbos(model) => Some(model),
            _ => None,
        }
    }
}

impl Model {
    /// The model where it scores each measured column by itself.
    pub fn as_scores_columns(&self) -> Option<&dyn ScoresColumns> {
        match self {
            Self::ZScore(model) | Self::ModifiedZScore(model) | Self::Iqr(model) => Some(model),
            Self::SeasonalResidual(model) => Some(model),
            Self::PcaWindows(model) => Some(model),
            Self::PolynomialForecast(model) => Some(model),
            Self::MatrixProfile(model) => Some(model),
            _ => None,
        }
    }
}

/// The score that a share `contamination` of the rows exceeds; `sorted` is ascending.
pub(crate) fn contamination_threshold(sorted: &[f64], contamination: f64) -> f64 {
    quantile_of_sorted(sorted, 1.0 - contamination)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_each_kind_of_model_add_up_to_its_score() {
        let values: Vec<f64> = (0..180).map(|i| f64::from((i * i * 31 + i) % 101) / 20.0 - 2.0).collect();
        let (x, cx) = (Matrix::unnamed(3, values).unwrap(), Cx::default());
        let mut detectors = Detectors::default();
        detectors.local_outlier_factor.novelty = false;
        let own: Vec<u32> = (0..60).collect();
        let mut kinds = Vec::new();
        for &kind in DetectorKind::ALL.iter().filter(|&&kind| !uses_series(kind)) {
            let model = fit(kind, &detectors, Input::from(&x), &cx).unwrap();
            let beside = model.scores_beside(Input::from(&x), &own, &cx).unwrap();
            for (ours, training) in beside.iter().zip(model.training_scores(Input::from(&x), &cx).unwrap()) {
                assert!((ours - training).abs() <= 1e-12 * training.abs(), "{kind:?}: {ours} {training}");
            }
            let Some(parts) = model.as_decompose().map(|model| model.parts(&x, Some(&own), &cx).unwrap()) else {
                continue;
            };
            for (parts, score) in parts.chunks(3).zip(&beside) {
                let sum: f64 = parts.iter().sum();
                assert!((sum - score).abs() <= 1e-9 * score.abs(), "{kind:?}: {sum} {score}");
            }
            kinds.push(kind.name());
        }
        let expected = [
            "local_outlier_factor",
            "autoencoder",
            "k_nearest_neighbors",
            "mahalanobis",
            "centroid_distance",
            "ecod",
            "copod",
            "hbos",
        ];
        assert_eq!(kinds, expected);
    }
}
