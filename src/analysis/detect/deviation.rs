//! z-score, modified z-score and interquartile range: how far is a value from a baseline, in units of its spread?
//!
//! The three differ in what is middle and spread: mean and standard deviation; median and median absolute deviation
//! (Iglewicz and Hoaglin: How to detect and handle outliers, 1993); the quartiles and what lies between them (Tukey:
//! Exploratory data analysis, 1977).

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::series::columns::ScoresSeries;
use super::series::robust::{SortedWindow, ratio, spread_of, spread_of_mad};
use super::series::{Combine, PerEntity, SeriesId, SeriesSet};
use super::{DetectError, Detector, Input};
use crate::analysis::stats::{mean_std, quantiles};
use crate::cx::{Cancelled, Cx};
use crate::recipe::{Baseline, DetectorKind, IqrConfig, ModifiedZScoreConfig, ZScoreConfig};

/// Rows a rolling baseline needs before the row it judges, unless it is shorter.
const LEAST_ROWS: usize = 10;

/// Values between two looks at the cancel flag.
const CHECK_VALUES: usize = 512;

/// Interquartile range of a normal distribution in standard deviations.
const IQR_OF_NORMAL: f64 = 1.348_980;

/// Which middle and spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Measure {
    ZScore,
    ModifiedZScore,
    Iqr,
}

/// Where values are usual: from `low` to `high` (the same but for the quartiles).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Reference {
    low: f64,
    high: f64,
    spread: f64,
}

/// A fitted z-score, modified z-score or interquartile range.
///
/// Values beyond ±1e140 count as ±1e140; scores lie within ±1e6. A spread of 0 is replaced: in the modified z-score by
/// 1.253314 times the mean absolute deviation, in the interquartile range by what a normal distribution of that modified
/// spread has, in a rolling baseline by the spread of all training rows. Where that is 0, too, a value off the baseline
/// scores 1e6. One training row, or equal ones, therefore give 0 to their equals and 1e6 to everything else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deviation {
    measure: Measure,
    baseline: Baseline,
    columns: Vec<PerEntity<Reference>>,
}

macro_rules! detectors {
    ($($config:ident, $measure:ident;)*) => {$(
        impl Detector for $config {
            type Fitted = Deviation;

            const USES_SERIES: bool = true;

            fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<Deviation, DetectError> {
                Deviation::fit(Measure::$measure, self.baseline, input, cx)
            }

            fn vote_threshold(&self, _sorted: &[f64]) -> f64 {
                self.limit
            }
        }
    )*};
}
detectors! {
    ZScoreConfig, ZScore;
    ModifiedZScoreConfig, ModifiedZScore;
    IqrConfig, Iqr;
}

impl ScoresSeries for Deviation {
    const COMBINE: Combine = Combine::Max;

    fn kind(&self) -> DetectorKind {
        self.measure.kind()
    }

    fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// |x - mean| / standard deviation (n), |x - median| 0.6745 / MAD, or the distance beyond the nearer quartile /
    /// interquartile range (from -0.5 between them; above 1.5 outside Tukey's fences).
    fn score_series(
        &self,
        id: SeriesId,
        series: &[f64],
        from: usize,
        _training: bool,
        cx: &Cx,
    ) -> Result<Vec<f64>, DetectError> {
        let Some(learned) = self.columns.get(id.column) else { return Ok(vec![0.0; series.len() - from]) };
        let global = *learned.of_series(id);
        let scores = match self.baseline {
            Baseline::Global => series.iter().skip(from).map(|&value| global.score(value)).collect(),
            Baseline::Rolling(rows) => self.measure.rolling(series, from, width(rows), global.spread, cx)?,
        };
        cx.progress().add(series.len() as u64);
        Ok(scores)
    }

    fn rows_needed(&self, _id: SeriesId, at: usize, _n: usize) -> Range<usize> {
        match self.baseline {
            Baseline::Global => at..at + 1,
            // From the block before, so that rolling moments are put together from the same blocks.
            Baseline::Rolling(rows) => (at / width(rows)).saturating_sub(1) * width(rows)..at + 1,
        }
    }
}

impl Deviation {
    fn fit(measure: Measure, baseline: Baseline, input: Input<'_>, cx: &Cx) -> Result<Self, DetectError> {
        let set = SeriesSet::to_fit(input, measure.kind())?;
        cx.progress().start(format!("{}: fit", measure.kind().title()), set.n_values());
        let columns = set.fit_columns(cx, |series| {
            PerEntity::learn(series, |series| {
                cx.check()?;
                Ok(measure.reference(&series.concat()))
            })
        })?;
        Ok(Self { measure, baseline, columns })
    }
}

/// Rows of a rolling baseline.
fn width(rows: u32) -> usize {
    (rows as usize).max(2)
}

impl Reference {
    fn score(self, value: f64) -> f64 {
        ratio((self.low - value).max(value - self.high), self.spread)
    }
}

impl Measure {
    fn kind(self) -> DetectorKind {
        match self {
            Self::ZScore => DetectorKind::ZScore,
            Self::ModifiedZScore => DetectorKind::ModifiedZScore,
            Self::Iqr => DetectorKind::Iqr,
        }
    }

    fn reference(self, values: &[f64]) -> Reference {
        if let Self::ZScore = self {
            let (mean, spread) = mean_std(values);
            return Reference { low: mean, high: mean, spread };
        }
        let [low, median, high] = quantiles(values, [0.25, 0.5, 0.75]);
        let spread = || spread_of(&values.iter().map(|value| (value - median).abs()).collect::<Vec<_>>());
        match self {
            Self::Iqr if high > low => Reference { low, high, spread: high - low },
            Self::Iqr => Reference { low, high, spread: spread() * IQR_OF_NORMAL },
            _ => Reference { low: median, high: median, spread: spread() },
        }
    }

    /// The score of each value from number `from` on against the `width` values before it.
    fn rolling(
        self,
        series: &[f64],
        from: usize,
        width: usize,
        global_spread: f64,
        cx: &Cx,
    ) -> Result<Vec<f64>, Cancelled> {
        let mut past = self.past(series.get(..from).unwrap_or(series), width);
        let mut scores = Vec::with_capacity(series.len() - from);
        for (row, &value) in series.iter().enumerate().skip(from) {
            // Long windows take longer per value.
            if row % (CHECK_VALUES / (1 + width / 1024)).max(1) == 0 {
                cx.check()?;
            }
            scores.push(if row < LEAST_ROWS.min(width) { 0.0 } else { self.past_score(&past, value, global_spread) });
            match &mut past {
                Past::Moments(moments) => moments.push(value),
                Past::Sorted(window) => match row.checked_sub(width).and_then(|old| series.get(old)) {
                    Some(&old) => window.replace(old, value),
                    None => window.insert(value),
                },
            }
        }
        Ok(scores)
    }

    /// What counts of the values `before` the first one scored.
    fn past(self, before: &[f64], width: usize) -> Past {
        match self {
            Self::ZScore => {
                let mut moments = RollingMoments::new(width);
                before.iter().for_each(|&value| moments.push(value));
                Past::Moments(moments)
            }
            Self::ModifiedZScore | Self::Iqr => {
                let last = before.get(before.len().saturating_sub(width)..).unwrap_or_default();
                Past::Sorted(SortedWindow::of(last.to_vec()))
            }
        }
    }

    fn past_score(self, past: &Past, value: f64, global_spread: f64) -> f64 {
        let or_global = |spread: f64| if spread > 0.0 { spread } else { global_spread };
        let reference = match past {
            Past::Moments(moments) => {
                let Moments { count, mean, squares } = moments.now();
                Reference { low: mean, high: mean, spread: or_global((squares / count.max(1.0)).sqrt()) }
            }
            Past::Sorted(window) => {
                let (low, median, high) = (window.quantile(0.25), window.quantile(0.5), window.quantile(0.75));
                // The mean deviation where the median deviation is 0, as for all rows.
                let spread = || match window.median_deviation(median) {
                    mad if mad > 0.0 => spread_of_mad(mad),
                    _ => spread_of(&window.values().iter().map(|value| (value - median).abs()).collect::<Vec<_>>()),
                };
                match self {
                    Self::Iqr if high > low => Reference { low, high, spread: high - low },
                    Self::Iqr => Reference { low, high, spread: or_global(spread() * IQR_OF_NORMAL) },
                    _ => Reference { low: median, high: median, spread: or_global(spread()) },
                }
            }
        };
        reference.score(value)
    }
}

/// The rows before a row.
enum Past {
    Moments(RollingMoments),
    Sorted(SortedWindow),
}

/// Number of values, their mean, and the sum of squares around it (Chan, Golub, LeVeque 1983).
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn with(self, other: Self) -> Self {
        let count = self.count + other.count;
        if count == 0.0 {
            return self;
        }
        let difference = other.mean - self.mean;
        let share = other.count / count;
        Self {
            count,
            mean: self.mean + difference * share,
            squares: self.squares + other.squares + difference * difference * self.count * share,
        }
    }

    fn of(value: f64) -> Self {
        Self { count: 1.0, mean: value, squares: 0.0 }
    }
}

/// Moments of the last `width` values. Nothing is ever subtracted, so a huge value leaves no trace once it is gone: the
/// window is the end of one block of `width` values, worked out backwards, and the start of the next.
struct RollingMoments {
    width: usize,
    /// Of the block before, from each of its values to its end.
    ends: Vec<Moments>,
    block: Vec<f64>,
    start: Moments,
}

impl RollingMoments {
    fn new(width: usize) -> Self {
        Self { width, ends: Vec::new(), block: Vec::with_capacity(width), start: Moments::default() }
    }

    fn push(&mut self, value: f64) {
        self.block.push(value);
        self.start = self.start.with(Moments::of(value));
        if self.block.len() == self.width {
            let mut end = Moments::default();
            self.ends.clear();
            self.ends.extend(self.block.iter().rev().map(|&value| {
                end = Moments::of(value).with(end);
                end
            }));
            self.ends.reverse();
            self.block.clear();
            self.start = Moments::default();
        }
    }

    fn now(&self) -> Moments {
        self.ends.get(self.block.len()).map_or(self.start, |end| end.with(self.start))
    }
}

#[cfg(test)]
mod tests;
