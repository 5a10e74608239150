//! Which linear map makes the training rows round, so that one width fits all directions?

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::analysis::detect::cholesky::Cholesky;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// Values beyond this count as this: sums of their squares stay finite.
const LIMIT: f64 = 1e150;

/// Share of a feature's variance that must be left once the features before it are known, for it not to count as
/// collinear.
const SMALLEST_PIVOT: f64 = 1e-10;

/// Share of the variance added to each feature where some are collinear.
const RIDGE: f64 = 1e-6;

/// The map from rows to coordinates of covariance 1: standardised features, then the inverse of the Cholesky factor of
/// their correlations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Whitening {
    mean: Vec<f64>,
    scale: Vec<f64>,
    factor: Cholesky,
    /// Natural logarithm of the square root of the determinant of the covariance.
    pub(super) log_volume: f64,
    /// Whether collinear features made the covariance a little larger than it is.
    pub(super) regularised: bool,
}

impl Whitening {
    /// The map for the rows of `x`, of which there is at least one. Covariances have n - 1 in the denominator. A constant
    /// feature counts with standard deviation 1 and no correlation.
    pub(super) fn new(x: &Matrix, cx: &Cx) -> Result<Self, Cancelled> {
        let (n, d) = (x.n_rows() as f64, x.n_features());
        let mut mean = vec![0.0; d];
        for row in x.iter_rows() {
            mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value.clamp(-LIMIT, LIMIT) / n);
        }
        let ddof = (n - 1.0).max(1.0);
        let mut scale = vec![0.0; d];
        let mut range = vec![(f64::INFINITY, f64::NEG_INFINITY); d];
        for row in x.iter_rows() {
            for (((scale, range), mean), value) in scale.iter_mut().zip(&mut range).zip(&mean).zip(row) {
                // Divided before it is squared, as squares of huge values would add up to infinity.
                let part = (value.clamp(-LIMIT, LIMIT) - mean) / ddof.sqrt();
                *scale += part * part;
                *range = (range.0.min(*value), range.1.max(*value));
            }
        }
        for (scale, range) in scale.iter_mut().zip(range) {
            let deviation = scale.sqrt();
            *scale = if range.0 < range.1 && deviation > 0.0 { deviation } else { 1.0 };
        }
        let correlation = correlation(x, &mean, &scale, ddof, cx)?;
        let exact = Cholesky::new(&correlation, 0.0, SMALLEST_PIVOT, cx)?;
        let regularised = exact.is_none();
        let factor = match exact {
            Some(factor) => factor,
            // With a ridge what is left is at least the ridge, less rounding errors.
            None => Cholesky::new(&correlation, RIDGE, 0.0, cx)?.unwrap_or_else(|| Cholesky::identity(d)),
        };
        let log_volume = factor.diagonal().zip(&scale).map(|(pivot, scale)| pivot.ln() + scale.ln()).sum();
        Ok(Self { mean, scale, factor, log_volume, regularised })
    }

    /// The coordinates of rows given one after the other.
    pub(super) fn apply(&self, rows: &[f64]) -> Vec<f64> {
        let d = self.n_features();
        let mut mapped = vec![0.0; rows.len()];
        mapped.par_chunks_exact_mut(d).zip(rows.par_chunks_exact(d)).for_each(|(row, values)| {
            standardise(values, &self.mean, &self.scale, row);
            self.factor.solve_lower(row);
        });
        mapped
    }

    /// Number of features.
    pub(super) fn n_features(&self) -> usize {
        self.mean.len()
    }
}

/// Correlations below the diagonal, and a diagonal of ones: a lower triangle, row after row.
fn correlation(x: &Matrix, mean: &[f64], scale: &[f64], ddof: f64, cx: &Cx) -> Result<Vec<f64>, Cancelled> {
    let d = x.n_features();
    let mut correlation = vec![0.0; d * (d + 1) / 2];
    let mut row = vec![0.0; d];
    for values in x.iter_rows() {
        cx.check()?;
        standardise(values, mean, scale, &mut row);
        let mut rest = correlation.as_mut_slice();
        for i in 0..d {
            let (line, after) = rest.split_at_mut(i + 1);
            let factor = row[i] / ddof;
            line.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value * factor);
            rest = after;
        }
    }
    (0..d).for_each(|i| correlation[i * (i + 3) / 2] = 1.0);
    Ok(correlation)
}

fn standardise(values: &[f64], mean: &[f64], scale: &[f64], row: &mut [f64]) {
    for (((target, value), mean), scale) in row.iter_mut().zip(values).zip(mean).zip(scale) {
        *target = ((value.clamp(-LIMIT, LIMIT) - mean) / scale).clamp(-LIMIT, LIMIT);
    }
}
