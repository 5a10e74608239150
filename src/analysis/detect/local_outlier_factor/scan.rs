//! Nearest points in many dimensions: a look at every point, rough but fast, then an exact one at those that may count.
//!
//! A matrix product in single precision gives |y|² - 2x·y, which orders points y by distance from x, together with a
//! bound on its error. Whatever the bound leaves in question is measured again in double precision, so that the result
//! does not depend on how the product was computed.

use candle_core::{Device, Storage, Tensor};
use serde::{Deserialize, Serialize};

use super::nearest::{Nearest, Neighbor};
use crate::analysis::detect::points::coordinate;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// Points that a block of rows is compared with at a time.
const TILE_POINTS: usize = 2048;

/// Rough distances looked at together: if none is near enough, they are passed over.
const GLANCE: usize = 32;

/// Lengths beyond this overflow in single precision when squared.
const LONGEST: f64 = 1e18;

/// Points in order of their distance from the centre, so that a tile holds points of about the same length and the
/// few that are far out do not spoil the error bound of the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Scan {
    n_features: usize,
    /// Mean of the points.
    center: Vec<f64>,
    /// Coordinates, point after point.
    exact: Vec<f64>,
    /// Per point y, less the centre: the coordinates of -2y, then |y|².
    rough: Vec<f32>,
    /// Row number of each point.
    rows: Vec<u32>,
    /// Largest |y| in each tile.
    longest: Vec<f64>,
}

/// What is known of the neighbours of one row after some of the tiles.
struct Candidates {
    /// The k smallest upper bounds so far.
    upper: Nearest,
    /// Lower bounds of the points that may be among the k nearest, with their places.
    lower: Vec<(f64, u32)>,
    /// The nearest of the points measured exactly.
    exact: Nearest,
}

impl Scan {
    pub(super) fn new(x: &Matrix, cx: &Cx) -> Result<Self, Cancelled> {
        let (n, d) = (x.n_rows(), x.n_features());
        let mut center = vec![0.0; d];
        for row in x.iter_rows() {
            cx.check()?;
            center.iter_mut().zip(row).for_each(|(mean, &value)| *mean += coordinate(value) / n as f64);
        }
        cx.check()?;
        let length = |row: &[f64]| norm(row.iter().zip(&center).map(|(&value, center)| coordinate(value) - center));
        let mut order: Vec<(f64, u32)> = x.iter_rows().map(length).zip(0..).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        cx.check()?;
        let mut exact = Vec::with_capacity(n * d);
        let mut rough = Vec::with_capacity(n * (d + 1));
        for &(length, row) in &order {
            cx.check()?;
            let first = exact.len();
            exact.extend(x.row(row as usize).iter().copied().map(coordinate));
            rough.extend(exact[first..].iter().zip(&center).map(|(value, center)| -2.0 * (value - center) as f32));
            rough.push((length * length) as f32);
        }
        let longest = order.chunks(TILE_POINTS).map(|tile| tile.last().map_or(0.0, |last| last.0)).collect();
        Ok(Self { n_features: d, center, exact, rough, rows: order.into_iter().map(|(_, row)| row).collect(), longest })
    }

    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Finds the `k` points nearest to each of the `points` (row-major); point i leaves out row `own + i` where asked.
    pub(super) fn search(
        &self,
        points: &[f64],
        own: Option<u32>,
        k: usize,
        cx: &Cx,
    ) -> Result<Vec<Nearest>, Cancelled> {
        let d = self.n_features;
        let n_points = points.len() / d;
        let mut lengths = Vec::with_capacity(n_points);
        let mut rough = Vec::with_capacity(n_points * (d + 1));
        for point in points.chunks_exact(d) {
            let centered = || point.iter().zip(&self.center).map(|(value, center)| value - center);
            lengths.push(norm(centered()));
            rough.extend(centered().map(|value| value as f32));
            rough.push(1.0);
        }
        let candidates = || Candidates { upper: Nearest::new(k), lower: Vec::new(), exact: Nearest::new(k) };
        let mut candidates: Vec<Candidates> = (0..n_points).map(|_| candidates()).collect();
        for (tile, &longest) in self.longest.iter().enumerate() {
            cx.check()?;
            let first = tile * TILE_POINTS;
            let rows = &self.rows[first..(first + TILE_POINTS).min(self.rows.len())];
            let product = self.product(&rough, first, rows.len());
            let storage = product.as_ref().map(|product| product.storage_and_layout().0);
            let product = match storage.as_deref() {
                Some(Storage::Cpu(values)) => values.as_slice::<f32>().unwrap_or_default(),
                _ => &[],
            };
            let of_point = candidates.iter_mut().zip(&lengths).zip(points.chunks_exact(d)).enumerate();
            for (at, ((candidates, length), point)) in of_point {
                let leave_out = own.map(|own| own + at as u32);
                match product.get(at * rows.len()..(at + 1) * rows.len()) {
                    Some(rough) if length.max(longest) < LONGEST => {
                        candidates.take_rough(rough, error_bound(d, *length, longest), first, rows, leave_out);
                    }
                    // Without rough distances that are of use, all points of the tile are measured.
                    _ => {
                        let places = (first..first + rows.len()).map(|place| place as u32);
                        self.measure(point, places, leave_out, &mut candidates.exact);
                    }
                }
            }
        }
        let of_point = |(at, (point, mut candidates)): (usize, (&[f64], Candidates))| {
            cx.check()?;
            let bound = candidates.upper.bound();
            let places = candidates.lower.iter().filter(|(lower, _)| *lower <= bound).map(|&(_, place)| place);
            self.measure(point, places, own.map(|own| own + at as u32), &mut candidates.exact);
            Ok(candidates.exact)
        };
        points.chunks_exact(d).zip(candidates).enumerate().map(of_point).collect()
    }

    /// |y|² - 2x·y of points x with the tile that begins at `first`.
    fn product(&self, points: &[f32], first: usize, n: usize) -> Option<Tensor> {
        let width = self.n_features + 1;
        let tile = self.rough.get(first * width..(first + n) * width)?;
        let points = Tensor::from_slice(points, (points.len() / width, width), &Device::Cpu).ok()?;
        let tile = Tensor::from_slice(tile, (n, width), &Device::Cpu).ok()?;
        points.matmul(&tile.t().ok()?).ok()
    }

    /// Offers the points at some places with their exact distances.
    fn measure(&self, point: &[f64], places: impl Iterator<Item = u32>, leave_out: Option<u32>, nearest: &mut Nearest) {
        for place in places {
            let row = self.rows[place as usize];
            if Some(row) != leave_out {
                let first = place as usize * self.n_features;
                let other = &self.exact[first..first + self.n_features];
                let differences = other.iter().zip(point).map(|(y, x)| y - x);
                nearest.offer(Neighbor { squared_distance: differences.fold(0.0, |sum, d| sum + d * d), row });
            }
        }
    }
}

impl Candidates {
    /// Takes in the points of a tile that may be among the nearest, from their rough distances, each at most `error` off.
    fn take_rough(&mut self, rough: &[f32], error: f64, first: usize, rows: &[u32], leave_out: Option<u32>) {
        let mut limit = self.upper.bound() + error;
        for (glance, rough) in rough.chunks(GLANCE).enumerate() {
            // Rounded up, so that nothing is passed over that a comparison in double precision would take.
            let rounded = (limit as f32).next_up();
            if !rough.iter().fold(false, |any, &distance| any | (distance <= rounded)) {
                continue;
            }
            for (at, &distance) in rough.iter().enumerate() {
                let (distance, place) = (f64::from(distance), glance * GLANCE + at);
                if distance <= limit && rows.get(place).copied() != leave_out {
                    let place = (first + place) as u32;
                    self.lower.push((distance - error, place));
                    self.upper.offer(Neighbor { squared_distance: distance + error, row: place });
                    limit = self.upper.bound() + error;
                }
            }
        }
    }
}

fn norm(coordinates: impl Iterator<Item = f64>) -> f64 {
    coordinates.fold(0.0, |sum, value| sum + value * value).sqrt()
}

/// How far a rough distance may be off: the standard bound for a sum of `d` + 1 products in any order and with inputs
/// rounded (Higham: Accuracy and stability of numerical algorithms, section 3.1), doubled; and what underflow may lose.
fn error_bound(d: usize, x: f64, y: f64) -> f64 {
    (d as f64 + 8.0) * (f64::from(f32::EPSILON) * (2.0 * x * y + y * y) + f64::from(f32::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every point measured and sorted.
    fn sorted(x: &Matrix, point: &[f64], k: usize) -> Vec<(f64, u32)> {
        let distance = |row: &[f64]| row.iter().zip(point).map(|(y, x)| (y - x) * (y - x)).sum();
        let mut all: Vec<(f64, u32)> = x.iter_rows().map(distance).zip(0..).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.truncate(k);
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn finds_what_sorting_finds(
            steps in prop::collection::vec(-6..6_i32, 20..600),
            scale in prop::sample::select(vec![1e-25, 1e-3, 1.0, 1e7, 1e25]),
            offset in prop::sample::select(vec![0.0, 1.0, 1e9]),
            k in 1..12_usize,
        ) {
            let d = 20;
            let data: Vec<f64> = steps.iter().map(|&step| (f64::from(step) + offset) * scale).collect();
            let x = Matrix::unnamed(d, data[..data.len() / d * d].to_vec()).unwrap();
            let k = k.min(x.n_rows());
            let scan = Scan::new(&x, &Cx::default()).unwrap();
            let found = scan.search(x.values(), None, k, &Cx::default()).unwrap();
            for (point, nearest) in x.iter_rows().zip(found) {
                let found: Vec<_> = nearest.found().iter().map(|n| (n.squared_distance, n.row)).collect();
                prop_assert_eq!(found, sorted(&x, point, k));
            }
        }
    }
}
