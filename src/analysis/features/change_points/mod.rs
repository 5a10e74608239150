//! Change points: where the level or the spread of a series changes, and features that follow from that.
//!
//! A cost says how unlike the rows of a segment are; a search looks for the segments that cost least (the split that
//! ruptures makes: Truong, Oudre and Vayatis, "Selective review of offline change point detection methods", 2020).
//! [`find`] looks at a whole series, so it needs the future. [`OnlinePelt`] does not: it knows, at each row, the best
//! segmentation of the rows so far.

mod binseg;
mod bottom_up;
mod candidates;
mod cost;
mod dynp;
mod lanes;
mod online;
mod pelt;
mod penalty;
mod segments;
mod signal;
mod sweep;

use std::cmp::Ordering;

use crate::cx::{Cancelled, Cx};

pub use self::online::{OnlineCost, OnlineFit, OnlinePelt};
pub use self::penalty::Penalty;
pub use self::segments::{SegmentRow, segment_features};
pub use self::signal::Signal;

/// Why there are no change points.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ChangePointError {
    /// The user cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// No segmentation keeps the rules.
    #[error(
        "{n_rows} rows with values cannot have {n_changes} change points with segments of at least {min_size} rows \
         that begin every {jump} rows; ask for fewer change points or a smaller min_size or jump"
    )]
    TooFewRows {
        /// Rows without a missing value.
        n_rows: usize,
        /// Change points asked for; 0 where a penalty decides.
        n_changes: usize,
        /// Shortest segment, with what the cost needs.
        min_size: usize,
        /// As in the settings.
        jump: usize,
    },
    /// The rbf cost compares every pair of rows.
    #[error("the rbf cost takes at most {most} rows, not {n_rows}; use l2 or normal, or fewer rows")]
    TooManyRows {
        /// Rows without a missing value.
        n_rows: usize,
        /// The limit.
        most: usize,
    },
    /// Not a penalty.
    #[error("the penalty must be a number of at least 0, not {penalty}")]
    Penalty {
        /// What was given.
        penalty: f64,
    },
    /// Not a kernel.
    #[error("gamma of the rbf cost must be a number above 0, not {gamma}; leave it out to have it chosen")]
    Gamma {
        /// What was given.
        gamma: f64,
    },
}

impl From<Cancelled> for ChangePointError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// What is alike in a segment. The formulas are those of ruptures' `CostL1`, `CostL2`, `CostRbf` and `CostNormal`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Model {
    /// The median: sum of absolute deviations. Takes outliers lightly. At least 2 rows per segment. Preparing takes
    /// O(n log n) time and memory, a segment O(log n) time.
    L1,
    /// The mean: sum of squared deviations. Constant time per segment.
    L2,
    /// The distribution: spread under a Gaussian kernel. At most 20,000 rows. All searches take O(n²) time or more.
    Rbf {
        /// Of exp(-gamma d²), above 0; 1 over the median squared distance where it is not given.
        gamma: Option<f64>,
    },
    /// Mean and covariance: rows times the log-determinant of the covariance (n for one column, n - 1 for several).
    /// At least 2 rows per segment. Constant time per segment.
    Normal {
        /// Adds 1e-6 to the variances (the default of ruptures). Without it a constant segment costs -inf.
        small_bias: bool,
    },
}

/// Which segmentations are looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Search {
    /// The best for a penalty per change point (Killick, Fearnhead and Eckley 2012). With a `min_size` above 1 it
    /// rules out starts as ruptures does, which can cost a little of the best. O(n) to O(n²) time: the more changes,
    /// the less.
    Pelt(f64),
    /// Greedy from the whole series down. O(n log n) time in most cases.
    Binseg(Stop),
    /// Greedy from short segments up. O(n log n) time. Change points fall on the initial grid, so they may be off by
    /// a row even where every row may begin a segment.
    BottomUp(Stop),
    /// The best for a number of change points. O(n² k) time, O(n k) memory.
    Dynp(usize),
}

/// When a greedy search ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop {
    /// As soon as no change point gains more than this.
    Penalty(f64),
    /// With this many change points, or fewer where no more are possible.
    Changes(usize),
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// The cost.
    pub model: Model,
    /// Shortest segment in rows. What the cost needs where that is more.
    pub min_size: usize,
    /// Segments begin at multiples of this; 0 counts as 1.
    pub jump: usize,
}

impl Settings {
    /// Whether rows can be cut that often.
    fn allow(&self, n_rows: usize, n_changes: usize) -> bool {
        let step = self.min_size.next_multiple_of(self.jump);
        n_changes <= n_rows / self.jump && n_changes.saturating_mul(step).saturating_add(self.min_size) <= n_rows
    }
}

/// Change points of a signal: the first row of each segment but the first, and last the number of rows.
///
/// Needs the future. The same as ruptures' `Pelt`, `Binseg`, `BottomUp` and `Dynp` give: of segmentations that cost
/// the same, the exact searches take the one whose last segment is longest. A constant series has no change points,
/// unless a number is asked for. Rows that miss a value are left out and counted in the result.
///
/// # Errors
/// Too few rows for the settings, those of the rbf cost, a penalty that is negative or not finite, or
/// cancelled.
pub fn find(signal: &Signal, settings: &Settings, search: Search, cx: &Cx) -> Result<Vec<usize>, ChangePointError> {
    let n_rows = signal.n_rows();
    let rules = Settings {
        min_size: settings.min_size.max(cost::min_size(settings.model)),
        jump: settings.jump.max(1),
        ..*settings
    };
    let n_changes = match search {
        Search::Pelt(penalty) | Search::Binseg(Stop::Penalty(penalty)) | Search::BottomUp(Stop::Penalty(penalty)) => {
            penalty::check(penalty).map(|_| 0)?
        }
        Search::Dynp(n) | Search::Binseg(Stop::Changes(n)) | Search::BottomUp(Stop::Changes(n)) => n,
    };
    if !rules.allow(n_rows, n_changes) {
        let Settings { min_size, jump, .. } = rules;
        return Err(ChangePointError::TooFewRows { n_rows, n_changes, min_size, jump });
    }
    let cost = cost::prepare(rules.model, signal, cx)?;
    let ends = match search {
        Search::Pelt(penalty) => pelt::segment(&*cost, n_rows, &rules, penalty, cx)?,
        Search::Binseg(stop) => binseg::segment(&*cost, n_rows, &rules, stop, cx)?,
        Search::BottomUp(stop) => bottom_up::segment(&*cost, n_rows, &rules, stop, cx)?,
        Search::Dynp(n_changes) => dynp::segment(&*cost, n_rows, &rules, n_changes, cx)?,
    };
    Ok(signal.breakpoints(ends))
}

/// A number in an order: smaller first. 0 and -0 are the same.
#[derive(Debug, Clone, Copy)]
struct Ordered(f64);

impl Ordered {
    fn new(value: f64) -> Self {
        Self(value + 0.0)
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ordered {}

#[cfg(test)]
mod tests;
