//! Features of rows from the segments they lie in.

use super::signal::LARGEST;

/// What is known of a row from the segment it lies in. All are NaN where the row's value is missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SegmentRow {
    /// Rows since the first row of the segment: 0 for that row itself. Rows that miss a value count.
    pub rows_since_change: f64,
    /// Mean of the segment.
    pub mean: f64,
    /// Sample standard deviation (n - 1) of the segment; 0 for a single value.
    pub std: f64,
    /// The value less the mean.
    pub deviation: f64,
}

impl SegmentRow {
    /// Of a row without a value.
    pub(super) const MISSING: Self =
        Self { rows_since_change: f64::NAN, mean: f64::NAN, std: f64::NAN, deviation: f64::NAN };

    /// From the number of the segment's values, their mean and the sum of their squared deviations.
    pub(super) fn new(rows_since_change: usize, (n, mean, squares): (f64, f64, f64), value: f64) -> Self {
        let std = if n > 1.0 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
        Self { rows_since_change: rows_since_change as f64, mean, std, deviation: value - mean }
    }
}

/// Features of every row of a column, given the ends of its segments (ascending; rows from the last end on are one
/// more segment). Needs the future: a segment's moments are those of all its rows, also those after the row, and
/// where it begins may have been decided by later rows. Missing (NaN) and infinite values are skipped; those beyond
/// ±1e140 count as ±1e140.
pub fn segment_features(values: &[f64], breakpoints: &[usize]) -> Vec<SegmentRow> {
    let mut rows = Vec::with_capacity(values.len());
    let mut rest = values;
    for end in breakpoints.iter().copied().chain([values.len()]) {
        let (segment, after) = rest.split_at(end.saturating_sub(rows.len()).min(rest.len()));
        rest = after;
        let present = || segment.iter().filter(|value| value.is_finite()).map(|value| value.clamp(-LARGEST, LARGEST));
        let n = present().count() as f64;
        let pivot = present().next().unwrap_or(0.0);
        let mean = pivot + present().map(|value| value - pivot).sum::<f64>() / n;
        let squares = present().map(|value| (value - mean) * (value - mean)).sum();
        rows.extend(segment.iter().enumerate().map(|(row, value)| {
            if !value.is_finite() {
                return SegmentRow::MISSING;
            }
            SegmentRow::new(row, (n, mean, squares), value.clamp(-LARGEST, LARGEST))
        }));
    }
    rows
}
