//! Windows against pandas and numpy (`tests/data/windows/make.py` tells how) and the reference fixtures.

use serde_json::Value;

use super::*;

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

fn measure(name: &str, level: f64) -> Measure {
    use Measure::*;
    let tail = Tail { level, side: Side::Above };
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    let curve = match first {
        "linear" => Curve::Linear,
        "quadratic" => Curve::Polynomial(2),
        "cubic" => Curve::Polynomial(3),
        "quartic" => Curve::Polynomial(4),
        _ => Curve::Exponential,
    };
    match (name, last) {
        ("mean", _) => Mean,
        ("std", _) => Std,
        ("min", _) => Min,
        ("max", _) => Max,
        ("median", _) => Median,
        ("rank", _) => PercentileRank,
        ("skewness", _) => Skewness,
        ("kurtosis", _) => Kurtosis,
        ("z", _) => ZScore { limit: 20.0 },
        ("modified z", _) => ModifiedZScore { limit: 20.0 },
        ("iqr", _) => IqrFlag { factor: 1.5 },
        ("share", _) => TailShare(tail),
        ("excess", _) => MeanExcess(tail),
        (_, "slope") => Trend(curve, TrendPart::Slope),
        (_, "residual") => Trend(curve, TrendPart::Residual),
        (_, "r2") => Trend(curve, TrendPart::RSquared),
        (_, level) if first == "quantile" => Quantile(level.parse().unwrap()),
        _ => panic!("{name}"),
    }
}

#[test]
fn windows_are_those_of_pandas_and_numpy() {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/peers/windows.json"));
    let file: Value = serde_json::from_str(text).unwrap();
    for case in file["cases"].as_array().unwrap() {
        let times = case["seconds"].as_array().unwrap().iter().map(|s| s.as_i64().unwrap() * 1_000_000).collect();
        let values = numbers(&case["values"]);
        let rows = Rows { codes: vec![0; values.len()], times, values };
        let window = case["window"].as_i64().unwrap();
        let reach = match case["unit"].as_str().unwrap() {
            "rows" => Reach::Rows(window as usize),
            _ => Reach::Micros(window * MINUTE),
        };
        let names: Vec<&String> = case["outputs"].as_object().unwrap().keys().collect();
        let level = case["level"].as_f64().unwrap();
        let measures: Vec<Measure> = names.iter().map(|name| measure(name, level)).collect();
        let size = rows.values.iter().filter(|v| v.is_finite()).fold(1.0, |m: f64, v| m.max(v.abs()));
        for (name, got) in names.iter().zip(batch(&rows, &jobs(&[reach], &measures, 1), 0.0)) {
            let expected = numbers(&case["outputs"][name.as_str()]);
            for (row, (&got, &expected)) in got.iter().zip(&expected).enumerate() {
                // Both lose digits to a large offset.
                let tolerance = 1e-9 + 4e-15 * size;
                assert!(close(got, expected, tolerance), "{}: {name} of row {row}: {got} {expected}", case["call"]);
            }
        }
    }
}

#[test]
fn reference_fixtures_hold() {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/rolling.json"));
    let file: Value = serde_json::from_str(text).unwrap();
    let mut n_compared = 0;
    for case in file["cases"].as_array().unwrap() {
        let Some(window) = case["inputs"]["window"].as_u64() else { continue };
        let values = numbers(&file["inputs"][case["inputs"]["data"].as_str().unwrap()]);
        for (name, expected) in case["output"].as_object().unwrap() {
            let (name, min_periods) = match name.strip_suffix("_min_periods_1") {
                Some(name) => (name, 1),
                None => (name.as_str(), window as u32),
            };
            let measure = match name {
                "mean" => Measure::Mean,
                "std" => Measure::Std,
                "min" => Measure::Min,
                "max" => Measure::Max,
                "median" => Measure::Median,
                _ => continue,
            };
            let jobs = jobs(&[Reach::Rows(window as usize)], &[measure], min_periods);
            let got = batch(&Rows::regular(values.clone()), &jobs, 0.0).remove(0);
            for (row, (&got, expected)) in got.iter().zip(numbers(expected)).enumerate() {
                assert!(close(got, expected, 1e-9), "{} {name} of row {row}: {got} {expected}", case["call"]);
                n_compared += 1;
            }
        }
    }
    assert!(n_compared > 1000, "{n_compared}");
}
