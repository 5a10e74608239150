//! The rows that are cut into segments.

/// Values beyond this count as this: their squares, and sums of those, stay finite.
pub(super) const LARGEST: f64 = 1e140;

/// Rows of one or several columns, without those that miss a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    values: Vec<f64>,
    n_columns: usize,
    /// Per row kept, where it was.
    rows: Vec<usize>,
    n_given: usize,
}

impl Signal {
    /// Takes in `values` (row after row, `n_columns` each, at least 1; a rest that is no whole row is left out).
    ///
    /// A row with a missing (NaN) or infinite value is skipped. Values beyond ±1e140 count as ±1e140.
    pub fn new(values: &[f64], n_columns: usize) -> Self {
        let n_columns = n_columns.max(1);
        let mut signal = Self { values: Vec::with_capacity(values.len()), n_columns, rows: Vec::new(), n_given: 0 };
        for row in values.chunks_exact(n_columns) {
            if row.iter().all(|value| value.is_finite()) {
                signal.values.extend(row.iter().map(|value| value.clamp(-LARGEST, LARGEST)));
                signal.rows.push(signal.n_given);
            }
            signal.n_given += 1;
        }
        signal
    }

    /// Number of rows without a missing value.
    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// Number of columns.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// All values kept, row after row.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values of one row.
    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.n_columns..(row + 1) * self.n_columns]
    }

    /// The values of one column.
    pub(super) fn column(&self, column: usize) -> impl ExactSizeIterator<Item = f64> + Clone {
        self.values.iter().skip(column).step_by(self.n_columns).copied()
    }

    /// Ends of segments, counted in the rows given. `ends` count the rows kept and ascend; the last is their number.
    pub(super) fn breakpoints(&self, ends: impl IntoIterator<Item = usize>) -> Vec<usize> {
        ends.into_iter().map(|end| self.rows.get(end).copied().unwrap_or(self.n_given)).collect()
    }
}
