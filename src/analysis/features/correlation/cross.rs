//! Correlation of a column with an earlier part of another.

use std::collections::VecDeque;

use super::pearson::{Centred, pearson};
use super::rolling::RollingCorrelation;
use crate::analysis::features::windows::Reach;
use crate::recipe::CorrelationMethod;

/// Correlation of y with x some rows earlier, over the window that ends at each row of an entity. Causal.
///
/// The pairs of the window's rows are (x[t - lag], y[t]): a high value says that x leads y by `lag` rows. The rest is
/// as for [`RollingCorrelation`]. Memory: that, and 8 bytes per row of the lag.
#[derive(Debug, Clone)]
pub struct LaggedCorrelation {
    lag: usize,
    /// The last `lag` values of x, the oldest first.
    delayed: VecDeque<f64>,
    correlation: RollingCorrelation,
}

impl LaggedCorrelation {
    /// Before the first row.
    pub fn new(method: CorrelationMethod, lag: usize, reach: Reach, min_pairs: usize) -> Self {
        let correlation = RollingCorrelation::new(method, reach, min_pairs);
        Self { lag, delayed: VecDeque::new(), correlation }
    }

    /// Takes in the next row, and returns the correlation over its window.
    pub fn push(&mut self, time: i64, x: f64, y: f64) -> f64 {
        self.delayed.push_back(x);
        let is_full = self.delayed.len() > self.lag;
        let earlier = if is_full { self.delayed.pop_front() } else { None };
        self.correlation.push(time, earlier.unwrap_or(f64::NAN), y)
    }
}

/// How a correlation at a lag treats the rows that have no partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossForm {
    /// Left out, from means and variances too: pandas' `y.corr(x.shift(lag))`. Missing values are left out alike.
    Overlap,
    /// Part of means and variances; the sum of products is divided by all n rows. statsmodels'
    /// `ccf(y, x, adjusted=False)[lag]` (Box and Jenkins 1976).
    AllRows,
    /// As `AllRows`, but divided by the n - lag pairs: statsmodels' `ccf(y, x, adjusted=True)[lag]`. Can lie beyond 1.
    Adjusted,
}

/// Correlation of y[t] with x[t - lag] over whole columns. Looks at all rows: for training rows, and for display.
///
/// NaN for a constant column, for fewer than two pairs, and, but for [`CrossForm::Overlap`], where a value is missing.
/// Rows beyond the shorter column are left out.
pub fn cross_correlation(x: &[f64], y: &[f64], lag: usize, form: CrossForm) -> f64 {
    let n = x.len().min(y.len());
    let n_pairs = n.saturating_sub(lag);
    if n_pairs < 2 {
        return f64::NAN;
    }
    let (x, y) = (&x[..n], &y[..n]);
    if form == CrossForm::Overlap {
        let both = x.iter().zip(&y[lag..]).filter(|(x, y)| x.is_finite() && y.is_finite());
        let (x, y): (Vec<f64>, Vec<f64>) = both.unzip();
        return pearson(&x, &y);
    }
    if x.iter().chain(y).any(|value| !value.is_finite()) {
        return f64::NAN;
    }
    let (x, y) = (Centred::of(x), Centred::of(y));
    if x.squares == 0.0 || y.squares == 0.0 {
        return f64::NAN;
    }
    let products: f64 = x.values.iter().zip(&y.values[lag..]).map(|(x, y)| x * y).sum();
    let correlation = products / (x.squares * y.squares).sqrt();
    if form == CrossForm::Adjusted { correlation * (n as f64 / n_pairs as f64) } else { correlation }
}
