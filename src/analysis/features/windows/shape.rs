//! Skewness and kurtosis of a window.

use super::equal::Equal;
use super::kind::{Held, RowView, Span, WindowKind};
use super::measure::Measure;
use super::two_stack::{Aggregate, TwoStack};

/// Greatest square of the pivot's distance from the mean, in variances; beyond it the fourth moment would lose more
/// than three digits.
const FARTHEST_PIVOT: f64 = 30.0;

/// Sums of the first four powers of deviations from a pivot inside the window.
#[derive(Debug, Clone)]
struct Powers;

impl Aggregate for Powers {
    type Item = f64;
    type Sum = [f64; 4];
    const EMPTY: [f64; 4] = [0.0; 4];

    #[inline(always)]
    fn items<'a>(&self, held: Held<'a>, span: Span) -> impl DoubleEndedIterator<Item = f64> + 'a {
        held.values(&span).iter().copied()
    }

    #[inline(always)]
    fn with(&self, [s1, s2, s3, s4]: [f64; 4], value: f64, pivot: f64) -> [f64; 4] {
        let deviation = value - pivot;
        let square = deviation * deviation;
        [s1 + deviation, s2 + square, s3 + square * deviation, s4 + square * square]
    }

    #[inline(always)]
    fn merge(&self, older: [f64; 4], newer: [f64; 4]) -> [f64; 4] {
        std::array::from_fn(|k| older[k] + newer[k])
    }
}

/// Means of the second to fourth power of deviations from the mean, in any unit.
#[derive(Debug, Clone, Copy)]
struct Central {
    second: f64,
    third: f64,
    fourth: f64,
}

impl Central {
    /// From sums about a pivot; `None` where that would lose precision.
    fn shifted(sums: [f64; 4], n: f64) -> Option<Self> {
        let [a, s2, s3, s4] = sums.map(|sum| sum / n);
        let second = s2 - a * a;
        let is_sound = sums[3].is_normal() && sums[3] > 1e-200 && a * a < FARTHEST_PIVOT * second;
        is_sound.then_some(Self {
            second,
            third: s3 - 3.0 * a * s2 + 2.0 * a * a * a,
            fourth: s4 - 4.0 * a * s3 + 6.0 * a * a * s2 - 3.0 * a * a * a * a,
        })
    }

    /// From the values themselves, whatever their size.
    #[cold]
    fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        // Halves, so that no difference overflows.
        let half_mean = values.iter().map(|value| value / n).sum::<f64>() / 2.0;
        let halves = values.iter().map(|value| value / 2.0 - half_mean);
        // The mean of what is left makes up for the rounding of the first.
        let rest = halves.clone().sum::<f64>() / n;
        let deviations = halves.map(|half| half - rest);
        let largest = deviations.clone().fold(0.0, |largest: f64, deviation| largest.max(deviation.abs()));
        let mean_power = |power| deviations.clone().map(|deviation| (deviation / largest).powi(power)).sum::<f64>() / n;
        Self { second: mean_power(2), third: mean_power(3), fourth: mean_power(4) }
    }

    /// G1 of Joanes and Gill (1998).
    fn skewness(&self, n: f64) -> f64 {
        if n < 3.0 {
            return f64::NAN;
        }
        (n * (n - 1.0)).sqrt() / (n - 2.0) * (self.third / (self.second * self.second.sqrt()))
    }

    /// G2 of Joanes and Gill (1998).
    fn kurtosis(&self, n: f64) -> f64 {
        if n < 4.0 {
            return f64::NAN;
        }
        let ratio = self.fourth / (self.second * self.second);
        (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * ratio - 3.0 * (n - 1.0))
    }
}

/// Skewness ([`Measure::Skewness`]) and excess kurtosis ([`Measure::Kurtosis`]).
#[derive(Clone)]
pub(super) struct ShapeWindow {
    measures: Vec<Measure>,
    stack: TwoStack<Powers>,
    equal: Equal,
}

impl ShapeWindow {
    pub(super) fn new(measures: &[Measure]) -> Self {
        Self { measures: measures.to_vec(), stack: TwoStack::new(Powers), equal: Equal::default() }
    }
}

impl WindowKind for ShapeWindow {
    fn slide(&mut self, held: Held<'_>, span: Span, _row: RowView, out: &mut [f64]) {
        let n = span.len() as f64;
        let (sums, _) = self.stack.slide(held, span.clone());
        let central = match Central::shifted(sums, n) {
            Some(central) => central,
            None if self.equal.all(held, &span) => Central { second: f64::NAN, third: f64::NAN, fourth: f64::NAN },
            None => Central::of(held.values(&span)),
        };
        for (slot, measure) in out.iter_mut().zip(&self.measures) {
            *slot = if *measure == Measure::Skewness { central.skewness(n) } else { central.kurtosis(n) };
        }
    }
}
