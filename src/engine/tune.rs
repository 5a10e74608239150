//! Tuning: runs a recipe with other settings, again and again, and keeps what came of each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::clock::now_micros;
use super::evaluate::{EvaluationError, excess_mass, folds_of, stability};
use super::run::{Engine, Given, RunError};
use super::snapshot::Snapshot;
use crate::analysis::evaluate::Ranked;
use crate::analysis::evaluate::folds::Fold;
use crate::analysis::evaluate::series::vus;
use crate::analysis::search::{
    Problems as SearchProblems, Proposal, Space, Status, StopReason, Study, TextError, Trial,
};
use crate::cx::Cx;
use crate::data::{SeriesOrder, Table};
use crate::recipe::edit::{self, EditError};
use crate::recipe::{CheckedRecipe, Recipe, TuningMetric};

/// Why a search cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    /// A line of the space cannot be read.
    #[error("tuning.space: {0}")]
    Text(#[from] TextError),
    /// The space or the settings of the search are wrong.
    #[error("tuning: {0}")]
    Search(#[from] SearchProblems),
    /// A path or a value of the space fits no setting of the recipe.
    #[error("tuning.space: {0}")]
    Setting(#[from] EditError),
    /// The metric needs labels, and there are none of both kinds.
    #[error(
        "tuning.scoring_metric = {metric} needs labels of both kinds; give a column the role label, or choose \
         excess_mass or stability"
    )]
    NoLabels {
        /// Name of the metric.
        metric: &'static str,
    },
    /// A finished trial could not be kept.
    #[error("the trial cannot be kept: {0}")]
    Keep(std::io::Error),
    /// A run or an evaluation failed in a way that all trials would.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
}

/// The space that a recipe's tuning section describes, each path and one of its values checked against the recipe.
///
/// # Errors
/// See [`TuneError`].
pub fn space_of(recipe: &Recipe) -> Result<Space, TuneError> {
    let parameters = recipe.tuning.space.iter().map(|text| text.parse()).collect::<Result<Vec<_>, _>>()?;
    let space = Space::new(parameters)?;
    if let Some(first) = space.grid(recipe.tuning.grid_steps.max(1)).point_at(0) {
        with_values(recipe, &first)?;
    }
    Ok(space)
}

/// A recipe with the values of a trial.
///
/// # Errors
/// Where a path or value fits no setting.
pub fn with_values(recipe: &Recipe, values: &serde_json::Map<String, Value>) -> Result<Recipe, EditError> {
    let mut changed = recipe.clone();
    for (path, value) in values {
        edit::set(&mut changed, &format!("{path}={}", text_of(value)))?;
    }
    Ok(changed)
}

/// A value as recipe files write it.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(text_of).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{name}({})", text_of(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

impl Engine {
    /// Goes on with a search until it ends or is cancelled. `keep` receives every trial that has ended, before the next
    /// begins; a search taken up again with these trials continues as if it had not been interrupted.
    ///
    /// # Errors
    /// See [`TuneError`]. A trial that fails by itself (such as a recipe with problems) is kept as failed.
    pub fn tune(
        &self,
        table: &Arc<Table>,
        recipe: &CheckedRecipe,
        study: &mut Study,
        keep: &mut dyn FnMut(&Study, &Trial) -> std::io::Result<()>,
        cx: &Cx,
    ) -> Result<Option<StopReason>, TuneError> {
        let metric = recipe.tuning.scoring_metric;
        let labels = table.label().unwrap_or_default();
        if metric.needs_labels() && (!labels.contains(&true) || !labels.contains(&false)) {
            return Err(TuneError::NoLabels { metric: metric.name() });
        }
        let folds = self.tuning_folds(table, recipe)?;
        let before: f64 = study.trials().iter().map(|trial| trial.seconds).sum();
        let before = Duration::try_from_secs_f64(before).unwrap_or_default();
        let started = Instant::now();
        loop {
            let proposal = match study.propose(before + started.elapsed()) {
                Ok(proposal) => proposal,
                Err(reason) => return Ok(Some(reason)),
            };
            let trial = self.trial(table, recipe, study, proposal, &folds, cx);
            let is_cancelled = trial.status == Status::Cancelled;
            keep(study, &trial).map_err(TuneError::Keep)?;
            // A trial of a number and space that the study itself has proposed fits.
            let _ = study.tell(trial);
            if is_cancelled {
                return Ok(None);
            }
        }
    }

    /// The folds of every trial; one that tests all rows it has learned from, for a single fold or a metric of its own runs.
    fn tuning_folds(&self, table: &Table, recipe: &CheckedRecipe) -> Result<Vec<Option<Fold>>, TuneError> {
        let (tuning, evaluation) = (&recipe.tuning, &recipe.evaluation);
        if tuning.cv_folds < 2 || !tuning.scoring_metric.needs_labels() {
            return Ok(vec![None]);
        }
        let k = tuning.cv_folds as usize;
        let folds = folds_of(table, evaluation.split, k, evaluation.gap_rows, recipe.compute.seed);
        Ok(folds.map_err(EvaluationError::from)?.into_iter().map(Some).collect())
    }

    fn trial(
        &self,
        table: &Arc<Table>,
        recipe: &CheckedRecipe,
        study: &Study,
        proposal: Proposal,
        folds: &[Option<Fold>],
        cx: &Cx,
    ) -> Trial {
        let (started_at, started) = (now_micros(), Instant::now());
        let mut values = Vec::new();
        let mut status = Status::Finished;
        let checked = with_values(recipe, &proposal.values).map_err(|error| error.to_string());
        match checked.and_then(|recipe| recipe.checked().map_err(|problems| problems.to_string())) {
            Err(problems) => status = Status::Failed(problems),
            Ok(recipe) => {
                for fold in folds {
                    match self.objective(table, &recipe, fold.as_ref(), cx) {
                        // A fold whose test rows are all of one kind says nothing.
                        Ok(None) => {}
                        Ok(Some(value)) => values.push(value),
                        Err(error) if error.is_cancel() => {
                            status = Status::Cancelled;
                            break;
                        }
                        Err(error) => {
                            status = Status::Failed(error.to_string());
                            break;
                        }
                    }
                    if study.should_prune(&values) {
                        status = Status::Pruned;
                        break;
                    }
                }
            }
        }
        Trial::new(proposal, status, values, started_at, started.elapsed())
    }

    /// What a search maximises, on the test rows of a fold.
    fn objective(
        &self,
        table: &Arc<Table>,
        recipe: &CheckedRecipe,
        fold: Option<&Fold>,
        cx: &Cx,
    ) -> Result<Option<f64>, EvaluationError> {
        let snapshot = match fold {
            Some(fold) => self.fold_run(table, recipe, fold, cx)?,
            None => self.run(table, recipe, &Given::default(), cx, &|_| {})?,
        };
        let metric = recipe.tuning.scoring_metric;
        match metric {
            TuningMetric::ExcessMass => return excess_mass(&snapshot, cx),
            TuningMetric::Stability => {
                return Ok(stability(self, &snapshot, cx)?.and_then(|stability| stability.mean_correlation));
            }
            _ => {}
        }
        let all: Vec<u32> = (0..u32::try_from(table.n_rows()).unwrap_or(u32::MAX)).collect();
        let rows = fold.map_or(&all, |fold| &fold.test);
        on_rows(&snapshot, metric, rows, cx)
    }
}

/// A metric with labels on some rows, ascending; `None` where these are all of one kind.
fn on_rows(snapshot: &Snapshot, metric: TuningMetric, rows: &[u32], cx: &Cx) -> Result<Option<f64>, EvaluationError> {
    let labels = snapshot.table.label().unwrap_or_default();
    let score = &snapshot.combined.score;
    if matches!(metric, TuningMetric::VusPr | TuningMetric::VusRoc) {
        let order = snapshot.surroundings.order.select(rows);
        return volume(snapshot, metric, &order, rows, cx);
    }
    let chosen_labels: Vec<bool> = rows.iter().filter_map(|&row| labels.get(row as usize).copied()).collect();
    let scores: Vec<f64> = rows.iter().filter_map(|&row| score.get(row as usize).copied()).collect();
    if !chosen_labels.contains(&true) || !chosen_labels.contains(&false) {
        return Ok(None);
    }
    let ranked = Ranked::new(&chosen_labels, &scores, cx)?;
    Ok(Some(match metric {
        TuningMetric::AveragePrecision => ranked.average_precision(),
        TuningMetric::PrecisionAtN => ranked.precision_at_n(),
        TuningMetric::F1Score => ranked.at(crate::analysis::ensemble::THRESHOLD_SCORE.next_up()).f1(),
        _ => ranked.roc_auc(),
    }))
}

/// The mean volume under the surface over the entities that have both kinds of rows.
fn volume(
    snapshot: &Snapshot,
    metric: TuningMetric,
    order: &SeriesOrder,
    rows: &[u32],
    cx: &Cx,
) -> Result<Option<f64>, EvaluationError> {
    let labels = snapshot.table.label().unwrap_or_default();
    let at = |place: &u32| rows.get(*place as usize).map(|&row| row as usize);
    let mut volumes = Vec::new();
    for series in order.groups() {
        let own = |place: &u32| at(place).and_then(|row| labels.get(row).copied());
        let series_labels: Vec<bool> = series.iter().filter_map(own).collect();
        let own = |place: &u32| at(place).and_then(|row| snapshot.combined.score.get(row).copied());
        let scores: Vec<f64> = series.iter().filter_map(own).collect();
        let found = vus(&series_labels, &scores, snapshot.recipe.evaluation.vus_window as usize, cx)?;
        volumes.extend(found.map(|vus| if metric == TuningMetric::VusPr { vus.vus_pr } else { vus.vus_roc }));
    }
    Ok((!volumes.is_empty()).then(|| volumes.iter().sum::<f64>() / volumes.len() as f64))
}

impl TuneError {
    /// Whether the user stopped it.
    pub fn is_cancel(&self) -> bool {
        matches!(self, Self::Evaluation(error) if error.is_cancel())
    }
}

impl From<RunError> for TuneError {
    fn from(error: RunError) -> Self {
        Self::Evaluation(error.into())
    }
}
