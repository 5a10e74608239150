//! The smallest change that would make a row normal, towards values that normal rows have.

use super::{ExplainError, Explainer, Target, WhatIf};
use crate::analysis::ensemble::{RowScorer, THRESHOLD_SCORE};
use crate::analysis::explain::counterfactual::search;
use crate::cx::Cx;
use crate::engine::Snapshot;

/// Columns of the row changed, at most.
const MOST_COLUMNS: usize = 5;

/// Changes tried in all, at most: what fits into 200 ms with the detectors of any preset.
const MOST_TRIES: usize = 50;

/// A change that makes a row normal.
#[derive(Debug, Clone, PartialEq)]
pub struct Counterfactual {
    /// What is changed.
    pub changes: Vec<Change>,
    /// The combined score then.
    pub score: f64,
    /// Whether the rows before the row are changed, too: features over time are as in the row they are taken from, as no
    /// other value of the row alone makes it normal.
    pub with_history: bool,
}

/// A changed column.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which.
    pub column: String,
    /// Its value.
    pub from: f64,
    /// Its value with which the row is normal.
    pub to: f64,
}

impl WhatIf {
    /// The smallest change of the row's columns with which its combined score is normal, as few columns as possible and
    /// each as little as possible, towards the most similar normal row or else towards typical values. All values stay within
    /// what was observed. Where no change of the row alone helps, its features over time are changed, too, towards those
    /// of the most similar normal row or else of the most ordinary row of the entity. `None` where the row is normal, a
    /// rule makes it anomalous, or no change was found: the rows around it alone can make a row anomalous.
    ///
    /// # Errors
    /// When cancelled.
    pub fn counterfactual(&self, cx: &Cx) -> Result<Option<Counterfactual>, ExplainError> {
        let (explainer, snapshot, row) = (&self.explainer, &self.snapshot, self.row);
        let scorer = explainer.scorer(snapshot, row);
        if !RowScorer::is_anomaly(scorer.score(&explainer.raw_scores(row))) || RowScorer::is_anomaly(scorer.least()) {
            return Ok(None);
        }
        let Some(nearest) = explainer.nearest_normal(row) else { return Ok(None) };
        let (order, values) = (explainer.sources_by_contribution(snapshot, row, cx)?, self.values());
        let mut left = MOST_TRIES;
        let like_nearest = |column: &str| explainer.column_value(column, nearest.row);
        let like_typical = |column: &str| explainer.typical(column, row).map_or(f64::NAN, |typical| typical.median);
        for target in [&like_nearest as &dyn Fn(&str) -> f64, &like_typical] {
            let candidate = |source: &String| {
                let place = self.place_of(source).ok()?;
                let (from, to) = (values.get(place).copied()?, target(source));
                let is_whole = explainer
                    .column(source)
                    .is_some_and(|column| column.iter().all(|v| v.fract() == 0.0 || v.is_nan()));
                (to.is_finite() && from != to).then_some(Candidate { place, from, to, is_whole })
            };
            let candidates: Vec<Candidate> = order.iter().filter_map(candidate).collect();
            if let Some(found) = self.by_columns(&candidates, &mut left, cx)? {
                return Ok(Some(found));
            }
        }
        let ordinary = explainer.most_ordinary(row).filter(|ordinary| *ordinary != nearest.row);
        for like in [Some(nearest.row), ordinary].into_iter().flatten() {
            if let Some(found) = explainer.by_features(snapshot, row, like, &order, &mut left, cx)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Changes values of the row.
    fn by_columns(
        &self,
        candidates: &[Candidate],
        left: &mut usize,
        cx: &Cx,
    ) -> Result<Option<Counterfactual>, ExplainError> {
        let unchanged = self.values();
        let moved_to = |moved: &[f64]| {
            let mut values = unchanged.clone();
            for (candidate, &part) in candidates.iter().zip(moved).filter(|(_, part)| **part > 0.0) {
                if let Some(value) = values.get_mut(candidate.place) {
                    *value = candidate.at(part);
                }
            }
            values
        };
        let score = |moved: &[f64]| self.evaluate(&moved_to(moved), cx).map(|result| result.after);
        let Some((moved, score)) = searched(candidates.len(), MOST_COLUMNS, left, score)? else { return Ok(None) };
        let changed = candidates.iter().zip(&moved).filter(|(_, part)| **part > 0.0);
        let change = |(candidate, &part): (&Candidate, &f64)| Change {
            column: self.columns().get(candidate.place).cloned().unwrap_or_default(),
            from: candidate.from,
            to: candidate.at(part),
        };
        Ok(Some(Counterfactual { changes: changed.map(change).collect(), score, with_history: false }))
    }
}

impl Explainer {
    /// The row of the same entity with the lowest combined score.
    fn most_ordinary(&self, row: u32) -> Option<u32> {
        let score = |row: &u32| self.fitted.combined.score.get(*row as usize).copied().unwrap_or(1.0);
        let own = self.places.find(row, &self.detectors.order).series;
        own.iter().copied().min_by(|a, b| score(a).total_cmp(&score(b)))
    }

    /// Changes everything that comes from a column, towards what another row has.
    fn by_features(
        &self,
        snapshot: &Snapshot,
        row: u32,
        like: u32,
        order: &[String],
        left: &mut usize,
        cx: &Cx,
    ) -> Result<Option<Counterfactual>, ExplainError> {
        let numbers = self.detectors.numbers(self.features(), &[row, like], cx)?;
        let (from, to) = (numbers.row(0), numbers.row(1));
        let scorer = self.scorer(snapshot, row);
        let groups: Vec<Vec<usize>> = order.iter().map(|source| self.numbers_of(source)).collect();
        let moved_to = |moved: &[f64]| {
            let mut numbers = from.to_vec();
            for (group, &part) in groups.iter().zip(moved).filter(|(_, part)| **part > 0.0) {
                for &at in group {
                    if let (Some(number), Some(to)) = (numbers.get_mut(at), to.get(at)) {
                        *number += part * (to - *number);
                    }
                }
            }
            numbers
        };
        let score = |moved: &[f64]| Ok(scorer.score(&self.scores_of_numbers(&moved_to(moved), row, cx)?));
        let Some((moved, score)) = searched(groups.len(), groups.len(), left, score)? else { return Ok(None) };
        let changed = order.iter().zip(&moved).filter(|(_, part)| **part > 0.0);
        let change = |(source, &part): (&String, &f64)| {
            let (from, to) = (self.column_value(source, row), self.column_value(source, like));
            let to = if from.is_finite() { from + part * (to - from) } else { to };
            Change { column: source.clone(), from, to }
        };
        Ok(Some(Counterfactual {
            changes: changed.map(change).collect(),
            score,
            with_history: snapshot.table.time().is_some(),
        }))
    }

    /// The columns that raise the combined score, the one that does most first.
    fn sources_by_contribution(&self, snapshot: &Snapshot, row: u32, cx: &Cx) -> Result<Vec<String>, ExplainError> {
        let explained = self.explain(snapshot, row, Target::Combined, None, cx)?;
        let mut sums = explained.by_source();
        sums.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(sums.into_iter().map(|(source, _)| source.to_owned()).collect())
    }
}

/// A column that can be changed.
struct Candidate {
    place: usize,
    from: f64,
    to: f64,
    /// Whether the column holds whole numbers only.
    is_whole: bool,
}

impl Candidate {
    /// The value a part of the way to the target; of whole numbers the next one on the way.
    fn at(&self, part: f64) -> f64 {
        if !self.from.is_finite() {
            // There is no way from a missing value to another.
            return self.to;
        }
        let value = self.from + part * (self.to - self.from);
        match (self.is_whole, self.to > self.from) {
            (false, _) => value,
            (true, true) => value.ceil(),
            (true, false) => value.floor(),
        }
    }
}

/// Searches with so many tries left, and gives the moves with the score they lead to.
fn searched(
    n_inputs: usize,
    most: usize,
    left: &mut usize,
    mut score: impl FnMut(&[f64]) -> Result<f64, ExplainError>,
) -> Result<Option<(Vec<f64>, f64)>, ExplainError> {
    let mut failed = None;
    let tried = |moved: &[f64]| {
        *left = left.checked_sub(1)?;
        score(moved).map_err(|error| failed = Some(error)).ok()
    };
    let found = search(n_inputs, most, tried, |score| score <= THRESHOLD_SCORE);
    if let Some(error) = failed {
        return Err(error);
    }
    let Some(moved) = found else { return Ok(None) };
    let score = score(&moved)?;
    Ok(Some((moved, score)))
}
