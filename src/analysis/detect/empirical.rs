//! How far in the tails of its column does a value lie? Empirical distributions of the columns, for ECOD and COPOD.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::DetectError;
use super::sort::sorted;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// Rows scored at a time by one thread: so many that a column stays in the cache while they are looked up in it.
const BLOCK_ROWS: usize = 8192;

/// Values looked up side by side: enough independent loads to hide their latency.
const LANES: usize = 8;

/// The empirical distributions of the columns of a matrix.
///
/// A value beyond all training values counts as the outermost of them, so that its tail is 1/rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tails {
    columns: Vec<Column>,
    n_rows: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Column {
    /// The values, each once, ascending.
    values: Vec<f64>,
    /// Rows with at most that value; one more entry than values, as the first says that none are below all.
    n_at_most: Vec<u32>,
    /// Score of each value.
    scores: Vec<f64>,
    skew: Skew,
}

/// Sign of the skewness: the side of the longer tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Skew {
    Left,
    None,
    Right,
}

impl Skew {
    fn tail(self, left: f64, right: f64) -> Tail {
        let skewed = match self {
            Self::Left => left,
            Self::None => left + right,
            Self::Right => right,
        };
        Tail { left, right, skewed }
    }
}

/// Minus the logarithm of the share that `rows` are of all; that of one row for none.
fn log_share(rows: u32, all: u32) -> f64 {
    -(f64::from(rows.max(1)) / f64::from(all)).ln()
}

/// Tails of one value, as negative logarithms of shares of the rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tail {
    /// Of the rows with at most the value.
    pub(super) left: f64,
    /// Of the rows with at least the value.
    pub(super) right: f64,
    /// Of the longer tail: `left` for a negative skewness of the column, `right` for a positive one, else their sum.
    pub(super) skewed: f64,
}

impl Tails {
    /// Bytes of the distributions of the columns of `x`, where no value comes twice, and of the columns being sorted.
    pub(super) fn fit_bytes(x: &Matrix) -> u64 {
        (x.n_rows() as u64).saturating_mul(20 * x.n_features() as u64 + 16 * 8)
    }

    /// The distributions of the columns of `x`, which has at least one row. `score` is what is made of tails.
    pub(super) fn fit(x: &Matrix, score: fn(Tail) -> f64, cx: &Cx) -> Result<Self, Cancelled> {
        let n = x.n_rows();
        let log_shares: Vec<f64> = (0..=n).map(|rows| log_share(rows as u32, n as u32)).collect();
        let columns = (0..x.n_features()).into_par_iter().map(|feature| {
            let values = sorted(x, feature, cx)?;
            let column = Column::new(&values, &log_shares, score);
            cx.progress().add(1);
            Ok(column)
        });
        Ok(Self { columns: columns.collect::<Result<_, _>>()?, n_rows: n as u32 })
    }

    /// Number of columns.
    pub(super) fn n_features(&self) -> usize {
        self.columns.len()
    }

    /// Per row of `x` the sum over its columns of the scores of its values. `score` is that of the fit.
    pub(super) fn sum(&self, x: &Matrix, score: fn(Tail) -> f64, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let mut scores = vec![0.0; x.n_rows()];
        let blocks = x.values().par_chunks(BLOCK_ROWS * x.n_features());
        blocks.zip(scores.par_chunks_mut(BLOCK_ROWS)).try_for_each(|(rows, scores)| {
            for (feature, column) in self.columns.iter().enumerate() {
                cx.check()?;
                let width = LANES * self.columns.len();
                for (rows, scores) in rows.chunks(width).zip(scores.chunks_mut(LANES)) {
                    let mut values = [0.0; LANES];
                    let found = rows.iter().skip(feature).step_by(self.columns.len());
                    values.iter_mut().zip(found).for_each(|(value, &found)| *value = found);
                    let found = column.scores(values, self.n_rows, score);
                    scores.iter_mut().zip(found).for_each(|(sum, score)| *sum += score);
                }
            }
            cx.progress().add(scores.len() as u64);
            Ok::<_, DetectError>(())
        })?;
        Ok(scores)
    }

    /// The scores of all values of `x`, row-major: what [`Self::sum`] adds up.
    pub(super) fn parts(&self, x: &Matrix, score: fn(Tail) -> f64, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let d = self.columns.len();
        let mut parts = x.values().to_vec();
        parts.par_chunks_mut(BLOCK_ROWS * d).try_for_each(|rows| {
            for (feature, column) in self.columns.iter().enumerate() {
                cx.check()?;
                for rows in rows.chunks_mut(LANES * d) {
                    let mut values = [0.0; LANES];
                    values.iter_mut().zip(rows.iter().skip(feature).step_by(d)).for_each(|(to, &value)| *to = value);
                    let found = column.scores(values, self.n_rows, score);
                    rows.iter_mut().skip(feature).step_by(d).zip(found).for_each(|(part, score)| *part = score);
                }
            }
            cx.progress().add((rows.len() / d) as u64);
            Ok::<_, DetectError>(())
        })?;
        Ok(parts)
    }
}

impl Column {
    fn new(sorted: &[f64], log_shares: &[f64], score: fn(Tail) -> f64) -> Self {
        let (mut values, mut n_at_most, mut n) = (Vec::new(), vec![0], 0);
        for equal in sorted.chunk_by(|a, b| a == b) {
            n += equal.len() as u32;
            values.extend(equal.first());
            n_at_most.push(n);
        }
        values.shrink_to_fit();
        n_at_most.shrink_to_fit();
        let skew = skew(sorted);
        let of_value = |counts: &[u32]| match *counts {
            [n_below, n_at_most] => {
                score(skew.tail(log_shares[n_at_most as usize], log_shares[sorted.len() - n_below as usize]))
            }
            _ => 0.0,
        };
        let scores = n_at_most.windows(2).map(of_value).collect();
        Self { values, n_at_most, scores, skew }
    }

    #[inline]
    fn scores(&self, values: [f64; LANES], n_rows: u32, score: fn(Tail) -> f64) -> [f64; LANES] {
        let positions = self.positions(values);
        std::array::from_fn(|lane| match positions[lane].checked_sub(1) {
            Some(at) if self.values[at] == values[lane] => self.scores[at],
            _ => {
                // Between the training values as many rows are below as are at most as large.
                let n_below = self.n_at_most[positions[lane]];
                score(self.skew.tail(log_share(n_below, n_rows), log_share(n_rows - n_below, n_rows)))
            }
        })
    }

    /// Per value the number of distinct training values that are at most as large: binary searches side by side.
    #[inline]
    fn positions(&self, values: [f64; LANES]) -> [usize; LANES] {
        let mut at = [0; LANES];
        let mut size = self.values.len();
        while size > 1 {
            let half = size / 2;
            for (at, value) in at.iter_mut().zip(values) {
                *at += if self.values[*at + half - 1] <= value { half } else { 0 };
            }
            size -= half;
        }
        for (at, value) in at.iter_mut().zip(values) {
            *at += usize::from(self.values[*at] <= value);
        }
        at
    }
}

/// Sign of the third central moment. As in scipy, a spread within rounding of the mean has no skewness.
fn skew(values: &[f64]) -> Skew {
    let n = values.len() as f64;
    // Scaled by a power of two, which rounds nothing, so that cubes of huge and tiny values are numbers.
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let exponent = (largest.to_bits() >> 52).clamp(1, 2045);
    let scale = f64::from_bits((2046 - exponent) << 52);
    let scaled = || values.iter().map(|value| value * scale);
    let mean = scaled().sum::<f64>() / n;
    let (second, third) = scaled().fold((0.0, 0.0), |(second, third), value| {
        let difference = value - mean;
        (second + difference * difference, third + difference * difference * difference)
    });
    if second / n <= (f64::EPSILON * mean).powi(2) || third == 0.0 {
        Skew::None
    } else if third < 0.0 {
        Skew::Left
    } else {
        Skew::Right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells the three tails apart.
    fn mixed(tail: Tail) -> f64 {
        tail.left + 10.0 * tail.right + 100.0 * tail.skewed
    }

    fn fitted(column: Vec<f64>) -> Tails {
        Tails::fit(&Matrix::unnamed(1, column).unwrap(), mixed, &Cx::default()).unwrap()
    }

    #[test]
    fn tails_of_a_hand_counted_column() {
        let tails = fitted(vec![2.0, 1.0, 9.0, 2.0]);
        let share = |rows: f64| -(rows / 4.0).ln();
        // Below all, equal to the first, tied, between, largest, above all.
        let found = tails.columns[0].scores([0.0, 1.0, 2.0, 5.0, 9.0, 99.0, 2.0, 2.0], 4, mixed);
        let expected = [(1.0, 4.0), (1.0, 4.0), (3.0, 3.0), (3.0, 1.0), (4.0, 1.0), (4.0, 1.0)];
        for (score, (at_most, at_least)) in found.into_iter().zip(expected) {
            let expected = share(at_most) + 10.0 * share(at_least) + 100.0 * share(at_least);
            assert!((score - expected).abs() < 1e-12, "{score} {expected}");
        }
    }

    #[test]
    fn positions_are_those_of_a_plain_count() {
        for n in 1..40 {
            let tails = fitted((0..n).map(|i| f64::from((i * 7) % 10)).collect());
            let values = std::array::from_fn(|lane| lane as f64 * 1.5 - 0.5);
            let found = tails.columns[0].positions(values);
            for (value, found) in values.into_iter().zip(found) {
                assert_eq!(found, tails.columns[0].values.iter().filter(|known| **known <= value).count());
            }
        }
    }

    #[test]
    fn skewness_has_the_sign_of_the_longer_tail() {
        assert_eq!(skew(&[1.0, 2.0, 9.0]), Skew::Right);
        assert_eq!(skew(&[-9.0, 2.0, 3.0]), Skew::Left);
        assert_eq!(skew(&[1.0, 2.0, 3.0]), Skew::None);
        assert_eq!(skew(&[0.1; 7]), Skew::None);
        assert_eq!(skew(&[-1e300, 0.0, 1.0, 1e300, 1e300]), Skew::Left);
        assert_eq!(skew(&[0.0]), Skew::None);
    }
}
