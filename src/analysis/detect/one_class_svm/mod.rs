//! One-class SVM: does a row lie outside the region that holds most of the training rows?
//!
//! Schölkopf et al.: Estimating the support of a high-dimensional distribution (Neural Computation 2001), solved and
//! scaled as LIBSVM and scikit-learn do.

mod agreement;
mod blocks;
mod cache;
mod moves;
mod nystroem;
mod shapley;
mod solver;
#[cfg(test)]
mod tests;

use rand::SeedableRng as _;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use self::agreement::spearman;
use self::blocks::Blocks;
use self::nystroem::Approximation;
use self::solver::{Limits, Solution, solve};
use super::kernels::{Kernel, KernelPoints};
use super::sample::{check_training_rows, check_width, fit_bytes, fit_rows};
use super::{DetectError, Detector, FittedDetector, Input};
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::{DetectorKind, Gamma, OneClassSvmConfig, SvmApproximation, SvmKernel};

const KIND: DetectorKind = DetectorKind::OneClassSvm;

/// Error of a score, as a share of the largest score of a training row, up to which it may be worked out in f32.
const SCORE_ERROR: f64 = 5e-6;

/// Error of a kernel value, as a share of the solver's tolerance, up to which it may be worked out in f32.
const KERNEL_ERROR: f64 = 1e-3;

/// Rows of the exact machine that an approximation is compared with, and rows on which they are compared.
const COMPARED_FIT_ROWS: usize = 4000;
const COMPARED_ROWS: usize = 1000;

/// Random streams of the landmarks and of those rows.
const STREAM_LANDMARKS: u64 = 0;
const STREAM_COMPARED: u64 = 1;
const STREAM_PROBE: u64 = 2;

/// Up to this many features a kernel row is computed as quickly as it is read from memory: keeping more than this many
/// bytes of such rows gains nothing.
const CHEAP_FEATURES: usize = 32;
const CHEAP_CACHE_BYTES: u64 = 64 << 20;

/// A fitted one-class SVM.
///
/// Values beyond ±1e150 count as ±1e150; with kernels other than rbf the bound is lower where kernel values would pass
/// 1e280. Where all values are equal, `scale` takes the variance as 1, as scikit-learn does. Equal rows are told apart by
/// nothing; their weights may be spread over them in any way. With `nu` 1 all rows support the region and the boundary
/// runs through the most central one. The sigmoid kernel is not positive definite: the solver ends in one of several
/// solutions, as LIBSVM does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneClassSvm {
    kernel: Kernel,
    /// Row after row.
    support_vectors: Vec<f64>,
    n_features: usize,
    support: Vec<u32>,
    dual_coef: Vec<f64>,
    rho: f64,
    n_fit_rows: usize,
    /// Error that kernel values may have in scoring.
    accuracy: f64,
}

impl Detector for OneClassSvmConfig {
    type Fitted = OneClassSvm;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<OneClassSvm, DetectError> {
        OneClassSvm::fit(self, input.features, cx)
    }

    fn working_bytes(&self, input: Input<'_>) -> u64 {
        // The sample, as the kernels want it, and its support vectors; beside them rows of the kernel matrix.
        3 * fit_bytes(input.features, self.max_fit_rows) + (u64::from(self.cache_size_mb) << 20)
    }

    fn vote_threshold(&self, _sorted: &[f64]) -> f64 {
        // The boundary of the region the machine has learned.
        0.0
    }
}

impl FittedDetector for OneClassSvm {
    /// rho - Σ αᵢ k(xᵢ, x): the opposite of scikit-learn's `decision_function`, above 0 outside the region.
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let x = input.features;
        check_width(x, self.n_features, KIND)?;
        cx.progress().start("One-class SVM: score", x.n_rows() as u64);
        let mut scores = match self.kernel {
            // Σ αᵢ xᵢ·x = (Σ αᵢ xᵢ)·x: one vector says it all.
            Kernel::Linear => self.points(&self.weighted_sum(), cx)?.sums(&[1.0], x.values(), cx)?,
            _ => self.points(&self.support_vectors, cx)?.sums(&self.dual_coef, x.values(), cx)?,
        };
        scores.iter_mut().for_each(|score| *score = self.rho - *score);
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
        let kernel = kernel(config, &x);
        match config.approximation {
            SvmApproximation::Nystroem if x.n_rows() as u64 > config.approximate_above => {
                Self::fit_nystroem(config, kernel, &x, cx)
            }
            SvmApproximation::Nystroem | SvmApproximation::None => Self::fit_exact(config, kernel, &x, cx),
        }
    }

    fn fit_nystroem(config: &OneClassSvmConfig, kernel: Kernel, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        let points = KernelPoints::new(kernel, x.n_features(), x.values(), 0.0, cx)?;
        let landmarks = sample(x.n_rows(), config.n_components as usize, STREAM_LANDMARKS, cx);
        let Approximation { beta, rho } = nystroem::fit(&points, &landmarks, config.nu * x.n_rows() as f64, cx)?;
        let machine = Self {
            kernel,
            support_vectors: x.select(&landmarks).values().to_vec(),
            n_features: x.n_features(),
            support: landmarks,
            dual_coef: beta,
            rho,
            n_fit_rows: x.n_rows(),
            // Weights of either sign cancel: their sum must be exact.
            accuracy: 0.0,
        };
        let rows = sample(x.n_rows(), COMPARED_FIT_ROWS, STREAM_COMPARED, cx);
        let exact = Self::fit_exact(config, kernel, &x.select(&rows), cx)?;
        let probe = x.select(&sample(x.n_rows(), COMPARED_ROWS, STREAM_PROBE, cx));
        let agreement =
            spearman(&machine.decision_function((&probe).into(), cx)?, &exact.decision_function((&probe).into(), cx)?);
        cx.warn(format!(
            "One-class SVM is approximated by Nyström with {} components (detectors.one_class_svm.approximation); on {} rows \
             its scores agree with those of an exact machine fitted on {} rows to Spearman {agreement:.3}",
            machine.support.len(),
            probe.n_rows(),
            rows.len()
        ));
        Ok(machine)
    }

    fn fit_exact(config: &OneClassSvmConfig, kernel: Kernel, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        let points = KernelPoints::new(kernel, x.n_features(), x.values(), KERNEL_ERROR * config.tol, cx)?;
        let most = if x.n_features() <= CHEAP_FEATURES { CHEAP_CACHE_BYTES } else { u64::MAX };
        let cache_bytes = (u64::from(config.cache_size_mb) << 20).min(most);
        let limits = Limits { tol: config.tol, shrinking: config.shrinking, cache_bytes };
        let blocks = Blocks::on_gpu(&points, cache_bytes, cx);
        let Solution { alpha, rho, largest_score, converged } = solve(points, config.nu, limits, blocks, cx)?;
        if !converged {
            cx.warn("One-class SVM stopped before it reached its tolerance; raise detectors.one_class_svm.tol");
        }
        let is_support = |row: &u32| alpha.get(*row as usize).is_some_and(|&weight| weight > 0.0);
        let support: Vec<u32> = (0..x.n_rows() as u32).filter(is_support).collect();
        let dual_coef: Vec<f64> = alpha.into_iter().filter(|&weight| weight > 0.0).collect();
        Ok(Self {
            kernel,
            support_vectors: x.select(&support).values().to_vec(),
            n_features: x.n_features(),
            accuracy: SCORE_ERROR * largest_score / dual_coef.iter().sum::<f64>(),
            support,
            dual_coef,
            rho,
            n_fit_rows: x.n_rows(),
        })
    }

    /// Height of the decision surface: the kernel sum on the boundary of the region.
    pub fn rho(&self) -> f64 {
        self.rho
    }

    /// Factor gamma in the kernel; 1 with the linear kernel, which has none.
    pub fn gamma(&self) -> f64 {
        match self.kernel {
            Kernel::Rbf { gamma } | Kernel::Poly { gamma, .. } | Kernel::Sigmoid { gamma, .. } => gamma,
            Kernel::Linear => 1.0,
        }
    }

    /// Numbers of the rows that support the region, ascending, among the rows fitted on (the sample, where there was one).
    /// Of an approximation: the rows around which its kernels lie.
    pub fn support(&self) -> &[u32] {
        &self.support
    }

    /// Weight of each support vector, above 0 and at most 1; they add up to nu times the number of rows fitted on.
    /// Those of an approximation may be any number.
    pub fn dual_coef(&self) -> &[f64] {
        &self.dual_coef
    }

    /// Number of rows fitted on.
    pub fn n_fit_rows(&self) -> usize {
        self.n_fit_rows
    }

    /// Number of features of the rows.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    fn points(&self, rows: &[f64], cx: &Cx) -> Result<KernelPoints, DetectError> {
        Ok(KernelPoints::new(self.kernel, self.n_features, rows, self.accuracy, cx)?)
    }

    /// The support vectors times their weights.
    fn weighted_sum(&self) -> Vec<f64> {
        let mut sum = vec![0.0; self.n_features];
        for (row, weight) in self.support_vectors.chunks_exact(self.n_features).zip(&self.dual_coef) {
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
        }
        sum
    }
}

/// Numbers of `amount` of `n` rows, or of all where there are not as many, ascending.
fn sample(n: usize, amount: usize, stream: u64, cx: &Cx) -> Vec<u32> {
    let mut rng = ChaCha8Rng::seed_from_u64(cx.seed);
    rng.set_stream(stream);
    let mut rows: Vec<u32> = index::sample(&mut rng, n, amount.min(n)).iter().map(|row| row as u32).collect();
    rows.sort_unstable();
    rows
}

/// The kernel for the rows of `x`.
fn kernel(config: &OneClassSvmConfig, x: &Matrix) -> Kernel {
    let n_features = x.n_features() as f64;
    let gamma = match config.gamma {
        Gamma::Auto => 1.0 / n_features,
        Gamma::Value(value) => value,
        Gamma::Scale => {
            let variance = variance(x.values());
            1.0 / (n_features * if variance > 0.0 { variance } else { 1.0 })
        }
    };
    let gamma = gamma.clamp(1e-300, 1e300);
    match config.kernel {
        SvmKernel::Rbf => Kernel::Rbf { gamma },
        SvmKernel::Linear => Kernel::Linear,
        SvmKernel::Poly => Kernel::Poly { gamma, degree: config.degree, coef0: config.coef0 },
        SvmKernel::Sigmoid => Kernel::Sigmoid { gamma, coef0: config.coef0 },
    }
}

/// Population variance of all values, those beyond ±1e150 counted as that; 0 where they are equal.
fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let values = || values.iter().map(|value| value.clamp(-1e150, 1e150));
    let (min, max) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), v| (min.min(v), max.max(v)));
    if min >= max {
        return 0.0;
    }
    let mean: f64 = values().map(|value| value / n).sum();
    // Divided before they are squared, as the squares of huge values would add up to infinity.
    values().map(|value| (value - mean) / n.sqrt()).map(|d| d * d).sum()
}
