//! Rolling statistics against those of pandas.

use serde_json::Value;

use super::plan;
use crate::cx::Cx;
use crate::data::{SeriesOrder, Table};
use crate::recipe::{FeaturesConfig, Statistic, WindowUnit};

const REFERENCE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/rolling.json"));

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

/// One rolling statistic of a column of rows in order.
fn rolling(values: &[f64], window: u32, statistic: Statistic, min_periods: u32) -> Vec<f64> {
    let mut config = FeaturesConfig { raw: false, ..FeaturesConfig::default() };
    config.statistical.z_scores = false;
    let rolling = &mut config.time_series.rolling_statistics;
    (rolling.windows, rolling.statistics) = (vec![window], vec![statistic]);
    (rolling.window_unit, rolling.min_periods, rolling.min_history) = (WindowUnit::Rows, min_periods, 0.0);
    let times = (0..values.len() as i64).collect();
    let table = Table::of_features(&[("x", values.to_vec())], Some(times), None);
    let (cx, order) = (Cx::default(), SeriesOrder::of(&table));
    plan(&table, &config, &cx).unwrap().compute_source(0, &table, &order, &cx).unwrap().remove(0)
}

#[test]
fn rolling_statistics_are_those_of_pandas() {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    let mut n_compared = 0;
    for case in reference["cases"].as_array().unwrap() {
        let Some(window) = case["inputs"]["window"].as_u64() else { continue };
        let data = case["inputs"]["data"].as_str().unwrap();
        let values = numbers(&reference["inputs"][data]);
        let present: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        let mean = present.iter().sum::<f64>() / present.len() as f64;
        let std = (present.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / present.len() as f64).sqrt();
        for (name, expected) in case["output"].as_object().unwrap() {
            let window = u32::try_from(window).unwrap();
            let (short, min_periods) = name.strip_suffix("_min_periods_1").map_or((name.as_str(), window), |n| (n, 1));
            let (statistic, tolerance) = match short {
                "mean" => (Statistic::Mean, 0.0),
                "std" => (Statistic::Std, 1e-6 * std),
                "min" => (Statistic::Min, 0.0),
                "max" => (Statistic::Max, 0.0),
                _ => (Statistic::Median, 0.0),
            };
            let got = rolling(&values, window, statistic, min_periods);
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
