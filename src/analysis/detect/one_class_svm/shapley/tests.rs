//! The Shapley values of a one-class SVM against their definition.

use proptest::prelude::*;

use super::*;
use crate::analysis::detect::FittedDetector;
use crate::recipe::{Gamma, OneClassSvmConfig, SvmApproximation, SvmKernel};

fn matrix(n: u32, d: usize, first: u32) -> Matrix {
    let value = |i: u32| f64::from((i * i % 1009 * 7919 + i * 31) % 1009) / 400.0 - 1.2;
    Matrix::unnamed(d, (first..first + n * d as u32).map(value).collect()).unwrap()
}

fn fit(config: &OneClassSvmConfig, x: &Matrix) -> OneClassSvm {
    OneClassSvm::fit(config, x, &Cx::default()).unwrap()
}

/// The score by its formula.
fn score(svm: &OneClassSvm, row: &[f64]) -> f64 {
    let vectors = svm.support_vectors.chunks(row.len()).zip(&svm.dual_coef);
    let kernel = |vector: &[f64]| match svm.kernel {
        Kernel::Linear => row.iter().zip(vector).map(|(a, b)| a * b).sum::<f64>(),
        _ => (-svm.gamma() * row.iter().zip(vector).map(|(a, b)| (a - b).powi(2)).sum::<f64>()).exp(),
    };
    svm.rho - vectors.map(|(vector, weight)| weight * kernel(vector)).sum::<f64>()
}

/// Shapley values by definition: over all coalitions.
fn by_definition(svm: &OneClassSvm, row: &[f64], background: &Matrix) -> Vec<f64> {
    let d = row.len();
    let value = |coalition: usize| {
        let mixed = |other: &[f64]| -> Vec<f64> {
            (0..d).map(|j| if coalition >> j & 1 == 1 { row[j] } else { other[j] }).collect()
        };
        background.iter_rows().map(|other| score(svm, &mixed(other))).sum::<f64>() / background.n_rows() as f64
    };
    let values: Vec<f64> = (0..1 << d).map(value).collect();
    let factorial = |n: usize| (1..=n).map(|i| i as f64).product::<f64>();
    let of_feature = |j: usize| {
        let without = (0..1_usize << d).filter(|coalition| coalition >> j & 1 == 0);
        let terms = without.map(|coalition| {
            let size = coalition.count_ones() as usize;
            let weight = factorial(size) * factorial(d - size - 1) / factorial(d);
            weight * (values[coalition | 1 << j] - values[coalition])
        });
        terms.sum::<f64>()
    };
    (0..d).map(of_feature).collect()
}

fn assert_adds_up(attribution: &Attribution) {
    let sum = attribution.base + attribution.contributions.iter().sum::<f64>();
    let size = attribution.value.abs().max(attribution.base.abs()).max(1.0);
    assert!((sum - attribution.value).abs() <= 1e-12 * size, "{attribution:?}");
}

#[test]
fn a_few_nodes_are_near_the_exact_values() {
    let (x, cx) = (matrix(200, 40, 3), Cx::default());
    let svm = fit(&OneClassSvmConfig::default(), &x);
    let background = x.select(&[5, 50, 150]);
    let rows = x.select(&[0, 99]);
    let exact = svm.shapley(&rows, &background, &cx).unwrap().unwrap();
    let near = svm.shapley_with(&rows, &background, 12, &cx).unwrap().unwrap();
    for (exact, near) in exact.iter().zip(&near) {
        let size = exact.contributions.iter().fold(0.0_f64, |size, c| size.max(c.abs()));
        for (a, b) in exact.contributions.iter().zip(&near.contributions) {
            assert!((a - b).abs() < 1e-3 * size, "{a} {b}");
        }
    }
}

#[test]
fn values_are_those_of_all_coalitions() {
    let approximate = |config| OneClassSvmConfig {
        approximation: SvmApproximation::Nystroem,
        approximate_above: 10,
        n_components: 20,
        ..config
    };
    for d in 1..=8 {
        let (x, background) = (matrix(70, d, 3), matrix(3, d, 5000));
        for kernel in [SvmKernel::Rbf, SvmKernel::Linear] {
            let exact = OneClassSvmConfig { kernel, nu: 0.4, ..Default::default() };
            for config in [exact.clone(), OneClassSvmConfig { gamma: Gamma::Value(2.5), ..exact }] {
                for config in [config.clone(), approximate(config)] {
                    let svm = fit(&config, &x);
                    let rows = matrix(2, d, 777);
                    let found = svm.shapley(&rows, &background, &Cx::default()).unwrap().unwrap();
                    for (row, found) in rows.iter_rows().zip(&found) {
                        assert_adds_up(found);
                        assert!((found.value - score(&svm, row)).abs() < 1e-12 * svm.rho.abs().max(1.0));
                        let expected = by_definition(&svm, row, &background);
                        for (ours, expected) in found.contributions.iter().zip(&expected) {
                            assert!((ours - expected).abs() < 1e-12 * svm.rho.abs().max(1.0), "{kernel:?} {d}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn many_features_add_up_to_the_score_with_any_number_of_threads() {
    let (x, background) = (matrix(300, 60, 1), matrix(16, 60, 9));
    let svm = fit(&OneClassSvmConfig { nu: 0.5, ..Default::default() }, &x);
    let explain = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| svm.shapley(&x.select(&[0, 7, 200]), &background, &Cx::default()).unwrap().unwrap())
    };
    let found = explain(1);
    assert_eq!(found, explain(3));
    let scores = svm.decision_function((&x.select(&[0, 7, 200])).into(), &Cx::default()).unwrap();
    for (found, score) in found.iter().zip(scores) {
        assert_adds_up(found);
        // Scores may be worked out in single precision.
        assert!((found.value - score).abs() < 1e-5 * svm.rho(), "{} {score}", found.value);
    }
}

#[test]
fn other_kernels_and_odd_rows() {
    let (x, cx) = (matrix(40, 3, 2), Cx::default());
    for kernel in [SvmKernel::Poly, SvmKernel::Sigmoid] {
        let svm = fit(&OneClassSvmConfig { kernel, ..Default::default() }, &x);
        assert_eq!(svm.shapley(&x, &x, &cx).unwrap(), None);
    }
    for kernel in [SvmKernel::Rbf, SvmKernel::Linear] {
        let svm = fit(&OneClassSvmConfig { kernel, ..Default::default() }, &x);
        assert!(matches!(svm.shapley(&x, &x.select(&[]), &cx), Err(DetectError::Unusable { .. })));
        assert!(svm.shapley(&x, &matrix(2, 4, 1), &cx).is_err() && svm.shapley(&matrix(2, 4, 1), &x, &cx).is_err());
        assert_eq!(svm.shapley(&x.select(&[]), &x, &cx).unwrap(), Some(Vec::new()));
        let far = Matrix::unnamed(3, vec![1e300, -1e300, 0.0, f64::MAX, f64::MIN, 1e-300]).unwrap();
        for found in
            svm.shapley(&far, &x, &cx).unwrap().unwrap().iter().chain(&svm.shapley(&x, &far, &cx).unwrap().unwrap())
        {
            assert!(found.contributions.iter().all(|value| value.is_finite()), "{found:?}");
            assert_adds_up(found);
        }
        let cancelled = Cx::default();
        cancelled.cancel();
        assert_eq!(svm.shapley(&x, &x, &cancelled), Err(DetectError::Cancelled));
    }
}

proptest! {
    #[test]
    fn quadratures_are_exact_for_polynomials(n in 1..150_usize, degree in 0..300_i32) {
        prop_assume!(degree < 2 * n as i32);
        let sum: f64 = gauss_legendre(n).iter().map(|node| node.weight * node.at.powi(degree)).sum();
        prop_assert!((sum - 1.0 / f64::from(degree + 1)).abs() < 1e-13, "{} {} {}", n, degree, sum);
    }
}
