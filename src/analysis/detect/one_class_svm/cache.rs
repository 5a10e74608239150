//! Kernel rows kept in memory, the least recently used given up first.

use rayon::prelude::*;

/// Marks the end of the list of rows in use.
const NONE: usize = usize::MAX;

/// A kernel row and its place in the list from least to most recently used.
#[derive(Debug, Default)]
struct Row {
    values: Vec<f32>,
    before: usize,
    after: usize,
}

impl Row {
    /// Exchanges pairs of entries. False where one that would come in is not held.
    fn exchange(&mut self, pairs: &[(usize, usize)]) -> bool {
        let held = self.values.len();
        for &(a, b) in pairs {
            let (a, b) = (a.min(b), a.max(b));
            if b < held {
                self.values.swap(a, b);
            } else if a < held {
                return false;
            }
        }
        true
    }
}

/// A cache of the rows of a symmetric matrix whose rows and columns are exchanged together as the solver shrinks.
/// A row may hold only its first entries.
#[derive(Debug)]
pub(super) struct RowCache {
    rows: Vec<Row>,
    /// Entries that may still be added.
    room: usize,
    oldest: usize,
    newest: usize,
}

impl RowCache {
    /// A cache for a matrix of `n` rows within `bytes`, though always large enough for two rows.
    pub(super) fn new(n: usize, bytes: u64) -> Self {
        let room = usize::try_from(bytes / size_of::<f32>() as u64).unwrap_or(usize::MAX).max(2 * n);
        let rows = (0..n).map(|_| Row { values: Vec::new(), before: NONE, after: NONE }).collect();
        Self { rows, room, oldest: NONE, newest: NONE }
    }

    /// What is held of a row.
    pub(super) fn get(&self, row: usize) -> &[f32] {
        &self.rows[row].values
    }

    /// Makes the first `len` entries of a row present; `fill` computes those from its first argument on.
    /// The rows asked for last stay: two rows can be read together.
    pub(super) fn ensure(&mut self, row: usize, len: usize, fill: impl FnOnce(usize, &mut [f32])) {
        let held = self.rows[row].values.len();
        if held > 0 {
            self.unlink(row);
        }
        if held < len {
            while self.room < len - held && self.oldest != NONE {
                self.give_up(self.oldest);
            }
            self.room = self.room.saturating_sub(len - held);
            let values = &mut self.rows[row].values;
            values.reserve_exact(len - held);
            values.resize(len, 0.0);
            fill(held, &mut values[held..]);
        }
        self.link_newest(row);
    }

    /// Exchanges pairs of rows and the same pairs of columns, one pair after the other.
    pub(super) fn exchange(&mut self, pairs: &[(usize, usize)]) {
        for &(a, b) in pairs {
            for row in [a, b] {
                if !self.rows[row].values.is_empty() {
                    self.unlink(row);
                }
            }
            let values = std::mem::take(&mut self.rows[a].values);
            self.rows[a].values = std::mem::replace(&mut self.rows[b].values, values);
            for row in [a, b] {
                if !self.rows[row].values.is_empty() {
                    self.link_newest(row);
                }
            }
        }
        // All pairs in one row before the next row: a row fits in cache, the matrix does not.
        let lacking: Vec<usize> = self
            .rows
            .par_iter_mut()
            .enumerate()
            .filter_map(|(at, row)| (!row.values.is_empty() && !row.exchange(pairs)).then_some(at))
            .collect();
        lacking.into_iter().for_each(|row| self.give_up(row));
    }

    fn give_up(&mut self, row: usize) {
        self.unlink(row);
        let values = std::mem::take(&mut self.rows[row].values);
        self.room += values.len();
    }

    fn unlink(&mut self, row: usize) {
        let Row { before, after, .. } = self.rows[row];
        *self.rows.get_mut(before).map_or(&mut self.oldest, |row| &mut row.after) = after;
        *self.rows.get_mut(after).map_or(&mut self.newest, |row| &mut row.before) = before;
    }

    fn link_newest(&mut self, row: usize) {
        let before = std::mem::replace(&mut self.newest, row);
        *self.rows.get_mut(before).map_or(&mut self.oldest, |row| &mut row.after) = row;
        (self.rows[row].before, self.rows[row].after) = (before, NONE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(row: usize, column: usize) -> f32 {
        (row.min(column) * 100 + row.max(column)) as f32
    }

    #[test]
    fn rows_follow_exchanges_and_the_oldest_is_given_up() {
        let n = 6;
        let mut names: Vec<usize> = (0..n).collect();
        let mut cache = RowCache::new(n, 3 * 6 * 4);
        let mut computed = 0;
        for step in 0..200 {
            let (row, len) = (step * 7 % n, 1 + step * 5 % n);
            cache.ensure(row, len, |start, values| {
                computed += values.len();
                values.iter_mut().enumerate().for_each(|(i, v)| *v = entry(names[row], names[start + i]));
            });
            let held = cache.get(row);
            assert!(held.len() >= len);
            assert!(held.iter().enumerate().all(|(i, &v)| v == entry(names[row], names[i])));
            if step % 3 == 0 {
                let (a, b) = (step % n, step / 3 % n);
                cache.exchange(&[(a, b), (b, 0)]);
                names.swap(a, b);
                names.swap(b, 0);
            }
            let total: usize = (0..n).map(|row| cache.get(row).len()).sum();
            assert!(total <= 18);
        }
        assert!(computed < 200 * n);
    }

    #[test]
    fn two_rows_always_fit() {
        let mut cache = RowCache::new(4, 0);
        for row in 0..4 {
            cache.ensure(row, 4, |_, values| values.fill(row as f32));
        }
        assert_eq!((cache.get(2), cache.get(3)), (&[2.0; 4][..], &[3.0; 4][..]));
        assert!(cache.get(0).is_empty() && cache.get(1).is_empty());
    }
}
