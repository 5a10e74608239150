//! Quantiles and the percentile rank of a window.

use super::kind::{Held, RowView, Span, WindowKind};
use super::lanes::Lanes;
use super::measure::Measure;
use super::sorted::Sorted;

/// Longest window that is kept in lanes (about twice as fast there as a sorted block), and how many times its length a
/// run must have to be worth it.
const LONGEST_IN_LANES: usize = 256;
const SHORTEST_RUN: usize = 16;

/// The values of a sliding window in ascending order.
#[derive(Debug, Clone, Default)]
pub(super) struct SortedWindow {
    sorted: Sorted,
    span: Span,
}

impl SortedWindow {
    /// Moves the window to `span`, of which neither end may lie before that of the last one, and which is not empty.
    pub(super) fn slide(&mut self, held: Held<'_>, span: Span) -> &Sorted {
        let n_kept = self.span.end.saturating_sub(span.start);
        // Where little stays, or what has to go is no longer held, it begins anew.
        if n_kept <= span.len() / 4 || self.span.start < held.offset {
            self.sorted.refill(held.values(&span));
            self.span = span;
            return &self.sorted;
        }
        let gone = held.values(&(self.span.start..span.start));
        let come = held.values(&(self.span.end..span.end));
        let n_both = gone.len().min(come.len());
        for (&old, &new) in gone.iter().zip(come) {
            self.sorted.replace(old, new);
        }
        gone[n_both..].iter().for_each(|&old| self.sorted.remove(old));
        come[n_both..].iter().for_each(|&new| self.sorted.insert(new));
        self.span = span;
        &self.sorted
    }
}

/// Which two values of `n` sorted ones a quantile lies between, and how far from the first to the second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) low: usize,
    pub(super) high: usize,
    fraction: f64,
}

impl Place {
    /// Of the quantile of this level (0 to 1) of `n` values, type 7; `n` is at least 1.
    pub(super) fn of(level: f64, n: usize) -> Self {
        let position = level.clamp(0.0, 1.0) * (n - 1) as f64;
        let low = (position as usize).min(n - 1);
        Self { low, high: (low + 1).min(n - 1), fraction: position - low as f64 }
    }

    /// The quantile, from the two values.
    #[inline(always)]
    pub(super) fn between(&self, low: f64, high: f64) -> f64 {
        let fraction = self.fraction;
        if fraction == 0.0 {
            low
        } else if fraction == 0.5 {
            low * 0.5 + high * 0.5
        } else if (high - low).is_finite() {
            low + (high - low) * fraction
        } else {
            low * (1.0 - fraction) + high * fraction
        }
    }
}

/// The quantile of this level of values that are not empty.
pub(super) fn quantile(sorted: &Sorted, level: f64) -> f64 {
    let place = Place::of(level, sorted.len());
    let low = sorted.get(place.low);
    place.between(low, if place.fraction == 0.0 { low } else { sorted.get(place.high) })
}

/// Median, quantiles and percentile rank ([`Measure::Median`], [`Measure::Quantile`], [`Measure::PercentileRank`]).
#[derive(Clone)]
pub(super) struct OrderWindow {
    measures: Vec<Measure>,
    window: SortedWindow,
    lanes: Lanes,
}

impl OrderWindow {
    pub(super) fn new(measures: &[Measure]) -> Self {
        Self { measures: measures.to_vec(), window: SortedWindow::default(), lanes: Lanes::default() }
    }
}

/// The level of a measure that is a quantile.
fn level(measure: Measure) -> Option<f64> {
    match measure {
        Measure::Median => Some(0.5),
        Measure::Quantile(level) => Some(level),
        _ => None,
    }
}

impl WindowKind for OrderWindow {
    fn slide(&mut self, held: Held<'_>, span: Span, row: RowView, out: &mut [f64]) {
        let sorted = self.window.slide(held, span);
        for (slot, &measure) in out.iter_mut().zip(&self.measures) {
            *slot = match level(measure) {
                Some(level) => quantile(sorted, level),
                None if row.value.is_nan() => f64::NAN,
                None => {
                    let (n_below, n_at_most) = (sorted.n_below(row.value), sorted.n_at_most(row.value));
                    ((n_below + n_at_most + 1) as f64 / 2.0) / sorted.len() as f64
                }
            };
        }
    }

    fn slide_run(&mut self, held: Held<'_>, first: Span, out: &mut [&mut [f64]]) -> bool {
        let n_rows = out.first().map_or(0, |column| column.len());
        let n = first.len();
        let places: Option<Vec<Place>> = self.measures.iter().map(|&m| Some(Place::of(level(m)?, n))).collect();
        let Some(places) = places.filter(|_| n <= LONGEST_IN_LANES && n_rows >= SHORTEST_RUN * n) else {
            return false;
        };
        self.lanes.slide_run(held.values(&(first.start..first.end + n_rows - 1)), n, &places, out);
        // The state does not depend on how it came about: it is made anew when next asked for.
        self.window = SortedWindow::default();
        true
    }
}
