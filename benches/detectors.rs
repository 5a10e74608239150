//! How long do the detectors take, beside the libraries people use now?
//!
//!     cargo bench --bench detectors -- [--data FILE]... [--job NAME]... [--peers PYTHON] [--threads N]
//!
//! Every job runs in a process of its own: fit, then score of all rows, with its peak memory; then, with `--peers`, the
//! same job in that Python interpreter (`benches/peers.py` says which packages it needs), on the same numbers and
//! threads. Without `--data` three sets are made here. Columns are standardised; labels and texts are left out.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a bench is a program of its own")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tarsier::analysis::detect::{self, FittedDetector as _, Input, Series};
use tarsier::cx::Cx;
use tarsier::data::{Matrix, SeriesOrder, load};
use tarsier::engine::peak_memory_mb;
use tarsier::recipe::{DataConfig, DetectorKind, Recipe, edit};

/// A piece of work: its name, the detector, its settings, how many rows to fit on (0: all), and its peers.
struct Job {
    name: &'static str,
    kind: DetectorKind,
    settings: &'static [&'static str],
    fit_rows: usize,
    peers: &'static [&'static str],
}

const JOBS: &[Job] = &[
    Job {
        name: "isolation_forest",
        kind: DetectorKind::IsolationForest,
        settings: &[],
        fit_rows: 0,
        peers: &["scikit-learn", "isotree"],
    },
    Job {
        name: "one_class_svm_10k",
        kind: DetectorKind::OneClassSvm,
        settings: &["max_fit_rows=0"],
        fit_rows: 10_000,
        peers: &["scikit-learn"],
    },
    Job {
        name: "one_class_svm",
        kind: DetectorKind::OneClassSvm,
        settings: &["max_fit_rows=0"],
        fit_rows: 0,
        peers: &["scikit-learn"],
    },
    Job {
        name: "local_outlier_factor",
        kind: DetectorKind::LocalOutlierFactor,
        settings: &["max_fit_rows=0"],
        fit_rows: 0,
        peers: &["scikit-learn", "scikit-learn-intelex"],
    },
    Job {
        name: "autoencoder",
        kind: DetectorKind::Autoencoder,
        settings: &["max_fit_rows=0", "epochs=2", "dropout_rate=0.0", "validation_split=0.0"],
        fit_rows: 0,
        peers: &["torch"],
    },
    Job {
        name: "k_nearest_neighbors",
        kind: DetectorKind::KNearestNeighbors,
        settings: &[],
        fit_rows: 0,
        peers: &["pyod"],
    },
    Job { name: "ecod", kind: DetectorKind::Ecod, settings: &[], fit_rows: 0, peers: &["pyod"] },
    Job { name: "copod", kind: DetectorKind::Copod, settings: &[], fit_rows: 0, peers: &["pyod"] },
    Job { name: "hbos", kind: DetectorKind::Hbos, settings: &[], fit_rows: 0, peers: &["pyod"] },
    Job {
        name: "mahalanobis",
        kind: DetectorKind::Mahalanobis,
        settings: &["covariance=minimum_covariance_determinant"],
        fit_rows: 0,
        peers: &["pyod"],
    },
    Job {
        name: "matrix_profile",
        kind: DetectorKind::MatrixProfile,
        settings: &["window=rows(100)"],
        fit_rows: 0,
        peers: &["stumpy"],
    },
];

/// What one process measured.
struct Measured {
    fit: f64,
    score: f64,
    peak_mb: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [flag, job, file, rows, columns] = arguments.as_slice()
        && flag == "--measure"
    {
        let job = JOBS.iter().find(|known| known.name == job).unwrap();
        return measure(job, Path::new(file), rows.parse().unwrap(), columns.parse().unwrap());
    }
    let values = |name: &str| -> Vec<String> {
        arguments.windows(2).filter(|pair| pair[0] == name).map(|pair| pair[1].clone()).collect()
    };
    let (files, wanted) = (values("--data"), values("--job"));
    let threads = values("--threads").pop().unwrap_or_else(|| "2".to_owned());
    let python = values("--peers").pop();
    let folder = tempfile::tempdir().unwrap();
    let sets: Vec<(String, Matrix)> = if files.is_empty() {
        let made = [(286_000, 10), (100_000, 3), (20_000, 60)];
        made.iter().map(|&(rows, columns)| (format!("blobs {rows}x{columns}"), blobs(rows, columns))).collect()
    } else {
        files.iter().map(|file| (file.rsplit('/').next().unwrap().to_owned(), read(Path::new(file)))).collect()
    };
    println!("| set | work | program | fit s | score s | whole s | peak MB | ratio | memory |");
    println!("|---|---|---|--:|--:|--:|--:|--:|--:|");
    for (name, x) in &sets {
        let file = folder.path().join("rows.f64");
        let bytes: Vec<u8> = x.values().iter().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(&file, bytes).unwrap();
        for job in JOBS.iter().filter(|job| wanted.is_empty() || wanted.iter().any(|wanted| wanted == job.name)) {
            let shape = [x.n_rows().to_string(), x.n_features().to_string()];
            let mut own = Command::new(std::env::current_exe().unwrap());
            own.args(["--measure", job.name]).arg(&file).args(&shape).env("RAYON_NUM_THREADS", &threads);
            let Some(ours) = run(own) else { continue };
            line(name, job.name, "tarsier", &ours, None);
            for peer in python.iter().flat_map(|_| job.peers) {
                let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers.py");
                let mut command = Command::new(python.as_deref().unwrap_or_default());
                command.arg(script).args([job.name, peer]).arg(&file).args(&shape);
                command.args([&job.fit_rows.to_string(), &threads]);
                if let Some(theirs) = run(command) {
                    line(name, job.name, peer, &theirs, Some(&ours));
                }
            }
        }
    }
}

fn line(set: &str, job: &str, program: &str, measured: &Measured, ours: Option<&Measured>) {
    let Measured { fit, score, peak_mb } = measured;
    let ratio = |theirs: f64, ours: f64| format!("{:.1}", theirs / ours);
    let (speed, memory) = ours.map_or_else(Default::default, |ours| {
        (ratio(fit + score, ours.fit + ours.score), ratio(*peak_mb, ours.peak_mb))
    });
    let whole = fit + score;
    println!("| {set} | {job} | {program} | {fit:.3} | {score:.3} | {whole:.3} | {peak_mb:.0} | {speed} | {memory} |");
}

/// Runs a process whose last line is "fit score peak"; says so where it fails.
fn run(mut command: Command) -> Option<Measured> {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> =
        text.lines().last().unwrap_or_default().split_whitespace().filter_map(|word| word.parse().ok()).collect();
    if let [fit, score, peak_mb] = numbers[..] {
        return Some(Measured { fit, score, peak_mb });
    }
    let error = String::from_utf8_lossy(&output.stderr);
    println!("(no figure: {})", error.lines().last().unwrap_or("it ended without one"));
    None
}

/// The job itself, in the process made for it.
fn measure(job: &Job, file: &Path, rows: usize, columns: usize) {
    let bytes = std::fs::read(file).unwrap();
    let values = bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    drop(bytes);
    let x = Matrix::unnamed(columns, values).unwrap();
    assert_eq!(x.n_rows(), rows);
    let mut recipe = Recipe::default();
    for setting in job.settings {
        edit::set(&mut recipe, &format!("detectors.{}.{setting}", job.kind.name())).unwrap();
    }
    let order = SeriesOrder::new(rows, &[], &[]);
    let input = Input { features: &x, series: Some(Series { measures: &x, order: &order }) };
    let every = rows.checked_div(job.fit_rows).unwrap_or(1).max(1);
    let sample = (job.fit_rows > 0).then(|| {
        let sample: Vec<u32> = (0..rows as u32).step_by(every).take(job.fit_rows).collect();
        x.select(&sample)
    });
    let cx = Cx::default();
    let started = Instant::now();
    let model = match &sample {
        Some(sample) => detect::fit(job.kind, &recipe.detectors, Input::from(sample), &cx),
        None => detect::fit(job.kind, &recipe.detectors, input, &cx),
    };
    let (model, fit) = (model.unwrap(), started.elapsed().as_secs_f64());
    let started = Instant::now();
    let scores = if sample.is_some() { model.decision_function(input, &cx) } else { model.training_scores(input, &cx) };
    assert!(scores.unwrap().iter().all(|score| score.is_finite()));
    println!("{fit} {} {}", started.elapsed().as_secs_f64(), peak_memory_mb());
}

/// Normally distributed blobs around eight centres.
fn blobs(rows: usize, columns: usize) -> Matrix {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let centers: Vec<f64> = (0..8 * columns).map(|_| 3.0 * normal()).collect();
    let value = |i: usize| centers[i / columns % 8 * columns + i % columns] + normal();
    standardised(columns, (0..rows * columns).map(value).collect())
}

/// The feature columns of a file.
fn read(file: &Path) -> Matrix {
    let table = load::open(&[PathBuf::from(file)], &DataConfig::default(), &Cx::default()).unwrap();
    let columns: Vec<Vec<f64>> = table.feature_names().filter_map(|name| table.numbers(name)).collect();
    let rows = (0..table.n_rows()).flat_map(|row| columns.iter().map(move |column| column[row]));
    standardised(columns.len(), rows.collect())
}

fn standardised(columns: usize, mut values: Vec<f64>) -> Matrix {
    let n = (values.len() / columns) as f64;
    for column in 0..columns {
        let of = || values.iter().skip(column).step_by(columns);
        let mean = of().sum::<f64>() / n;
        let std = (of().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
        let scale = if std > 0.0 { std } else { 1.0 };
        values.iter_mut().skip(column).step_by(columns).for_each(|value| *value = (*value - mean) / scale);
    }
    Matrix::unnamed(columns, values).unwrap()
}
