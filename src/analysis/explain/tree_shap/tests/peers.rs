//! What shap says of forests of scikit-learn.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
#[allow(non_snake_case, reason = "the name in the file")]
struct Reference {
    inputs: Inputs,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[allow(non_snake_case, reason = "the name in the file")]
struct Inputs {
    X: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Case {
    output: Output,
}

#[derive(Deserialize)]
struct Output {
    trees: Vec<TreeArrays>,
    max_samples: u32,
    shap_rows: Vec<u32>,
    shap_values: Vec<Vec<f64>>,
    shap_expected_value: f64,
    interventional_background_rows: Vec<u32>,
    interventional_shap_values: Vec<Vec<f64>>,
    interventional_expected_value: f64,
}

fn matrix(rows: &[Vec<f64>]) -> Matrix {
    Matrix::unnamed(rows[0].len(), rows.concat()).unwrap()
}

fn assert_attributions(found: &[Attribution], base: f64, expected: &[Vec<f64>], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    assert_sums(found);
    for (found, expected) in found.iter().zip(expected) {
        assert!((found.base - base).abs() <= 1e-9, "{} {base}", found.base);
        assert_close(&found.contributions, expected, tolerance);
    }
}

/// shap works out interventional values in single precision.
const INTERVENTIONAL: f64 = 1e-6;

#[test]
fn forests_of_the_reference_are_explained_as_shap_does() {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/iforest_shap.json"));
    let Reference { inputs, cases } = serde_json::from_str(text).unwrap();
    let x = matrix(&inputs.X);
    assert_eq!(cases.len(), 2);
    for Case { output } in cases {
        let forest = IsolationForest::from_arrays(&output.trees, x.n_features(), output.max_samples).unwrap();
        let (rows, background) = (x.select(&output.shap_rows), x.select(&output.interventional_background_rows));
        let found = path_dependent(&forest, &rows);
        assert_attributions(&found, output.shap_expected_value, &output.shap_values, 1e-9);
        let found = interventional(&forest, &background, &rows);
        let (base, expected) = (output.interventional_expected_value, &output.interventional_shap_values);
        assert_attributions(&found, base, expected, INTERVENTIONAL);
    }
}

#[derive(Deserialize)]
struct More {
    rows: Vec<Vec<f64>>,
    background: Vec<Vec<f64>>,
    cases: Vec<MoreCase>,
}

#[derive(Deserialize)]
struct MoreCase {
    max_samples: u32,
    trees: Vec<TreeArrays>,
    scores: Vec<f64>,
    base: f64,
    shap_values: Vec<Vec<f64>>,
    interventional_base: f64,
    interventional_shap_values: Vec<Vec<f64>>,
}

#[test]
fn many_features_ties_constants_and_subsets_are_explained_as_shap_does() {
    // Made by tests/data/peers/tree_shap.py.
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/peers/tree_shap.json"));
    let More { rows, background, cases } = serde_json::from_str(text).unwrap();
    let (rows, background) = (matrix(&rows), matrix(&background));
    for case in cases {
        let forest = IsolationForest::from_arrays(&case.trees, rows.n_features(), case.max_samples).unwrap();
        let found = path_dependent(&forest, &rows);
        assert_attributions(&found, case.base, &case.shap_values, 1e-12);
        for (score, expected) in score_attributions(&forest, &found).iter().zip(case.scores) {
            assert!((score.value - expected).abs() < 1e-12);
        }
        let found = interventional(&forest, &background, &rows);
        assert_attributions(&found, case.interventional_base, &case.interventional_shap_values, INTERVENTIONAL);
    }
}
