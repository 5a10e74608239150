//! Mean, standard deviation and z-score, for values of any magnitude.

use super::equal::Equal;
use super::kind::{Held, RowView, Span, WindowKind};
use super::measure::Measure;
use super::two_stack::{Aggregate, TwoStack};

/// Rows whose sums are taken before their square roots, eight or so at a time.
const ROWS_AT_A_TIME: usize = 512;

/// Sums of deviations from a pivot, and of their squares.
///
/// The pivot is a value *inside the window*. Then deviations are exact for a large offset with little noise, all 0
/// for constant values, and the variance formula below loses at most a factor of the window's length in precision.
#[derive(Debug, Clone, Copy)]
struct Sums {
    sum: f64,
    squares: f64,
}

#[derive(Debug, Clone)]
struct Deviations;

impl Aggregate for Deviations {
    type Item = f64;
    type Sum = Sums;
    const EMPTY: Sums = Sums { sum: 0.0, squares: 0.0 };

    #[inline(always)]
    fn items<'a>(&self, held: Held<'a>, span: Span) -> impl DoubleEndedIterator<Item = f64> + 'a {
        held.values(&span).iter().copied()
    }

    #[inline(always)]
    fn with(&self, Sums { sum, squares }: Sums, value: f64, pivot: f64) -> Sums {
        let deviation = value - pivot;
        Sums { sum: sum + deviation, squares: squares + deviation * deviation }
    }

    #[inline(always)]
    fn merge(&self, older: Sums, newer: Sums) -> Sums {
        Sums { sum: older.sum + newer.sum, squares: older.squares + newer.squares }
    }
}

/// Moments of one window, in units of `unit`.
#[derive(Debug, Clone, Copy)]
struct Moments {
    sums: Sums,
    pivot: f64,
    n: f64,
    unit: f64,
}

impl Moments {
    #[inline(always)]
    fn mean(&self) -> f64 {
        (self.pivot + self.sums.sum / self.n) * self.unit
    }

    /// NaN for one value.
    #[inline(always)]
    fn std(&self) -> f64 {
        let std = self.scaled_std() * self.unit;
        // Not `min`, which would make a number of NaN.
        if std > f64::MAX { f64::MAX } else { std }
    }

    fn z_score(&self, value: f64, limit: f64) -> f64 {
        let distance = (value / self.unit - self.pivot) - self.sums.sum / self.n;
        let std = self.scaled_std();
        if distance.is_nan() || distance == 0.0 {
            distance.abs()
        } else if std == 0.0 {
            limit.copysign(distance)
        } else {
            // NaN stays NaN.
            (distance / std).clamp(-limit, limit)
        }
    }

    #[inline(always)]
    fn scaled_std(&self) -> f64 {
        let Sums { sum, squares } = self.sums;
        let rest = squares - sum * (sum / self.n);
        ((if rest > 0.0 { rest } else { 0.0 }) / (self.n - 1.0)).sqrt()
    }
}

/// Mean ([`Measure::Mean`]), standard deviation ([`Measure::Std`]) and z-score ([`Measure::ZScore`]).
#[derive(Clone)]
pub(super) struct MomentWindow {
    measures: Vec<Measure>,
    stack: TwoStack<Deviations>,
    equal: Equal,
    /// Of up to [`ROWS_AT_A_TIME`] rows.
    sums: Vec<f64>,
    squares: Vec<f64>,
    pivots: Vec<f64>,
}

impl MomentWindow {
    pub(super) fn new(measures: &[Measure]) -> Self {
        Self {
            measures: measures.to_vec(),
            stack: TwoStack::new(Deviations),
            equal: Equal::default(),
            sums: Vec::new(),
            squares: Vec::new(),
            pivots: Vec::new(),
        }
    }

    /// The moments of a window that the sums were taken of; anew where squares overflowed or vanished.
    fn moments(&mut self, held: Held<'_>, span: &Span, sums: Sums, pivot: f64) -> Moments {
        let n = span.len() as f64;
        if sums.squares.is_normal() || self.equal.all(held, span) {
            return Moments { sums, pivot, n, unit: 1.0 };
        }
        rescaled(held.values(span))
    }
}

/// Moments in a unit in which their squares neither overflow nor vanish. Takes a look at every value.
#[cold]
fn rescaled(values: &[f64]) -> Moments {
    let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let pivot = values.last().copied().unwrap_or(0.0);
    // Deviations of values this small are exact, and must be scaled after they are taken.
    let exponent = if largest > 1.0 { 540 } else { -540 };
    let scale = 2f64.powi(-exponent);
    let sums = values.iter().fold(Deviations::EMPTY, |sums, value| {
        let deviation = if exponent > 0 { value * scale - pivot * scale } else { (value - pivot) * scale };
        Sums { sum: sums.sum + deviation, squares: sums.squares + deviation * deviation }
    });
    Moments { sums, pivot: pivot * scale, n: values.len() as f64, unit: 2f64.powi(exponent) }
}

impl WindowKind for MomentWindow {
    fn slide(&mut self, held: Held<'_>, span: Span, row: RowView, out: &mut [f64]) {
        let (sums, pivot) = self.stack.slide(held, span.clone());
        let moments = self.moments(held, &span, sums, pivot);
        for (slot, measure) in out.iter_mut().zip(&self.measures) {
            *slot = match *measure {
                Measure::Mean => moments.mean(),
                Measure::ZScore { limit } => moments.z_score(row.value, limit),
                _ => moments.std(),
            };
        }
    }

    fn slide_run(&mut self, held: Held<'_>, first: Span, out: &mut [&mut [f64]]) -> bool {
        if self.measures.iter().any(|measure| matches!(measure, Measure::ZScore { .. })) {
            return false;
        }
        let n = first.len() as f64;
        let n_rows = out.first().map_or(0, |column| column.len());
        for begin in (0..n_rows).step_by(ROWS_AT_A_TIME) {
            let rows = begin..n_rows.min(begin + ROWS_AT_A_TIME);
            let span_of = |i: usize| first.start + begin + i..first.end + begin + i;
            self.take_sums(held, span_of(0), rows.len());
            for (column, measure) in out.iter_mut().zip(&self.measures) {
                let column = &mut column[rows.clone()];
                let is_mean = *measure == Measure::Mean;
                let (sums, squares, pivots) = (&self.sums[..], &self.squares[..], &self.pivots[..]);
                pulp::Arch::new().dispatch(Finish { column, sums, squares, pivots, n, is_mean });
            }
            for i in 0..rows.len() {
                if self.squares[i].is_normal() {
                    continue;
                }
                let sums = Sums { sum: self.sums[i], squares: self.squares[i] };
                let moments = self.moments(held, &span_of(i), sums, self.pivots[i]);
                for (column, measure) in out.iter_mut().zip(&self.measures) {
                    column[rows.start + i] = if *measure == Measure::Mean { moments.mean() } else { moments.std() };
                }
            }
        }
        true
    }
}

impl MomentWindow {
    /// Slides over `n_rows` rows and keeps their sums.
    fn take_sums(&mut self, held: Held<'_>, first: Span, n_rows: usize) {
        for buffer in [&mut self.sums, &mut self.squares, &mut self.pivots] {
            buffer.resize(n_rows, 0.0);
        }
        let (sums, squares, pivots) =
            (&mut self.sums[..n_rows], &mut self.squares[..n_rows], &mut self.pivots[..n_rows]);
        self.stack.slide_run(held, first, n_rows, |i, sum, pivot| {
            (sums[i], squares[i], pivots[i]) = (sum.sum, sum.squares, pivot);
        });
    }
}

/// One statistic of many rows, several at a time.
struct Finish<'a> {
    column: &'a mut [f64],
    sums: &'a [f64],
    squares: &'a [f64],
    pivots: &'a [f64],
    n: f64,
    is_mean: bool,
}

impl pulp::NullaryFnOnce for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let rows = self.sums.iter().zip(self.squares).zip(self.pivots);
        let moments =
            rows.map(|((&sum, &squares), &pivot)| Moments { sums: Sums { sum, squares }, pivot, n: self.n, unit: 1.0 });
        if self.is_mean {
            self.column.iter_mut().zip(moments).for_each(|(slot, moments)| *slot = moments.mean());
        } else {
            self.column.iter_mut().zip(moments).for_each(|(slot, moments)| *slot = moments.std());
        }
    }
}
