//! Takes the features as they pass by, and makes the matrix of those that are wanted.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::select::{Candidate, Selector};
use super::{
    CatalogueEntry, Fate, FittedFeature, FittedPreparation, MOST_LISTED, NodeResult, PrepareError, Prepared, TILE_ROWS,
    at_once_bytes,
};
use crate::analysis::features::{FeatureInput, FeaturePlan, FittedFeatures};
use crate::cx::{Cancelled, Cx};
use crate::data::{Matrix, SeriesOrder};
use crate::recipe::PrepareConfig;

/// A feature that is wanted so far.
struct Held {
    feature: usize,
    fitted: FittedFeature,
    values: Vec<f64>,
}

/// Takes the features of all nodes, in order.
pub(super) struct Collector<'a> {
    plan: &'a FeaturePlan,
    config: &'a PrepareConfig,
    input: &'a FeatureInput<'a>,
    /// Where features are selected; else the matrix is written at once.
    selector: Option<Selector<'a>>,
    held: Vec<Held>,
    matrix: Vec<f64>,
    preparation: FittedPreparation,
    catalogue: Vec<CatalogueEntry>,
}

impl<'a> Collector<'a> {
    /// Makes room for the matrix, or finds out how many features there is room for.
    pub(super) fn new(
        plan: &'a FeaturePlan,
        config: &'a PrepareConfig,
        input: &'a FeatureInput<'a>,
        training: Option<&[u32]>,
        cx: &Cx,
    ) -> Result<Self, PrepareError> {
        let (n_rows, n_features) = (input.table.n_rows(), plan.features.len());
        let at_once = at_once_bytes(plan, n_rows, cx);
        let column = (n_rows as u64).saturating_mul(8).max(1);
        let excess = |n_features: usize, needed: u64| {
            let too_large =
                |(needed_mb, limit_mb)| Err(PrepareError::TooLarge { n_rows, n_features, needed_mb, limit_mb });
            cx.excess_mb(needed).map_or(Ok(()), too_large)
        };
        let mut selector = None;
        let mut matrix = Vec::new();
        if config.feature_selection.enabled {
            excess(1, at_once.saturating_add(2 * column))?;
            let wanted = config.feature_selection.max_features as usize;
            let capacity = capacity(plan, n_rows, config, cx);
            if capacity < wanted.min(n_features) {
                cx.warn(format!(
                    "compute.memory_limit_mb has room for {capacity} features of {n_rows} rows, fewer than \
                     prepare.feature_selection.max_features = {wanted}"
                ));
            }
            let label = input.table.label();
            selector = Some(Selector::new(&config.feature_selection, capacity, n_rows, training, label, cx));
        } else {
            excess(n_features, needed_bytes(plan, n_rows, config, cx))?;
            matrix = vec![0.0; n_rows * n_features];
        }
        let preparation = FittedPreparation {
            source: None,
            kept: Vec::new(),
            features: Vec::new(),
            missing_values: config.missing_values,
            imputation: config.imputation,
        };
        Ok(Self { plan, config, input, selector, held: Vec::new(), matrix, preparation, catalogue: Vec::new() })
    }

    /// Takes the features of the next nodes.
    pub(super) fn take(&mut self, results: Vec<NodeResult>, cx: &Cx) -> Result<(), PrepareError> {
        let mut seconds = Vec::new();
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for result in results {
            let own = Arc::try_unwrap(result.columns);
            let own = own.map_or_else(|shared| shared.columns.clone(), |own| own.columns);
            seconds.extend(own.iter().map(|_| result.seconds / own.len() as f64));
            columns.extend(own);
        }
        let first = self.catalogue.len();
        let place = first..first + columns.len();
        let n_rows = self.input.table.n_rows();
        for ((column, entry), seconds) in
            columns.iter().zip(self.plan.entries.get(place.clone()).unwrap_or_default()).zip(seconds)
        {
            let n_missing = column.iter().filter(|value| !value.is_finite()).count();
            let missing_share = n_missing as f64 / n_rows.max(1) as f64;
            self.catalogue.push(CatalogueEntry { entry: entry.clone(), missing_share, seconds, fate: Fate::Kept });
        }
        if self.selector.is_some() {
            self.select(first, columns, cx)
        } else {
            let fitted = self.fit(place.clone(), &columns, cx)?;
            self.preparation.kept.extend(place.clone());
            self.write(place, columns, &fitted, cx)?;
            self.preparation.features.extend(fitted);
            Ok(())
        }
    }

    /// Learns how to complete and scale the features of the plan in `place`.
    fn fit(&self, place: Range<usize>, columns: &[Vec<f64>], cx: &Cx) -> Result<Vec<FittedFeature>, Cancelled> {
        let features = self.plan.features.get(place).unwrap_or_default();
        let mask = self.input.training();
        let fits = features.par_iter().zip(columns).map(|(feature, column)| {
            cx.check()?;
            FittedFeature::fit(feature, column, mask, self.config, cx)
        });
        fits.collect()
    }

    fn select(&mut self, first: usize, columns: Vec<Vec<f64>>, cx: &Cx) -> Result<(), PrepareError> {
        let Some(selector) = &mut self.selector else { return Ok(()) };
        let names = self.plan.features.get(first..).unwrap_or_default();
        let looks: Result<Vec<Candidate>, Cancelled> = {
            let selector = &*selector;
            let columns = columns.par_iter().zip(names).enumerate();
            columns.map(|(i, (column, feature))| selector.look(first + i, &feature.name, column, cx)).collect()
        };
        let mut wanted = Vec::new();
        for (candidate, values) in looks?.into_iter().zip(columns) {
            let feature = candidate.feature;
            let (fate, gone) = selector.offer(candidate);
            if fate == Fate::Kept {
                wanted.push((feature, values));
            }
            for (feature, fate) in gone.into_iter().chain([(feature, fate)]) {
                if fate != Fate::Kept {
                    wanted.retain(|(other, _)| *other != feature);
                    self.held.retain(|held| held.feature != feature);
                }
                if let Some(entry) = self.catalogue.get_mut(feature) {
                    entry.fate = fate;
                }
            }
        }
        let mask = self.input.training();
        let held: Result<Vec<Held>, Cancelled> = wanted
            .into_par_iter()
            .map(|(feature, values)| {
                cx.check()?;
                let named = self.plan.features.get(feature).cloned().unwrap_or_default();
                let fitted = FittedFeature::fit(&named, &values, mask, self.config, cx)?;
                Ok(Held { feature, fitted, values })
            })
            .collect();
        self.held.extend(held?);
        Ok(())
    }

    /// Completes and scales the columns of some features and writes them into their place in the row-major matrix.
    fn write(
        &mut self,
        place: Range<usize>,
        mut columns: Vec<Vec<f64>>,
        fitted: &[FittedFeature],
        cx: &Cx,
    ) -> Result<(), Cancelled> {
        let width = self.matrix.len().checked_div(self.input.table.n_rows()).unwrap_or(0);
        fill_all(&self.preparation, &mut columns, self.input.order, cx)?;
        self.matrix.par_chunks_mut((TILE_ROWS * width).max(1)).enumerate().try_for_each(|(tile, values)| {
            cx.check()?;
            for ((column, fit), j) in columns.iter().zip(fitted).zip(place.clone()) {
                let rows = column.iter().skip(tile * TILE_ROWS);
                for (row, &value) in values.chunks_exact_mut(width).zip(rows) {
                    row[j] = fit.scaled_value(value);
                }
            }
            Ok(())
        })
    }

    /// The matrix of what was wanted.
    pub(super) fn finish(
        mut self,
        source: FittedFeatures,
        training: Option<Vec<u32>>,
        cx: &Cx,
    ) -> Result<Prepared, PrepareError> {
        if self.selector.is_some() {
            if self.held.is_empty() {
                return Err(PrepareError::NothingSelected { reason: self.why_nothing() });
            }
            // In blocks, so that a column is let go once it is in the matrix.
            let n_rows = self.input.table.n_rows();
            self.matrix = vec![0.0; n_rows * self.held.len()];
            let mut held = std::mem::take(&mut self.held);
            held.sort_by_key(|held| held.feature);
            let mut held = held.into_iter().enumerate().peekable();
            while let Some((first, next)) = held.next() {
                let mut columns = vec![next.values];
                let mut fitted = vec![next.fitted];
                self.preparation.kept.push(next.feature);
                while let Some((_, next)) = held.next_if(|(at, _)| at % 16 != 0) {
                    columns.push(next.values);
                    fitted.push(next.fitted);
                    self.preparation.kept.push(next.feature);
                }
                self.write(first..first + columns.len(), columns, &fitted, cx)?;
                self.preparation.features.extend(fitted);
            }
        }
        warn_of_empty(&self.preparation, cx);
        self.preparation.source = Some(source);
        let features = self.plan.features.iter().enumerate();
        let kept = &self.preparation.kept;
        let features: Vec<_> =
            features.filter(|(i, _)| kept.binary_search(i).is_ok()).map(|(_, feature)| feature.clone()).collect();
        let nothing = || PrepareError::NothingSelected { reason: "the plan is empty".into() };
        let matrix = Matrix::new(features, self.matrix).ok_or_else(nothing)?;
        Ok(Prepared { matrix, fitted: self.preparation, training, catalogue: self.catalogue })
    }

    fn why_nothing(&self) -> String {
        let count = |wanted: &dyn Fn(&Fate) -> bool| self.catalogue.iter().filter(|c| wanted(&c.fate)).count();
        let n_constant = count(&|fate| *fate == Fate::Constant);
        let n_unnamed = count(&|fate| *fate == Fate::NotNamed);
        if n_unnamed > 0 {
            format!("none of the {n_unnamed} features is among prepare.feature_selection.names")
        } else {
            format!("{n_constant} of {} features have one value throughout", self.catalogue.len())
        }
    }
}

/// How many features of a table there is room for, at most those that are asked for. The same whatever the number of threads.
pub fn capacity(plan: &FeaturePlan, n_rows: usize, config: &PrepareConfig, cx: &Cx) -> usize {
    // What is selected is held as columns until the matrix is made of it.
    let column = (n_rows as u64).saturating_mul(16).max(1);
    let room = cx.free_bytes().saturating_sub(at_once_bytes(plan, n_rows, cx)) / column;
    usize::try_from(room).unwrap_or(usize::MAX).min(config.feature_selection.max_features as usize)
}

/// Most bytes that [`super::build`] holds, its result included.
pub fn needed_bytes(plan: &FeaturePlan, n_rows: usize, config: &PrepareConfig, cx: &Cx) -> u64 {
    let column = 8 * n_rows as u64;
    let columns = if config.feature_selection.enabled {
        2 * capacity(plan, n_rows, config, cx).min(plan.features.len())
    } else {
        plan.features.len()
    };
    column.saturating_mul(columns as u64).saturating_add(at_once_bytes(plan, n_rows, cx))
}

/// Fills the gaps of columns from their neighbours, where the settings ask for it.
fn fill_all(
    preparation: &FittedPreparation,
    columns: &mut [Vec<f64>],
    order: &SeriesOrder,
    cx: &Cx,
) -> Result<(), Cancelled> {
    if !preparation.fills() {
        return Ok(());
    }
    columns.par_iter_mut().try_for_each(|column| {
        cx.check()?;
        preparation.fill(column, order);
        Ok(())
    })
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
