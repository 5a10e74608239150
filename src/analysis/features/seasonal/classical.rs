//! Classical decomposition: trend by a centred moving average, season by the mean of each phase.

use super::gaps::Gapless;
use super::moving::moving_means;
use super::{Decomposition, Seasonal, SeasonalError, require};

/// How the parts make up the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// trend + seasonal + residual.
    Additive,
    /// trend × seasonal × residual; all values must be above 0.
    Multiplicative,
}

/// Decomposes a series as `statsmodels.tsa.seasonal.seasonal_decompose(values, model, period=period)` does.
///
/// The trend is the mean of `period` (at least 1) rows around the row; an even period takes one row more and counts the
/// first and last half. It and the residual are NaN for the first and last `period / 2` rows. The season is the mean
/// per phase of the values without trend, itself centred to mean 0 (multiplicative: 1).
///
/// **Needs the future**: the trend looks half a period ahead, the season at the whole series. Missing values are
/// filled by straight lines, and all parts are NaN there. A constant series has no season and residual 0
/// (multiplicative: both 1).
///
/// # Errors
/// Fewer than two periods of rows, no value present, or (multiplicative) a value that is not above 0.
pub fn decompose(values: &[f64], period: usize, model: Model) -> Result<Decomposition, SeasonalError> {
    require(period >= 1, "period", period, "must be at least 1")?;
    let n = values.len();
    if n / 2 < period {
        return Err(SeasonalError::TooShort { n_rows: n, period });
    }
    let series = Gapless::new(values)?;
    let smallest = values.iter().copied().filter(|value| value.is_finite()).fold(f64::INFINITY, f64::min);
    if model == Model::Multiplicative && smallest <= 0.0 {
        return Err(SeasonalError::NotPositive { smallest });
    }
    let values = &series.values;
    let mut trend = centred_means(values, period);
    let without = |value: f64, part: f64| match model {
        Model::Additive => value - part,
        Model::Multiplicative => value / part,
    };
    let mut residual: Vec<f64> = values.iter().zip(&trend).map(|(&value, &trend)| without(value, trend)).collect();

    let mut phases: Vec<f64> = (0..period).map(|phase| mean_of_present(&residual, phase, period)).collect();
    let centre = phases.iter().sum::<f64>() / period as f64;
    phases.iter_mut().for_each(|phase| *phase = without(*phase, centre));
    let mut seasonal: Vec<f64> = phases.iter().copied().cycle().take(n).collect();
    residual.iter_mut().zip(&seasonal).for_each(|(value, &season)| *value = without(*value, season));

    series.restore(&mut trend);
    match model {
        Model::Additive => [&mut seasonal, &mut residual].into_iter().for_each(|part| series.restore(part)),
        Model::Multiplicative => [&mut seasonal, &mut residual].into_iter().for_each(|part| series.blank(part)),
    }
    Ok(Decomposition { trend, seasonal: vec![Seasonal { period, values: seasonal }], residual, weights: None })
}

/// The mean of `period` rows around each row, NaN where they do not fit.
fn centred_means(values: &[f64], period: usize) -> Vec<f64> {
    let mut means = Vec::new();
    moving_means(values, period, &mut means);
    let mut trend = vec![f64::NAN; period / 2];
    if period.is_multiple_of(2) {
        trend.extend(means.windows(2).map(|pair| pair.iter().sum::<f64>() / 2.0));
    } else {
        trend.append(&mut means);
    }
    trend.resize(values.len(), f64::NAN);
    trend
}

/// The mean over the rows of a phase that are not NaN; there is one, as two periods of rows have one of trend.
fn mean_of_present(values: &[f64], phase: usize, period: usize) -> f64 {
    let present = values.iter().skip(phase).step_by(period).filter(|value| !value.is_nan());
    let (sum, n) = present.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
}
