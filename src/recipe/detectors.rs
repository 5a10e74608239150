//! Settings of the detectors. One struct per detector, one line in the registry below.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Calls a macro with every detector: recipe field, kind, settings, weight of the document. The one list of detectors.
macro_rules! with_detectors {
    ($callback:ident) => {
        $callback! {
            /// Isolation forest (Liu, Ting, Zhou 2008): rows that random splits isolate early are abnormal.
            isolation_forest, IsolationForest, IsolationForestConfig, 0.3;
            /// One-class SVM (Schölkopf et al. 2001): rows outside the smallest region that holds most of the data.
            one_class_svm, OneClassSvm, OneClassSvmConfig, 0.3;
            /// Local outlier factor (Breunig et al. 2000): rows in a sparser place than their neighbours are.
            local_outlier_factor, LocalOutlierFactor, LocalOutlierFactorConfig, 0.2;
            /// Autoencoder: rows that a narrow neural network cannot reproduce.
            autoencoder, Autoencoder, AutoencoderConfig, 0.2;
        }
    };
}
pub(crate) use with_detectors;

macro_rules! define_registry {
    ($($(#[$doc:meta])* $field:ident, $kind:ident, $config:ident, $weight:literal;)*) => {
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
        }

        impl Detectors {
            /// Whether the detector takes part in a run.
            pub fn is_enabled(&self, kind: DetectorKind) -> bool {
                match kind { $(DetectorKind::$kind => self.$field.enabled,)* }
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

    /// Name for people: "isolation forest", "one-class SVM".
    pub const fn title(self) -> &'static str {
        match self {
            Self::IsolationForest => "Isolation forest",
            Self::OneClassSvm => "One-class SVM",
            Self::LocalOutlierFactor => "Local outlier factor",
            Self::Autoencoder => "Autoencoder",
        }
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

/// Isolation forest. Names and meaning as in scikit-learn; the seed is `compute.seed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IsolationForestConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Number of trees. Range 1 to 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub n_estimators: u32,
    /// Rows drawn for each tree.
    pub max_samples: MaxSamples,
    /// Share of rows this detector votes abnormal, for "fired" in alerts. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
    /// Share of the features drawn for each tree. Above 0, at most 1.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub max_features: f64,
    /// Draw the rows of a tree with replacement.
    pub bootstrap: bool,
}

impl Default for IsolationForestConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            n_estimators: 100,
            max_samples: MaxSamples::Auto,
            contamination: 0.1,
            max_features: 1.0,
            bootstrap: false,
        }
    }
}

/// Rows drawn for each tree of a forest.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaxSamples {
    /// 256, or all rows where there are fewer.
    #[default]
    Auto,
    /// This many rows (all where there are fewer), at least 1.
    Count(#[schemars(range(min = 1))] u32),
    /// This share of the rows. Above 0, at most 1.
    Fraction(#[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))] f64),
}

/// One-class SVM with the kernel exp(-gamma |x - y|²). Names and meaning as in scikit-learn and LIBSVM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OneClassSvmConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Upper bound on the share of training rows outside the region, lower bound on the share of support vectors. Above 0, at most 1.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub nu: f64,
    /// Width of the kernel.
    pub gamma: Gamma,
    /// Tolerance of the solver: it stops when no pair of rows violates the optimality conditions by more. Range 1e-12 to 1.
    #[schemars(range(min = 1e-12, max = 1.0))]
    pub tol: f64,
    /// Leave rows out of the search that have settled at a bound, until the end. Faster, same result within the tolerance.
    pub shrinking: bool,
    /// Memory for kernel rows, in megabytes. Range 1 to 65536.
    #[schemars(range(min = 1, max = 65_536))]
    pub cache_size_mb: u32,
    /// Most rows to fit on; above it a seeded sample of this size is used, which the run reports. 0: no limit.
    pub max_fit_rows: u64,
}

impl Default for OneClassSvmConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            nu: 0.1,
            gamma: Gamma::Scale,
            tol: 0.001,
            shrinking: true,
            cache_size_mb: 200,
            max_fit_rows: 20_000,
        }
    }
}

/// Width of the RBF kernel.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gamma {
    /// 1 / (number of features * variance of the whole matrix).
    #[default]
    Scale,
    /// 1 / number of features.
    Auto,
    /// This number, above 0.
    Value(#[schemars(extend("exclusiveMinimum" = 0.0))] f64),
}

/// Local outlier factor in novelty mode with Euclidean distance, as in scikit-learn: rows are scored against the
/// training rows, and a training row counts itself as a neighbour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocalOutlierFactorConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Neighbours looked at; all other rows where there are fewer. Range 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub n_neighbors: u32,
    /// Share of rows this detector votes abnormal, for "fired" in alerts. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
    /// Most rows to fit on; above it a seeded sample of this size is used, which the run reports. 0: no limit.
    pub max_fit_rows: u64,
}

impl Default for LocalOutlierFactorConfig {
    fn default() -> Self {
        Self { enabled: true, n_neighbors: 20, contamination: 0.1, max_fit_rows: 20_000 }
    }
}

/// Autoencoder: a network learns to reproduce its input through a narrow middle; the score of a row is its mean squared error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AutoencoderConfig {
    /// Use this detector.
    pub enabled: bool,
    /// Units of the hidden layers, from input to output. At least one layer, each 1 to 4096 units.
    #[schemars(length(min = 1), inner(range(min = 1, max = 4096)))]
    pub hidden_layers: Vec<u32>,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Share of hidden units switched off at random in each training step. Range 0 to 0.9.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub dropout_rate: f64,
    /// Most passes over the training rows. Range 1 to 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub epochs: u32,
    /// Rows per training step. Range 1 to 65536.
    #[schemars(range(min = 1, max = 65_536))]
    pub batch_size: u32,
    /// Step size of the Adam optimiser. Above 0, at most 1.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub learning_rate: f64,
    /// Share of the training rows held out to watch the error. Range 0 to 0.9; with 0 the training error is watched.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub validation_split: f64,
    /// Epochs without a smaller watched error before training stops and the best weights are restored. Range 1 to 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub early_stopping_patience: u32,
    /// When this detector votes abnormal, for "fired" in alerts.
    pub error_threshold: ErrorThreshold,
    /// Most rows to fit on; above it a seeded sample of this size is used, which the run reports. 0: no limit.
    pub max_fit_rows: u64,
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            hidden_layers: vec![64, 32, 16, 32, 64],
            activation: Activation::Relu,
            dropout_rate: 0.2,
            epochs: 100,
            batch_size: 32,
            learning_rate: 0.001,
            validation_split: 0.2,
            early_stopping_patience: 10,
            error_threshold: ErrorThreshold::default(),
            max_fit_rows: 50_000,
        }
    }
}

/// Activation of a hidden layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(0, x)
    #[default]
    Relu,
    /// Hyperbolic tangent.
    Tanh,
    /// 1 / (1 + exp(-x))
    Sigmoid,
}

/// Reconstruction error from which a row counts as abnormal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorThreshold {
    /// This percentile of the errors of the run. Range 50 to 100.
    Percentile(#[schemars(range(min = 50.0, max = 100.0))] f64),
    /// This error, at least 0, in units of the prepared features.
    Fixed(#[schemars(range(min = 0.0))] f64),
}

impl Default for ErrorThreshold {
    fn default() -> Self {
        Self::Percentile(95.0)
    }
}
