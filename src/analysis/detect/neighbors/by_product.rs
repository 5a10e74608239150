//! Neighbours by measuring all pairs, where a tree could leave only few of them out.
//!
//! Every pair gets a bound of its distance from a matrix product in single precision. The points with the smallest
//! bounds are measured exactly; where these do not settle which points are the nearest (many are equally far, or all
//! are close together and far from the centre), all points are looked at again, by differences.

use candle_core::Device;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::axes::rounding_error;
use super::kernels::{roughly_within, squared_distance};
use super::nearest::{Found, Nearest};
use super::points::{LONGEST, View};
use super::product::Join;
use super::rounds::each_with_each;
use super::shortlist::Shortlists;
use super::side::Side;
use super::space::Space;
use super::table::Table;
use super::tensors::Lookup;
use super::tree::LEAF;
use crate::cx::{Cancelled, Cx};

/// Panels in a block: their points and their lists stay in the second cache.
const BLOCK: usize = 8;

/// Panels of new points looked up at a time by one thread.
const NEW_BLOCK: usize = 4;

/// By how much rounding in double precision may change a squared distance, and more.
const EXACT_ERROR: f64 = 1e-9;

/// Training rows of which all are looked at. Their places are their numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ByProduct {
    space: Space,
    center: Vec<f64>,
    side: Side,
    /// Largest distance of a point from the centre.
    longest: f64,
    rows: Vec<u32>,
}

/// Some points that lie side by side, and their lists.
struct Block {
    /// Number of the first panel.
    first: usize,
    lists: Shortlists,
}

impl ByProduct {
    /// Whether all pairs of these points of `d` coordinates can be measured so, and it may be worth it: with few
    /// coordinates a tree is always better.
    pub(super) fn suits(space: Space, d: usize, points: &[f64]) -> bool {
        let limit = LONGEST / (d as f64).sqrt() / 2.0;
        View::needs_axes(space, d) && points.iter().all(|value| value.abs() <= limit)
    }

    /// Gets points of `d` coordinates ready (at least one).
    pub(super) fn new(space: Space, d: usize, points: &[f64], cx: &Cx) -> Result<Self, Cancelled> {
        let n = points.len() / d;
        let mut center = vec![0.0; d];
        for point in points.chunks_exact(d) {
            center.iter_mut().zip(point).for_each(|(mean, value)| *mean += value / n as f64);
        }
        let side = Side::new(d, points, &center, cx)?;
        let longest = side.lengths().iter().copied().fold(0.0, f64::max);
        Ok(Self { space, center, side, longest, rows: (0..n as u32).collect() })
    }

    /// Training rows in the order of their places.
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Whether the training row at a place has no direction.
    pub(super) fn is_nowhere(&self, place: usize) -> bool {
        self.side.is_nowhere(self.space, place)
    }

    /// Writes the point of the training row at a place.
    pub(super) fn read_point(&self, place: usize, point: &mut [f64]) {
        point.iter_mut().zip(self.side.point(place).as_flattened()).for_each(|(to, &value)| *to = value);
    }

    /// Writes the `k` nearest other training rows of each, fewer than there are, into the table. `first_places` are
    /// those of the first rows, where there may be points without direction. Pairs are measured on the device, if any.
    pub(super) fn among_themselves(
        &self,
        k: usize,
        first_places: &[u32],
        device: Option<&Device>,
        table: &mut Table,
        cx: &Cx,
    ) -> Result<(), Cancelled> {
        let n = self.rows.len();
        let mut reported = 0;
        // Where a device fails on the way, what was reported is behind us already.
        let mut report = |reached: usize| {
            cx.progress().add(reached.saturating_sub(reported) as u64);
            reported = reached.max(reported);
        };
        let lookup = Lookup { rows: &self.side, columns: &self.side, is_own: true, k, n_panels: BLOCK };
        let found = match device {
            // Half of the work is what follows.
            Some(device) => lookup.run(device, |done| report(done / 2), cx)?,
            None => None,
        };
        let blocks = match found {
            Some(lists) => (0..).step_by(BLOCK).zip(lists).map(|(first, lists)| Block { first, lists }).collect(),
            None => self.blocks(k, &mut report, cx)?,
        };
        table.par_blocks_mut(BLOCK * LEAF).zip(&blocks).try_for_each_init(
            || Nearest::new(k),
            |nearest, ((_, (places, distances)), block)| {
                let out = places.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
                for (list, (places, distances)) in out.enumerate() {
                    cx.check()?;
                    let at = block.first * LEAF + list;
                    let seeker = Seeker { side: &self.side, at, own: Some(at as u32), lists: &block.lists, list };
                    self.settle(seeker, first_places, nearest, places, distances);
                }
                Ok(())
            },
        )?;
        report(n);
        Ok(())
    }

    /// The lists of all training rows among themselves. `report` hears for how many rows the work is done.
    fn blocks(&self, k: usize, mut report: impl FnMut(usize), cx: &Cx) -> Result<Vec<Block>, Cancelled> {
        let (arch, n, n_panels) = (Arch::new(), self.rows.len(), self.side.n_panels());
        let new_block = |first| Block { first, lists: Shortlists::new(BLOCK.min(n_panels - first) * LEAF, k) };
        let mut blocks: Vec<Block> = (0..n_panels).step_by(BLOCK).map(new_block).collect();
        let n_rounds = blocks.len();
        blocks.par_iter_mut().try_for_each(|block| {
            let rows = self.side.panels(block.first, BLOCK);
            arch.dispatch(Join { rows, columns: rows, of_rows: &mut block.lists, of_columns: None, is_own: true, cx })
        })?;
        each_with_each(
            &mut blocks,
            |a, b| {
                let (rows, columns) = (self.side.panels(a.first, BLOCK), self.side.panels(b.first, BLOCK));
                let (of_rows, of_columns) = (&mut a.lists, Some(&mut b.lists));
                arch.dispatch(Join { rows, columns, of_rows, of_columns, is_own: false, cx })
            },
            |round| report(n * round / (n_rounds + 1)),
        )?;
        Ok(blocks)
    }

    /// What `each` makes of the places and distances of the `k` training rows nearest to each of some points. Pairs are
    /// measured on the device, if any.
    pub(super) fn search<T: Send>(
        &self,
        points: &[f64],
        k: usize,
        first_places: &[u32],
        device: Option<&Device>,
        cx: &Cx,
        each: impl Fn(&[u32], &[f64]) -> T + Sync,
    ) -> Result<Vec<T>, Cancelled> {
        let side = Side::new(self.center.len(), points, &self.center, cx)?;
        let lookup = Lookup { rows: &side, columns: &self.side, is_own: false, k, n_panels: NEW_BLOCK };
        let on_device = match device {
            Some(device) => lookup.run(device, |_| (), cx)?,
            None => None,
        };
        let found: Vec<Vec<T>> = (0..side.n_panels().div_ceil(NEW_BLOCK))
            .into_par_iter()
            .map(|block| {
                let (first, last) = (block * NEW_BLOCK * LEAF, side.len().min((block + 1) * NEW_BLOCK * LEAF));
                let own_lists;
                let lists = match on_device.as_ref().and_then(|all| all.get(block)) {
                    Some(lists) => lists,
                    None => {
                        own_lists = self.lists_of_new(&side, block, k, cx)?;
                        &own_lists
                    }
                };
                let mut nearest = Nearest::new(k);
                let (mut places, mut distances) = (vec![0; k], vec![0.0; k]);
                let mut found = Vec::with_capacity(last - first);
                for at in first..last {
                    cx.check()?;
                    let seeker = Seeker { side: &side, at, own: None, lists, list: at - first };
                    self.settle(seeker, first_places, &mut nearest, &mut places, &mut distances);
                    found.push(each(&places, &distances));
                }
                cx.progress().add(found.len() as u64);
                Ok(found)
            })
            .collect::<Result<_, Cancelled>>()?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The lists of a block of new points.
    fn lists_of_new(&self, side: &Side, block: usize, k: usize, cx: &Cx) -> Result<Shortlists, Cancelled> {
        let (rows, columns) = (side.panels(block * NEW_BLOCK, NEW_BLOCK), self.side.panels(0, usize::MAX));
        let mut lists = Shortlists::new(rows.half_squares.len() * LEAF, k);
        let of_rows = &mut lists;
        Arch::new().dispatch(Join { rows, columns, of_rows, of_columns: None, is_own: false, cx })?;
        Ok(lists)
    }

    /// Writes the neighbours of a point.
    fn settle(
        &self,
        seeker: Seeker<'_>,
        first_places: &[u32],
        nearest: &mut Nearest,
        places: &mut [u32],
        distances: &mut [f64],
    ) {
        if seeker.side.is_nowhere(self.space, seeker.at) {
            let first = first_places.iter().filter(|&&place| Some(place) != seeker.own);
            places.iter_mut().zip(first).for_each(|(place, &first)| *place = first);
            distances.fill(Space::NOWHERE);
            return;
        }
        Arch::new().dispatch(Settle { of: self, seeker, nearest });
        for ((found, place), distance) in nearest.found().zip(places).zip(distances) {
            (*place, *distance) = (found.place, self.space.distance(found.rank));
        }
    }
}

/// A point that looks for its neighbours.
#[derive(Clone, Copy)]
struct Seeker<'a> {
    side: &'a Side,
    at: usize,
    /// Its place where it is a training row, not to be found by itself.
    own: Option<u32>,
    lists: &'a Shortlists,
    /// The number of its list.
    list: usize,
}

/// Finds the training rows nearest to a point.
struct Settle<'a> {
    of: &'a ByProduct,
    seeker: Seeker<'a>,
    nearest: &'a mut Nearest,
}

impl WithSimd for Settle<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { of, seeker, nearest } = self;
        let Seeker { side, at, own, lists, list } = seeker;
        let (point, length) = (side.point(at), side.lengths()[at]);
        let measure = |place: u32| Found {
            rank: squared_distance(simd, point, of.side.point(place as usize)),
            place,
            row: place,
        };
        let can_be_rough = length <= LONGEST;
        nearest.clear();
        let mut is_settled = can_be_rough && !lists.is_full(list);
        for (bound, place) in lists.list(list) {
            if f64::from(bound) > 0.5 * nearest.bound() * (1.0 + EXACT_ERROR) {
                is_settled = true;
                break;
            }
            nearest.offer(simd, measure(place));
        }
        if is_settled {
            return;
        }
        let known = nearest.bound();
        nearest.clear();
        let rough = side.rough_point(at);
        let error = rounding_error(rough.len(), of.longest, length);
        for (panel, values) in of.side.rough_panels().enumerate() {
            let first = panel * LEAF;
            let mut near = u32::MAX >> LEAF.saturating_sub(of.rows.len() - first);
            if can_be_rough {
                let limit = nearest.bound().min(known).sqrt() + error;
                let limit = limit * (1.0 + f64::from(f32::EPSILON) * (rough.len() + 8) as f64);
                near &= roughly_within(simd, values, &rough, ((limit * limit) as f32).next_up());
            }
            while near != 0 {
                let place = first as u32 + near.trailing_zeros();
                near &= near - 1;
                if Some(place) != own {
                    nearest.offer(simd, measure(place));
                }
            }
            if nearest.bound() == 0.0 {
                // Rows come in order: later ones can only be equal, and come after these.
                break;
            }
        }
    }
}
