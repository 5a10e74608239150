//! What a ranking is worth, from the counts of both kinds of rows at each step down the scores.
//!
//! A step is either rows of one score, or normal rows only, of any number of scores in a row: no measure here changes
//! its value within those. The counts may be weights of a resample.

/// Rows passed as the threshold falls to the next score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Step {
    pub(super) anomalies: u32,
    pub(super) normals: u32,
}

/// Rows above a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Passed {
    pub(super) anomalies: u64,
    pub(super) normals: u64,
}

impl Passed {
    /// All rows of some steps.
    pub(super) fn over(steps: &[Step]) -> Self {
        let mut passed = Self::default();
        steps.iter().for_each(|&step| passed.add(step));
        passed
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { anomalies: self.anomalies + other.anomalies, normals: self.normals + other.normals }
    }

    pub(super) fn add(&mut self, step: Step) {
        self.anomalies += u64::from(step.anomalies);
        self.normals += u64::from(step.normals);
    }

    /// Share of anomalies; 0 where there are no rows.
    fn precision(self) -> f64 {
        self.anomalies as f64 / self.n_rows().max(1) as f64
    }

    pub(super) fn n_rows(self) -> u64 {
        self.anomalies + self.normals
    }
}

/// Area under the ROC curve: the share of pairs of an anomaly and a normal row in the right order, ties counting half.
/// Both kinds must exist. Exact up to the last division (the sums are whole numbers).
pub(super) fn roc_auc(steps: &[Step]) -> f64 {
    let (mut passed, mut twice_area) = (Passed::default(), 0);
    for &step in steps {
        twice_area += u64::from(step.normals) * (2 * passed.anomalies + u64::from(step.anomalies));
        passed.add(step);
    }
    twice_area as f64 / 2.0 / (passed.anomalies as f64 * passed.normals as f64)
}

/// Sum over thresholds of precision times the recall gained there (scikit-learn's `average_precision_score`).
pub(super) fn average_precision(steps: &[Step]) -> f64 {
    let (mut passed, mut sum) = (Passed::default(), 0.0);
    for &step in steps {
        passed.add(step);
        sum += f64::from(step.anomalies) * passed.precision();
    }
    sum / passed.anomalies as f64
}

/// Area under the precision-recall curve by the trapezoid rule, which begins at precision 1 and recall 0
/// (scikit-learn's `auc(recall, precision)`).
pub(super) fn pr_auc(steps: &[Step]) -> f64 {
    let (mut passed, mut precision, mut sum) = (Passed::default(), 1.0, 0.0);
    for &step in steps {
        passed.add(step);
        let next = if passed.n_rows() == 0 { 1.0 } else { passed.precision() };
        sum += f64::from(step.anomalies) * 0.5 * (precision + next);
        precision = next;
    }
    sum / passed.anomalies as f64
}

/// The greatest F1 of any threshold, and what lies above the highest such threshold.
pub(super) fn best_f1(steps: &[Step]) -> (f64, Passed) {
    let all = Passed::over(steps);
    let (mut passed, mut best) = (Passed::default(), (0.0, Passed::default()));
    for &step in steps {
        passed.add(step);
        // Normal rows alone make F1 smaller.
        if step.anomalies > 0 {
            let f1 = 2.0 * passed.anomalies as f64 / (all.anomalies + passed.n_rows()) as f64;
            if f1 > best.0 {
                best = (f1, passed);
            }
        }
    }
    best
}

/// Anomalies expected among the `k` (at least 1) rows of highest score, where rows of equal score come in random order.
/// All anomalies where there are fewer than `k` rows.
pub(super) fn found_in_top(steps: &[Step], k: u64) -> f64 {
    let mut passed = Passed::default();
    for &step in steps {
        let before = passed;
        passed.add(step);
        if passed.n_rows() >= k {
            let share = (k - before.n_rows()) as f64 / (passed.n_rows() - before.n_rows()) as f64;
            return before.anomalies as f64 + share * f64::from(step.anomalies);
        }
    }
    passed.anomalies as f64
}
