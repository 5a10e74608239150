//! Keys of results: everything that a result depends on, in one number.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use serde_json::Value;

use crate::analysis::ensemble::Feedback;
use crate::analysis::features::{FeatureInput, FeaturePlan};
use crate::analysis::prepare;
use crate::cx::Cx;
use crate::data::Table;
use crate::recipe::{DetectorKind, Recipe, edit::to_tree};

/// The code that results come from; see `build.rs`.
const CODE: &str = env!("TARSIER_ALGORITHMS");

/// Settings of a detector that say when it votes, not how it scores: they must not cause a refit.
const VOTE_SETTINGS: [&str; 4] = ["enabled", "contamination", "error_threshold", "limit"];

/// Identity of a stage's result: of its input, its settings, the seed, and the code it comes from. The same in every start
/// of the program, whatever the number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::engine) struct StageKey(pub(super) u64);

impl StageKey {
    /// Key of a detector's scores of `data`: the prepared features or the series.
    pub(in crate::engine) fn scores(data: Self, kind: DetectorKind, recipe: &Recipe, device: &str) -> Self {
        let tree = to_tree(recipe);
        let mut settings = part(part(&tree, "detectors"), kind.name()).clone();
        if let Value::Object(fields) = &mut settings {
            fields.retain(|name, _| !VOTE_SETTINGS.contains(&name.as_str()));
        }
        // Any card of a kind computes the same.
        let device_kind = device.split(':').next();
        let compute = (recipe.compute.seed, recipe.compute.chunk_size, device_kind);
        Self(hash((CODE, data, kind.name(), settings.to_string(), compute)))
    }
}

impl StageKey {
    /// Key of something that is found along with a result.
    pub(in crate::engine) fn along(self, what: &str, limit: u32) -> Self {
        Self(hash((self, what, limit)))
    }
}

impl StageKey {
    /// Key of a run: of the scores of all its detectors.
    pub(in crate::engine) fn run(scores: &[Self]) -> Self {
        Self(hash(scores))
    }

    /// Key of the explanations of some rows of a run under the settings that follow the scores.
    pub(in crate::engine) fn explanations(self, recipe: &Recipe, feedback: &[Feedback], rows: &[u32]) -> Self {
        let tree = to_tree(recipe);
        let settings = ["ensemble", "severity", "rules", "explanation"].map(|section| part(&tree, section).to_string());
        let feedback: Vec<(u32, bool)> = feedback.iter().map(|one| (one.row, one.is_anomaly)).collect();
        Self(hash((self, CODE, settings, feedback, rows)))
    }
}

fn hash(parts: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
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
    /// Key of a node's features: what the step is, what its columns hold, in which order, and what is learned from.
    pub(super) fn node(&self, plan: &FeaturePlan, node: usize, input: &FeatureInput<'_>) -> u64 {
        let columns: Vec<u64> = plan.node_columns(node).map(|column| self.column(column, input.table)).collect();
        hash((CODE, plan.node_identity(node), self.order(input), input.training(), columns))
    }

    /// Key of the prepared features: all nodes, and how they are prepared.
    pub(super) fn prepared(&self, plan: &FeaturePlan, input: &FeatureInput<'_>, recipe: &Recipe, cx: &Cx) -> StageKey {
        // Each column is read once, side by side.
        plan.sources().par_iter().for_each(|column| {
            self.column(column, input.table);
        });
        let nodes: Vec<u64> = (0..plan.n_nodes()).map(|node| self.node(plan, node, input)).collect();
        // Labels, seed and the room there is take part in selecting features, and in nothing else.
        let selection = recipe.prepare.feature_selection.enabled.then(|| {
            let room = prepare::capacity(plan, input.table.n_rows(), &recipe.prepare, cx);
            (input.table.label(), recipe.compute.seed, room)
        });
        StageKey(hash((CODE, nodes, preparation(recipe), selection)))
    }

    /// Key of the measured columns as series, and of how detectors learn from them.
    pub(super) fn series(&self, plan: &FeaturePlan, input: &FeatureInput<'_>, recipe: &Recipe) -> StageKey {
        let columns: Vec<_> = plan.sources().iter().map(|name| (name, self.column(name, input.table))).collect();
        StageKey(hash((CODE, columns, self.order(input), input.training(), preparation(recipe))))
    }

    fn order(&self, input: &FeatureInput<'_>) -> u64 {
        self.of("\u{0}order", || {
            let groups: Vec<usize> = input.order.groups().map(<[u32]>::len).collect();
            let names = input.table.entities().map(|entities| &entities.names);
            hash((input.order.rows(), groups, input.table.time(), names))
        })
    }

    fn column(&self, name: &str, table: &Table) -> u64 {
        self.of(name, || content(table, name))
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

fn preparation(recipe: &Recipe) -> String {
    part(&to_tree(recipe), "prepare").to_string()
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
