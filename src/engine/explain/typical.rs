//! What values a column usually has: of the same entity, at the same hour of the day.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Explainer, evenly};
use crate::analysis::stats::quantiles;

/// Values that a range needs at least.
const LEAST_VALUES: usize = 30;

/// Normal rows looked at, at most.
const MOST_ROWS: usize = 50_000;

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// Where nine of ten values of the normal rows lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Typical {
    /// 5 % are below.
    pub low: f64,
    /// Half are below.
    pub median: f64,
    /// 5 % are above.
    pub high: f64,
    /// Whether only rows of the same hour of the day (UTC) were looked at.
    pub at_this_hour: bool,
}

/// A column of an entity (its first row) at an hour.
type RangeKey = (String, u32, Option<i64>);

/// Columns and ranges that were asked for already.
#[derive(Debug, Default)]
pub(super) struct TypicalValues {
    columns: Mutex<HashMap<String, Option<Arc<Vec<f64>>>>>,
    ranges: Mutex<HashMap<RangeKey, Option<Typical>>>,
}

impl Explainer {
    /// The usual values of a numeric column around a row: of the same entity at the same hour where there are 30 such
    /// normal rows, else of the same entity, else of all rows. `None` where there are fewer.
    pub fn typical(&self, column: &str, row: u32) -> Option<Typical> {
        let own = self.places.find(row, &self.detectors.order).series;
        let all = self.detectors.order.rows();
        let hour = self.fitted.table.time().and_then(|times| times.get(row as usize)).map(|&time| hour_of(time));
        [(own, hour), (own, None), (all, hour), (all, None)]
            .into_iter()
            .find_map(|(rows, hour)| self.range(column, rows, hour))
    }

    /// A value of a numeric column of the table, in its own units; NaN where it is missing.
    pub fn column_value(&self, column: &str, row: u32) -> f64 {
        let value = |values: Arc<Vec<f64>>| values.get(row as usize).copied();
        self.column(column).and_then(value).unwrap_or(f64::NAN)
    }

    pub(super) fn column(&self, name: &str) -> Option<Arc<Vec<f64>>> {
        let mut columns = self.typical.columns.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || self.fitted.table.numbers(name).map(Arc::new);
        columns.entry(name.to_owned()).or_insert_with(read).clone()
    }

    /// Lowest and highest value of a numeric column; NaN where there is none.
    pub fn range_of(&self, column: &str) -> (f64, f64) {
        let values = self.column(column).unwrap_or_default();
        let finite = values.iter().copied().filter(|value| value.is_finite());
        finite.fold((f64::NAN, f64::NAN), |(low, high), value| (low.min(value), high.max(value)))
    }

    fn range(&self, column: &str, rows: &[u32], hour: Option<i64>) -> Option<Typical> {
        let key = (column.to_owned(), rows.first().copied()?, hour);
        if let Some(known) = self.typical.ranges.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return *known;
        }
        let values = self.column(column)?;
        let times = self.fitted.table.time().unwrap_or_default();
        let fits = |row: &u32| {
            let row = *row as usize;
            let is_normal = self.fitted.combined.is_anomaly.get(row) == Some(&false);
            is_normal && hour.is_none_or(|hour| times.get(row).is_some_and(|&time| hour_of(time) == hour))
        };
        let rows: Vec<u32> = rows.iter().copied().filter(fits).collect();
        let values: Vec<f64> = evenly(&rows, MOST_ROWS)
            .into_iter()
            .filter_map(|row| values.get(row as usize).copied())
            .filter(|value| value.is_finite())
            .collect();
        let found = (values.len() >= LEAST_VALUES).then(|| {
            let [low, median, high] = quantiles(&values, [0.05, 0.5, 0.95]);
            Typical { low, median, high, at_this_hour: hour.is_some() }
        });
        self.typical.ranges.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found);
        found
    }
}

/// Hour of the day, UTC.
fn hour_of(time: i64) -> i64 {
    time.div_euclid(MICROS_PER_HOUR).rem_euclid(24)
}
