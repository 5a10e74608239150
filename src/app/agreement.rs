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
    /// Share of rows where both vote against the majority of the detectors, 0 to 1.
    pub double_fault: Vec<Vec<f64>>,
}

impl VoteAgreement {
    /// Of the votes of a result.
    pub fn of(snapshot: &Snapshot) -> Self {
        let members = &snapshot.combined.members;
        let Some(votes) = &snapshot.combined.votes else { return Self::default() };
        let n = members.len();
        let pairs = || (0..n).map(|a| (0..n).filter_map(move |b| votes.agreement.pair(a, b)));
        Self {
            names: members.iter().map(|member| member.kind.title().to_owned()).collect(),
            kappa: pairs().map(|row| row.map(|pair| pair.cohen_kappa).collect()).collect(),
            disagreement: pairs().map(|row| row.map(|pair| pair.disagreement).collect()).collect(),
            double_fault: pairs().map(|row| row.map(|pair| pair.double_fault).collect()).collect(),
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

#[cfg(test)]
mod tests {
    use super::*;

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
