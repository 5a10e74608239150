//! How the features are made complete, comparable and few.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the features are made complete, comparable and few. Fitted on the training rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrepareConfig {
    /// Rows that everything is learned from: scaling, completing, selection and the detectors. All rows are scored.
    pub training_rows: TrainingRows,
    /// What happens where a value is missing (an infinite one counts as missing).
    pub missing_values: MissingValues,
    /// What takes the place of a missing value; after an interpolation, where that finds no neighbours.
    pub imputation: Imputation,
    /// What is done about extreme values.
    pub outlier_handling: OutlierHandling,
    /// Scaling of every feature.
    pub feature_scaling: Scaling,
    /// Which features reach the detectors.
    pub feature_selection: FeatureSelection,
}

/// Rows that everything is learned from.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrainingRows {
    /// All rows.
    #[default]
    All,
    /// This share of the rows, the earliest (in the order of the file where there is no time). Above 0, at most 1.
    First(#[schemars(range(min = 0.001, max = 1.0))] f64),
}

/// What happens where a value is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingValues {
    /// It is imputed, see below.
    #[default]
    Impute,
    /// Detectors do not learn from rows in which a measured column is missing. They are imputed for scoring, as every row
    /// gets a score.
    Drop,
    /// A straight line in time between its neighbours of the same entity. Looks ahead to the next value.
    Interpolate,
}

/// What takes the place of a missing value (an infinite one counts as missing).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Imputation {
    /// The mean of the feature.
    #[default]
    Mean,
    /// The median of the feature.
    Median,
    /// The most frequent value of the feature; the smallest of several.
    Mode,
    /// The last value before it of the same entity; the mean where there is none.
    Forward,
    /// This number.
    Constant(f64),
}

/// What is done about extreme values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutlierHandling {
    /// Nothing.
    Keep,
    /// Detectors do not learn from rows in which a measured column is this many standard deviations from
    /// its mean. Range 0.5 to 1000; 3 is usual.
    Remove(#[schemars(range(min = 0.5, max = 1000.0))] f64),
    /// Detectors do not learn from rows in which a measured column is this many interquartile ranges outside its quartiles.
    /// Range 0.5 to 1000; 1.5 is usual.
    RemoveIqr(#[schemars(range(min = 0.5, max = 1000.0))] f64),
    /// Detectors learn from values pulled in to the quantiles q and 1 - q of the training rows. Rows are scored as they
    /// are, else nothing could stand out. Range 0 to 0.25.
    Winsorize(#[schemars(range(min = 0.0, max = 0.25))] f64),
    /// Every value x becomes sign(x) ln(1 + |x| / s), s the median absolute value.
    Log,
    /// Every value is made as normal as a power can, Yeo and Johnson 2000; the power by maximum likelihood.
    YeoJohnson,
    /// Every value becomes the normal quantile of its rank among the training values.
    Quantile,
}

impl Default for OutlierHandling {
    fn default() -> Self {
        Self::Winsorize(0.01)
    }
}

/// Scaling of a feature. A constant feature becomes 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// (x - mean) / standard deviation (n), as scikit-learn's StandardScaler.
    #[default]
    Standard,
    /// (x - min) / (max - min), as MinMaxScaler.
    Minmax,
    /// (x - median) / (q75 - q25), as RobustScaler.
    Robust,
    /// As it is.
    None,
}

/// Which features reach the detectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FeatureSelection {
    /// Select features. Off: all of them.
    pub enabled: bool,
    /// How features are ranked.
    pub method: SelectionMethod,
    /// Most features kept. Range 1 to 100000. Fewer are kept where compute.memory_limit_mb asks for it.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_features: u32,
    /// Features whose largest absolute Pearson correlation with one kept already is above this are left out. Range 0 to 1; 1: none.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_correlation: f64,
    /// Largest p value of the method `f_test`; features above it are left out. Range 0 to 1; 1: none.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_p_value: f64,
    /// Names of the features to keep, for the method `named`.
    pub names: Vec<String>,
}

impl Default for FeatureSelection {
    fn default() -> Self {
        Self {
            enabled: true,
            method: SelectionMethod::MutualInformation,
            max_features: 200,
            max_correlation: 0.98,
            max_p_value: 1.0,
            names: Vec::new(),
        }
    }
}

impl FeatureSelection {
    /// Whether labels, where there are any, decide which features are kept.
    pub fn uses_labels(&self) -> bool {
        self.enabled && matches!(self.method, SelectionMethod::MutualInformation | SelectionMethod::FTest)
    }

    /// All features.
    pub fn off() -> Self {
        Self { enabled: false, ..Self::default() }
    }
}

/// How features are selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SelectionMethod {
    /// Those that tell most about the label (nearest-neighbour estimate of Ross 2014); without labels as `variance`.
    #[default]
    MutualInformation,
    /// Those whose mean differs most between the labels, against the spread around it (F of an analysis of variance);
    /// without labels as `variance`.
    FTest,
    /// Those that vary most: by the share of training rows whose value is not the most frequent one. Constant ones never.
    Variance,
    /// In the order of the plan, leaving out what repeats an earlier one.
    Correlation,
    /// Those named below.
    Named,
}
