//! The values of a window in ascending order.

/// Most values in a block; measured: larger ones cost more to move in, smaller ones more to find.
const BLOCK: usize = 1024;

/// A multiset of numbers that knows its k-th smallest: sorted blocks, each followed by one of values at least as large.
///
/// A short window is a single block. Adding and removing cost O(block + number of blocks).
#[derive(Debug, Clone, Default)]
pub(super) struct Sorted {
    /// None is empty, except where there is only one.
    blocks: Vec<Vec<f64>>,
    len: usize,
}

impl Sorted {
    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Replaces all values.
    pub(super) fn refill(&mut self, values: &[f64]) {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        self.blocks = sorted.chunks(BLOCK / 2).map(<[f64]>::to_vec).collect();
        self.len = values.len();
    }

    /// The k-th smallest, from 0; NaN where there are not as many.
    pub(super) fn get(&self, mut k: usize) -> f64 {
        for block in &self.blocks {
            match block.get(k) {
                Some(&value) => return value,
                None => k -= block.len(),
            }
        }
        f64::NAN
    }

    /// How many values are below `value`.
    pub(super) fn n_below(&self, value: f64) -> usize {
        self.count_while(|x| x < value)
    }

    /// How many values are at most `value`.
    pub(super) fn n_at_most(&self, value: f64) -> usize {
        self.count_while(|x| x <= value)
    }

    fn count_while(&self, holds: impl Fn(f64) -> bool) -> usize {
        let full = self.blocks.partition_point(|block| block.last().is_some_and(|&last| holds(last)));
        let n_full: usize = self.blocks[..full].iter().map(Vec::len).sum();
        n_full + self.blocks.get(full).map_or(0, |block| block.partition_point(|&x| holds(x)))
    }

    /// Takes in a value.
    pub(super) fn insert(&mut self, value: f64) {
        self.len += 1;
        let b = self.block_of(value);
        let Some(block) = self.blocks.get_mut(b) else {
            self.blocks.push(vec![value]);
            return;
        };
        let at = block.partition_point(|&x| x < value);
        block.insert(at, value);
        if block.len() > BLOCK {
            let upper = block.split_off(BLOCK / 2);
            self.blocks.insert(b + 1, upper);
        }
    }

    /// Takes out one of the values equal to `value`, of which there must be one.
    pub(super) fn remove(&mut self, value: f64) {
        let b = self.block_of(value);
        let Some(block) = self.blocks.get_mut(b) else { return };
        let at = block.partition_point(|&x| x < value);
        if block.get(at) != Some(&value) {
            return;
        }
        block.remove(at);
        self.len -= 1;
        let n_left = block.len();
        // Small neighbours become one, so that there are at most about 4 len / BLOCK blocks.
        if let Some(next) = self.blocks.get(b + 1)
            && n_left + next.len() <= BLOCK / 2
        {
            let next = self.blocks.remove(b + 1);
            self.blocks[b].extend(next);
        } else if n_left == 0 && self.blocks.len() > 1 {
            self.blocks.remove(b);
        }
    }

    /// Takes out `old` (there must be one) and takes in `new`.
    pub(super) fn replace(&mut self, old: f64, new: f64) {
        let [block] = self.blocks.as_mut_slice() else {
            self.remove(old);
            self.insert(new);
            return;
        };
        // Only what lies between them moves.
        let from = block.partition_point(|&x| x < old);
        let to = block.partition_point(|&x| x < new);
        if to > from {
            block.copy_within(from + 1..to, from);
            block[to - 1] = new;
        } else if block.get(from) == Some(&old) {
            block.copy_within(to..from, to + 1);
            block[to] = new;
        }
    }

    /// The first block that reaches up to `value`, else the last.
    fn block_of(&self, value: f64) -> usize {
        let b = self.blocks.partition_point(|block| block.last().is_some_and(|&last| last < value));
        b.min(self.blocks.len().saturating_sub(1))
    }
}
