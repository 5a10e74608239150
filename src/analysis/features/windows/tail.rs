//! The values of a window beyond a fixed level.

use super::kind::{Held, RowView, Span, WindowKind};
use super::measure::{Measure, Side, Tail};
use super::two_stack::{Aggregate, TwoStack};

/// How many values are beyond the level, and the sum of how far.
#[derive(Debug, Clone, Copy)]
struct Beyond {
    n: u32,
    excess: f64,
}

#[derive(Debug, Clone)]
struct Excess(Tail);

impl Excess {
    /// How far a value is beyond the level; not above 0 where it is not beyond it.
    #[inline(always)]
    fn of(&self, value: f64) -> f64 {
        match self.0.side {
            Side::Above => value - self.0.level,
            Side::Below => self.0.level - value,
        }
    }
}

impl Aggregate for Excess {
    type Item = f64;
    type Sum = Beyond;
    const EMPTY: Beyond = Beyond { n: 0, excess: 0.0 };

    #[inline(always)]
    fn items<'a>(&self, held: Held<'a>, span: Span) -> impl DoubleEndedIterator<Item = f64> + 'a {
        held.values(&span).iter().copied()
    }

    #[inline(always)]
    fn with(&self, sum: Beyond, value: f64, _pivot: f64) -> Beyond {
        let excess = self.of(value);
        let is_beyond = excess > 0.0;
        Beyond { n: sum.n + u32::from(is_beyond), excess: sum.excess + if is_beyond { excess } else { 0.0 } }
    }

    #[inline(always)]
    fn merge(&self, older: Beyond, newer: Beyond) -> Beyond {
        Beyond { n: older.n + newer.n, excess: older.excess + newer.excess }
    }
}

/// Share ([`Measure::TailShare`]) and mean excess ([`Measure::MeanExcess`]) of the values beyond a level.
#[derive(Clone)]
pub(super) struct TailWindow {
    measures: Vec<Measure>,
    stack: TwoStack<Excess>,
}

impl TailWindow {
    pub(super) fn new(tail: Tail, measures: &[Measure]) -> Self {
        Self { measures: measures.to_vec(), stack: TwoStack::new(Excess(tail)) }
    }
}

impl WindowKind for TailWindow {
    fn slide(&mut self, held: Held<'_>, span: Span, _row: RowView, out: &mut [f64]) {
        let (beyond, _) = self.stack.slide(held, span.clone());
        let n_beyond = f64::from(beyond.n);
        for (slot, measure) in out.iter_mut().zip(&self.measures) {
            *slot = match measure {
                Measure::TailShare(_) => n_beyond / span.len() as f64,
                _ if beyond.n == 0 => 0.0,
                _ if beyond.excess.is_finite() => beyond.excess / n_beyond,
                _ => {
                    let excesses = held.values(&span).iter().map(|&value| self.stack.aggregate.of(value));
                    let mean: f64 = excesses.filter(|&excess| excess > 0.0).map(|excess| excess / n_beyond).sum();
                    mean.min(f64::MAX)
                }
            };
        }
    }
}
