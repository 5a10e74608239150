//! Against the authors' own programs: the cases that `tests/data/peers/series_metrics.py` makes.

use serde::Deserialize;

use super::super::*;
use super::flags;
use crate::cx::Cx;

#[derive(Deserialize)]
struct Cases {
    volumes: Vec<Volume>,
    ranges: Vec<Ranges>,
    adjusted: Vec<Adjusted>,
    nab: Vec<NabCase>,
}

#[derive(Deserialize)]
struct Volume {
    name: String,
    labels: String,
    scores: Vec<f64>,
    window: usize,
    vus_pr_roc_r_auc_pr_roc: Option<[f64; 4]>,
}

#[derive(Deserialize)]
struct Ranges {
    labels: String,
    flags: String,
    alpha: f64,
    bias: Bias,
    cardinality: Cardinality,
    precision: f64,
    recall: f64,
}

#[derive(Deserialize)]
struct Adjusted {
    labels: String,
    flags: String,
    f1: f64,
    range_precision: f64,
    range_recall: f64,
    range_f1: f64,
}

#[derive(Deserialize)]
struct NabCase {
    name: String,
    series: Vec<NabInput>,
    result: NabResults,
}

#[derive(Deserialize)]
struct NabInput {
    scores: Scores,
    windows: Vec<(usize, usize)>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scores {
    All(Vec<f64>),
    Sparse { n: usize, at: std::collections::BTreeMap<String, f64> },
}

impl Scores {
    fn rows(&self) -> Vec<f64> {
        match self {
            Self::All(rows) => rows.clone(),
            Self::Sparse { n, at } => {
                (0..*n).map(|row| at.get(&row.to_string()).copied().unwrap_or_default()).collect()
            }
        }
    }
}

fn cases() -> Cases {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/peers/series_metrics.json"));
    serde_json::from_str(text).unwrap()
}

fn close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= 1e-12 * theirs.abs().max(1.0)
}

#[test]
fn volumes_as_tsb_ad() {
    for case in cases().volumes {
        let ours = vus(&flags(&case.labels), &case.scores, case.window, &Cx::default()).unwrap();
        let ours = ours.map(|v| [v.vus_pr, v.vus_roc, v.r_auc_pr, v.r_auc_roc]);
        let agree = match (ours, case.vus_pr_roc_r_auc_pr_roc) {
            (Some(ours), Some(theirs)) => ours.iter().zip(theirs).all(|(&a, b)| close(a, b)),
            (ours, theirs) => ours == theirs,
        };
        assert!(agree, "{}: {ours:?}, not {:?}", case.name, case.vus_pr_roc_r_auc_pr_roc);
    }
}

#[test]
fn ranges_as_prts() {
    for case in cases().ranges {
        let weights = RangeWeights::new(case.alpha, case.bias, case.cardinality).unwrap();
        let (events, alarms) = (Runs::of(&flags(&case.labels)), Runs::of(&flags(&case.flags)));
        let ours = RangeSums::of(&events, &alarms, &weights, &weights).scores();
        let agree = close(ours.precision.unwrap(), case.precision) && close(ours.recall.unwrap(), case.recall);
        assert!(agree, "{weights:?} {} {}: {ours:?}, not {} {}", case.labels, case.flags, case.precision, case.recall);
    }
}

#[test]
fn range_and_point_adjusted_f1_as_tsb_ad() {
    for case in cases().adjusted {
        let (events, alarms) = (Runs::of(&flags(&case.labels)), Runs::of(&flags(&case.flags)));
        let ours = RangeSums::of(&events, &alarms, &RangeWeights::PRECISION, &RangeWeights::RECALL).scores();
        assert!(close(ours.precision.unwrap(), case.range_precision), "{ours:?}, not {}", case.range_precision);
        assert!(close(ours.recall.unwrap(), case.range_recall), "{ours:?}, not {}", case.range_recall);
        assert!(close(ours.f1.unwrap(), case.range_f1), "{ours:?}, not {}", case.range_f1);
        let adjusted = EventCounts::of(&events, &alarms).point_adjusted_f1().unwrap();
        assert!(close(adjusted, case.f1), "{adjusted}, not {}", case.f1);
    }
}

#[test]
fn nab_as_its_reference_scorer() {
    for case in cases().nab {
        let series: Vec<(Vec<f64>, Runs)> = case
            .series
            .iter()
            .map(|series| {
                let scores = series.scores.rows();
                let windows = series.windows.iter().map(|&(first, last)| first..last + 1).collect();
                let windows = Runs::new(windows, scores.len()).unwrap();
                (scores, windows)
            })
            .collect();
        let nab =
            Nab::new(series.iter().map(|(scores, windows)| NabSeries { scores, windows }), &Cx::default()).unwrap();
        let ours = NabResults::of(&nab);
        let profiles = [
            (ours.standard, case.result.standard),
            (ours.reward_low_fp_rate, case.result.reward_low_fp_rate),
            (ours.reward_low_fn_rate, case.result.reward_low_fn_rate),
        ];
        for (ours, theirs) in profiles {
            assert_eq!(ours.score.is_some(), theirs.score.is_some(), "{}", case.name);
            let (score, expected) = (ours.score.unwrap_or_default(), theirs.score.unwrap_or_default());
            assert!((score - expected).abs() <= 1e-9, "{}: {score}, not {expected}", case.name);
            assert!(close(ours.raw, theirs.raw), "{}: {}, not {}", case.name, ours.raw, theirs.raw);
            assert_eq!(NabResult { score: theirs.score, raw: theirs.raw, ..ours }, theirs, "{}", case.name);
        }
    }
}
