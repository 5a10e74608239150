//! Costs from sums and products: squared deviations (l2) and the Gaussian likelihood (normal).

use std::cell::OnceCell;
use std::ops::Range;

use super::direct;
use super::double::Double;
use super::{Cost, SMALL_BIAS, Signal};
use crate::analysis::features::change_points::lanes::Scale;
use crate::analysis::features::change_points::sweep::{MomentSweep, QuerySweep, Sweep};
use crate::cx::{Cancelled, Cx};

/// Longest segment whose cost comes from its definition (see [`direct`]). Longer ones come from prefix sums.
const DIRECT_ROWS: usize = 128;

/// Below this share of a sum of squares a sum of squared deviations is rounding error: 2^-98.
const ROUNDING: f64 = 1.0 / (1_u128 << 98) as f64;

/// What is made of the moments of a segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Sum of squared deviations from the mean.
    L2,
    /// Rows times the logarithm of the determinant of the covariance.
    Normal { bias: f64 },
}

/// Prefix sums of a signal: constant time per segment, exact to about the last digit under any offset. An outlier
/// beyond about 1e12 times the noise takes digits from the costs of long segments after it.
#[derive(Debug)]
pub(super) struct Moments<'a> {
    signal: &'a Signal,
    kind: Kind,
    pairs: Vec<(usize, usize)>,
    /// Made when first needed: running moments do without.
    prefix: OnceCell<Prefix>,
}

/// Sums over the first k rows, for k from 0.
#[derive(Debug)]
struct Prefix {
    /// Per column.
    sums: Vec<Double>,
    /// Per pair of columns.
    products: Vec<Double>,
}

impl<'a> Moments<'a> {
    /// Sum of squared deviations from each column's mean.
    pub(super) fn l2(signal: &'a Signal) -> Self {
        let pairs = (0..signal.n_columns()).map(|column| (column, column)).collect();
        Self { signal, kind: Kind::L2, pairs, prefix: OnceCell::new() }
    }

    /// Gaussian log-determinant cost.
    pub(super) fn normal(signal: &'a Signal, small_bias: bool) -> Self {
        let pairs = (0..signal.n_columns()).flat_map(|a| (0..=a).map(move |b| (a, b))).collect();
        let kind = Kind::Normal { bias: if small_bias { SMALL_BIAS } else { 0.0 } };
        Self { signal, kind, pairs, prefix: OnceCell::new() }
    }

    fn prefix(&self) -> Prefix {
        let n_columns = self.signal.n_columns();
        let mut sums = vec![Double::default(); n_columns];
        let mut products = vec![Double::default(); self.pairs.len()];
        let mut prefix = Prefix { sums: sums.clone(), products: products.clone() };
        // Deviations from the first row: those of a constant column are exactly 0.
        let pivot = self.signal.values().get(..n_columns).unwrap_or_default();
        for row in self.signal.values().chunks_exact(n_columns) {
            let deviation = |column: usize| row[column] - pivot[column];
            for (column, sum) in sums.iter_mut().enumerate() {
                *sum = *sum + deviation(column).into();
            }
            for (&(a, b), product) in self.pairs.iter().zip(&mut products) {
                *product = *product + Double::product(deviation(a), deviation(b));
            }
            prefix.sums.extend_from_slice(&sums);
            prefix.products.extend_from_slice(&products);
        }
        prefix
    }

    /// Sum over the rows of the products of two columns' deviations from their means.
    fn comoment(&self, rows: &Range<usize>, pair: usize) -> f64 {
        let prefix = self.prefix.get_or_init(|| self.prefix());
        let between = |sums: &[Double], n: usize, i: usize| sums[rows.end * n + i] - sums[rows.start * n + i];
        let (a, b) = self.pairs[pair];
        let sum = |column: usize| between(&prefix.sums, self.signal.n_columns(), column);
        let products = between(&prefix.products, self.pairs.len(), pair);
        let comoment = (products - sum(a).times(sum(b)).over(rows.len() as f64)).value();
        let is_rounding = a == b && comoment <= products.value() * ROUNDING;
        if is_rounding { 0.0 } else { comoment }
    }

    /// As `numpy.cov`: n - 1.
    fn log_det_covariance(&self, rows: &Range<usize>, bias: f64) -> f64 {
        let n_columns = self.signal.n_columns();
        let freedom = (rows.len() as f64 - 1.0).max(1.0);
        let mut matrix = vec![0.0; n_columns * n_columns];
        for (pair, &(a, b)) in self.pairs.iter().enumerate() {
            let covariance = self.comoment(rows, pair) / freedom;
            matrix[a * n_columns + b] = covariance;
            matrix[b * n_columns + a] = covariance;
        }
        for column in 0..n_columns {
            matrix[column * (n_columns + 1)] += bias;
        }
        log_abs_det(&mut matrix, n_columns)
    }
}

/// Logarithm of the size of a determinant, by elimination with pivots; -inf for a singular matrix.
fn log_abs_det(matrix: &mut [f64], n: usize) -> f64 {
    let mut log_det = 0.0;
    for k in 0..n {
        let size = |row: &usize| matrix[row * n + k].abs();
        let best = (k..n).max_by(|a, b| size(a).total_cmp(&size(b))).unwrap_or(k);
        let pivot = matrix[best * n + k];
        log_det += pivot.abs().ln();
        if pivot == 0.0 {
            break;
        }
        for column in 0..n {
            matrix.swap(best * n + column, k * n + column);
        }
        for row in k + 1..n {
            let factor = matrix[row * n + k] / pivot;
            for column in k + 1..n {
                matrix[row * n + column] -= factor * matrix[k * n + column];
            }
        }
    }
    log_det
}

impl Cost for Moments<'_> {
    fn of(&self, rows: Range<usize>, _cx: &Cx) -> Result<f64, Cancelled> {
        let n_columns = self.signal.n_columns();
        let n = rows.len() as f64;
        let short = || direct::variance(&self.signal.values()[rows.start * n_columns..rows.end * n_columns], n_columns);
        let is_short = rows.len() <= DIRECT_ROWS;
        Ok(match self.kind {
            Kind::L2 if is_short => short() * n,
            Kind::L2 => (0..n_columns).map(|column| self.comoment(&rows, column)).sum(),
            Kind::Normal { bias } if n_columns > 1 => self.log_det_covariance(&rows, bias) * n,
            Kind::Normal { bias } if is_short => (short() + bias).ln() * n,
            Kind::Normal { bias } => (self.comoment(&rows, 0) / n + bias).ln() * n,
        })
    }

    fn sweep(&self) -> Box<dyn Sweep + '_> {
        // Running moments are the fastest by far; ties of short series fall as in ruptures only with `of`.
        if self.signal.n_columns() > 1 || self.signal.n_rows() <= DIRECT_ROWS {
            return Box::new(QuerySweep::new(self));
        }
        let scale = match self.kind {
            Kind::L2 => Scale::Squares,
            Kind::Normal { bias } => Scale::LogVariance { bias },
        };
        Box::new(MomentSweep::new(self.signal, scale))
    }
}
