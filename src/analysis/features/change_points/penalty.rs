//! What a change point has to gain to be one.

use super::cost::{Kernel, direct};
use super::{ChangePointError, Model, Signal};
use crate::cx::Cx;

/// Median of the absolute value of a standard normal number.
const NORMAL_MEDIAN: f64 = 0.674_489_750_196_081_7;

/// What stands in AIC in place of ln n.
pub(super) const AIC_FACTOR: f64 = 2.0;

/// The penalty for each change point.
///
/// With n rows of d columns, BIC is
/// - l2: `2 σ² d ln n`, with σ² the mean over the columns of (median |difference of neighbours| / (0.6745 √2))², the
///   variance of the noise whatever the changes;
/// - l1: `σ √(2/π) d ln n`, with σ the mean over the columns: a change of a Laplace distribution's median, the mean
///   absolute deviation being that of normal noise;
/// - rbf: `2 v ln n`, with v the median of 1 - similarity of neighbours, the variance of the noise in feature space;
/// - normal: `(d + d (d + 1) / 2 + 1) ln n`: a mean and a covariance, and the place of the change.
///
/// AIC is the same with 2 instead of ln n. Where at least half of all neighbours are equal in every column, σ is the
/// root of their mean squared difference over √2; for a constant signal it is 1. n counts as at least 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Penalty {
    /// Bayesian information criterion (Schwarz 1978; Yao 1988 for change points).
    Bic,
    /// Akaike information criterion. Finds more change points than there are in long series.
    Aic,
    /// A number in the units of the cost.
    Value(f64),
}

impl Penalty {
    /// The penalty for a signal.
    ///
    /// # Errors
    /// A number that is negative or not finite; those of the rbf cost; cancelled.
    pub fn value(self, model: Model, signal: &Signal, cx: &Cx) -> Result<f64, ChangePointError> {
        let factor = match self {
            Self::Value(penalty) => return check(penalty),
            Self::Bic => bic_factor(signal.n_rows()),
            Self::Aic => AIC_FACTOR,
        };
        let d = signal.n_columns() as f64;
        let noise = || {
            let columns = (0..signal.n_columns()).map(|column| differences(signal.column(column)).collect());
            noise(columns.collect())
        };
        Ok(match model {
            Model::L2 => l2(noise().variance, d, factor),
            Model::L1 => noise().deviation * std::f64::consts::FRAC_2_PI.sqrt() * d * factor,
            Model::Normal { .. } => normal(d, factor),
            Model::Rbf { gamma } => {
                let kernel = Kernel::new(signal, gamma, cx)?;
                let neighbours = 1..signal.n_rows();
                let unlike = neighbours.map(|row| 1.0 - kernel.similarity(row - 1, row)).collect();
                2.0 * median(unlike, 1.0) * factor
            }
        })
    }
}

/// A penalty that was given.
pub(super) fn check(penalty: f64) -> Result<f64, ChangePointError> {
    if penalty >= 0.0 && penalty.is_finite() { Ok(penalty) } else { Err(ChangePointError::Penalty { penalty }) }
}

/// ln n.
pub(super) fn bic_factor(n_rows: usize) -> f64 {
    (n_rows.max(2) as f64).ln()
}

/// Of the l2 cost.
pub(super) fn l2(noise_variance: f64, n_columns: f64, factor: f64) -> f64 {
    2.0 * noise_variance * n_columns * factor
}

/// Of the normal cost.
pub(super) fn normal(n_columns: f64, factor: f64) -> f64 {
    (n_columns + n_columns * (n_columns + 1.0) / 2.0 + 1.0) * factor
}

/// How much the noise moves neighbouring rows apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Noise {
    pub(super) variance: f64,
    pub(super) deviation: f64,
}

/// Differences of neighbours.
pub(super) fn differences(values: impl Iterator<Item = f64> + Clone) -> impl Iterator<Item = f64> {
    values.clone().skip(1).zip(values).map(|(next, value)| next - value)
}

/// Noise from the differences of neighbours in each column.
pub(super) fn noise(columns: Vec<Vec<f64>>) -> Noise {
    let n_columns = columns.len().max(1) as f64;
    let mean = |of_column: &dyn Fn(&[f64]) -> f64| columns.iter().map(|c| of_column(c)).sum::<f64>() / n_columns;
    let robust = |differences: &[f64]| {
        let sizes = differences.iter().map(|difference| difference.abs()).collect();
        median(sizes, 0.0) / (NORMAL_MEDIAN * std::f64::consts::SQRT_2)
    };
    let plain = |differences: &[f64]| {
        let n = differences.len().max(1) as f64;
        differences.iter().map(|difference| difference * difference / (2.0 * n)).sum::<f64>().sqrt()
    };
    let of = |deviation: &dyn Fn(&[f64]) -> f64| Noise {
        variance: mean(&|column| deviation(column).powi(2)),
        deviation: mean(&|column| deviation(column)),
    };
    [of(&robust), of(&plain)]
        .into_iter()
        .find(|noise| noise.variance > 0.0)
        .unwrap_or(Noise { variance: 1.0, deviation: 1.0 })
}

/// The middle value, or the mean of the two in the middle; `otherwise` of none.
fn median(mut values: Vec<f64>, otherwise: f64) -> f64 {
    if values.is_empty() { otherwise } else { direct::median(&mut values) }
}
