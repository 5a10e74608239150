//! Agreement against scikit-learn and plain counts; promotion by its properties.

use proptest::prelude::*;
use serde_json::Value;

use super::DiversityMetric::{Disagreement, DoubleFault, Kappa};
use super::*;

const REFERENCE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/agreement.json"));
const ALL: [DiversityMetric; 3] = [Kappa, Disagreement, DoubleFault];

fn matrix(members: &[Vec<bool>], labels: Option<&[bool]>) -> AgreementMatrix {
    let columns: Vec<&[bool]> = members.iter().map(Vec::as_slice).collect();
    AgreementMatrix::new(&columns, labels, &Cx::default()).unwrap()
}

fn close(got: Option<f64>, expected: &Value) -> bool {
    match (got, expected.as_f64()) {
        (Some(got), Some(expected)) => (got - expected).abs() <= 1e-12,
        (got, expected) => got == expected,
    }
}

#[test]
fn the_reference_cases_are_met() {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    let column = |name: &str| -> Vec<bool> {
        reference["inputs"][name].as_array().unwrap().iter().map(|flag| flag == 1).collect()
    };
    for case in reference["cases"].as_array().unwrap() {
        let pair = &case["inputs"]["pair"];
        let members = [column(pair[0].as_str().unwrap()), column(pair[1].as_str().unwrap())];
        let got = matrix(&members, Some(&column("truth"))).pair(0, 1).unwrap();
        let output = &case["output"];
        assert!(close(got.cohen_kappa, &output["cohen_kappa"]), "{got:?} {case}");
        assert!(close(Some(got.disagreement), &output["disagreement"]), "{got:?} {case}");
        assert!(close(Some(got.disagreement), &output["label_disagreement"]), "{got:?} {case}");
        assert!(close(Some(got.double_fault), &output["double_fault"]), "{got:?} {case}");
        assert!(close(got.q_statistic, &output["q_statistic"]), "{got:?} {case}");
    }
}

/// Agreement by counting rows, as the definitions say.
fn by_definition(a: &[bool], b: &[bool], truth: &[bool]) -> Agreement {
    let n = a.len() as f64;
    let count =
        |f: &dyn Fn(bool, bool, bool) -> bool| (0..a.len()).filter(|&row| f(a[row], b[row], truth[row])).count() as f64;
    let observed = count(&|a, b, _| a == b) / n;
    let (pa, pb) = (count(&|a, _, _| a) / n, count(&|_, b, _| b) / n);
    let expected = pa * pb + (1.0 - pa) * (1.0 - pb);
    let n11 = count(&|a, b, t| a == t && b == t);
    let n00 = count(&|a, b, t| a != t && b != t);
    let n10 = count(&|a, b, t| a == t && b != t);
    let n01 = count(&|a, b, t| a != t && b == t);
    let below = n11 * n00 + n01 * n10;
    Agreement {
        cohen_kappa: (1.0 - expected > 1e-12).then(|| (observed - expected) / (1.0 - expected)),
        disagreement: (n10 + n01) / n,
        double_fault: n00 / n,
        q_statistic: (below > 0.0).then(|| (n11 * n00 - n01 * n10) / below),
    }
}

fn assert_same(got: Agreement, expected: Agreement) -> Result<(), TestCaseError> {
    let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (a, b) => a == b,
    };
    prop_assert!(near(got.cohen_kappa, expected.cohen_kappa), "{:?} {:?}", got, expected);
    prop_assert!(near(got.q_statistic, expected.q_statistic), "{:?} {:?}", got, expected);
    prop_assert_eq!((got.disagreement, got.double_fault), (expected.disagreement, expected.double_fault));
    Ok(())
}

/// Flags of `n_members` members on `n_rows` rows, each set with the given chance in 16.
fn flags(n_members: usize, n_rows: usize, chance: u64, seed: u64) -> Vec<Vec<bool>> {
    let mut state = seed;
    let mut next = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 40) % 16 < chance
    };
    (0..n_members).map(|_| (0..n_rows).map(|_| next()).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn counts_are_those_of_the_definitions(
        n_members in 1..6_usize, n_rows in prop_oneof![1..130_usize, 8190..8260_usize], chance in 0..17_u64,
        seed in any::<u64>(), labelled in any::<bool>(),
    ) {
        let mut members = flags(n_members + 1, n_rows, chance, seed);
        let labels = members.pop().unwrap();
        let got = matrix(&members, labelled.then_some(&labels));
        let votes = |row: usize| members.iter().filter(|flags| flags[row]).count();
        let majority: Vec<bool> = (0..n_rows).map(|row| 2 * votes(row) >= n_members).collect();
        let truth = if labelled { &labels } else { &majority };
        for a in 0..n_members {
            for b in 0..n_members {
                assert_same(got.pair(a, b).unwrap(), by_definition(&members[a], &members[b], truth))?;
                let diversity = got.diversity(a, b, &ALL).unwrap();
                prop_assert!((0.0..=1.0).contains(&diversity));
                prop_assert!(a != b || diversity == 0.0);
            }
        }
        prop_assert_eq!(got.pair(0, n_members), None);
        prop_assert_eq!(got.pair(n_members, 0), None);
    }

    #[test]
    fn weights_stay_above_zero_and_keep_their_sum_in_any_order(
        weights in prop::collection::vec(prop_oneof![Just(0.0), 0.0..5.0], 1..8), threshold in 0.0..1.2, seed in any::<u64>(),
        n_metrics in 0..4_usize, copy in any::<bool>(),
    ) {
        let n = weights.len();
        let mut members = flags(n, 200, 2, seed);
        if copy {
            members[n - 1] = members[0].clone();
        }
        let promote = |members: &[Vec<bool>], weights: &[f64]| {
            promote_diversity(&matrix(members, None), weights, &ALL[..n_metrics], threshold).unwrap()
        };
        let got = promote(&members, &weights);
        prop_assert!(got.weights.iter().all(|weight| *weight >= 0.0));
        prop_assert!(got.kept.iter().all(|kept| *kept > 0.0 && *kept <= 1.0));
        prop_assert!((got.weights.iter().sum::<f64>() - weights.iter().sum::<f64>()).abs() < 1e-12);
        members.rotate_left(1);
        let mut rotated_weights = weights.clone();
        rotated_weights.rotate_left(1);
        let mut rotated = promote(&members, &rotated_weights).weights;
        rotated.rotate_right(1);
        for (one, other) in got.weights.iter().zip(&rotated) {
            prop_assert!((one - other).abs() < 1e-12);
        }
    }

    #[test]
    fn copies_share_the_weight_and_independent_members_keep_theirs(n_copies in 1..6_usize, seed in any::<u64>()) {
        // Three independent members, and copies of the first.
        let mut members = flags(3, 2000, 1, seed);
        members.extend(std::iter::repeat_n(members[0].clone(), n_copies - 1));
        for metrics in [&ALL[..], &[Kappa], &[Disagreement]] {
            let got = promote_diversity(&matrix(&members, None), &vec![1.0; members.len()], metrics, 0.3).unwrap();
            // The independent members flag about one row in sixteen each, and few together.
            prop_assert_eq!(&got.kept[1..3], &[1.0, 1.0]);
            prop_assert!((got.kept[0] - 1.0 / n_copies as f64).abs() < 1e-12);
            let copies = got.weights[0] + got.weights[3..].iter().sum::<f64>();
            prop_assert!((copies - got.weights[1]).abs() < 1e-12 && (got.weights[1] - got.weights[2]).abs() < 1e-12);
        }
    }
}

#[test]
fn the_heavier_of_two_alike_keeps_more() {
    // sum_j s_ij w_j = 4 for both: 3 * 3/4 and 1 * 1/4, scaled from 2.5 back to 4.
    let member = vec![true, false, false, false];
    let got = promote_diversity(&matrix(&[member.clone(), member], None), &[3.0, 1.0], &ALL, 0.3).unwrap();
    assert_eq!(got.kept, [0.75, 0.25]);
    assert!((got.weights[0] - 3.6).abs() < 1e-14 && (got.weights[1] - 0.4).abs() < 1e-14, "{got:?}");
}

#[test]
fn likeness_rises_in_a_straight_line_below_the_threshold() {
    // Nine of ten flags of each are shared: disagreement 1 - 2 * 9 / 20 = 0.1, a third of the threshold.
    let member = |rows: std::ops::Range<usize>| (0..100).map(|row| rows.contains(&row)).collect::<Vec<_>>();
    let matrix = matrix(&[member(0..10), member(1..11), member(50..60)], None);
    let diversity = matrix.diversity(0, 1, &[Disagreement]).unwrap();
    assert!((diversity - 0.1).abs() < 1e-15);
    // 90 rows: 89 agreed normal, expected disagreement 2 * 10 * 90 / 100 = 18, observed 2.
    assert!((matrix.diversity(1, 0, &[Kappa]).unwrap() - 2.0 / 18.0).abs() < 1e-15);
    let got = promote_diversity(&matrix, &[1.0; 3], &[Disagreement], 0.3).unwrap();
    assert!((got.kept[0] - 0.6).abs() < 1e-12 && (got.kept[1] - 0.6).abs() < 1e-12 && got.kept[2] == 1.0, "{got:?}");
    // Diverse enough, or nothing to measure by: nothing changes.
    for (metrics, threshold) in [(&[Disagreement][..], 0.09), (&[Disagreement], 0.0), (&[], 0.3)] {
        assert_eq!(promote_diversity(&matrix, &[1.0; 3], metrics, threshold).unwrap().weights, [1.0; 3]);
    }
}

#[test]
fn mistakes_are_shared_or_not() {
    let labels: Vec<bool> = (0..100).map(|row| row < 10).collect();
    // Each misses two anomalies, one of them together.
    let missing = |missed: [usize; 2]| (0..100).map(|row| row < 10 && !missed.contains(&row)).collect::<Vec<_>>();
    let matrix = matrix(&[missing([0, 1]), missing([1, 2]), labels.clone()], Some(&labels));
    assert_eq!(matrix.truth, Truth::Labels);
    assert_eq!(matrix.diversity(0, 1, &[DoubleFault]), Some(0.5));
    // Who makes no mistake shares none; with itself it is still the same.
    assert_eq!(matrix.diversity(0, 2, &[DoubleFault]), Some(1.0));
    assert_eq!(matrix.diversity(2, 2, &[DoubleFault]), Some(0.0));
}

#[test]
fn members_that_never_flag_are_the_same() {
    let matrix = matrix(&[vec![false; 5], vec![false; 5]], None);
    let pair = matrix.pair(0, 1).unwrap();
    assert_eq!((pair.cohen_kappa, pair.disagreement, pair.double_fault, pair.q_statistic), (None, 0.0, 0.0, None));
    assert_eq!(promote_diversity(&matrix, &[1.0, 1.0], &ALL, 0.3).unwrap().kept, [0.5, 0.5]);
}

#[test]
fn bad_input_is_refused() {
    let cx = Cx::default();
    assert_eq!(AgreementMatrix::new(&[], None, &cx), Err(AgreementError::NoRows));
    assert_eq!(AgreementMatrix::new(&[&[]], None, &cx), Err(AgreementError::NoRows));
    let short = AgreementMatrix::new(&[&[true, false], &[true]], None, &cx).unwrap_err();
    assert_eq!(short.to_string(), "rows of a column: 1 instead of 2");
    assert!(AgreementMatrix::new(&[&[true]], Some(&[true, true]), &cx).is_err());
    let one = matrix(&[vec![true, false]], None);
    assert!(matches!(promote_diversity(&one, &[], &ALL, 0.3), Err(AgreementError::Lengths { .. })));
    assert_eq!(promote_diversity(&one, &[f64::NAN], &ALL, 0.3), Err(AgreementError::Weight { member: 0 }));
    assert_eq!(promote_diversity(&one, &[0.0], &ALL, 0.3).unwrap().weights, [0.0]);
    let two = matrix(&[vec![true, false], vec![true, false]], None);
    let large = promote_diversity(&two, &[1e300, f64::MAX], &ALL, 0.3).unwrap();
    assert!(large.weights.iter().all(|weight| weight.is_finite()));
    cx.cancel();
    assert_eq!(AgreementMatrix::new(&[&[true]], None, &cx), Err(AgreementError::Cancelled));
}

#[test]
fn counts_do_not_depend_on_the_number_of_threads() {
    let members = flags(5, 100_000, 1, 3);
    let on = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(|| matrix(&members, None));
    assert_eq!(on(1), on(3));
}
