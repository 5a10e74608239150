//! How far a value is from what its owner had before.

use std::collections::VecDeque;

/// Fewer earlier values say nothing about what is usual.
const MIN_VALUES: usize = 3;
/// Where the earlier values never varied, this part of their mean stands for their standard deviation.
const CONSTANT_SPREAD: f64 = 0.1;
/// A standard deviation of less than this part of the values is rounding.
const ROUNDING: f64 = 1e-12;
/// Values of which the squares are far from the ends of the range of f64.
const SMALLEST_PLAIN: f64 = 1e-100;
const LARGEST_PLAIN: f64 = 1e100;
/// Scores are cut to plus and minus this.
const MAX_SCORE: f64 = 1000.0;

/// The latest values of one owner. The state is at most `n_values` numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct History {
    n_values: usize,
    values: VecDeque<f64>,
}

impl History {
    /// No values yet; the latest `n_values` (at least 3) will count.
    pub(crate) fn new(n_values: usize) -> Self {
        Self { n_values: n_values.max(MIN_VALUES), values: VecDeque::new() }
    }

    /// Number of values held.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The z-score of the next value against the earlier ones (mean and sample standard deviation, n - 1), which it
    /// then joins. NaN while there are fewer than 3, and for a missing value, which does not join.
    ///
    /// Where the earlier values were all the same, the score is (value - mean) / (10 % of the mean); where they were
    /// all 0, it is 0 for another 0. Scores are cut to ±1000.
    pub(crate) fn push(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return f64::NAN;
        }
        let score = if self.values.len() < MIN_VALUES { f64::NAN } else { self.score(value) };
        if self.values.len() >= self.n_values {
            self.values.pop_front();
        }
        self.values.push_back(value);
        score
    }

    fn score(&self, value: f64) -> f64 {
        let largest = self.values.iter().fold(value.abs(), |most, v| most.max(v.abs()));
        if largest == 0.0 {
            return 0.0;
        }
        // The squares of huge values are not finite, and those of tiny ones are 0.
        let unit = if (SMALLEST_PLAIN..LARGEST_PLAIN).contains(&largest) { 1.0 } else { largest };
        let n = self.values.len() as f64;
        let mean = self.values.iter().map(|v| v / unit).sum::<f64>() / n;
        let squares: f64 = self.values.iter().map(|v| (v / unit - mean).powi(2)).sum();
        let std = (squares / (n - 1.0)).sqrt();
        let deviation = value / unit - mean;
        let spread = if std > ROUNDING * mean.abs() { std } else { CONSTANT_SPREAD * mean.abs() };
        // All earlier values were 0 and this one is not: the quotient is infinite, and is cut.
        (deviation / spread).clamp(-MAX_SCORE, MAX_SCORE)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scores_agree_with_numpy() {
        // x = [20, 35.5, 18, 22.25, 90, 21, 19.5, 400]; w = 4
        // [(x[i] - numpy.mean(x[max(0, i-w):i])) / numpy.std(x[max(0, i-w):i], ddof=1) for i in range(3, 8)]
        let expected =
            [-0.23489808793734626, 8.360848737273919, -0.6151849932289817, -0.5256571607724987, 10.469124728090245];
        let mut history = History::new(4);
        let scores: Vec<f64> = [20.0, 35.5, 18.0, 22.25, 90.0, 21.0, 19.5, 400.0].map(|x| history.push(x)).to_vec();
        assert!(scores[..3].iter().all(|score| score.is_nan()));
        for (score, expected) in scores[3..].iter().zip(expected) {
            assert!((score - expected).abs() < 1e-12 * expected.abs().max(1.0), "{score} {expected}");
        }
    }

    fn after(earlier: &[f64], value: f64) -> f64 {
        let mut history = History::new(30);
        for &v in earlier {
            history.push(v);
        }
        history.push(value)
    }

    #[test]
    fn values_that_never_varied_have_a_score() {
        assert_eq!(after(&[10.0; 5], 10.0), 0.0);
        assert!((after(&[10.0; 5], 12.0) - 2.0).abs() < 1e-12);
        assert!((after(&[0.1; 7], 0.2) - 10.0).abs() < 1e-9);
        assert_eq!(after(&[10.0; 5], 1e6), 1000.0);
        assert_eq!(after(&[0.0; 5], 0.0), 0.0);
        assert_eq!(after(&[0.0; 5], 1e-9), 1000.0);
        assert_eq!(after(&[0.0; 5], -3.0), -1000.0);
    }

    #[test]
    fn a_missing_value_does_not_join() {
        assert_eq!(after(&[1.0, f64::NAN, 2.0, f64::INFINITY, 3.0], 2.0), 0.0);
        assert!(after(&[1.0, f64::NAN, 2.0], 3.0).is_nan());
    }

    proptest! {
        #[test]
        fn scores_are_finite_and_free_of_scale(
            values in prop::collection::vec(-1e3_f64..1e3, 4..20),
            power in -900_i32..900,
        ) {
            let scale = 2.0_f64.powi(power);
            let (mut plain, mut scaled) = (History::new(6), History::new(6));
            for &value in &values {
                let (a, b) = (plain.push(value), scaled.push(value * scale));
                let is_close = (a - b).abs() <= 1e-9 * a.abs().max(1.0);
                prop_assert!(is_close || (a.is_nan() && b.is_nan()), "{a} {b}");
            }
        }
    }
}
