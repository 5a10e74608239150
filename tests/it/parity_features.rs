//! Rolling statistics against those of pandas, scaling against that of scikit-learn.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use polars::prelude::{Column, DataFrame};
use serde_json::Value;
use tarsier::analysis::features::{FeatureInput, plan};
use tarsier::analysis::prepare::FittedFeature;
use tarsier::cx::Cx;
use tarsier::data::{Feature, SeriesOrder, Table};
use tarsier::recipe::{
    ColumnChoice, DataConfig, FeaturesConfig, OutlierHandling, PrepareConfig, Scaling, Statistic, TimeFormat,
    WindowUnit,
};

const ROLLING: &str = include_str!("../data/reference/rolling.json");
const SCALING: &str = include_str!("../data/reference/scaling.json");

/// Numbers of a list; null is NaN.
fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

/// A table of one column `x`, a row per second.
fn table(values: &[f64]) -> Table {
    let seconds: Vec<i64> = (0..values.len() as i64).map(|i| 1_700_000_000 + i).collect();
    let columns = vec![Column::new("time".into(), seconds), Column::new("x".into(), values)];
    let config = DataConfig {
        time: ColumnChoice::Column("time".into()),
        time_format: TimeFormat::EpochSeconds,
        features: vec!["x".into()],
        ..DataConfig::default()
    };
    let frame = DataFrame::new(values.len(), columns).unwrap();
    Table::from_frame("test", "test:", frame, Vec::new(), &config, &Cx::default()).unwrap()
}

/// One rolling statistic over rows.
fn rolling(table: &Table, window: u32, statistic: Statistic, min_periods: u32) -> Vec<f64> {
    let mut config = FeaturesConfig { raw: false, ..FeaturesConfig::rolling() };
    config.statistical.z_scores = false;
    let rolling = &mut config.time_series.rolling_statistics;
    (rolling.windows, rolling.statistics) = (vec![window], vec![statistic]);
    (rolling.window_unit, rolling.min_periods, rolling.min_history) = (WindowUnit::Rows, min_periods, 0.0);
    let (cx, order) = (Cx::default(), SeriesOrder::of(table));
    let input = FeatureInput::new(table, &order, None);
    plan(&input, &config, &cx).unwrap().compute_node(0, &input, &cx).unwrap().columns.remove(0)
}

/// Population standard deviation of what is present.
fn std(values: &[f64]) -> f64 {
    let present: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    let mean = present.iter().sum::<f64>() / present.len() as f64;
    (present.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / present.len() as f64).sqrt()
}

#[test]
fn rolling_statistics_are_those_of_pandas() {
    let reference: Value = serde_json::from_str(ROLLING).unwrap();
    let mut n_compared = 0;
    for case in reference["cases"].as_array().unwrap() {
        let Some(window) = case["inputs"]["window"].as_u64() else { continue };
        let data = case["inputs"]["data"].as_str().unwrap();
        let values = numbers(&reference["inputs"][data]);
        let (table, window) = (table(&values), u32::try_from(window).unwrap());
        for (name, expected) in case["output"].as_object().unwrap() {
            let (short, min_periods) = name.strip_suffix("_min_periods_1").map_or((name.as_str(), window), |n| (n, 1));
            let (statistic, tolerance) = match short {
                "mean" => (Statistic::Mean, 0.0),
                "std" => (Statistic::Std, 1e-6 * std(&values)),
                "min" => (Statistic::Min, 0.0),
                "max" => (Statistic::Max, 0.0),
                "median" => (Statistic::Median, 0.0),
                other => panic!("unknown statistic {other}"),
            };
            let got = rolling(&table, window, statistic, min_periods);
            for (row, (got, expected)) in got.iter().zip(numbers(expected)).enumerate() {
                let close = (got - expected).abs() <= tolerance.max(1e-9 * expected.abs());
                assert!(
                    close || (got.is_nan() && expected.is_nan()),
                    "{data} {name} {window} row {row}: {got} instead of {expected}"
                );
                n_compared += 1;
            }
        }
    }
    assert_eq!(n_compared, 2 * 4 * 7 * 300);
}

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
    let reference: Value = serde_json::from_str(SCALING).unwrap();
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
            let config =
                PrepareConfig { feature_scaling, outlier_handling: OutlierHandling::Keep, ..PrepareConfig::default() };
            let fitted = FittedFeature::fit(&feature, column, None, &config, &Cx::default()).unwrap();
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
