//! The voting strategies: from the comparable scores of the detectors to one value per row.

use rayon::prelude::*;

use super::Member;
use super::column::DetectorScores;
use super::dynamic::RowWeights;

/// Rows worked on at a time: the scores of a few detectors stay in the nearest cache.
const BLOCK: usize = 1024;

/// How the values of a row become one.
#[derive(Debug)]
pub(super) enum Voting<'a> {
    /// The weighted average.
    Average(RowWeights<'a>),
    /// The weighted average, each detector times how far the row is from its threshold (in normalised units).
    Confident(RowWeights<'a>, Vec<f64>),
    /// The mean of the highest score over all groups of that many detectors.
    MaximumOfGroups(usize),
    /// The share of detectors that vote; within equally many votes the weighted average orders.
    Majority(RowWeights<'a>),
}

/// One value per row. The same bits whatever the number of threads: rows do not mix.
pub(super) fn combine_rows(columns: &[DetectorScores], members: &[Member], strategy: &Voting<'_>) -> Vec<f64> {
    let n_rows = columns.first().map_or(0, |column| column.raw.len());
    let mut values = vec![0.0; n_rows];
    let room = (columns.len() + 1) * BLOCK;
    values.par_chunks_mut(BLOCK).enumerate().for_each_init(
        || vec![0.0; room],
        |room, (block, out)| {
            pulp::Arch::new().dispatch(
                #[inline(always)]
                || {
                    let first = block * BLOCK;
                    let raw = columns.iter().map(|column| column.raw.get(first..first + out.len()).unwrap_or_default());
                    let rows = Rows { raw: raw.collect(), members, first };
                    rows.combine(strategy, Member::fill, room, out);
                },
            );
        },
    );
    values
}

/// One value per row, for rows that are not those of the run: `raw` holds a column per detector. The strategy has the same
/// weights for all of them.
pub(super) fn combine_others(raw: &[&[f64]], members: &[Member], strategy: &Voting<'_>) -> Vec<f64> {
    let mut values = vec![0.0; raw.first().map_or(0, |column| column.len())];
    let mut room = vec![0.0; (raw.len() + 1) * BLOCK];
    for (block, out) in values.chunks_mut(BLOCK).enumerate() {
        let first = block * BLOCK;
        let raw = raw.iter().map(|column| column.get(first..first + out.len()).unwrap_or_default());
        let rows = Rows { raw: raw.collect(), members, first: 0 };
        rows.combine(strategy, Member::fill_others, &mut room, out);
    }
    values
}

/// A block of rows.
struct Rows<'a> {
    /// Raw scores, a column per detector.
    raw: Vec<&'a [f64]>,
    members: &'a [Member],
    first: usize,
}

impl Rows<'_> {
    /// `fill` makes the raw scores of a detector comparable, given the number of the first row.
    #[inline(always)]
    fn combine(
        &self,
        strategy: &Voting<'_>,
        fill: impl Fn(&Member, &[f64], usize, &mut [f64]),
        room: &mut [f64],
        out: &mut [f64],
    ) {
        let (normalized, spare) = room.split_at_mut(self.raw.len() * BLOCK);
        // Where detectors of weight 0 have no say, they are not even normalised.
        let heard = |member: &Member| !matches!(strategy, Voting::MaximumOfGroups(_)) || member.weight > 0.0;
        let (mut scores, mut n_heard) = (Vec::with_capacity(self.raw.len()), 0);
        for ((raw, member), normalized) in self.raw.iter().zip(self.members).zip(normalized.chunks_exact_mut(BLOCK)) {
            if !heard(member) {
                continue;
            }
            let normalized = &mut normalized[..out.len()];
            fill(member, raw, self.first, normalized);
            scores.push(normalized);
            n_heard += 1;
        }
        match strategy {
            Voting::Average(weights) => self.average(weights, &scores, out),
            Voting::Confident(weights, thresholds) => {
                self.confident(weights, thresholds, &scores, &mut spare[..out.len()], out);
            }
            Voting::MaximumOfGroups(size) => maximum_of_groups((*size).clamp(1, n_heard.max(1)), &mut scores, out),
            Voting::Majority(weights) => {
                self.average(weights, &scores, out);
                self.add_votes(&mut spare[..out.len()], out);
            }
        }
    }

    #[inline(always)]
    fn average(&self, weights: &RowWeights<'_>, scores: &[&mut [f64]], out: &mut [f64]) {
        out.fill(0.0);
        let mut start = 0;
        for (n, weights) in weights.stretches(self.first, out.len()) {
            let rows = start..start + n;
            start += n;
            let Some(out) = out.get_mut(rows.clone()) else { return };
            for (&weight, scores) in weights.iter().zip(scores) {
                let scores = scores.get(rows.clone()).unwrap_or_default();
                out.iter_mut().zip(scores).for_each(|(sum, score)| *sum += weight * score);
            }
        }
    }

    #[inline(always)]
    fn confident(
        &self,
        weights: &RowWeights<'_>,
        thresholds: &[f64],
        scores: &[&mut [f64]],
        totals: &mut [f64],
        out: &mut [f64],
    ) {
        out.fill(0.0);
        totals.fill(0.0);
        let mut start = 0;
        for (n, weights) in weights.stretches(self.first, out.len()) {
            let rows = start..start + n;
            start += n;
            let (Some(out), Some(totals)) = (out.get_mut(rows.clone()), totals.get_mut(rows.clone())) else { return };
            for ((&weight, threshold), scores) in weights.iter().zip(thresholds).zip(scores) {
                let scores = scores.get(rows.clone()).unwrap_or_default();
                for ((sum, total), score) in out.iter_mut().zip(totals.iter_mut()).zip(scores) {
                    let distance = (score - threshold).abs().min(f64::MAX);
                    let say = weight * (distance / (1.0 + distance));
                    *sum += say * score;
                    *total += say;
                }
            }
        }
        // A row at the threshold of every detector: nobody is sure, and it lies at the threshold.
        for (value, total) in out.iter_mut().zip(totals.iter()) {
            *value = if *total > 0.0 { *value / total } else { 0.0 };
        }
    }

    /// Replaces weighted averages by the share of votes, plus less than one vote that keeps their order.
    #[inline(always)]
    fn add_votes(&self, votes: &mut [f64], out: &mut [f64]) {
        votes.fill(0.0);
        let mut n_members = 0.0;
        for (raw, member) in self.raw.iter().zip(self.members).filter(|(_, member)| member.weight > 0.0) {
            n_members += 1.0;
            for (votes, &raw) in votes.iter_mut().zip(*raw) {
                *votes += f64::from(u8::from(raw > member.vote_threshold));
            }
        }
        for (value, votes) in out.iter_mut().zip(votes.iter()) {
            let order = 0.5 + 0.5 * (*value / (1.0 + value.abs()));
            *value = (votes + TIE_BREAK * order) / f64::max(n_members, 1.0);
        }
    }
}

/// How much of one vote the order among equal votes takes up: less than half, so that shares of votes stay apart.
pub(super) const TIE_BREAK: f64 = 0.25;

/// The mean of the highest score over all groups of `size` detectors: sorted ascending, score number j is the highest
/// of C(j - 1, size - 1) groups.
#[inline(always)]
fn maximum_of_groups(size: usize, scores: &mut [&mut [f64]], out: &mut [f64]) {
    let n = scores.len();
    // Sorts every row at once: columns are exchanged element by element.
    for end in (1..n).rev() {
        for at in 0..end {
            let (left, right) = scores.split_at_mut(at + 1);
            if let (Some(low), Some(high)) = (left.last_mut(), right.first_mut()) {
                for (low, high) in low.iter_mut().zip(high.iter_mut()) {
                    (*low, *high) = (low.min(*high), low.max(*high));
                }
            }
        }
    }
    out.fill(0.0);
    for (rank, scores) in scores.iter().enumerate().skip(size - 1) {
        let share = choose(rank, size - 1) / choose(n, size);
        out.iter_mut().zip(scores.iter()).for_each(|(sum, score)| *sum += share * score);
    }
}

/// Number of ways to choose k of n.
fn choose(n: usize, k: usize) -> f64 {
    (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product()
}
