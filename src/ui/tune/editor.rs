//! The editor of the recipe, made from the recipe's own description: every setting, in the order of the recipe.

use eframe::egui::{
    self, Align, Button, Label, Layout, RichText, ScrollArea, TextEdit, Ui, collapsing_header::CollapsingState, vec2,
};
use serde_json::Value;

use super::super::files::Purpose;
use super::super::icons::{self, Icon};
use super::super::shell::Wishes;
use super::super::theme::{GAP, GAP_S, Palette};
use super::super::widgets::{Tone, callout, remark, switch};
use super::field;
use super::rules;
use super::tree::{RecipeTree, is_found, is_group, join, n_changed};
use crate::app::{App, Command, RuleChecks};
use crate::recipe::{DetectorKind, Preset, Recipe, schema};

/// Room for the name of a setting.
const NAME_WIDTH: f32 = 190.0;
/// How far fields stand to the right of their group's title.
const INDENT: f32 = 20.0;
/// Room for its value.
const VALUE_WIDTH: f32 = 268.0;

/// The one list that is a group: of rules.
const RULES: &str = "rules";

/// What the editor remembers between frames.
#[derive(Debug, Default)]
pub(super) struct State {
    search: String,
    tree: Option<RecipeTree>,
}

/// What every row needs.
struct Rows<'a> {
    tree: &'a RecipeTree,
    /// Names of the columns that are open, to choose from.
    columns: &'a [String],
    /// What is known of the rules.
    rules: &'a RuleChecks,
    /// Lower-case text that settings must contain.
    search: &'a str,
    /// A change made in this frame: path and new value.
    change: Option<(String, Value)>,
}

/// Draws the editor.
pub(super) fn show(ui: &mut Ui, app: &App, state: &mut State, wishes: &mut Wishes) {
    let recipe = &app.recipe.current;
    let tree = match state.tree.take() {
        Some(tree) if tree.is_of(recipe) => tree,
        _ => RecipeTree::of(recipe),
    };
    head(ui, app, &mut state.search, wishes);
    // In a scope of its own, so that fields below keep their identity, and with it the keyboard, while problems come and go.
    ui.scope(|ui| problems(ui, &tree));
    let columns: Vec<String> = app.data.iter().flat_map(|d| &d.table.columns).map(|c| c.name.clone()).collect();
    let search = state.search.trim().to_lowercase();
    let mut rows = Rows { tree: &tree, columns: &columns, rules: &app.rule_checks, search: &search, change: None };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        let root = schema::recipe_schema();
        if !is_found("", &tree.tree, root, &search) {
            ui.add_space(GAP);
            ui.label(RichText::new("No setting has this in its name or explanation.").color(Palette::of(ui).weak));
        }
        rows.fields(ui, "", &tree.tree, root);
        ui.add_space(24.0);
    });
    if let Some((path, value)) = rows.change
        && let Some(recipe) = tree.with(&path, value)
    {
        wishes.push(Command::EditRecipe { recipe: Box::new(recipe), label: path });
    }
    state.tree = Some(tree);
}

/// Presets, files and search.
fn head(ui: &mut Ui, app: &App, search: &mut String, wishes: &mut Wishes) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Recipe").size(17.0));
        let name = app.recipe.path.as_ref().and_then(|path| path.file_name()).map(|n| n.to_string_lossy().into_owned());
        let mark = if app.recipe.is_unsaved() { " •" } else { "" };
        let name = format!("{}{mark}", name.as_deref().unwrap_or("not in a file"));
        ui.label(RichText::new(name).color(Palette::of(ui).weak));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(GAP);
            if ui.button("Save").on_hover_text("Save the recipe (Ctrl+S)").clicked() {
                wishes.push(Command::SaveRecipe);
            }
            if ui.button("Open…").on_hover_text("Open a recipe file").clicked() {
                wishes.file = Some(Purpose::OpenRecipe);
            }
        });
    });
    ui.horizontal(|ui| {
        ui.label(RichText::new("Start from").color(Palette::of(ui).weak));
        for preset in Preset::ALL {
            let is_current = Recipe { data: app.recipe.current.data.clone(), ..preset.recipe() } == app.recipe.current;
            let button = ui.add(Button::new(preset.name()).selected(is_current));
            if button.on_hover_text(preset.description()).clicked() {
                wishes.push(Command::UsePreset(preset));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(GAP);
            let field = TextEdit::singleline(search).desired_width(190.0).hint_text("Find a setting");
            ui.add(field).accessible_name("Find a setting");
        });
    });
    ui.add_space(GAP_S);
}

fn problems(ui: &mut Ui, tree: &RecipeTree) {
    if tree.problems.is_empty() {
        return;
    }
    callout(ui, Tone::Error, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        for problem in tree.problems.iter().take(4) {
            remark(ui, Tone::Error, &problem.to_string());
        }
        if tree.problems.len() > 4 {
            ui.label(format!("… and {} more", tree.problems.len() - 4));
        }
    });
    ui.add_space(GAP_S);
}

impl Rows<'_> {
    /// The fields of a group: first the plain ones, then the groups below it, each in the order of the recipe.
    fn fields(&mut self, ui: &mut Ui, path: &str, node: &Value, node_schema: &Value) {
        let Some(fields) = node.as_object() else { return };
        let found = fields.iter().filter_map(|(name, value)| {
            let field_schema = schema::field(node_schema, name)?;
            let path = join(path, name);
            is_found(&path, value, field_schema, self.search).then_some((path, name, value, field_schema))
        });
        let (groups, plain): (Vec<_>, Vec<_>) =
            found.partition(|(path, _, value, schema)| is_group(value, schema) || path == RULES);
        // The root has one plain field, the version of the format, which nobody comes for.
        let is_root = path.is_empty();
        if !is_root {
            self.rows(ui, &plain, node_schema);
        }
        for (path, name, value, field_schema) in groups {
            self.group(ui, &path, name, value, field_schema);
        }
        if is_root {
            self.rows(ui, &plain, node_schema);
        }
    }

    fn rows(&mut self, ui: &mut Ui, fields: &[(String, &String, &Value, &Value)], group_schema: &Value) {
        for (path, name, value, field_schema) in fields {
            // The switch stands beside the title of the group.
            if !(*name == "enabled" && has_switch(group_schema)) {
                self.row(ui, path, name, value, field_schema);
            }
        }
    }

    /// A group that opens and closes.
    fn group(&mut self, ui: &mut Ui, path: &str, name: &str, node: &Value, node_schema: &Value) {
        let id = ui.make_persistent_id(("recipe_group", path));
        let mut open = CollapsingState::load_with_default_open(ui.ctx(), id, is_open_at_first(path));
        let is_searching = !self.search.is_empty();
        if is_searching {
            open.set_open(true);
        }
        let depth = path.matches('.').count();
        let title = title(path, name);
        let changed = n_changed(node, self.tree.default_of(path), node_schema);
        let mut is_toggled = false;
        let header = ui.horizontal(|ui| {
            ui.set_min_height(30.0);
            let arrow = ui.allocate_exact_size(vec2(16.0, 20.0), egui::Sense::hover()).0;
            let icon = if open.is_open() { Icon::Open } else { Icon::Closed };
            icons::paint(ui.painter(), arrow.center(), 12.0, icon, Palette::of(ui).weak);
            let text = RichText::new(&title).size(if depth == 0 { 15.0 } else { 13.5 });
            let button = ui.add(Button::new(text).frame_when_inactive(false));
            is_toggled = button.on_hover_text(schema::description(node_schema)).clicked();
            if has_switch(node_schema)
                && let Some(enabled) = node.get("enabled").and_then(Value::as_bool)
            {
                self.group_switch(ui, path, enabled);
            }
            if changed > 0 {
                let text = format!("{changed} changed");
                ui.label(RichText::new(text).small().color(Palette::of(ui).accent));
            }
            let about = schema::description(node_schema);
            ui.add(Label::new(RichText::new(about).small().color(Palette::of(ui).weak)).truncate());
        });
        if is_toggled && !is_searching {
            open.set_open(!open.is_open());
        }
        if open.is_open() {
            ui.horizontal_top(|ui| {
                ui.add_space(INDENT);
                ui.vertical(|ui| match node.as_array() {
                    Some(rules) => {
                        let new = rules::show(ui, self.tree, rules, node_schema, self.rules);
                        self.change = self.change.take().or_else(|| new.map(|new| (path.to_owned(), new)));
                    }
                    None => {
                        self.own_problems(ui, path);
                        self.fields(ui, path, node, node_schema);
                    }
                });
            });
        }
        if !is_searching {
            open.store(ui.ctx());
        }
        if depth == 0 {
            let line = header.response.rect;
            let y = line.top() - 1.5;
            ui.painter().hline(ui.max_rect().x_range(), y, egui::Stroke::new(1.0, Palette::of(ui).line));
        }
    }

    fn group_switch(&mut self, ui: &mut Ui, path: &str, mut enabled: bool) {
        let path = join(path, "enabled");
        if switch(ui, &mut enabled, &path).changed() {
            self.change = Some((path, Value::Bool(enabled)));
        }
    }

    /// Problems of a group itself, such as levels in the wrong order.
    fn own_problems(&self, ui: &mut Ui, path: &str) {
        for problem in self.tree.problems_of(path) {
            remark(ui, Tone::Error, &problem.message);
        }
    }

    /// One setting: mark, name, value, explanation.
    fn row(&mut self, ui: &mut Ui, path: &str, name: &str, value: &Value, field_schema: &Value) {
        let about = schema::description(field_schema);
        let default = self.tree.default_of(path);
        let is_changed = default.is_some_and(|default| default != value);
        let hint = match default {
            Some(default) => format!("{about}\n\n{path}\nDefault: {}", field::text_of(default)),
            None => format!("{about}\n\n{path}"),
        };
        // Values stand below each other, however deep the group.
        let depth = path.matches('.').count().saturating_sub(1);
        let name_width = NAME_WIDTH - INDENT * depth as f32;
        ui.horizontal(|ui| {
            ui.set_min_height(28.0);
            let (mark, _) = ui.allocate_exact_size(vec2(6.0, 20.0), egui::Sense::hover());
            if is_changed {
                ui.painter().circle_filled(mark.center(), 3.0, Palette::of(ui).accent);
            }
            ui.allocate_ui_with_layout(vec2(name_width, 22.0), Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(name_width);
                ui.add(Label::new(name).truncate().sense(egui::Sense::hover())).on_hover_text(&hint);
            });
            let width = VALUE_WIDTH.min(ui.available_width() - 24.0).max(120.0);
            let new = ui.allocate_ui_with_layout(vec2(width, 22.0), Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(width);
                field::show(ui, path, value, field_schema, default, self.columns)
            });
            if let Some(new) = new.inner {
                self.change = Some((path.to_owned(), new));
            }
            self.reset_button(ui, path, default.filter(|_| is_changed));
            if ui.available_width() > 120.0 {
                let text = RichText::new(&about).small().color(Palette::of(ui).weak);
                ui.add(Label::new(text).truncate().show_tooltip_when_elided(false)).on_hover_text(&hint);
            }
        });
        for problem in self.tree.problems_of(path) {
            ui.horizontal(|ui| {
                ui.add_space(name_width + 20.0);
                ui.label(RichText::new(&problem.message).small().color(Palette::of(ui).error()));
            });
        }
    }

    fn reset_button(&mut self, ui: &mut Ui, path: &str, default: Option<&Value>) {
        let Some(default) = default else {
            ui.allocate_exact_size(vec2(20.0, 20.0), egui::Sense::hover());
            return;
        };
        if icons::button(ui, Icon::Reset, &format!("Reset {path} to {}", field::text_of(default))).clicked() {
            self.change = Some((path.to_owned(), default.clone()));
        }
    }
}

/// Whether a group has a field that switches it on: it is drawn beside the title.
fn has_switch(node_schema: &Value) -> bool {
    schema::field(node_schema, "enabled").is_some()
}

/// Title of a group.
fn title(path: &str, name: &str) -> String {
    let detector = path.starts_with("detectors.").then(|| DetectorKind::from_name(name)).flatten();
    detector.map_or_else(|| spoken(name), |kind| kind.title().to_owned())
}

/// A name in words: "time_series" is "Time series".
fn spoken(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The groups one most likely came for.
fn is_open_at_first(path: &str) -> bool {
    matches!(path, "detectors" | "ensemble" | "ensemble.model_weights")
}
