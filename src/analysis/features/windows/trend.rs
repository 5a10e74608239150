//! Curves fitted to a window over time: lines, polynomials and exponentials.

use super::equal::Equal;
use super::fit::{Fit, MAX_DEGREE, Points, PowerSums};
use super::kind::{Held, RowView, Span, WindowKind};
use super::measure::{Curve, Measure, TrendPart};
use super::spans::Reach;
use super::two_stack::{Aggregate, TwoStack};

/// What slopes are per, on the clock of the window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit(f64);

impl Unit {
    /// A row, or a minute in microseconds.
    pub(super) fn of(reach: Reach) -> Self {
        match reach {
            Reach::Rows(_) => Self(1.0),
            Reach::Micros(_) => Self(60e6),
        }
    }
}

/// Sums of powers of time and value. Both count from the pivot, a point inside the window.
#[derive(Debug, Clone)]
struct Powers<const S: usize, const T: usize> {
    is_log: bool,
}

impl<const S: usize, const T: usize> Aggregate for Powers<S, T> {
    type Item = (i64, f64);
    type Sum = PowerSums<S, T>;
    const EMPTY: Self::Sum = PowerSums::EMPTY;

    #[inline(always)]
    fn items<'a>(&self, held: Held<'a>, span: Span) -> impl DoubleEndedIterator<Item = Self::Item> + 'a {
        let values = if self.is_log { held.logs(&span) } else { held.values(&span) };
        held.at(&span).iter().copied().zip(values.iter().copied())
    }

    #[inline(always)]
    fn with(&self, sum: Self::Sum, (at, value): Self::Item, pivot: Self::Item) -> Self::Sum {
        sum.with(at.wrapping_sub(pivot.0) as f64, value - pivot.1)
    }

    #[inline(always)]
    fn merge(&self, older: Self::Sum, newer: Self::Sum) -> Self::Sum {
        older.merge(newer)
    }
}

/// Slope, residual and R² ([`Measure::Trend`]) of a polynomial of degree `T - 1`, or of an exponential.
#[derive(Clone)]
struct TrendWindow<const S: usize, const T: usize> {
    parts: Vec<TrendPart>,
    unit: Unit,
    stack: TwoStack<Powers<S, T>>,
    equal: Equal,
    points: Points,
}

/// A window that knows such a curve.
pub(super) fn window(curve: Curve, measures: &[Measure], unit: Unit) -> Box<dyn WindowKind> {
    let is_log = curve == Curve::Exponential;
    let degree = match curve {
        Curve::Linear | Curve::Exponential => 1,
        Curve::Polynomial(degree) => usize::from(degree).clamp(1, MAX_DEGREE),
    };
    match degree {
        1 => Box::new(TrendWindow::<2, 2>::new(measures, unit, is_log)),
        2 => Box::new(TrendWindow::<4, 3>::new(measures, unit, is_log)),
        3 => Box::new(TrendWindow::<6, 4>::new(measures, unit, is_log)),
        _ => Box::new(TrendWindow::<8, 5>::new(measures, unit, is_log)),
    }
}

impl<const S: usize, const T: usize> TrendWindow<S, T> {
    fn new(measures: &[Measure], unit: Unit, is_log: bool) -> Self {
        let part = |measure: &Measure| match *measure {
            Measure::Trend(_, part) => Some(part),
            _ => None,
        };
        Self {
            parts: measures.iter().filter_map(part).collect(),
            unit,
            stack: TwoStack::new(Powers { is_log }),
            equal: Equal::default(),
            points: Points::default(),
        }
    }

    #[inline(always)]
    fn fit(&mut self, held: Held<'_>, span: &Span, row: RowView) -> Option<Fit> {
        let (sums, pivot) = self.stack.slide(held, span.clone());
        let at = held.at(span);
        // No curve through fewer times than it has coefficients; no logarithm.
        if !has_times(at, T) || sums.yy.is_nan() {
            return None;
        }
        let since_pivot = |at: i64| at.wrapping_sub(pivot.0) as f64;
        let ends = [at.first(), at.last()].map(|at| at.map_or(0.0, |&at| since_pivot(at).abs()));
        let fit = sums.fit(span.len() as f64, since_pivot(row.at), ends[0].max(ends[1]), pivot.1);
        if fit.is_some() {
            return fit;
        }
        let values = if self.stack.aggregate.is_log { held.logs(span) } else { held.values(span) };
        if self.equal.all(held, span) {
            return Some(Fit { slope: 0.0, base: *values.first()?, rise: 0.0, r_squared: 0.0 });
        }
        self.points.fit(at, values, row.at, T - 1)
    }
}

/// Whether there are at least `n` different times; they never fall.
#[inline(always)]
fn has_times(at: &[i64], n: usize) -> bool {
    at.len() >= n && at.windows(2).filter(|pair| pair[0] != pair[1]).take(n - 1).count() == n - 1
}

impl<const S: usize, const T: usize> WindowKind for TrendWindow<S, T> {
    fn slide(&mut self, held: Held<'_>, span: Span, row: RowView, out: &mut [f64]) {
        let fit = self.fit(held, &span, row);
        for (slot, part) in out.iter_mut().zip(&self.parts) {
            *slot = match (fit, part) {
                (None, _) => f64::NAN,
                (Some(fit), TrendPart::Slope) => (fit.slope * self.unit.0).clamp(-f64::MAX, f64::MAX),
                (Some(fit), TrendPart::RSquared) => fit.r_squared,
                (Some(fit), TrendPart::Residual) => {
                    let residual = if self.stack.aggregate.is_log {
                        row.value - (fit.base + fit.rise).exp()
                    } else {
                        (row.value - fit.base) - fit.rise
                    };
                    // NaN of a missing value stays NaN.
                    residual.clamp(-f64::MAX, f64::MAX)
                }
            };
        }
    }
}
