//! One isolation tree: how it is grown, laid out in memory and walked.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::top::{Keys, LANES, TOP_LEVELS, Top, key_of};
use super::value::{log_densities, path_lengths};
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;
use crate::recipe::IsolationScoring;

/// Mark of a leaf in [`TreeArrays::feature`], as scikit-learn writes it.
const LEAF: i32 = -2;

/// A tree as parallel arrays over its nodes, the way scikit-learn's `tree_` holds it. Node 0 is the root.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TreeArrays {
    /// Column that each local feature number stands for.
    pub columns: Vec<u32>,
    /// Local feature number compared in each node; -2 in a leaf.
    pub feature: Vec<i32>,
    /// A row goes left where `value as f32 <= threshold`. Ignored in a leaf.
    pub threshold: Vec<f64>,
    /// Left child. Ignored in a leaf.
    pub left: Vec<i32>,
    /// Right child. Ignored in a leaf.
    pub right: Vec<i32>,
    /// Training rows that reached each node.
    pub n_node_samples: Vec<u32>,
    /// Log density of each node ([`IsolationTree::values`]); empty where the forest scores by depth.
    #[serde(default)]
    pub log_density: Vec<f64>,
}

/// A node. The right child follows the left one; a leaf is its own left child and has an infinite threshold, so that
/// every walk can take the same number of steps without asking where it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Node {
    pub(super) threshold: f32,
    pub(super) feature: u32,
    pub(super) left: u32,
}

impl Node {
    const fn leaf(at: u32) -> Self {
        Self { threshold: f32::INFINITY, feature: 0, left: at }
    }
}

/// An isolation tree.
#[derive(Debug, Clone, PartialEq)]
pub struct IsolationTree {
    nodes: Vec<Node>,
    n_samples: Vec<u32>,
    /// Per node: what a row that ends there adds to its sum.
    values: Vec<f64>,
    /// Edges to the deepest leaf.
    depth: u32,
    /// `None` where there are too many features.
    top: Option<Box<Top>>,
}

/// What a node of an [`IsolationTree`] asks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// Column compared.
    pub feature: usize,
    /// A row goes left where `to_f32(value) <= threshold`.
    pub threshold: f32,
    /// Node for rows that go left.
    pub left: usize,
    /// Node for the other rows.
    pub right: usize,
}

/// A value as trees compare it: single precision, the largest finite one where it is beyond.
pub fn to_f32(value: f64) -> f32 {
    value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
}

/// The largest `f32` that is at most `value`: `x <= value` and `x <= floor_f32(value)` agree for every `f32` x.
fn floor_f32(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) > value { near.next_down() } else { near }
}

/// A node still to be split: its number, rows (a range of the permuted row list) and depth.
struct Open {
    node: u32,
    start: usize,
    end: usize,
    depth: u32,
}

impl IsolationTree {
    /// Grows a tree on some rows of `x` and some of its columns: at each node a column drawn among those that are not
    /// constant there, split at a threshold drawn uniformly between its smallest and largest value; at most
    /// `max_depth` edges deep. For densities two rows stay together, as in isotree: which of them gets the smaller part
    /// of the space between them is chance.
    pub(super) fn grow(
        x: &Matrix,
        mut rows: Vec<u32>,
        mut columns: Vec<u32>,
        max_depth: u32,
        scoring: IsolationScoring,
        rng: &mut ChaCha8Rng,
        cx: &Cx,
    ) -> Result<Self, Cancelled> {
        let least_rows = match scoring {
            IsolationScoring::Depth => 2,
            IsolationScoring::Density => 3,
        };
        let mut nodes = vec![Node::leaf(0)];
        let mut counts = vec![rows.len() as u32];
        let mut depths = vec![0];
        let mut log_volumes = vec![0.0];
        let mut values = Vec::with_capacity(rows.len());
        let mut open = vec![Open { node: 0, start: 0, end: rows.len(), depth: 0 }];
        while let Some(Open { node, start, end, depth }) = open.pop() {
            cx.check()?;
            if depth >= max_depth || end - start < least_rows {
                continue;
            }
            let here = &mut rows[start..end];
            let Some(drawn) = draw_split(x, here, &mut columns, &mut values, rng) else { continue };
            let Drawn { feature, threshold, below } = drawn;
            let middle = start + partition(here, &values, threshold);
            let left = nodes.len() as u32;
            nodes[node as usize] = Node { threshold, feature, left };
            for (child, start, end) in [(left, start, middle), (left + 1, middle, end)] {
                nodes.push(Node::leaf(child));
                counts.push((end - start) as u32);
                depths.push(depth + 1);
                open.push(Open { node: child, start, end, depth: depth + 1 });
            }
            if scoring == IsolationScoring::Density {
                let log_volume: f64 = log_volumes[node as usize];
                log_volumes.extend([below, 1.0 - below].map(|share| log_volume + share.ln()));
            }
        }
        let node_values = match scoring {
            IsolationScoring::Depth => path_lengths(&nodes, &counts, &depths),
            IsolationScoring::Density => log_densities(&counts, &log_volumes),
        };
        Ok(Self::finish(nodes, counts, node_values, &depths))
    }

    /// A tree from arrays. `None` unless they describe one tree over `n_features` columns, with finite densities where
    /// those are asked for.
    pub(super) fn from_arrays(arrays: &TreeArrays, n_features: usize, scoring: IsolationScoring) -> Option<Self> {
        let mut nodes = vec![Node::leaf(0)];
        let mut counts = vec![*arrays.n_node_samples.first()?];
        let mut depths = vec![0];
        let mut sources = vec![0];
        let mut open = vec![(0_usize, 0_usize, 0)];
        while let Some((source, target, depth)) = open.pop() {
            let feature = *arrays.feature.get(source)?;
            if feature == LEAF {
                continue;
            }
            let column = *arrays.columns.get(usize::try_from(feature).ok()?)?;
            let threshold = *arrays.threshold.get(source)?;
            // A tree has fewer nodes than the arrays have entries; more would be a cycle.
            if column as usize >= n_features || threshold.is_nan() || nodes.len() + 2 > arrays.feature.len() {
                return None;
            }
            let left = nodes.len();
            nodes[target] = Node { threshold: floor_f32(threshold), feature: column, left: u32::try_from(left).ok()? };
            for (child, target) in [(arrays.left.get(source)?, left), (arrays.right.get(source)?, left + 1)] {
                let child = usize::try_from(*child).ok()?;
                nodes.push(Node::leaf(u32::try_from(target).ok()?));
                counts.push(*arrays.n_node_samples.get(child)?);
                depths.push(depth + 1);
                sources.push(child);
                open.push((child, target, depth + 1));
            }
        }
        let log_density = |&source: &usize| arrays.log_density.get(source).copied().filter(|value| value.is_finite());
        let values = match scoring {
            IsolationScoring::Depth => path_lengths(&nodes, &counts, &depths),
            IsolationScoring::Density => sources.iter().map(log_density).collect::<Option<_>>()?,
        };
        Some(Self::finish(nodes, counts, values, &depths))
    }

    fn finish(nodes: Vec<Node>, n_samples: Vec<u32>, values: Vec<f64>, depths: &[u32]) -> Self {
        let depth = depths.iter().copied().max().unwrap_or(0);
        Self { values, depth, top: Top::new(&nodes).map(Box::new), nodes, n_samples }
    }

    /// The tree as arrays; [`IsolationTree::from_arrays`] gives it back.
    pub(super) fn to_arrays(&self, n_features: usize, scoring: IsolationScoring) -> TreeArrays {
        let child = |at: usize, side: usize| self.split(at).map_or(-1, |s| [s.left, s.right][side] as i32);
        let nodes = 0..self.n_nodes();
        TreeArrays {
            columns: (0..n_features as u32).collect(),
            feature: nodes.clone().map(|at| self.split(at).map_or(LEAF, |s| s.feature as i32)).collect(),
            threshold: nodes.clone().map(|at| self.split(at).map_or(-2.0, |s| f64::from(s.threshold))).collect(),
            left: nodes.clone().map(|at| child(at, 0)).collect(),
            right: nodes.map(|at| child(at, 1)).collect(),
            n_node_samples: self.n_samples.clone(),
            log_density: match scoring {
                IsolationScoring::Depth => Vec::new(),
                IsolationScoring::Density => self.values.clone(),
            },
        }
    }

    /// Number of nodes. Node 0 is the root; children have higher numbers than their parent.
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The question of a node; `None` for a leaf or where there is no such node.
    pub fn split(&self, node: usize) -> Option<Split> {
        let Node { threshold, feature, left } = *self.nodes.get(node)?;
        let left = left as usize;
        (left != node).then_some(Split { feature: feature as usize, threshold, left, right: left + 1 })
    }

    /// Training rows that reached each node.
    pub fn n_node_samples(&self) -> &[u32] {
        &self.n_samples
    }

    /// Per node: what a row that ends there adds to its sum over the trees; more for an ordinary row. By depth: edges
    /// from the root, plus c(rows) in a leaf. By density: ln(share of the rows of the tree / share of the volume).
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Adds the value of the leaf of each row to its entry of `sum`.
    pub(super) fn add_values(&self, rows: &Keys, sum: &mut [f64]) {
        for (block, sums) in sum.chunks_mut(LANES).enumerate() {
            let leaves = self.walk(rows.block(block));
            for (sum, leaf) in sums.iter_mut().zip(leaves) {
                *sum += self.values[leaf as usize];
            }
        }
    }

    /// The leaf of each row of a block.
    #[inline(always)]
    fn walk(&self, keys: &[[u32; LANES]]) -> [u32; LANES] {
        let (mut at, walked) = match (&self.top, keys.first_chunk()) {
            (Some(top), Some(keys)) => (top.walk(keys), TOP_LEVELS as u32),
            _ => ([0; LANES], 0),
        };
        for _ in walked..self.depth {
            for (lane, at) in at.iter_mut().enumerate() {
                let Node { threshold, feature, left } = self.nodes[*at as usize];
                *at = left + u32::from(keys[feature as usize][lane] > key_of(threshold));
            }
        }
        at
    }
}

/// A split drawn for some rows.
struct Drawn {
    feature: u32,
    threshold: f32,
    /// Share of the range of the feature that goes left, above 0 and below 1.
    below: f64,
}

/// A split of `rows` by a column that is not constant among them; `None` where all are constant. Leaves the values of
/// the rows in that column in `values`.
fn draw_split(
    x: &Matrix,
    rows: &[u32],
    columns: &mut [u32],
    values: &mut Vec<f32>,
    rng: &mut ChaCha8Rng,
) -> Option<Drawn> {
    // Drawing columns without replacement until one varies gives each varying column the same chance.
    for undrawn in (1..=columns.len()).rev() {
        let at = if undrawn == 1 { 0 } else { rng.random_range(0..undrawn as u32) as usize };
        columns.swap(at, undrawn - 1);
        let column = columns[undrawn - 1];
        values.clear();
        values.extend(rows.iter().map(|&row| to_f32(x.values()[row as usize * x.n_features() + column as usize])));
        let (min, max) =
            values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(min, max), &v| (min.min(v), max.max(v)));
        if min < max {
            let (low, high) = (f64::from(min), f64::from(max));
            let share = rng.random::<f64>();
            let threshold = floor_f32(low + share * (high - low));
            return Some(Drawn {
                feature: column,
                // The largest value has to go right, or the right side would be empty.
                threshold: if threshold < max { threshold } else { min },
                // Random numbers are multiples of this, 0 among them: a part without volume would be infinitely dense.
                below: share.max(f64::EPSILON / 2.0),
            });
        }
    }
    None
}

/// Moves the rows whose value is at most `threshold` to the front and returns how many they are.
fn partition(rows: &mut [u32], values: &[f32], threshold: f32) -> usize {
    let mut middle = 0;
    for (at, &value) in values.iter().enumerate() {
        if value <= threshold {
            rows.swap(at, middle);
            middle += 1;
        }
    }
    middle
}

/// The random stream of a tree.
pub(super) fn tree_rng(seed: u64, tree: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(tree as u64);
    rng
}

#[cfg(test)]
mod tests {
    use super::super::value::average_path_length;
    use super::*;

    const DEPTH: IsolationScoring = IsolationScoring::Depth;

    fn values(rows: usize) -> Vec<f64> {
        let row = |i: usize| [0.0, 0.0, 0.0, 0.0, ((i * 37) % 101) as f64 * 0.1, 5.0, (i % 2) as f64];
        (0..rows).flat_map(row).collect()
    }

    /// A tree on columns that vary (4), are constant (5) and take two values (6).
    fn grown(rows: usize, max_depth: u32) -> IsolationTree {
        let x = Matrix::unnamed(7, values(rows)).unwrap();
        let all = (0..rows as u32).collect();
        IsolationTree::grow(&x, all, vec![4, 5, 6], max_depth, DEPTH, &mut tree_rng(1, 0), &Cx::default()).unwrap()
    }

    #[test]
    fn thresholds_are_rounded_down_and_huge_values_stay_finite() {
        assert_eq!(floor_f32(0.5), 0.5);
        for value in [0.1, 0.3, -0.1, -0.7, 1e-50, -1e-50] {
            let below = floor_f32(value);
            assert!(f64::from(below) <= value && f64::from(below.next_up()) > value, "{value}");
        }
        assert_eq!((to_f32(1e300), to_f32(-1e300)), (f32::MAX, f32::MIN));
    }

    #[test]
    fn a_tree_isolates_rows_with_columns_that_vary() {
        let tree = grown(64, 6);
        let mut in_leaves = 0;
        for node in 0..tree.n_nodes() {
            let samples = tree.n_node_samples()[node];
            if let Some(split) = tree.split(node) {
                assert!(split.feature == 4 || split.feature == 6);
                let parts = [split.left, split.right].map(|child| tree.n_node_samples()[child]);
                assert!(parts[0] > 0 && parts[1] > 0 && parts[0] + parts[1] == samples);
            } else {
                let depth = (tree.values()[node] - average_path_length(samples)).round();
                assert!(depth <= 6.0 && (samples == 1 || depth == 6.0));
                in_leaves += samples;
            }
        }
        assert_eq!(in_leaves, 64);
    }

    #[test]
    fn every_row_walks_to_its_own_leaf() {
        let tree = grown(64, 60);
        // 64 distinct rows and no limit: each leaf holds one row, so the sum of path lengths is that of the leaves.
        let mut sums = vec![0.0; 64];
        tree.add_values(&Keys::new(&values(64), 7), &mut sums);
        let mut leaves: Vec<f64> =
            (0..tree.n_nodes()).filter(|&node| tree.split(node).is_none()).map(|node| tree.values()[node]).collect();
        sums.sort_by(f64::total_cmp);
        leaves.sort_by(f64::total_cmp);
        assert_eq!(sums, leaves);
    }

    #[test]
    fn arrays_give_the_tree_back_and_nonsense_is_refused() {
        let tree = grown(100, 7);
        let arrays = tree.to_arrays(7, DEPTH);
        let back = IsolationTree::from_arrays(&arrays, 7, DEPTH).unwrap();
        assert_eq!(back.values().len(), tree.n_nodes());
        let rows = Keys::new(&(0..700).map(|i| f64::from(i % 23) * 0.4).collect::<Vec<_>>(), 7);
        let (mut a, mut b) = (vec![0.0; 100], vec![0.0; 100]);
        tree.add_values(&rows, &mut a);
        back.add_values(&rows, &mut b);
        assert_eq!(a, b);
        assert!(IsolationTree::from_arrays(&arrays, 4, DEPTH).is_none());
        assert!(IsolationTree::from_arrays(&TreeArrays::default(), 7, DEPTH).is_none());
        let cycle = TreeArrays { left: vec![0; tree.n_nodes()], ..arrays.clone() };
        assert!(IsolationTree::from_arrays(&cycle, 7, DEPTH).is_none());
        let out_of_bounds = TreeArrays { right: vec![9999; tree.n_nodes()], ..arrays };
        assert!(IsolationTree::from_arrays(&out_of_bounds, 7, DEPTH).is_none());
    }
}
