//! Nearest points in few dimensions: a balanced tree of boxes.
//!
//! Bentley: Multidimensional binary search trees (1975), with a bounding box in every node as scikit-learn's KDTree has.

use serde::{Deserialize, Serialize};

use super::nearest::{Nearest, Neighbor};
use crate::analysis::detect::points::{LANES, Points, coordinate, squared_distances};
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// Most points in a leaf.
const LEAF_POINTS: usize = 3 * LANES;

/// Points in a tree of boxes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KdTree {
    /// In the order of the leaves; every leaf starts at a block border.
    points: Points,
    /// Row number of each point.
    rows: Vec<u32>,
    nodes: Vec<Node>,
    /// Per node: the smallest value of each coordinate, then the largest of each.
    boxes: Vec<f64>,
}

/// A node: the points under it and its first child; the second one follows. Leaves have child 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Node {
    start: u32,
    end: u32,
    child: u32,
}

/// Memory of a search, kept from one to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    open: Vec<(f64, u32)>,
}

impl KdTree {
    /// Builds the tree over the rows of `x`.
    pub(super) fn new(x: &Matrix, cx: &Cx) -> Result<Self, Cancelled> {
        let d = x.n_features();
        let mut rows: Vec<u32> = (0..x.n_rows() as u32).collect();
        let mut nodes = vec![Node { start: 0, end: x.n_rows() as u32, child: 0 }];
        let mut boxes = Vec::new();
        let mut at = 0;
        while at < nodes.len() {
            cx.check()?;
            let Node { start, end, .. } = nodes[at];
            let here = &mut rows[start as usize..end as usize];
            let (low, high) = bounds(x, here);
            if here.len() > LEAF_POINTS {
                // The left half is a whole number of blocks, so that all leaves start at a block border.
                let half = (here.len() / 2).next_multiple_of(LANES);
                let widest = (0..d).max_by(|&a, &b| (high[a] - low[a]).total_cmp(&(high[b] - low[b]))).unwrap_or(0);
                let value = |&row: &u32| (coordinate(x.values()[row as usize * d + widest]), row);
                here.select_nth_unstable_by(half, |a, b| {
                    let (a, b) = (value(a), value(b));
                    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
                });
                let middle = start + half as u32;
                nodes[at].child = nodes.len() as u32;
                nodes.push(Node { start, end: middle, child: 0 });
                nodes.push(Node { start: middle, end, child: 0 });
            }
            boxes.extend(low);
            boxes.extend(high);
            at += 1;
        }
        let ordered: Vec<&[f64]> = rows.iter().map(|&row| x.row(row as usize)).collect();
        Ok(Self { points: Points::new(d, ordered.into_iter(), cx)?, rows, nodes, boxes })
    }

    /// Number of coordinates.
    pub(super) fn n_features(&self) -> usize {
        self.points.n_features()
    }

    /// Finds the points nearest to `point`, leaving out one row where asked.
    pub(super) fn search(&self, point: &[f64], leave_out: Option<u32>, nearest: &mut Nearest, scratch: &mut Scratch) {
        nearest.clear();
        let open = &mut scratch.open;
        open.clear();
        open.push((self.box_distance(0, point), 0));
        while let Some((distance, at)) = open.pop() {
            let mut node = (distance, at as usize);
            // A box at exactly the bound may hold a point of a lower number.
            while node.0 <= nearest.bound() {
                let Node { start, end, child } = self.nodes[node.1];
                if child == 0 {
                    self.search_leaf(start as usize..end as usize, point, leave_out, nearest);
                    break;
                }
                let mut near = (self.box_distance(child as usize, point), child as usize);
                let mut far = (self.box_distance(child as usize + 1, point), child as usize + 1);
                if far.0 < near.0 {
                    std::mem::swap(&mut near, &mut far);
                }
                if far.0 <= nearest.bound() {
                    open.push((far.0, far.1 as u32));
                }
                node = near;
            }
        }
    }

    /// Squared distance from `point` to a box, 0 inside. Never more than the squared distance computed for a point in
    /// it, as both add up in the same order and rounding keeps order.
    fn box_distance(&self, node: usize, point: &[f64]) -> f64 {
        let d = self.n_features();
        let (low, high) = self.boxes[node * 2 * d..(node + 1) * 2 * d].split_at(d);
        let sides = low.iter().zip(high).zip(point);
        sides.fold(0.0, |sum, ((&low, &high), &x)| {
            let (below, above) = (low - x, x - high);
            let outside = if below > above { below } else { above };
            let outside = if outside > 0.0 { outside } else { 0.0 };
            sum + outside * outside
        })
    }

    fn search_leaf(
        &self,
        points: std::ops::Range<usize>,
        point: &[f64],
        leave_out: Option<u32>,
        nearest: &mut Nearest,
    ) {
        let rows = &self.rows[points.clone()];
        let blocks = self.points.blocks_in(points.start / LANES..points.end.div_ceil(LANES));
        for (block, rows) in blocks.zip(rows.chunks(LANES)) {
            for (squared_distance, &row) in squared_distances(block, point).into_iter().zip(rows) {
                if squared_distance <= nearest.bound() && Some(row) != leave_out {
                    nearest.offer(Neighbor { squared_distance, row });
                }
            }
        }
    }
}

/// Smallest and largest value of each coordinate.
fn bounds(x: &Matrix, rows: &[u32]) -> (Vec<f64>, Vec<f64>) {
    let d = x.n_features();
    let (mut low, mut high) = (vec![f64::INFINITY; d], vec![f64::NEG_INFINITY; d]);
    for &row in rows {
        for ((low, high), &value) in low.iter_mut().zip(&mut high).zip(x.row(row as usize)) {
            let value = coordinate(value);
            *low = low.min(value);
            *high = high.max(value);
        }
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn finds_what_sorting_finds(
            steps in prop::collection::vec(-9..9_i32, 3..900),
            unit in prop::sample::select(vec![1.0, 0.1, 1e150, 1e-150]),
            k in 1..40_usize,
            leave_out in prop::option::of(0..50_u32),
        ) {
            let data: Vec<f64> = steps.iter().map(|&step| f64::from(step) * unit).collect();
            let x = Matrix::unnamed(3, data[..data.len() / 3 * 3].to_vec()).unwrap();
            let tree = KdTree::new(&x, &Cx::default()).unwrap();
            let (mut nearest, mut scratch) = (Nearest::new(k), Scratch::default());
            for point in [x.row(0), &[0.3 * unit, -20.0 * unit, 0.0]] {
                let point: Vec<f64> = point.iter().copied().map(coordinate).collect();
                tree.search(&point, leave_out, &mut nearest, &mut scratch);
                let distance = |row: &[f64]| row.iter().zip(&point).map(|(y, x)| (coordinate(*y) - x).powi(2)).sum();
                let mut all: Vec<(f64, u32)> = x.iter_rows().map(distance).zip(0..).collect();
                all.retain(|&(_, row)| Some(row) != leave_out);
                all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                all.truncate(k);
                let found: Vec<_> = nearest.found().iter().map(|n| (n.squared_distance, n.row)).collect();
                prop_assert_eq!(found, all);
            }
        }
    }
}
