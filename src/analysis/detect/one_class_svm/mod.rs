//! One-class SVM: does a row lie outside the region that holds most of the training rows?
//!
//! Schölkopf et al.: Estimating the support of a high-dimensional distribution (Neural Computation 2001), solved and
//! scaled as LIBSVM and scikit-learn do.

mod cache;
mod kernel;
mod solver;

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::kernel::Rbf;
use self::solver::{Limits, Solution, solve};
use super::points::{LANES, Points, coordinate};
use super::sample::{check_training_rows, check_width, fit_rows};
use super::{DetectError, Detector, FittedDetector};
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;
use crate::recipe::{DetectorKind, Gamma, OneClassSvmConfig};

const KIND: DetectorKind = DetectorKind::OneClassSvm;

/// Rows scored at a time by one thread.
const BLOCK_ROWS: usize = 64;

/// Coordinates of support vectors that a block of rows is compared with at a time: they stay in the second cache.
const TILE_VALUES: usize = 1 << 14;

/// A fitted one-class SVM.
///
/// Values beyond ±1e150 count as ±1e150. Where all values are equal, `scale` takes the variance as 1, as scikit-learn
/// does. Equal rows are told apart by nothing; their weights may be spread over them in any way. With `nu` 1 all rows
/// support the region and the boundary runs through the most central one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneClassSvm {
    support_vectors: Rbf,
    support: Vec<u32>,
    dual_coef: Vec<f64>,
    rho: f64,
    n_fit_rows: usize,
}

impl Detector for OneClassSvmConfig {
    fn kind(&self) -> DetectorKind {
        KIND
    }

    fn fit(&self, x: &Matrix, cx: &Cx) -> Result<Box<dyn FittedDetector>, DetectError> {
        Ok(Box::new(OneClassSvm::fit(self, x, cx)?))
    }
}

impl FittedDetector for OneClassSvm {
    /// rho - Σ αᵢ k(xᵢ, x), at most rho: the opposite of scikit-learn's `decision_function`, above 0 outside the region.
    fn decision_function(&self, x: &Matrix, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        check_width(x, self.n_features(), KIND)?;
        cx.progress().start("One-class SVM: score", x.n_rows() as u64);
        let mut scores = vec![0.0; x.n_rows()];
        let blocks = x.values().par_chunks(BLOCK_ROWS * self.n_features());
        blocks.zip(scores.par_chunks_mut(BLOCK_ROWS)).try_for_each(|(rows, scores)| {
            self.score_block(rows, scores, cx)?;
            cx.progress().add(scores.len() as u64);
            Ok::<_, DetectError>(())
        })?;
        Ok(scores)
    }
}

impl OneClassSvm {
    /// Finds the region for the rows of `x`, or for a sample of them where there are more than `max_fit_rows`.
    ///
    /// # Errors
    /// When cancelled, without rows, or where a value is not finite.
    pub fn fit(config: &OneClassSvmConfig, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        check_training_rows(x, KIND)?;
        let x = fit_rows(x, config.max_fit_rows, KIND, cx);
        cx.progress().start("One-class SVM: fit", 0);
        let points = Points::new(x.n_features(), x.iter_rows(), cx)?;
        let rbf = Rbf { points, gamma: gamma(config.gamma, &x) };
        let limits = Limits {
            tol: config.tol,
            shrinking: config.shrinking,
            cache_bytes: u64::from(config.cache_size_mb) * 1024 * 1024,
        };
        let gamma = rbf.gamma;
        let Solution { alpha, rho, converged } = solve(rbf, config.nu, limits, cx)?;
        if !converged {
            cx.warn("One-class SVM stopped before it reached its tolerance; raise detectors.one_class_svm.tol");
        }
        let is_support = |row: &u32| alpha.get(*row as usize).is_some_and(|&weight| weight > 0.0);
        let support: Vec<u32> = (0..x.n_rows() as u32).filter(is_support).collect();
        let rows: Vec<&[f64]> = support.iter().map(|&row| x.row(row as usize)).collect();
        Ok(Self {
            support_vectors: Rbf { points: Points::new(x.n_features(), rows.into_iter(), cx)?, gamma },
            dual_coef: alpha.into_iter().filter(|&weight| weight > 0.0).collect(),
            support,
            rho,
            n_fit_rows: x.n_rows(),
        })
    }

    /// Height of the decision surface: the kernel sum on the boundary of the region.
    pub fn rho(&self) -> f64 {
        self.rho
    }

    /// Width of the kernel.
    pub fn gamma(&self) -> f64 {
        self.support_vectors.gamma
    }

    /// Numbers of the rows that support the region, ascending, among the rows fitted on (the sample, where there was one).
    pub fn support(&self) -> &[u32] {
        &self.support
    }

    /// Weight of each support vector, above 0 and at most 1; they add up to nu times the number of rows fitted on.
    pub fn dual_coef(&self) -> &[f64] {
        &self.dual_coef
    }

    /// Number of rows fitted on.
    pub fn n_fit_rows(&self) -> usize {
        self.n_fit_rows
    }

    /// Number of features of the rows.
    pub fn n_features(&self) -> usize {
        self.support_vectors.points.n_features()
    }

    fn score_block(&self, rows: &[f64], scores: &mut [f64], cx: &Cx) -> Result<(), Cancelled> {
        let rows: Vec<f64> = rows.iter().copied().map(coordinate).collect();
        for blocks in self.tiles() {
            cx.check()?;
            let weights = self.dual_coef.get(blocks.start * LANES..).unwrap_or_default();
            for (row, score) in rows.chunks_exact(self.n_features()).zip(&mut *scores) {
                *score += self.support_vectors.weighted_sum(row, blocks.clone(), weights);
            }
        }
        scores.iter_mut().for_each(|score| *score = self.rho - *score);
        Ok(())
    }

    /// The blocks of support vectors, as many at a time as stay in cache.
    fn tiles(&self) -> impl Iterator<Item = Range<usize>> {
        let n = self.dual_coef.len().div_ceil(LANES);
        let step = (TILE_VALUES / (LANES * self.n_features())).max(1);
        (0..n).step_by(step).map(move |start| start..(start + step).min(n))
    }
}

/// The width of the kernel for the rows of `x`.
fn gamma(setting: Gamma, x: &Matrix) -> f64 {
    let n_features = x.n_features() as f64;
    let gamma = match setting {
        Gamma::Auto => 1.0 / n_features,
        Gamma::Value(value) => value,
        Gamma::Scale => {
            let variance = variance(x.values());
            1.0 / (n_features * if variance > 0.0 { variance } else { 1.0 })
        }
    };
    gamma.clamp(f64::MIN_POSITIVE, f64::MAX)
}

/// Population variance of all values; 0 where they are equal.
fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let values = || values.iter().copied().map(coordinate);
    let (min, max) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), v| (min.min(v), max.max(v)));
    if min >= max {
        return 0.0;
    }
    let mean: f64 = values().map(|value| value / n).sum();
    // Divided before they are squared, as the squares of huge values would add up to infinity.
    values().map(|value| (value - mean) / n.sqrt()).map(|d| d * d).sum()
}
