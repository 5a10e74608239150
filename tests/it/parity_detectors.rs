//! Do the detectors give the numbers of scikit-learn and scipy?

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tarsier::analysis::detect::isolation_forest::{IsolationForest, TreeArrays};
use tarsier::analysis::detect::local_outlier_factor::LocalOutlierFactor;
use tarsier::analysis::detect::mahalanobis::Mahalanobis;
use tarsier::analysis::detect::one_class_svm::OneClassSvm;
use tarsier::analysis::detect::{FittedDetector as _, Input};
use tarsier::cx::Cx;
use tarsier::data::Matrix;
use tarsier::recipe::{Gamma, LocalOutlierFactorConfig, MahalanobisConfig, OneClassSvmConfig};

fn reference<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/reference").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn matrix(rows: &[Vec<f64>]) -> Matrix {
    Matrix::unnamed(rows[0].len(), rows.concat()).unwrap()
}

/// Asserts that each of `ours` is the negative of what scikit-learn gave.
fn assert_negated(ours: &[f64], theirs: &[f64], tolerance: impl Fn(f64) -> f64) {
    assert_eq!(ours.len(), theirs.len());
    for (row, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!((ours + theirs).abs() <= tolerance(*theirs), "row {row}: {ours} and {theirs}");
    }
}

#[derive(Deserialize)]
struct Forests {
    inputs: ForestInputs,
    cases: Vec<Case<ForestOutput>>,
}

#[derive(Deserialize)]
#[allow(non_snake_case)]
struct ForestInputs {
    X: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Case<T> {
    call: String,
    output: T,
}

#[derive(Deserialize)]
struct ForestOutput {
    trees: Vec<TreeArrays>,
    max_samples: u32,
    score_samples: Vec<f64>,
}

#[test]
fn isolation_forest_scores_trees_of_scikit_learn() {
    let Forests { inputs, cases } = reference("iforest_shap.json");
    let x = matrix(&inputs.X);
    assert_eq!(cases.len(), 2);
    for Case { call, output } in cases {
        println!("{call}");
        let forest = IsolationForest::from_arrays(&output.trees, x.n_features(), output.max_samples).unwrap();
        let scores = forest.decision_function((&x).into(), &Cx::default()).unwrap();
        assert_negated(&scores, &output.score_samples, |_| 1e-9);
    }
}

#[derive(Deserialize)]
struct Svms {
    inputs: SvmInputs,
    cases: Vec<SvmCase>,
}

#[derive(Deserialize)]
#[allow(non_snake_case)]
struct SvmInputs {
    X: Vec<Vec<f64>>,
    Z: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct SvmCase {
    call: String,
    inputs: SvmSettings,
    output: SvmOutput,
}

#[derive(Deserialize)]
struct SvmSettings {
    kernel: String,
    nu: f64,
    gamma: Option<Value>,
}

#[derive(Deserialize)]
#[allow(non_snake_case)]
struct SvmOutput {
    gamma_used: f64,
    rho: f64,
    support: Vec<u32>,
    dual_coef: Vec<f64>,
    dual_coef_sum: f64,
    decision_X: Vec<f64>,
    decision_Z: Vec<f64>,
}

#[test]
fn one_class_svm_finds_the_region_of_libsvm() {
    let Svms { inputs, cases } = reference("ocsvm.json");
    let (x, z) = (matrix(&inputs.X), matrix(&inputs.Z));
    let cases: Vec<SvmCase> = cases.into_iter().filter(|case| case.inputs.kernel == "rbf").collect();
    assert_eq!(cases.len(), 3);
    for SvmCase { call, inputs, output } in cases {
        let gamma = match inputs.gamma.unwrap() {
            Value::String(name) if name == "auto" => Gamma::Auto,
            Value::Number(value) => Gamma::Value(value.as_f64().unwrap()),
            _ => Gamma::Scale,
        };
        for shrinking in [false, true] {
            println!("{call}, shrinking {shrinking}");
            let config = OneClassSvmConfig { nu: inputs.nu, gamma, tol: 1e-9, shrinking, ..Default::default() };
            let svm = OneClassSvm::fit(&config, &x, &Cx::default()).unwrap();
            assert!((svm.gamma() - output.gamma_used).abs() <= 1e-12 * output.gamma_used);
            let largest = output.decision_X.iter().fold(0.0_f64, |largest, score| largest.max(score.abs()));
            assert!((svm.rho() - output.rho).abs() <= 1e-5 * output.rho);
            assert!((svm.dual_coef().iter().sum::<f64>() - output.dual_coef_sum).abs() < 1e-9);
            let ours = svm.decision_function((&x).into(), &Cx::default()).unwrap();
            assert_negated(&ours, &output.decision_X, |_| 1e-5 * largest);
            let ours = svm.decision_function((&z).into(), &Cx::default()).unwrap();
            assert_negated(&ours, &output.decision_Z, |_| 1e-5 * largest);
            // Rows whose weight is almost zero may be support vectors for one solver only.
            for (row, weight) in output.support.iter().zip(&output.dual_coef) {
                let ours = svm.support().binary_search(row).map_or(0.0, |at| svm.dual_coef()[at]);
                assert!((ours - weight).abs() < 1e-4, "row {row}: {ours} and {weight}");
            }
        }
    }
}

#[derive(Deserialize)]
struct Factors {
    inputs: std::collections::BTreeMap<String, Vec<Vec<f64>>>,
    cases: Vec<FactorCase>,
}

#[derive(Deserialize)]
struct FactorCase {
    call: String,
    inputs: FactorSettings,
    output: FactorOutput,
}

#[derive(Deserialize)]
struct FactorSettings {
    data: String,
    new: String,
    k: u32,
}

#[derive(Deserialize)]
struct FactorOutput {
    negative_outlier_factor: Vec<f64>,
    novelty_score_samples_new: Vec<f64>,
    novelty_score_samples_fitted_rows: Vec<f64>,
}

#[test]
fn local_outlier_factor_agrees_for_new_fitted_and_training_rows() {
    let Factors { inputs, cases } = reference("lof.json");
    assert_eq!(cases.len(), 5);
    for FactorCase { call, inputs: FactorSettings { data, new, k }, output } in cases {
        println!("{call}");
        let (x, z) = (matrix(&inputs[&data]), matrix(&inputs[&new]));
        let config = LocalOutlierFactorConfig { n_neighbors: k, ..Default::default() };
        let lof = LocalOutlierFactor::fit(&config, &x, &Cx::default()).unwrap();
        // Beside groups of more than k equal rows factors are near 1e9, made of differences near 1e-10.
        let tolerance = |theirs: f64| theirs.abs() * if data == "D" && k == 5 { 1e-6 } else { 1e-9 };
        let ours = lof.decision_function((&z).into(), &Cx::default()).unwrap();
        assert_negated(&ours, &output.novelty_score_samples_new, tolerance);
        let ours = lof.decision_function((&x).into(), &Cx::default()).unwrap();
        assert_negated(&ours, &output.novelty_score_samples_fitted_rows, tolerance);
        let config = LocalOutlierFactorConfig { novelty: false, ..config };
        let lof = LocalOutlierFactor::fit(&config, &x, &Cx::default()).unwrap();
        let ours = lof.training_scores((&x).into(), &Cx::default()).unwrap();
        assert_negated(&ours, &output.negative_outlier_factor, tolerance);
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[test]
fn mahalanobis_distances_agree() {
    let statistics: Value = reference("statistics.json");
    let rows: Vec<Vec<f64>> = statistics["inputs"]["X"].as_array().unwrap().iter().map(numbers).collect();
    let x = matrix(&rows);
    let cases = statistics["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["call"].as_str().unwrap().contains("Mahalanobis")).unwrap();
    let cx = Cx::default();
    let fitted = Mahalanobis::fit(&MahalanobisConfig::default(), &x, &cx).unwrap();
    for (ours, mean) in fitted.location().iter().zip(numbers(&case["output"]["mean"])) {
        assert!((ours - mean).abs() < 1e-10);
    }
    let ours = fitted.decision_function(Input::from(&x), &cx).unwrap();
    let theirs = numbers(&case["output"]["distance_ddof0"]);
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.into_iter().zip(theirs) {
        assert!((ours - theirs).abs() < 1e-10, "{ours} {theirs}");
    }
}
