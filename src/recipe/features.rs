//! Which features are made from the raw columns, and how the matrix is prepared for the detectors.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Features made from the raw columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FeaturesConfig {
    /// Keep the raw columns themselves as features.
    pub raw: bool,
    /// Features over time. Made only where there is a time column.
    pub time_series: TimeSeriesFeatures,
    /// Features of a value against the values before it.
    pub statistical: StatisticalFeatures,
}

impl Default for FeaturesConfig {
    fn default() -> Self {
        Self { raw: true, time_series: TimeSeriesFeatures::default(), statistical: StatisticalFeatures::default() }
    }
}

/// Features over time, per entity. The feature of a row uses that row and earlier ones only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TimeSeriesFeatures {
    /// Make features over time.
    pub enabled: bool,
    /// Statistics over the last rows.
    pub rolling_statistics: RollingStatistics,
}

impl Default for TimeSeriesFeatures {
    fn default() -> Self {
        Self { enabled: true, rolling_statistics: RollingStatistics::default() }
    }
}

/// Statistics over windows that end at the row itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RollingStatistics {
    /// Lengths of the windows, in the unit below. Each at least 1. Empty: no rolling statistics.
    #[schemars(inner(range(min = 1, max = 1_000_000)))]
    pub windows: Vec<u32>,
    /// What one unit of a window is.
    pub window_unit: WindowUnit,
    /// Statistics per window and column.
    pub statistics: Vec<Statistic>,
    /// Values that a window must hold, else the feature is missing there. Range 1 to 1000000; a standard deviation always needs 2.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub min_periods: u32,
    /// Share of a window that must have passed since the first row of the entity, else the feature is missing there: a
    /// window that has only begun is not comparable with a full one, and would make every beginning look abnormal.
    /// Holds for the rolling z-score, too. Range 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_history: f64,
}

impl Default for RollingStatistics {
    fn default() -> Self {
        use Statistic::{Max, Mean, Median, Min, Std};
        Self {
            windows: vec![5, 10, 30, 60],
            window_unit: WindowUnit::Auto,
            statistics: vec![Mean, Std, Min, Max, Median],
            min_periods: 1,
            min_history: 0.5,
        }
    }
}

/// What one unit of a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowUnit {
    /// Minutes where rows are at most a minute apart (median step), else rows: a 5-minute window over 5-minute data would hold one row.
    #[default]
    Auto,
    /// Minutes of the time column: a window of w minutes at time t holds the rows in (t - w, t].
    Minutes,
    /// Rows: a window of w holds the row and the w - 1 before it.
    Rows,
}

/// A statistic of the values in a window. Missing values are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Arithmetic mean.
    Mean,
    /// Sample standard deviation (n - 1).
    Std,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Middle value; the mean of the two middle ones for an even count.
    Median,
}

/// Features of a value against the values before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StatisticalFeatures {
    /// Rolling z-score: (value - mean) / standard deviation of the longest rolling window before the row. Made only
    /// where there is a time column; on a table without time the scaling step below already is the z-score.
    pub z_scores: bool,
    /// Bound on the absolute z-score, also given when a constant past ends in another value. Range 1 to 1000.
    #[schemars(range(min = 1.0, max = 1000.0))]
    pub z_score_limit: f64,
}

impl Default for StatisticalFeatures {
    fn default() -> Self {
        Self { z_scores: true, z_score_limit: 20.0 }
    }
}

/// How the features are made complete and comparable. Fitted on the training rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrepareConfig {
    /// What takes the place of missing and infinite values.
    pub imputation: Imputation,
    /// Scaling of every feature.
    pub feature_scaling: Scaling,
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
    /// The last value before it of the same entity; the mean where there is none.
    Forward,
    /// This number.
    Constant(f64),
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
