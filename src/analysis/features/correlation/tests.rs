//! Correlations against pandas, scipy and statsmodels, and against their definitions.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::analysis::features::windows::Reach;
use crate::cx::Cx;
use crate::recipe::CorrelationMethod::{self, Kendall, Pearson, Spearman};

const METHODS: [CorrelationMethod; 3] = [Pearson, Spearman, Kendall];

fn reference(name: &str) -> Value {
    serde_json::from_str(match name {
        "statistics" => include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/statistics.json")),
        "rolling" => include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/rolling.json")),
        _ => include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/peers/correlation.json")),
    })
    .unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
}

fn method(case: &Value) -> CorrelationMethod {
    serde_json::from_value(case["inputs"]["method"].clone()).unwrap()
}

fn count(case: &Value, name: &str) -> usize {
    case["inputs"][name].as_u64().unwrap() as usize
}

fn cases(fixture: &Value) -> &[Value] {
    fixture["cases"].as_array().unwrap()
}

fn assert_close(got: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        let close = (got - expected).abs() <= tolerance || got.is_nan() && expected.is_nan();
        assert!(close, "{what}, {i}: {got} instead of {expected}");
    }
}

fn matrix(method: CorrelationMethod, columns: &[Vec<f64>], min_pairs: usize) -> Vec<f64> {
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    correlation_matrix(method, &columns, min_pairs, &Cx::default()).unwrap()
}

fn single(method: CorrelationMethod, x: &[f64], y: &[f64]) -> f64 {
    correlation(method, x, y, &Cx::default()).unwrap()
}

#[test]
fn matrices_are_those_of_the_reference() {
    let fixture = reference("statistics");
    let rows: Vec<Vec<f64>> = fixture["inputs"]["tied"].as_array().unwrap().iter().map(numbers).collect();
    let columns: Vec<Vec<f64>> = (0..rows[0].len()).map(|j| rows.iter().map(|row| row[j]).collect()).collect();
    let case = cases(&fixture).iter().find(|case| case["call"] == "pandas tied.corr(method)").unwrap();
    for (method, name) in METHODS.into_iter().zip(["pearson", "spearman", "kendall"]) {
        let expected: Vec<f64> = case["output"][name].as_array().unwrap().iter().flat_map(numbers).collect();
        assert_close(&matrix(method, &columns, 1), &expected, 1e-10, name);
    }
}

#[test]
fn matrices_with_ties_and_missing_values_are_those_of_pandas() {
    let fixture = reference("peers");
    let mut n_cases = 0;
    for case in cases(&fixture).iter().filter(|case| case["inputs"]["table"].is_string()) {
        let table = fixture["inputs"][case["inputs"]["table"].as_str().unwrap()].as_object().unwrap();
        let columns: Vec<Vec<f64>> = table.values().map(numbers).collect();
        let mut expected: Vec<f64> = case["output"].as_array().unwrap().iter().flat_map(numbers).collect();
        if let (Kendall, Some(constant)) = (method(case), table.keys().position(|name| name == "const")) {
            // For pandas, a constant column has the Kendall correlation 1 with itself, and none with others.
            expected[constant * columns.len() + constant] = f64::NAN;
        }
        let got = matrix(method(case), &columns, count(case, "min_pairs"));
        assert_close(&got, &expected, 1e-10, case["call"].as_str().unwrap());
        for (i, x) in columns.iter().enumerate().filter(|_| count(case, "min_pairs") == 1) {
            for (j, y) in columns.iter().enumerate() {
                let pair = single(method(case), x, y);
                assert_close(&[pair], &expected[i * columns.len() + j..][..1], 1e-10, "a pair");
            }
        }
        n_cases += 1;
    }
    assert_eq!(n_cases, 12);
}

fn series(fixture: &Value) -> (Vec<i64>, Vec<f64>, Vec<f64>) {
    let d = &fixture["inputs"]["d"];
    let times = d["seconds"].as_array().unwrap().iter().map(|s| s.as_i64().unwrap() * 1_000_000);
    (times.collect(), numbers(&d["x"]), numbers(&d["y"]))
}

#[test]
fn rolling_correlations_are_those_of_pandas_and_scipy() {
    let fixture = reference("peers");
    let (times, x, y) = series(&fixture);
    let rolling = |case: &&Value| case["inputs"]["method"].is_string() && case["inputs"]["table"].is_null();
    let mut n_cases = 0;
    for case in cases(&fixture).iter().filter(rolling) {
        let reach = match case["inputs"]["rows"].as_u64() {
            Some(rows) => Reach::Rows(rows as usize),
            None => Reach::Micros(case["inputs"]["seconds"].as_i64().unwrap() * 1_000_000),
        };
        let start = RollingCorrelation::new(method(case), reach, count(case, "min_pairs"));
        let got = rolling_correlation(start, &times, &x, &y, &Cx::default()).unwrap();
        let call = case["call"].as_str().unwrap();
        let mut expected = numbers(&case["output"]);
        if call.contains("rolling") {
            // Where a column is constant pandas returns rounding noise; scipy, on the same windows, no value.
            let noise = got.iter().zip(&expected).filter(|(got, expected)| got.is_nan() && !expected.is_nan()).count();
            assert!(noise < 20, "{call}");
            expected.iter_mut().zip(&got).filter(|(_, got)| got.is_nan()).for_each(|(value, _)| *value = f64::NAN);
        }
        assert_close(&got, &expected, 1e-9, call);
        n_cases += 1;
    }
    assert_eq!(n_cases, 20);
}

#[test]
fn correlations_at_lags_are_those_of_pandas_and_statsmodels() {
    let forms = [CrossForm::Overlap, CrossForm::AllRows, CrossForm::Adjusted];
    let fixture = reference("rolling");
    let (x, y) = (numbers(&fixture["inputs"]["x"]), numbers(&fixture["inputs"]["y"]));
    let case = cases(&fixture).iter().find(|case| case["inputs"]["lags"].is_array()).unwrap();
    let names = [
        "pandas y.corr(x.shift(k))",
        "statsmodels ccf(y, x, adjusted=False)[k]",
        "statsmodels ccf(y, x, adjusted=True)[k]",
    ];
    let lags = |case: &Value| -> Vec<usize> { numbers(&case["inputs"]["lags"]).iter().map(|&k| k as usize).collect() };
    for (form, name) in forms.into_iter().zip(names) {
        let got: Vec<f64> = lags(case).into_iter().map(|lag| cross_correlation(&x, &y, lag, form)).collect();
        assert_close(&got, &numbers(&case["output"][name]), 1e-10, name);
    }

    let fixture = reference("peers");
    let (times, x, y) = series(&fixture);
    let table = &fixture["inputs"]["table"];
    let (table_x, table_y) = (numbers(&table["x"]), numbers(&table["y"]));
    let mut n_cases = 0;
    for case in cases(&fixture) {
        let call = case["call"].as_str().unwrap();
        let got: Vec<f64> = if case["inputs"]["lags"].is_array() {
            lags(case).into_iter().map(|lag| cross_correlation(&x, &y, lag, CrossForm::Overlap)).collect()
        } else if case["inputs"]["lag"].is_null() {
            continue;
        } else if case["inputs"]["rows"].is_null() {
            forms.map(|form| cross_correlation(&table_x, &table_y, count(case, "lag"), form)).to_vec()
        } else {
            let reach = Reach::Rows(count(case, "rows"));
            let mut lagged = LaggedCorrelation::new(Pearson, count(case, "lag"), reach, count(case, "min_pairs"));
            let rows = times.iter().zip(x.iter().zip(&y));
            rows.map(|(&time, (&x, &y))| lagged.push(time, x, y)).collect()
        };
        let mut expected = numbers(&case["output"]);
        if call.contains("rolling") {
            // Rounding noise of pandas where y is constant, from row 30 to 49.
            let constant = |row: usize| (30..50).contains(&row) && row + 1 >= 30 + count(case, "rows");
            let noise = expected.iter_mut().enumerate().filter(|(row, _)| constant(*row));
            noise.for_each(|(_, value)| *value = f64::NAN);
        }
        assert_close(&got, &expected, 1e-9, call);
        n_cases += 1;
    }
    assert_eq!(n_cases, 10);
}

#[test]
fn what_has_no_correlation_is_nan() {
    let (rising, constant) = ([1.0, 2.0, 4.0, 3.0], [0.1; 4]);
    for method in METHODS {
        assert!(single(method, &rising, &constant).is_nan());
        assert!(single(method, &constant, &constant).is_nan());
        assert!(single(method, &[1.0], &[2.0]).is_nan());
        assert!(single(method, &[], &[]).is_nan());
        assert!(single(method, &[1.0, f64::NAN, 3.0], &[1.0, 2.0, f64::INFINITY]).is_nan());
        assert_eq!(single(method, &[1.0, 2.0], &[5.0, 4.0]), -1.0);
        // Infinite values are missing ones, and 0 equals -0.
        assert_eq!(single(method, &[1.0, f64::INFINITY, 2.0, f64::NAN], &[5.0, 4.0, 7.0, 9.0]), 1.0);
        assert!(single(method, &[0.0, -0.0, 0.0], &[1.0, 2.0, 3.0]).is_nan());
        let all = matrix(method, &[rising.to_vec(), constant.to_vec()], 1);
        assert_eq!(all[0], 1.0);
        assert!(all[1..].iter().all(|value| value.is_nan()));
        assert!(matrix(method, &[rising.to_vec()], 5)[0].is_nan());
        assert!(matrix(method, &[], 1).is_empty());

        let mut machine = RollingCorrelation::new(method, Reach::Rows(3), 1);
        let y = [2.0, 1.0, 5.0, 5.0, 5.0, f64::NAN, 5.0, 6.0, 7.0];
        let got = y.iter().zip(1u32..).map(|(&y, x)| machine.push(0, f64::from(x), y));
        let defined: Vec<bool> = got.map(|value| !value.is_nan()).collect();
        assert_eq!(defined, [false, false, true, true, false, false, false, false, true]);
    }
    for form in [CrossForm::Overlap, CrossForm::AllRows, CrossForm::Adjusted] {
        assert!(cross_correlation(&rising, &constant, 1, form).is_nan());
        assert!(cross_correlation(&rising, &rising, 3, form).is_nan());
        assert!(cross_correlation(&rising, &rising, 9, form).is_nan());
    }
    assert!(cross_correlation(&rising, &[1.0, f64::NAN, 2.0, 3.0], 1, CrossForm::AllRows).is_nan());
}

#[test]
fn values_of_any_magnitude_have_the_same_correlation() {
    // scipy.stats.pearsonr([1, 2, 3, 5, 4, 0, 2], [3, 1, 4, 1, 5, 9, 2]).statistic
    let (x, y) = ([1.0, 2.0, 3.0, 5.0, 4.0, 0.0, 2.0], [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0]);
    let expected = -0.506_119_591_358_796_7;
    for (scale, offset, tolerance) in
        [(1.0, 0.0, 1e-14), (1e300, 0.0, 1e-14), (1.5e307, -8e307, 1e-14), (1e-320, 0.0, 1e-3), (0.5, 1e12, 1e-14)]
    {
        let moved = x.map(|value| value * scale + offset);
        let other = y.map(|value| value * scale);
        assert_close(&[single(Pearson, &moved, &other)], &[expected], tolerance, "whole");
        let mut machine = RollingCorrelation::new(Pearson, Reach::Rows(7), 3);
        [5.0, 7.0].into_iter().for_each(|value| {
            machine.push(0, value * scale + offset, value * scale);
        });
        let last = moved.iter().zip(&other).map(|(&x, &y)| machine.push(0, x, y)).last().unwrap();
        assert_close(&[last], &[expected], tolerance, "rolling");
        for (form, unscaled) in [CrossForm::Overlap, CrossForm::AllRows, CrossForm::Adjusted]
            .map(|form| (form, cross_correlation(&x, &y, 2, form)))
        {
            let got = cross_correlation(&moved, &other, 2, form);
            assert_close(&[got], &[unscaled], tolerance, "at a lag");
        }
    }
}

#[test]
fn a_spike_leaves_nothing_behind() {
    let wave = |i: i32, step: f64| (f64::from(i) * step).sin();
    let mut machine = RollingCorrelation::new(Pearson, Reach::Rows(10), 3);
    machine.push(0, 1e14, -1e14);
    let last = (0..10).map(|i| machine.push(0, wave(i, 0.7), wave(i, 1.3))).last().unwrap();
    let (x, y): (Vec<f64>, Vec<f64>) = (0..10).map(|i| (wave(i, 0.7), wave(i, 1.3))).unzip();
    assert_close(&[last], &[by_definition(Pearson, &x, &y)], 1e-13, "after the spike");
}

#[test]
fn stops_when_cancelled() {
    let cx = Cx::default();
    cx.cancel();
    let column = [1.0, 2.0, 3.0];
    for method in METHODS {
        assert!(correlation(method, &column, &column, &cx).is_err());
        assert!(correlation_matrix(method, &[&column, &column], 2, &cx).is_err());
        let machine = RollingCorrelation::new(method, Reach::Rows(3), 3);
        assert!(rolling_correlation(machine, &[], &column, &column, &cx).is_err());
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let wave = |step: f64| (0..3000).map(move |i| if i % 97 == 0 { f64::NAN } else { (f64::from(i) * step).sin() });
    let columns: Vec<Vec<f64>> = [0.1, 0.33, 0.7, 1.9, 2.3].map(|step| wave(step).collect()).to_vec();
    for method in METHODS {
        let [one, three] = [1, 3].map(|n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| matrix(method, &columns, 1)).iter().map(|value| value.to_bits()).collect::<Vec<u64>>()
        });
        assert_eq!(one, three);
    }
}

/// The textbook definition over complete pairs.
fn by_definition(method: CorrelationMethod, x: &[f64], y: &[f64]) -> f64 {
    let average_rank = |values: &[f64], value: f64| {
        let n_less = values.iter().filter(|&&other| other < value).count();
        let n_equal = values.iter().filter(|&&other| other == value).count();
        n_less as f64 + (n_equal as f64 + 1.0) / 2.0
    };
    let ranks = |values: &[f64]| values.iter().map(|&value| average_rank(values, value)).collect::<Vec<f64>>();
    let covariance = |x: &[f64], y: &[f64]| {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (mean_x, mean_y) = (mean(x), mean(y));
        x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>()
    };
    let sign = |a: f64, b: f64| f64::from(i8::from(a > b) - i8::from(a < b));
    let concordance = |x: &[f64], y: &[f64]| {
        let pairs = (0..x.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        pairs.map(|(i, j)| sign(x[i], x[j]) * sign(y[i], y[j])).sum::<f64>()
    };
    let normalised = |product: &dyn Fn(&[f64], &[f64]) -> f64, x: &[f64], y: &[f64]| {
        product(x, y) / (product(x, x) * product(y, y)).sqrt()
    };
    match method {
        Pearson => normalised(&covariance, x, y),
        Spearman => normalised(&covariance, &ranks(x), &ranks(y)),
        Kendall => normalised(&concordance, x, y),
    }
}

/// Series of pairs with ties, gaps and times that may repeat.
fn pairs() -> impl Strategy<Value = Vec<(i64, f64, f64)>> {
    let value = || prop_oneof![4 => (-6i32..6).prop_map(f64::from), 2 => -1e3..1e3, 1 => Just(f64::NAN)];
    prop::collection::vec((0i64..5, value(), value()), 0..60).prop_map(|mut rows| {
        let mut time = 0;
        for row in &mut rows {
            time += row.0;
            row.0 = time;
        }
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whole_columns_follow_the_definition(rows in pairs()) {
        let (x, y): (Vec<f64>, Vec<f64>) = rows.iter().map(|&(_, x, y)| (x, y)).unzip();
        let both: (Vec<f64>, Vec<f64>) =
            rows.iter().filter(|(_, x, y)| !x.is_nan() && !y.is_nan()).map(|&(_, x, y)| (x, y)).unzip();
        for method in METHODS {
            let expected = by_definition(method, &both.0, &both.1);
            assert_close(&[single(method, &x, &y)], &[expected], 1e-9, "whole");
            prop_assert_eq!(single(method, &x, &y).to_bits(), single(method, &y, &x).to_bits());
        }
    }

    #[test]
    fn every_window_follows_the_definition(rows in pairs(), width in 1usize..25, lag in 0usize..4) {
        for (method, reach) in METHODS.into_iter().flat_map(|method| {
            [(method, Reach::Rows(width)), (method, Reach::Micros(width as i64))]
        }) {
            let mut machine = LaggedCorrelation::new(method, lag, reach, 4);
            for (now, &(time, x, y)) in rows.iter().enumerate() {
                let inside = |&row: &usize| match reach {
                    Reach::Rows(w) => row + w > now,
                    Reach::Micros(w) => rows[row].0 > time - w,
                };
                let pair = |row: usize| (row.checked_sub(lag).map_or(f64::NAN, |earlier| rows[earlier].1), rows[row].2);
                let window = (0..=now).filter(inside).map(pair).filter(|(x, y)| !x.is_nan() && !y.is_nan());
                let (xs, ys): (Vec<f64>, Vec<f64>) = window.unzip();
                let expected = if xs.len() < 4 { f64::NAN } else { by_definition(method, &xs, &ys) };
                assert_close(&[machine.push(time, x, y)], &[expected], 1e-9, &format!("{method:?} {reach:?} {now}"));
            }
        }
    }
}
