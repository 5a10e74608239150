//! How long does it take until a changed weight, strategy, normalisation, threshold or severity is seen?
//!
//!     cargo bench --bench recombine -- [--rows N] [--columns N] [--threads N] [--peers PYTHON]
//!
//! Score columns of 1,000,000 rows × 8 detectors are made here; each change is the median of seven. With `--peers` the
//! same change in numpy (which must be in that Python) on the same numbers, written by this program to a file.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a bench is a program of its own")]

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tarsier::analysis::ensemble::{DetectorScores, RowsInTime, Scene, Votes, Windows, combine};
use tarsier::analysis::severity::Circumstances;
use tarsier::data::SeriesOrder;
use tarsier::recipe::{DetectorKind, Recipe, ThresholdAggregation, edit};

/// A change: its name, the settings it makes, and what the peer calls it.
const CHANGES: &[(&str, &[&str], &str)] = &[
    ("weight", &["ensemble.model_weights.isolation_forest=0.7"], "average"),
    ("contamination", &["ensemble.contamination=0.03"], "average"),
    ("minmax", &["ensemble.normalization=minmax"], "minmax"),
    ("robust", &["ensemble.normalization=robust"], "robust"),
    ("rank", &["ensemble.normalization=rank"], "rank"),
    ("gaussian", &["ensemble.normalization=gaussian"], "gaussian"),
    ("soft limit", &["ensemble.soft_limit=3"], ""),
    ("majority vote", &["ensemble.voting_strategy=majority_vote"], "majority"),
    ("confidence weighted", &["ensemble.voting_strategy=confidence_weighted"], "confidence"),
    ("maximum", &["ensemble.voting_strategy=maximum"], "maximum"),
    ("average of maximum", &["ensemble.voting_strategy=average_of_maximum"], "aom"),
    ("dynamic weights", &["ensemble.dynamic_weighting.enabled=true"], ""),
    ("diversity", &["ensemble.diversity.enabled=true"], ""),
    ("context", &["ensemble.context.enabled=true"], ""),
    ("threshold iqr", &["ensemble.threshold_method=iqr(3)"], ""),
    ("threshold gaussian", &["ensemble.threshold_method=gaussian(3)"], ""),
    ("mean of thresholds", &["ensemble.threshold_aggregation=mean"], ""),
    ("severity", &["severity.medium=0.45", "severity.dynamic_adjustment.enabled=true"], "average"),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option =
        |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1)).map(String::as_str);
    let number = |name: &str, default: usize| option(name).map_or(default, |text| text.parse().unwrap());
    let (n_rows, n_columns, threads) = (number("--rows", 1_000_000), number("--columns", 8), number("--threads", 2));
    let raw: Vec<Vec<f64>> = (0..n_columns).map(|i| column(n_rows, i as u64)).collect();
    let file = option("--peers").map(|_| write(&raw));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    println!("{n_rows} rows x {n_columns} detectors, {threads} threads, milliseconds (median of seven)");
    println!("{:<22} {:>8} {:>8} {:>7}", "change", "ours", "numpy", "ratio");
    let columns: Vec<DetectorScores> =
        DetectorKind::ALL.iter().zip(raw).map(|(&kind, raw)| DetectorScores::new(kind, Arc::new(raw), None)).collect();
    for (name, settings, peer) in CHANGES {
        let ours = pool.install(|| milliseconds(&columns, settings));
        let theirs = option("--peers").filter(|_| !peer.is_empty()).map(|python| {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/recombine_peer.py");
            let arguments = [script, peer, file.as_deref().unwrap(), &n_columns.to_string(), &threads.to_string()];
            let output = Command::new(python).args(arguments).output().unwrap();
            String::from_utf8_lossy(&output.stdout).trim().parse::<f64>().unwrap()
        });
        let peer = theirs.map_or(String::new(), |ms| format!("{ms:>8.1} {:>6.1}x", ms / ours));
        println!("{name:<22} {ours:>8.1} {peer}");
    }
    file.map(std::fs::remove_file);
}

/// The median time of a change, after one that finds what every combination needs.
fn milliseconds(columns: &[DetectorScores], settings: &[&str]) -> f64 {
    // The plain weighted average; changes come on top.
    let mut recipe = Recipe::default();
    recipe.ensemble.threshold_aggregation = ThresholdAggregation::Combined;
    recipe.ensemble.contamination = 0.02;
    recipe.ensemble.dynamic_weighting.enabled = false;
    recipe.ensemble.diversity.enabled = false;
    recipe.severity.dynamic_adjustment.enabled = false;
    for setting in settings {
        edit::set(&mut recipe, setting).unwrap();
    }
    let n = columns[0].raw.len();
    let times: Vec<i64> = (0..n as i64).map(|minute| minute * 60_000_000).collect();
    let order = SeriesOrder::new(n, &times, &[]);
    let windows = Windows::new(&times, recipe.ensemble.dynamic_weighting.window_secs);
    let circumstances = Circumstances::default();
    let run = |recipe: &Recipe, votes: Option<&Arc<Votes>>| {
        let scene = Scene {
            rows: RowsInTime { order: &order, time: Some(&times), alerts: &recipe.alerts },
            windows: Some(&windows),
            feedback: &[],
            rules: &[],
            circumstances: &circumstances,
            votes,
            stacked: None,
        };
        let started = Instant::now();
        let combined = combine(columns, &scene, recipe);
        let elapsed = started.elapsed();
        assert_eq!(combined.score.len(), n);
        (elapsed.as_secs_f64() * 1e3, combined.votes)
    };
    let (_, votes) = run(&recipe, None);
    let mut times: Vec<f64> = (0..7).map(|_| run(&recipe, votes.as_ref()).0).collect();
    times.sort_by(f64::total_cmp);
    times[3]
}

/// Scores with a long tail to the right.
fn column(n: usize, seed: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| -random.random_range(f64::MIN_POSITIVE..1.0).ln() * (1.0 + seed as f64)).collect()
}

fn write(raw: &[Vec<f64>]) -> String {
    let path = std::env::temp_dir().join(format!("tarsier-recombine-{}.f64", std::process::id()));
    let bytes: Vec<u8> = raw.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}
