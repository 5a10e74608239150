//! A bounded list of the nearest points found so far.

/// A point found: its squared distance and its number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Neighbor {
    pub(super) squared_distance: f64,
    pub(super) row: u32,
}

impl Neighbor {
    /// Nearer first; of equally near ones the lower number first.
    fn comes_before(&self, other: &Self) -> bool {
        self.squared_distance < other.squared_distance
            || (self.squared_distance == other.squared_distance && self.row < other.row)
    }
}

/// The nearest points found so far, nearest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Nearest {
    found: Vec<Neighbor>,
    k: usize,
}

impl Nearest {
    /// A list of at most `k` points.
    pub(super) fn new(k: usize) -> Self {
        Self { found: Vec::with_capacity(k + 1), k }
    }

    /// Forgets all points.
    pub(super) fn clear(&mut self) {
        self.found.clear();
    }

    /// A point farther than this does not belong to the list; one at exactly this distance may.
    pub(super) fn bound(&self) -> f64 {
        if self.found.len() < self.k {
            f64::INFINITY
        } else {
            self.found.last().map_or(0.0, |last| last.squared_distance)
        }
    }

    /// Takes a point in if it belongs to the list.
    pub(super) fn offer(&mut self, candidate: Neighbor) {
        if self.found.len() >= self.k && !self.found.last().is_some_and(|last| candidate.comes_before(last)) {
            return;
        }
        let at = self.found.partition_point(|found| found.comes_before(&candidate));
        self.found.insert(at, candidate);
        self.found.truncate(self.k);
    }

    /// The points, nearest first.
    pub(super) fn found(&self) -> &[Neighbor] {
        &self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_nearest_and_prefers_lower_numbers() {
        let mut nearest = Nearest::new(3);
        assert_eq!(nearest.bound(), f64::INFINITY);
        for (row, squared_distance) in [(9, 2.0), (8, 1.0), (7, 2.0), (6, 2.0), (5, 3.0), (1, 2.0)] {
            nearest.offer(Neighbor { squared_distance, row });
        }
        let rows: Vec<u32> = nearest.found().iter().map(|found| found.row).collect();
        assert_eq!((rows, nearest.bound()), (vec![8, 1, 6], 2.0));
    }
}
