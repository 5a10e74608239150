//! How alike the detectors vote, pair by pair, ready to be drawn.

use crate::engine::Snapshot;

/// Agreement of each pair of detectors: square tables, in the order of the score columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VoteAgreement {
    /// Names of the detectors for people.
    pub names: Vec<String>,
    /// Cohen's kappa of their votes, -1 to 1: 1 the same votes, 0 as alike as by chance. `None` where both vote for all
    /// rows, or both for none.
    pub kappa: Vec<Vec<Option<f64>>>,
    /// Share of rows that exactly one of the two votes abnormal, 0 to 1.
    pub disagreement: Vec<Vec<f64>>,
    /// Share of rows where both are wrong, 0 to 1; `None` where it is not known.
    pub double_fault: Vec<Vec<Option<f64>>>,
}

impl VoteAgreement {
    /// Compares the votes of a result.
    pub fn of(snapshot: &Snapshot) -> Self {
        let members = &snapshot.combined.members;
        let votes = snapshot.scores.iter().zip(members);
        let votes: Vec<Vec<bool>> = votes
            .map(|(scores, member)| scores.raw.iter().map(|&score| score > member.vote_threshold).collect())
            .collect();
        let table = |value: fn(&[bool], &[bool]) -> Option<f64>| -> Vec<Vec<Option<f64>>> {
            votes.iter().map(|a| votes.iter().map(|b| value(a, b)).collect()).collect()
        };
        let plain = table(|a, b| Some(disagreement(a, b)));
        Self {
            names: members.iter().map(|member| member.kind.title().to_owned()).collect(),
            kappa: table(kappa),
            disagreement: plain.into_iter().map(|row| row.into_iter().flatten().collect()).collect(),
            double_fault: table(|_, _| None),
        }
    }

    /// Kappa of two different detectors; `None` where there is none.
    pub fn kappa_of(&self, a: usize, b: usize) -> Option<f64> {
        self.kappa.get(a)?.get(b).copied().flatten()
    }

    /// The two detectors that vote most alike, with their kappa.
    pub fn most_alike(&self) -> Option<(&str, &str, f64)> {
        let pairs = (0..self.names.len()).flat_map(|a| (0..a).map(move |b| (b, a)));
        let known = pairs.filter_map(|(a, b)| Some((a, b, self.kappa_of(a, b)?)));
        let (a, b, kappa) = known.max_by(|x, y| x.2.total_cmp(&y.2))?;
        Some((self.names.get(a)?, self.names.get(b)?, kappa))
    }
}

fn disagreement(a: &[bool], b: &[bool]) -> f64 {
    a.iter().zip(b).filter(|(a, b)| a != b).count() as f64 / a.len().max(1) as f64
}

fn kappa(a: &[bool], b: &[bool]) -> Option<f64> {
    let share = |votes: &[bool]| votes.iter().filter(|&&vote| vote).count() as f64 / votes.len().max(1) as f64;
    let (p, q) = (share(a), share(b));
    let by_chance = p * (1.0 - q) + q * (1.0 - p);
    (by_chance > 0.0).then(|| 1.0 - disagreement(a, b) / by_chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sklearn.metrics.cohen_kappa_score([1, 1, 0, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, 1, 1, 0])` is 0.4666…
    #[test]
    fn kappa_as_in_scikit_learn() {
        let a = [1, 1, 0, 0, 0, 0, 1, 0].map(|vote| vote == 1);
        let b = [1, 0, 0, 0, 0, 1, 1, 0].map(|vote| vote == 1);
        assert!((kappa(&a, &b).unwrap() - 7.0 / 15.0).abs() < 1e-12);
        assert_eq!((kappa(&a, &a), disagreement(&a, &b)), (Some(1.0), 0.25));
        assert_eq!(kappa(&[false; 3], &[false; 3]), None);
    }

    #[test]
    fn the_most_alike_pair_is_named_once() {
        let kappa = vec![
            vec![Some(1.0), Some(0.2), None],
            vec![Some(0.2), Some(1.0), Some(0.7)],
            vec![None, Some(0.7), Some(1.0)],
        ];
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        let agreement = VoteAgreement { names, kappa, ..VoteAgreement::default() };
        assert_eq!(agreement.most_alike(), Some(("b", "c", 0.7)));
        assert_eq!(VoteAgreement::default().most_alike(), None);
    }
}
