//! Seasonal residual: how far is a value from trend plus season?
//!
//! An additive decomposition by medians: the trend is a rolling median over one period, the season the median of what is
//! left at each phase. Medians, as anomalies must not become part of what is normal.

use serde::{Deserialize, Serialize};

use super::series::robust::{SortedWindow, median, ratio, spread_of};
use super::series::window::window_length;
use super::series::{Combine, PerEntity, SeriesSet};
use super::{DetectError, Detector, FittedDetector, Input};
use crate::cx::{Cancelled, Cx};
use crate::recipe::{DetectorKind, SeasonalResidualConfig, WindowAlign};

const KIND: DetectorKind = DetectorKind::SeasonalResidual;

/// Rows by which new rows find out at which phase of the season they begin.
const ALIGN_ROWS: usize = 4096;

/// Spreads beyond which a residual counts no more when a phase is looked for.
const ALIGN_LIMIT: f64 = 3.0;

/// A fitted seasonal residual.
///
/// Values beyond ±1e140 count as ±1e140; scores lie in 0 to 1e6. A series of less than two periods has no season, only a
/// trend. Where all training residuals are equal, other values score 1e6. An entity that is not known is held against
/// the longest series of the training rows. New rows begin at the phase of the season that fits their first 4096
/// rows best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeasonalResidual {
    trend: WindowAlign,
    columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Column {
    period: usize,
    seasons: PerEntity<Season>,
}

/// What is left of a series without its trend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Season {
    /// Usual value at each phase.
    phases: Vec<f64>,
    /// Robust standard deviation around it.
    spread: f64,
}

impl Detector for SeasonalResidualConfig {
    type Fitted = SeasonalResidual;

    const USES_SERIES: bool = true;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<SeasonalResidual, DetectError> {
        let set = SeriesSet::to_fit(input, KIND)?;
        cx.progress().start("Seasonal residual: fit", set.n_values());
        let columns = set.fit_columns(cx, |series| {
            let period = window_length(self.period, series, cx)?;
            let seasons = PerEntity::learn(series, |series| Season::learn(series, period, self.trend, cx))?;
            Ok(Column { period, seasons })
        })?;
        Ok(SeasonalResidual { trend: self.trend, columns })
    }

    fn vote_threshold(&self, _sorted: &[f64]) -> f64 {
        self.limit
    }
}

impl FittedDetector for SeasonalResidual {
    /// The largest over the columns of |value - trend - season| in robust standard deviations.
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        self.score(input, Season::phase_of, cx)
    }

    /// As `decision_function`, but rows begin at the phase they had in fitting.
    fn training_scores(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        self.score(input, |_, _| 0, cx)
    }
}

impl SeasonalResidual {
    /// Rows in a season, per column.
    pub fn periods(&self) -> Vec<usize> {
        self.columns.iter().map(|column| column.period).collect()
    }

    fn score(
        &self,
        input: Input<'_>,
        phase: impl Fn(&Season, &[f64]) -> usize + Sync,
        cx: &Cx,
    ) -> Result<Vec<f64>, DetectError> {
        let set = SeriesSet::to_score(input, self.columns.len(), KIND)?;
        cx.progress().start("Seasonal residual: score", set.n_values());
        set.score(Combine::Max, cx, |entity, column, series| {
            let Some(column) = self.columns.get(column) else { return Ok(vec![0.0; series.len()]) };
            let season = column.seasons.of(entity, set.n_entities());
            let level = without_trend(series, column.period, self.trend, cx)?;
            cx.check()?;
            let phase = phase(season, &level);
            cx.progress().add(series.len() as u64);
            // Without looking ahead the first rows have no trend.
            let untold = if self.trend == WindowAlign::End { trend_rows(column.period) - 1 } else { 0 };
            let scores = season.residuals(&level, phase).map(|residual| ratio(residual, season.spread));
            Ok(scores.enumerate().map(|(row, score)| if row < untold { 0.0 } else { score }).collect())
        })
    }
}

impl Season {
    /// From the longest of the series: phases of different series need not agree.
    fn learn(series: &[Vec<f64>], period: usize, trend: WindowAlign, cx: &Cx) -> Result<Self, Cancelled> {
        let longest = series.iter().max_by_key(|series| series.len()).map_or(&[][..], Vec::as_slice);
        let level = without_trend(longest, period, trend, cx)?;
        let phases = if longest.len() >= 2 * period {
            let phase = |phase| level.iter().skip(phase).step_by(period).copied().collect::<Vec<_>>();
            (0..period).map(|at| median(&phase(at))).collect()
        } else {
            vec![median(&level)]
        };
        let season = Self { phases, spread: 0.0 };
        let residuals: Vec<f64> = season.residuals(&level, 0).collect();
        Ok(Self { spread: spread_of(&residuals), ..season })
    }

    /// Absolute distances from the season, which begins at `phase`.
    fn residuals<'a>(&'a self, level: &'a [f64], phase: usize) -> impl Iterator<Item = f64> + 'a {
        level.iter().zip(self.phases.iter().cycle().skip(phase)).map(|(value, usual)| (value - usual).abs())
    }

    /// The phase at which the season fits best; the first of equally good ones.
    fn phase_of(&self, level: &[f64]) -> usize {
        let level = level.get(..ALIGN_ROWS).unwrap_or(level);
        let misfit = |phase: usize| {
            let residuals = self.residuals(level, phase);
            residuals.map(|residual| ratio(residual, self.spread).min(ALIGN_LIMIT)).sum::<f64>()
        };
        let misfits = (0..self.phases.len()).map(|phase| (phase, misfit(phase)));
        misfits.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(phase, _)| phase)
    }
}

/// The series without its rolling median over one period (and a row more where that is even), around each row or up to
/// it. Rows too near an end take the trend of the nearest whole window.
fn without_trend(series: &[f64], period: usize, align: WindowAlign, cx: &Cx) -> Result<Vec<f64>, Cancelled> {
    let width = trend_rows(period).min(series.len());
    let mut window = SortedWindow::default();
    let mut medians = Vec::with_capacity(series.len());
    for (row, &value) in series.iter().enumerate() {
        if row % 256 == 0 {
            cx.check()?;
        }
        window.insert(value);
        if let Some(&old) = row.checked_sub(width).and_then(|old| series.get(old)) {
            window.remove(old);
        }
        if row + 1 >= width {
            medians.push(window.quantile(0.5));
        }
    }
    let before = match align {
        WindowAlign::Center => width / 2,
        WindowAlign::End => width.saturating_sub(1),
    };
    let trend = |row: usize| medians.get(row.saturating_sub(before)).or(medians.last()).copied().unwrap_or(0.0);
    Ok(series.iter().enumerate().map(|(row, value)| value - trend(row)).collect())
}

/// Rows of the trend's rolling median.
fn trend_rows(period: usize) -> usize {
    period / 2 * 2 + 1
}

#[cfg(test)]
mod tests {
    use super::super::series::tests::{noise, with_series};
    use super::*;
    use crate::recipe::WindowLength;

    /// A daily wave with noise and a slope; at row 500 the value of the opposite phase.
    fn daily(n: usize, phase: usize) -> Vec<f64> {
        let noise = noise(n, 2);
        let wave = |i: usize| 10.0 * ((i + phase) as f64 * std::f64::consts::TAU / 24.0).sin();
        let mut values: Vec<f64> = (0..n).map(|i| wave(i) + 0.01 * i as f64 + 0.2 * noise[i]).collect();
        if let Some(value) = values.get_mut(500) {
            *value = wave(512) + 5.0;
        }
        values
    }

    fn config() -> SeasonalResidualConfig {
        SeasonalResidualConfig { enabled: true, ..SeasonalResidualConfig::default() }
    }

    #[test]
    fn a_usual_value_at_an_unusual_hour_stands_out() {
        for trend in [WindowAlign::Center, WindowAlign::End] {
            let config = SeasonalResidualConfig { trend, ..config() };
            let scores = with_series(1, daily(1200, 6), &[], |input| {
                let fitted = config.fit(input, &Cx::default()).unwrap();
                assert_eq!(fitted.periods(), [24]);
                let saved: SeasonalResidual = ron::from_str(&ron::to_string(&fitted).unwrap()).unwrap();
                assert!(saved == fitted);
                fitted.training_scores(input, &Cx::default()).unwrap()
            });
            let mut sorted = scores.clone();
            sorted.sort_by(f64::total_cmp);
            assert_eq!(Some(&scores[500]), sorted.last());
            assert!(scores.iter().filter(|&&score| score > config.vote_threshold(&sorted)).count() < 40);
            assert!(scores[500] > 20.0, "{}", scores[500]);
        }
    }

    #[test]
    fn new_rows_may_begin_at_any_phase() {
        let fitted = with_series(1, daily(1200, 0), &[], |input| config().fit(input, &Cx::default()).unwrap());
        let scores =
            with_series(1, daily(300, 7), &[], |input| fitted.decision_function(input, &Cx::default()).unwrap());
        // Away from the ends, where the trend knows only half a period.
        let usual = scores[24..276].iter().filter(|&&score| score < 4.0).count();
        assert!(usual > 240, "{usual}");
    }

    #[test]
    fn residuals_of_a_hand_computed_case() {
        // Over 3 rows the medians are 0 2 0 2 0 2 in the middle, and those of their neighbours at the ends.
        let series = [0.0, 2.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0];
        let level = without_trend(&series, 3, WindowAlign::Center, &Cx::default()).unwrap();
        assert_eq!(level, [0.0, 2.0, -2.0, 2.0, -2.0, 2.0, -2.0, 0.0]);
        let level = without_trend(&series, 3, WindowAlign::End, &Cx::default()).unwrap();
        assert_eq!(level, [0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        // Over 5 rows the trend is 0 0 0 2 0 2 2 2, what is left 0 2 0 0 0 0 -2 0; by phase {0 0} {2 0} {0 -2} {0 0}.
        let season = Season::learn(&[series.to_vec()], 4, WindowAlign::Center, &Cx::default()).unwrap();
        assert_eq!(season.phases, [0.0, 1.0, -1.0, 0.0]);
        // Residuals 0 1 1 0 0 1 1 0; their median is 0.5.
        assert!((season.spread - 0.5 / 0.6745).abs() < 1e-12, "{}", season.spread);
    }

    #[test]
    fn degenerate_series_have_finite_scores() {
        let period = WindowLength::Rows(4);
        for data in [vec![5.0; 40], vec![1e300, -1e300, 1e300], vec![7.0], [vec![0.0; 30], vec![1e-300]].concat()] {
            with_series(1, data, &[], |input| {
                let fitted = SeasonalResidualConfig { period, ..config() }.fit(input, &Cx::default()).unwrap();
                let scores = fitted.decision_function(input, &Cx::default()).unwrap();
                assert!(scores.iter().all(|score| (0.0..=1e6).contains(score)), "{scores:?}");
            });
        }
    }
}
