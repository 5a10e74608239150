//! The row against the median and the quartiles of the window before it.

use super::kind::{Held, RowView, Span, WindowKind};
use super::measure::Measure;
use super::order::{SortedWindow, quantile};
use super::sorted::Sorted;

/// Makes the MAD of normal values comparable to their standard deviation: the 0.75 quantile of the normal distribution,
/// rounded as in Iglewicz and Hoaglin (1993).
const NORMAL_MAD: f64 = 0.6745;

/// Modified z-score ([`Measure::ModifiedZScore`]) and IQR flag ([`Measure::IqrFlag`]).
#[derive(Clone)]
pub(super) struct RobustWindow {
    measures: Vec<Measure>,
    window: SortedWindow,
}

impl RobustWindow {
    pub(super) fn new(measures: &[Measure]) -> Self {
        Self { measures: measures.to_vec(), window: SortedWindow::default() }
    }
}

impl WindowKind for RobustWindow {
    fn slide(&mut self, held: Held<'_>, span: Span, row: RowView, out: &mut [f64]) {
        let sorted = self.window.slide(held, span);
        for (slot, measure) in out.iter_mut().zip(&self.measures) {
            *slot = match *measure {
                _ if row.value.is_nan() => f64::NAN,
                Measure::ModifiedZScore { limit } => modified_z_score(sorted, row.value, limit),
                Measure::IqrFlag { factor } => iqr_flag(sorted, row.value, factor),
                _ => f64::NAN,
            };
        }
    }
}

fn iqr_flag(sorted: &Sorted, value: f64, factor: f64) -> f64 {
    let (q1, q3) = (quantile(sorted, 0.25), quantile(sorted, 0.75));
    let margin = factor * (q3 - q1);
    if value < q1 - margin {
        -1.0
    } else if value > q3 + margin {
        1.0
    } else {
        0.0
    }
}

fn modified_z_score(sorted: &Sorted, value: f64, limit: f64) -> f64 {
    let median = quantile(sorted, 0.5);
    // Halves, so that no difference overflows.
    let distance = value / 2.0 - median / 2.0;
    let deviation = half_mad(sorted, median);
    if distance == 0.0 {
        0.0
    } else if deviation == 0.0 {
        limit.copysign(distance)
    } else {
        (NORMAL_MAD * (distance / deviation)).clamp(-limit, limit)
    }
}

/// Half the median absolute deviation from the median.
fn half_mad(sorted: &Sorted, median: f64) -> f64 {
    let n = sorted.len();
    let upper = nearest(sorted, median, n / 2 + 1);
    if n % 2 == 1 { upper } else { f64::midpoint(nearest(sorted, median, n / 2), upper) }
}

/// Half the distance of the `r`-th nearest value from the median.
///
/// The r nearest are neighbours in order. Of all r neighbours from the i-th on, the greater distance of both ends is
/// least where that on the right overtakes that on the left.
fn nearest(sorted: &Sorted, median: f64, r: usize) -> f64 {
    let left = |i: usize| median / 2.0 - sorted.get(i) / 2.0;
    let right = |i: usize| sorted.get(i + r - 1) / 2.0 - median / 2.0;
    let (mut low, mut high) = (0, sorted.len() - r);
    while low < high {
        let middle = usize::midpoint(low, high);
        if right(middle) >= left(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let reach = |i: usize| left(i).max(right(i));
    low.checked_sub(1).map_or(reach(low), |before| reach(low).min(reach(before)))
}
