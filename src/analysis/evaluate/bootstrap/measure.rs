//! The measures of one resample, from a weight for each place in the order of the scores.

use crate::analysis::evaluate::areas::{self, Passed, Step};
use crate::analysis::evaluate::{Confusion, EvaluateError, Ranked};

/// A measure that can have an interval. Those with a threshold judge rows that score at least it as alarms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// [`Ranked::roc_auc`].
    RocAuc,
    /// [`Ranked::average_precision`].
    AveragePrecision,
    /// [`Ranked::pr_auc`].
    PrAuc,
    /// [`Ranked::best_f1`]; each resample has its own best threshold.
    BestF1,
    /// [`Ranked::precision_at_n`]; each resample has its own number of anomalies.
    PrecisionAtN,
    /// [`Ranked::precision_at_k`]. A resample of fewer rows than k counts the missing ones as false alarms.
    PrecisionAtK(usize),
    /// [`Ranked::recall_at_k`].
    RecallAtK(usize),
    /// [`Confusion::precision`] at a threshold.
    Precision(f64),
    /// [`Confusion::recall`] at a threshold.
    Recall(f64),
    /// [`Confusion::f1`] at a threshold.
    F1(f64),
    /// [`Confusion::mcc`] at a threshold.
    Mcc(f64),
    /// [`Confusion::accuracy`] at a threshold.
    Accuracy(f64),
    /// [`Confusion::balanced_accuracy`] at a threshold.
    BalancedAccuracy(f64),
}

impl Measure {
    /// The threshold whose alarms it judges.
    fn threshold(self) -> Option<f64> {
        match self {
            Self::Precision(t)
            | Self::Recall(t)
            | Self::F1(t)
            | Self::Mcc(t)
            | Self::Accuracy(t)
            | Self::BalancedAccuracy(t) => Some(t),
            _ => None,
        }
    }
}

/// The order of the rows, cut where a measure looks.
pub(super) struct Sweep<'a> {
    measures: &'a [Measure],
    /// Rows of each kind at each step. Places run through the steps, within each first the normal rows.
    cells: Vec<Step>,
    /// Thresholds of the measures, and the step before which the rows above each end.
    cuts: Vec<(f64, usize)>,
}

/// Memory of one resample, used again for the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    steps: Vec<Step>,
    above: Vec<Passed>,
}

impl<'a> Sweep<'a> {
    /// # Errors
    /// Where k is 0 or more than the number of rows, or a threshold is NaN.
    pub(super) fn new(ranked: &Ranked, measures: &'a [Measure]) -> Result<Self, EvaluateError> {
        for &measure in measures {
            if let Measure::PrecisionAtK(k) | Measure::RecallAtK(k) = measure {
                ranked.recall_at_k(k)?;
            }
            if measure.threshold().is_some_and(f64::is_nan) {
                let range = "a number";
                return Err(EvaluateError::OutOfRange { what: "threshold", value: f64::NAN, range });
            }
        }
        let mut thresholds: Vec<f64> = measures.iter().filter_map(|measure| measure.threshold()).collect();
        thresholds.sort_unstable_by(|a, b| b.total_cmp(a));
        thresholds.dedup();
        let rows_above = thresholds.iter().map(|&threshold| {
            let at = ranked.at(threshold);
            at.true_positives + at.false_positives
        });
        let mut cells = ranked.steps().to_vec();
        let cuts = rows_above.map(|rows| cut(&mut cells, rows)).collect::<Vec<usize>>();
        Ok(Self { measures, cells, cuts: thresholds.into_iter().zip(cuts).collect() })
    }

    /// The measures where the row at each place counts as often as its weight says. `None` unless both kinds of rows
    /// have weight. The sum of weights must fit 32 bits.
    pub(super) fn values(&self, weights: &[u32], scratch: &mut Scratch) -> Option<Vec<f64>> {
        let Scratch { steps, above } = scratch;
        steps.clear();
        let mut rest = weights;
        for cell in &self.cells {
            let (normals, others) = rest.split_at_checked(cell.normals as usize)?;
            let (anomalies, others) = others.split_at_checked(cell.anomalies as usize)?;
            steps.push(Step { anomalies: anomalies.iter().sum(), normals: normals.iter().sum() });
            rest = others;
        }
        above.clear();
        let (mut passed, mut from) = (Passed::default(), 0);
        for &(_, to) in &self.cuts {
            passed = passed.plus(Passed::over(&steps[from..to]));
            above.push(passed);
            from = to;
        }
        let all = passed.plus(Passed::over(&steps[from..]));
        let usable = all.anomalies > 0 && all.normals > 0;
        usable.then(|| self.measures.iter().map(|&measure| self.value(measure, steps, above, all)).collect())
    }

    fn value(&self, measure: Measure, steps: &[Step], above: &[Passed], all: Passed) -> f64 {
        let at = |threshold: f64| {
            let cut = self.cuts.iter().position(|cut| cut.0 == threshold);
            let above = cut.and_then(|cut| above.get(cut)).copied().unwrap_or_default();
            Confusion {
                true_negatives: all.normals - above.normals,
                false_positives: above.normals,
                false_negatives: all.anomalies - above.anomalies,
                true_positives: above.anomalies,
            }
        };
        match measure {
            Measure::RocAuc => areas::roc_auc(steps),
            Measure::AveragePrecision => areas::average_precision(steps),
            Measure::PrAuc => areas::pr_auc(steps),
            Measure::BestF1 => areas::best_f1(steps).0,
            Measure::PrecisionAtN => areas::found_in_top(steps, all.anomalies) / all.anomalies as f64,
            Measure::PrecisionAtK(k) => areas::found_in_top(steps, k as u64) / k as f64,
            Measure::RecallAtK(k) => areas::found_in_top(steps, k as u64) / all.anomalies as f64,
            Measure::Precision(threshold) => at(threshold).precision(),
            Measure::Recall(threshold) => at(threshold).recall(),
            Measure::F1(threshold) => at(threshold).f1(),
            Measure::Mcc(threshold) => at(threshold).mcc(),
            Measure::Accuracy(threshold) => at(threshold).accuracy(),
            Measure::BalancedAccuracy(threshold) => at(threshold).balanced_accuracy(),
        }
    }
}

/// Ends a step after the first `rows` rows, and returns the number of steps up to there. Rows of one score are never
/// parted, so that it is normal rows that are.
fn cut(cells: &mut Vec<Step>, rows: u64) -> usize {
    let mut before = 0;
    for at in 0..cells.len() {
        let cell = cells[at];
        if before == rows {
            return at;
        }
        let after = before + u64::from(cell.anomalies) + u64::from(cell.normals);
        if after > rows {
            let above = (rows - before) as u32;
            cells[at].normals = above;
            cells.insert(at + 1, Step { normals: cell.normals - above, ..cell });
            return at + 1;
        }
        before = after;
    }
    cells.len()
}
