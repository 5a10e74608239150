//! A bounded list of the nearest points found so far.

use pulp::Simd;

/// Lists are a multiple of this long, so that they are whole vectors.
const STEP: usize = 8;

/// Lists longer than this are searched for where a point goes; shorter ones are moved as a whole.
const LONG: usize = 64;

/// A point found: the rank of its distance, its place in the tree and its row number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub(super) rank: f64,
    pub(super) place: u32,
    pub(super) row: u32,
}

/// The nearest points found so far, nearest first; of equally near ones the lower row number first.
#[derive(Debug, Clone)]
pub(super) struct Nearest {
    /// Ranks in order, infinite behind the last point; at least `k`, and what comes after those does not count.
    ranks: Vec<f64>,
    /// Row numbers above places, the largest number behind the last point.
    points: Vec<u64>,
    k: usize,
    /// Points found, at most `k`.
    len: usize,
}

impl Nearest {
    /// A list of at most `k` points, `k` at least 1.
    pub(super) fn new(k: usize) -> Self {
        let length = k.next_multiple_of(STEP);
        Self { ranks: vec![f64::INFINITY; length], points: vec![u64::MAX; length], k, len: 0 }
    }

    /// Forgets all points.
    pub(super) fn clear(&mut self) {
        self.ranks.fill(f64::INFINITY);
        self.points.fill(u64::MAX);
        self.len = 0;
    }

    /// A point farther than this does not belong to the list; one at exactly this distance may.
    #[inline(always)]
    pub(super) fn bound(&self) -> f64 {
        self.ranks[self.k - 1]
    }

    /// The row number of the last point of a full list: of two points at [`Self::bound`] only one with a lower number
    /// belongs to the list.
    #[inline(always)]
    pub(super) fn last_row(&self) -> u32 {
        (self.points[self.k - 1] >> 32) as u32
    }

    /// Takes a point in if it belongs to the list.
    #[inline(always)]
    pub(super) fn offer<S: Simd>(&mut self, simd: S, candidate: Found) {
        let bound = self.bound();
        if candidate.rank > bound || (candidate.rank == bound && candidate.row >= self.last_row()) {
            return;
        }
        self.len = self.k.min(self.len + 1);
        let point = u64::from(candidate.row) << 32 | u64::from(candidate.place);
        let first = if self.ranks.len() > LONG {
            self.ranks.partition_point(|&rank| rank < candidate.rank).saturating_sub(STEP) / STEP * STEP
        } else {
            0
        };
        let ranks = S::as_mut_simd_f64s(&mut self.ranks[first..]).0;
        let points = S::as_mut_simd_u64s(&mut self.points[first..]).0;
        let (rank, point) = (simd.splat_f64s(candidate.rank), simd.splat_u64s(point));
        let comes_before = |ranks, points| {
            let is_lower = simd.and_m64s(simd.equal_f64s(ranks, rank), simd.less_than_u64s(points, point));
            simd.or_m64s(simd.less_than_f64s(ranks, rank), is_lower)
        };
        let is_first = simd.mask_between_m64s(0, 1).mask();
        let (mut own_ranks, mut own_points) = (simd.splat_f64s(-1.0), simd.splat_u64s(0));
        for (ranks, points) in ranks.iter_mut().zip(points) {
            let (before_ranks, before_points) = (own_ranks, own_points);
            (own_ranks, own_points) = (*ranks, *points);
            // What stands one place before each: it moves up where it does not come before the new one.
            let (last, own) = (simd.rotate_right_f64s(before_ranks, 1), simd.rotate_right_f64s(own_ranks, 1));
            let moved_ranks = simd.select_f64s(is_first, last, own);
            let (last, own) = (simd.rotate_right_u64s(before_points, 1), simd.rotate_right_u64s(own_points, 1));
            let moved_points = simd.select_u64s(is_first, last, own);
            let (stays, is_here) = (comes_before(own_ranks, own_points), comes_before(moved_ranks, moved_points));
            *ranks = simd.select_f64s(stays, own_ranks, simd.select_f64s(is_here, rank, moved_ranks));
            *points = simd.select_u64s(stays, own_points, simd.select_u64s(is_here, point, moved_points));
        }
    }

    /// The points, nearest first.
    pub(super) fn found(&self) -> impl Iterator<Item = Found> {
        let found = self.ranks.iter().zip(&self.points).take(self.len);
        found.map(|(&rank, &point)| Found { rank, place: point as u32, row: (point >> 32) as u32 })
    }
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;

    struct Offer<'a>(&'a mut Nearest, Found);

    impl WithSimd for Offer<'_> {
        type Output = ();

        fn with_simd<S: Simd>(self, simd: S) {
            self.0.offer(simd, self.1);
        }
    }

    #[test]
    fn keeps_the_nearest_and_prefers_lower_rows() {
        let mut nearest = Nearest::new(3);
        assert_eq!(nearest.bound(), f64::INFINITY);
        for (row, rank) in [(9, 2.0), (8, 1.0), (7, 2.0), (6, 2.0), (5, 3.0), (1, 2.0)] {
            Arch::new().dispatch(Offer(&mut nearest, Found { rank, place: 70 + row, row }));
        }
        let found: Vec<(u32, u32)> = nearest.found().map(|found| (found.row, found.place)).collect();
        assert_eq!((found, nearest.bound(), nearest.last_row()), (vec![(8, 78), (1, 71), (6, 76)], 2.0, 6));
        nearest.clear();
        assert_eq!((nearest.found().count(), nearest.bound()), (0, f64::INFINITY));
    }

    #[test]
    fn a_list_that_is_not_full_is_in_order_too() {
        let mut nearest = Nearest::new(5);
        for (row, rank) in [(3, 2.0), (2, 2.0), (1, 9.0), (0, 1.0)] {
            Arch::new().dispatch(Offer(&mut nearest, Found { rank, place: 0, row }));
        }
        let rows: Vec<u32> = nearest.found().map(|found| found.row).collect();
        assert_eq!((rows, nearest.bound()), (vec![0, 2, 3, 1], f64::INFINITY));
    }

    #[test]
    fn lists_of_any_length_are_what_sorting_gives() {
        for k in [1, 7, 8, 9, 20, 64, 65, 200] {
            let mut nearest = Nearest::new(k);
            let mut all: Vec<Found> = (0..1000_u32)
                .map(|i| Found { rank: f64::from(i * 7919 % 97), place: i, row: i * 577 % 1009 })
                .collect();
            for &found in &all {
                Arch::new().dispatch(Offer(&mut nearest, found));
            }
            all.sort_by(|a, b| a.rank.total_cmp(&b.rank).then(a.row.cmp(&b.row)));
            assert!(nearest.found().eq(all[..k].iter().copied()), "{k}");
        }
    }
}
