//! How the combined score becomes a probability, and how sure it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// From the combined score to the probability that a row is an anomaly. Changes neither order nor threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CalibrationConfig {
    /// Give every row a probability.
    pub enabled: bool,
    /// How it is found.
    pub method: CalibrationMethod,
}

impl Default for CalibrationConfig {
    fn default() -> Self {
        Self { enabled: true, method: CalibrationMethod::PlattScaling }
    }
}

/// How the probability of a combined score is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationMethod {
    /// A logistic curve through the labels (Platt 1999). Without labels: as `mixture`.
    #[default]
    PlattScaling,
    /// The best rising step curve through the labels. Needs many anomalies. Without labels: as `mixture`.
    IsotonicRegression,
    /// Without labels: an exponential for the normal rows and a Gaussian for the anomalies (Gao, Tan 2006).
    Mixture,
    /// Without labels: how improbable the score is under a Gaussian (Kriegel et al. 2011).
    GaussianUnification,
}

/// How sure the combined score of each row is, 0 to 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConfidenceConfig {
    /// Give every row a confidence.
    pub enabled: bool,
    /// What it is made of; the parts that a run has are combined by their geometric mean.
    #[schemars(extend("minItems" = 1))]
    pub methods: Vec<ConfidenceMethod>,
    /// Where the uncertainty of a model comes from.
    pub uncertainty_quantification: Uncertainty,
    /// The rows with the highest reconstruction error, at most this many, get the passes with dropout. Range 0 to
    /// 10000000.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub monte_carlo_rows: u32,
    /// Nearest rows whose scores are looked at. Range 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub n_neighbors: u32,
}

impl Default for ConfidenceConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            methods: vec![
                ConfidenceMethod::ModelUncertainty,
                ConfidenceMethod::EnsembleVariance,
                ConfidenceMethod::NeighborhoodSimilarity,
            ],
            uncertainty_quantification: Uncertainty::MonteCarloDropout,
            monte_carlo_rows: 2000,
            n_neighbors: 10,
        }
    }
}

/// A part of the confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConfidenceMethod {
    /// How little the score of one model moves under `uncertainty_quantification`.
    ModelUncertainty,
    /// How well the detectors agree about the row.
    EnsembleVariance,
    /// How alike the scores of the rows with the most similar features are.
    NeighborhoodSimilarity,
}

/// Where the uncertainty of a model comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Uncertainty {
    /// The spread of the autoencoder's reconstruction error over passes with dropout (Gal, Ghahramani 2016). Needs the
    /// autoencoder with `dropout_rate` and `monte_carlo_passes` above 0.
    #[default]
    MonteCarloDropout,
    /// The spread between the detectors stands in for it: no passes are made.
    EnsembleDiversity,
}
