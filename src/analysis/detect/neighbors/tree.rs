//! Where points are: a tree of boxes over tiles of points that lie together.
//!
//! Bentley: Multidimensional binary search trees (1975), with bounding boxes as in scikit-learn's KDTree. Three levels
//! of halving are stored as one node of eight boxes side by side, and all leaves but the last hold the same number of
//! points, so that plain loops over a node or over a leaf become vector code.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cx::{Cancelled, Cx};

/// Points in a leaf.
pub(super) const LEAF: usize = 32;

/// Most children of a node.
pub(super) const WIDE: usize = 8;

/// Fewer leaves than this are put in order by one thread.
const ALONE: usize = 64;

/// Points in a tree of boxes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tree {
    n_coordinates: usize,
    /// Leaf after leaf; in a leaf, coordinate after coordinate of [`LEAF`] points. The last leaf is filled up with
    /// points that are far from everything.
    tiles: Vec<f64>,
    /// Row number of the point at each place.
    rows: Vec<u32>,
    nodes: Vec<Node>,
    /// Per node: per coordinate the smallest values of its children, then the largest ones.
    boxes: Vec<f64>,
}

/// The children of a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Node {
    /// Child i holds the leaves from `leaves[i]` to before `leaves[i + 1]`: none, one, or those of a node.
    pub(super) leaves: [u32; WIDE + 1],
    /// The nodes of children that have more than one leaf.
    pub(super) nodes: [u32; WIDE],
    /// The lowest row number in each child.
    pub(super) first_rows: [u32; WIDE],
}

impl Tree {
    /// Builds the tree over points of `n_coordinates` values each (at least one point).
    pub(super) fn new(n_coordinates: usize, points: &[f64], cx: &Cx) -> Result<Self, Cancelled> {
        let d = n_coordinates;
        let n = points.len() / d;
        let mut rows: Vec<u32> = (0..n as u32).collect();
        arrange(d, points, &mut rows, cx)?;
        let n_leaves = n.div_ceil(LEAF);
        let mut tiles = vec![f64::MAX; n_leaves * LEAF * d];
        tiles.par_chunks_mut(LEAF * d).zip(rows.par_chunks(LEAF)).try_for_each(|(tile, rows)| {
            cx.check()?;
            for (lane, &row) in rows.iter().enumerate() {
                let point = &points[row as usize * d..(row as usize + 1) * d];
                tile.chunks_exact_mut(LEAF).zip(point).for_each(|(values, &value)| values[lane] = value);
            }
            Ok(())
        })?;
        let mut tree = Self { n_coordinates, tiles, rows, nodes: Vec::new(), boxes: Vec::new() };
        let leaf_boxes: Vec<Bounds> = (0..n_leaves).into_par_iter().map(|leaf| tree.leaf_bounds(leaf)).collect();
        tree.push_node(0..n_leaves, &leaf_boxes);
        Ok(tree)
    }

    /// Number of leaves.
    pub(super) fn n_leaves(&self) -> usize {
        self.rows.len().div_ceil(LEAF)
    }

    /// The row number of the point at each place. Leaf i begins at place i * [`LEAF`].
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Row numbers of the points of a leaf.
    #[inline(always)]
    pub(super) fn leaf_rows(&self, leaf: usize) -> &[u32] {
        &self.rows[leaf * LEAF..self.rows.len().min((leaf + 1) * LEAF)]
    }

    /// The points of a leaf, coordinate after coordinate.
    #[inline(always)]
    pub(super) fn tile(&self, leaf: usize) -> &[[f64; LEAF]] {
        let tiles = self.tiles.as_chunks::<LEAF>().0;
        &tiles[leaf * self.n_coordinates..(leaf + 1) * self.n_coordinates]
    }

    /// A node, with the smallest and the largest coordinates of its children. The root is node 0.
    #[inline(always)]
    pub(super) fn node(&self, node: usize) -> (&Node, &[[f64; WIDE]], &[[f64; WIDE]]) {
        let d = self.n_coordinates;
        let boxes = &self.boxes.as_chunks::<WIDE>().0[node * 2 * d..(node + 1) * 2 * d];
        let (low, high) = boxes.split_at(d);
        (&self.nodes[node], low, high)
    }

    /// The box around the points of a leaf.
    pub(super) fn leaf_bounds(&self, leaf: usize) -> Bounds {
        let n = self.leaf_rows(leaf).len();
        let tile = self.tile(leaf);
        Bounds {
            low: tile.iter().map(|values| values[..n].iter().copied().fold(f64::MAX, f64::min)).collect(),
            high: tile.iter().map(|values| values[..n].iter().copied().fold(-f64::MAX, f64::max)).collect(),
        }
    }

    /// Adds the node over some leaves and what is below it. Returns its box and its lowest row number.
    fn push_node(&mut self, leaves: std::ops::Range<usize>, leaf_boxes: &[Bounds]) -> (Bounds, u32) {
        let (d, own) = (self.n_coordinates, self.nodes.len());
        let mut parts = vec![leaves.start, leaves.end];
        while parts.len() <= WIDE {
            // As the points were halved. A single leaf gives an empty half.
            let halves = parts.windows(2).flat_map(|part| [part[0], part[0] + half(part[1] - part[0])]);
            parts = halves.chain([leaves.end]).collect();
        }
        let mut node = Node { leaves: [leaves.end as u32; WIDE + 1], nodes: [0; WIDE], first_rows: [u32::MAX; WIDE] };
        node.leaves.iter_mut().zip(&parts).for_each(|(first, &leaf)| *first = leaf as u32);
        self.nodes.push(node);
        // Boxes of empty children are infinitely far from everything.
        self.boxes.extend((0..2 * d * WIDE).map(|at| if at < d * WIDE { f64::MAX } else { -f64::MAX }));
        let mut all = Bounds { low: vec![f64::MAX; d], high: vec![-f64::MAX; d] };
        let mut first_of_all = u32::MAX;
        for (child, part) in parts.windows(2).enumerate() {
            let (bounds, first_row) = match part[1] - part[0] {
                0 => continue,
                1 => (leaf_boxes[part[0]].clone(), self.leaf_rows(part[0]).iter().copied().min().unwrap_or(u32::MAX)),
                _ => {
                    self.nodes[own].nodes[child] = self.nodes.len() as u32;
                    self.push_node(part[0]..part[1], leaf_boxes)
                }
            };
            self.nodes[own].first_rows[child] = first_row;
            first_of_all = first_of_all.min(first_row);
            for f in 0..d {
                let at = (own * 2 * d + f) * WIDE + child;
                self.boxes[at] = bounds.low[f];
                self.boxes[at + d * WIDE] = bounds.high[f];
                all.low[f] = all.low[f].min(bounds.low[f]);
                all.high[f] = all.high[f].max(bounds.high[f]);
            }
        }
        (all, first_of_all)
    }
}

/// A box: the smallest and the largest value of each coordinate.
#[derive(Debug, Clone, Default)]
pub(super) struct Bounds {
    pub(super) low: Vec<f64>,
    pub(super) high: Vec<f64>,
}

/// How many of some leaves go to the first half.
fn half(n_leaves: usize) -> usize {
    n_leaves.div_ceil(2)
}

/// Puts rows in the order of the leaves: halves at the median of the widest coordinate, again and again.
fn arrange(d: usize, points: &[f64], rows: &mut [u32], cx: &Cx) -> Result<(), Cancelled> {
    let n_leaves = rows.len().div_ceil(LEAF);
    if n_leaves <= 1 {
        return Ok(());
    }
    cx.check()?;
    let widest = widest(d, points, rows);
    let mut keys: Vec<(f64, u32)> = rows.iter().map(|&row| (points[row as usize * d + widest], row)).collect();
    let middle = half(n_leaves) * LEAF;
    keys.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    rows.iter_mut().zip(&keys).for_each(|(row, key)| *row = key.1);
    drop(keys);
    let (left, right) = rows.split_at_mut(middle);
    if n_leaves <= ALONE {
        arrange(d, points, left, cx)?;
        return arrange(d, points, right, cx);
    }
    let (left, right) = rayon::join(|| arrange(d, points, left, cx), || arrange(d, points, right, cx));
    left.and(right)
}

/// The coordinate in which some rows are spread the widest.
fn widest(d: usize, points: &[f64], rows: &[u32]) -> usize {
    let mut bounds = vec![(f64::INFINITY, f64::NEG_INFINITY); d];
    for &row in rows {
        let point = &points[row as usize * d..(row as usize + 1) * d];
        for ((low, high), &value) in bounds.iter_mut().zip(point) {
            *low = low.min(value);
            *high = high.max(value);
        }
    }
    let width = |f: usize| bounds[f].1 - bounds[f].0;
    (0..d).max_by(|&a, &b| width(a).total_cmp(&width(b))).unwrap_or(0)
}
