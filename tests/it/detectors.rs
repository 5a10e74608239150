//! What holds for every detector: finite scores, the same bits however it is run, cancellation, unusable rows.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::thread;

use proptest::prelude::*;
use rayon::ThreadPoolBuilder;
use tarsier::analysis::detect::isolation_forest::IsolationForest;
use tarsier::analysis::detect::local_outlier_factor::LocalOutlierFactor;
use tarsier::analysis::detect::one_class_svm::OneClassSvm;
use tarsier::analysis::detect::{DetectError, Detector, FittedDetector as _};
use tarsier::cx::Cx;
use tarsier::data::Matrix;
use tarsier::recipe::{IsolationForestConfig, LocalOutlierFactorConfig, MaxSamples, OneClassSvmConfig};

fn detectors() -> Vec<Box<dyn Detector>> {
    let forest = IsolationForestConfig { n_estimators: 20, ..Default::default() };
    vec![
        Box::new(IsolationForestConfig { max_features: 0.5, bootstrap: true, ..forest.clone() }),
        Box::new(IsolationForestConfig { max_samples: MaxSamples::Fraction(0.7), ..forest }),
        Box::new(OneClassSvmConfig { max_fit_rows: 100, ..Default::default() }),
        Box::new(OneClassSvmConfig { nu: 1.0, ..Default::default() }),
        Box::new(LocalOutlierFactorConfig { max_fit_rows: 100, ..Default::default() }),
        Box::new(LocalOutlierFactorConfig { n_neighbors: 3, ..Default::default() }),
    ]
}

fn scores(detector: &dyn Detector, train: &Matrix, test: &Matrix) -> Vec<f64> {
    let cx = Cx::default();
    detector.fit(train, &cx).unwrap().decision_function(test, &cx).unwrap()
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
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scores_are_finite_and_do_not_depend_on_the_other_rows(x in table()) {
        for detector in detectors() {
            let fitted = detector.fit(&x, &Cx::default()).unwrap();
            let all = fitted.decision_function(&x, &Cx::default()).unwrap();
            prop_assert_eq!(all.len(), x.n_rows());
            prop_assert!(all.iter().all(|score| score.is_finite()), "{:?}: {all:?}", detector.kind());
            let backwards: Vec<u32> = (0..x.n_rows() as u32).rev().collect();
            let mut reversed = fitted.decision_function(&x.select(&backwards), &Cx::default()).unwrap();
            reversed.reverse();
            prop_assert_eq!(&reversed, &all);
            let alone = fitted.decision_function(&x.select(&[0]), &Cx::default()).unwrap();
            prop_assert_eq!(alone[0].to_bits(), all[0].to_bits());
        }
    }
}

#[test]
fn the_row_far_out_scores_highest() {
    for n_features in [2, 20] {
        let x = clouds(600, n_features);
        for detector in detectors() {
            let scores = scores(detector.as_ref(), &x, &x);
            let far = scores[600];
            assert!(scores[..600].iter().all(|score| *score < far), "{:?} {n_features}", detector.kind());
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for n_features in [3, 17] {
        let x = clouds(1500, n_features);
        for detector in detectors() {
            let with = |threads| {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| scores(detector.as_ref(), &x, &x).iter().map(|s| s.to_bits()).collect::<Vec<_>>())
            };
            assert_eq!(with(1), with(3), "{:?}", detector.kind());
        }
    }
}

#[test]
fn the_seed_changes_the_forest_and_the_sample() {
    let x = clouds(500, 3);
    for detector in [0, 2, 4].map(|at| detectors().swap_remove(at)) {
        let scores = |seed| {
            let cx = Cx::new(&tarsier::recipe::ComputeConfig { seed, ..Default::default() });
            detector.fit(&x, &cx).unwrap().decision_function(&x, &cx).unwrap()
        };
        assert_eq!(scores(1), scores(1));
        assert_ne!(scores(1), scores(2), "{:?}", detector.kind());
    }
}

#[test]
fn constant_and_equal_rows_score_alike() {
    let x = Matrix::unnamed(3, vec![2.5; 3 * 50]).unwrap();
    for detector in detectors() {
        let scores = scores(detector.as_ref(), &x, &x);
        assert!(scores.iter().all(|score| *score == scores[0] && score.is_finite()), "{:?}", detector.kind());
    }
    assert!((scores(&IsolationForestConfig::default(), &x, &x)[0] - 0.5).abs() < 1e-12);
    assert_eq!(scores(&LocalOutlierFactorConfig::default(), &x, &x)[0], 1.0);
}

#[test]
fn a_constant_column_changes_nothing() {
    let x = clouds(200, 2);
    let widened = x.iter_rows().flat_map(|row| [row[0], 7.0, row[1]]).collect();
    let widened = Matrix::unnamed(3, widened).unwrap();
    let svm = OneClassSvmConfig { gamma: tarsier::recipe::Gamma::Value(0.5), ..Default::default() };
    let others: [Box<dyn Detector>; 2] = [Box::new(svm), Box::new(LocalOutlierFactorConfig::default())];
    for detector in others {
        assert_eq!(scores(detector.as_ref(), &x, &x), scores(detector.as_ref(), &widened, &widened));
    }
    let forest = IsolationForest::fit(&IsolationForestConfig::default(), &widened, &Cx::default()).unwrap();
    let mut splits = forest.trees().iter().flat_map(|tree| (0..tree.n_nodes()).filter_map(|node| tree.split(node)));
    assert!(splits.all(|split| split.feature != 1));
}

#[test]
fn one_training_row_is_enough() {
    let train = Matrix::unnamed(2, vec![1.0, 2.0]).unwrap();
    let test = Matrix::unnamed(2, vec![1.0, 2.0, 30.0, 40.0]).unwrap();
    assert_eq!(scores(&IsolationForestConfig::default(), &train, &test), [0.5, 0.5]);
    // The weight of the row is nu, and so is its kernel sum.
    let svm = scores(&OneClassSvmConfig::default(), &train, &test);
    assert!(svm[0].abs() < 1e-12 && (svm[1] - 0.1).abs() < 1e-12, "{svm:?}");
    let lof = scores(&LocalOutlierFactorConfig::default(), &train, &test);
    assert!(lof[0] == 1.0 && lof[1] > 1.0, "{lof:?}");
}

#[test]
fn fewer_rows_than_neighbours_means_all_others() {
    let x = Matrix::unnamed(1, vec![0.0, 1.0, 3.0]).unwrap();
    let lof = LocalOutlierFactor::fit(&LocalOutlierFactorConfig::default(), &x, &Cx::default()).unwrap();
    assert_eq!(lof.n_neighbors(), 2);
    // By hand: k-distances 3, 2, 3; mean reachabilities of the rows (2 + 3)/2, (3 + 3)/2, (2 + 3)/2.
    let expected = [(2.5 / 3.0 + 1.0) / 2.0, 3.0 / 2.5, (2.5 / 3.0 + 1.0) / 2.0];
    for (ours, expected) in lof.training_factors().iter().zip(expected) {
        assert!((ours - expected).abs() < 1e-9, "{ours} {expected}");
    }
}

#[test]
fn no_rows_another_width_and_missing_values_are_refused() {
    let empty = Matrix::unnamed(2, vec![]).unwrap();
    let x = clouds(20, 2);
    for detector in detectors() {
        let Err(DetectError::Unusable { detector: name, .. }) = detector.fit(&empty, &Cx::default()) else {
            panic!("{:?} was fitted on nothing", detector.kind());
        };
        assert_eq!(name, detector.kind().title());
        let missing = Matrix::unnamed(1, vec![1.0, f64::NAN]).unwrap();
        assert!(matches!(detector.fit(&missing, &Cx::default()), Err(DetectError::Unusable { .. })));
        let fitted = detector.fit(&x, &Cx::default()).unwrap();
        assert!(matches!(fitted.decision_function(&clouds(5, 3), &Cx::default()), Err(DetectError::Unusable { .. })));
        assert!(fitted.decision_function(&empty, &Cx::default()).unwrap().is_empty());
    }
}

#[test]
fn a_sample_is_reported() {
    let cx = Cx::default();
    LocalOutlierFactorConfig { max_fit_rows: 50, ..Default::default() }.fit(&clouds(99, 2), &cx).unwrap();
    assert_eq!(
        cx.warnings(),
        ["Local outlier factor was fitted on a sample of 50 of 100 rows (detectors.local_outlier_factor.max_fit_rows)"]
    );
}

#[test]
fn cancelled_work_stops() {
    let x = clouds(5000, 16);
    let long: [Box<dyn Detector>; 3] = [
        Box::new(IsolationForestConfig { n_estimators: 10_000, ..Default::default() }),
        Box::new(OneClassSvmConfig { nu: 0.5, ..Default::default() }),
        Box::new(LocalOutlierFactorConfig { n_neighbors: 1000, ..Default::default() }),
    ];
    for detector in long {
        let cx = Cx::default();
        let fitted = detector.fit(&clouds(50, 16), &Cx::default()).unwrap();
        let result = thread::scope(|scope| {
            let work = scope.spawn(|| detector.fit(&x, &cx).map(|_| ()));
            while cx.progress().read().stage.is_empty() {
                thread::yield_now();
            }
            cx.cancel();
            work.join().unwrap()
        });
        assert_eq!(result, Err(DetectError::Cancelled), "{:?}", detector.kind());
        assert_eq!(fitted.decision_function(&x, &cx), Err(DetectError::Cancelled));
    }
}

#[test]
fn saved_models_score_the_same() {
    let (x, cx) = (clouds(200, 3), Cx::default());
    let forest = IsolationForest::fit(&IsolationForestConfig::default(), &x, &cx).unwrap();
    let svm = OneClassSvm::fit(&OneClassSvmConfig::default(), &x, &cx).unwrap();
    let lof = LocalOutlierFactor::fit(&LocalOutlierFactorConfig::default(), &x, &cx).unwrap();
    let again: IsolationForest = ron::from_str(&ron::to_string(&forest).unwrap()).unwrap();
    assert_eq!(again.decision_function(&x, &cx), forest.decision_function(&x, &cx));
    assert_eq!(ron::from_str::<OneClassSvm>(&ron::to_string(&svm).unwrap()).unwrap(), svm);
    assert_eq!(ron::from_str::<LocalOutlierFactor>(&ron::to_string(&lof).unwrap()).unwrap(), lof);
}
