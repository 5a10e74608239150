//! Matrix profile: how unlike any other window of its series is the window around a row?
//!
//! Yeh et al.: Matrix profile I (ICDM 2016), exact, with the conventions of stumpy. A window unlike all others, a
//! discord, is one of the strongest marks of an anomaly in a series that repeats itself.

mod join;
mod profile;
mod windows;

use serde::{Deserialize, Serialize};

pub use profile::{matrix_profile, matrix_profile_join};

use super::series::window::{to_rows, window_length};
use super::series::{Combine, SeriesSet};
use super::{DetectError, Detector, FittedDetector, Input, contamination_threshold};
use crate::cx::{Cancelled, Cx};
use crate::recipe::{DetectorKind, MatrixProfileConfig, WindowAlign};

const KIND: DetectorKind = DetectorKind::MatrixProfile;

/// A fitted matrix profile: the training series.
///
/// Values beyond ±1e140 count as ±1e140. Level and scale of a window do not count, so noise on a flat stretch counts as
/// much as any other shape; a window of equal values is as far from others as one unrelated to them. A series shorter than
/// the window, or with no window apart from the others, scores 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatrixProfile {
    align: WindowAlign,
    /// Rows compared with each other.
    piece_rows: usize,
    columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Column {
    window: usize,
    /// The last rows of the series of each entity.
    series: Vec<Vec<f64>>,
}

impl Detector for MatrixProfileConfig {
    type Fitted = MatrixProfile;

    const USES_SERIES: bool = true;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<MatrixProfile, DetectError> {
        let set = SeriesSet::to_fit(input, KIND)?;
        cx.progress().start("Matrix profile: fit", set.n_values());
        let limit = usize::try_from(self.max_fit_rows).ok().filter(|&limit| limit > 0).unwrap_or(usize::MAX);
        let columns = set.fit_columns(cx, |series| {
            let window = window_length(self.window, series, cx)?;
            let piece_rows = limit.max(4 * window);
            if series.iter().any(|series| series.len() > piece_rows) {
                cx.warn(format!(
                    "Matrix profile compared rows only with others of the same {piece_rows} rows of their series \
                     (detectors.matrix_profile.max_fit_rows)"
                ));
            }
            let last = |series: &Vec<f64>| series[series.len().saturating_sub(piece_rows)..].to_vec();
            Ok(Column { window, series: series.iter().map(last).collect() })
        })?;
        Ok(MatrixProfile { align: self.align, piece_rows: limit, columns })
    }

    fn working_bytes(&self, input: Input<'_>) -> u64 {
        super::series::copied_bytes(input)
    }

    fn vote_threshold(&self, sorted: &[f64]) -> f64 {
        contamination_threshold(sorted, self.contamination)
    }
}

impl FittedDetector for MatrixProfile {
    /// The mean over the columns of distance / √(2m) = √(1 - correlation) of the row's window to the nearest window of
    /// the training series: of its own entity where there are as many entities as in training, else of any. From 0 to √2;
    /// near 1 for a shape unrelated to anything seen. A training row finds itself and scores 0.
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        self.score(input, cx, |column, entity, n_entities, series| {
            let own = if column.series.len() == n_entities { column.series.get(entity) } else { None };
            let references = own.map_or(&column.series[..], std::slice::from_ref);
            let mut nearest: Vec<f64> = Vec::new();
            for reference in references {
                let (distances, _) = matrix_profile_join(series, reference, column.window, cx)?;
                if nearest.is_empty() {
                    nearest = distances;
                } else {
                    nearest.iter_mut().zip(distances).for_each(|(nearest, distance)| *nearest = nearest.min(distance));
                }
            }
            Ok(nearest)
        })
    }

    /// The same, with the nearest other window of the row's own series that starts more than ⌈m / 4⌉ rows away.
    fn training_scores(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        self.score(input, cx, |column, _, _, series| self.discords(series, column.window, cx))
    }
}

impl MatrixProfile {
    /// Rows in a window, per column.
    pub fn windows(&self) -> Vec<usize> {
        self.columns.iter().map(|column| column.window).collect()
    }

    /// Scores rows by the distances of their windows.
    fn score(
        &self,
        input: Input<'_>,
        cx: &Cx,
        distances: impl Fn(&Column, usize, usize, &[f64]) -> Result<Vec<f64>, Cancelled> + Sync,
    ) -> Result<Vec<f64>, DetectError> {
        let set = SeriesSet::to_score(input, self.columns.len(), KIND)?;
        cx.progress().start("Matrix profile: score", set.n_values());
        set.score(Combine::Mean, cx, |entity, column, series| {
            let Some(column) = self.columns.get(column) else { return Ok(vec![0.0; series.len()]) };
            let unit = (2.0 * column.window as f64).sqrt();
            let mut scores = distances(column, entity, set.n_entities(), series)?;
            // No neighbour, no evidence.
            scores.iter_mut().for_each(|score| *score = if score.is_finite() { *score / unit } else { 0.0 });
            Ok(to_rows(&scores, series.len(), column.window, self.align))
        })
    }

    /// Distances within each piece of a series. Pieces are equally long and overlap so that every window lies in one.
    fn discords(&self, series: &[f64], m: usize, cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let n_windows = (series.len() + 1).saturating_sub(m);
        let piece_windows = self.piece_rows.max(4 * m) + 1 - m;
        let n_pieces = n_windows.div_ceil(piece_windows).max(1);
        let mut distances = Vec::with_capacity(n_windows);
        for piece in 0..n_pieces {
            let (start, end) = (piece * n_windows / n_pieces, (piece + 1) * n_windows / n_pieces);
            let rows = series.get(start..(end + m).saturating_sub(1)).unwrap_or_default();
            distances.extend(matrix_profile(rows, m, cx)?.0);
        }
        Ok(distances)
    }
}

#[cfg(test)]
mod tests;
