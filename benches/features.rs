//! How long do features and preparation take, beside the libraries people use now?
//!
//!     cargo bench --bench features -- [--data FILE] [--job NAME]... [--peers PYTHON] [--threads N]
//!
//! Every job runs in a process of its own, best of three, with its peak memory; then, with `--peers`, the same job in that
//! Python interpreter (`benches/feature_peers.py` says which packages it needs), on the same numbers and threads. Without
//! `--data` a table of 100,000 rows × 10 columns is made here: random walks with a daily season.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a bench is a program of its own")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use polars::prelude::{Column, DataFrame};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tarsier::analysis::features::{self, FeatureInput, profile::profile};
use tarsier::cx::Cx;
use tarsier::data::{SeriesOrder, Table, load};
use tarsier::engine::{Engine, peak_memory_mb};
use tarsier::recipe::{ColumnChoice, ComputeConfig, DataConfig, FeaturesConfig, Recipe, TimeFormat, edit};

/// A piece of work: its name, rows and columns of the table made for it (0: those of the data), settings, and peers.
struct Job {
    name: &'static str,
    rows: usize,
    columns: usize,
    settings: &'static [&'static str],
    peers: &'static [&'static str],
}

const ROLLING: &[&str] = &["features.raw=false", "features.statistical.enabled=false"];

const JOBS: &[Job] = &[
    Job { name: "rolling", rows: 0, columns: 0, settings: ROLLING, peers: &["pandas", "polars"] },
    Job {
        name: "stl",
        rows: 100_000,
        columns: 1,
        settings: &["features.time_series.seasonal_analysis.decomposition=stl"],
        peers: &["statsmodels"],
    },
    Job {
        name: "stl_robust",
        rows: 20_000,
        columns: 1,
        settings: &[
            "features.time_series.seasonal_analysis.decomposition=stl",
            "features.time_series.seasonal_analysis.robust=true",
        ],
        peers: &["statsmodels"],
    },
    Job {
        name: "pelt",
        rows: 5000,
        columns: 1,
        settings: &[
            "features.time_series.change_points.enabled=true",
            "features.time_series.change_points.methods=pelt",
            "features.time_series.change_points.look_ahead=true",
            "features.time_series.change_points.min_size=2",
        ],
        peers: &["ruptures-c"],
    },
    Job {
        name: "kendall",
        rows: 100_000,
        columns: 50,
        settings: &["features.statistical.correlation.methods=kendall"],
        peers: &["scipy"],
    },
    Job { name: "everything", rows: 1_000_000, columns: 10, settings: &[], peers: &[] },
];

/// What one process measured.
struct Measured {
    seconds: f64,
    peak_mb: f64,
    note: String,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [flag, job, file, threads] = arguments.as_slice()
        && flag == "--measure"
    {
        let job = JOBS.iter().find(|known| known.name == job).unwrap();
        return measure(job, file, threads.parse().unwrap());
    }
    let values = |name: &str| -> Vec<String> {
        arguments.windows(2).filter(|pair| pair[0] == name).map(|pair| pair[1].clone()).collect()
    };
    let file = values("--data").pop().unwrap_or_default();
    let (wanted, python) = (values("--job"), values("--peers").pop());
    let threads = values("--threads").pop().unwrap_or_else(|| "2".to_owned());
    println!("| work | program | s | peak MB | ratio | |");
    println!("|---|---|--:|--:|--:|---|");
    for job in JOBS.iter().filter(|job| wanted.is_empty() || wanted.iter().any(|wanted| wanted == job.name)) {
        let mut own = Command::new(std::env::current_exe().unwrap());
        own.args(["--measure", job.name, &file, &threads]).env("RAYON_NUM_THREADS", &threads);
        let Some(ours) = run(own) else { continue };
        println!("| {} | tarsier | {:.4} | {:.0} | | {} |", job.name, ours.seconds, ours.peak_mb, ours.note);
        for peer in python.iter().flat_map(|_| job.peers) {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/feature_peers.py");
            let numbers = tempfile::NamedTempFile::new().unwrap();
            let (n_rows, n_columns) = write(job, &file, numbers.path());
            let mut command = Command::new(python.as_deref().unwrap_or_default());
            command.arg(script).args([job.name, peer]).arg(numbers.path());
            command.args([n_rows.to_string(), n_columns.to_string(), threads.clone()]);
            if let Some(theirs) = run(command) {
                let ratio = theirs.seconds / ours.seconds;
                println!(
                    "| {} | {peer} | {:.4} | {:.0} | {ratio:.1} | {} |",
                    job.name, theirs.seconds, theirs.peak_mb, theirs.note
                );
            }
        }
    }
}

/// Runs a process that prints seconds, peak megabytes and a note.
fn run(mut command: Command) -> Option<Measured> {
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace();
    let (seconds, peak) = (words.next().and_then(|w| w.parse().ok()), words.next().and_then(|w| w.parse().ok()));
    let (Some(seconds), Some(peak_mb)) = (seconds, peak) else {
        println!("failed: {command:?}\n{}", String::from_utf8_lossy(&output.stderr));
        return None;
    };
    Some(Measured { seconds, peak_mb, note: words.collect::<Vec<_>>().join(" ") })
}

fn measure(job: &Job, file: &str, threads: usize) {
    let table = Arc::new(table_of(job, file));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (before, n_runs) = (peak_memory_mb(), if job.name == "everything" { 1 } else { 3 });
    let (mut best, mut note) = (f64::INFINITY, String::new());
    for _ in 0..n_runs {
        let started = Instant::now();
        note = pool.install(|| work(job, &table));
        best = best.min(started.elapsed().as_secs_f64());
    }
    println!("{best} {} (before: {before:.0} MB) {note}", peak_memory_mb());
}

/// Does the job once; what it came to.
fn work(job: &Job, table: &Arc<Table>) -> String {
    let cx = Cx::new(&ComputeConfig { memory_limit_mb: 16_384, ..ComputeConfig::default() });
    if job.name == "everything" {
        let mut recipe = Recipe::default();
        (recipe.compute.memory_limit_mb, recipe.compute.cache.features) = (16_384, false);
        let prepared = Engine::default().prepared(table, &recipe.checked().unwrap(), &cx).unwrap();
        return format!("{} features made, {} kept", prepared.catalogue.len(), prepared.matrix.n_features());
    }
    let order = SeriesOrder::of(table);
    let input = FeatureInput::new(table, &order, None);
    let config = config(job);
    if job.name == "kendall" {
        let found = profile(&input, &config.statistical, &cx).unwrap();
        return format!("{} pairs", found.columns.len() * (found.columns.len() - 1) / 2);
    }
    let plan = features::plan(&input, &config, &cx).unwrap();
    let compute = |node: usize| plan.compute_node(node, &input, &cx).unwrap().columns.len();
    use rayon::prelude::*;
    let n_columns: usize = (0..plan.n_nodes()).into_par_iter().map(compute).sum();
    format!("{n_columns} columns")
}

fn config(job: &Job) -> FeaturesConfig {
    let mut recipe = Recipe { features: FeaturesConfig::rolling(), ..Recipe::default() };
    for setting in ["window_unit=rows", "min_history=0"] {
        edit::set(&mut recipe, &format!("features.time_series.rolling_statistics.{setting}")).unwrap();
    }
    if job.name != "rolling" {
        let rolling = &mut recipe.features.time_series.rolling_statistics;
        rolling.windows.clear();
        recipe.features.raw = false;
        recipe.features.statistical.z_scores = false;
    }
    if job.name.starts_with("stl") {
        let seasonal = &mut recipe.features.time_series.seasonal_analysis;
        (seasonal.enabled, seasonal.fourier_terms, seasonal.seasonal_periods) = (true, 0, vec![24.0]);
    }
    job.settings.iter().for_each(|setting| edit::set(&mut recipe, setting).unwrap());
    recipe.features
}

fn table_of(job: &Job, file: &str) -> Table {
    if job.rows == 0 && !file.is_empty() {
        let config = DataConfig { entity: ColumnChoice::None, ..DataConfig::default() };
        return load::open(&[Path::new(file).to_path_buf()], &config, &Cx::default()).unwrap();
    }
    let (rows, columns) = if job.rows == 0 { (100_000, 10) } else { (job.rows, job.columns) };
    walks(rows, columns)
}

/// Random walks with a season of a day, a row a minute.
fn walks(n_rows: usize, n_columns: usize) -> Table {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut columns = vec![Column::new("time".into(), (0..n_rows as i64).map(|i| i * 60).collect::<Vec<_>>())];
    for j in 0..n_columns {
        let mut level = 0.0;
        let mut value = |i: usize| {
            level += rng.random_range(-0.1..0.1);
            level + 3.0 * (i as f64 / 1440.0 * std::f64::consts::TAU).sin() + rng.random_range(-1.0..1.0)
        };
        columns.push(Column::new(format!("x{j}").into(), (0..n_rows).map(&mut value).collect::<Vec<f64>>()));
    }
    let config = DataConfig {
        time: ColumnChoice::Column("time".into()),
        entity: ColumnChoice::None,
        label: ColumnChoice::None,
        time_format: TimeFormat::EpochSeconds,
        ..DataConfig::default()
    };
    let frame = DataFrame::new(n_rows, columns).unwrap();
    Table::from_frame("walks", "bench:walks", frame, Vec::new(), &config, &Cx::default()).unwrap()
}

/// Writes the numbers of a job for its peers, column after column; returns rows and columns.
fn write(job: &Job, file: &str, path: &Path) -> (usize, usize) {
    let table = table_of(job, file);
    let names: Vec<String> = table.feature_names().map(str::to_owned).collect();
    let bytes: Vec<u8> =
        names.iter().flat_map(|name| table.numbers(name).unwrap()).flat_map(f64::to_le_bytes).collect();
    std::fs::write(path, bytes).unwrap();
    (table.n_rows(), names.len())
}
