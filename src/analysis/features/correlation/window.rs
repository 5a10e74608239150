//! The pairs of values in a window that slides over the rows of an entity.

use super::super::stamps::Stamps;
use crate::analysis::features::windows::Reach;

/// The complete pairs of the window.
#[derive(Debug, Clone)]
pub(super) struct PairWindow {
    stamps: Stamps,
    x: Fifo,
    y: Fifo,
}

impl PairWindow {
    /// Before the first row.
    pub(super) fn new(reach: Reach) -> Self {
        Self { stamps: Stamps::new(reach), x: Fifo::default(), y: Fifo::default() }
    }

    /// Moves on to the next row. Returns its stamp.
    pub(super) fn advance(&mut self, time: i64) -> i64 {
        self.stamps.advance(time)
    }

    /// Takes out the oldest pair, if it is not in the window of the row with that stamp.
    pub(super) fn pop_expired(&mut self, stamp: i64) -> Option<(f64, f64)> {
        if self.stamps.expire(stamp) { self.x.pop().zip(self.y.pop()) } else { None }
    }

    /// Puts in the pair of the row with that stamp.
    pub(super) fn push(&mut self, stamp: i64, x: f64, y: f64) {
        self.stamps.keep(stamp);
        self.x.push(x);
        self.y.push(y);
    }

    /// The values of x and y, from the oldest on.
    pub(super) fn pairs(&self) -> (&[f64], &[f64]) {
        (self.x.values(), self.y.values())
    }
}

/// A queue whose values lie next to each other in memory, as loops over all of them need it.
#[derive(Debug, Clone, Default)]
pub(super) struct Fifo {
    values: Vec<f64>,
    head: usize,
}

impl Fifo {
    pub(super) fn push(&mut self, value: f64) {
        self.values.push(value);
    }

    pub(super) fn pop(&mut self) -> Option<f64> {
        let value = *self.values.get(self.head)?;
        self.head += 1;
        // Half of it is gone: close the gap. Each value is moved once on average.
        if self.head * 2 >= self.values.len() {
            self.values.drain(..self.head);
            self.head = 0;
        }
        Some(value)
    }

    pub(super) fn values(&self) -> &[f64] {
        &self.values[self.head..]
    }

    pub(super) fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values[self.head..]
    }
}
