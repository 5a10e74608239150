//! How well scores find the anomalies of time series, where an anomaly is an event that lasts for some rows.
//!
//! Metrics per row count a long event many times and see no difference between an alarm one row late and one nowhere
//! near. The metrics here ask what a person asks: was the event found, how soon, and how many alarms were false?
//! [`SeriesMetrics`] bundles them for the rows of a table; the parts work on one series at a time:
//!
//! - [`vus`]: areas under curves whose labels have soft edges, no threshold needed;
//! - [`EventCounts`], [`DetectionDelay`] and [`RangeSums`]: events against runs of flagged rows;
//! - [`Nab`]: the scores of the Numenta Anomaly Benchmark, one threshold over many series.

mod events;
mod meaning;
mod nab;
mod ranges;
mod runs;
mod summary;
mod vus;

#[cfg(test)]
mod tests;

use crate::cx::Cancelled;

pub use self::events::{DetectionDelay, EventCounts};
pub use self::meaning::{Better, METRICS, Metric};
pub use self::nab::{Nab, NabProfile, NabResult, NabSeries};
pub use self::ranges::{Bias, Cardinality, RangeSums, RangeWeights};
pub use self::runs::Runs;
pub use self::summary::{NabResults, PrecisionRecall, SeriesMetrics, SeriesRows};
pub use self::vus::{N_THRESHOLDS, Vus, vus};

/// Why there are no metrics.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SeriesMetricsError {
    /// The user cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// Columns that belong together differ in length.
    #[error("{what} has {found} rows where {expected} are expected")]
    Length {
        /// The column that differs.
        what: &'static str,
        /// Its rows.
        found: usize,
        /// Rows of the scores.
        expected: usize,
    },
    /// A score that cannot be ranked.
    #[error("the score of row {row} is not a finite number")]
    NotFinite {
        /// Row within its series.
        row: usize,
    },
    /// A range of rows out of place.
    #[error(
        "the rows {start} to {end} (excluded) must be at least one row, follow the range before and end \
         within {n_rows} rows"
    )]
    Range {
        /// First row.
        start: usize,
        /// Row after the last.
        end: usize,
        /// Rows of the series.
        n_rows: usize,
    },
    /// Not a share.
    #[error("alpha, the weight of finding an event at all, must be between 0 and 1, not {alpha}")]
    Alpha {
        /// As given.
        alpha: f64,
    },
}

impl From<Cancelled> for SeriesMetricsError {
    fn from(Cancelled: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// Fails unless every score can be ranked.
fn check_finite(scores: &[f64]) -> Result<(), SeriesMetricsError> {
    match scores.iter().position(|score| !score.is_finite()) {
        Some(row) => Err(SeriesMetricsError::NotFinite { row }),
        None => Ok(()),
    }
}

/// Fails unless a column has as many rows as the scores.
fn check_length(what: &'static str, found: usize, expected: usize) -> Result<(), SeriesMetricsError> {
    if found == expected { Ok(()) } else { Err(SeriesMetricsError::Length { what, found, expected }) }
}
