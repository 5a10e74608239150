//! Keeps what is dear to compute, keyed by all it depends on, so that a changed setting repeats only what follows it.

mod disk;
mod key;
mod store;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::disk::Disk;
use self::key::Contents;
use self::store::{Limits, Store};
use crate::analysis::features::{FeatureError, FeatureInput, FeaturePlan, NodeColumns};
use crate::analysis::prepare::{NodeResult, Prepared};
use crate::cx::Cx;
use crate::data::Table;
use crate::recipe::CacheConfig;

pub(super) use self::key::StageKey;

/// Nodes that were computed quicker than this are not worth a file.
const WORTH_A_FILE: Duration = Duration::from_millis(200);

/// Score columns are small beside features: this many bytes of them.
const SCORE_BYTES: u64 = 512 << 20;

/// Results of earlier runs: features of any table, the matrix and the scores of the table worked on.
#[derive(Debug, Default)]
pub(super) struct Cache {
    state: Mutex<State>,
    disk: Option<Disk>,
}

#[derive(Debug, Default)]
struct State {
    table: Option<Arc<Table>>,
    contents: Contents,
    prepared: Option<(StageKey, Arc<Prepared>)>,
    scores: Store<StageKey, Vec<f64>>,
    features: Store<u64, NodeColumns>,
}

impl Cache {
    /// A cache that also keeps features in files under a folder.
    pub(super) fn on_disk(folder: PathBuf) -> Self {
        Self { state: Mutex::default(), disk: Some(Disk::new(folder)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what belongs to other tables. Features are known by their content and stay.
    pub(super) fn keep_only(&self, table: &Arc<Table>) {
        let mut state = self.state();
        if !state.table.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, table)) {
            state.table = Some(Arc::clone(table));
            state.contents = Contents::default();
            state.prepared = None;
            state.scores.clear();
        }
    }

    pub(super) fn prepared(&self, key: StageKey) -> Option<Arc<Prepared>> {
        self.state().prepared.as_ref().filter(|(kept, _)| *kept == key).map(|(_, prepared)| Arc::clone(prepared))
    }

    /// Keeps one prepared matrix only: it is the largest thing in memory.
    pub(super) fn put_prepared(&self, key: StageKey, prepared: &Arc<Prepared>) {
        self.state().prepared = Some((key, Arc::clone(prepared)));
    }

    pub(super) fn scores(&self, key: StageKey, config: &CacheConfig) -> Option<Arc<Vec<f64>>> {
        if !config.predictions {
            return None;
        }
        self.state().scores.get(key, score_limits(config), Instant::now())
    }

    pub(super) fn put_scores(&self, key: StageKey, scores: &Arc<Vec<f64>>, config: &CacheConfig) {
        if config.predictions {
            let bytes = 8 * scores.len() as u64;
            self.state().scores.put(key, scores, bytes, score_limits(config), Instant::now());
        }
    }

    /// The features of a node: from memory, from disk, or computed and kept.
    pub(super) fn features(
        &self,
        plan: &FeaturePlan,
        node: usize,
        input: &FeatureInput<'_>,
        config: &CacheConfig,
        cx: &Cx,
    ) -> Result<NodeResult, FeatureError> {
        let started = Instant::now();
        let compute = || plan.compute_node(node, input, cx).map(Arc::new);
        if !config.features {
            let columns = compute()?;
            return Ok(NodeResult { columns, seconds: started.elapsed().as_secs_f64() });
        }
        let memory = feature_limits(config, u64::from(config.memory_mb) << 20);
        let on_disk = feature_limits(config, u64::from(config.disk_mb) << 20);
        let contents = self.state().contents.clone();
        let key = contents.key(plan, node, input);
        let found = self.state().features.get(key, memory, Instant::now());
        let n_features = plan.node_features(node).len();
        if let Some(columns) = found {
            cx.progress().add(n_features as u64);
            return Ok(NodeResult { columns, seconds: 0.0 });
        }
        let disk = self.disk.as_ref().filter(|_| config.disk_mb > 0);
        // Checked for its shape: the file comes from outside.
        let fits = |found: &NodeColumns| {
            let n_rows = input.table.n_rows();
            found.columns.len() == n_features && found.columns.iter().all(|column| column.len() == n_rows)
        };
        let (columns, seconds) = match disk.and_then(|disk| disk.get(key, on_disk)).filter(fits) {
            Some(columns) => {
                cx.progress().add(n_features as u64);
                (Arc::new(columns), 0.0)
            }
            None => {
                let columns = compute()?;
                let elapsed = started.elapsed();
                if let Some(disk) = disk.filter(|_| elapsed > WORTH_A_FILE)
                    && let Err(error) = disk.put(key, &columns, on_disk)
                {
                    cx.warn(format!(
                        "features are not kept on disk: {error}; free some space or set compute.cache.disk_mb to 0"
                    ));
                }
                (columns, elapsed.as_secs_f64())
            }
        };
        self.state().features.put(key, &columns, disk::bytes_of(&columns), memory, Instant::now());
        Ok(NodeResult { columns, seconds })
    }
}

fn feature_limits(config: &CacheConfig, bytes: u64) -> Limits {
    Limits { bytes, ttl: Duration::from_secs(u64::from(config.feature_ttl_secs)), policy: config.eviction_policy }
}

fn score_limits(config: &CacheConfig) -> Limits {
    let ttl = Duration::from_secs(u64::from(config.prediction_ttl_secs));
    Limits { bytes: SCORE_BYTES, ttl, policy: config.eviction_policy }
}

#[cfg(test)]
mod tests;
