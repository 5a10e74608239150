//! Costs of many segments at a time that end at the same row, as one row after another joins them.

use super::cost::Cost;
use super::lanes::{Lanes, Scale};
use super::signal::Signal;
use crate::cx::{Cancelled, Cx};

/// Segments that are open: each began at some row, and all take in every further row.
pub(super) trait Sweep {
    /// Begins a segment at the next row.
    fn open(&mut self);

    /// Takes in the next row. There is one.
    fn push(&mut self);

    /// Costs of the `n` oldest open segments, oldest first. None of them is empty.
    fn costs(&mut self, n: usize, cx: &Cx) -> Result<&[f64], Cancelled>;

    /// Drops the open segments, oldest first, that are not to be kept; those beyond the end of `keep` are.
    fn retain(&mut self, keep: &[bool]);
}

/// Drops the first values that are not to be kept.
pub(super) fn compact<T: Copy>(values: &mut Vec<T>, keep: &[bool]) {
    let mut flags = keep.iter().copied();
    values.retain(|_| flags.next().unwrap_or(true));
}

/// Asks the cost anew for every segment: for costs that know any segment quickly.
pub(super) struct QuerySweep<'a, C> {
    cost: &'a C,
    end: usize,
    starts: Vec<usize>,
    costs: Vec<f64>,
}

impl<'a, C: Cost> QuerySweep<'a, C> {
    pub(super) fn new(cost: &'a C) -> Self {
        Self { cost, end: 0, starts: Vec::new(), costs: Vec::new() }
    }
}

impl<C: Cost> Sweep for QuerySweep<'_, C> {
    fn open(&mut self) {
        self.starts.push(self.end);
    }

    fn push(&mut self) {
        self.end += 1;
    }

    fn costs(&mut self, n: usize, cx: &Cx) -> Result<&[f64], Cancelled> {
        self.costs.clear();
        for &start in self.starts.iter().take(n) {
            self.costs.push(self.cost.of(start..self.end, cx)?);
        }
        Ok(&self.costs)
    }

    fn retain(&mut self, keep: &[bool]) {
        compact(&mut self.starts, keep);
    }
}

/// Running moments of a signal with one column.
pub(super) struct MomentSweep<'a> {
    signal: &'a Signal,
    end: usize,
    lanes: Lanes,
}

impl<'a> MomentSweep<'a> {
    pub(super) fn new(signal: &'a Signal, scale: Scale) -> Self {
        Self { signal, end: 0, lanes: Lanes::new(scale) }
    }
}

impl Sweep for MomentSweep<'_> {
    fn open(&mut self) {
        self.lanes.open();
    }

    fn push(&mut self) {
        self.lanes.push(self.signal.values()[self.end]);
        self.end += 1;
    }

    fn costs(&mut self, n: usize, _cx: &Cx) -> Result<&[f64], Cancelled> {
        Ok(self.lanes.costs(n))
    }

    fn retain(&mut self, keep: &[bool]) {
        self.lanes.retain(keep);
    }
}
