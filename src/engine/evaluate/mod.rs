//! How good a recipe is on a table: against the labels, on rows it has not learned from, and without labels.

mod cross_validation;
mod labelled;
mod split;
mod unlabelled;

use std::sync::Arc;

use serde::Serialize;

pub use self::cross_validation::{CrossValidation, FoldReport, MeanAndStd};
pub use self::labelled::{ColumnReport, Labelled, NamedInterval};
pub use self::split::SplitError;
pub(super) use self::split::of_table as folds_of;
pub use self::unlabelled::{MassReport, Unlabelled};
pub(super) use self::unlabelled::{excess_mass, stability};
use super::run::{Engine, Given, RunError};
use super::snapshot::Snapshot;
use crate::analysis::evaluate::EvaluateError;
use crate::analysis::evaluate::series::SeriesMetricsError;
use crate::cx::Cx;
use crate::data::Table;
use crate::recipe::CheckedRecipe;

/// How good a recipe is on a table.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    /// Name of the table.
    pub source: String,
    /// Its rows.
    pub rows: usize,
    /// Against the labels, on the rows that were learned from; `None` without labels of both kinds.
    pub labelled: Option<Labelled>,
    /// Against the labels, on rows that nothing was learned from; `None` where switched off or without labels.
    pub cross_validation: Option<CrossValidation>,
    /// Without labels.
    pub unlabelled: Unlabelled,
    /// What should be known about these numbers.
    pub warnings: Vec<String>,
}

/// Why there is no evaluation.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// A run failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The rows cannot be split as asked.
    #[error("evaluation.split: {0}")]
    Split(#[from] SplitError),
    /// A metric cannot be computed.
    #[error("evaluation: {0}")]
    Metric(#[from] EvaluateError),
    /// A metric of series cannot be computed.
    #[error("evaluation: {0}")]
    Series(#[from] SeriesMetricsError),
}

impl EvaluationError {
    /// Whether the user stopped it.
    pub fn is_cancel(&self) -> bool {
        match self {
            Self::Run(error) => matches!(error, RunError::Cancelled),
            Self::Metric(error) => *error == EvaluateError::Cancelled,
            Self::Series(error) => *error == SeriesMetricsError::Cancelled,
            Self::Split(_) => false,
        }
    }
}

impl Engine {
    /// Evaluates a recipe on a table: one run over all rows, one for each fold of the cross-validation, and some for the
    /// stability. Also hands over the run over all rows.
    ///
    /// # Errors
    /// See [`EvaluationError`].
    pub fn evaluate(
        &self,
        table: &Arc<Table>,
        recipe: &CheckedRecipe,
        given: &Given,
        cx: &Cx,
    ) -> Result<(Evaluation, Snapshot), EvaluationError> {
        let snapshot = self.run(table, recipe, given, cx, &|_| {})?;
        let mut warnings = snapshot.warnings.clone();
        let labelled = labelled::labelled(&snapshot, cx)?;
        if labelled.is_none() {
            warnings.push("no labels of both kinds: nothing can be said about how many alarms are right".to_owned());
        } else if recipe.prepare.feature_selection.uses_labels() {
            warnings.push("metrics on all rows are too good: the labels of these rows chose the features".to_owned());
        }
        let config = &recipe.evaluation;
        let cross_validation = match &labelled {
            Some(_) if config.enable_cross_validation => {
                let folds =
                    folds_of(table, config.split, config.cv_folds as usize, config.gap_rows, recipe.compute.seed)?;
                Some(self.cross_validate(table, recipe, &folds, cx)?)
            }
            _ => None,
        };
        let unlabelled = self.unlabelled(&snapshot, cx)?;
        let (source, rows) = (table.name.clone(), table.n_rows());
        Ok((Evaluation { source, rows, labelled, cross_validation, unlabelled, warnings }, snapshot))
    }
}
