//! Polynomial forecast: how far is a value from the continuation of the rows before it?
//!
//! The idea of POLY (Li et al. 2007, in TSB-AD). There a polynomial is fitted to the rows around a block; here only to
//! those before, so that nothing looks ahead. The forecast of a least-squares polynomial is a weighted sum of the rows it
//! is fitted to, and the weights are the same everywhere.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::series::columns::ScoresSeries;
use super::series::filter::filter;
use super::series::robust::{ratio, spread_of};
use super::series::window::window_length;
use super::series::{Combine, PerEntity, SeriesId, SeriesSet};
use super::{DetectError, Detector, Input, contamination_threshold};
use crate::cx::{Cancelled, Cx};
use crate::recipe::{DetectorKind, PolynomialForecastConfig};

const KIND: DetectorKind = DetectorKind::PolynomialForecast;

/// Share of a value up to which its distance from the forecast is rounding.
const ROUNDING: f64 = 1e-12;

/// A fitted polynomial forecast.
///
/// Values beyond ±1e140 count as ±1e140; scores lie in 0 to 1e6. Rows with less than a window of rows before them score
/// 0. Where all training errors are 0 (a constant series), a value off the forecast scores 1e6.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolynomialForecast {
    columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Column {
    /// For each number of rows ahead: the weights of the rows of the window.
    forecasts: Vec<Vec<f64>>,
    /// For each number of rows ahead: the robust standard deviation of the errors.
    spreads: PerEntity<Vec<f64>>,
}

impl Detector for PolynomialForecastConfig {
    type Fitted = PolynomialForecast;

    const USES_SERIES: bool = true;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<PolynomialForecast, DetectError> {
        let set = SeriesSet::to_fit(input, KIND)?;
        cx.progress().start("Polynomial forecast: fit", set.n_values());
        let columns = set.fit_columns(cx, |series| {
            let window = window_length(self.window, series, cx)?;
            let forecasts = forecast_weights(window, self.degree as usize, self.horizon.max(1) as usize);
            let spreads = PerEntity::learn(series, |series| spreads(series, &forecasts, cx))?;
            Ok(Column { forecasts, spreads })
        })?;
        Ok(PolynomialForecast { columns })
    }

    fn vote_threshold(&self, sorted: &[f64]) -> f64 {
        contamination_threshold(sorted, self.contamination)
    }
}

impl ScoresSeries for PolynomialForecast {
    const COMBINE: Combine = Combine::Max;

    fn kind(&self) -> DetectorKind {
        KIND
    }

    fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// The mean over the forecasts made for the row, of |value - forecast| in robust standard deviations of the training
    /// errors as many rows ahead.
    fn score_series(
        &self,
        id: SeriesId,
        series: &[f64],
        from: usize,
        _training: bool,
        cx: &Cx,
    ) -> Result<Vec<f64>, DetectError> {
        let mut scores = vec![0.0; series.len() - from];
        let Some(column) = self.columns.get(id.column) else { return Ok(scores) };
        let window = column.window();
        for (ahead, (weights, &spread)) in column.forecasts.iter().zip(column.spreads.of_series(id)).enumerate() {
            // The first row with a forecast from so many rows before it.
            let first = from.max(window + ahead);
            let values = series.get(first - window - ahead..).unwrap_or_default();
            let rows = scores.iter_mut().skip(first - from);
            rows.zip(errors(values, weights, ahead, cx)?).for_each(|(score, error)| *score += ratio(error, spread));
        }
        for (row, score) in (from..).zip(&mut scores).skip(window.saturating_sub(from)) {
            *score /= (row - window + 1).min(column.forecasts.len()) as f64;
        }
        cx.progress().add(series.len() as u64);
        Ok(scores)
    }

    fn rows_needed(&self, id: SeriesId, at: usize, _n: usize) -> Range<usize> {
        // The row forecast furthest ahead has the window and the other rows of the horizon before it.
        let before = self.columns.get(id.column).map_or(0, |column| column.window() + column.forecasts.len() - 1);
        at.saturating_sub(before)..at + 1
    }
}

impl Column {
    /// Rows a polynomial is fitted to.
    fn window(&self) -> usize {
        self.forecasts.first().map_or(0, Vec::len)
    }
}

/// For each number of rows ahead (from 1 to `horizon`) the weights of the `window` rows in the forecast of the
/// least-squares polynomial of `degree` (less where there are too few rows): Σ_d p_d(row) p_d(forecast) with polynomials
/// p_d orthonormal on the window (Gram polynomials).
fn forecast_weights(window: usize, degree: usize, horizon: usize) -> Vec<Vec<f64>> {
    let places = window + horizon;
    let position = |place: usize| 2.0 * place as f64 / (window - 1).max(1) as f64 - 1.0;
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for degree in 0..=degree.min(window - 1) {
        let mut next: Vec<f64> = match basis.last() {
            Some(last) => last.iter().enumerate().map(|(place, value)| value * position(place)).collect(),
            None => vec![1.0; places],
        };
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).take(window).map(|(a, b)| a * b).sum::<f64>();
        // Twice, as rounding leaves a rest after the first time.
        for other in basis.iter().chain(&basis) {
            let share = dot(&next, other);
            next.iter_mut().zip(other).for_each(|(value, other)| *value -= share * other);
        }
        let norm = dot(&next, &next).sqrt();
        if degree > 0 && norm < 1e-12 {
            break;
        }
        next.iter_mut().for_each(|value| *value /= norm);
        basis.push(next);
    }
    let weight = |row: usize, place: usize| basis.iter().map(|p| p[row] * p[place]).sum::<f64>();
    (window..places).map(|place| (0..window).map(|row| weight(row, place)).collect()).collect()
}

/// Absolute errors of the forecasts `ahead + 1` rows ahead, from row `weights.len() + ahead` on.
fn errors(series: &[f64], weights: &Vec<f64>, ahead: usize, cx: &Cx) -> Result<Vec<f64>, Cancelled> {
    let first = weights.len() + ahead;
    let n = series.len().saturating_sub(first);
    let mut forecasts = filter(series, std::slice::from_ref(weights), n, cx)?;
    let mut errors = forecasts.pop().unwrap_or_default();
    for (error, value) in errors.iter_mut().zip(series.iter().skip(first)) {
        let distance = (value - *error).abs();
        // What rounding leaves of a perfect forecast is no error.
        *error = if distance <= ROUNDING * value.abs() { 0.0 } else { distance };
    }
    Ok(errors)
}

fn spreads(series: &[Vec<f64>], forecasts: &[Vec<f64>], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
    let spread = |(ahead, weights): (usize, &Vec<f64>)| {
        let errors = series.iter().map(|series| errors(series, weights, ahead, cx));
        Ok(spread_of(&errors.collect::<Result<Vec<_>, Cancelled>>()?.concat()))
    };
    forecasts.iter().enumerate().map(spread).collect()
}

#[cfg(test)]
mod tests {
    use super::super::FittedDetector;
    use super::super::series::tests::{noise, with_series};
    use super::*;
    use crate::recipe::WindowLength;

    fn config() -> PolynomialForecastConfig {
        PolynomialForecastConfig {
            enabled: true,
            window: WindowLength::Rows(12),
            degree: 1,
            horizon: 10,
            ..PolynomialForecastConfig::default()
        }
    }

    #[test]
    fn weights_are_those_of_least_squares() {
        // The mean; a line through 3 points, carried on by hand: (-2 y0 + y1 + 4 y2) / 3, then (-7 y0 + 2 y1 + 11 y2) / 6.
        let close = |got: &[f64], want: &[f64]| {
            assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12), "{got:?} {want:?}");
        };
        close(&forecast_weights(4, 0, 1)[0], &[0.25; 4]);
        let line = forecast_weights(3, 1, 2);
        close(&line[0], &[-2.0 / 3.0, 1.0 / 3.0, 4.0 / 3.0]);
        close(&line[1], &[-7.0 / 6.0, 1.0 / 3.0, 11.0 / 6.0]);
        // y = [1, -2, 4, 0.5, 3, 8, -1]; numpy.polyval(numpy.polyfit(range(7), y, 2), [7, 9])
        let y = [1.0, -2.0, 4.0, 0.5, 3.0, 8.0, -1.0];
        let parabola = forecast_weights(7, 2, 3);
        let forecast = |ahead: usize| parabola[ahead].iter().zip(y).map(|(weight, y)| weight * y).sum::<f64>();
        close(&[forecast(0), forecast(2)], &[0.5, -4.047_619_047_619_084]);
        // As many coefficients as rows: the polynomial runs through all of them, y = t³ is carried on exactly.
        close(&[forecast_weights(4, 8, 1)[0].iter().zip([0.0, 1.0, 8.0, 27.0]).map(|(w, y)| w * y).sum()], &[64.0]);
    }

    #[test]
    fn scores_are_errors_in_training_spreads() {
        let mut data: Vec<f64> = noise(300, 4);
        data[200] += 8.0;
        let config = PolynomialForecastConfig { degree: 0, horizon: 2, ..config() };
        let scores = with_series(1, data.clone(), &[], |input| {
            let fitted = config.fit(input, &Cx::default()).unwrap();
            let saved: PolynomialForecast = ron::from_str(&ron::to_string(&fitted).unwrap()).unwrap();
            assert!(saved == fitted);
            fitted.decision_function(input, &Cx::default()).unwrap()
        });
        // Degree 0: the mean of 12 rows, one and two rows ahead.
        let error = |row: usize, ahead: usize| {
            let past = &data[row - ahead - 12..row - ahead];
            (data[row] - past.iter().sum::<f64>() / 12.0).abs()
        };
        let spread = |ahead: usize| {
            let mut errors: Vec<f64> = (12 + ahead..300).map(|row| error(row, ahead)).collect();
            errors.sort_by(f64::total_cmp);
            let n = errors.len();
            f64::midpoint(errors[(n - 1) / 2], errors[n / 2]) / 0.6745
        };
        let expected = |row: usize| f64::midpoint(error(row, 0) / spread(0), error(row, 1) / spread(1));
        assert!((13..300).all(|row| (scores[row] - expected(row)).abs() < 1e-9));
        assert!((scores[12] - error(12, 0) / spread(0)).abs() < 1e-9);
        assert!(scores[..12].iter().all(|&score| score == 0.0));
        assert!(scores.iter().all(|&score| score <= scores[200]));
    }

    #[test]
    fn nothing_looks_ahead_and_entities_do_not_mix() {
        let (a, b) = (noise(80, 1), noise(80, 2));
        let mixed: Vec<f64> = a.iter().zip(&b).flat_map(|(&a, &b)| [a, 1e6 * b]).collect();
        let codes: Vec<u32> = (0..160).map(|row| row % 2).collect();
        let fitted = with_series(1, a.clone(), &[], |input| config().fit(input, &Cx::default()).unwrap());
        let score = |data: &[f64]| with_series(1, data.to_vec(), &[], |i| fitted.decision_function(i, &Cx::default()));
        let whole = score(&a).unwrap();
        assert_eq!(score(&a[..50]).unwrap(), whole[..50]);
        let both = with_series(1, mixed, &codes, |input| {
            config().fit(input, &Cx::default()).unwrap().decision_function(input, &Cx::default()).unwrap()
        });
        assert!(both.iter().step_by(2).zip(&whole).all(|(a, b)| (a - b).abs() < 1e-9));
    }

    #[test]
    fn degenerate_series_have_finite_scores() {
        for data in [vec![5.0; 40], vec![1e300, -1e300, 1e300], vec![7.0], [vec![0.0; 30], vec![1e-300]].concat()] {
            for degree in [0, 1, 8] {
                with_series(1, data.clone(), &[], |input| {
                    let config = PolynomialForecastConfig { window: WindowLength::Rows(4), degree, ..config() };
                    let fitted = config.fit(input, &Cx::default()).unwrap();
                    let scores = fitted.decision_function(input, &Cx::default()).unwrap();
                    assert!(scores.iter().all(|score| (0.0..=1e6).contains(score)), "{scores:?}");
                });
            }
        }
    }
}
