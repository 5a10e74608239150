//! Two recipes on the same data: which settings differ, what each finds, and which is better.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::anyhow;
use serde::Serialize;
use serde_json::Value;

use super::Failure;
use super::args::CompareArgs;
use super::run::{in_background, opened, recipe_choice, source_of};
use crate::analysis::evaluate::agreement::Agreement;
use crate::analysis::evaluate::bootstrap::{BootstrapConfig, Interval, Measure, bootstrap_difference, time_blocks};
use crate::app::main_job::{Findings, RecipeChoice};
use crate::app::settings;
use crate::cx::Cx;
use crate::data::Table;
use crate::engine::{Engine, Given};
use crate::recipe::{CheckedRecipe, Preset, Recipe, edit};

/// Sections that say what is done with results, not what they are.
const BESIDE: [&str; 2] = ["tuning.", "evaluation."];

/// What two recipes make of the same data.
#[derive(Debug, Serialize)]
struct Comparison {
    source: String,
    rows: usize,
    settings: Vec<Difference>,
    a: Side,
    b: Side,
    rows_in_both: usize,
    rows_only_a: usize,
    rows_only_b: usize,
    rank_correlation: Option<f64>,
    /// B minus A, judged on the same resamples; empty without labels.
    differences: Vec<NamedDifference>,
}

/// A setting that differs.
#[derive(Debug, Serialize)]
struct Difference {
    path: String,
    a: Value,
    b: Value,
}

#[derive(Debug, Serialize)]
struct Side {
    recipe: String,
    anomalies: usize,
    alerts: usize,
    roc_auc: Option<f64>,
    average_precision: Option<f64>,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct NamedDifference {
    metric: &'static str,
    #[serde(flatten)]
    interval: Interval,
}

pub(super) fn run(args: &CompareArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let source = source_of(&args.input.data).map_err(Failure::Usage)?;
    if args.input.recipe.is_some() || args.input.preset.is_some() {
        let error =
            anyhow!("compare names its two recipes first: tarsier compare A B DATA, without --recipe or --preset");
        return Err(Failure::Usage(error));
    }
    let mut changes = recipe_choice(&args.input, &[], &[])?;
    let [a, b] = [&args.a, &args.b].map(|name| named(name));
    let (a, b) = (a.map_err(Failure::Usage)?, b.map_err(Failure::Usage)?);
    // The columns of both come from the first; recipes that read the data differently cannot be compared row by row.
    changes.base = Some(a);
    let other = RecipeChoice { base: Some(b), changes: changes.changes.clone() };
    let (table, first, _, cx) = opened(&source, changes, true)?;
    let has_time = table.time().is_some();
    let second = other.recipe(has_time).map_err(Failure::usage)?.checked().map_err(Failure::usage)?;
    if first.data != second.data {
        return Err(Failure::Usage(anyhow!("the recipes read the data differently (their data sections differ)")));
    }
    let names = [args.a.clone(), args.b.clone()];
    let compared = in_background(cx, true, move |cx| compare(&table, names, [&first, &second], cx))?;
    let comparison = compared.map_err(Failure::Work)?;
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&comparison).map_err(Failure::work)?)?;
    } else {
        text(&comparison, out)?;
    }
    Ok(())
}

/// A recipe by the name of a preset or of a file.
fn named(name: &str) -> anyhow::Result<Recipe> {
    match Preset::from_name(name) {
        Some(preset) => Ok(preset.recipe()),
        None if Path::new(name).exists() => Ok(Recipe::load(Path::new(name))?),
        None => {
            let presets = Preset::ALL.map(Preset::name).join(", ");
            Err(anyhow!("{name}: neither a recipe file nor a preset ({presets})"))
        }
    }
}

fn compare(
    table: &Arc<Table>,
    names: [String; 2],
    recipes: [&CheckedRecipe; 2],
    cx: &Cx,
) -> anyhow::Result<Comparison> {
    let engine = Engine::with_disk_cache(settings::default_cache_folder());
    let run = |recipe: &CheckedRecipe| engine.run(table, recipe, &Given::default(), cx, &|_| {}).map(Findings::of);
    let [a, b] = [run(recipes[0])?, run(recipes[1])?];
    let (flags_a, flags_b) = (&a.snapshot.combined.is_anomaly, &b.snapshot.combined.is_anomaly);
    let count = |wanted: (bool, bool)| flags_a.iter().zip(flags_b).filter(|(a, b)| (**a, **b) == wanted).count();
    let scores: [&[f64]; 2] = [&a.snapshot.combined.score, &b.snapshot.combined.score];
    let agreement = Agreement::of(&scores, recipes[0].ensemble.contamination, cx).ok();
    let [name_a, name_b] = names;
    Ok(Comparison {
        source: table.name.clone(),
        rows: table.n_rows(),
        settings: differing(&edit::to_tree(recipes[0]), &edit::to_tree(recipes[1]), "")
            .into_iter()
            .filter(|difference| !BESIDE.iter().any(|section| difference.path.starts_with(section)))
            .collect(),
        rows_in_both: count((true, true)),
        rows_only_a: count((true, false)),
        rows_only_b: count((false, true)),
        rank_correlation: agreement.and_then(|agreement| agreement.rank_correlation.get(1).copied().flatten()),
        differences: differences(table, scores, recipes[0], &a.snapshot.surroundings.order, cx)?,
        a: side(name_a, &a),
        b: side(name_b, &b),
    })
}

fn side(recipe: String, findings: &Findings) -> Side {
    let snapshot = &findings.snapshot;
    Side {
        recipe,
        anomalies: snapshot.n_anomalies(),
        alerts: findings.alerts.len(),
        roc_auc: snapshot.metrics.as_ref().map(|metrics| metrics.combined.roc_auc),
        average_precision: snapshot.metrics.as_ref().map(|metrics| metrics.combined.average_precision),
        seconds: snapshot.stages.iter().map(|stage| stage.seconds).sum(),
    }
}

/// By how much B is better than A, with intervals.
fn differences(
    table: &Table,
    [a, b]: [&[f64]; 2],
    recipe: &Recipe,
    order: &crate::data::SeriesOrder,
    cx: &Cx,
) -> anyhow::Result<Vec<NamedDifference>> {
    let labels = table.label().unwrap_or_default();
    if !labels.contains(&true) || !labels.contains(&false) {
        return Ok(Vec::new());
    }
    let config = &recipe.evaluation;
    let rows = 0..u32::try_from(labels.len()).unwrap_or(u32::MAX);
    let groups = table.time().map(|_| time_blocks(order, config.block_rows as usize));
    let groups = groups.filter(|groups| groups.iter().any(|group| *group > 0)).unwrap_or_else(|| rows.collect());
    let measures =
        [("roc_auc", Measure::RocAuc), ("average_precision", Measure::AveragePrecision), ("best_f1", Measure::BestF1)];
    let resampling =
        BootstrapConfig { n_resamples: config.bootstrap_samples as usize, confidence: config.confidence_level };
    let intervals =
        bootstrap_difference(labels, (b, a), &measures.map(|(_, measure)| measure), &groups, resampling, cx)?;
    let named = measures.into_iter().zip(intervals);
    Ok(named.map(|((metric, _), interval)| NamedDifference { metric, interval }).collect())
}

/// The settings that differ, down to single values.
fn differing(a: &Value, b: &Value, path: &str) -> Vec<Difference> {
    match (a, b) {
        (Value::Object(fields), Value::Object(others)) if fields.keys().eq(others.keys()) => {
            let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            fields
                .iter()
                .flat_map(|(name, a)| differing(a, others.get(name).unwrap_or(&Value::Null), &below(name)))
                .collect()
        }
        (a, b) if a == b => Vec::new(),
        (a, b) => vec![Difference { path: path.to_owned(), a: a.clone(), b: b.clone() }],
    }
}

fn text(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let (a, b) = (&comparison.a, &comparison.b);
    writeln!(out, "{}: {} rows", comparison.source, comparison.rows)?;
    writeln!(out, "\n{:<22} {:>16} {:>16}", "", "A", "B")?;
    writeln!(out, "{:<22} {:>16} {:>16}", "recipe", a.recipe, b.recipe)?;
    writeln!(out, "{:<22} {:>16} {:>16}", "anomalous rows", a.anomalies, b.anomalies)?;
    writeln!(out, "{:<22} {:>16} {:>16}", "alerts", a.alerts, b.alerts)?;
    let metric = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    writeln!(out, "{:<22} {:>16} {:>16}", "ROC-AUC", metric(a.roc_auc), metric(b.roc_auc))?;
    writeln!(
        out,
        "{:<22} {:>16} {:>16}",
        "average precision",
        metric(a.average_precision),
        metric(b.average_precision)
    )?;
    writeln!(out, "{:<22} {:>15.1}s {:>15.1}s", "time", a.seconds, b.seconds)?;
    writeln!(
        out,
        "\nAnomalous in both {}, only in A {}, only in B {}; rank correlation of the scores {}",
        comparison.rows_in_both,
        comparison.rows_only_a,
        comparison.rows_only_b,
        metric(comparison.rank_correlation)
    )?;
    for difference in &comparison.differences {
        let i = &difference.interval;
        let verdict = match (i.low > 0.0, i.high < 0.0) {
            (true, _) => "B is better",
            (_, true) => "A is better",
            _ => "no clear difference",
        };
        writeln!(
            out,
            "  {:<18} B - A = {:+.4} [{:+.4}, {:+.4}]: {verdict}",
            difference.metric, i.estimate, i.low, i.high
        )?;
    }
    writeln!(out, "\nSettings that differ: {}", comparison.settings.len())?;
    for setting in &comparison.settings {
        writeln!(out, "  {}: {} → {}", setting.path, setting.a, setting.b)?;
    }
    Ok(())
}
