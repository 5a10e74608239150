//! A column of a matrix in ascending order, found in steps short enough to cancel.

use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// Bits of a digit: few enough that the places of all its values stay in the cache.
const DIGIT_BITS: usize = 11;

/// Values of a digit.
const DIGITS: usize = 1 << DIGIT_BITS;

/// Digits of a key.
const N_DIGITS: usize = 64_usize.div_ceil(DIGIT_BITS);

/// Values moved between two looks at the cancel flag.
const STEP: usize = 1 << 16;

/// The values of a column, ascending. -0 counts as 0.
///
/// A radix sort by digits, from the lowest: linear in the rows, and every step has a known length.
pub(crate) fn sorted(x: &Matrix, feature: usize, cx: &Cx) -> Result<Vec<f64>, Cancelled> {
    let mut keys: Vec<u64> = x.values().iter().skip(feature).step_by(x.n_features()).map(|&value| key(value)).collect();
    cx.check()?;
    let mut counts = vec![[0_u32; DIGITS]; N_DIGITS];
    for keys in keys.chunks(STEP) {
        cx.check()?;
        for key in keys {
            counts.iter_mut().enumerate().for_each(|(at, counts)| counts[digit(*key, at)] += 1);
        }
    }
    let mut moved = vec![0; keys.len()];
    for (at, counts) in counts.iter().enumerate() {
        // A digit that all keys share needs no move.
        if counts.iter().any(|&count| count as usize == keys.len()) {
            continue;
        }
        let mut next = [0_usize; DIGITS];
        let mut sum = 0;
        for (next, &count) in next.iter_mut().zip(counts) {
            *next = sum;
            sum += count as usize;
        }
        for keys in keys.chunks(STEP) {
            cx.check()?;
            for &key in keys {
                let next = &mut next[digit(key, at)];
                moved[*next] = key;
                *next += 1;
            }
        }
        std::mem::swap(&mut keys, &mut moved);
    }
    Ok(keys.into_iter().map(value).collect())
}

/// Digit `at` of a key, counted from the lowest.
#[inline]
fn digit(key: u64, at: usize) -> usize {
    (key >> (at * DIGIT_BITS)) as usize % DIGITS
}

/// A whole number that sorts as the value does: sign and magnitude become one unsigned scale.
fn key(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    bits ^ ((bits as i64 >> 63) as u64 | 1 << 63)
}

/// The value of a key.
fn value(key: u64) -> f64 {
    let negative = key >> 63 == 0;
    f64::from_bits(if negative { !key } else { key ^ 1 << 63 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_come_back_in_order(values in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 1..200)) {
            let both: Vec<f64> = values.iter().flat_map(|&v| [v, -v]).collect();
            let x = Matrix::unnamed(2, both).unwrap();
            for (feature, sign) in [(0, 1.0), (1, -1.0)] {
                let mut expected: Vec<f64> = values.iter().map(|v| v * sign + 0.0).collect();
                expected.sort_by(f64::total_cmp);
                prop_assert_eq!(sorted(&x, feature, &Cx::default()).unwrap(), expected);
            }
        }
    }

    #[test]
    fn small_whole_numbers_and_extremes() {
        let x = Matrix::unnamed(1, vec![3.0, -0.0, f64::MAX, -2.0, 3.0, f64::MIN, 0.0, 5e-324]).unwrap();
        let expected = [f64::MIN, -2.0, 0.0, 0.0, 5e-324, 3.0, 3.0, f64::MAX];
        assert_eq!(sorted(&x, 0, &Cx::default()).unwrap(), expected);
        let cx = Cx::default();
        cx.cancel();
        assert_eq!(sorted(&x, 0, &cx), Err(Cancelled));
    }
}
