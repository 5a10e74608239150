//! The leaves of a tree as boxes: which values of each feature lead there.

use pulp::{Simd, WithSimd};

use crate::analysis::detect::isolation_forest::IsolationTree;
use crate::analysis::explain::tree_shap::lanes::{Blocks, LANES};

/// Most different features on a path: a mask has a bit for each, and one that stays 0.
pub(super) const MAX_FEATURES: usize = u64::BITS as usize - 1;

/// Values of a feature that lead to a leaf: those greater than `over`, up to `up_to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) feature: u32,
    over: f64,
    up_to: f64,
}

/// A leaf of a tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LeafBox {
    pub(super) value: f64,
    /// An interval for each feature on its path.
    pub(super) path: Vec<Interval>,
}

/// The leaves of a tree from left to right.
#[derive(Debug)]
pub(super) struct Leaves<'a> {
    tree: &'a IsolationTree,
    /// Nodes whose leaves are still to come, and their paths.
    open: Vec<(usize, Vec<Interval>)>,
}

impl<'a> Leaves<'a> {
    pub(super) fn of(tree: &'a IsolationTree) -> Self {
        Self { tree, open: vec![(0, Vec::new())] }
    }
}

impl Iterator for Leaves<'_> {
    type Item = LeafBox;

    fn next(&mut self) -> Option<LeafBox> {
        loop {
            let (node, path) = self.open.pop()?;
            let Some(split) = self.tree.split(node) else {
                return Some(LeafBox { value: self.tree.values()[node], path });
            };
            let (feature, threshold) = (split.feature as u32, f64::from(split.threshold));
            let (mut left, mut right) = (path.clone(), path);
            let to_left = interval(&mut left, feature);
            to_left.up_to = to_left.up_to.min(threshold);
            let to_right = interval(&mut right, feature);
            to_right.over = to_right.over.max(threshold);
            self.open.push((split.right, right));
            self.open.push((split.left, left));
        }
    }
}

/// The interval of a feature on a path; of all values where it is new there.
fn interval(path: &mut Vec<Interval>, feature: u32) -> &mut Interval {
    let at = path.iter().position(|interval| interval.feature == feature).unwrap_or(path.len());
    if at == path.len() {
        path.push(Interval { feature, over: f64::NEG_INFINITY, up_to: f64::INFINITY });
    }
    &mut path[at]
}

/// Works out the masks of rows: bit i is 1 where a row lies in interval i.
pub(super) struct Masks<'a> {
    pub(super) path: &'a [Interval],
    pub(super) rows: &'a Blocks,
    /// Per row, those that fill up the last block included.
    pub(super) masks: &'a mut Vec<u64>,
}

impl WithSimd for Masks<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { path, rows, masks } = self;
        masks.clear();
        masks.resize(rows.n_blocks() * LANES, 0);
        let zero = simd.splat_u64s(0);
        for (rows, masks) in rows.iter().zip(masks.chunks_exact_mut(LANES)) {
            for (vector, mask) in S::as_mut_simd_u64s(masks).0.iter_mut().enumerate() {
                let mut bit = 1;
                for interval in path {
                    let values = S::as_simd_f64s(&rows[interval.feature as usize]).0[vector];
                    let over = simd.greater_than_f64s(values, simd.splat_f64s(interval.over));
                    let up_to = simd.less_than_or_equal_f64s(values, simd.splat_f64s(interval.up_to));
                    let inside = simd.select_u64s(simd.and_m64s(over, up_to), simd.splat_u64s(bit), zero);
                    *mask = simd.or_u64s(*mask, inside);
                    bit <<= 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::detect::isolation_forest::IsolationForest;
    use crate::analysis::explain::tree_shap::tests::table;
    use crate::cx::Cx;
    use crate::recipe::IsolationForestConfig;

    #[test]
    fn a_row_is_in_the_box_of_its_own_leaf_only() {
        let x = table(100, 6);
        let forest = IsolationForest::fit(&IsolationForestConfig::default(), &x, &Cx::default()).unwrap();
        let rows = Blocks::new(x.values(), 6);
        let (mut narrow, mut wide) = (Vec::new(), Vec::new());
        let mut margins = vec![0.0; 100];
        for LeafBox { value, path } in forest.trees().iter().flat_map(Leaves::of) {
            Masks { path: &path, rows: &rows, masks: &mut narrow }.with_simd(pulp::Scalar::new());
            pulp::Arch::new().dispatch(Masks { path: &path, rows: &rows, masks: &mut wide });
            assert_eq!(narrow, wide);
            for (margin, mask) in margins.iter_mut().zip(wide.iter()) {
                *margin += if *mask == (1 << path.len()) - 1 { value } else { 0.0 };
            }
        }
        for (margin, expected) in margins.iter().zip(forest.margins(&x, &Cx::default()).unwrap()) {
            assert!((margin / forest.trees().len() as f64 - expected).abs() < 1e-12);
        }
    }
}
