//! Against scikit-learn and scipy, hand-computed cases, and inputs of any kind.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::cx::{Cancelled, Cx};

/// The generator the cases were made with: every operation is exact or correctly rounded, so that Python gets the same
/// numbers.
struct Lcg(u64);

impl Lcg {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 * 2f64.powi(-53)
    }

    /// Near normal: mean 0, variance 1.
    fn normal(&mut self) -> f64 {
        (0..12).fold(0.0, |sum, _| sum + self.uniform()) - 6.0
    }
}

fn series(kind: &str, seed: u64, n: usize) -> Vec<f64> {
    let mut random = Lcg(seed);
    let mut value = || {
        let (z, u) = (random.normal(), random.uniform());
        match kind {
            "normal" => z,
            "skewed" => z * z * z * z,
            "left" => -(z * z),
            "both" => z * z * z,
            "ties" => (u * 5.0).trunc(),
            "zeros" if u < 0.6 => 0.0,
            "zeros" => z * z * 100.0,
            "offset" => 1000.0 + z * z * 50.0,
            "tiny" => z * z * 1e-4,
            "huge" => z * z * z * 1e100,
            _ => (z * z * 30.0).trunc() * 1e6,
        }
    };
    (0..n).map(|_| value()).collect()
}

fn cases() -> Vec<(String, Vec<f64>, Vec<f64>, Json)> {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/peers/transform_cases.json"));
    let reference: Json = serde_json::from_str(text).unwrap();
    let case = |case: &Json| {
        let (kind, seed, n) =
            (case[0].as_str().unwrap(), case[1].as_u64().unwrap(), case[2].as_u64().unwrap() as usize);
        let values = series(kind, seed, n);
        let mut new = series(kind, seed + 5000, 8);
        let low = values.iter().copied().fold(f64::MAX, f64::min);
        let high = values.iter().copied().fold(f64::MIN, f64::max);
        new.extend([low, high, values[n / 2], 2.0 * high - low, 2.0 * low - high]);
        (format!("{kind} {n}"), values, new, case.clone())
    };
    reference["cases"].as_array().unwrap().iter().map(case).collect()
}

fn numbers(value: &Json) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn yeo_johnson_agrees_with_scikit_learn() {
    let mut n_compared = 0;
    for (name, values, new, case) in cases() {
        if name.starts_with("offset") {
            continue;
        }
        let fitted = YeoJohnson::fit(&values, &Cx::default()).unwrap();
        let want = case[3].as_f64().unwrap();
        assert!((fitted.lambda - want).abs() <= 1e-7 * (1.0 + want.abs()), "{name}: {} {want}", fitted.lambda);
        let theirs = YeoJohnson { lambda: want };
        for (value, want) in new.iter().zip(numbers(&case[4])) {
            let got = theirs.apply(*value);
            assert!((got - want).abs() <= 1e-12 * want.abs(), "{name} of {value}: {got} {want}");
            let back = theirs.invert(got);
            assert!((back - value).abs() <= 1e-6 * value.abs() + 1e-9, "{name}: {value} came back as {back}");
            n_compared += 1;
        }
    }
    assert_eq!(n_compared, 27 * 13);
}

#[test]
fn yeo_johnson_keeps_values_around_a_large_mean_apart() {
    for (name, values, _, case) in cases().into_iter().filter(|case| case.0.starts_with("offset")) {
        let fitted = YeoJohnson::fit(&values, &Cx::default()).unwrap();
        let likeliest = case[3].as_f64().unwrap();
        assert!(fitted.lambda > likeliest && fitted.lambda < 0.0, "{name}: {}", fitted.lambda);
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let transformed: Vec<f64> = sorted.iter().map(|&value| fitted.apply(value)).collect();
        let n_apart = transformed.windows(2).filter(|pair| pair[1] > pair[0]).count();
        assert!(n_apart * 10 > (values.len() - 1) * 9, "{name}: {n_apart}");
    }
}

#[test]
fn yeo_johnson_of_values_without_shape() {
    for values in [
        vec![],
        vec![f64::NAN; 3],
        vec![7.0; 9],
        vec![0.0; 9],
        vec![3.0],
        vec![1e-300, 2e-300, 3e-300],
        vec![-1e300, 0.0, 1e300],
    ] {
        assert_eq!(YeoJohnson::fit(&values, &Cx::default()).unwrap().lambda, 1.0, "{values:?}");
    }
    let cx = Cx::default();
    cx.cancel();
    assert_eq!(YeoJohnson::fit(&[1.0, 2.0, 5.0], &cx), Err(Cancelled));
    // Both by hand: ln(1 + x) for a power of 0, and its mirror image for 2.
    assert!((YeoJohnson { lambda: 0.0 }.apply(1.0) - 2f64.ln()).abs() < 1e-15);
    assert!((YeoJohnson { lambda: 2.0 }.apply(-1.0) + 2f64.ln()).abs() < 1e-15);
    assert!((YeoJohnson { lambda: 2.0 }.apply(3.0) - 7.5).abs() < 1e-14);
    assert_eq!(YeoJohnson { lambda: -1.0 }.invert(2.0), f64::MAX);
}

#[test]
fn quantile_transform_agrees_with_scikit_learn() {
    for (name, values, new, case) in cases() {
        let scale = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        for (output, at) in [(Output::Uniform, 5), (Output::Normal, 7)] {
            let fitted = QuantileTransform::fit(&values, output);
            for ((value, want), back) in new.iter().zip(numbers(&case[at])).zip(numbers(&case[at + 1])) {
                let got = fitted.apply(*value);
                assert!((got - want).abs() < 1e-9, "{name} {output:?} of {value}: {got} {want}");
                let inverse = fitted.invert(want);
                assert!((inverse - back).abs() <= 1e-9 * scale, "{name} {output:?} back from {want}: {inverse} {back}");
            }
        }
    }
}

#[test]
fn quantile_transform_of_few_and_missing_values() {
    let empty = QuantileTransform::fit(&[f64::NAN; 4], Output::Normal);
    assert_eq!(empty.apply(3.0), 0.0);
    assert!(empty.invert(0.5).is_nan());
    // QuantileTransformer(output_distribution='uniform').fit([[1], [nan], [2], [4]]).transform([[1], [2], [3], [4], [9]])
    let gaps = QuantileTransform::fit(&[1.0, f64::NAN, 2.0, 4.0], Output::Uniform);
    let got = [1.0, 2.0, 3.0, 4.0, 9.0].map(|value| gaps.apply(value));
    let want = [0.0, 4.0 / 9.0, 0.75, 1.0, 1.0];
    assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12), "{got:?}");
    assert!(gaps.apply(f64::INFINITY).is_nan());
}

#[test]
fn winsorize_pulls_in_to_the_quantiles() {
    // numpy.quantile([1..10, 100], [0.1, 0.9]) is [2, 10].
    let mut values: Vec<f64> = (1..=10).map(f64::from).collect();
    values.extend([100.0, f64::NAN]);
    let fitted = Winsorize::fit(&values, [0.1, 0.9]);
    assert_eq!(fitted, Winsorize { low: 2.0, high: 10.0 });
    assert_eq!([-5.0, 2.5, 1e300].map(|value| fitted.apply(value)), [2.0, 2.5, 10.0]);
    assert!(fitted.apply(f64::NAN).is_nan());
    assert_eq!(Winsorize::fit(&values, [0.9, 0.1]), fitted);
    assert_eq!(Winsorize::fit(&[], [0.1, 0.9]).apply(3.0), 3.0);
}

#[test]
fn log_bends_at_the_usual_size() {
    // The median of 2, 4 and 6 is 4; zeros do not count.
    let fitted = Log::fit(&[0.0, 0.0, 0.0, 0.0, -4.0, 2.0, 6.0, f64::NAN]);
    assert_eq!(fitted.scale, 4.0);
    assert!((fitted.apply(4.0) - 2f64.ln()).abs() < 1e-15);
    assert!((fitted.apply(-28.0) + 8f64.ln()).abs() < 1e-15);
    assert_eq!(fitted.apply(0.0), 0.0);
    assert_eq!(Log::fit(&[0.0; 5]).scale, 1.0);
    let small = Log { scale: 1e-300 };
    assert!((small.apply(1e300) - 600.0 * 10f64.ln()).abs() < 1e-9);
    assert!((small.invert(small.apply(1e300)) / 1e300 - 1.0).abs() < 1e-10);
}

#[test]
fn outliers_lie_beyond_the_limits() {
    // The quartiles of 1 to 9 are 3 and 7; the mean is 5, the standard deviation the root of 60/9.
    let values: Vec<f64> = (1..=9).map(f64::from).chain([f64::NAN]).collect();
    let by_range = OutlierLimits::fit(&values, OutlierRule::Iqr(1.5));
    assert!((by_range.low + 3.0).abs() < 1e-12 && (by_range.high - 13.0).abs() < 1e-12, "{by_range:?}");
    let by_score = OutlierLimits::fit(&values, OutlierRule::ZScore(3.0));
    assert!((by_score.high - 5.0 - 3.0 * (60f64 / 9.0).sqrt()).abs() < 1e-12, "{by_score:?}");
    assert_eq!([0.0, 20.0, f64::NAN, -4.0].map(|value| by_range.allows(value)), [true, false, true, false]);
    for values in [vec![], vec![2.0; 5], vec![0.0; 5]] {
        assert!(OutlierLimits::fit(&values, OutlierRule::ZScore(3.0)).allows(1e9), "{values:?}");
    }
    assert!(OutlierLimits::fit(&[1e300, -1e300, 1e300], OutlierRule::ZScore(1e10)).allows(1e300));
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -10.0..10.0,
        1 => Just(0.0),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(1e300),
        1 => Just(f64::MIN),
        1 => Just(1e-300),
        2 => (0..4).prop_map(f64::from),
        1 => 1e9..1.000_001e9,
    ]
}

/// Checks what all transforms promise.
fn holds(name: &str, values: &[f64], apply: impl Fn(f64) -> f64, invert: impl Fn(f64) -> f64) {
    let mut sorted = present(values);
    sorted.extend([-1e300, -3.0, 0.0, 1e-9, 2.5, 1e12, f64::MAX]);
    sorted.sort_by(f64::total_cmp);
    let transformed: Vec<f64> = sorted.iter().map(|&value| apply(value)).collect();
    for (pair, of) in transformed.windows(2).zip(&sorted) {
        assert!(pair[1] - pair[0] >= -1e-12 * pair[0].abs(), "{name} turns the order around at {of}: {pair:?}");
    }
    assert!(transformed.iter().all(|value| value.abs() <= 1e150), "{name}: {transformed:?}");
    assert!(apply(f64::NAN).is_nan() && apply(f64::NEG_INFINITY).is_nan());
    if !present(values).is_empty() {
        assert!(transformed.iter().all(|&value| invert(value).is_finite()), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn transforms_are_monotone_and_finite(values in prop::collection::vec(any_value(), 0..60)) {
        let fitted = Winsorize::fit(&values, [0.01, 0.99]);
        holds("winsorize", &values, |value| fitted.apply(value).clamp(-LIMIT, LIMIT), |value| value);
        let fitted = Log::fit(&values);
        holds("log", &values, |value| fitted.apply(value), |value| fitted.invert(value));
        let fitted = YeoJohnson::fit(&values, &Cx::default()).unwrap();
        prop_assert!(fitted.lambda.is_finite());
        holds("Yeo-Johnson", &values, |value| fitted.apply(value), |value| fitted.invert(value));
        for output in [Output::Uniform, Output::Normal] {
            let fitted = QuantileTransform::fit(&values, output);
            prop_assert!(fitted.quantiles.iter().all(|quantile| quantile.is_finite()));
            holds("quantile", &values, |value| fitted.apply(value), |value| fitted.invert(value));
        }
    }
}
