//! Intervals against the reference, definitions and formulas of the statistics.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::analysis::evaluate::Confusion;
use crate::data::SeriesOrder;
use crate::recipe::ComputeConfig;

const REFERENCE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/metrics.json"));

fn seeded(seed: u64) -> Cx {
    Cx::new(&ComputeConfig { seed, ..ComputeConfig::default() })
}

#[test]
fn given_rows_equal_the_reference() {
    let fixture: Value = serde_json::from_str(REFERENCE).unwrap();
    let inputs = &fixture["inputs"];
    let labels: Vec<bool> = inputs["y"].as_array().unwrap().iter().map(|y| y == 1).collect();
    let scores: Vec<f64> = serde_json::from_value(inputs["smooth"].clone()).unwrap();
    let rows: Vec<Vec<u32>> = serde_json::from_value(inputs["resample_rows"].clone()).unwrap();
    let case = fixture["cases"].as_array().unwrap().iter().find(|case| !case["output"]["aucs"].is_null()).unwrap();
    let out = &case["output"];
    let interval = |rows: &[Vec<u32>], confidence| {
        let config = BootstrapConfig { confidence, n_resamples: 1 };
        bootstrap(&labels, &scores, &[Measure::RocAuc], Draw::Given(rows), config, &Cx::default()).unwrap()[0]
    };
    for (key, confidence) in [("ci95", 0.95), ("ci90", 0.9)] {
        let got = interval(&rows, confidence);
        let want = [&out["mean"], &out["std_ddof1"], &out[key][0], &out[key][1]].map(|v| v.as_f64().unwrap());
        for (got, want) in [got.mean, got.std, got.low, got.high].into_iter().zip(want) {
            assert!((got - want).abs() < 1e-12, "{key}: {got} {want}");
        }
        assert_eq!(got.n_resamples, 200);
        assert_eq!(got.estimate, Ranked::new(&labels, &scores, &Cx::default()).unwrap().roc_auc());
    }
    let aucs: Vec<f64> = serde_json::from_value(out["aucs"].clone()).unwrap();
    for (rows, want) in rows.iter().zip(aucs) {
        let got = interval(std::slice::from_ref(rows), 0.9);
        assert!((got.low - want).abs() < 1e-12 && got.low == got.high && got.std == 0.0);
    }
}

fn all_measures() -> Vec<Measure> {
    use Measure::*;
    let at = [0.0, 0.7, -9.0, 9.0];
    let at = at.map(|t| [Precision(t), Recall(t), F1(t), Mcc(t), Accuracy(t), BalancedAccuracy(t)]).concat();
    [vec![RocAuc, AveragePrecision, PrAuc, BestF1, PrecisionAtN, PrecisionAtK(1), RecallAtK(3)], at].concat()
}

/// A measure of rows that are really there, without weights.
fn directly(measure: Measure, labels: &[bool], scores: &[f64]) -> f64 {
    let ranked = Ranked::new(labels, scores, &Cx::default()).unwrap();
    let at = |threshold| Confusion::at_threshold(labels, scores, threshold).unwrap();
    match measure {
        Measure::RocAuc => ranked.roc_auc(),
        Measure::AveragePrecision => ranked.average_precision(),
        Measure::PrAuc => ranked.pr_auc(),
        Measure::BestF1 => ranked.best_f1().f1,
        Measure::PrecisionAtN => ranked.precision_at_n(),
        Measure::PrecisionAtK(k) => ranked.precision_at_k(k).unwrap(),
        Measure::RecallAtK(k) => ranked.recall_at_k(k).unwrap(),
        Measure::Precision(t) => at(t).precision(),
        Measure::Recall(t) => at(t).recall(),
        Measure::F1(t) => at(t).f1(),
        Measure::Mcc(t) => at(t).mcc(),
        Measure::Accuracy(t) => at(t).accuracy(),
        Measure::BalancedAccuracy(t) => at(t).balanced_accuracy(),
    }
}

proptest! {
    #[test]
    fn weights_are_rows_drawn_more_than_once(
        rows in prop::collection::vec((any::<bool>(), -4_i32..5), 4..30),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 3..40),
    ) {
        let (mut labels, scores): (Vec<bool>, Vec<f64>) = rows.iter().map(|row| (row.0, f64::from(row.1) * 0.35)).unzip();
        (labels[0], labels[1]) = (true, false);
        let resample: Vec<u32> = picks.iter().map(|pick| pick.index(labels.len()) as u32).collect();
        let drawn_labels: Vec<bool> = resample.iter().map(|&row| labels[row as usize]).collect();
        let drawn_scores: Vec<f64> = resample.iter().map(|&row| scores[row as usize]).collect();
        let (measures, given) = (all_measures(), [resample]);
        let got = bootstrap(&labels, &scores, &measures, Draw::Given(&given), BootstrapConfig::default(), &Cx::default());
        if drawn_labels.iter().all(|&label| label == drawn_labels[0]) {
            prop_assert_eq!(got, Err(EvaluateError::NoResample { n_resamples: 1 }));
            return Ok(());
        }
        for (interval, &measure) in got.unwrap().iter().zip(&measures) {
            let (all, drawn) = (directly(measure, &labels, &scores), directly(measure, &drawn_labels, &drawn_scores));
            prop_assert!((interval.estimate - all).abs() < 1e-12, "{:?}: {} {}", measure, interval.estimate, all);
            prop_assert!((interval.low - drawn).abs() < 1e-12, "{:?}: {} {}", measure, interval.low, drawn);
        }
    }
}

#[test]
fn resamples_with_one_kind_are_left_out() {
    let given = [vec![0, 0], vec![0, 1], vec![1, 1], vec![]];
    let of = |given| {
        bootstrap(
            &[true, false],
            &[2.0, 1.0],
            &[Measure::RocAuc],
            Draw::Given(given),
            BootstrapConfig::default(),
            &Cx::default(),
        )
    };
    assert_eq!(of(&given).unwrap()[0].n_resamples, 1);
    assert_eq!(of(&given[..1]), Err(EvaluateError::NoResample { n_resamples: 1 }));
    assert_eq!(of(&[vec![2]]), Err(EvaluateError::NoSuchRow { row: 2, n_rows: 2 }));
}

/// Drawn weights of many resamples: n draws each, as the multinomial distribution has them.
fn check_draws(n: usize, n_resamples: usize) {
    let drawing = Drawing::new(Draw::Rows, &vec![false; n], &vec![0.0; n], &Cx::default()).unwrap();
    let mut weights = Vec::new();
    let (mut sum, mut squares, mut products, mut parts) = (vec![0.0; n], 0.0, 0.0, 0.0);
    let n_part = n.div_ceil(3);
    for resample in 0..n_resamples {
        drawing.weights(resample, &mut weights, &seeded(3)).unwrap();
        assert_eq!(weights.iter().sum::<u32>() as usize, n);
        sum.iter_mut().zip(&weights).for_each(|(sum, &weight)| *sum += f64::from(weight));
        squares += weights.iter().map(|&w| f64::from(w * w)).sum::<f64>() / n as f64;
        products += weights.windows(2).map(|w| f64::from(w[0] * w[1])).sum::<f64>() / (n - 1) as f64;
        parts += (f64::from(weights[..n_part].iter().sum::<u32>()) - n_part as f64).powi(2);
    }
    let (resamples, rows) = (n_resamples as f64, n as f64);
    // A count has mean 1 and variance 1 - 1/n; two have the mean product 1 - 1/n.
    let worst = sum.iter().map(|sum| (sum / resamples - 1.0).abs()).fold(0.0, f64::max);
    assert!(worst < 5.0 / resamples.sqrt(), "{n}: {worst}");
    let (square, product) = (squares / resamples, products / resamples);
    assert!((square - 2.0 + 1.0 / rows).abs() < 12.0 / (rows * resamples).sqrt(), "{n}: {square}");
    assert!((product - 1.0 + 1.0 / rows).abs() < 12.0 / (rows * resamples).sqrt(), "{n}: {product}");
    // The draws that fall into a part of the rows are binomial.
    let share = n_part as f64 / rows;
    let ratio = parts / resamples / (rows * share * (1.0 - share));
    assert!((ratio - 1.0).abs() < 6.0 * (2.0 / resamples).sqrt(), "{n}: {ratio}");
}

#[test]
fn draws_are_multinomial() {
    check_draws(2, 20_000);
    check_draws(7, 20_000);
    check_draws(100, 5000);
    // More than one block, and the last not full.
    check_draws(10_000, 1000);
}

#[test]
fn the_standard_error_of_a_share_is_that_of_its_formula() {
    // 2000 rows of which 1600 are judged rightly.
    let (labels, scores): (Vec<bool>, Vec<f64>) =
        (0..2000).map(|row| (row % 4 == 0, f64::from(u8::from((row % 4 == 0) != (row % 5 == 0))))).unzip();
    let of = |draw, n_resamples| {
        let config = BootstrapConfig { n_resamples, ..BootstrapConfig::default() };
        bootstrap(&labels, &scores, &[Measure::Accuracy(0.5)], draw, config, &seeded(1)).unwrap()[0]
    };
    let rows = of(Draw::Rows, 4000);
    let error = (0.8 * 0.2 / 2000_f64).sqrt();
    assert!((rows.std / error - 1.0).abs() < 0.05 && (rows.estimate - 0.8).abs() < 1e-12, "{rows:?}");
    assert!(((rows.high - rows.low) / (2.0 * 1.959964 * error) - 1.0).abs() < 0.06, "{rows:?}");
    // Twenty copies of each of a hundred rows say no more than a hundred rows do.
    let groups: Vec<u32> = (0..2000).map(|row| 1000 - row % 100).collect();
    let grouped = of(Draw::Groups(&groups), 4000);
    assert!((grouped.std / (0.8 * 0.2 / 100_f64).sqrt() - 1.0).abs() < 0.06, "{grouped:?}");
}

#[test]
fn whole_groups_are_drawn() {
    let (labels, scores) = ([true, false, true, false, true], [1.0, 2.0, 1.0, 5.0, 5.0]);
    let groups = [9, 4, 9, 4, 7];
    let drawing = Drawing::new(Draw::Groups(&groups), &labels, &scores, &Cx::default()).unwrap();
    let mut weights = Vec::new();
    for resample in 0..50 {
        drawing.weights(resample, &mut weights, &Cx::default()).unwrap();
        // Places: rows 3 and 4 (tied, the normal one first), row 1, rows 0 and 2.
        assert_eq!((weights[0], weights[3]), (weights[2], weights[4]));
        assert_eq!(weights[0] + weights[1] + weights[3], 3);
    }
    let of = |groups: &[u32]| {
        bootstrap(
            &labels,
            &scores,
            &[Measure::RocAuc],
            Draw::Groups(groups),
            BootstrapConfig::default(),
            &Cx::default(),
        )
    };
    assert_eq!(of(&[3; 5]), Err(EvaluateError::TooFewGroups { n_groups: 1 }));
    assert!(of(&[3; 4]).unwrap_err().to_string().contains("4 group codes for 5 rows"));
}

#[test]
fn blocks_follow_time_within_each_entity() {
    // Entity 0: rows 1, 4, 2 in time order; entity 1: rows 3, 0.
    let order = SeriesOrder::new(5, &[9, 1, 3, 2, 2], &[1, 0, 0, 1, 0]);
    assert_eq!(time_blocks(&order, 2), [2, 0, 1, 2, 0]);
    assert_eq!(time_blocks(&order, 0), [4, 0, 2, 3, 1]);
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let scores: Vec<f64> = (0..5000).map(|row| f64::from(row * 37 % 1009)).collect();
    let labels: Vec<bool> = (0..5000).map(|row| row * 37 % 1009 > 800 && row % 3 > 0 || row % 50 == 0).collect();
    let groups = time_blocks(&SeriesOrder::new(5000, &[], &[]), 40);
    let config = BootstrapConfig { n_resamples: 60, confidence: 0.9 };
    let of = |n_threads, draw, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| bootstrap(&labels, &scores, &all_measures(), draw, config, &seeded(seed)).unwrap())
    };
    for draw in [Draw::Rows, Draw::Groups(&groups)] {
        let one = of(1, draw, 42);
        assert_eq!(one, of(3, draw, 42));
        assert_ne!(one, of(1, draw, 43));
        assert!(one[0].low < one[0].estimate && one[0].estimate < one[0].high);
    }
}

#[test]
fn settings_out_of_range_and_cancelling() {
    let of = |measure, confidence, cx: &Cx| {
        let config = BootstrapConfig { confidence, n_resamples: 10 };
        bootstrap(&[true, false, true], &[2.0, 1.0, 1.0], &[measure], Draw::Rows, config, cx)
    };
    for confidence in [0.0, 1.0, f64::NAN] {
        assert!(of(Measure::RocAuc, confidence, &Cx::default()).unwrap_err().to_string().contains("0.95"));
    }
    for measure in [Measure::PrecisionAtK(0), Measure::RecallAtK(4), Measure::F1(f64::NAN)] {
        assert!(matches!(of(measure, 0.9, &Cx::default()), Err(EvaluateError::OutOfRange { .. })));
    }
    let cx = Cx::default();
    cx.cancel();
    assert_eq!(of(Measure::RocAuc, 0.9, &cx), Err(EvaluateError::Cancelled));
}

#[test]
fn a_difference_is_judged_on_the_same_resamples() {
    let labels: Vec<bool> = (0..200).map(|row| row % 7 == 0).collect();
    let scores: Vec<f64> =
        (0..200).map(|row| f64::from(row * 37 % 101) + if row % 7 == 0 { 40.0 } else { 0.0 }).collect();
    let rows: Vec<u32> = (0..200).collect();
    let config = BootstrapConfig { n_resamples: 200, confidence: 0.95 };
    let measures = [Measure::RocAuc, Measure::AveragePrecision];
    // Another order of magnitude, the same order of rows: no resample can tell them apart.
    let scaled: Vec<f64> = scores.iter().map(|score| score * 3.0 - 1.0).collect();
    let same = bootstrap_difference(&labels, (&scores, &scaled), &measures, &rows, config, &Cx::default()).unwrap();
    assert!(same.iter().all(|interval| interval.low == 0.0 && interval.high == 0.0 && interval.std == 0.0));
    // Upside down: twice the distance from one half, in every resample.
    let reversed: Vec<f64> = scores.iter().map(|score| -score).collect();
    let [auc, _] = bootstrap_difference(&labels, (&scores, &reversed), &measures, &rows, config, &Cx::default())
        .unwrap()
        .try_into()
        .unwrap();
    let [own] = bootstrap(&labels, &scores, &measures[..1], Draw::Groups(&rows), config, &Cx::default())
        .unwrap()
        .try_into()
        .unwrap();
    assert!((auc.estimate - (2.0 * own.estimate - 1.0)).abs() < 1e-12);
    assert!((auc.low - (2.0 * own.low - 1.0)).abs() < 1e-12 && (auc.high - (2.0 * own.high - 1.0)).abs() < 1e-12);
}
