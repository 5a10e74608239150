//! The report on the quality of the data: what was found while reading it, worst first.

use eframe::egui::{Align, Grid, Label, RichText, ScrollArea, Ui};

use super::format::percent;
use super::theme::{GAP, GAP_L, Palette};
use super::widgets::{Tone, figure, remark, section_header};
use crate::app::format::{fmt_count, fmt_duration};
use crate::data::{ColumnQuality, Role, Table};

/// Share of missing values from which a column is worth a remark of its own.
const MANY_MISSING: f64 = 0.05;

/// A remark on the data.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Issue {
    /// How serious it is.
    pub(super) tone: Tone,
    /// What was found and what it means.
    pub(super) text: String,
}

/// Everything worth a remark, the serious first.
pub(super) fn issues(table: &Table) -> Vec<Issue> {
    let q = &table.quality;
    let features = || features(table);
    let n_features = |test: fn(&&ColumnQuality) -> bool| features().filter(test).count();
    let many_missing = features().filter(|c| c.n_missing as f64 > MANY_MISSING * q.n_rows as f64).count();
    let few_missing = n_features(|c| c.n_missing > 0) - many_missing;
    let remarks = [
        (Tone::Warning, many_missing, "feature column|s| with more than 5 % of the values missing: they are imputed"),
        (
            Tone::Warning,
            n_features(|c| c.n_infinite > 0),
            "feature column|s| with infinite values: they count as missing",
        ),
        (Tone::Warning, q.n_missing_times, "row|s| without a readable time: they take that of the row before"),
        (Tone::Warning, q.n_out_of_order, "row|s| out of order in time: they are sorted per entity"),
        (Tone::Warning, q.n_repeated_times, "row|s| with the time of an earlier row of the same entity"),
        (Tone::Info, q.n_duplicate_rows, "row|s| equal to an earlier one in every column"),
        (Tone::Info, q.n_gaps, "gap|s| longer than 1.5 times the usual step"),
        (Tone::Info, few_missing, "feature column|s| with a few missing values: they are imputed"),
        (Tone::Info, n_features(|c| c.is_constant), "constant feature column|s|: nothing to find there"),
    ];
    let found = remarks.into_iter().filter(|(_, n, _)| *n > 0);
    found.map(|(tone, n, text)| Issue { tone, text: sentence(n, text) }).collect()
}

/// Quality of the columns that the detectors look at. Both lists are in the order of the table.
fn features(table: &Table) -> impl Iterator<Item = &ColumnQuality> {
    let columns = table.quality.columns.iter().zip(&table.columns);
    columns.filter(|(_, column)| column.role == Role::Feature).map(|(quality, _)| quality)
}

fn sentence(n: usize, text: &str) -> String {
    format!("{} {}", fmt_count(n), text.replace("|s|", if n == 1 { "" } else { "s" }))
}

/// Draws the report.
pub(super) fn show(ui: &mut Ui, table: &Table) {
    ui.set_width(520.0);
    ui.spacing_mut().interact_size.y = 18.0;
    ui.label(RichText::new("Data quality").size(15.0));
    ui.label(RichText::new(&table.name).color(Palette::of(ui).weak));
    ui.add_space(GAP);
    figures(ui, table);
    ui.add_space(GAP);
    let issues = issues(table);
    if issues.is_empty() {
        remark(ui, Tone::Good, "Nothing to remark: complete, in order, without duplicates.");
    }
    for issue in &issues {
        remark(ui, issue.tone, &issue.text);
    }
    ScrollArea::vertical().max_height(300.0).show(ui, |ui| {
        columns(ui, table);
        format_facts(ui, table);
    });
}

fn figures(ui: &mut Ui, table: &Table) {
    let q = &table.quality;
    let n_missing: usize = features(table).map(|c| c.n_missing).sum();
    let n_cells = (q.n_rows * features(table).count()).max(1);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 28.0;
        figure(ui, &fmt_count(q.n_rows), "rows");
        figure(ui, &fmt_count(table.columns.len()), "columns");
        figure(ui, &percent(n_missing as f64 / n_cells as f64), "of features missing");
        if let Some(step) = q.median_step_micros {
            figure(ui, &fmt_duration(u64::try_from(step).unwrap_or(0)), "usual step");
        }
        if let Some(entities) = table.entities() {
            figure(ui, &fmt_count(entities.names.len()), "entities");
        }
    });
}

/// The columns with something to say, worst first.
fn columns(ui: &mut Ui, table: &Table) {
    let has_remark = |c: &&ColumnQuality| c.n_missing > 0 || c.n_infinite > 0 || c.is_constant;
    let mut columns: Vec<&ColumnQuality> = table.quality.columns.iter().filter(has_remark).collect();
    if columns.is_empty() {
        return;
    }
    columns.sort_by_key(|c| std::cmp::Reverse(c.n_missing + c.n_infinite));
    section_header(ui, "Columns");
    let n_rows = table.n_rows().max(1) as f64;
    let weak = Palette::of(ui).weak;
    Grid::new("quality_columns").num_columns(4).spacing([GAP_L, 3.0]).show(ui, |ui| {
        for title in ["Column", "Missing", "Infinite", ""] {
            ui.label(RichText::new(title).small().color(weak));
        }
        ui.end_row();
        for column in columns {
            ui.scope(|ui| {
                ui.set_max_width(200.0);
                ui.add(Label::new(&column.name).truncate());
            });
            right(ui, &missing_text(column, n_rows));
            right(ui, &if column.n_infinite > 0 { fmt_count(column.n_infinite) } else { "–".to_owned() });
            ui.label(RichText::new(if column.is_constant { "constant" } else { "" }).color(weak));
            ui.end_row();
        }
    });
}

fn missing_text(column: &ColumnQuality, n_rows: f64) -> String {
    match column.n_missing {
        0 => "–".to_owned(),
        n => format!("{} ({})", fmt_count(n), percent(n as f64 / n_rows)),
    }
}

fn right(ui: &mut Ui, text: &str) {
    ui.with_layout(eframe::egui::Layout::right_to_left(Align::Center), |ui| ui.label(text));
}

fn format_facts(ui: &mut Ui, table: &Table) {
    if table.format.is_empty() {
        return;
    }
    section_header(ui, "Format");
    facts(ui, "quality_format", &table.format);
}

/// Facts as pairs of name and value.
pub(super) fn facts(ui: &mut Ui, id: &str, facts: &[(String, String)]) {
    let weak = Palette::of(ui).weak;
    Grid::new(id).num_columns(2).spacing([GAP_L, 3.0]).show(ui, |ui| {
        for (name, value) in facts {
            ui.label(RichText::new(name).color(weak));
            ui.add(Label::new(value).truncate());
            ui.end_row();
        }
    });
}
