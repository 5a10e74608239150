//! Isotonic regression: the rising curve from scores to probabilities that fits the labels best.
//!
//! Pool adjacent violators (Ayer et al. 1955), with the conventions of scikit-learn's `IsotonicRegression`: rows of
//! the same score are averaged first, between thresholds it interpolates, outside it clips.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::special::map_column;
use super::{CalibrationError, check};
use crate::cx::{Cancelled, Cx};

/// A rising curve through thresholds. Where it is flat, only the ends of the stretch are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Isotonic {
    /// Scores, rising.
    scores: Vec<f64>,
    /// Probability at each of the scores, not falling.
    probabilities: Vec<f64>,
}

/// Rows of neighbouring scores with one probability.
#[derive(Debug, Clone, Copy)]
struct Block {
    first_score: f64,
    last_score: f64,
    weight: f64,
    /// Sum of weights of the anomalies.
    anomalous: f64,
}

impl Block {
    fn share(&self) -> f64 {
        self.anomalous / self.weight
    }
}

impl Isotonic {
    /// Learns the curve. Rows of weight 0 are left out. Scores that are all alike give the share of anomalies.
    ///
    /// # Errors
    /// [`CalibrationError`]: cancelled, no rows, one class only, lengths that differ, numbers that cannot be used.
    pub fn fit(scores: &[f64], labels: &[bool], weights: Option<&[f64]>, cx: &Cx) -> Result<Self, CalibrationError> {
        check(scores, labels, weights)?;
        let mut curve = Self { scores: Vec::new(), probabilities: Vec::new() };
        for block in pool(scores, labels, weights, cx)? {
            // A weighted share of rows that are all anomalies can round to more than 1.
            let share = block.share().min(1.0);
            curve.push(block.first_score, share);
            if block.last_score > block.first_score {
                curve.push(block.last_score, share);
            }
        }
        Ok(curve)
    }

    fn push(&mut self, score: f64, probability: f64) {
        self.scores.push(score);
        self.probabilities.push(probability);
    }

    /// Probability that a row of this score is an anomaly, 0 to 1; it never falls as the score rises.
    #[inline(always)]
    pub fn probability(&self, score: f64) -> f64 {
        let above = self.scores.partition_point(|threshold| *threshold < score);
        let at = |index: usize| Some((*self.scores.get(index)?, *self.probabilities.get(index)?));
        match (above.checked_sub(1).and_then(at), at(above)) {
            // Halves, since the difference of two numbers can be larger than any number. The last two steps hold what
            // rounding leaves between the two thresholds.
            (Some((s0, p0)), Some((s1, p1))) => {
                let share = (score / 2.0 - s0 / 2.0) / (s1 / 2.0 - s0 / 2.0);
                if score == s1 { p1 } else { (p0 + (p1 - p0) * share).max(p0).min(p1) }
            }
            (Some((_, p)), None) | (None, Some((_, p))) => p,
            (None, None) => 0.0,
        }
    }

    /// [`Isotonic::probability`] of each score.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn probabilities(&self, scores: &[f64], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        map_column(scores, cx, |score| self.probability(score))
    }

    /// The thresholds and the probabilities at them.
    pub fn thresholds(&self) -> (&[f64], &[f64]) {
        (&self.scores, &self.probabilities)
    }
}

/// Blocks of rising share, in rising order of the score.
fn pool(scores: &[f64], labels: &[bool], weights: Option<&[f64]>, cx: &Cx) -> Result<Vec<Block>, CalibrationError> {
    let mut rows: Vec<(f64, bool, f64)> = scores
        .iter()
        .zip(labels)
        .enumerate()
        // Adding 0 makes the two zeros one.
        .map(|(row, (score, label))| (score + 0.0, *label, weights.and_then(|w| w.get(row)).copied().unwrap_or(1.0)))
        .filter(|(_, _, weight)| *weight > 0.0)
        .collect();
    // By everything, so that sums over equal scores do not depend on the order of the rows.
    rows.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.total_cmp(&b.2)));
    cx.check()?;
    let mut blocks: Vec<Block> = Vec::new();
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let Some(&(score, ..)) = tied.first() else { continue };
        let (weight, anomalous) = tied.iter().fold((0.0, 0.0), |(all, anomalous), &(_, label, weight)| {
            (all + weight, if label { anomalous + weight } else { anomalous })
        });
        let mut block = Block { first_score: score, last_score: score, weight, anomalous };
        while let Some(before) = blocks.pop_if(|before| before.share() >= block.share()) {
            block.first_score = before.first_score;
            block.weight += before.weight;
            block.anomalous += before.anomalous;
        }
        blocks.push(block);
    }
    Ok(blocks)
}
