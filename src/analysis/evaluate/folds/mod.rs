//! Folds for cross-validation: a detector is fitted on the training rows of each and judged on its test rows.
//!
//! Which kind depends on what the detector will meet: [`stratified`] for rows that do not depend on each other,
//! [`by_entity`] for entities it has never seen, [`forward_chaining`] for the future, which is what alarms on a stream
//! are about. [`blocked`] uses all of a short history, at the price of training on what comes after the test rows too.
//! Rows of a series that are dealt out at random are neighbours of training rows, and the result is too good.

mod entities;
mod stratified;
mod time;

pub use self::entities::by_entity;
pub use self::stratified::stratified;
pub use self::time::{Gap, blocked, forward_chaining};

#[cfg(test)]
mod tests;

/// Rows to fit on and rows to judge on, both ascending. No row is in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Rows to fit on.
    pub train: Vec<u32>,
    /// Rows to judge on.
    pub test: Vec<u32>,
}

/// Why the rows cannot be split that way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// One fold has nothing to train on.
    #[error("{k} folds; cross-validation needs at least 2")]
    TooFewFolds {
        /// Folds asked for.
        k: usize,
    },
    /// There are more folds than rows.
    #[error("{n_rows} rows are too few for {k} folds; use fewer folds or more rows")]
    TooFewRows {
        /// Number of rows.
        n_rows: usize,
        /// Folds asked for.
        k: usize,
    },
    /// Row numbers are 32 bits wide.
    #[error("{n_rows} rows are more than can be split; take a sample of fewer than 4 billion")]
    TooManyRows {
        /// Number of rows.
        n_rows: usize,
    },
    /// Some fold would have none of the anomalies, or of the normal rows.
    #[error("{n_rows} {kind} are too few for {k} folds; use at most {n_rows} folds or label more of them")]
    TooFewOfKind {
        /// Which rows.
        kind: &'static str,
        /// How many there are.
        n_rows: usize,
        /// Folds asked for.
        k: usize,
    },
    /// Some fold would have no entity.
    #[error("{n_entities} entities are too few for {k} folds; use at most {n_entities} folds or split by time")]
    TooFewEntities {
        /// Number of entities.
        n_entities: usize,
        /// Folds asked for.
        k: usize,
    },
    /// Some part would be empty, as rows of the same time stay together.
    #[error("part {part} of {n_parts} has no time of its own; use fewer folds, or times with more digits")]
    TooFewTimes {
        /// The part, from 1.
        part: usize,
        /// Parts the rows are cut into.
        n_parts: usize,
    },
    /// The gap leaves nothing to train on.
    #[error("fold {fold} has no training rows outside the gap; use a smaller gap or fewer folds")]
    GapTooLarge {
        /// The fold, from 1.
        fold: usize,
    },
}

/// The number of rows as a row number, if `k` folds of it may exist.
fn checked(n_rows: usize, k: usize) -> Result<u32, FoldError> {
    if k < 2 {
        return Err(FoldError::TooFewFolds { k });
    }
    if k > n_rows {
        return Err(FoldError::TooFewRows { n_rows, k });
    }
    u32::try_from(n_rows).map_err(|_| FoldError::TooManyRows { n_rows })
}

/// One fold for each part: its rows are tested, all others train. `part_of` has the part (below `k`) of each row.
fn each_part_once(part_of: &[u32], k: usize) -> Vec<Fold> {
    let rows = |is_taken: &dyn Fn(u32) -> bool| {
        (0..).zip(part_of).filter(|(_, part)| is_taken(**part)).map(|(row, _)| row).collect::<Vec<u32>>()
    };
    (0..k as u32)
        .map(|part| Fold { train: rows(&|of_row| of_row != part), test: rows(&|of_row| of_row == part) })
        .collect()
}
