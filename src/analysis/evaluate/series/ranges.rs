//! Range-based precision and recall: how much of each run was covered, where in the run, and in how many pieces.
//!
//! Tatbul, Lee, Zdonik, Alam and Gottschlich, "Precision and Recall for Time Series", NeurIPS 2018.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::SeriesMetricsError;
use super::runs::Runs;
use super::summary::PrecisionRecall;

/// Which rows of a run matter most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bias {
    /// All alike.
    #[default]
    Flat,
    /// The first ones: an early alarm is worth more.
    Front,
    /// Those in the middle.
    Middle,
    /// The last ones.
    Back,
}

impl Bias {
    /// Weight of the first `rows` of a run of `len` rows.
    fn weight_of_first(self, rows: usize, len: usize) -> f64 {
        let half = len / 2;
        let (rows, len) = (rows as f64, len as f64);
        let rising = |rows: f64| rows * (rows + 1.0) / 2.0;
        let falling = |rows: f64| rows * len - rows * (rows - 1.0) / 2.0;
        match self {
            Self::Flat => rows,
            Self::Front => falling(rows),
            Self::Back => rising(rows),
            Self::Middle => {
                let half = half as f64;
                if rows <= half { rising(rows) } else { rising(half) + falling(rows) - falling(half) }
            }
        }
    }

    /// Share of the weight of `run` that lies in `part`, which shares a row with it.
    fn share(self, run: &Range<usize>, part: &Range<usize>) -> f64 {
        let first = part.start.max(run.start) - run.start;
        let end = part.end.min(run.end) - run.start;
        let weight = |rows| self.weight_of_first(rows, run.len());
        (weight(end) - weight(first)) / weight(run.len())
    }
}

/// What it costs to cover a run in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cardinality {
    /// Nothing.
    One,
    /// The reward is divided by the number of pieces.
    #[default]
    Reciprocal,
}

/// How one run is rewarded: alpha for being found at all, the rest for how much of it is covered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RangeWeights {
    alpha: f64,
    bias: Bias,
    cardinality: Cardinality,
}

impl RangeWeights {
    /// Weights of the published range-based F1 of TSB-AD for recall: alpha 0.2, flat, reciprocal.
    pub const RECALL: Self = Self { alpha: 0.2, bias: Bias::Flat, cardinality: Cardinality::Reciprocal };
    /// Weights of the published range-based F1 of TSB-AD for precision: alpha 0 (the paper gives precision no reward
    /// for existence), flat, reciprocal.
    pub const PRECISION: Self = Self { alpha: 0.0, ..Self::RECALL };

    /// Weights with `alpha` in 0 to 1.
    ///
    /// # Errors
    /// [`SeriesMetricsError::Alpha`].
    pub fn new(alpha: f64, bias: Bias, cardinality: Cardinality) -> Result<Self, SeriesMetricsError> {
        if (0.0..=1.0).contains(&alpha) {
            Ok(Self { alpha, bias, cardinality })
        } else {
            Err(SeriesMetricsError::Alpha { alpha })
        }
    }

    /// Sum over `runs` of the reward for being covered by `parts`, 0 to 1 for each run.
    fn reward(&self, runs: &Runs, parts: &Runs) -> f64 {
        let rewards = runs.overlaps(parts).filter(|(_, parts)| !parts.is_empty()).map(|(run, parts)| {
            let covered: f64 = parts.iter().map(|part| self.bias.share(run, part)).sum();
            let pieces = match self.cardinality {
                Cardinality::One => 1.0,
                Cardinality::Reciprocal => parts.len() as f64,
            };
            self.alpha + (1.0 - self.alpha) * covered / pieces
        });
        rewards.sum()
    }
}

/// Rewards of the runs of one or more series. The metrics are means over all runs together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RangeSums {
    events: usize,
    event_reward: f64,
    alarms: usize,
    alarm_reward: f64,
}

impl RangeSums {
    /// Rewards of one series: of its events for being covered by alarms (with the weights of recall), and of its alarms
    /// for being covered by events (with the weights of precision).
    pub fn of(events: &Runs, alarms: &Runs, precision: &RangeWeights, recall: &RangeWeights) -> Self {
        Self {
            events: events.len(),
            event_reward: recall.reward(events, alarms),
            alarms: alarms.len(),
            alarm_reward: precision.reward(alarms, events),
        }
    }

    /// Adds the rewards of another series.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            events: self.events + other.events,
            event_reward: self.event_reward + other.event_reward,
            alarms: self.alarms + other.alarms,
            alarm_reward: self.alarm_reward + other.alarm_reward,
        }
    }

    /// Mean reward of the alarms (precision) and of the events (recall).
    pub fn scores(&self) -> PrecisionRecall {
        let mean = |sum: f64, count: usize| (count > 0).then(|| sum / count as f64);
        PrecisionRecall::new(mean(self.alarm_reward, self.alarms), mean(self.event_reward, self.events))
    }
}
