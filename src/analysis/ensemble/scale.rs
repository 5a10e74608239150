//! From a combined value of any unit to a score from 0 to 1 whose meaning does not depend on the data.

use crate::analysis::stats::{min_max_of_column, quantiles_of_column};

/// Combined score at the threshold between normal and anomalous.
pub const THRESHOLD_SCORE: f64 = 0.3;

/// Maps a combined value to a score from 0 to 1: [`THRESHOLD_SCORE`] is the threshold, and above it the score grows with
/// the excess over the threshold, measured in distances from the median to the threshold: `0.3 + 0.7 (1 - (1 + u/2)^-2)`.
/// A value twice as far from the median as the threshold (u = 1) gets 0.69, one five times as far (u = 4) gets 0.92.
/// Strictly increasing, so that no order is lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ScoreScale {
    lowest: f64,
    pub(super) threshold: f64,
    unit: f64,
}

impl ScoreScale {
    /// The scale of a column of combined values with a threshold.
    pub(super) fn fit(values: &[f64], threshold: f64) -> Self {
        let (lowest, highest) = min_max_of_column(values);
        let median = quantiles_of_column(values, &[0.5]).first().copied().unwrap_or(0.0);
        // Where half the rows share one score the distance is nothing, and the whole range takes its place.
        let distances = [threshold - median, threshold - lowest, highest - lowest];
        let unit = distances.into_iter().find(|&u| u > 0.0 && u.is_finite());
        Self { lowest, threshold, unit: unit.unwrap_or(1.0) }
    }

    pub(super) fn is_anomaly(&self, value: f64) -> bool {
        value > self.threshold
    }

    pub(super) fn score(&self, value: f64) -> f64 {
        if value > self.threshold {
            let excess = (value - self.threshold) / self.unit;
            let part = 1.0 + excess / 2.0;
            // Never the threshold itself, however small the excess.
            (THRESHOLD_SCORE + (1.0 - THRESHOLD_SCORE) * (1.0 - 1.0 / (part * part))).max(THRESHOLD_SCORE.next_up())
        } else if self.threshold > self.lowest {
            (THRESHOLD_SCORE * ((value - self.lowest) / (self.threshold - self.lowest)).max(0.0)).min(THRESHOLD_SCORE)
        } else {
            0.0
        }
    }
}
