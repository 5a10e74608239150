//! Sums over a window that slides, without the drift of adding and taking away.

use crate::analysis::features::text::Window;

/// Sums of two columns over the rows of a window. The state is at most `rows` entries of 24 bytes, twice that for a
/// moment.
///
/// The window is kept as two stacks: sums from each of its older rows to the newest of them, and the newer rows with
/// their running sum. Each value is added twice and never taken out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WindowSum {
    window: Window,
    /// Time of each older row and the sums from it on, the oldest last.
    older: Vec<(i64, [f64; 2])>,
    /// Time and values of each newer row.
    newer: Vec<(i64, [f64; 2])>,
    newer_sum: [f64; 2],
}

impl WindowSum {
    /// A window of no rows.
    pub(crate) fn new(window: Window) -> Self {
        Self { window, older: Vec::new(), newer: Vec::new(), newer_sum: [0.0; 2] }
    }

    /// Number of rows held.
    pub(crate) fn len(&self) -> usize {
        self.older.len() + self.newer.len()
    }

    /// Takes in the values of the next row (finite; `None` where they are missing: the row then takes no place, but
    /// time goes on) and gives the sums over the window.
    pub(crate) fn push(&mut self, values: Option<[f64; 2]>, time: i64) -> [f64; 2] {
        loop {
            // Without a new row nothing leaves to make room.
            let n_held = if values.is_some() { self.older.len() + self.newer.len() } else { 0 };
            let Some(oldest) = self.older.last().or(self.newer.first()).map(|&(old, _)| old) else { break };
            if !self.window.has_left(oldest, time, n_held) {
                break;
            }
            if self.older.is_empty() {
                self.turn_over();
            }
            self.older.pop();
        }
        if let Some(values) = values {
            self.newer.push((time, values));
            self.newer_sum = add(self.newer_sum, values);
        }
        self.older.last().map_or(self.newer_sum, |&(_, sum)| add(sum, self.newer_sum))
    }

    fn turn_over(&mut self) {
        let mut sum = [0.0; 2];
        for (time, values) in self.newer.drain(..).rev() {
            sum = add(sum, values);
            self.older.push((time, sum));
        }
        self.newer_sum = [0.0; 2];
    }
}

fn add(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] + b[0], a[1] + b[1]]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sums_are_those_of_the_rows_in_the_window(
            steps in prop::collection::vec((0_i64..4, prop::option::of((0_u32..9, 0_u32..9))), 1..80),
            rows in 1_usize..12,
            micros in prop::option::of(1_i64..15),
        ) {
            let mut sums = WindowSum::new(Window { rows, micros });
            let mut kept: Vec<(i64, [f64; 2])> = Vec::new();
            let mut now = 0;
            for (step, values) in steps {
                now += step;
                let values = values.map(|(a, b)| [f64::from(a), f64::from(b)]);
                kept.extend(values.map(|values| (now, values)));
                let latest = &kept[kept.len().saturating_sub(rows)..];
                let inside = latest.iter().filter(|&&(t, _)| micros.is_none_or(|m| t > now - m));
                let expected = inside.fold([0.0; 2], |sum, &(_, values)| add(sum, values));
                prop_assert_eq!(sums.push(values, now), expected);
                prop_assert!(sums.older.len() + sums.newer.len() <= rows);
            }
        }
    }

    #[test]
    fn a_huge_value_leaves_no_trace() {
        let mut sums = WindowSum::new(Window { rows: 2, micros: None });
        for value in [0.1, 1e300, 0.2, 0.3] {
            sums.push(Some([value; 2]), 0);
        }
        assert_eq!(sums.push(Some([0.4; 2]), 0)[0], 0.3 + 0.4);
    }
}
