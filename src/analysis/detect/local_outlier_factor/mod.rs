//! Local outlier factor: is a row in a sparser place than its neighbours are?
//!
//! Breunig et al.: LOF: identifying density-based local outliers (SIGMOD 2000), with the conventions of scikit-learn's
//! `LocalOutlierFactor`.

mod parts;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::neighbors::{Neighborhood, Neighbors, Space, Table, fitted_rows};
use super::sample::{check_training_rows, check_width, n_fit_rows, sampled_rows};
use super::{DetectError, Detector, FittedDetector, Input, contamination_threshold};
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::{DetectorKind, LocalOutlierFactorConfig};

const KIND: DetectorKind = DetectorKind::LocalOutlierFactor;

/// Added to mean reachability distances, so that the density of equal rows is finite.
const SMALLEST_REACH: f64 = 1e-10;

/// A fitted local outlier factor.
///
/// Values beyond ±1e150 count as ±1e150 (Minkowski distances of higher order: beyond ±10^(280/p)). Of equally far
/// neighbours those that come first in the training rows count. A group of more than `n_neighbors` equal rows has the
/// density 1e10, and rows near it have huge factors, as in scikit-learn. A constant column changes nothing. Where there
/// is only one training row, its density is 1e10 too. With the cosine distance a row of zeros is at the distance 1 from
/// every row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalOutlierFactor {
    neighbors: Neighbors,
    n_neighbors: usize,
    /// Per place of a training row: distance to the last of its neighbours.
    k_distance: Vec<f64>,
    /// Per place of a training row: local reachability density.
    density: Vec<f64>,
    /// Per training row: its score as a training row.
    training_factors: Vec<f64>,
    /// Numbers of the training rows in the table they were sampled from; `None`: all of it.
    sample: Option<Vec<u32>>,
    novelty: bool,
}

impl Detector for LocalOutlierFactorConfig {
    type Fitted = LocalOutlierFactor;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<LocalOutlierFactor, DetectError> {
        LocalOutlierFactor::fit(self, input.features, cx)
    }

    fn working_bytes(&self, input: Input<'_>) -> u64 {
        let n_rows = n_fit_rows(input.features.n_rows(), self.max_fit_rows);
        Neighbors::fit_bytes(n_rows, input.features.n_features(), self.n_neighbors as usize)
    }

    fn vote_threshold(&self, sorted: &[f64]) -> f64 {
        contamination_threshold(sorted, self.contamination)
    }
}

impl FittedDetector for LocalOutlierFactor {
    /// The local outlier factor, above 0; about 1 for a row as dense as its neighbours, larger for a sparser one: the
    /// opposite of scikit-learn's `score_samples`. A training row finds itself among its neighbours.
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let x = input.features;
        check_width(x, self.neighbors.n_features(), KIND)?;
        cx.progress().start("Local outlier factor: score", x.n_rows() as u64);
        let scores = self.neighbors.search(x, self.n_neighbors, cx, |places, distances| {
            factor(places, &self.density, density(places, distances, &self.k_distance))
        })?;
        Ok(scores)
    }

    /// In novelty mode the same as [`Self::decision_function`]. Otherwise each training row is scored among the others:
    /// scikit-learn's `negative_outlier_factor_` with the sign turned. Rows that the sample left out are then scored
    /// as new rows, which the run reports.
    fn training_scores(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let x = input.features;
        check_width(x, self.neighbors.n_features(), KIND)?;
        let Some(sample) = &self.sample else {
            return Ok(self.training_factors.clone());
        };
        let mut scores = self.decision_function(input, cx)?;
        if !self.novelty {
            for (&row, &factor) in sample.iter().zip(&self.training_factors) {
                if let Some(score) = scores.get_mut(row as usize) {
                    *score = factor;
                }
            }
            cx.warn(format!(
                "{} scored the rows outside of its sample as new rows (detectors.{}.max_fit_rows)",
                KIND.title(),
                KIND.name()
            ));
        }
        Ok(scores)
    }

    /// The factor among the training rows other than the own one; in novelty mode the same as
    /// [`Self::decision_function`].
    fn scores_beside(&self, input: Input<'_>, own: &[u32], cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let found = self.search_beside(input.features, own, cx)?;
        Ok(found.iter().map(|found| self.factor(found)).collect())
    }
}

impl LocalOutlierFactor {
    /// Learns the density around the rows of `x`, or around a sample of them where there are more than `max_fit_rows`.
    ///
    /// # Errors
    /// When cancelled, without rows, or where a value is not finite.
    pub fn fit(config: &LocalOutlierFactorConfig, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        check_training_rows(x, KIND)?;
        let sample = sampled_rows(x.n_rows(), config.max_fit_rows, KIND, cx);
        let selected = sample.as_ref().map(|rows| x.select(rows));
        let x = selected.as_ref().unwrap_or(x);
        cx.progress().start("Local outlier factor: fit", x.n_rows() as u64);
        let n_neighbors = (config.n_neighbors as usize).clamp(1, (x.n_rows() - 1).max(1));
        let neighbors = Neighbors::new(x, Space::new(config.metric, config.p), cx)?;
        let table = neighbors.among_themselves(n_neighbors, cx)?;
        let k_distance: Vec<f64> =
            table.par_iter().map(|(_, distances)| distances.last().copied().unwrap_or(0.0)).collect();
        let densities: Vec<f64> =
            table.par_iter().map(|(places, distances)| density(places, distances, &k_distance)).collect();
        let factors = if config.novelty { factors_with_self } else { factors };
        let by_place = factors(&neighbors, table, &k_distance, &densities);
        let mut training_factors = vec![0.0; by_place.len()];
        neighbors.rows().iter().zip(by_place).for_each(|(&row, factor)| training_factors[row as usize] = factor);
        Ok(Self {
            neighbors,
            n_neighbors,
            k_distance,
            density: densities,
            training_factors,
            sample,
            novelty: config.novelty,
        })
    }

    /// The neighbours of rows: other than their own training rows, unless in novelty mode.
    fn search_beside(&self, x: &Matrix, own: &[u32], cx: &Cx) -> Result<Vec<Neighborhood>, DetectError> {
        check_width(x, self.neighbors.n_features(), KIND)?;
        cx.progress().start("Local outlier factor: score", x.n_rows() as u64);
        let own = if self.novelty { Vec::new() } else { fitted_rows(own, self.sample.as_deref()) };
        Ok(self.neighbors.search_beside(x, self.n_neighbors, &own, cx)?)
    }

    /// The factor of a row with these neighbours.
    fn factor(&self, found: &Neighborhood) -> f64 {
        let own = density(&found.places, &found.distances, &self.k_distance);
        factor(&found.places, &self.density, own)
    }

    /// Neighbours looked at: the setting, or all other training rows where there are fewer.
    pub fn n_neighbors(&self) -> usize {
        self.n_neighbors
    }
}

/// The factor of the training row at each place among the others.
fn factors(_: &Neighbors, table: Table, _: &[f64], densities: &[f64]) -> Vec<f64> {
    table.par_iter().zip(densities).map(|((places, _), &own)| factor(places, densities, own)).collect()
}

/// The factor of the training row at each place where it counts as one of its neighbours.
fn factors_with_self(neighbors: &Neighbors, mut table: Table, k_distance: &[f64], densities: &[f64]) -> Vec<f64> {
    let rows = table.par_iter_mut().enumerate();
    rows.map(|(own, (places, distances))| {
        neighbors.with_self(own, places, distances);
        factor(places, densities, density(places, distances, k_distance))
    })
    .collect()
}

/// Local reachability density: the inverse of the mean reachability distance from the neighbours.
fn density(places: &[u32], distances: &[f64], k_distance: &[f64]) -> f64 {
    let reach = places.iter().zip(distances).map(|(&place, distance)| distance.max(k_distance[place as usize]));
    1.0 / (reach.sum::<f64>() / places.len() as f64 + SMALLEST_REACH)
}

/// Mean density of the neighbours relative to the row's own.
fn factor(places: &[u32], densities: &[f64], own: f64) -> f64 {
    places.iter().map(|&place| densities[place as usize] / own).sum::<f64>() / places.len() as f64
}
