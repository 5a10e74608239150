use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn matrix(rows: &[Vec<f64>]) -> Matrix {
    Matrix::unnamed(rows[0].len(), rows.concat()).unwrap()
}

/// A function of a row as one of many rows.
fn batch(width: usize, f: impl Fn(&[f64]) -> f64 + Sync) -> impl Fn(&[f64]) -> Result<Vec<f64>, Cancelled> + Sync {
    move |rows| Ok(rows.chunks_exact(width).map(&f).collect())
}

fn singles(n: usize) -> Vec<Vec<usize>> {
    (0..n).map(|at| vec![at]).collect()
}

/// Background rows sin(1 + 3 i + 7 j) and the row 2 cos(2 + 5 j).
fn waves(width: usize, n_rows: u32) -> (Vec<f64>, Matrix) {
    let background =
        (0..n_rows).map(|i| (0..width).map(|j| (1.0 + 3.0 * f64::from(i) + 7.0 * j as f64).sin()).collect());
    let row = (0..width).map(|j| 2.0 * (2.0 + 5.0 * j as f64).cos()).collect();
    (row, matrix(&background.collect::<Vec<_>>()))
}

fn assert_close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= tolerance * (1.0 + want.abs()), "{got} instead of {want}");
    }
}

fn adds_up(explained: &Attribution) -> bool {
    let sum = explained.base + explained.contributions.iter().sum::<f64>();
    let size = explained.contributions.iter().fold(explained.value.abs(), |most, value| most.max(value.abs()));
    (sum - explained.value).abs() <= 1e-9 * size.max(f64::MIN_POSITIVE)
}

#[test]
fn the_reference_is_met() {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/kernel_shap.json"));
    let reference: Value = serde_json::from_str(text).unwrap();
    let rows =
        |name: &str| -> Vec<Vec<f64>> { reference["inputs"][name].as_array().unwrap().iter().map(numbers).collect() };
    let background = matrix(&rows("background"));
    let f = batch(5, |x| 2.0 * x[0] - x[1] * x[2] + x[3].sin() + x[0].max(x[4]));
    let output = &reference["cases"][0]["output"];
    for (at, row) in rows("rows").iter().enumerate() {
        for block_rows in [1, 7, 1000] {
            let settings = KernelShap { block_rows, ..KernelShap::default() };
            let got = settings.explain(&f, row, &background, &singles(5), &Cx::default()).unwrap();
            assert_close(&got.contributions, &numbers(&output["exact"][at]), 1e-9);
            assert_close(&[got.base], &[output["expected_value"].as_f64().unwrap()], 1e-12);
            assert_close(&[got.value], &[output["f_rows"][at].as_f64().unwrap()], 1e-12);
            assert!(got.standard_errors.is_empty());
        }
        // With all coalitions in it the regression is the same.
        let regression = KernelShap { exact_below: 0, ..KernelShap::default() };
        let got = regression.explain(&f, row, &background, &singles(5), &Cx::default()).unwrap();
        assert_close(&got.contributions, &numbers(&output["exact"][at]), 1e-9);
        assert!(got.standard_errors.is_empty());
    }
}

/// ```python
/// bg = np.array([[np.sin(1 + 3*i + 7*j) for j in range(d)] for i in range(n)])
/// row = np.array([[2*np.cos(2 + 5*j) for j in range(d)]])
/// shap.KernelExplainer(f, bg).shap_values(row, nsamples=2**d, l1_reg=0)
/// ```
#[test]
fn other_functions_agree_with_shap() {
    let check = |got: Attribution, base: f64, want: &[f64]| {
        assert_close(&got.contributions, want, 1e-9);
        assert_close(&[got.base], &[base], 1e-12);
        assert!(adds_up(&got));
    };
    let settings = KernelShap::default();
    let (row, background) = waves(6, 9);
    let f = batch(6, |x| x[0] * x[1] * x[2] + (x[3] - x[4]).abs() + (-x[5] * x[5]).exp());
    check(
        settings.explain(&f, &row, &background, &singles(6), &Cx::default()).unwrap(),
        1.2599536380587961,
        &[
            -1.1786052456923264,
            -0.5201344116863111,
            -0.4423549821457274,
            -0.3395191571936271,
            1.1464692199228834,
            0.11660875391167491,
        ],
    );
    let (row, background) = waves(9, 4);
    let largest = |x: &[f64]| x.iter().copied().fold(f64::MIN, f64::max);
    let f = batch(9, |x| largest(x) * (1.0 + x[0] * x[0]) - x[1].hypot(x[8]));
    check(
        settings.explain(&f, &row, &background, &singles(9), &Cx::default()).unwrap(),
        0.4523653978814357,
        &[
            0.2899989166010446,
            -0.27027213414346646,
            0.35394322365411507,
            0.0,
            0.0,
            -0.004938066339247993,
            0.32317523235802087,
            0.21544463439574282,
            -0.20978899755642,
        ],
    );
    // Groups: shap.utils._legacy.DenseData(bg, names, [[0, 3], [1], [2, 4, 5], [6]]).
    let (row, background) = waves(7, 5);
    let f = batch(7, |x| x.iter().sum::<f64>().tanh() + x[0] * x[6]);
    let groups = [vec![0, 3], vec![1], vec![2, 4, 5], vec![6]];
    check(
        settings.explain(&f, &row, &background, &groups, &Cx::default()).unwrap(),
        -0.5305464024587397,
        &[-1.0093404694503016, 0.7130106770603339, -0.2858315374435543, 0.43897228322759363],
    );
}

/// A function of 14 columns with effects of one, two, three and all of them.
fn rough(x: &[f64]) -> f64 {
    let products = x[0] * x[1] * x[2] + 2.0 * x[3] * x[4] - x[5] * x[6] * x[7] * x[8];
    products + (x[9] + x[10] - x[11]).abs() + x[12].max(x[13]) + x.iter().sum::<f64>().sin()
}

/// The Shapley values by their definition.
fn brute_force(f: impl Fn(&[f64]) -> f64, row: &[f64], background: &Matrix) -> Vec<f64> {
    let d = row.len();
    let worth = |mask: usize| {
        let mixed = |other: &[f64]| -> Vec<f64> {
            (0..d).map(|at| if mask >> at & 1 == 1 { row[at] } else { other[at] }).collect()
        };
        background.iter_rows().map(|other| f(&mixed(other))).sum::<f64>() / background.n_rows() as f64
    };
    let worths: Vec<f64> = (0..1 << d).map(worth).collect();
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    let weight = |size: usize| factorial(size) * factorial(d - size - 1) / factorial(d);
    let joins = |at: usize| (0..1_usize << d).filter(move |mask| mask >> at & 1 == 0);
    let term = |mask: usize, at: usize| weight(mask.count_ones() as usize) * (worths[mask | 1 << at] - worths[mask]);
    (0..d).map(|at| joins(at).map(|mask| term(mask, at)).sum()).collect()
}

#[test]
fn samples_are_near_the_exact_values_and_their_errors_are_honest() {
    let (row, background) = waves(14, 3);
    let want = brute_force(rough, &row, &background);
    let f = batch(14, rough);
    let exact = KernelShap { exact_below: 15, ..KernelShap::default() };
    let got = exact.explain(&f, &row, &background, &singles(14), &Cx::default()).unwrap();
    assert_close(&got.contributions, &want, 1e-9);
    // None asked for: the least that is taken, 8 · 14.
    for n_samples in [0, 700] {
        let (mut within, mut counted) = (0, 0);
        for seed in 0..50 {
            let settings = KernelShap { n_samples, seed, ..KernelShap::default() };
            let got = settings.explain(&f, &row, &background, &singles(14), &Cx::default()).unwrap();
            assert!(adds_up(&got));
            for ((got, want), error) in got.contributions.iter().zip(&want).zip(&got.standard_errors) {
                // 112 coalitions leave a few residuals per size to estimate a variance from, so that tails are heavier.
                let most = if n_samples > 500 { 4.0 } else { 6.0 };
                assert!((got - want).abs() <= most * error, "{n_samples}: {got} {want} {error}");
                within += u32::from((got - want).abs() <= *error);
                counted += 1;
            }
        }
        let share = f64::from(within) / f64::from(counted);
        assert!((0.6..0.76).contains(&share), "{n_samples}: {share}");
    }
}

#[test]
fn an_additive_function_has_no_error_at_all() {
    let (row, background) = waves(20, 3);
    let f = batch(20, |x| x.iter().enumerate().map(|(at, value)| at as f64 * value).sum());
    let got = KernelShap::default().explain(&f, &row, &background, &singles(20), &Cx::default()).unwrap();
    let mean = |at: usize| background.iter_rows().map(|row| row[at]).sum::<f64>() / 3.0;
    let want: Vec<f64> = row.iter().enumerate().map(|(at, value)| at as f64 * (value - mean(at))).collect();
    assert_close(&got.contributions, &want, 1e-12);
    assert!(got.standard_errors.iter().all(|error| *error < 1e-12));
}

#[test]
fn players_without_a_difference_cost_nothing() {
    let (mut row, background) = waves(40, 3);
    let mut rows: Vec<Vec<f64>> = background.iter_rows().map(<[f64]>::to_vec).collect();
    for at in 3..40 {
        row[at] = 5.0;
        rows.iter_mut().for_each(|background| background[at] = 5.0);
    }
    let calls = AtomicUsize::new(0);
    let f = batch(40, |x| {
        calls.fetch_add(1, Ordering::Relaxed);
        x.iter().product()
    });
    let mut players = singles(40);
    players.push(vec![7, 8, 39]);
    let got = KernelShap::default().explain(&f, &row, &matrix(&rows), &players, &Cx::default()).unwrap();
    // Six of the eight coalitions and the empty one with three background rows each, and the row itself.
    assert_eq!(calls.load(Ordering::Relaxed), 7 * 3 + 1);
    assert!(got.contributions[3..].iter().all(|value| *value == 0.0));
    assert!(got.contributions[..3].iter().all(|value| *value != 0.0));
    assert!(got.standard_errors.is_empty() && adds_up(&got));
    // The same where the rest is sampled.
    row[10..30].fill(4.0);
    let got = KernelShap::default().explain(&f, &row, &matrix(&rows), &players, &Cx::default()).unwrap();
    assert!(got.contributions[30..40].iter().chain(&got.standard_errors[30..40]).all(|value| *value == 0.0));
    assert!(got.standard_errors[10..30].iter().all(|value| *value > 0.0));
}

#[test]
fn odd_inputs_give_numbers() {
    let cx = Cx::default();
    let settings = KernelShap { exact_below: 0, block_rows: 0, ..KernelShap::default() };
    let explain = |row: &[f64], background: &Matrix, players: &[Vec<usize>]| {
        let f = batch(background.n_features(), |x| x[0] + x.iter().product::<f64>());
        settings.explain(&f, row, background, players, &cx).unwrap()
    };
    let one = matrix(&[vec![1.0, 2.0]]);
    // No players: nothing is known of the row.
    assert_eq!(explain(&[3.0, 4.0], &one, &[]), Attribution { base: 3.0, value: 3.0, ..Attribution::default() });
    // One player with all columns, one with a column: the other column stays as in the background.
    assert_eq!(explain(&[3.0, 4.0], &one, &[vec![0, 1]]).contributions, [12.0]);
    let part = explain(&[3.0, 4.0], &one, &[vec![0]]);
    assert_eq!((part.base, part.value, part.contributions), (3.0, 9.0, vec![6.0]));
    // Two players on one background row, a row like the background, columns that are nowhere, a short row.
    let both = explain(&[3.0, 4.0], &one, &singles(2));
    assert_eq!((both.value, both.contributions), (15.0, vec![8.0, 4.0]));
    assert_eq!(explain(&[1.0, 2.0], &one, &singles(2)).contributions, [0.0, 0.0]);
    assert_eq!(explain(&[3.0, 2.0], &one, &[vec![0, 9], vec![9], vec![]]).contributions, [6.0, 0.0, 0.0]);
    assert_eq!(explain(&[3.0], &one, &singles(2)).contributions, [6.0, 0.0]);
    // No background.
    let none = explain(&[3.0, 4.0], &Matrix::unnamed(2, vec![]).unwrap(), &singles(2));
    assert_eq!((none.base, none.value, none.contributions), (15.0, 15.0, vec![0.0, 0.0]));
    // Huge values, exact and sampled.
    let (row, background) = waves(16, 2);
    for exact_below in [0, 20] {
        let f = batch(16, |x| 1e300 * (x[0] * x[1] * x[2] + x.iter().sum::<f64>().sin()));
        let huge = KernelShap { exact_below, n_samples: 0, ..settings };
        let got = huge.explain(&f, &row, &background, &singles(16), &cx).unwrap();
        assert!(adds_up(&got) && got.contributions.iter().chain(&got.standard_errors).all(|value| value.is_finite()));
        assert_eq!(got.standard_errors.is_empty(), exact_below == 20);
    }
    // A constant.
    let got = KernelShap::default().explain(&batch(16, |_| 7.0), &row, &background, &singles(16), &cx).unwrap();
    assert!(got.contributions.iter().chain(&got.standard_errors).all(|value| *value == 0.0));
}

#[test]
fn the_result_is_the_same_for_any_number_of_threads_and_follows_the_seed() {
    let (row, background) = waves(14, 5);
    let f = batch(14, rough);
    let explain = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let settings = KernelShap { n_samples: 200, seed, block_rows: 7, ..KernelShap::default() };
        pool.install(|| settings.explain(&f, &row, &background, &singles(14), &Cx::default()).unwrap())
    };
    assert_eq!(explain(1, 3), explain(4, 3));
    assert_ne!(explain(1, 3).contributions, explain(1, 4).contributions);
}

#[test]
fn progress_counts_coalitions_and_a_cancel_lands_soon() {
    let (row, background) = waves(14, 5);
    let f = batch(14, rough);
    for (exact_below, n) in [(0, 300), (15, (1 << 14) - 2)] {
        let cx = Cx::default();
        let settings = KernelShap { exact_below, n_samples: 300, block_rows: 13, ..KernelShap::default() };
        settings.explain(&f, &row, &background, &singles(14), &cx).unwrap();
        let read = cx.progress().read();
        assert_eq!(read.done, read.total);
        assert!(read.total <= n + 2 && read.total + 14 > n, "{}", read.total);
    }
    let cx = Cx::default();
    let slow = batch(14, |x| {
        std::thread::sleep(Duration::from_millis(2));
        rough(x)
    });
    let settings = KernelShap { block_rows: 8, ..KernelShap::default() };
    let lasted = std::thread::scope(|scope| {
        let work = scope.spawn(|| settings.explain(&slow, &row, &background, &singles(14), &cx));
        std::thread::sleep(Duration::from_millis(60));
        cx.cancel();
        let start = Instant::now();
        assert_eq!(work.join().unwrap(), Err(Cancelled));
        start.elapsed()
    });
    assert!(lasted < Duration::from_millis(100), "{lasted:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_axioms_hold(
        d in 2_usize..16, exact_below in 0_usize..12, n_rows in 1_u32..4, seed in any::<u64>(), scale in 1e-3_f64..1e3,
    ) {
        let (row, background) = waves(d, n_rows);
        let settings = KernelShap { exact_below, n_samples: 64, seed, ..KernelShap::default() };
        let explain = |f: &(dyn Fn(&[f64]) -> f64 + Sync), row: &[f64], background: &Matrix| {
            settings.explain(&batch(d, f), row, background, &singles(d), &Cx::default()).unwrap()
        };
        let f = |x: &[f64]| scale * (x[0] * x[1] + x.iter().sum::<f64>().sin());
        let g = |x: &[f64]| x[d - 1].abs() * x[0] + 3.0;
        let both = explain(&|x| f(x) + g(x), &row, &background);
        prop_assert!(adds_up(&both));
        // Linearity: the same coalitions are drawn for both.
        let added: Vec<f64> = explain(&f, &row, &background).contributions.iter()
            .zip(explain(&g, &row, &background).contributions).map(|(a, b)| a + b).collect();
        assert_close(&both.contributions, &added, 1e-9 * scale.max(1.0));
        // Symmetry of the first two, where they are alike: exactly, or within the errors.
        let mut row = row;
        row[1] = row[0];
        let mut alike: Vec<Vec<f64>> = background.iter_rows().map(<[f64]>::to_vec).collect();
        alike.iter_mut().for_each(|row| row[1] = row[0]);
        let got = explain(&f, &row, &matrix(&alike));
        let errors: f64 = got.standard_errors.iter().take(2).sum();
        let tolerance = 6.0 * errors + 1e-9 * scale.max(1.0);
        prop_assert!((got.contributions[0] - got.contributions[1]).abs() <= tolerance);
    }
}
