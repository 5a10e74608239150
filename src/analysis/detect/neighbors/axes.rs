//! Many coordinates in a few: leading principal axes, from which a distance can be seen to be too large.
//!
//! A point becomes its coordinates along the axes and its distance from the space they span. Two points are at least as
//! far from each other as these are: the part along the axes is an orthogonal projection, and the parts beside it differ
//! by at least the difference of their lengths.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cx::{Cancelled, Cx};

/// Axes used.
const N_AXES: usize = 15;

/// Rows from which the axes are estimated. Any axes are correct, good ones are fast.
const SAMPLE: usize = 4096;

/// Rounds of orthogonal iteration (Golub, Van Loan: Matrix computations, section 7.3).
const ROUNDS: usize = 8;

/// Rows projected at a time by one thread.
const BLOCK_ROWS: usize = 256;

/// Orthonormal axes around a centre.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Axes {
    center: Vec<f64>,
    /// Axis after axis. An axis that the points do not need is zero.
    axes: Vec<f64>,
}

impl Axes {
    /// The leading principal axes of points of `d` coordinates each.
    pub(super) fn new(d: usize, points: &[f64], cx: &Cx) -> Result<Self, Cancelled> {
        let n = points.len() / d;
        let step = n.div_ceil(SAMPLE).max(1);
        let sample = || points.chunks_exact(d).step_by(step);
        let n_sample = n.div_ceil(step) as f64;
        let mut center = vec![0.0; d];
        for point in sample() {
            center.iter_mut().zip(point).for_each(|(mean, value)| *mean += value / n_sample);
        }
        let covariance: Vec<f64> = (0..d)
            .into_par_iter()
            .map(|f| {
                cx.check()?;
                let mut row = vec![0.0; d];
                for point in sample() {
                    let own = point[f] - center[f];
                    row.iter_mut()
                        .zip(point)
                        .zip(&center)
                        .for_each(|((sum, value), mean)| *sum += own * (value - mean));
                }
                Ok(row)
            })
            .collect::<Result<Vec<_>, Cancelled>>()?
            .concat();
        let mut widest: Vec<usize> = (0..d).collect();
        widest.sort_by(|&a, &b| covariance[b * d + b].total_cmp(&covariance[a * d + a]));
        let first = widest.iter().take(N_AXES).flat_map(|&f| &covariance[f * d..(f + 1) * d]);
        let mut axes: Vec<f64> = first.copied().collect();
        orthonormalize(d, &mut axes);
        for _ in 0..ROUNDS {
            cx.check()?;
            axes =
                axes.par_chunks(d).flat_map_iter(|axis| covariance.chunks_exact(d).map(|row| dot(row, axis))).collect();
            orthonormalize(d, &mut axes);
        }
        Ok(Self { center, axes })
    }

    /// What is taken off a point before it is projected.
    pub(super) fn center(&self) -> &[f64] {
        &self.center
    }

    /// Coordinates of a projected point.
    pub(super) fn n_coordinates(&self) -> usize {
        self.axes.len() / self.center.len() + 1
    }

    /// The projections of points, one after the other.
    pub(super) fn project(&self, points: &[f64], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let (d, m) = (self.center.len(), self.n_coordinates());
        let mut projected = vec![0.0; points.len() / d * m];
        let blocks = projected.par_chunks_mut(BLOCK_ROWS * m).zip(points.par_chunks(BLOCK_ROWS * d));
        blocks.try_for_each_init(Vec::new, |rest, (projected, points)| {
            cx.check()?;
            for (projected, point) in projected.chunks_exact_mut(m).zip(points.chunks_exact(d)) {
                rest.clear();
                rest.extend(point.iter().zip(&self.center).map(|(value, center)| value - center));
                for (coordinate, axis) in projected.iter_mut().zip(self.axes.chunks_exact(d)) {
                    *coordinate = dot(rest, axis);
                    rest.iter_mut().zip(axis).for_each(|(rest, axis)| *rest -= *coordinate * axis);
                }
                if let Some(last) = projected.last_mut() {
                    *last = dot(rest, rest).sqrt();
                }
            }
            Ok(())
        })?;
        Ok(projected)
    }

    /// How far the distance of two projections may be above the distance of their points, for projections of at most
    /// these lengths: a bound on what rounding does to sums of so many products (Higham: Accuracy and stability of
    /// numerical algorithms, section 3.1), taken generously.
    pub(super) fn error(&self, length: f64, other: f64) -> f64 {
        32.0 * f64::EPSILON * (self.center.len() + N_AXES) as f64 * (length + other)
    }
}

/// How far the distance of two points of at most these lengths may be off when each is rounded to single precision, and
/// what is lost where squares of `d` differences are too small for it.
pub(super) fn rounding_error(d: usize, length: f64, other: f64) -> f64 {
    f64::from(f32::EPSILON) * (length + other) + 1e-18 * d as f64
}

/// Gram-Schmidt, twice for accuracy. What is left of an axis that depends on those before it becomes zero.
fn orthonormalize(d: usize, axes: &mut [f64]) {
    for at in 0..axes.len() / d {
        let (before, axis) = axes.split_at_mut(at * d);
        let axis = &mut axis[..d];
        let largest = axis.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        axis.iter_mut().for_each(|value| *value /= largest);
        let length = dot(axis, axis).sqrt();
        axis.iter_mut().for_each(|value| *value /= length);
        for _ in 0..2 {
            for other in before.chunks_exact(d) {
                let along = dot(axis, other);
                axis.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
            }
        }
        let length = dot(axis, axis).sqrt();
        // Also where there was nothing to begin with, or where the covariance overflowed.
        let is_new = length > 1e-6;
        axis.iter_mut().for_each(|value| *value = if is_new { *value / length } else { 0.0 });
    }
}

/// Scalar product, in eight sums so that it becomes vector code.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>() + sums.iter().sum::<f64>()
}
