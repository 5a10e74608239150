//! Keys of results: everything that a result depends on, in one number.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::analysis::features::{FeatureInput, FeaturePlan};
use crate::data::Table;
use crate::recipe::{DetectorKind, Recipe, edit::to_tree};

/// Settings of a detector that say when it votes, not how it scores: they must not cause a refit.
const VOTE_SETTINGS: [&str; 4] = ["enabled", "contamination", "error_threshold", "limit"];

/// Identity of a stage's result: of its input, its settings and the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::engine) struct StageKey(u64);

impl StageKey {
    /// Key of the prepared features of a table.
    pub(in crate::engine) fn prepared(table: &Arc<Table>, recipe: &Recipe) -> Self {
        let tree = to_tree(recipe);
        let settings = [part(&tree, "features"), part(&tree, "prepare")];
        // Tables never change, so the address identifies one for as long as the cache keeps it alive.
        Self::of((Arc::as_ptr(table) as usize, settings.map(Value::to_string), recipe.compute.memory_limit_mb))
    }

    /// Key of a detector's scores of prepared features.
    pub(in crate::engine) fn scores(prepared: Self, kind: DetectorKind, recipe: &Recipe, device: &str) -> Self {
        let tree = to_tree(recipe);
        let mut settings = part(part(&tree, "detectors"), kind.name()).clone();
        if let Value::Object(fields) = &mut settings {
            fields.retain(|name, _| !VOTE_SETTINGS.contains(&name.as_str()));
        }
        Self::of((prepared, kind.name(), settings.to_string(), recipe.compute.seed, recipe.compute.chunk_size, device))
    }

    fn of(parts: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        parts.hash(&mut hasher);
        Self(hasher.finish())
    }
}

fn part<'a>(tree: &'a Value, name: &str) -> &'a Value {
    tree.get(name).unwrap_or(&Value::Null)
}

/// What the columns of a table hold, each read once. Clones share what they know.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    columns: Arc<Mutex<HashMap<String, u64>>>,
}

impl Contents {
    /// Key of a node's features: what the step is, what its columns hold, in which order, and what is learned from. The same
    /// in every run of this version of the program.
    pub(super) fn key(&self, plan: &FeaturePlan, node: usize, input: &FeatureInput<'_>) -> u64 {
        let mut hasher = DefaultHasher::new();
        (env!("CARGO_PKG_VERSION"), plan.node_identity(node)).hash(&mut hasher);
        self.of("\u{0}order", || {
            let mut hasher = DefaultHasher::new();
            input.order.rows().hash(&mut hasher);
            input.order.groups().for_each(|group| group.len().hash(&mut hasher));
            input.table.time().hash(&mut hasher);
            input.table.entities().map(|entities| &entities.names).hash(&mut hasher);
            hasher.finish()
        })
        .hash(&mut hasher);
        input.training().hash(&mut hasher);
        for column in plan.node_columns(node) {
            self.of(column, || content(input.table, column)).hash(&mut hasher);
        }
        hasher.finish()
    }

    fn of(&self, name: &str, compute: impl FnOnce() -> u64) -> u64 {
        let lock = || self.columns.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(name).copied();
        known.unwrap_or_else(|| {
            let content = compute();
            lock().insert(name.to_owned(), content);
            content
        })
    }
}

/// A number for what a column holds.
fn content(table: &Table, column: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Some(values) = table.numbers(column) {
        values.iter().for_each(|value| value.to_bits().hash(&mut hasher));
    } else {
        table.texts(column).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::edit;

    fn key_with(assignment: &str) -> StageKey {
        let mut recipe = Recipe::default();
        edit::set(&mut recipe, assignment).unwrap();
        StageKey::scores(StageKey(1), DetectorKind::IsolationForest, &recipe, "cpu")
    }

    #[test]
    fn only_settings_that_change_the_scores_change_the_key() {
        let same = key_with("compute.seed=42");
        assert_eq!(key_with("detectors.isolation_forest.contamination=0.2"), same);
        assert_eq!(key_with("detectors.one_class_svm.nu=0.5"), same);
        assert_eq!(key_with("ensemble.contamination=0.01"), same);
        assert_ne!(key_with("detectors.isolation_forest.n_estimators=7"), same);
        assert_ne!(key_with("detectors.isolation_forest.scoring=density"), same);
        assert_ne!(key_with("compute.seed=7"), same);
    }
}
