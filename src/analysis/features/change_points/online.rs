//! Change points without look-ahead: at each row, the last change as far as it is known by then.

use serde::{Deserialize, Serialize};

use super::candidates::Candidates;
use super::cost::SMALL_BIAS;
use super::lanes::{Lanes, Scale};
use super::penalty::{self, AIC_FACTOR, Penalty, bic_factor};
use super::signal::LARGEST;
use super::sweep::compact;
use super::{ChangePointError, SegmentRow};
use crate::cx::{Cancelled, Cx};

/// Values are made relative to the current one once they are this many penalties large: they keep eight digits of a
/// penalty, and an outlier of any size is forgotten a few rows later.
const REBASE: f64 = (1 << 24) as f64;

/// Costs that can be followed value by value in little memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnlineCost {
    /// As [`Model::L2`](super::Model::L2).
    L2,
    /// As [`Model::Normal`](super::Model::Normal) with the small bias.
    Normal,
}

/// What is learned from training rows of a column, and the settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OnlineFit {
    /// The cost.
    pub cost: OnlineCost,
    /// The penalty, in units of the cost; above 0.
    pub penalty: f64,
    /// Shortest segment in rows.
    pub min_size: usize,
    /// Most candidates for the last change that are kept.
    pub max_candidates: usize,
}

impl OnlineFit {
    /// Default of [`OnlineFit::max_candidates`].
    pub const MAX_CANDIDATES: usize = 512;

    /// Fixes the penalty from training rows, one slice per entity: as [`Penalty`] has it, with differences of
    /// neighbours within entities and n of the longest one. Missing (NaN) and infinite values are skipped.
    ///
    /// # Errors
    /// A penalty that is not a finite number above 0.
    pub fn new(
        entities: &[&[f64]],
        cost: OnlineCost,
        penalty: Penalty,
        min_size: usize,
    ) -> Result<Self, ChangePointError> {
        let present = |values: &[f64]| -> Vec<f64> {
            values.iter().filter(|value| value.is_finite()).map(|value| value.clamp(-LARGEST, LARGEST)).collect()
        };
        let of_factor = |factor: &dyn Fn(usize) -> f64| {
            let entities: Vec<Vec<f64>> = entities.iter().map(|values| present(values)).collect();
            let factor = factor(entities.iter().map(Vec::len).max().unwrap_or(0));
            match cost {
                OnlineCost::Normal => penalty::normal(1.0, factor),
                OnlineCost::L2 => {
                    let differences = entities.iter().flat_map(|values| penalty::differences(values.iter().copied()));
                    penalty::l2(penalty::noise(vec![differences.collect()]).variance, 1.0, factor)
                }
            }
        };
        let penalty = match penalty {
            Penalty::Value(penalty) if penalty > 0.0 => penalty::check(penalty)?,
            Penalty::Value(penalty) => return Err(ChangePointError::Penalty { penalty }),
            Penalty::Bic => of_factor(&bic_factor),
            Penalty::Aic => of_factor(&|_| AIC_FACTOR),
        };
        Ok(Self { cost, penalty, min_size, max_candidates: Self::MAX_CANDIDATES })
    }

    /// The features of all rows of an entity: what [`OnlinePelt`] gives row by row.
    ///
    /// # Errors
    /// When cancelled.
    pub fn features(&self, values: &[f64], cx: &Cx) -> Result<Vec<SegmentRow>, Cancelled> {
        let mut pelt = OnlinePelt::new(self);
        let mut rows = Vec::with_capacity(values.len());
        for chunk in values.chunks(1024) {
            cx.check()?;
            rows.extend(chunk.iter().map(|&value| pelt.push(value)));
        }
        Ok(rows)
    }
}

/// PELT for one entity, row by row. Causal: the recursion of PELT holds, for the rows so far, the best segmentation;
/// this reads off its last segment. On the first n rows it gives what [`Search::Pelt`](super::Search::Pelt) gives on
/// those rows alone, as long as no candidate was forgotten.
///
/// A row costs time in proportion to the candidates: about the rows since the last change or two. A series without a
/// change rules out none, so at `max_candidates` (at least 16) the oldest quarter is forgotten, but never the current
/// last change. What is lost: a change further back than about three quarters of `max_candidates` rows that has gone
/// unnoticed until now can no longer be found (a slow drift, or a change far smaller than the penalty would notice
/// within that time). About 64 bytes per candidate, 32 KB at the default.
///
/// A missing (NaN) or infinite value gives NaN and counts as a row. Values beyond ±1e140 count as ±1e140.
#[derive(Debug, Clone, PartialEq)]
pub struct OnlinePelt {
    lanes: Lanes,
    candidates: Candidates,
    /// Per candidate, its row, with those that miss a value.
    rows: Vec<usize>,
    penalty: f64,
    min_size: usize,
    max_candidates: usize,
    n_rows: usize,
    n_values: usize,
    /// Best value of the values so far, where they may end a segment.
    best: Option<f64>,
}

impl OnlinePelt {
    /// Before the first row of an entity.
    pub fn new(fit: &OnlineFit) -> Self {
        let (scale, shortest) = match fit.cost {
            OnlineCost::L2 => (Scale::Squares, 1),
            OnlineCost::Normal => (Scale::LogVariance { bias: SMALL_BIAS }, 2),
        };
        let min_size = fit.min_size.max(shortest);
        Self {
            lanes: Lanes::new(scale),
            candidates: Candidates::default(),
            rows: Vec::new(),
            penalty: fit.penalty,
            min_size,
            // The newest `min_size` candidates are not ready yet.
            max_candidates: fit.max_candidates.max(16).max(min_size.saturating_mul(2)),
            n_rows: 0,
            n_values: 0,
            best: Some(0.0),
        }
    }

    /// Takes in the next row. Until there are `min_size` values, the segment is that of all values.
    pub fn push(&mut self, value: f64) -> SegmentRow {
        let row = self.n_rows;
        self.n_rows += 1;
        if !value.is_finite() {
            return SegmentRow::MISSING;
        }
        let value = value.clamp(-LARGEST, LARGEST);
        if let Some(best) = self.best.take() {
            self.candidates.open(self.n_values, best);
            self.lanes.open();
            self.rows.push(row);
        }
        self.lanes.push(value);
        self.n_values += 1;
        let current = if self.n_values < self.min_size { 0 } else { self.choose() };
        let since = row - self.rows.get(current).copied().unwrap_or(row);
        let moments = self.lanes.moments(current).unwrap_or((1.0, value, 0.0));
        self.make_room(current);
        SegmentRow::new(since, moments, value)
    }

    #[cfg(test)]
    pub(super) fn n_candidates(&self) -> usize {
        self.candidates.len()
    }

    /// The candidate at which the last segment begins.
    fn choose(&mut self) -> usize {
        let n_ready = self.candidates.ready(self.n_values, self.min_size);
        let choice = self.candidates.choose(self.lanes.costs(n_ready), self.penalty);
        let is_large = choice.value.abs() > REBASE * self.penalty;
        if is_large {
            self.candidates.rebase(choice.value);
        }
        self.best = Some(if is_large { 0.0 } else { choice.value });
        choice.index
    }

    /// Drops candidates that are ruled out, and the oldest ones where there are too many.
    fn make_room(&mut self, current: usize) {
        if let Some(keep) = self.candidates.worth_keeping() {
            self.retain(&keep);
        } else if self.candidates.len() >= self.max_candidates {
            let keep: Vec<bool> = (0..self.candidates.len() / 4).map(|candidate| candidate == current).collect();
            self.retain(&keep);
        }
    }

    fn retain(&mut self, keep: &[bool]) {
        self.candidates.retain(keep);
        self.lanes.retain(keep);
        compact(&mut self.rows, keep);
    }
}
