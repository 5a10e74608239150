//! The result of a run: immutable, shared, and all that the window draws.

use std::sync::Arc;

use serde::Serialize;

use super::cache::StageKey;
use super::certainty::{Certainty, Evidence};
use super::surroundings::Surroundings;
use crate::analysis::detect::Model;
use crate::analysis::ensemble::{Combined, DetectorScores};
use crate::analysis::evaluate::Metrics;
use crate::analysis::prepare::Prepared;
use crate::data::Table;
use crate::recipe::{CheckedRecipe, DetectorKind};

/// The result of a run. A partial one (while detectors are still working) lists who is missing.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// What was looked at.
    pub table: Arc<Table>,
    /// How.
    pub recipe: CheckedRecipe,
    /// The features as the detectors saw them.
    pub prepared: Arc<Prepared>,
    /// Raw scores, one column per detector.
    pub scores: Vec<DetectorScores>,
    /// The fitted detectors, in the same order; `None` where scores were kept from an earlier run and the detector was not.
    pub models: Vec<Option<Arc<Model>>>,
    /// What the combination knows of the rows besides.
    pub surroundings: Surroundings,
    /// The combined result.
    pub combined: Arc<Combined>,
    /// What was found beside the scores to judge them by; empty in a partial result.
    pub evidence: Evidence,
    /// How sure the combined result is; empty in a partial result.
    pub certainty: Arc<Certainty>,
    /// Agreement with the labels, where there are any.
    pub metrics: Option<RunMetrics>,
    /// What took how long.
    pub stages: Vec<StageTiming>,
    /// Where dense arithmetic ran: `cpu`, `cuda:0`, `metal`.
    pub device: String,
    /// What the user should know about the result.
    pub warnings: Vec<String>,
    /// Detectors that have not finished yet. Empty for a whole result.
    pub pending: Vec<DetectorKind>,
    /// What the scores are, by content: the same in every start of the program.
    pub(super) key: StageKey,
    /// When the run began, in microseconds since 1970-01-01 UTC.
    pub started_at_micros: i64,
}

impl Snapshot {
    /// Number of anomalous rows.
    pub fn n_anomalies(&self) -> usize {
        self.combined.is_anomaly.iter().filter(|&&is| is).count()
    }
}

/// Agreement of every detector and of the combined score with the labels.
#[derive(Debug, Clone, PartialEq)]
pub struct RunMetrics {
    /// Per detector.
    pub detectors: Vec<(DetectorKind, Metrics)>,
    /// Of the combined score.
    pub combined: Metrics,
}

/// How long a stage took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageTiming {
    /// `load`, `rules`, `features`, a detector's name, `combine`, `store`.
    pub name: String,
    /// Seconds in all.
    pub seconds: f64,
    /// Seconds of fitting, for detectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit_seconds: Option<f64>,
    /// Seconds of scoring, for detectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score_seconds: Option<f64>,
    /// Whether the result came from the cache.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
}

impl StageTiming {
    /// A stage without parts.
    pub fn new(name: &str, seconds: f64) -> Self {
        Self { name: name.to_owned(), seconds, fit_seconds: None, score_seconds: None, cached: false }
    }
}
