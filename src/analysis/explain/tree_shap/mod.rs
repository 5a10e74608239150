//! TreeSHAP: how much each feature moves the margin of a row in an isolation forest.
//!
//! Lundberg, Erion, Chen et al.: From local explanations to global understanding with explainable AI for trees (Nature
//! Machine Intelligence 2020). The margin is the mean over the trees of the value of the leaf of a row: its path length,
//! or its log density, so a higher one is more normal. [`score_attributions`] gives the same for the score.

mod interventional;
mod lanes;
mod path_dependent;
mod quadrature;
mod score;
#[cfg(test)]
mod tests;

use super::Attribution;
use crate::analysis::detect::DetectError;
use crate::analysis::detect::isolation_forest::IsolationForest;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;
use crate::recipe::DetectorKind;
pub use score::score_attributions;

/// Exact Shapley values of the margin of an isolation forest: above 0 where a feature makes a row more normal.
///
/// Values are compared as the forest compares them: in single precision, those beyond its range as its largest number. A
/// feature that no tree asks for gets exactly 0. A saved forest without trees has the margin 0 everywhere.
#[derive(Debug, Clone)]
pub struct TreeShap {
    n_features: usize,
    /// The margin where nothing is known of a row.
    base: f64,
    game: Game,
}

/// What a tree gives where only some features of a row are known.
#[derive(Debug, Clone)]
enum Game {
    /// Its mean over the training rows, which an unknown feature spreads over both sides of a split.
    PathDependent(path_dependent::Forest),
    /// Its mean over background rows, which the unknown features are taken from.
    Interventional(interventional::Background),
}

impl TreeShap {
    /// Unknown features take both sides of a split, weighted by the training rows that did
    /// (`feature_perturbation="tree_path_dependent"` of shap). Needs no data; the base is the mean margin of the training
    /// rows, each tree seeing its own.
    ///
    /// `None` for the extended variant, whose splits no single feature makes.
    ///
    /// # Errors
    /// When cancelled.
    pub fn path_dependent(forest: &IsolationForest, cx: &Cx) -> Result<Option<Self>, Cancelled> {
        if forest.is_extended() {
            return Ok(None);
        }
        let laid_out = path_dependent::Forest::new(forest, cx)?;
        let base = laid_out.base_sum() / n_trees(forest);
        Ok(Some(Self { n_features: forest.n_features(), base, game: Game::PathDependent(laid_out) }))
    }

    /// Unknown features are taken from background rows, one at a time (`feature_perturbation="interventional"` of shap).
    /// The base is the mean margin of the background rows. The time to explain a row grows with their number; 100 are
    /// usual.
    ///
    /// `None` for the extended variant, whose splits no single feature makes, and where a path of a tree tests more than
    /// 63 different features.
    ///
    /// # Errors
    /// When cancelled, when there is no background row, or when they have another number of features than the rows that
    /// the forest was fitted on.
    pub fn interventional(forest: &IsolationForest, background: &Matrix, cx: &Cx) -> Result<Option<Self>, DetectError> {
        if background.n_rows() == 0 {
            return Err(unusable("there are no background rows to compare with; give it at least one"));
        }
        let margins = forest.margins(background, cx)?;
        if forest.is_extended() {
            return Ok(None);
        }
        let base = margins.iter().sum::<f64>() / margins.len() as f64;
        let game = interventional::Background::new(forest, background, cx)?;
        Ok(game.map(|game| Self { n_features: forest.n_features(), base, game: Game::Interventional(game) }))
    }

    /// Explains the margin of every row in `forest`, the one this was made for: a contribution per feature, exact to
    /// rounding. An explanation does not depend on the other rows, nor on the number of threads, to the bit; no rows give
    /// none.
    ///
    /// # Errors
    /// When cancelled, or when the rows, or this forest, have another number of features than the rows that the forest was
    /// fitted on.
    pub fn explain(&self, forest: &IsolationForest, rows: &Matrix, cx: &Cx) -> Result<Vec<Attribution>, DetectError> {
        if forest.n_features() != self.n_features {
            return Err(unusable("these SHAP values were prepared for another forest; prepare them for this one"));
        }
        let margins = forest.margins(rows, cx)?;
        let contributions = match &self.game {
            Game::PathDependent(laid_out) => laid_out.contributions(rows, cx)?,
            Game::Interventional(background) => background.contributions(forest, rows, cx)?,
        };
        let n_trees = n_trees(forest);
        let attribution = |(value, contributions): (f64, &[f64])| Attribution {
            base: self.base,
            value,
            contributions: contributions.iter().map(|sum| sum / n_trees).collect(),
            standard_errors: Vec::new(),
        };
        Ok(margins.into_iter().zip(contributions.chunks(rows.n_features())).map(attribution).collect())
    }
}

/// Trees to divide by. A saved forest may have none.
fn n_trees(forest: &IsolationForest) -> f64 {
    forest.trees().len().max(1) as f64
}

fn unusable(reason: &str) -> DetectError {
    DetectError::Unusable { detector: DetectorKind::IsolationForest.title(), reason: reason.to_owned() }
}
