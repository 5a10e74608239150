//! What a run may use of the machine, and its seed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a run may use of the machine, and its seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ComputeConfig {
    /// Seed of everything random. The same recipe, data and seed give the same scores, whatever the number of threads.
    pub seed: u64,
    /// Threads to use at most; never more than there are cores. 0: one per core. Range 0 to 1024. The pool that reads files is
    /// made once per start of the program: the window makes it of the default, a command of its recipe.
    #[schemars(range(min = 0, max = 1024))]
    pub threads: u32,
    /// Where dense arithmetic runs.
    pub device: ComputeDevice,
    /// Memory a run may use, in megabytes, with the program and the table; about 130 are the program's. Range 64 to 1048576.
    /// Where there is little room less is cached and fewer features are selected; what does not fit all the same is refused
    /// before it is begun, be it a file, the features or a detector. While the window runs again, it still holds the
    /// result it shows.
    #[schemars(range(min = 64, max = 1_048_576))]
    pub memory_limit_mb: u32,
    /// Rows scored at a time. Range 100 to 10000000. Smaller: less memory, finer progress.
    #[schemars(range(min = 100, max = 10_000_000))]
    pub chunk_size: u32,
    /// What is kept of earlier runs.
    pub cache: CacheConfig,
}

impl Default for ComputeConfig {
    fn default() -> Self {
        Self {
            seed: 42,
            threads: 8,
            device: ComputeDevice::Auto,
            memory_limit_mb: 4096,
            chunk_size: 10_000,
            cache: CacheConfig::default(),
        }
    }
}

/// Where dense arithmetic (autoencoder, kernels, neighbours by brute force) runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComputeDevice {
    /// The first GPU this build can use, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The NVIDIA GPU of this number. Needs a build with `--features cuda`; without one the run warns and uses the CPU.
    Cuda(u32),
    /// The Apple GPU. Needs a build with `--features metal`; without one the run warns and uses the CPU.
    Metal,
}

/// What is kept of earlier runs, so that a changed setting repeats only what follows it, and the same run on another day
/// repeats nothing. A result is found again by the content of the data, the settings and the version of the program, so it
/// is never out of date: the limits of time and size only make room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfig {
    /// Keep computed features.
    pub features: bool,
    /// How long features stay in memory after their last use, in seconds. Range 0 to 31536000.
    #[schemars(range(min = 0, max = 31_536_000))]
    pub feature_ttl_secs: u32,
    /// Keep the scores of detectors.
    pub predictions: bool,
    /// How long scores stay in memory after their last use, in seconds. Range 0 to 31536000.
    #[schemars(range(min = 0, max = 31_536_000))]
    pub prediction_ttl_secs: u32,
    /// What goes first where there is no room.
    pub eviction_policy: EvictionPolicy,
    /// Memory for results, in megabytes: three quarters for features, a quarter for scores. Less where
    /// compute.memory_limit_mb leaves less. Range 0 to 1048576.
    #[schemars(range(min = 0, max = 1_048_576))]
    pub memory_mb: u32,
    /// Disk space for results, in megabytes, so that they are there again at the next start: three quarters for features and
    /// prepared features that took long to compute, a quarter for scores. Range 0 to 1048576; 0: none.
    #[schemars(range(min = 0, max = 1_048_576))]
    pub disk_mb: u32,
    /// How long results stay on disk after their last use, in seconds; 2592000 are 30 days. Range 0 to 31536000.
    #[schemars(range(min = 0, max = 31_536_000))]
    pub disk_ttl_secs: u32,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            features: true,
            feature_ttl_secs: 3600,
            predictions: true,
            prediction_ttl_secs: 1800,
            eviction_policy: EvictionPolicy::Lru,
            memory_mb: 1024,
            disk_mb: 1024,
            disk_ttl_secs: 30 * 24 * 3600,
        }
    }
}

/// What goes first where there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvictionPolicy {
    /// What was used longest ago.
    #[default]
    Lru,
    /// What was put there first.
    Fifo,
    /// What was used least often.
    Lfu,
}
