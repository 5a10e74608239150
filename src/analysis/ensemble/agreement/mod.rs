//! How alike the members of an ensemble vote: agreement of each pair, with labels or without.
//!
//! Kuncheva, Whitaker (2003), "Measures of diversity in classifier ensembles"; Cohen (1960) for kappa. Anomalies are
//! rare, so most rows are normal to all members, and plain agreement is always near 1: kappa, which takes off the
//! agreement expected by chance, is the measure to look at first.

mod count;
mod promotion;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::count::Counts;
use crate::cx::{Cancelled, Cx};

pub use self::promotion::{Promoted, promote_diversity};
use crate::recipe::DiversityMetric;

/// Agreement of two members.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Agreement beyond chance, -1 to 1: 1 the same flags, 0 as alike as by chance; sklearn `cohen_kappa_score`. `None`
    /// where both flag all rows, or both none.
    pub cohen_kappa: Option<f64>,
    /// Share of rows that one flags and the other does not, 0 to 1. The same as the share of rows where exactly one is
    /// right.
    pub disagreement: f64,
    /// Share of rows where both are wrong, 0 to 1.
    pub double_fault: f64,
    /// Yule's Q of being right, -1 to 1: above 0 where they tend to be right on the same rows. `None` where it is 0 / 0.
    pub q_statistic: Option<f64>,
}

/// What right and wrong is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Truth {
    /// Labels.
    Labels,
    /// There are no labels: a row is anomalous where at least half of the members flag it. Kappa and disagreement do not
    /// depend on it; being wrong then means to be outvoted.
    MajorityVote,
}

/// Agreement of each pair of members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreementMatrix {
    /// Number of members.
    pub n_members: usize,
    /// Number of rows.
    pub n_rows: u64,
    /// What right and wrong is measured by.
    pub truth: Truth,
    counts: Counts,
}

/// How often two members flag rows and are wrong.
#[derive(Debug, Clone, Copy)]
struct PairCounts {
    n_rows: f64,
    flagged: [f64; 2],
    both_flagged: f64,
    wrong: [f64; 2],
    both_wrong: f64,
}

/// Why members could not be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgreementError {
    /// The user cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// There is nothing to compare.
    #[error("there are no rows to compare the members on")]
    NoRows,
    /// Columns, or weights, do not fit together.
    #[error("{what}: {found} instead of {expected}")]
    Lengths {
        /// Of what.
        what: &'static str,
        /// Length of the others.
        expected: usize,
        /// Length found.
        found: usize,
    },
    /// A weight is negative or not a finite number.
    #[error("the weight of member {member} (counted from 0) is not a finite number of at least 0")]
    Weight {
        /// The member.
        member: usize,
    },
}

impl From<Cancelled> for AgreementError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl AgreementMatrix {
    /// Compares the flags of all members, one column per member, `true` = anomalous, with the labels where there are any.
    ///
    /// # Errors
    /// [`AgreementError`]: cancelled, no rows, columns of different length.
    pub fn new(members: &[&[bool]], labels: Option<&[bool]>, cx: &Cx) -> Result<Self, AgreementError> {
        let n_rows = members.first().map_or(0, |flags| flags.len());
        if n_rows == 0 {
            return Err(AgreementError::NoRows);
        }
        if let Some(column) = members.iter().chain(&labels).find(|column| column.len() != n_rows) {
            return Err(AgreementError::Lengths { what: "rows of a column", expected: n_rows, found: column.len() });
        }
        let truth = if labels.is_some() { Truth::Labels } else { Truth::MajorityVote };
        let counts = Counts::of(members, labels, cx)?;
        Ok(Self { n_members: members.len(), n_rows: n_rows as u64, truth, counts })
    }

    /// Agreement of two members, in any order; of a member with itself too. `None`: there is no such member.
    pub fn pair(&self, a: usize, b: usize) -> Option<Agreement> {
        let counts = self.pair_counts(a, b)?;
        let [a_right, b_right] = counts.wrong.map(|wrong| counts.n_rows - wrong);
        let both_right = counts.n_rows - counts.wrong[0] - counts.wrong[1] + counts.both_wrong;
        let (hits, misses) = (both_right * counts.both_wrong, (a_right - both_right) * (b_right - both_right));
        Some(Agreement {
            cohen_kappa: counts.cohen_kappa(),
            disagreement: counts.disagreeing() / counts.n_rows,
            double_fault: counts.both_wrong / counts.n_rows,
            q_statistic: (hits + misses > 0.0).then(|| (hits - misses) / (hits + misses)),
        })
    }

    /// How differently two members vote, 0 (the same flags) to 1: the mean of what the metrics say, each in 0 to 1:
    ///
    /// - kappa: 1 - kappa, at most 1;
    /// - disagreement: the share of flags of the two that only one has set, 1 - 2 |A and B| / (|A| + |B|) (one less the
    ///   coefficient of Sørensen and Dice); the plain share of rows would be near 0 for rare flags, however different;
    /// - double fault: the same share of their mistakes.
    ///
    /// Where one of these is 0 / 0, the two have set the same flags, and it counts as 0. Without metrics: 1. `None`: there
    /// is no such member.
    pub fn diversity(&self, a: usize, b: usize, metrics: &[DiversityMetric]) -> Option<f64> {
        let counts = self.pair_counts(a, b)?;
        let unshared = |[a, b]: [f64; 2], both: f64| if a + b > 0.0 { 1.0 - 2.0 * both / (a + b) } else { 0.0 };
        let of_metric = |metric: &DiversityMetric| match metric {
            DiversityMetric::Kappa => counts.cohen_kappa().map_or(0.0, |kappa| (1.0 - kappa).clamp(0.0, 1.0)),
            DiversityMetric::Disagreement => unshared(counts.flagged, counts.both_flagged),
            DiversityMetric::DoubleFault => unshared(counts.wrong, counts.both_wrong),
        };
        let sum = metrics.iter().map(of_metric).sum::<f64>();
        Some(if metrics.is_empty() { 1.0 } else { sum / metrics.len() as f64 })
    }

    fn pair_counts(&self, a: usize, b: usize) -> Option<PairCounts> {
        let at = |counts: &[u64], index: usize| counts.get(index).map(|count| *count as f64);
        let pair = count::pair_index(a.max(b), a.min(b));
        Some(PairCounts {
            n_rows: self.n_rows as f64,
            flagged: [
                at(&self.counts.flagged, count::pair_index(a, a))?,
                at(&self.counts.flagged, count::pair_index(b, b))?,
            ],
            both_flagged: at(&self.counts.flagged, pair)?,
            wrong: [at(&self.counts.wrong, count::pair_index(a, a))?, at(&self.counts.wrong, count::pair_index(b, b))?],
            both_wrong: at(&self.counts.wrong, pair)?,
        })
    }
}

impl PairCounts {
    fn disagreeing(&self) -> f64 {
        self.flagged[0] + self.flagged[1] - 2.0 * self.both_flagged
    }

    fn cohen_kappa(&self) -> Option<f64> {
        let [a, b] = self.flagged;
        let by_chance = (a * (self.n_rows - b) + b * (self.n_rows - a)) / self.n_rows;
        (by_chance > 0.0).then(|| 1.0 - self.disagreeing() / by_chance)
    }
}
