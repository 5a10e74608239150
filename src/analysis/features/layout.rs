//! The rows of a table in the order in which they follow each other.

use std::ops::Range;

use crate::data::SeriesOrder;

/// The rows of a table, entity after entity, by time within each. Shared by all steps.
pub struct Layout<'a> {
    /// Table row of each position.
    pub rows: &'a [u32],
    /// Whether each row is its own position.
    pub is_in_order: bool,
    /// Positions of each entity.
    pub groups: Vec<Range<usize>>,
    /// Time of each position in microseconds; empty where there is none.
    pub times: Vec<i64>,
}

impl<'a> Layout<'a> {
    /// The layout of a table with that order. `times` (per table row) may be empty where no step looks at time.
    pub fn new(order: &'a SeriesOrder, times: &[i64]) -> Self {
        let rows = order.rows();
        let mut start = 0;
        let groups = order
            .groups()
            .map(|group| {
                start += group.len();
                start - group.len()..start
            })
            .collect();
        let times = if times.is_empty() { Vec::new() } else { rows.iter().map(|&row| times[row as usize]).collect() };
        let is_in_order = rows.iter().zip(0..).all(|(&row, position)| row == position);
        Self { rows, is_in_order, groups, times }
    }

    /// The table rows of each entity, in time order.
    pub fn entities(&self) -> impl Iterator<Item = &'a [u32]> {
        self.groups.iter().map(|range| self.rows.get(range.clone()).unwrap_or_default())
    }

    /// Time of a position; 0 where there is none.
    pub fn time(&self, position: usize) -> i64 {
        self.times.get(position).copied().unwrap_or(0)
    }
}
