//! Settings of features over time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Features over time, per entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TimeSeriesFeatures {
    /// Make features over time.
    pub enabled: bool,
    /// Statistics over the last rows.
    pub rolling_statistics: RollingStatistics,
    /// Curves fitted to the last rows.
    pub trend_analysis: TrendAnalysis,
    /// Trend, season and rest; sines and cosines of the season.
    pub seasonal_analysis: SeasonalAnalysis,
    /// Where the level of a column changes for good.
    pub change_points: ChangePoints,
    /// How restless a column is.
    pub volatility: Volatility,
}

impl Default for TimeSeriesFeatures {
    fn default() -> Self {
        Self {
            enabled: true,
            rolling_statistics: RollingStatistics::default(),
            trend_analysis: TrendAnalysis::default(),
            seasonal_analysis: SeasonalAnalysis::default(),
            change_points: ChangePoints::default(),
            volatility: Volatility::default(),
        }
    }
}

/// Statistics over windows that end at the row itself. The unit and the two minima hold for every window under features.
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
    /// Further quantiles per window and column, each from 0 to 1 (type 7: linear interpolation).
    #[schemars(inner(range(min = 0.0, max = 1.0)))]
    pub quantiles: Vec<f64>,
    /// Values that a window must hold, else the feature is missing there. Range 1 to 1000000; a standard deviation always needs 2.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub min_periods: u32,
    /// Share of a window that must have passed since the first row of the entity, else the feature is missing there: a
    /// window that has only begun is not comparable with a full one, and would make every beginning look abnormal.
    /// Range 0 to 1.
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
            quantiles: Vec::new(),
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

/// Curves fitted by least squares to the values of a window that ends at the row. Each gives three features: its slope at
/// the row (per unit of the window), the residual of the row (value minus curve) and R² (share of variance explained).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrendAnalysis {
    /// Make trend features.
    pub enabled: bool,
    /// A straight line.
    pub linear_trend: bool,
    /// A polynomial of the degree below.
    pub polynomial_trend: bool,
    /// Degree of the polynomial. Range 2 to 4.
    #[schemars(range(min = 2, max = 4))]
    pub polynomial_degree: u32,
    /// Exponential growth or decay: a line through the logarithms. Missing where a value of the window is not above 0.
    pub exponential_trend: bool,
    /// Lengths of the windows. Each 3 to 1000000.
    #[schemars(inner(range(min = 3, max = 1_000_000)))]
    pub windows: Vec<u32>,
}

impl Default for TrendAnalysis {
    fn default() -> Self {
        Self {
            enabled: true,
            linear_trend: true,
            polynomial_trend: true,
            polynomial_degree: 2,
            exponential_trend: true,
            windows: vec![10, 30, 60, 120],
        }
    }
}

/// Seasons: what repeats every day, week or year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeasonalAnalysis {
    /// Make seasonal features.
    pub enabled: bool,
    /// How a column is taken apart into trend, seasons and residual.
    pub decomposition: SeasonalMethod,
    /// Whether seasons add to the trend or multiply it. Classical decomposition only.
    pub model: SeasonalModel,
    /// Periods in hours: 24 is a day, 168 a week, 8760 a year. A period shorter than two rows, or of which the data
    /// hold less than two, is left out. Each above 0.
    #[schemars(inner(range(min = 0.001, max = 1_000_000.0)))]
    pub seasonal_periods: Vec<f64>,
    /// Also look for a period in each column (autocorrelation confirmed by the periodogram of the training rows).
    pub detect_period: bool,
    /// Down-weight outliers while an STL or MSTL is fitted. Slower.
    pub robust: bool,
    /// Sines and cosines per period: sin and cos of 2 pi k t / period for k = 1 up to this. Range 0 to 50.
    #[schemars(range(min = 0, max = 50))]
    pub fourier_terms: u32,
}

impl Default for SeasonalAnalysis {
    fn default() -> Self {
        Self {
            enabled: true,
            decomposition: SeasonalMethod::Trailing,
            model: SeasonalModel::Additive,
            seasonal_periods: vec![24.0, 168.0, 8760.0],
            detect_period: false,
            robust: false,
            fourier_terms: 5,
        }
    }
}

/// How a column is taken apart into trend, seasons and residual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeasonalMethod {
    /// Without looking ahead, for live use too: the trend is the mean of the last period; the season is what training rows
    /// at the same phase showed on average.
    #[default]
    Trailing,
    /// Centred moving averages, one period at a time (the first that fits the data). Looks half a period ahead.
    Classical,
    /// Seasonal-trend decomposition by loess, Cleveland et al. 1990, for the first period that fits. Looks ahead.
    Stl,
    /// STL of several periods at once, Bandara et al. 2021. Looks ahead.
    Mstl,
    /// None: Fourier terms only.
    None,
}

/// Whether seasons add to the trend or multiply it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeasonalModel {
    /// value = trend + season + residual.
    #[default]
    Additive,
    /// value = trend × season × residual. Needs values above 0.
    Multiplicative,
}

/// Change points: rows at which level or spread of a column changes for good. Each method gives four features: rows since
/// the last change, mean and standard deviation of the segment, and the value minus the segment's mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChangePoints {
    /// Make change point features.
    pub enabled: bool,
    /// Methods. `pelt` looks at earlier rows only unless the setting below says otherwise; `binseg` and `bottomup` look ahead
    /// and are not for live use.
    pub methods: Vec<ChangeMethod>,
    /// Let `pelt` segment the whole series at once, too, instead of telling at each row what is known by then.
    pub look_ahead: bool,
    /// What a segment costs.
    pub cost: ChangeCost,
    /// Price of one more change.
    pub penalty: ChangePenalty,
    /// Shortest segment, in rows. Range 1 to 100000.
    #[schemars(range(min = 1, max = 100_000))]
    pub min_size: u32,
}

impl Default for ChangePoints {
    fn default() -> Self {
        Self {
            enabled: true,
            methods: vec![ChangeMethod::Pelt, ChangeMethod::Binseg, ChangeMethod::Bottomup],
            look_ahead: false,
            cost: ChangeCost::L2,
            penalty: ChangePenalty::Bic,
            min_size: 5,
        }
    }
}

impl ChangePoints {
    /// Whether `pelt` has to see the whole series.
    pub fn pelt_looks_ahead(&self) -> bool {
        self.look_ahead || matches!(self.penalty, ChangePenalty::Changes(_))
    }
}

/// How change points are searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeMethod {
    /// Exact, Killick et al. 2012. At each row the best segmentation of the rows up to it; with `look_ahead`, of all rows.
    /// For a number of changes it is dynamic programming, which takes the square of an entity's rows.
    Pelt,
    /// Binary segmentation: the best split again and again. Looks ahead.
    Binseg,
    /// Bottom-up: many small segments merged as long as it pays. Looks ahead.
    Bottomup,
}

/// What a segment costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeCost {
    /// Squared distance from the mean: changes of the level.
    #[default]
    L2,
    /// Distance from the median: changes of the level, robust. Slower; looks ahead.
    L1,
    /// Gaussian log-likelihood: changes of level or spread.
    Normal,
    /// Gaussian kernel: changes of the whole distribution. Slow, up to 20,000 rows of an entity; looks ahead.
    Rbf,
}

/// Price of one more change.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangePenalty {
    /// 2 sigma² ln n, sigma from the median absolute difference of the training rows.
    #[default]
    Bic,
    /// 4 sigma²: more changes.
    Aic,
    /// This number, in units of the cost. At least 0.
    Value(#[schemars(range(min = 0.0))] f64),
    /// No price: this many changes in the series of each entity. Looks ahead. Range 1 to 10000.
    Changes(#[schemars(range(min = 1, max = 10_000))] u32),
}

/// How restless a column is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Volatility {
    /// Make volatility features.
    pub enabled: bool,
    /// Windows of the rolling deviation and spans of the exponentially weighted one. Each 2 to 1000000; the spans count rows.
    #[schemars(inner(range(min = 2, max = 1_000_000)))]
    pub windows: Vec<u32>,
    /// Ways to measure it, each with features of its own.
    pub methods: Vec<VolatilityMethod>,
    /// What is measured.
    pub of: VolatilityOf,
}

impl Default for Volatility {
    fn default() -> Self {
        use VolatilityMethod::{ArchModel, EwmStd, RollingStd};
        Self {
            enabled: true,
            windows: vec![5, 15, 30, 60],
            methods: vec![RollingStd, EwmStd, ArchModel],
            of: VolatilityOf::Differences,
        }
    }
}

/// A way to measure volatility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VolatilityMethod {
    /// Standard deviation (n - 1) of a window.
    RollingStd,
    /// Exponentially weighted standard deviation; weights fall by 1 - 2 / (span + 1) a row, as pandas' `ewm`.
    EwmStd,
    /// ARCH(1), Engle 1982, fitted by maximum likelihood: the deviation expected before the row, and the row in units of it.
    ArchModel,
    /// GARCH(1,1), Bollerslev 1986: likewise.
    GarchModel,
}

/// What volatility is measured of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VolatilityOf {
    /// The change from the entity's row before.
    #[default]
    Differences,
    /// The values themselves.
    Values,
}
