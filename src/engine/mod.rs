//! Runs a recipe over a table: stages with a cache, timings and progress; and jobs in the background.

mod budget;
mod cache;
mod certainty;
mod clock;
mod dropout;
mod evaluate;
mod explain;
mod job;
mod judge;
mod learned;
mod memory;
mod run;
mod snapshot;
mod stacked;
mod surroundings;
mod threads;
mod tune;

pub use cache::{CacheUse, cache_use, clear_cache};
pub use certainty::{Certainty, Dropout, Evidence};
pub use clock::now_micros;
pub use evaluate::{
    ColumnReport, CrossValidation, Evaluation, EvaluationError, FoldReport, Labelled, MassReport, MeanAndStd,
    NamedInterval, SplitError, Unlabelled,
};
pub use explain::{
    ByColumn, Change, ColumnShare, Contribution, Counterfactual, DetectorShare, ExplainError, Explainer, Explanation,
    FeatureImportance, FeatureShare, GlobalExplanation, Margin, Method, NearestNormal, Target, Typical, WhatIf,
    WhatIfResult,
};
pub use job::{Job, JobError, JobEvent, JobProgress};
pub use memory::{MemoryUse, memory_use, peak_memory_mb};
pub use run::{Engine, Given, RunError};
pub use snapshot::{RunMetrics, Snapshot, StageTiming};
pub use surroundings::Surroundings;
pub use threads::set_library_threads;
pub use tune::{TuneError, space_of, with_values};
