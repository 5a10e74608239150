//! Probabilities from scores without labels, from a mixture of normal rows and outliers.
//!
//! Gao, Tan (2006), "Converting output scores from outlier detection algorithms into probability estimates": the scores
//! of normal rows are exponentially distributed, those of outliers normally; expectation maximisation finds both, and
//! the probability of a row is that it came from the outliers. Three things are added, because the scores of most
//! detectors do not begin at 0 with their most frequent value, and a mixture fitted to all of them then takes the bulk of
//! the rows for the outliers:
//!
//! - both distributions begin at the median, and only the rows above it are fitted;
//! - the outliers are at most half of these rows, and their mean score lies above that of the normal rows;
//! - their deviation is at least a quarter of the mean of the normal rows, so that a few equal scores are no spike.
//!
//! A normal distribution falls faster than an exponential one, so the posterior would fall again far above the
//! outliers: from its highest point on it is held, and so never falls as the score rises.

use std::f64::consts::{LN_2, TAU};

use serde::{Deserialize, Serialize};

use super::special::{logistic, map_column};
use super::{CalibrationError, range};
use crate::analysis::stats::quantiles;
use crate::cx::{Cancelled, Cx};

/// Scores this many units above the median are as far as any; their squares do not overflow.
const MAX_EXCESS: f64 = 1e100;

/// Bins per factor e of the score: a bin is a 256th of its distance wide.
const BINS_PER_E: f64 = 256.0;

/// Iterations after which the search ends in any case; it takes about 150.
const MAX_ITERATIONS: usize = 1000;

/// Relative change of the parameters at which it ends.
const TOLERANCE: f64 = 1e-8;

/// Least deviation of the outliers, as a share of the mean of the normal rows.
const MIN_STD: f64 = 0.25;

/// Least mean of the normal rows, in units: where they lie on the median itself.
const MIN_NORMAL_MEAN: f64 = 1e-10;

/// Rows between two looks at the cancel flag.
const CHECK_ROWS: usize = 1 << 16;

/// A fitted mixture of normal rows and outliers above the median score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutlierMixture {
    /// Median of the training scores.
    pub location: f64,
    /// The two distributions; `None` where no training score lies above the median.
    pub parts: Option<MixtureParts>,
}

/// The two distributions above the median.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MixtureParts {
    /// Half the median distance of the rows above the median from it. The other lengths count such medians; halves,
    /// since the whole can be larger than any number.
    pub half_unit: f64,
    /// Mean distance of the normal rows from the median, in units.
    pub normal_mean: f64,
    /// Mean distance of the outliers from the median, in units; at least `normal_mean`.
    pub outlier_mean: f64,
    /// Standard deviation of the outliers, in units.
    pub outlier_std: f64,
    /// Share of outliers among the rows above the median, above 0, at most 0.5.
    pub outlier_share: f64,
}

impl OutlierMixture {
    /// Fits the mixture. Deterministic.
    ///
    /// # Errors
    /// [`CalibrationError`]: cancelled, no rows, numbers that cannot be used.
    pub fn fit(scores: &[f64], cx: &Cx) -> Result<Self, CalibrationError> {
        let (low, high) = range(scores)?;
        let [half_location] = quantiles(&scores.iter().map(|score| score / 2.0).collect::<Vec<_>>(), [0.5]);
        cx.check()?;
        let location = (half_location * 2.0).clamp(low, high);
        let above: Vec<f64> =
            scores.iter().map(|score| score / 2.0 - half_location).filter(|half| *half > 0.0).collect();
        if above.is_empty() {
            return Ok(Self { location, parts: None });
        }
        let [half_unit] = quantiles(&above, [0.5]);
        let bins = Bin::count(&above, half_unit, cx)?;
        Ok(Self { location, parts: Some(MixtureParts { half_unit, ..MixtureParts::start(&bins).improve(&bins) }) })
    }

    /// Probability that a row of this score is an outlier, 0 to 1; it never falls as the score rises. Where no training
    /// score lay above the median: 1 above it, 0 elsewhere.
    pub fn probability(&self, score: f64) -> f64 {
        Curve::new(self).probability(score)
    }

    /// [`OutlierMixture::probability`] of each score.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn probabilities(&self, scores: &[f64], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let curve = Curve::new(self);
        map_column(
            scores,
            cx,
            #[inline(always)]
            move |score| curve.probability(score),
        )
    }
}

/// The log-odds as a function of the distance from the median, and where they are highest.
#[derive(Clone, Copy)]
struct Curve {
    half_location: f64,
    half_unit: f64,
    intercept: f64,
    slope: f64,
    mean: f64,
    std: f64,
    highest: f64,
}

impl Curve {
    fn new(mixture: &OutlierMixture) -> Self {
        let half_location = mixture.location / 2.0;
        let Some(parts) = &mixture.parts else {
            // A straight line so steep that it is a step.
            let half_unit = f64::MIN_POSITIVE;
            return Self {
                half_location,
                half_unit,
                intercept: -1e3,
                slope: 1e10,
                mean: 0.0,
                std: 1e100,
                highest: 1.0,
            };
        };
        let slope = 1.0 / parts.normal_mean;
        let prior = (parts.outlier_share / (1.0 - parts.outlier_share)).ln();
        Self {
            half_location,
            half_unit: parts.half_unit,
            intercept: prior - (parts.outlier_std * slope * TAU.sqrt()).ln(),
            slope,
            mean: parts.outlier_mean,
            std: parts.outlier_std,
            highest: parts.outlier_mean + slope * parts.outlier_std * parts.outlier_std,
        }
    }

    #[inline(always)]
    fn probability(&self, score: f64) -> f64 {
        let excess = (score / 2.0 - self.half_location) / self.half_unit;
        logistic(self.log_odds(excess.max(-MAX_EXCESS)))
    }

    #[inline(always)]
    fn log_odds(&self, excess: f64) -> f64 {
        let excess = excess.min(self.highest);
        let from_mean = (excess - self.mean) / self.std;
        self.intercept + self.slope * excess - 0.5 * from_mean * from_mean
    }
}

/// Rows of about the same distance from the median. Fitting bins instead of rows makes an iteration as fast for a million
/// rows as for a thousand.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    n: f64,
    sum: f64,
    sum_squares: f64,
}

impl Bin {
    fn count(above: &[f64], half_unit: f64, cx: &Cx) -> Result<Vec<Self>, Cancelled> {
        let mut bins: Vec<Self> = Vec::new();
        for rows in above.chunks(CHECK_ROWS) {
            cx.check()?;
            for half in rows {
                let excess = (half / half_unit).min(MAX_EXCESS);
                let at = (excess.ln_1p() * BINS_PER_E) as usize;
                if bins.len() <= at {
                    bins.resize(at + 1, Self::default());
                }
                if let Some(bin) = bins.get_mut(at) {
                    bin.n += 1.0;
                    bin.sum += excess;
                    bin.sum_squares += excess * excess;
                }
            }
        }
        bins.retain(|bin| bin.n > 0.0);
        Ok(bins)
    }

    fn mean(&self) -> f64 {
        self.sum / self.n
    }

    /// Sum of squared distances from `center`.
    fn squares_from(&self, center: f64) -> f64 {
        let within = (self.sum_squares - self.sum * self.mean()).max(0.0);
        within + self.n * (self.mean() - center) * (self.mean() - center)
    }
}

impl MixtureParts {
    /// Outliers begin as the highest 2 % of the rows; the median of the normal rows as that of all.
    fn start(bins: &[Bin]) -> Self {
        let rows: f64 = bins.iter().map(|bin| bin.n).sum();
        let mut below = 0.0;
        let at_98_percent = bins.iter().find(|bin| {
            below += bin.n;
            below >= 0.98 * rows
        });
        let normal_mean = 1.0 / LN_2;
        let outlier_mean = at_98_percent.map_or(0.0, Bin::mean).max(3.0 * normal_mean);
        let far = bins.iter().filter(|bin| bin.mean() >= outlier_mean / 2.0);
        let (n, squares) =
            far.fold((0.0, 0.0), |(n, squares), bin| (n + bin.n, squares + bin.squares_from(outlier_mean)));
        let std = if n > 0.0 { (squares / n).sqrt() } else { 0.0 };
        let outlier_std = std.max(MIN_STD * normal_mean);
        Self { half_unit: 0.0, normal_mean, outlier_mean, outlier_std, outlier_share: 0.05 }
    }

    /// Expectation maximisation.
    fn improve(mut self, bins: &[Bin]) -> Self {
        for _ in 0..MAX_ITERATIONS {
            let next = self.step(bins);
            let change = [
                next.normal_mean / self.normal_mean,
                next.outlier_mean / self.outlier_mean,
                next.outlier_std / self.outlier_std,
                next.outlier_share / self.outlier_share,
            ];
            self = next;
            if change.iter().all(|ratio| (ratio - 1.0).abs() <= TOLERANCE) {
                break;
            }
        }
        self
    }

    fn step(&self, bins: &[Bin]) -> Self {
        let curve = Curve::new(&OutlierMixture { location: 0.0, parts: Some(self.clone()) });
        // How much of each bin belongs to the outliers. Here the posterior may fall again: it is that of the model.
        let shares: Vec<f64> = bins
            .iter()
            .map(|bin| {
                let from_mean = (bin.mean() - curve.mean) / curve.std;
                logistic(curve.intercept + curve.slope * bin.mean() - 0.5 * from_mean * from_mean)
            })
            .collect();
        let total =
            |f: &dyn Fn(&Bin, f64) -> f64| bins.iter().zip(&shares).map(|(bin, share)| f(bin, *share)).sum::<f64>();
        let rows = total(&|bin, _| bin.n);
        let outliers = total(&|bin, share| share * bin.n);
        let normals = total(&|bin, share| (1.0 - share) * bin.n);
        let normal_sum = total(&|bin, share| (1.0 - share) * bin.sum);
        // All rows can be taken for outliers for a while; then the normal rows stay as they are.
        let normal_mean = if normals > 0.0 { normal_sum / normals } else { self.normal_mean };
        let normal_mean = normal_mean.max(MIN_NORMAL_MEAN);
        let outlier_mean =
            if outliers > 0.0 { total(&|bin, share| share * bin.sum) / outliers } else { self.outlier_mean };
        let outlier_mean = outlier_mean.max(normal_mean);
        let squares = total(&|bin, share| share * bin.squares_from(outlier_mean));
        let std = if outliers > 0.0 { (squares / outliers).sqrt() } else { self.outlier_std };
        Self {
            half_unit: self.half_unit,
            normal_mean,
            outlier_mean,
            outlier_std: std.max(MIN_STD * normal_mean),
            // At least half a row, so that a score above all others can still be an outlier.
            outlier_share: (outliers / rows).clamp(0.5 / rows, 0.5),
        }
    }
}
