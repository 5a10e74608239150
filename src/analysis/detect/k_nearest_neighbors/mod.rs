//! Distance to the nearest neighbours: is a row far from all others?
//!
//! Ramaswamy, Rastogi, Shim: Efficient algorithms for mining outliers from large data sets (SIGMOD 2000), with the
//! conventions of PyOD's `KNN`.

mod parts;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::neighbors::{Neighborhood, Neighbors, Space, fitted_rows};
use super::sample::{check_training_rows, check_width, n_fit_rows, sampled_rows};
use super::{DetectError, Detector, FittedDetector, Input, contamination_threshold};
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::{DetectorKind, KNearestNeighborsConfig, NeighborColumns, NeighborDistance};

const KIND: DetectorKind = DetectorKind::KNearestNeighbors;

/// Fitted distances to the nearest neighbours.
///
/// Values beyond ±1e150 count as ±1e150 (Minkowski distances of higher order: beyond ±10^(280/p)). A row with at least
/// `n_neighbors` equal training rows has the score 0 (method `largest`). A constant column changes nothing. The only
/// row of a training set has the training score 0. With the cosine distance a row of zeros is at the distance 1 from
/// every row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KNearestNeighbors {
    neighbors: Neighbors,
    n_neighbors: usize,
    method: NeighborDistance,
    /// Features in a row.
    n_features: usize,
    /// Those that distances are taken over; `None`: all.
    columns: Option<Vec<usize>>,
    /// Per training row: its score among the others.
    training_distances: Vec<f64>,
    /// Numbers of the training rows in the table they were sampled from; `None`: all of it.
    sample: Option<Vec<u32>>,
}

impl Detector for KNearestNeighborsConfig {
    type Fitted = KNearestNeighbors;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<KNearestNeighbors, DetectError> {
        KNearestNeighbors::fit(self, input.features, cx)
    }

    fn working_bytes(&self, input: Input<'_>) -> u64 {
        let n_rows = n_fit_rows(input.features.n_rows(), self.max_fit_rows);
        Neighbors::fit_bytes(n_rows, input.features.n_features(), self.n_neighbors as usize)
    }

    fn vote_threshold(&self, sorted: &[f64]) -> f64 {
        contamination_threshold(sorted, self.contamination)
    }
}

impl FittedDetector for KNearestNeighbors {
    /// The distance to the nearest training rows, at least 0, in the units of the features (cosine: 0 to 2). A training
    /// row finds itself among them.
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let x = self.selected(input.features)?;
        cx.progress().start("k-nearest neighbours: score", x.n_rows() as u64);
        let scores = self.neighbors.search(&x, self.n_neighbors, cx, |_, distances| score(self.method, distances))?;
        Ok(scores)
    }

    /// The distance to the nearest other training rows: PyOD's `decision_scores_`. Rows that the sample left out are
    /// scored as new rows, which the run reports.
    fn training_scores(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        check_width(input.features, self.n_features, KIND)?;
        let Some(sample) = &self.sample else {
            return Ok(self.training_distances.clone());
        };
        let mut scores = self.decision_function(input, cx)?;
        for (&row, &distance) in sample.iter().zip(&self.training_distances) {
            if let Some(score) = scores.get_mut(row as usize) {
                *score = distance;
            }
        }
        cx.warn(format!(
            "{} scored the rows outside of its sample as new rows (detectors.{}.max_fit_rows)",
            KIND.title(),
            KIND.name()
        ));
        Ok(scores)
    }

    /// The distance to the nearest training rows other than the own one.
    fn scores_beside(&self, input: Input<'_>, own: &[u32], cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let x = self.selected(input.features)?;
        let found = self.search_beside(&x, own, cx)?;
        Ok(found.iter().map(|found| score(self.method, &found.distances)).collect())
    }
}

impl KNearestNeighbors {
    /// Keeps the rows of `x`, or a sample of them where there are more than `max_fit_rows`, and measures each one's
    /// distance to the others.
    ///
    /// # Errors
    /// When cancelled, without rows, or where a value is not finite.
    pub fn fit(config: &KNearestNeighborsConfig, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        check_training_rows(x, KIND)?;
        let n_features = x.n_features();
        let columns = measured(config.columns, x);
        let chosen = columns.as_ref().and_then(|columns| x.select_features(columns));
        let x = chosen.as_ref().unwrap_or(x);
        let sample = sampled_rows(x.n_rows(), config.max_fit_rows, KIND, cx);
        let selected = sample.as_ref().map(|rows| x.select(rows));
        let x = selected.as_ref().unwrap_or(x);
        cx.progress().start("k-nearest neighbours: fit", x.n_rows() as u64);
        let n_neighbors = (config.n_neighbors as usize).clamp(1, (x.n_rows() - 1).max(1));
        let neighbors = Neighbors::new(x, Space::new(config.metric, config.p), cx)?;
        let table = neighbors.among_themselves(n_neighbors, cx)?;
        let by_place: Vec<f64> = table.par_iter().map(|(_, distances)| score(config.method, distances)).collect();
        let mut training_distances = vec![0.0; by_place.len()];
        neighbors.rows().iter().zip(by_place).for_each(|(&row, distance)| training_distances[row as usize] = distance);
        Ok(Self { neighbors, n_neighbors, method: config.method, n_features, columns, training_distances, sample })
    }

    /// The features of `x` that distances are taken over.
    fn selected<'a>(&self, x: &'a Matrix) -> Result<Cow<'a, Matrix>, DetectError> {
        check_width(x, self.n_features, KIND)?;
        let selected = self.columns.as_ref().and_then(|columns| x.select_features(columns));
        Ok(selected.map_or(Cow::Borrowed(x), Cow::Owned))
    }

    /// The neighbours of the selected features of rows, other than their own training rows.
    fn search_beside(&self, x: &Matrix, own: &[u32], cx: &Cx) -> Result<Vec<Neighborhood>, DetectError> {
        cx.progress().start("k-nearest neighbours: score", x.n_rows() as u64);
        let own = fitted_rows(own, self.sample.as_deref());
        Ok(self.neighbors.search_beside(x, self.n_neighbors, &own, cx)?)
    }

    /// Neighbours looked at: the setting, or all other training rows where there are fewer.
    pub fn n_neighbors(&self) -> usize {
        self.n_neighbors
    }
}

/// The features that distances are taken over; `None`: all. A measured column is a feature of its own name.
fn measured(columns: NeighborColumns, x: &Matrix) -> Option<Vec<usize>> {
    if columns == NeighborColumns::All {
        return None;
    }
    let numbered = x.features().iter().enumerate();
    let raw: Vec<usize> = numbered.filter(|(_, feature)| feature.name == feature.source).map(|(i, _)| i).collect();
    Some(raw).filter(|raw| !raw.is_empty() && raw.len() < x.n_features())
}

/// The score of a row whose neighbours are at these distances, which rise.
fn score(method: NeighborDistance, distances: &[f64]) -> f64 {
    let n = distances.len();
    match method {
        NeighborDistance::Largest => distances[n - 1],
        // Divided first, so that the sum of huge distances stays finite.
        NeighborDistance::Mean => distances.iter().map(|distance| distance / n as f64).sum(),
        NeighborDistance::Median => 0.5 * distances[(n - 1) / 2] + 0.5 * distances[n / 2],
    }
}
