//! One tree of the extended isolation forest: splits by random hyperplanes instead of single columns.
//!
//! Hariri, Carrasco Kind, Brunner: Extended isolation forest (IEEE TKDE 2019).

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::value::average_path_length;
use crate::analysis::detect::coordinate::coordinate;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// A tree whose nodes ask on which side of a hyperplane a row lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct HyperplaneTree {
    nodes: Vec<Node>,
    /// `n_terms` per node.
    terms: Vec<Term>,
    n_terms: usize,
    /// Per node: edges from the root, plus the expected rest of the path in a leaf.
    path_length: Vec<f64>,
}

/// A row goes left where the sum of its terms is at most `offset`. The right child follows the left one; a leaf is its
/// own left child.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Node {
    offset: f64,
    left: u32,
}

/// One coordinate of the normal of a hyperplane.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Term {
    feature: u32,
    weight: f64,
}

/// A node still to be split: its number, rows (a range of the permuted row list) and depth.
struct Open {
    node: usize,
    start: usize,
    end: usize,
    depth: u32,
}

impl HyperplaneTree {
    /// Grows a tree on some rows of `x` and some of its columns: at each node `n_terms` columns drawn among those that
    /// are not constant there (fewer where fewer vary), a normal with standard normal coordinates, and a point of the
    /// plane drawn uniformly from the box around the rows; at most `max_depth` edges deep. As in the paper, a plane may
    /// leave all rows on one side.
    pub(super) fn grow(
        x: &Matrix,
        mut rows: Vec<u32>,
        mut columns: Vec<u32>,
        n_terms: usize,
        max_depth: u32,
        rng: &mut ChaCha8Rng,
        cx: &Cx,
    ) -> Result<Self, Cancelled> {
        let mut tree = Self { nodes: Vec::new(), terms: Vec::new(), n_terms, path_length: Vec::new() };
        tree.push_leaf(rows.len(), 0);
        let mut open = vec![Open { node: 0, start: 0, end: rows.len(), depth: 0 }];
        while let Some(Open { node, start, end, depth }) = open.pop() {
            cx.check()?;
            if depth >= max_depth || end - start < 2 {
                continue;
            }
            let here = &mut rows[start..end];
            let terms = &mut tree.terms[node * n_terms..(node + 1) * n_terms];
            let Some(offset) = draw_plane(x, here, &mut columns, terms, rng, cx)? else { continue };
            let value = |row: u32| x.row(row as usize);
            let middle = start + partition(here, |row| side(terms, value(row)) <= offset);
            let left = tree.nodes.len();
            tree.nodes[node] = Node { offset, left: left as u32 };
            tree.path_length[node] = f64::from(depth);
            for (child, start, end) in [(left, start, middle), (left + 1, middle, end)] {
                tree.push_leaf(end - start, depth + 1);
                open.push(Open { node: child, start, end, depth: depth + 1 });
            }
        }
        Ok(tree)
    }

    fn push_leaf(&mut self, rows: usize, depth: u32) {
        self.nodes.push(Node { offset: 0.0, left: self.nodes.len() as u32 });
        self.terms.resize(self.nodes.len() * self.n_terms, Term::default());
        self.path_length.push(f64::from(depth) + average_path_length(rows as u32));
    }

    /// Whether this is a tree over `n_features` columns: saved ones may have been changed.
    pub(super) fn is_valid(&self, n_features: usize) -> bool {
        let n = self.nodes.len();
        let is_child = |(at, node): (usize, &Node)| {
            let left = node.left as usize;
            left == at || (left > at && left + 1 < n)
        };
        n > 0
            && self.n_terms > 0
            && self.terms.len() == n * self.n_terms
            && self.path_length.len() == n
            && self.nodes.iter().enumerate().all(is_child)
            && self.terms.iter().all(|term| (term.feature as usize) < n_features)
    }

    /// Adds the path length of each row of `rows` (row-major, `width` values each) to its entry of `sum`.
    pub(super) fn add_path_lengths(&self, rows: &[f64], width: usize, sum: &mut [f64]) {
        for (row, sum) in rows.chunks_exact(width).zip(sum) {
            let mut at = 0;
            loop {
                let Node { offset, left } = self.nodes[at];
                if left as usize == at {
                    break;
                }
                let terms = &self.terms[at * self.n_terms..(at + 1) * self.n_terms];
                at = left as usize + usize::from(side(terms, row) > offset);
            }
            *sum += self.path_length[at];
        }
    }
}

/// Where a row lies along the normal of a plane.
fn side(terms: &[Term], row: &[f64]) -> f64 {
    terms.iter().map(|term| term.weight * coordinate(row[term.feature as usize])).sum()
}

/// Draws a plane through the box around `rows` into `terms` and returns its offset; `None` where all columns are
/// constant.
fn draw_plane(
    x: &Matrix,
    rows: &[u32],
    columns: &mut [u32],
    terms: &mut [Term],
    rng: &mut ChaCha8Rng,
    cx: &Cx,
) -> Result<Option<f64>, Cancelled> {
    let (mut offset, mut drawn) = (0.0, 0);
    // Drawing columns without replacement until enough vary gives each varying column the same chance.
    for undrawn in (1..=columns.len()).rev() {
        if drawn == terms.len() {
            break;
        }
        cx.check()?;
        columns.swap(rng.random_range(0..undrawn as u32) as usize, undrawn - 1);
        let feature = columns[undrawn - 1];
        let value = |&row: &u32| coordinate(x.row(row as usize)[feature as usize]);
        let (min, max) = rows
            .iter()
            .map(value)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), value| (min.min(value), max.max(value)));
        if min < max {
            let weight: f64 = rng.sample(StandardNormal);
            offset += weight * (min + rng.random::<f64>() * (max - min));
            terms[drawn] = Term { feature, weight };
            drawn += 1;
        }
    }
    Ok((drawn > 0).then_some(offset))
}

/// Moves the rows that go left to the front and returns how many they are.
fn partition(rows: &mut [u32], goes_left: impl Fn(u32) -> bool) -> usize {
    let mut middle = 0;
    for at in 0..rows.len() {
        if goes_left(rows[at]) {
            rows.swap(at, middle);
            middle += 1;
        }
    }
    middle
}

#[cfg(test)]
mod tests {
    use super::super::tree::tree_rng;
    use super::*;

    fn grown(values: Vec<f64>, n_features: usize, n_terms: usize, max_depth: u32) -> (Matrix, HyperplaneTree) {
        let x = Matrix::unnamed(n_features, values).unwrap();
        let (rows, columns) = ((0..x.n_rows() as u32).collect(), (0..n_features as u32).collect());
        let tree =
            HyperplaneTree::grow(&x, rows, columns, n_terms, max_depth, &mut tree_rng(3, 0), &Cx::default()).unwrap();
        assert!(tree.is_valid(n_features));
        (x, tree)
    }

    fn path_lengths(tree: &HyperplaneTree, x: &Matrix) -> Vec<f64> {
        let mut sum = vec![0.0; x.n_rows()];
        tree.add_path_lengths(x.values(), x.n_features(), &mut sum);
        sum
    }

    #[test]
    fn rows_end_in_the_leaves_they_grew() {
        let values: Vec<f64> = (0..96).map(|i| f64::from((i * 37) % 89)).collect();
        let (x, tree) = grown(values, 3, 2, 5);
        // Rows with the same path length may share a leaf; the more they are, the longer it may be.
        let lengths = path_lengths(&tree, &x);
        for length in &lengths {
            let same = lengths.iter().filter(|other| *other == length).count();
            assert!(*length > 0.0 && *length <= 5.0 + average_path_length(same as u32) + 1e-12);
        }
        assert!(tree.nodes.iter().enumerate().any(|(at, node)| node.left as usize != at));
    }

    #[test]
    fn planes_use_only_columns_that_vary() {
        let values: Vec<f64> = (0..50).flat_map(|i| [7.0, f64::from(i), -1.0, f64::from(i * i)]).collect();
        let (_, tree) = grown(values, 4, 4, 6);
        for term in tree.terms.iter().filter(|term| term.weight != 0.0) {
            assert!(term.feature == 1 || term.feature == 3);
        }
    }

    #[test]
    fn equal_rows_and_huge_values_give_finite_paths() {
        let (x, tree) = grown(vec![1.0; 20], 2, 2, 4);
        assert_eq!(path_lengths(&tree, &x), [average_path_length(10); 10]);
        let (x, tree) = grown(vec![1e300, -1e300, 0.0, 1.0, -1e300, 1e300, 5.0, 2.0], 2, 2, 2);
        assert!(path_lengths(&tree, &x).iter().all(|length| length.is_finite() && *length >= 0.0));
    }

    #[test]
    fn changed_trees_are_refused() {
        let (_, tree) = grown((0..40).map(f64::from).collect(), 2, 2, 4);
        assert!(!tree.is_valid(1));
        let mut cycle = tree.clone();
        cycle.nodes.last_mut().unwrap().left = 0;
        assert!(!cycle.is_valid(2));
        let short = HyperplaneTree { path_length: Vec::new(), ..tree };
        assert!(!short.is_valid(2));
    }
}
