//! Which features make a row's local outlier factor what it is?

use rayon::prelude::*;

use super::LocalOutlierFactor;
use crate::analysis::detect::{Decompose, DetectError};
use crate::cx::Cx;
use crate::data::Matrix;

impl Decompose for LocalOutlierFactor {
    /// The factor is the mean density of the neighbours times the mean reachability distance from them. Each
    /// reachability distance is split by the features' terms in the distance from that neighbour (Euclidean: squared
    /// differences); equal shares of a neighbour that does not differ. Each part is at least 0.
    fn parts(&self, x: &Matrix, own: Option<&[u32]>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let found = self.search_beside(x, own.unwrap_or_default(), cx)?;
        let mut parts = vec![0.0; x.values().len()];
        let rows = parts.par_chunks_exact_mut(x.n_features()).zip(x.values().par_chunks_exact(x.n_features()));
        rows.zip(&found).try_for_each(|((parts, row), found)| {
            cx.check()?;
            let mut shares = self.neighbors.shares_of(row);
            let mut sum = 0.0;
            for (&place, distance) in found.places.iter().zip(&found.distances) {
                let reach = distance.max(self.k_distance[place as usize]);
                sum += reach;
                parts.iter_mut().zip(shares.from(place)).for_each(|(part, share)| *part += reach * share);
            }
            let factor = self.factor(found);
            if sum > 0.0 {
                // What is added to the mean reachability distance is shared alike.
                parts.iter_mut().for_each(|part| *part = *part / sum * factor);
            } else {
                // Equal to all of its neighbours.
                parts.fill(factor / parts.len() as f64);
            }
            Ok::<_, DetectError>(())
        })?;
        Ok(parts)
    }
}
