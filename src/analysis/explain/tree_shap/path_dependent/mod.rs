//! Shapley values where an unknown feature takes both sides of a split, weighted by the training rows that did.
//!
//! A tree then gives Σ over its leaves of value · Π over the features of the path of o or z: o, for a known feature, is 1
//! where the row passes all splits by it on the path, else 0; z, for an unknown one, is the share of the training rows
//! that pass them. With F = t·o + (1 - t)·z for each feature, the Shapley value of feature j is the integral over t from
//! 0 to 1 of Σ value · (o - z of j) · Π F of the others (Owen: Multilinear extensions of games, 1972). That is a
//! polynomial in t, which quadrature integrates exactly: it takes half as many nodes as a path has features.
//!
//! At each node of the quadrature one walk over a tree is enough, as in Linear TreeSHAP (Yu, Bifet, Read, Xu: NeurIPS
//! 2022). Down, it multiplies the F along the path; up, it sums value · Π F of the leaves below. As (o - z) / F is
//! (o / F - 1) / (1 - t), a split gives its feature what is below each of its sides times the o / F there, less all that
//! is below it times the o / F that the splits by the same feature above it left. F is positive, so that there are
//! differences of sums only, and deep paths lose no digits.

mod layout;
mod walk;

use rayon::prelude::*;

use super::lanes::{Blocks, LANES, Lanes};
use super::quadrature::{QuadratureNode, gauss_legendre};
use crate::analysis::detect::isolation_forest::IsolationForest;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;
use layout::Layout;
use walk::{Scratch, SplitWeights, Walk};

/// Rows explained at a time by one thread: enough to share what is worked out per tree.
const BLOCK_ROWS: usize = 128;

/// Values explained at a time by one thread: they stay in a near cache.
const BLOCK_VALUES: usize = 8192;

/// A forest laid out for walks.
#[derive(Debug, Clone)]
pub(super) struct Forest {
    trees: Vec<Layout>,
    /// Nodes of the quadrature, those of one walk after those of another, equally many in each.
    nodes: Vec<QuadratureNode>,
    nodes_per_walk: usize,
}

impl Forest {
    pub(super) fn new(forest: &IsolationForest, cx: &Cx) -> Result<Self, Cancelled> {
        let trees = forest.trees().par_iter().map(|tree| Layout::new(tree, forest.n_features(), cx));
        let trees = trees.collect::<Result<Vec<_>, _>>()?;
        let n_features = trees.iter().map(|tree| tree.features_on_a_path).max().unwrap_or(0);
        // The integrand has degree n_features - 1; n nodes are exact up to 2n - 1.
        let needed = n_features.div_ceil(2).max(1);
        // Their sums stay in registers up to 6 in a walk.
        let nodes_per_walk = match needed {
            1 | 2 => 2,
            _ if needed.next_multiple_of(4) < needed.next_multiple_of(6) => 4,
            _ => 6,
        };
        let nodes = gauss_legendre(needed.next_multiple_of(nodes_per_walk), cx)?;
        Ok(Self { trees, nodes, nodes_per_walk })
    }

    /// Sum over the trees of what they give where no feature is known.
    pub(super) fn base_sum(&self) -> f64 {
        self.trees.iter().map(|tree| tree.base).sum()
    }

    /// Per row and feature the sum of the contributions over the trees.
    pub(super) fn contributions(&self, rows: &Matrix, cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        cx.progress().start("Isolation forest: explain", rows.n_rows() as u64);
        let width = rows.n_features();
        let mut sums = vec![0.0; rows.values().len()];
        let block_rows = (BLOCK_VALUES / width / LANES * LANES).clamp(LANES, BLOCK_ROWS);
        let blocks = rows.values().par_chunks(block_rows * width).zip(sums.par_chunks_mut(block_rows * width));
        blocks.try_for_each(|(values, sums)| {
            let rows = Blocks::new(values, width);
            let n_rows = sums.len() / width;
            let mut by_feature = vec![[0.0; LANES]; n_rows.div_ceil(LANES) * width];
            match self.nodes_per_walk {
                2 => self.add_contributions::<2>(&rows, width, &mut by_feature, cx)?,
                4 => self.add_contributions::<4>(&rows, width, &mut by_feature, cx)?,
                _ => self.add_contributions::<6>(&rows, width, &mut by_feature, cx)?,
            }
            for (row, sums) in sums.chunks_mut(width).enumerate() {
                let by_feature = &by_feature[row / LANES * width..];
                sums.iter_mut().zip(by_feature).for_each(|(sum, lanes)| *sum = lanes[row % LANES]);
            }
            cx.progress().add(n_rows as u64);
            Ok(())
        })?;
        Ok(sums)
    }

    /// Adds up the contributions of the trees for blocks of [`LANES`] rows: per block, a number per feature and row.
    fn add_contributions<const N: usize>(
        &self,
        rows: &Blocks,
        width: usize,
        sums: &mut [Lanes],
        cx: &Cx,
    ) -> Result<(), Cancelled> {
        let arch = pulp::Arch::new();
        let mut scratch = Scratch::new(self.trees.iter().map(|tree| tree.n_levels).max().unwrap_or(0), N);
        let mut weights: Vec<SplitWeights<N>> = Vec::new();
        for tree in &self.trees {
            let (nodes, _) = self.nodes.as_chunks::<N>();
            for nodes in nodes {
                weights.clear();
                weights.extend(tree.splits.iter().map(|split| SplitWeights::new(split, nodes)));
                for (rows, contributions) in rows.iter().zip(sums.chunks_mut(width)) {
                    cx.check()?;
                    let (weights, scratch) = (&weights, &mut scratch);
                    arch.dispatch(Walk { tree, weights, rows, scratch, contributions });
                }
            }
        }
        Ok(())
    }
}
