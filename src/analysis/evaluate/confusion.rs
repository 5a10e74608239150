//! Right and wrong alarms at one threshold, and the numbers made of them.

use super::error::EvaluateError;

/// Counts of rows by label and alarm. Each number below is 0 where it would be 0 / 0, as in scikit-learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Confusion {
    /// Normal rows without an alarm.
    pub true_negatives: u64,
    /// Normal rows with an alarm: false alarms.
    pub false_positives: u64,
    /// Anomalies without an alarm: missed.
    pub false_negatives: u64,
    /// Anomalies with an alarm: found.
    pub true_positives: u64,
}

impl Confusion {
    /// Counts of alarms that are already decided. No rows give no counts.
    ///
    /// # Errors
    /// Unless there is one alarm flag for each label.
    pub fn of(labels: &[bool], alarms: &[bool]) -> Result<Self, EvaluateError> {
        if labels.len() != alarms.len() {
            return Err(EvaluateError::LengthsDiffer { what: "alarms", found: alarms.len(), expected: labels.len() });
        }
        Ok(Self::count(labels.iter().copied().zip(alarms.iter().copied())))
    }

    /// Counts where rows that score at least `threshold` are alarms. A NaN is never an alarm.
    ///
    /// # Errors
    /// Unless there is one score for each label.
    pub fn at_threshold(labels: &[bool], scores: &[f64], threshold: f64) -> Result<Self, EvaluateError> {
        if labels.len() != scores.len() {
            return Err(EvaluateError::LengthsDiffer { what: "scores", found: scores.len(), expected: labels.len() });
        }
        Ok(Self::count(labels.iter().copied().zip(scores.iter().map(|&score| score >= threshold))))
    }

    fn count(rows: impl Iterator<Item = (bool, bool)>) -> Self {
        let mut counts = [0; 4];
        rows.for_each(|(label, alarm)| counts[usize::from(label) * 2 + usize::from(alarm)] += 1);
        let [true_negatives, false_positives, false_negatives, true_positives] = counts;
        Self { true_negatives, false_positives, false_negatives, true_positives }
    }

    /// Share of alarms that are anomalies. 0 without alarms.
    pub fn precision(&self) -> f64 {
        share(self.true_positives, self.true_positives + self.false_positives)
    }

    /// Share of anomalies that raised an alarm. 0 without anomalies.
    pub fn recall(&self) -> f64 {
        share(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// Harmonic mean of precision and recall: high only where both are. 0 to 1.
    pub fn f1(&self) -> f64 {
        self.f_beta(1.0)
    }

    /// Weighted harmonic mean of precision and recall, where recall counts `beta` (above 0) times as much as precision
    /// (van Rijsbergen 1979): 2 where a missed anomaly is worse, 0.5 where a false alarm is. 0 to 1.
    pub fn f_beta(&self, beta: f64) -> f64 {
        // A weight of the missed in 0 to 1, so that no beta overflows.
        let missed_weight =
            if beta.abs() <= 1.0 { beta * beta / (1.0 + beta * beta) } else { 1.0 / (1.0 + (1.0 / beta).powi(2)) };
        let found = self.true_positives as f64;
        let wrong = missed_weight * self.false_negatives as f64 + (1.0 - missed_weight) * self.false_positives as f64;
        if found == 0.0 { 0.0 } else { found / (found + wrong) }
    }

    /// Matthews correlation coefficient: the correlation of alarm and label (Matthews 1975). -1 to 1; 0 is guessing,
    /// and what one gets where all rows are alarms or none. Unlike F1 it looks at the normal rows too.
    pub fn mcc(&self) -> f64 {
        let [tn, fp, fnn, tp] =
            [self.true_negatives, self.false_positives, self.false_negatives, self.true_positives].map(i128::from);
        let root = |a: i128, b: i128| (a as f64 * b as f64).sqrt();
        let scale = root(tp + fp, tp + fnn) * root(tn + fp, tn + fnn);
        if scale > 0.0 { ((tp * tn - fp * fnn) as f64 / scale).clamp(-1.0, 1.0) } else { 0.0 }
    }

    /// Share of rows judged rightly. Where anomalies are rare, no alarm at all is nearly 1. 0 without rows.
    pub fn accuracy(&self) -> f64 {
        let right = self.true_positives + self.true_negatives;
        share(right, right + self.false_positives + self.false_negatives)
    }

    /// Mean of the shares of anomalies and of normal rows judged rightly; 0.5 is guessing. Of the one kind where there
    /// is only one (scikit-learn's `balanced_accuracy_score`). 0 without rows.
    pub fn balanced_accuracy(&self) -> f64 {
        let specificity = share(self.true_negatives, self.true_negatives + self.false_positives);
        match (self.true_positives + self.false_negatives, self.true_negatives + self.false_positives) {
            (0, _) => specificity,
            (_, 0) => self.recall(),
            _ => 0.5 * (self.recall() + specificity),
        }
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
