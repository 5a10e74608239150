//! How points are kept: in a tree, by their coordinates or by projections of them.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::axes::Axes;
use super::kernels::EIGHT;
use super::space::Space;
use super::tree::{LEAF, Tree};
use crate::cx::{Cancelled, Cx};

/// Most coordinates for which boxes around the points themselves are of use.
const DIRECT_COORDINATES: usize = 15;

/// Points farther than this from the centre are not measured in single precision, where their squares overflow.
pub(super) const LONGEST: f64 = 1e18;

/// What the coordinates in a tree are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct View {
    space: Space,
    /// Coordinates of a point.
    d: usize,
    /// Axes to project on; `None`: the points as they are.
    axes: Option<Axes>,
}

/// Points in a tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Points {
    tree: Tree,
    /// The points in order of place, filled up with zeros to whole vectors; empty where the tree says it all.
    full: Vec<[f64; EIGHT]>,
    /// The same in single precision, less the centre, in tiles as in the tree.
    rough: Vec<[f32; LEAF]>,
    /// Vectors in a point.
    width: usize,
    /// Largest length of a projection.
    length: f64,
    /// Per leaf one bit for each point without direction; empty where a metric has none.
    nowhere: Vec<u32>,
}

impl View {
    /// The view of points of `d` coordinates, projected where there are axes.
    pub(super) fn new(space: Space, d: usize, axes: Option<Axes>) -> Self {
        Self { space, d, axes }
    }

    /// Whether points of `d` coordinates have too many of them for boxes around the points themselves.
    pub(super) fn needs_axes(space: Space, d: usize) -> bool {
        d > DIRECT_COORDINATES && space.order() == 2.0
    }

    pub(super) fn space(&self) -> Space {
        self.space
    }

    /// How far distances in the tree may be too large for points of these lengths; `None`: they are exact.
    pub(super) fn error(&self, length: f64, other: f64) -> Option<f64> {
        self.axes.as_ref().map(|axes| axes.error(length, other))
    }
}

impl Points {
    /// Puts points in a tree.
    pub(super) fn new(view: &View, points: &[f64], cx: &Cx) -> Result<Self, Cancelled> {
        let d = view.d;
        let Some(axes) = &view.axes else {
            let tree = Tree::new(d, points, cx)?;
            let nowhere = nowhere(view, points, tree.rows());
            return Ok(Self { tree, full: Vec::new(), rough: Vec::new(), width: 0, length: 0.0, nowhere });
        };
        let projected = axes.project(points, cx)?;
        let tree = Tree::new(axes.n_coordinates(), &projected, cx)?;
        let lengths = projected.par_chunks(axes.n_coordinates()).map(|point| point.iter().map(|x| x * x).sum::<f64>());
        let length = lengths.reduce(|| 0.0, f64::max).sqrt();
        drop(projected);
        let width = d.div_ceil(EIGHT);
        let mut full = vec![[0.0; EIGHT]; tree.rows().len() * width];
        full.par_chunks_mut(width).zip(tree.rows()).for_each(|(vectors, &row)| {
            let point = &points[row as usize * d..(row as usize + 1) * d];
            vectors.as_flattened_mut().iter_mut().zip(point).for_each(|(own, &value)| *own = value);
        });
        let mut rough = vec![[0.0; LEAF]; tree.n_leaves() * width * EIGHT];
        rough.par_chunks_mut(width * EIGHT).zip(tree.rows().par_chunks(LEAF)).for_each(|(tile, rows)| {
            for (lane, &row) in rows.iter().enumerate() {
                let point = &points[row as usize * d..(row as usize + 1) * d];
                let centered = point.iter().zip(axes.center()).map(|(value, center)| value - center);
                tile.iter_mut().zip(centered).for_each(|(values, value)| values[lane] = value as f32);
            }
        });
        let nowhere = nowhere(view, points, tree.rows());
        Ok(Self { tree, full, rough, width, length, nowhere })
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The points in order of place where the tree holds projections.
    pub(super) fn full(&self) -> &[[f64; EIGHT]] {
        &self.full
    }

    /// The points in single precision, less the centre, leaf after leaf.
    pub(super) fn rough(&self) -> &[[f32; LEAF]] {
        &self.rough
    }

    /// The points of a leaf in single precision, point after point; none where one of these lengths is too large.
    pub(super) fn rough_points(&self, leaf: usize, length: f64, other: f64) -> Vec<f32> {
        if length.max(other) > LONGEST {
            return Vec::new();
        }
        let d = self.width * EIGHT;
        let tile = &self.rough[leaf * d..(leaf + 1) * d];
        (0..LEAF).flat_map(|lane| tile.iter().map(move |values| values[lane])).collect()
    }

    /// Writes the point at a place.
    pub(super) fn read(&self, place: usize, point: &mut [f64]) {
        if self.full.is_empty() {
            let tile = self.tree.tile(place / LEAF);
            point.iter_mut().zip(tile).for_each(|(to, values)| *to = values[place % LEAF]);
        } else {
            let vectors = &self.full[place * self.width..(place + 1) * self.width];
            point.iter_mut().zip(vectors.as_flattened()).for_each(|(to, &value)| *to = value);
        }
    }

    /// Vectors in a point of [`Self::full`].
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Largest length of a projection.
    pub(super) fn length(&self) -> f64 {
        self.length
    }

    /// Largest length of a projection in a leaf.
    pub(super) fn leaf_length(&self, leaf: usize) -> f64 {
        let mut squares = [0.0; LEAF];
        for values in self.tree.tile(leaf) {
            squares.iter_mut().zip(values).for_each(|(sum, value)| *sum += value * value);
        }
        squares[..self.tree.leaf_rows(leaf).len()].iter().copied().fold(0.0, f64::max).sqrt()
    }

    /// Whether the point at a place has no direction.
    pub(super) fn is_nowhere(&self, place: usize) -> bool {
        self.nowhere(place / LEAF) >> (place % LEAF) & 1 == 1
    }

    /// One bit for each point of a leaf that has no direction.
    pub(super) fn nowhere(&self, leaf: usize) -> u32 {
        self.nowhere.get(leaf).copied().unwrap_or(0)
    }
}

fn nowhere(view: &View, points: &[f64], rows: &[u32]) -> Vec<u32> {
    if !view.space.has_nowhere() {
        return Vec::new();
    }
    let d = view.d;
    let is_nowhere = |row: u32| view.space.is_nowhere(&points[row as usize * d..(row as usize + 1) * d]);
    let bits = |rows: &[u32]| rows.iter().rev().fold(0, |bits, &row| bits << 1 | u32::from(is_nowhere(row)));
    rows.chunks(LEAF).map(bits).collect()
}
