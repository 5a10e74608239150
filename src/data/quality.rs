//! What a quality report says about a table.

/// Quality of a table as it was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quality {
    /// Rows read.
    pub n_rows: usize,
    /// Rows equal to an earlier one in every column.
    pub n_duplicate_rows: usize,
    /// Per column, in the order of the table.
    pub columns: Vec<ColumnQuality>,
    /// Median step between consecutive rows of an entity, in microseconds. `None` without a time column.
    pub median_step_micros: Option<i64>,
    /// Steps longer than 1.5 times the median step.
    pub n_gaps: usize,
    /// Rows earlier than the row before them (of the same entity, in file order).
    pub n_out_of_order: usize,
    /// Rows with the same entity and time as an earlier row.
    pub n_repeated_times: usize,
    /// Rows whose time was missing or unreadable; they take the time of the row before.
    pub n_missing_times: usize,
}

/// Quality of one column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnQuality {
    /// The column.
    pub name: String,
    /// Missing values, NaN included.
    pub n_missing: usize,
    /// Infinite values.
    pub n_infinite: usize,
    /// Whether all values present are equal (also: none is present).
    pub is_constant: bool,
}
