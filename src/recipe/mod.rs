//! WHAT to do: the one typed tree of settings, with its defaults, checks, presets and file form.
//!
//! Every field carries its documentation, range and default in its own declaration. From there come the checks
//! ([`Recipe::check`]), the commented reference ([`reference`]), the `--set` option ([`edit`]) and the window's editor.

mod check;
mod compute;
mod data;
mod detectors;
pub mod edit;
mod evaluation;
mod explanation;
mod features;
mod file;
mod prepare;
mod presets;
pub mod reference;
mod rules;
pub mod schema;
mod scoring;
mod tuning;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use check::{Problem, Problems, Range};
pub use compute::{CacheConfig, ComputeConfig, ComputeDevice, EvictionPolicy};
pub use data::{
    ColumnChoice, ColumnType, CsvConfig, DataConfig, DecimalMark, Delimiter, Header, TextEncoding, TimeFormat,
};
pub(crate) use detectors::with_detectors;
pub use detectors::{
    Activation, AutoencoderConfig, AutoencoderLoss, AutoencoderOptimizer, Bandwidth, Baseline, Center,
    CentroidDistanceConfig, CentroidMetric, Components, Contamination, CopodConfig, Covariance, DetectorKind,
    Detectors, EcodConfig, ErrorMetric, ErrorThreshold, Gamma, HbosConfig, HistogramBins, IqrConfig,
    IsolationForestConfig, IsolationScoring, KNearestNeighborsConfig, KernelDensityConfig, LocalOutlierFactorConfig,
    MahalanobisConfig, MatrixProfileConfig, MaxSamples, Metric, ModelWeights, ModifiedZScoreConfig, NeighborColumns,
    NeighborDistance, OneClassSvmConfig, OutputActivation, PcaScore, PcaWindowsConfig, PolynomialForecastConfig,
    SeasonalResidualConfig, SupportFraction, SvmApproximation, SvmKernel, WindowAlign, WindowLength, ZScoreConfig,
};
pub use evaluation::{EvaluationConfig, Split};
pub use explanation::{Background, ExplainabilityMethod, ExplanationConfig};
pub use features::{
    ChangeCost, ChangeMethod, ChangePenalty, ChangePoints, CorrelationFeatures, CorrelationMethod,
    DistributionFeatures, DomainFeatures, EntropyFeatures, EntropyMethod, FeaturesConfig, Interactions, OutlierMethod,
    RollingStatistics, Scope, SeasonalAnalysis, SeasonalMethod, SeasonalModel, Statistic, StatisticalFeatures,
    TextFeatures, TimeSeriesFeatures, TrendAnalysis, Volatility, VolatilityMethod, VolatilityOf, WindowUnit,
};
pub use file::RecipeFileError;
pub use prepare::{
    FeatureSelection, Imputation, MissingValues, OutlierHandling, PrepareConfig, Scaling, SelectionMethod, TrainingRows,
};
pub use presets::Preset;
pub use rules::{RuleConfig, RuleSeverity};
pub use scoring::{
    AdjustmentScale, AlertsConfig, BusinessHours, CalibrationConfig, CalibrationMethod, ConfidenceConfig,
    ConfidenceMethod, ContextConfig, DiversityConfig, DiversityMetric, DynamicWeighting, EnsembleConfig, Normalization,
    ResponseMinutes, SeverityAdjustment, SeverityConfig, SeverityPriority, StackingConfig, ThresholdAggregation,
    ThresholdMethod, Uncertainty, VotingStrategy,
};
pub use tuning::{SearchMethod, TpeConfig, TuningConfig, TuningMetric};

/// Version of the recipe format written by this program.
pub const VERSION: u32 = 1;

/// Everything a run does, from the file to the alerts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// Version of this format. Older files are brought up to date when they are opened; a newer one is refused.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// How a file becomes a table.
    pub data: DataConfig,
    /// Features made from the columns.
    pub features: FeaturesConfig,
    /// How the features are made complete and comparable.
    pub prepare: PrepareConfig,
    /// The detectors and their settings.
    pub detectors: Detectors,
    /// Conditions that make a row anomalous, whatever the detectors say: name, expression, severity, duration, cool-down.
    pub rules: Vec<RuleConfig>,
    /// How the scores of the detectors become one.
    pub ensemble: EnsembleConfig,
    /// From which combined score an anomaly is how severe.
    pub severity: SeverityConfig,
    /// How anomalous rows become alerts.
    pub alerts: AlertsConfig,
    /// How scores are explained.
    pub explanation: ExplanationConfig,
    /// How well it does is measured.
    pub evaluation: EvaluationConfig,
    /// How its settings are tuned.
    pub tuning: TuningConfig,
    /// What a run may use of the machine, and its seed.
    pub compute: ComputeConfig,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            version: VERSION,
            data: DataConfig::default(),
            features: FeaturesConfig::default(),
            prepare: PrepareConfig::default(),
            detectors: Detectors::default(),
            rules: Vec::new(),
            ensemble: EnsembleConfig::default(),
            severity: SeverityConfig::default(),
            alerts: AlertsConfig::default(),
            explanation: ExplanationConfig::default(),
            evaluation: EvaluationConfig::default(),
            tuning: TuningConfig::default(),
            compute: ComputeConfig::default(),
        }
    }
}

/// A recipe without problems. The only kind that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedRecipe(Recipe);

impl CheckedRecipe {
    /// The recipe, to change and check again.
    pub fn into_inner(self) -> Recipe {
        self.0
    }
}

impl std::ops::Deref for CheckedRecipe {
    type Target = Recipe;

    fn deref(&self) -> &Recipe {
        &self.0
    }
}

impl Recipe {
    /// Checks the recipe and hands it back as one that can run.
    ///
    /// # Errors
    /// Every problem found, each with its path in the tree.
    pub fn checked(self) -> Result<CheckedRecipe, Problems> {
        let problems = self.check();
        if problems.is_empty() { Ok(CheckedRecipe(self)) } else { Err(Problems(problems)) }
    }

    /// This recipe with those settings of another that act on scores and need no refit: ensemble, severity, alerts, when a
    /// detector votes, and what is done with results.
    #[must_use]
    pub fn with_scoring_of(&self, other: &Self) -> Self {
        let mut recipe = self.clone();
        recipe.ensemble = other.ensemble.clone();
        recipe.severity = other.severity.clone();
        recipe.alerts = other.alerts.clone();
        recipe.explanation = other.explanation.clone();
        recipe.evaluation = other.evaluation.clone();
        recipe.tuning = other.tuning.clone();
        recipe.detectors.set_votes_of(&other.detectors);
        recipe
    }
}
