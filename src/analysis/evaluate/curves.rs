//! The ROC and the precision-recall curve: what each threshold costs and brings.

use super::areas::Passed;
use super::ranked::Ranked;

/// False alarms against anomalies found, as the threshold falls (scikit-learn's `roc_curve`,
/// `drop_intermediate=False`).
#[derive(Debug, Clone, PartialEq)]
pub struct RocCurve {
    /// Share of normal rows that raise an alarm. Rises from 0 to 1.
    pub false_positive_rate: Vec<f64>,
    /// Share of anomalies that raise an alarm. Rises from 0 to 1.
    pub true_positive_rate: Vec<f64>,
    /// Rows at or above it are alarms: infinity (no alarm), then every different score, falling.
    pub thresholds: Vec<f64>,
}

impl RocCurve {
    /// Points (false positive rate, true positive rate), to be drawn.
    pub fn points(&self) -> Vec<[f64; 2]> {
        pairs(&self.false_positive_rate, &self.true_positive_rate)
    }
}

/// How pure the alarms are against how many anomalies they find (scikit-learn's `precision_recall_curve`).
#[derive(Debug, Clone, PartialEq)]
pub struct PrecisionRecallCurve {
    /// Share of alarms that are anomalies, one per threshold, then 1.
    pub precision: Vec<f64>,
    /// Share of anomalies that raise an alarm, one per threshold (falling), then 0.
    pub recall: Vec<f64>,
    /// Rows at or above it are alarms: every different score, rising.
    pub thresholds: Vec<f64>,
}

impl PrecisionRecallCurve {
    /// Points (recall, precision), to be drawn.
    pub fn points(&self) -> Vec<[f64; 2]> {
        pairs(&self.recall, &self.precision)
    }
}

impl Ranked {
    /// The ROC curve, with a point for every different score. Memory: 24 bytes per point.
    pub fn roc_curve(&self) -> RocCurve {
        let (n_anomalies, n_normals) = self.n_of_each_kind();
        let mut curve =
            RocCurve { false_positive_rate: vec![0.0], true_positive_rate: vec![0.0], thresholds: vec![f64::INFINITY] };
        for (threshold, passed) in self.thresholds() {
            curve.false_positive_rate.push(passed.normals as f64 / n_normals);
            curve.true_positive_rate.push(passed.anomalies as f64 / n_anomalies);
            curve.thresholds.push(threshold);
        }
        curve
    }

    /// The precision-recall curve, with a point for every different score. Memory: 24 bytes per point.
    pub fn precision_recall_curve(&self) -> PrecisionRecallCurve {
        let (n_anomalies, _) = self.n_of_each_kind();
        let mut curve = PrecisionRecallCurve { precision: vec![1.0], recall: vec![0.0], thresholds: Vec::new() };
        for (threshold, passed) in self.thresholds() {
            curve.precision.push(passed.anomalies as f64 / (passed.anomalies + passed.normals) as f64);
            curve.recall.push(passed.anomalies as f64 / n_anomalies);
            curve.thresholds.push(threshold);
        }
        curve.precision.reverse();
        curve.recall.reverse();
        curve.thresholds.reverse();
        curve
    }

    fn n_of_each_kind(&self) -> (f64, f64) {
        (self.n_anomalies() as f64, (self.n_rows() - self.n_anomalies()) as f64)
    }

    /// Every different score, falling, and what is at or above it.
    fn thresholds(&self) -> impl Iterator<Item = (f64, Passed)> {
        self.scores().scan(Passed::default(), |passed, (score, step)| {
            passed.add(step);
            Some((score, *passed))
        })
    }
}

fn pairs(x: &[f64], y: &[f64]) -> Vec<[f64; 2]> {
    x.iter().zip(y).map(|(&x, &y)| [x, y]).collect()
}
