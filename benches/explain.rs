//! How long do explanations take: SHAP values of an isolation forest beside those of shap, and the ensemble of a preset on a
//! sample, alert by alert, value by value?
//!
//!     cargo bench --bench explain -- [--rows N] [--features N] [--threads N] [--peers PYTHON]
//!
//! With `--peers` shap's `TreeExplainer` (which must be in that Python) explains a forest of scikit-learn of the same size
//! fitted on the same numbers, written by this program to a file.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a bench is a program of its own")]

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tarsier::analysis::detect::isolation_forest::IsolationForest;
use tarsier::analysis::explain::tree_shap::TreeShap;
use tarsier::app::Source;
use tarsier::cx::Cx;
use tarsier::data::Matrix;
use tarsier::data::sample::Sample;
use tarsier::engine::{Engine, Explainer, Given, Snapshot, Target, WhatIf};
use tarsier::recipe::{DataConfig, IsolationForestConfig, Preset, Recipe};
use tarsier::triage::{alerts_of, explain_alerts};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option =
        |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1)).map(String::as_str);
    let number = |name: &str, default: usize| option(name).map_or(default, |text| text.parse().unwrap());
    let (n_rows, n_features, threads) = (number("--rows", 1000), number("--features", 21), number("--threads", 2));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| trees(n_rows, n_features, option("--peers")));
    for (preset, sample, rows) in [
        (Preset::Timeseries, Sample::Servers, 20_160),
        (Preset::Tabular, Sample::Transactions, 20_000),
        (Preset::Document, Sample::Servers, 20_160),
    ] {
        ensemble(preset, sample, rows, threads);
    }
}

/// SHAP values of a forest of 100 trees of 256 rows.
fn trees(n_rows: usize, n_features: usize, python: Option<&str>) {
    let cx = Cx::default();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let values: Vec<f64> = (0..20_000 * n_features).map(|_| rng.random::<f64>() + rng.random::<f64>()).collect();
    let x = Matrix::unnamed(n_features, values).unwrap();
    let forest = IsolationForest::fit(&IsolationForestConfig::default(), &x, &cx).unwrap();
    let rows = x.select(&(0..n_rows as u32).collect::<Vec<_>>());
    let background = x.select(&(10_000..10_100).collect::<Vec<_>>());
    println!("SHAP values of {n_rows} rows x {n_features} features, 100 trees of 256 rows; seconds (best of five)");
    let (built, trees) = timed(|| TreeShap::path_dependent(&forest, &cx).unwrap().unwrap());
    let (ours, _) = timed(|| trees.explain(&forest, &rows, &cx).unwrap());
    let (built_against, trees) = timed(|| TreeShap::interventional(&forest, &background, &cx).unwrap().unwrap());
    let (against, _) = timed(|| trees.explain(&forest, &rows, &cx).unwrap());
    let peers = python.map(|python| {
        let file = std::env::temp_dir().join(format!("tarsier-bench-{}.f64", std::process::id()));
        std::fs::write(&file, x.values().iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>()).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/explain_peer.py");
        let output = Command::new(python)
            .args([script, file.to_str().unwrap(), &n_features.to_string(), &n_rows.to_string()])
            .output()
            .unwrap();
        std::fs::remove_file(file).unwrap();
        let text = String::from_utf8_lossy(&output.stdout).to_string();
        text.split_whitespace().map(|number| number.parse::<f64>().unwrap()).collect::<Vec<f64>>()
    });
    let line = |name: &str, built: f64, ours: f64, theirs: Option<(f64, f64)>| {
        let peer = theirs.map_or(String::new(), |(built, time)| {
            format!("   shap: {built:.3} ready, {time:.3} values, {:.1}x", time / ours)
        });
        println!("  {name:<28} {built:>7.3} ready, {ours:>7.3} values{peer}");
    };
    let pair = |at: usize| peers.as_ref().and_then(|peers| Some((*peers.get(at)?, *peers.get(at + 1)?)));
    line("path dependent", built, ours, pair(0));
    line("interventional (100 rows)", built_against, against, pair(2));
}

/// What a preset's ensemble takes on a sample.
fn ensemble(preset: Preset, sample: Sample, rows: usize, threads: usize) {
    let cx = Cx::default();
    let table = Arc::new(Source::Sample { sample, rows, seed: 42 }.open(&DataConfig::default(), &cx).unwrap());
    let mut recipe: Recipe = preset.recipe();
    recipe.compute.threads = threads as u32;
    let recipe = recipe.checked().unwrap();
    let snapshot = Engine::default().run(&table, &recipe, &Given::default(), &cx, &|_| {}).unwrap();
    let snapshot: Arc<Snapshot> = Arc::new(snapshot);
    let (ready, explainer) = timed_once(|| Arc::new(Explainer::new(&snapshot, 0, &cx).unwrap()));
    // As many alerts as a bad week has: every anomalous row one.
    let anomalous = snapshot.combined.is_anomaly.iter().enumerate().filter(|(_, is)| **is);
    let rows: Vec<u32> = anomalous.map(|(row, _)| row as u32).take(1000).collect();
    let alerts = alerts_of(&snapshot);
    println!(
        "\n{} on {rows_of} rows of {}: {} features",
        preset.name(),
        sample.name(),
        snapshot.prepared.matrix.n_features(),
        rows_of = table.n_rows()
    );
    println!("  ready {ready:.3} s");
    let (all, _) = timed_once(|| explain_alerts(&explainer, &snapshot, &alerts, &cx, &mut |_| {}).unwrap());
    println!("  {} alerts {:.3} s, {:.2} ms each", alerts.len(), all, 1e3 * all / alerts.len().max(1) as f64);
    let (all, _) = timed_once(|| {
        for rows in rows.chunks(16) {
            explainer.explain_for_people(&snapshot, rows, &cx).unwrap();
        }
    });
    println!("  {} anomalous rows {all:.3} s, {:.2} ms each", rows.len(), 1e3 * all / rows.len().max(1) as f64);
    let row = alerts.first().map_or(0, |alert| alert.episode.peak_row);
    let (getting_ready, what_if) = timed_once(|| WhatIf::new(&explainer, &snapshot, row, &cx).unwrap());
    let mut values = what_if.values();
    let (once, _) = timed(|| {
        values.iter_mut().for_each(|value| *value *= 1.01);
        what_if.evaluate(&values, &cx).unwrap()
    });
    println!("  what if: ready {:.1} ms, every change {:.2} ms", 1e3 * getting_ready, 1e3 * once);
    let mut slowest: f64 = 0.0;
    let mut sum = 0.0;
    let asked = alerts.iter().take(20);
    for alert in asked.clone() {
        let row = alert.episode.peak_row;
        let found = || WhatIf::new(&explainer, &snapshot, row, &cx).unwrap().counterfactual(&cx).unwrap();
        let (seconds, _) = timed_once(found);
        (slowest, sum) = (slowest.max(seconds), sum + seconds);
    }
    println!(
        "  counterfactual: mean {:.0} ms, slowest {:.0} ms of {}",
        1e3 * sum / asked.len().max(1) as f64,
        1e3 * slowest,
        asked.len()
    );
    for method in explainer.methods(Target::Combined).unwrap() {
        let (seconds, _) =
            timed_once(|| explainer.explain(&snapshot, row, Target::Combined, Some(method), &cx).unwrap());
        println!("  {:<28} {:.1} ms", method.title(), 1e3 * seconds);
    }
}

/// Seconds of the best of five, and what it gave.
fn timed<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let mut best = timed_once(&mut work);
    for _ in 0..4 {
        let again = timed_once(&mut work);
        if again.0 < best.0 {
            best = again;
        }
    }
    best
}

fn timed_once<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let started = Instant::now();
    let given = work();
    (started.elapsed().as_secs_f64(), given)
}
