//! Rows in the order of their scores, by kind: what every measure of a ranking starts from.

use super::areas::{self, Step};
use super::confusion::Confusion;
use super::error::EvaluateError;
use crate::cx::{Cancelled, Cx};

/// Keys that one thread sorts without a look at the cancel flag.
const SORTED_AT_ONCE: usize = 1 << 16;

/// The scores of anomalies and of normal rows, each in order. Made once, then every measure is a short pass.
///
/// Memory: 8 bytes per row, and 16 per anomaly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// Keys of the scores of each kind, highest score first.
    anomalies: Vec<u64>,
    normals: Vec<u64>,
    steps: Vec<Step>,
}

/// The threshold with the greatest F1.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct BestF1 {
    /// F1 there: the harmonic mean of precision and recall, 0 to 1. Optimistic: the threshold was chosen with the
    /// labels.
    pub f1: f64,
    /// Rows at or above it are alarms. The highest of several equally good ones: the fewest alarms.
    pub threshold: f64,
}

impl Ranked {
    /// Orders rows by their score. Time n log n, on all threads.
    ///
    /// # Errors
    /// Unless labels and scores are one per row and both kinds of rows exist; where a score is not finite; when
    /// cancelled.
    pub fn new(labels: &[bool], scores: &[f64], cx: &Cx) -> Result<Self, EvaluateError> {
        let (n_rows, n_scores) = (labels.len(), scores.len());
        if n_rows != n_scores {
            return Err(EvaluateError::LengthsDiffer { what: "scores", found: n_scores, expected: n_rows });
        }
        if u32::try_from(n_rows).is_err() {
            return Err(EvaluateError::TooManyRows { n_rows });
        }
        let n_anomalies = labels.iter().filter(|&&label| label).count();
        if n_anomalies == 0 || n_anomalies == n_rows {
            return Err(EvaluateError::OneKind { n_anomalies, n_rows });
        }
        if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
            return Err(EvaluateError::NotFinite { row });
        }
        let of_kind = |kind: bool, n| {
            let mut keys = Vec::with_capacity(n);
            keys.extend(labels.iter().zip(scores).filter(|(label, _)| **label == kind).map(|(_, &score)| key(score)));
            sort(&mut keys, cx).map(|()| keys)
        };
        let (anomalies, normals) = rayon::join(|| of_kind(true, n_anomalies), || of_kind(false, n_rows - n_anomalies));
        let (anomalies, normals) = (anomalies?, normals?);
        let steps = Steps { anomalies: &anomalies, normals: &normals }.collect();
        Ok(Self { anomalies, normals, steps })
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.anomalies.len() + self.normals.len()
    }

    /// Number of anomalies, at least 1.
    pub fn n_anomalies(&self) -> usize {
        self.anomalies.len()
    }

    /// Area under the ROC curve: the chance that an anomaly scores above a normal row. 0 to 1, 0.5 is guessing, below
    /// it the order is upside down. Ties count half (scikit-learn's `roc_auc_score`).
    ///
    /// It does not depend on the share of anomalies; where they are rare it looks good long before the alarms are.
    pub fn roc_auc(&self) -> f64 {
        areas::roc_auc(&self.steps)
    }

    /// Mean precision over the anomalies, each at its own score (scikit-learn's `average_precision_score`). Above 0
    /// to 1; the share of anomalies is guessing. Says how pure the alarms are while the anomalies are being found.
    pub fn average_precision(&self) -> f64 {
        areas::average_precision(&self.steps)
    }

    /// Area under the precision-recall curve by the trapezoid rule (scikit-learn's `auc(recall, precision)`). Above 0
    /// to 1.
    ///
    /// Too kind where many rows share a score (Davis and Goadrich 2006); [`Ranked::average_precision`] is not.
    pub fn pr_auc(&self) -> f64 {
        areas::pr_auc(&self.steps)
    }

    /// The threshold with the greatest F1.
    pub fn best_f1(&self) -> BestF1 {
        let (f1, passed) = areas::best_f1(&self.steps);
        // At least one anomaly is above it: any threshold that finds one is better than none.
        let last = (passed.anomalies as usize).saturating_sub(1);
        BestF1 { f1, threshold: self.anomalies.get(last).map_or(f64::INFINITY, |&key| score(key)) }
    }

    /// Right and wrong alarms where rows that score at least `threshold` are alarms. Time log n.
    pub fn at(&self, threshold: f64) -> Confusion {
        let above = |keys: &[u64]| if threshold.is_nan() { 0 } else { keys.partition_point(|&k| k <= key(threshold)) };
        let (found, false_alarms) = (above(&self.anomalies), above(&self.normals));
        Confusion {
            true_negatives: (self.normals.len() - false_alarms) as u64,
            false_positives: false_alarms as u64,
            false_negatives: (self.anomalies.len() - found) as u64,
            true_positives: found as u64,
        }
    }

    /// Share of anomalies among the `k` rows of highest score: what someone who looks at k alarms will find. 0 to 1;
    /// the share of anomalies is guessing. Rows that share the border score count by the expected value of a random
    /// choice.
    ///
    /// # Errors
    /// Unless `k` is 1 to the number of rows.
    pub fn precision_at_k(&self, k: usize) -> Result<f64, EvaluateError> {
        self.found_in_top(k).map(|found| found / k as f64)
    }

    /// Share of all anomalies that are among the `k` rows of highest score. 0 to 1; `k / n` is guessing. Ties as for
    /// [`Ranked::precision_at_k`].
    ///
    /// # Errors
    /// Unless `k` is 1 to the number of rows.
    pub fn recall_at_k(&self, k: usize) -> Result<f64, EvaluateError> {
        self.found_in_top(k).map(|found| found / self.anomalies.len() as f64)
    }

    /// Precision where as many rows are alarms as there are anomalies (R-precision). 0 to 1; equals recall there.
    pub fn precision_at_n(&self) -> f64 {
        let n = self.anomalies.len();
        areas::found_in_top(&self.steps, n as u64) / n as f64
    }

    fn found_in_top(&self, k: usize) -> Result<f64, EvaluateError> {
        if k == 0 || k > self.n_rows() {
            let range = "1 to the number of labelled rows";
            return Err(EvaluateError::OutOfRange { what: "k", value: k as f64, range });
        }
        Ok(areas::found_in_top(&self.steps, k as u64))
    }

    /// The steps down the scores, as few as tell everything that [`areas`] asks.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Every score from the highest down, and the rows of each kind that have it.
    pub(super) fn scores(&self) -> impl Iterator<Item = (f64, Step)> {
        let (mut anomalies, mut normals) = (self.anomalies.as_slice(), self.normals.as_slice());
        std::iter::from_fn(move || {
            let next = anomalies.first().into_iter().chain(normals.first()).min().copied()?;
            Some((
                score(next),
                Step { anomalies: take_equal(&mut anomalies, next), normals: take_equal(&mut normals, next) },
            ))
        })
    }
}

/// Steps through two sorted lists of keys.
struct Steps<'a> {
    anomalies: &'a [u64],
    normals: &'a [u64],
}

impl Iterator for Steps<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let Some(&next) = self.anomalies.first() else {
            let normals = std::mem::take(&mut self.normals).len() as u32;
            return (normals > 0).then_some(Step { anomalies: 0, normals });
        };
        let normals = take_while(&mut self.normals, |key| key < next);
        if normals > 0 {
            return Some(Step { anomalies: 0, normals });
        }
        Some(Step { anomalies: take_equal(&mut self.anomalies, next), normals: take_equal(&mut self.normals, next) })
    }
}

fn take_equal(keys: &mut &[u64], key: u64) -> u32 {
    take_while(keys, |k| k == key)
}

/// Drops the leading keys for which `is_taken` holds, and counts them.
fn take_while(keys: &mut &[u64], is_taken: impl Fn(u64) -> bool) -> u32 {
    let taken = keys.iter().position(|&key| !is_taken(key)).unwrap_or(keys.len());
    *keys = &keys[taken..];
    taken as u32
}

/// Sorts keys in steps short enough to cancel. Equal keys must be the same in all they hold: then the result does not
/// depend on the threads.
pub(super) fn sort<K: Ord + Send>(keys: &mut [K], cx: &Cx) -> Result<(), Cancelled> {
    cx.check()?;
    if keys.len() <= SORTED_AT_ONCE {
        keys.sort_unstable();
        return Ok(());
    }
    let (above, _, below) = keys.select_nth_unstable(keys.len() / 2);
    let (above, below) = rayon::join(|| sort(above, cx), || sort(below, cx));
    above.and(below)
}

/// A whole number that falls as the score rises. 0 and -0 have the same.
pub(super) fn key(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    // Sign and magnitude on one unsigned scale, turned round.
    !(bits ^ ((bits as i64 >> 63) as u64 | 1 << 63))
}

/// The score of a key.
fn score(key: u64) -> f64 {
    let rising = !key;
    f64::from_bits(if rising >> 63 == 0 { !rising } else { rising ^ 1 << 63 })
}
