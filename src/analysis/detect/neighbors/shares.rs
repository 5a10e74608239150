//! What share of a distance does each feature have?

use super::Neighbors;

/// Splits distances from one row among the features. Memory kept from one neighbour to the next.
pub(crate) struct Shares<'a> {
    neighbors: &'a Neighbors,
    /// The point of the row, and of the neighbour.
    row: Vec<f64>,
    other: Vec<f64>,
    shares: Vec<f64>,
}

impl Neighbors {
    /// Ready to split distances from a row.
    pub(crate) fn shares_of(&self, row: &[f64]) -> Shares<'_> {
        let row = self.space.points(row, self.n_features);
        Shares { neighbors: self, other: vec![0.0; row.len()], shares: vec![0.0; self.n_features], row }
    }
}

impl Shares<'_> {
    /// The share that each feature has of the distance from the training row at a place: each at least 0, together 1. It
    /// is the feature's term in the sum that the distance is made of: |difference|^p, p being 2 for the Euclidean
    /// distance, and for the cosine distance between rows of length 1. Equal shares where no feature differs. Where a
    /// row has no direction, the other row's features share what its cosine distance is set to.
    pub(crate) fn from(&mut self, place: u32) -> &[f64] {
        self.neighbors.read_point(place as usize, &mut self.other);
        let order = self.neighbors.space.order();
        let mut largest = 0.0_f64;
        for (share, (a, b)) in self.shares.iter_mut().zip(self.row.iter().zip(&self.other)) {
            *share = (a - b).abs();
            largest = largest.max(*share);
        }
        if largest > 0.0 {
            // Divided first: powers of huge and of tiny differences would be lost.
            let term = |difference: f64| match order {
                1.0 => difference,
                2.0 => difference * difference,
                p => difference.powf(p),
            };
            self.shares.iter_mut().for_each(|share| *share = term(*share / largest));
        } else {
            self.shares.fill(1.0);
        }
        let sum: f64 = self.shares.iter().sum();
        self.shares.iter_mut().for_each(|share| *share /= sum);
        &self.shares
    }
}
