//! What a distance is: how rows become points, and how far two points are from each other.

use pulp::{Simd, bytemuck};
use serde::{Deserialize, Serialize};

use crate::recipe::Metric;

/// Coordinates beyond this count as this: sums of squares of differences then stay finite.
const LIMIT: f64 = 1e150;

/// Powers above 2 have to stay below ten to this power.
const LARGEST_POWER: f64 = 280.0;

/// A metric with its order.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Space {
    metric: Metric,
    p: f64,
}

/// What is summed up over the coordinates. It orders points as the distance does, without a root.
pub(super) trait Rank: Copy + Send + Sync {
    /// The shares of one coordinate. They never fall as the difference grows in size.
    fn terms<S: Simd>(self, simd: S, differences: S::f64s) -> S::f64s;
}

/// Squares of differences: Euclidean distance, and cosine distance of vectors of length 1.
#[derive(Clone, Copy)]
pub(super) struct Squares;

/// Differences without their sign: Manhattan distance.
#[derive(Clone, Copy)]
pub(super) struct Absolutes;

/// Whole powers of differences: Minkowski distance.
#[derive(Clone, Copy)]
pub(super) struct WholePowers(pub(super) u32);

/// Any powers of differences: Minkowski distance.
#[derive(Clone, Copy)]
pub(super) struct Powers(pub(super) f64);

impl Rank for Squares {
    #[inline(always)]
    fn terms<S: Simd>(self, simd: S, differences: S::f64s) -> S::f64s {
        simd.mul_f64s(differences, differences)
    }
}

impl Rank for Absolutes {
    #[inline(always)]
    fn terms<S: Simd>(self, simd: S, differences: S::f64s) -> S::f64s {
        simd.abs_f64s(differences)
    }
}

impl Rank for WholePowers {
    #[inline(always)]
    fn terms<S: Simd>(self, simd: S, differences: S::f64s) -> S::f64s {
        let sizes = simd.abs_f64s(differences);
        (1..self.0).fold(sizes, |powers, _| simd.mul_f64s(powers, sizes))
    }
}

impl Rank for Powers {
    #[inline(always)]
    fn terms<S: Simd>(self, simd: S, differences: S::f64s) -> S::f64s {
        let mut powers = simd.abs_f64s(differences);
        let lanes: &mut [f64] = bytemuck::cast_slice_mut(std::slice::from_mut(&mut powers));
        lanes.iter_mut().for_each(|lane| *lane = lane.powf(self.0));
        powers
    }
}

/// Calls `$run` with the [`Rank`] of a space.
macro_rules! with_rank {
    ($space:expr, |$rank:ident| $run:expr) => {
        match $space.order() {
            1.0 => {
                let $rank = $crate::analysis::detect::neighbors::space::Absolutes;
                $run
            }
            2.0 => {
                let $rank = $crate::analysis::detect::neighbors::space::Squares;
                $run
            }
            p if p.fract() == 0.0 => {
                let $rank = $crate::analysis::detect::neighbors::space::WholePowers(p as u32);
                $run
            }
            p => {
                let $rank = $crate::analysis::detect::neighbors::space::Powers(p);
                $run
            }
        }
    };
}
pub(super) use with_rank;

impl Space {
    /// The space of a metric. `p` counts for [`Metric::Minkowski`] only and is taken into its range, 1 to 16.
    pub(crate) fn new(metric: Metric, p: f64) -> Self {
        Self { metric, p: if p >= 1.0 { p.min(16.0) } else { 1.0 } }
    }

    /// The power differences are raised to.
    pub(super) fn order(self) -> f64 {
        match self.metric {
            Metric::Manhattan => 1.0,
            Metric::Euclidean | Metric::Cosine => 2.0,
            Metric::Minkowski => self.p,
        }
    }

    /// Coordinates of the points of rows of `n_features` values.
    pub(super) fn n_coordinates(self, n_features: usize) -> usize {
        n_features + usize::from(self.metric == Metric::Cosine)
    }

    /// Whether there are points without direction, which are equally far from all others and from equal ones.
    pub(super) fn has_nowhere(self) -> bool {
        self.metric == Metric::Cosine
    }

    /// Whether a point is one of those.
    pub(super) fn is_nowhere(self, point: &[f64]) -> bool {
        self.has_nowhere() && point.last() == Some(&1.0)
    }

    /// The distance of a point without direction from any other.
    pub(super) const NOWHERE: f64 = 1.0;

    /// The points of rows of `n_features` values.
    pub(super) fn points(self, rows: &[f64], n_features: usize) -> Vec<f64> {
        let mut points = Vec::with_capacity(rows.len() / n_features * self.n_coordinates(n_features));
        rows.chunks_exact(n_features).for_each(|row| self.push_point(row, &mut points));
        points
    }

    /// Adds the point of a row to `points`.
    ///
    /// For the cosine distance that is the row at length 1, as |u - v|² = 2 (1 - cos). A row of zeros becomes a vector
    /// of length 1 at a right angle to all others, in a coordinate of its own.
    fn push_point(self, row: &[f64], points: &mut Vec<f64>) {
        if self.metric != Metric::Cosine {
            let order = self.order();
            let limit = if order > 2.0 { 10_f64.powf(LARGEST_POWER / order) } else { LIMIT };
            points.extend(row.iter().map(|value| value.clamp(-limit, limit)));
            return;
        }
        let largest = row.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        if largest == 0.0 {
            points.extend(row.iter().map(|_| 0.0));
            points.push(1.0);
            return;
        }
        // Divided by the largest value first: the squares of huge and of tiny values would be lost.
        let length = row.iter().fold(0.0, |sum, value| sum + (value / largest).powi(2)).sqrt();
        points.extend(row.iter().map(|value| value / largest / length));
        points.push(0.0);
    }

    /// The distance that belongs to a rank.
    pub(super) fn distance(self, rank: f64) -> f64 {
        match self.metric {
            Metric::Cosine => (0.5 * rank).min(2.0),
            Metric::Euclidean => rank.sqrt(),
            Metric::Manhattan => rank,
            Metric::Minkowski => match self.p {
                1.0 => rank,
                2.0 => rank.sqrt(),
                p => rank.powf(1.0 / p),
            },
        }
    }
}
