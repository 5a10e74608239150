//! Sums over sliding windows that only ever add.
//!
//! A window is kept as two halves (the "two stacks" of a queue): suffix sums of its older half, computed once per
//! window length, and one running sum of its newer half. Each value is added twice and never taken out, so the cost
//! per row is constant and no rounding error outlives the value that caused it.

use super::kind::{Held, Span};

/// What is summed: a "sum" is whatever can take in one more item and be merged.
pub(super) trait Aggregate {
    /// What there is one of per value.
    type Item: Copy + Default;
    /// Of some items.
    type Sum: Copy;
    /// Of no items.
    const EMPTY: Self::Sum;

    /// The items of a span, oldest first.
    fn items<'a>(&self, held: Held<'a>, span: Span) -> impl DoubleEndedIterator<Item = Self::Item> + 'a;

    /// With one more item. `pivot` is the same for all sums that are merged: the newest item of the older half.
    fn with(&self, sum: Self::Sum, item: Self::Item, pivot: Self::Item) -> Self::Sum;

    /// Of the items of both, the older ones first.
    fn merge(&self, older: Self::Sum, newer: Self::Sum) -> Self::Sum;
}

/// A window that slides over items and knows their sum.
#[derive(Debug, Clone)]
pub(super) struct TwoStack<A: Aggregate> {
    pub(super) aggregate: A,
    /// Sums of the items `k..split`, for each `k` from `from` on.
    older: Vec<A::Sum>,
    from: usize,
    split: usize,
    /// Sum of the items `split..end`.
    newer: A::Sum,
    end: usize,
    pivot: A::Item,
}

impl<A: Aggregate> TwoStack<A> {
    /// A window that has not begun.
    pub(super) fn new(aggregate: A) -> Self {
        Self { aggregate, older: Vec::new(), from: 0, split: 0, newer: A::EMPTY, end: 0, pivot: A::Item::default() }
    }

    /// Moves the window to `span`, of which neither end may lie before that of the last one, and which is not empty.
    /// Returns the sum and its pivot.
    #[inline]
    pub(super) fn slide(&mut self, held: Held<'_>, span: Span) -> (A::Sum, A::Item) {
        if span.start >= self.split {
            self.rebuild(held, span);
            return (self.older[0], self.pivot);
        }
        for item in self.aggregate.items(held, self.end..span.end) {
            self.newer = self.aggregate.with(self.newer, item, self.pivot);
        }
        self.end = span.end;
        (self.aggregate.merge(self.older[span.start - self.from], self.newer), self.pivot)
    }

    /// Slides `n_rows` times, to `first` and then each time one further at both ends; `visit` gets number of the row,
    /// sum and pivot.
    #[inline(always)]
    pub(super) fn slide_run(
        &mut self,
        held: Held<'_>,
        first: Span,
        n_rows: usize,
        mut visit: impl FnMut(usize, A::Sum, A::Item),
    ) {
        let mut row = 0;
        while row < n_rows {
            // The first row of each turn may skip or rebuild; those after it only take in one item each.
            let (start, end) = (first.start + row, first.end + row);
            let (sum, pivot) = self.slide(held, start..end);
            visit(row, sum, pivot);
            row += 1;
            let n_more = (n_rows - row).min(self.split - (start + 1));
            let older = &self.older[start + 1 - self.from..][..n_more];
            let mut newer = self.newer;
            for (i, (&older, item)) in older.iter().zip(self.aggregate.items(held, end..end + n_more)).enumerate() {
                newer = self.aggregate.with(newer, item, pivot);
                visit(row + i, self.aggregate.merge(older, newer), pivot);
            }
            self.newer = newer;
            self.end = end + n_more;
            row += n_more;
        }
    }

    /// Makes the whole window the older half. Its newest item leaves it last, so it is the pivot until then.
    fn rebuild(&mut self, held: Held<'_>, span: Span) {
        let mut items = self.aggregate.items(held, span.clone()).rev().peekable();
        self.pivot = items.peek().copied().unwrap_or_default();
        self.older.clear();
        self.older.resize(span.len(), A::EMPTY);
        let mut sum = A::EMPTY;
        for (slot, item) in self.older.iter_mut().rev().zip(items) {
            sum = self.aggregate.with(sum, item, self.pivot);
            *slot = sum;
        }
        (self.from, self.split, self.end, self.newer) = (span.start, span.end, span.end, A::EMPTY);
    }
}
