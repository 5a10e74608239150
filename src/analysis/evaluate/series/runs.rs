//! Runs of flagged rows: the events of a label column, the alarms of a prediction, the windows of a benchmark.

use std::ops::Range;

use super::SeriesMetricsError;

/// Ranges of rows of one series: none empty, none overlapping, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Runs(Vec<Range<usize>>);

impl Runs {
    /// The maximal runs of `true`, one flag per row in time order. Neighbouring rows make one run however long the time
    /// between them.
    pub fn of(flags: &[bool]) -> Self {
        let mut runs = Vec::new();
        let mut start = 0;
        for run in flags.chunk_by(|a, b| a == b) {
            if run.first() == Some(&true) {
                runs.push(start..start + run.len());
            }
            start += run.len();
        }
        Self(runs)
    }

    /// Ranges given by hand, such as the windows of a benchmark, in a series of `n_rows` rows. Two may touch.
    ///
    /// # Errors
    /// [`SeriesMetricsError::Range`] at the first range that is empty, begins before the one before has ended or ends
    /// past the last row.
    pub fn new(ranges: Vec<Range<usize>>, n_rows: usize) -> Result<Self, SeriesMetricsError> {
        let mut free = 0;
        for range in &ranges {
            if range.is_empty() || range.start < free || range.end > n_rows {
                return Err(SeriesMetricsError::Range { start: range.start, end: range.end, n_rows });
            }
            free = range.end;
        }
        Ok(Self(ranges))
    }

    /// The ranges, ascending.
    pub fn as_slice(&self) -> &[Range<usize>] {
        &self.0
    }

    /// How many ranges.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Rows in all ranges together.
    pub fn n_rows(&self) -> usize {
        self.0.iter().map(ExactSizeIterator::len).sum()
    }

    /// For each range, in order, the ranges of `others` that share a row with it.
    pub(super) fn overlaps<'a>(
        &'a self,
        others: &'a Self,
    ) -> impl Iterator<Item = (&'a Range<usize>, &'a [Range<usize>])> {
        let mut rest = others.as_slice();
        self.0.iter().map(move |range| {
            let before = rest.iter().take_while(|other| other.end <= range.start).count();
            rest = rest.get(before..).unwrap_or_default();
            let shared = rest.iter().take_while(|other| other.start < range.end).count();
            (range, rest.get(..shared).unwrap_or_default())
        })
    }
}
