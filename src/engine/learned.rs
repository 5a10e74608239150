//! What detectors learn from, where that is not what they score.

use super::run::RunError;
use crate::analysis::detect::{Input, Series};
use crate::analysis::prepare::{PrepareError, Prepared};
use crate::cx::Cx;
use crate::data::{Matrix, SeriesOrder};

/// The training rows, where detectors learn from others than they score.
#[derive(Default)]
pub(super) struct Learned {
    features: Option<Matrix>,
    series: Option<(Matrix, SeriesOrder)>,
}

impl Learned {
    /// # Errors
    /// Where it would exceed the memory limit.
    pub(super) fn of(prepared: &Prepared, input: Input<'_>, cx: &Cx) -> Result<Self, RunError> {
        let series_bytes = input.series.map_or(0, |series| series.measures.n_bytes());
        let needed = match prepared.training_bytes() {
            0 => 0,
            bytes => bytes + series_bytes,
        };
        if let Some((needed_mb, limit_mb)) = cx.excess_mb(needed) {
            let (n_rows, n_features) = (input.features.n_rows(), input.features.n_features());
            return Err(RunError::Prepare(PrepareError::TooLarge { n_rows, n_features, needed_mb, limit_mb }));
        }
        let features = prepared.training_matrix();
        let series = input.series.filter(|_| features.is_some()).map(|series| match &prepared.training {
            Some(rows) => (series.measures.select(rows), series.order.select(rows)),
            None => (series.measures.clone(), series.order.clone()),
        });
        Ok(Self { features, series })
    }

    pub(super) fn n_bytes(&self) -> u64 {
        let series = self.series.as_ref().map_or(0, |(measures, _)| measures.n_bytes());
        self.features.as_ref().map_or(0, Matrix::n_bytes) + series
    }

    pub(super) fn input(&self) -> Option<Input<'_>> {
        let series = self.series.as_ref().map(|(measures, order)| Series { measures, order });
        self.features.as_ref().map(|features| Input { features, series })
    }
}
