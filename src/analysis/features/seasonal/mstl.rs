//! MSTL: several seasons at once.
//!
//! Bandara, Hyndman and Bergmeir (2021), "MSTL: A seasonal-trend decomposition algorithm for time series with multiple
//! seasonal patterns", as `statsmodels.tsa.seasonal.MSTL` has it; without its Box-Cox transform.

use super::gaps::Gapless;
use super::stl::{StlConfig, stl};
use super::{Decomposition, Seasonal, SeasonalError, require};
use crate::cx::Cx;

/// What MSTL goes by.
#[derive(Debug, Clone, PartialEq)]
pub struct MstlConfig {
    /// Rows after which each season repeats; at least 2 each, all different, in any order.
    pub periods: Vec<usize>,
    /// Periods each season is smoothed over, in the order of `periods`. Default: 11 for the shortest period, 15 for the
    /// next, and so on (7 + 4 i).
    pub windows: Option<Vec<usize>>,
    /// Rounds over all periods; one period takes a single one. Default 2.
    pub iterate: usize,
    /// The other settings of each STL; `period` and `seasonal` are taken from above.
    pub stl: StlConfig,
}

impl MstlConfig {
    /// The defaults for some periods.
    pub fn new(periods: &[usize]) -> Self {
        let shortest = periods.iter().copied().min().unwrap_or(0);
        Self { periods: periods.to_vec(), windows: None, iterate: 2, stl: StlConfig::new(shortest) }
    }

    /// Periods and windows, periods ascending.
    fn pairs(&self) -> Result<Vec<(usize, usize)>, SeasonalError> {
        let mut periods = self.periods.clone();
        let n = periods.len();
        let windows = match &self.windows {
            Some(windows) => windows.clone(),
            None => {
                periods.sort_unstable();
                (1..=n).map(|i| 7 + 4 * i).collect()
            }
        };
        require(windows.len() == n, "windows", format!("{} numbers", windows.len()), "must be as many as periods")?;
        let mut pairs: Vec<_> = periods.into_iter().zip(windows).collect();
        pairs.sort_unstable();
        let differ = n > 0 && pairs.windows(2).all(|pair| pair[0].0 != pair[1].0);
        require(differ, "periods", format!("{:?}", self.periods), "must be one or more, all different")?;
        require(self.iterate >= 1, "iterate", self.iterate, "must be at least 1")?;
        Ok(pairs)
    }
}

/// Decomposes a series as `MSTL(values, periods=…, windows=…, iterate=…, stl_kwargs=…).fit()` of statsmodels does, to
/// 1e-8 of the largest absolute value (with robustness weights, 1e-6).
///
/// Periods of half the rows or more are left out. Trend and weights are those of the last STL.
///
/// **Needs the future**, as [`stl`]. Missing values are filled by straight lines, and all parts are NaN there.
///
/// # Errors
/// A setting out of its range, no period shorter than half the rows, no value present, cancelled.
pub fn mstl(values: &[f64], config: &MstlConfig, cx: &Cx) -> Result<Decomposition, SeasonalError> {
    let mut pairs = config.pairs()?;
    let (n_rows, shortest) = (values.len(), pairs[0].0);
    pairs.retain(|&(period, _)| period < n_rows.div_ceil(2));
    if pairs.is_empty() {
        return Err(SeasonalError::TooShort { n_rows, period: shortest });
    }
    let series = Gapless::new(values)?;
    let mut seasonal: Vec<Seasonal> =
        pairs.iter().map(|&(period, _)| Seasonal { period, values: vec![0.0; n_rows] }).collect();
    let mut rest = series.values.clone();
    let mut last = None;
    for _ in 0..if pairs.len() == 1 { 1 } else { config.iterate } {
        for (season, &(period, window)) in seasonal.iter_mut().zip(&pairs) {
            rest.iter_mut().zip(&season.values).for_each(|(rest, season)| *rest += season);
            let mut parts = stl(&rest, &StlConfig { period, seasonal: window, ..config.stl.clone() }, cx)?;
            season.values = parts.seasonal.swap_remove(0).values;
            rest.iter_mut().zip(&season.values).for_each(|(rest, season)| *rest -= season);
            last = Some((parts.trend, parts.weights));
        }
    }
    let (mut trend, mut weights) = last.unwrap_or_default();
    let mut residual = rest;
    residual.iter_mut().zip(&trend).for_each(|(rest, trend)| *rest -= trend);
    seasonal.iter_mut().for_each(|season| series.restore(&mut season.values));
    [&mut trend, &mut residual].into_iter().for_each(|part| series.restore(part));
    weights.iter_mut().for_each(|weights| series.blank(weights));
    Ok(Decomposition { trend, seasonal, residual, weights })
}
