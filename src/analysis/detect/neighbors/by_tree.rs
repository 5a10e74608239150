//! Neighbours by a tree: places that are too far from a group of points are left out as a whole.

use pulp::Arch;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::axes;
use super::join::{Direct, Group, Projected, Scratch, Search};
use super::kernels::EIGHT;
use super::points::{Points, View};
use super::space::{self, Space, with_rank};
use super::table::Table;
use super::tree::LEAF;
use crate::cx::{Cancelled, Cx};

/// Leaves looked up at a time by one thread.
const LEAVES: usize = 8;

/// Training rows in a tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ByTree {
    view: View,
    points: Points,
}

impl ByTree {
    /// Puts points in a tree (at least one).
    pub(super) fn new(view: View, points: &[f64], cx: &Cx) -> Result<Self, Cancelled> {
        let points = Points::new(&view, points, cx)?;
        Ok(Self { view, points })
    }

    /// Training rows in the order of their places: rows that are near each other have places that are.
    pub(super) fn rows(&self) -> &[u32] {
        self.points.tree().rows()
    }

    /// Whether the training row at a place has no direction.
    pub(super) fn is_nowhere(&self, place: usize) -> bool {
        self.points.is_nowhere(place)
    }

    /// Writes the point of the training row at a place.
    pub(super) fn read_point(&self, place: usize, point: &mut [f64]) {
        self.points.read(place, point);
    }

    /// Writes the `k` nearest other training rows of each, fewer than there are, into the table.
    pub(super) fn among_themselves(
        &self,
        k: usize,
        first_places: &[u32],
        table: &mut Table,
        cx: &Cx,
    ) -> Result<(), Cancelled> {
        table.par_blocks_mut(LEAVES * LEAF).try_for_each_init(
            || Scratch::new(k),
            |scratch, (block, (places, distances))| {
                let leaves = block * LEAVES..self.points.tree().n_leaves().min((block + 1) * LEAVES);
                let chunks = places.chunks_mut(LEAF * k).zip(distances.chunks_mut(LEAF * k));
                for (leaf, (places, distances)) in leaves.zip(chunks) {
                    self.search_leaf(&self.points, leaf, true, scratch, cx)?;
                    self.write(scratch, k, places, distances);
                    self.write_nowhere(&self.points, leaf, true, first_places, places, distances);
                    cx.progress().add((places.len() / k) as u64);
                }
                Ok(())
            },
        )
    }

    /// What `each` makes of the places and distances of the `k` training rows nearest to each of some points.
    pub(super) fn search<T: Send>(
        &self,
        points: &[f64],
        k: usize,
        first_places: &[u32],
        cx: &Cx,
        each: impl Fn(&[u32], &[f64]) -> T + Sync,
    ) -> Result<Vec<T>, Cancelled> {
        let groups = Points::new(&self.view, points, cx)?;
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
                    self.write_nowhere(&groups, leaf, false, first_places, places, distances);
                    cx.progress().add(n as u64);
                    Ok(places.chunks(k).zip(distances.chunks(k)).map(|(p, d)| each(p, d)).collect())
                },
            )
            .collect::<Result<_, Cancelled>>()?;
        let mut sorted: Vec<(u32, T)> = tree.rows().iter().copied().zip(found.into_iter().flatten()).collect();
        sorted.sort_unstable_by_key(|&(row, _)| row);
        Ok(sorted.into_iter().map(|(_, value)| value).collect())
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

    fn write(&self, scratch: &Scratch, k: usize, places: &mut [u32], distances: &mut [f64]) {
        let out = places.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
        for (found, (places, distances)) in scratch.found().zip(out) {
            for ((found, place), distance) in found.found().zip(places).zip(distances) {
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
}
