//! Keeps what is dear to compute, keyed by all it depends on, so that a changed setting repeats only what follows it.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::analysis::prepare::Prepared;
use crate::data::Table;
use crate::recipe::{DetectorKind, Recipe, edit::to_tree};

/// Settings of a detector that say when it votes, not how it scores: they must not cause a refit.
const VOTE_SETTINGS: [&str; 4] = ["enabled", "contamination", "error_threshold", "limit"];

/// Identity of a stage's result: of its input, its settings and the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct StageKey(u64);

impl StageKey {
    /// Key of the prepared features of a table.
    pub(super) fn prepared(table: &Arc<Table>, recipe: &Recipe) -> Self {
        let tree = to_tree(recipe);
        let settings = [part(&tree, "features"), part(&tree, "prepare")];
        // Tables never change, so the address identifies one for as long as the entry below keeps it alive.
        Self::of((Arc::as_ptr(table) as usize, settings.map(Value::to_string)))
    }

    /// Key of a detector's scores of prepared features.
    pub(super) fn scores(prepared: Self, kind: DetectorKind, recipe: &Recipe, device: &str) -> Self {
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

/// Results of the table worked on: features of its latest settings, scores of every setting tried.
#[derive(Debug, Default)]
pub(super) struct Cache {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    table: Option<Arc<Table>>,
    prepared: Option<(StageKey, Arc<Prepared>)>,
    scores: HashMap<StageKey, Arc<Vec<f64>>>,
}

impl Cache {
    /// Forgets everything about other tables.
    pub(super) fn keep_only(&self, table: &Arc<Table>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.table.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, table)) {
            *state = State { table: Some(Arc::clone(table)), ..State::default() };
        }
    }

    pub(super) fn prepared(&self, key: StageKey) -> Option<Arc<Prepared>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.prepared.as_ref().filter(|(kept, _)| *kept == key).map(|(_, prepared)| Arc::clone(prepared))
    }

    /// Keeps one prepared matrix only: it is the largest thing in memory.
    pub(super) fn put_prepared(&self, key: StageKey, prepared: &Arc<Prepared>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.prepared = Some((key, Arc::clone(prepared)));
    }

    pub(super) fn scores(&self, key: StageKey) -> Option<Arc<Vec<f64>>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).scores.get(&key).cloned()
    }

    pub(super) fn put_scores(&self, key: StageKey, scores: &Arc<Vec<f64>>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).scores.insert(key, Arc::clone(scores));
    }
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
        assert_ne!(key_with("compute.seed=7"), same);
    }
}
