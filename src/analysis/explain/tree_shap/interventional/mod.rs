//! Shapley values where unknown features are those of background rows.
//!
//! For one leaf and one background row, a set of known features leads to the leaf where each feature of the path is
//! inside the box of the leaf in the row it is taken from. So only the features count that are inside in just one of the
//! two rows, and none may be outside in both: a of them are inside in the row explained, b in the background row. Each of
//! the a gains value · (a - 1)! b! / (a + b)!, each of the b loses value · a! (b - 1)! / (a + b)! (Lundberg et al. 2020,
//! algorithm 3).
//!
//! Which features of a leaf are inside makes a mask of a row. Rows with the same mask get the same from a leaf: it is
//! worked out once for all of them, over all background rows.

mod leaf;
mod paths;

use rayon::prelude::*;

use super::lanes::Blocks;
use crate::analysis::detect::isolation_forest::{IsolationForest, IsolationTree};
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;
use leaf::{Leaf, Weights};
use paths::{LeafBox, Leaves, MAX_FEATURES, Masks};

/// Parts of the forest that threads share out. Their sums are added in a fixed order, so that threads do not matter.
const PARTS: usize = 32;

/// Values explained at a time: a part has a sum for each.
const CHUNK_VALUES: usize = 1 << 17;

/// Rows between two looks at the cancel flag.
const CHECK_ROWS: usize = 64;

/// Background rows and the weights of what they give.
#[derive(Debug, Clone)]
pub(super) struct Background {
    rows: Blocks,
    n_rows: usize,
    weights: Weights,
}

impl Background {
    /// `None` where a path of the forest has more than [`MAX_FEATURES`] different features.
    pub(super) fn new(forest: &IsolationForest, rows: &Matrix, cx: &Cx) -> Result<Option<Self>, Cancelled> {
        for leaf in forest.trees().iter().flat_map(Leaves::of) {
            cx.check()?;
            if leaf.path.len() > MAX_FEATURES {
                return Ok(None);
            }
        }
        let blocks = Blocks::new(rows.values(), rows.n_features());
        Ok(Some(Self { rows: blocks, n_rows: rows.n_rows(), weights: Weights::new(MAX_FEATURES) }))
    }

    /// Per row and feature the sum of the contributions over the trees.
    pub(super) fn contributions(
        &self,
        forest: &IsolationForest,
        rows: &Matrix,
        cx: &Cx,
    ) -> Result<Vec<f64>, Cancelled> {
        let steps = rows.n_rows() as u64 * forest.trees().len() as u64;
        cx.progress().start("Isolation forest: explain", steps);
        let width = rows.n_features();
        let chunk_rows = (CHUNK_VALUES / width).max(1);
        let mut sums = vec![0.0; rows.values().len()];
        for (values, sums) in rows.values().chunks(chunk_rows * width).zip(sums.chunks_mut(chunk_rows * width)) {
            let blocks = Blocks::new(values, width);
            let part_trees = forest.trees().len().div_ceil(PARTS).max(1);
            let part = |trees: &[IsolationTree]| {
                let mut sums = vec![0.0; sums.len()];
                self.add_contributions(trees, &blocks, width, &mut sums, cx)?;
                Ok(sums)
            };
            let parts: Vec<Vec<f64>> = forest.trees().par_chunks(part_trees).map(part).collect::<Result<_, _>>()?;
            for part in parts {
                sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
            }
        }
        Ok(sums)
    }

    fn add_contributions(
        &self,
        trees: &[IsolationTree],
        rows: &Blocks,
        width: usize,
        sums: &mut [f64],
        cx: &Cx,
    ) -> Result<(), Cancelled> {
        let arch = pulp::Arch::new();
        let mut leaf = Leaf::default();
        let (mut background, mut masks) = (Vec::new(), Vec::new());
        for tree in trees {
            for LeafBox { value, path } in Leaves::of(tree) {
                arch.dispatch(Masks { path: &path, rows: &self.rows, masks: &mut background });
                background.truncate(self.n_rows);
                leaf.open(value / self.n_rows as f64, path.len(), &mut background);
                arch.dispatch(Masks { path: &path, rows, masks: &mut masks });
                for (masks, sums) in masks.chunks(CHECK_ROWS).zip(sums.chunks_mut(CHECK_ROWS * width)) {
                    cx.check()?;
                    for (&mask, sums) in masks.iter().zip(sums.chunks_exact_mut(width)) {
                        for (interval, contribution) in path.iter().zip(leaf.contributions(mask, &self.weights)) {
                            sums[interval.feature as usize] += contribution;
                        }
                    }
                }
            }
            cx.progress().add((sums.len() / width) as u64);
        }
        Ok(())
    }
}
