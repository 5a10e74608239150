//! Mean, deviation, extremes and quantiles of the values of one feature, for values of any magnitude.

/// Moments and extremes of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Summary {
    pub(super) mean: f64,
    /// Population standard deviation (n).
    pub(super) std: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Summary {
    /// Of finite values. `None` where there are none.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let (min, max) = extremes(values);
        // Sums of squares must neither overflow nor vanish: such values are scaled by a power of two on the way.
        let exponent = match max.abs().max(min.abs()) {
            largest if largest > 1e140 => 540,
            largest if largest < 1e-140 => -540,
            _ => 0,
        };
        let (scale, unit) = (2f64.powi(-exponent), 2f64.powi(exponent));
        let n = values.len() as f64;
        // Two passes around a value in the middle, then a correction for what the first pass rounded.
        let rough = min * scale + sum(values, |v| v * scale - min * scale) / n;
        let rest = sum(values, |v| v * scale - rough) / n;
        let squares = sum(values, |v| (v * scale - rough) * (v * scale - rough)) / n;
        let variance = (squares - rest * rest).max(0.0);
        let mean = ((rough + rest) * unit).clamp(min, max);
        let std = if min == max { 0.0 } else { (variance.sqrt() * unit).min(f64::MAX) };
        Some(Self { mean, std, min, max })
    }

    /// Whether the values differ by no more than rounding does.
    pub(super) fn is_constant(&self) -> bool {
        self.std <= 4.0 * f64::EPSILON * self.largest()
    }

    /// Largest absolute value.
    pub(super) fn largest(&self) -> f64 {
        self.min.abs().max(self.max.abs())
    }
}

/// Smallest and largest of finite values, eight of each side by side.
fn extremes(values: &[f64]) -> (f64, f64) {
    // Plain comparisons: without NaN they become single instructions, which `f64::min` does not.
    let lower = |a: f64, b: f64| if b < a { b } else { a };
    let higher = |a: f64, b: f64| if b > a { b } else { a };
    let (mut low, mut high) = ([f64::INFINITY; 8], [f64::NEG_INFINITY; 8]);
    for chunk in values.chunks(8) {
        for ((low, high), &value) in low.iter_mut().zip(&mut high).zip(chunk) {
            (*low, *high) = (lower(*low, value), higher(*high, value));
        }
    }
    (low.into_iter().fold(f64::INFINITY, lower), high.into_iter().fold(f64::NEG_INFINITY, higher))
}

/// Sum of `f` over the values: eight sums side by side, which is quicker and more exact than one.
fn sum(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; 8];
    let chunks = values.chunks_exact(8);
    let rest: f64 = chunks.remainder().iter().map(|&v| f(v)).sum();
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += f(value);
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// The `q`-quantile (0 to 1) of finite values, with linear interpolation between neighbours (type 7, as numpy's
/// default). Reorders the values; NaN where there are none.
pub(super) fn quantile(values: &mut [f64], q: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let position = q * (values.len() - 1) as f64;
    let index = (position.floor() as usize).min(values.len() - 1);
    let (_, &mut lower, above) = values.select_nth_unstable_by(index, f64::total_cmp);
    let fraction = position - index as f64;
    if fraction == 0.0 {
        return lower;
    }
    let upper = above.iter().copied().fold(f64::INFINITY, f64::min);
    if upper.is_finite() { lower * (1.0 - fraction) + upper * fraction } else { lower }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_survives_large_offsets_and_magnitudes() {
        let noisy: Vec<f64> = (0..1000).map(|i| 1e9 + f64::from(i % 2)).collect();
        let s = Summary::of(&noisy).unwrap();
        assert!((s.mean - 1e9 - 0.5).abs() < 1e-6 && (s.std - 0.5).abs() < 1e-12, "{s:?}");
        let huge = Summary::of(&[f64::MAX, -f64::MAX]).unwrap();
        assert!(huge.mean == 0.0 && (huge.std / f64::MAX - 1.0).abs() < 1e-12, "{huge:?}");
        let tiny = Summary::of(&[1e-200, 3e-200]).unwrap();
        assert!((tiny.std / 1e-200 - 1.0).abs() < 1e-12, "{tiny:?}");
        let constant = Summary::of(&[0.1; 1001]).unwrap();
        assert_eq!((constant.mean, constant.std, constant.is_constant()), (0.1, 0.0, true));
        assert!(Summary::of(&[]).is_none());
    }

    #[test]
    fn quantiles_interpolate() {
        let mut values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|q| quantile(&mut values, q)), [1.0, 1.75, 2.5, 4.0]);
        assert_eq!(quantile(&mut [f64::MAX, f64::MAX], 0.5), f64::MAX);
        assert!(quantile(&mut [], 0.5).is_nan());
    }
}
