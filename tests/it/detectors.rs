//! What holds for every detector: finite scores, the same bits however it is run, cancellation, unusable rows, saving.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

use std::thread;

use proptest::prelude::*;
use rayon::ThreadPoolBuilder;
use tarsier::analysis::detect::{self, DetectError, FittedDetector as _, Input, Model, Series};
use tarsier::cx::Cx;
use tarsier::data::{Matrix, SeriesOrder};
use tarsier::recipe::{ComputeConfig, DetectorKind, Detectors, Recipe, edit};

/// A detector with settings.
struct Case {
    kind: DetectorKind,
    detectors: Detectors,
    name: String,
}

/// Settings that every kind is tried with, on top of its defaults and of [`quick`].
const VARIANTS: &[(&str, &[&str])] = &[
    ("isolation_forest", &["max_features=0.5", "bootstrap=true"]),
    ("isolation_forest", &["max_samples=fraction(0.7)"]),
    ("isolation_forest", &["scoring=density"]),
    ("isolation_forest", &["scoring=density", "max_features=0.5", "bootstrap=true", "contamination=auto"]),
    ("isolation_forest", &["extension_level=1"]),
    ("isolation_forest", &["extension_level=99", "max_features=0.5", "contamination=auto"]),
    ("one_class_svm", &["max_fit_rows=100"]),
    ("one_class_svm", &["nu=1.0"]),
    ("local_outlier_factor", &["max_fit_rows=100"]),
    ("local_outlier_factor", &["n_neighbors=3"]),
    ("local_outlier_factor", &["novelty=false", "metric=manhattan"]),
    ("local_outlier_factor", &["metric=minkowski", "p=3.0"]),
    ("autoencoder", &["optimizer=sgd(0.9)", "loss=huber", "error_metric=rmse", "activation=tanh"]),
    ("k_nearest_neighbors", &["method=mean", "max_fit_rows=100"]),
    ("centroid_distance", &["metric=manhattan", "center=median"]),
    ("hbos", &["n_bins=auto"]),
    ("hbos", &["n_bins=3", "tol=0.0"]),
    ("z_score", &["baseline=rolling(20)"]),
    ("modified_z_score", &["baseline=rolling(20)"]),
    ("iqr", &["baseline=rolling(20)"]),
    ("seasonal_residual", &["period=rows(6)", "trend=end"]),
    ("pca_windows", &["window=rows(8)", "n_components=count(2)", "score=reconstruction_error", "align=end"]),
    ("matrix_profile", &["window=rows(8)", "align=end", "max_fit_rows=100"]),
];

/// Settings under which a row far out need not score highest: kernels that grow with the distance, angles, a covariance
/// of the densest rows alone or of a few rows.
const OTHER_SHAPES: &[(&str, &[&str])] = &[
    ("one_class_svm", &["kernel=poly", "degree=2"]),
    ("one_class_svm", &["kernel=linear"]),
    ("one_class_svm", &["kernel=sigmoid"]),
    ("local_outlier_factor", &["metric=cosine"]),
    ("k_nearest_neighbors", &["metric=cosine", "method=median"]),
    ("kernel_density", &["bandwidth=scott", "max_fit_rows=100"]),
    ("mahalanobis", &["covariance=minimum_covariance_determinant"]),
    ("mahalanobis", &["covariance=minimum_covariance_determinant", "support_fraction=0.9"]),
];

/// Settings that make a detector quick enough to be run many times.
const QUICK: &[(&str, &[&str])] =
    &[("isolation_forest", &["n_estimators=20"]), ("autoencoder", &["epochs=2", "hidden_layers=[4, 2, 4]"])];

fn case(kind: DetectorKind, settings: &[&str]) -> Case {
    let mut recipe = Recipe::default();
    let quick = QUICK.iter().find(|(name, _)| *name == kind.name()).map_or(&[][..], |(_, settings)| settings);
    for setting in quick.iter().chain(settings) {
        edit::set(&mut recipe, &format!("detectors.{}.{setting}", kind.name())).unwrap();
    }
    assert_eq!(recipe.check(), [], "{settings:?}");
    Case { kind, detectors: recipe.detectors, name: format!("{} {}", kind.name(), settings.join(" ")) }
}

/// Every detector with its defaults, and all variants.
fn cases() -> Vec<Case> {
    cases_with(&[VARIANTS, OTHER_SHAPES].concat())
}

fn cases_with(variants: &[(&str, &[&str])]) -> Vec<Case> {
    let defaults = DetectorKind::ALL.iter().map(|&kind| case(kind, &[]));
    let variants = variants.iter().map(|(name, settings)| case(DetectorKind::from_name(name).unwrap(), settings));
    defaults.chain(variants).collect()
}

impl Case {
    fn fit(&self, x: &Matrix, cx: &Cx) -> Result<Model, DetectError> {
        with_input(x, |input| detect::fit(self.kind, &self.detectors, input, cx))
    }

    fn scores(&self, train: &Matrix, test: &Matrix) -> Vec<f64> {
        let cx = Cx::default();
        score(&self.fit(train, &cx).unwrap(), test, &cx).unwrap()
    }
}

/// The rows as features and, in the same order, as one series per column.
fn with_input<T>(x: &Matrix, work: impl FnOnce(Input<'_>) -> T) -> T {
    let order = SeriesOrder::new(x.n_rows(), &[], &[]);
    work(Input { features: x, series: Some(Series { measures: x, order: &order }) })
}

fn score(model: &Model, x: &Matrix, cx: &Cx) -> Result<Vec<f64>, DetectError> {
    with_input(x, |input| model.decision_function(input, cx))
}

fn bits(scores: &[f64]) -> Vec<u64> {
    scores.iter().map(|score| score.to_bits()).collect()
}

/// Three clouds of `n` rows in all, without a random generator, and one row far from them at the end.
fn clouds(n: usize, n_features: usize) -> Matrix {
    let value = |i: usize| {
        let (row, column) = (i / n_features, i % n_features);
        let wave = ((row * 7919 + column * 104_729) % 1009) as f64 / 1009.0;
        (row % 3 * 5) as f64 + wave * wave
    };
    let mut data: Vec<f64> = (0..n * n_features).map(value).collect();
    data.extend(vec![40.0; n_features]);
    Matrix::unnamed(n_features, data).unwrap()
}

/// Numbers of any size, with repeats.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![4 => -3.0..3.0, 2 => (-2..3_i32).prop_map(f64::from), 1 => -1e300..1e300, 1 => -1e-300..1e-300]
}

fn table() -> impl Strategy<Value = Matrix> {
    (1..18_usize, 1..40_usize).prop_flat_map(|(n_features, n_rows)| {
        prop::collection::vec(number(), n_features * n_rows)
            .prop_map(move |data| Matrix::unnamed(n_features, data).unwrap())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn scores_are_finite_and_do_not_depend_on_the_other_rows(x in table()) {
        for case in cases() {
            let cx = Cx::default();
            let model = case.fit(&x, &cx).unwrap();
            let all = score(&model, &x, &cx).unwrap();
            prop_assert_eq!(all.len(), x.n_rows());
            prop_assert!(all.iter().all(|score| score.is_finite()), "{}: {all:?}", case.name);
            let training = with_input(&x, |input| model.training_scores(input, &cx)).unwrap();
            prop_assert!(training.len() == all.len() && training.iter().all(|s| s.is_finite()), "{}", case.name);
            // Series are what the order of rows makes them.
            if detect::uses_series(case.kind) {
                continue;
            }
            let backwards: Vec<u32> = (0..x.n_rows() as u32).rev().collect();
            let mut reversed = score(&model, &x.select(&backwards), &cx).unwrap();
            reversed.reverse();
            prop_assert_eq!(&reversed, &all, "{}", case.name);
            let alone = score(&model, &x.select(&[0]), &cx).unwrap();
            prop_assert_eq!(alone[0].to_bits(), all[0].to_bits(), "{}", case.name);
        }
    }
}

#[test]
fn the_row_far_out_scores_highest() {
    for n_features in [2, 20] {
        let x = clouds(600, n_features);
        // Series of three values in turn are another thing; each detector of series has its own test.
        for case in cases_with(VARIANTS).iter().filter(|case| !detect::uses_series(case.kind)) {
            let scores = case.scores(&x, &x);
            let far = scores[600];
            assert!(scores[..600].iter().all(|score| *score < far), "{} {n_features}", case.name);
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for n_features in [3, 17] {
        let x = clouds(1500, n_features);
        for case in cases() {
            let with = |threads| {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let cx = Cx::default();
                    let model = case.fit(&x, &cx).unwrap();
                    let training = with_input(&x, |input| model.training_scores(input, &cx)).unwrap();
                    [bits(&score(&model, &x, &cx).unwrap()), bits(&training)]
                })
            };
            assert_eq!(with(1), with(3), "{}", case.name);
        }
    }
}

#[test]
fn the_seed_changes_what_is_random() {
    let x = clouds(500, 3);
    for (name, settings) in [
        ("isolation_forest", &[][..]),
        ("one_class_svm", &["max_fit_rows=100"]),
        ("autoencoder", &["dropout_rate=0.0"]),
    ] {
        let case = case(DetectorKind::from_name(name).unwrap(), settings);
        let scores = |seed| {
            let cx = Cx::new(&ComputeConfig { seed, ..Default::default() });
            bits(&score(&case.fit(&x, &cx).unwrap(), &x, &cx).unwrap())
        };
        assert_eq!(scores(1), scores(1));
        assert_ne!(scores(1), scores(2), "{}", case.name);
    }
}

#[test]
fn constant_and_equal_rows_score_alike() {
    let x = Matrix::unnamed(3, vec![2.5; 3 * 50]).unwrap();
    for case in cases() {
        let scores = case.scores(&x, &x);
        assert!(scores.iter().all(|score| *score == scores[0] && score.is_finite()), "{}: {scores:?}", case.name);
    }
    assert!((case(DetectorKind::IsolationForest, &[]).scores(&x, &x)[0] - 0.5).abs() < 1e-12);
    assert_eq!(case(DetectorKind::IsolationForest, &["scoring=density"]).scores(&x, &x)[0], 0.0);
    assert_eq!(case(DetectorKind::LocalOutlierFactor, &[]).scores(&x, &x)[0], 1.0);
}

#[test]
fn one_training_row_is_enough() {
    let train = Matrix::unnamed(2, vec![1.0, 2.0]).unwrap();
    let test = Matrix::unnamed(2, vec![1.0, 2.0, 30.0, 40.0]).unwrap();
    for case in cases() {
        assert!(case.scores(&train, &test).iter().all(|score| score.is_finite()), "{}", case.name);
    }
    assert_eq!(case(DetectorKind::IsolationForest, &[]).scores(&train, &test), [0.5, 0.5]);
    assert_eq!(case(DetectorKind::IsolationForest, &["scoring=density"]).scores(&train, &test), [0.0, 0.0]);
    // The weight of the row is nu, and so is its kernel sum.
    let svm = case(DetectorKind::OneClassSvm, &[]).scores(&train, &test);
    assert!(svm[0].abs() < 1e-7 && (svm[1] - 0.1).abs() < 1e-7, "{svm:?}");
    let lof = case(DetectorKind::LocalOutlierFactor, &[]).scores(&train, &test);
    assert!(lof[0] == 1.0 && lof[1] > 1.0, "{lof:?}");
}

#[test]
fn no_rows_another_width_and_missing_values_are_refused() {
    let empty = Matrix::unnamed(2, vec![]).unwrap();
    let x = clouds(20, 2);
    let cx = Cx::default();
    for case in cases() {
        let Err(DetectError::Unusable { detector: name, .. }) = case.fit(&empty, &cx) else {
            panic!("{} was fitted on nothing", case.name);
        };
        assert_eq!(name, case.kind.title());
        let missing = Matrix::unnamed(1, vec![1.0, f64::NAN]).unwrap();
        assert!(matches!(case.fit(&missing, &cx), Err(DetectError::Unusable { .. })), "{}", case.name);
        let model = case.fit(&x, &cx).unwrap();
        assert!(matches!(score(&model, &clouds(5, 3), &cx), Err(DetectError::Unusable { .. })), "{}", case.name);
        assert!(score(&model, &empty, &cx).unwrap().is_empty(), "{}", case.name);
    }
}

#[test]
fn detectors_of_series_say_so_where_there_is_none() {
    let x = clouds(20, 2);
    for case in cases().iter().filter(|case| detect::uses_series(case.kind)) {
        let result = detect::fit(case.kind, &case.detectors, Input::from(&x), &Cx::default());
        assert!(matches!(result, Err(DetectError::Unusable { .. })), "{}", case.name);
    }
}

#[test]
fn a_sample_is_reported() {
    let cx = Cx::default();
    case(DetectorKind::LocalOutlierFactor, &["max_fit_rows=50"]).fit(&clouds(99, 2), &cx).unwrap();
    assert_eq!(
        cx.warnings(),
        ["Local outlier factor was fitted on a sample of 50 of 100 rows (detectors.local_outlier_factor.max_fit_rows)"]
    );
}

#[test]
fn cancelled_work_stops() {
    let x = clouds(5000, 16);
    let long = [
        case(DetectorKind::IsolationForest, &["n_estimators=10000"]),
        case(DetectorKind::OneClassSvm, &["nu=0.5"]),
        case(DetectorKind::LocalOutlierFactor, &["n_neighbors=1000"]),
        case(DetectorKind::Autoencoder, &["epochs=10000"]),
    ];
    for case in long {
        let cx = Cx::default();
        let result = thread::scope(|scope| {
            let work = scope.spawn(|| case.fit(&x, &cx).map(|_| ()));
            while cx.progress().read().stage.is_empty() {
                thread::yield_now();
            }
            cx.cancel();
            work.join().unwrap()
        });
        assert_eq!(result, Err(DetectError::Cancelled), "{}", case.name);
    }
    for case in cases() {
        let cx = Cx::default();
        let model = case.fit(&clouds(50, 16), &cx).unwrap();
        cx.cancel();
        assert_eq!(case.fit(&x, &cx).map(|_| ()), Err(DetectError::Cancelled), "{}", case.name);
        assert_eq!(score(&model, &x, &cx), Err(DetectError::Cancelled), "{}", case.name);
    }
}

#[test]
fn saved_models_score_the_same() {
    let (x, cx) = (clouds(200, 3), Cx::default());
    for case in cases() {
        let model = case.fit(&x, &cx).unwrap();
        let again: Model = ron::from_str(&ron::to_string(&model).unwrap()).unwrap();
        assert_eq!(bits(&score(&again, &x, &cx).unwrap()), bits(&score(&model, &x, &cx).unwrap()), "{}", case.name);
        let training = |model: &Model| bits(&with_input(&x, |input| model.training_scores(input, &cx)).unwrap());
        assert_eq!(training(&again), training(&model), "{}", case.name);
    }
}
