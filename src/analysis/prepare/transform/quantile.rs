//! The quantile transform: a value becomes its rank among the training values, evenly or normally spread.
//!
//! As scikit-learn's `QuantileTransformer(n_quantiles=1000, subsample=None)`: the rank is read off 1,000 quantiles by
//! linear interpolation, from below and from above, and both are averaged, so that a run of equal values gets its middle
//! rank. Values beyond the training range get the rank of its end.

use serde::{Deserialize, Serialize};

use super::{of_present, present};
use crate::analysis::normal;

/// Quantiles kept, at most.
const N_QUANTILES: usize = 1000;

/// Ranks nearer to 0 or 1 than this count as 0 or 1, and 0 and 1 as this near: the normal distribution has no end.
const NEAREST: f64 = 1e-7;

/// How transformed values are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Output {
    /// Evenly over 0 to 1.
    Uniform,
    /// As the standard normal distribution, from about -5.2 to 5.2.
    Normal,
}

/// The transform of a column: at most 1,000 numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantileTransform {
    /// How transformed values are spread.
    output: Output,
    /// Quantiles of the training values at levels evenly over 0 to 1, rising. Empty without a value present.
    pub(crate) quantiles: Vec<f64>,
}

impl QuantileTransform {
    /// Fitted on the values present, with a quantile per row where there are fewer than 1,000 rows (as in scikit-learn,
    /// missing ones count). Sorts a copy: for more than some 100,000 values pass a sample.
    pub(crate) fn fit(values: &[f64], output: Output) -> Self {
        let mut sorted = present(values);
        sorted.sort_unstable_by(f64::total_cmp);
        let n = if sorted.is_empty() { 0 } else { values.len().min(N_QUANTILES) };
        let mut quantiles: Vec<f64> = (0..n).map(|at| quantile(&sorted, level(at, n))).collect();
        // Rounding may turn neighbours around.
        let mut largest = f64::MIN;
        quantiles.iter_mut().for_each(|quantile| {
            largest = largest.max(*quantile);
            *quantile = largest;
        });
        Self { output, quantiles }
    }

    /// The transformed value. Rises with the value; 0 for a transform fitted on no value.
    pub(crate) fn apply(&self, value: f64) -> f64 {
        of_present(value, |value| {
            let (Some(&first), Some(&last)) = (self.quantiles.first(), self.quantiles.last()) else { return 0.0 };
            let rank = self.rank(value);
            match self.output {
                Output::Uniform if value == first => 0.0,
                Output::Uniform if value == last => 1.0,
                Output::Uniform => rank,
                Output::Normal => {
                    // In columns of a small range less than 1e-7 can be a long way.
                    let near = NEAREST * (last - first).min(1.0);
                    let rank = if value - near < first {
                        0.0
                    } else if value + near > last {
                        1.0
                    } else {
                        rank
                    };
                    let nearest = NEAREST - f64::EPSILON;
                    normal::quantile(rank.max(nearest).min(1.0 - nearest))
                }
            }
        })
    }

    /// A value of that rank, within the training range. NaN for a transform fitted on no value.
    pub(crate) fn invert(&self, value: f64) -> f64 {
        of_present(value, |value| {
            let rank = match self.output {
                Output::Uniform => value.clamp(0.0, 1.0),
                Output::Normal => normal::cdf(value),
            };
            let near = if self.output == Output::Normal { NEAREST } else { 0.0 };
            let rank = match rank {
                rank if rank < near => 0.0,
                rank if rank > 1.0 - near => 1.0,
                rank => rank,
            };
            quantile(&self.quantiles, rank)
        })
    }

    /// Rank by the quantiles, 0 to 1.
    fn rank(&self, value: f64) -> f64 {
        let (quantiles, n) = (&self.quantiles, self.quantiles.len());
        let (below, up_to) = (quantiles.partition_point(|&q| q < value), quantiles.partition_point(|&q| q <= value));
        if up_to > below {
            // The middle of a run of equal quantiles.
            return 0.5 * (level(below, n) + level(up_to - 1, n));
        }
        match (below.checked_sub(1).and_then(|at| quantiles.get(at)), quantiles.get(below)) {
            (None, _) => 0.0,
            (_, None) => 1.0,
            (Some(low), Some(high)) => {
                // In halves, as the difference of two huge values overflows.
                let share = (value * 0.5 - low * 0.5) / (high * 0.5 - low * 0.5);
                let (from, to) = (level(below - 1, n), level(below, n));
                (from + (to - from) * share).max(from).min(to)
            }
        }
    }
}

/// Level of a quantile among `n`, to the bit as numpy's `linspace`: where ties end is decided by the last bit.
fn level(at: usize, n: usize) -> f64 {
    if n < 2 {
        0.0
    } else if at + 1 == n {
        1.0
    } else {
        at as f64 * (1.0 / (n - 1) as f64)
    }
}

/// Quantile of sorted values by linear interpolation (type 7), to the bit as numpy's `percentile`; NaN without any.
fn quantile(sorted: &[f64], level: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = (level * 100.0 / 100.0) * last as f64;
    let (at, share) = (position as usize, position.fract());
    match (sorted.get(at), sorted.get(at + 1)) {
        (Some(&low), Some(&high)) => {
            let span = high - low;
            if span.is_infinite() {
                low * (1.0 - share) + high * share
            } else if share < 0.5 {
                low + span * share
            } else {
                high - span * (1.0 - share)
            }
        }
        (Some(&value), None) => value,
        (None, _) => sorted[last],
    }
}
