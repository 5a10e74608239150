//! The order of a column's values, with ties.

use super::pearson::Centred;

/// Rank of a row without a value.
const MISSING: u32 = u32::MAX;

/// The rows of a column by value. Memory: at most 12 bytes per row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ordered {
    /// The rows that have a value, ascending by value, by row where values are equal.
    pub(super) rows: Vec<u32>,
    /// Per row its rank from 0; equal values share a rank and no rank is left out.
    pub(super) ranks: Vec<u32>,
    /// Per rank, where in `rows` its first row is; and the number of rows at the end.
    pub(super) starts: Vec<u32>,
}

impl Ordered {
    /// Orders the finite values of a column (fewer than 2^32 - 1 rows). Time n log n.
    pub(super) fn new(column: &[f64]) -> Self {
        let present = column.iter().zip(0u32..).filter(|(value, _)| value.is_finite());
        let mut keys: Vec<(u64, u32)> = present.map(|(&value, row)| (ascending(value), row)).collect();
        keys.sort_unstable();
        Self::from_sorted(column.len(), keys)
    }

    /// The order of the rows that have a value in `other` too. Linear time.
    pub(super) fn restricted(&self, other: &Self) -> Self {
        let both = self.rows.iter().filter(|&&row| other.ranks[row as usize] != MISSING);
        Self::from_sorted(self.ranks.len(), both.map(|&row| (self.ranks[row as usize], row)))
    }

    /// From (key, row) in ascending order.
    fn from_sorted<K: PartialEq>(n_rows: usize, keys: impl IntoIterator<Item = (K, u32)>) -> Self {
        let mut ordered = Self { rows: Vec::new(), ranks: vec![MISSING; n_rows], starts: Vec::new() };
        let mut rank = 0;
        let mut last = None;
        for ((key, row), position) in keys.into_iter().zip(0u32..) {
            if last.as_ref() != Some(&key) {
                rank = ordered.starts.len() as u32;
                ordered.starts.push(position);
                last = Some(key);
            }
            ordered.ranks[row as usize] = rank;
            ordered.rows.push(row);
        }
        ordered.starts.push(ordered.rows.len() as u32);
        ordered
    }

    /// Number of rows with a value.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Number of different values.
    pub(super) fn n_distinct(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of rows of each rank.
    pub(super) fn ties(&self) -> impl Iterator<Item = u32> {
        self.starts.windows(2).map(|bounds| bounds[1] - bounds[0])
    }

    /// Twice the deviations of the average ranks from their mean (integers), of the rows with a value, by row.
    pub(super) fn rank_deviations(&self) -> Centred {
        let n = self.len() as f64;
        let of_rank: Vec<f64> =
            self.starts.windows(2).map(|bounds| f64::from(bounds[0]) + f64::from(bounds[1]) - n).collect();
        let present = self.ranks.iter().filter(|&&rank| rank != MISSING);
        Centred::new(present.map(|&rank| of_rank[rank as usize]).collect())
    }
}

/// A key that orders finite values as numbers. 0 and -0 are equal.
fn ascending(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}
