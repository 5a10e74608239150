//! Mean and standard deviation over sliding windows, for values of any magnitude.

use std::ops::Range;

use super::slide::{Aggregate, Slider};

/// Sums of deviations from a pivot, and of their squares.
///
/// The pivot is a value *inside the window*. Then deviations are exact for a large offset with little noise, all 0
/// for constant values, and the variance formula below loses at most a factor of the window's length in precision.
#[derive(Debug, Clone, Copy)]
struct Sums {
    sum: f64,
    squares: f64,
}

impl Aggregate for Sums {
    const EMPTY: Self = Self { sum: 0.0, squares: 0.0 };

    fn with(self, value: f64, pivot: f64) -> Self {
        let deviation = value - pivot;
        Self { sum: self.sum + deviation, squares: self.squares + deviation * deviation }
    }

    fn merge(self, other: Self) -> Self {
        Self { sum: self.sum + other.sum, squares: self.squares + other.squares }
    }
}

/// Moments of one window, in units of `unit`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    sums: Sums,
    pivot: f64,
    n: f64,
    unit: f64,
}

impl Moments {
    /// Arithmetic mean.
    pub(super) fn mean(&self) -> f64 {
        (self.pivot + self.sums.sum / self.n) * self.unit
    }

    /// Sample standard deviation (n - 1). Exactly 0 for constant values; not meaningful for one value.
    pub(super) fn std(&self) -> f64 {
        (self.scaled_std() * self.unit).min(f64::MAX)
    }

    /// (value - mean) / standard deviation, at most `limit` either way. Where the deviation is 0: 0 for the mean
    /// itself, else the limit.
    pub(super) fn z_score(&self, value: f64, limit: f64) -> f64 {
        let distance = (value / self.unit - self.pivot) - self.sums.sum / self.n;
        let std = self.scaled_std();
        if distance == 0.0 {
            0.0
        } else if std == 0.0 {
            limit.copysign(distance)
        } else {
            (distance / std).clamp(-limit, limit)
        }
    }

    fn scaled_std(&self) -> f64 {
        let Sums { sum, squares } = self.sums;
        ((squares - sum * (sum / self.n)).max(0.0) / (self.n - 1.0)).sqrt()
    }
}

/// A window that slides over values and knows their moments.
pub(super) struct MomentWindow<'a> {
    plain: Slider<'a, Sums>,
    /// The same over scaled values, and their unit; where squares of the values could overflow or vanish.
    scaled: Option<(Slider<'a, Sums>, f64)>,
}

impl<'a> MomentWindow<'a> {
    /// A window over `values`, with what [`scaled`] made of them.
    pub(super) fn new(values: &'a [f64], scaled: Option<&'a (Vec<f64>, f64)>) -> Self {
        Self { plain: Slider::new(values), scaled: scaled.map(|(values, unit)| (Slider::new(values), *unit)) }
    }

    /// Moves the window to `span`, of which neither end may lie before that of the last one, and which is not empty.
    #[inline]
    pub(super) fn slide(&mut self, span: &Range<u32>) -> Moments {
        let n = f64::from(span.end - span.start);
        let (sums, pivot) = self.plain.slide(span);
        if let Some((window, unit)) = &mut self.scaled {
            let (scaled_sums, scaled_pivot) = window.slide(span);
            if !sums.squares.is_normal() {
                return Moments { sums: scaled_sums, pivot: scaled_pivot, n, unit: *unit };
            }
        }
        Moments { sums, pivot, n, unit: 1.0 }
    }
}

/// The values times a power of two, and its inverse, where the largest is so large or small that squares would
/// overflow or vanish.
pub(super) fn scaled(values: &[f64]) -> Option<(Vec<f64>, f64)> {
    let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let exponent = match largest {
        l if l > 1e140 => 540,
        l if l > 0.0 && l < 1e-140 => -540,
        _ => return None,
    };
    let scale = 2f64.powi(-exponent);
    Some((values.iter().map(|value| value * scale).collect(), 2f64.powi(exponent)))
}
