//! The neighbours of rows that are variants of training rows: a row must not find the one it comes from.

use super::Neighbors;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// Neighbours of a row, nearest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Neighborhood {
    /// Places of the neighbours.
    pub(crate) places: Vec<u32>,
    /// Their distances.
    pub(crate) distances: Vec<f64>,
}

impl Neighbors {
    /// The `k` nearest training rows of each row of `x`, or all where there are no more. Row i does not find training
    /// row `own[i]`, unless there is no other; `u32::MAX` and a row beyond the end of `own` mean none. Progress goes up
    /// by one for each row.
    pub(crate) fn search_beside(
        &self,
        x: &Matrix,
        k: usize,
        own: &[u32],
        cx: &Cx,
    ) -> Result<Vec<Neighborhood>, Cancelled> {
        let k = k.max(1);
        let n_found = if own.is_empty() { k } else { k + 1 };
        let mut found = self.search(x, n_found, cx, |places, distances| Neighborhood {
            places: places.to_vec(),
            distances: distances.to_vec(),
        })?;
        for (found, own) in found.iter_mut().zip(own) {
            let at = found.places.iter().position(|&place| self.rows().get(place as usize) == Some(own));
            if let Some(at) = at.filter(|_| found.places.len() > 1) {
                found.places.remove(at);
                found.distances.remove(at);
            }
            found.places.truncate(k);
            found.distances.truncate(k);
        }
        Ok(found)
    }
}

/// Numbers of rows among those fitted on, from their numbers in the table that `sample` was taken of: `u32::MAX` for
/// those outside of it.
pub(crate) fn fitted_rows(own: &[u32], sample: Option<&[u32]>) -> Vec<u32> {
    let at = |row| match sample {
        Some(sample) => sample.binary_search(row).map_or(u32::MAX, |at| at as u32),
        None => *row,
    };
    own.iter().map(at).collect()
}
