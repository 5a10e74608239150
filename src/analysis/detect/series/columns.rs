//! Detectors that score each series by itself: all rows, the columns of some rows, and one row with other values.

use std::ops::Range;

use rayon::prelude::*;

use super::{Combine, SeriesId, SeriesSet, within_limit};
use crate::analysis::detect::{DetectError, FittedDetector, Input};
use crate::cx::Cx;
use crate::recipe::DetectorKind;

/// A fitted detector that scores each measured column by itself and combines the columns.
///
/// Neither method counts progress or warns: a caller that asks for many rows counts these.
pub trait ScoresColumns: Send + Sync {
    /// How the columns' scores become the score of the row.
    fn combine(&self) -> Combine;

    /// The score of each column in some rows, `rows.len()` × columns, row-major; 0 in rows that there are not. Combined
    /// they have the bits of [`FittedDetector::training_scores`] where `training`, else of
    /// [`FittedDetector::decision_function`]. Works through the series of the entities that have such a row, and no others.
    ///
    /// # Errors
    /// As for `decision_function`.
    fn column_scores(&self, input: Input<'_>, rows: &[u32], training: bool, cx: &Cx) -> Result<Vec<f64>, DetectError>;

    /// The score of each column in one row, were the measured values of that row `values` (one per column, finite) instead;
    /// 0 in a row that there is not. The same as [`ScoresColumns::column_scores`] of the table with these values, but for
    /// rounding. Looks only at the rows that the score of that row depends on.
    ///
    /// # Errors
    /// As for `decision_function`; and where `values` are not one finite number per column.
    fn column_scores_with(
        &self,
        input: Input<'_>,
        row: u32,
        values: &[f64],
        training: bool,
        cx: &Cx,
    ) -> Result<Vec<f64>, DetectError>;
}

/// What a detector that scores each series by itself has to say; the scores of rows follow from it.
pub(crate) trait ScoresSeries: Send + Sync {
    /// How the columns' scores become the score of the row.
    const COMBINE: Combine;

    /// Which detector.
    fn kind(&self) -> DetectorKind;

    /// Number of measured columns it was fitted on.
    fn n_columns(&self) -> usize;

    /// A finite score for each row of a series from number `from` on; `training`: of the rows fitted on. Counts values as
    /// progress.
    fn score_series(
        &self,
        id: SeriesId,
        series: &[f64],
        from: usize,
        training: bool,
        cx: &Cx,
    ) -> Result<Vec<f64>, DetectError>;

    /// The rows around row `at` of a series of `n` that it needs to have the score it has among all of them.
    fn rows_needed(&self, id: SeriesId, at: usize, n: usize) -> Range<usize>;

    /// The score of the changed row of a series.
    fn score_changed(
        &self,
        id: SeriesId,
        series: &ChangedSeries<'_>,
        training: bool,
        cx: &Cx,
    ) -> Result<f64, DetectError> {
        let needed = self.rows_needed(id, series.at, series.len());
        series.score_among(needed, |part, from| self.score_series(id, part, from, training, cx))
    }
}

/// A series with another value in one row.
#[derive(Debug, Clone)]
pub(crate) struct ChangedSeries<'a> {
    set: &'a SeriesSet<'a>,
    column: usize,
    rows: &'a [u32],
    /// The changed row.
    at: usize,
    value: f64,
}

impl ChangedSeries<'_> {
    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The changed row.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Some of the values; those beyond the end are left out.
    pub(crate) fn values(&self, range: Range<usize>) -> Vec<f64> {
        let range = range.start..range.end.min(self.rows.len());
        let mut values = self.set.values(self.rows.get(range.clone()).unwrap_or_default(), self.column);
        if let Some(value) = self.at.checked_sub(range.start).and_then(|at| values.get_mut(at)) {
            *value = self.value;
        }
        values
    }

    /// The score of the changed row: the first of those that `score(values, from)` gives the values of `range` from number
    /// `from` on. 0 where it gives none.
    pub(crate) fn score_among(
        &self,
        range: Range<usize>,
        score: impl FnOnce(&[f64], usize) -> Result<Vec<f64>, DetectError>,
    ) -> Result<f64, DetectError> {
        let from = self.at.saturating_sub(range.start);
        Ok(score(&self.values(range), from)?.first().copied().unwrap_or(0.0))
    }
}

impl<T: ScoresSeries> FittedDetector for T {
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        score_rows(self, input, false, cx)
    }

    fn training_scores(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        score_rows(self, input, true, cx)
    }
}

fn score_rows<T: ScoresSeries>(
    detector: &T,
    input: Input<'_>,
    training: bool,
    cx: &Cx,
) -> Result<Vec<f64>, DetectError> {
    let set = SeriesSet::to_score(input, detector.n_columns(), detector.kind())?;
    cx.progress().start(format!("{}: score", detector.kind().title()), set.n_values());
    set.score(T::COMBINE, cx, |entity, column, series| {
        detector.score_series(set.id(entity, column), series, 0, training, cx)
    })
}

impl<T: ScoresSeries> ScoresColumns for T {
    fn combine(&self) -> Combine {
        T::COMBINE
    }

    fn column_scores(&self, input: Input<'_>, rows: &[u32], training: bool, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let set = SeriesSet::to_score(input, self.n_columns(), self.kind())?;
        let (cx, n_columns) = (&cx.aside(), set.n_columns());
        let entities = set.find_all(rows);
        let of_series = |at: usize| {
            cx.check()?;
            let (found, column) = (&entities[at / n_columns], at % n_columns);
            let series = set.series(found.entity, column);
            let scores = self.score_series(set.id(found.entity, column), &series, 0, training, cx)?;
            Ok(found.places.iter().map(|&(_, place)| scores.get(place).copied().unwrap_or(0.0)).collect())
        };
        let n_series = entities.len() * n_columns;
        let series: Vec<Vec<f64>> = (0..n_series).into_par_iter().map(of_series).collect::<Result<_, DetectError>>()?;
        let mut scores = vec![0.0; rows.len() * n_columns];
        for (at, series) in series.iter().enumerate() {
            for (&(number, _), &score) in entities[at / n_columns].places.iter().zip(series) {
                scores[number * n_columns + at % n_columns] = score;
            }
        }
        Ok(scores)
    }

    fn column_scores_with(
        &self,
        input: Input<'_>,
        row: u32,
        values: &[f64],
        training: bool,
        cx: &Cx,
    ) -> Result<Vec<f64>, DetectError> {
        let set = SeriesSet::to_score(input, self.n_columns(), self.kind())?;
        if values.len() != set.n_columns() || !values.iter().all(|value| value.is_finite()) {
            let reason = format!(
                "the values to try in row {} are not {} finite numbers; give one per measured column",
                u64::from(row) + 1,
                set.n_columns()
            );
            return Err(DetectError::Unusable { detector: self.kind().title(), reason });
        }
        let Some((entity, at)) = set.find(row) else { return Ok(vec![0.0; values.len()]) };
        let cx = &cx.aside();
        let score = |(column, &value): (usize, &f64)| {
            cx.check()?;
            let rows = set.rows(entity);
            let series = ChangedSeries { set: &set, column, rows, at, value: within_limit(value) };
            self.score_changed(set.id(entity, column), &series, training, cx)
        };
        values.iter().enumerate().map(score).collect()
    }
}

/// Where some rows are in the series of an entity.
struct Found {
    entity: usize,
    /// Number among the rows looked for, and place in the series.
    places: Vec<(usize, usize)>,
}

impl SeriesSet<'_> {
    fn id(&self, entity: usize, column: usize) -> SeriesId {
        SeriesId { column, entity, n_entities: self.n_entities() }
    }

    /// The entity of a row and its place in the series.
    fn find(&self, row: u32) -> Option<(usize, usize)> {
        let place = |(entity, rows): (usize, &&[u32])| Some((entity, rows.iter().position(|&other| other == row)?));
        self.entities.iter().enumerate().find_map(place)
    }

    /// The entities that have some of `rows`, in order.
    fn find_all(&self, rows: &[u32]) -> Vec<Found> {
        let mut wanted: Vec<(u32, usize)> = rows.iter().copied().zip(0..).collect();
        wanted.sort_unstable();
        let found = |(entity, rows): (usize, &&[u32])| {
            let mut places = Vec::new();
            for (place, &row) in rows.iter().enumerate() {
                let first = wanted.partition_point(|&(other, _)| other < row);
                let same = wanted[first..].iter().take_while(|&&(other, _)| other == row);
                places.extend(same.map(|&(_, number)| (number, place)));
            }
            (!places.is_empty()).then_some(Found { entity, places })
        };
        self.entities.iter().enumerate().filter_map(found).collect()
    }
}

#[cfg(test)]
mod tests;
