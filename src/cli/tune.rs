//! A search for better settings, in the terminal.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};

use super::Failure;
use super::args::TuneArgs;
use super::run::{in_background, opened, recipe_choice, source_of};
use crate::analysis::search::{Status, StopReason, Study, Trial, read_trials};
use crate::app::main_job::RecipeChange;
use crate::app::settings;
use crate::engine::{Engine, space_of, with_values};
use crate::recipe::{CheckedRecipe, Recipe, TuningConfig, edit};

/// Trials listed at the end, the best first.
const MOST_TRIALS: usize = 10;

pub(super) fn run(args: &TuneArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let source = source_of(&args.input.data).map_err(Failure::Usage)?;
    let mut choice = recipe_choice(&args.input, &[], &[])?;
    let given = [
        ("method", args.method.clone()),
        ("trials", args.trials.map(|n| n.to_string())),
        ("minutes", args.minutes.map(|minutes| minutes.to_string())),
        ("scoring_metric", args.metric.clone()),
        ("cv_folds", args.folds.map(|n| n.to_string())),
    ];
    for (name, value) in given {
        choice.changes.extend(value.map(|value| RecipeChange::Set(format!("tuning.{name}={value}"))));
    }
    let (table, recipe, _, cx) = opened(&source, choice, true)?;
    let recipe = with_space(recipe, &args.space)?;
    let mut study = study(&recipe, args.study.as_deref())?;
    let header = header(&recipe.tuning, &table.name);
    let file = args.study.clone();
    let engine = Engine::with_disk_cache(settings::default_cache_folder());
    let (quiet, base) = (args.json || !io::stderr().is_terminal(), recipe.clone());
    let tuned = in_background(cx, true, move |cx| {
        let mut keep = |study: &Study, trial: &Trial| {
            if !quiet {
                told(study, trial)?;
            }
            file.as_deref().map_or(Ok(()), |file| append(file, &header, trial))
        };
        engine.tune(&table, &recipe, &mut study, &mut keep, cx).map(|reason| (study, reason))
    })?;
    let (study, reason) = tuned.map_err(Failure::work)?;
    let best = study.best().map(|trial| with_values(&base, &trial.values)).transpose().map_err(Failure::usage)?;
    if let (Some(best), Some(path)) = (&best, &args.out) {
        best.save(path).map_err(Failure::work)?;
    }
    if args.json {
        json_report(&study, reason, best.as_ref(), out)?;
    } else {
        report(&study, reason, args, out)?;
    }
    Ok(())
}

/// The recipe with the space of the command line, if there is one.
fn with_space(recipe: CheckedRecipe, space: &[String]) -> Result<CheckedRecipe, Failure> {
    let mut recipe = recipe.into_inner();
    if !space.is_empty() {
        recipe.tuning.space = space.to_vec();
    }
    recipe.checked().map_err(Failure::usage)
}

/// A new search, or one that a file has the beginning of.
fn study(recipe: &Recipe, file: Option<&Path>) -> Result<Study, Failure> {
    let space = space_of(recipe).map_err(Failure::usage)?;
    let settings = recipe.tuning.clone();
    let Some(file) = file.filter(|file| file.exists()) else {
        return Study::new(space, settings).map_err(Failure::usage);
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()));
    let text = text.map_err(Failure::Work)?;
    let (first, rest) = text.split_once('\n').unwrap_or((text.as_str(), ""));
    let other = || {
        let advice = "it holds another search (other settings of tuning); name another file, or use the same settings";
        Failure::Usage(anyhow!("{}: {advice}", file.display()))
    };
    let stored: Value = serde_json::from_str(first).map_err(|_| other())?;
    if !is_same_search(&stored, &settings) {
        return Err(other());
    }
    let trials = read_trials(rest);
    Study::from_parts(space, settings, trials.trials).map_err(Failure::usage)
}

/// The first line of a file of trials: what was searched, and how.
fn header(settings: &TuningConfig, source: &str) -> String {
    json!({ "source": source, "tuning": settings }).to_string()
}

/// Whether a file goes on with the same search: the budget may have grown.
fn is_same_search(stored: &Value, settings: &TuningConfig) -> bool {
    let Some(Ok(mut stored)) = stored.get("tuning").map(|value| serde_json::from_value::<TuningConfig>(value.clone()))
    else {
        return false;
    };
    stored.trials = settings.trials;
    stored.minutes = settings.minutes;
    stored.early_stopping_patience = settings.early_stopping_patience;
    stored.enable_early_stopping = settings.enable_early_stopping;
    stored == *settings
}

/// Adds a trial to the file, which begins with its header. A line that was torn when the program ended stays alone.
fn append(file: &Path, header: &str, trial: &Trial) -> io::Result<()> {
    let is_new = !file.exists();
    let ends_well = is_new || std::fs::read(file)?.last().is_none_or(|last| *last == b'\n');
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    let lead = if is_new { format!("{header}\n") } else { String::new() };
    let gap = if ends_well { "" } else { "\n" };
    let line = trial.to_line().map_err(io::Error::other)?;
    file.write_all(format!("{lead}{gap}{line}\n").as_bytes())?;
    file.sync_data()
}

/// One line about a trial, for people who wait.
fn told(study: &Study, trial: &Trial) -> io::Result<()> {
    let best = study.best().and_then(|best| best.objective).into_iter().chain(trial.objective).fold(f64::MIN, f64::max);
    let settings = values(trial);
    writeln!(io::stderr(), "\r\x1b[Ktrial {:>3}  {}  best {best:.4}  {settings}", trial.number, outcome(trial))
}

fn outcome(trial: &Trial) -> String {
    let objective = trial.objective.map_or("-".to_owned(), |objective| format!("{objective:.4}"));
    match &trial.status {
        Status::Finished => objective,
        Status::Pruned => format!("{objective} (given up)"),
        Status::Failed(reason) => format!("failed: {reason}"),
        Status::Cancelled => "cancelled".to_owned(),
    }
}

/// "n_estimators=200, max_samples=auto": the last part of a path says enough.
fn values(trial: &Trial) -> String {
    let name = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    let of_value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    trial
        .values
        .iter()
        .map(|(path, value)| format!("{}={}", name(path), of_value(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn ended(reason: Option<StopReason>) -> &'static str {
    match reason {
        Some(StopReason::Trials) => "all trials are done",
        Some(StopReason::Minutes) => "the time is up",
        Some(StopReason::NoImprovement) => "nothing got better for a while",
        Some(StopReason::Exhausted) => "every combination was tried",
        None => "cancelled",
    }
}

fn ranked(study: &Study) -> Vec<&Trial> {
    let mut trials: Vec<&Trial> = study.trials().iter().filter(|trial| trial.status == Status::Finished).collect();
    trials.sort_by(|a, b| b.objective.partial_cmp(&a.objective).unwrap_or(std::cmp::Ordering::Equal));
    trials
}

fn report(study: &Study, reason: Option<StopReason>, args: &TuneArgs, out: &mut dyn Write) -> io::Result<()> {
    let metric = study.settings().scoring_metric.name();
    writeln!(out, "{} trials of {metric}; {}", study.trials().len(), ended(reason))?;
    let ranked = ranked(study);
    if ranked.is_empty() {
        writeln!(out, "No trial finished.")?;
        for trial in study.trials().iter().take(MOST_TRIALS) {
            writeln!(out, "  trial {}: {}", trial.number, outcome(trial))?;
        }
        return Ok(());
    }
    writeln!(out, "\n{:>5} {:>10} {:>9} {:>8}  settings", "trial", metric, "std. err.", "seconds")?;
    for trial in ranked.iter().take(MOST_TRIALS) {
        let error = trial.standard_error.map_or("-".to_owned(), |error| format!("{error:.4}"));
        let objective = trial.objective.unwrap_or(f64::NAN);
        writeln!(out, "{:>5} {objective:>10.4} {error:>9} {:>8.1}  {}", trial.number, trial.seconds, values(trial))?;
    }
    let curve: Vec<String> = study.learning_curve().iter().map(|point| format!("{:.4}", point.objective)).collect();
    writeln!(out, "\nBest so far, trial by trial: {}", curve.join(" "))?;
    for importance in study.importances() {
        writeln!(out, "  {:<60} explains {:>4.0} % of the differences", importance.path, 100.0 * importance.explained)?;
    }
    if let Some(path) = &args.study {
        writeln!(out, "\nTrials kept in {}; the same command goes on from there", path.display())?;
    }
    match &args.out {
        Some(path) => writeln!(out, "Best recipe written to {}", path.display()),
        None => writeln!(out, "To keep the best recipe, name a file with --out"),
    }
}

fn json_report(
    study: &Study,
    reason: Option<StopReason>,
    best: Option<&Recipe>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let curve: Vec<f64> = study.learning_curve().iter().map(|point| point.objective).collect();
    let importances: Vec<Value> =
        study.importances().iter().map(|i| json!({ "path": i.path, "explained": i.explained })).collect();
    let object = json!({
        "metric": study.settings().scoring_metric.name(),
        "ended": ended(reason),
        "best": study.best(),
        "best_recipe": best.map(edit::to_tree),
        "trials": study.trials(),
        "learning_curve": curve,
        "importances": importances,
    });
    writeln!(out, "{object:#}")
}
