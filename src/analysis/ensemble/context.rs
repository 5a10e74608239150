//! Anomalies that last: a row counts more where the rows around it are abnormal, too.

use rayon::prelude::*;

use crate::data::SeriesOrder;
use crate::recipe::{ContextConfig, WindowAlign};

/// Adds to the value of every row `weight` times the mean, over the window around it in its own series, of the values
/// cut at ± `limit`. A sharp peak stays what it is; rows beside other high rows rise.
pub(super) fn add(values: &mut [f64], order: &SeriesOrder, config: &ContextConfig) {
    let series: Vec<&[u32]> = order.groups().collect();
    let added: Vec<Vec<f64>> = series.par_iter().map(|rows| means(values, rows, config)).collect();
    for (rows, means) in series.into_iter().zip(added) {
        for (&row, mean) in rows.iter().zip(means) {
            if let Some(value) = values.get_mut(row as usize) {
                *value += config.weight * mean;
            }
        }
    }
}

/// The mean of the cut values around each row of one series; at its ends over the rows there are.
fn means(values: &[f64], rows: &[u32], config: &ContextConfig) -> Vec<f64> {
    let n = rows.len();
    let mut sums = Vec::with_capacity(n + 1);
    let mut sum = 0.0;
    sums.push(sum);
    for &row in rows {
        sum += values.get(row as usize).map_or(0.0, |value| value.clamp(-config.limit, config.limit));
        sums.push(sum);
    }
    let mean = |at: usize| {
        let (from, to) = window(at, n, config);
        let between = |end: usize| sums.get(end).copied().unwrap_or(0.0);
        (between(to) - between(from)) / (to - from).max(1) as f64
    };
    (0..n).map(mean).collect()
}

/// The places around one of `n` that are averaged: from, and before which.
fn window(at: usize, n: usize, config: &ContextConfig) -> (usize, usize) {
    let width = (config.rows as usize).max(1);
    let (before, after) = match config.align {
        WindowAlign::Center => (width / 2, width - width / 2),
        WindowAlign::End => (width - 1, 1),
    };
    (at.saturating_sub(before), (at + after).min(n))
}

/// The rows around one row, for what [`add`] would add to it were its own value another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    weight: f64,
    limit: f64,
    /// Sum of the cut values of the others.
    others: f64,
    /// Rows averaged, itself included.
    n: f64,
}

impl Around {
    /// Around place `at` of the rows of a series; `value` gives the value of a row.
    pub(super) fn of(rows: &[u32], at: usize, value: impl Fn(u32) -> f64, config: &ContextConfig) -> Self {
        let (from, to) = window(at, rows.len(), config);
        let others = rows.iter().enumerate().take(to).skip(from).filter(|(place, _)| *place != at);
        let others = others.map(|(_, &row)| value(row).clamp(-config.limit, config.limit)).sum();
        let n = to.saturating_sub(from).max(1) as f64;
        Self { weight: config.weight, limit: config.limit, others, n }
    }

    /// A value of the row with what is added to it.
    pub(super) fn add(&self, value: f64) -> f64 {
        value + self.weight * (self.others + value.clamp(-self.limit, self.limit)) / self.n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_context(values: &[f64], codes: &[u32], config: ContextConfig) -> Vec<f64> {
        let mut values = values.to_vec();
        let times: Vec<i64> = (0..values.len() as i64).collect();
        add(&mut values, &SeriesOrder::new(codes.len(), &times, codes), &config);
        values
    }

    #[test]
    fn by_hand() {
        let config = ContextConfig { enabled: true, rows: 3, weight: 2.0, limit: 1.0, align: WindowAlign::Center };
        let values = [0.0, 9.0, 0.5, -4.0];
        // Cut: 0, 1, 0.5, -1. Row 0 and 3 have two rows each around them.
        assert_eq!(with_context(&values, &[0; 4], config.clone()), [1.0, 10.0, 0.5 + 1.0 / 3.0, -4.5]);
        let trailing = ContextConfig { align: WindowAlign::End, rows: 2, ..config.clone() };
        assert_eq!(with_context(&values, &[0; 4], trailing), [0.0, 10.0, 2.0, -4.5]);
        // Another series is another context.
        assert_eq!(with_context(&values, &[0, 1, 0, 1], config), [0.5, 9.0, 1.0, -4.0]);
    }
}
