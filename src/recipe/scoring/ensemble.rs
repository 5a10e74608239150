//! How the scores of the detectors become one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::confidence::{CalibrationConfig, ConfidenceConfig};
use super::threshold::{ThresholdAggregation, ThresholdMethod};
use crate::recipe::detectors::{ModelWeights, WindowAlign};

/// How the scores of the detectors become one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnsembleConfig {
    /// Combine the detectors. Off: the one with the largest weight (the first of several) decides alone.
    pub enabled: bool,
    /// What makes the scores of different detectors comparable before they are combined. Fitted on the training rows.
    pub normalization: Normalization,
    /// Normalised scores are cut at this value, so that one detector alone cannot decide; the part above it counts by its
    /// logarithm, so that no order is lost. In units of the normalisation (standard deviations for z_score). Range 0
    /// to 1000; 0: not cut.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub soft_limit: f64,
    /// How the comparable scores become one.
    pub voting_strategy: VotingStrategy,
    /// For majority_vote: share of the detectors that must agree. Above 0, at most 1.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub majority_threshold: f64,
    /// For average_of_maximum: detectors per group. Range 1 to 32; 1 is the average, as many as there are is the maximum.
    #[schemars(range(min = 1, max = 32))]
    pub group_size: u32,
    /// For stacking: the classifier on top.
    pub stacking: StackingConfig,
    /// Weight of each detector. Averages and stacking's fallback use the ratios; maxima and majorities leave out detectors
    /// of weight 0.
    pub model_weights: ModelWeights,
    /// Weights that follow how well each detector did lately.
    pub dynamic_weighting: DynamicWeighting,
    /// Less weight for detectors that say the same as others.
    pub diversity: DiversityConfig,
    /// More weight for rows among other abnormal rows.
    pub context: ContextConfig,
    /// Where the threshold between normal and anomalous lies.
    pub threshold_method: ThresholdMethod,
    /// Whose scores the threshold is taken from.
    pub threshold_aggregation: ThresholdAggregation,
    /// For the threshold method contamination: share of rows to call anomalous. Above 0, at most 0.5.
    #[schemars(range(max = 0.5), extend("exclusiveMinimum" = 0.0))]
    pub contamination: f64,
    /// From the combined score to the probability that a row is an anomaly.
    pub calibration: CalibrationConfig,
    /// How sure the combined score of each row is.
    pub confidence: ConfidenceConfig,
}

impl Default for EnsembleConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            normalization: Normalization::ZScore,
            soft_limit: 0.0,
            voting_strategy: VotingStrategy::WeightedAverage,
            majority_threshold: 0.5,
            group_size: 2,
            stacking: StackingConfig::default(),
            model_weights: ModelWeights::default(),
            dynamic_weighting: DynamicWeighting::default(),
            diversity: DiversityConfig::default(),
            context: ContextConfig::default(),
            threshold_method: ThresholdMethod::Contamination,
            threshold_aggregation: ThresholdAggregation::Mean,
            contamination: 0.1,
            calibration: CalibrationConfig::default(),
            confidence: ConfidenceConfig::default(),
        }
    }
}

/// What makes the scores of different detectors comparable. Fitted on the scores of the training rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Normalization {
    /// (s - mean) / standard deviation.
    #[default]
    ZScore,
    /// (s - min) / (max - min).
    Minmax,
    /// (s - median) / (q75 - q25).
    Robust,
    /// Share of rows with a smaller score, ties halved.
    Rank,
    /// Gaussian unification (Kriegel et al. 2011): max(0, erf(z / sqrt 2)) of the z-score, from 0 to 1.
    Gaussian,
}

/// How the comparable scores of the detectors become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VotingStrategy {
    /// The average, weighted by `model_weights`.
    #[default]
    WeightedAverage,
    /// The share of detectors that call the row abnormal by their own threshold, each one vote; rows with equally many
    /// votes are ordered by the weighted average. Anomalous from `majority_threshold` on, whatever the threshold method.
    MajorityVote,
    /// The weighted average, in which a detector counts the more for a row the further the row lies from that
    /// detector's own threshold: d / (1 + d) with the distance d in normalised units.
    ConfidenceWeighted,
    /// The highest of the scores.
    Maximum,
    /// The mean, over all groups of `group_size` detectors, of the highest score in the group (Aggarwal, Sathe 2015).
    AverageOfMaximum,
    /// A logistic regression on the scores, learned from the labels by cross-validation. Without labels of both kinds:
    /// the weighted average, with a warning.
    Stacking,
}

/// The classifier of the voting strategy stacking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StackingConfig {
    /// Folds of the cross-validation: the score of a labelled row comes from a classifier that has not seen it. Range 2
    /// to 20.
    #[schemars(range(min = 2, max = 20))]
    pub cross_validation_folds: u32,
    /// Strength of the penalty on large coefficients (L2, the inverse of scikit-learn's C). Above 0, at most 10000.
    #[schemars(range(max = 10000.0), extend("exclusiveMinimum" = 0.0))]
    pub penalty: f64,
}

impl Default for StackingConfig {
    fn default() -> Self {
        Self { cross_validation_folds: 5, penalty: 1.0 }
    }
}

/// Weights that follow how well each detector did lately. Needs a time column; without one it has no effect.
///
/// In every window of time the weight of a detector is multiplied by how well its votes agreed with the whole ensemble,
/// and with the verdicts of people, in the window before. It acts on the weighted average and on confidence_weighted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DynamicWeighting {
    /// Adapt the weights.
    pub enabled: bool,
    /// Length of a window in seconds. Range 1 to 31536000.
    #[schemars(range(min = 1, max = 31_536_000))]
    pub window_secs: u32,
    /// How many rows a verdict of a person counts for. Range 0 to 1000; 0: verdicts are not used.
    #[schemars(range(min = 0, max = 1000))]
    pub feedback_rows: u32,
}

impl Default for DynamicWeighting {
    fn default() -> Self {
        Self { enabled: true, window_secs: 3600, feedback_rows: 10 }
    }
}

/// More weight for rows among other abnormal rows of the same series: for anomalies that last. Needs a time column. The
/// threshold is then taken from the combined score. Majority votes are counted without it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContextConfig {
    /// Add to the combined value of a row that of the rows around it.
    pub enabled: bool,
    /// Rows of the same entity that are averaged. Range 1 to 100000.
    #[schemars(range(min = 1, max = 100_000))]
    pub rows: u32,
    /// How much the average counts beside the value itself. Range 0 to 100.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub weight: f64,
    /// Values are cut at plus and minus this before they are averaged, so that one peak does not spread; in units of the
    /// normalisation. Above 0, at most 1000.
    #[schemars(range(max = 1000.0), extend("exclusiveMinimum" = 0.0))]
    pub limit: f64,
    /// Where the row lies among those averaged.
    pub align: WindowAlign,
}

impl Default for ContextConfig {
    fn default() -> Self {
        Self { enabled: false, rows: 60, weight: 2.0, limit: 3.0, align: WindowAlign::Center }
    }
}

/// Less weight for detectors that say the same as others, so that a view held by many twins is counted once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiversityConfig {
    /// Lower the weight of redundant detectors.
    pub enabled: bool,
    /// What diversity is measured by; several are averaged.
    #[schemars(extend("minItems" = 1))]
    pub metrics: Vec<DiversityMetric>,
    /// Two detectors that differ less than this share a weight. Range 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f64,
}

impl Default for DiversityConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            metrics: vec![DiversityMetric::Kappa, DiversityMetric::Disagreement, DiversityMetric::DoubleFault],
            threshold: 0.3,
        }
    }
}

/// How the diversity of two detectors is measured, from what they call abnormal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DiversityMetric {
    /// Cohen's kappa: agreement beyond chance. Diversity is 1 - kappa, at most 1.
    Kappa,
    /// Share of the rows they call abnormal that only one of them does.
    Disagreement,
    /// Share of their mistakes that only one of them makes; a mistake is a vote against the majority of the detectors.
    DoubleFault,
}
