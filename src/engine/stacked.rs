//! The voting strategy stacking: a classifier on top of the detectors, learned once per run from the labels.

use crate::analysis::ensemble::stacking::{Stacking, StackingError};
use crate::analysis::ensemble::{DetectorScores, StackedScores, normalized_columns};
use crate::cx::Cx;
use crate::data::Table;
use crate::recipe::{Recipe, VotingStrategy};

/// Probabilities are kept this far from 0 and 1, so that their log-odds are finite.
const SMALLEST: f64 = 1e-12;

/// What the classifier says of every row. `None` where the strategy is another one, or where the
/// labels do not suffice, which is warned of.
pub(super) fn scores_of(table: &Table, scores: &[DetectorScores], recipe: &Recipe, cx: &Cx) -> Option<StackedScores> {
    let config = &recipe.ensemble;
    if config.voting_strategy != VotingStrategy::Stacking || !config.enabled {
        return None;
    }
    match learned(table, scores, recipe, cx) {
        Ok(stacked) => Some(stacked),
        Err(reason) => {
            cx.warn(format!("stacking is not possible, the weighted average takes its place: {reason}"));
            None
        }
    }
}

fn learned(table: &Table, scores: &[DetectorScores], recipe: &Recipe, cx: &Cx) -> Result<StackedScores, String> {
    let labels = table.label().ok_or("the data has no labels; give a column the role label")?;
    let config = &recipe.ensemble;
    let n_folds = config.stacking.cross_validation_folds as usize;
    let folds = super::evaluate::folds_of(table, crate::recipe::Split::Stratified, n_folds, 0, recipe.compute.seed);
    let folds: Vec<Vec<u32>> = folds.map_err(|error| error.to_string())?.into_iter().map(|fold| fold.test).collect();
    let columns = normalized_columns(scores, config);
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let reason = |error: StackingError| error.to_string();
    let stacked = Stacking::fit(&columns, labels, &folds, config.stacking.penalty, cx).map_err(reason)?;
    let by_all = stacked.stacking.probabilities(&columns, cx).map_err(reason)?;
    let log_odds = |probability: f64| {
        let p = probability.clamp(SMALLEST, 1.0 - SMALLEST);
        (p / (1.0 - p)).ln()
    };
    let honest = stacked.out_of_fold.iter().zip(by_all).map(|(own, all)| log_odds(own.unwrap_or(all)));
    Ok(StackedScores { log_odds: honest.collect(), classifier: stacked.stacking })
}
