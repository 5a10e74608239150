//! Matrix profile: how unlike any other window of its series is the window around a row?
//!
//! Yeh et al.: Matrix profile I (ICDM 2016), exact, with the conventions of stumpy. A window unlike all others, a
//! discord, is one of the strongest marks of an anomaly in a series that repeats itself.

mod join;
mod profile;
mod windows;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use self::profile::exclusion;
pub use self::profile::{matrix_profile, matrix_profile_join};

use super::series::columns::{ChangedSeries, ScoresSeries};
use super::series::window::{to_rows, window_length, window_of};
use super::series::{Combine, SeriesId, SeriesSet};
use super::{DetectError, Detector, Input, contamination_threshold};
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

impl ScoresSeries for MatrixProfile {
    const COMBINE: Combine = Combine::Mean;

    fn kind(&self) -> DetectorKind {
        KIND
    }

    fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// Distance / √(2m) = √(1 - correlation) of the row's window to the nearest window of the training series: of its own
    /// entity where there are as many entities as in training, else of any. From 0 to √2; near 1 for a shape unrelated to
    /// anything seen. A training row would find itself and score 0; so `training` it is the nearest other window of its own
    /// series that starts more than ⌈m / 4⌉ rows away.
    fn score_series(
        &self,
        id: SeriesId,
        series: &[f64],
        from: usize,
        training: bool,
        cx: &Cx,
    ) -> Result<Vec<f64>, DetectError> {
        let Some(column) = self.columns.get(id.column) else { return Ok(vec![0.0; series.len() - from]) };
        let distances = if training {
            self.discords(series, column.window, cx)?
        } else {
            nearest(series, column.references(id), column.window, cx)?
        };
        Ok(self.scores(column.window, distances, series.len()).split_off(from))
    }

    fn rows_needed(&self, id: SeriesId, at: usize, n: usize) -> Range<usize> {
        window_of(at, n, self.columns.get(id.column).map_or(1, |column| column.window), self.align)
    }

    /// The row's window alone is held against the others: one row of the matrix that the whole series takes.
    fn score_changed(
        &self,
        id: SeriesId,
        series: &ChangedSeries<'_>,
        training: bool,
        cx: &Cx,
    ) -> Result<f64, DetectError> {
        let Some(column) = self.columns.get(id.column) else { return Ok(0.0) };
        let window = self.rows_needed(id, series.at(), series.len());
        let others = if training { self.others(series, window.start, column.window) } else { Vec::new() };
        let references = if training { &others } else { column.references(id) };
        series.score_among(window, |part, from| {
            let distances = nearest(part, references, column.window, cx)?;
            Ok(self.scores(column.window, distances, part.len()).split_off(from))
        })
    }
}

impl MatrixProfile {
    /// Rows in a window, per column.
    pub fn windows(&self) -> Vec<usize> {
        self.columns.iter().map(|column| column.window).collect()
    }

    /// One score per row from the distances of the windows of `m` rows.
    fn scores(&self, m: usize, mut distances: Vec<f64>, n_rows: usize) -> Vec<f64> {
        let unit = (2.0 * m as f64).sqrt();
        // No neighbour, no evidence.
        distances.iter_mut().for_each(|distance| *distance = if distance.is_finite() { *distance / unit } else { 0.0 });
        to_rows(&distances, n_rows, m, self.align)
    }

    /// Distances within each piece of a series.
    fn discords(&self, series: &[f64], m: usize, cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let n_windows = (series.len() + 1).saturating_sub(m);
        let mut distances = Vec::with_capacity(n_windows);
        for windows in self.pieces(n_windows, m) {
            let rows = series.get(rows_of(windows, m)).unwrap_or_default();
            distances.extend(matrix_profile(rows, m, cx)?.0);
        }
        Ok(distances)
    }

    /// The windows of each piece of a series. Pieces are equally long and overlap so that every window lies in one.
    fn pieces(&self, n_windows: usize, m: usize) -> impl Iterator<Item = Range<usize>> {
        let piece_windows = self.piece_rows.max(4 * m) + 1 - m;
        let n_pieces = n_windows.div_ceil(piece_windows).max(1);
        (0..n_pieces).map(move |piece| piece * n_windows / n_pieces..(piece + 1) * n_windows / n_pieces)
    }

    /// What window number `window` is held against in its piece of the series: the windows before it and those after it,
    /// but for its exclusion zone.
    fn others(&self, series: &ChangedSeries<'_>, window: usize, m: usize) -> Vec<Vec<f64>> {
        let n_windows = (series.len() + 1).saturating_sub(m);
        let piece = self.pieces(n_windows, m).find(|piece| piece.contains(&window)).unwrap_or_default();
        let (before, after) = (window.saturating_sub(exclusion(m)), window + exclusion(m) + 1);
        [piece.start..before, after..piece.end].map(|windows| series.values(rows_of(windows, m))).to_vec()
    }
}

impl Column {
    /// What windows of new rows are held against.
    fn references(&self, id: SeriesId) -> &[Vec<f64>] {
        let own = if self.series.len() == id.n_entities { self.series.get(id.entity) } else { None };
        own.map_or(&self.series, std::slice::from_ref)
    }
}

/// The rows of some windows of `m` rows.
fn rows_of(windows: Range<usize>, m: usize) -> Range<usize> {
    if windows.is_empty() { 0..0 } else { windows.start..windows.end + m - 1 }
}

/// Distance of each window to the nearest one of the references.
fn nearest(series: &[f64], references: &[Vec<f64>], m: usize, cx: &Cx) -> Result<Vec<f64>, Cancelled> {
    let mut nearest: Vec<f64> = Vec::new();
    for reference in references {
        let (distances, _) = matrix_profile_join(series, reference, m, cx)?;
        if nearest.is_empty() {
            nearest = distances;
        } else {
            nearest.iter_mut().zip(distances).for_each(|(nearest, distance)| *nearest = nearest.min(distance));
        }
    }
    Ok(nearest)
}

#[cfg(test)]
mod tests;
