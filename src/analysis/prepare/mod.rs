//! Preparation: from features to the complete, comparable, finite matrix that detectors see.
//!
//! Features are pulled from the plan some nodes at a time and fitted. Where all of them are wanted they are written
//! straight into their place in the matrix, so that memory peaks at the matrix and one such block; where some are
//! selected, those are held until the last node has passed.

mod collect;
mod fill;
mod fit;
mod measures;
mod select;
mod stream;
mod summary;
mod training;
mod transform;

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::collect::Collector;
use super::features::catalogue::Entry;
use super::features::{FeatureError, FeatureInput, FeaturePlan, FittedFeatures, FittedNode, NodeColumns};
use crate::cx::{Cancelled, Cx};
use crate::data::{Matrix, SeriesOrder};
use crate::recipe::{Imputation, MissingValues, PrepareConfig};

pub use self::collect::{capacity, needed_bytes};
pub use self::fit::FittedFeature;
pub use self::measures::measures;
pub use self::select::Fate;
pub use self::stream::PreparationStream;
pub use self::training::training_rows;
pub use self::transform::{Transform, Winsorize};

/// Bytes of small nodes' features under way at a time.
const BLOCK_BYTES: u64 = 64 << 20;

/// Rows written at a time: their part of the matrix stays in the cache while a block's features fill it.
const TILE_ROWS: usize = 128;

/// Features named in a warning.
const MOST_LISTED: usize = 10;

/// Values beyond this count as this, so that sums of their squares stay finite.
const LIMIT: f64 = 1e150;

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
        "{n_rows} rows of {n_features} features need {needed_mb} MB with all that is held beside them, more than \
         compute.memory_limit_mb = {limit_mb}; use fewer windows or statistics in \
         features.time_series.rolling_statistics, turn on prepare.feature_selection, read a sample with \
         data.sample_rows, or raise compute.memory_limit_mb"
    )]
    TooLarge {
        /// Rows of the table.
        n_rows: usize,
        /// Features planned.
        n_features: usize,
        /// Memory needed in all, in megabytes.
        needed_mb: u64,
        /// The limit, in megabytes.
        limit_mb: u64,
    },
    /// The selection leaves nothing.
    #[error("no feature is left: {reason}; change prepare.feature_selection, or add columns or features that vary")]
    NothingSelected {
        /// Why.
        reason: String,
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

/// Where the features of a node come from: computed on the spot, or kept from an earlier run.
pub type NodeSource<'a> = dyn Fn(usize) -> Result<NodeResult, FeatureError> + Sync + 'a;

/// The features of a node, and what they cost.
#[derive(Debug, Clone)]
pub struct NodeResult {
    /// The features.
    pub columns: Arc<NodeColumns>,
    /// Seconds it took to compute them; 0 where nobody measured.
    pub seconds: f64,
}

/// The matrix and what was learned to make it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// Features of all rows, complete and scaled; every value is finite, at most 1e150 either way.
    pub matrix: Matrix,
    /// What the features were scaled and completed with.
    pub fitted: FittedPreparation,
    /// Rows to learn from; `None`: all.
    pub training: Option<Vec<u32>>,
    /// Every feature of the plan with what became of it.
    pub catalogue: Vec<CatalogueEntry>,
}

/// A feature of the plan, after it was computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CatalogueEntry {
    /// What is known of it.
    pub entry: Entry,
    /// Share of the rows without a value, 0 to 1.
    pub missing_share: f64,
    /// Seconds it took, its share of those of its step.
    pub seconds: f64,
    /// Whether detectors see it, and why not.
    pub fate: Fate,
}

/// What features are computed, scaled and completed with, learned once and applied to any rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedPreparation {
    /// How the features are computed; `None` where they come from elsewhere.
    pub source: Option<FittedFeatures>,
    /// Per feature of the matrix, its place in the plan.
    pub kept: Vec<usize>,
    /// Per feature, in the order of the matrix.
    pub features: Vec<FittedFeature>,
    /// What happens where a value is missing.
    pub missing_values: MissingValues,
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

    /// Completes and scales values of a feature (per table row, NaN = missing), in place. `order` says which value comes
    /// before which. Leaves values of an unknown feature alone.
    pub fn apply_column(&self, feature: usize, values: &mut [f64], order: &SeriesOrder) {
        let Some(fitted) = self.features.get(feature) else { return };
        self.fill(values, order);
        values.iter_mut().for_each(|value| *value = fitted.scaled_value(*value));
    }

    /// Fills gaps from neighbours, where the settings ask for it.
    fn fill(&self, values: &mut [f64], order: &SeriesOrder) {
        if self.missing_values == MissingValues::Interpolate {
            fill::linear(values, order, f64::MAX);
        } else if self.imputation == Imputation::Forward {
            fill::forward(values, order);
        }
    }

    fn fills(&self) -> bool {
        self.missing_values == MissingValues::Interpolate || self.imputation == Imputation::Forward
    }
}

impl Prepared {
    /// Prepared features that were kept apart from their plan and table. `values` are those of the matrix, row after row.
    ///
    /// Returns `None` where the parts do not fit each other.
    pub fn from_parts(
        values: Vec<f64>,
        fitted: FittedPreparation,
        catalogue: Vec<CatalogueEntry>,
        plan: &FeaturePlan,
        input: &FeatureInput<'_>,
    ) -> Option<Self> {
        let features: Option<Vec<_>> = fitted.kept.iter().map(|&at| plan.features.get(at).cloned()).collect();
        let matrix = Matrix::new(features?, values)?;
        let n_features = matrix.n_features();
        let fits = matrix.n_rows() == input.table.n_rows() && fitted.features.len() == n_features;
        (fits && catalogue.len() == plan.features.len()).then(|| Self {
            matrix,
            fitted,
            training: training_numbers(input),
            catalogue,
        })
    }

    /// Bytes of what [`Prepared::training_matrix`] gives.
    pub fn training_bytes(&self) -> u64 {
        let limited = self.fitted.features.iter().any(|feature| feature.scaled_limits().is_some());
        let n_rows = match &self.training {
            Some(rows) => rows.len(),
            None if limited => self.matrix.n_rows(),
            None => 0,
        };
        8 * (n_rows * self.matrix.n_features()) as u64
    }

    /// Whether detectors learn from the matrix itself: from all of its rows, as they are.
    pub fn is_learned_whole(&self) -> bool {
        self.training.is_none() && self.fitted.features.iter().all(|feature| feature.scaled_limits().is_none())
    }

    /// What detectors learn from, where that is not the matrix itself: its training rows, pulled in where outliers are
    /// winsorized.
    pub fn training_matrix(&self) -> Option<Matrix> {
        if self.is_learned_whole() {
            return None;
        }
        let limits: Vec<Option<(f64, f64)>> = self.fitted.features.iter().map(FittedFeature::scaled_limits).collect();
        let clamp = |row: &[f64]| -> Vec<f64> {
            let value = |(&value, limit): (&f64, &Option<(f64, f64)>)| match limit {
                Some((low, high)) => value.clamp(*low, *high),
                None => value,
            };
            row.iter().zip(&limits).map(value).collect()
        };
        let data = match &self.training {
            Some(rows) => rows.iter().flat_map(|&row| clamp(self.matrix.row(row as usize))).collect(),
            None => self.matrix.iter_rows().flat_map(clamp).collect(),
        };
        Matrix::new(self.matrix.features(), data)
    }
}

/// Computes, completes, scales and selects the features of a table. Fitted on the training rows of `input`. The same bits
/// whatever the number of threads.
///
/// # Errors
/// When cancelled, when the matrix would exceed the memory limit, when nothing is left, or when the table is not the
/// plan's.
pub fn build(
    plan: &FeaturePlan,
    input: &FeatureInput<'_>,
    config: &PrepareConfig,
    source: &NodeSource<'_>,
    cx: &Cx,
) -> Result<Prepared, PrepareError> {
    let n_rows = input.table.n_rows();
    let training = training_numbers(input);
    let blocks = blocks(plan, n_rows, cx);
    let mut collector = Collector::new(plan, config, input, training.as_deref(), cx)?;
    cx.progress().start("Features", plan.features.len() as u64);
    let mut nodes: Vec<FittedNode> = Vec::with_capacity(plan.n_nodes());
    for block in blocks {
        let results: Result<Vec<NodeResult>, FeatureError> = block.into_par_iter().map(source).collect();
        let results = results?;
        nodes.extend(results.iter().map(|result| result.columns.fitted.clone()));
        collector.take(results, cx)?;
    }
    collector.finish(FittedFeatures { plan: plan.clone(), nodes }, training, cx)
}

/// Numbers of the rows to learn from; `None`: all.
fn training_numbers(input: &FeatureInput<'_>) -> Option<Vec<u32>> {
    input.training().map(|mask| (0u32..).zip(mask).filter(|(_, m)| **m).map(|(row, _)| row).collect())
}

/// The nodes, in groups that are computed side by side: small ones together, so that threads do not wait for each other after
/// each; large ones as many as there are threads, as far as an eighth of the memory allows.
fn blocks(plan: &FeaturePlan, n_rows: usize, cx: &Cx) -> Vec<Range<usize>> {
    let n_threads = rayon::current_num_threads().max(1);
    let (small, most) = block_bytes(cx);
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for node in 0..plan.n_nodes() {
        let needed = plan.node_bytes(node, n_rows);
        let fits = |block: &Range<usize>| {
            let are_small = bytes + needed <= small && block.len() < 4 * n_threads;
            are_small || (bytes + needed <= most && block.len() < n_threads)
        };
        match blocks.last_mut() {
            Some(block) if fits(block) => {
                block.end += 1;
                bytes += needed;
            }
            _ => {
                blocks.push(node..node + 1);
                bytes = needed;
            }
        }
    }
    blocks
}

/// Bytes of a block of small nodes, and of any block of several.
fn block_bytes(cx: &Cx) -> (u64, u64) {
    let eighth = cx.free_bytes() / 8;
    (eighth.min(BLOCK_BYTES), eighth)
}

/// Most bytes that the nodes of a block hold, whatever the number of threads.
fn at_once_bytes(plan: &FeaturePlan, n_rows: usize, cx: &Cx) -> u64 {
    let nodes = || (0..plan.n_nodes()).map(|node| plan.node_bytes(node, n_rows));
    let largest = nodes().max().unwrap_or(0);
    block_bytes(cx).1.max(largest).min(nodes().sum())
}

#[cfg(test)]
mod tests;
