//! Bins of equal width.

use serde::{Deserialize, Serialize};

/// Bins of equal width from the smallest to the largest of the values they were made for, as `numpy.histogram`.
///
/// A bin holds its lower edge and not its upper one, but the last bin holds both. Values below the first edge or above
/// the last belong to the first and the last bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bins {
    /// One more than there are bins; ascending, finite.
    edges: Vec<f64>,
}

impl Bins {
    /// Bins for the finite values of a column, at least 1; `None` where there are no values. A constant column has bins
    /// from half below it to half above it.
    pub fn equal_width(column: &[f64], n_bins: usize) -> Option<Self> {
        let present = || column.iter().copied().filter(|value| value.is_finite());
        let (mut first, mut last) = (present().reduce(f64::min)?, present().reduce(f64::max)?);
        if first == last {
            (first, last) = (first - 0.5, last + 0.5);
        }
        let n_bins = n_bins.max(1);
        let n = n_bins as f64;
        let width = last - first;
        let step = width / n;
        // The order of operations is that of numpy, so that edges are the same to the last bit. numpy has no answer where
        // the width overflows.
        let edge = |i: f64| match step {
            0.0 => i / n * width + first,
            step if step.is_finite() => i * step + first,
            _ => first * (1.0 - i / n) + last * (i / n),
        };
        let mut edges: Vec<f64> = (0..n_bins).map(|i| edge(i as f64)).collect();
        edges.push(last);
        Some(Self { edges })
    }

    /// Number of bins.
    pub fn n_bins(&self) -> usize {
        self.edges.len().saturating_sub(1)
    }

    /// The bin of a finite value.
    pub fn index(&self, value: f64) -> usize {
        let inner = self.edges.get(1..self.n_bins()).unwrap_or_default();
        inner.partition_point(|&edge| edge <= value)
    }

    /// Number of finite values in each bin.
    pub fn counts(&self, column: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; self.n_bins()];
        for &value in column.iter().filter(|value| value.is_finite()) {
            if let Some(count) = counts.get_mut(self.index(value)) {
                *count += 1;
            }
        }
        counts
    }
}
