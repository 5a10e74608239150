//! Calibration against scikit-learn, PyOD, scipy and by hand.

use proptest::prelude::*;
use serde_json::Value;

use super::CalibrationError as Error;
use super::*;

const REFERENCE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/calibration.json"));

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn flags(value: &Value) -> Vec<bool> {
    numbers(value).into_iter().map(|v| v == 1.0).collect()
}

fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got - expected).abs() <= tolerance * expected.abs().max(1.0), "{at}: {got} {expected}");
    }
}

/// `i = numpy.arange(400); s = ((i*37)%101)/10.0-2; y = ((i*61)%97)/10.0 < s; w = (i%5)/2.0`
fn formula_rows() -> (Vec<f64>, Vec<bool>, Vec<f64>) {
    let scores: Vec<f64> = (0..400).map(|i| f64::from(i * 37 % 101) / 10.0 - 2.0).collect();
    let labels = (0..400).zip(&scores).map(|(i, s)| f64::from(i * 61 % 97) / 10.0 < *s).collect();
    (scores, labels, (0..400).map(|i| f64::from(i % 5) / 2.0).collect())
}

/// Values spread over the range of the scores and beyond.
const NEW: [f64; 10] = [-9.0, -1.95, 0.033, 2.2, 3.15, 4.44, 5.05, 6.66, 7.77, 99.0];

#[test]
fn the_reference_cases_are_met() {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    let inputs = &reference["inputs"];
    let (scores, labels, new) = (numbers(&inputs["scores"]), flags(&inputs["y"]), numbers(&inputs["new"]));
    let weights = numbers(&inputs["weights"]);
    let cx = Cx::default();
    for case in reference["cases"].as_array().unwrap() {
        let (call, output) = (case["call"].as_str().unwrap(), &case["output"]);
        let (curve, tolerance) = if call.contains("Sigmoid") {
            let curve = Platt::fit(&scores, &labels, None, &cx).unwrap();
            let (a, b) = curve.coefficients();
            assert_close(&[a, b], &[output["a"].as_f64().unwrap(), output["b"].as_f64().unwrap()], 1e-8);
            (Calibration::Platt(curve), 1e-8)
        } else {
            let weights = call.contains("weights").then_some(&weights[..]);
            let curve = Isotonic::fit(&scores, &labels, weights, &cx).unwrap();
            if weights.is_none() {
                let (at, probabilities) = curve.thresholds();
                assert_close(at, &numbers(&output["x_thresholds"]), 1e-12);
                assert_close(probabilities, &numbers(&output["y_thresholds"]), 1e-12);
            }
            (Calibration::Isotonic(curve), 1e-12)
        };
        assert_close(&curve.probabilities(&new, &cx).unwrap(), &numbers(&output["p_new"]), tolerance);
        assert_close(&curve.probabilities(&scores, &cx).unwrap(), &numbers(&output["p_scores"]), tolerance);
    }
}

#[test]
fn platt_scaling_is_the_minimum() {
    // The minimum by Newton's method in numpy, from sklearn's _SigmoidCalibration().fit(s, y, w), which stops 1e-9 short.
    let (scores, labels, weights) = formula_rows();
    let fit = |scores: &[f64], labels: &[bool], weights| {
        Platt::fit(scores, labels, weights, &Cx::default()).unwrap().coefficients()
    };
    let assert_fits = |(a, b): (f64, f64), expected_a: f64, expected_b: f64| {
        assert!((a / expected_a - 1.0).abs() < 1e-10 && (b / expected_b - 1.0).abs() < 1e-10, "{a} {b}");
    };
    assert_fits(fit(&scores, &labels, None), -0.5033393702996377, 2.5594785713953248);
    assert_fits(fit(&scores, &labels, Some(&weights)), -0.5064376234988693, 2.5879838908295314);
    let far: Vec<f64> = scores.iter().map(|score| score * 1e6 + 3e6).collect();
    assert_fits(fit(&far, &labels, None), -5.033393702996377e-07, 4.069496682294238);
    let inverse: Vec<bool> = labels.iter().map(|label| !label).collect();
    assert_fits(fit(&scores, &inverse, None), 0.5033393702996378, -2.559478571395325);
    // s = i/100; y = i >= 380
    let separable: Vec<f64> = (0..400).map(|i| f64::from(i) / 100.0).collect();
    let last: Vec<bool> = (0..400).map(|i| i >= 380).collect();
    assert_fits(fit(&separable, &last, None), -7.090969894810298, 27.17944292371112);
}

#[test]
fn isotonic_regression_is_that_of_scikit_learn() {
    // r = IsotonicRegression(y_min=0, y_max=1, out_of_bounds='clip').fit(s, y, w); r.X_thresholds_, r.predict(NEW)
    let (scores, labels, weights) = formula_rows();
    let cx = Cx::default();
    let plain = Isotonic::fit(&scores, &labels, None, &cx).unwrap();
    assert_eq!(plain.thresholds().0.len(), 34);
    assert_close(
        &plain.probabilities(&NEW, &cx).unwrap(),
        &[
            0.0,
            0.0,
            0.0,
            0.25,
            0.3333333333333333,
            0.4727272727272728,
            0.5,
            0.6500000000000002,
            0.8083333333333328,
            0.8333333333333334,
        ],
        1e-14,
    );
    let weighted = Isotonic::fit(&scores, &labels, Some(&weights), &cx).unwrap();
    assert_close(
        weighted.thresholds().0,
        &[
            -2.0, 0.4, 0.5, 0.8, 0.9, 1.2, 1.3, 1.5, 1.6, 2.3, 2.4, 3.3, 3.4, 4.1, 4.2, 5.1, 5.2, 5.9, 6.0, 6.9, 7.0,
            7.7, 7.8, 8.0,
        ],
        1e-14,
    );
    assert_close(
        &weighted.probabilities(&NEW, &cx).unwrap(),
        &[
            0.0,
            0.0,
            0.0,
            0.2676056338028169,
            0.27631578947368424,
            0.4594594594594595,
            0.4594594594594595,
            0.620253164556962,
            0.8336976320582865,
            0.8888888888888888,
        ],
        1e-14,
    );
}

#[test]
fn weights_count_as_repeated_rows() {
    let (scores, labels, _) = formula_rows();
    let weights: Vec<f64> = (0..400).map(|i| f64::from(i % 3)).collect();
    let repeated = |values: &[f64]| -> Vec<f64> {
        values.iter().zip(&weights).flat_map(|(value, n)| std::iter::repeat_n(*value, *n as usize)).collect()
    };
    let numeric: Vec<f64> = labels.iter().map(|label| f64::from(*label)).collect();
    let repeated_labels: Vec<bool> = repeated(&numeric).iter().map(|label| *label == 1.0).collect();
    let cx = Cx::default();
    let weighted = Platt::fit(&scores, &labels, Some(&weights), &cx).unwrap();
    let plain = Platt::fit(&repeated(&scores), &repeated_labels, None, &cx).unwrap();
    assert_close(&NEW.map(|s| weighted.probability(s)), &NEW.map(|s| plain.probability(s)), 1e-12);
    let weighted = Isotonic::fit(&scores, &labels, Some(&weights), &cx).unwrap();
    let plain = Isotonic::fit(&repeated(&scores), &repeated_labels, None, &cx).unwrap();
    assert_close(&NEW.map(|s| weighted.probability(s)), &NEW.map(|s| plain.probability(s)), 1e-12);
}

#[test]
fn pooling_by_hand() {
    // Shares 0, 1, 1/2 (two rows), 0, 1: the middle three pool to 2/4.
    let scores = [1.0, 2.0, 3.0, 3.0, 4.0, 5.0];
    let labels = [false, true, true, false, false, true];
    let curve = Isotonic::fit(&scores, &labels, None, &Cx::default()).unwrap();
    assert_eq!(curve.thresholds(), (&[1.0, 2.0, 4.0, 5.0][..], &[0.0, 0.5, 0.5, 1.0][..]));
    assert_eq!([0.0, 1.5, 3.3, 4.25, 6.0].map(|score| curve.probability(score)), [0.0, 0.25, 0.5, 0.625, 1.0]);
}

#[test]
fn gaussian_unification_is_that_of_pyod() {
    // HBOS, decision_scores_ = (numpy.arange(60)*37%101)/10.0-2, predict_proba(method='unify') of these scores
    let scores: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 101) / 10.0 - 2.0).collect();
    let curve = GaussianUnification::fit(&scores).unwrap();
    assert_close(&[curve.mean, curve.std], &[2.9516666666666667, 2.9148751640888877], 1e-15);
    assert_close(
        &curve.probabilities(&[-3.0, -1.0, 3.0, 3.5, 5.0, 6.5, 8.0, 20.0], &Cx::default()).unwrap(),
        &[
            0.0,
            0.0,
            0.013229607145038545,
            0.149213925378796,
            0.5177680832125471,
            0.7765171859279689,
            0.916712360087489,
            0.9999999950467549,
        ],
        1e-14,
    );
}

/// 3800 Laplace quantiles, and 200 outliers about 8:
/// `q = (arange(3800)+.5)/3800; s = where(q < .5, log(2*q), -log(2*(1-q)))`,
/// `q = (arange(200)+.5)/200; s = 8 + 0.5*log(q/(1-q))`
fn laplace_and_outliers() -> Vec<f64> {
    let normal = (0..3800).map(|i| (f64::from(i) + 0.5) / 3800.0);
    let outliers = (0..200).map(|i| (f64::from(i) + 0.5) / 200.0).map(|q| 8.0 + 0.5 * (q / (1.0 - q)).ln());
    normal.map(|q| if q < 0.5 { (2.0 * q).ln() } else { -(2.0 * (1.0 - q)).ln() }).chain(outliers).collect()
}

#[test]
fn the_mixture_has_the_highest_likelihood() {
    // scipy.optimize.minimize(-log likelihood, method='Nelder-Mead', xatol=1e-10) above the median of the same scores.
    let scores = laplace_and_outliers();
    let cx = Cx::default();
    let mixture = OutlierMixture::fit(&scores, &cx).unwrap();
    let parts = mixture.parts.clone().unwrap();
    let unit = 2.0 * parts.half_unit;
    let got = [
        mixture.location,
        parts.normal_mean * unit,
        parts.outlier_mean * unit,
        parts.outlier_std * unit,
        parts.outlier_share,
    ];
    assert_close(
        &got,
        &[0.05406725985052423, 1.003517980883887, 7.961507986089748, 0.8691748375738919, 0.09929619761557427],
        1e-4,
    );
    assert_close(
        &mixture.probabilities(&[0.0, 2.0, 4.0, 5.0, 6.0, 8.0], &cx).unwrap(),
        &[
            1.6395484772093142e-20,
            1.400756744754057e-11,
            6.004724873527037e-05,
            0.0167857156100037,
            0.5636608402775821,
            0.9928795017899827,
        ],
        1e-4,
    );
    // Beyond the highest point of the posterior it stays there.
    let highest = mixture.probability(8.1 + got[2] + got[3]);
    assert!(highest > 0.99 && mixture.probability(1e9) == highest);
}

#[test]
fn equal_outliers_are_no_spike() {
    let exponential = (0..1000).map(|i| -(1.0 - (f64::from(i) + 0.5) / 1000.0).ln());
    let scores: Vec<f64> = exponential.chain([20.0; 10]).collect();
    let mixture = OutlierMixture::fit(&scores, &Cx::default()).unwrap();
    let parts = mixture.parts.clone().unwrap();
    assert!((parts.outlier_std - 0.25 * parts.normal_mean).abs() < 1e-9, "{parts:?}");
    assert!((parts.outlier_share * 505.0 - 10.0).abs() < 1e-4, "{parts:?}");
    assert!(mixture.probability(7.0) < 0.01 && mixture.probability(19.5) > 0.9 && mixture.probability(25.0) > 0.9);
}

#[test]
fn the_mixture_does_not_take_the_bulk_for_outliers() {
    // Nine tenths of the rows in a heap far from the lowest score, with a tail.
    let heap =
        (0..900).map(|i| 50.0 + 3.0 * ((f64::from(i) + 0.5) / 900.0 / (1.0 - (f64::from(i) + 0.5) / 900.0)).ln());
    let scores: Vec<f64> = heap.chain((0..100).map(|i| 90.0 + f64::from(i % 10))).chain([0.0]).collect();
    let mixture = OutlierMixture::fit(&scores, &Cx::default()).unwrap();
    assert!(mixture.probability(50.0) < 0.01 && mixture.probability(60.0) < 0.1, "{mixture:?}");
    assert!(mixture.probability(90.0) > 0.9, "{mixture:?}");
    let expected = scores.iter().map(|score| mixture.probability(*score)).sum::<f64>();
    assert!((90.0..115.0).contains(&expected), "{expected}");
}

#[test]
fn a_reliability_diagram_is_that_of_scikit_learn() {
    // p = expit(s - 4); p[:40] = numpy.round(p[:40], 1); p[40:44] = [0, 1, 0, 1]
    // brier_score_loss(y, p), log_loss(y, p), calibration_curve(y, p, n_bins=10)
    let (scores, labels, _) = formula_rows();
    let mut p: Vec<f64> = scores.iter().map(|s| 1.0 / (1.0 + (4.0 - s).exp())).collect();
    p[..40].iter_mut().for_each(|p| *p = (*p * 10.0).round() / 10.0);
    p[40..44].copy_from_slice(&[0.0, 1.0, 0.0, 1.0]);
    let got = reliability(&p, &labels, 10).unwrap();
    assert_close(
        &[got.brier_score, got.log_loss, got.expected_calibration_error],
        &[0.18734510485502573, 1.0680741178766846, 0.13107610786588006],
        1e-13,
    );
    let counts: Vec<u64> = got.bins.iter().map(|bin| bin.n_rows).collect();
    assert_eq!(counts, [157, 31, 20, 16, 18, 15, 16, 21, 32, 74]);
    let shares: Vec<f64> = got.bins.iter().map(|bin| bin.anomaly_share).collect();
    assert_close(
        &shares,
        &[
            0.06369426751592357,
            0.22580645161290322,
            0.35,
            0.4375,
            0.3888888888888889,
            0.4,
            0.5,
            0.5238095238095238,
            0.5625,
            0.6756756756756757,
        ],
        1e-15,
    );
    let means: Vec<f64> = got.bins.iter().map(|bin| bin.mean_probability).collect();
    assert_close(
        &means,
        &[
            0.026817589095733434,
            0.15584548616037808,
            0.25651908740528756,
            0.3505457822187654,
            0.45451981833677757,
            0.5612428846625336,
            0.6619542177812345,
            0.7556961072330596,
            0.8571148350843355,
            0.955710385268475,
        ],
        1e-13,
    );
}

#[test]
fn empty_bins_are_left_out_and_bad_input_is_refused() {
    let got = reliability(&[0.0, 0.5, 1.0], &[false, true, true], 4).unwrap();
    let edges: Vec<(f64, f64)> = got.bins.iter().map(|bin| bin.edges).collect();
    assert_eq!(edges, [(0.0, 0.25), (0.25, 0.5), (0.75, 1.0)]);
    assert_eq!((got.brier_score, got.expected_calibration_error), (0.25 / 3.0, 0.5 / 3.0));
    assert_eq!(reliability(&[], &[], 4), Err(Error::NoRows));
    assert_eq!(reliability(&[1.0, f64::NAN], &[true, true], 4), Err(Error::NotAProbability { row: 1 }));
    assert!(matches!(reliability(&[0.1], &[], 4), Err(Error::Lengths { .. })));
    assert_eq!(reliability(&[1.0], &[false], 0).unwrap().bins.len(), 1);
}

#[test]
fn what_cannot_be_learned_from_is_refused() {
    let cx = Cx::default();
    let both = |scores: &[f64], labels: &[bool], weights: Option<&[f64]>| {
        let platt = Platt::fit(scores, labels, weights, &cx).unwrap_err();
        assert_eq!(Isotonic::fit(scores, labels, weights, &cx).unwrap_err(), platt);
        platt
    };
    assert_eq!(both(&[], &[], None), Error::NoRows);
    let one_class = both(&[1.0, 2.0], &[false, false], None).to_string();
    assert!(one_class.contains("all labelled rows are normal") && one_class.contains("anomalous rows too"));
    assert!(both(&[1.0], &[true], None).to_string().contains("all labelled rows are anomalies"));
    // The only anomaly has weight 0.
    assert!(matches!(both(&[1.0, 2.0], &[false, true], Some(&[1.0, 0.0])), Error::OneClass { .. }));
    assert_eq!(both(&[1.0, 2.0], &[false, true], Some(&[0.0, 0.0])), Error::NoRows);
    assert_eq!(both(&[1.0, f64::NAN], &[false, true], None), Error::NotFinite { row: 1 });
    assert_eq!(both(&[1.0, 2.0], &[true], None), Error::Lengths { what: "labels", expected: 2, found: 1 });
    for bad in [-1.0, f64::NAN, f64::INFINITY, f64::MAX] {
        assert_eq!(both(&[1.0, 2.0], &[true, false], Some(&[bad, f64::MAX])), Error::Weights);
    }
    assert_eq!(GaussianUnification::fit(&[]), Err(Error::NoRows));
    assert_eq!(GaussianUnification::fit(&[f64::INFINITY]), Err(Error::NotFinite { row: 0 }));
    assert_eq!(OutlierMixture::fit(&[], &cx), Err(Error::NoRows));
    cx.cancel();
    assert_eq!(Platt::fit(&[1.0, 2.0], &[true, false], None, &cx), Err(Error::Cancelled));
    assert_eq!(OutlierMixture::fit(&[1.0, 2.0], &cx), Err(Error::Cancelled));
}

#[test]
fn equal_scores_get_one_probability() {
    let cx = Cx::default();
    let (scores, labels) = ([0.1; 10], [true, false, false, false, false, false, false, false, true, false]);
    // The smoothed targets average to (2 * 3/4 + 8 * 1/10) / 10.
    let platt = Platt::fit(&scores, &labels, None, &cx).unwrap();
    assert_close(&[platt.probability(0.1), platt.probability(7.0)], &[0.23, 0.23], 1e-12);
    let isotonic = Isotonic::fit(&scores, &labels, None, &cx).unwrap();
    assert_eq!([-1.0, 0.1, 7.0].map(|s| isotonic.probability(s)), [0.2; 3]);
    for curve in [
        Calibration::GaussianUnification(GaussianUnification::fit(&scores).unwrap()),
        Calibration::OutlierMixture(OutlierMixture::fit(&scores, &cx).unwrap()),
        Calibration::GaussianUnification(GaussianUnification::fit(&[0.1]).unwrap()),
        Calibration::OutlierMixture(OutlierMixture::fit(&[0.1], &cx).unwrap()),
    ] {
        assert!(curve.probability(0.1) < 1e-300 && curve.probability(-1.0) < 1e-300, "{curve:?}");
        assert_eq!(curve.probability(0.100001), 1.0, "{curve:?}");
    }
}

fn all_curves(scores: &[f64], labels: &[bool]) -> Vec<Calibration> {
    let cx = Cx::default();
    vec![
        Calibration::Platt(Platt::fit(scores, labels, None, &cx).unwrap()),
        Calibration::Isotonic(Isotonic::fit(scores, labels, None, &cx).unwrap()),
        Calibration::GaussianUnification(GaussianUnification::fit(scores).unwrap()),
        Calibration::OutlierMixture(OutlierMixture::fit(scores, &cx).unwrap()),
    ]
}

fn any_score() -> impl Strategy<Value = f64> {
    prop_oneof![4 => -3.0..3.0, 2 => (0..4).prop_map(f64::from), 1 => Just(1e300), 1 => Just(-1e300), 1 => Just(f64::MAX),
                1 => Just(f64::MIN), 1 => Just(1e-310), 1 => Just(-0.0)]
}

proptest! {
    #[test]
    fn probabilities_are_bounded_monotone_and_survive_serde(
        scores in prop::collection::vec(any_score(), 2..40),
        seed in any::<u64>(),
        mut new in prop::collection::vec(any_score(), 2..20),
    ) {
        let mut labels: Vec<bool> = (0..scores.len()).map(|row| seed >> (row % 64) & 1 == 1).collect();
        labels[0] = true;
        labels[1] = false;
        new.extend(&scores);
        new.sort_by(f64::total_cmp);
        let cx = Cx::default();
        for curve in all_curves(&scores, &labels) {
            let text = ron::to_string(&curve).unwrap();
            prop_assert!(!text.contains("NaN") && !text.contains("inf"), "{}", text);
            prop_assert_eq!(&ron::from_str::<Calibration>(&text).unwrap(), &curve);
            let column = curve.probabilities(&new, &cx).unwrap();
            prop_assert!(column.iter().all(|p| (0.0..=1.0).contains(p)), "{:?} {:?}", curve, column);
            let rises = column.is_sorted();
            let falls = matches!(curve, Calibration::Platt(_)) && column.is_sorted_by(|a, b| a >= b);
            prop_assert!(rises || falls, "{:?} {:?} {:?}", curve, new, column);
            for (score, p) in new.iter().zip(&column) {
                prop_assert_eq!(curve.probability(*score).to_bits(), p.to_bits());
            }
        }
    }

    #[test]
    fn isotonic_regression_is_the_best_rising_fit(mut labels in prop::collection::vec(any::<bool>(), 0..30)) {
        labels.extend([true, false]);
        // Scores in pairs, so that there are ties.
        let scores: Vec<f64> = (0..labels.len()).map(|row| (row / 2) as f64).collect();
        let curve = Isotonic::fit(&scores, &labels, None, &Cx::default()).unwrap();
        // Minimax formula: the largest over starts of the smallest over ends of the mean between.
        let mean = |from: usize, to: usize| {
            let rows = (0..labels.len()).filter(|row| (from..=to).contains(&(row / 2)));
            let (n, sum) = rows.fold((0.0, 0.0), |(n, sum), row| (n + 1.0, sum + f64::from(labels[row])));
            sum / n
        };
        let last = (labels.len() - 1) / 2;
        for at in 0..=last {
            let best = (0..=at)
                .map(|from| (at..=last).map(|to| mean(from, to)).fold(f64::MAX, f64::min))
                .fold(f64::MIN, f64::max);
            prop_assert!((curve.probability(at as f64) - best).abs() < 1e-12);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(rows in prop::collection::vec((0..9_i32, any::<bool>(), 0..4_i32), 2..40)) {
        let column = |rows: &[(i32, bool, i32)]| -> (Vec<f64>, Vec<bool>, Vec<f64>) {
            (rows.iter().map(|r| f64::from(r.0)).collect(), rows.iter().map(|r| r.1).collect(),
             rows.iter().map(|r| f64::from(r.2) / 3.0 + 0.1).collect())
        };
        let (scores, labels, weights) = column(&rows);
        let reversed: Vec<_> = rows.iter().rev().copied().collect();
        let (scores_r, labels_r, weights_r) = column(&reversed);
        let cx = Cx::default();
        let one = Isotonic::fit(&scores, &labels, Some(&weights), &cx);
        prop_assert_eq!(one, Isotonic::fit(&scores_r, &labels_r, Some(&weights_r), &cx));
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let scores: Vec<f64> = (0..50_000).map(|i| f64::from(i * 7919 % 10_007) / 1000.0).collect();
    let labels: Vec<bool> = (0..50_000).map(|i| i * 7919 % 10_007 > 8000 + i % 1500).collect();
    let on = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| all_curves(&scores, &labels))
    };
    assert_eq!(on(1), on(3));
}
