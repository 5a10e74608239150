//! The decompositions and waves, against statsmodels and by what they promise.

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::autocorrelation::acf;
use super::classical::{Model, decompose};
use super::fourier::Fourier;
use super::loess::Degree;
use super::mstl::{MstlConfig, mstl};

use super::stl::{StlConfig, stl};
use super::*;
use crate::cx::Cx;

/// Made by statsmodels; each case holds its call.
const CASES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/peers/seasonal_cases.json"));
const REFERENCE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/seasonality.json"));
const ROLLING: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/rolling.json"));

/// Even noise of -1 to 1.
pub(super) fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

fn cases(text: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(text).unwrap();
    all["cases"].as_array().unwrap().clone()
}

fn cases_of(kind: &str) -> Vec<Value> {
    let cases: Vec<Value> = cases(CASES).into_iter().filter(|case| case["kind"] == kind).collect();
    assert!(cases.len() >= 3, "{kind}");
    cases
}

fn assert_close(got: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        let same = (got - expected).abs() <= tolerance || (got.is_nan() && expected.is_nan());
        assert!(same, "{what} at {at}: {got} {expected}");
    }
}

/// Compares all parts; weights to 1e-6.
fn assert_parts(got: &Decomposition, case: &Value, tolerance: f64) {
    let call = case["call"].as_str().unwrap();
    let scale = numbers(&case["x"]).iter().fold(0.0_f64, |max, value| max.max(value.abs()));
    let tolerance = tolerance * scale;
    assert_close(&got.trend, &numbers(&case["trend"]), tolerance, &format!("trend of {call}"));
    assert_close(&got.residual, &numbers(&case["resid"]), tolerance, &format!("residual of {call}"));
    let expected = case["seasonal"].as_array().unwrap();
    assert_eq!(got.seasonal.len(), expected.len(), "{call}");
    for (got, expected) in got.seasonal.iter().zip(expected) {
        assert_close(&got.values, &numbers(expected), tolerance, &format!("season {} of {call}", got.period));
    }
    if let Some(weights) = &got.weights {
        assert_close(weights, &numbers(&case["weights"]), 1e-6, &format!("weights of {call}"));
    } else if !case["weights"].is_null() {
        assert!(numbers(&case["weights"]).iter().all(|&weight| weight == 1.0), "{call}");
    }
}

fn stl_config(period: usize, settings: &Value) -> StlConfig {
    let mut config = StlConfig::new(period);
    let whole = |name: &str| settings[name].as_u64().map(|value| value as usize);
    let degree = |name: &str| if settings[name] == 0 { Degree::Constant } else { Degree::Linear };
    config.seasonal = whole("seasonal").unwrap_or(config.seasonal);
    (config.trend, config.low_pass) = (whole("trend"), whole("low_pass"));
    config.seasonal_deg = degree("seasonal_deg");
    config.trend_deg = degree("trend_deg");
    config.low_pass_deg = degree("low_pass_deg");
    config.seasonal_jump = whole("seasonal_jump").unwrap_or(1);
    config.trend_jump = whole("trend_jump").unwrap_or(1);
    config.low_pass_jump = whole("low_pass_jump").unwrap_or(1);
    config.robust = settings["robust"] == true;
    (config.inner_iter, config.outer_iter) = (whole("inner_iter"), whole("outer_iter"));
    config
}

#[test]
fn classical_parts_are_those_of_statsmodels() {
    for case in cases_of("classical") {
        let model = if case["model"] == "additive" { Model::Additive } else { Model::Multiplicative };
        let parts = decompose(&numbers(&case["x"]), case["period"].as_u64().unwrap() as usize, model).unwrap();
        assert_parts(&parts, &case, 1e-11);
    }
}

#[test]
fn stl_parts_are_those_of_statsmodels() {
    for case in cases_of("stl") {
        let config = stl_config(case["period"].as_u64().unwrap() as usize, &case["settings"]);
        let parts = stl(&numbers(&case["x"]), &config, &Cx::default()).unwrap();
        assert_parts(&parts, &case, if parts.weights.is_some() { 1e-9 } else { 1e-11 });
    }
}

#[test]
fn mstl_parts_are_those_of_statsmodels() {
    for case in cases_of("mstl") {
        let whole = |value: &Value| numbers(value).iter().map(|&value| value as usize).collect::<Vec<_>>();
        let periods = whole(&case["periods"]);
        let mut config = MstlConfig::new(&periods);
        config.windows = Some(&case["windows"]).filter(|windows| !windows.is_null()).map(whole);
        config.iterate = case["iterate"].as_u64().unwrap() as usize;
        config.stl = stl_config(periods[0], &case["settings"]);
        let parts = mstl(&numbers(&case["x"]), &config, &Cx::default()).unwrap();
        let used: Vec<usize> = parts.seasonal.iter().map(|season| season.period).collect();
        assert_eq!(used, whole(&case["used"]));
        assert_parts(&parts, &case, if parts.weights.is_some() { 1e-9 } else { 1e-11 });
    }
}

#[test]
fn the_reference_is_met() {
    let all: Value = serde_json::from_str(REFERENCE).unwrap();
    let x = numbers(&all["inputs"]["x"]);
    let scale = x.iter().fold(0.0_f64, |max, value| max.max(value.abs()));
    let compare = |parts: &Decomposition, output: &Value, tolerance: f64| {
        assert_close(&parts.trend, &numbers(&output["trend"]), tolerance * scale, "trend");
        assert_close(&parts.residual, &numbers(&output["resid"]), tolerance * scale, "residual");
        let (season, expected) = match output["seasonal"].as_array() {
            Some(_) => (&parts.seasonal[0].values[..], &output["seasonal"]),
            None => (&parts.seasonal[0].values[..48], &output["seasonal_first_period"]),
        };
        assert_close(season, &numbers(expected), tolerance * scale, "season");
    };
    let mut n_cases = 0;
    for case in cases(REFERENCE) {
        let (call, output) = (case["call"].as_str().unwrap(), &case["output"]);
        n_cases += 1;
        if call.starts_with("seasonal_decompose") {
            let model = if call.contains("additive") { Model::Additive } else { Model::Multiplicative };
            compare(&decompose(&x, 48, model).unwrap(), output, 1e-11);
        } else if call.starts_with("STL") {
            let robust = call.contains("robust=True");
            let parts = stl(&x, &StlConfig { robust, ..StlConfig::new(48) }, &Cx::default()).unwrap();
            compare(&parts, output, if robust { 1e-9 } else { 1e-11 });
            if robust {
                assert_close(&parts.weights.unwrap(), &numbers(&output["weights"]), 1e-6, call);
            }
        } else {
            let waves = Fourier::of_rows(48.0, 3).unwrap();
            let expected: Vec<Vec<f64>> = output["values"].as_array().unwrap().iter().map(numbers).collect();
            assert_waves(&waves, &expected, call);
        }
    }
    assert_eq!(n_cases, 5);
}

fn assert_waves(waves: &Fourier, expected: &[Vec<f64>], call: &str) {
    for (at, expected) in (0..).zip(expected) {
        let mut got = vec![0.0; waves.n_terms()];
        waves.write(at, &mut got);
        assert_close(&got, expected, 1e-12, call);
    }
}

#[test]
fn waves_are_those_of_statsmodels() {
    for case in cases_of("fourier") {
        let waves = Fourier::of_rows(case["period"].as_f64().unwrap(), case["order"].as_u64().unwrap() as u32).unwrap();
        let expected: Vec<Vec<f64>> = case["values"].as_array().unwrap().iter().map(numbers).collect();
        assert_waves(&waves, &expected, case["call"].as_str().unwrap());
    }
}

#[test]
fn autocorrelation_is_that_of_statsmodels() {
    let all: Value = serde_json::from_str(ROLLING).unwrap();
    let case = cases(ROLLING).into_iter().find(|case| case["call"].as_str().unwrap().contains(" acf(x"));
    let expected = numbers(&case.unwrap()["output"]["acf"]);
    let got = acf(&numbers(&all["inputs"]["x"]), 60, &Cx::default()).unwrap();
    assert_close(&got, &expected, 1e-12, "acf");
}

/// A season, a slow wave and noise.
fn series(n: usize, period: usize, seed: u64) -> Vec<f64> {
    let wave = |t: usize, period: f64| (t as f64 * std::f64::consts::TAU / period).sin();
    let value = |(t, noise): (usize, &f64)| 9.0 + 2.0 * wave(t, period as f64) + wave(t, 700.0) + 0.3 * noise;
    noise(n, seed).iter().enumerate().map(value).collect()
}

/// Loess by its definition, one place at a time: window, tricube, line by weighted means.
fn loess_at(y: &[f64], robust: &[f64], window: usize, place: usize) -> f64 {
    let n = y.len();
    let first = place.saturating_sub(window / 2).min(n - window);
    let reach = (place - first).max(first + window - 1 - place) as f64;
    let weight = |at: usize| {
        let share = at.abs_diff(place) as f64 / reach;
        if share > 0.999 { 0.0 } else { (1.0 - share.powi(3)).powi(3) * robust[at] }
    };
    let mean = |f: &dyn Fn(usize) -> f64| {
        let sum = |f: &dyn Fn(usize) -> f64| (first..first + window).map(f).sum::<f64>();
        sum(&|at| weight(at) * f(at)) / sum(&weight)
    };
    let (centre, level) = (mean(&|at| at as f64), mean(&|at| y[at]));
    let product = mean(&|at| (at as f64 - centre) * (y[at] - level));
    let square = mean(&|at| (at as f64 - centre).powi(2));
    level + product / square * (place as f64 - centre)
}

#[test]
fn long_windows_are_smoothed_as_defined() {
    // Long enough for several pieces, threads and vectors; lines count, as the window is not short for the series.
    let (n, window) = (12_000, 1201);
    let (values, robust) =
        (series(n, 50, 8), noise(n, 9).iter().map(|v| (v * 1.5).clamp(0.0, 1.0)).collect::<Vec<_>>());
    let loess = super::loess::Loess { window, degree: Degree::Linear, jump: 1 };
    let (cx, ones) = (Cx::default(), vec![1.0; n]);
    let mut smooth = vec![0.0; n];
    for (weights, fixed) in [(&ones, true), (&robust, false)] {
        let prepared = loess.robust(weights, 1, &cx).unwrap();
        let prepared = (!fixed).then_some(&prepared);
        loess.smooth(&values, 1, prepared, super::loess::Places::Inside, &mut smooth, &cx).unwrap();
        for place in (0..n).step_by(83).chain([1, 599, 600, 601, n - 602, n - 601, n - 600, n - 1]) {
            let expected = loess_at(&values, weights, window, place);
            assert!((smooth[place] - expected).abs() < 1e-9, "{place}: {} {expected}", smooth[place]);
        }
    }
}

#[test]
fn parts_do_not_depend_on_threads() {
    let values = series(30_000, 288, 1);
    for robust in [false, true] {
        let config = StlConfig { robust, outer_iter: Some(usize::from(robust)), ..StlConfig::new(288) };
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| stl(&values, &config, &Cx::default()).unwrap())
        };
        assert!(run(1) == run(3));
    }
}

#[test]
fn parts_add_up_and_gaps_stay_gaps() {
    let mut values = series(200, 12, 2);
    [0, 1, 50, 51, 52, 199].into_iter().for_each(|at| values[at] = f64::NAN);
    values[100] = f64::INFINITY;
    let full = gaps::fill(&values);
    let cx = Cx::default();
    let of = |values: &[f64]| {
        [
            decompose(values, 12, Model::Additive).unwrap(),
            stl(values, &StlConfig { robust: true, ..StlConfig::new(12) }, &cx).unwrap(),
            mstl(values, &MstlConfig::new(&[12, 30]), &cx).unwrap(),
        ]
    };
    for (parts, filled) in of(&values).iter().zip(of(&full)) {
        for (at, &value) in values.iter().enumerate() {
            let seasons: f64 = parts.seasonal.iter().map(|season| season.values[at]).sum();
            let sum = parts.trend[at] + seasons + parts.residual[at];
            if value.is_finite() {
                assert!(filled.trend[at].is_nan() || (sum - value).abs() < 1e-12, "{at}");
                assert_eq!(parts.trend[at].to_bits(), filled.trend[at].to_bits());
            } else {
                assert!(sum.is_nan() && seasons.is_nan() && parts.residual[at].is_nan(), "{at}");
                assert!(parts.weights.as_ref().is_none_or(|weights| weights[at].is_nan()));
            }
        }
    }
}

#[test]
fn hard_series_have_parts_too() {
    let cx = Cx::default();
    for robust in [false, true] {
        let config = StlConfig { robust, ..StlConfig::new(6) };
        for value in [0.0, 3.0, -1e300, 1e-300] {
            let parts = stl(&[value; 40], &config, &cx).unwrap();
            let tiny = value.abs() * 1e-14;
            assert_close(&parts.trend, &[value; 40], tiny, "trend");
            assert_close(&parts.residual, &[0.0; 40], tiny, "residual");
        }
        // A power of two as a factor changes no bit but the exponent.
        let values = series(100, 6, 3);
        let huge: Vec<f64> = values.iter().map(|value| value * 2_f64.powi(1000)).collect();
        let (parts, huge) = (stl(&values, &config, &cx).unwrap(), stl(&huge, &config, &cx).unwrap());
        assert!(parts.trend.iter().zip(&huge.trend).all(|(a, b)| a * 2_f64.powi(1000) == *b));
        assert_eq!(parts.weights, huge.weights);
    }
    let parts = decompose(&[2.0; 9], 4, Model::Multiplicative).unwrap();
    assert_eq!((parts.trend[4], parts.seasonal[0].values[4], parts.residual[4]), (2.0, 1.0, 1.0));
    assert!(parts.trend[1].is_nan() && parts.trend[7].is_nan());
}

#[test]
fn what_cannot_be_decomposed_is_refused() {
    let (cx, values) = (Cx::default(), series(40, 6, 4));
    let short = SeasonalError::TooShort { n_rows: 11, period: 6 };
    assert_eq!(short.to_string(), "11 rows, needs 2 x 6; choose a shorter period or bring more rows");
    assert_eq!(decompose(&values[..11], 6, Model::Additive).unwrap_err(), short);
    assert_eq!(stl(&values[..11], &StlConfig::new(6), &cx).unwrap_err(), short);
    assert_eq!(mstl(&values[..11], &MstlConfig::new(&[9, 6]), &cx).unwrap_err(), short);
    assert!(stl(&values[..12], &StlConfig::new(6), &cx).is_ok());
    assert_eq!(stl(&[f64::NAN; 40], &StlConfig::new(6), &cx).unwrap_err(), SeasonalError::NoValues { n_rows: 40 });
    let mut zero = values.clone();
    zero[7] = 0.0;
    let refused = decompose(&zero, 6, Model::Multiplicative).unwrap_err();
    assert_eq!(refused, SeasonalError::NotPositive { smallest: 0.0 });
    let base = StlConfig::new(6);
    for config in [
        StlConfig { period: 1, ..base.clone() },
        StlConfig { seasonal: 8, ..base.clone() },
        StlConfig { seasonal: 1, ..base.clone() },
        StlConfig { trend: Some(5), ..base.clone() },
        StlConfig { low_pass: Some(8), ..base.clone() },
        StlConfig { trend_jump: 0, ..base.clone() },
        StlConfig { inner_iter: Some(0), ..base.clone() },
    ] {
        assert!(matches!(stl(&values, &config, &cx), Err(SeasonalError::Setting { .. })), "{config:?}");
    }
    for config in [
        MstlConfig::new(&[]),
        MstlConfig::new(&[6, 6]),
        MstlConfig { windows: Some(vec![7]), ..MstlConfig::new(&[4, 6]) },
        MstlConfig { iterate: 0, ..MstlConfig::new(&[4, 6]) },
    ] {
        assert!(matches!(mstl(&values, &config, &cx), Err(SeasonalError::Setting { .. })), "{config:?}");
    }
    cx.cancel();
    assert_eq!(stl(&values, &base, &cx).unwrap_err(), SeasonalError::Cancelled);
    assert_eq!(acf(&values, 5, &cx).unwrap_err(), Cancelled);
}
