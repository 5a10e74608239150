//! Selection of columns: by a score, and by preference without a label.
//!
//! Columns are slices of one length, a value per row. Correlations are Pearson's, with a missing value counted as the
//! mean of its column; a constant correlates with nothing.

use rayon::prelude::*;

use crate::analysis::stats;
use crate::cx::{Cancelled, Cx};

/// Bins of the histogram whose entropy is a column's dispersion.
const N_BINS: usize = 32;

/// Interquartile ranges either side of the median which those bins span: all but 0.7 % of a normal distribution. What is
/// beyond counts in the outermost bins.
const REACH: f64 = 2.0;

/// The `most` columns with the highest scores, such as mutual information with a label, the best one first. Of equal
/// scores the first column; a score that is NaN comes last.
pub(crate) fn top(scores: &[f64], most: usize) -> Vec<usize> {
    let rank = |at: &usize| scores.get(*at).copied().filter(|score| !score.is_nan()).unwrap_or(f64::NEG_INFINITY);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    order.truncate(most);
    order
}

/// The `most` columns that together show most of the data without a label, in order of preference: high dispersion and
/// low redundancy.
///
/// The next one is always that with the largest `dispersion × (1 - largest |correlation| with those before)`: relevance
/// against redundancy as in Peng, Long and Ding (2005), "Feature selection based on mutual information", IEEE
/// Transactions on Pattern Analysis and Machine Intelligence 27, with dispersion in place of relevance to a label. The
/// dispersion is the entropy of a histogram scaled by median and interquartile range (by mean and standard deviation
/// where half of the values are the same), over its largest possible value, times the share of rows with a value. Unlike
/// a variance it does not depend on units, and is not large because of a few outliers: 0 for constants, small for rare
/// flags, near 1 for values spread evenly. Of equal scores the first column.
///
/// Takes a scaled copy of all columns, and time `most × columns × rows`: pass a sample of the rows, some 10,000.
///
/// # Errors
/// When cancelled.
pub(crate) fn preference<C: AsRef<[f64]> + Sync>(columns: &[C], most: usize, cx: &Cx) -> Result<Vec<usize>, Cancelled> {
    let mut directions = directions(columns, cx)?;
    let dispersions: Vec<f64> = columns.par_iter().map(|column| dispersion(column.as_ref())).collect();
    let mut redundancy = vec![0.0; columns.len()];
    let mut left: Vec<usize> = (0..columns.len()).collect();
    let mut order = Vec::with_capacity(most.min(left.len()));
    while order.len() < most {
        cx.check()?;
        let score = |at: usize| {
            let (dispersion, redundancy) = (dispersions.get(at).copied(), redundancy.get(at).copied());
            dispersion.unwrap_or(0.0) * (1.0_f64 - redundancy.unwrap_or(0.0)).max(0.0)
        };
        let best = left
            .iter()
            .copied()
            .enumerate()
            .reduce(|best, next| if score(next.1) > score(best.1) { next } else { best });
        let Some((place, chosen)) = best else { break };
        left.remove(place);
        order.push(chosen);
        // What is chosen need not be compared any more.
        let of_chosen = directions.get_mut(chosen).map(std::mem::take).unwrap_or_default();
        redundancy.par_iter_mut().zip(&directions).for_each(|(largest, direction): (&mut f64, _)| {
            *largest = largest.max(dot(&of_chosen, direction).abs());
        });
    }
    Ok(order)
}

/// The columns about their means, of length 1, so that a product is a correlation. Zeros for a constant.
fn directions<C: AsRef<[f64]> + Sync>(columns: &[C], cx: &Cx) -> Result<Vec<Vec<f64>>, Cancelled> {
    let direction = |column: &C| {
        cx.check()?;
        let values = column.as_ref();
        let Some(shape) = Shape::of(values) else { return Ok(vec![0.0; values.len()]) };
        let length = shape.std * (shape.n as f64).sqrt();
        let scaled = |value: &f64| if value.is_finite() { (value / shape.unit - shape.mean) / length } else { 0.0 };
        Ok(values.iter().map(scaled).collect())
    };
    columns.par_iter().map(direction).collect()
}

/// Moments of the values present in a column that varies, in units of the largest one, so that no square overflows.
struct Shape {
    n: usize,
    unit: f64,
    mean: f64,
    std: f64,
}

impl Shape {
    /// `None` for a constant.
    fn of(values: &[f64]) -> Option<Self> {
        let present = || values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = present().fold((f64::MAX, f64::MIN), |(low, high), v| (v.min(low), v.max(high)));
        if low >= high {
            return None;
        }
        let unit = low.abs().max(high.abs());
        let scaled: Vec<f64> = present().map(|value| value / unit).collect();
        let (mean, std) = stats::mean_std(&scaled);
        (std > 0.0).then_some(Self { n: scaled.len(), unit, mean, std })
    }
}

/// Entropy of a column's histogram over the largest possible, times the share of its rows that have a value.
fn dispersion(values: &[f64]) -> f64 {
    let Some(Shape { n, unit, mean, std }) = Shape::of(values) else { return 0.0 };
    let scaled: Vec<f64> = values.iter().filter(|value| value.is_finite()).map(|value| value / unit).collect();
    let [first, median, third] = stats::quantiles(&scaled, [0.25, 0.5, 0.75]);
    let range = third - first;
    let (centre, reach) = if range > 0.0 { (median, REACH * range) } else { (mean, REACH * std) };
    let mut counts = [0u32; N_BINS];
    for value in scaled {
        let place = ((value - centre) / reach + 1.0) * 0.5 * N_BINS as f64;
        // A conversion to an integer saturates.
        counts[(place as usize).min(N_BINS - 1)] += 1;
    }
    let share = |count: u32| f64::from(count) / n as f64;
    let entropy: f64 =
        counts.into_iter().filter(|&count| count > 0).map(|count| -share(count) * share(count).ln()).sum();
    entropy / (N_BINS as f64).ln() * (n as f64 / values.len() as f64)
}

/// In eight sums, which the processor adds up side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a_parts, a_rest) = a.as_chunks::<8>();
    let (b_parts, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_parts.iter().zip(b_parts) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.into_iter().sum::<f64>() + rest
}
