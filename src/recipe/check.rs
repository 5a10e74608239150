//! Finds everything wrong with a recipe, each problem with its path in the tree.

use std::fmt;

use serde_json::Value;

use super::{
    ChangeCost, ChangeMethod, FeaturesConfig, IsolationScoring, Recipe, SelectionMethod, edit::to_tree, schema,
};

/// One thing wrong with a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path in the tree, such as `detectors.one_class_svm.nu`.
    pub path: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Everything wrong with a recipe. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0.len();
        write!(f, "the recipe has {n} problem{}", if n == 1 { "" } else { "s" })?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl Recipe {
    /// Every problem of the recipe: values outside their documented range, and settings that contradict each other.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check_ranges(&to_tree(self), schema::recipe_schema(), "", &mut problems);
        self.check_rules(&mut problems);
        self.check_features(&mut problems);
        problems
    }

    /// Rules between fields, which a range cannot say.
    fn check_rules(&self, problems: &mut Vec<Problem>) {
        let mut problem = |path: &str, message: String| {
            problems.push(Problem { path: path.to_owned(), message });
        };
        if self.detectors.enabled().next().is_none() {
            problem("detectors", "no detector is enabled; enable at least one".to_owned());
        } else if self.detectors.enabled().all(|kind| self.ensemble.model_weights.get(kind) <= 0.0) {
            problem("ensemble.model_weights", "every enabled detector has weight 0; give one a weight".to_owned());
        }
        let forest = &self.detectors.isolation_forest;
        if forest.enabled && forest.extension_level > 0 && forest.scoring == IsolationScoring::Density {
            let message =
                "density is measured of splits by one feature only; set extension_level to 0 or scoring to depth";
            problem("detectors.isolation_forest.scoring", message.to_owned());
        }
        for (i, rule) in self.rules.iter().enumerate() {
            let name = rule.name.trim();
            if name.is_empty() {
                problem(&format!("rules[{i}].name"), "is empty; name the rule as alerts should show it".to_owned());
            } else if self.rules.iter().take(i).any(|other| other.name.trim() == name) {
                problem(&format!("rules[{i}].name"), format!("\"{name}\" is the name of another rule already"));
            }
            if rule.expression.trim().is_empty() {
                let example = "is empty; write a condition such as cpu > 90";
                problem(&format!("rules[{i}].expression"), example.to_owned());
            }
        }
        let s = &self.severity;
        if !(s.low <= s.medium && s.medium <= s.high && s.high <= s.critical) {
            problem("severity", "levels must not decrease from low over medium and high to critical".to_owned());
        }
        if !self.data.csv.quote.is_ascii() || self.data.csv.quote.is_ascii_alphanumeric() {
            problem(
                "data.csv.quote",
                format!("{:?} cannot be a quote; use one ASCII sign such as '\"'", self.data.csv.quote),
            );
        }
        let roles = [("time", &self.data.time), ("entity", &self.data.entity), ("label", &self.data.label)];
        for (i, (name, choice)) in roles.iter().enumerate() {
            let super::ColumnChoice::Column(column) = choice else { continue };
            if roles.iter().take(i).any(|(_, other)| other == choice) {
                problem(&format!("data.{name}"), format!("column \"{column}\" already has another role"));
            }
            if self.data.ignore.contains(column) {
                problem("data.ignore", format!("column \"{column}\" is ignored and used as {name} at once"));
            }
        }
    }
}

impl Recipe {
    /// Rules between the settings of features.
    fn check_features(&self, problems: &mut Vec<Problem>) {
        let mut problem = |path: String, message: &str| problems.push(Problem { path, message: message.to_owned() });
        let FeaturesConfig { raw, time_series, statistical, interactions, domain, text } = &self.features;
        let parts =
            [*raw, time_series.enabled, statistical.enabled, interactions.enabled, domain.enabled, text.enabled];
        if !parts.contains(&true) {
            problem("features".to_owned(), "everything is off; nothing is left to detect on");
        }
        let lists = [
            ("time_series.rolling_statistics", &time_series.rolling_statistics.windows),
            ("time_series.trend_analysis", &time_series.trend_analysis.windows),
            ("time_series.volatility", &time_series.volatility.windows),
            ("statistical", &statistical.windows),
        ];
        for (name, windows) in lists {
            let is_twice = |(at, window): (usize, &u32)| windows.iter().take(at).any(|other| other == window);
            if windows.iter().enumerate().any(is_twice) {
                problem(format!("features.{name}.windows"), "a window is listed twice");
            }
        }
        let changes = &time_series.change_points;
        let is_slow = matches!(changes.cost, ChangeCost::L1 | ChangeCost::Rbf);
        if changes.enabled && is_slow && changes.methods.contains(&ChangeMethod::Pelt) && !changes.pelt_looks_ahead() {
            let message = "row by row pelt knows the costs l2 and normal only; choose one of them, take pelt out of the \
                           methods, or turn look_ahead on";
            problem("features.time_series.change_points.cost".to_owned(), message);
        }
        let selection = &self.prepare.feature_selection;
        if selection.enabled && selection.method == SelectionMethod::Named && selection.names.is_empty() {
            let message = "is empty; name the features to keep, or choose another method";
            problem("prepare.feature_selection.names".to_owned(), message);
        }
    }
}

/// Checks numbers and lists of a tree against the ranges documented in its schema.
fn check_ranges(value: &Value, schema: &Value, path: &str, problems: &mut Vec<Problem>) {
    let mut problem = |message: String| problems.push(Problem { path: path.to_owned(), message });
    if let Some(variants) = schema::variants(schema) {
        // The value came from a typed recipe, so its variant exists.
        if let Some((name, payload)) = value.as_object().and_then(|o| o.iter().next())
            && let Some(payload_schema) = variants.iter().find(|v| v.name == name).and_then(|v| v.payload)
        {
            check_ranges(payload, payload_schema, path, problems);
        }
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(schema) = schema::field(schema, name) {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    check_ranges(value, schema, &path, problems);
                }
            }
        }
        Value::Array(items) => {
            let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
            if (items.len() as u64) < least {
                problem(format!("needs at least {least} entries"));
            }
            let Some(item_schema) = schema.get("items") else { return };
            for (i, item) in items.iter().enumerate() {
                check_ranges(item, item_schema, &format!("{path}[{i}]"), problems);
            }
        }
        // JSON has no NaN or infinity; both arrive here as null.
        Value::Null if is_number(schema) => problem("is not a finite number".to_owned()),
        Value::Number(number) => {
            if let (Some(x), Some(range)) = (number.as_f64(), Range::of(schema))
                && !range.contains(x)
            {
                problem(format!("{number} is out of range: {range}"));
            }
        }
        _ => {}
    }
}

fn is_number(schema: &Value) -> bool {
    matches!(schema.get("type").and_then(Value::as_str), Some("number" | "integer"))
}

/// Documented range of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Least value.
    pub min: Option<f64>,
    /// Whether the least value itself is out of range.
    pub min_excluded: bool,
    /// Largest value.
    pub max: Option<f64>,
}

impl Range {
    /// The range a schema gives, if any.
    pub fn of(schema: &Value) -> Option<Self> {
        let number = |key: &str| schema.get(key).and_then(Value::as_f64);
        let excluded = number("exclusiveMinimum");
        let range = Self {
            min: excluded.or_else(|| number("minimum")),
            min_excluded: excluded.is_some(),
            max: number("maximum"),
        };
        (range.min.is_some() || range.max.is_some()).then_some(range)
    }

    fn contains(&self, x: f64) -> bool {
        let above = self.min.is_none_or(|min| if self.min_excluded { x > min } else { x >= min });
        above && self.max.is_none_or(|max| x <= max)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_least = if self.min_excluded { "above" } else { "at least" };
        match (self.min, self.max) {
            (Some(min), Some(max)) => write!(f, "{at_least} {min}, at most {max}"),
            (Some(min), None) => write!(f, "{at_least} {min}"),
            (None, Some(max)) => write!(f, "at most {max}"),
            (None, None) => write!(f, "any number"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::recipe::{
        ChangeCost, ColumnChoice, Contamination, ErrorThreshold, FeaturesConfig, Gamma, IsolationScoring, Recipe,
        SelectionMethod,
    };

    #[test]
    fn default_has_no_problem() {
        assert_eq!(Recipe::default().check(), []);
    }

    #[test]
    fn every_problem_is_found_at_once_with_its_path() {
        let mut recipe = Recipe::default();
        recipe.detectors.one_class_svm.nu = 0.0;
        recipe.detectors.one_class_svm.gamma = Gamma::Value(-1.0);
        recipe.detectors.autoencoder.hidden_layers = vec![8, 0];
        recipe.detectors.autoencoder.error_threshold = ErrorThreshold::Percentile(101.0);
        recipe.detectors.isolation_forest.contamination = Contamination::Share(f64::NAN);
        recipe.severity.low = 0.6;
        recipe.data.time = ColumnChoice::Column("t".into());
        recipe.data.ignore = vec!["t".into()];
        let paths: Vec<String> = recipe.check().into_iter().map(|p| p.path).collect();
        assert_eq!(
            paths,
            [
                "detectors.isolation_forest.contamination",
                "detectors.one_class_svm.nu",
                "detectors.one_class_svm.gamma",
                "detectors.autoencoder.hidden_layers[1]",
                "detectors.autoencoder.error_threshold",
                "severity",
                "data.ignore",
            ]
        );
    }

    #[test]
    fn features_that_contradict_each_other_are_problems() {
        let mut recipe = Recipe::default();
        recipe.features.statistical.windows = vec![60, 60];
        recipe.features.time_series.change_points.cost = ChangeCost::Rbf;
        recipe.prepare.feature_selection.method = SelectionMethod::Named;
        let paths: Vec<String> = recipe.check().into_iter().map(|p| p.path).collect();
        assert_eq!(
            paths,
            [
                "features.statistical.windows",
                "features.time_series.change_points.cost",
                "prepare.feature_selection.names"
            ]
        );
        let nothing = FeaturesConfig { raw: false, ..FeaturesConfig::raw_only() };
        let paths = Recipe { features: nothing, ..Recipe::default() }.check();
        assert_eq!(paths[0].path, "features");
    }

    #[test]
    fn density_of_splits_by_several_features_is_a_problem() {
        let mut recipe = Recipe::default();
        recipe.detectors.isolation_forest.scoring = IsolationScoring::Density;
        assert_eq!(recipe.check(), []);
        recipe.detectors.isolation_forest.extension_level = 1;
        let problems = recipe.check();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].path, "detectors.isolation_forest.scoring");
        recipe.detectors.isolation_forest.enabled = false;
        assert_eq!(recipe.check(), []);
    }

    #[test]
    fn no_layers_and_no_detectors_are_problems() {
        let mut recipe = Recipe::default();
        recipe.detectors.autoencoder.hidden_layers.clear();
        for kind in crate::recipe::DetectorKind::ALL {
            recipe.detectors.set_enabled(*kind, false);
        }
        let paths: Vec<String> = recipe.check().into_iter().map(|p| p.path).collect();
        assert_eq!(paths, ["detectors.autoencoder.hidden_layers", "detectors"]);
    }
}
