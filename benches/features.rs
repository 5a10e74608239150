//! How long do features and preparation take? 100,000 rows of 10 columns, 4 windows, 5 statistics.
//!
//! The peer, for the rolling statistics alone: pandas, `df.rolling(w, min_periods=1)` with mean, std, min, max and
//! median for w in (5, 10, 30, 60), which needs 1.65 s on the machine where these benches were first run.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench is a program of its own")]

use divan::Bencher;
use polars::prelude::{Column, DataFrame};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use tarsier::analysis::{features, prepare};
use tarsier::cx::Cx;
use tarsier::data::sample::Sample;
use tarsier::data::{SeriesOrder, Table};
use tarsier::recipe::{ColumnChoice, DataConfig, FeaturesConfig, PrepareConfig, TimeFormat, WindowUnit};

const ROWS: usize = 100_000;
const COLUMNS: usize = 10;

fn main() {
    divan::main();
}

/// Random walks, a row per second.
fn table() -> Table {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut columns = vec![Column::new("time".into(), (0..ROWS as i64).collect::<Vec<_>>())];
    for j in 0..COLUMNS {
        let mut value = 0.0;
        let mut step = || {
            value += rng.random_range(-1.0..1.0);
            value
        };
        columns.push(Column::new(format!("x{j}").into(), (0..ROWS).map(|_| step()).collect::<Vec<f64>>()));
    }
    let config = DataConfig {
        time: ColumnChoice::Column("time".into()),
        entity: ColumnChoice::None,
        label: ColumnChoice::None,
        time_format: TimeFormat::EpochSeconds,
        features: (0..COLUMNS).map(|j| format!("x{j}")).collect(),
        ..DataConfig::default()
    };
    let frame = DataFrame::new(ROWS, columns).unwrap();
    Table::from_frame("walks", "bench:walks", frame, Vec::new(), &config, &Cx::default()).unwrap()
}

fn rolling_only() -> FeaturesConfig {
    let mut config = FeaturesConfig { raw: false, ..FeaturesConfig::default() };
    config.time_series.rolling_statistics.window_unit = WindowUnit::Rows;
    config.statistical.z_scores = false;
    config
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn rolling_statistics(bencher: Bencher) {
    let (table, cx) = (table(), Cx::default());
    let order = SeriesOrder::of(&table);
    let plan = features::plan(&table, &rolling_only(), &cx).unwrap();
    bencher.bench(|| {
        (0..plan.n_sources())
            .into_par_iter()
            .map(|source| plan.compute_source(source, &table, &order, &cx).unwrap().len())
            .sum::<usize>()
    });
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn prepared_matrix(bencher: Bencher) {
    let (table, cx) = (table(), Cx::default());
    let order = SeriesOrder::of(&table);
    let plan = features::plan(&table, &FeaturesConfig::default(), &cx).unwrap();
    bencher.bench(|| prepare::build(&table, &plan, &PrepareConfig::default(), &order, &cx).unwrap());
}

#[divan::bench(sample_count = 5, sample_size = 1, args = [Sample::Servers, Sample::Transactions])]
fn samples(sample: Sample) -> DataFrame {
    sample.frame(1_000_000, 42)
}
