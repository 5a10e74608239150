//! Are kernels what plain f64 arithmetic gives, whichever way they are worked out?

use super::*;

fn rows(n: u32, d: u32, spread: f64) -> Vec<f64> {
    let value = |i: u32, j: u32| f64::from((i * 7919 + j * 104_729 + i * j * 31) % 1009) / 1009.0 - 0.5;
    (0..n).flat_map(|i| (0..d).map(move |j| spread * value(i, j))).collect()
}

fn plain(kernel: Kernel, x: &[f64], y: &[f64]) -> f64 {
    let product: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
    match kernel {
        Kernel::Rbf { gamma } => (-gamma * x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum::<f64>()).exp(),
        Kernel::Linear => product,
        Kernel::Poly { gamma, degree, coef0 } => (gamma * product + coef0).powi(degree as i32),
        Kernel::Sigmoid { gamma, coef0 } => (gamma * product + coef0).tanh(),
    }
}

const KERNELS: [Kernel; 5] = [
    Kernel::Rbf { gamma: 0.7 },
    Kernel::Linear,
    Kernel::Poly { gamma: 0.3, degree: 3, coef0: 0.5 },
    Kernel::Poly { gamma: 0.3, degree: 2, coef0: -0.5 },
    Kernel::Sigmoid { gamma: 0.2, coef0: -0.1 },
];

#[test]
fn sums_and_rows_are_those_of_plain_arithmetic() {
    let cx = Cx::default();
    for (n, d) in [(1, 1), (31, 2), (97, 3), (300, 11), (64, 40)] {
        let x = rows(n, d, 3.0);
        let d = d as usize;
        let weights: Vec<f64> = (0..n).map(|i| f64::from(i % 5) * 0.3 + 0.1).collect();
        let queries = rows(67, d as u32, 4.0);
        for kernel in KERNELS {
            for accuracy in [0.0, 2e-6] {
                let points = KernelPoints::new(kernel, d, &x, accuracy, &cx).unwrap();
                let tolerance = if accuracy > 0.0 { accuracy } else { 1e-11 } * weights.iter().sum::<f64>();
                let sums = points.sums(&weights, &queries, &cx).unwrap();
                for (sum, query) in sums.iter().zip(queries.chunks(d)) {
                    let terms = x.chunks(d).zip(&weights).map(|(row, weight)| weight * plain(kernel, row, query));
                    let expected: f64 = terms.sum();
                    assert!(
                        (sum - expected).abs() <= tolerance * expected.abs().max(1.0),
                        "{kernel:?} {sum} {expected}"
                    );
                }
                let mut row = vec![0.0; n as usize];
                points.fill_row(n as usize / 2, 0, &mut row);
                let point = &x[n as usize / 2 * d..][..d];
                for (value, other) in row.iter().zip(x.chunks(d)) {
                    let expected = plain(kernel, point, other);
                    let got = f64::from(*value) * points.unit();
                    assert!((got - expected).abs() <= 2e-6 * expected.abs().max(1.0), "{kernel:?} {got} {expected}");
                }
                for (value, point) in points.diagonal().iter().zip(x.chunks(d)) {
                    let expected = plain(kernel, point, point);
                    assert!((value * points.unit() - expected).abs() <= 1e-12 * expected.abs().max(1.0));
                }
            }
        }
    }
}

#[test]
fn f32_keeps_the_accuracy_promised_and_is_left_for_far_queries() {
    let (cx, d) = (Cx::default(), 6);
    for spread in [1.0, 10.0, 100.0, 1e6] {
        let x = rows(500, d as u32, spread);
        for accuracy in [4e-7, 1e-6, 1e-5] {
            let points = KernelPoints::new(Kernel::Rbf { gamma: 0.9 }, d, &x, accuracy, &cx).unwrap();
            // Queries near points, where kernels are large.
            let queries: Vec<f64> = x.iter().map(|value| value + 0.2).collect();
            for at in (0..500).step_by(7) {
                let mut weights = vec![0.0; 500];
                weights[at] = 1.0;
                let sums = points.sums(&weights, &queries, &cx).unwrap();
                for (sum, query) in sums.iter().zip(queries.chunks(d)) {
                    let expected = plain(Kernel::Rbf { gamma: 0.9 }, &x[at * d..][..d], query);
                    assert!((sum - expected).abs() <= accuracy, "{spread} {accuracy}: {sum} {expected}");
                }
            }
        }
    }
}

#[test]
fn a_far_away_centre_or_pair_costs_no_digits() {
    let cx = Cx::default();
    // Two close rows far from all others.
    let x = [0.0, 0.1, 0.2, 1e8, 1e8 + 1.0];
    let points = KernelPoints::new(Kernel::Rbf { gamma: 1.0 }, 1, &x, 1e-5, &cx).unwrap();
    let sums = points.sums(&[0.0, 0.0, 0.0, 1.0, 0.0], &[1e8 + 1.0], &cx).unwrap();
    assert!((sums[0] - (-1.0_f64).exp()).abs() < 1e-7, "{sums:?}");
}

#[test]
fn logarithms_of_sums_go_on_where_sums_are_too_small() {
    let cx = Cx::default();
    let points = KernelPoints::new(Kernel::Rbf { gamma: 0.5 }, 1, &[0.0, 1.0], 0.0, &cx).unwrap();
    let got = points.log_sums(&[0.5, 30.0, 1000.0, 1e200], &cx).unwrap();
    // The nearest term and what the other adds: -29²/2 + ln(1 + exp(-29.5)), -999²/2, …
    assert!((got[0] - (2.0 * (-0.125_f64).exp()).ln()).abs() < 1e-12);
    assert!((got[1] - (-420.5 + (-29.5_f64).exp())).abs() < 1e-10);
    assert!((got[2] + 499_000.5).abs() < 1e-6);
    assert!(got[3].is_finite() && got[3] < -1e290);
}

#[test]
fn points_are_exchanged_and_selected_whole() {
    let cx = Cx::default();
    let x = rows(100, 3, 2.0);
    for kernel in KERNELS {
        let mut points = KernelPoints::new(kernel, 3, &x, 1e-5, &cx).unwrap();
        points.swap(3, 77);
        let some = points.select([77, 5].into_iter());
        let expected: Vec<f64> =
            x.chunks(3).map(|row| plain(kernel, row, &x[9..12]) + 2.0 * plain(kernel, row, &x[15..18])).collect();
        for (got, expected) in some.sums(&[1.0, 2.0], &x, &cx).unwrap().iter().zip(&expected) {
            assert!((got - expected).abs() < 3e-5 * expected.abs().max(1.0));
        }
        let tail = some.sums_at(&[1.0, 2.0], &points, 78, &cx).unwrap();
        for (got, expected) in tail.iter().zip(&expected[78..]) {
            assert!((got - expected).abs() < 3e-5 * expected.abs().max(1.0));
        }
    }
}
