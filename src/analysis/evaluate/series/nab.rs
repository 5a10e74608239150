//! Scores of the Numenta Anomaly Benchmark (NAB 1.1): early alarms in a window are worth most, one threshold for all.
//!
//! Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms: the Numenta Anomaly Benchmark", ICMLA 2015.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::runs::Runs;
use super::{SeriesMetricsError, check_finite};
use crate::cx::Cx;

/// What right and wrong alarms are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NabProfile {
    /// Balanced.
    Standard,
    /// False alarms cost twice as much.
    RewardLowFpRate,
    /// Missed windows cost twice as much.
    RewardLowFnRate,
}

impl NabProfile {
    /// Every profile.
    pub const ALL: [Self; 3] = [Self::Standard, Self::RewardLowFpRate, Self::RewardLowFnRate];

    const fn weights(self) -> Weights {
        match self {
            Self::Standard => Weights { hit: 1.0, miss: 1.0, false_alarm: 0.11 },
            Self::RewardLowFpRate => Weights { hit: 1.0, miss: 1.0, false_alarm: 0.22 },
            Self::RewardLowFnRate => Weights { hit: 1.0, miss: 2.0, false_alarm: 0.11 },
        }
    }
}

struct Weights {
    hit: f64,
    miss: f64,
    false_alarm: f64,
}

/// One series to score.
#[derive(Debug, Clone, Copy)]
pub struct NabSeries<'a> {
    /// Scores in time order, higher = more abnormal.
    pub scores: &'a [f64],
    /// Where an alarm is right. NAB's own windows reach well beyond the labelled rows (10 % of the rows of a file are
    /// shared out among its windows); runs of a label column are stricter.
    pub windows: &'a Runs,
}

/// Score of one profile at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NabResult {
    /// 100 for an alarm on the first row of every window and none elsewhere, 0 for no alarm at all, below 0 for worse.
    /// `None` without windows.
    pub score: Option<f64>,
    /// Sum of the rewards and penalties before they are brought to that scale.
    pub raw: f64,
    /// Lowest score that is an alarm; `None` where no row is one.
    pub threshold: Option<f64>,
    /// Windows of all series.
    pub windows: usize,
    /// Windows with an alarm.
    pub windows_hit: usize,
    /// Alarms outside windows.
    pub false_positive_rows: usize,
}

/// A row that counts.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    score: f64,
    /// In a window: worth of an alarm here, 1 at the left edge. Outside: -1, or nearer 0 shortly after a window.
    credit: f64,
    /// Number of the window over all series.
    window: Option<usize>,
}

/// Series made ready for any profile and threshold: one sort, then O(rows) for each question.
#[derive(Debug, Clone, PartialEq)]
pub struct Nab {
    /// By score, highest first; rows of equal score as they came.
    rows: Vec<Row>,
    n_windows: usize,
    /// Windows with a row that counts.
    n_reachable: usize,
}

impl Nab {
    /// Makes series ready. In each, the first 15 % of the rows (750 at most) are for learning: alarms there do not
    /// count, neither right nor wrong. A window that lies wholly within them still counts for the perfect score.
    ///
    /// # Errors
    /// A score is not finite, windows reach past the last row, or the work was cancelled.
    pub fn new<'a>(series: impl IntoIterator<Item = NabSeries<'a>>, cx: &Cx) -> Result<Self, SeriesMetricsError> {
        let mut nab = Self { rows: Vec::new(), n_windows: 0, n_reachable: 0 };
        for series in series {
            cx.check()?;
            nab.add(series)?;
        }
        cx.check()?;
        nab.rows.par_sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(nab)
    }

    fn add(&mut self, series: NabSeries) -> Result<(), SeriesMetricsError> {
        let (n_rows, windows) = (series.scores.len(), series.windows.as_slice());
        check_finite(series.scores)?;
        if let Some(window) = windows.last().filter(|window| window.end > n_rows) {
            return Err(SeriesMetricsError::Range { start: window.start, end: window.end, n_rows });
        }
        let probation = ((0.15 * n_rows as f64) as usize).min(750);
        // The windows that have begun: the last one decides.
        let mut begun = 0;
        for (row, &score) in series.scores.iter().enumerate() {
            begun += windows.get(begun..).map_or(0, |next| next.iter().take_while(|w| w.start <= row).count());
            if row < probation {
                continue;
            }
            let last = begun.checked_sub(1).and_then(|at| windows.get(at));
            let inside = last.is_some_and(|window| row < window.end);
            self.rows.push(Row {
                // No two zeros: rows of equal score stay as they came.
                score: score + 0.0,
                credit: last.map_or(-1.0, |window| credit(row, window)),
                window: inside.then(|| self.n_windows + begun - 1),
            });
        }
        self.n_windows += windows.len();
        self.n_reachable += windows.iter().filter(|window| window.end > probation).count();
        Ok(())
    }

    /// The result at the threshold that is best for the profile; the highest of those where several are.
    pub fn best(&self, profile: NabProfile) -> NabResult {
        let mut best = self.silent(profile);
        self.walk(profile, |result| {
            if result.raw > best.raw {
                best = result;
            }
            true
        });
        self.normalised(best, profile)
    }

    /// The result with an alarm on every row that scores at least `threshold`. [`NabResult::threshold`] is the lowest
    /// score of these rows.
    pub fn at(&self, threshold: f64, profile: NabProfile) -> NabResult {
        let mut at = self.silent(profile);
        self.walk(profile, |result| {
            let reached = result.threshold.is_some_and(|lowest| lowest >= threshold);
            if reached {
                at = result;
            }
            reached
        });
        self.normalised(at, profile)
    }

    /// No alarm at all.
    fn silent(&self, profile: NabProfile) -> NabResult {
        NabResult {
            score: None,
            raw: 0.0 - profile.weights().miss * self.n_reachable as f64,
            threshold: None,
            windows: self.n_windows,
            windows_hit: 0,
            false_positive_rows: 0,
        }
    }

    /// Shows the result at each threshold from the highest down, until `go_on` says no.
    fn walk(&self, profile: NabProfile, mut go_on: impl FnMut(NabResult) -> bool) {
        let weights = profile.weights();
        let silent = self.silent(profile);
        let mut result = silent;
        let mut gained = 0.0;
        let mut best = vec![None::<f64>; self.n_windows];
        for tied in self.rows.chunk_by(|a, b| a.score == b.score) {
            for row in tied {
                match row.window.and_then(|window| best.get_mut(window)) {
                    Some(best) => {
                        let before = best.unwrap_or(-weights.miss);
                        let after = before.max(row.credit * weights.hit);
                        gained += after - before;
                        result.windows_hit += usize::from(best.is_none());
                        *best = Some(after);
                    }
                    None => {
                        gained += row.credit * weights.false_alarm;
                        result.false_positive_rows += 1;
                    }
                }
            }
            result.threshold = tied.first().map(|row| row.score);
            result.raw = silent.raw + gained;
            if !go_on(result) {
                break;
            }
        }
    }

    fn normalised(&self, result: NabResult, profile: NabProfile) -> NabResult {
        let (silent, perfect) = (self.silent(profile).raw, profile.weights().hit * self.n_windows as f64);
        let score = (self.n_windows > 0).then(|| 100.0 * (result.raw - silent) / (perfect - silent));
        NabResult { score, ..result }
    }
}

/// Worth of an alarm on `row`, which lies in `window` or after it.
fn credit(row: usize, window: &Range<usize>) -> f64 {
    let (width, right) = (window.len() as f64, window.end - 1);
    if row <= right {
        sigmoid(-((right - row + 1) as f64) / width) / sigmoid(-1.0)
    } else if width > 1.0 {
        sigmoid((row - right) as f64 / (width - 1.0))
    } else {
        -1.0
    }
}

/// NAB's scaled sigmoid of a position relative to a window: -1 is its left edge, 0 just past its right edge.
fn sigmoid(position: f64) -> f64 {
    if position > 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * position).exp()) - 1.0 }
}
