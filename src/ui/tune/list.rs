//! Settings that hold several values: numbers, texts, choices, and types by column.

use eframe::egui::{
    Align, Button, Color32, ComboBox, DragValue, Layout, Margin, Popup, PopupCloseBehavior, RichText, ScrollArea,
    Sense, TextEdit, Ui, vec2,
};
use serde_json::{Map, Value, json};

use super::super::icons::{self, Icon};
use super::super::theme::{GAP_S, Palette};
use super::super::widgets::inside;
use super::field::type_of;
use crate::recipe::{Range, schema};

/// Draws a list. Returns the new one when it was changed.
pub(super) fn show(
    ui: &mut Ui,
    path: &str,
    items: &[Value],
    field_schema: &Value,
    columns: &[String],
) -> Option<Value> {
    let item_schema = field_schema.get("items").unwrap_or(&Value::Null);
    let mut new = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = GAP_S;
        new = match schema::variants(item_schema) {
            Some(variants) => choices(ui, path, items, &variants),
            None if type_of(item_schema) == "integer" => numbers(ui, path, items, item_schema),
            None => texts(ui, path, items, columns),
        };
    });
    new.map(Value::Array)
}

/// Any of a few named things: each is on or off.
fn choices(ui: &mut Ui, path: &str, items: &[Value], variants: &[schema::Variant<'_>]) -> Option<Vec<Value>> {
    let mut new = None;
    for variant in variants {
        let at = items.iter().position(|item| item.as_str() == Some(variant.name));
        let button = ui.add(Button::new(variant.name).selected(at.is_some()));
        let button = button.on_hover_text(&variant.description).accessible_name(format!("{path}.{}", variant.name));
        if button.clicked() {
            let mut items = items.to_vec();
            match at {
                Some(at) => drop(items.remove(at)),
                None => items.push(json!(variant.name)),
            }
            new = Some(items);
        }
    }
    new
}

fn numbers(ui: &mut Ui, path: &str, items: &[Value], item_schema: &Value) -> Option<Vec<Value>> {
    let range = Range::of(item_schema);
    let min = range.and_then(|r| r.min).unwrap_or(0.0) as u64;
    let max = range.and_then(|r| r.max).map_or(u64::MAX, |max| max as u64);
    let mut new = None;
    for (i, item) in items.iter().enumerate() {
        let mut n = item.as_u64().unwrap_or(min);
        let edited = chip(ui, 42.0, &format!("Remove {path}[{i}]"), |ui| {
            let widget = DragValue::new(&mut n).range(min..=max).clamp_existing_to_range(false);
            ui.add(widget.min_size([42.0, 20.0].into())).accessible_name(format!("{path}[{i}]")).changed()
        });
        new = changed_list(items, i, edited, || json!(n)).or(new);
    }
    if icons::button(ui, Icon::Add, &format!("Add to {path}")).clicked() {
        let next = items.last().and_then(Value::as_u64).map_or(min.max(1), |last| last.saturating_mul(2).min(max));
        new = Some(items.iter().cloned().chain([json!(next)]).collect());
    }
    new
}

fn texts(ui: &mut Ui, path: &str, items: &[Value], columns: &[String]) -> Option<Vec<Value>> {
    let mut new = None;
    for (i, item) in items.iter().enumerate() {
        let mut text = item.as_str().unwrap_or_default().to_owned();
        let width = (text.chars().count() as f32 * 8.0 + 14.0).clamp(28.0, 150.0);
        let edited = chip(ui, width, &format!("Remove {path}[{i}]"), |ui| {
            let field = TextEdit::singleline(&mut text).desired_width(width - 12.0).margin(Margin::symmetric(6, 2));
            let field = field.background_color(Color32::TRANSPARENT);
            ui.add(field).accessible_name(format!("{path}[{i}]")).changed()
        });
        new = changed_list(items, i, edited, || json!(text)).or(new);
    }
    let is_columns = matches!(path, "data.features" | "data.ignore") && !columns.is_empty();
    let add = icons::button(ui, Icon::Add, &format!("Add to {path}"));
    let added = |value: &str| Some(items.iter().cloned().chain([json!(value)]).collect());
    if is_columns {
        Popup::menu(&add).close_behavior(PopupCloseBehavior::CloseOnClick).show(|ui| {
            if let Some(column) = pick_column(ui, columns, |name| items.iter().any(|item| item.as_str() == Some(name)))
            {
                new = added(column);
            }
        });
    } else if add.clicked() {
        new = added("");
    }
    new
}

/// Columns to choose from, without those taken.
fn pick_column<'a>(ui: &mut Ui, columns: &'a [String], is_taken: impl Fn(&str) -> bool) -> Option<&'a str> {
    let mut chosen = None;
    ScrollArea::vertical().max_height(260.0).show(ui, |ui| {
        for name in columns.iter().filter(|name| !is_taken(name)) {
            if ui.selectable_label(false, name).clicked() {
                chosen = Some(name.as_str());
            }
        }
    });
    chosen
}

/// What happened to an entry.
enum Edited {
    No,
    Changed,
    Removed,
}

/// An entry of some width with a button that removes it.
fn chip(ui: &mut Ui, width: f32, remove: &str, edit: impl FnOnce(&mut Ui) -> bool) -> Edited {
    let (rect, _) = ui.allocate_exact_size(vec2(width + 20.0, 22.0), Sense::hover());
    ui.painter().rect_filled(rect, 5.0, Palette::of(ui).raised);
    inside(ui, rect, Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.spacing_mut().button_padding.y = 1.0;
        ui.spacing_mut().interact_size.y = 20.0;
        let changed = edit(ui);
        match icons::button(ui, Icon::Close, remove).clicked() {
            true => Edited::Removed,
            false if changed => Edited::Changed,
            false => Edited::No,
        }
    })
}

fn changed_list(items: &[Value], at: usize, edited: Edited, value: impl FnOnce() -> Value) -> Option<Vec<Value>> {
    let mut items = items.to_vec();
    match edited {
        Edited::No => return None,
        Edited::Changed => *items.get_mut(at)? = value(),
        Edited::Removed => drop(items.remove(at)),
    }
    Some(items)
}

/// Draws a map from columns to one of a few named things. Returns the new one when it was changed.
pub(super) fn map(
    ui: &mut Ui,
    path: &str,
    entries: &Map<String, Value>,
    field_schema: &Value,
    columns: &[String],
) -> Option<Value> {
    let variants = field_schema.get("additionalProperties").and_then(schema::variants).unwrap_or_default();
    let mut new = None;
    ui.vertical(|ui| {
        for (name, value) in entries {
            ui.horizontal(|ui| {
                if let Some(changed) = map_entry(ui, path, entries, name, value, &variants) {
                    new = Some(changed);
                }
            });
        }
        let Some(first) = variants.first() else { return };
        let add = ui
            .add(Button::new(RichText::new("Add a column").small()).small())
            .accessible_name(format!("Add to {path}"));
        Popup::menu(&add).close_behavior(PopupCloseBehavior::CloseOnClick).show(|ui| {
            if columns.is_empty() {
                ui.label("Open data first: its columns can then be chosen here.");
            }
            if let Some(column) = pick_column(ui, columns, |name| entries.contains_key(name)) {
                let mut entries = entries.clone();
                entries.insert(column.to_owned(), json!(first.name));
                new = Some(entries);
            }
        });
    });
    new.map(Value::Object)
}

fn map_entry(
    ui: &mut Ui,
    path: &str,
    entries: &Map<String, Value>,
    name: &str,
    value: &Value,
    variants: &[schema::Variant<'_>],
) -> Option<Map<String, Value>> {
    let mut new = None;
    let current = value.as_str().unwrap_or_default();
    ui.label(name);
    let combo = ComboBox::from_id_salt(("map", path, name)).width(90.0).selected_text(current).show_ui(ui, |ui| {
        for variant in variants {
            let line = ui.selectable_label(variant.name == current, variant.name);
            if line.on_hover_text(&variant.description).clicked() {
                let mut entries = entries.clone();
                entries.insert(name.to_owned(), json!(variant.name));
                new = Some(entries);
            }
        }
    });
    combo.response.accessible_name(format!("{path}.{name}"));
    if icons::button(ui, Icon::Close, &format!("Remove {path}.{name}")).clicked() {
        let mut entries = entries.clone();
        entries.remove(name);
        new = Some(entries);
    }
    new
}
