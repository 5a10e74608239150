//! Platt scaling: a logistic curve from scores to probabilities, learned with labels.
//!
//! Platt (1999), "Probabilistic outputs for support vector machines"; the minimisation is Newton's method with
//! backtracking of Lin, Lin, Weng (2007), "A note on Platt's probabilistic outputs for support vector machines".
//! linfa has this too, but without weights, with probabilities in single precision, coefficients exact to about 1e-7,
//! and a model that cannot be saved.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::special::{logistic, map_column};
use super::{CalibrationError, check};
use crate::cx::{Cancelled, Cx};

/// Rows whose terms are summed by one thread; the sums are added in row order.
const CHUNK_ROWS: usize = 1 << 13;

/// Steps after which the search ends in any case; it takes about ten.
const MAX_STEPS: usize = 100;

/// Shortest step of the backtracking, as a share of the full one.
const MIN_STEP: f64 = 1e-10;

/// Keeps the curvature above 0, as in the paper.
const RIDGE: f64 = 1e-12;

/// A logistic curve: the log-odds of an anomaly are `slope * (score - center) / scale + intercept`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Platt {
    center: f64,
    scale: f64,
    slope: f64,
    intercept: f64,
}

impl Platt {
    /// Learns the curve. Targets are smoothed as by Platt: `(n₊ + 1) / (n₊ + 2)` for anomalies and `1 / (n₋ + 2)` for
    /// normal rows (with weights, the sums of weights), so that separable scores have a finite answer. Scores that are
    /// all alike give each row the same probability. Where normal rows score higher, the curve falls.
    ///
    /// # Errors
    /// [`CalibrationError`]: cancelled, no rows, one class only, lengths that differ, numbers that cannot be used.
    pub fn fit(scores: &[f64], labels: &[bool], weights: Option<&[f64]>, cx: &Cx) -> Result<Self, CalibrationError> {
        check(scores, labels, weights)?;
        let (low, high) = scores.iter().fold((f64::MAX, f64::MIN), |(low, high), &s| (low.min(s), high.max(s)));
        let center = low / 2.0 + high / 2.0;
        let half_range = high / 2.0 - low / 2.0;
        let scale = if half_range >= f64::MIN_POSITIVE { half_range } else { 1.0 };
        let mut curve = Self { center, scale, slope: 0.0, intercept: 0.0 };
        let rows = Rows::new(scores.iter().map(|&score| curve.position(score)).collect(), labels, weights);
        (curve.slope, curve.intercept) = rows.minimise(cx)?;
        Ok(curve)
    }

    /// Probability that a row of this score is an anomaly, 0 to 1.
    #[inline(always)]
    pub fn probability(&self, score: f64) -> f64 {
        logistic(self.slope * self.position(score) + self.intercept)
    }

    /// [`Platt::probability`] of each score.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn probabilities(&self, scores: &[f64], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let curve = *self;
        map_column(
            scores,
            cx,
            #[inline(always)]
            move |score| curve.probability(score),
        )
    }

    /// `a` and `b` of Platt's form `1 / (1 + exp(a * score + b))`; `a` is below 0 where anomalies score higher. Less
    /// exact than [`Platt::probability`] for scores far from 0 on a small range.
    pub fn coefficients(&self) -> (f64, f64) {
        let a = -self.slope / self.scale;
        (a, -self.intercept - a * self.center)
    }

    /// A score in half ranges of the training scores from their middle.
    #[inline(always)]
    fn position(&self, score: f64) -> f64 {
        // Halves, since the difference of two numbers can be larger than any; held finite, so that a slope of 0 stays 0.
        ((score / 2.0 - self.center / 2.0) / (self.scale / 2.0)).clamp(f64::MIN, f64::MAX)
    }
}

/// What the curve is fitted to.
struct Rows {
    positions: Vec<f64>,
    targets: Vec<f64>,
    /// Empty: all 1.
    weights: Vec<f64>,
    /// Sum of weights of the normal and the anomalous rows.
    class_weights: [f64; 2],
}

/// The loss at a slope and an intercept, its gradient, and the upper triangle of its Hessian matrix.
#[derive(Debug, Clone, Copy, Default)]
struct Loss {
    value: f64,
    gradient: [f64; 2],
    hessian: [f64; 3],
}

impl Rows {
    fn new(positions: Vec<f64>, labels: &[bool], weights: Option<&[f64]>) -> Self {
        let mut class_weights = [0.0; 2];
        for (row, label) in labels.iter().enumerate() {
            class_weights[usize::from(*label)] += weights.and_then(|weights| weights.get(row)).unwrap_or(&1.0);
        }
        let target = |&label: &bool| {
            if label { (class_weights[1] + 1.0) / (class_weights[1] + 2.0) } else { 1.0 / (class_weights[0] + 2.0) }
        };
        let targets = labels.iter().map(target).collect();
        Self { positions, targets, weights: weights.unwrap_or_default().to_vec(), class_weights }
    }

    /// Slope and intercept of the smallest cross-entropy.
    fn minimise(&self, cx: &Cx) -> Result<(f64, f64), Cancelled> {
        let [normal, anomalous] = self.class_weights;
        let mut at = [0.0, ((anomalous + 1.0) / (normal + 1.0)).ln()];
        let mut loss = self.loss(at, cx)?;
        for _ in 0..MAX_STEPS {
            let ([g1, g2], [h11, h12, h22]) = (loss.gradient, loss.hessian);
            let (h11, h22) = (h11 + RIDGE, h22 + RIDGE);
            let determinant = h11 * h22 - h12 * h12;
            let step = [-(h22 * g1 - h12 * g2) / determinant, -(h11 * g2 - h12 * g1) / determinant];
            let descent = g1 * step[0] + g2 * step[1];
            // Also where there is no step, because the determinant has vanished.
            if descent.is_nan() || descent >= 0.0 {
                break;
            }
            // So near the minimum the decrease is lost in rounding, and a full step is as exact as numbers are.
            if -descent <= 1e-12 * loss.value {
                at = [at[0] + step[0], at[1] + step[1]];
                break;
            }
            let mut length = 1.0;
            let found = loop {
                let next = [at[0] + length * step[0], at[1] + length * step[1]];
                let next_loss = self.loss(next, cx)?;
                if next_loss.value < loss.value + 1e-4 * length * descent {
                    break Some((next, next_loss));
                }
                length /= 2.0;
                if length < MIN_STEP {
                    break None;
                }
            };
            let Some(found) = found else { break };
            (at, loss) = found;
        }
        Ok((at[0], at[1]))
    }

    fn loss(&self, at: [f64; 2], cx: &Cx) -> Result<Loss, Cancelled> {
        let chunks: Vec<Loss> = (0..self.positions.len().div_ceil(CHUNK_ROWS))
            .into_par_iter()
            .map(|chunk| {
                cx.check()?;
                Ok(self.chunk_loss(chunk * CHUNK_ROWS, at))
            })
            .collect::<Result<_, Cancelled>>()?;
        Ok(chunks.into_iter().fold(Loss::default(), Loss::plus))
    }

    fn chunk_loss(&self, first: usize, [slope, intercept]: [f64; 2]) -> Loss {
        let rows = self.positions.iter().zip(&self.targets).enumerate().skip(first).take(CHUNK_ROWS);
        rows.fold(Loss::default(), |sum, (row, (position, target))| {
            let log_odds = slope * position + intercept;
            let weight = self.weights.get(row).copied().unwrap_or(1.0);
            // The smaller of p and 1 - p, without loss of digits.
            let tail = (-log_odds.abs()).exp();
            let (smaller, larger) = (tail / (1.0 + tail), 1.0 / (1.0 + tail));
            let error = if log_odds >= 0.0 { (1.0 - target) - smaller } else { smaller - target };
            let curvature = weight * smaller * larger;
            sum.plus(Loss {
                value: weight * (log_odds.max(0.0) - target * log_odds + tail.ln_1p()),
                gradient: [weight * error * position, weight * error],
                hessian: [curvature * position * position, curvature * position, curvature],
            })
        })
    }
}

impl Loss {
    fn plus(self, other: Self) -> Self {
        let ([g1, g2], [h11, h12, h22]) = (self.gradient, self.hessian);
        Self {
            value: self.value + other.value,
            gradient: [g1 + other.gradient[0], g2 + other.gradient[1]],
            hessian: [h11 + other.hessian[0], h12 + other.hessian[1], h22 + other.hessian[2]],
        }
    }
}
