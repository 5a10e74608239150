//! Which values of a column lie in the window of each row.

use std::ops::Range;

use super::kind::Span;
use super::series::Series;
use crate::analysis::features::layout::Layout;

/// How far back a window reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Rows, at least 1.
    Rows(usize),
    /// Microseconds, at least 1.
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

/// A window's bounds on its clock: row numbers or microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) in_rows: bool,
    pub(super) extent: Extent,
    /// Greatest age of a value in the window.
    longest: i64,
    /// Age of the entity's first row from which there are windows at all.
    least: i64,
}

impl Bounds {
    /// Windows are empty until `min_history` (0 to 1) of their reach has passed since the entity's first row.
    pub(super) fn new(reach: Reach, extent: Extent, min_history: f64) -> Self {
        // The row itself counts where the window holds it.
        let own = i64::from(extent == Extent::ToRow);
        let share = min_history.clamp(0.0, 1.0);
        match reach {
            Reach::Rows(w) => {
                let w = i64::try_from(w).unwrap_or(i64::MAX).max(1);
                Self { in_rows: true, extent, longest: w - own, least: (w as f64 * share).ceil() as i64 - own }
            }
            Reach::Micros(w) => {
                let w = w.max(1);
                Self { in_rows: false, extent, longest: w - own, least: (w as f64 * share) as i64 }
            }
        }
    }

    /// Whether enough time has passed since the entity's first row.
    #[inline(always)]
    pub(super) fn is_warm(&self, first_row: i64, row: i64) -> bool {
        row.saturating_sub(first_row) >= self.least
    }

    /// Whether a value of this time has left the window of a row.
    #[inline(always)]
    pub(super) fn is_past(&self, at: i64, row: i64) -> bool {
        row.saturating_sub(at) > self.longest
    }
}

/// Rows whose windows are found at a time, and fewest and most rows of a run.
const ROWS_AT_A_TIME: usize = 2048;
const SHORTEST_RUN: usize = 32;
const LONGEST_RUN: usize = 4096;

/// Some rows that follow each other, with their windows.
pub(super) enum Stretch<'a> {
    /// The windows are this one and then, row by row, each one further at both ends.
    Run(Span),
    /// One window per row; empty ones give nothing.
    Spans(&'a [Span]),
}

/// Visits all positions of a layout, in order, stretch by stretch. No window reaches from one entity into another.
///
/// # Errors
/// That of `visit`.
pub(super) fn stretches<E>(
    layout: &Layout<'_>,
    series: &Series,
    bounds: Bounds,
    mut visit: impl FnMut(Range<usize>, Stretch<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut spans = Vec::with_capacity(ROWS_AT_A_TIME);
    for (group, values) in layout.groups.iter().zip(&series.groups) {
        let mut p = group.start;
        let mut walk = Walk { first_position: group.start, start: values.start, end: values.start };
        let is_full = bounds.in_rows && group.len() == values.len();
        // From this age on, windows in rows are of full length.
        let head = usize::try_from(bounds.longest.max(bounds.least)).unwrap_or(usize::MAX);
        while p < group.end {
            if is_full && p - group.start >= head {
                let positions = p..group.end.min(p + LONGEST_RUN);
                let end = values.start + (p - group.start) + usize::from(bounds.extent == Extent::ToRow);
                let length = usize::try_from(bounds.longest).unwrap_or(0) + usize::from(bounds.extent == Extent::ToRow);
                visit(positions.clone(), Stretch::Run(end - length..end))?;
                p = positions.end;
                continue;
            }
            let mut positions = p..group.end.min(p + ROWS_AT_A_TIME);
            if is_full {
                positions.end = positions.end.min(group.start.saturating_add(head));
            }
            spans.clear();
            spans.extend(positions.clone().map(|p| walk.next(layout, series, &bounds, p)));
            split(p, &spans, &mut visit)?;
            p = positions.end;
        }
    }
    Ok(())
}

/// Visits positions from `p` on: runs that are worth it, and what lies between them.
fn split<E>(
    p: usize,
    spans: &[Span],
    visit: &mut impl FnMut(Range<usize>, Stretch<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let (mut from, mut i) = (0, 0);
    while i < spans.len() {
        let run = i..i + run_length(&spans[i..]);
        if run.len() >= SHORTEST_RUN {
            if from < i {
                visit(p + from..p + i, Stretch::Spans(&spans[from..i]))?;
            }
            visit(p + i..p + run.end, Stretch::Run(spans[i].clone()))?;
            from = run.end;
        }
        i = run.end;
    }
    if from < spans.len() {
        visit(p + from..p + spans.len(), Stretch::Spans(&spans[from..]))?;
    }
    Ok(())
}

/// How many of the first spans are each one further than that before, at both ends; at least 1.
fn run_length(spans: &[Span]) -> usize {
    let follows = |pair: &&[Span]| pair[1].start == pair[0].start + 1 && pair[1].end == pair[0].end + 1;
    1 + spans.windows(2).take_while(follows).count()
}

/// Finds the windows of an entity, position by position.
struct Walk {
    first_position: usize,
    start: usize,
    /// Number of values present before the position.
    end: usize,
}

impl Walk {
    #[inline(always)]
    fn next(&mut self, layout: &Layout<'_>, series: &Series, bounds: &Bounds, p: usize) -> Span {
        let clock = if bounds.in_rows { &series.positions } else { &series.times };
        let time = |p: usize| if bounds.in_rows { p as i64 } else { layout.times[p] };
        let before = self.end;
        if series.positions.get(before).is_some_and(|&at| at == p as i64) {
            self.end += 1;
        }
        let end = if bounds.extent == Extent::ToRow { self.end } else { before };
        let now = time(p);
        while self.start < end && bounds.is_past(clock[self.start], now) {
            self.start += 1;
        }
        if bounds.is_warm(time(self.first_position), now) { self.start..end } else { end..end }
    }
}
