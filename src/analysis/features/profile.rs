//! The whole table at a glance: how each column is distributed, and how columns move together.
//!
//! These are the global forms of the statistics that features take over windows: constants of the data, so no features.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::FeatureError;
use super::correlation::{CrossForm, correlation_matrix, cross_correlation};
use super::distribution::{ColumnProfile, Entropy, ProfileConfig};
use super::input::FeatureInput;
use crate::cx::Cx;
use crate::recipe::{CorrelationMethod, EntropyMethod, StatisticalFeatures};

/// Fewest rows that a correlation is taken of.
const MIN_PAIRS: usize = 3;

/// What the training rows of a table say as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableProfile {
    /// The numeric columns that have values, in table order.
    pub columns: Vec<ColumnSummary>,
    /// Correlation matrices over these columns, one per method of the recipe.
    pub correlations: Vec<CorrelationMatrix>,
    /// Correlations at lags, of the pairs that correlate most at the same time.
    pub cross_correlations: Vec<CrossCorrelation>,
}

/// How the values of a column are distributed. Values that cannot be told (skewness of two values) are `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnSummary {
    /// Name of the column.
    pub name: String,
    /// Number of values.
    pub n: usize,
    /// Number of rows without a value.
    pub n_missing: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation (n - 1).
    pub std: f64,
    /// Skewness, corrected for bias.
    pub skewness: Option<f64>,
    /// Excess kurtosis, corrected for bias.
    pub excess_kurtosis: Option<f64>,
    /// Levels (0 to 1) and quantiles (type 7).
    pub quantiles: Vec<(f64, f64)>,
    /// Share of the values above the upper tail's threshold, and their mean distance from it.
    pub upper_tail: (f64, f64),
    /// Share of the values below the lower tail's threshold, and their mean distance from it.
    pub lower_tail: (f64, f64),
    /// Entropies over bins of equal width, by name.
    pub entropies: Vec<(EntropyMethod, f64)>,
}

/// Correlation of every column with every other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrelationMatrix {
    /// Which coefficient.
    pub method: CorrelationMethod,
    /// Row after row, -1 to 1; `None` where a column is constant or there are too few common rows.
    pub values: Vec<Option<f64>>,
}

/// Correlation of a column with an earlier part of another, within entities joined in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrossCorrelation {
    /// The column that leads.
    pub leads: String,
    /// The column that follows.
    pub follows: String,
    /// By how many rows.
    pub lag: u32,
    /// Pearson correlation; `None` where it is not defined.
    pub value: Option<f64>,
}

/// Describes the training rows of a table.
///
/// # Errors
/// When cancelled, or where there is nothing to describe.
pub fn profile(input: &FeatureInput<'_>, config: &StatisticalFeatures, cx: &Cx) -> Result<TableProfile, FeatureError> {
    let names: Vec<&str> = input.table.feature_names().collect();
    let entropy = |method: &EntropyMethod| match method {
        EntropyMethod::Shannon => Entropy::Shannon,
        EntropyMethod::Renyi => Entropy::Renyi { order: config.entropy.renyi_order },
        EntropyMethod::Tsallis => Entropy::Tsallis { order: config.entropy.tsallis_order },
    };
    let what = ProfileConfig {
        quantile_levels: config.distribution.quantile_levels.clone(),
        tail_level: config.distribution.tail_threshold,
        entropy_bins: config.entropy.bins as usize,
        entropies: config.entropy.methods.iter().map(entropy).collect(),
    };
    cx.progress().start("Profile", names.len() as u64);
    let described = names.par_iter().map(|&name| {
        let values = input.training_column(name)?;
        let summary = ColumnProfile::fit(&what, &values, cx)?;
        cx.progress().add(1);
        Ok(summary.map(|summary| (summarised(name, &summary, &config.entropy.methods), values)))
    });
    let described: Result<Vec<_>, FeatureError> = described.collect();
    let (columns, values): (Vec<ColumnSummary>, Vec<Vec<f64>>) = described?.into_iter().flatten().unzip();
    let slices: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
    let mut correlations = Vec::new();
    for &method in &config.correlation.methods {
        let matrix = correlation_matrix(method, &slices, MIN_PAIRS, cx)?;
        correlations.push(CorrelationMatrix { method, values: matrix.into_iter().map(defined).collect() });
    }
    let pairs = leading_pairs(&slices, config.correlation.max_pairs as usize, cx)?;
    let mut cross_correlations = Vec::new();
    for (first, second) in pairs {
        for (a, b) in [(first, second), (second, first)] {
            let (Some(x), Some(y)) = (slices.get(a), slices.get(b)) else { continue };
            let name = |at: usize| columns.get(at).map_or_else(String::new, |column| column.name.clone());
            for &lag in &config.correlation.cross_correlation_lags {
                cx.check()?;
                let value = defined(cross_correlation(x, y, lag as usize, CrossForm::Overlap));
                cross_correlations.push(CrossCorrelation { leads: name(a), follows: name(b), lag, value });
            }
        }
    }
    Ok(TableProfile { columns, correlations, cross_correlations })
}

fn summarised(name: &str, profile: &ColumnProfile, methods: &[EntropyMethod]) -> ColumnSummary {
    let tails = &profile.tail_statistics;
    ColumnSummary {
        name: name.to_owned(),
        n: profile.n,
        n_missing: profile.n_missing,
        mean: profile.mean,
        std: profile.std,
        skewness: profile.skewness,
        excess_kurtosis: profile.excess_kurtosis,
        quantiles: profile.quantiles.clone(),
        upper_tail: (tails.share_above, tails.excess_above),
        lower_tail: (tails.share_below, tails.excess_below),
        entropies: methods.iter().copied().zip(profile.entropies.iter().map(|&(_, value)| value)).collect(),
    }
}

/// The pairs of columns that correlate most, by Pearson.
pub(super) fn leading_pairs(columns: &[&[f64]], most: usize, cx: &Cx) -> Result<Vec<(usize, usize)>, FeatureError> {
    let n = columns.len();
    let matrix = correlation_matrix(CorrelationMethod::Pearson, columns, MIN_PAIRS, cx)?;
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for first in 0..n {
        for second in first + 1..n {
            let value = matrix.get(first * n + second).copied().unwrap_or(f64::NAN).abs();
            pairs.push((if value.is_finite() { value } else { 0.0 }, first, second));
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(pairs.into_iter().take(most).map(|(_, first, second)| (first, second)).collect())
}

fn defined(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
