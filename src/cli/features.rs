//! `tarsier features`: the catalogue of the features a recipe makes from data.

use std::io::Write;

use super::args::FeaturesArgs;
use super::run::{in_background, opened, recipe_choice, source_of};
use super::{Failure, print};
use crate::analysis::prepare::CatalogueEntry;
use crate::app::settings;
use crate::engine::{Engine, set_library_threads};

pub(super) fn run(args: &FeaturesArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let source = source_of(&args.input.data).map_err(Failure::Usage)?;
    let choice = recipe_choice(&args.input, &[], &[])?;
    // No other thread exists yet: this is the whole program's first step.
    set_library_threads(choice.recipe(true).map_err(Failure::usage)?.compute.threads);
    let (table, recipe, _, cx) = opened(&source, choice, true)?;
    let engine = Engine::with_disk_cache(settings::default_cache_folder());
    let prepared = in_background(cx.clone(), true, move |cx| engine.prepared(&table, &recipe, cx))?;
    let prepared = prepared.map_err(Failure::work)?;
    if args.json {
        let catalogue = serde_json::to_string_pretty(&prepared.catalogue).map_err(Failure::work)?;
        writeln!(out, "{catalogue}")?;
        return Ok(());
    }
    table_of(&prepared.catalogue, out)?;
    cx.warnings().iter().try_for_each(|warning| writeln!(out, "note: {warning}"))?;
    Ok(())
}

fn table_of(catalogue: &[CatalogueEntry], out: &mut dyn Write) -> Result<(), Failure> {
    let width = catalogue.iter().map(|c| c.entry.name.chars().count()).max().unwrap_or(0).clamp(7, 48);
    writeln!(out, "{:width$}  {:>8}  {:>7}  {:16}  {:10}  how", "feature", "ms", "missing", "looks at", "used")?;
    for CatalogueEntry { entry, missing_share, seconds, fate } in catalogue {
        writeln!(
            out,
            "{:width$}  {:>8.2}  {:>6.1}%  {:16}  {:10}  {}",
            entry.name,
            seconds * 1000.0,
            missing_share * 100.0,
            entry.look_back.to_string(),
            print::fate(fate),
            entry.formula
        )?;
    }
    let n_kept = catalogue.iter().filter(|c| c.fate.is_kept()).count();
    writeln!(out, "{} features, {n_kept} reach the detectors", catalogue.len())?;
    Ok(())
}
