//! Explanations that were found already: by row, by what was asked, and by the settings it depends on, for a limited time.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Explanation, Method, Target};
use crate::engine::Snapshot;

/// Most explanations kept; some kilobytes each.
const MOST: usize = 20_000;

/// What was asked, and under which settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SettingsKey(u64);

/// An explanation, and the time until which it may be used.
type Entry = (Instant, Arc<Explanation>);

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Kept {
    entries: Mutex<HashMap<(u32, SettingsKey), Entry>>,
}

impl Kept {
    /// The model is that of the explainer; what remains are the question and the settings right of the scores.
    pub(super) fn settings(&self, snapshot: &Snapshot, target: Target, method: Method) -> SettingsKey {
        let mut hasher = DefaultHasher::new();
        (target, method).hash(&mut hasher);
        let recipe = &snapshot.recipe;
        // Debug text holds every field; settings are small.
        format!("{:?} {:?}", recipe.explanation, recipe.compute.seed).hash(&mut hasher);
        if target == Target::Combined {
            format!("{:?} {:?} {:?}", recipe.ensemble, recipe.severity, recipe.rules).hash(&mut hasher);
            for member in &snapshot.combined.members {
                (member.weight.to_bits(), member.vote_threshold.to_bits()).hash(&mut hasher);
            }
        }
        SettingsKey(hasher.finish())
    }

    pub(super) fn get(&self, row: u32, settings: SettingsKey) -> Option<Arc<Explanation>> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, explanation) = entries.get(&(row, settings))?;
        (Instant::now() < *until).then(|| Arc::clone(explanation))
    }

    /// Keeps an explanation for so many seconds.
    pub(super) fn put(&self, settings: SettingsKey, explanation: &Arc<Explanation>, secs: u32) {
        if secs == 0 {
            return;
        }
        let until = Instant::now() + Duration::from_secs(u64::from(secs));
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST {
            let now = Instant::now();
            entries.retain(|_, (until, _)| now < *until);
        }
        if entries.len() >= MOST {
            entries.clear();
        }
        entries.insert((explanation.row, settings), (until, Arc::clone(explanation)));
    }
}
