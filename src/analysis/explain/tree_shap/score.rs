//! From attributions of the margin of an isolation forest to attributions of its score.

use std::f64::consts::LN_2;

use super::Attribution;
use crate::analysis::detect::isolation_forest::{IsolationForest, average_path_length};
use crate::recipe::IsolationScoring;

/// Turns attributions of the margin into attributions of the score ([`IsolationForest`]'s `decision_function`; higher =
/// more abnormal) by the rescale rule: every contribution is multiplied by (score - base score) / (margin - base
/// margin), or by the slope of the score where the two margins are the same. So the sum stays exact and the shares of
/// the features stay what they are, but for the sign; an average over orders of the features it is no longer, except by
/// density, where the score is the opposite of the margin. The base is the score of the base margin.
///
/// Chen, Lundberg, Lee: Explaining a series of models by propagating Shapley values (Nature Communications 2022), after
/// DeepLIFT (Shrikumar, Greenside, Kundaje 2017).
pub fn score_attributions(forest: &IsolationForest, margins: &[Attribution]) -> Vec<Attribution> {
    let rescale = |margin: &Attribution| {
        let factor = slope(forest, margin.base, margin.value);
        Attribution {
            base: forest.score_of_margin(margin.base),
            value: forest.score_of_margin(margin.value),
            contributions: margin.contributions.iter().map(|contribution| contribution * factor).collect(),
            standard_errors: margin.standard_errors.iter().map(|error| error * factor.abs()).collect(),
        }
    };
    margins.iter().map(rescale).collect()
}

/// Slope of the score between two margins.
fn slope(forest: &IsolationForest, base: f64, margin: f64) -> f64 {
    match forest.scoring() {
        IsolationScoring::Density => -1.0,
        IsolationScoring::Depth => {
            let scale = average_path_length(forest.max_samples());
            if scale <= 0.0 {
                return 0.0;
            }
            // The score is 2^(-margin / scale); exp_m1 keeps its digits where the margins are close.
            let rate = -LN_2 / scale;
            let difference = margin - base;
            let per_score = if difference == 0.0 { rate } else { (rate * difference).exp_m1() / difference };
            forest.score_of_margin(base) * per_score
        }
    }
}
