//! What the detectors see of a row, as one list of numbers: the prepared features, then what each detector of series says
//! of each measured column. Explanations exchange these numbers for those of other rows.

use std::sync::{Arc, OnceLock};

use super::ExplainError;
use crate::analysis::detect::{FittedDetector as _, Input, Model, Series};
use crate::cx::Cx;
use crate::data::{Feature, Matrix, SeriesOrder};

/// Marks a player that is a column as detectors of series see it.
pub(super) const OVER_TIME: &str = " (over time)";

/// Most bytes of what a detector says of every column of every row that are kept, where the memory limit leaves as many:
/// finding it again for a few rows takes nearly as long as for all.
const MOST_KEPT_BYTES: u64 = 128 << 20;

/// The fitted detectors of a run over their rows.
#[derive(Debug)]
pub(super) struct Detectors {
    pub(super) models: Vec<Arc<Model>>,
    /// Per detector of series what it says of every column of every row, once that was asked for.
    kept: Vec<OnceLock<Vec<f64>>>,
    /// Bytes of that, at most.
    most_kept: u64,
    /// The measured columns; `None` where no detector looks at series.
    pub(super) measures: Option<Matrix>,
    pub(super) order: Arc<SeriesOrder>,
    /// Whether the detectors were fitted on the rows they score, as they are.
    pub(super) fitted_on_all: bool,
}

/// A feature, or a column over time: what explanations give a contribution to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Player {
    pub(super) name: String,
    pub(super) source: String,
    /// Which of the numbers of a row are its.
    pub(super) numbers: Vec<usize>,
}

impl Detectors {
    pub(super) fn new(
        models: Vec<Arc<Model>>,
        measures: Option<Matrix>,
        order: Arc<SeriesOrder>,
        fitted_on_all: bool,
        cx: &Cx,
    ) -> Self {
        let kept: Vec<OnceLock<Vec<f64>>> = models.iter().map(|_| OnceLock::new()).collect();
        let most_kept = MOST_KEPT_BYTES.min(cx.free_bytes() / (2 * kept.len().max(1) as u64));
        Self { models, kept, most_kept, measures, order, fitted_on_all }
    }

    /// Places of the detectors that look at series.
    fn of_series(&self) -> impl Iterator<Item = (usize, &Model)> {
        let models = self.models.iter().enumerate().map(|(at, model)| (at, &**model));
        models.filter(|(_, model)| model.as_scores_columns().is_some())
    }

    fn n_columns(&self) -> usize {
        self.measures.as_ref().map_or(0, Matrix::n_features)
    }

    /// Features first, then columns over time.
    pub(super) fn players(&self, features: &[Feature]) -> Vec<Player> {
        let of_feature = |(at, feature): (usize, &Feature)| Player {
            name: feature.name.clone(),
            source: feature.source.clone(),
            numbers: vec![at],
        };
        let (n_features, n_columns, n_series) = (features.len(), self.n_columns(), self.of_series().count());
        let of_column = |(at, column): (usize, &Feature)| Player {
            name: format!("{}{OVER_TIME}", column.name),
            source: column.source.clone(),
            numbers: (0..n_series).map(|detector| n_features + detector * n_columns + at).collect(),
        };
        let columns = self.measures.as_ref().map_or(&[][..], Matrix::features);
        features.iter().enumerate().map(of_feature).chain(columns.iter().enumerate().map(of_column)).collect()
    }

    /// What detectors see of the columns of a run.
    pub(super) fn input<'a>(&'a self, features: &'a Matrix) -> Input<'a> {
        let series = self.measures.as_ref().map(|measures| Series { measures, order: &self.order });
        Input { features, series }
    }

    /// What a detector of series says of each column of some rows, row after row; nothing for other detectors.
    pub(super) fn column_scores(
        &self,
        detector: usize,
        features: &Matrix,
        rows: &[u32],
        cx: &Cx,
    ) -> Result<Vec<f64>, ExplainError> {
        let series = self.models.get(detector).and_then(|model| model.as_scores_columns());
        let (Some(series), Some(kept)) = (series, self.kept.get(detector)) else { return Ok(Vec::new()) };
        let (input, n_columns, cx) = (self.input(features), self.n_columns(), &cx.aside());
        if 8 * (features.n_rows() * n_columns) as u64 > self.most_kept {
            return Ok(series.column_scores(input, rows, self.fitted_on_all, cx)?);
        }
        let all = match kept.get() {
            Some(all) => all,
            None => {
                let every: Vec<u32> = (0..u32::try_from(features.n_rows()).unwrap_or(u32::MAX)).collect();
                let found = series.column_scores(input, &every, self.fitted_on_all, cx)?;
                // Another thread may have been first; both found the same.
                kept.get_or_init(|| found)
            }
        };
        let of_row = |&row: &u32| {
            let start = row as usize * n_columns;
            all.get(start..start + n_columns).unwrap_or_default()
        };
        Ok(rows.iter().flat_map(of_row).copied().collect())
    }

    /// The numbers of some rows, row after row.
    pub(super) fn numbers(&self, features: &Matrix, rows: &[u32], cx: &Cx) -> Result<Matrix, ExplainError> {
        let mut by_detector = Vec::new();
        for (at, _) in self.of_series() {
            by_detector.push(self.column_scores(at, features, rows, cx)?);
        }
        let (n_columns, width) = (self.n_columns(), features.n_features() + by_detector.len() * self.n_columns());
        let mut data = Vec::with_capacity(rows.len() * width);
        for (at, &row) in rows.iter().enumerate() {
            data.extend_from_slice(features.row(row as usize));
            for scores in &by_detector {
                data.extend_from_slice(scores.get(at * n_columns..(at + 1) * n_columns).unwrap_or_default());
            }
        }
        let extra = (0..width - features.n_features()).map(|_| Feature::default());
        let names: Vec<Feature> = features.features().iter().cloned().chain(extra).collect();
        Matrix::new(names, data).ok_or_else(|| ExplainError::NoRow { row: 0, n_rows: features.n_rows() })
    }

    /// The raw score of one detector for rows of numbers, `width` each, that are variants of row `own[i]` of the run.
    pub(super) fn scores(
        &self,
        detector: usize,
        numbers: &[f64],
        width: usize,
        own: &[u32],
        features: &Arc<[Feature]>,
        cx: &Cx,
    ) -> Result<Vec<f64>, ExplainError> {
        let Some(model) = self.models.get(detector) else { return Ok(Vec::new()) };
        if let Some(series) = model.as_scores_columns() {
            let before = self.of_series().take_while(|(at, _)| *at < detector).count();
            let start = features.len() + before * self.n_columns();
            let of_row =
                |row: &[f64]| series.combine().of(row.get(start..start + self.n_columns()).unwrap_or_default());
            return Ok(numbers.chunks_exact(width).map(of_row).collect());
        }
        let rows = numbers.chunks_exact(width).flat_map(|row| row.get(..features.len()).unwrap_or_default());
        let Some(rows) = Matrix::new(Arc::clone(features), rows.copied().collect()) else { return Ok(Vec::new()) };
        let nobody;
        let own = if self.fitted_on_all {
            own
        } else {
            nobody = vec![u32::MAX; own.len()];
            &nobody
        };
        Ok(model.scores_beside(Input::from(&rows), own, &cx.aside())?)
    }
}
