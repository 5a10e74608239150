//! `tarsier profile`: how the columns of a table are distributed, and how they move together.

use std::io::Write;

use super::Failure;
use super::args::FeaturesArgs;
use super::run::{in_background, opened, recipe_choice, source_of};
use crate::analysis::features::FeatureInput;
use crate::analysis::features::profile::{CorrelationMatrix, TableProfile, profile};
use crate::analysis::prepare::training_rows;
use crate::data::SeriesOrder;
use crate::engine::set_library_threads;

pub(super) fn run(args: &FeaturesArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let source = source_of(&args.input.data).map_err(Failure::Usage)?;
    let choice = recipe_choice(&args.input, &[], &[])?;
    // No other thread exists yet: this is the whole program's first step.
    set_library_threads(choice.recipe(true).map_err(Failure::usage)?.compute.threads);
    let (table, recipe, _, cx) = opened(&source, choice, true)?;
    let described = in_background(cx, true, move |cx| {
        let order = SeriesOrder::of(&table);
        let training = training_rows(&table, &recipe.prepare, None, cx)?;
        profile(&FeatureInput::new(&table, &order, training), &recipe.features.statistical, cx)
    })?;
    let described = described.map_err(Failure::work)?;
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&described).map_err(Failure::work)?)?;
        return Ok(());
    }
    text(&described, out)
}

fn text(profile: &TableProfile, out: &mut dyn Write) -> Result<(), Failure> {
    let names: Vec<&str> = profile.columns.iter().map(|column| column.name.as_str()).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(6, 32);
    let levels: Vec<f64> =
        profile.columns.first().map_or_else(Vec::new, |c| c.quantiles.iter().map(|&(level, _)| level).collect());
    write!(
        out,
        "{:width$} {:>9} {:>8} {:>12} {:>12} {:>8} {:>9}",
        "column", "values", "missing", "mean", "std", "skew", "kurtosis"
    )?;
    for level in &levels {
        write!(out, " {:>12}", format!("q{}", (level * 1e4).round() / 100.0))?;
    }
    writeln!(out)?;
    for column in &profile.columns {
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
        write!(
            out,
            "{:width$} {:>9} {:>8} {:>12} {:>12} {:>8} {:>9}",
            column.name,
            column.n,
            column.n_missing,
            short(column.mean),
            short(column.std),
            number(column.skewness),
            number(column.excess_kurtosis)
        )?;
        for &(_, value) in &column.quantiles {
            write!(out, " {:>12}", short(value))?;
        }
        writeln!(out)?;
    }
    for matrix in &profile.correlations {
        correlations(matrix, &names, width, out)?;
    }
    let mut cross: Vec<_> = profile.cross_correlations.iter().filter_map(|c| Some((c, c.value?))).collect();
    cross.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    if !cross.is_empty() {
        writeln!(out, "\nstrongest correlations at a lag")?;
    }
    for (lagged, value) in cross.into_iter().take(10) {
        let rows = if lagged.lag == 1 { "row" } else { "rows" };
        writeln!(out, "{value:>6.2}  {} follows {} by {} {rows}", lagged.follows, lagged.leads, lagged.lag)?;
    }
    Ok(())
}

fn correlations(matrix: &CorrelationMatrix, names: &[&str], width: usize, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "\n{} correlation", format!("{:?}", matrix.method).to_lowercase())?;
    for (name, row) in names.iter().zip(matrix.values.chunks(names.len().max(1))) {
        write!(out, "{name:width$}")?;
        for value in row {
            match value {
                Some(value) => write!(out, " {value:>6.2}")?,
                None => write!(out, " {:>6}", "-")?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A number in at most twelve characters.
fn short(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e7).contains(&size) { format!("{value:.4e}") } else { format!("{value:.4}") }
}
