//! A tree in the order in which it is walked for Shapley values.

use crate::analysis::detect::isolation_forest::{IsolationTree, Split};
use crate::cx::{Cancelled, Cx};

/// A tree as steps of a walk down and up, left before right. Leaves are part of the split above them.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) splits: Vec<LaidSplit>,
    pub(super) steps: Vec<Step>,
    /// Splits on the longest path.
    pub(super) n_levels: usize,
    /// Most different features on a path.
    pub(super) features_on_a_path: usize,
    /// Mean of the values of the leaves over the training rows.
    pub(super) base: f64,
}

/// A step of a walk. Numbers are those of splits.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Down to the split on this side of a split.
    Enter(u32, Side),
    /// Up, when all below the split has been summed.
    Leave(u32),
}

/// A side of a split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Side {
    Left = 0,
    Right = 1,
}

/// A split and what the path to it says of its feature.
#[derive(Debug, Clone)]
pub(super) struct LaidSplit {
    pub(super) feature: u32,
    /// A row goes left where its value is at most this.
    pub(super) threshold: f64,
    /// What the splits by the same feature above let through; `None`: there are none.
    pub(super) above: Option<Passed>,
    /// Share of the training rows that pass all splits by the feature, this one to a side included.
    pub(super) shares: [f64; 2],
    /// Values of the sides that are leaves.
    pub(super) leaves: [Option<f64>; 2],
    /// Splits above it.
    pub(super) level: u32,
    /// The side of the split above it; left for the root.
    pub(super) side: Side,
}

/// What the splits by a feature on a path let through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passed {
    /// Values greater than this.
    pub(super) over: f64,
    /// And at most this.
    pub(super) up_to: f64,
    /// Share of the training rows, multiplied over the splits.
    pub(super) share: f64,
}

impl Passed {
    const ALL: Self = Self { over: f64::NEG_INFINITY, up_to: f64::INFINITY, share: 1.0 };
}

/// What is left to do of a tree.
enum Open {
    /// A node that splits, `weight` of the training rows in it.
    Split { node: usize, split: Split, level: u32, side: Side, weight: f64 },
    /// A side of a split that has been laid out.
    Side { laid: usize, node: usize, level: u32, side: Side, weight: f64 },
    /// The end of a split that has been laid out.
    End { laid: usize },
}

impl Layout {
    /// Lays out a tree over `n_features` columns. A node that no training row reached counts as if half of
    /// them went to each side.
    pub(super) fn new(tree: &IsolationTree, n_features: usize, cx: &Cx) -> Result<Self, Cancelled> {
        let (counts, values) = (tree.n_node_samples(), tree.values());
        let share = |of: usize, node: usize| match counts[of] {
            0 => 0.5,
            rows => f64::from(counts[node]) / f64::from(rows),
        };
        let is_leaf = |node: usize| tree.split(node).is_none();
        let mut laid_out = Self { splits: vec![], steps: vec![], n_levels: 0, features_on_a_path: 0, base: 0.0 };
        let Some(root) = tree.split(0) else {
            return Ok(Self { base: values[0], ..laid_out });
        };
        // Per feature: what the splits on the way to the node at hand say of it.
        let mut passed: Vec<Option<Passed>> = vec![None; n_features];
        let mut features = 0;
        let mut open = vec![Open::Split { node: 0, split: root, level: 0, side: Side::Left, weight: 1.0 }];
        while let Some(next) = open.pop() {
            cx.check()?;
            match next {
                Open::Split { node, split, level, side, weight } => {
                    let above = passed[split.feature];
                    features += usize::from(above.is_none());
                    laid_out.features_on_a_path = laid_out.features_on_a_path.max(features);
                    laid_out.n_levels = laid_out.n_levels.max(level as usize + 1);
                    let nodes = [split.left, split.right];
                    let shares = nodes.map(|child| share(node, child));
                    let laid = laid_out.splits.len();
                    open.push(Open::End { laid });
                    for side in [Side::Right, Side::Left] {
                        let (node, weight) = (nodes[side as usize], weight * shares[side as usize]);
                        open.push(Open::Side { laid, node, level: level + 1, side, weight });
                    }
                    laid_out.splits.push(LaidSplit {
                        feature: split.feature as u32,
                        threshold: f64::from(split.threshold),
                        above,
                        shares: shares.map(|share| above.unwrap_or(Passed::ALL).share * share),
                        leaves: nodes.map(|node| is_leaf(node).then(|| values[node])),
                        level,
                        side,
                    });
                }
                Open::Side { laid, node, level, side, weight } => match tree.split(node) {
                    None => laid_out.base += weight * values[node],
                    Some(split) => {
                        let from = &laid_out.splits[laid];
                        passed[from.feature as usize] = Some(from.passed(side));
                        laid_out.steps.push(Step::Enter(laid as u32, side));
                        open.push(Open::Split { node, split, level, side, weight });
                    }
                },
                Open::End { laid } => {
                    let LaidSplit { feature, above, .. } = laid_out.splits[laid];
                    passed[feature as usize] = above;
                    features -= usize::from(above.is_none());
                    laid_out.steps.push(Step::Leave(laid as u32));
                }
            }
        }
        Ok(laid_out)
    }
}

impl LaidSplit {
    /// What the splits by its feature let through up to a side of it.
    fn passed(&self, side: Side) -> Passed {
        let Passed { over, up_to, .. } = self.above.unwrap_or(Passed::ALL);
        let share = self.shares[side as usize];
        match side {
            Side::Left => Passed { over, up_to: up_to.min(self.threshold), share },
            Side::Right => Passed { over: over.max(self.threshold), up_to, share },
        }
    }
}
