//! Tail statistics over sliding windows, row by row.

use std::collections::VecDeque;

use super::super::stamps::Stamps;
use super::tails::{Beyond, TailStatistics, Tails};
use crate::analysis::features::windows::Reach;

/// What of the window that ends at each row of an entity lies in the tails of the training values. Causal.
///
/// A window of w rows is the row and the w - 1 before it; one of w microseconds at time t holds the rows in (t - w, t].
/// Missing values count as rows only. Constant cost per row, by two halves of the window of which sums are only ever added
/// to: nothing drifts. Memory: at most 100 bytes per value in the window.
#[derive(Debug, Clone)]
pub(crate) struct RollingTails {
    tails: Tails,
    min_values: usize,
    stamps: Stamps,
    /// Excesses of the values in the window, oldest first.
    excesses: VecDeque<f64>,
    /// Sums over the older half from each value on, the newest value's first.
    older: Vec<Beyond>,
    newer: Beyond,
}

impl RollingTails {
    /// Before the first row. Windows with fewer than `min_values` values (at least 1) have no statistics.
    pub(crate) fn new(tails: Tails, reach: Reach, min_values: usize) -> Self {
        Self {
            tails,
            min_values: min_values.max(1),
            stamps: Stamps::new(reach),
            excesses: VecDeque::new(),
            older: Vec::new(),
            newer: Beyond::default(),
        }
    }

    /// Takes in the next row, and returns the statistics of its window; `None` where it has too few values.
    ///
    /// `time` (microseconds) may not go back from row to row; it is not looked at where windows count rows.
    pub(crate) fn push(&mut self, time: i64, value: f64) -> Option<TailStatistics> {
        let stamp = self.stamps.advance(time);
        while self.stamps.expire(stamp) {
            self.excesses.pop_front();
            self.older.pop();
            if self.older.is_empty() {
                self.rebuild();
            }
        }
        if value.is_finite() {
            let excess = self.tails.excess(value);
            self.stamps.keep(stamp);
            self.excesses.push_back(excess);
            self.newer = self.newer.with(excess);
        }
        if self.excesses.len() < self.min_values {
            return None;
        }
        self.older.last().copied().unwrap_or_default().merge(self.newer).statistics()
    }

    /// Makes the whole window the older half.
    fn rebuild(&mut self) {
        self.newer = Beyond::default();
        let mut beyond = Beyond::default();
        self.older.extend(self.excesses.iter().rev().map(|&excess| {
            beyond = beyond.with(excess);
            beyond
        }));
    }
}
