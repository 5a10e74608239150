//! Pearson's correlation of values of any magnitude.

use super::super::deviations::{Deviations, dot};

/// Values whose mean is 0.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Centred {
    pub(super) values: Vec<f64>,
    /// Sum of their squares. 0 where all are 0, or there are none.
    pub(super) squares: f64,
}

impl Centred {
    /// Takes values whose mean is 0, and whose squares neither overflow nor vanish.
    pub(super) fn new(values: Vec<f64>) -> Self {
        Self { squares: dot(&values, &values), values }
    }

    /// The deviations of finite values from their mean, in a unit of their own.
    pub(super) fn of(values: &[f64]) -> Self {
        Self::new(Deviations::new(values).values)
    }

    /// Pearson's correlation with others of the same length; NaN where one of the two is constant.
    pub(super) fn correlation(&self, other: &Self) -> f64 {
        ratio(dot(&self.values, &other.values), self.squares, other.squares)
    }
}

/// Pearson's correlation of finite values; NaN where one of the two is constant.
pub(super) fn pearson(x: &[f64], y: &[f64]) -> f64 {
    Centred::of(x).correlation(&Centred::of(y))
}

/// Covariance over the root of the product of variances, none of which may overflow. NaN where a variance is 0.
pub(super) fn ratio(covariance: f64, variance_x: f64, variance_y: f64) -> f64 {
    if variance_x > 0.0 && variance_y > 0.0 {
        (covariance / (variance_x * variance_y).sqrt()).clamp(-1.0, 1.0)
    } else {
        f64::NAN
    }
}
