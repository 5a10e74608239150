//! How sure a measure is: its interval over resamples of the rows (Efron 1979).
//!
//! A resample draws as many rows as there are, with replacement; a measure of it differs from that of the data about
//! as much as the measure of other data of the same kind and size would. The interval holds the middle 95 % (or
//! another share) of those values: the percentile bootstrap. It says nothing about data of another kind, and it is
//! too narrow where rows resemble their neighbours, as rows of a series do: then draw whole [`Draw::Groups`].
//!
//! Rows are sorted once. A resample is a weight for each place in that order, drawn exactly (no Poisson weights, no
//! bins), and the measures are passes over the weights: a few milliseconds for a million rows.

mod blocks;
mod draw;
mod measure;

use rayon::prelude::*;

use self::draw::Drawing;
use self::measure::Sweep;
use super::error::EvaluateError;
use super::ranked::Ranked;
use crate::analysis::stats::quantiles;
use crate::cx::Cx;

pub use self::blocks::time_blocks;
pub use self::measure::Measure;

#[cfg(test)]
mod tests;

/// How many resamples, and how much of their values an interval holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootstrapConfig {
    /// Resamples, at least 1. Ignored for [`Draw::Given`]. Default 1000.
    pub n_resamples: usize,
    /// Share of the values in the interval, above 0 and below 1. Default 0.95.
    pub confidence: f64,
}

impl Default for BootstrapConfig {
    fn default() -> Self {
        Self { n_resamples: 1000, confidence: 0.95 }
    }
}

/// What a resample draws.
#[derive(Debug, Clone, Copy)]
pub enum Draw<'a> {
    /// Single rows: right where rows do not depend on each other.
    Rows,
    /// Whole groups, of which there are at least two: a group code for each row. For rows of a series: its entities, or
    /// blocks of time ([`time_blocks`]) that are longer than what happens in it.
    Groups(&'a [u32]),
    /// The row numbers of each resample, from 0.
    Given(&'a [Vec<u32>]),
}

/// A measure and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// The measure of the data itself.
    pub estimate: f64,
    /// Mean over the resamples. Far from the estimate: the measure is biased for so few rows.
    pub mean: f64,
    /// Standard deviation over the resamples (n - 1): the standard error of the estimate. 0 for a single resample.
    pub std: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Resamples that count: those with one kind of rows only are left out.
    pub n_resamples: usize,
}

/// The measures of `scores` (higher = more abnormal) against `labels`, with their intervals, in the order of
/// `measures`.
///
/// Random numbers come from the seed of `cx`, one stream for each resample: the result does not depend on the number of
/// threads. Percentiles are linear (type 7). Memory for each thread: 4 bytes per row and up to 16 per anomaly.
///
/// # Errors
/// Those of [`Ranked::new`]; for a measure or setting out of range, fewer than two groups, or where no resample has
/// both kinds of rows; when cancelled.
pub fn bootstrap(
    labels: &[bool],
    scores: &[f64],
    measures: &[Measure],
    draw: Draw<'_>,
    config: BootstrapConfig,
    cx: &Cx,
) -> Result<Vec<Interval>, EvaluateError> {
    let (estimates, values) = resampled(labels, scores, measures, draw, config, cx)?;
    let n_resamples = values.len();
    let values: Vec<Vec<f64>> = values.into_iter().flatten().collect();
    if values.is_empty() {
        return Err(EvaluateError::NoResample { n_resamples });
    }
    Ok(estimates.into_iter().enumerate().map(|(at, estimate)| of_measure(at, estimate, &values, config)).collect())
}

/// By how much the measures of `scores` are above those of `others`, with intervals of the difference: both columns are
/// judged on the same resamples (Efron, Tibshirani 1993), so that what makes a resample easy or hard for both does not
/// count. `groups` as for [`Draw::Groups`].
///
/// # Errors
/// As for [`bootstrap`].
pub fn bootstrap_difference(
    labels: &[bool],
    (scores, others): (&[f64], &[f64]),
    measures: &[Measure],
    groups: &[u32],
    config: BootstrapConfig,
    cx: &Cx,
) -> Result<Vec<Interval>, EvaluateError> {
    // Groups are drawn by their codes, which do not depend on the scores: resample i is the same for both.
    let (estimate, values) = resampled(labels, scores, measures, Draw::Groups(groups), config, cx)?;
    let (other, other_values) = resampled(labels, others, measures, Draw::Groups(groups), config, cx)?;
    let minus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>();
    let values: Vec<Vec<f64>> =
        values.iter().zip(&other_values).filter_map(|pair| Some(minus(pair.0.as_ref()?, pair.1.as_ref()?))).collect();
    if values.is_empty() {
        return Err(EvaluateError::NoResample { n_resamples: config.n_resamples });
    }
    let estimates = minus(&estimate, &other);
    Ok(estimates.into_iter().enumerate().map(|(at, estimate)| of_measure(at, estimate, &values, config)).collect())
}

/// The interval of measure number `at`.
fn of_measure(at: usize, estimate: f64, values: &[Vec<f64>], config: BootstrapConfig) -> Interval {
    let of_measure: Vec<f64> = values.iter().filter_map(|values| values.get(at).copied()).collect();
    Interval::new(estimate, &of_measure, config.confidence)
}

/// The measures of the data, and of each resample; `None` for one with one kind of rows only.
type Resampled = (Vec<f64>, Vec<Option<Vec<f64>>>);

fn resampled(
    labels: &[bool],
    scores: &[f64],
    measures: &[Measure],
    draw: Draw<'_>,
    config: BootstrapConfig,
    cx: &Cx,
) -> Result<Resampled, EvaluateError> {
    let BootstrapConfig { n_resamples, confidence } = config;
    if !(confidence > 0.0 && confidence < 1.0) {
        let range = "above 0 and below 1, such as 0.95";
        return Err(EvaluateError::OutOfRange { what: "confidence", value: confidence, range });
    }
    let ranked = Ranked::new(labels, scores, cx)?;
    let sweep = Sweep::new(&ranked, measures)?;
    let drawing = Drawing::new(draw, labels, scores, cx)?;
    let n_resamples = drawing.n_given().unwrap_or(n_resamples);

    let mut scratch = measure::Scratch::default();
    let estimates = sweep.values(&vec![1; labels.len()], &mut scratch).unwrap_or_default();
    let resample = |(weights, scratch): &mut (Vec<u32>, measure::Scratch), resample: usize| {
        drawing.weights(resample, weights, cx)?;
        Ok(sweep.values(weights, scratch))
    };
    let values = (0..n_resamples).into_par_iter().map_init(Default::default, resample);
    Ok((estimates, values.collect::<Result<_, EvaluateError>>()?))
}

impl Interval {
    /// From the values of the resamples, of which there is at least one.
    fn new(estimate: f64, values: &[f64], confidence: f64) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let outside = (1.0 - confidence) / 2.0;
        let [low, high] = quantiles(values, [outside, 1.0 - outside]);
        let std = (squares / (n - 1.0).max(1.0)).sqrt();
        Self { estimate, mean, std, low, high, n_resamples: values.len() }
    }
}
