//! Squared distances from one point to many: points stored eight abreast, so that plain loops become vector code.

use serde::{Deserialize, Serialize};

use crate::cx::{Cancelled, Cx};

/// Points side by side in a block.
pub(crate) const LANES: usize = 8;

/// Coordinates beyond this count as this: sums of squares of differences then stay finite.
const LIMIT: f64 = 1e150;

/// A coordinate for distances: the value itself, unless its square would overflow.
pub(crate) fn coordinate(value: f64) -> f64 {
    value.clamp(-LIMIT, LIMIT)
}

/// Points in blocks of [`LANES`]; in a block, coordinate after coordinate. The last block is filled up with zeros.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Points {
    data: Vec<f64>,
    n_features: usize,
    len: usize,
}

impl Points {
    /// Points from rows of `n_features` values each, which go through [`coordinate`].
    pub(crate) fn new<'a>(
        n_features: usize,
        rows: impl ExactSizeIterator<Item = &'a [f64]>,
        cx: &Cx,
    ) -> Result<Self, Cancelled> {
        let len = rows.len();
        let mut data = vec![0.0; len.div_ceil(LANES) * LANES * n_features];
        for (at, row) in rows.enumerate() {
            cx.check()?;
            let first = at / LANES * LANES * n_features + at % LANES;
            let targets = data.iter_mut().skip(first).step_by(LANES);
            targets.zip(row).for_each(|(target, &value)| *target = coordinate(value));
        }
        Ok(Self { data, n_features, len })
    }

    /// Number of points.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Number of coordinates.
    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    /// The coordinates of one point.
    pub(crate) fn point(&self, at: usize) -> Vec<f64> {
        let first = at / LANES * LANES * self.n_features + at % LANES;
        self.data.iter().skip(first).step_by(LANES).take(self.n_features).copied().collect()
    }

    /// Exchanges two points.
    pub(crate) fn swap(&mut self, a: usize, b: usize) {
        let first = |at: usize| at / LANES * LANES * self.n_features + at % LANES;
        let (a, b) = (first(a), first(b));
        (0..self.n_features).for_each(|f| self.data.swap(a + f * LANES, b + f * LANES));
    }

    /// Some of the blocks: block b holds points 8b to 8b + 7.
    pub(crate) fn blocks_in(&self, blocks: std::ops::Range<usize>) -> std::slice::ChunksExact<'_, f64> {
        let size = LANES * self.n_features;
        self.data[blocks.start * size..blocks.end * size].chunks_exact(size)
    }
}

/// Squared distances from `point` to the points of a block. Symmetric to the bit, as terms are added in order.
#[inline]
pub(crate) fn squared_distances(block: &[f64], point: &[f64]) -> [f64; LANES] {
    let mut sum = [0.0; LANES];
    for (values, &x) in block.as_chunks::<LANES>().0.iter().zip(point) {
        for (sum, &value) in sum.iter_mut().zip(values) {
            let difference = value - x;
            *sum += difference * difference;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_rows() {
        let rows: Vec<[f64; 3]> = (0..11).map(|i| [f64::from(i), f64::from(i * i), -1.0]).collect();
        let mut points = Points::new(3, rows.iter().map(<[f64; 3]>::as_slice), &Cx::default()).unwrap();
        assert_eq!((points.len(), points.n_features()), (11, 3));
        points.swap(0, 10);
        assert_eq!(points.point(0), [10.0, 100.0, -1.0]);
        assert_eq!(points.point(10), [0.0, 0.0, -1.0]);
        let second = points.blocks_in(1..2).next().map(|block| squared_distances(block, &[1.0, 1.0, 1.0])).unwrap();
        assert_eq!(second[..3], [7.0 * 7.0 + 63.0 * 63.0 + 4.0, 8.0 * 8.0 + 80.0 * 80.0 + 4.0, 1.0 + 1.0 + 4.0]);
    }

    #[test]
    fn huge_coordinates_give_finite_distances() {
        let points = Points::new(2, [&[1e300, -1e300][..]].into_iter(), &Cx::default()).unwrap();
        let far =
            squared_distances(points.blocks_in(0..1).next().unwrap(), &[coordinate(-f64::MAX), coordinate(f64::MAX)]);
        assert!(far[0].is_finite() && far[0] > 1e300);
    }
}
