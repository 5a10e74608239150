//! Which features are made from the raw columns.

mod interactions;
mod statistical;
mod text;
mod time_series;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use interactions::{DomainFeatures, Interactions};
pub use statistical::{
    CorrelationFeatures, CorrelationMethod, DistributionFeatures, EntropyFeatures, EntropyMethod, OutlierMethod, Scope,
    StatisticalFeatures,
};
pub use text::TextFeatures;
pub use time_series::{
    ChangeCost, ChangeMethod, ChangePenalty, ChangePoints, RollingStatistics, SeasonalAnalysis, SeasonalMethod,
    SeasonalModel, Statistic, TimeSeriesFeatures, TrendAnalysis, Volatility, VolatilityMethod, VolatilityOf,
    WindowUnit,
};

/// Features made from the raw columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FeaturesConfig {
    /// Keep the raw columns themselves as features.
    pub raw: bool,
    /// Features over time. Made only where there is a time column.
    pub time_series: TimeSeriesFeatures,
    /// Features of a value against other values of its column, and of columns against each other.
    pub statistical: StatisticalFeatures,
    /// Features of several columns at once.
    pub interactions: Interactions,
    /// Features that an expert of the field would add, by the names and units of the columns.
    pub domain: DomainFeatures,
    /// Features of columns that hold words, addresses or free text.
    pub text: TextFeatures,
}

impl Default for FeaturesConfig {
    fn default() -> Self {
        Self {
            raw: true,
            time_series: TimeSeriesFeatures::default(),
            statistical: StatisticalFeatures::default(),
            interactions: Interactions::default(),
            domain: DomainFeatures::default(),
            text: TextFeatures::default(),
        }
    }
}

impl FeaturesConfig {
    /// The raw columns only.
    pub fn raw_only() -> Self {
        Self {
            raw: true,
            time_series: TimeSeriesFeatures { enabled: false, ..TimeSeriesFeatures::default() },
            statistical: StatisticalFeatures { enabled: false, ..StatisticalFeatures::default() },
            interactions: Interactions { enabled: false, ..Interactions::default() },
            domain: DomainFeatures { enabled: false, ..DomainFeatures::default() },
            text: TextFeatures { enabled: false, ..TextFeatures::default() },
        }
    }

    /// Raw columns, rolling statistics and rolling z-scores: few, quick, and enough for a first look at rows in time.
    pub fn rolling() -> Self {
        let mut config = Self::raw_only();
        config.time_series = TimeSeriesFeatures {
            enabled: true,
            trend_analysis: TrendAnalysis { enabled: false, ..TrendAnalysis::default() },
            seasonal_analysis: SeasonalAnalysis { enabled: false, ..SeasonalAnalysis::default() },
            change_points: ChangePoints { enabled: false, ..ChangePoints::default() },
            volatility: Volatility { enabled: false, ..Volatility::default() },
            ..TimeSeriesFeatures::default()
        };
        config.statistical = StatisticalFeatures {
            enabled: true,
            scopes: vec![Scope::Rolling],
            percentiles: false,
            outlier_detection: false,
            distribution: DistributionFeatures { enabled: false, ..DistributionFeatures::default() },
            correlation: CorrelationFeatures { enabled: false, ..CorrelationFeatures::default() },
            entropy: EntropyFeatures { enabled: false, ..EntropyFeatures::default() },
            ..StatisticalFeatures::default()
        };
        config
    }
}
