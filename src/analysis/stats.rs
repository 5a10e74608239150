//! Statistics of a column of numbers.

use rayon::prelude::*;

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

/// The same as [`min_max`], in parallel for large columns.
pub fn min_max_of_column(values: &[f64]) -> (f64, f64) {
    if values.len() < LARGE {
        return min_max(values);
    }
    let widest = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
    values.par_chunks(LARGE).map(min_max).reduce(|| (f64::INFINITY, f64::NEG_INFINITY), widest)
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

/// The quantile of a level in 0 to 1 of values in ascending order, as [`quantiles`]. NaN for no values.
pub fn quantile_of_sorted(sorted: &[f64], level: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = level.clamp(0.0, 1.0) * last as f64;
    let at = |position: f64| sorted.get(position as usize).copied().unwrap_or(f64::NAN);
    let low = at(position.floor());
    if position.fract() == 0.0 { low } else { low + (at(position.ceil()) - low) * position.fract() }
}

/// Columns from this many values on are counted in parallel.
const LARGE: usize = 1 << 15;
/// Bits of a number, from the left, that choose its bucket.
const BUCKET_BITS: u32 = 16;

/// The same as [`quantiles`] for any number of levels, bit for bit, but several times faster for large columns: numbers
/// are counted by their leading bits, and only those that share them with a quantile are looked at.
pub fn quantiles_of_column(values: &[f64], levels: &[f64]) -> Vec<f64> {
    let Some(last) = values.len().checked_sub(1) else { return vec![f64::NAN; levels.len()] };
    if values.len() < LARGE {
        let mut scratch = values.to_vec();
        return levels.iter().map(|&level| quantile_of(&mut scratch, level)).collect();
    }
    let chunk = values.len().div_ceil(rayon::current_num_threads().max(1));
    let counts = values.par_chunks(chunk).map(counts_of).reduce(
        || vec![0; 1 << BUCKET_BITS],
        |mut sum, counts| {
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            sum
        },
    );
    let order_statistic = |rank: usize| {
        let mut below = 0;
        let bucket = counts.iter().position(|&count| {
            let is_here = rank < below + count as usize;
            below += if is_here { 0 } else { count as usize };
            is_here
        });
        let in_bucket = |value: &&f64| Some(bucket_of(**value)) == bucket;
        let mut members: Vec<f64> = values.par_iter().filter(in_bucket).copied().collect();
        let place = (rank - below).min(members.len().saturating_sub(1));
        if members.is_empty() { f64::NAN } else { *members.select_nth_unstable_by(place, f64::total_cmp).1 }
    };
    let quantile = |&level: &f64| {
        let position = level.clamp(0.0, 1.0) * last as f64;
        let low = order_statistic(position.floor() as usize);
        if position.fract() == 0.0 {
            return low;
        }
        low + (order_statistic(position.ceil() as usize) - low) * position.fract()
    };
    levels.iter().map(quantile).collect()
}

fn counts_of(values: &[f64]) -> Vec<u32> {
    let mut counts = vec![0_u32; 1 << BUCKET_BITS];
    for &value in values {
        if let Some(count) = counts.get_mut(bucket_of(value)) {
            *count += 1;
        }
    }
    counts
}

/// The leading bits of a number, as a number of the same order.
#[inline]
fn bucket_of(value: f64) -> usize {
    let bits = value.to_bits();
    let ordered = if bits >> 63 == 0 { bits | (1 << 63) } else { !bits };
    (ordered >> (64 - BUCKET_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_as_numpy_does() {
        // numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], [0, 0.25, 0.5, 0.9, 1])
        let q = quantiles(&[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0], [0.0, 0.25, 0.5, 0.9, 1.0]);
        let sorted = [1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 9.0];
        for ((got, want), level) in q.into_iter().zip([1.0, 1.75, 3.5, 6.9, 9.0]).zip([0.0, 0.25, 0.5, 0.9, 1.0]) {
            assert!((got - want).abs() < 1e-12, "{got} {want}");
            assert_eq!(quantile_of_sorted(&sorted, level), got);
        }
        assert!(quantiles(&[], [0.5])[0].is_nan());
    }

    #[test]
    fn large_columns_have_the_quantiles_of_their_sorted_values() {
        let levels = [0.0, 0.001, 0.5, 0.9, 0.999_99, 1.0];
        let curves: [fn(f64) -> f64; 3] = [|x| x.sin() * 1e3, |x| (x * 0.01).floor() - 200.0, |_| -7.5];
        for curve in curves {
            let values: Vec<f64> = (0..100_000).map(|i| curve(f64::from(i))).collect();
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            for (level, got) in levels.into_iter().zip(quantiles_of_column(&values, &levels)) {
                let position = level * 99_999.0;
                let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
                assert_eq!(got, low + (high - low) * position.fract(), "{level}");
            }
        }
    }

    #[test]
    fn moments_of_a_hand_computed_case() {
        assert_eq!(mean_std(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]), (5.0, 2.0));
        assert_eq!(min_max(&[2.0, -1.0]), (-1.0, 2.0));
    }
}
