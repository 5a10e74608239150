//! Distributions against numpy and scipy, and by hand.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::analysis::features::windows::Reach;
use crate::cx::Cx;

fn peers() -> Value {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/peers/distribution.json"));
    serde_json::from_str(text).unwrap()
}

fn reference() -> Value {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/statistics.json"));
    serde_json::from_str(text).unwrap()
}

fn output<'a>(fixture: &'a Value, call: &str) -> &'a Value {
    let cases = fixture["cases"].as_array().unwrap();
    &cases.iter().find(|case| case["call"] == call).unwrap()["output"]
}

fn cases<'a>(fixture: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let cases = fixture["cases"].as_array().unwrap();
    assert!(cases.iter().any(|case| case["kind"] == kind));
    cases.iter().filter(move |case| case["kind"] == kind)
}

/// The column that a case is about.
fn column(fixture: &Value, case: &Value) -> Vec<f64> {
    numbers(&fixture["inputs"]["data"][case["inputs"]["data"].as_str().unwrap()])
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
}

fn count(case: &Value, name: &str) -> usize {
    case["inputs"][name].as_u64().unwrap() as usize
}

/// Within a tolerance, relative for numbers above 1.
fn assert_close(got: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        let close = (got - expected).abs() <= tolerance * expected.abs().max(1.0) || got.is_nan() && expected.is_nan();
        assert!(close, "{what}, {i}: {got} instead of {expected}");
    }
}

fn method(name: &str) -> QuantileMethod {
    serde_json::from_value(Value::from(name)).unwrap()
}

#[test]
fn quantiles_are_those_of_numpy() {
    let fixture = reference();
    let x = sorted(&numbers(&fixture["inputs"]["x"]));
    let call = "numpy.quantile(x, probs, method)";
    let case = fixture["cases"].as_array().unwrap().iter().find(|case| case["call"] == call).unwrap();
    for (name, expected) in case["output"].as_object().unwrap() {
        let probs = numbers(&case["inputs"]["probs"]);
        let got: Vec<f64> = probs.iter().map(|&level| quantile(&x, level, method(name))).collect();
        assert_close(&got, &numbers(expected), 1e-10, name);
    }

    let fixture = peers();
    let probs = numbers(&fixture["inputs"]["probs"]);
    for case in cases(&fixture, "quantile") {
        let values = sorted(&column(&fixture, case));
        let methods = fixture["inputs"]["methods"].as_array().unwrap();
        for (name, expected) in methods.iter().zip(case["output"].as_array().unwrap()) {
            let name = name.as_str().unwrap();
            let got: Vec<f64> = probs.iter().map(|&level| quantile(&values, level, method(name))).collect();
            assert_close(&got, &numbers(expected), 1e-12, &format!("{name} {}", case["inputs"]));
        }
    }
    assert!(quantile(&[], 0.5, QuantileMethod::default()).is_nan());
    assert_eq!(quantile(&[-1.5e308, 1.5e308], 0.5, QuantileMethod::default()), 0.0);
    assert_eq!(sorted(&[2.0, f64::NAN, f64::INFINITY, -1.0]), [-1.0, 2.0]);
}

fn all_moments(values: &[f64]) -> [f64; 7] {
    let moments = Moments::new(values);
    [
        moments.mean(),
        moments.variance(),
        moments.sample_variance(),
        moments.skewness(),
        moments.sample_skewness(),
        moments.excess_kurtosis(),
        moments.sample_excess_kurtosis(),
    ]
}

fn spreads(values: &[f64]) -> [f64; 4] {
    let values = sorted(values);
    let (mad, mean) = absolute_deviations(&values);
    [mad, mad * NORMAL_MAD, interquartile_range(&values), mean]
}

#[test]
fn moments_and_spreads_are_those_of_scipy() {
    let fixture = reference();
    let x = numbers(&fixture["inputs"]["x"]);
    let expected = output(&fixture, "moments of x");
    let names = [
        "mean",
        "var_ddof0",
        "var_ddof1",
        "skew_biased",
        "skew_unbiased",
        "kurtosis_biased",
        "kurtosis_unbiased",
        "mad_raw",
        "mad_normal",
        "iqr",
    ];
    let expected = names.map(|name| expected[name].as_f64().unwrap());
    assert_close(&all_moments(&x), &expected[..7], 1e-10, "moments");
    assert_close(&spreads(&x)[..3], &expected[7..], 1e-10, "spreads");

    let fixture = peers();
    for case in cases(&fixture, "moments") {
        let values = column(&fixture, case);
        let mut expected = numbers(&case["output"]);
        // scipy leaves the bias where the correction is not defined.
        if values.len() < 3 {
            expected[4] = f64::NAN;
        }
        if values.len() < 4 {
            expected[6] = f64::NAN;
        }
        assert_close(&all_moments(&values), &expected, 1e-10, &case["inputs"].to_string());
    }
    for case in cases(&fixture, "spread") {
        let values = column(&fixture, case);
        assert_close(&spreads(&values), &numbers(&case["output"]), 1e-12, &case["inputs"].to_string());
    }
}

#[test]
fn moments_of_any_magnitude() {
    // scipy.stats.skew and kurtosis of [1, 2, 3, 5, 9, 0, 2], and their variances with n and n - 1
    let x = [1.0, 2.0, 3.0, 5.0, 9.0, 0.0, 2.0];
    let [mean, variance, sample_variance, skewness, _, kurtosis, _] = [
        22.0 / 7.0,
        7.836_734_693_877_551,
        9.142_857_142_857_144,
        1.064_475_522_986_831,
        0.0,
        0.049_235_026_041_667_41,
        0.0,
    ];
    assert_close(&all_moments(&x)[3..=3], &[skewness], 1e-12, "skewness");
    for (scale, offset) in [(1.0, 1e14), (1e300, 0.0), (1.5e307, -4e307), (1e-160, 0.0), (0.25, -1e15)] {
        let moments = Moments::new(&x.map(|value| value * scale + offset));
        assert_close(&[moments.skewness(), moments.excess_kurtosis()], &[skewness, kurtosis], 1e-8, "shape");
        assert_close(&[moments.mean() / scale], &[mean + offset / scale], 1e-14, "mean");
        assert_close(&[moments.sample_std() / scale], &[sample_variance.sqrt()], 1e-14, "standard deviation");
        let expected = variance * scale * scale;
        assert_close(&[moments.variance()], &[expected.min(f64::MAX)], 1e-14, "variance");
    }
    assert!(Moments::new(&[f64::NAN]).mean().is_nan());
    assert_eq!(all_moments(&[4.0, f64::INFINITY])[..2], [4.0, 0.0]);
    assert!(all_moments(&[1e9 + 0.1; 9])[3..].iter().all(|value| value.is_nan()));
    assert_eq!(all_moments(&[1e9 + 0.1; 9])[1..3], [0.0, 0.0]);
    let (mad, mean) = absolute_deviations(&[-1.7e308, -1.7e308, 1.7e308]);
    assert_eq!((mad, mean.is_finite()), (0.0, true));
    assert_close(&[interquartile_range(&[-1.7e308, 1.7e308])], &[1.7e308], 1e-15, "interquartile range");
}

fn kinds(fixture: &Value) -> Vec<Entropy> {
    let orders = numbers(&fixture["inputs"]["orders"]);
    let renyi = orders.iter().map(|&order| Entropy::Renyi { order });
    let tsallis = orders.iter().map(|&order| Entropy::Tsallis { order });
    [Entropy::Shannon, Entropy::ShannonBits].into_iter().chain(renyi).chain(tsallis).collect()
}

#[test]
fn entropies_of_a_histogram() {
    let fixture = reference();
    let x = numbers(&fixture["inputs"]["x"]);
    let expected = output(&fixture, "numpy.histogram(x, bins=10) -> entropies");
    let counts = Bins::equal_width(&x, 10).unwrap().counts(&x);
    assert_eq!(serde_json::to_value(&counts).unwrap(), expected["counts"]);
    for (entropy, name) in [
        (Entropy::Shannon, "shannon_nats"),
        (Entropy::ShannonBits, "shannon_bits"),
        (Entropy::Renyi { order: 0.5 }, "renyi_0.5"),
        (Entropy::Renyi { order: 2.0 }, "renyi_2"),
        (Entropy::Tsallis { order: 0.5 }, "tsallis_0.5"),
        (Entropy::Tsallis { order: 2.0 }, "tsallis_2"),
    ] {
        assert_close(&[entropy.of(&counts)], &[expected[name].as_f64().unwrap()], 1e-10, name);
    }

    let fixture = peers();
    for case in cases(&fixture, "entropy") {
        let values = column(&fixture, case);
        let counts = Bins::equal_width(&values, count(case, "bins")).unwrap().counts(&values);
        let got: Vec<f64> = kinds(&fixture).iter().map(|entropy| entropy.of(&counts)).collect();
        assert_close(&got, &numbers(&case["output"]), 1e-11, &case["inputs"].to_string());
    }
    for case in cases(&fixture, "histogram") {
        let bins = Bins::equal_width(&column(&fixture, case), 10).unwrap();
        // Within one bit, as the last bit is lost where the text is read.
        assert_close(
            &numbers(&serde_json::to_value(&bins).unwrap()["edges"]),
            &numbers(&case["output"][1]),
            3e-16,
            "edges",
        );
        assert_eq!(serde_json::to_value(bins.counts(&column(&fixture, case))).unwrap(), case["output"][0]);
    }
}

#[test]
fn entropies_at_the_ends_of_the_scale() {
    // 8 equal shares: ln 8 for Shannon and Rényi, (1 - 8^(1 - q)) / (q - 1) for Tsallis.
    let equal = [1_000_000; 8];
    for order in [0.0, 0.3, 1.0 - 1e-12, 1.0, 1.0 + 1e-9, 1.09, 1.11, 7.0, 100.0] {
        let (renyi, tsallis) = (Entropy::Renyi { order }, Entropy::Tsallis { order });
        assert_close(&[renyi.of(&equal)], &[8f64.ln()], 1e-13, &format!("Rényi {order}"));
        let expected =
            if (order - 1.0).abs() < 1e-8 { 8f64.ln() } else { (1.0 - 8f64.powf(1.0 - order)) / (order - 1.0) };
        assert_close(&[tsallis.of(&equal)], &[expected], 1e-7, &format!("Tsallis {order}"));
        assert_eq!((renyi.of(&[0, 9, 0]), tsallis.of(&[0, 9, 0])), (0.0, 0.0));
        assert!(renyi.of(&[0, 0]).is_nan());
    }
    let uneven = [1, 2, 30];
    assert_eq!(Entropy::Renyi { order: 1.0 }.of(&uneven), Entropy::Shannon.of(&uneven));
    assert_eq!(Entropy::Tsallis { order: 1.0 }.of(&uneven), Entropy::Shannon.of(&uneven));
    // A high order sees the largest share only: (order / (1 - order)) ln(30 / 33).
    let order = 100.0;
    let largest = order / (1.0 - order) * (30f64 / 33.0).ln();
    assert_close(&[Entropy::Renyi { order }.of(&uneven.map(|c| c * 1000))], &[largest], 1e-12, "order 100");

    assert!(Bins::equal_width(&[f64::NAN], 10).is_none());
    let huge = Bins::equal_width(&[-1.7e308, 1.7e308], 4).unwrap();
    assert_eq!(huge.counts(&[-1.7e308, -0.5e308, 1.0, 1e308, f64::INFINITY]), [1, 1, 1, 1]);
    assert_eq!(Bins::equal_width(&[1.0, 2.0], 2).unwrap().counts(&[-5.0, 1.5, 2.0, 7.0]), [1, 3]);
}

#[test]
fn rolling_entropies_follow_the_windows() {
    let fixture = peers();
    let (series, train) = (numbers(&fixture["inputs"]["series"]), numbers(&fixture["inputs"]["train"]));
    let kinds = kinds(&fixture);
    for case in cases(&fixture, "rolling_entropy") {
        let bins = Bins::equal_width(&train, 8).unwrap();
        let reach = Reach::Rows(count(case, "rows"));
        let first = RollingEntropy::new(bins, &kinds, reach, count(case, "min_values"));
        let mut machine = first.clone();
        let mut got = vec![0.0; series.len() * kinds.len()];
        for (out, &value) in got.chunks_mut(kinds.len()).zip(&series) {
            machine.push(0, value, out);
        }
        assert_close(&got, &numbers(&case["output"]), 1e-11, &case["inputs"].to_string());
    }
}

#[test]
fn standing_among_training_values() {
    let fixture = peers();
    for case in cases(&fixture, "standing") {
        let profile = ColumnProfile::fit(&config(), &column(&fixture, case), &Cx::default()).unwrap().unwrap();
        let probe = numbers(&fixture["inputs"]["probe"][case["inputs"]["data"].as_str().unwrap()]);
        let scores: [&dyn Fn(f64) -> f64; 4] = [
            &|value| profile.z_score(value, 20.0),
            &|value| profile.modified_z_score(value, 20.0),
            &|value| profile.iqr_flag(value, 1.5),
            &|value| profile.percentile_rank(value),
        ];
        for (score, expected) in scores.iter().zip(case["output"].as_array().unwrap()) {
            let got: Vec<f64> = probe.iter().map(|&value| score(value)).collect();
            assert_close(&got, &numbers(expected), 1e-12, &case["inputs"].to_string());
            assert!(score(f64::NAN).is_nan() && score(f64::INFINITY).is_nan());
        }
    }
}

#[test]
fn ranks_among_many_values_are_interpolated() {
    // Values 0 to 4999 and as many zeros: half of all are 0.
    let values: Vec<f64> = (0..5000).map(f64::from).chain([0.0; 5000]).collect();
    let profile = ColumnProfile::fit(&config(), &values, &Cx::default()).unwrap().unwrap();
    for (value, expected) in [(-1.0, 0.0), (0.0, 0.25), (1000.0, 0.6), (2500.5, 0.75), (4999.0, 1.0), (1e9, 1.0)] {
        assert_close(&[profile.percentile_rank(value)], &[expected], 1e-3, "rank");
    }
    assert_eq!((profile.median, profile.mad), (0.0, 0.0));
    assert_close(&[profile.modified_z_score(10.0, 99.0)], &[10.0 / (1.253_314 * 1249.75)], 1e-12, "fall-back");
}

fn config() -> ProfileConfig {
    ProfileConfig {
        quantile_levels: vec![0.05, 0.25, 0.5, 0.75, 0.95],
        tail_level: 0.95,
        entropy_bins: 10,
        entropies: vec![Entropy::Shannon, Entropy::Renyi { order: 2.0 }, Entropy::Tsallis { order: 2.0 }],
    }
}

#[test]
fn tails_of_training_values() {
    let fixture = peers();
    for case in cases(&fixture, "tails") {
        let values = column(&fixture, case);
        let tails = Tails::fit(&sorted(&values), case["inputs"]["level"].as_f64().unwrap()).unwrap();
        let TailStatistics { share_below, share_above, excess_below, excess_above } =
            tails.statistics(&values).unwrap();
        let got = [share_below, share_above, excess_below, excess_above];
        assert_close(&got, &numbers(&case["output"]), 1e-12, &case["inputs"].to_string());
    }
    let tails = Tails { lower: -1.0, upper: 2.0 };
    assert_eq!([-3.0, -1.0, 0.0, 2.0, 2.5].map(|value| tails.excess(value)), [-2.0, 0.0, 0.0, 0.0, 0.5]);
    assert!(tails.excess(f64::NAN).is_nan() && tails.statistics(&[f64::NAN]).is_none());
    assert!(Tails::fit(&[], 0.95).is_none());
    assert!(tails.statistics(&[1.7e308, 1.7e308, -1.7e308]).unwrap().excess_above.is_finite());
}

#[test]
fn a_profile_is_stored_and_read_back() {
    let cx = Cx::default();
    let fit = |column: &[f64]| ColumnProfile::fit(&config(), column, &cx).unwrap();
    let wave: Vec<f64> = (0..3000).map(|i| (f64::from(i) * 0.37).sin() * 1e3).collect();
    let columns = [vec![1.0, f64::NAN, 4.0, 2.0, 9.0], vec![0.1; 4], vec![-1.7e308, 1.7e308, 1.7e308], vec![5.0], wave];
    for column in columns {
        let profile = fit(&column).unwrap();
        let text = serde_json::to_string(&profile).unwrap();
        assert!(!text.contains("inf"));
        let numbers: Value = serde_json::from_str(&text).unwrap();
        let missing = [column.len() < 3 || profile.std == 0.0, column.len() < 4 || profile.std == 0.0];
        assert_eq!([numbers["skewness"].is_null(), numbers["excess_kurtosis"].is_null()], missing);
        assert_eq!(text.matches("null").count(), missing.iter().filter(|&&missing| missing).count());
        let text = ron::to_string(&profile).unwrap();
        assert_eq!(ron::from_str::<ColumnProfile>(&text).unwrap(), profile);
    }
    let profile = fit(&[1.0, f64::NAN, 4.0, 2.0, 9.0]).unwrap();
    assert_eq!((profile.n, profile.n_missing, profile.mean, profile.median), (4, 1, 4.0, 3.0));
    assert_eq!(profile.quantiles[1], (0.25, 1.75));
    assert!(fit(&[f64::NAN]).is_none());
    cx.cancel();
    assert!(ColumnProfile::fit(&config(), &[1.0], &cx).is_err());
}

proptest! {
    #[test]
    fn windows_in_time_hold_what_is_less_than_their_length_old(
        steps in prop::collection::vec((0i64..4, prop_oneof![4 => -2.0..2.0, 1 => Just(f64::NAN)]), 1..80),
        width in 1i64..12,
    ) {
        let bins = Bins::equal_width(&[-1.0, 1.0], 5).unwrap();
        let kinds = [Entropy::Shannon, Entropy::Renyi { order: 0.5 }];
        let mut machine = RollingEntropy::new(bins.clone(), &kinds, Reach::Micros(width), 2);
        let mut rows: Vec<(i64, f64)> = Vec::new();
        for (step, value) in steps {
            rows.push((rows.last().map_or(0, |row| row.0) + step, value));
            let now = rows[rows.len() - 1].0;
            let window: Vec<f64> = rows.iter().filter(|row| row.0 > now - width).map(|row| row.1).collect();
            let n = window.iter().filter(|value| !value.is_nan()).count();
            let mut got = [0.0; 2];
            machine.push(now, value, &mut got);
            for (got, kind) in got.into_iter().zip(kinds) {
                let expected = if n < 2 { f64::NAN } else { kind.of(&bins.counts(&window)) };
                prop_assert_eq!(got.to_bits(), expected.to_bits());
            }
        }
    }
}
