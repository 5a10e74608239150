//! The raw scores of one detector, and what every combination needs to know of them.

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use crate::analysis::stats::{mean_std, quantile_of_sorted};
use crate::recipe::DetectorKind;

/// Raw scores of one detector, one per row of the table. Clones share everything.
#[derive(Debug, Clone)]
pub struct DetectorScores {
    /// Which detector.
    pub kind: DetectorKind,
    /// Its `decision_function`, higher = more abnormal.
    pub raw: Arc<Vec<f64>>,
    /// Found when it is first asked for, then kept: a changed weight does not sort a million scores again.
    reference: Arc<Reference>,
}

#[derive(Debug, Default)]
struct Reference {
    /// Rows that normalisation is fitted on; `None`: all.
    training: Option<Arc<Vec<u32>>>,
    summary: OnceLock<Summary>,
    ranks: OnceLock<Vec<f64>>,
}

/// The scores of the training rows.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) mean: f64,
    pub(super) std: f64,
    /// Ascending.
    pub(super) sorted: Vec<f64>,
}

impl DetectorScores {
    /// Scores of a run; `training` lists the rows that were learned from (`None`: all).
    pub fn new(kind: DetectorKind, raw: Arc<Vec<f64>>, training: Option<Arc<Vec<u32>>>) -> Self {
        let reference = Reference { training, summary: OnceLock::new(), ranks: OnceLock::new() };
        Self { kind, raw, reference: Arc::new(reference) }
    }

    /// The scores of the training rows, sorted.
    pub(super) fn summary(&self) -> &Summary {
        self.reference.summary.get_or_init(|| {
            let scores = match &self.reference.training {
                Some(rows) => rows.iter().filter_map(|&row| self.raw.get(row as usize).copied()).collect(),
                None => self.raw.to_vec(),
            };
            Summary::of(scores)
        })
    }

    /// The rank of every row among the training rows, 0 to 1, ties halved.
    pub(super) fn ranks(&self) -> &[f64] {
        self.reference.ranks.get_or_init(|| {
            let sorted = &self.summary().sorted;
            self.raw.par_iter().map(|&score| rank(sorted, score)).collect()
        })
    }
}

impl Summary {
    fn of(mut scores: Vec<f64>) -> Self {
        // Before the sort: sums depend on the order, and the order of the rows is the same for any recipe.
        let (mean, std) = mean_std(&scores);
        scores.par_sort_unstable_by(f64::total_cmp);
        Self { mean, std, sorted: scores }
    }

    /// The quantile of a level in 0 to 1.
    pub(super) fn quantile(&self, level: f64) -> f64 {
        quantile_of_sorted(&self.sorted, level)
    }
}

/// Share of sorted scores below one, ties halved.
pub(super) fn rank(sorted: &[f64], score: f64) -> f64 {
    let below = sorted.partition_point(|&s| s < score);
    let up_to = below + sorted.get(below..).map_or(0, |rest| rest.partition_point(|&s| s <= score));
    (below + up_to) as f64 / (2 * sorted.len().max(1)) as f64
}
