//! Every score column on rows that nothing was learned from, fold by fold.

use std::sync::Arc;

use serde::Serialize;

use super::EvaluationError;
use crate::analysis::ensemble::THRESHOLD_SCORE;
use crate::analysis::evaluate::Ranked;
use crate::analysis::evaluate::folds::Fold;
use crate::cx::Cx;
use crate::data::Table;
use crate::engine::run::{Engine, Given};
use crate::engine::snapshot::Snapshot;
use crate::recipe::CheckedRecipe;

/// Metrics over the folds of a cross-validation.
#[derive(Debug, Clone, Serialize)]
pub struct CrossValidation {
    /// One report per fold.
    pub folds: Vec<FoldReport>,
    /// Every score column: its metrics over the folds that have both kinds of rows.
    pub columns: Vec<ColumnFolds>,
}

/// One fold.
#[derive(Debug, Clone, Serialize)]
pub struct FoldReport {
    /// Rows learned from.
    pub train: usize,
    /// Rows judged.
    pub test: usize,
    /// Anomalies among them.
    pub anomalies: usize,
}

/// One score column over the folds.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnFolds {
    /// Name of the detector, or `combined`.
    pub name: String,
    /// Area under the ROC curve.
    pub roc_auc: MeanAndStd,
    /// Average precision.
    pub average_precision: MeanAndStd,
    /// F1 at the threshold.
    pub f1_score: MeanAndStd,
}

/// Values of the folds, with mean and standard deviation (n - 1).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeanAndStd {
    /// Mean; `None` where no fold has a value.
    pub mean: Option<f64>,
    /// Standard deviation; 0 for a single fold.
    pub std: f64,
    /// The value of each fold; `None` where its test rows are all of one kind.
    pub folds: Vec<Option<f64>>,
}

impl MeanAndStd {
    fn of(folds: Vec<Option<f64>>) -> Self {
        let known: Vec<f64> = folds.iter().flatten().copied().collect();
        let n = known.len() as f64;
        let mean = (!known.is_empty()).then(|| known.iter().sum::<f64>() / n);
        let squares: f64 = known.iter().map(|value| (value - mean.unwrap_or(0.0)).powi(2)).sum();
        Self { mean, std: (squares / (n - 1.0).max(1.0)).sqrt(), folds }
    }
}

impl Engine {
    /// Runs the recipe once for each fold, learning from its training rows, and judges its test rows.
    pub(super) fn cross_validate(
        &self,
        table: &Arc<Table>,
        recipe: &CheckedRecipe,
        folds: &[Fold],
        cx: &Cx,
    ) -> Result<CrossValidation, EvaluationError> {
        let labels = table.label().unwrap_or_default();
        let mut reports = Vec::new();
        let mut columns: Vec<(String, [Vec<Option<f64>>; 3])> = Vec::new();
        for fold in folds {
            let snapshot = self.fold_run(table, recipe, fold, cx)?;
            let is_anomaly = |row: &&u32| labels.get(**row as usize).copied().unwrap_or(false);
            let anomalies = fold.test.iter().filter(is_anomaly).count();
            reports.push(FoldReport { train: fold.train.len(), test: fold.test.len(), anomalies });
            for (at, (name, scores, threshold)) in score_columns(&snapshot).enumerate() {
                let values = test_metrics(labels, scores, threshold, &fold.test, cx)?;
                if columns.len() <= at {
                    columns.push((name.to_owned(), Default::default()));
                }
                if let Some((_, metrics)) = columns.get_mut(at) {
                    metrics.iter_mut().zip(values).for_each(|(metric, value)| metric.push(value));
                }
            }
        }
        let of_column = |(name, [roc_auc, average_precision, f1_score]): (String, [Vec<Option<f64>>; 3])| ColumnFolds {
            name,
            roc_auc: MeanAndStd::of(roc_auc),
            average_precision: MeanAndStd::of(average_precision),
            f1_score: MeanAndStd::of(f1_score),
        };
        Ok(CrossValidation { folds: reports, columns: columns.into_iter().map(of_column).collect() })
    }

    /// A run that learns from the training rows of a fold.
    pub(in crate::engine) fn fold_run(
        &self,
        table: &Arc<Table>,
        recipe: &CheckedRecipe,
        fold: &Fold,
        cx: &Cx,
    ) -> Result<Snapshot, EvaluationError> {
        let mut training = vec![false; table.n_rows()];
        for &row in &fold.train {
            if let Some(learned) = training.get_mut(row as usize) {
                *learned = true;
            }
        }
        let given = Given { training: Some(training), ..Given::default() };
        Ok(self.run(table, recipe, &given, cx, &|_| {})?)
    }
}

/// Every score column of a result with the score above which it calls a row abnormal, the combined one last.
fn score_columns(snapshot: &Snapshot) -> impl Iterator<Item = (&str, &[f64], f64)> {
    let members = snapshot.scores.iter().zip(&snapshot.combined.members);
    let detectors = members.map(|(scores, member)| (member.kind.name(), &scores.raw[..], member.vote_threshold));
    detectors.chain([("combined", &snapshot.combined.score[..], THRESHOLD_SCORE)])
}

/// ROC-AUC, average precision and F1 on some rows; `None` where these are all of one kind.
fn test_metrics(
    labels: &[bool],
    scores: &[f64],
    threshold: f64,
    rows: &[u32],
    cx: &Cx,
) -> Result<[Option<f64>; 3], EvaluationError> {
    let labels: Vec<bool> = rows.iter().filter_map(|&row| labels.get(row as usize).copied()).collect();
    let scores: Vec<f64> = rows.iter().filter_map(|&row| scores.get(row as usize).copied()).collect();
    if labels.iter().all(|label| *label) || !labels.contains(&true) {
        return Ok([None; 3]);
    }
    let ranked = Ranked::new(&labels, &scores, cx)?;
    let f1 = ranked.at(threshold.next_up()).f1();
    Ok([ranked.roc_auc(), ranked.average_precision(), f1].map(Some))
}
