//! From the raw scores of the detectors to one score, a threshold and a severity per row. Cheap: never refits.

pub mod agreement;
pub mod calibrate;
mod column;
pub mod confidence;
mod context;
mod dynamic;
mod normalize;
mod row;
mod scale;
pub mod stacking;
mod threshold;
mod vote;

use std::sync::Arc;

use rayon::prelude::*;

use self::agreement::{AgreementMatrix, promote_diversity};
pub use self::column::DetectorScores;
use self::dynamic::RowWeights;
pub use self::dynamic::Windows;
use self::normalize::Normalizer;
pub use self::row::{PlaceInTime, RowScorer};
use self::scale::ScoreScale;
pub use self::scale::THRESHOLD_SCORE;
use self::stacking::Stacking;
pub use self::threshold::RowsInTime;
use self::vote::{TIE_BREAK, Voting};
use super::detect::vote_threshold;
use super::rules::RuleHits;
use super::severity::{Circumstances, Severity};
use crate::cx::Cx;
use crate::recipe::{DetectorKind, DiversityConfig, EnsembleConfig, Recipe, ThresholdAggregation, VotingStrategy};

/// What a detector says about a row, in comparable terms.
#[derive(Debug, Clone)]
pub struct Member {
    /// Which detector.
    pub kind: DetectorKind,
    /// Its share of the weighted average, 0 to 1.
    pub weight: f64,
    /// Raw score above which it votes abnormal.
    pub vote_threshold: f64,
    normalizer: Normalizer,
}

impl Member {
    /// A raw score of this detector in comparable terms.
    pub fn normalized(&self, raw: f64) -> f64 {
        self.normalizer.apply(raw)
    }

    /// Consecutive rows of the run in comparable terms, from row `first` on.
    #[inline(always)]
    fn fill(&self, raw: &[f64], first: usize, out: &mut [f64]) {
        self.normalizer.fill(raw, first, out);
    }

    /// The same of scores that are not those of the run.
    #[inline(always)]
    fn fill_others(&self, raw: &[f64], _: usize, out: &mut [f64]) {
        out.iter_mut().zip(raw).for_each(|(out, &raw)| *out = self.normalized(raw));
    }
}

/// What the classifier of the voting strategy stacking says.
#[derive(Debug)]
pub struct StackedScores {
    /// Log-odds of each row, by a classifier that has not seen it.
    pub log_odds: Vec<f64>,
    /// The classifier learned from all rows.
    pub classifier: Stacking,
}

/// What somebody found out about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feedback {
    /// Which row.
    pub row: u32,
    /// Whether it is a real anomaly.
    pub is_anomaly: bool,
}

/// What a combination needs to know of the rows besides their scores. Found once per run.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The rows in time.
    pub rows: RowsInTime<'a>,
    /// Windows for dynamic weights; `None`: there is no time, or the weights are fixed.
    pub windows: Option<&'a Windows>,
    /// What people said about rows.
    pub feedback: &'a [Feedback],
    /// The rows for which the rules fire.
    pub rules: &'a [RuleHits],
    /// What raises the severity of which rows.
    pub circumstances: &'a Circumstances,
    /// The votes as an earlier combination of the same scores has counted them.
    pub votes: Option<&'a Arc<Votes>>,
    /// What the classifier of the voting strategy stacking says, if it could be learned.
    pub stacked: Option<&'a Arc<StackedScores>>,
}

/// How alike detectors vote. Counting the votes of a million rows takes longer than combining them.
#[derive(Debug)]
pub struct Votes {
    /// Raw scores above which they vote.
    thresholds: Vec<f64>,
    /// Pair by pair, in the order of the score columns; the majority stands for the truth.
    pub agreement: AgreementMatrix,
}

/// The combined result, one value per row of the table.
#[derive(Debug, Clone)]
pub struct Combined {
    /// Combined score, 0 to 1; [`THRESHOLD_SCORE`] lies at the threshold.
    pub score: Vec<f64>,
    /// Whether the row is anomalous.
    pub is_anomaly: Vec<bool>,
    /// Severity of the anomalous rows, adjusted to their circumstances.
    pub severity: Vec<Option<Severity>>,
    /// The detectors, in the order of the score columns.
    pub members: Vec<Member>,
    /// How alike they vote; `None` for fewer than two, or without rows.
    pub votes: Option<Arc<Votes>>,
    stacked: Option<Arc<StackedScores>>,
    scale: ScoreScale,
    /// Per window of time the weight of each detector; one window where the weights are fixed.
    weights: Vec<f64>,
}

impl Combined {
    /// The weights of the detectors in a row.
    fn weights_at(&self, row: usize, windows: Option<&Windows>) -> &[f64] {
        let n_members = self.members.len();
        let window = windows.filter(|_| self.weights.len() > n_members).map_or(0, |windows| windows.of(row));
        self.weights.get(window * n_members..(window + 1) * n_members).unwrap_or_default()
    }
}

/// Combines the scores of the detectors: normalises each, makes one value per row of them by the voting strategy, finds
/// the threshold, and maps the value to 0..1 around it (see [`THRESHOLD_SCORE`]). A row for which a rule fires is
/// anomalous, and its score at least where the severity of the rule begins.
pub fn combine(scores: &[DetectorScores], scene: &Scene<'_>, recipe: &Recipe) -> Combined {
    let config = &recipe.ensemble;
    let mut members = members(scores, recipe);
    let votes = votes(scores, &members, scene.votes);
    if let Some(votes) = votes.as_ref().filter(|_| config.enabled && config.diversity.enabled) {
        promote(&mut members, &votes.agreement, &config.diversity);
    }
    let Joined { values, threshold, weights } = join(scores, &members, scene, config);
    let scale = ScoreScale::fit(&values, threshold);
    let mut is_anomaly: Vec<bool> = values.par_iter().map(|&value| scale.is_anomaly(value)).collect();
    let mut score = values;
    score.par_iter_mut().for_each(|value| *value = scale.score(*value));
    for rule in scene.rules {
        let least = least_score(rule, recipe);
        for &row in &rule.rows {
            if let (Some(is_anomaly), Some(score)) = (is_anomaly.get_mut(row as usize), score.get_mut(row as usize)) {
                *is_anomaly = true;
                *score = score.max(least);
            }
        }
    }
    let severity = (0..score.len()).into_par_iter().map(|row| match (is_anomaly.get(row), score.get(row)) {
        (Some(true), Some(&score)) => Some(scene.circumstances.adjusted(row, score, &recipe.severity).severity),
        _ => None,
    });
    let severity = severity.collect();
    let stacked = scene.stacked.filter(|_| config.voting_strategy == VotingStrategy::Stacking).cloned();
    Combined { score, is_anomaly, severity, members, votes, stacked, scale, weights }
}

/// What a rule lifts the score of a row to.
fn least_score(rule: &RuleHits, recipe: &Recipe) -> f64 {
    rule.severity.least_score(&recipe.severity).max(THRESHOLD_SCORE.next_up())
}

/// The voting strategy with its weights.
fn voting_of<'a>(config: &EnsembleConfig, members: &[Member], weights: RowWeights<'a>) -> Voting<'a> {
    let thresholds = || members.iter().map(|member| member.normalized(member.vote_threshold)).collect();
    match config.voting_strategy {
        VotingStrategy::ConfidenceWeighted => Voting::Confident(weights, thresholds()),
        VotingStrategy::MajorityVote => Voting::Majority(weights),
        VotingStrategy::Maximum => Voting::MaximumOfGroups(usize::MAX),
        VotingStrategy::AverageOfMaximum => Voting::MaximumOfGroups(config.group_size as usize),
        VotingStrategy::WeightedAverage | VotingStrategy::Stacking => Voting::Average(weights),
    }
}

/// Whether the rows around a row count.
fn in_context(config: &EnsembleConfig, scene: &Scene<'_>, members: &[Member]) -> bool {
    config.context.enabled && scene.rows.time.is_some() && of_voting(members, config).is_none()
}

/// The detectors joined to one value per row.
struct Joined {
    values: Vec<f64>,
    threshold: f64,
    /// As in [`Combined`].
    weights: Vec<f64>,
}

/// One value per row, and the threshold on them.
fn join(scores: &[DetectorScores], members: &[Member], scene: &Scene<'_>, config: &EnsembleConfig) -> Joined {
    let own_threshold = of_voting(members, config);
    let in_context = in_context(config, scene, members);
    let threshold_of = |values: &[f64]| {
        own_threshold
            .or_else(|| if in_context { None } else { threshold::of_members(scores, members, config) })
            .unwrap_or_else(|| threshold::of_values(values, config, scene.rows))
    };
    let values_of = |voting: &Voting<'_>| {
        let mut values = vote::combine_rows(scores, members, voting);
        if in_context {
            context::add(&mut values, scene.rows.order, &config.context);
        }
        values
    };
    let weights: Vec<f64> = members.iter().map(|member| member.weight).collect();
    if let (VotingStrategy::Stacking, Some(stacked)) = (config.voting_strategy, scene.stacked) {
        // Log-odds have nothing in common with the thresholds of the detectors.
        let combined = EnsembleConfig { threshold_aggregation: ThresholdAggregation::Combined, ..config.clone() };
        let threshold = threshold::of_values(&stacked.log_odds, &combined, scene.rows);
        return Joined { values: stacked.log_odds.clone(), threshold, weights };
    }
    let strategy = voting_of(config, members, RowWeights::fixed(members));
    let values = values_of(&strategy);
    let threshold = threshold_of(&values);
    let follows = matches!(strategy, Voting::Average(_) | Voting::Confident(..));
    let Some(windows) = scene.windows.filter(|_| config.dynamic_weighting.enabled && follows && members.len() > 1)
    else {
        return Joined { values, threshold, weights };
    };
    let consensus: Vec<bool> = values.par_iter().map(|&value| value > threshold).collect();
    drop(values);
    let factors = dynamic::factors(scores, members, &consensus, windows, scene.feedback, &config.dynamic_weighting);
    let row_weights = RowWeights::by_window(members, &factors, windows);
    let weights = row_weights.table().to_vec();
    let values = values_of(&voting_of(config, members, row_weights));
    let threshold = threshold_of(&values);
    Joined { values, threshold, weights }
}

/// The comparable scores of every detector, as columns.
pub fn normalized_columns(scores: &[DetectorScores], config: &EnsembleConfig) -> Vec<Vec<f64>> {
    let normalized = |scores: &DetectorScores| {
        let normalizer = Normalizer::fit(scores, config.normalization, config.soft_limit);
        let mut column = vec![0.0; scores.raw.len()];
        normalizer.fill(&scores.raw, 0, &mut column);
        column
    };
    scores.par_iter().map(normalized).collect()
}

/// How alike the detectors vote: as known, where no threshold has moved.
fn votes(scores: &[DetectorScores], members: &[Member], known: Option<&Arc<Votes>>) -> Option<Arc<Votes>> {
    if members.len() < 2 {
        return None;
    }
    let thresholds: Vec<f64> = members.iter().map(|member| member.vote_threshold).collect();
    if let Some(known) = known.filter(|known| known.thresholds == thresholds) {
        return Some(Arc::clone(known));
    }
    let votes = |(scores, member): (&DetectorScores, &Member)| {
        scores.raw.iter().map(|&raw| raw > member.vote_threshold).collect::<Vec<bool>>()
    };
    let votes: Vec<Vec<bool>> = scores.par_iter().zip(members).with_max_len(1).map(votes).collect();
    let columns: Vec<&[bool]> = votes.iter().map(Vec::as_slice).collect();
    // A few milliseconds that nobody cancels; without rows there is no matrix.
    let agreement = AgreementMatrix::new(&columns, None, &Cx::default()).ok()?;
    Some(Arc::new(Votes { thresholds, agreement }))
}

/// Lowers the weights of detectors that say the same as others.
fn promote(members: &mut [Member], agreement: &AgreementMatrix, config: &DiversityConfig) {
    let weights: Vec<f64> = members.iter().map(|member| member.weight).collect();
    if let Ok(promoted) = promote_diversity(agreement, &weights, &config.metrics, config.threshold) {
        members.iter_mut().zip(promoted.weights).for_each(|(member, weight)| member.weight = weight);
    }
}

/// The threshold of a voting strategy that has its own.
fn of_voting(members: &[Member], config: &EnsembleConfig) -> Option<f64> {
    if config.voting_strategy != VotingStrategy::MajorityVote {
        return None;
    }
    let n_members = members.iter().filter(|member| member.weight > 0.0).count().max(1) as f64;
    // The least number of votes that is the share asked for, just below the values of rows that have it. A share such as
    // 0.6 of 5 must not ask for 4 because of rounding.
    let least = (config.majority_threshold * n_members - 1e-9).ceil().max(1.0);
    Some((least - (1.0 - TIE_BREAK) / 2.0) / n_members)
}

/// The detectors with their weights, which add up to 1.
fn members(scores: &[DetectorScores], recipe: &Recipe) -> Vec<Member> {
    let config = &recipe.ensemble;
    let weights = weights(scores, config);
    let member = |(scores, weight): (&DetectorScores, f64)| Member {
        kind: scores.kind,
        weight,
        vote_threshold: vote_threshold(scores.kind, &recipe.detectors, &scores.summary().sorted),
        normalizer: Normalizer::fit(scores, config.normalization, config.soft_limit),
    };
    scores.par_iter().zip(weights).with_max_len(1).map(member).collect()
}

/// The share of each detector before any adaption.
fn weights(scores: &[DetectorScores], config: &EnsembleConfig) -> Vec<f64> {
    let own: Vec<f64> = scores.iter().map(|scores| config.model_weights.get(scores.kind)).collect();
    let total: f64 = own.iter().sum();
    if !config.enabled {
        let largest = own.iter().copied().fold(0.0, f64::max);
        let leader = own.iter().position(|&weight| weight >= largest);
        return (0..own.len()).map(|i| if Some(i) == leader { 1.0 } else { 0.0 }).collect();
    }
    // Without any weight (all zero) the members count alike; a checked recipe has one.
    own.into_iter().map(|weight| if total > 0.0 { weight / total } else { 1.0 / scores.len() as f64 }).collect()
}

#[cfg(test)]
mod tests;
