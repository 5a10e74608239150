//! The main job, the same for window and command line: source → table → run → alerts → store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Source;
use super::overview::Overview;
use crate::cx::Cx;
use crate::data::Table;
use crate::data::load::LoadError;
use crate::engine::{
    Engine, ExplainError, Explainer, Given, GlobalExplanation, JobError, RunError, Snapshot, StageTiming,
};
use crate::recipe::edit::{self, EditError};
use crate::recipe::{
    CheckedRecipe, ColumnChoice, ComputeDevice, DataConfig, DetectorKind, ExplainabilityMethod, Preset, Problems,
    Recipe, RuleConfig, reference,
};
use crate::triage::{AlertExplanation, NewAlert, RunOutcome, RunRecord, Store, StoreError, alerts_of, explain_alerts};

/// Why the main job ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum MainJobError {
    /// The data could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The recipe has problems.
    #[error(transparent)]
    Recipe(#[from] Problems),
    /// The run failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The alerts could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MainJobError {
    /// Whether the user stopped it.
    pub fn is_cancel(&self) -> bool {
        matches!(self, Self::Load(LoadError::Cancelled(_)) | Self::Run(RunError::Cancelled))
    }
}

impl From<MainJobError> for JobError {
    fn from(error: MainJobError) -> Self {
        if error.is_cancel() { Self::Cancelled } else { Self::Failed(error.to_string()) }
    }
}

/// A result and the alerts found in it.
#[derive(Debug, Clone)]
pub struct Findings {
    /// The result of the run.
    pub snapshot: Arc<Snapshot>,
    /// Its alerts, worst first.
    pub alerts: Arc<Vec<NewAlert>>,
    /// Where its anomalies are.
    pub overview: Arc<Overview>,
}

impl Findings {
    /// Groups the anomalies of a result into alerts.
    pub fn of(snapshot: Snapshot) -> Self {
        let alerts = alerts_of(&snapshot);
        let overview = Overview::of(&snapshot, &alerts);
        Self { snapshot: Arc::new(snapshot), alerts: Arc::new(alerts), overview: Arc::new(overview) }
    }

    /// Writes the alerts to the store: new ones appear, known ones are brought up to date, no one's work is lost.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing is written in part.
    pub fn record(&self, store: &mut Store) -> Result<RunOutcome, StoreError> {
        let snapshot = &self.snapshot;
        let metrics = serde_json::json!({ "combined": snapshot.metrics.as_ref().map(|m| m.combined) });
        let seconds: f64 = snapshot.stages.iter().map(|stage| stage.seconds).sum();
        let run = RunRecord {
            source_id: snapshot.table.source_id.clone(),
            source_name: snapshot.table.name.clone(),
            recipe: reference::commented(&snapshot.recipe),
            n_rows: snapshot.table.n_rows() as u64,
            n_features: u32::try_from(snapshot.prepared.matrix.n_features()).unwrap_or(u32::MAX),
            started_at: snapshot.started_at_micros,
            duration: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
            seed: snapshot.recipe.compute.seed,
            metrics: metrics.to_string(),
        };
        store.record_run(&run, &self.alerts)
    }
}

/// A result with its alerts explained.
#[derive(Debug)]
pub struct ExplainedFindings {
    /// The result; alerts that were not explained are as they were.
    pub findings: Findings,
    /// What matters over the whole run, where it was asked for and the recipe allows it.
    pub overview: Option<GlobalExplanation>,
    /// How long it took.
    pub timing: StageTiming,
}

/// Explains the alerts of a result, where its recipe says so, and with `with_overview` what matters over the whole run.
/// What cannot be explained is among the warnings of `cx`. `known` is used where it is of the same result; what `engine` has
/// kept is not found again.
///
/// # Errors
/// Only when cancelled: alerts without an explanation are better than none.
pub fn explained(
    engine: &Engine,
    findings: Findings,
    known: Option<Arc<Explainer>>,
    with_overview: bool,
    cx: &Cx,
) -> Result<ExplainedFindings, RunError> {
    let started = Instant::now();
    let snapshot = &findings.snapshot;
    let config = &snapshot.recipe.explanation;
    let (mut alerts, mut overview) = (findings.alerts.to_vec(), None);
    let is_wanted = config.enable_explainability && config.enable_automated_explanations;
    let is_kept = is_wanted && take_kept(engine, snapshot, &mut alerts);
    if config.enable_explainability && (is_wanted && !is_kept || with_overview) {
        let explainer = match known.filter(|known| known.is_of(snapshot)) {
            Some(known) => Ok(known),
            None => Explainer::new(snapshot, 0, cx).map(Arc::new),
        };
        let found = explainer.and_then(|explainer| {
            if is_wanted && !is_kept {
                let explained = explain_alerts(&explainer, snapshot, &findings.alerts, cx, &mut |_| {})?;
                keep(engine, snapshot, &explained, cx);
                alerts.iter_mut().zip(explained).for_each(|(alert, explained)| *alert = explained);
            }
            let is_allowed = config.explainability_methods.contains(&ExplainabilityMethod::FeatureImportance);
            if with_overview && is_allowed {
                overview =
                    Some(explainer.explain_globally(snapshot, &rows_of_interest(snapshot, &findings.alerts), cx)?);
            }
            Ok(())
        });
        match found {
            Ok(()) => {}
            Err(ExplainError::Cancelled) => return Err(RunError::Cancelled),
            Err(error) => cx.warn(format!("not everything could be explained: {error}")),
        }
    }
    let timing = StageTiming::new("explain", started.elapsed().as_secs_f64());
    Ok(ExplainedFindings { findings: Findings { alerts: Arc::new(alerts), ..findings }, overview, timing })
}

/// The peaks of the alerts that are explained without being asked.
fn peaks(snapshot: &Snapshot, alerts: &[NewAlert]) -> Vec<u32> {
    let most = snapshot.recipe.explanation.max_alerts as usize;
    alerts.iter().take(most).map(|alert| alert.episode.peak_row).collect()
}

/// Gives the alerts of a result the explanations that were kept of them; false where none were.
pub fn take_kept(engine: &Engine, snapshot: &Snapshot, alerts: &mut [NewAlert]) -> bool {
    let peaks = peaks(snapshot, alerts);
    let kept = engine.kept_explanations(snapshot, &peaks).and_then(|text| serde_json::from_str(&text).ok());
    let Some(kept) = kept.filter(|kept: &Vec<AlertExplanation>| kept.len() == peaks.len()) else { return false };
    alerts.iter_mut().zip(kept).for_each(|(alert, explanation)| alert.explanation = Some(explanation));
    true
}

/// Keeps the explanations of the first alerts of a result.
pub fn keep(engine: &Engine, snapshot: &Snapshot, explained: &[NewAlert], cx: &Cx) {
    let explanations: Vec<&AlertExplanation> =
        explained.iter().filter_map(|alert| alert.explanation.as_ref()).collect();
    if let Ok(text) = serde_json::to_string(&explanations) {
        engine.keep_explanations(snapshot, &peaks(snapshot, explained), &text, cx);
    }
}

/// The rows that an overview of a run is made from: the peaks of its alerts, without any, rows at even steps; at most 1000.
pub fn rows_of_interest(snapshot: &Snapshot, alerts: &[NewAlert]) -> Vec<u32> {
    const MOST: u32 = 1000;
    let peaks: Vec<u32> = alerts.iter().map(|alert| alert.episode.peak_row).take(MOST as usize).collect();
    if !peaks.is_empty() {
        return peaks;
    }
    let n_rows = u32::try_from(snapshot.table.n_rows()).unwrap_or(u32::MAX);
    (0..n_rows).step_by(n_rows.div_ceil(MOST).max(1) as usize).collect()
}

/// Which recipe to run: one given, or a preset chosen by the data, with changes on top.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecipeChoice {
    /// The recipe to start from; the preset that fits the data where `None`.
    pub base: Option<Recipe>,
    /// What is known about the columns already, from flags or the import preview.
    pub changes: Vec<RecipeChange>,
}

/// A change to a recipe, made before the data is read and again after a preset was chosen.
#[derive(Debug, Clone, PartialEq)]
pub enum RecipeChange {
    /// `path=value`, as of `--set`.
    Set(String),
    /// Reading of the data.
    Data(Box<DataConfig>),
    /// The time column.
    Time(ColumnChoice),
    /// The entity column.
    Entity(ColumnChoice),
    /// The label column.
    Label(ColumnChoice),
    /// One more column to leave out.
    Ignore(String),
    /// Where to compute.
    Device(ComputeDevice),
    /// Only these detectors.
    OnlyDetectors(Vec<DetectorKind>),
    /// One more rule, of high severity, called as its expression.
    Rule(String),
}

impl RecipeChoice {
    /// The recipe for data with or without a time column.
    ///
    /// # Errors
    /// When a change names a setting that does not exist or a value that does not fit.
    pub fn recipe(&self, has_time: bool) -> Result<Recipe, EditError> {
        let mut recipe = self.base.clone().unwrap_or_else(|| Preset::for_data(has_time).recipe());
        for change in &self.changes {
            match change {
                RecipeChange::Set(assignment) => edit::set(&mut recipe, assignment)?,
                RecipeChange::Data(data) => recipe.data = (**data).clone(),
                RecipeChange::Time(choice) => recipe.data.time = choice.clone(),
                RecipeChange::Entity(choice) => recipe.data.entity = choice.clone(),
                RecipeChange::Label(choice) => recipe.data.label = choice.clone(),
                RecipeChange::Ignore(column) => recipe.data.ignore.push(column.clone()),
                RecipeChange::Device(device) => recipe.compute.device = *device,
                RecipeChange::OnlyDetectors(kinds) => recipe.detectors.enable_only(kinds),
                RecipeChange::Rule(expression) => recipe.rules.push(RuleConfig {
                    name: expression.clone(),
                    expression: expression.clone(),
                    ..RuleConfig::default()
                }),
            }
        }
        Ok(recipe)
    }
}

/// Reads a source, and says how long it took.
///
/// # Errors
/// See [`LoadError`].
pub fn load(source: &Source, recipe: &Recipe, cx: &Cx) -> Result<(Arc<Table>, StageTiming), LoadError> {
    let started = Instant::now();
    let table = source.open(&recipe.data, &cx.with_limits(&recipe.compute))?;
    Ok((Arc::new(table), StageTiming::new("load", started.elapsed().as_secs_f64())))
}

/// Runs a recipe over a table and groups what it finds. `on_partial` receives the findings so far.
///
/// # Errors
/// See [`RunError`].
pub fn run(
    engine: &Engine,
    table: &Arc<Table>,
    recipe: &CheckedRecipe,
    given: &Given,
    cx: &Cx,
    on_partial: &(dyn Fn(Findings) + Sync),
) -> Result<Findings, RunError> {
    engine.run(table, recipe, given, cx, &|partial| on_partial(Findings::of(partial))).map(Findings::of)
}
