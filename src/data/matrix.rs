//! The dense matrix that detectors see.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A column of a [`Matrix`]: what was computed from which raw column.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Feature {
    /// Unique name, such as `cpu_mean_30`.
    pub name: String,
    /// Raw column it comes from.
    pub source: String,
}

/// Features of the rows: dense, row-major, finite. Rows are in the order of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    features: Arc<[Feature]>,
    rows: usize,
    data: Vec<f64>,
}

impl Matrix {
    /// A matrix over `data`, row after row.
    ///
    /// Returns `None` unless `data` holds a whole number of rows, or when there are no features.
    pub fn new(features: impl Into<Arc<[Feature]>>, data: Vec<f64>) -> Option<Self> {
        let features = features.into();
        if features.is_empty() || !data.len().is_multiple_of(features.len()) {
            return None;
        }
        Some(Self { rows: data.len() / features.len(), features, data })
    }

    /// A matrix with features called `f0`, `f1`, … Mostly for tests and benches.
    ///
    /// Returns `None` where [`Matrix::new`] does.
    pub fn unnamed(n_features: usize, data: Vec<f64>) -> Option<Self> {
        let feature = |i| Feature { name: format!("f{i}"), source: format!("f{i}") };
        Self::new((0..n_features).map(feature).collect::<Vec<_>>(), data)
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.rows
    }

    /// Number of features.
    pub fn n_features(&self) -> usize {
        self.features.len()
    }

    /// Bytes of its values.
    pub fn n_bytes(&self) -> u64 {
        8 * self.data.len() as u64
    }

    /// The features, one per column.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The features, to make a matrix of the same ones without copying them.
    pub fn shared_features(&self) -> Arc<[Feature]> {
        Arc::clone(&self.features)
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f64] {
        &self.data
    }

    /// One row; empty where there is no such row.
    pub fn row(&self, row: usize) -> &[f64] {
        self.rows_in(row..row + 1)
    }

    /// The values of a range of rows; empty where it is out of bounds.
    pub fn rows_in(&self, rows: Range<usize>) -> &[f64] {
        let n = self.n_features();
        self.data.get(rows.start * n..rows.end * n).unwrap_or_default()
    }

    /// Every row in turn.
    pub fn iter_rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.data.chunks_exact(self.n_features())
    }

    /// A matrix of some of the rows, in the order given. Rows out of bounds are left out.
    #[must_use]
    pub fn select(&self, rows: &[u32]) -> Self {
        let mut data = Vec::with_capacity(rows.len() * self.n_features());
        rows.iter().for_each(|&row| data.extend_from_slice(self.row(row as usize)));
        Self { rows: data.len() / self.n_features(), features: Arc::clone(&self.features), data }
    }
}

impl Matrix {
    /// A matrix of some of the features, in the order given. `None` without any, or where one is out of bounds.
    pub fn select_features(&self, features: &[usize]) -> Option<Self> {
        let kept = features.iter().map(|&i| self.features.get(i).cloned()).collect::<Option<Vec<Feature>>>()?;
        let of_row = |row: &[f64]| features.iter().filter_map(|&i| row.get(i).copied()).collect::<Vec<f64>>();
        Self::new(kept, self.iter_rows().flat_map(of_row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape_is_checked_and_rows_are_views() {
        assert!(Matrix::unnamed(2, vec![1.0; 3]).is_none());
        assert!(Matrix::unnamed(0, vec![]).is_none());
        let m = Matrix::unnamed(2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        assert_eq!((m.n_rows(), m.n_features()), (3, 2));
        assert_eq!(m.row(1), [3.0, 4.0]);
        assert_eq!(m.select_features(&[1]).unwrap().values(), [2.0, 4.0, 6.0]);
        assert!(m.select_features(&[2]).is_none() && m.select_features(&[]).is_none());
        assert!(m.row(3).is_empty());
        assert_eq!(m.rows_in(1..3), [3.0, 4.0, 5.0, 6.0]);
        assert_eq!(m.select(&[2, 0]).values(), [5.0, 6.0, 1.0, 2.0]);
    }
}
