//! Ranked measures, curves, confusion and agreement against scikit-learn, scipy, definitions and hand-computed cases.

use proptest::prelude::*;
use serde_json::Value;

use super::agreement::Agreement;
use super::*;
use crate::cx::Cx;

const REFERENCE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/metrics.json"));
const MORE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/evaluate/sklearn_cases.json"));

fn numbers(value: &Value) -> Vec<f64> {
    let number = |v: &Value| if v == "inf" { f64::INFINITY } else { v.as_f64().unwrap() };
    value.as_array().unwrap().iter().map(number).collect()
}

fn assert_close(got: &[f64], want: &[f64], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(got == want || (got - want).abs() <= 1e-12, "{what} [{i}]: {got} instead of {want}");
    }
}

fn ranked(labels: &[bool], scores: &[f64]) -> Ranked {
    Ranked::new(labels, scores, &Cx::default()).unwrap()
}

#[test]
fn curves_areas_and_alarms_equal_the_reference() {
    let fixture: Value = serde_json::from_str(REFERENCE).unwrap();
    let labels: Vec<bool> = numbers(&fixture["inputs"]["y"]).iter().map(|&y| y == 1.0).collect();
    let cases = fixture["cases"].as_array().unwrap().iter().filter(|case| case["inputs"]["data"].is_string());
    let mut n_cases = 0;
    for case in cases.filter(|case| !case["output"]["roc_curve"].is_null()) {
        n_cases += 1;
        let (name, out) = (case["inputs"]["data"].as_str().unwrap(), &case["output"]);
        let scores = numbers(&fixture["inputs"][name]);
        let ranked = ranked(&labels, &scores);
        let areas = [ranked.roc_auc(), ranked.average_precision(), ranked.pr_auc()];
        let want = ["roc_auc", "average_precision", "pr_auc_trapezoid"].map(|area| out[area].as_f64().unwrap());
        assert_close(&areas, &want, name);
        let roc = ranked.roc_curve();
        assert_close(&roc.false_positive_rate, &numbers(&out["roc_curve"]["fpr"]), name);
        assert_close(&roc.true_positive_rate, &numbers(&out["roc_curve"]["tpr"]), name);
        assert_close(&roc.thresholds, &numbers(&out["roc_curve"]["threshold"]), name);
        let pr = ranked.precision_recall_curve();
        assert_close(&pr.precision, &numbers(&out["precision_recall_curve"]["precision"]), name);
        assert_close(&pr.recall, &numbers(&out["precision_recall_curve"]["recall"]), name);
        assert_close(&pr.thresholds, &numbers(&out["precision_recall_curve"]["threshold"]), name);
        for (threshold, want) in out["at_threshold"].as_object().unwrap() {
            let at = Confusion::at_threshold(&labels, &scores, threshold.parse().unwrap()).unwrap();
            assert_eq!(at, ranked.at(threshold.parse().unwrap()));
            let counts = [at.true_negatives, at.false_positives, at.false_negatives, at.true_positives];
            assert_close(&counts.map(|n| n as f64), &numbers(&want["confusion_tn_fp_fn_tp"]), threshold);
            let got = [at.precision(), at.recall(), at.f1(), at.mcc(), at.accuracy()];
            let want = ["precision", "recall", "f1", "mcc", "accuracy"].map(|key| want[key].as_f64().unwrap());
            assert_close(&got, &want, &format!("{name} at {threshold}"));
        }
    }
    assert_eq!(n_cases, 3);
}

#[test]
fn odd_inputs_equal_scikit_learn() {
    let fixture: Value = serde_json::from_str(MORE).unwrap();
    for case in fixture["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let labels: Vec<bool> = case["labels"].as_str().unwrap().chars().map(|label| label == '1').collect();
        let scores = numbers(&case["scores"]);
        let ranked = ranked(&labels, &scores);
        let areas = [ranked.roc_auc(), ranked.average_precision(), ranked.pr_auc()];
        assert_close(&areas, &["roc_auc", "ap", "pr_auc"].map(|area| case[area].as_f64().unwrap()), name);
        let (roc, pr) = (ranked.roc_curve(), ranked.precision_recall_curve());
        assert_close(&roc.false_positive_rate, &numbers(&case["fpr"]), name);
        assert_close(&roc.true_positive_rate, &numbers(&case["tpr"]), name);
        assert_close(&pr.precision, &numbers(&case["precision"]), name);
        assert_close(&pr.recall, &numbers(&case["recall"]), name);
        assert_close(&pr.thresholds, &numbers(&case["thresholds"]), name);
        let best = ranked.best_f1();
        assert_close(&[best.f1, best.threshold], &numbers(&case["best_f1"]), name);
        for want in case["at"].as_array().unwrap().iter().map(numbers) {
            let at = Confusion::at_threshold(&labels, &scores, want[0]).unwrap();
            assert_eq!(at, ranked.at(want[0]), "{name}");
            let counts = [at.true_negatives, at.false_positives, at.false_negatives, at.true_positives];
            let mut got = vec![want[0]];
            got.extend(counts.map(|n| n as f64));
            got.extend([at.precision(), at.recall(), at.f1(), at.f_beta(2.0), at.f_beta(0.5)]);
            got.extend([at.mcc(), at.accuracy(), at.balanced_accuracy()]);
            assert_close(&got, &want, name);
        }
    }
}

#[test]
fn the_first_k_share_ties_by_their_expected_value() {
    // From the top: an anomaly; two anomalies and a normal row tied; a normal row.
    let labels = [true, true, false, true, false];
    let scores = [9.0, 5.0, 5.0, 5.0, 1.0];
    let ranked = ranked(&labels, &scores);
    let precision = [1, 2, 3, 4, 5].map(|k| ranked.precision_at_k(k).unwrap());
    assert_close(&precision, &[1.0, (1.0 + 2.0 / 3.0) / 2.0, (1.0 + 4.0 / 3.0) / 3.0, 0.75, 0.6], "precision");
    let recall = [1, 2, 4, 5].map(|k| ranked.recall_at_k(k).unwrap());
    assert_close(&recall, &[1.0 / 3.0, 5.0 / 9.0, 1.0, 1.0], "recall");
    assert_close(&[ranked.precision_at_n()], &[7.0 / 9.0], "at n");
    for k in [0, 6] {
        assert!(ranked.precision_at_k(k).unwrap_err().to_string().contains("1 to the number"));
    }
}

#[test]
fn errors_say_what_to_do() {
    let of = |labels: &[bool], scores: &[f64]| Ranked::new(labels, scores, &Cx::default()).unwrap_err();
    assert!(of(&[true], &[]).to_string().contains("0 scores for 1 rows"));
    assert!(of(&[], &[]).to_string().contains("label at least one anomaly"));
    assert_eq!(of(&[false; 3], &[1.0; 3]), EvaluateError::OneKind { n_anomalies: 0, n_rows: 3 });
    assert_eq!(of(&[true, false], &[1.0, f64::INFINITY]), EvaluateError::NotFinite { row: 1 });
    let cx = Cx::default();
    cx.cancel();
    assert_eq!(Ranked::new(&[true, false], &[1.0, 2.0], &cx), Err(EvaluateError::Cancelled));
    assert!(Confusion::of(&[true], &[]).is_err() && Confusion::at_threshold(&[], &[1.0], 0.0).is_err());
}

#[test]
fn alarms_on_one_kind_of_rows_or_none_have_numbers() {
    let none = Confusion::of(&[], &[]).unwrap();
    assert_eq!([none.precision(), none.f1(), none.mcc(), none.accuracy(), none.balanced_accuracy()], [0.0; 5]);
    let normal = Confusion::of(&[false, false], &[true, false]).unwrap();
    // sklearn.metrics.balanced_accuracy_score([0, 0], [1, 0])
    assert_eq!((normal.balanced_accuracy(), normal.recall(), normal.mcc()), (0.5, 0.0, 0.0));
    let anomalies = Confusion::of(&[true; 4], &[true, false, true, true]).unwrap();
    assert_eq!((anomalies.balanced_accuracy(), anomalies.precision()), (0.75, 1.0));
    // Counts near the largest do not overflow.
    let n = 1 << 62;
    let large = Confusion { true_negatives: n, false_positives: n / 4, false_negatives: n / 4, true_positives: n / 2 };
    // (1 * 1/2 - 1/16) / sqrt(3/4 * 3/4 * 5/4 * 5/4)
    assert!((large.mcc() - 0.4375 / 0.9375).abs() < 1e-12);
    assert_eq!(large.f_beta(1e300), large.recall());
    assert_eq!(large.f_beta(0.0), large.precision());
    let at = ranked(&[true, false], &[1.0, 2.0]);
    assert_eq!(at.at(f64::NAN).true_positives, 0);
    assert_eq!(at.at(f64::INFINITY), Confusion { true_negatives: 1, false_negatives: 1, ..Confusion::default() });
    assert_eq!(at.at(f64::NEG_INFINITY).false_positives, 1);
}

/// Labels of both kinds and scores with ties.
fn labelled() -> impl Strategy<Value = (Vec<bool>, Vec<f64>)> {
    let row = (any::<bool>(), (-6_i32..6).prop_map(|score| f64::from(score) / 3.0));
    prop::collection::vec(row, 2..40).prop_map(|rows| {
        let (mut labels, scores): (Vec<bool>, Vec<f64>) = rows.into_iter().unzip();
        (labels[0], labels[1]) = (true, false);
        (labels, scores)
    })
}

proptest! {
    #[test]
    fn areas_follow_their_definitions((labels, scores) in labelled()) {
        let ranked = ranked(&labels, &scores);
        let rows = || labels.iter().zip(&scores);
        let of_kind = |kind| rows().filter(move |row| *row.0 == kind).map(|row| *row.1).collect::<Vec<f64>>();
        let (anomalies, normals): (Vec<f64>, Vec<f64>) = (of_kind(true), of_kind(false));
        let won = |a: f64, b: f64| if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
        let pairs: f64 = anomalies.iter().flat_map(|&a| normals.iter().map(move |&b| won(a, b))).sum();
        prop_assert!((ranked.roc_auc() - pairs / (anomalies.len() * normals.len()) as f64).abs() < 1e-12);
        // Each anomaly's precision at its own score.
        let at = |threshold| Confusion::at_threshold(&labels, &scores, threshold).unwrap();
        let precisions: f64 = anomalies.iter().map(|&score| at(score).precision()).sum();
        prop_assert!((ranked.average_precision() - precisions / anomalies.len() as f64).abs() < 1e-12);
        let best = ranked.best_f1();
        let greatest = scores.iter().map(|&score| at(score).f1()).fold(0.0, f64::max);
        prop_assert!((best.f1 - greatest).abs() < 1e-15);
        prop_assert!((at(best.threshold).f1() - best.f1).abs() < 1e-15);
        prop_assert!(scores.iter().all(|&s| s <= best.threshold || at(s).f1() < greatest));
    }

    #[test]
    fn the_first_k_are_the_mean_over_orders_of_tied_rows((labels, scores) in labelled(), k in 1_usize..40) {
        let k = k.min(labels.len());
        let ranked = ranked(&labels, &scores);
        // A row of rank a..a + t among t tied ones is within the first k with probability (k - a) / t.
        let chance = |score: f64| {
            let above = scores.iter().filter(|&&s| s > score).count() as f64;
            let tied = scores.iter().filter(|&&s| s == score).count() as f64;
            ((k as f64 - above) / tied).clamp(0.0, 1.0)
        };
        let found: f64 = labels.iter().zip(&scores).filter(|row| *row.0).map(|row| chance(*row.1)).sum();
        prop_assert!((ranked.precision_at_k(k).unwrap() - found / k as f64).abs() < 1e-12);
        prop_assert!((ranked.recall_at_k(k).unwrap() - found / ranked.n_anomalies() as f64).abs() < 1e-12);
    }

    #[test]
    fn scores_of_any_size_keep_their_order(scores in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 2..60)) {
        let labels: Vec<bool> = (0..scores.len()).map(|row| row % 3 == 0).collect();
        let curve = ranked(&labels, &scores).precision_recall_curve();
        let mut expected = scores.clone();
        expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
        expected.dedup();
        prop_assert_eq!(curve.thresholds, expected);
    }

    #[test]
    fn a_thinned_curve_keeps_ends_and_extremes((labels, scores) in labelled(), max_points in 2_usize..40) {
        let ranked = ranked(&labels, &scores);
        for points in [ranked.roc_curve().points(), ranked.precision_recall_curve().points()] {
            let thin = thinned(&points, max_points);
            prop_assert!(thin.len() <= max_points);
            prop_assert_eq!((thin.first(), thin.last()), (points.first(), points.last()));
            // Points of the curve, in its order.
            let mut rest = points.iter();
            prop_assert!(thin.iter().all(|point| rest.any(|of_curve| of_curve == point)));
        }
    }
}

#[test]
fn a_thinned_curve_looks_the_same() {
    // A noisy curve of 100,000 points drawn 250 pixels wide.
    let y = |i: u32| f64::from(i.wrapping_mul(2_654_435_761) >> 20) / 4096.0 + f64::from(i) / 1e5;
    let points: Vec<[f64; 2]> = (0..100_000).map(|i| [f64::from(i) / 1e5, y(i)]).collect();
    let thin = thinned(&points, 1002);
    assert!(thin.len() <= 1002 && thin.len() > 900);
    for column in 0..250 {
        let reach = |points: &[[f64; 2]]| {
            let inside = points.iter().filter(|p| (p[0] * 250.0 * 1e5 / 99_999.0) as usize == column).map(|p| p[1]);
            inside.fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(y), high.max(y)))
        };
        let (all, kept) = (reach(&points), reach(&thin));
        assert!((all.0 - kept.0).abs() < 1e-3 && (all.1 - kept.1).abs() < 1e-3, "{column}: {all:?} {kept:?}");
    }
    // Stairs need their corners only, and a perfect ranking three points.
    let stairs: Vec<[f64; 2]> = [[0, 0], [0, 1], [0, 2], [1, 2], [2, 2], [2, 3]].map(|p| p.map(f64::from)).to_vec();
    assert_eq!(thinned(&stairs, 100), [[0.0, 0.0], [0.0, 2.0], [2.0, 2.0], [2.0, 3.0]]);
    let labels: Vec<bool> = (0..1000).map(|row| row > 900).collect();
    let scores: Vec<f64> = (0..1000).map(f64::from).collect();
    assert_eq!(thinned(&ranked(&labels, &scores).roc_curve().points(), 100), [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
    assert!(thinned(&[], 10).is_empty());
    assert_eq!(thinned(&[[1.0, 1.0]], 0), [[1.0, 1.0]]);
}

#[test]
fn rank_correlations_equal_scipy_and_overlaps_are_counted() {
    let a = [0.1, 0.4, 0.4, 0.9, 0.7, 0.2, 0.3, 0.3];
    let b = [1.0, 5.0, 4.0, 9.0, 9.0, 2.0, 0.0, 3.0];
    let c = [5.0, 4.0, 3.0, 2.0, 1.0, 0.0, -1.0, -2.0];
    let flat = [7.0; 8];
    let all = Agreement::of(&[&a, &b, &c, &flat], 0.25, &Cx::default()).unwrap();
    // scipy.stats.spearmanr of a and b, a and c, b and c
    let want = [0.884864735957054, 0.048196269271187996, 0.20359646452525404];
    assert_close(&[1, 2, 6].map(|at| all.rank_correlation[at].unwrap()), &want, "spearman");
    assert_eq!([0, 3, 15].map(|at| all.rank_correlation[at]), [Some(1.0), None, None]);
    // The two highest: rows 3 and 4; 3 and 4; 0 and 1; and all eight, which are tied.
    assert_close(&all.top_overlap[..4], &[1.0, 1.0, 0.0, 0.25], "overlap");
    assert_eq!(all.top_overlap[4], all.top_overlap[1]);
    let stability = all.stability().unwrap();
    assert_close(&[stability.mean_correlation.unwrap()], &[want.iter().sum::<f64>() / 3.0], "mean");
    assert_eq!(stability.worst_correlation, all.rank_correlation[2]);
    assert_close(&[stability.mean_overlap, stability.worst_overlap], &[1.75 / 6.0, 0.0], "overlap");
    assert_eq!(stability.worst_pair, (0, 2));
}

#[test]
fn agreement_of_few_columns_or_rows() {
    let of = |columns: &[&[f64]], share| Agreement::of(columns, share, &Cx::default());
    assert_eq!(of(&[], 0.1).unwrap().stability(), None);
    assert_eq!(of(&[&[1.0, 2.0]], 0.1).unwrap().stability(), None);
    // A single row is in every top share, and has no order.
    let one = of(&[&[1.0], &[2.0]], 0.1).unwrap().stability().unwrap();
    assert_eq!((one.mean_correlation, one.mean_overlap), (None, 1.0));
    assert!(of(&[&[1.0], &[1.0, 2.0]], 0.1).unwrap_err().to_string().contains("2 scores for 1 rows"));
    assert!(of(&[&[], &[]], 0.1).is_err() && of(&[&[1.0]], 0.0).is_err() && of(&[&[1.0]], f64::NAN).is_err());
    assert_eq!(of(&[&[1.0, f64::NAN]], 0.1), Err(EvaluateError::NotFinite { row: 1 }));
    // More rows than a word of flags: the top 10 of 1000 against themselves moved by 5.
    let rising: Vec<f64> = (0..1000).map(f64::from).collect();
    let moved: Vec<f64> = (0..1000).map(|row| f64::from((row + 5) % 1000)).collect();
    let overlap = of(&[&rising, &moved], 0.01).unwrap().top_overlap[1];
    assert!((overlap - 5.0 / 15.0).abs() < 1e-15, "{overlap}");
}
