//! Which values of a column lie in the window of each row.

use std::ops::Range;

use crate::data::SeriesOrder;

/// The rows of a table in series order (entity after entity, by time within each). Shared by all columns.
pub(super) struct Layout<'a> {
    /// Table row of each position.
    pub(super) rows: &'a [u32],
    /// Positions of each entity.
    groups: Vec<Range<usize>>,
    /// Time of each position in microseconds; empty where windows count rows.
    times: Vec<i64>,
}

impl<'a> Layout<'a> {
    /// The layout of a table with that order. `times` (per table row) may be empty where no window is in time.
    pub(super) fn new(order: &'a SeriesOrder, times: &[i64]) -> Self {
        let rows = order.rows();
        let mut start = 0;
        let groups = order
            .groups()
            .map(|group| {
                start += group.len();
                start - group.len()..start
            })
            .collect();
        let times = if times.is_empty() { Vec::new() } else { rows.iter().map(|&row| times[row as usize]).collect() };
        Self { rows, groups, times }
    }
}

/// The values of a column that are present, in series order.
pub(super) struct Series {
    /// Finite values, entity after entity; -0 is kept as 0.
    pub(super) values: Vec<f64>,
    /// Per position, how many values are present up to and including it.
    ends: Vec<u32>,
}

impl Series {
    /// Leaves out what is missing (NaN) or infinite. `column` is in table row order.
    pub(super) fn new(layout: &Layout, column: &[f64]) -> Self {
        let mut values = Vec::with_capacity(column.len());
        let mut ends = Vec::with_capacity(column.len());
        let mut n_present = 0;
        for &row in layout.rows {
            let value = column[row as usize];
            if value.is_finite() {
                values.push(value + 0.0);
                n_present += 1;
            }
            ends.push(n_present);
        }
        Self { values, ends }
    }

    /// Number of values present before a position.
    fn before(&self, position: usize) -> u32 {
        position.checked_sub(1).map_or(0, |p| self.ends[p])
    }
}

/// How far back a window reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Rows.
    Rows(usize),
    /// Microseconds.
    Micros(i64),
}

/// Which end of a window is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The row itself and what is less than the reach before it: w rows, or the rows in (t - w, t].
    ToRow,
    /// What is up to the reach before the row, without it: w rows, or the rows in [t - w, t] that precede it.
    BeforeRow,
}

/// Per position, the range of `Series::values` in its window. Both ends never go back.
pub(super) type Spans = Vec<Range<u32>>;

/// The windows of all positions. Windows never cross from one entity to another, and are empty where less than
/// `min_history` of their reach has passed since the entity's first row.
pub(super) fn spans(layout: &Layout, series: &Series, reach: Reach, extent: Extent, min_history: f64) -> Spans {
    let times = &layout.times;
    let since = |from: usize, to: usize| times[to].saturating_sub(times[from]);
    let to_row = extent == Extent::ToRow;
    match reach {
        Reach::Rows(w) => {
            // The row itself counts where the window holds it.
            let least = (w as f64 * min_history).ceil() as usize;
            let (own, longest) = if to_row { (1, w - 1) } else { (0, w) };
            collect(layout, series, to_row, |old, p| p - old > longest, |first, p| p - first + own >= least)
        }
        Reach::Micros(w) => {
            let least = (w as f64 * min_history) as i64;
            let longest = if to_row { w - 1 } else { w };
            collect(layout, series, to_row, |old, p| since(old, p) > longest, |first, p| since(first, p) >= least)
        }
    }
}

/// Walks every entity with a left edge that moves on while `leaves(left, position)`; positions that are not
/// `warm(first of the entity, position)` get nothing.
fn collect(
    layout: &Layout,
    series: &Series,
    to_row: bool,
    leaves: impl Fn(usize, usize) -> bool,
    warm: impl Fn(usize, usize) -> bool,
) -> Spans {
    let mut spans = Vec::with_capacity(layout.rows.len());
    for group in &layout.groups {
        let mut left = group.start;
        for p in group.clone() {
            while left < p && leaves(left, p) {
                left += 1;
            }
            let end = if to_row { series.ends[p] } else { series.before(p) };
            let start = if warm(group.start, p) { series.before(left).min(end) } else { end };
            spans.push(start..end);
        }
    }
    spans
}
