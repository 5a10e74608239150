//! Settings of the detectors. One file per detector, one line in the registry below.

mod autoencoder;
mod centroid_distance;
mod copod;
mod ecod;
mod hbos;
mod iqr;
mod isolation_forest;
mod k_nearest_neighbors;
mod kernel_density;
mod local_outlier_factor;
mod mahalanobis;
mod matrix_profile;
mod metric;
mod modified_z_score;
mod one_class_svm;
mod pca_windows;
mod polynomial_forecast;
mod seasonal_residual;
mod series;
mod z_score;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use autoencoder::{
    Activation, AutoencoderConfig, AutoencoderLoss, AutoencoderOptimizer, ErrorMetric, ErrorThreshold, OutputActivation,
};
pub use centroid_distance::{Center, CentroidDistanceConfig, CentroidMetric};
pub use copod::CopodConfig;
pub use ecod::EcodConfig;
pub use hbos::{HbosConfig, HistogramBins};
pub use iqr::IqrConfig;
pub use isolation_forest::{Contamination, IsolationForestConfig, IsolationScoring, MaxSamples};
pub use k_nearest_neighbors::{KNearestNeighborsConfig, NeighborColumns, NeighborDistance};
pub use kernel_density::{Bandwidth, KernelDensityConfig};
pub use local_outlier_factor::LocalOutlierFactorConfig;
pub use mahalanobis::{Covariance, MahalanobisConfig, SupportFraction};
pub use matrix_profile::MatrixProfileConfig;
pub use metric::Metric;
pub use modified_z_score::ModifiedZScoreConfig;
pub use one_class_svm::{Gamma, OneClassSvmConfig, SvmApproximation, SvmKernel};
pub use pca_windows::{Components, PcaScore, PcaWindowsConfig};
pub use polynomial_forecast::PolynomialForecastConfig;
pub use seasonal_residual::SeasonalResidualConfig;
pub use series::{Baseline, WindowAlign, WindowLength};
pub use z_score::ZScoreConfig;

/// Calls a macro with every detector: recipe field, kind, settings, default weight, name
/// for people. The one list of detectors.
macro_rules! with_detectors {
    ($callback:ident) => {
        $callback! {
            /// Isolation forest (Liu, Ting, Zhou 2008): rows that random splits isolate early are abnormal.
            isolation_forest, IsolationForest, IsolationForestConfig, 0.3, "Isolation forest";
            /// One-class SVM (Schölkopf et al. 2001): rows outside the smallest region that holds most of the data.
            one_class_svm, OneClassSvm, OneClassSvmConfig, 0.3, "One-class SVM";
            /// Local outlier factor (Breunig et al. 2000): rows in a sparser place than their neighbours are.
            local_outlier_factor, LocalOutlierFactor, LocalOutlierFactorConfig, 0.2, "Local outlier factor";
            /// Autoencoder: rows that a narrow neural network cannot reproduce.
            autoencoder, Autoencoder, AutoencoderConfig, 0.2, "Autoencoder";
            /// Distance to the nearest neighbours (Ramaswamy, Rastogi, Shim 2000): rows far from all others are abnormal.
            k_nearest_neighbors, KNearestNeighbors, KNearestNeighborsConfig, 0.2, "k-nearest neighbours";
            /// Kernel density (Parzen 1962): rows where the training rows are thin.
            kernel_density, KernelDensity, KernelDensityConfig, 0.2, "Kernel density";
            /// Mahalanobis distance: rows far from the mean, measured in the spread and correlation of the data.
            mahalanobis, Mahalanobis, MahalanobisConfig, 0.2, "Mahalanobis distance";
            /// Centroid distance: rows far from the middle of the data.
            centroid_distance, CentroidDistance, CentroidDistanceConfig, 0.2, "Centroid distance";
            /// ECOD (Li et al. 2022): rows in the tails of the distributions of their columns.
            ecod, Ecod, EcodConfig, 0.2, "ECOD";
            /// COPOD (Li et al. 2020): rows with a small empirical copula.
            copod, Copod, CopodConfig, 0.2, "COPOD";
            /// HBOS (Goldstein, Dengel 2012): rows in low bars of the histograms of their columns.
            hbos, Hbos, HbosConfig, 0.2, "HBOS";
            /// z-score: values many standard deviations from the mean are abnormal.
            z_score, ZScore, ZScoreConfig, 0.2, "z-score";
            /// Modified z-score (Iglewicz, Hoaglin 1993): values many median absolute deviations from the median.
            modified_z_score, ModifiedZScore, ModifiedZScoreConfig, 0.2, "Modified z-score";
            /// Interquartile range (Tukey 1977): values far beyond the quartiles are abnormal.
            iqr, Iqr, IqrConfig, 0.2, "Interquartile range";
            /// Seasonal residual: values far from trend plus season are abnormal.
            seasonal_residual, SeasonalResidual, SeasonalResidualConfig, 0.2, "Seasonal residual";
            /// Principal components of sliding windows: windows unlike what windows usually look like are abnormal.
            pca_windows, PcaWindows, PcaWindowsConfig, 0.2, "PCA of windows";
            /// Polynomial forecast: values far from the continuation of the rows before are abnormal.
            polynomial_forecast, PolynomialForecast, PolynomialForecastConfig, 0.2, "Polynomial forecast";
            /// Matrix profile (Yeh et al. 2016): windows unlike any other window of the series are abnormal.
            matrix_profile, MatrixProfile, MatrixProfileConfig, 0.2, "Matrix profile";
        }
    };
}
pub(crate) use with_detectors;

/// When a detector votes, apart from how it scores.
trait Votes {
    /// Takes over the settings that say from which score on the detector calls a row abnormal.
    fn set_votes_of(&mut self, other: &Self);

    /// Sets the share of rows that it calls abnormal, where that is what it votes by.
    fn set_vote_share(&mut self, _share: f64) {}
}

/// Settings of a detector that votes by the share of rows it calls abnormal.
macro_rules! votes_by_contamination {
    ($config:ident) => {
        impl super::Votes for $config {
            fn set_votes_of(&mut self, other: &Self) {
                self.contamination = other.contamination;
            }

            fn set_vote_share(&mut self, share: f64) {
                self.contamination = share.into();
            }
        }
    };
}
use votes_by_contamination;

macro_rules! define_registry {
    ($($(#[$doc:meta])* $field:ident, $kind:ident, $config:ident, $weight:literal, $title:literal;)*) => {
        /// The detectors and their settings.
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct Detectors { $($(#[$doc])* pub $field: $config,)* }

        /// Weight of each detector in the weighted average. Only the ratios matter; those of disabled detectors are left out.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct ModelWeights {
            $(#[doc = concat!("Weight of `", stringify!($field), "`. Range 0 to 1.")]
              #[schemars(range(min = 0.0, max = 1.0))]
              pub $field: f64,)*
        }

        impl Default for ModelWeights {
            fn default() -> Self { Self { $($field: $weight,)* } }
        }

        /// Which detector.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum DetectorKind { $($(#[$doc])* $kind,)* }

        impl DetectorKind {
            /// Every detector, in the order of the recipe.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// Name in recipes, score files and on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => stringify!($field),)* }
            }

            /// Name for people: "Isolation forest", "One-class SVM".
            pub const fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)* }
            }
        }

        impl Detectors {
            /// Whether the detector takes part in a run.
            pub fn is_enabled(&self, kind: DetectorKind) -> bool {
                match kind { $(DetectorKind::$kind => self.$field.enabled,)* }
            }

            /// Takes over when each detector votes: settings that act on scores and need no refit.
            pub fn set_votes_of(&mut self, other: &Self) {
                $(self.$field.set_votes_of(&other.$field);)*
            }

            /// Sets the share of rows that each detector calls abnormal, where that is what it votes by.
            pub fn set_vote_share(&mut self, share: f64) {
                $(self.$field.set_vote_share(share);)*
            }

            /// Switches a detector on or off.
            pub fn set_enabled(&mut self, kind: DetectorKind, enabled: bool) {
                match kind { $(DetectorKind::$kind => self.$field.enabled = enabled,)* }
            }
        }

        impl ModelWeights {
            /// Weight of one detector.
            pub fn get(&self, kind: DetectorKind) -> f64 {
                match kind { $(DetectorKind::$kind => self.$field,)* }
            }

            /// Sets the weight of one detector.
            pub fn set(&mut self, kind: DetectorKind, weight: f64) {
                match kind { $(DetectorKind::$kind => self.$field = weight,)* }
            }
        }
    };
}
with_detectors!(define_registry);

impl DetectorKind {
    /// The detector of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

impl Detectors {
    /// The detectors that take part in a run, in the order of the recipe.
    pub fn enabled(&self) -> impl Iterator<Item = DetectorKind> + '_ {
        DetectorKind::ALL.iter().copied().filter(|&kind| self.is_enabled(kind))
    }

    /// Enables these detectors and disables all others.
    pub fn enable_only(&mut self, kinds: &[DetectorKind]) {
        for &kind in DetectorKind::ALL {
            self.set_enabled(kind, kinds.contains(&kind));
        }
    }
}
