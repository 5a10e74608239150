//! Against scikit-learn, brute force, hand-computed cases, and inputs of any kind.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::f_test::FTest;
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

/// Two columns and a class: the first moves with the class, the second with the square of the first.
fn columns(seed: u64, n: usize) -> (Vec<f64>, Vec<f64>, Vec<u32>) {
    let mut random = Lcg(seed);
    let (mut a, mut b, mut classes) = (vec![], vec![], vec![]);
    for i in 0..n {
        let (u, z, e) = (random.uniform(), random.normal(), random.normal());
        // One class of a single row.
        let class = if i == 5 { 7.0 } else { (u * 3.0).trunc() };
        let value = z + 0.7 * class;
        a.push(value);
        b.push(value * value * 100.0 + e * 30.0 + 1e5);
        classes.push(class as u32);
    }
    (a, b, classes)
}

/// Seed, rows; with scikit-learn 1.9.1 and `a, b, c` as [`columns`]: `mutual_info_classif([a, b], c)`;
/// and with scipy 1.17.1, as `f_classif` loses digits to a large mean: `f_oneway` per class.
type Case = (u64, usize, [f64; 2], [f64; 2], [f64; 2]);

#[rustfmt::skip]
const CASES: [Case; 4] = [
    (1, 40, [0.22402946221554454, 0.17557692731344066], [15.086688413794205, 151.38103022598105], [1.6083435976730954e-06, 1.823669875160592e-20]),
    (2, 57, [0.341236662040449, 0.098983246672953], [15.381600142290784, 63.581049051368424], [2.5411914091184945e-07, 1.4410708062315475e-17]),
    (3, 400, [0.10937713131203375, 0.05176592162175875], [50.930050065839595, 92.8454313683697], [7.378231356556146e-28, 1.6281079655063057e-45]),
    (4, 1001, [0.11530314643668227, 0.04170870964617257], [106.92000672635392, 96.69738398509557], [5.096339605972443e-60, 6.147429266065388e-55]),
];

#[test]
fn agrees_with_scikit_learn_on_columns_without_ties() {
    let cx = Cx::default();
    for (seed, n, of_class, f, p) in CASES {
        let (a, b, classes) = columns(seed, n);
        for (i, column) in [&a, &b].into_iter().enumerate() {
            let got = with_class(column, &classes, 0, &cx).unwrap();
            assert!((got - of_class[i]).abs() < 1e-9, "{n} {i}: {got} {}", of_class[i]);
            let test = f_test(column, &classes);
            assert!((test.f - f[i]).abs() < 1e-9 * f[i], "{n} {i}: {test:?} {}", f[i]);
            assert!((test.p - p[i]).abs() < 1e-9 * p[i], "{n} {i}: {test:?} {}", p[i]);
        }
    }
}

fn numbers(value: &Json) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn agrees_with_scikit_learn_on_the_fixture() {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/feature_ranking.json"));
    let reference: Json = serde_json::from_str(text).unwrap();
    let classes: Vec<u32> = numbers(&reference["inputs"]["y"]).into_iter().map(|class| class as u32).collect();
    let mut n_compared = 0;
    for case in reference["cases"].as_array().unwrap() {
        let data = case["inputs"]["data"].as_str().unwrap();
        let rows: Vec<Vec<f64>> = reference["inputs"][data].as_array().unwrap().iter().map(numbers).collect();
        let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<f64>>();
        let output = &case["output"];
        let of_test = case["call"].as_str().unwrap().starts_with("f_classif");
        for at in 0..rows[0].len() {
            n_compared += 1;
            if of_test {
                let (got, f, p) = (f_test(&column(at), &classes), numbers(&output["F"])[at], numbers(&output["p"])[at]);
                assert!((got.f - f).abs() < 1e-9 * f && (got.p - p).abs() < 1e-9 * p, "{data} {at}: {got:?} {f} {p}");
                continue;
            }
            let got = with_class(&column(at), &classes, 7, &Cx::default()).unwrap();
            let (want, spread) = (numbers(&output["mean"])[at], numbers(&output["spread"])[at]);
            let tolerance = if data == "X" { spread.max(0.02) } else { 1e-9 };
            assert!((got - want).abs() < tolerance, "{data} {at}: {got} {want}");
        }
        if data == "X_smooth" && !of_test {
            let scores: Vec<f64> =
                (0..8).map(|at| with_class(&column(at), &classes, 7, &Cx::default()).unwrap()).collect();
            let order: Vec<f64> = top(&scores, 8).into_iter().map(|at| at as f64).collect();
            assert_eq!(order, numbers(&output["order"]));
        }
    }
    assert_eq!(n_compared, 32);
}

#[test]
fn what_tells_nothing_has_no_information() {
    let (a, _, classes) = columns(9, 60);
    let cx = Cx::default();
    let constant = vec![4.2; 60];
    let alone: Vec<u32> = (0..60).collect();
    assert_eq!(with_class(&constant, &classes, 0, &cx), Ok(0.0));
    assert_eq!(with_class(&a, &alone, 0, &cx), Ok(0.0));
    assert_eq!(with_class(&a, &vec![1; 60], 0, &cx), Ok(0.0));
    assert_eq!(with_class(&[], &[], 0, &cx), Ok(0.0));
    for (values, classes) in [(&constant, &classes), (&a, &alone), (&a, &vec![1; 60])] {
        assert_eq!(f_test(values, classes), FTest { f: 0.0, p: 1.0 });
    }
    let apart = f_test(&[1.0, 1.0, 2.0, 2.0], &[0, 0, 1, 1]);
    assert!(apart.f == f64::MAX && apart.p < 1e-300, "{apart:?}");
}

#[test]
fn scale_and_missing_values_do_not_matter() {
    let (mut a, _, mut classes) = columns(11, 300);
    let cx = Cx::default();
    let of_class = with_class(&a, &classes, 0, &cx).unwrap();
    let test = f_test(&a, &classes);
    a.iter_mut().for_each(|value| *value *= 1e299);
    a.extend([f64::NAN, f64::INFINITY]);
    classes.extend([0, 1]);
    assert!((with_class(&a, &classes, 0, &cx).unwrap() - of_class).abs() < 1e-9);
    assert!((f_test(&a, &classes).f / test.f - 1.0).abs() < 1e-9);
}

#[test]
fn work_stops_when_cancelled() {
    let (a, b, classes) = columns(12, 100);
    let cx = Cx::default();
    cx.cancel();
    assert_eq!(with_class(&a, &classes, 0, &cx), Err(Cancelled));
    assert_eq!(preference(&[&a, &b], 2, &cx), Err(Cancelled));
}

#[test]
fn preference_takes_what_is_spread_and_new() {
    let (a, _, _) = columns(15, 500);
    let (other, _, _) = columns(16, 500);
    let nearly: Vec<f64> = a.iter().zip(&other).map(|(a, b)| 5.0 * a + 0.01 * b).collect();
    let flag: Vec<f64> = (0..500).map(|i| f64::from(u8::from(i % 100 == 0))).collect();
    let gaps: Vec<f64> = (0..500).map(|i| if i % 2 == 0 { f64::NAN } else { f64::from(i * 37 % 101) }).collect();
    let columns = [vec![1.0; 500], a, nearly, other, flag, gaps];
    let order = preference(&columns, 6, &Cx::default()).unwrap();
    // One of the twins, the column apart, the half-empty one and the rare flag, then the other twin and the constant.
    assert!(order[..2].contains(&3) && (order[..2].contains(&1) || order[..2].contains(&2)), "{order:?}");
    assert_eq!(order[2..4], [5, 4]);
    assert_eq!(order[5], 0);
    assert_eq!(preference(&columns, 2, &Cx::default()).unwrap(), order[..2]);
}

#[test]
fn the_best_scores_come_first() {
    assert_eq!(top(&[0.2, f64::NAN, 0.9, 0.2, -1.0], 4), [2, 0, 3, 4]);
    assert_eq!(top(&[], 3), [0usize; 0]);
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => -10.0..10.0,
        2 => (0..3).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => Just(1e300),
        1 => Just(f64::MIN),
        1 => Just(1e-300),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_columns_give_finite_numbers(rows in prop::collection::vec((any_value(), any_value(), 0u32..4), 0..60)) {
        let (a, b): (Vec<f64>, Vec<f64>) = rows.iter().map(|row| (row.0, row.1)).unzip();
        let classes: Vec<u32> = rows.iter().map(|row| row.2).collect();
        let cx = Cx::default();
        let information = with_class(&a, &classes, 1, &cx).unwrap();
        prop_assert!(information.is_finite() && information >= 0.0, "{}", information);
        let FTest { f, p } = f_test(&a, &classes);
        prop_assert!(f.is_finite() && f >= 0.0 && (0.0..=1.0).contains(&p), "{} {}", f, p);
        let columns = [a, b];
        prop_assert_eq!(preference(&columns, 9, &cx).unwrap().len(), 2);
    }
}
