//! Everything right of the raw scores: the combination and how well it agrees with the labels. Never refits.

use std::sync::Arc;

use super::snapshot::RunMetrics;
use super::stacked;
use super::surroundings::Surroundings;
use crate::analysis::ensemble::{Combined, DetectorScores, combine};
use crate::analysis::evaluate::Metrics;
use crate::cx::Cx;
use crate::data::Table;
use crate::recipe::Recipe;

/// Combines the scores and holds the result against the labels. `known` are the metrics of the detectors alone, where an
/// earlier combination has found them.
pub(super) fn judge(
    table: &Table,
    scores: &[DetectorScores],
    surroundings: &Surroundings,
    known: Option<&RunMetrics>,
    recipe: &Recipe,
    cx: &Cx,
) -> (Combined, Option<RunMetrics>) {
    let stacked = stacked::scores_of(table, scores, recipe, cx).map(Arc::new);
    let combined = combine(scores, &surroundings.scene(table, recipe, stacked.as_ref()), recipe);
    let metrics = table.label().and_then(|labels| {
        let of_detector = |scores: &DetectorScores| {
            let known = known.and_then(|run| run.detectors.iter().find(|(kind, _)| *kind == scores.kind));
            known.copied().map_or_else(|| Some((scores.kind, Metrics::of(labels, &scores.raw)?)), Some)
        };
        Some(RunMetrics {
            detectors: scores.iter().map(of_detector).collect::<Option<_>>()?,
            combined: Metrics::of(labels, &combined.score)?,
        })
    });
    (combined, metrics)
}
