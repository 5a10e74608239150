//! The upper levels of a tree in a form that rows are walked down fastest.

use std::array;

use super::tree::{Node, to_f32};

/// Rows walked down a tree side by side: enough independent loads to hide their latency.
pub(super) const LANES: usize = 8;

/// Levels of a tree that are laid out as a heap; as many as a tree of 256 rows has.
pub(super) const TOP_LEVELS: usize = 8;

/// Questions in those levels, from 1: those below question i are 2i and 2i + 1.
const TOP: usize = 1 << TOP_LEVELS;

/// Most features that the questions of the upper levels can name.
const TOP_FEATURES: usize = 1 << u8::BITS;

/// The upper levels once more, for a faster walk: no child to look up, and no index that could be out of bounds.
/// Leaves above the last level are continued by questions that every row answers with "left".
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Top {
    questions: [Question; TOP],
    /// The node that each way through the upper levels ends in.
    below: [u32; TOP],
}

/// Does a row go right: is the key of this feature above `threshold`?
#[derive(Debug, Clone, Copy, PartialEq)]
struct Question {
    threshold: u32,
    feature: u8,
}

/// Rows as trees compare them: blocks of [`LANES`] rows, in a block feature after feature. The last block is filled up
/// with zeros, and [`TOP_FEATURES`] more follow, so that any `u8` names a value.
pub(super) struct Keys {
    keys: Vec<[u32; LANES]>,
    n_features: usize,
}

impl Keys {
    /// Keys of rows of `n_features` values each.
    pub(super) fn new(rows: &[f64], n_features: usize) -> Self {
        let blocks = rows.chunks(LANES * n_features);
        let mut keys = vec![[0; LANES]; blocks.len() * n_features + TOP_FEATURES];
        for (rows, block) in blocks.zip(keys.chunks_exact_mut(n_features)) {
            for (lane, row) in rows.chunks_exact(n_features).enumerate() {
                block.iter_mut().zip(row).for_each(|(keys, &value)| keys[lane] = key_of(to_f32(value)));
            }
        }
        Self { keys, n_features }
    }

    /// The keys of a block, and all that follow.
    pub(super) fn block(&self, block: usize) -> &[[u32; LANES]] {
        &self.keys[block * self.n_features..]
    }
}

impl Top {
    /// `None` where a question has too high a feature.
    pub(super) fn new(nodes: &[Node]) -> Option<Self> {
        let mut at = [0_u32; 2 * TOP];
        let mut questions = [Question { threshold: u32::MAX, feature: 0 }; TOP];
        for here in 1..TOP {
            let Node { threshold, feature, left } = nodes[at[here] as usize];
            let is_leaf = left == at[here];
            let threshold = if is_leaf { u32::MAX } else { key_of(threshold) };
            questions[here] = Question { threshold, feature: u8::try_from(feature).ok()? };
            at[2 * here] = left;
            at[2 * here + 1] = left + u32::from(!is_leaf);
        }
        Some(Self { questions, below: array::from_fn(|end| at[TOP + end]) })
    }

    /// The node below the upper levels that each row of a block comes to.
    #[inline(always)]
    pub(super) fn walk(&self, keys: &[[u32; LANES]; TOP_FEATURES]) -> [u32; LANES] {
        let mut at = [1; LANES];
        for _ in 0..TOP_LEVELS {
            for (lane, at) in at.iter_mut().enumerate() {
                let Question { threshold, feature } = self.questions[*at % TOP];
                *at = 2 * *at + usize::from(keys[usize::from(feature)][lane] > threshold);
            }
        }
        at.map(|at| self.below[at % TOP])
    }
}

/// A whole number that sorts as `value` does: quicker to compare and to count with.
pub(super) fn key_of(value: f32) -> u32 {
    // Adding zero makes -0 and 0 the same.
    let bits = (value + 0.0).to_bits();
    bits ^ ((bits as i32 >> 31) as u32 | 0x8000_0000)
}
