//! Points side by side, to be measured against many others.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::kernels::EIGHT;
use super::points::LONGEST;
use super::product::{Panels, half_square};
use super::space::Space;
use super::tree::LEAF;
use crate::cx::{Cancelled, Cx};

/// Points in the order of their rows: as they are, and around a centre in panels of single precision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Side {
    /// Coordinates of a point.
    d: usize,
    /// The points, filled up with zeros to whole vectors.
    full: Vec<[f64; EIGHT]>,
    /// The points less the centre, panel after panel; in a panel, coordinate after coordinate, an even number of them.
    rough: Vec<[f32; LEAF]>,
    /// Per panel the [`half_square`] of each point; of those too far out and where there is none, minus infinity.
    half_squares: Vec<[f32; LEAF]>,
    /// Distance of each point from the centre.
    lengths: Vec<f64>,
}

impl Side {
    /// Puts points of `d` coordinates side by side.
    pub(super) fn new(d: usize, points: &[f64], center: &[f64], cx: &Cx) -> Result<Self, Cancelled> {
        let n = points.len() / d;
        let (width, even, n_panels) = (d.div_ceil(EIGHT), d.next_multiple_of(2), n.div_ceil(LEAF));
        let mut full = vec![[0.0; EIGHT]; n * width];
        let mut rough = vec![[0.0; LEAF]; n_panels * even];
        let mut half_squares = vec![[f32::NEG_INFINITY; LEAF]; n_panels];
        let mut lengths = vec![0.0; n];
        let panels = full.par_chunks_mut(LEAF * width).zip(rough.par_chunks_mut(even));
        let panels = panels.zip(&mut half_squares).zip(lengths.par_chunks_mut(LEAF)).zip(points.par_chunks(LEAF * d));
        panels.try_for_each(|((((full, rough), half_squares), lengths), points)| {
            cx.check()?;
            let points = points.chunks_exact(d).zip(full.chunks_exact_mut(width)).zip(lengths);
            for (lane, ((point, full), length)) in points.enumerate() {
                full.as_flattened_mut().iter_mut().zip(point).for_each(|(own, &value)| *own = value);
                let centered = || point.iter().zip(center).map(|(value, center)| value - center);
                let square = centered().fold(0.0, |sum, value| sum + value * value);
                *length = square.sqrt();
                if *length <= LONGEST {
                    rough.iter_mut().zip(centered()).for_each(|(values, value)| values[lane] = value as f32);
                    half_squares[lane] = half_square(square, d);
                }
            }
            Ok(())
        })?;
        Ok(Self { d, full, rough, half_squares, lengths })
    }

    /// Number of points.
    pub(super) fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Number of panels.
    pub(super) fn n_panels(&self) -> usize {
        self.half_squares.len()
    }

    /// Distance of each point from the centre.
    pub(super) fn lengths(&self) -> &[f64] {
        &self.lengths
    }

    /// Panels from number `first` on, at most `n` of them.
    pub(super) fn panels(&self, first: usize, n: usize) -> Panels<'_> {
        let last = self.n_panels().min(first.saturating_add(n));
        let d = self.rough_width();
        Panels {
            d,
            values: &self.rough[first * d..last * d],
            half_squares: &self.half_squares[first..last],
            first: first * LEAF,
        }
    }

    /// The panels of points in single precision, less the centre.
    pub(super) fn rough_panels(&self) -> impl Iterator<Item = &[[f32; LEAF]]> {
        self.rough.chunks_exact(self.rough_width())
    }

    /// A point in single precision, less the centre.
    pub(super) fn rough_point(&self, at: usize) -> Vec<f32> {
        let d = self.rough_width();
        self.rough[at / LEAF * d..(at / LEAF + 1) * d].iter().map(|values| values[at % LEAF]).collect()
    }

    /// A point as it is.
    #[inline(always)]
    pub(super) fn point(&self, at: usize) -> &[[f64; EIGHT]] {
        let width = self.d.div_ceil(EIGHT);
        &self.full[at * width..(at + 1) * width]
    }

    /// Whether a point has no direction.
    pub(super) fn is_nowhere(&self, space: Space, at: usize) -> bool {
        space.is_nowhere(&self.point(at).as_flattened()[..self.d])
    }

    /// Coordinates in a panel.
    fn rough_width(&self) -> usize {
        self.d.next_multiple_of(2)
    }
}
