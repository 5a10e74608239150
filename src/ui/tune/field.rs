//! The widget that fits a setting: switch, number, choice, text, list or map, by the setting's own description.

use eframe::egui::{self, ComboBox, DragValue, Slider, SliderClamping, TextEdit, Ui};
use serde_json::{Map, Value, json};

use super::super::widgets::{slider as slider_widget, switch};
use super::list;
use crate::recipe::{Range, schema};

/// Draws a setting. Returns its new value when it was changed. `path` names the widgets; `columns` are the names of the
/// columns that are open.
pub(in crate::ui) fn show(
    ui: &mut Ui,
    path: &str,
    value: &Value,
    field_schema: &Value,
    default: Option<&Value>,
    columns: &[String],
) -> Option<Value> {
    if let Some(variants) = schema::variants(field_schema) {
        return choice(ui, path, value, &variants, columns);
    }
    match (type_of(field_schema), value) {
        ("boolean", Value::Bool(on)) => {
            let mut on = *on;
            switch(ui, &mut on, path).changed().then_some(Value::Bool(on))
        }
        ("integer", _) => integer(ui, path, value, field_schema),
        ("number", _) => number(ui, path, value, field_schema, default),
        ("array", Value::Array(items)) => list::show(ui, path, items, field_schema, columns),
        ("object", Value::Object(entries)) => list::map(ui, path, entries, field_schema, columns),
        _ => text(ui, path, value, field_schema, columns),
    }
}

/// Type that the description gives, `string` where it gives none.
pub(super) fn type_of(field_schema: &Value) -> &str {
    field_schema.get("type").and_then(Value::as_str).unwrap_or("string")
}

/// A value in a few words.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(text_of).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let entries = fields.iter().map(|(name, value)| format!("{name}({})", text_of(value)));
            entries.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn integer(ui: &mut Ui, path: &str, value: &Value, field_schema: &Value) -> Option<Value> {
    let range = Range::of(field_schema);
    // Seeds go up to 2^64; everything else fits i64 with room to spare.
    if let (Some(mut n), true) = (value.as_u64(), range.is_none_or(|r| r.min.unwrap_or(0.0) >= 0.0)) {
        let min = range.and_then(|r| r.min).unwrap_or(0.0) as u64;
        let max = range.and_then(|r| r.max).map_or(u64::MAX, |max| max as u64);
        let speed = (n as f64 * 0.01).max(0.1);
        let widget = DragValue::new(&mut n).range(min..=max).clamp_existing_to_range(false).speed(speed);
        return ui.add(widget).accessible_name(path).changed().then(|| json!(n));
    }
    let mut n = value.as_i64()?;
    let bound = |end: Option<f64>, or: i64| end.map_or(or, |end| end as i64);
    let (min, max) = (bound(range.and_then(|r| r.min), i64::MIN), bound(range.and_then(|r| r.max), i64::MAX));
    let widget = DragValue::new(&mut n).range(min..=max).clamp_existing_to_range(false);
    ui.add(widget).accessible_name(path).changed().then(|| json!(n))
}

/// A number: a slider where the range is a share of something, else a field to drag or type in.
fn number(ui: &mut Ui, path: &str, value: &Value, field_schema: &Value, default: Option<&Value>) -> Option<Value> {
    let mut x = value.as_f64().unwrap_or(f64::NAN);
    let range = Range::of(field_schema);
    let (min, max) = (range.and_then(|r| r.min), range.and_then(|r| r.max));
    // Steps of learning and tolerances live in magnitudes, not on a scale from 0 to 1.
    let is_tiny = default.and_then(Value::as_f64).is_some_and(|d| d != 0.0 && d.abs() < 0.01);
    let response = match (min, max) {
        (Some(min), Some(max)) if max <= 1.0 && !is_tiny => {
            let excluded = range.is_some_and(|r| r.min_excluded);
            let min = if excluded { min + 0.001 } else { min };
            ui.spacing_mut().slider_width = 150.0;
            // Typed values may leave the range: the check says so at the setting.
            let slider = Slider::new(&mut x, min..=max).clamping(SliderClamping::Never).max_decimals(4);
            slider_widget(ui, slider.step_by(0.001), path)
        }
        _ => {
            let speed = if is_tiny { x.abs() * 0.02 } else { (x.abs() * 0.01).max(0.01) };
            let bounds = min.unwrap_or(f64::MIN)..=max.unwrap_or(f64::MAX);
            let widget = DragValue::new(&mut x).range(bounds).clamp_existing_to_range(false).speed(speed);
            ui.add(widget.max_decimals(12)).accessible_name(path)
        }
    };
    (response.changed() && x.is_finite()).then(|| json!(x))
}

/// One of several forms, and the value it carries.
fn choice(
    ui: &mut Ui,
    path: &str,
    value: &Value,
    variants: &[schema::Variant<'_>],
    columns: &[String],
) -> Option<Value> {
    let (current, payload) = match value {
        Value::Object(fields) => fields.iter().next().map(|(name, value)| (name.as_str(), Some(value)))?,
        other => (other.as_str()?, None),
    };
    let mut new = None;
    let has_payload = payload.is_some();
    let width = if has_payload { 112.0 } else { 150.0 };
    let combo = ComboBox::from_id_salt(("choice", path)).width(width).selected_text(current).show_ui(ui, |ui| {
        for variant in variants {
            let line = ui.selectable_label(variant.name == current, variant.name);
            if line.on_hover_text(&variant.description).clicked() && variant.name != current {
                new = Some(match variant.payload {
                    None => Value::String(variant.name.to_owned()),
                    Some(payload) => tagged(variant.name, first_value(variant.name, payload, columns)),
                });
            }
        }
    });
    let about = variants.iter().find(|v| v.name == current).map(|v| v.description.as_str()).unwrap_or_default();
    combo.response.on_hover_text(about).accessible_name(path);
    let below = variants.iter().find(|v| v.name == current).and_then(|v| v.payload);
    if let (Some(payload), Some(below)) = (payload, below) {
        let path = format!("{path}.{current}");
        if let Some(value) = show(ui, &path, payload, below, None, columns) {
            new = Some(tagged(current, value));
        }
    }
    new
}

fn tagged(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value)]))
}

/// What a form carries when it is chosen: something that works and can be changed.
fn first_value(variant: &str, payload: &Value, columns: &[String]) -> Value {
    match (variant, type_of(payload)) {
        ("column", _) => json!(columns.first().map_or("", String::as_str)),
        ("count", _) => json!(256),
        ("percentile", _) => json!(95.0),
        ("winsorize", _) => json!(0.01),
        ("remove", _) => json!(3.0),
        ("remove_iqr", _) => json!(1.5),
        ("auto_at_least", _) => json!(125),
        ("alert_rate", _) => json!(10.0),
        ("gaussian", _) => json!(3.0),
        ("iqr", _) => json!(1.5),
        ("label", _) => json!("windows-1252"),
        ("pattern", _) => json!("%Y-%m-%d %H:%M:%S"),
        (_, "integer") => json!(Range::of(payload).and_then(|r| r.min).map_or(0, |min| min as i64)),
        (_, "number") => {
            let range = Range::of(payload);
            json!(if range.and_then(|r| r.min).is_some() { 0.5 } else { 0.0 })
        }
        _ => json!(""),
    }
}

/// Text; one of the columns where the setting names a column.
fn text(ui: &mut Ui, path: &str, value: &Value, field_schema: &Value, columns: &[String]) -> Option<Value> {
    let mut text = value.as_str()?.to_owned();
    if path.ends_with(".column") && !columns.is_empty() {
        return column(ui, path, &text, columns);
    }
    let is_char = field_schema.get("maxLength").and_then(Value::as_u64) == Some(1);
    let width = if is_char { 32.0 } else { 140.0 };
    let mut widget = TextEdit::singleline(&mut text).desired_width(width);
    if is_char {
        widget = widget.char_limit(1);
    }
    let changed = ui.add(widget).accessible_name(path).changed();
    (changed && !(is_char && text.is_empty())).then_some(Value::String(text))
}

fn column(ui: &mut Ui, path: &str, current: &str, columns: &[String]) -> Option<Value> {
    let mut chosen = None;
    let combo = ComboBox::from_id_salt(("column", path)).width(130.0).truncate().selected_text(current);
    let combo = combo.show_ui(ui, |ui| {
        egui::ScrollArea::vertical().max_height(260.0).show(ui, |ui| {
            for name in columns {
                if ui.selectable_label(name == current, name).clicked() {
                    chosen = Some(Value::String(name.clone()));
                }
            }
        });
    });
    combo.response.accessible_name(path);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;
    use crate::recipe::edit::to_tree;

    /// Every form that can be chosen yields a recipe without problems at that setting.
    #[test]
    fn first_values_fit() {
        fn visit(path: &str, node: &Value, node_schema: &Value, found: &mut usize) {
            for variant in schema::variants(node_schema).unwrap_or_default() {
                let Some(payload) = variant.payload else { continue };
                let value = tagged(variant.name, first_value(variant.name, payload, &["host".to_owned()]));
                let tree = super::super::tree::RecipeTree::of(&Recipe::default());
                let recipe = tree.with(path, value).unwrap_or_else(|| panic!("{path}: {}", variant.name));
                assert_eq!(recipe.check(), [], "{path}: {}", variant.name);
                *found += 1;
            }
            if let Some(fields) = node.as_object().filter(|_| super::super::tree::is_group(node, node_schema)) {
                for (name, value) in fields {
                    let below = schema::field(node_schema, name).unwrap();
                    visit(&super::super::tree::join(path, name), value, below, found);
                }
            }
        }
        let mut found = 0;
        visit("", &to_tree(&Recipe::default()), schema::recipe_schema(), &mut found);
        assert!(found >= 10, "{found}");
    }
}
