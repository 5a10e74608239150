//! Many points stored side by side in panels, and the kernel of a few queries with each of them.

use pulp::{Simd, WithSimd};

use super::lanes::Real;
use crate::cx::{Cancelled, Cx};

/// Points side by side in a panel.
pub(crate) const WIDTH: usize = 32;

/// Queries compared with a panel at a time: each register of points then serves as often.
pub(super) const QUERIES: usize = 4;

/// Bytes of points that a group of queries after the other is compared with: they stay in the first cache.
const TILE_BYTES: usize = 1 << 15;

/// What of two points the kernel is a function of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// -|q - p|².
    Difference,
    /// q·p + offset of q + offset of p.
    Dot,
}

/// The function that makes it the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// 2^t, at most 1.
    Exp2,
    /// t.
    Identity,
    /// t^degree.
    Power(u32),
    /// The hyperbolic tangent of t / (2 log₂ e).
    Tanh,
}

/// Points in panels of [`WIDTH`]; in a panel, coordinate after coordinate. The last panel is filled up with zeros.
#[derive(Debug, Clone)]
pub(super) struct Panels<T> {
    values: Vec<T>,
    offsets: Vec<T>,
    n_features: usize,
}

impl<T: Real> Panels<T> {
    /// Room for `len` points.
    pub(super) fn new(n_features: usize, len: usize) -> Self {
        let len = len.next_multiple_of(WIDTH);
        Self { values: vec![T::ZERO; len * n_features], offsets: vec![T::ZERO; len], n_features }
    }

    /// Where the coordinates of a point stand.
    fn places(&self, at: usize) -> impl Iterator<Item = usize> + use<T> {
        let first = at / WIDTH * WIDTH * self.n_features + at % WIDTH;
        (first..).step_by(WIDTH).take(self.n_features)
    }

    /// Writes a point with its offset.
    pub(super) fn set(&mut self, at: usize, point: &[f64], offset: f64) {
        self.offsets[at] = T::from_f64(offset);
        self.places(at).zip(point).for_each(|(place, &value)| self.values[place] = T::from_f64(value));
    }

    /// Reads the coordinates of a point.
    pub(super) fn read(&self, at: usize, point: &mut [f64]) {
        point.iter_mut().zip(self.places(at)).for_each(|(value, place)| *value = self.values[place].to_f64());
    }

    /// Exchanges two points.
    pub(super) fn swap(&mut self, a: usize, b: usize) {
        self.offsets.swap(a, b);
        self.places(a).zip(self.places(b)).for_each(|(a, b)| self.values.swap(a, b));
    }

    /// Squared distances of a query to all points and to what fills up the last panel.
    pub(super) fn squared_distances(&self, query: &[f64], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let mut distances = vec![0.0; self.offsets.len()];
        for (distances, (panel, _)) in distances.as_chunks_mut::<WIDTH>().0.iter_mut().zip(self.panels(0)) {
            cx.check()?;
            for (column, &x) in panel.as_chunks::<WIDTH>().0.iter().zip(query) {
                for (distance, value) in distances.iter_mut().zip(column) {
                    *distance += (value.to_f64() - x) * (value.to_f64() - x);
                }
            }
        }
        Ok(distances)
    }

    /// Panels from number `first` on: the coordinates and the offsets of each.
    fn panels(&self, first: usize) -> impl Iterator<Item = (&[T], &[T; WIDTH])> {
        let size = WIDTH * self.n_features;
        let values = self.values.get(first * size..).unwrap_or_default().chunks_exact(size);
        values.zip(self.offsets.as_chunks::<WIDTH>().0.iter().skip(first))
    }
}

/// Queries in groups of `Q`; in a group, coordinate after coordinate. The last group repeats its last query.
pub(super) struct Queries<T, const Q: usize> {
    values: Vec<T>,
    offsets: Vec<[T; Q]>,
}

impl<T: Real, const Q: usize> Queries<T, Q> {
    /// Queries of `n_features` coordinates each, multiplied by `factor`.
    pub(super) fn new<'a>(
        n_features: usize,
        factor: f64,
        queries: impl ExactSizeIterator<Item = (&'a [f64], f64)>,
    ) -> Self {
        let groups = queries.len().div_ceil(Q);
        let mut values = vec![T::ZERO; groups * Q * n_features];
        let mut offsets = vec![[T::ZERO; Q]; groups];
        for (at, (query, offset)) in queries.enumerate() {
            // The places up to the end of the group: later queries overwrite them.
            for at in at..at.next_multiple_of(Q).max(at + 1) {
                offsets[at / Q][at % Q] = T::from_f64(offset);
                let first = at / Q * Q * n_features + at % Q;
                let places = values[first..].iter_mut().step_by(Q);
                places.zip(query).for_each(|(place, &value)| *place = T::from_f64(factor * value));
            }
        }
        Self { values, offsets }
    }

    fn groups(&self) -> impl Iterator<Item = (&[T], &[T; Q])> {
        let size = self.values.len() / self.offsets.len().max(1);
        self.values.chunks_exact(size.max(1)).zip(&self.offsets)
    }
}

/// Kernel of a group of queries with the points in registers 2 · pair and 2 · pair + 1 of a panel. Two registers at a
/// time: enough sums under way to hide how long each step takes. Loops only, as closures would keep the compiler from
/// using the vector instructions dispatched to.
#[inline(always)]
fn pair_values<S: Simd, T: Real, const Q: usize>(
    simd: S,
    (form, shape): (Form, Shape),
    (panel, offsets): (&[T], &[T; WIDTH]),
    (group, group_offsets): (&[T], &[T; Q]),
    pair: usize,
) -> [[T::Lanes<S>; 2]; Q] {
    let zero = T::splat(simd, T::ZERO);
    let mut values = [[zero; 2]; Q];
    let columns = panel.as_chunks::<WIDTH>().0.iter().zip(group.as_chunks::<Q>().0);
    match form {
        Form::Difference => {
            for (column, query) in columns {
                let points = register_pair::<S, T>(column, pair);
                for q in 0..Q {
                    let x = T::splat(simd, query[q]);
                    for half in 0..2 {
                        let difference = T::sub(simd, points[half], x);
                        values[q][half] = T::mul_sub(simd, difference, difference, values[q][half]);
                    }
                }
            }
        }
        Form::Dot => {
            let offsets = register_pair::<S, T>(offsets, pair);
            for q in 0..Q {
                for half in 0..2 {
                    values[q][half] = T::add(simd, offsets[half], T::splat(simd, group_offsets[q]));
                }
            }
            for (column, query) in columns {
                let points = register_pair::<S, T>(column, pair);
                for q in 0..Q {
                    let x = T::splat(simd, query[q]);
                    for half in 0..2 {
                        values[q][half] = T::mul_add(simd, points[half], x, values[q][half]);
                    }
                }
            }
        }
    }
    for row in &mut values {
        for value in row {
            *value = match shape {
                Shape::Exp2 => T::exp2(simd, T::min(simd, *value, zero)),
                Shape::Identity => *value,
                Shape::Power(degree) => power::<S, T>(simd, *value, degree),
                Shape::Tanh => tanh::<S, T>(simd, *value),
            };
        }
    }
    values
}

/// Registers 2 · pair and 2 · pair + 1 of a column; the last where there are fewer.
#[inline(always)]
fn register_pair<S: Simd, T: Real>(column: &[T; WIDTH], pair: usize) -> [T::Lanes<S>; 2] {
    let registers = T::lanes::<S>(column);
    let last = registers.len() - 1;
    [registers[(2 * pair).min(last)], registers[(2 * pair + 1).min(last)]]
}

/// Pairs of registers in a panel: at least one, as no register is wider than half a panel.
#[inline(always)]
const fn pairs<S: Simd, T: Real>() -> usize {
    WIDTH * size_of::<T>() / (2 * size_of::<T::Lanes<S>>())
}

#[inline(always)]
fn power<S: Simd, T: Real>(simd: S, t: T::Lanes<S>, degree: u32) -> T::Lanes<S> {
    let (mut result, mut base, mut left) = (T::splat(simd, T::from_f64(1.0)), t, degree);
    while left > 0 {
        if left % 2 == 1 {
            result = T::mul(simd, result, base);
        }
        base = T::mul(simd, base, base);
        left /= 2;
    }
    result
}

/// 1 - 2 / (2^t + 1).
#[inline(always)]
fn tanh<S: Simd, T: Real>(simd: S, t: T::Lanes<S>) -> T::Lanes<S> {
    let number = |value| T::splat(simd, T::from_f64(value));
    let exp = T::exp2(simd, T::min(simd, t, number(100.0)));
    T::sub(simd, number(1.0), T::div(simd, number(2.0), T::add(simd, exp, number(1.0))))
}

/// Kernel of one query with the points from panel `first` on, times `unit`, one per entry of `row`.
pub(super) struct Row<'a, T> {
    pub(super) panels: &'a Panels<T>,
    pub(super) first: usize,
    pub(super) query: &'a Queries<T, 1>,
    pub(super) form: Form,
    pub(super) shape: Shape,
    pub(super) unit: f64,
    pub(super) row: &'a mut [f32],
}

impl<T: Real> WithSimd for Row<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Some(query) = self.query.groups().next() else { return };
        let mut values = [T::ZERO; WIDTH];
        let unit = T::splat(simd, T::from_f64(self.unit));
        for (row, panel) in self.row.chunks_mut(WIDTH).zip(self.panels.panels(self.first)) {
            let registers = T::lanes_mut::<S>(&mut values);
            for pair in 0..pairs::<S, T>() {
                let [found] = pair_values(simd, (self.form, self.shape), panel, query, pair);
                for half in 0..2 {
                    registers[2 * pair + half] = T::mul(simd, found[half], unit);
                }
            }
            for (target, value) in row.iter_mut().zip(&values) {
                *target = value.to_f64() as f32;
            }
        }
    }
}

/// Adds for every query the sum over all points of weight times kernel to `sums`.
pub(super) struct WeightedSums<'a, T> {
    pub(super) panels: &'a Panels<T>,
    /// One per point, zeros up to the end of the last panel.
    pub(super) weights: &'a [T],
    pub(super) queries: &'a Queries<T, QUERIES>,
    pub(super) form: Form,
    pub(super) shape: Shape,
    pub(super) sums: &'a mut [[f64; QUERIES]],
    pub(super) cx: &'a Cx,
}

impl<T: Real> WithSimd for WeightedSums<'_, T> {
    type Output = Result<(), Cancelled>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let zero = T::splat(simd, T::ZERO);
        let tile = (TILE_BYTES / (size_of::<T>() * WIDTH * self.panels.n_features)).max(1);
        for (number, weights) in self.weights.chunks(tile * WIDTH).enumerate() {
            self.cx.check()?;
            for (group, sums) in self.queries.groups().zip(&mut *self.sums) {
                let mut wide = [[0.0; WIDTH]; QUERIES];
                let mut panels = self.panels.panels(number * tile);
                // Few enough terms in a row that f32 loses nothing that matters, then on in f64.
                for weights in weights.chunks(T::ADDENDS * WIDTH) {
                    let mut totals = [[zero; 2]; QUERIES];
                    for (weights, panel) in weights.as_chunks::<WIDTH>().0.iter().zip(&mut panels) {
                        for pair in 0..pairs::<S, T>() {
                            let weights = register_pair::<S, T>(weights, pair);
                            let values = pair_values(simd, (self.form, self.shape), panel, group, pair);
                            for q in 0..QUERIES {
                                for half in 0..2 {
                                    totals[q][half] = T::mul_add(simd, weights[half], values[q][half], totals[q][half]);
                                }
                            }
                        }
                    }
                    for q in 0..QUERIES {
                        let mut narrow = [T::ZERO; WIDTH];
                        let registers = T::lanes_mut::<S>(&mut narrow);
                        registers[..2].copy_from_slice(&totals[q]);
                        for (sum, value) in wide[q].iter_mut().zip(narrow) {
                            *sum += value.to_f64();
                        }
                    }
                }
                for (sum, wide) in sums.iter_mut().zip(wide) {
                    *sum += wide.iter().sum::<f64>();
                }
            }
        }
        Ok(())
    }
}
