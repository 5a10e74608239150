//! Every score column of a run against the labels, with intervals and curves.

use serde::Serialize;

use super::EvaluationError;
use crate::analysis::ensemble::THRESHOLD_SCORE;
use crate::analysis::ensemble::calibrate::{Reliability, reliability};
use crate::analysis::evaluate::bootstrap::{BootstrapConfig, Draw, Interval, Measure, bootstrap, time_blocks};
use crate::analysis::evaluate::series::{SeriesMetrics, SeriesRows};
use crate::analysis::evaluate::{BestF1, Confusion, Ranked, thinned};
use crate::cx::Cx;
use crate::engine::Snapshot;
use crate::recipe::EvaluationConfig;

/// Points of a curve that are kept: as many as a plot can show.
const CURVE_POINTS: usize = 400;
/// Bins of the reliability diagram.
const RELIABILITY_BINS: u32 = 10;

/// Every score column of a run against the labels.
#[derive(Debug, Clone, Serialize)]
pub struct Labelled {
    /// Rows labelled as anomalies.
    pub anomalies: usize,
    /// Every detector, and last the combined score.
    pub columns: Vec<ColumnReport>,
    /// How true the probabilities are.
    pub calibration: Option<Reliability>,
}

/// One score column against the labels.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnReport {
    /// Name of the detector, or `combined`.
    pub name: String,
    /// Metrics with their intervals.
    pub metrics: Vec<NamedInterval>,
    /// Rows that score above this are called abnormal.
    pub threshold: f64,
    /// What that gets right and wrong.
    pub confusion: Confusion,
    /// The highest F1 of any threshold.
    pub best_f1: BestF1,
    /// The ROC curve: false positive rate, true positive rate.
    pub roc: Vec<[f64; 2]>,
    /// The precision-recall curve: recall, precision.
    pub precision_recall: Vec<[f64; 2]>,
    /// Metrics of whole events; `None` without a time column.
    pub series: Option<SeriesMetrics>,
}

/// A metric with how sure it is.
#[derive(Debug, Clone, Serialize)]
pub struct NamedInterval {
    /// Name of the metric, as in scikit-learn where it has it.
    pub metric: String,
    /// Its value and interval.
    #[serde(flatten)]
    pub interval: Interval,
}

impl ColumnReport {
    /// The value of a metric.
    pub fn metric(&self, name: &str) -> Option<&Interval> {
        self.metrics.iter().find(|metric| metric.metric == name).map(|metric| &metric.interval)
    }
}

/// `None` without labels of both kinds.
pub(super) fn labelled(snapshot: &Snapshot, cx: &Cx) -> Result<Option<Labelled>, EvaluationError> {
    let Some(labels) = snapshot.table.label() else { return Ok(None) };
    let anomalies = labels.iter().filter(|label| **label).count();
    if anomalies == 0 || anomalies == labels.len() {
        return Ok(None);
    }
    let config = &snapshot.recipe.evaluation;
    let blocks = snapshot.table.time().map(|_| time_blocks(&snapshot.surroundings.order, config.block_rows as usize));
    let draw = match &blocks {
        Some(blocks) if blocks.iter().any(|block| *block > 0) => Draw::Groups(blocks),
        _ => Draw::Rows,
    };
    let members = snapshot.scores.iter().zip(&snapshot.combined.members);
    let columns = members.map(|(scores, member)| (member.kind.name(), &scores.raw[..], member.vote_threshold));
    let combined = ("combined", &snapshot.combined.score[..], THRESHOLD_SCORE);
    let mut reports = Vec::new();
    for (name, scores, threshold) in columns.chain([combined]) {
        cx.progress().start(format!("Evaluating {name}"), 0);
        reports.push(column(snapshot, labels, name, scores, threshold, draw, cx)?);
    }
    let probability = snapshot.certainty.probability.as_deref();
    let calibration = probability.and_then(|probability| reliability(probability, labels, RELIABILITY_BINS).ok());
    Ok(Some(Labelled { anomalies, columns: reports, calibration }))
}

fn column(
    snapshot: &Snapshot,
    labels: &[bool],
    name: &str,
    scores: &[f64],
    threshold: f64,
    draw: Draw<'_>,
    cx: &Cx,
) -> Result<ColumnReport, EvaluationError> {
    let config = &snapshot.recipe.evaluation;
    let ranked = Ranked::new(labels, scores, cx)?;
    // Alarms score above the threshold; measures count from a threshold on.
    let from = threshold.next_up();
    let (names, measures) = measures(config, from, ranked.n_rows());
    let intervals = intervals(labels, scores, &measures, draw, config, cx)?;
    let metrics = names.into_iter().zip(intervals);
    let flags: Vec<bool> = scores.iter().map(|&score| score >= from).collect();
    let table = &snapshot.table;
    let series = table.time().map(|times| {
        let order = &snapshot.surroundings.order;
        let rows = SeriesRows { order, times, labels, scores, flags: &flags };
        SeriesMetrics::of(&rows, config.vus_window as usize, cx)
    });
    Ok(ColumnReport {
        name: name.to_owned(),
        metrics: metrics.map(|(metric, interval)| NamedInterval { metric, interval }).collect(),
        threshold,
        confusion: ranked.at(from),
        best_f1: ranked.best_f1(),
        roc: thinned(&ranked.roc_curve().points(), CURVE_POINTS),
        precision_recall: thinned(&ranked.precision_recall_curve().points(), CURVE_POINTS),
        series: series.transpose()?,
    })
}

fn intervals(
    labels: &[bool],
    scores: &[f64],
    measures: &[Measure],
    draw: Draw<'_>,
    config: &EvaluationConfig,
    cx: &Cx,
) -> Result<Vec<Interval>, EvaluationError> {
    // Without resampling one draw is asked for, whose interval is then left out.
    let n_resamples = if config.enable_bootstrap { config.bootstrap_samples as usize } else { 1 };
    let resampling = BootstrapConfig { n_resamples, confidence: config.confidence_level };
    let mut intervals = bootstrap(labels, scores, measures, draw, resampling, cx)?;
    if !config.enable_bootstrap {
        for interval in &mut intervals {
            let estimate = interval.estimate;
            *interval = Interval { estimate, mean: estimate, std: 0.0, low: estimate, high: estimate, n_resamples: 0 };
        }
    }
    Ok(intervals)
}

/// The measures that are reported, with their names.
fn measures(config: &EvaluationConfig, from: f64, n_rows: usize) -> (Vec<String>, Vec<Measure>) {
    let mut all: Vec<(String, Measure)> = [
        ("roc_auc", Measure::RocAuc),
        ("average_precision", Measure::AveragePrecision),
        ("pr_auc", Measure::PrAuc),
        ("precision", Measure::Precision(from)),
        ("recall", Measure::Recall(from)),
        ("f1_score", Measure::F1(from)),
        ("matthews_corrcoef", Measure::Mcc(from)),
        ("balanced_accuracy", Measure::BalancedAccuracy(from)),
        ("best_f1", Measure::BestF1),
        ("precision_at_n", Measure::PrecisionAtN),
    ]
    .map(|(name, measure)| (name.to_owned(), measure))
    .to_vec();
    let at = config.precision_at.iter().map(|&k| k as usize).filter(|&k| k > 0 && k <= n_rows);
    all.extend(at.map(|k| (format!("precision_at_{k}"), Measure::PrecisionAtK(k))));
    all.into_iter().unzip()
}
