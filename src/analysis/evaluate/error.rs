//! Why there is no number, and what to do about it.

use crate::cx::Cancelled;

/// Why scores or alarms could not be judged.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvaluateError {
    /// The user cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// One entry per row was expected.
    #[error("{found} {what} for {expected} rows; give one for each row")]
    LengthsDiffer {
        /// What there should be one of per row.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// Number of rows.
        expected: usize,
    },
    /// A ranking can be judged only where there is something to tell apart.
    #[error(
        "{n_anomalies} of {n_rows} labelled rows are anomalies; a ranking is judged on both kinds, so label at least one \
         anomaly and one normal row"
    )]
    OneKind {
        /// Rows labelled as anomalies.
        n_anomalies: usize,
        /// Labelled rows.
        n_rows: usize,
    },
    /// A score is NaN or infinite.
    #[error("the score of row {row} is not a finite number; leave out rows without a score")]
    NotFinite {
        /// The first such row, from 0.
        row: usize,
    },
    /// Row numbers are 32 bits wide.
    #[error("{n_rows} rows are more than can be judged at once; take a sample of fewer than 4 billion")]
    TooManyRows {
        /// Number of rows.
        n_rows: usize,
    },
    /// A number is out of its range.
    #[error("{what} is {value}; it must be {range}")]
    OutOfRange {
        /// What was given.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The values it may have.
        range: &'static str,
    },
    /// Whole groups are drawn, and there is only one or none.
    #[error("{n_groups} groups of rows to draw from; use at least 2 entities, or shorter blocks of time")]
    TooFewGroups {
        /// Number of groups.
        n_groups: usize,
    },
    /// A drawn row does not exist.
    #[error("a resample names row {row} of {n_rows}; rows are counted from 0")]
    NoSuchRow {
        /// The row named.
        row: u32,
        /// Number of rows.
        n_rows: usize,
    },
    /// No resample had anomalies as well as normal rows.
    #[error(
        "none of {n_resamples} resamples holds both anomalies and normal rows; draw more of them or label more rows of \
         the rarer kind"
    )]
    NoResample {
        /// Number of resamples.
        n_resamples: usize,
    },
}

impl From<Cancelled> for EvaluateError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}
