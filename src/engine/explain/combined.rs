//! What the features, the columns and the detectors add to the combined score.

use std::collections::BTreeMap;

use super::{Contribution, DetectorShare, ExplainError, Explainer, Explanation, Method, Target};
use crate::analysis::ensemble::RowScorer;
use crate::analysis::explain::shapley::{MAX_PLAYERS, shapley, shapley_sampled};
use crate::analysis::explain::{Attribution, propagate};
use crate::cx::Cx;
use crate::engine::Snapshot;

/// Pairs of orders of the detectors, where there are too many for all coalitions.
const PAIRS: usize = 512;

impl Explainer {
    /// Shapley values of the detectors in the combined score, handed down to what made the score of each.
    pub(super) fn combined_by_chain(
        &self,
        snapshot: &Snapshot,
        rows: &[u32],
        cx: &Cx,
    ) -> Result<Vec<Explanation>, ExplainError> {
        let mut parts: Vec<std::vec::IntoIter<Attribution>> = Vec::new();
        for detector in 0..self.detectors.models.len() {
            cx.check()?;
            parts.push(self.handed_down(snapshot, detector, rows, cx)?.into_iter());
        }
        let explain = |&row: &u32| {
            cx.check()?;
            let parts: Vec<Attribution> = parts.iter_mut().filter_map(Iterator::next).collect();
            let scorer = self.scorer(snapshot, row);
            let joint = self.joint(&scorer, row, &parts);
            let found = propagate(&joint, &parts);
            let explained = self.explanation(row, Target::Combined, Method::ChainedShap, &found);
            let detectors = self.shares(snapshot, row, &joint, &parts);
            Ok(with_rules(Explanation { detectors, ..explained }, snapshot, &scorer))
        };
        rows.iter().map(explain).collect()
    }

    /// KernelSHAP of the ensemble as a whole.
    pub(super) fn combined_by_kernel(
        &self,
        snapshot: &Snapshot,
        row: u32,
        cx: &Cx,
    ) -> Result<Explanation, ExplainError> {
        let numbers = self.detectors.numbers(self.features(), &[row], cx)?;
        let width = numbers.n_features();
        let scorer = self.scorer(snapshot, row);
        let f = |rows: &[f64]| self.combined_scores(&scorer, rows, width, &vec![row; rows.len() / width], cx);
        cx.progress().start("KernelSHAP", 0);
        let found = self.kernel(&f, numbers.row(0), &snapshot.recipe, false, cx)?;
        let explained = self.explanation(row, Target::Combined, Method::KernelShap, &found);
        // What the detectors add is exact, however the features share it.
        let chained = self.combined_by_chain(snapshot, &[row], cx)?;
        let detectors = chained.into_iter().next().map(|chained| chained.detectors).unwrap_or_default();
        Ok(with_rules(Explanation { detectors, ..explained }, snapshot, &scorer))
    }

    /// The combined scores of rows of numbers as variants of rows `own` of the run, rules left out.
    pub(super) fn combined_scores(
        &self,
        scorer: &RowScorer<'_>,
        rows: &[f64],
        width: usize,
        own: &[u32],
        cx: &Cx,
    ) -> Result<Vec<f64>, ExplainError> {
        let raw = self.raw_columns(rows, width, own, cx)?;
        let raw: Vec<&[f64]> = raw.iter().map(Vec::as_slice).collect();
        Ok(scorer.by_detectors(&raw))
    }

    /// The raw scores of rows of numbers as variants of rows `own` of the run, a column per detector.
    pub(super) fn raw_columns(
        &self,
        rows: &[f64],
        width: usize,
        own: &[u32],
        cx: &Cx,
    ) -> Result<Vec<Vec<f64>>, ExplainError> {
        let names = self.features().shared_features();
        let scores = |detector: usize| self.detectors.scores(detector, rows, width, own, &names, cx);
        (0..self.detectors.models.len()).map(scores).collect()
    }

    /// What each detector adds to the combined score, against the score it gives where nothing is known.
    fn joint(&self, scorer: &RowScorer<'_>, row: u32, parts: &[Attribution]) -> Attribution {
        let n = parts.len();
        let raw = self.raw_scores(row);
        let shown = |in_it: &dyn Fn(usize) -> bool| -> Vec<f64> {
            let of = |(at, part): (usize, &Attribution)| {
                if in_it(at) { raw.get(at).copied().unwrap_or(part.value) } else { part.base }
            };
            parts.iter().enumerate().map(of).collect()
        };
        let one = |scores: &[f64]| {
            let columns: Vec<&[f64]> = scores.iter().map(std::slice::from_ref).collect();
            scorer.by_detectors(&columns).first().copied().unwrap_or(0.0)
        };
        if n > MAX_PLAYERS {
            return shapley_sampled(n, PAIRS, self.fitted.recipe.compute.seed, |coalition| {
                one(&shown(&|at| coalition.get(at) == Some(&true)))
            });
        }
        shapley(n, |mask| one(&shown(&|at| mask >> at & 1 == 1))).unwrap_or_default()
    }

    fn shares(&self, snapshot: &Snapshot, row: u32, joint: &Attribution, parts: &[Attribution]) -> Vec<DetectorShare> {
        let members = snapshot.combined.members.iter().zip(self.raw_scores(row));
        let found = parts.iter().zip(&joint.contributions);
        let share = members.zip(found).map(|((member, score), (part, &contribution))| DetectorShare {
            kind: member.kind,
            score,
            base: part.base,
            threshold: member.vote_threshold,
            voted: score > member.vote_threshold,
            leading: self.leading_column(part),
            contribution,
        });
        let mut shares: Vec<DetectorShare> = share.collect();
        shares.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        shares
    }

    /// The column that raises a score most; empty where none does.
    fn leading_column(&self, found: &Attribution) -> String {
        let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
        for (player, contribution) in self.players.iter().zip(&found.contributions) {
            *sums.entry(&player.source).or_default() += contribution;
        }
        let most = sums.into_iter().filter(|(_, sum)| *sum > 0.0).max_by(|a, b| a.1.total_cmp(&b.1));
        most.map_or_else(String::new, |(source, _)| source.to_owned())
    }

    /// An attribution with names and values, the largest contribution first.
    pub(super) fn explanation(&self, row: u32, target: Target, method: Method, found: &Attribution) -> Explanation {
        let (fitted, scaled) = (&self.fitted.prepared.fitted, self.features().row(row as usize));
        let measured = self.detectors.measures.as_ref().map_or(&[][..], |measures| measures.row(row as usize));
        let value = |at: usize| match scaled.get(at) {
            Some(&scaled) => fitted.raw_value(at, scaled),
            None => measured.get(at - scaled.len()).copied().unwrap_or(f64::NAN),
        };
        let contribution = |(at, (player, &contribution)): (usize, (&super::Player, &f64))| Contribution {
            feature: player.name.clone(),
            source: player.source.clone(),
            value: value(at),
            contribution,
            standard_error: found.standard_errors.get(at).copied(),
        };
        let mut contributions: Vec<Contribution> =
            self.players.iter().zip(&found.contributions).enumerate().map(contribution).collect();
        // Equal ones keep the order of the features.
        contributions.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        Explanation {
            row,
            target,
            method,
            score: found.value,
            base: found.base,
            contributions,
            detectors: Vec::new(),
            margin: None,
            fit: None,
        }
    }
}

/// Adds what rules that fire lift the score by.
pub(super) fn with_rules(mut explained: Explanation, snapshot: &Snapshot, scorer: &RowScorer<'_>) -> Explanation {
    let lifted = scorer.least() - explained.score;
    if lifted > 0.0 {
        let fires = snapshot.surroundings.rules.iter().filter(|rule| rule.contains(explained.row));
        let names: Vec<String> = fires.map(|rule| format!("\"{}\"", rule.name)).collect();
        let rule = Contribution {
            feature: format!("rule {}", names.join(", ")),
            source: String::new(),
            value: f64::NAN,
            contribution: lifted,
            standard_error: None,
        };
        explained.contributions.push(rule);
        explained.contributions.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        explained.score = scorer.least();
    }
    explained
}
