//! The normal row that is most like a row: what it might have looked like.

use super::{Explainer, evenly};
use crate::data::Matrix;

/// Normal rows looked among, at most.
const MOST_ROWS: usize = 4096;

/// The normal row with the most similar features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearestNormal {
    /// Which row.
    pub row: u32,
    /// Root mean squared difference of the prepared features.
    pub distance: f64,
}

impl Explainer {
    /// The most similar of up to 4096 normal rows, at even steps of those of the same entity where there are as many as
    /// features, else of all. `None` where no other row is normal.
    pub fn nearest_normal(&self, row: u32) -> Option<NearestNormal> {
        let x = self.features();
        let is_normal =
            |other: &u32| *other != row && self.fitted.combined.is_anomaly.get(*other as usize) == Some(&false);
        let own = self.places.find(row, &self.detectors.order).series;
        let of_entity: Vec<u32> = own.iter().copied().filter(is_normal).collect();
        let rows = if of_entity.len() >= x.n_features() || own.len() == x.n_rows() {
            of_entity
        } else {
            self.detectors.order.rows().iter().copied().filter(is_normal).collect()
        };
        let candidates = evenly(&rows, MOST_ROWS);
        let nearest = candidates.into_iter().map(|other| (squared_distance(x, row, other), other));
        let nearest = nearest.min_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(NearestNormal { row: nearest.1, distance: (nearest.0 / x.n_features() as f64).sqrt() })
    }
}

fn squared_distance(x: &Matrix, a: u32, b: u32) -> f64 {
    x.row(a as usize).iter().zip(x.row(b as usize)).map(|(a, b)| (a - b) * (a - b)).sum()
}
