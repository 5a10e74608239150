//! Scaling against that of scikit-learn. (Rolling statistics: beside their code, in analysis/features/parity.rs.)

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::Value;
use tarsier::analysis::prepare::FittedFeature;
use tarsier::data::Feature;
use tarsier::recipe::{Imputation, PrepareConfig, Scaling};

const REFERENCE: &str = include_str!("../data/reference/scaling.json");

/// Columns of a matrix given row by row.
fn columns(rows: &Value) -> Vec<Vec<f64>> {
    let rows = rows.as_array().unwrap();
    let n_columns = rows[0].as_array().unwrap().len();
    (0..n_columns).map(|j| rows.iter().map(|row| row[j].as_f64().unwrap()).collect()).collect()
}

fn assert_close(got: f64, expected: f64, what: &str) {
    assert!((got - expected).abs() <= 1e-12, "{what}: {got} instead of {expected}");
}

#[test]
fn scaling_is_that_of_scikit_learn() {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    let (x, z) = (columns(&reference["inputs"]["X"]), columns(&reference["inputs"]["Z"]));
    let mut n_scalers = 0;
    for case in reference["cases"].as_array().unwrap() {
        let feature_scaling = match case["call"].as_str().unwrap() {
            "StandardScaler().fit(X)" => Scaling::Standard,
            "MinMaxScaler().fit(X)" => Scaling::Minmax,
            "RobustScaler().fit(X)" => Scaling::Robust,
            other => panic!("unknown case {other}"),
        };
        let (scaled_x, scaled_z) = (columns(&case["output"]["X"]), columns(&case["output"]["Z"]));
        for (j, column) in x.iter().enumerate() {
            let feature = Feature { name: format!("x{j}"), source: format!("x{j}") };
            let fitted =
                FittedFeature::fit(&feature, column, &PrepareConfig { imputation: Imputation::Mean, feature_scaling });
            for (values, expected) in [(column, &scaled_x[j]), (&z[j], &scaled_z[j])] {
                for (&value, &expected) in values.iter().zip(expected) {
                    assert_close(fitted.scaled_value(value), expected, &format!("{feature_scaling:?} column {j}"));
                    assert_close(fitted.raw_value(fitted.scaled_value(value)), value, "and back");
                }
            }
        }
        n_scalers += 1;
    }
    assert_eq!(n_scalers, 3);
}
