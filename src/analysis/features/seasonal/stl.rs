//! STL: seasonal-trend decomposition by loess.
//!
//! Cleveland, Cleveland, McRae and Terpenning (1990), "STL: A seasonal-trend decomposition procedure based on loess",
//! Journal of Official Statistics 6, as `statsmodels.tsa.seasonal.STL` has it (with its median of the residuals).

use super::gaps::Gapless;
use super::loess::{Degree, Loess, Places, Robust};
use super::moving::moving_means;
use super::{Decomposition, Seasonal, SeasonalError, require};
use crate::cx::{Cancelled, Cx};

/// What STL goes by. Windows are in rows (seasonal: in periods) and odd.
#[derive(Debug, Clone, PartialEq)]
pub struct StlConfig {
    /// Rows after which the season repeats; at least 2.
    pub period: usize,
    /// Periods the season is smoothed over; at least 3. Default 7.
    pub seasonal: usize,
    /// Rows the trend is smoothed over, more than the period. Default: the smallest odd number of at least
    /// 1.5 period / (1 - 1.5 / seasonal).
    pub trend: Option<usize>,
    /// Rows of the low-pass filter, more than the period. Default: the smallest odd number above the period.
    pub low_pass: Option<usize>,
    /// Default: a line.
    pub seasonal_deg: Degree,
    /// Default: a line.
    pub trend_deg: Degree,
    /// Default: a line.
    pub low_pass_deg: Degree,
    /// Every which value is smoothed, with straight lines in between; at least 1, the default. A tenth of the window
    /// changes little and is about ten times as fast.
    pub seasonal_jump: usize,
    /// The same for the trend.
    pub trend_jump: usize,
    /// The same for the low-pass filter.
    pub low_pass_jump: usize,
    /// Whether outliers count less. Default: no.
    pub robust: bool,
    /// Rounds of season and trend. Default 5; robust: 2.
    pub inner_iter: Option<usize>,
    /// Rounds of robustness weights. Default 0; robust: 15.
    pub outer_iter: Option<usize>,
}

impl StlConfig {
    /// The defaults for a period.
    pub fn new(period: usize) -> Self {
        Self {
            period,
            seasonal: 7,
            trend: None,
            low_pass: None,
            seasonal_deg: Degree::Linear,
            trend_deg: Degree::Linear,
            low_pass_deg: Degree::Linear,
            seasonal_jump: 1,
            trend_jump: 1,
            low_pass_jump: 1,
            robust: false,
            inner_iter: None,
            outer_iter: None,
        }
    }

    /// The three smoothers.
    fn smoothers(&self) -> Result<Smoothers, SeasonalError> {
        let Self { period, seasonal, .. } = *self;
        let odd = |setting, window: usize, above: usize, must| {
            require(window % 2 == 1 && window >= 3 && window > above, setting, window, must)
        };
        require(period >= 2, "period", period, "must be at least 2")?;
        odd("seasonal", seasonal, 0, "must be odd and at least 3")?;
        let trend = (1.5 * period as f64 / (1.0 - 1.5 / seasonal as f64)).ceil() as usize;
        let trend = self.trend.unwrap_or(trend | 1);
        odd("trend", trend, period, "must be odd and more than the period")?;
        let low_pass = self.low_pass.unwrap_or((period + 1) | 1);
        odd("low_pass", low_pass, period, "must be odd and more than the period")?;
        for (setting, jump) in [
            ("seasonal_jump", self.seasonal_jump),
            ("trend_jump", self.trend_jump),
            ("low_pass_jump", self.low_pass_jump),
        ] {
            require(jump >= 1, setting, jump, "must be at least 1")?;
        }
        let inner_iter = self.inner_iter.unwrap_or(if self.robust { 2 } else { 5 });
        require(inner_iter >= 1, "inner_iter", inner_iter, "must be at least 1")?;
        Ok(Smoothers {
            seasonal: Loess { window: seasonal, degree: self.seasonal_deg, jump: self.seasonal_jump },
            trend: Loess { window: trend, degree: self.trend_deg, jump: self.trend_jump },
            low_pass: Loess { window: low_pass, degree: self.low_pass_deg, jump: self.low_pass_jump },
            inner_iter,
            outer_iter: self.outer_iter.unwrap_or(if self.robust { 15 } else { 0 }),
        })
    }
}

/// A checked [`StlConfig`].
struct Smoothers {
    seasonal: Loess,
    trend: Loess,
    low_pass: Loess,
    inner_iter: usize,
    outer_iter: usize,
}

/// Decomposes a series as `STL(values, …).fit(inner_iter, outer_iter)` of statsmodels does, to 1e-8 of the largest
/// absolute value (with robustness weights, 1e-6).
///
/// **Needs the future**: every part at a row depends on rows after it. Missing values are filled by straight lines,
/// and all parts are NaN there. A constant series has neither season nor residual, up to rounding. Weights are given
/// where there are outer rounds. The same bits whatever the number of threads.
///
/// # Errors
/// A setting out of its range, fewer than two periods of rows, no value present, cancelled.
pub fn stl(values: &[f64], config: &StlConfig, cx: &Cx) -> Result<Decomposition, SeasonalError> {
    let smoothers = config.smoothers()?;
    let period = config.period;
    if values.len() / 2 < period {
        return Err(SeasonalError::TooShort { n_rows: values.len(), period });
    }
    let series = Gapless::new(values)?;
    let mut work = Work::new(&series.values, period);
    let mut weights = None;
    for round in 0..=smoothers.outer_iter {
        work.rounds(&smoothers, weights.as_deref(), cx)?;
        if round < smoothers.outer_iter {
            weights = Some(work.robustness_weights());
        }
    }
    let Work { mut trend, mut season, .. } = work;
    let parts = season.iter().zip(&trend);
    let mut residual: Vec<f64> =
        series.values.iter().zip(parts).map(|(value, (season, trend))| value - season - trend).collect();
    [&mut trend, &mut season, &mut residual].into_iter().for_each(|part| series.restore(part));
    weights.iter_mut().for_each(|weights| series.blank(weights));
    Ok(Decomposition { trend, seasonal: vec![Seasonal { period, values: season }], residual, weights })
}

/// The parts so far, and memory to work in.
struct Work<'a> {
    values: &'a [f64],
    period: usize,
    trend: Vec<f64>,
    season: Vec<f64>,
    /// Values without a part.
    rest: Vec<f64>,
    /// Smoothed cycle-subseries, one period longer at both ends.
    cycles: Vec<f64>,
    low: Vec<f64>,
    means: Vec<f64>,
}

impl<'a> Work<'a> {
    fn new(values: &'a [f64], period: usize) -> Self {
        let zeros = || vec![0.0; values.len()];
        Self {
            values,
            period,
            trend: zeros(),
            season: zeros(),
            rest: zeros(),
            cycles: vec![0.0; values.len() + 2 * period],
            low: zeros(),
            means: Vec::new(),
        }
    }

    /// The inner rounds: season, then trend, with the robustness weights as they are.
    fn rounds(&mut self, smoothers: &Smoothers, weights: Option<&[f64]>, cx: &Cx) -> Result<(), Cancelled> {
        let prepared = |smoother: &Loess, stride: usize| -> Result<Option<Robust<'_>>, Cancelled> {
            weights.map(|weights| smoother.robust(weights, stride, cx)).transpose()
        };
        let (of_season, of_trend) = (prepared(&smoothers.seasonal, self.period)?, prepared(&smoothers.trend, 1)?);
        for _ in 0..smoothers.inner_iter {
            subtract(self.values, &self.trend, &mut self.rest);
            let (period, cycles) = (self.period, &mut self.cycles);
            smoothers.seasonal.smooth(&self.rest, period, of_season.as_ref(), Places::Around, cycles, cx)?;
            moving_means(cycles, period, &mut self.means);
            moving_means(&self.means, period, &mut self.low);
            moving_means(&self.low, 3, &mut self.means);
            self.low.resize(self.values.len(), 0.0);
            smoothers.low_pass.smooth(&self.means, 1, None, Places::Inside, &mut self.low, cx)?;
            subtract(&cycles[period..], &self.low, &mut self.season);
            subtract(self.values, &self.season, &mut self.rest);
            smoothers.trend.smooth(&self.rest, 1, of_trend.as_ref(), Places::Inside, &mut self.trend, cx)?;
        }
        Ok(())
    }

    /// Bisquare weights of the residuals in units of six times their median (statsmodels: the middle two).
    fn robustness_weights(&self) -> Vec<f64> {
        let fit = self.trend.iter().zip(&self.season);
        let mut weights: Vec<f64> =
            self.values.iter().zip(fit).map(|(value, (trend, season))| (value - (trend + season)).abs()).collect();
        let limit = 3.0 * sum_of_middle(weights.clone());
        let (nearly_none, nearly_all) = (0.001 * limit, 0.999 * limit);
        for weight in &mut weights {
            let share = *weight / limit;
            let inside = (1.0 - share * share) * (1.0 - share * share);
            *weight = match *weight {
                size if limit == 0.0 || size <= nearly_none => 1.0,
                size if size <= nearly_all => inside,
                _ => 0.0,
            };
        }
        weights
    }
}

fn subtract(from: &[f64], part: &[f64], rest: &mut [f64]) {
    rest.iter_mut().zip(from).zip(part).for_each(|((rest, from), part)| *rest = from - part);
}

/// The sum of the two values in the middle; of an odd number, twice the one.
fn sum_of_middle(mut values: Vec<f64>) -> f64 {
    let n = values.len();
    let (below, &mut upper, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    let lower = if n.is_multiple_of(2) { below.iter().copied().fold(0.0, f64::max) } else { upper };
    lower + upper
}
