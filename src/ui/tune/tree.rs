//! The recipe as a tree of settings that can be changed by path.

use serde_json::Value;

use crate::recipe::edit::to_tree;
use crate::recipe::{Problem, Recipe, schema};

/// A recipe with what the editor needs in every frame, worked out once per change.
#[derive(Debug)]
pub(in crate::ui) struct RecipeTree {
    recipe: Recipe,
    /// The recipe as a tree.
    pub(super) tree: Value,
    /// The default recipe as a tree.
    pub(super) default: Value,
    /// What is wrong with the recipe.
    pub(super) problems: Vec<Problem>,
}

impl RecipeTree {
    /// The tree of a recipe.
    pub(in crate::ui) fn of(recipe: &Recipe) -> Self {
        Self {
            recipe: recipe.clone(),
            tree: to_tree(recipe),
            default: to_tree(&Recipe::default()),
            problems: recipe.check(),
        }
    }

    /// Whether this is the tree of that recipe.
    pub(super) fn is_of(&self, recipe: &Recipe) -> bool {
        self.recipe == *recipe
    }

    /// The recipe with one setting changed. `None` where the value does not fit the setting.
    pub(in crate::ui) fn with(&self, path: &str, value: Value) -> Option<Recipe> {
        let mut tree = self.tree.clone();
        *at_mut(&mut tree, path)? = value;
        serde_json::from_value(tree).ok()
    }

    /// Value of a setting.
    pub(in crate::ui) fn value_of(&self, path: &str) -> Option<&Value> {
        at(&self.tree, path)
    }

    /// Value of a setting in the default recipe.
    pub(in crate::ui) fn default_of(&self, path: &str) -> Option<&Value> {
        at(&self.default, path)
    }

    /// Problems of a setting, or of an entry of its list.
    pub(in crate::ui) fn problems_of<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Problem> {
        self.problems.iter().filter(move |problem| {
            let rest = problem.path.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        })
    }
}

fn at<'a>(tree: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(tree, |node, step| node.get(step))
}

fn at_mut<'a>(tree: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    path.split('.').try_fold(tree, |node, step| node.get_mut(step))
}

/// Path of a field below a group.
pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Whether a node is a group of fields: a struct, not a choice, list or map.
pub(super) fn is_group(node: &Value, schema: &Value) -> bool {
    node.is_object() && schema::is_struct(schema) && schema::variants(schema).is_none()
}

/// Settings below a node that differ from the default.
pub(super) fn n_changed(node: &Value, default: Option<&Value>, schema: &Value) -> usize {
    match node.as_object().filter(|_| is_group(node, schema)) {
        Some(fields) => fields
            .iter()
            .map(|(name, value)| {
                let below = schema::field(schema, name).unwrap_or(&Value::Null);
                n_changed(value, default.and_then(|d| d.get(name)), below)
            })
            .sum(),
        None => usize::from(default.is_none_or(|default| default != node)),
    }
}

/// Whether the name, the path or the documentation of a node or of anything below it contains the text (lower case).
pub(super) fn is_found(path: &str, node: &Value, schema: &Value, text: &str) -> bool {
    if text.is_empty()
        || path.to_lowercase().contains(text)
        || schema::description(schema).to_lowercase().contains(text)
    {
        return true;
    }
    let Some(fields) = node.as_object().filter(|_| is_group(node, schema)) else { return false };
    fields.iter().any(|(name, value)| {
        let below = schema::field(schema, name).unwrap_or(&Value::Null);
        is_found(&join(path, name), value, below, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_change_by_path_and_are_held_against_the_default() {
        let tree = RecipeTree::of(&Recipe::default());
        let schema = schema::recipe_schema();
        assert_eq!(n_changed(&tree.tree, Some(&tree.default), schema), 0);
        let recipe = tree.with("ensemble.model_weights.autoencoder", json!(0.7)).unwrap();
        assert_eq!(recipe.ensemble.model_weights.autoencoder, 0.7);
        let tree = RecipeTree::of(&recipe);
        assert_eq!(n_changed(&tree.tree, Some(&tree.default), schema), 1);
        assert!(tree.with("compute.threads", json!("many")).is_none() && tree.with("no.such", json!(1)).is_none());
    }

    #[test]
    fn search_looks_into_names_and_documentation() {
        let tree = RecipeTree::of(&Recipe::default());
        let schema = schema::recipe_schema();
        let group = |name: &str| (tree.tree.get(name).unwrap(), schema::field(schema, name).unwrap());
        let found = |name: &str, text: &str| is_found(name, group(name).0, group(name).1, text);
        assert!(found("detectors", "n_estimators") && found("detectors", "step size of the optimiser"));
        assert!(!found("alerts", "n_estimators") && found("alerts", ""));
    }

    #[test]
    fn problems_are_found_at_their_setting() {
        let mut recipe = Recipe::default();
        recipe.detectors.autoencoder.hidden_layers = vec![8, 0];
        let tree = RecipeTree::of(&recipe);
        assert_eq!(tree.problems_of("detectors.autoencoder.hidden_layers").count(), 1);
        assert_eq!(tree.problems_of("detectors.autoencoder").count(), 0);
    }
}
