//! Exact nearest neighbours among training rows, for the detectors that look at distances.
//!
//! Rows are kept in a tree, near ones together, and neighbours are looked for by whole leaves. With few features the
//! tree holds the rows themselves, with many their projections. Where there are many features and a tree could leave out
//! little, all pairs of rows are measured instead, by a matrix product, on a GPU where the context names one. All ways find
//! the same neighbours, to the bit.

mod axes;
mod beside;
mod by_product;
mod by_tree;
mod choice;
mod join;
mod kernels;
mod nearest;
mod points;
mod product;
mod rounds;
mod shares;
mod shortlist;
mod side;
mod space;
mod table;
mod tensors;
#[cfg(test)]
mod tests;
mod tree;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::axes::Axes;
pub(crate) use self::beside::{Neighborhood, fitted_rows};
use self::by_product::ByProduct;
use self::by_tree::ByTree;
use self::choice::{is_product_faster, is_small};
use self::points::View;
use self::shortlist::Shortlists;
pub(crate) use self::space::Space;
pub(crate) use self::table::Table;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// New rows looked up at a time.
const NEW_ROWS: usize = 1 << 15;

/// Training rows in which to look for neighbours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Neighbors {
    space: Space,
    n_features: usize,
    index: Index,
}

/// How neighbours are looked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Index {
    Tree(ByTree),
    Product(ByProduct),
}

impl Neighbors {
    /// Gets the rows of `x` (at least one) ready for searches.
    pub(crate) fn new(x: &Matrix, space: Space, cx: &Cx) -> Result<Self, Cancelled> {
        let n_features = x.n_features();
        let points = space.points(x.values(), n_features);
        let d = space.n_coordinates(n_features);
        let index = if ByProduct::suits(space, d, &points) {
            let axes = if is_small(x.n_rows(), d) { None } else { Some(Axes::new(d, &points, cx)?) };
            match axes {
                Some(axes) if !is_product_faster(d, &points, &axes, cx)? => {
                    Index::Tree(ByTree::new(View::new(space, d, Some(axes)), &points, cx)?)
                }
                _ => Index::Product(ByProduct::new(space, d, &points, cx)?),
            }
        } else {
            let axes = if View::needs_axes(space, d) { Some(Axes::new(d, &points, cx)?) } else { None };
            Index::Tree(ByTree::new(View::new(space, d, axes), &points, cx)?)
        };
        Ok(Self { space, n_features, index })
    }

    /// Number of features of the rows.
    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Training rows in the order of their places.
    pub(crate) fn rows(&self) -> &[u32] {
        match &self.index {
            Index::Tree(index) => index.rows(),
            Index::Product(index) => index.rows(),
        }
    }

    /// Bytes held at most while the `k` neighbours of `n_rows` rows are found among themselves: the rows as they were given,
    /// the points in both of their forms, a place and a distance for each neighbour, and the candidates for them.
    pub(crate) fn fit_bytes(n_rows: usize, n_features: usize, k: usize) -> u64 {
        let k = k.min(n_rows);
        let per_row = 3 * 8 * (n_features + 1) + 12 * k + 8 * Shortlists::length(k);
        (n_rows as u64).saturating_mul(per_row as u64)
    }

    /// The `k` nearest other training rows of the training row at each place. Where there are no more than `k` others,
    /// all of them; of a single row the row itself. Progress goes up by one for each row.
    pub(crate) fn among_themselves(&self, k: usize, cx: &Cx) -> Result<Table, Cancelled> {
        let n = self.rows().len();
        if n == 1 {
            cx.progress().add(1);
            let mut table = Table::new(1, 1);
            table.par_iter_mut().for_each(|(_, distances)| distances.fill(self.own_distance(0)));
            return Ok(table);
        }
        let k = k.clamp(1, n - 1);
        let mut table = Table::new(n, k);
        let first_places = self.first_places(k + 1);
        match &self.index {
            Index::Tree(index) => index.among_themselves(k, &first_places, &mut table, cx)?,
            Index::Product(index) => {
                let gpu = tensors::gpu(n, n, self.n_features, cx);
                index.among_themselves(k, &first_places, gpu.as_ref(), &mut table, cx)?;
            }
        }
        Ok(table)
    }

    /// What `each` makes of the places and distances of the `k` nearest training rows of each row of `x`, in the order
    /// of `x`. Of all training rows where there are no more than `k`. Progress goes up by one for each row.
    pub(crate) fn search<T: Send>(
        &self,
        x: &Matrix,
        k: usize,
        cx: &Cx,
        each: impl Fn(&[u32], &[f64]) -> T + Sync,
    ) -> Result<Vec<T>, Cancelled> {
        let k = k.clamp(1, self.rows().len());
        let first_places = self.first_places(k);
        let gpu = match &self.index {
            Index::Tree(_) => None,
            Index::Product(index) => tensors::gpu(x.n_rows(), index.rows().len(), self.n_features, cx),
        };
        let mut all = Vec::with_capacity(x.n_rows());
        for rows in x.values().chunks(NEW_ROWS * x.n_features()) {
            let points = self.space.points(rows, x.n_features());
            all.extend(match &self.index {
                Index::Tree(index) => index.search(&points, k, &first_places, cx, &each)?,
                Index::Product(index) => index.search(&points, k, &first_places, gpu.as_ref(), cx, &each)?,
            });
        }
        Ok(all)
    }

    /// The neighbours of the training row at place `own` where it counts as one of them, from those where it does not.
    pub(crate) fn with_self(&self, own: usize, places: &mut [u32], distances: &mut [f64]) {
        let (rows, k) = (self.rows(), places.len());
        let distance = self.own_distance(own);
        let is_before = |at: &usize| {
            distances[*at] < distance || (distances[*at] == distance && rows[places[*at] as usize] < rows[own])
        };
        let at = (0..k).take_while(is_before).count();
        if at < k && k < rows.len() {
            places[at..].rotate_right(1);
            distances[at..].rotate_right(1);
            (places[at], distances[at]) = (own as u32, distance);
        }
    }

    /// The distance of the training row at a place from itself.
    fn own_distance(&self, place: usize) -> f64 {
        if self.is_nowhere(place) { Space::NOWHERE } else { 0.0 }
    }

    /// Writes the point of the training row at a place.
    fn read_point(&self, place: usize, point: &mut [f64]) {
        match &self.index {
            Index::Tree(index) => index.read_point(place, point),
            Index::Product(index) => index.read_point(place, point),
        }
    }

    /// Whether the training row at a place has no direction.
    fn is_nowhere(&self, place: usize) -> bool {
        match &self.index {
            Index::Tree(index) => index.is_nowhere(place),
            Index::Product(index) => index.is_nowhere(place),
        }
    }

    /// Places of the first `n` training rows; none where no search needs them.
    fn first_places(&self, n: usize) -> Vec<u32> {
        if !self.space.has_nowhere() {
            return Vec::new();
        }
        let mut first: Vec<(u32, u32)> =
            self.rows().iter().copied().zip(0..).filter(|&(row, _)| (row as usize) < n).collect();
        first.sort_unstable();
        first.into_iter().map(|(_, place)| place).collect()
    }
}
