//! Where rows stand in time: which rows of the same entity come before and after.

use crate::analysis::ensemble::PlaceInTime;
use crate::data::SeriesOrder;

/// The place of every row in the order.
#[derive(Debug)]
pub(super) struct Places {
    place: Vec<u32>,
    /// Where the rows of each entity begin.
    starts: Vec<usize>,
}

impl Places {
    pub(super) fn of(order: &SeriesOrder) -> Self {
        let mut place = vec![0; order.rows().len()];
        for (at, &row) in (0_u32..).zip(order.rows()) {
            if let Some(place) = place.get_mut(row as usize) {
                *place = at;
            }
        }
        let mut starts = Vec::new();
        let mut start = 0;
        for group in order.groups() {
            starts.push(start);
            start += group.len();
        }
        Self { place, starts }
    }

    /// The rows of the entity of a row, and where the row is among them.
    pub(super) fn find<'a>(&self, row: u32, order: &'a SeriesOrder) -> PlaceInTime<'a> {
        let at = self.place.get(row as usize).map_or(0, |&at| at as usize);
        let entity = self.starts.partition_point(|&start| start <= at).saturating_sub(1);
        let start = self.starts.get(entity).copied().unwrap_or(0);
        let end = self.starts.get(entity + 1).copied().unwrap_or(order.rows().len());
        PlaceInTime { series: order.rows().get(start..end).unwrap_or_default(), place: at - start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_in_the_order_of_their_entity() {
        let order = SeriesOrder::new(5, &[3, 1, 2, 1, 1], &[1, 0, 1, 1, 0]);
        let places = Places::of(&order);
        let found = |row| {
            let place = places.find(row, &order);
            (place.series.to_vec(), place.place)
        };
        assert_eq!(found(2), (vec![3, 2, 0], 1));
        assert_eq!(found(4), (vec![1, 4], 1));
        assert_eq!(found(3), (vec![3, 2, 0], 0));
    }
}
