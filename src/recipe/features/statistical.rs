//! Settings of features of a value against other values, and of columns against each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Features of a value against other values of its column, and of columns against each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StatisticalFeatures {
    /// Make these features.
    pub enabled: bool,
    /// What a value is held against by z-scores, percentile ranks and outlier flags.
    pub scopes: Vec<Scope>,
    /// z-score: (value - mean) / standard deviation.
    pub z_scores: bool,
    /// Bound on the absolute z-score, also given when a constant past ends in another value. Range 1 to 1000.
    #[schemars(range(min = 1.0, max = 1000.0))]
    pub z_score_limit: f64,
    /// Percentile rank: the share of values at or below, from 0 to 1.
    pub percentiles: bool,
    /// Levels of rolling percentiles over the windows below, in percent. Each 0 to 100.
    #[schemars(inner(range(min = 0.0, max = 100.0)))]
    pub percentile_levels: Vec<f64>,
    /// Flags for values that one of the methods below calls outliers.
    pub outlier_detection: bool,
    /// Methods, one feature each and scope.
    pub outlier_methods: Vec<OutlierMethod>,
    /// Windows of rolling features under statistical. Each 3 to 1000000. Rolling scopes of z-scores, ranks and flags use
    /// the longest.
    #[schemars(inner(range(min = 3, max = 1_000_000)))]
    pub windows: Vec<u32>,
    /// Moments, quantiles and tails.
    pub distribution: DistributionFeatures,
    /// Correlation of two columns.
    pub correlation: CorrelationFeatures,
    /// Disorder of a column.
    pub entropy: EntropyFeatures,
}

impl Default for StatisticalFeatures {
    fn default() -> Self {
        Self {
            enabled: true,
            scopes: vec![Scope::Rolling, Scope::Global],
            z_scores: true,
            z_score_limit: 20.0,
            percentiles: true,
            percentile_levels: vec![5.0, 25.0, 50.0, 75.0, 95.0],
            outlier_detection: true,
            outlier_methods: vec![OutlierMethod::Iqr, OutlierMethod::ZScore, OutlierMethod::ModifiedZScore],
            windows: vec![60],
            distribution: DistributionFeatures::default(),
            correlation: CorrelationFeatures::default(),
            entropy: EntropyFeatures::default(),
        }
    }
}

/// What a value is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The window before the row, of the same entity. Needs a time column.
    Rolling,
    /// The training rows of all entities.
    Global,
}

/// A way to call a value an outlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutlierMethod {
    /// -1 below q25 - 1.5 IQR, 1 above q75 + 1.5 IQR, else 0 (Tukey's fences).
    Iqr,
    /// -1 or 1 where the z-score is beyond 3, else 0.
    ZScore,
    /// The modified z-score itself, 0.6745 (value - median) / MAD (Iglewicz and Hoaglin 1993), within the limit of z-scores.
    ModifiedZScore,
}

/// Moments, quantiles and tails of the windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DistributionFeatures {
    /// Make these features.
    pub enabled: bool,
    /// Orders of moments: 1 mean, 2 variance (n - 1), 3 skewness, 4 excess kurtosis (both corrected for bias, as pandas). Each 1 to 4.
    #[schemars(inner(range(min = 1, max = 4)))]
    pub moments_order: Vec<u32>,
    /// Levels of quantiles, each from 0 to 1.
    #[schemars(inner(range(min = 0.0, max = 1.0)))]
    pub quantile_levels: Vec<f64>,
    /// Share of the window beyond the tail's threshold, and mean distance of those beyond it from it.
    pub tail_statistics: bool,
    /// The tail begins at this quantile of the training rows. Range 0.5 to 0.999.
    #[schemars(range(min = 0.5, max = 0.999))]
    pub tail_threshold: f64,
}

impl Default for DistributionFeatures {
    fn default() -> Self {
        Self {
            enabled: true,
            moments_order: vec![1, 2, 3, 4],
            quantile_levels: vec![0.05, 0.25, 0.5, 0.75, 0.95],
            tail_statistics: true,
            tail_threshold: 0.95,
        }
    }
}

/// Correlation of two columns over the windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorrelationFeatures {
    /// Make these features.
    pub enabled: bool,
    /// Correlations of rows at the same time. Empty: none.
    pub methods: Vec<CorrelationMethod>,
    /// Lags in rows at which a column is correlated with an earlier part of the other (Pearson, both directions). Each 1
    /// to 10000. Empty: none.
    #[schemars(inner(range(min = 1, max = 10_000)))]
    pub cross_correlation_lags: Vec<u32>,
    /// Most pairs of columns, those that belong together most in the training rows first. Range 1 to 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_pairs: u32,
}

impl Default for CorrelationFeatures {
    fn default() -> Self {
        use CorrelationMethod::{Kendall, Pearson, Spearman};
        Self {
            enabled: true,
            methods: vec![Pearson, Spearman, Kendall],
            cross_correlation_lags: vec![1, 5, 10, 30],
            max_pairs: 10,
        }
    }
}

/// A coefficient of correlation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrelationMethod {
    /// Of the values.
    Pearson,
    /// Of the ranks (ties get their mean rank).
    Spearman,
    /// Of the order of pairs, tau-b.
    Kendall,
}

/// Entropy of the windows: how evenly their values spread over bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EntropyFeatures {
    /// Make these features.
    pub enabled: bool,
    /// Bins of equal width from the smallest to the largest training value. Range 2 to 1000.
    #[schemars(range(min = 2, max = 1000))]
    pub bins: u32,
    /// Kinds of entropy, in nats.
    pub methods: Vec<EntropyMethod>,
    /// Order of the Rényi entropy. Above 0, at most 100; 1 equals Shannon's.
    #[schemars(range(min = 0.01, max = 100.0))]
    pub renyi_order: f64,
    /// Order of the Tsallis entropy. Above 0, at most 100; 1 equals Shannon's.
    #[schemars(range(min = 0.01, max = 100.0))]
    pub tsallis_order: f64,
}

impl Default for EntropyFeatures {
    fn default() -> Self {
        use EntropyMethod::{Renyi, Shannon, Tsallis};
        Self { enabled: true, bins: 10, methods: vec![Shannon, Renyi, Tsallis], renyi_order: 2.0, tsallis_order: 2.0 }
    }
}

/// A kind of entropy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntropyMethod {
    /// -sum p ln p.
    Shannon,
    /// ln(sum p^a) / (1 - a).
    Renyi,
    /// (1 - sum p^q) / (q - 1).
    Tsallis,
}
