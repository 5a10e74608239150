//! The values of a column that are present, in the order in which rows follow each other.

use std::ops::Range;

use super::kind::Held;
use crate::analysis::features::layout::Layout;

/// A value as windows see it: missing (NaN) where it is not finite, and -0 as 0.
pub(super) fn cleaned(value: f64) -> f64 {
    if value.is_finite() { value + 0.0 } else { f64::NAN }
}

/// The natural logarithm; NaN of what has none.
pub(super) fn log(value: f64) -> f64 {
    if value > 0.0 { value.ln() } else { f64::NAN }
}

/// The values of a column that are present, in series order.
pub(super) struct Series {
    /// Finite values, entity after entity.
    pub(super) values: Vec<f64>,
    /// Position of each value.
    pub(super) positions: Vec<i64>,
    /// Time of each value; empty where the layout has none.
    pub(super) times: Vec<i64>,
    /// Logarithm of each value; empty unless asked for.
    logs: Vec<f64>,
    /// Values of each entity.
    pub(super) groups: Vec<Range<usize>>,
}

impl Series {
    /// Leaves out what is missing (NaN) or infinite. `column` is in table row order.
    pub(super) fn new(layout: &Layout<'_>, column: &[f64], with_logs: bool) -> Self {
        let mut values = Vec::with_capacity(column.len());
        let mut positions: Vec<i64> = Vec::with_capacity(column.len());
        let mut groups = Vec::with_capacity(layout.groups.len());
        for group in &layout.groups {
            let start = values.len();
            for p in group.clone() {
                let value = column[layout.rows[p] as usize];
                if value.is_finite() {
                    values.push(cleaned(value));
                    positions.push(p as i64);
                }
            }
            groups.push(start..values.len());
        }
        let times = if layout.times.is_empty() {
            Vec::new()
        } else {
            positions.iter().map(|&p| layout.times[p as usize]).collect()
        };
        let logs = if with_logs { values.iter().map(|&value| log(value)).collect() } else { Vec::new() };
        Self { values, positions, times, logs, groups }
    }

    /// What windows see that count rows, or else microseconds.
    pub(super) fn held(&self, in_rows: bool) -> Held<'_> {
        let at = if in_rows { &self.positions } else { &self.times };
        Held { values: &self.values, logs: &self.logs, at, offset: 0 }
    }
}
