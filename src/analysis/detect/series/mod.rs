//! What detectors of series share: the series of each entity and column, what is learned of each, and one score per row.

pub(crate) mod columns;
pub(crate) mod filter;
pub(crate) mod robust;
pub(crate) mod window;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::sample::{check_training_rows, check_width};
use super::{DetectError, Input};
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::DetectorKind;

/// Values beyond this count as this: sums of squares then stay finite.
const LIMIT: f64 = 1e140;

/// Series worked on at a time, so that few copies of columns are held.
const BATCH: usize = 64;

/// How the scores of the columns become the score of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combine {
    /// Their mean.
    Mean,
    /// The highest of them.
    Max,
}

impl Combine {
    /// The score of a row from those of its columns, with the bits the detector gives it; 0 without columns.
    pub fn of(self, columns: &[f64]) -> f64 {
        let with = |row, (column, &score): (usize, &f64)| self.with(row, column, score, columns.len());
        columns.iter().enumerate().fold(0.0, with)
    }

    /// The score of a row with column number `column` of `n_columns`, from that with the columns before.
    fn with(self, row: f64, column: usize, score: f64, n_columns: usize) -> f64 {
        match self {
            Self::Mean => row + score / n_columns as f64,
            Self::Max if column == 0 => score,
            Self::Max => row.max(score),
        }
    }
}

/// Which series it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeriesId {
    pub(crate) column: usize,
    /// The entity's place in the order.
    pub(crate) entity: usize,
    pub(crate) n_entities: usize,
}

/// The measured columns, taken apart into one series for each entity and column.
#[derive(Debug, Clone)]
pub(crate) struct SeriesSet<'a> {
    measures: &'a Matrix,
    entities: Vec<&'a [u32]>,
}

/// Bytes of all series once more, and of some columns being worked on.
pub(crate) fn copied_bytes(input: Input<'_>) -> u64 {
    let columns = input.series.map_or(0, |series| series.measures.n_features()) + 32;
    8 * (columns as u64).saturating_mul(input.features.n_rows() as u64)
}

impl<'a> SeriesSet<'a> {
    /// The series of the input.
    ///
    /// # Errors
    /// [`DetectError::Unusable`] where the input has none.
    pub(crate) fn of(input: Input<'a>, kind: DetectorKind) -> Result<Self, DetectError> {
        let series = input.series.ok_or_else(|| DetectError::Unusable {
            detector: kind.title(),
            reason: "it looks at rows in time order and the data came without; choose a time column, or give the rows \
                     in order"
                .to_owned(),
        })?;
        Ok(Self { measures: series.measures, entities: series.order.groups().collect() })
    }

    /// The series to fit on.
    ///
    /// # Errors
    /// [`DetectError::Unusable`] without series, without rows, or where a value is not finite.
    pub(crate) fn to_fit(input: Input<'a>, kind: DetectorKind) -> Result<Self, DetectError> {
        let set = Self::of(input, kind)?;
        check_training_rows(set.measures, kind)?;
        Ok(set)
    }

    /// The series to score by a model of `n_columns` measured columns.
    ///
    /// # Errors
    /// [`DetectError::Unusable`] without series, or where the number of columns differs.
    pub(crate) fn to_score(input: Input<'a>, n_columns: usize, kind: DetectorKind) -> Result<Self, DetectError> {
        let set = Self::of(input, kind)?;
        check_width(set.measures, n_columns, kind)?;
        Ok(set)
    }

    /// Number of measured columns.
    pub(crate) fn n_columns(&self) -> usize {
        self.measures.n_features()
    }

    /// Number of entities.
    pub(crate) fn n_entities(&self) -> usize {
        self.entities.len()
    }

    /// Number of values in all series.
    pub(crate) fn n_values(&self) -> u64 {
        (self.measures.n_rows() * self.n_columns()) as u64
    }

    /// The series of every entity in one column, in time order.
    pub(crate) fn column(&self, column: usize) -> Vec<Vec<f64>> {
        (0..self.n_entities()).map(|entity| self.series(entity, column)).collect()
    }

    fn series(&self, entity: usize, column: usize) -> Vec<f64> {
        self.values(self.rows(entity), column)
    }

    /// The rows of an entity, in time order.
    fn rows(&self, entity: usize) -> &'a [u32] {
        self.entities.get(entity).copied().unwrap_or_default()
    }

    /// The values of some rows in one column.
    fn values(&self, rows: &[u32], column: usize) -> Vec<f64> {
        let value = |&row: &u32| within_limit(self.measures.row(row as usize).get(column).copied().unwrap_or(0.0));
        rows.iter().map(value).collect()
    }

    /// Fits one model for each column. Counts values as progress.
    pub(crate) fn fit_columns<T: Send>(
        &self,
        cx: &Cx,
        fit: impl Fn(&[Vec<f64>]) -> Result<T, DetectError> + Sync,
    ) -> Result<Vec<T>, DetectError> {
        let columns = (0..self.n_columns()).into_par_iter().map(|column| {
            cx.check()?;
            let model = fit(&self.column(column))?;
            cx.progress().add(self.measures.n_rows() as u64);
            Ok(model)
        });
        columns.collect()
    }

    /// One score per row of the table: `score(entity, column, series)` gives a finite score per row of the series, those
    /// of the columns are combined. 0 for rows in no series.
    fn score(
        &self,
        combine: Combine,
        cx: &Cx,
        score: impl Fn(usize, usize, &[f64]) -> Result<Vec<f64>, DetectError> + Sync,
    ) -> Result<Vec<f64>, DetectError> {
        let n_columns = self.n_columns();
        let mut scores = vec![0.0; self.measures.n_rows()];
        let n_series = self.n_entities() * n_columns;
        for start in (0..n_series).step_by(BATCH) {
            let batch: Vec<Vec<f64>> = (start..(start + BATCH).min(n_series))
                .into_par_iter()
                .map(|at| {
                    cx.check()?;
                    let (entity, column) = (at / n_columns, at % n_columns);
                    score(entity, column, &self.series(entity, column))
                })
                .collect::<Result<_, DetectError>>()?;
            for (at, series) in (start..).zip(batch) {
                let (entity, column) = (at / n_columns, at % n_columns);
                for (&row, score) in self.rows(entity).iter().zip(series) {
                    let Some(target) = scores.get_mut(row as usize) else { continue };
                    *target = combine.with(*target, column, score, n_columns);
                }
            }
        }
        Ok(scores)
    }
}

fn within_limit(value: f64) -> f64 {
    value.clamp(-LIMIT, LIMIT)
}

/// What was learned of each entity and of all together.
///
/// Entities are known by their place in the order, as the order carries no names. Where there are as many as in fitting,
/// each is held against its own past; otherwise all are held against what was learned of all together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PerEntity<T> {
    pooled: T,
    /// Empty where there was only one entity.
    own: Vec<T>,
}

impl<T> PerEntity<T> {
    /// Learns from the series of each entity and from all of them.
    pub(crate) fn learn<E>(series: &[Vec<f64>], mut learn: impl FnMut(&[Vec<f64>]) -> Result<T, E>) -> Result<Self, E> {
        let pooled = learn(series)?;
        let own = if series.len() > 1 { series.chunks(1).map(learn).collect::<Result<_, E>>()? } else { Vec::new() };
        Ok(Self { pooled, own })
    }

    /// What to hold a series against.
    pub(crate) fn of_series(&self, id: SeriesId) -> &T {
        self.of(id.entity, id.n_entities)
    }

    /// What to hold entity number `entity` of `n_entities` against.
    pub(crate) fn of(&self, entity: usize, n_entities: usize) -> &T {
        let own = if self.own.len() == n_entities { self.own.get(entity) } else { None };
        own.unwrap_or(&self.pooled)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::analysis::detect::Series;
    use crate::data::SeriesOrder;

    /// Runs `test` with the columns of a table as series of the entities `codes` (one where empty).
    pub(crate) fn with_series<T>(
        n_columns: usize,
        data: Vec<f64>,
        codes: &[u32],
        test: impl FnOnce(Input<'_>) -> T,
    ) -> T {
        let measures = Matrix::unnamed(n_columns, data).unwrap();
        let order = SeriesOrder::new(measures.n_rows(), &[], codes);
        test(Input { features: &measures, series: Some(Series { measures: &measures, order: &order }) })
    }

    /// Repeatable noise in -1 to 1.
    pub(crate) fn noise(n: usize, seed: u64) -> Vec<f64> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        };
        std::iter::repeat_with(next).take(n).collect()
    }

    #[test]
    fn rows_go_back_to_where_they_came_from() {
        let data = vec![1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0];
        with_series(2, data, &[1, 0, 1, 0], |input| {
            let set = SeriesSet::of(input, DetectorKind::ZScore).unwrap();
            assert_eq!(set.column(1), [[20.0, 40.0], [10.0, 30.0]]);
            let own = |_, _, series: &[f64]| Ok(series.to_vec());
            assert_eq!(set.score(Combine::Max, &Cx::default(), own).unwrap(), [10.0, 20.0, 30.0, 40.0]);
            assert_eq!(set.score(Combine::Mean, &Cx::default(), own).unwrap(), [5.5, 11.0, 16.5, 22.0]);
        });
    }

    #[test]
    fn entities_are_held_against_their_own_past_or_that_of_all() {
        let series = [vec![1.0], vec![2.0, 6.0]];
        let sum = |series: &[Vec<f64>]| Ok::<f64, ()>(series.iter().flatten().sum());
        let learned = PerEntity::learn(&series, sum).unwrap();
        assert_eq!((*learned.of(0, 2), *learned.of(1, 2), *learned.of(0, 1)), (1.0, 8.0, 9.0));
        assert_eq!(*PerEntity::learn(&series[1..], sum).unwrap().of(0, 1), 8.0);
    }

    #[test]
    fn without_series_the_message_says_what_to_do() {
        let x = Matrix::unnamed(1, vec![1.0]).unwrap();
        let error = SeriesSet::of(Input::from(&x), DetectorKind::ZScore).unwrap_err().to_string();
        assert!(error.contains("z-score") && error.contains("time column"), "{error}");
    }
}
