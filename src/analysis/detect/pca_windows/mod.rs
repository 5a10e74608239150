//! PCA of windows: how far is a window from what the windows of its column look like?
//!
//! `Sub-PCA` of TSB-AD (Liu and Paparrizos, NeurIPS 2024), which scores windows as PyOD's `PCA` does (Shyu et al. 2003).
//! Different from there: several entities are brought to one level and scale each before their windows are pooled, and
//! each column has components of its own.

mod components;
mod eigen;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use self::components::WindowComponents;
use super::series::columns::ScoresSeries;
use super::series::window::{to_rows, window_length, window_of};
use super::series::{Combine, PerEntity, SeriesId, SeriesSet};
use super::{DetectError, Detector, Input, contamination_threshold};
use crate::analysis::stats::mean_std;
use crate::cx::Cx;
use crate::recipe::{DetectorKind, PcaWindowsConfig, WindowAlign};

const KIND: DetectorKind = DetectorKind::PcaWindows;

/// Longest window: the work on components grows with its cube.
const MAX_WINDOW: usize = 512;

/// Values beyond this many standard deviations count as this many: their squares stay finite.
const MAX_STANDARDIZED: f64 = 1e9;

/// Fitted principal components of windows.
///
/// Values beyond 1e9 standard deviations count as that many. A window position that never varies counts as 0. Components
/// that explain less than 1e-12 of the variance are left out, where PyOD divides by next to nothing. A series shorter
/// than the window scores 0, and so does every series where training had no whole window or none that varied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PcaWindows {
    align: WindowAlign,
    columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Column {
    levels: PerEntity<Level>,
    components: WindowComponents,
    /// Median score of the training windows fitted on.
    usual: f64,
}

/// Level and scale of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Level {
    mean: f64,
    std: f64,
}

impl Detector for PcaWindowsConfig {
    type Fitted = PcaWindows;

    const USES_SERIES: bool = true;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<PcaWindows, DetectError> {
        let set = SeriesSet::to_fit(input, KIND)?;
        cx.progress().start("PCA of windows: fit", set.n_values());
        let columns = set.fit_columns(cx, |series| {
            let wanted = window_length(self.window, series, cx)?;
            let window = wanted.min(MAX_WINDOW);
            if window < wanted {
                cx.warn(format!(
                    "PCA of windows used windows of {MAX_WINDOW} rows, not {wanted} (detectors.pca_windows.window): \
                     longer ones take too long"
                ));
            }
            let levels = PerEntity::learn(series, |series| {
                cx.check()?;
                let (mean, std) = mean_std(&series.concat());
                Ok::<_, DetectError>(Level { mean, std })
            })?;
            let at_level = |(entity, one): (usize, &Vec<f64>)| levels.of(entity, series.len()).standardize(one);
            let standardized: Vec<Vec<f64>> = series.iter().enumerate().map(at_level).collect();
            let (components, usual) = WindowComponents::fit(self, &standardized, window, cx)?;
            Ok(Column { levels, components, usual })
        })?;
        Ok(PcaWindows { align: self.align, columns })
    }

    fn working_bytes(&self, input: Input<'_>) -> u64 {
        super::series::copied_bytes(input)
    }

    fn vote_threshold(&self, sorted: &[f64]) -> f64 {
        contamination_threshold(sorted, self.contamination)
    }
}

impl ScoresSeries for PcaWindows {
    const COMBINE: Combine = Combine::Mean;

    fn kind(&self) -> DetectorKind {
        KIND
    }

    fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// The score of the row's window, in units of the median score of the training windows; at least 0.
    fn score_series(
        &self,
        id: SeriesId,
        series: &[f64],
        from: usize,
        _training: bool,
        cx: &Cx,
    ) -> Result<Vec<f64>, DetectError> {
        let Some(column) = self.columns.get(id.column) else { return Ok(vec![0.0; series.len() - from]) };
        let values = column.levels.of_series(id).standardize(series);
        let mut windows = column.components.scores(&values, cx)?;
        windows.iter_mut().for_each(|score| *score /= column.usual);
        cx.progress().add(series.len() as u64);
        Ok(to_rows(&windows, series.len(), column.components.window(), self.align).split_off(from))
    }

    fn rows_needed(&self, id: SeriesId, at: usize, n: usize) -> Range<usize> {
        let window = self.columns.get(id.column).map_or(1, |column| column.components.window());
        window_of(at, n, window, self.align)
    }
}

impl PcaWindows {
    /// Rows in a window, per column.
    pub fn windows(&self) -> Vec<usize> {
        self.columns.iter().map(|column| column.components.window()).collect()
    }
}

impl Level {
    fn standardize(self, series: &[f64]) -> Vec<f64> {
        let unit = if self.std > 0.0 { self.std } else { f64::MIN_POSITIVE };
        let value = |value: &f64| ((value - self.mean) / unit).clamp(-MAX_STANDARDIZED, MAX_STANDARDIZED);
        series.iter().map(value).collect()
    }
}

#[cfg(test)]
mod tests;
