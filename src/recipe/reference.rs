//! Writes recipes as RON with the documentation of every field above it.

use serde_json::Value;

use super::{Recipe, edit::to_tree, schema};

const WIDTH: usize = 110;

/// The default recipe with every field explained.
pub fn commented_default() -> String {
    format!(
        "// The default recipe of tarsier {}: every setting, with its meaning, range and default.\n\
         // A recipe file needs only the fields it changes.\n{}",
        env!("CARGO_PKG_VERSION"),
        commented(&Recipe::default())
    )
}

/// A recipe with every field explained.
pub fn commented(recipe: &Recipe) -> String {
    let mut out = String::new();
    write_value(&to_tree(recipe), schema::recipe_schema(), 0, &mut out);
    out.push('\n');
    out
}

fn write_value(value: &Value, schema: &Value, depth: usize, out: &mut String) {
    if let Some(variants) = schema::variants(schema) {
        match value {
            Value::String(name) => out.push_str(name),
            Value::Object(fields) => {
                for (name, payload) in fields {
                    let payload_schema = variants.iter().find(|v| v.name == name).and_then(|v| v.payload);
                    out.push_str(name);
                    out.push('(');
                    write_value(payload, payload_schema.unwrap_or(&Value::Null), depth, out);
                    out.push(')');
                }
            }
            _ => {}
        }
        return;
    }
    match value {
        Value::Object(fields) if schema::is_struct(schema) => {
            out.push_str("(\n");
            for (name, value) in fields {
                let Some(field) = schema::field(schema, name) else { continue };
                write_comment(field, depth + 1, out);
                indent(depth + 1, out);
                out.push_str(name);
                out.push_str(": ");
                write_value(value, field, depth + 1, out);
                out.push_str(",\n");
            }
            indent(depth, out);
            out.push(')');
        }
        Value::Object(entries) => {
            let item = schema.get("additionalProperties").unwrap_or(&Value::Null);
            out.push('{');
            for (i, (key, value)) in entries.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                out.push_str(&Value::String(key.clone()).to_string());
                out.push_str(": ");
                write_value(value, item, depth, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            let item = schema.get("items").unwrap_or(&Value::Null);
            out.push('[');
            for (i, value) in items.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { ", " });
                write_value(value, item, depth, out);
            }
            out.push(']');
        }
        Value::String(text) if is_char(schema) => out.push_str(&format!("{:?}", text.chars().next().unwrap_or('"'))),
        other => out.push_str(&other.to_string()),
    }
}

fn is_char(schema: &Value) -> bool {
    schema.get("maxLength").and_then(Value::as_u64) == Some(1)
}

/// The field's documentation, and its choices one per line.
fn write_comment(schema: &Value, depth: usize, out: &mut String) {
    if depth == 1 {
        out.push('\n');
    }
    for line in wrap(&schema::description(schema), WIDTH.saturating_sub(4 * depth)) {
        indent(depth, out);
        out.push_str("// ");
        out.push_str(&line);
        out.push('\n');
    }
    let choices = schema.get("items").unwrap_or(schema);
    let fields = choices.get("properties").and_then(Value::as_object).filter(|_| schema.get("items").is_some());
    for (name, field) in fields.into_iter().flatten() {
        let text = format!("{name}: {}", schema::description(field));
        for (i, line) in wrap(&text, WIDTH.saturating_sub(4 * depth + 4)).iter().enumerate() {
            indent(depth, out);
            out.push_str(if i == 0 { "//   " } else { "//     " });
            out.push_str(line);
            out.push('\n');
        }
        let choices = schema::variants(field).unwrap_or_default();
        for variant in choices {
            indent(depth, out);
            out.push_str(&format!("//     {}: {}\n", variant.name, variant.description));
        }
    }
    for variant in schema::variants(choices).unwrap_or_default() {
        indent(depth, out);
        let form = if variant.payload.is_some() { format!("{}(…)", variant.name) } else { variant.name.to_owned() };
        out.push_str(&format!("//   {form}: {}\n", variant.description));
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("    ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{ColumnChoice, ColumnType, ErrorThreshold, Gamma, Imputation, RuleConfig};

    #[test]
    fn reference_reads_back_as_the_default() {
        assert_eq!(Recipe::from_ron(&commented_default()).unwrap(), Recipe::default());
    }

    #[test]
    fn every_field_is_documented() {
        fn visit(value: &Value, schema: &Value, path: &str) {
            let Value::Object(fields) = value else { return };
            if schema::is_struct(schema) && schema::variants(schema).is_none() {
                for (name, value) in fields {
                    let field = schema::field(schema, name).unwrap();
                    assert!(schema::description(field).len() > 10, "{path}.{name} lacks documentation");
                    visit(value, field, &format!("{path}.{name}"));
                }
            }
        }
        visit(&to_tree(&Recipe::default()), schema::recipe_schema(), "");
    }

    #[test]
    fn rules_are_written_with_their_fields() {
        let text = commented_default();
        assert!(text.contains("//   expression: What must hold, as a SQL expression"), "{text}");
        assert!(text.contains("//     critical: Critical."), "{text}");
        let rule =
            RuleConfig { name: "a \"b\"".into(), expression: "cpu > 90\nAND x = 'y'".into(), ..RuleConfig::default() };
        let recipe =
            Recipe { rules: vec![rule.clone(), RuleConfig { min_duration_secs: 60, ..rule }], ..Recipe::default() };
        assert_eq!(Recipe::from_ron(&commented(&recipe)).unwrap(), recipe);
    }

    #[test]
    fn unusual_values_survive_the_file() {
        let mut recipe = Recipe::default();
        recipe.data.time = ColumnChoice::Column("when \"exactly\"".into());
        recipe.data.csv.quote = '\'';
        recipe.data.column_types.insert("port".into(), ColumnType::Text);
        recipe.data.ignore = vec!["ünïcode".into()];
        recipe.prepare.imputation = Imputation::Constant(-1.5);
        recipe.detectors.one_class_svm.gamma = Gamma::Value(1e-9);
        recipe.detectors.autoencoder.error_threshold = ErrorThreshold::Fixed(0.1);
        assert_eq!(Recipe::from_ron(&commented(&recipe)).unwrap(), recipe);
    }
}
