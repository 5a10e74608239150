//! Confidence per row: how far the verdict on a row can be relied on, whatever the verdict is.
//!
//! Confidence is not how abnormal a row is. It answers: would another judge say the same? The other judges are the other
//! members of the ensemble, the same network with other units dropped, and the rows next to it. 1: all say the same. 0:
//! they contradict each other as much as they can. A row with a high score and a low confidence is one to look at by
//! hand; a row with a high score and a high confidence can be acted on.
//!
//! | part | judges | is 1 where | falls with |
//! | --- | --- | --- | --- |
//! | member agreement | the members | all give the same probability | their standard deviation; 0: split in halves |
//! | model certainty | passes with dropout | all passes give the same error | the noise of the passes against how far the row stands out |
//! | neighbour similarity | the nearest rows | they have the same score | the mean difference of scores, near rows first |
//!
//! Together: the weighted geometric mean of the parts there are. So one strong contradiction is enough for a low
//! confidence, and parts that are missing neither raise nor lower it.

#[cfg(test)]
mod tests;

use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::calibrate::special::with_simd;
use crate::analysis::stats::quantiles;
use crate::cx::{Cancelled, Cx};

/// Weights of the parts in the geometric mean: the members are the most independent judges.
const MEMBERS_WEIGHT: f64 = 2.0;
const MODEL_WEIGHT: f64 = 1.0;
const NEIGHBOURS_WEIGHT: f64 = 1.0;

/// Least weight of neighbours that are far away, so that a row with nothing else still has a confidence.
const MIN_CLOSENESS: f64 = 1e-3;

/// From here on confidence is high.
const HIGH: f64 = 0.8;

/// From here on confidence is medium.
const MEDIUM: f64 = 0.5;

/// Rows that one thread works on at a time: the columns of ten members fit in the second cache.
const CHUNK_ROWS: usize = 1 << 10;

/// One member: its weight, at least 0, and its probability of an anomaly per row, 0 to 1.
#[derive(Debug, Clone, Copy)]
pub struct MemberColumn<'a> {
    /// Weight in the ensemble, finite; a member of weight 0 is not asked.
    pub weight: f64,
    /// Probability per row. Ranks work too, but members that all call a row normal can rank it differently, which then
    /// looks like disagreement.
    pub probabilities: &'a [f64],
}

/// Passes of the autoencoder with dropout (Gal, Ghahramani 2016).
#[derive(Debug, Clone, Copy)]
pub struct DropoutPasses<'a> {
    /// Mean error of the passes, per row.
    pub mean: &'a [f64],
    /// Standard deviation of the error over the passes, at least 0, per row.
    pub std: &'a [f64],
    /// Where the errors of the training rows lie.
    pub usual: &'a UsualErrors,
}

/// Where the errors of the training rows lie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UsualErrors {
    /// Their median.
    pub median: f64,
    /// Their interquartile range, at least 0.
    pub spread: f64,
}

/// The rows nearest to each row in the feature matrix.
#[derive(Debug, Clone, Copy)]
pub struct Neighbours<'a> {
    /// Combined score per row, 0 to 1.
    pub scores: &'a [f64],
    /// Row numbers of the `k` nearest rows of row 0, then of row 1, and so on. A row is no neighbour of itself,
    /// and row numbers that do not exist are left out.
    pub indices: &'a [u32],
    /// Neighbours per row, at least 1.
    pub k: usize,
    /// How far they are; without it all count as near. An anomaly that lies alone has only far neighbours, and these
    /// being normal says little against it.
    pub distances: Option<NeighbourDistances<'a>>,
}

/// How far neighbours are.
#[derive(Debug, Clone, Copy)]
pub struct NeighbourDistances<'a> {
    /// One per entry of [`Neighbours::indices`], at least 0.
    pub values: &'a [f64],
    /// A usual distance, such as the median of the training rows: a neighbour as far as this counts half.
    pub usual: f64,
}

/// Confidence of each row, 0 to 1, and the parts it comes from; a part is `None` where its input was not given.
#[derive(Debug, Clone, PartialEq)]
pub struct Confidence {
    /// Weighted geometric mean of the parts: members 2, model 1, neighbours 1 times how near they are.
    pub combined: Vec<f64>,
    /// `1 - 2 std`, with the weighted standard deviation of the members' probabilities, which is at most 1/2. `None` with
    /// fewer than two members of weight above 0. The document's `ensemble_variance`.
    pub member_agreement: Option<Vec<f64>>,
    /// `1 / (1 + (std / (spread + |mean - median|))²)`: the share of variance that is not noise of the passes. The
    /// document's `model_uncertainty`.
    pub model_certainty: Option<Vec<f64>>,
    /// One less the mean absolute difference of the score to those of the neighbours, each weighted by
    /// `usual / (usual + distance)`. The document's `neighborhood_similarity`.
    pub neighbour_similarity: Option<Vec<f64>>,
}

/// Confidence of one row; shows itself in words: "high: members agree, neighbours alike".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowConfidence {
    /// See [`Confidence::combined`].
    pub combined: f64,
    /// See [`Confidence::member_agreement`].
    pub member_agreement: Option<f64>,
    /// See [`Confidence::model_certainty`].
    pub model_certainty: Option<f64>,
    /// See [`Confidence::neighbour_similarity`].
    pub neighbour_similarity: Option<f64>,
}

/// Confidence in three steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ConfidenceLevel {
    /// Below 0.5: the judges contradict each other; look at the row by hand.
    Low,
    /// 0.5 up to 0.8.
    Medium,
    /// 0.8 and more: the judges say the same.
    High,
}

/// Why there is no confidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfidenceError {
    /// The user cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// Nothing to compare with.
    #[error("confidence needs at least two members with a weight, Monte-Carlo dropout, or neighbours")]
    NoParts,
    /// Columns do not fit together.
    #[error("{what}: {found} instead of {expected}")]
    Lengths {
        /// Of what.
        what: &'static str,
        /// What was expected.
        expected: usize,
        /// What was found.
        found: usize,
    },
}

impl From<Cancelled> for ConfidenceError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl UsualErrors {
    /// Of the errors of the training rows. With none, or all alike: any noise counts fully.
    pub fn fit(errors: &[f64]) -> Self {
        if errors.is_empty() {
            return Self { median: 0.0, spread: 0.0 };
        }
        // Halves, since the difference of two numbers can be larger than any number.
        let halves: Vec<f64> = errors.iter().map(|error| error / 2.0).collect();
        let [low, median, high] = quantiles(&halves, [0.25, 0.5, 0.75]);
        Self { median: median * 2.0, spread: ((high - low) * 2.0).min(f64::MAX) }
    }
}

impl Confidence {
    /// Confidence of `n_rows` rows. Finite input gives numbers in 0 to 1.
    ///
    /// # Errors
    /// [`ConfidenceError`].
    pub fn new(
        n_rows: usize,
        members: &[MemberColumn],
        passes: Option<DropoutPasses>,
        neighbours: Option<Neighbours>,
        cx: &Cx,
    ) -> Result<Self, ConfidenceError> {
        let members: Vec<MemberColumn> = members.iter().copied().filter(|member| member.weight > 0.0).collect();
        check(n_rows, &members, passes, neighbours)?;
        if members.len() < 2 && passes.is_none() && neighbours.is_none() {
            return Err(ConfidenceError::NoParts);
        }
        let column = |wanted: bool| wanted.then(|| vec![0.0; n_rows]);
        let mut confidence = Self {
            combined: vec![0.0; n_rows],
            member_agreement: column(members.len() >= 2),
            model_certainty: column(passes.is_some()),
            neighbour_similarity: column(neighbours.is_some()),
        };
        let Self { combined, member_agreement, model_certainty, neighbour_similarity } = &mut confidence;
        combined
            .par_chunks_mut(CHUNK_ROWS)
            .zip(chunks(member_agreement, n_rows))
            .zip(chunks(model_certainty, n_rows).zip(chunks(neighbour_similarity, n_rows)))
            .enumerate()
            .try_for_each(|(chunk, ((combined, agreement), (certainty, similarity)))| {
                cx.check()?;
                let first = chunk * CHUNK_ROWS;
                let mut mean = GeometricMean::new(combined.len());
                if let Some(agreement) = agreement {
                    agree(&members, first, agreement);
                    mean.add(agreement, |_| MEMBERS_WEIGHT);
                }
                if let (Some(certainty), Some(passes)) = (certainty, passes) {
                    passes.certainty(first, certainty);
                    mean.add(certainty, |_| MODEL_WEIGHT);
                }
                if let (Some(similarity), Some(neighbours)) = (similarity, neighbours) {
                    let closeness = neighbours.similarity(first, similarity);
                    let weight = |row: usize| NEIGHBOURS_WEIGHT * closeness.get(row).copied().unwrap_or(MIN_CLOSENESS);
                    mean.add(similarity, weight);
                }
                mean.write(combined);
                Ok(())
            })
            .map_err(|Cancelled| ConfidenceError::Cancelled)?;
        Ok(confidence)
    }

    /// The confidence of one row; `None`: there is no such row.
    pub fn row(&self, row: usize) -> Option<RowConfidence> {
        let at = |column: &Option<Vec<f64>>| column.as_ref().and_then(|column| column.get(row).copied());
        Some(RowConfidence {
            combined: *self.combined.get(row)?,
            member_agreement: at(&self.member_agreement),
            model_certainty: at(&self.model_certainty),
            neighbour_similarity: at(&self.neighbour_similarity),
        })
    }
}

impl RowConfidence {
    /// The confidence in three steps.
    pub fn level(&self) -> ConfidenceLevel {
        if self.combined >= HIGH {
            ConfidenceLevel::High
        } else if self.combined >= MEDIUM {
            ConfidenceLevel::Medium
        } else {
            ConfidenceLevel::Low
        }
    }
}

impl fmt::Display for RowConfidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.level() {
            ConfidenceLevel::High => "high: ",
            ConfidenceLevel::Medium => "medium: ",
            ConfidenceLevel::Low => "low: ",
        })?;
        let words = [
            (self.member_agreement, ["members agree", "members agree in part", "members disagree"]),
            (self.model_certainty, ["model certain", "model less certain", "model uncertain"]),
            (self.neighbour_similarity, ["neighbours alike", "neighbours alike in part", "neighbours differ"]),
        ];
        let mut separator = "";
        for (part, [high, medium, low]) in words {
            let Some(part) = part else { continue };
            let word = if part >= HIGH {
                high
            } else if part >= MEDIUM {
                medium
            } else {
                low
            };
            write!(f, "{separator}{word}")?;
            separator = ", ";
        }
        Ok(())
    }
}

/// Agreement of the members on the rows from `first` on.
fn agree(members: &[MemberColumn], first: usize, agreement: &mut [f64]) {
    // In units of the largest weight: the sum does not overflow.
    let largest = members.iter().map(|member| member.weight).fold(0.0, f64::max);
    let total: f64 = members.iter().map(|member| member.weight / largest).sum();
    with_simd(
        #[inline(always)]
        || {
            let agreement = &mut *agreement;
            let mut means = vec![0.0; agreement.len()];
            for member in members {
                let (share, values) =
                    (member.weight / largest / total, member.probabilities.get(first..).unwrap_or_default());
                for (mean, value) in means.iter_mut().zip(values) {
                    *mean += share * value;
                }
            }
            agreement.fill(0.0);
            for member in members {
                let (share, values) =
                    (member.weight / largest / total, member.probabilities.get(first..).unwrap_or_default());
                for ((variance, mean), value) in agreement.iter_mut().zip(&means).zip(values) {
                    *variance += share * (value - mean) * (value - mean);
                }
            }
            for variance in agreement.iter_mut() {
                *variance = (1.0 - 2.0 * variance.sqrt()).clamp(0.0, 1.0);
            }
        },
    );
}

impl DropoutPasses<'_> {
    /// Certainty of the rows from `first` on.
    fn certainty(&self, first: usize, certainty: &mut [f64]) {
        let passes = self.mean.get(first..).unwrap_or_default().iter().zip(self.std.get(first..).unwrap_or_default());
        for (certainty, (mean, std)) in certainty.iter_mut().zip(passes) {
            // Quarters, since sum and difference of numbers can be larger than any number.
            let signal = self.usual.spread / 4.0 + (mean / 4.0 - self.usual.median / 4.0).abs();
            let ratio = if *std > 0.0 { std / 4.0 / signal } else { 0.0 };
            *certainty = 1.0 / (1.0 + ratio * ratio);
        }
    }
}

impl Neighbours<'_> {
    /// Similarity of the rows from `first` on, and how near their neighbours are, [`MIN_CLOSENESS`] to 1.
    fn similarity(&self, first: usize, similarity: &mut [f64]) -> Vec<f64> {
        let start = first * self.k;
        let indices = self.indices.get(start..).unwrap_or_default().chunks(self.k);
        let distances = self.distances.map(|distances| distances.values.get(start..).unwrap_or_default());
        let scores = self.scores.get(first..).unwrap_or_default();
        let rows = similarity.iter_mut().zip(scores).zip(indices).enumerate();
        rows.map(|(row, ((similarity, score), indices))| {
            let (mut n, mut near, mut difference) = (0.0, 0.0, 0.0);
            for (at, index) in indices.iter().map(|index| *index as usize).enumerate() {
                let Some(other) = self.scores.get(index).filter(|_| index != first + row) else { continue };
                let distance = distances.and_then(|distances| distances.get(row * self.k + at));
                let closeness = distance.map_or(1.0, |distance| self.closeness(*distance));
                n += 1.0;
                near += closeness;
                difference += closeness * (score - other).abs();
            }
            *similarity = if near > 0.0 { (1.0 - difference / near).clamp(0.0, 1.0) } else { 1.0 };
            if n > 0.0 { (near / n).max(MIN_CLOSENESS) } else { MIN_CLOSENESS }
        })
        .collect()
    }

    fn closeness(&self, distance: f64) -> f64 {
        let usual = self.distances.map_or(0.0, |distances| distances.usual);
        if distance > 0.0 { usual / 2.0 / (usual / 2.0 + distance / 2.0) } else { 1.0 }
    }
}

/// Weighted geometric means of one chunk of rows.
struct GeometricMean {
    logarithms: Vec<f64>,
    weights: Vec<f64>,
}

impl GeometricMean {
    fn new(n_rows: usize) -> Self {
        Self { logarithms: vec![0.0; n_rows], weights: vec![0.0; n_rows] }
    }

    fn add(&mut self, part: &[f64], weight: impl Fn(usize) -> f64) {
        for (row, (value, (sum, weights))) in
            part.iter().zip(self.logarithms.iter_mut().zip(&mut self.weights)).enumerate()
        {
            *sum += weight(row) * value.ln();
            *weights += weight(row);
        }
    }

    fn write(self, combined: &mut [f64]) {
        let rows = combined.iter_mut().zip(self.logarithms.iter().zip(&self.weights));
        rows.for_each(|(combined, (sum, weights))| *combined = (sum / weights).exp().clamp(0.0, 1.0));
    }
}

/// Chunks of a column, or as many times nothing.
fn chunks(column: &mut Option<Vec<f64>>, n_rows: usize) -> impl IndexedParallelIterator<Item = Option<&mut [f64]>> {
    let chunks: Vec<Option<&mut [f64]>> = match column {
        Some(column) => column.chunks_mut(CHUNK_ROWS).map(Some).collect(),
        None => (0..n_rows.div_ceil(CHUNK_ROWS)).map(|_| None).collect(),
    };
    chunks.into_par_iter()
}

fn check(
    n_rows: usize,
    members: &[MemberColumn],
    passes: Option<DropoutPasses>,
    neighbours: Option<Neighbours>,
) -> Result<(), ConfidenceError> {
    let lengths = |what, expected, found| {
        if found == expected { Ok(()) } else { Err(ConfidenceError::Lengths { what, expected, found }) }
    };
    for member in members {
        lengths("probabilities of a member", n_rows, member.probabilities.len())?;
    }
    if let Some(passes) = passes {
        lengths("means of the passes", n_rows, passes.mean.len())?;
        lengths("deviations of the passes", n_rows, passes.std.len())?;
    }
    if let Some(neighbours) = neighbours {
        lengths("neighbours per row", neighbours.k.max(1), neighbours.k)?;
        let n_entries = n_rows * neighbours.k;
        lengths("combined scores", n_rows, neighbours.scores.len())?;
        lengths("neighbours", n_entries, neighbours.indices.len())?;
        if let Some(distances) = neighbours.distances {
            lengths("distances", n_entries, distances.values.len())?;
        }
    }
    Ok(())
}
