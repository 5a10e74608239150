//! Aggregates over sliding windows that only ever add.
//!
//! A window is kept as two halves (the "two stacks" of a queue): suffix aggregates of its older half, computed once
//! per window length, and one running aggregate of its newer half. Each value is added twice and never taken out, so
//! the cost per row is constant and no rounding error outlives the value that caused it.

use std::ops::Range;

/// An aggregate of some values that can take in one more and be merged.
pub(super) trait Aggregate: Copy {
    /// Of no values.
    const EMPTY: Self;

    /// With one more value. `pivot` is the same for all aggregates that are merged.
    fn with(self, value: f64, pivot: f64) -> Self;

    /// Of the values of both.
    fn merge(self, other: Self) -> Self;
}

/// Smallest and largest value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extremes {
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Aggregate for Extremes {
    const EMPTY: Self = Self { min: f64::INFINITY, max: f64::NEG_INFINITY };

    fn with(self, value: f64, _pivot: f64) -> Self {
        self.merge(Self { min: value, max: value })
    }

    fn merge(self, other: Self) -> Self {
        // Plain comparisons: there is no NaN here, and they become single instructions.
        Self {
            min: if other.min < self.min { other.min } else { self.min },
            max: if other.max > self.max { other.max } else { self.max },
        }
    }
}

/// A window that slides over values.
pub(super) struct Slider<'a, A> {
    values: &'a [f64],
    /// Aggregates of `values[k..split]` for each `k` of the older half, from the newest value backwards.
    older: Vec<A>,
    split: usize,
    /// Aggregate of `values[split..end]`.
    newer: A,
    end: usize,
    pivot: f64,
}

impl<'a, A: Aggregate> Slider<'a, A> {
    /// A window over `values` (finite).
    pub(super) fn new(values: &'a [f64]) -> Self {
        Self { values, older: Vec::new(), split: 0, newer: A::EMPTY, end: 0, pivot: 0.0 }
    }

    /// Moves the window to `span`, of which neither end may lie before that of the last one, and which is not empty.
    /// Returns the aggregate and its pivot.
    #[inline]
    pub(super) fn slide(&mut self, span: &Range<u32>) -> (A, f64) {
        let (start, end) = (span.start as usize, span.end as usize);
        if start >= self.split {
            self.rebuild(start, end);
            return (self.older.last().copied().unwrap_or(A::EMPTY), self.pivot);
        }
        for &value in &self.values[self.end..end] {
            self.newer = self.newer.with(value, self.pivot);
        }
        self.end = end;
        let oldest = self.older[self.split - 1 - start];
        (oldest.merge(self.newer), self.pivot)
    }

    /// Makes the whole window the older half. Its newest value leaves it last, so it is the pivot until then.
    #[inline(never)]
    fn rebuild(&mut self, start: usize, end: usize) {
        (self.split, self.end, self.newer) = (end, end, A::EMPTY);
        self.older.clear();
        let window = &self.values[start..end];
        self.pivot = window.last().copied().unwrap_or(0.0);
        let mut aggregate = A::EMPTY;
        let pivot = self.pivot;
        self.older.extend(window.iter().rev().map(|&value| {
            aggregate = aggregate.with(value, pivot);
            aggregate
        }));
    }
}
