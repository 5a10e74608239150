//! The rules of the recipe: one card each, checked against the open data while they are written.

use eframe::egui::{Align, FontSelection, Layout, RichText, ScrollArea, TextEdit, TextStyle, Ui};
use serde_json::Value;

use super::super::icons::{self, Icon};
use super::super::theme::{GAP, GAP_S, Palette};
use super::super::widgets::{Tone, card, remark, switch};
use super::field;
use super::tree::RecipeTree;
use crate::app::RuleChecks;
use crate::recipe::{RuleConfig, schema};

/// Most names in the menu of columns and features.
const MOST_NAMES: usize = 400;

/// Draws the rules. Returns them anew when something was changed.
pub(super) fn show(
    ui: &mut Ui,
    tree: &RecipeTree,
    rules: &[Value],
    schema: &Value,
    checks: &RuleChecks,
) -> Option<Value> {
    let item = schema.get("items").unwrap_or(&Value::Null);
    let mut new: Option<Vec<Value>> = None;
    for (i, rule) in rules.iter().enumerate() {
        let mut edit = Edit { path: format!("rules[{i}]"), rule, item, changed: None, is_removed: false };
        card(ui, |ui| edit.show(ui, tree, checks, checks.problems.get(i).and_then(Option::as_deref)));
        ui.add_space(GAP_S);
        if edit.is_removed {
            new.get_or_insert_with(|| rules.to_vec()).remove(i);
        } else if let (Some(rule), Some(place)) = (edit.changed, new.get_or_insert_with(|| rules.to_vec()).get_mut(i)) {
            *place = rule;
        }
    }
    if rules.is_empty() {
        let text = "A rule makes rows anomalous by a condition you write, whatever the detectors say: cpu > 90";
        ui.label(RichText::new(text).color(Palette::of(ui).weak));
    }
    if ui.button("Add a rule").accessible_name("Add a rule to rules").clicked() {
        let n = (1..).find(|n| rules.iter().all(|rule| rule.get("name") != Some(&Value::String(format!("Rule {n}")))));
        let rule = RuleConfig { name: format!("Rule {}", n.unwrap_or(1)), ..RuleConfig::default() };
        new.get_or_insert_with(|| rules.to_vec()).push(serde_json::to_value(rule).unwrap_or_default());
    }
    ui.add_space(GAP);
    new.filter(|new| new != rules).map(Value::Array)
}

/// One rule on its card.
struct Edit<'a> {
    path: String,
    rule: &'a Value,
    item: &'a Value,
    changed: Option<Value>,
    is_removed: bool,
}

impl Edit<'_> {
    fn show(&mut self, ui: &mut Ui, tree: &RecipeTree, checks: &RuleChecks, problem: Option<&str>) {
        ui.spacing_mut().item_spacing.y = GAP_S;
        ui.horizontal(|ui| {
            let mut enabled = self.rule.get("enabled").and_then(Value::as_bool).unwrap_or(true);
            if switch(ui, &mut enabled, &format!("{}.enabled", self.path)).changed() {
                self.set("enabled", Value::Bool(enabled));
            }
            self.text(ui, "name", "Name in alerts");
            self.field(ui, "severity");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if icons::button(ui, Icon::Close, &format!("Remove {}", self.path)).clicked() {
                    self.is_removed = true;
                }
                self.names_menu(ui, &checks.names);
            });
        });
        self.expression(ui);
        ui.horizontal(|ui| {
            ui.label("fires after");
            self.field(ui, "min_duration_secs");
            ui.label("seconds, then again at the earliest");
            self.field(ui, "cool_down_secs");
            ui.label("seconds after it ended");
        });
        for name in ["name", "expression", "min_duration_secs", "cool_down_secs"] {
            for problem in tree.problems_of(&format!("{}.{name}", self.path)) {
                remark(ui, Tone::Error, &format!("{name} {}", problem.message));
            }
        }
        let is_empty = self.rule.get("expression").and_then(Value::as_str).is_none_or(|text| text.trim().is_empty());
        if let Some(problem) = problem.filter(|_| !is_empty) {
            remark(ui, Tone::Error, problem);
        }
    }

    fn set(&mut self, name: &str, value: Value) {
        let mut rule = self.changed.take().unwrap_or_else(|| self.rule.clone());
        if let Some(fields) = rule.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
        self.changed = Some(rule);
    }

    fn field(&mut self, ui: &mut Ui, name: &str) {
        let (Some(value), Some(schema)) = (self.rule.get(name), schema::field(self.item, name)) else { return };
        let path = format!("{}.{name}", self.path);
        if let Some(new) = field::show(ui, &path, value, schema, None, &[]) {
            self.set(name, new);
        }
    }

    fn text(&mut self, ui: &mut Ui, name: &str, hint: &str) {
        let mut text = self.rule.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let edit = TextEdit::singleline(&mut text).desired_width(190.0).hint_text(hint);
        if ui.add(edit).accessible_name(format!("{}.{name}", self.path)).changed() {
            self.set(name, Value::String(text));
        }
    }

    fn expression(&mut self, ui: &mut Ui) {
        let mut text = self.rule.get("expression").and_then(Value::as_str).unwrap_or_default().to_owned();
        let edit = TextEdit::multiline(&mut text)
            .desired_rows(2)
            .desired_width(f32::INFINITY)
            .font(FontSelection::Style(TextStyle::Monospace))
            .hint_text("cpu > 90 AND latency_ms > 2 * latency_ms_mean_30");
        if ui.add(edit).accessible_name(format!("{}.expression", self.path)).changed() {
            self.set("expression", Value::String(text));
        }
    }

    /// Columns and features to put into the expression.
    fn names_menu(&mut self, ui: &mut Ui, names: &[String]) {
        if names.is_empty() {
            return;
        }
        ui.menu_button("Insert a column…", |ui| {
            ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                for name in names.iter().take(MOST_NAMES) {
                    if ui.button(name).clicked() {
                        let before = self.rule.get("expression").and_then(Value::as_str).unwrap_or_default();
                        let gap = if before.is_empty() || before.ends_with(char::is_whitespace) { "" } else { " " };
                        self.set("expression", Value::String(format!("{before}{gap}{}", quoted(name))));
                        ui.close();
                    }
                }
            });
        });
    }
}

/// A name as it stands in an expression: in double quotes unless it is made of letters, digits and _.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.chars().all(is_plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_are_quoted_where_sql_asks_for_it() {
        assert_eq!(
            ["cpu_1", "latency ms", "5xx", "a\"b"].map(quoted),
            ["cpu_1", "\"latency ms\"", "\"5xx\"", "\"a\"\"b\""]
        );
    }
}
