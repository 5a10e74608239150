//! Features of one column over time.

use super::builder::Builder;
use super::seasons::Period;
use crate::analysis::features::plan::Unit;
use crate::analysis::features::steps::change_points::Changes;
use crate::analysis::features::steps::fourier::FourierTerms;
use crate::analysis::features::steps::seasonal::Seasonal;
use crate::analysis::features::steps::volatility::Swings;
use crate::analysis::features::steps::windows::{Want, Windows};
use crate::analysis::features::windows::{Curve, Measure, TrendPart};
use crate::recipe::{
    ChangeMethod, ChangePoints, FeaturesConfig, RollingStatistics, SeasonalAnalysis, SeasonalMethod, Statistic,
    TrendAnalysis, VolatilityMethod, VolatilityOf,
};

/// Adds the features of a column over time. `periods` are those of the column.
pub(super) fn plan(builder: &mut Builder, config: &FeaturesConfig, column: &str, periods: &[Period]) {
    let Some(unit) = builder.unit.filter(|_| config.time_series.enabled) else { return };
    let (rolling, time_series) = (&config.time_series.rolling_statistics, &config.time_series);
    let windows = |wants, of_changes| Windows {
        unit,
        wants,
        min_periods: rolling.min_periods,
        min_history: rolling.min_history,
        of_changes,
    };
    let setting = |name: &str| format!("features.time_series.{name}");
    builder.add(&setting("rolling_statistics"), windows(rolling_wants(rolling, unit), false), &[column], &[]);
    builder.add(&setting("trend_analysis"), windows(trend_wants(&time_series.trend_analysis), false), &[column], &[]);
    if let Some(seasonal) = decomposition(&time_series.seasonal_analysis, periods) {
        builder.add(&setting("seasonal_analysis"), seasonal, &[column], &[]);
    }
    let changes = &time_series.change_points;
    for &method in changes.methods.iter().filter(|_| changes.enabled) {
        let ChangePoints { cost, penalty, min_size, .. } = *changes;
        let looks_ahead = method != ChangeMethod::Pelt || changes.pelt_looks_ahead();
        let step = Changes { method, looks_ahead, cost, penalty, min_size };
        builder.add(&setting("change_points"), step, &[column], &[]);
    }
    let volatility = &time_series.volatility;
    if volatility.enabled {
        let has = |method| volatility.methods.contains(&method);
        if has(VolatilityMethod::RollingStd) {
            let of_changes = volatility.of == VolatilityOf::Differences;
            // The rolling statistics may give the deviation of the values already.
            let is_there = |window: &u32| {
                !of_changes && rolling.windows.contains(window) && rolling.statistics.contains(&Statistic::Std)
            };
            let lengths = volatility.windows.iter().copied().filter(|window| !is_there(window));
            let wants = lengths.map(|window| (window, Want::Measure(Measure::Std))).collect();
            builder.add(&setting("volatility"), windows(wants, of_changes), &[column], &[]);
        }
        let swings = Swings {
            of: volatility.of,
            spans: if has(VolatilityMethod::EwmStd) { volatility.windows.clone() } else { Vec::new() },
            arch: has(VolatilityMethod::ArchModel),
            garch: has(VolatilityMethod::GarchModel),
        };
        builder.add(&setting("volatility"), swings, &[column], &[]);
    }
}

/// Adds the features of the time alone, which all columns share.
pub(super) fn plan_shared(builder: &mut Builder, config: &FeaturesConfig, periods: &[Period]) {
    let seasonal = &config.time_series.seasonal_analysis;
    if builder.unit.is_none() || !config.time_series.enabled || !seasonal.enabled || seasonal.fourier_terms == 0 {
        return;
    }
    for period in periods {
        // Waves shorter than two rows cannot be told from longer ones.
        let terms = seasonal.fourier_terms.min(u32::try_from(period.rows / 2).unwrap_or(u32::MAX));
        if let Some(period_secs) = period.secs.filter(|_| terms > 0) {
            let step = FourierTerms { period_secs, name: period.name.clone(), terms };
            builder.add("features.time_series.seasonal_analysis.fourier_terms", step, &[], &[]);
        }
    }
}

fn decomposition(seasonal: &SeasonalAnalysis, periods: &[Period]) -> Option<Seasonal> {
    let wanted = match seasonal.decomposition {
        SeasonalMethod::None => return None,
        SeasonalMethod::Classical | SeasonalMethod::Stl => periods.get(..1)?,
        SeasonalMethod::Trailing | SeasonalMethod::Mstl => periods,
    };
    let first = wanted.first()?;
    Some(Seasonal {
        method: seasonal.decomposition,
        model: seasonal.model,
        periods: wanted.iter().map(|period| (period.rows, period.name.clone())).collect(),
        step_micros: first.step_micros,
        robust: seasonal.robust,
    })
}

fn rolling_wants(rolling: &RollingStatistics, unit: Unit) -> Vec<(u32, Want)> {
    let measure = |statistic| match statistic {
        Statistic::Mean => Measure::Mean,
        Statistic::Std => Measure::Std,
        Statistic::Min => Measure::Min,
        Statistic::Max => Measure::Max,
        Statistic::Median => Measure::Median,
    };
    let mut wants = Vec::new();
    for &window in &rolling.windows {
        // One row has no standard deviation.
        let possible = |s: &&Statistic| **s != Statistic::Std || window > 1 || unit != Unit::Rows;
        let statistics = rolling.statistics.iter().filter(possible).map(|&statistic| measure(statistic));
        let quantiles = rolling.quantiles.iter().map(|&level| Measure::Quantile(level));
        wants.extend(statistics.chain(quantiles).map(|measure| (window, Want::Measure(measure))));
    }
    wants
}

fn trend_wants(trend: &TrendAnalysis) -> Vec<(u32, Want)> {
    let mut curves = Vec::new();
    if trend.linear_trend {
        curves.push(Curve::Linear);
    }
    if trend.polynomial_trend {
        curves.push(Curve::Polynomial(trend.polynomial_degree.clamp(2, 4) as u8));
    }
    if trend.exponential_trend {
        curves.push(Curve::Exponential);
    }
    let parts = [TrendPart::Slope, TrendPart::Residual, TrendPart::RSquared];
    let mut wants = Vec::new();
    for &window in trend.windows.iter().filter(|_| trend.enabled) {
        let all = curves.iter().flat_map(|&curve| parts.map(|part| Measure::Trend(curve, part)));
        wants.extend(all.map(|measure| (window, Want::Measure(measure))));
    }
    wants
}
