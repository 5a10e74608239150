//! Settings of the autoencoder.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Autoencoder: a network learns to reproduce its input through a narrow middle; the score of a row is its reconstruction error.
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
    /// Activation of the output layer. Only `linear` can reproduce values of any size.
    pub output_activation: OutputActivation,
    /// Share of hidden units switched off at random in each training step. Range 0 to 0.9.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub dropout_rate: f64,
    /// Most passes over the training rows. Range 1 to 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub epochs: u32,
    /// Rows per training step. Range 1 to 65536.
    #[schemars(range(min = 1, max = 65_536))]
    pub batch_size: u32,
    /// Step size of the optimiser. Above 0, at most 1.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub learning_rate: f64,
    /// How the weights follow their gradients.
    pub optimizer: AutoencoderOptimizer,
    /// What training makes small.
    pub loss: AutoencoderLoss,
    /// Share of the training rows held out to watch the loss. Range 0 to 0.9; with 0 the training loss is watched.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub validation_split: f64,
    /// Epochs without a smaller watched loss before training stops. The weights of the best epoch are kept. Range 1 to 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub early_stopping_patience: u32,
    /// Reconstruction error of a row, over its features: the score.
    pub error_metric: ErrorMetric,
    /// When this detector votes abnormal, for "fired" in alerts.
    pub error_threshold: ErrorThreshold,
    /// Passes with dropout on that tell how sure the highest errors are (Monte-Carlo dropout; see
    /// `ensemble.confidence`); scores stay as they are. Range 0 to 1000; 0: off.
    #[schemars(range(max = 1000))]
    pub monte_carlo_passes: u32,
    /// Most rows to fit on; above it a seeded sample of this size is used, which the run reports. 0: no limit.
    pub max_fit_rows: u64,
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            hidden_layers: vec![64, 32, 16, 32, 64],
            activation: Activation::Relu,
            output_activation: OutputActivation::Linear,
            dropout_rate: 0.2,
            epochs: 100,
            batch_size: 32,
            learning_rate: 0.001,
            optimizer: AutoencoderOptimizer::Adam,
            loss: AutoencoderLoss::Mse,
            validation_split: 0.2,
            early_stopping_patience: 10,
            error_metric: ErrorMetric::Mse,
            error_threshold: ErrorThreshold::default(),
            monte_carlo_passes: 30,
            max_fit_rows: 50_000,
        }
    }
}

impl super::Votes for AutoencoderConfig {
    fn set_votes_of(&mut self, other: &Self) {
        self.error_threshold = other.error_threshold;
    }
}

/// Activation of a hidden layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(0, x)
    #[default]
    Relu,
    /// x above 0, 0.01 x below.
    LeakyRelu,
    /// x above 0, exp(x) - 1 below.
    Elu,
    /// Hyperbolic tangent.
    Tanh,
    /// 1 / (1 + exp(-x))
    Sigmoid,
}

/// Activation of the output layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputActivation {
    /// None: any value can come out.
    #[default]
    Linear,
    /// 1 / (1 + exp(-x)), for features between 0 and 1.
    Sigmoid,
    /// Hyperbolic tangent, for features between -1 and 1.
    Tanh,
}

/// How the weights follow their gradients. Constants as in PyTorch.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AutoencoderOptimizer {
    /// Adam (Kingma, Ba 2015): betas 0.9 and 0.999.
    #[default]
    Adam,
    /// Adam with this decoupled weight decay (Loshchilov, Hutter 2019). Range 0 to 1; 0.01 is usual.
    Adamw(#[schemars(range(min = 0.0, max = 1.0))] f64),
    /// RMSprop (Tieleman, Hinton 2012): smoothing 0.99.
    Rmsprop,
    /// Stochastic gradient descent with this momentum. Range 0 to 0.999; 0.9 is usual.
    Sgd(#[schemars(range(min = 0.0, max = 0.999))] f64),
}

/// What training makes small: a mean over rows and features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AutoencoderLoss {
    /// Squared error.
    #[default]
    Mse,
    /// Absolute error.
    Mae,
    /// Half the squared error up to an error of 1, from there the absolute error less a half.
    Huber,
}

/// Reconstruction error of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorMetric {
    /// Mean of the squared errors of the features.
    #[default]
    Mse,
    /// Mean of the absolute errors of the features.
    Mae,
    /// Root of the mean of the squared errors.
    Rmse,
}

/// Reconstruction error from which a row counts as abnormal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorThreshold {
    /// This percentile of the errors of the run. Range 50 to 100.
    Percentile(#[schemars(range(min = 50.0, max = 100.0))] f64),
    /// This error in the error metric, at least 0, in units of the prepared features.
    Fixed(#[schemars(range(min = 0.0))] f64),
}

impl Default for ErrorThreshold {
    fn default() -> Self {
        Self::Percentile(95.0)
    }
}
