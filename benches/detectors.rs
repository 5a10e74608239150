//! How long do the detectors take to fit and to score? Blobs are made here; peers are measured on the same shapes.

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench is a program of its own")]

use divan::Bencher;
use divan::counter::ItemsCount;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tarsier::analysis::detect::Detector;
use tarsier::cx::Cx;
use tarsier::data::Matrix;
use tarsier::recipe::{IsolationForestConfig, LocalOutlierFactorConfig, OneClassSvmConfig};

fn main() {
    divan::main();
}

/// Rows and features: a large narrow table, and smaller wide ones.
const SHAPES: &[(usize, usize)] = &[(286_000, 10), (20_000, 10), (20_000, 40)];

/// Normally distributed blobs around eight centres.
fn blobs((n_rows, n_features): (usize, usize)) -> Matrix {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let centers: Vec<f64> = (0..8 * n_features).map(|_| 3.0 * normal()).collect();
    let value = |i: usize| centers[i / n_features % 8 * n_features + i % n_features] + normal();
    Matrix::unnamed(n_features, (0..n_rows * n_features).map(value).collect()).unwrap()
}

fn fit(bencher: Bencher, detector: &dyn Detector, shape: (usize, usize)) {
    let x = blobs(shape);
    bencher.counter(ItemsCount::new(shape.0)).bench(|| detector.fit(&x, &Cx::default()));
}

fn score(bencher: Bencher, detector: &dyn Detector, shape: (usize, usize)) {
    let x = blobs(shape);
    let fitted = detector.fit(&x, &Cx::default()).unwrap();
    bencher.counter(ItemsCount::new(shape.0)).bench(|| fitted.decision_function(&x, &Cx::default()));
}

#[divan::bench(args = SHAPES, sample_count = 10)]
fn isolation_forest_fit(bencher: Bencher, shape: (usize, usize)) {
    fit(bencher, &IsolationForestConfig::default(), shape);
}

#[divan::bench(args = SHAPES, sample_count = 10)]
fn isolation_forest_score(bencher: Bencher, shape: (usize, usize)) {
    score(bencher, &IsolationForestConfig::default(), shape);
}

#[divan::bench(args = SHAPES, sample_count = 3)]
fn one_class_svm_fit(bencher: Bencher, shape: (usize, usize)) {
    fit(bencher, &OneClassSvmConfig::default(), shape);
}

#[divan::bench(args = SHAPES, sample_count = 3)]
fn one_class_svm_score(bencher: Bencher, shape: (usize, usize)) {
    score(bencher, &OneClassSvmConfig::default(), shape);
}

#[divan::bench(args = SHAPES, sample_count = 3)]
fn local_outlier_factor_fit(bencher: Bencher, shape: (usize, usize)) {
    fit(bencher, &LocalOutlierFactorConfig::default(), shape);
}

#[divan::bench(args = SHAPES, sample_count = 3)]
fn local_outlier_factor_score(bencher: Bencher, shape: (usize, usize)) {
    score(bencher, &LocalOutlierFactorConfig::default(), shape);
}
