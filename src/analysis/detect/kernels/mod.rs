//! Kernels: how alike are one point and each of many?
//!
//! Points stand in panels of 32 and are compared with several queries at a time, in vector registers. The RBF kernel
//! is worked out in one of three ways, chosen for each query by what it needs:
//!
//! * differences in f32, where a bound on the rounding error (below) is at most the accuracy asked for;
//! * |x|² + |y|² - 2xy in f64, where that bound is at most 1e-11: half the operations of differences;
//! * differences in f64 for queries so far out that even f64 would cancel.
//!
//! The other kernels are functions of x·y in f64. Coordinates of the RBF kernel are taken from a centre and scaled
//! so that the kernel is 2^-|x - y|².

mod kernel;
mod lanes;
mod panels;
mod tensors;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

pub(crate) use self::kernel::Kernel;
pub(crate) use self::lanes::exp2;
pub(crate) use self::panels::WIDTH;
use self::panels::{Form, Panels, QUERIES, Queries, Row, WeightedSums};
pub(crate) use self::tensors::DeviceRows;
use super::coordinate::coordinate;
use crate::analysis::device;
use crate::cx::{Cancelled, Cx};

/// Queries a thread takes at a time.
const BLOCK: usize = 64;

/// Steps from which a kernel row is worth spreading over threads.
const PARALLEL_STEPS: usize = 1 << 19;

/// Points of a kernel row that a thread takes at a time.
const CHUNK: usize = 512 * WIDTH;

/// Half a unit in the last place of 1, in f32 and in f64.
const U32: f64 = f32::EPSILON as f64 / 2.0;
const U64: f64 = f64::EPSILON / 2.0;

/// Below this, kernel values too small for a number may matter in a sum.
const SMALL_SUM: f64 = 1e-280;

/// Error of the RBF kernel in f64 up to which x·y is used.
const DOT_ERROR: f64 = 1e-11;

/// How the kernel of a query is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Fast,
    Dot,
    Difference,
}

/// Points that kernels are computed with.
#[derive(Debug, Clone)]
pub(crate) struct KernelPoints {
    kernel: Kernel,
    centre: Vec<f64>,
    len: usize,
    exact: Panels<f64>,
    /// Copies of the points, where some query may use them.
    fast: Option<Panels<f32>>,
    /// Largest norm of a query that may use f32; of one that may use x·y.
    reach: [f64; 2],
    unit: f64,
}

impl KernelPoints {
    /// Points from rows of `n_features` values each, one after the other. `accuracy`: largest error that a value of the
    /// RBF kernel may have; 0: as exact as f64 allows.
    pub(crate) fn new(
        kernel: Kernel,
        n_features: usize,
        rows: &[f64],
        accuracy: f64,
        cx: &Cx,
    ) -> Result<Self, Cancelled> {
        let centre = match kernel {
            Kernel::Rbf { .. } => centre(n_features, rows),
            _ => vec![0.0; n_features],
        };
        let mut points = Self::empty(kernel, centre, rows.len() / n_features, accuracy);
        let mut point = vec![0.0; n_features];
        let mut largest = 0.0_f64;
        for (at, row) in rows.chunks_exact(n_features).enumerate() {
            cx.check()?;
            points.place(row, &mut point);
            points.set(at, &point);
            largest = largest.max(squared_norm(&point));
        }
        points.unit = kernel.unit(largest);
        Ok(points)
    }

    fn empty(kernel: Kernel, centre: Vec<f64>, len: usize, accuracy: f64) -> Self {
        let n_features = centre.len();
        let d = n_features as f64;
        // With |p| ≤ |q| + t for t = |q - p|, each coordinate rounded to f32, and t² a sum of d terms, t² is off by at
        // most U32 (4 |q| t + (d + 5) t²); the largest t 2^-t² is 0.515, the largest t² 2^-t² 0.531. The exponential and
        // the sum add five roundings.
        let fast = match kernel {
            Kernel::Rbf { .. } => (accuracy / U32 - 5.0 - 0.37 * (d + 5.0)) / 1.43,
            _ => -1.0,
        };
        // The sum of d + 2 terms, each at most |p|² + |q|², is off by U64 times as many times their size.
        let dot = match kernel {
            Kernel::Rbf { .. } => (DOT_ERROR / (U64 * 4.0 * (d + 3.0))).sqrt(),
            _ => f64::INFINITY,
        };
        Self {
            kernel,
            centre,
            len,
            exact: Panels::new(n_features, len),
            fast: (fast > 0.0).then(|| Panels::new(n_features, len)),
            reach: [fast, dot],
            unit: 1.0,
        }
    }

    /// Some of the points, in the order given.
    pub(crate) fn select(&self, points: impl ExactSizeIterator<Item = usize>) -> Self {
        let len = points.len();
        let n_features = self.n_features();
        let mut selected = Self {
            kernel: self.kernel,
            centre: self.centre.clone(),
            len,
            exact: Panels::new(n_features, len),
            fast: self.fast.as_ref().map(|_| Panels::new(n_features, len)),
            reach: self.reach,
            unit: self.unit,
        };
        let mut point = vec![0.0; n_features];
        for (to, from) in points.enumerate() {
            self.exact.read(from, &mut point);
            selected.set(to, &point);
        }
        selected
    }

    /// Number of points.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Number of coordinates.
    pub(crate) fn n_features(&self) -> usize {
        self.centre.len()
    }

    /// By what kernel rows and diagonal are divided: a power of two, so that they fit into f32.
    pub(crate) fn unit(&self) -> f64 {
        self.unit
    }

    /// Exchanges two points.
    pub(crate) fn swap(&mut self, a: usize, b: usize) {
        self.exact.swap(a, b);
        if let Some(fast) = &mut self.fast {
            fast.swap(a, b);
        }
    }

    /// Kernel of every point with itself, divided by [`Self::unit`].
    pub(crate) fn diagonal(&self) -> Vec<f64> {
        let mut point = vec![0.0; self.n_features()];
        let mut diagonal = |at| {
            self.exact.read(at, &mut point);
            self.kernel.diagonal(squared_norm(&point)) / self.unit
        };
        (0..self.len).map(&mut diagonal).collect()
    }

    /// Kernel of a point with the points from `start` on, a multiple of [`WIDTH`], divided by [`Self::unit`].
    pub(crate) fn fill_row(&self, at: usize, start: usize, row: &mut [f32]) {
        let mut query = vec![0.0; self.n_features()];
        self.exact.read(at, &mut query);
        let norm = squared_norm(&query);
        let (shape, unit) = (self.kernel.shape(), 1.0 / self.unit);
        let way = self.way(norm);
        let query = [(query.as_slice(), self.kernel.query_offset(norm))];
        let (n_features, factor) = (self.n_features(), self.kernel.factor());
        let arch = pulp::Arch::new();
        let fill = |start: usize, row: &mut [f32]| match (way, &self.fast) {
            (Way::Fast, Some(panels)) => {
                let query = &Queries::new(n_features, 1.0, query.into_iter());
                arch.dispatch(Row { panels, first: start / WIDTH, query, form: Form::Difference, shape, unit, row });
            }
            (Way::Dot, _) => {
                let query = &Queries::new(n_features, factor, query.into_iter());
                arch.dispatch(Row {
                    panels: &self.exact,
                    first: start / WIDTH,
                    query,
                    form: Form::Dot,
                    shape,
                    unit,
                    row,
                });
            }
            _ => {
                let query = &Queries::new(n_features, 1.0, query.into_iter());
                let form = Form::Difference;
                arch.dispatch(Row { panels: &self.exact, first: start / WIDTH, query, form, shape, unit, row });
            }
        };
        if row.len() * n_features < PARALLEL_STEPS {
            fill(start, row);
        } else {
            row.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, row)| fill(start + chunk * CHUNK, row));
        }
    }

    /// For each row of `x`, of as many values as points have, the sum over all points of weight times kernel.
    /// Progress counts the rows. On a GPU, where the context names one.
    pub(crate) fn sums(&self, weights: &[f64], x: &[f64], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let device = device::select(cx);
        if !device.is_cpu()
            && let Some(sums) = tensors::sums(self, &device, weights, x, cx)?
        {
            return Ok(sums);
        }
        let n_features = self.n_features();
        let row = |at: usize| x.get(at * n_features..(at + 1) * n_features).unwrap_or_default();
        self.sums_of(
            x.len() / n_features,
            weights,
            |at, query| self.place(row(at), query),
            |n| cx.progress().add(n),
            cx,
        )
    }

    /// The same for the points of `others`, of the same kernel and centre, from `from` on.
    pub(crate) fn sums_at(&self, weights: &[f64], others: &Self, from: usize, cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        self.sums_of(others.len - from, weights, |at, query| others.exact.read(from + at, query), |_| (), cx)
    }

    /// For each row of `x` the natural logarithm of the sum over all points of the RBF kernel, right to 1e-11 also where
    /// the sum itself is too small for a number. Progress counts the rows.
    pub(crate) fn log_sums(&self, x: &[f64], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let n_features = self.n_features();
        let mut sums = self.sums(&vec![1.0; self.len], x, cx)?;
        sums.par_iter_mut().zip(x.par_chunks_exact(n_features)).try_for_each(|(sum, row)| {
            *sum = if *sum > SMALL_SUM { sum.ln() } else { self.log_sum(row, cx)? };
            Ok(())
        })?;
        Ok(sums)
    }

    fn log_sum(&self, row: &[f64], cx: &Cx) -> Result<f64, Cancelled> {
        let mut query = vec![0.0; self.n_features()];
        self.place(row, &mut query);
        let mut distances = self.exact.squared_distances(&query, cx)?;
        distances.truncate(self.len);
        let nearest = distances.iter().copied().fold(f64::INFINITY, f64::min);
        let sum: f64 = distances.iter().map(|distance| (nearest - distance).exp2()).sum();
        Ok(sum.ln() - nearest * std::f64::consts::LN_2)
    }

    fn sums_of(
        &self,
        n: usize,
        weights: &[f64],
        read: impl Fn(usize, &mut [f64]) + Sync,
        done: impl Fn(u64) + Sync,
        cx: &Cx,
    ) -> Result<Vec<f64>, Cancelled> {
        let mut weights = weights.to_vec();
        weights.resize(self.len.next_multiple_of(WIDTH), 0.0);
        let narrow: Vec<f32> = weights.iter().map(|&weight| weight as f32).collect();
        let mut sums = vec![0.0; n];
        sums.par_chunks_mut(BLOCK).enumerate().try_for_each(|(block, sums)| {
            let mut queries = vec![0.0; sums.len() * self.n_features()];
            let rows = queries.chunks_exact_mut(self.n_features()).enumerate();
            rows.for_each(|(at, query)| read(block * BLOCK + at, query));
            self.block_sums(&weights, &narrow, &queries, sums, cx)?;
            done(sums.len() as u64);
            Ok(())
        })?;
        Ok(sums)
    }

    fn block_sums(
        &self,
        weights: &[f64],
        narrow: &[f32],
        queries: &[f64],
        sums: &mut [f64],
        cx: &Cx,
    ) -> Result<(), Cancelled> {
        let n_features = self.n_features();
        let arch = pulp::Arch::new();
        let norms: Vec<f64> = queries.chunks_exact(n_features).map(squared_norm).collect();
        for way in [Way::Fast, Way::Dot, Way::Difference] {
            let rows: Vec<usize> = (0..norms.len()).filter(|&row| self.way(norms[row]) == way).collect();
            if rows.is_empty() {
                continue;
            }
            let here = rows
                .iter()
                .map(|&row| (&queries[row * n_features..(row + 1) * n_features], self.kernel.query_offset(norms[row])));
            let mut totals = vec![[0.0; QUERIES]; rows.len().div_ceil(QUERIES)];
            let (shape, sums_here) = (self.kernel.shape(), totals.as_mut_slice());
            match (way, &self.fast) {
                (Way::Fast, Some(panels)) => {
                    let queries = &Queries::new(n_features, 1.0, here);
                    let form = Form::Difference;
                    arch.dispatch(WeightedSums { panels, weights: narrow, queries, form, shape, sums: sums_here, cx })?;
                }
                (Way::Dot, _) => {
                    let queries = &Queries::new(n_features, self.kernel.factor(), here);
                    let (panels, form) = (&self.exact, Form::Dot);
                    arch.dispatch(WeightedSums { panels, weights, queries, form, shape, sums: sums_here, cx })?;
                }
                _ => {
                    let queries = &Queries::new(n_features, 1.0, here);
                    let (panels, form) = (&self.exact, Form::Difference);
                    arch.dispatch(WeightedSums { panels, weights, queries, form, shape, sums: sums_here, cx })?;
                }
            }
            rows.iter().zip(totals.as_flattened()).for_each(|(&row, &total)| sums[row] = total);
        }
        Ok(())
    }

    /// The coordinates of a row as the kernel wants them.
    fn place(&self, row: &[f64], point: &mut [f64]) {
        let (limit, scale) = (self.kernel.limit(self.n_features()), self.kernel.scale());
        for ((target, &value), centre) in point.iter_mut().zip(row).zip(&self.centre) {
            *target = ((value.clamp(-limit, limit) - centre) * scale).clamp(-limit, limit);
        }
    }

    fn set(&mut self, at: usize, point: &[f64]) {
        let offset = match self.kernel {
            Kernel::Rbf { .. } => -squared_norm(point),
            _ => 0.0,
        };
        self.exact.set(at, point, offset);
        if let Some(fast) = &mut self.fast {
            fast.set(at, point, 0.0);
        }
    }

    fn way(&self, squared_norm: f64) -> Way {
        let norm = squared_norm.sqrt();
        let [fast, dot] = self.reach;
        if norm <= fast {
            Way::Fast
        } else if norm <= dot {
            Way::Dot
        } else {
            Way::Difference
        }
    }
}

fn squared_norm(point: &[f64]) -> f64 {
    point.iter().map(|value| value * value).sum()
}

/// The middle value of each column among some of the rows: distances do not change, and squares stay small.
fn centre(n_features: usize, rows: &[f64]) -> Vec<f64> {
    let step = (rows.len() / n_features).div_ceil(1000).max(1);
    let middle = |feature| {
        let mut column: Vec<f64> = rows.iter().skip(feature).step_by(step * n_features).copied().collect();
        let middle = column.len() / 2;
        if column.is_empty() {
            return 0.0;
        }
        coordinate(*column.select_nth_unstable_by(middle, f64::total_cmp).1)
    };
    (0..n_features).map(middle).collect()
}
