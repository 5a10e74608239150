//! Local outlier factor: is a row in a sparser place than its neighbours are?
//!
//! Breunig et al.: LOF: identifying density-based local outliers (SIGMOD 2000), in the novelty mode and with the
//! conventions of scikit-learn's `LocalOutlierFactor`.

mod kd_tree;
mod nearest;
mod scan;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::kd_tree::{KdTree, Scratch};
use self::nearest::{Nearest, Neighbor};
use self::scan::Scan;
use super::points::coordinate;
use super::sample::{check_training_rows, check_width, fit_rows};
use super::{DetectError, Detector, FittedDetector};
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;
use crate::recipe::{DetectorKind, LocalOutlierFactorConfig};

const KIND: DetectorKind = DetectorKind::LocalOutlierFactor;

/// Rows looked up at a time by one thread.
const BLOCK_ROWS: usize = 128;

/// Most features for which a tree finds neighbours faster than a look at every row.
const TREE_FEATURES: usize = 15;

/// Added to mean reachability distances, so that the density of equal rows is finite.
const SMALLEST_REACH: f64 = 1e-10;

/// A fitted local outlier factor.
///
/// Values beyond ±1e150 count as ±1e150. Of equally far neighbours those that come first in the training rows count.
/// A group of more than `n_neighbors` equal rows has the density 1e10, and rows near it have huge factors, as in
/// scikit-learn. A constant column changes nothing. Where there is only one training row, its density is 1e10 too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalOutlierFactor {
    search: Search,
    n_neighbors: usize,
    /// Per training row: distance to the last of its neighbours.
    k_distance: Vec<f64>,
    /// Per training row: local reachability density.
    density: Vec<f64>,
    training_factors: Vec<f64>,
}

/// How neighbours are found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Search {
    Tree(KdTree),
    Scan(Scan),
}

impl Detector for LocalOutlierFactorConfig {
    fn kind(&self) -> DetectorKind {
        KIND
    }

    fn fit(&self, x: &Matrix, cx: &Cx) -> Result<Box<dyn FittedDetector>, DetectError> {
        Ok(Box::new(LocalOutlierFactor::fit(self, x, cx)?))
    }
}

impl FittedDetector for LocalOutlierFactor {
    /// The local outlier factor, above 0; about 1 for a row as dense as its neighbours, larger for a sparser one: the
    /// opposite of scikit-learn's `score_samples`. A training row finds itself among its neighbours.
    fn decision_function(&self, x: &Matrix, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        check_width(x, self.search.n_features(), KIND)?;
        cx.progress().start("Local outlier factor: score", x.n_rows() as u64);
        let mut scores = vec![0.0; x.n_rows()];
        let blocks = x.values().par_chunks(BLOCK_ROWS * x.n_features());
        blocks.zip(scores.par_chunks_mut(BLOCK_ROWS)).try_for_each(|(rows, scores)| {
            self.search.neighbors(rows, None, self.n_neighbors, cx, |at, found| {
                let density = density(found, &self.k_distance);
                scores[at] = factor(found.iter().map(|neighbor| neighbor.row), &self.density, density);
            })?;
            cx.progress().add(scores.len() as u64);
            Ok::<_, DetectError>(())
        })?;
        Ok(scores)
    }
}

impl LocalOutlierFactor {
    /// Learns the density around the rows of `x`, or around a sample of them where there are more than `max_fit_rows`.
    ///
    /// # Errors
    /// When cancelled, without rows, or where a value is not finite.
    pub fn fit(config: &LocalOutlierFactorConfig, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        check_training_rows(x, KIND)?;
        let x = fit_rows(x, config.max_fit_rows, KIND, cx);
        let n = x.n_rows();
        cx.progress().start("Local outlier factor: fit", n as u64);
        let search = Search::new(&x, cx)?;
        let n_neighbors = (config.n_neighbors as usize).clamp(1, n.saturating_sub(1).max(1));
        let nobody = Neighbor { squared_distance: 0.0, row: 0 };
        // A single row has no neighbour but itself.
        let mut neighbors = vec![nobody; n * n_neighbors];
        if n > 1 {
            let blocks = x.values().par_chunks(BLOCK_ROWS * x.n_features()).enumerate();
            blocks.zip(neighbors.par_chunks_mut(BLOCK_ROWS * n_neighbors)).try_for_each(|((block, rows), all)| {
                search.neighbors(rows, Some((block * BLOCK_ROWS) as u32), n_neighbors, cx, |at, found| {
                    all[at * n_neighbors..(at + 1) * n_neighbors].copy_from_slice(found);
                })?;
                cx.progress().add((all.len() / n_neighbors) as u64);
                Ok::<_, Cancelled>(())
            })?;
        }
        let of_row = || neighbors.par_chunks(n_neighbors);
        let k_distance: Vec<f64> =
            of_row().map(|found| found.last().map_or(0.0, |last| last.squared_distance.sqrt())).collect();
        let densities: Vec<f64> = of_row().map(|found| density(found, &k_distance)).collect();
        let factors = of_row().zip(&densities);
        let factors = factors.map(|(found, &own)| factor(found.iter().map(|neighbor| neighbor.row), &densities, own));
        let training_factors = factors.collect();
        Ok(Self { search, n_neighbors, k_distance, density: densities, training_factors })
    }

    /// Neighbours looked at: the setting, or all other training rows where there are fewer.
    pub fn n_neighbors(&self) -> usize {
        self.n_neighbors
    }

    /// The factor of each training row among the others, itself left out: scikit-learn's `negative_outlier_factor_`
    /// with the sign turned. Of the sample, where there was one.
    pub fn training_factors(&self) -> &[f64] {
        &self.training_factors
    }
}

impl Search {
    fn new(x: &Matrix, cx: &Cx) -> Result<Self, Cancelled> {
        if x.n_features() <= TREE_FEATURES {
            KdTree::new(x, cx).map(Self::Tree)
        } else {
            Scan::new(x, cx).map(Self::Scan)
        }
    }

    fn n_features(&self) -> usize {
        match self {
            Self::Tree(tree) => tree.n_features(),
            Self::Scan(scan) => scan.n_features(),
        }
    }

    /// Calls `each` with the number and the `k` nearest training rows of each of `rows` (row-major, at most
    /// [`BLOCK_ROWS`]). Row i leaves out training row `own + i` where asked.
    fn neighbors(
        &self,
        rows: &[f64],
        own: Option<u32>,
        k: usize,
        cx: &Cx,
        mut each: impl FnMut(usize, &[Neighbor]),
    ) -> Result<(), Cancelled> {
        let rows: Vec<f64> = rows.iter().copied().map(coordinate).collect();
        match self {
            Self::Tree(tree) => {
                let (mut nearest, mut scratch) = (Nearest::new(k), Scratch::default());
                for (at, row) in rows.chunks_exact(tree.n_features()).enumerate() {
                    cx.check()?;
                    tree.search(row, own.map(|own| own + at as u32), &mut nearest, &mut scratch);
                    each(at, nearest.found());
                }
            }
            Self::Scan(scan) => {
                let nearest = scan.search(&rows, own, k, cx)?;
                nearest.iter().enumerate().for_each(|(at, nearest)| each(at, nearest.found()));
            }
        }
        Ok(())
    }
}

/// Local reachability density: the inverse of the mean reachability distance from the neighbours.
fn density(found: &[Neighbor], k_distance: &[f64]) -> f64 {
    let reach = found.iter().map(|neighbor| {
        let distance = neighbor.squared_distance.sqrt();
        distance.max(k_distance.get(neighbor.row as usize).copied().unwrap_or(0.0))
    });
    1.0 / (reach.sum::<f64>() / found.len() as f64 + SMALLEST_REACH)
}

/// Mean density of the neighbours relative to the row's own.
fn factor(neighbors: impl ExactSizeIterator<Item = u32>, densities: &[f64], own: f64) -> f64 {
    let n = neighbors.len() as f64;
    neighbors.map(|row| densities.get(row as usize).copied().unwrap_or(own) / own).sum::<f64>() / n
}
