//! Preparation: from features to the complete, comparable, finite matrix that detectors see.
//!
//! Features are pulled from the plan a few raw columns at a time, fitted, and written straight into their place in
//! the matrix, so that memory peaks at the matrix and one such block.

mod fit;
mod measures;
mod summary;

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::features::{FeatureError, FeaturePlan};
use crate::cx::{Cancelled, Cx};
use crate::data::{Matrix, SeriesOrder, Table};
use crate::recipe::{Imputation, PrepareConfig};

pub use self::fit::FittedFeature;
pub use self::measures::measures;

/// Bytes of raw columns' features under way at a time, where one of them needs less.
const BLOCK_BYTES: u64 = 64 << 20;

/// Rows written at a time: their part of the matrix stays in the cache while a block's features fill it.
const TILE_ROWS: usize = 128;

/// Features named in a warning.
const MOST_LISTED: usize = 10;

/// Why there is no matrix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// The user cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// The features could not be computed.
    #[error(transparent)]
    Features(FeatureError),
    /// The matrix would not fit the memory limit.
    #[error(
        "{n_rows} rows of {n_features} features need {needed_mb} MB, more than compute.memory_limit_mb = {limit_mb}; \
         use fewer windows or statistics in features.time_series.rolling_statistics, read a sample with \
         data.sample_rows, or raise compute.memory_limit_mb"
    )]
    TooLarge {
        /// Rows of the table.
        n_rows: usize,
        /// Features planned.
        n_features: usize,
        /// Memory needed, in megabytes.
        needed_mb: u64,
        /// The limit, in megabytes.
        limit_mb: u64,
    },
}

impl From<Cancelled> for PrepareError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<FeatureError> for PrepareError {
    fn from(error: FeatureError) -> Self {
        match error {
            FeatureError::Cancelled => Self::Cancelled,
            error => Self::Features(error),
        }
    }
}

/// The matrix and what was learned to make it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// Features of all rows, complete and scaled; every value is finite, at most 1e150 either way.
    pub matrix: Matrix,
    /// What the features were scaled and completed with.
    pub fitted: FittedPreparation,
}

/// What features are scaled and completed with, learned once and applied to any rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedPreparation {
    /// Per feature, in the order of the matrix.
    pub features: Vec<FittedFeature>,
    /// What takes the place of a missing value.
    pub imputation: Imputation,
}

impl FittedPreparation {
    /// The value before scaling; NaN for an unknown feature.
    pub fn raw_value(&self, feature: usize, scaled: f64) -> f64 {
        self.features.get(feature).map_or(f64::NAN, |fitted| fitted.raw_value(scaled))
    }

    /// A typical value of a feature, before scaling: its median. NaN for an unknown feature.
    pub fn typical(&self, feature: usize) -> f64 {
        self.features.get(feature).map_or(f64::NAN, |fitted| fitted.median)
    }

    /// Completes and scales values of a feature (per table row, NaN = missing), in place. `order` says which value
    /// comes before which, for [`Imputation::Forward`]. Leaves values of an unknown feature alone.
    pub fn apply_column(&self, feature: usize, values: &mut [f64], order: &SeriesOrder) {
        let Some(fitted) = self.features.get(feature) else { return };
        if self.imputation == Imputation::Forward {
            fill_forward(values, order);
        }
        values.iter_mut().for_each(|value| *value = fitted.scaled_value(*value));
    }
}

/// Computes, completes and scales the features of a table. Fitted on all its rows. The same bits whatever the number
/// of threads. `order` is that of `table`.
///
/// # Errors
/// When cancelled, when the matrix would exceed the memory limit, or when the table is not the plan's.
pub fn build(
    table: &Table,
    plan: &FeaturePlan,
    config: &PrepareConfig,
    order: &SeriesOrder,
    cx: &Cx,
) -> Result<Prepared, PrepareError> {
    let (n_rows, n_features) = (table.n_rows(), plan.features.len());
    let n_at_once = sources_at_once(plan, n_rows);
    check_size(plan, n_rows, n_at_once, cx)?;
    cx.progress().start("Features", n_features as u64);
    let mut values = vec![0.0; n_rows * n_features];
    let mut fitted = FittedPreparation { features: Vec::with_capacity(n_features), imputation: config.imputation };
    let sources: Vec<usize> = (0..plan.n_sources()).collect();
    for block in sources.chunks(n_at_once) {
        let columns = compute_block(table, plan, block, order, cx)?;
        let first = fitted.features.len();
        let features = plan.features.get(first..first + columns.len()).unwrap_or_default();
        let fits: Result<Vec<FittedFeature>, Cancelled> = features
            .par_iter()
            .zip(&columns)
            .map(|(feature, column)| {
                cx.check()?;
                Ok(FittedFeature::fit(feature, column, config))
            })
            .collect();
        fitted.features.extend(fits?);
        write_block(&mut values, n_features, first..first + columns.len(), columns, &fitted, order, cx)?;
    }
    warn_of_empty(&fitted, cx);
    let no_features = || PrepareError::Features(FeatureError::NoFeatures { reason: "the plan is empty".into() });
    let matrix = Matrix::new(plan.features.clone(), values).ok_or_else(no_features)?;
    Ok(Prepared { matrix, fitted })
}

/// How many raw columns are under way at a time: as many as there are threads for, unless they are large.
fn sources_at_once(plan: &FeaturePlan, n_rows: usize) -> usize {
    let fitting = BLOCK_BYTES / plan.source_bytes(n_rows).max(1);
    usize::try_from(fitting).unwrap_or(1).clamp(1, rayon::current_num_threads().max(1))
}

/// Refuses what would not fit, before anything large is made.
fn check_size(plan: &FeaturePlan, n_rows: usize, n_at_once: usize, cx: &Cx) -> Result<(), PrepareError> {
    let n_features = plan.features.len();
    let matrix = (n_rows as u64).saturating_mul(n_features as u64).saturating_mul(8);
    let needed = matrix.saturating_add(plan.source_bytes(n_rows).saturating_mul(n_at_once as u64));
    if needed <= cx.memory_limit_bytes {
        return Ok(());
    }
    let (needed_mb, limit_mb) = (needed.div_ceil(1 << 20), cx.memory_limit_bytes >> 20);
    Err(PrepareError::TooLarge { n_rows, n_features, needed_mb, limit_mb })
}

/// The features of some raw columns, side by side.
fn compute_block(
    table: &Table,
    plan: &FeaturePlan,
    sources: &[usize],
    order: &SeriesOrder,
    cx: &Cx,
) -> Result<Vec<Vec<f64>>, FeatureError> {
    let blocks: Result<Vec<_>, _> =
        sources.par_iter().map(|&source| plan.compute_source(source, table, order, cx)).collect();
    Ok(blocks?.into_iter().flatten().collect())
}

/// Completes and scales the columns of some features and writes them into the row-major matrix.
fn write_block(
    matrix: &mut [f64],
    n_features: usize,
    place: Range<usize>,
    mut columns: Vec<Vec<f64>>,
    fitted: &FittedPreparation,
    order: &SeriesOrder,
    cx: &Cx,
) -> Result<(), Cancelled> {
    if fitted.imputation == Imputation::Forward {
        columns.par_iter_mut().try_for_each(|column| {
            cx.check()?;
            fill_forward(column, order);
            Ok(())
        })?;
    }
    let fits = fitted.features.get(place.clone()).unwrap_or_default();
    matrix.par_chunks_mut(TILE_ROWS * n_features).enumerate().try_for_each(|(tile, values)| {
        cx.check()?;
        for ((column, fit), j) in columns.iter().zip(fits).zip(place.clone()) {
            let rows = column.iter().skip(tile * TILE_ROWS);
            for (row, &value) in values.chunks_exact_mut(n_features).zip(rows) {
                row[j] = fit.scaled_value(value);
            }
        }
        Ok(())
    })
}

/// Gives missing values the last one before them of the same entity, where there is one.
fn fill_forward(values: &mut [f64], order: &SeriesOrder) {
    for group in order.groups() {
        let mut last = f64::NAN;
        for &row in group {
            match values.get_mut(row as usize) {
                Some(value) if value.is_finite() => last = *value,
                Some(value) => *value = last,
                None => {}
            }
        }
    }
}

/// One warning that lists the features without any value.
fn warn_of_empty(fitted: &FittedPreparation, cx: &Cx) {
    let empty: Vec<&str> = fitted.features.iter().filter(|f| f.n_present == 0).map(|f| f.name.as_str()).collect();
    if empty.is_empty() {
        return;
    }
    let named = empty.iter().take(MOST_LISTED).copied().collect::<Vec<_>>().join(", ");
    let more = match empty.len().saturating_sub(MOST_LISTED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    cx.warn(format!(
        "{} of {} features have no value and are 0 throughout: {named}{more}",
        empty.len(),
        fitted.features.len()
    ));
}

#[cfg(test)]
mod tests;
