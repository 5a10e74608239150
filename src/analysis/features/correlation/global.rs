//! Correlation of whole columns, for a pair and as a matrix.

use rayon::prelude::*;

use super::kendall::{Scratch, tau_b};
use super::ordered::Ordered;
use super::pearson::{Centred, pearson};
use crate::cx::{Cancelled, Cx};
use crate::recipe::CorrelationMethod;

/// Correlation of two columns, over the rows where both have a value.
///
/// Looks at all rows: for training rows, and for display. NaN for fewer than two pairs and for a constant column.
/// Ties: average ranks (Spearman), tau-b (Kendall). Rows beyond the shorter column are left out.
///
/// # Errors
/// When cancelled.
pub fn correlation(method: CorrelationMethod, x: &[f64], y: &[f64], cx: &Cx) -> Result<f64, Cancelled> {
    let n = x.len().min(y.len());
    let (x, y) = (Prepared::new(method, &x[..n]), Prepared::new(method, &y[..n]));
    x.correlation(&y, 2, &mut Scratch::default(), cx)
}

/// Correlations of all pairs of columns, as pandas' `DataFrame.corr(method, min_periods)`: a symmetric matrix, row after
/// row. Rows beyond the shortest column are left out.
///
/// A pair with fewer than `min_pairs` common rows (at least 2) is NaN. So is all of a constant column, its diagonal
/// too (pandas has 1 there for Kendall). The same bits whatever the number of threads. Memory: at most 24 bytes per
/// value.
///
/// # Errors
/// When cancelled.
pub fn correlation_matrix(
    method: CorrelationMethod,
    columns: &[&[f64]],
    min_pairs: usize,
    cx: &Cx,
) -> Result<Vec<f64>, Cancelled> {
    let n_rows = columns.iter().map(|column| column.len()).min().unwrap_or(0);
    let min_pairs = min_pairs.max(2);
    let columns = columns.par_iter().map(|&column| {
        cx.check()?;
        Ok(Prepared::new(method, &column[..n_rows]))
    });
    let columns = columns.collect::<Result<Vec<Prepared>, Cancelled>>()?;
    let n = columns.len();
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).collect();
    let of_pair =
        |scratch: &mut Scratch, &(i, j): &(usize, usize)| columns[i].correlation(&columns[j], min_pairs, scratch, cx);
    let values = pairs.par_iter().map_init(Scratch::default, of_pair).collect::<Result<Vec<f64>, Cancelled>>()?;
    let mut matrix = vec![0.0; n * n];
    for (i, column) in columns.iter().enumerate() {
        let defined = column.varies && column.n_present >= min_pairs;
        matrix[i * n + i] = if defined { 1.0 } else { f64::NAN };
    }
    for ((i, j), value) in pairs.into_iter().zip(values) {
        matrix[i * n + j] = value;
        matrix[j * n + i] = value;
    }
    Ok(matrix)
}

/// A column, with what is the same for all its pairs.
struct Prepared<'a> {
    values: &'a [f64],
    n_present: usize,
    /// Whether there are two different values.
    varies: bool,
    basis: Basis,
}

/// What a method works on, of the values that are present.
enum Basis {
    /// Pearson.
    Values(Centred),
    /// Spearman.
    Ranks(Ordered, Centred),
    /// Kendall.
    Order(Ordered),
}

impl<'a> Prepared<'a> {
    fn new(method: CorrelationMethod, values: &'a [f64]) -> Self {
        let present: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let basis = match method {
            CorrelationMethod::Pearson => Basis::Values(Centred::of(&present)),
            CorrelationMethod::Spearman => {
                let ordered = Ordered::new(values);
                let deviations = ordered.rank_deviations();
                Basis::Ranks(ordered, deviations)
            }
            CorrelationMethod::Kendall => Basis::Order(Ordered::new(values)),
        };
        Self { values, n_present: present.len(), varies: present.iter().any(|value| *value != present[0]), basis }
    }

    /// The correlation with another column, of the same length and for the same method.
    fn correlation(&self, other: &Self, min_pairs: usize, scratch: &mut Scratch, cx: &Cx) -> Result<f64, Cancelled> {
        cx.check()?;
        let both = self.values.iter().zip(other.values).filter(|(x, y)| x.is_finite() && y.is_finite());
        let complete = self.n_present == self.values.len() && other.n_present == other.values.len();
        let n_pairs = if complete { self.values.len() } else { both.clone().count() };
        if n_pairs < min_pairs {
            return Ok(f64::NAN);
        }
        match (&self.basis, &other.basis) {
            (Basis::Values(x), Basis::Values(y)) | (Basis::Ranks(_, x), Basis::Ranks(_, y)) if complete => {
                Ok(x.correlation(y))
            }
            (Basis::Values(_), Basis::Values(_)) => {
                let (x, y): (Vec<f64>, Vec<f64>) = both.unzip();
                Ok(pearson(&x, &y))
            }
            (Basis::Ranks(x, _), Basis::Ranks(y, _)) => {
                Ok(x.restricted(y).rank_deviations().correlation(&y.restricted(x).rank_deviations()))
            }
            (Basis::Order(x), Basis::Order(y)) if complete => tau_b(x, y, scratch, cx),
            (Basis::Order(x), Basis::Order(y)) => tau_b(&x.restricted(y), &y.restricted(x), scratch, cx),
            _ => Ok(f64::NAN),
        }
    }
}
