//! What a kind of window statistic is: the trait, what it gets to see, and what it hands out.

use std::ops::Range;

/// Numbers of the values in a window, counted over all present values of a column or stream.
pub(super) type Span = Range<usize>;

/// The present values that windows may look at: all of a column, or the latest of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held<'a> {
    /// Finite values, oldest first.
    pub(super) values: &'a [f64],
    /// Their natural logarithms, NaN for values that have none; empty unless a kind asked for them.
    pub(super) logs: &'a [f64],
    /// When each was: row number or microseconds, as the window counts. Never falls within an entity.
    pub(super) at: &'a [i64],
    /// How many older values are no longer here.
    pub(super) offset: usize,
}

impl<'a> Held<'a> {
    /// The values of a span.
    #[inline(always)]
    pub(super) fn values(&self, span: &Span) -> &'a [f64] {
        &self.values[self.here(span)]
    }

    /// Logarithms of the values of a span.
    #[inline(always)]
    pub(super) fn logs(&self, span: &Span) -> &'a [f64] {
        &self.logs[self.here(span)]
    }

    /// When the values of a span were.
    #[inline(always)]
    pub(super) fn at(&self, span: &Span) -> &'a [i64] {
        &self.at[self.here(span)]
    }

    #[inline(always)]
    fn here(&self, span: &Span) -> Range<usize> {
        span.start - self.offset..span.end - self.offset
    }
}

/// The row that a window belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowView {
    /// Its value, NaN where missing.
    pub(super) value: f64,
    /// When it is, on the clock of [`Held::at`].
    pub(super) at: i64,
}

/// A kind of statistic over a sliding window: a state that moves on with the rows of an entity.
///
/// It keeps no values, so that the same state runs over a whole column and over the bounded memory of a stream. Its
/// outputs may depend on the spans before, but only on those of the same entity, and then on all of them in order: so
/// both give the same bits.
pub(super) trait WindowKind: Copied + Send + Sync {
    /// Moves on to `span`, which is not empty and of which neither end lies before that of the last one, and writes
    /// the outputs of the row: NaN where the window holds too few values for one.
    fn slide(&mut self, held: Held<'_>, span: Span, row: RowView, out: &mut [f64]);

    /// Moves on over many rows whose spans are `first` and then each one further at both ends, and writes each output
    /// of all rows. The same bits as [`WindowKind::slide`] row by row. Does nothing and returns false where there is
    /// no faster way than that.
    fn slide_run(&mut self, _held: Held<'_>, _first: Span, _out: &mut [&mut [f64]]) -> bool {
        false
    }
}

/// A window that can be copied as it stands, to try rows that did not come.
pub(super) trait Copied {
    fn copied(&self) -> Box<dyn WindowKind>;
}

impl<T: WindowKind + Clone + 'static> Copied for T {
    fn copied(&self) -> Box<dyn WindowKind> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn WindowKind> {
    fn clone(&self) -> Self {
        (**self).copied()
    }
}
