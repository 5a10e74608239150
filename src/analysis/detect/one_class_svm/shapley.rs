//! Which features make a row's score what it is? Exact Shapley values of the machine.
//!
//! A coalition of features has the value of the rows that take its features from the row explained and the others from
//! a background row (interventional Shapley values, as in shap). With the RBF kernel that is a sum of products, one
//! factor per feature: aⱼ of the row explained or bⱼ of the background row. By the multilinear extension of a game
//! (Owen 1972) the Shapley value of feature j in one product is
//! ∫₀¹ (aⱼ - bⱼ) Π (t aₗ + (1 - t) bₗ) dt over all other features l: a polynomial in t, which Gauss-Legendre quadrature
//! integrates exactly with half as many nodes as there are features. No factor is above 1, so that products too small
//! for a number belong to contributions too small to count.

use std::f64::consts::PI;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{KIND, OneClassSvm};
use crate::analysis::detect::DetectError;
use crate::analysis::detect::kernels::{Kernel, exp2};
use crate::analysis::detect::sample::check_width;
use crate::analysis::explain::Attribution;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// Support vectors side by side.
const LANES: usize = 16;

/// Vectors of them worked on together, so that the next one need not wait for the last.
const ABREAST: usize = 2;

/// Rows explained at a time: the factors of the background rows are worked out once for all of them.
const BLOCK_ROWS: usize = 64;

/// Values that belong to the support vectors of a tile.
type Lanes = [f64; LANES];

impl OneClassSvm {
    /// Whether [`OneClassSvm::shapley`] has values for this kernel.
    pub fn has_shapley(&self) -> bool {
        matches!(self.kernel, Kernel::Linear | Kernel::Rbf { .. })
    }

    /// The exact interventional Shapley values of the score of each row of `x`, one per feature, against the rows of
    /// `background` (at least one). `base` is the mean score of the background, `value` the score of the row, both in
    /// double precision; contributions add up to their difference, to rounding. `None` for the poly and sigmoid kernels,
    /// which are no products over features. An approximation by Nyström is a machine like any other.
    ///
    /// The time is proportional to rows × background rows × support vectors × features².
    ///
    /// # Errors
    /// When cancelled, when rows have another number of features than the training rows, or without background rows.
    pub fn shapley(&self, x: &Matrix, background: &Matrix, cx: &Cx) -> Result<Option<Vec<Attribution>>, DetectError> {
        self.shapley_with(x, background, usize::MAX, cx)
    }

    /// As [`OneClassSvm::shapley`], with at most `most_nodes` nodes of the quadrature: exact for up to twice as many features,
    /// else near it in proportionally less time. Contributions then nearly add up.
    ///
    /// # Errors
    /// As for [`OneClassSvm::shapley`].
    pub fn shapley_with(
        &self,
        x: &Matrix,
        background: &Matrix,
        most_nodes: usize,
        cx: &Cx,
    ) -> Result<Option<Vec<Attribution>>, DetectError> {
        check_width(x, self.n_features, KIND)?;
        check_width(background, self.n_features, KIND)?;
        if background.n_rows() == 0 {
            let reason = "there are no background rows to explain scores against; give it at least one".to_owned();
            return Err(DetectError::Unusable { detector: KIND.title(), reason });
        }
        cx.progress().start("One-class SVM: Shapley values", x.n_rows() as u64);
        match self.kernel {
            Kernel::Linear => Ok(Some(self.linear_shapley(x, background, cx)?)),
            Kernel::Rbf { .. } => Ok(Some(self.rbf_shapley(x, background, most_nodes, cx)?)),
            Kernel::Poly { .. } | Kernel::Sigmoid { .. } => Ok(None),
        }
    }

    fn linear_shapley(&self, x: &Matrix, background: &Matrix, cx: &Cx) -> Result<Vec<Attribution>, Cancelled> {
        let limit = self.kernel.limit(self.n_features);
        let slopes: Vec<f64> = self.weighted_sum().iter().map(|weight| -weight.clamp(-limit, limit)).collect();
        let mut mean = vec![0.0; self.n_features];
        let n = background.n_rows() as f64;
        for row in background.iter_rows() {
            cx.check()?;
            mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value.clamp(-limit, limit) / n);
        }
        let base = self.rho + slopes.iter().zip(&mean).map(|(slope, mean)| slope * mean).sum::<f64>();
        let explain = |row: &[f64]| {
            cx.check()?;
            let parts = slopes.iter().zip(&mean).zip(row);
            let contributions = parts.map(|((slope, mean), value)| slope * (value.clamp(-limit, limit) - mean));
            let value = slopes.iter().zip(row).map(|(slope, value)| slope * value.clamp(-limit, limit)).sum::<f64>();
            cx.progress().add(1);
            Ok(Attribution {
                base,
                value: self.rho + value,
                contributions: contributions.collect(),
                standard_errors: Vec::new(),
            })
        };
        x.iter_rows().map(explain).collect()
    }

    fn rbf_shapley(
        &self,
        x: &Matrix,
        background: &Matrix,
        most_nodes: usize,
        cx: &Cx,
    ) -> Result<Vec<Attribution>, Cancelled> {
        let (d, n_background) = (self.n_features, background.n_rows() as f64);
        let (arch, nodes) = (Arch::new(), gauss_legendre(d.div_ceil(2).min(most_nodes.max(1))));
        let tiles: Vec<Tile> = self
            .support_vectors
            .chunks(LANES * d)
            .zip(self.dual_coef.chunks(LANES))
            .map(|(vectors, weights)| Tile::new(self.kernel, vectors, weights, d))
            .collect();
        let mut all = Vec::with_capacity(x.n_rows());
        for rows in x.values().chunks(BLOCK_ROWS * d) {
            let of_tiles: Vec<Sums> = tiles
                .par_iter()
                .map(|tile| arch.dispatch(Work { tile, rows, background, nodes: &nodes, cx }))
                .collect::<Result<_, _>>()?;
            // In the order of the tiles, so that rounding does not depend on the number of threads.
            let mut total = Sums::zero(rows.len() / d, d);
            of_tiles.iter().for_each(|sums| total.add(sums));
            let base = self.rho - total.background / n_background;
            let sums = total.values.iter().zip(total.contributions.chunks_exact(d));
            all.extend(sums.map(|(value, contributions)| Attribution {
                base,
                value: self.rho - value,
                contributions: contributions.iter().map(|sum| -sum / n_background).collect(),
                standard_errors: Vec::new(),
            }));
            cx.progress().add((rows.len() / d) as u64);
        }
        Ok(all)
    }
}

/// Some support vectors of an RBF kernel.
struct Tile {
    /// Feature after feature.
    vectors: Vec<Lanes>,
    /// 0 where there is no support vector.
    weights: Lanes,
    /// Largest value that counts as itself, and what differences are multiplied by.
    limit: f64,
    scale: f64,
}

/// Weighted sums of kernels over support vectors.
struct Sums {
    /// Of the background rows, added up.
    background: f64,
    /// Of each row explained.
    values: Vec<f64>,
    /// Rows × features: the Shapley values, added up over the background rows.
    contributions: Vec<f64>,
}

impl Sums {
    fn zero(n_rows: usize, d: usize) -> Self {
        Self { background: 0.0, values: vec![0.0; n_rows], contributions: vec![0.0; n_rows * d] }
    }

    fn add(&mut self, other: &Self) {
        self.background += other.background;
        self.values.iter_mut().zip(&other.values).for_each(|(sum, value)| *sum += value);
        self.contributions.iter_mut().zip(&other.contributions).for_each(|(sum, value)| *sum += value);
    }
}

impl Tile {
    fn new(kernel: Kernel, rows: &[f64], weights: &[f64], d: usize) -> Self {
        let (limit, mut vectors, mut own) = (kernel.limit(d), vec![[0.0; LANES]; d], [0.0; LANES]);
        for (lane, row) in rows.chunks_exact(d).enumerate() {
            vectors.iter_mut().zip(row).for_each(|(values, value)| values[lane] = value.clamp(-limit, limit));
        }
        own.iter_mut().zip(weights).for_each(|(own, &weight)| *own = weight);
        Self { vectors, weights: own, limit, scale: kernel.scale() }
    }

    /// Binary logarithms of the factors of a row's kernels.
    #[inline(always)]
    fn write_exponents<S: Simd>(&self, simd: S, row: &[f64], exponents: &mut [Lanes]) {
        let scale = simd.splat_f64s(self.scale);
        for ((exponents, vectors), value) in exponents.iter_mut().zip(&self.vectors).zip(row) {
            let value = simd.splat_f64s(value.clamp(-self.limit, self.limit));
            let vectors = S::as_simd_f64s(vectors).0;
            for (exponent, &vector) in S::as_mut_simd_f64s(exponents).0.iter_mut().zip(vectors) {
                let difference = simd.mul_f64s(simd.sub_f64s(value, vector), scale);
                let opposite = simd.mul_f64s(simd.sub_f64s(vector, value), scale);
                *exponent = simd.mul_f64s(difference, opposite);
            }
        }
    }

    /// The weighted sum of kernels that have these factors.
    #[inline(always)]
    fn kernel_sum(&self, factors: &[Lanes]) -> f64 {
        let mut products = self.weights;
        for factors in factors {
            products.iter_mut().zip(factors).for_each(|(product, factor)| *product *= factor);
        }
        products.iter().sum()
    }
}

/// Finds what a tile adds to the sums of some rows, in vector registers.
struct Work<'a> {
    tile: &'a Tile,
    rows: &'a [f64],
    background: &'a Matrix,
    nodes: &'a [Node],
    cx: &'a Cx,
}

impl WithSimd for Work<'_> {
    type Output = Result<Sums, Cancelled>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Result<Sums, Cancelled> {
        let Self { tile, rows, background, nodes, cx } = self;
        let d = tile.vectors.len();
        let mut sums = Sums::zero(rows.len() / d, d);
        let mut of_background = vec![[0.0; LANES]; background.values().len()];
        for (row, factors) in background.iter_rows().zip(of_background.chunks_exact_mut(d)) {
            cx.check()?;
            tile.write_exponents(simd, row, factors);
            exp2(factors.as_flattened_mut());
            sums.background += tile.kernel_sum(factors);
        }
        let mut factors = vec![[0.0; LANES]; d];
        let mut pairs = Pairs::new(d);
        let out = sums.values.iter_mut().zip(sums.contributions.chunks_exact_mut(d));
        for (row, (value, contributions)) in rows.chunks_exact(d).zip(out) {
            tile.write_exponents(simd, row, &mut factors);
            exp2(factors.as_flattened_mut());
            *value = tile.kernel_sum(&factors);
            pairs.sums.fill([0.0; LANES]);
            for other in of_background.chunks_exact(d) {
                cx.check()?;
                pairs.add(simd, &factors, other, nodes);
            }
            for (contribution, sums) in contributions.iter_mut().zip(&pairs.sums) {
                *contribution = sums.iter().zip(&tile.weights).map(|(sum, weight)| sum * weight).sum();
            }
        }
        Ok(sums)
    }
}

/// Shapley values of products, for pairs of a row explained and a background row.
struct Pairs {
    /// By feature, added up over the pairs.
    sums: Vec<Lanes>,
    /// Differences of the factors of a pair.
    changes: Vec<Lanes>,
    /// At one node, the product over the features behind each.
    behind: Vec<Lanes>,
    /// The integrals of the products over all other features.
    integrals: Vec<Lanes>,
}

impl Pairs {
    fn new(d: usize) -> Self {
        let zeros = || vec![[0.0; LANES]; d];
        Self { sums: zeros(), changes: zeros(), behind: zeros(), integrals: zeros() }
    }

    /// Adds the pair of a row with factors `a` and a background row with factors `b`.
    #[inline(always)]
    fn add<S: Simd>(&mut self, simd: S, a: &[Lanes], b: &[Lanes], nodes: &[Node]) {
        let (a, b) = (vectors::<S>(a), vectors::<S>(b));
        let (sums, changes) = (vectors_mut::<S>(&mut self.sums), vectors_mut::<S>(&mut self.changes));
        let (behind, integrals) = (vectors_mut::<S>(&mut self.behind), vectors_mut::<S>(&mut self.integrals));
        for ((change, &a), &b) in changes.as_flattened_mut().iter_mut().zip(a.as_flattened()).zip(b.as_flattened()) {
            *change = simd.sub_f64s(a, b);
        }
        integrals.fill([simd.splat_f64s(0.0); ABREAST]);
        let parts = LANES / ABREAST / S::F64_LANES;
        for part in 0..parts {
            let (changes, b) = (changes.chunks_exact(parts), b.chunks_exact(parts));
            for &Node { at, weight } in nodes {
                let at = simd.splat_f64s(at);
                let mixed = |change: S::f64s, b: S::f64s| simd.mul_add_e_f64s(at, change, b);
                let mut product = [simd.splat_f64s(1.0); ABREAST];
                for ((behind, change), b) in behind.chunks_exact_mut(parts).zip(changes.clone()).zip(b.clone()).rev() {
                    behind[part] = product;
                    for lane in 0..ABREAST {
                        product[lane] = simd.mul_f64s(product[lane], mixed(change[part][lane], b[part][lane]));
                    }
                }
                let mut before = [simd.splat_f64s(weight); ABREAST];
                let features = integrals.chunks_exact_mut(parts).zip(behind.chunks_exact(parts));
                for ((integral, behind), (change, b)) in features.zip(changes.clone().zip(b.clone())) {
                    for lane in 0..ABREAST {
                        let product = simd.mul_add_e_f64s(before[lane], behind[part][lane], integral[part][lane]);
                        integral[part][lane] = product;
                        before[lane] = simd.mul_f64s(before[lane], mixed(change[part][lane], b[part][lane]));
                    }
                }
            }
        }
        let terms = changes.as_flattened().iter().zip(integrals.as_flattened());
        for (sum, (&change, &integral)) in sums.as_flattened_mut().iter_mut().zip(terms) {
            *sum = simd.mul_add_e_f64s(change, integral, *sum);
        }
    }
}

/// Lanes as vectors, those worked on together in one place.
#[inline(always)]
fn vectors<S: Simd>(lanes: &[Lanes]) -> &[[S::f64s; ABREAST]] {
    S::as_simd_f64s(lanes.as_flattened()).0.as_chunks().0
}

/// The same, to be changed.
#[inline(always)]
fn vectors_mut<S: Simd>(lanes: &mut [Lanes]) -> &mut [[S::f64s; ABREAST]] {
    S::as_mut_simd_f64s(lanes.as_flattened_mut()).0.as_chunks_mut().0
}

/// A node of a quadrature on 0 to 1.
#[derive(Debug, Clone, Copy)]
struct Node {
    at: f64,
    weight: f64,
}

/// The Gauss-Legendre quadrature with `n` nodes, exact for polynomials up to degree 2n - 1: roots of the Legendre
/// polynomial by Newton's method (Press et al.: Numerical recipes, section 4.6).
fn gauss_legendre(n: usize) -> Vec<Node> {
    let node = |i: usize| {
        let mut x = (PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut slope = 1.0;
        // The guess is so near that a few steps settle it.
        for _ in 0..8 {
            let (mut last, mut value) = (0.0, 1.0);
            for degree in 1..=n {
                let degree = degree as f64;
                (last, value) = (value, ((2.0 * degree - 1.0) * x * value - (degree - 1.0) * last) / degree);
            }
            slope = n as f64 * (x * value - last) / (x * x - 1.0);
            x -= value / slope;
        }
        Node { at: 0.5 - 0.5 * x, weight: 1.0 / ((1.0 - x * x) * slope * slope) }
    };
    (0..n).map(node).collect()
}

#[cfg(test)]
mod tests;
