//! Keeps what is dear to compute, keyed by all it depends on, so that a changed setting repeats only what follows it, and a
//! run of yesterday repeats nothing.
//!
//! Keys are made of content, so what is kept is never out of date; the limits of time and size only make room. What was
//! told the user while a result was computed is kept with it and told again.

mod disk;
mod file;
mod folder;
mod key;
mod nearest;
mod store;

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::disk::{Disk, Kind};
use self::file::Parts;
use self::key::Contents;
use self::store::{Limits, Store};
use crate::analysis::detect::NearestRows;
use crate::analysis::features::{FeatureError, FeatureInput, FeaturePlan, FittedNode, NodeColumns};
use crate::analysis::prepare::{NodeResult, Prepared};
use crate::cx::Cx;
use crate::data::Table;
use crate::recipe::{CacheConfig, Recipe};

pub use self::folder::{CacheUse, cache_use, clear_cache};
pub(super) use self::key::StageKey;

/// Features and matrices that were computed quicker than this are not worth a file. Scores are small and always are.
const WORTH_A_FILE: Duration = Duration::from_millis(200);

/// A result, and what the user was told while it was computed.
#[derive(Debug)]
struct Kept<T> {
    value: T,
    warnings: Vec<String>,
}

impl<T> Kept<T> {
    /// Computes a result and notes the warnings.
    fn compute<E>(cx: &Cx, compute: impl FnOnce(&Cx) -> Result<T, E>) -> Result<Self, E> {
        let own = cx.with_own_warnings();
        let value = compute(&own);
        let warnings = own.warnings();
        // Told even where the result fails.
        warnings.iter().for_each(|warning| cx.warn(warning));
        Ok(Self { value: value?, warnings })
    }

    fn warn(&self, cx: &Cx) {
        self.warnings.iter().for_each(|warning| cx.warn(warning));
    }
}

/// Results of earlier runs: features and scores of any table, the matrix of the table worked on.
#[derive(Debug, Default)]
pub(super) struct Cache {
    state: Mutex<State>,
    disk: Option<Disks>,
}

#[derive(Debug, Default)]
struct State {
    table: Option<Arc<Table>>,
    contents: Contents,
    prepared: Option<(StageKey, Arc<Kept<Arc<Prepared>>>)>,
    nearest: Option<(StageKey, Arc<NearestRows>)>,
    scores: Store<u64, Kept<Arc<Vec<f64>>>>,
    features: Store<u64, Kept<Arc<NodeColumns>>>,
}

/// Two folders, each with its share of the room: many features must not drive out the few scores.
#[derive(Debug)]
struct Disks {
    features: Disk,
    scores: Disk,
}

impl Cache {
    /// A cache that also keeps results in files under a folder.
    pub(super) fn on_disk(folder: PathBuf) -> Self {
        let [features, scores] = folder::parts(&folder).map(Disk::new);
        Self { state: Mutex::default(), disk: Some(Disks { features, scores }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of what belongs to other tables. Features and scores are known by their content and stay.
    pub(super) fn keep_only(&self, table: &Arc<Table>) {
        let mut state = self.state();
        if !state.table.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, table)) {
            state.table = Some(Arc::clone(table));
            state.contents = Contents::default();
            state.prepared = None;
            state.nearest = None;
        }
    }

    /// Lets go of what exceeds the limits in memory.
    pub(super) fn make_room(&self, config: &CacheConfig) {
        let mut state = self.state();
        state.features.make_room(0, in_memory(config, Kind::Features), Instant::now());
        state.scores.make_room(0, in_memory(config, Kind::Scores), Instant::now());
    }

    /// Key of the prepared features.
    pub(super) fn prepared_key(
        &self,
        plan: &FeaturePlan,
        input: &FeatureInput<'_>,
        recipe: &Recipe,
        cx: &Cx,
    ) -> StageKey {
        let contents = self.state().contents.clone();
        contents.prepared(plan, input, recipe, cx)
    }

    /// Key of the measured columns as series.
    pub(super) fn series_key(&self, plan: &FeaturePlan, input: &FeatureInput<'_>, recipe: &Recipe) -> StageKey {
        let contents = self.state().contents.clone();
        contents.series(plan, input, recipe)
    }

    /// The prepared features, and whether they were kept: from memory, from disk, or computed.
    ///
    /// # Errors
    /// Those of `compute`.
    pub(super) fn prepared<E>(
        &self,
        key: StageKey,
        plan: &FeaturePlan,
        input: &FeatureInput<'_>,
        config: &CacheConfig,
        cx: &Cx,
        compute: impl FnOnce(&Cx) -> Result<Prepared, E>,
    ) -> Result<(Arc<Prepared>, bool), E> {
        let started = Instant::now();
        let found = self.state().prepared.take().filter(|(kept, _)| *kept == key).map(|(_, kept)| kept);
        let disk = self.disk.as_ref().filter(|_| config.features && config.disk_mb > 0).map(|disks| &disks.features);
        let limits = on_disk(config, Kind::Matrix);
        let read = || {
            let parts = disk?.get(Kind::Matrix, key.0, limits)?;
            let (fitted, catalogue, warnings) = of_text(&parts.text)?;
            let values = parts.columns.into_iter().next()?;
            let prepared = Prepared::from_parts(values, fitted, catalogue, plan, input)?;
            Some(Arc::new(Kept { value: Arc::new(prepared), warnings }))
        };
        let found = found.or_else(read);
        let is_found = found.is_some();
        let kept = match found {
            Some(kept) => {
                kept.warn(cx);
                kept
            }
            None => {
                let kept = Kept::compute(cx, compute)?;
                if let Some(disk) = disk.filter(|_| started.elapsed() > WORTH_A_FILE) {
                    let text = to_text(&(&kept.value.fitted, &kept.value.catalogue, &kept.warnings));
                    let put = text
                        .and_then(|text| disk.put(Kind::Matrix, key.0, &text, &[kept.value.matrix.values()], limits));
                    warn_of_disk(put, cx);
                }
                Arc::new(Kept { value: Arc::new(kept.value), warnings: kept.warnings })
            }
        };
        // One only: it is the largest thing in memory.
        self.state().prepared = Some((key, Arc::clone(&kept)));
        Ok((Arc::clone(&kept.value), is_found))
    }

    /// The scores of a key, one per row, if they are kept in memory or on disk. Says again what was said about them.
    pub(super) fn scores(&self, key: StageKey, n_rows: usize, config: &CacheConfig, cx: &Cx) -> Option<Arc<Vec<f64>>> {
        if !config.predictions {
            return None;
        }
        let limits = in_memory(config, Kind::Scores);
        let found = self.state().scores.get(key.0, limits, Instant::now());
        let kept = match found {
            Some(kept) => kept,
            None => {
                let disk = self.disk.as_ref().filter(|_| config.disk_mb > 0)?;
                let parts = disk.scores.get(Kind::Scores, key.0, on_disk(config, Kind::Scores))?;
                let kept = Arc::new(scores_of(parts, n_rows)?);
                self.state().scores.put(key.0, &kept, 8 * n_rows as u64, limits, Instant::now());
                kept
            }
        };
        kept.warn(cx);
        Some(Arc::clone(&kept.value))
    }

    /// Computes scores and keeps them.
    ///
    /// # Errors
    /// Those of `compute`.
    pub(super) fn compute_scores<E>(
        &self,
        key: StageKey,
        config: &CacheConfig,
        cx: &Cx,
        compute: impl FnOnce(&Cx) -> Result<Vec<f64>, E>,
    ) -> Result<Arc<Vec<f64>>, E> {
        let kept = Kept::compute(cx, compute)?;
        let scores = Arc::new(kept.value);
        if config.predictions {
            if let Some(disk) = self.disk.as_ref().filter(|_| config.disk_mb > 0) {
                let limits = on_disk(config, Kind::Scores);
                let text = to_text(&kept.warnings);
                let put = text.and_then(|text| disk.scores.put(Kind::Scores, key.0, &text, &[&scores], limits));
                warn_of_disk(put, cx);
            }
            let bytes = 8 * scores.len() as u64;
            let kept = Arc::new(Kept { value: Arc::clone(&scores), warnings: kept.warnings });
            self.state().scores.put(key.0, &kept, bytes, in_memory(config, Kind::Scores), Instant::now());
        }
        Ok(scores)
    }

    /// Explanations kept on disk for at most so many seconds, as the text they were given as.
    pub(super) fn explanations(&self, key: StageKey, ttl_secs: u32, config: &CacheConfig) -> Option<String> {
        let disk = self.disk.as_ref().filter(|_| config.predictions && config.disk_mb > 0 && ttl_secs > 0)?;
        let limits = limits(config, Kind::Scores, config.disk_mb, ttl_secs.min(config.disk_ttl_secs));
        disk.scores.get(Kind::Explanations, key.0, limits).map(|parts| parts.text)
    }

    /// Keeps explanations on disk.
    pub(super) fn keep_explanations(&self, key: StageKey, text: &str, config: &CacheConfig, cx: &Cx) {
        if let Some(disk) = self.disk.as_ref().filter(|_| config.predictions && config.disk_mb > 0) {
            let put = disk.scores.put(Kind::Explanations, key.0, text, &[], on_disk(config, Kind::Scores));
            warn_of_disk(put, cx);
        }
    }

    /// The features of a node: from memory, from disk, or computed and kept.
    ///
    /// # Errors
    /// As for [`FeaturePlan::compute_node`].
    pub(super) fn features(
        &self,
        plan: &FeaturePlan,
        node: usize,
        input: &FeatureInput<'_>,
        config: &CacheConfig,
        cx: &Cx,
    ) -> Result<NodeResult, FeatureError> {
        let started = Instant::now();
        let compute = |cx: &Cx| plan.compute_node(node, input, cx).map(Arc::new);
        if !config.features {
            let columns = compute(cx)?;
            return Ok(NodeResult { columns, seconds: started.elapsed().as_secs_f64() });
        }
        let memory = in_memory(config, Kind::Features);
        let limits = on_disk(config, Kind::Features);
        let contents = self.state().contents.clone();
        let key = contents.node(plan, node, input);
        let n_features = plan.node_features(node).len();
        let disk = self.disk.as_ref().filter(|_| config.disk_mb > 0).map(|disks| &disks.features);
        let found = self.state().features.get(key, memory, Instant::now());
        let is_in_memory = found.is_some();
        let read = || {
            let parts = disk?.get(Kind::Features, key, limits)?;
            node_of(parts, n_features, input.table.n_rows()).map(Arc::new)
        };
        let (kept, seconds) = match found.or_else(read) {
            Some(kept) => {
                kept.warn(cx);
                cx.progress().add(n_features as u64);
                (kept, 0.0)
            }
            None => {
                let kept = Kept::compute(cx, compute)?;
                let elapsed = started.elapsed();
                if let Some(disk) = disk.filter(|_| elapsed > WORTH_A_FILE) {
                    let columns: Vec<&[f64]> = kept.value.columns.iter().map(Vec::as_slice).collect();
                    let text = to_text(&(&kept.value.fitted, &kept.warnings));
                    warn_of_disk(text.and_then(|text| disk.put(Kind::Features, key, &text, &columns, limits)), cx);
                }
                (Arc::new(kept), elapsed.as_secs_f64())
            }
        };
        if !is_in_memory {
            let bytes = kept.value.columns.iter().map(|column| 8 * column.len() as u64).sum();
            self.state().features.put(key, &kept, bytes, memory, Instant::now());
        }
        Ok(NodeResult { columns: Arc::clone(&kept.value), seconds })
    }
}

/// Features from a file, if they have the shape they must have: the file comes from outside.
fn node_of(parts: Parts, n_features: usize, n_rows: usize) -> Option<Kept<Arc<NodeColumns>>> {
    let (fitted, warnings): (FittedNode, Vec<String>) = of_text(&parts.text)?;
    let columns = parts.columns;
    let fits = columns.len() == n_features && columns.iter().all(|column| column.len() == n_rows);
    fits.then(|| Kept { value: Arc::new(NodeColumns { fitted, columns }), warnings })
}

/// Scores from a file, if there is one for each row.
fn scores_of(parts: Parts, n_rows: usize) -> Option<Kept<Arc<Vec<f64>>>> {
    let warnings = of_text(&parts.text)?;
    let scores = parts.columns.into_iter().next()?;
    let fits = scores.len() == n_rows && scores.iter().all(|score| score.is_finite());
    fits.then(|| Kept { value: Arc::new(scores), warnings })
}

/// RON keeps every bit of a float.
fn to_text(value: &impl Serialize) -> io::Result<String> {
    ron::to_string(value).map_err(io::Error::other)
}

fn of_text<T: DeserializeOwned>(text: &str) -> Option<T> {
    ron::from_str(text).ok()
}

fn warn_of_disk(put: io::Result<()>, cx: &Cx) {
    if let Err(error) = put {
        cx.warn(format!("results are not kept on disk: {error}; free some space or set compute.cache.disk_mb to 0"));
    }
}

/// Room in memory and how long things stay there.
fn in_memory(config: &CacheConfig, kind: Kind) -> Limits {
    let ttl_secs = if kind == Kind::Scores { config.prediction_ttl_secs } else { config.feature_ttl_secs };
    limits(config, kind, config.memory_mb, ttl_secs)
}

/// Room on disk and how long files stay there.
fn on_disk(config: &CacheConfig, kind: Kind) -> Limits {
    limits(config, kind, config.disk_mb, config.disk_ttl_secs)
}

/// A quarter of the room is for scores.
fn limits(config: &CacheConfig, kind: Kind, mb: u32, ttl_secs: u32) -> Limits {
    let quarter = (u64::from(mb) << 20) / 4;
    let bytes = if kind == Kind::Scores { quarter } else { 3 * quarter };
    Limits { bytes, ttl: Duration::from_secs(u64::from(ttl_secs)), policy: config.eviction_policy }
}

#[cfg(test)]
mod tests;
