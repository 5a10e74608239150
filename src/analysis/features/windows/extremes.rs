//! Smallest and largest value of a window.

use super::kind::{Held, RowView, Span, WindowKind};
use super::measure::Measure;
use super::two_stack::{Aggregate, TwoStack};

/// Longest window, and rows at a time, for which doubling is the faster way.
const LONGEST_DOUBLED: usize = 512;
const ROWS_AT_A_TIME: usize = 1024;

/// Smallest and largest value.
#[derive(Debug, Clone, Copy)]
struct Range {
    min: f64,
    max: f64,
}

#[derive(Debug, Clone)]
struct Extremes;

// Plain comparisons: there is no NaN here, and they become single instructions.
#[inline(always)]
fn smaller(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

impl Aggregate for Extremes {
    type Item = f64;
    type Sum = Range;
    const EMPTY: Range = Range { min: f64::INFINITY, max: f64::NEG_INFINITY };

    #[inline(always)]
    fn items<'a>(&self, held: Held<'a>, span: Span) -> impl DoubleEndedIterator<Item = f64> + 'a {
        held.values(&span).iter().copied()
    }

    #[inline(always)]
    fn with(&self, sum: Range, value: f64, _pivot: f64) -> Range {
        Range { min: smaller(sum.min, value), max: larger(sum.max, value) }
    }

    #[inline(always)]
    fn merge(&self, older: Range, newer: Range) -> Range {
        Range { min: smaller(older.min, newer.min), max: larger(older.max, newer.max) }
    }
}

/// The smallest ([`Measure::Min`]) and the largest ([`Measure::Max`]) value of the window.
#[derive(Clone)]
pub(super) struct ExtremesWindow {
    measures: Vec<Measure>,
    stack: TwoStack<Extremes>,
    scratch: [Vec<f64>; 2],
}

impl ExtremesWindow {
    pub(super) fn new(measures: &[Measure]) -> Self {
        Self { measures: measures.to_vec(), stack: TwoStack::new(Extremes), scratch: [Vec::new(), Vec::new()] }
    }
}

impl WindowKind for ExtremesWindow {
    fn slide(&mut self, held: Held<'_>, span: Span, _row: RowView, out: &mut [f64]) {
        let (range, _) = self.stack.slide(held, span);
        for (slot, measure) in out.iter_mut().zip(&self.measures) {
            *slot = if *measure == Measure::Min { range.min } else { range.max };
        }
    }

    fn slide_run(&mut self, held: Held<'_>, first: Span, out: &mut [&mut [f64]]) -> bool {
        let n_values = first.len();
        if n_values > LONGEST_DOUBLED {
            return false;
        }
        // Which of equal values is found makes no difference, so the order of comparing is free.
        for (out, measure) in out.iter_mut().zip(&self.measures) {
            for (k, out) in out.chunks_mut(ROWS_AT_A_TIME).enumerate() {
                let start = first.start + k * ROWS_AT_A_TIME;
                let values = held.values(&(start..start + n_values + out.len() - 1));
                let is_min = *measure == Measure::Min;
                pulp::Arch::new().dispatch(Doubling { values, n_values, out, scratch: &mut self.scratch, is_min });
            }
        }
        self.stack = TwoStack::new(Extremes);
        true
    }
}

/// `out[i]` = the least or greatest of `values[i..i + n_values]`: that of stretches of 1, 2, 4, … values, each from two
/// of the length before.
struct Doubling<'a> {
    values: &'a [f64],
    n_values: usize,
    out: &'a mut [f64],
    scratch: &'a mut [Vec<f64>; 2],
    is_min: bool,
}

impl pulp::NullaryFnOnce for Doubling<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        if self.is_min { self.run(smaller) } else { self.run(larger) }
    }
}

impl Doubling<'_> {
    #[inline(always)]
    fn run(self, better: impl Fn(f64, f64) -> f64) {
        let [current, next] = self.scratch;
        let mut length = 1;
        current.clear();
        current.extend_from_slice(self.values);
        while 2 * length <= self.n_values {
            let n_left = current.len() - length;
            next.resize(n_left, 0.0);
            for ((slot, &a), &b) in next.iter_mut().zip(current.iter()).zip(&current[length..]) {
                *slot = better(a, b);
            }
            std::mem::swap(current, next);
            length *= 2;
        }
        let newer = &current[self.n_values - length..];
        for ((slot, &a), &b) in self.out.iter_mut().zip(current.iter()).zip(newer) {
            *slot = better(a, b);
        }
    }
}
