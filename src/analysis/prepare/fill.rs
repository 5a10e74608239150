//! Fills gaps of a column from its neighbours in time of the same entity.

use crate::data::SeriesOrder;

/// Gives missing values the last one before them of the same entity, where there is one.
pub(super) fn forward(values: &mut [f64], order: &SeriesOrder) {
    for group in order.groups() {
        let mut last = f64::NAN;
        for &row in group {
            match values.get_mut(row as usize) {
                Some(value) if value.is_finite() => last = *value,
                Some(value) => *value = last,
                None => {}
            }
        }
    }
}

/// Bridges gaps by a straight line between their neighbours of the same entity, row by row; before the first and after the
/// last value that value stands. Entities without any value keep their gaps. Infinite values count as missing; others
/// beyond `limit` count as `limit`.
pub(super) fn linear(values: &mut [f64], order: &SeriesOrder, limit: f64) {
    order.groups().for_each(|group| linear_in(values, group, limit));
}

/// The same for one entity, whose row numbers in time order are `group`.
fn linear_in(values: &mut [f64], group: &[u32], limit: f64) {
    let mut before: Option<(usize, f64)> = None;
    for (at, &row) in group.iter().enumerate() {
        let Some(value) = values.get(row as usize).copied().filter(|value| value.is_finite()) else { continue };
        let value = value.clamp(-limit, limit);
        let start = before.map_or(0, |(at, _)| at + 1);
        for (step, &gap) in group.get(start..at).unwrap_or_default().iter().enumerate() {
            let share = (step + 1) as f64 / (at - start + 1) as f64;
            let filled = before.map_or(value, |(_, before)| before + (value - before) * share);
            set(values, gap, filled);
        }
        set(values, row, value);
        before = Some((at, value));
    }
    let Some((at, last)) = before else { return };
    for &row in group.get(at + 1..).unwrap_or_default() {
        set(values, row, last);
    }
}

fn set(values: &mut [f64], row: u32, value: f64) {
    if let Some(target) = values.get_mut(row as usize) {
        *target = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_bridged_within_an_entity() {
        let nan = f64::NAN;
        // Entities take turns; the second has a gap at both ends, the first one in the middle.
        let mut mixed = [1.0, nan, nan, 5.0, f64::INFINITY, 6.0, 4.0, nan];
        let order = SeriesOrder::new(8, &[], &[0, 1, 0, 1, 0, 1, 0, 1]);
        linear(&mut mixed, &order, 1e150);
        assert_eq!(mixed, [1.0, 5.0, 2.0, 5.0, 3.0, 6.0, 4.0, 6.0]);
        let mut huge = [1e300, -1e300];
        linear(&mut huge, &SeriesOrder::new(2, &[], &[]), 1e150);
        assert_eq!(huge, [1e150, -1e150]);
        let mut empty = [nan; 2];
        linear(&mut empty, &SeriesOrder::new(2, &[], &[]), 1e150);
        assert!(empty.iter().all(|v| v.is_nan()));
    }

    #[test]
    fn the_last_value_is_carried_within_an_entity() {
        let nan = f64::NAN;
        let mut values = [1.0, nan, nan, 5.0, nan];
        forward(&mut values, &SeriesOrder::new(5, &[], &[0, 1, 0, 1, 1]));
        assert!(values[1].is_nan());
        assert_eq!([values[0], values[2], values[3], values[4]], [1.0, 1.0, 5.0, 5.0]);
    }
}
