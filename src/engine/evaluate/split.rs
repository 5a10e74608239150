//! How the rows of a table are split for a cross-validation.

use crate::analysis::evaluate::folds::{self, Fold, FoldError, Gap};
use crate::data::Table;
use crate::recipe::Split;

/// Why the rows of a table cannot be split as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// The rows do not allow it.
    #[error(transparent)]
    Folds(#[from] FoldError),
    /// There are no entities.
    #[error("evaluation.split = entity needs an entity column; name one, or split by time")]
    NoEntities,
    /// There is no time.
    #[error("evaluation.split = time or blocked needs a time column; name one, or use stratified")]
    NoTime,
}

/// The folds of a table. Without labels `stratified` deals all rows out alike.
pub(in crate::engine) fn of_table(
    table: &Table,
    split: Split,
    k: usize,
    gap_rows: u32,
    seed: u64,
) -> Result<Vec<Fold>, SplitError> {
    let gap = Gap::Rows(gap_rows as usize);
    let time = || table.time().ok_or(SplitError::NoTime);
    let stratified = || {
        let none = vec![false; table.n_rows()];
        let labels = table.label().unwrap_or(&none);
        match folds::stratified(labels, k, seed) {
            // Too few anomalies for every fold to have one: then as if there were none.
            Err(FoldError::TooFewOfKind { .. }) => folds::stratified(&none, k, seed),
            folds => folds,
        }
    };
    Ok(match split {
        Split::Auto => match table.time() {
            Some(times) => folds::forward_chaining(times, k, gap)?,
            None => stratified()?,
        },
        Split::Time => folds::forward_chaining(time()?, k, gap)?,
        Split::Blocked => folds::blocked(time()?, k, gap)?,
        Split::Entity => folds::by_entity(&table.entities().ok_or(SplitError::NoEntities)?.codes, k)?,
        Split::Stratified => stratified()?,
    })
}
