//! What a run may use of the machine, and its seed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a run may use of the machine, and its seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ComputeConfig {
    /// Seed of everything random. The same recipe, data and seed give the same scores, whatever the number of threads.
    pub seed: u64,
    /// Threads to use, at most 1024. 0: one per core.
    #[schemars(range(min = 0, max = 1024))]
    pub threads: u32,
    /// Where dense arithmetic runs.
    pub device: ComputeDevice,
    /// Memory a run may use, in megabytes. Range 64 to 1048576. A file that would not fit is refused before it is read.
    #[schemars(range(min = 64, max = 1_048_576))]
    pub memory_limit_mb: u32,
    /// Rows scored at a time. Range 100 to 10000000. Smaller: less memory, finer progress.
    #[schemars(range(min = 100, max = 10_000_000))]
    pub chunk_size: u32,
}

impl Default for ComputeConfig {
    fn default() -> Self {
        Self { seed: 42, threads: 0, device: ComputeDevice::Auto, memory_limit_mb: 4096, chunk_size: 10_000 }
    }
}

/// Where dense arithmetic (the autoencoder) runs.
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
