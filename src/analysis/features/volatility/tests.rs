//! Against pandas, `arch`, the definition, and inputs of any kind.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::cx::Cx;

macro_rules! reference {
    ($name:literal) => {
        serde_json::from_str::<Json>(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/", $name))).unwrap()
    };
}

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

fn numbers(value: &Json) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

fn close(got: f64, want: f64, relative: f64) -> bool {
    (got.is_nan() && want.is_nan()) || (got - want).abs() <= relative * want.abs()
}

fn ewm(values: &[f64], spec: EwmSpec) -> Vec<EwmMoments> {
    let mut state = Ewm::new(spec);
    values.iter().map(|&value| state.push(value)).collect()
}

#[test]
fn ewm_agrees_with_pandas_on_the_fixture() {
    let reference = reference!("reference/rolling.json");
    let mut n_compared = 0;
    for case in reference["cases"].as_array().unwrap() {
        if !case["call"].as_str().unwrap().contains("ewm(span=20)") {
            continue;
        }
        let values = numbers(&reference["inputs"][case["inputs"]["data"].as_str().unwrap()]);
        for (name, adjust, bias, std) in [
            ("mean_adjust", true, false, false),
            ("std_adjust", true, false, true),
            ("mean_no_adjust", false, false, false),
            ("std_no_adjust", false, false, true),
            ("std_bias_no_adjust", false, true, true),
        ] {
            let want = numbers(&case["output"][name]);
            let got = ewm(&values, EwmSpec { span: 20.0, adjust, bias });
            assert_eq!(got.len(), want.len());
            for (row, (got, want)) in got.iter().zip(want).enumerate() {
                let got = if std { got.std } else { got.mean };
                assert!(close(got, want, 1e-12), "{name} row {row}: {got} {want}");
                n_compared += 1;
            }
        }
    }
    assert_eq!(n_compared, 3000);
}

#[test]
fn ewm_agrees_with_pandas_with_many_gaps() {
    let reference = reference!("peers/ewm_cases.json");
    for case in reference["cases"].as_array().unwrap() {
        let mut random = Lcg(case[0].as_u64().unwrap());
        let n = case[1].as_u64().unwrap() as usize;
        let mut value = || {
            let (u, z) = (random.uniform(), random.normal());
            if u < 0.25 { f64::NAN } else { 1e6 + z }
        };
        let values: Vec<f64> = (0..n).map(|_| value()).collect();
        let (span, adjust) = (case[2].as_f64().unwrap(), case[3].as_bool().unwrap());
        let biased = ewm(&values, EwmSpec { span, adjust, bias: true });
        let unbiased = ewm(&values, EwmSpec { span, adjust, bias: false });
        for (at, row) in [0, 1, 2, 3, n / 2, n - 2, n - 1].into_iter().enumerate() {
            let want = |column: usize| numbers(&case[column])[at];
            let context = format!("span {span} adjust {adjust} row {row}");
            assert!(close(biased[row].mean, want(4), 1e-12), "{context}: {:?} {}", biased[row], want(4));
            assert!(close(biased[row].std, want(5), 1e-9), "{context}: {:?} {}", biased[row], want(5));
            assert!(close(unbiased[row].std, want(6), 1e-9), "{context}: {:?} {}", unbiased[row], want(6));
        }
    }
}

#[test]
fn ewm_of_constant_huge_and_few_values() {
    let spec = EwmSpec { span: 10.0, adjust: true, bias: false };
    let constant = ewm(&[0.1; 50], spec);
    assert!(constant[1..].iter().all(|m| m.mean == 0.1 && m.std == 0.0));
    assert!(constant[0].std.is_nan());
    let huge = ewm(&[1e300, -1e300, 1e300], spec);
    assert!(huge[2].mean.is_finite() && huge[2].std.is_finite());
    let late = ewm(&[f64::NAN, f64::INFINITY, 3.0], spec);
    assert!(late[1].mean.is_nan() && late[2].mean == 3.0);
    // A span that makes no sense counts as 1: the value itself.
    assert_eq!(ewm(&[1.0, 5.0], EwmSpec { span: f64::NAN, ..spec })[1].mean, 5.0);
}

fn spec_of(q: u64, constant: bool) -> GarchSpec {
    GarchSpec {
        variance: if q == 1 { VarianceModel::Garch } else { VarianceModel::Arch },
        mean: if constant { MeanModel::Constant } else { MeanModel::Zero },
        movement: Movement::Values,
    }
}

fn volatility(model: &Garch, values: &[f64]) -> Vec<Volatility> {
    let mut state = model.start();
    values.iter().map(|&value| state.push(value)).collect()
}

#[test]
fn garch_agrees_with_arch_on_the_fixture() {
    let reference = reference!("reference/volatility.json");
    let cases = reference["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let values = numbers(&reference["inputs"][case["inputs"]["data"].as_str().unwrap()]);
        let output = &case["output"];
        let q = u64::from(!case["call"].as_str().unwrap().contains("q=0"));
        let spec = spec_of(q, case["inputs"]["mean"] == "Constant");
        let model = Garch::fit(&[&values], spec, &Cx::default()).unwrap();
        let want = |name: &str| output["params"][name].as_f64().unwrap_or(0.0);
        for (got, name) in
            [(model.mu, "mu"), (model.omega(), "omega"), (model.alpha, "alpha[1]"), (model.beta, "beta[1]")]
        {
            assert!(close(got, want(name), 1e-3), "{name}: {got} {}", want(name));
        }
        let likelihood = output["loglikelihood"].as_f64().unwrap();
        assert!((model.log_likelihood - likelihood).abs() < 1e-3, "{} {likelihood}", model.log_likelihood);
        assert!((model.aic() - output["aic"].as_f64().unwrap()).abs() < 2e-3);
        let want = numbers(&output["conditional_volatility"]);
        for (got, want) in volatility(&model, &values).iter().zip(want) {
            assert!(close(got.sigma, want, 1e-3), "{got:?} {want}");
        }
    }
}

/// The series of a case in `garch_cases.json`.
fn simulated(case: &Json) -> Vec<f64> {
    let number = |column: usize| case[column].as_f64().unwrap();
    let (omega, alpha, beta, mean, scale) = (number(2), number(3), number(4), number(5), number(7));
    let heavy = case[6].as_bool().unwrap();
    let mut random = Lcg(case[0].as_u64().unwrap());
    let mut h = omega / (1.0 - alpha - beta);
    let mut step = || {
        let mut z = random.normal();
        if heavy && random.uniform() < 0.05 {
            z *= 3.0;
        }
        let e = h.sqrt() * z;
        h = omega + alpha * (e * e) + beta * h;
        (e + mean) * scale
    };
    (0..case[1].as_u64().unwrap()).map(|_| step()).collect()
}

#[test]
fn garch_agrees_with_arch_on_other_series() {
    let reference = reference!("peers/garch_cases.json");
    let mut n_compared = 0;
    for case in reference["cases"].as_array().unwrap() {
        let values = simulated(case);
        let spec = spec_of(case[8].as_u64().unwrap(), case[9] == 1);
        let model = Garch::fit(&[&values], spec, &Cx::default()).unwrap();
        let (want, likelihood) = (numbers(&case[10]), case[11].as_f64().unwrap());
        // Its search may end a little outside of its own limits, and then in vain.
        let allowed = want[2] + want[3] <= 1.0 + 1e-9;
        let gain = model.log_likelihood - likelihood;
        assert!(gain > -1e-4 || !allowed, "{}: {gain}", case[0]);
        assert!(model.alpha + model.beta < 1.0);
        // Elsewhere it ended on a lower top.
        if gain.abs() > 1e-6 || !allowed {
            continue;
        }
        n_compared += 1;
        let got = [model.mu, model.omega(), model.alpha, model.beta];
        for (got_one, want_one) in got.into_iter().zip(&want) {
            assert!(close(got_one, *want_one, 1e-3) || (got_one - want_one).abs() < 1e-9, "{got:?} {want:?}");
        }
        assert!((model.aic() - case[12].as_f64().unwrap()).abs() < 1e-5);
        assert!((model.bic() - case[13].as_f64().unwrap()).abs() < 1e-5);
        let volatility = volatility(&model, &values);
        for (row, want) in [0, values.len() / 2, values.len() - 1].into_iter().zip(numbers(&case[14])) {
            let Volatility { sigma, residual } = volatility[row];
            assert!(close(sigma, want, 1e-3), "{}: {sigma} {want}", case[0]);
            assert!(close(residual, (values[row] - model.mu) / sigma, 1e-12));
        }
    }
    assert!(n_compared >= 38, "{n_compared}");
}

/// Values whose size changes from time to time.
fn restless(seed: u64, n: usize) -> Vec<f64> {
    let mut random = Lcg(seed);
    (0..n).map(|i| random.normal() * if i / 40 % 2 == 0 { 1.0 } else { 3.0 }).collect()
}

#[test]
fn derivatives_agree_with_differences_of_the_likelihood() {
    let series = [restless(5, 120), restless(6, 80)];
    let likelihood = likelihood::Likelihood { series: &series, backcast: 1.3 };
    let point = [0.1, -1.5, 0.8, 0.3];
    let value = likelihood.evaluate(&point);
    assert!(close(value.value, likelihood.negative(&point), 1e-12));
    for i in 0..4 {
        let at = |step: f64| {
            let mut moved = point;
            moved[i] += step;
            likelihood.negative(&moved)
        };
        let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!(close(value.gradient[i], numeric, 1e-6), "{i}: {} {numeric}", value.gradient[i]);
    }
}

#[test]
fn one_model_of_several_entities() {
    // The likelihood of both series by its definition, each starting from the backcast.
    let series = [restless(1, 300), restless(2, 200)];
    let spec = spec_of(1, false);
    let model = Garch::fit(&series, spec, &Cx::default()).unwrap();
    let mut want = 0.0;
    for series in &series {
        for (row, &value) in volatility(&model, series).iter().zip(series) {
            want -= 0.5 * (std::f64::consts::TAU.ln() + 2.0 * row.sigma.ln() + (value / row.sigma).powi(2));
        }
    }
    assert!(close(model.log_likelihood, want, 1e-12), "{} {want}", model.log_likelihood);
    let alone = Garch::fit(&series[..1], spec, &Cx::default()).unwrap();
    assert_ne!(alone.alpha, model.alpha);
    assert_eq!(alone.n_values, 300);
}

#[test]
fn differences_are_those_of_the_values_present() {
    let values = restless(3, 400);
    let mut sum = 0.0;
    let mut walk = vec![100.0];
    walk.extend(values.iter().map(|value| {
        sum += value;
        100.0 + sum
    }));
    let differences: Vec<f64> = walk.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let of_values = Garch::fit(&[&differences], spec_of(1, true), &Cx::default()).unwrap();
    let mut gaps = walk.clone();
    gaps.insert(7, f64::NAN);
    gaps.insert(200, f64::INFINITY);
    let spec = GarchSpec { movement: Movement::Differences, ..spec_of(1, true) };
    let of_differences = Garch::fit(&[&gaps], spec, &Cx::default()).unwrap();
    assert_eq!(Garch { spec, ..of_values.clone() }, of_differences);
    let rows = volatility(&of_differences, &gaps);
    assert!(rows[0].residual.is_nan() && rows[7].residual.is_nan() && rows[200].residual.is_nan());
    // A gap tells the same of the next row as that row itself.
    assert_eq!(rows[7].sigma, rows[8].sigma);
    let present: Vec<Volatility> = rows.into_iter().filter(|row| !row.residual.is_nan()).collect();
    assert_eq!(present, volatility(&of_values, &differences));
}

#[test]
fn the_scale_of_the_values_does_not_matter() {
    let values = restless(4, 500);
    let model = Garch::fit(&[&values], spec_of(1, true), &Cx::default()).unwrap();
    for scale in [2f64.powi(-800), 2f64.powi(900)] {
        let scaled: Vec<f64> = values.iter().map(|value| value * scale).collect();
        let other = Garch::fit(&[&scaled], spec_of(1, true), &Cx::default()).unwrap();
        assert!(close(other.alpha, model.alpha, 1e-9) && close(other.beta, model.beta, 1e-9));
        let (got, want) = (volatility(&other, &scaled), volatility(&model, &values));
        for (got, want) in got.iter().zip(want) {
            assert!(close(got.sigma / scale, want.sigma, 1e-9) && close(got.residual, want.residual, 1e-9));
        }
        assert!(other.log_likelihood.is_finite() && other.omega().is_finite());
    }
}

#[test]
fn what_cannot_be_fitted_says_so() {
    let cx = Cx::default();
    let fit = |values: &[f64]| Garch::fit(&[values], spec_of(1, true), &cx);
    assert_eq!(fit(&[7.0; 100]), Err(GarchError::Constant));
    assert_eq!(fit(&[0.0; 100]), Err(GarchError::Constant));
    assert_eq!(fit(&[1e-300, -1e-300].repeat(40)), Err(GarchError::Constant));
    assert_eq!(fit(&restless(1, 29)), Err(GarchError::TooShort { n_values: 29 }));
    assert_eq!(fit(&[f64::NAN; 100]), Err(GarchError::TooShort { n_values: 0 }));
    cx.cancel();
    assert_eq!(fit(&restless(1, 100)), Err(GarchError::Cancelled));
}

#[test]
fn only_the_last_values_of_a_long_series_are_used() {
    let mut long = vec![1e6; 10];
    long.extend(restless(8, 100_000));
    let fit = |values: &[f64]| Garch::fit(&[values], spec_of(0, false), &Cx::default()).unwrap();
    assert_eq!(fit(&long), fit(&long[10..]));
}

#[test]
fn stored_states_go_on_as_they_were() {
    let values = restless(9, 200);
    let model = Garch::fit(&[&values], spec_of(1, true), &Cx::default()).unwrap();
    let mut state = model.start();
    let mut average = Ewm::new(EwmSpec { span: 5.0, adjust: true, bias: false });
    for &value in &values {
        let mut stored: GarchState = ron::from_str(&ron::to_string(&state).unwrap()).unwrap();
        let mut stored_average: Ewm = ron::from_str(&ron::to_string(&average).unwrap()).unwrap();
        assert_eq!(state.push(value), stored.push(value));
        let (want, got) = (average.push(value), stored_average.push(value));
        assert_eq!((want.mean, want.std.to_bits()), (got.mean, got.std.to_bits()));
    }
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -10.0..10.0,
        1 => Just(0.0),
        1 => Just(f64::NAN),
        1 => Just(1e300),
        1 => Just(-1e300),
        1 => Just(1e-300),
        1 => (0..4).prop_map(f64::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_series_gives_finite_numbers(values in prop::collection::vec(any_value(), 0..120), q in 0u64..2, constant: bool) {
        if let Ok(model) = Garch::fit(&[&values], spec_of(q, constant), &Cx::default()) {
            let Garch { mu, scale, relative_omega, alpha, beta, relative_backcast, log_likelihood, .. } = model;
            let numbers = [mu, scale, relative_omega, alpha, beta, relative_backcast, log_likelihood, model.omega()];
            prop_assert!(numbers.iter().all(|number| number.is_finite()), "{:?}", model);
            prop_assert!(alpha >= 0.0 && beta >= 0.0 && alpha + beta < 1.0);
            for (row, value) in volatility(&model, &values).iter().zip(&values) {
                prop_assert!(row.sigma > 0.0 && row.sigma.is_finite());
                prop_assert_eq!(row.residual.is_finite(), value.is_finite());
            }
        }
        let spec = EwmSpec { span: 4.0, adjust: constant, bias: true };
        for row in ewm(&values, spec).iter().skip_while(|row| row.mean.is_nan()) {
            prop_assert!(row.mean.is_finite() && row.std.is_finite());
        }
    }
}
