//! The recipe's own description of itself: documentation, ranges and choices of every field, read off its declaration.

use std::sync::OnceLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Recipe;

/// JSON schema of the recipe, with every definition in its place (no references).
pub fn recipe_schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
        settings.into_generator().into_root_schema_for::<Recipe>().to_value()
    })
}

/// Documentation of a field, without line breaks.
pub fn description(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Schema of a struct's field.
pub fn field<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema.get("properties")?.get(name)
}

/// One choice of a setting that has several forms.
#[derive(Debug, Clone)]
pub struct Variant<'a> {
    /// Name in files.
    pub name: &'a str,
    /// What it means.
    pub description: String,
    /// Schema of the value it carries, if any.
    pub payload: Option<&'a Value>,
}

/// The choices of a setting; `None` where it is not a choice.
pub fn variants(schema: &Value) -> Option<Vec<Variant<'_>>> {
    schema.get("oneOf")?.as_array()?.iter().map(variant).collect()
}

fn variant(schema: &Value) -> Option<Variant<'_>> {
    let description = description(schema);
    if let Some(name) = schema.get("const").and_then(Value::as_str) {
        return Some(Variant { name, description, payload: None });
    }
    let (name, payload) = schema.get("properties")?.as_object()?.iter().next()?;
    Some(Variant { name, description, payload: Some(payload) })
}

/// Whether the schema is a struct with named fields (and not a choice or a map).
pub fn is_struct(schema: &Value) -> bool {
    schema.get("properties").is_some()
}
