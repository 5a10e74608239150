//! The sample `servers`: metrics of five hosts every five minutes, with incidents.

use std::f64::consts::TAU;

use polars::prelude::{Column, DataFrame, Int64Chunked, IntoSeries, NamedFrom, NewChunkedArray, Series, TimeUnit};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal, Poisson, StandardNormal, StudentT};

use super::incidents::{Incident, schedule, strike};
use super::{frame_of, rounded};

/// Steps of five minutes in a day.
pub(super) const STEPS_PER_DAY: usize = 288;

const MICROS_PER_STEP: i64 = 300_000_000;

/// Monday 2025-03-03, 00:00 UTC.
const START_MICROS: i64 = 1_740_960_000_000_000;

/// What is normal for a host.
pub(super) struct Host {
    name: &'static str,
    /// Megabytes per second at full load.
    network: f64,
    /// Percent without load, and added by full load.
    cpu: (f64, f64),
    /// Percent.
    memory: f64,
    /// Megabytes per second.
    disk: f64,
    /// Milliseconds without load.
    latency: f64,
    /// Per minute at full load.
    logins: f64,
    /// How much less there is to do at weekends, 0 to 1.
    weekend_dip: f64,
}

/// The hosts.
pub(super) const HOSTS: [Host; 5] = [
    host("web-1", 42.0, (9.0, 46.0), 48.0, 3.0, 38.0, 6.0, 0.30),
    host("web-2", 40.0, (8.0, 44.0), 46.0, 3.0, 40.0, 6.0, 0.30),
    host("db-1", 26.0, (12.0, 38.0), 67.0, 34.0, 9.0, 0.6, 0.25),
    host("cache-1", 60.0, (5.0, 22.0), 71.0, 0.8, 1.6, 0.2, 0.30),
    host("auth-1", 7.0, (6.0, 30.0), 39.0, 1.4, 22.0, 19.0, 0.45),
];

#[expect(clippy::too_many_arguments, reason = "a table of hosts reads best as one line each")]
const fn host(
    name: &'static str,
    network: f64,
    cpu: (f64, f64),
    memory: f64,
    disk: f64,
    latency: f64,
    logins: f64,
    weekend_dip: f64,
) -> Host {
    Host { name, network, cpu, memory, disk, latency, logins, weekend_dip }
}

/// Metrics of one host at one step; NaN where they are missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metrics {
    pub(super) cpu: f64,
    pub(super) memory: f64,
    pub(super) disk: f64,
    pub(super) network: f64,
    pub(super) latency: f64,
    pub(super) errors: f64,
    pub(super) logins: f64,
}

/// The table: five rows per step, in the order of [`HOSTS`].
pub(super) fn frame(rows: usize, seed: u64) -> DataFrame {
    let n_steps = rows.div_ceil(HOSTS.len());
    let incidents = schedule(n_steps, &mut stream(seed, 0));
    let hosts: Vec<(Vec<Metrics>, Vec<Option<&str>>)> =
        (0..HOSTS.len()).map(|host| simulate(host, n_steps, &incidents, seed)).collect();
    let places = || (0..n_steps).flat_map(|step| hosts.iter().map(move |host| (step, host))).take(rows);
    let metric = |name: &str, of: fn(&Metrics) -> f64, decimals: i32| {
        let value = |(step, host): (usize, &(Vec<Metrics>, _))| {
            host.0.get(step).map(of).filter(|v| v.is_finite()).map(|v| rounded(v, decimals))
        };
        Column::new(name.into(), places().map(value).collect::<Vec<Option<f64>>>())
    };
    let count = |name: &str, of: fn(&Metrics) -> f64| {
        let value = |(step, host): (usize, &(Vec<Metrics>, _))| host.0.get(step).map_or(0, |m| of(m) as i64);
        Column::new(name.into(), places().map(value).collect::<Vec<i64>>())
    };
    let incident: Vec<Option<&str>> = places().map(|(step, host)| host.1.get(step).copied().flatten()).collect();
    let times = (0..rows).map(|row| START_MICROS + (row / HOSTS.len()) as i64 * MICROS_PER_STEP);
    let timestamp =
        Int64Chunked::from_iter_values("timestamp".into(), times).into_datetime(TimeUnit::Microseconds, None);
    let names: Vec<&str> = HOSTS.iter().map(|host| host.name).cycle().take(rows).collect();
    let label: Vec<bool> = incident.iter().map(Option::is_some).collect();
    let columns = vec![
        timestamp.into_series().into(),
        Column::new("host".into(), names),
        metric("cpu_percent", |m| m.cpu, 1),
        metric("memory_percent", |m| m.memory, 1),
        metric("disk_io_mb_s", |m| m.disk, 2),
        metric("network_mb_s", |m| m.network, 2),
        metric("latency_ms", |m| m.latency, 1),
        count("errors_per_min", |m| m.errors),
        count("logins_per_min", |m| m.logins),
        Column::new("label".into(), label),
        Series::new("incident".into(), incident).into(),
    ];
    frame_of(rows, columns)
}

fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// All steps of one host, with the name of the incident under way.
fn simulate(index: usize, n_steps: usize, all: &[Incident], seed: u64) -> (Vec<Metrics>, Vec<Option<&'static str>>) {
    let Some(host) = HOSTS.get(index) else { return (Vec::new(), Vec::new()) };
    let mut rng = stream(seed, 1 + index as u64);
    let mut walk = Walk::default();
    let mut metrics: Vec<Metrics> = (0..n_steps).map(|step| normal(host, step, &mut walk, &mut rng)).collect();
    let mut names = vec![None; n_steps];
    for incident in all.iter().filter(|incident| incident.host == index) {
        let rows = metrics.iter_mut().zip(&mut names).skip(incident.start).take(incident.n_steps);
        for (step, (row, name)) in rows.enumerate() {
            strike(incident, step, row, &mut rng);
            *name = Some(incident.kind.name());
        }
    }
    for row in &mut metrics {
        row.cpu = row.cpu.clamp(0.0, 100.0);
        row.memory = row.memory.clamp(0.0, 99.5);
    }
    (metrics, names)
}

/// What goes on from step to step: how busy the hour is beyond the rhythm, and how full the memory.
#[derive(Default)]
struct Walk {
    load: f64,
    memory: f64,
}

/// A step without incident.
fn normal(host: &Host, step: usize, walk: &mut Walk, rng: &mut ChaCha8Rng) -> Metrics {
    let noise = |rng: &mut ChaCha8Rng| -> f64 { StandardNormal.sample(rng) };
    walk.load = 0.92 * walk.load + 0.035 * noise(rng);
    walk.memory = 0.995 * walk.memory + 0.12 * noise(rng);
    let load = rhythm(host, step) * walk.load.exp();
    let network = host.network * load * positive(rng, 0.06);
    // Traffic is what keeps the processor busy, and a busy processor is what makes users wait.
    let busy = network / host.network;
    let cpu = (host.cpu.0 + host.cpu.1 * busy + 1.2 * heavy_tailed(rng)).max(0.5);
    let saturation = (cpu / 100.0).powi(2);
    let mut latency = host.latency * (1.0 + 1.4 * saturation) * positive(rng, 0.07);
    if rng.random_bool(0.004) {
        latency *= rng.random_range(1.3..1.9);
    }
    let mut disk = host.disk * (0.45 + 0.55 * busy) * positive(rng, 0.16);
    if is_backup(step) {
        disk += host.disk * 1.6 * positive(rng, 0.08);
    }
    Metrics {
        cpu,
        memory: host.memory + walk.memory + 5.0 * busy + 0.25 * noise(rng),
        disk,
        network,
        latency,
        errors: count(0.25 + 1.1 * busy * saturation.max(0.05), rng),
        logins: count(host.logins * load, rng),
    }
}

/// Load by the clock, about 0.2 at night to 1 in the early afternoon, less at weekends.
fn rhythm(host: &Host, step: usize) -> f64 {
    let hour = (step % STEPS_PER_DAY) as f64 / 12.0;
    let daily = 0.58 - 0.36 * ((hour - 2.0) / 24.0 * TAU).cos() - 0.06 * ((hour - 5.0) / 12.0 * TAU).cos();
    let is_weekend = step / STEPS_PER_DAY % 7 >= 5;
    if is_weekend { daily * (1.0 - host.weekend_dip) } else { daily }
}

/// Half an hour from 02:00: regular, and no incident.
fn is_backup(step: usize) -> bool {
    (24..30).contains(&(step % STEPS_PER_DAY))
}

/// A factor around 1.
fn positive(rng: &mut ChaCha8Rng, sigma: f64) -> f64 {
    LogNormal::new(0.0, sigma).map_or(1.0, |distribution| distribution.sample(rng))
}

/// Noise around 0 with more far values than a normal distribution has.
fn heavy_tailed(rng: &mut ChaCha8Rng) -> f64 {
    StudentT::new(4.0).map_or(0.0, |distribution| distribution.sample(rng))
}

/// A number of events where `expected` are expected.
fn count(expected: f64, rng: &mut ChaCha8Rng) -> f64 {
    Poisson::new(expected).map_or(0.0, |distribution| distribution.sample(rng))
}
