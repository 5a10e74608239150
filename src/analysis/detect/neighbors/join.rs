//! Which points of a tree are nearest to those of a group that lie together.
//!
//! The points of a group go down the tree as one: a node is passed over when its box is too far from the box around the
//! group, a leaf when its box is too far from each single point. A leaf is then in the nearest cache for all of them.

use pulp::{Simd, WithSimd};

use super::kernels::{EIGHT, from_box, from_children, from_point, roughly_within, squared_distance};
use super::nearest::{Found, Nearest};
use super::space::Rank;
use super::tree::{Bounds, LEAF, Tree, WIDE};
use crate::cx::{Cancelled, Cx};

/// Leaves looked at between two checks for a cancel.
const CHECK_LEAVES: usize = 64;

/// Fewer points of a leaf than this are measured at once, without a rough look at them.
const WORTH_A_SIEVE: u32 = 3;

/// Points to find neighbours of: those of a leaf, in the tree's own coordinates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group<'a> {
    /// Coordinate after coordinate.
    pub(super) tile: &'a [[f64; LEAF]],
    /// Points in the tile.
    pub(super) n: usize,
    /// The box around them.
    pub(super) bounds: &'a Bounds,
    /// The place of the first one where they are points of the tree and each is to be left out of its own neighbours.
    pub(super) own: Option<u32>,
    /// One bit for each point not to look for; its list stays empty.
    pub(super) skip: u32,
}

/// What the coordinates of the tree say about distances.
pub(super) trait Measure {
    /// The largest rank in the tree of a point that may belong to a list with this bound.
    fn loosen(&self, bound: f64) -> f64;

    /// A point whose rank in the tree is at least this has at least the rank `bound`.
    fn reaches(&self, bound: f64) -> f64;

    /// Of some points of a leaf, given as bits, those that may belong to a list with this bound.
    fn sieve<S: Simd>(&self, simd: S, lane: usize, leaf: usize, candidates: u32, bound: f64) -> u32;

    /// The rank of the distance between a point of the group and the point at a place, given their rank in the tree.
    fn rank<S: Simd>(&self, simd: S, lane: usize, place: usize, in_tree: f64) -> f64;
}

/// The coordinates are those of the points: ranks in the tree are the ranks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Direct;

impl Measure for Direct {
    #[inline(always)]
    fn loosen(&self, bound: f64) -> f64 {
        bound
    }

    #[inline(always)]
    fn reaches(&self, bound: f64) -> f64 {
        bound
    }

    #[inline(always)]
    fn sieve<S: Simd>(&self, _simd: S, _lane: usize, _leaf: usize, candidates: u32, _bound: f64) -> u32 {
        candidates
    }

    #[inline(always)]
    fn rank<S: Simd>(&self, _simd: S, _lane: usize, _place: usize, in_tree: f64) -> f64 {
        in_tree
    }
}

/// The coordinates are those of projections: ranks in the tree may be smaller than those of the points, which are squared
/// Euclidean distances.
#[derive(Debug, Clone, Copy)]
pub(super) struct Projected<'a> {
    /// The points of the group, and those of the tree in order of place, at full length: vectors of eight.
    pub(super) group: &'a [[f64; EIGHT]],
    pub(super) points: &'a [[f64; EIGHT]],
    /// Vectors in a point.
    pub(super) width: usize,
    /// How far a distance in the tree may be too large.
    pub(super) error: f64,
    /// The points of the group in single precision, less the centre, point after point; empty where they have no place
    /// in it.
    pub(super) rough_group: &'a [f32],
    /// The points of the tree in single precision, leaf after leaf as in the tree.
    pub(super) rough: &'a [[f32; LEAF]],
    /// How far a distance may be off because its points were rounded to single precision.
    pub(super) rough_error: f64,
}

impl Measure for Projected<'_> {
    #[inline(always)]
    fn loosen(&self, bound: f64) -> f64 {
        let distance = bound.sqrt() * (1.0 + 1e-12) + self.error;
        distance * distance
    }

    #[inline(always)]
    fn reaches(&self, bound: f64) -> f64 {
        // Nothing can be below 0; otherwise ranks in the tree do not tell.
        if bound > 0.0 { f64::INFINITY } else { 0.0 }
    }

    #[inline(always)]
    fn sieve<S: Simd>(&self, simd: S, lane: usize, leaf: usize, candidates: u32, bound: f64) -> u32 {
        if candidates.count_ones() < WORTH_A_SIEVE || self.rough_group.is_empty() {
            return candidates;
        }
        let d = self.width * EIGHT;
        let limit = (bound.sqrt() + self.rough_error) * (1.0 + f64::from(f32::EPSILON) * (d + 8) as f64);
        let limit = ((limit * limit) as f32).next_up();
        let point = &self.rough_group[lane * d..(lane + 1) * d];
        candidates & roughly_within(simd, &self.rough[leaf * d..(leaf + 1) * d], point, limit)
    }

    #[inline(always)]
    fn rank<S: Simd>(&self, simd: S, lane: usize, place: usize, _in_tree: f64) -> f64 {
        let vectors = |at: usize| at * self.width..(at + 1) * self.width;
        squared_distance(simd, &self.group[vectors(lane)], &self.points[vectors(place)])
    }
}

/// The lists of a group, and memory kept from one group to the next.
#[derive(Debug)]
pub(super) struct Scratch {
    nearest: Vec<Nearest>,
    /// The points of the group, point after point.
    points: Vec<f64>,
    center: Vec<f64>,
    open: Vec<Open>,
}

/// A child that may hold neighbours: its distance from the group, its node and its number there.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    rank: f64,
    node: u32,
    child: u32,
}

impl Scratch {
    /// Room for lists of `k` points.
    pub(super) fn new(k: usize) -> Self {
        let nearest = (0..LEAF).map(|_| Nearest::new(k)).collect();
        Self { nearest, points: Vec::new(), center: Vec::new(), open: Vec::new() }
    }

    /// The lists of the group searched last.
    pub(super) fn found(&self) -> impl Iterator<Item = &Nearest> {
        self.nearest.iter()
    }
}

/// One search.
pub(super) struct Search<'a, R, M> {
    pub(super) tree: &'a Tree,
    pub(super) rank: R,
    pub(super) measure: M,
    pub(super) group: Group<'a>,
    pub(super) scratch: &'a mut Scratch,
    pub(super) cx: &'a Cx,
}

impl<R: Rank, M: Measure> WithSimd for Search<'_, R, M> {
    type Output = Result<(), Cancelled>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Result<(), Cancelled> {
        let Self { tree, rank, measure, group, scratch, cx } = self;
        let Scratch { nearest, points, center, open } = scratch;
        nearest.iter_mut().for_each(Nearest::clear);
        let Bounds { low, high } = group.bounds;
        center.clear();
        center.extend(low.iter().zip(high).map(|(low, high)| 0.5 * low + 0.5 * high));
        points.clear();
        points.extend((0..group.n).flat_map(|lane| group.tile.iter().map(move |values| values[lane])));
        // Lanes without a point have a bound that nothing is within.
        let mut bounds = [-1.0; LEAF];
        (0..group.n).filter(|lane| group.skip >> lane & 1 == 0).for_each(|lane| bounds[lane] = f64::INFINITY);
        let (mut ties, mut last_rows) = (bounds, [0; LEAF]);
        (0..LEAF).for_each(|lane| last_rows[lane] = if bounds[lane] > 0.0 { u32::MAX } else { 0 });
        let mut reach = Reach { widest: f64::INFINITY, tie: f64::INFINITY, last_row: u32::MAX };
        let (mut box_ranks, mut ranks) = ([0.0; LEAF], [0.0; LEAF]);
        let mut until_check = CHECK_LEAVES;
        cx.check()?;
        open.clear();
        open_children(simd, tree, rank, 0, (low, high, center), reach, open);
        while let Some(next) = open.pop() {
            let (node, node_low, node_high) = tree.node(next.node as usize);
            let child = next.child as usize % WIDE;
            if !reach.includes(next.rank, node.first_rows[child]) {
                continue;
            }
            if node.nodes[child] != 0 {
                open_children(simd, tree, rank, node.nodes[child], (low, high, center), reach, open);
                continue;
            }
            let mut near = from_box(simd, rank, group.tile, (node_low, node_high, child), &bounds, &mut box_ranks);
            if near == 0 {
                continue;
            }
            let leaf = node.leaves[child] as usize;
            let rows = tree.leaf_rows(leaf);
            let tile = tree.tile(leaf);
            while near != 0 {
                let lane = near.trailing_zeros() as usize;
                near &= near - 1;
                if box_ranks[lane] >= ties[lane] && node.first_rows[child] > last_rows[lane] {
                    continue;
                }
                let point = &points[lane * tile.len()..(lane + 1) * tile.len()];
                let list = &mut nearest[lane];
                let own = group.own.map_or(usize::MAX, |first| first as usize + lane);
                let mut candidates = from_point(simd, rank, tile, point, bounds[lane], &mut ranks);
                candidates = measure.sieve(simd, lane, leaf, candidates, list.bound());
                while candidates != 0 {
                    let at = candidates.trailing_zeros() as usize;
                    candidates &= candidates - 1;
                    let place = leaf * LEAF + at;
                    let Some(&row) = rows.get(at) else { break };
                    if ranks[at] <= bounds[lane] && place != own {
                        let rank = measure.rank(simd, lane, place, ranks[at]);
                        list.offer(simd, Found { rank, place: place as u32, row });
                        bounds[lane] = measure.loosen(list.bound());
                        ties[lane] = measure.reaches(list.bound());
                        last_rows[lane] = list.last_row();
                    }
                }
            }
            reach = Reach {
                widest: largest(&bounds),
                tie: largest(&ties),
                last_row: last_rows.iter().fold(0, |a, &b| a.max(b)),
            };
            until_check -= 1;
            if until_check == 0 {
                cx.check()?;
                until_check = CHECK_LEAVES;
            }
        }
        Ok(())
    }
}

/// How far a group has to look.
#[derive(Debug, Clone, Copy)]
struct Reach {
    /// Nothing with a larger rank in the tree belongs to a list.
    widest: f64,
    /// Of what has at least this rank in the tree, only row numbers below `last_row` belong to a list. Without this,
    /// many equal points would all be looked at for each of them.
    tie: f64,
    last_row: u32,
}

impl Reach {
    /// Whether a box at some rank from the group may hold neighbours.
    #[inline(always)]
    fn includes(self, rank: f64, first_row: u32) -> bool {
        rank <= self.widest && (rank < self.tie || first_row <= self.last_row)
    }
}

#[inline(always)]
fn largest(values: &[f64; LEAF]) -> f64 {
    values.iter().fold(-1.0, |a, &b| if a > b { a } else { b })
}

/// Puts the children of a node that are within reach of a box with its centre on the list, the one nearest to its centre last.
#[inline(always)]
fn open_children<S: Simd, R: Rank>(
    simd: S,
    tree: &Tree,
    rank: R,
    node: u32,
    (low, high, center): (&[f64], &[f64], &[f64]),
    reach: Reach,
    open: &mut Vec<Open>,
) {
    let (children, node_low, node_high) = tree.node(node as usize);
    let near = from_children(simd, rank, (node_low, node_high), low, high);
    let order = from_children(simd, rank, (node_low, node_high), center, center);
    let first = open.len();
    for child in 0..WIDE {
        if children.leaves[child] < children.leaves[child + 1]
            && reach.includes(near[child], children.first_rows[child])
        {
            let mut at = open.len();
            open.push(Open { rank: near[child], node, child: child as u32 });
            while at > first && order[open[at - 1].child as usize % WIDE] <= order[child] {
                open.swap(at - 1, at);
                at -= 1;
            }
        }
    }
}
