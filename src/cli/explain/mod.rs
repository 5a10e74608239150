//! `tarsier explain`: why a row has its score, and what would change it.

mod print;

use std::io::Write;
use std::sync::Arc;

use anyhow::anyhow;

use super::Failure;
use super::args::{ExplainArgs, InputArgs};
use super::run::{in_background, opened, recipe_choice, source_of};
use crate::app::main_job::{self, MainJobError, RecipeChoice};
use crate::app::settings;
use crate::cx::Cx;
use crate::data::Table;
use crate::engine::{
    ColumnShare, Counterfactual, Engine, ExplainError, Explainer, Explanation, Given, GlobalExplanation, Method,
    NearestNormal, Snapshot, Target, WhatIf, WhatIfResult, set_library_threads,
};
use crate::recipe::{CheckedRecipe, DetectorKind, Recipe};
use crate::triage::{Alert, AlertExplanation, Store, alerts_of, describe_row, feedback};

/// Everything there is to say of one row.
struct Explained {
    snapshot: Arc<Snapshot>,
    alert: Option<i64>,
    explanation: Arc<Explanation>,
    columns: Vec<ColumnShare>,
    sentence: String,
    nearest: Option<NearestNormal>,
    counterfactual: Option<Counterfactual>,
    what_if: Option<Changed>,
}

/// What other values would give.
struct Changed {
    changes: Vec<(String, f64)>,
    result: WhatIfResult,
    held: Vec<String>,
}

pub(super) fn run(args: &ExplainArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let source = source_of(&args.input.data).map_err(Failure::Usage)?;
    let database = args.db.clone().unwrap_or_else(settings::default_database);
    let alert = args.alert.map(|id| alert_of(id, &database)).transpose()?;
    let choice = match &alert {
        Some((_, recipe)) => as_found(args, recipe.clone())?,
        None => recipe_choice(&args.input, &[], &[])?,
    };
    let changes = args.what_if.iter().map(|change| change_of(change)).collect::<Result<Vec<_>, _>>()?;
    set_library_threads(choice.recipe(true).map_err(Failure::usage)?.compute.threads);
    let (table, recipe, _, cx) = opened(&source, choice, !args.json)?;
    let row = match (&alert, args.row) {
        (Some((alert, _)), _) => {
            check_source(alert, &table)?;
            Some(alert.summary.peak_row)
        }
        (None, row) => row,
    };
    let store = if database.exists() { Some(Store::open(&database).map_err(Failure::work)?) } else { None };
    let feedback = store.map(|store| feedback(&store, &table)).transpose().map_err(Failure::work)?.unwrap_or_default();
    let given = Given { feedback, ..Given::default() };
    let asked = Asked {
        row,
        target: target_of(args.detector.as_deref()),
        method: args.method.as_deref().and_then(Method::from_name),
        changes,
        alert: args.alert,
    };
    let answer = in_background(cx, !args.json, move |cx| asked.answer(&table, &recipe, &given, cx))??;
    match (answer, args.json) {
        (Answer::Row(row), true) => writeln!(out, "{:#}", print::json(&row))?,
        (Answer::Row(row), false) => print::text(&row, args.top, out)?,
        (Answer::Run(overview), true) => writeln!(out, "{:#}", print::overview_json(&overview))?,
        (Answer::Run(overview), false) => print::overview_text(&overview, args.top, out)?,
    }
    Ok(())
}

/// What was asked for.
struct Asked {
    row: Option<u32>,
    target: Target,
    method: Option<Method>,
    changes: Vec<(String, f64)>,
    alert: Option<i64>,
}

enum Answer {
    Row(Box<Explained>),
    Run(Box<GlobalExplanation>),
}

impl Asked {
    fn answer(&self, table: &Arc<Table>, recipe: &CheckedRecipe, given: &Given, cx: &Cx) -> Result<Answer, Failure> {
        let engine = Engine::with_disk_cache(settings::default_cache_folder());
        let findings = main_job::run(&engine, table, recipe, given, cx, &|_| {}).map_err(MainJobError::from);
        let snapshot = findings.map_err(Failure::work)?.snapshot;
        let explainer = Arc::new(Explainer::new(&snapshot, 0, cx).map_err(failure)?);
        match self.row {
            Some(row) => self.of_row(&explainer, &snapshot, row, cx).map_err(failure),
            None => of_run(&explainer, &snapshot, cx).map_err(failure),
        }
    }

    fn of_row(
        &self,
        explainer: &Arc<Explainer>,
        snapshot: &Arc<Snapshot>,
        row: u32,
        cx: &Cx,
    ) -> Result<Answer, ExplainError> {
        let explanation = explainer.explain(snapshot, row, self.target, self.method, cx)?;
        let columns = explainer.by_column(&explanation);
        let nearest = explainer.nearest_normal(row);
        let told = AlertExplanation::new(&explanation, &columns, nearest.map(|nearest| nearest.row));
        let what_if = WhatIf::new(explainer, snapshot, row, cx)?;
        let changed = if self.changes.is_empty() { None } else { Some(self.changed(&what_if, cx)?) };
        Ok(Answer::Row(Box::new(Explained {
            alert: self.alert,
            sentence: describe_row(&snapshot.table, row, &told),
            counterfactual: what_if.counterfactual(cx)?,
            snapshot: Arc::clone(snapshot),
            explanation,
            columns,
            nearest,
            what_if: changed,
        })))
    }

    /// The scores with the values asked for.
    fn changed(&self, what_if: &WhatIf, cx: &Cx) -> Result<Changed, ExplainError> {
        let mut values = what_if.values();
        for (column, value) in &self.changes {
            let place = what_if.place_of(column)?;
            if let Some(known) = values.get_mut(place) {
                *known = *value;
            }
        }
        let held = what_if.held_features().map(str::to_owned).collect();
        Ok(Changed { changes: self.changes.clone(), result: what_if.evaluate(&values, cx)?, held })
    }
}

/// What matters to the alerts; without any, to rows at even steps.
fn of_run(explainer: &Explainer, snapshot: &Snapshot, cx: &Cx) -> Result<Answer, ExplainError> {
    let rows = main_job::rows_of_interest(snapshot, &alerts_of(snapshot));
    Ok(Answer::Run(Box::new(explainer.explain_globally(snapshot, &rows, cx)?)))
}

fn failure(error: ExplainError) -> Failure {
    match error {
        ExplainError::NoDetector { .. }
        | ExplainError::NotPossible { .. }
        | ExplainError::NoRow { .. }
        | ExplainError::NoColumn { .. }
        | ExplainError::SwitchedOff { .. } => Failure::usage(error),
        error => Failure::work(error),
    }
}

fn target_of(detector: Option<&str>) -> Target {
    detector.and_then(DetectorKind::from_name).map_or(Target::Combined, Target::Detector)
}

/// `COLUMN=VALUE`.
fn change_of(text: &str) -> Result<(String, f64), Failure> {
    let parsed = text.rsplit_once('=').and_then(|(column, value)| Some((column.to_owned(), value.parse().ok()?)));
    let finite = parsed.filter(|(_, value): &(String, f64)| value.is_finite());
    finite.ok_or_else(|| Failure::Usage(anyhow!("--what-if {text}: write COLUMN=NUMBER, such as latency_ms=40")))
}

/// The alert, and the recipe of the latest run of its source.
fn alert_of(id: i64, database: &std::path::Path) -> Result<(Alert, Option<Recipe>), Failure> {
    if !database.exists() {
        let message = anyhow!("there is no alerts database yet; `tarsier run` makes one ({})", database.display());
        return Err(Failure::Work(message));
    }
    let store = Store::open(database).map_err(Failure::work)?;
    let alert = store.get(id).map_err(Failure::work)?;
    let alert =
        alert.ok_or_else(|| Failure::Work(anyhow!("no alert {id}; `tarsier alerts list` shows the numbers")))?;
    let runs = store.runs(usize::MAX).map_err(Failure::work)?;
    let run = runs.into_iter().find(|run| run.record.source_id == alert.summary.source_id);
    let recipe = run.and_then(|run| Recipe::from_ron(&run.record.recipe).ok());
    Ok((alert, recipe))
}

/// The recipe that found the alert, unless another one is asked for.
fn as_found(args: &ExplainArgs, recipe: Option<Recipe>) -> Result<RecipeChoice, Failure> {
    let choice = recipe_choice(&args.input, &[], &[])?;
    let InputArgs { recipe: file, preset, .. } = &args.input;
    let base = if file.is_some() || preset.is_some() { choice.base } else { recipe };
    Ok(RecipeChoice { base, ..choice })
}

fn check_source(alert: &Alert, table: &Table) -> Result<(), Failure> {
    let summary = &alert.summary;
    if summary.source_id == table.source_id {
        return Ok(());
    }
    let message = "alert {} was found in {}, not in {}; name that file, or a row of this one with --row";
    let message = message.replacen("{}", &summary.id.to_string(), 1);
    let message = message.replacen("{}", &summary.source_name, 1).replacen("{}", &table.name, 1);
    Err(Failure::Usage(anyhow!(message)))
}
