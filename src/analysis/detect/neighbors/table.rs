//! The neighbours of many rows.

use rayon::prelude::*;

/// The nearest training rows of some rows, nearest first; of equally near ones the one with the lower number first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    k: usize,
    /// Places of the neighbours, row after row.
    places: Vec<u32>,
    /// Distances of the neighbours, row after row.
    distances: Vec<f64>,
}

impl Table {
    /// Room for the `k` neighbours of `n` rows.
    pub(super) fn new(n: usize, k: usize) -> Self {
        Self { k, places: vec![0; n * k], distances: vec![0.0; n * k] }
    }

    /// Places and distances of the neighbours of each row in turn.
    pub(crate) fn par_iter(&self) -> impl IndexedParallelIterator<Item = (&[u32], &[f64])> {
        self.places.par_chunks(self.k).zip(self.distances.par_chunks(self.k))
    }

    /// The same, to be changed.
    pub(crate) fn par_iter_mut(&mut self) -> impl IndexedParallelIterator<Item = (&mut [u32], &mut [f64])> {
        self.places.par_chunks_mut(self.k).zip(self.distances.par_chunks_mut(self.k))
    }

    /// Blocks of rows to be written, numbered.
    pub(super) fn par_blocks_mut(
        &mut self,
        n_rows: usize,
    ) -> impl IndexedParallelIterator<Item = (usize, (&mut [u32], &mut [f64]))> {
        let size = n_rows * self.k;
        self.places.par_chunks_mut(size).zip(self.distances.par_chunks_mut(size)).enumerate()
    }
}
