//! Changes a recipe by path: `detectors.one_class_svm.nu=0.2`.

use serde_json::{Map, Value};

use super::{Recipe, schema};

/// Why a setting could not be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text has no `=`.
    #[error("\"{0}\" is not of the form path=value, e.g. detectors.one_class_svm.nu=0.2")]
    NotAnAssignment(String),
    /// There is no such field.
    #[error("no setting \"{path}\"; {parent} has: {fields}")]
    UnknownPath {
        /// The path asked for.
        path: String,
        /// The deepest part of it that exists.
        parent: String,
        /// Names of the fields there.
        fields: String,
    },
    /// The value does not fit the field.
    #[error("{path}: \"{value}\" does not fit: {reason}")]
    BadValue {
        /// The path asked for.
        path: String,
        /// The value as written.
        value: String,
        /// Why, or what fits.
        reason: String,
    },
}

/// The recipe as a tree of JSON values, the form in which settings are addressed by path.
pub fn to_tree(recipe: &Recipe) -> Value {
    serde_json::to_value(recipe).unwrap_or(Value::Null)
}

/// Applies `path=value` to a recipe. Values are written as in recipe files: `0.2`, `true`, `scale`, `value(0.5)`,
/// `[5, 10]`, `column("host")`; a column may also be given by its bare name.
///
/// # Errors
/// When the path does not exist or the value has the wrong type. Ranges are the business of [`Recipe::check`].
pub fn set(recipe: &mut Recipe, assignment: &str) -> Result<(), EditError> {
    let (path, text) = assignment.split_once('=').ok_or_else(|| EditError::NotAnAssignment(assignment.to_owned()))?;
    let (path, text) = (path.trim(), text.trim());
    let bad = |reason: String| EditError::BadValue { path: path.to_owned(), value: text.to_owned(), reason };

    let mut tree = to_tree(recipe);
    let mut node = &mut tree;
    let mut node_schema = schema::recipe_schema();
    let mut walked = String::new();
    for step in path.split('.') {
        // A map (column types) takes any key; a struct only its fields.
        let child = schema::field(node_schema, step)
            .or_else(|| node_schema.get("additionalProperties").filter(|s| s.is_object()));
        let (Some(child_schema), Value::Object(fields)) = (child, node) else {
            let fields = node_schema.get("properties").and_then(Value::as_object);
            return Err(EditError::UnknownPath {
                path: path.to_owned(),
                parent: if walked.is_empty() { "the recipe".to_owned() } else { walked },
                fields: fields
                    .map_or_else(|| "no fields".to_owned(), |f| f.keys().cloned().collect::<Vec<_>>().join(", ")),
            });
        };
        node = fields.entry(step).or_insert(Value::Null);
        node_schema = child_schema;
        walked = if walked.is_empty() { step.to_owned() } else { format!("{walked}.{step}") };
    }
    *node = parse(text, node_schema).map_err(bad)?;
    *recipe = serde_json::from_value(tree).map_err(|e| bad(e.to_string()))?;
    Ok(())
}

/// Reads a value as the schema asks.
fn parse(text: &str, schema: &Value) -> Result<Value, String> {
    if let Some(variants) = schema::variants(schema) {
        return parse_variant(text, &variants);
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => text.parse().map(Value::Bool).map_err(|_| "write true or false".to_owned()),
        Some("integer") => {
            text.replace('_', "").parse::<i64>().map(Value::from).map_err(|_| "write a whole number".to_owned())
        }
        Some("number") => text
            .parse::<f64>()
            .ok()
            .filter(|x| x.is_finite())
            .map(Value::from)
            .ok_or_else(|| "write a number".to_owned()),
        Some("array") => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            if schema::is_struct(items) {
                return Err("its entries have several fields; write them in a recipe file".to_owned());
            }
            let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
            inner.split(',').map(str::trim).filter(|t| !t.is_empty()).map(|t| parse(t, items)).collect()
        }
        Some("object") => Err("set one of its fields instead".to_owned()),
        _ => Ok(Value::String(unquote(text).to_owned())),
    }
}

fn parse_variant(text: &str, variants: &[schema::Variant<'_>]) -> Result<Value, String> {
    let (name, argument) = match text.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.strip_suffix(')')),
        None => (text, None),
    };
    let tagged = |name: &str, value: Value| Value::Object(Map::from_iter([(name.to_owned(), value)]));
    if let Some(variant) = variants.iter().find(|v| v.name == name) {
        match (variant.payload, argument) {
            (None, None) => return Ok(Value::String(name.to_owned())),
            (Some(payload), Some(argument)) => return Ok(tagged(name, parse(argument.trim(), payload)?)),
            (Some(_), None) => return Err(format!("{name} needs a value: {name}(…)")),
            (None, Some(_)) => return Err(format!("{name} takes no value")),
        }
    }
    // A bare value means the first choice that can carry it: nu-like `0.5` for gamma, a column's name for a role.
    let bare = variants.iter().filter_map(|v| Some((v.name, v.payload?)));
    for (name, payload) in bare {
        if let Ok(value) = parse(text, payload) {
            return Ok(tagged(name, value));
        }
    }
    let choices: Vec<String> = variants
        .iter()
        .map(|v| if v.payload.is_some() { format!("{}(…)", v.name) } else { v.name.to_owned() })
        .collect();
    Err(format!("choose one of {}", choices.join(", ")))
}

fn unquote(text: &str) -> &str {
    text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{ColumnChoice, ColumnType, ComputeDevice, Gamma, MaxSamples, Statistic};

    fn edited(assignment: &str) -> Recipe {
        let mut recipe = Recipe::default();
        set(&mut recipe, assignment).unwrap();
        recipe
    }

    #[test]
    fn values_of_every_form() {
        assert_eq!(edited("detectors.one_class_svm.nu = 0.25").detectors.one_class_svm.nu, 0.25);
        assert_eq!(edited("detectors.one_class_svm.gamma=auto").detectors.one_class_svm.gamma, Gamma::Auto);
        assert_eq!(edited("detectors.one_class_svm.gamma=0.5").detectors.one_class_svm.gamma, Gamma::Value(0.5));
        assert_eq!(edited("detectors.one_class_svm.gamma=value(2)").detectors.one_class_svm.gamma, Gamma::Value(2.0));
        assert_eq!(
            edited("detectors.isolation_forest.max_samples=64").detectors.isolation_forest.max_samples,
            MaxSamples::Count(64)
        );
        assert_eq!(
            edited("detectors.isolation_forest.max_samples=0.5").detectors.isolation_forest.max_samples,
            MaxSamples::Fraction(0.5)
        );
        assert!(!edited("detectors.autoencoder.enabled=false").detectors.autoencoder.enabled);
        assert_eq!(edited("compute.device=cuda(1)").compute.device, ComputeDevice::Cuda(1));
        assert_eq!(edited("data.time=stamp").data.time, ColumnChoice::Column("stamp".into()));
        assert_eq!(edited("data.time=none").data.time, ColumnChoice::None);
        assert_eq!(edited("data.ignore=[a, \"b\"]").data.ignore, ["a", "b"]);
        assert_eq!(edited("data.column_types.port=text").data.column_types["port"], ColumnType::Text);
        let rolling = edited("features.time_series.rolling_statistics.statistics=mean,max")
            .features
            .time_series
            .rolling_statistics;
        assert_eq!(rolling.statistics, [Statistic::Mean, Statistic::Max]);
    }

    #[test]
    fn errors_say_what_fits() {
        let error = |assignment: &str| set(&mut Recipe::default(), assignment).unwrap_err().to_string();
        assert!(error("detectors.one_class_svm.nuu=1").contains("has: enabled, nu, kernel"));
        assert!(error("detectors.one_class_svm.nu.x=1").contains("no setting"));
        assert!(error("detectors.one_class_svm.nu=high").contains("write a number"));
        assert!(error("compute.threads=-1").contains("does not fit"));
        assert!(error("prepare.feature_scaling=big").contains("choose one of standard, minmax, robust, none"));
        assert!(error("detectors=1").contains("set one of its fields"));
        assert!(error("nonsense").contains("path=value"));
    }
}
