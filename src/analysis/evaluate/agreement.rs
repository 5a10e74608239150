//! Whether score columns over the same rows say the same: of other seeds, of other samples, of other detectors.
//!
//! Runs of one detector that differ only in their seed or sample should agree: where they do not, its alarms are partly
//! chance, and it needs more trees, more rows or fewer features. Members of an ensemble should agree a little: members
//! that always agree are one member, and one that agrees with no other is either the only one to see something, or
//! wrong.

use rayon::prelude::*;

use super::error::EvaluateError;
use crate::analysis::features::correlation::correlation_matrix;
use crate::cx::Cx;
use crate::recipe::CorrelationMethod;

/// Agreement of every pair of score columns. Matrices are symmetric, row after row, of as many rows as columns.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Agreement {
    /// Number of score columns.
    pub n_columns: usize,
    /// Spearman's rank correlation over all rows: 1 where both order the rows alike, 0 where they have nothing to do
    /// with each other, -1 where one is the other upside down. `None` with a column whose scores are all equal, or
    /// fewer than 2 rows.
    pub rank_correlation: Vec<Option<f64>>,
    /// Rows that both have in their top share, of those that one of them has (Jaccard): 1 where both would raise the
    /// same alarms, 0 where no alarm is shared. Two columns that choose a share s at random have about s / (2 - s).
    pub top_overlap: Vec<f64>,
}

/// Agreement over many pairs, in short.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Stability {
    /// Mean rank correlation of the pairs that have one; `None` where none has.
    pub mean_correlation: Option<f64>,
    /// The lowest rank correlation.
    pub worst_correlation: Option<f64>,
    /// Mean overlap of the top shares.
    pub mean_overlap: f64,
    /// The lowest overlap.
    pub worst_overlap: f64,
    /// The columns that have it, from 0: the first of several such pairs.
    pub worst_pair: (usize, usize),
}

impl Agreement {
    /// Agreement of score columns (finite, higher = more abnormal). A column's top share are the rows that score at
    /// least as high as the row at that place: at least one row, and more than the share where scores are tied there.
    ///
    /// Memory: 24 bytes per score.
    ///
    /// # Errors
    /// Unless all columns have one score per row and there are rows, and the share is above 0 and at most 1; when
    /// cancelled.
    pub fn of(columns: &[&[f64]], top_share: f64, cx: &Cx) -> Result<Self, EvaluateError> {
        if !(top_share > 0.0 && top_share <= 1.0) {
            let range = "above 0 and at most 1, such as the contamination";
            return Err(EvaluateError::OutOfRange { what: "the top share", value: top_share, range });
        }
        let n_rows = columns.first().map_or(0, |column| column.len());
        if let Some(column) = columns.iter().find(|column| column.len() != n_rows) {
            return Err(EvaluateError::LengthsDiffer { what: "scores", found: column.len(), expected: n_rows });
        }
        if n_rows == 0 && !columns.is_empty() {
            let range = "at least 1; score some rows first";
            return Err(EvaluateError::OutOfRange { what: "the number of rows", value: 0.0, range });
        }
        if let Some(row) = columns.iter().find_map(|column| column.iter().position(|score| !score.is_finite())) {
            return Err(EvaluateError::NotFinite { row });
        }
        let n_columns = columns.len();
        let correlations = correlation_matrix(CorrelationMethod::Spearman, columns, 2, cx)?;
        let tops = columns.par_iter().map(|column| {
            cx.check()?;
            Ok(top(column, top_share))
        });
        let tops = tops.collect::<Result<Vec<Vec<u64>>, EvaluateError>>()?;
        let pairs = (0..n_columns * n_columns).into_par_iter();
        let top_overlap = pairs.map(|pair| jaccard(&tops[pair / n_columns], &tops[pair % n_columns])).collect();
        let rank_correlation = correlations.into_iter().map(|r| r.is_finite().then_some(r)).collect();
        Ok(Self { n_columns, rank_correlation, top_overlap })
    }

    /// Mean and worst over the pairs of different columns; `None` for fewer than two columns.
    pub fn stability(&self) -> Option<Stability> {
        let n = self.n_columns;
        let pairs = || (0..n).flat_map(move |i| (i + 1..n).map(move |j| (i, j)));
        let correlations: Vec<f64> =
            pairs().filter_map(|(i, j)| self.rank_correlation.get(i * n + j).copied().flatten()).collect();
        let overlaps: Vec<(f64, (usize, usize))> =
            pairs().filter_map(|(i, j)| Some((*self.top_overlap.get(i * n + j)?, (i, j)))).collect();
        let &(worst_overlap, worst_pair) = overlaps.iter().min_by(|a, b| a.0.total_cmp(&b.0))?;
        let n_correlations = correlations.len() as f64;
        Some(Stability {
            mean_correlation: (n_correlations > 0.0).then(|| correlations.iter().sum::<f64>() / n_correlations),
            worst_correlation: correlations.iter().copied().min_by(f64::total_cmp),
            mean_overlap: overlaps.iter().map(|(overlap, _)| overlap).sum::<f64>() / overlaps.len() as f64,
            worst_overlap,
            worst_pair,
        })
    }
}

/// A bit for each row, set for those in the top share of the scores, of which there is at least one.
fn top(scores: &[f64], share: f64) -> Vec<u64> {
    let n_top = ((share * scores.len() as f64).ceil() as usize).clamp(1, scores.len());
    let mut falling = scores.to_vec();
    let (_, &mut border, _) = falling.select_nth_unstable_by(n_top - 1, |a, b| b.total_cmp(a));
    let word = |scores: &[f64]| scores.iter().rev().fold(0, |word, &score| word << 1 | u64::from(score >= border));
    scores.chunks(64).map(word).collect()
}

/// Rows in both of those in either, of which there is at least one.
fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (both, either) = a.iter().zip(b).fold((0, 0), |(both, either), (a, b)| {
        (both + (a & b).count_ones() as usize, either + (a | b).count_ones() as usize)
    });
    both as f64 / either as f64
}
