//! One walk over a tree with some rows side by side, at some nodes of the quadrature.

use pulp::{Simd, WithSimd};

use super::layout::{LaidSplit, Layout, Side, Step};
use crate::analysis::explain::tree_shap::lanes::{LANES, Lanes};
use crate::analysis::explain::tree_shap::quadrature::QuadratureNode;

/// What a split multiplies and sums with, per node of the quadrature. F_above: that of the splits by its feature above.
#[derive(Debug, Clone)]
pub(super) struct SplitWeights<const N: usize> {
    /// Per side: (1 - t)·z / F_above, where the row passes the splits above.
    unknown: [[f64; N]; 2],
    /// Added to it on the side the row goes to: t / F_above.
    known: [f64; N],
    /// Per side: F / F_above where the row does not pass the splits above: the share of the rows that go there.
    failed: [f64; 2],
    /// Per side: weight / (1 - t) / F of a row that goes there.
    to_side: [[f64; N]; 2],
    /// weight / (1 - t) / F_above.
    to_both: [f64; N],
}

impl<const N: usize> SplitWeights<N> {
    #[inline(always)]
    pub(super) fn new(split: &LaidSplit, nodes: &[QuadratureNode; N]) -> Self {
        let above = split.above.map_or(1.0, |passed| passed.share);
        let mut weights = Self {
            unknown: [[0.0; N]; 2],
            known: [0.0; N],
            // Where no training row is left, nothing comes down the path.
            failed: split.shares.map(|share| if above > 0.0 { share / above } else { 0.0 }),
            to_side: [[0.0; N]; 2],
            to_both: [0.0; N],
        };
        for (n, &QuadratureNode { at: t, weight }) in nodes.iter().enumerate() {
            let weight = weight / (1.0 - t);
            let per_above = 1.0 / (t + (1.0 - t) * above);
            weights.known[n] = t * per_above;
            weights.to_both[n] = weight * per_above;
            for (side, share) in split.shares.into_iter().enumerate() {
                weights.unknown[side][n] = (1.0 - t) * share * per_above;
                weights.to_side[side][n] = weight / (t + (1.0 - t) * share);
            }
        }
        weights
    }
}

/// Memory of a walk, for a vector of rows: per level of the tree, and there per node of the quadrature.
#[derive(Debug)]
pub(super) struct Scratch {
    /// Π F down to a split.
    products: Vec<f64>,
    /// Per side of a split: Σ value · Π F over the leaves below the split there.
    sums: [Vec<f64>; 2],
}

impl Scratch {
    pub(super) fn new(n_levels: usize, n_nodes: usize) -> Self {
        // One level more than there are splits on a path: it is below the last.
        let n = (n_levels + 1) * n_nodes * LANES;
        Self { products: vec![1.0; n], sums: [vec![0.0; n], vec![0.0; n]] }
    }
}

/// Adds the contributions of a tree for a block of rows.
pub(super) struct Walk<'a, const N: usize> {
    pub(super) tree: &'a Layout,
    /// Per split.
    pub(super) weights: &'a [SplitWeights<N>],
    /// Per feature.
    pub(super) rows: &'a [Lanes],
    pub(super) scratch: &'a mut Scratch,
    /// Per feature, what to add to.
    pub(super) contributions: &'a mut [Lanes],
}

impl<const N: usize> WithSimd for Walk<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { tree, weights, rows, scratch, contributions } = self;
        let (products, _) = S::as_mut_simd_f64s(&mut scratch.products).0.as_chunks_mut::<N>();
        let [left, right] = &mut scratch.sums;
        let (left, _) = S::as_mut_simd_f64s(left).0.as_chunks_mut::<N>();
        let (right, _) = S::as_mut_simd_f64s(right).0.as_chunks_mut::<N>();
        let sums = [left, right];
        products[0] = [simd.splat_f64s(1.0); N];
        for vector in 0..LANES / S::F64_LANES {
            for &step in &tree.steps {
                let (Step::Enter(at, _) | Step::Leave(at)) = step;
                let (split, weights) = (&tree.splits[at as usize], &weights[at as usize]);
                let values = S::as_simd_f64s(&rows[split.feature as usize]).0[vector];
                let ways = Ways::new(simd, split, values);
                let level = split.level as usize;
                match step {
                    Step::Enter(_, side) => {
                        products[level + 1] = ways.times_factor(simd, &products[level], weights, side);
                    }
                    Step::Leave(_) => {
                        let mut below = [sums[0][level + 1], sums[1][level + 1]];
                        for side in [Side::Left, Side::Right] {
                            if let Some(value) = split.leaves[side as usize] {
                                let product = ways.times_factor(simd, &products[level], weights, side);
                                below[side as usize] = times(simd, &product, value);
                            }
                        }
                        let both = add(simd, &below[0], &below[1]);
                        let contribution =
                            &mut S::as_mut_simd_f64s(&mut contributions[split.feature as usize]).0[vector];
                        let gain =
                            simd.mul_add_e_f64s(ways.left, dot(simd, &weights.to_side[0], &below[0]), *contribution);
                        let gain = simd.mul_add_e_f64s(ways.right, dot(simd, &weights.to_side[1], &below[1]), gain);
                        let loss = simd.mul_f64s(ways.above, dot(simd, &weights.to_both, &both));
                        *contribution = simd.sub_f64s(gain, loss);
                        sums[split.side as usize][level] = both;
                    }
                }
            }
        }
    }
}

/// Which ways rows take at a split: 1 or 0.
struct Ways<S: Simd> {
    /// Whether they pass the splits by the same feature above; `None`: there are none.
    passes: Option<S::m64s>,
    above: S::f64s,
    left: S::f64s,
    right: S::f64s,
}

impl<S: Simd> Ways<S> {
    #[inline(always)]
    fn new(simd: S, split: &LaidSplit, values: S::f64s) -> Self {
        let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
        let goes_left = simd.less_than_or_equal_f64s(values, simd.splat_f64s(split.threshold));
        let (passes, above) = match split.above {
            None => (None, one),
            Some(passed) => {
                let over = simd.greater_than_f64s(values, simd.splat_f64s(passed.over));
                let up_to = simd.less_than_or_equal_f64s(values, simd.splat_f64s(passed.up_to));
                let passes = simd.and_m64s(over, up_to);
                (Some(passes), simd.select_f64s(passes, one, zero))
            }
        };
        let left = simd.select_f64s(goes_left, above, zero);
        Self { passes, above, left, right: simd.sub_f64s(above, left) }
    }

    /// Products with the factor of the feature of the split as it is on a side of it.
    #[inline(always)]
    fn times_factor<const N: usize>(
        &self,
        simd: S,
        products: &[S::f64s; N],
        weights: &SplitWeights<N>,
        side: Side,
    ) -> [S::f64s; N] {
        let goes = if side == Side::Left { self.left } else { self.right };
        let failed = simd.splat_f64s(weights.failed[side as usize]);
        let mut result = *products;
        for ((product, &unknown), &known) in result.iter_mut().zip(&weights.unknown[side as usize]).zip(&weights.known)
        {
            let factor = simd.mul_add_e_f64s(simd.splat_f64s(known), goes, simd.splat_f64s(unknown));
            let factor = match self.passes {
                None => factor,
                Some(passes) => simd.select_f64s(passes, factor, failed),
            };
            *product = simd.mul_f64s(*product, factor);
        }
        result
    }
}

#[inline(always)]
fn times<S: Simd, const N: usize>(simd: S, sums: &[S::f64s; N], factor: f64) -> [S::f64s; N] {
    let mut product = *sums;
    for product in &mut product {
        *product = simd.mul_f64s(*product, simd.splat_f64s(factor));
    }
    product
}

#[inline(always)]
fn add<S: Simd, const N: usize>(simd: S, a: &[S::f64s; N], b: &[S::f64s; N]) -> [S::f64s; N] {
    let mut sum = *a;
    for (sum, &b) in sum.iter_mut().zip(b) {
        *sum = simd.add_f64s(*sum, b);
    }
    sum
}

#[inline(always)]
fn dot<S: Simd, const N: usize>(simd: S, weights: &[f64; N], sums: &[S::f64s; N]) -> S::f64s {
    let mut total = simd.splat_f64s(0.0);
    for (&weight, &sum) in weights.iter().zip(sums) {
        total = simd.mul_add_e_f64s(simd.splat_f64s(weight), sum, total);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::detect::isolation_forest::IsolationForest;
    use crate::analysis::explain::tree_shap::quadrature::gauss_legendre;
    use crate::analysis::explain::tree_shap::tests::table;
    use crate::cx::Cx;
    use crate::recipe::IsolationForestConfig;

    #[test]
    fn every_width_of_vectors_gives_the_same() {
        let (x, cx) = (table(LANES, 6), Cx::default());
        let forest = IsolationForest::fit(&IsolationForestConfig::default(), &x, &cx).unwrap();
        let rows: Vec<Lanes> = (0..6).map(|feature| std::array::from_fn(|row| x.row(row)[feature])).collect();
        let nodes = gauss_legendre(2, &cx).unwrap();
        let mut largest = 0.0_f64;
        for tree in forest.trees() {
            let tree = &Layout::new(tree, 6, &cx).unwrap();
            let weights: Vec<_> =
                tree.splits.iter().map(|split| SplitWeights::new(split, &[nodes[0], nodes[1]])).collect();
            let (mut narrow, mut wide) = (vec![[0.0; LANES]; 6], vec![[0.0; LANES]; 6]);
            let scratch = &mut Scratch::new(tree.n_levels, 2);
            Walk { tree, weights: &weights, rows: &rows, scratch, contributions: &mut narrow }
                .with_simd(pulp::Scalar::new());
            pulp::Arch::new().dispatch(Walk {
                tree,
                weights: &weights,
                rows: &rows,
                scratch,
                contributions: &mut wide,
            });
            for (narrow, wide) in narrow.iter().zip(&wide).flat_map(|(narrow, wide)| narrow.iter().zip(wide)) {
                assert!((narrow - wide).abs() < 1e-13, "{narrow} {wide}");
            }
            largest = wide.iter().flatten().fold(largest, |largest, contribution| largest.max(contribution.abs()));
        }
        assert!(largest > 0.1, "{largest}");
    }
}
