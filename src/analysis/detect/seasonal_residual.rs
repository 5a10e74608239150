//! Seasonal residual: how far is a value from trend plus season?
//!
//! An additive decomposition by medians: the trend is a rolling median over one period, the season the median of what is
//! left at each phase. Medians, as anomalies must not become part of what is normal.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::series::columns::{ChangedSeries, ScoresSeries};
use super::series::robust::{SortedWindow, median, ratio, spread_of};
use super::series::window::{window_length, window_of};
use super::series::{Combine, PerEntity, SeriesId, SeriesSet};
use super::{DetectError, Detector, Input};
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

impl ScoresSeries for SeasonalResidual {
    const COMBINE: Combine = Combine::Max;

    fn kind(&self) -> DetectorKind {
        KIND
    }

    fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// |value - trend - season| in robust standard deviations. Training rows begin at the phase they had in fitting.
    fn score_series(
        &self,
        id: SeriesId,
        series: &[f64],
        from: usize,
        training: bool,
        cx: &Cx,
    ) -> Result<Vec<f64>, DetectError> {
        let Some(column) = self.columns.get(id.column) else { return Ok(vec![0.0; series.len() - from]) };
        let season = column.seasons.of_series(id);
        let level = without_trend(series, column.period, self.trend, cx)?;
        let phase = if training { 0 } else { season.phase_of(&level, cx)? };
        cx.progress().add(series.len() as u64);
        Ok(self.scores(column.period, season, &level, phase, from))
    }

    fn rows_needed(&self, id: SeriesId, at: usize, n: usize) -> Range<usize> {
        let width = self.columns.get(id.column).map_or(1, |column| trend_rows(column.period));
        window_of(at, n, width, self.trend)
    }

    /// Besides the trend around the row, the first rows of the series are looked at: they say at which phase it begins.
    fn score_changed(
        &self,
        id: SeriesId,
        series: &ChangedSeries<'_>,
        training: bool,
        cx: &Cx,
    ) -> Result<f64, DetectError> {
        let Some(column) = self.columns.get(id.column) else { return Ok(0.0) };
        let season = column.seasons.of_series(id);
        let first_phase = if training {
            0
        } else {
            // As many as have the trend they have in the whole series.
            let first_rows = series.values(0..ALIGN_ROWS + trend_rows(column.period));
            season.phase_of(&without_trend(&first_rows, column.period, self.trend, cx)?, cx)?
        };
        let needed = self.rows_needed(id, series.at(), series.len());
        let phase = (first_phase + needed.start) % season.phases.len().max(1);
        series.score_among(needed, |part, from| {
            let level = without_trend(part, column.period, self.trend, cx)?;
            Ok(self.scores(column.period, season, &level, phase, from))
        })
    }
}

impl SeasonalResidual {
    /// Rows in a season, per column.
    pub fn periods(&self) -> Vec<usize> {
        self.columns.iter().map(|column| column.period).collect()
    }

    /// Scores of a series without its trend, which begins at `phase`, from row `from` on.
    fn scores(&self, period: usize, season: &Season, level: &[f64], phase: usize, from: usize) -> Vec<f64> {
        // Without looking ahead the first rows have no trend.
        let untold = if self.trend == WindowAlign::End { trend_rows(period) - 1 } else { 0 };
        let scores = season.residuals(level, phase).map(|residual| ratio(residual, season.spread));
        scores.enumerate().skip(from).map(|(row, score)| if row < untold { 0.0 } else { score }).collect()
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
    fn phase_of(&self, level: &[f64], cx: &Cx) -> Result<usize, Cancelled> {
        let level = level.get(..ALIGN_ROWS).unwrap_or(level);
        let limit = ALIGN_LIMIT * self.spread.max(f64::MIN_POSITIVE);
        // Twice in a row, the season from any phase on lies in one piece.
        let seasons = [&self.phases[..], &self.phases].concat();
        let (mut best, mut least) = (0, f64::INFINITY);
        for (phase, usual) in seasons.windows(self.phases.len().max(1)).take(self.phases.len()).enumerate() {
            cx.check()?;
            let misfit = pulp::Arch::new().dispatch(|| misfit(level, usual, limit, least));
            if misfit < least {
                (best, least) = (phase, misfit);
            }
        }
        Ok(best)
    }
}

/// Sum of the distances of `level` from the season `usual`, over and over again, none counting more than `limit`. A part
/// of the sum where that is `enough` already.
#[inline(always)]
fn misfit(level: &[f64], usual: &[f64], limit: f64, enough: f64) -> f64 {
    let mut total = 0.0;
    for level in level.chunks(usual.len()) {
        let ((level, level_rest), (usual, usual_rest)) = (level.as_chunks::<8>(), usual.as_chunks::<8>());
        let distance = |level: f64, usual: f64| (level - usual).abs().min(limit);
        let mut sums = [0.0; 8];
        for (level, usual) in level.iter().zip(usual) {
            sums.iter_mut().zip(level).zip(usual).for_each(|((sum, level), usual)| *sum += distance(*level, *usual));
        }
        let rest = level_rest.iter().zip(usual_rest).map(|(level, usual)| distance(*level, *usual));
        total += sums.iter().sum::<f64>() + rest.sum::<f64>();
        if total >= enough {
            break;
        }
    }
    total
}

/// The series without its rolling median over one period (and a row more where that is even), around each row or up to
/// it. Rows too near an end take the trend of the nearest whole window.
fn without_trend(series: &[f64], period: usize, align: WindowAlign, cx: &Cx) -> Result<Vec<f64>, Cancelled> {
    let width = trend_rows(period).min(series.len());
    let mut window = SortedWindow::of(series.get(..width).unwrap_or(series).to_vec());
    let mut medians = Vec::with_capacity(series.len() - width + 1);
    medians.push(window.quantile(0.5));
    for (row, (&new, &old)) in series.iter().skip(width).zip(series).enumerate() {
        if row % 256 == 0 {
            cx.check()?;
        }
        window.replace(old, new);
        medians.push(window.quantile(0.5));
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
    use super::super::FittedDetector;
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
