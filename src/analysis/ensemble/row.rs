//! What would the combined score of a row be, were the scores of its detectors others? The threshold, the scale, the
//! weights and the rows around it stay as they are.

use super::column::DetectorScores;
use super::context;
use super::dynamic::RowWeights;
use super::scale::ScoreScale;
use super::stacking::Stacking;
use super::vote::{self, Voting};
use super::{Combined, Member, Scene, THRESHOLD_SCORE};
use crate::recipe::Recipe;

/// Log-odds are kept within those of probabilities of 1e-12 and 1 - 1e-12, as in a run.
const MOST_LOG_ODDS: f64 = 27.631_021_115_927_547;

/// Where a row stands in time: the rows of its entity in time order, and its place among them.
#[derive(Debug, Clone, Copy)]
pub struct PlaceInTime<'a> {
    /// Rows of the same entity.
    pub series: &'a [u32],
    /// Which of them is the row.
    pub place: usize,
}

/// Gives one row of a run the combined score it would have with other scores of its detectors.
#[derive(Debug)]
pub struct RowScorer<'a> {
    members: &'a [Member],
    voting: Voting<'static>,
    stacking: Option<Stacked<'a>>,
    around: Option<context::Around>,
    scale: ScoreScale,
    /// What a rule that fires lifts the score to; 0 where none does.
    least: f64,
}

/// A classifier on top, moved so that the row as it is gets the value that the run gave it without having seen it.
#[derive(Debug)]
struct Stacked<'a> {
    classifier: &'a Stacking,
    shift: f64,
}

impl<'a> RowScorer<'a> {
    /// For a row of the run that `combined` came from, with the same scores, scene and recipe.
    pub fn new(
        row: usize,
        place: PlaceInTime<'_>,
        scores: &[DetectorScores],
        combined: &'a Combined,
        scene: &Scene<'_>,
        recipe: &Recipe,
    ) -> Self {
        let config = &recipe.ensemble;
        let weights = |row: usize| combined.weights_at(row, scene.windows);
        let raw_of = |row: usize| -> Vec<f64> {
            scores.iter().map(|scores| scores.raw.get(row).copied().unwrap_or(0.0)).collect()
        };
        let voting = |row: usize| super::voting_of(config, &combined.members, RowWeights::of_row(weights(row)));
        let stacking = combined.stacked.as_ref().map(|stacked| {
            let normalized = |(member, raw): (&Member, f64)| member.normalized(raw);
            let scores: Vec<f64> = combined.members.iter().zip(raw_of(row)).map(normalized).collect();
            let given = stacked.log_odds.get(row).copied().unwrap_or(0.0);
            Stacked { classifier: &stacked.classifier, shift: given - stacked.classifier.log_odds(&scores) }
        });
        let in_context = stacking.is_none() && super::in_context(config, scene, &combined.members);
        let around = in_context.then(|| {
            let value = |other: u32| {
                let raw = raw_of(other as usize);
                let columns: Vec<&[f64]> = raw.iter().map(std::slice::from_ref).collect();
                let values = vote::combine_others(&columns, &combined.members, &voting(other as usize));
                values.first().copied().unwrap_or(0.0)
            };
            context::Around::of(place.series, place.place, value, &config.context)
        });
        let rules = scene.rules.iter().filter(|rule| u32::try_from(row).is_ok_and(|row| rule.contains(row)));
        let least = rules.map(|rule| super::least_score(rule, recipe)).fold(0.0, f64::max);
        Self { members: &combined.members, voting: voting(row), stacking, around, scale: combined.scale, least }
    }

    /// The combined scores by the detectors alone, whatever the rules say: `raw` holds a column of raw scores per detector,
    /// in the order of the run, all equally long.
    pub fn by_detectors(&self, raw: &[&[f64]]) -> Vec<f64> {
        let mut values = match &self.stacking {
            Some(stacked) => self.stacked(stacked, raw),
            None => vote::combine_others(raw, self.members, &self.voting),
        };
        for value in &mut values {
            if let Some(around) = &self.around {
                *value = around.add(*value);
            }
            *value = self.scale.score(*value);
        }
        values
    }

    /// The combined score of one row, rules included: one raw score per detector.
    pub fn score(&self, raw: &[f64]) -> f64 {
        let columns: Vec<&[f64]> = raw.iter().map(std::slice::from_ref).collect();
        self.by_detectors(&columns).first().copied().unwrap_or(0.0).max(self.least)
    }

    /// What a rule that fires lifts the score to; 0 where none does.
    pub fn least(&self) -> f64 {
        self.least
    }

    /// Whether a row of that score is anomalous.
    pub fn is_anomaly(score: f64) -> bool {
        score > THRESHOLD_SCORE
    }

    fn stacked(&self, stacked: &Stacked<'_>, raw: &[&[f64]]) -> Vec<f64> {
        let n_rows = raw.first().map_or(0, |column| column.len());
        let row = |row: usize| {
            let scores = self.members.iter().zip(raw);
            let scores = scores.map(|(member, column)| member.normalized(column.get(row).copied().unwrap_or(0.0)));
            let scores: Vec<f64> = scores.collect();
            (stacked.classifier.log_odds(&scores) + stacked.shift).clamp(-MOST_LOG_ODDS, MOST_LOG_ODDS)
        };
        (0..n_rows).map(row).collect()
    }
}
