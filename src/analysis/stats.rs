//! Statistics of a column of numbers.

/// Mean and population standard deviation (n) by two passes. `(0, 0)` for no values.
pub fn mean_std(values: &[f64]) -> (f64, f64) {
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// Smallest and largest value. `(0, 0)` for no values.
pub fn min_max(values: &[f64]) -> (f64, f64) {
    let range = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &v| (lo.min(v), hi.max(v)));
    if values.is_empty() { (0.0, 0.0) } else { range }
}

/// Quantiles with linear interpolation (type 7 of Hyndman and Fan 1996, the default of numpy). NaN for no values.
///
/// `levels` lie in 0 to 1.
pub fn quantiles<const N: usize>(values: &[f64], levels: [f64; N]) -> [f64; N] {
    let mut scratch = values.to_vec();
    levels.map(|level| quantile_of(&mut scratch, level))
}

fn quantile_of(values: &mut [f64], level: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    let position = level.clamp(0.0, 1.0) * last as f64;
    let (below, fraction) = (position.floor() as usize, position.fract());
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    if fraction == 0.0 {
        return low;
    }
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    low + (high - low) * fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_as_numpy_does() {
        // numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], [0, 0.25, 0.5, 0.9, 1])
        let q = quantiles(&[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0], [0.0, 0.25, 0.5, 0.9, 1.0]);
        for (got, want) in q.into_iter().zip([1.0, 1.75, 3.5, 6.9, 9.0]) {
            assert!((got - want).abs() < 1e-12, "{got} {want}");
        }
        assert!(quantiles(&[], [0.5])[0].is_nan());
    }

    #[test]
    fn moments_of_a_hand_computed_case() {
        assert_eq!(mean_std(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]), (5.0, 2.0));
        assert_eq!(min_max(&[2.0, -1.0]), (-1.0, 2.0));
    }
}
