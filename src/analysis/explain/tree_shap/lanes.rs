//! Rows side by side, as trees compare them.

use crate::analysis::detect::isolation_forest::to_f32;

/// Rows explained side by side.
pub(super) const LANES: usize = 8;

/// A number per row.
pub(super) type Lanes = [f64; LANES];

/// Rows in blocks of [`LANES`], in a block feature after feature; values rounded to single precision. The last block is
/// filled up with zeros.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    values: Vec<Lanes>,
    n_features: usize,
}

impl Blocks {
    /// Blocks of rows of `n_features` values each.
    pub(super) fn new(rows: &[f64], n_features: usize) -> Self {
        let blocks = rows.chunks(LANES * n_features);
        let mut values = vec![[0.0; LANES]; blocks.len() * n_features];
        for (rows, block) in blocks.zip(values.chunks_exact_mut(n_features)) {
            for (lane, row) in rows.chunks_exact(n_features).enumerate() {
                block.iter_mut().zip(row).for_each(|(values, &value)| values[lane] = f64::from(to_f32(value)));
            }
        }
        Self { values, n_features }
    }

    /// Number of blocks.
    pub(super) fn n_blocks(&self) -> usize {
        self.values.len() / self.n_features
    }

    /// Per block, its rows by feature.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[Lanes]> {
        self.values.chunks_exact(self.n_features)
    }
}
