//! The order in which rows follow each other: per entity, by time.

use std::ops::Range;

use super::Table;

/// Rows of a table grouped by entity and sorted by time within each (by row where times are equal).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesOrder {
    rows: Vec<u32>,
    groups: Vec<Range<usize>>,
}

impl SeriesOrder {
    /// The order of a table. Without a time column rows keep their order; without entities there is one group.
    pub fn of(table: &Table) -> Self {
        let times = table.time().unwrap_or_default();
        let codes = table.entities().map(|e| e.codes.as_slice()).unwrap_or_default();
        Self::new(table.n_rows(), times, codes)
    }

    /// The order of `n_rows` rows by entity code, time and row. `times` and `codes` may be empty (all equal).
    pub fn new(n_rows: usize, times: &[i64], codes: &[u32]) -> Self {
        let key = |row: u32| {
            let i = row as usize;
            (codes.get(i).copied().unwrap_or(0), times.get(i).copied().unwrap_or(0), row)
        };
        let mut rows: Vec<u32> = (0..u32::try_from(n_rows).unwrap_or(u32::MAX)).collect();
        if !rows.is_sorted_by_key(|&row| key(row)) {
            rows.sort_unstable_by_key(|&row| key(row));
        }
        let mut groups = Vec::new();
        let mut start = 0;
        for group in rows.chunk_by(|&a, &b| key(a).0 == key(b).0) {
            groups.push(start..start + group.len());
            start += group.len();
        }
        Self { rows, groups }
    }

    /// The order of some of the rows, given ascending: row number i of it is `rows[i]` of this. Entities without a row are
    /// left out.
    #[must_use]
    pub fn select(&self, rows: &[u32]) -> Self {
        let mut selected = Self { rows: Vec::with_capacity(rows.len()), groups: Vec::new() };
        for group in self.groups() {
            let start = selected.rows.len();
            let places = group.iter().filter_map(|row| rows.binary_search(row).ok());
            selected.rows.extend(places.filter_map(|place| u32::try_from(place).ok()));
            if selected.rows.len() > start {
                selected.groups.push(start..selected.rows.len());
            }
        }
        selected
    }

    /// The rows of each entity, in time order.
    pub fn groups(&self) -> impl Iterator<Item = &[u32]> {
        self.groups.iter().map(|range| self.rows.get(range.clone()).unwrap_or_default())
    }

    /// All rows, entity after entity.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_by_entity_then_time_then_row() {
        let order = SeriesOrder::new(5, &[3, 1, 2, 1, 1], &[1, 0, 1, 1, 0]);
        let groups: Vec<&[u32]> = order.groups().collect();
        assert_eq!(groups, [&[1, 4][..], &[3, 2, 0]]);
        // Rows 0, 2 and 3 become 0, 1 and 2.
        assert_eq!(order.select(&[0, 2, 3]).groups().collect::<Vec<_>>(), [&[2, 1, 0][..]]);
        assert_eq!(SeriesOrder::new(2, &[], &[]).rows(), [0, 1]);
        assert_eq!(SeriesOrder::new(0, &[], &[]).groups().count(), 0);
    }
}
