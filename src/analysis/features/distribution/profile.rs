//! What is learned about a column from its training rows.

use serde::{Deserialize, Serialize};

use super::bins::Bins;
use super::entropy::Entropy;
use super::moments::Moments;
use super::quantile::{QuantileMethod, absolute_deviations, bounded, quantile, sorted};
use super::tails::{TailStatistics, Tails};
use crate::cx::{Cancelled, Cx};

/// Values kept to rank others by.
pub(super) const MAX_KNOTS: usize = 1001;

/// What to learn.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileConfig {
    /// Levels of quantiles, each 0 to 1.
    pub quantile_levels: Vec<f64>,
    /// The tails begin at this quantile and its complement. Range 0.5 to 1.
    pub tail_level: f64,
    /// Bins of equal width for entropies; at least 1.
    pub entropy_bins: usize,
    /// Kinds of entropy.
    pub entropies: Vec<Entropy>,
}

/// The distribution of a column's training values: for display, and to hold later values against. All numbers are
/// finite. Size: at most 1001 values and the bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Number of values.
    pub n: usize,
    /// Number of rows without a value.
    pub n_missing: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation (n - 1); 0 for one value.
    pub std: f64,
    /// Skewness, corrected for bias; `None` for equal values and for fewer than three.
    pub skewness: Option<f64>,
    /// Excess kurtosis, corrected for bias; `None` for equal values and for fewer than four.
    pub excess_kurtosis: Option<f64>,
    /// Levels and quantiles (type 7), as asked for.
    pub quantiles: Vec<(f64, f64)>,
    /// Median and quartiles (type 7).
    pub q1: f64,
    /// Median.
    pub median: f64,
    /// Upper quartile.
    pub q3: f64,
    /// Median absolute deviation from the median, not scaled.
    pub mad: f64,
    /// Mean absolute deviation from the median.
    pub mean_absolute_deviation: f64,
    /// Where the tails begin.
    pub tails: Tails,
    /// What of the training values lies in them.
    pub tail_statistics: TailStatistics,
    /// Bins over which entropies are taken.
    pub bins: Bins,
    /// Entropies, as asked for.
    pub entropies: Vec<(Entropy, f64)>,
    /// The values themselves, ascending, where there are at most 1001; else 1001 quantiles at equal steps of the level.
    pub(super) knots: Vec<f64>,
}

impl ColumnProfile {
    /// Learns from training rows. `None` where the column has no value.
    ///
    /// # Errors
    /// When cancelled.
    pub fn fit(config: &ProfileConfig, column: &[f64], cx: &Cx) -> Result<Option<Self>, Cancelled> {
        cx.check()?;
        let values = sorted(column);
        cx.check()?;
        let tails = Tails::fit(&values, config.tail_level);
        let (Some(tails), Some(bins)) = (tails, Bins::equal_width(&values, config.entropy_bins)) else {
            return Ok(None);
        };
        let Some(tail_statistics) = tails.statistics(&values) else { return Ok(None) };
        cx.check()?;
        let moments = Moments::new(&values);
        let (mad, mean_absolute_deviation) = absolute_deviations(&values);
        cx.check()?;
        let at = |level: f64| quantile(&values, level, QuantileMethod::Linear);
        let counts = bins.counts(&values);
        let n_steps = MAX_KNOTS - 1;
        let knots = || (0..=n_steps).map(|i| at(i as f64 / n_steps as f64)).collect();
        Ok(Some(Self {
            n: values.len(),
            n_missing: column.len() - values.len(),
            mean: moments.mean(),
            std: finite(moments.sample_std()).unwrap_or(0.0),
            skewness: finite(moments.sample_skewness()),
            excess_kurtosis: finite(moments.sample_excess_kurtosis()),
            quantiles: config.quantile_levels.iter().map(|&level| (level, at(level))).collect(),
            q1: at(0.25),
            median: at(0.5),
            q3: at(0.75),
            mad,
            mean_absolute_deviation: bounded(mean_absolute_deviation),
            tails,
            tail_statistics,
            entropies: config.entropies.iter().map(|&entropy| (entropy, entropy.of(&counts))).collect(),
            bins,
            knots: if values.len() <= MAX_KNOTS { values } else { knots() },
        }))
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
