//! Features of a value against other values of its column.

use super::builder::Builder;
use crate::analysis::features::distribution::Entropy;
use crate::analysis::features::steps::FENCE;
use crate::analysis::features::steps::entropy::Entropies;
use crate::analysis::features::steps::standing::{Part, Standing};
use crate::analysis::features::steps::windows::{Want, Windows};
use crate::analysis::features::windows::Measure;
use crate::recipe::{EntropyMethod, FeaturesConfig, OutlierMethod, Scope, Statistic, StatisticalFeatures};

/// Adds the statistical features of a column.
pub(super) fn plan(builder: &mut Builder, config: &FeaturesConfig, column: &str) {
    let statistical = &config.statistical;
    if !statistical.enabled {
        return;
    }
    let standing = against_training(config);
    if statistical.scopes.contains(&Scope::Global) && !standing.is_empty() {
        let step = Standing {
            parts: standing,
            limit: statistical.z_score_limit,
            tail_level: statistical.distribution.tail_threshold,
        };
        builder.add("features.statistical", step, &[column], &[]);
    }
    let Some(unit) = builder.unit else { return };
    let rolling = &config.time_series.rolling_statistics;
    let mut wants = Vec::new();
    if let Some(longest) = statistical.windows.iter().copied().max()
        && statistical.scopes.contains(&Scope::Rolling)
    {
        wants.extend(against_the_past(statistical).into_iter().map(|want| (longest, want)));
    }
    for &window in &statistical.windows {
        wants.extend(of_the_window(statistical).into_iter().map(|want| (window, want)));
    }
    // What the rolling statistics give already is not made twice.
    if config.time_series.enabled {
        wants.retain(|(window, want)| !(rolling.windows.contains(window) && is_rolling(config, *want)));
    }
    let mut unique: Vec<(u32, Want)> = Vec::new();
    for want in wants {
        if !unique.contains(&want) {
            unique.push(want);
        }
    }
    let windows = Windows {
        unit,
        wants: unique,
        min_periods: rolling.min_periods,
        min_history: rolling.min_history,
        of_changes: false,
    };
    builder.add("features.statistical", windows, &[column], &[]);
    let entropy = &statistical.entropy;
    if entropy.enabled {
        let kind = |method: &EntropyMethod| match method {
            EntropyMethod::Shannon => Entropy::Shannon,
            EntropyMethod::Renyi => Entropy::Renyi { order: entropy.renyi_order },
            EntropyMethod::Tsallis => Entropy::Tsallis { order: entropy.tsallis_order },
        };
        let step = Entropies {
            unit,
            windows: statistical.windows.clone(),
            bins: entropy.bins as usize,
            kinds: entropy.methods.iter().map(kind).collect(),
        };
        builder.add("features.statistical.entropy", step, &[column], &[]);
    }
}

/// How the row compares with the training rows.
fn against_training(config: &FeaturesConfig) -> Vec<Part> {
    let statistical = &config.statistical;
    let mut parts = Vec::new();
    if statistical.z_scores {
        parts.push(Part::ZScore);
    }
    if statistical.percentiles {
        parts.push(Part::PercentileRank);
    }
    if statistical.outlier_detection {
        parts.extend(statistical.outlier_methods.iter().map(|&method| Part::Outlier(method)));
    }
    if statistical.distribution.enabled && statistical.distribution.tail_statistics {
        parts.push(Part::TailExcess);
    }
    parts
}

/// How the row compares with the window before it.
fn against_the_past(statistical: &StatisticalFeatures) -> Vec<Want> {
    let limit = statistical.z_score_limit;
    let mut wants = Vec::new();
    if statistical.z_scores {
        wants.push(Want::Measure(Measure::ZScore { limit }));
    }
    if statistical.percentiles {
        wants.push(Want::Measure(Measure::PercentileRank));
    }
    for method in statistical.outlier_methods.iter().filter(|_| statistical.outlier_detection) {
        wants.push(match method {
            OutlierMethod::Iqr => Want::Measure(Measure::IqrFlag { factor: FENCE }),
            OutlierMethod::ZScore => Want::ZFlag,
            OutlierMethod::ModifiedZScore => Want::Measure(Measure::ModifiedZScore { limit }),
        });
    }
    wants
}

/// What the window itself is like.
fn of_the_window(statistical: &StatisticalFeatures) -> Vec<Want> {
    let mut wants = Vec::new();
    let quantile = |level: f64| Want::Measure(if level == 0.5 { Measure::Median } else { Measure::Quantile(level) });
    if statistical.percentiles {
        wants.extend(statistical.percentile_levels.iter().map(|&level| quantile(level / 100.0)));
    }
    let distribution = &statistical.distribution;
    if distribution.enabled {
        wants.extend(distribution.moments_order.iter().map(|order| match order {
            1 => Want::Measure(Measure::Mean),
            2 => Want::Variance,
            3 => Want::Measure(Measure::Skewness),
            _ => Want::Measure(Measure::Kurtosis),
        }));
        wants.extend(distribution.quantile_levels.iter().map(|&level| quantile(level)));
        if distribution.tail_statistics {
            wants.push(Want::TailShare(distribution.tail_threshold));
            wants.push(Want::MeanExcess(distribution.tail_threshold));
        }
    }
    wants
}

/// Whether the rolling statistics give that for their windows.
fn is_rolling(config: &FeaturesConfig, want: Want) -> bool {
    let rolling = &config.time_series.rolling_statistics;
    let has = |statistic| rolling.statistics.contains(&statistic);
    match want {
        Want::Measure(Measure::Mean) => has(Statistic::Mean),
        Want::Measure(Measure::Median) => has(Statistic::Median),
        Want::Measure(Measure::Quantile(level)) => rolling.quantiles.contains(&level),
        _ => false,
    }
}
