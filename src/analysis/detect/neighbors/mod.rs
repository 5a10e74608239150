//! Exact nearest neighbours among training rows, for the detectors that look at distances.
//!
//! Rows are kept in a tree, near ones together, and neighbours are looked for by whole leaves. With few features the
//! tree holds the rows themselves, with many their projections.

mod axes;
mod join;
mod kernels;
mod nearest;
mod points;
mod space;
mod table;
#[cfg(test)]
mod tests;
mod tree;

use pulp::Arch;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::join::{Direct, Group, Projected, Scratch, Search};
use self::kernels::EIGHT;
use self::points::{Points, View};
pub(crate) use self::space::Space;
use self::space::with_rank;
pub(crate) use self::table::Table;
use self::tree::LEAF;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// Leaves looked up at a time by one thread.
const LEAVES: usize = 8;

/// New rows looked up at a time.
const NEW_ROWS: usize = 1 << 15;

/// Training rows in which to look for neighbours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Neighbors {
    view: View,
    points: Points,
}

impl Neighbors {
    /// Gets the rows of `x` (at least one) ready for searches.
    pub(crate) fn new(x: &Matrix, space: Space, cx: &Cx) -> Result<Self, Cancelled> {
        let coordinates = space.points(x.values(), x.n_features());
        let view = View::new(space, x.n_features(), &coordinates, cx)?;
        let points = Points::new(&view, &coordinates, cx)?;
        Ok(Self { view, points })
    }

    /// Number of features of the rows.
    pub(crate) fn n_features(&self) -> usize {
        self.view.n_features()
    }

    /// Training rows in the order of their places: rows that are near each other have places that are.
    pub(crate) fn rows(&self) -> &[u32] {
        self.points.tree().rows()
    }

    /// Bytes held at most while the `k` neighbours of the rows of `x` are found among themselves: the points in both of
    /// their forms, and a place and a distance for each neighbour.
    pub(crate) fn fit_bytes(x: &Matrix, k: usize) -> u64 {
        let per_row = 2 * 8 * (x.n_features() as u64 + 1) + 12 * k as u64;
        (x.n_rows() as u64).saturating_mul(per_row)
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
        table.par_blocks_mut(LEAVES * LEAF).try_for_each_init(
            || Scratch::new(k),
            |scratch, (block, (places, distances))| {
                let leaves = block * LEAVES..self.points.tree().n_leaves().min((block + 1) * LEAVES);
                let chunks = places.chunks_mut(LEAF * k).zip(distances.chunks_mut(LEAF * k));
                for (leaf, (places, distances)) in leaves.zip(chunks) {
                    self.search_leaf(&self.points, leaf, true, scratch, cx)?;
                    self.write(scratch, k, places, distances);
                    self.write_nowhere(&self.points, leaf, true, &first_places, places, distances);
                    cx.progress().add((places.len() / k) as u64);
                }
                Ok(())
            },
        )?;
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
        let mut all = Vec::with_capacity(x.n_rows());
        for rows in x.values().chunks(NEW_ROWS * x.n_features()) {
            let groups = Points::new(&self.view, &self.view.space().points(rows, x.n_features()), cx)?;
            let tree = groups.tree();
            let found: Vec<Vec<T>> = (0..tree.n_leaves())
                .into_par_iter()
                .map_init(
                    || (Scratch::new(k), vec![0; LEAF * k], vec![0.0; LEAF * k]),
                    |(scratch, places, distances), leaf| {
                        self.search_leaf(&groups, leaf, false, scratch, cx)?;
                        let n = tree.leaf_rows(leaf).len();
                        let (places, distances) = (&mut places[..n * k], &mut distances[..n * k]);
                        self.write(scratch, k, places, distances);
                        self.write_nowhere(&groups, leaf, false, &first_places, places, distances);
                        cx.progress().add(n as u64);
                        Ok(places.chunks(k).zip(distances.chunks(k)).map(|(p, d)| each(p, d)).collect())
                    },
                )
                .collect::<Result<_, Cancelled>>()?;
            let mut sorted: Vec<(u32, T)> = tree.rows().iter().copied().zip(found.into_iter().flatten()).collect();
            sorted.sort_unstable_by_key(|&(row, _)| row);
            all.extend(sorted.into_iter().map(|(_, value)| value));
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
        if self.points.is_nowhere(place) { Space::NOWHERE } else { 0.0 }
    }

    /// Finds the neighbours of the points in a leaf, which are training rows where `own`.
    fn search_leaf(
        &self,
        groups: &Points,
        leaf: usize,
        own: bool,
        scratch: &mut Scratch,
        cx: &Cx,
    ) -> Result<(), Cancelled> {
        let (groups_tree, tree) = (groups.tree(), self.points.tree());
        let group = Group {
            tile: groups_tree.tile(leaf),
            n: groups_tree.leaf_rows(leaf).len(),
            bounds: &groups_tree.leaf_bounds(leaf),
            own: own.then_some((leaf * LEAF) as u32),
            skip: groups.nowhere(leaf),
        };
        let arch = Arch::new();
        let (length, of_leaf) = (self.points.length(), groups.leaf_length(leaf));
        let Some(error) = self.view.error(length, of_leaf) else {
            return with_rank!(self.view.space(), |rank| {
                arch.dispatch(Search { tree, rank, measure: Direct, group, scratch, cx })
            });
        };
        let width = self.points.width();
        let measure = Projected {
            group: &groups.full()[leaf * LEAF * width..],
            points: self.points.full(),
            width,
            error,
            rough_group: &groups.rough_points(leaf, length, of_leaf),
            rough: self.points.rough(),
            rough_error: axes::rounding_error(width * EIGHT, length, of_leaf),
        };
        arch.dispatch(Search { tree, rank: space::Squares, measure, group, scratch, cx })
    }

    fn write(&self, scratch: &mut Scratch, k: usize, places: &mut [u32], distances: &mut [f64]) {
        let out = places.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
        for (found, (places, distances)) in scratch.found().zip(out) {
            for ((found, place), distance) in found.iter().zip(places).zip(distances) {
                *place = found.place;
                *distance = self.view.space().distance(found.rank);
            }
        }
    }

    /// The neighbours of points without direction: the first training rows, all at the same distance.
    fn write_nowhere(
        &self,
        groups: &Points,
        leaf: usize,
        own: bool,
        first_places: &[u32],
        places: &mut [u32],
        distances: &mut [f64],
    ) {
        let nowhere = groups.nowhere(leaf);
        if nowhere == 0 {
            return;
        }
        let k = places.len() / groups.tree().leaf_rows(leaf).len();
        let out = places.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k)).enumerate();
        for (lane, (places, distances)) in out.filter(|(lane, _)| nowhere >> lane & 1 == 1) {
            let left_out = own.then_some((leaf * LEAF + lane) as u32);
            let first = first_places.iter().filter(|&&place| Some(place) != left_out);
            places.iter_mut().zip(first).for_each(|(place, &first)| *place = first);
            distances.fill(Space::NOWHERE);
        }
    }

    /// Places of the first `n` training rows; none where no search needs them.
    fn first_places(&self, n: usize) -> Vec<u32> {
        if !self.view.space().has_nowhere() {
            return Vec::new();
        }
        let mut first: Vec<(u32, u32)> =
            self.rows().iter().copied().zip(0..).filter(|&(row, _)| (row as usize) < n).collect();
        first.sort_unstable();
        first.into_iter().map(|(_, place)| place).collect()
    }
}
