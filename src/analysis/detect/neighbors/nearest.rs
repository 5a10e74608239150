//! A bounded list of the nearest points found so far.

/// A point found: the rank of its distance, its place in the tree and its row number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub(super) rank: f64,
    pub(super) place: u32,
    pub(super) row: u32,
}

impl Found {
    /// Nearer first; of equally near ones the lower row number first.
    #[inline(always)]
    fn comes_before(&self, other: &Self) -> bool {
        self.rank < other.rank || (self.rank == other.rank && self.row < other.row)
    }
}

/// The nearest points found so far. In order once there are enough of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Nearest {
    found: Vec<Found>,
    k: usize,
}

impl Nearest {
    /// A list of at most `k` points, `k` at least 1.
    pub(super) fn new(k: usize) -> Self {
        Self { found: Vec::with_capacity(k), k }
    }

    /// Forgets all points.
    pub(super) fn clear(&mut self) {
        self.found.clear();
    }

    /// A point farther than this does not belong to the list; one at exactly this distance may.
    #[inline(always)]
    pub(super) fn bound(&self) -> f64 {
        if self.found.len() < self.k { f64::INFINITY } else { self.found.last().map_or(0.0, |last| last.rank) }
    }

    /// The row number of the last point of a full list: of two points at [`Self::bound`] only one with a lower number
    /// belongs to the list.
    #[inline(always)]
    pub(super) fn last_row(&self) -> u32 {
        if self.found.len() < self.k { u32::MAX } else { self.found.last().map_or(0, |last| last.row) }
    }

    /// Takes a point in if it belongs to the list.
    #[inline(always)]
    pub(super) fn offer(&mut self, candidate: Found) {
        if self.found.len() < self.k {
            self.found.push(candidate);
            if self.found.len() == self.k {
                self.sort();
            }
            return;
        }
        let mut at = self.found.len() - 1;
        if !candidate.comes_before(&self.found[at]) {
            return;
        }
        while at > 0 && candidate.comes_before(&self.found[at - 1]) {
            self.found[at] = self.found[at - 1];
            at -= 1;
        }
        self.found[at] = candidate;
    }

    /// The points, nearest first.
    pub(super) fn sorted(&mut self) -> &[Found] {
        if self.found.len() < self.k {
            self.sort();
        }
        &self.found
    }

    fn sort(&mut self) {
        self.found.sort_unstable_by(|a, b| a.rank.total_cmp(&b.rank).then(a.row.cmp(&b.row)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_nearest_and_prefers_lower_rows() {
        let mut nearest = Nearest::new(3);
        assert_eq!(nearest.bound(), f64::INFINITY);
        for (row, rank) in [(9, 2.0), (8, 1.0), (7, 2.0), (6, 2.0), (5, 3.0), (1, 2.0)] {
            nearest.offer(Found { rank, place: 0, row });
        }
        let rows: Vec<u32> = nearest.sorted().iter().map(|found| found.row).collect();
        assert_eq!((rows, nearest.bound()), (vec![8, 1, 6], 2.0));
    }

    #[test]
    fn a_list_that_is_not_full_is_in_order_too() {
        let mut nearest = Nearest::new(5);
        for (row, rank) in [(3, 2.0), (2, 2.0), (1, 9.0), (0, 1.0)] {
            nearest.offer(Found { rank, place: 0, row });
        }
        let rows: Vec<u32> = nearest.sorted().iter().map(|found| found.row).collect();
        assert_eq!((rows, nearest.bound()), (vec![0, 2, 3, 1], f64::INFINITY));
    }
}
