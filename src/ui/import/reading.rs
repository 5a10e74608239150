//! How the file is read: what was found out about its format, and the settings that override it.

use eframe::egui::{Align, Label, Layout, RichText, Ui, vec2};
use serde_json::Value;

use super::super::theme::{GAP, Palette};
use super::super::tune::{field, tree::RecipeTree};
use super::super::widgets::section_header;
use crate::app::{Import, Source};
use crate::recipe::{DataConfig, Recipe, schema};

/// Settings of delimited text, with their names on this screen.
const TEXT: [(&str, &str); 7] = [
    ("data.csv.delimiter", "Delimiter"),
    ("data.csv.decimal", "Decimal mark"),
    ("data.csv.header", "Header"),
    ("data.csv.encoding", "Encoding"),
    ("data.csv.quote", "Quote"),
    ("data.csv.skip_lines", "Skip lines"),
    ("data.csv.null_values", "Missing is"),
];

/// Settings of every file.
const ALWAYS: [(&str, &str); 3] = [
    ("data.time_format", "Time format"),
    ("data.utc_offset_minutes", "UTC offset"),
    ("data.sample_rows", "Sample rows"),
];

/// Draws the side panel. Changes are made in the import's settings.
pub(super) fn show(ui: &mut Ui, import: &mut Import) {
    section_header(ui, "Found in the file");
    match &import.preview {
        Some(preview) => facts(ui, &preview.format),
        None => drop(ui.label(RichText::new("…").color(Palette::of(ui).weak))),
    }
    ui.add_space(GAP);
    section_header(ui, "How to read it");
    let recipe = Recipe { data: import.config.clone(), ..Recipe::default() };
    let tree = RecipeTree::of(&recipe);
    let columns: Vec<String> = import.preview.iter().flat_map(|p| &p.columns).map(|c| c.name.clone()).collect();
    let text: &[_] = if is_text(import) { &TEXT } else { &[] };
    for (path, name) in text.iter().chain(&ALWAYS) {
        if let Some(config) = setting(ui, &tree, path, name, &columns) {
            import.config = config;
        }
    }
    ui.add_space(GAP);
    if import.config != DataConfig::default()
        && ui.button("As detected").on_hover_text("Undo all choices made here").clicked()
    {
        import.config = DataConfig::default();
    }
}

fn facts(ui: &mut Ui, format: &[(String, String)]) {
    let weak = Palette::of(ui).weak;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.spacing_mut().interact_size.y = 21.0;
        for (name, value) in format {
            ui.horizontal(|ui| {
                label(ui, RichText::new(name).color(weak));
                ui.add(Label::new(value).truncate());
            });
        }
    });
}

fn label(ui: &mut Ui, text: RichText) {
    ui.allocate_ui_with_layout(vec2(92.0, 22.0), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(92.0);
        ui.add(Label::new(text).truncate());
    });
}

/// One setting. Returns the settings with the change, if one was made.
fn setting(ui: &mut Ui, tree: &RecipeTree, path: &str, name: &str, columns: &[String]) -> Option<DataConfig> {
    let value = tree.value_of(path)?;
    let field_schema = path.split('.').try_fold(schema::recipe_schema(), schema::field)?;
    let is_changed = tree.default_of(path) != Some(value);
    let color = if is_changed { Palette::of(ui).accent } else { Palette::of(ui).text };
    let mut new: Option<Value> = None;
    ui.horizontal_top(|ui| {
        label(ui, RichText::new(name).color(color));
        ui.vertical(|ui| {
            new = field::show(ui, path, value, field_schema, tree.default_of(path), columns);
            for problem in tree.problems_of(path) {
                ui.label(RichText::new(&problem.message).small().color(Palette::of(ui).error()));
            }
        })
        .response
        .on_hover_text(schema::description(field_schema));
    });
    tree.with(path, new?).map(|recipe| recipe.data)
}

/// Whether the file is delimited text: by its format, else by its name.
fn is_text(import: &Import) -> bool {
    const OTHERS: [&str; 7] = ["parquet", "json", "jsonl", "ndjson", "avro", "pq", "geojson"];
    let Source::Files(paths) = &import.source else { return false };
    let extension = paths.first().and_then(|path| path.extension()).map(|e| e.to_string_lossy().to_lowercase());
    !extension.is_some_and(|extension| OTHERS.contains(&extension.as_str()))
}
