//! What the live controls show of a result: the distribution of the combined score and the votes of the detectors.

use super::agreement::VoteAgreement;
use super::main_job::Findings;
use crate::engine::Snapshot;

/// Number of bins of the histogram.
pub const N_BINS: usize = 80;

/// A result in numbers small enough to be drawn in every frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResultProfile {
    /// Rows per bin of the combined score: [`N_BINS`] bins of equal width from 0 to 1, the last one with 1.
    pub histogram: Vec<usize>,
    /// Number of anomalous rows.
    pub n_anomalies: usize,
    /// Number of alerts.
    pub n_alerts: usize,
    /// Share of rows that each detector votes abnormal, 0 to 1, in the order of the score columns.
    pub vote_shares: Vec<f64>,
    /// How alike the detectors vote.
    pub agreement: VoteAgreement,
}

impl ResultProfile {
    /// Goes through the scores once.
    pub fn of(findings: &Findings) -> Self {
        let snapshot = &findings.snapshot;
        Self {
            histogram: histogram(&snapshot.combined.score),
            n_anomalies: snapshot.n_anomalies(),
            n_alerts: findings.alerts.len(),
            vote_shares: vote_shares(snapshot),
            agreement: VoteAgreement::of(snapshot),
        }
    }
}

fn histogram(scores: &[f64]) -> Vec<usize> {
    let mut bins = vec![0; N_BINS];
    for &score in scores {
        // A score is finite and in 0..1; casting keeps any other within the bins.
        let bin = ((score * N_BINS as f64) as usize).min(N_BINS - 1);
        if let Some(count) = bins.get_mut(bin) {
            *count += 1;
        }
    }
    bins
}

fn vote_shares(snapshot: &Snapshot) -> Vec<f64> {
    let columns = snapshot.scores.iter().zip(&snapshot.combined.members);
    let share = |raw: &[f64], threshold: f64| {
        let votes = raw.iter().filter(|&&score| score > threshold).count();
        votes as f64 / raw.len().max(1) as f64
    };
    columns.map(|(scores, member)| share(&scores.raw, member.vote_threshold)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_is_counted_once() {
        let bins = histogram(&[0.0, 0.012, 0.3, 0.999, 1.0]);
        assert_eq!((bins.len(), bins.iter().sum::<usize>()), (N_BINS, 5));
        assert_eq!((bins[0], bins[24], bins[N_BINS - 1]), (2, 1, 2));
    }
}
