//! When which incident strikes which host, and what each kind does to the metrics.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::servers::{HOSTS, Metrics, STEPS_PER_DAY};

/// Share of rows that belong to an incident.
const SHARE: f64 = 0.024;

/// Quiet steps between two incidents of a host.
const QUIET_STEPS: usize = 12;

/// Places tried before an incident is given up.
const MOST_TRIES: usize = 100;

/// A kind of incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Processor, latency and errors jump for a few minutes.
    Spike,
    /// Latency and memory stay higher for hours, from one step to the next.
    LevelShift,
    /// Memory leaks until latency follows.
    Drift,
    /// Logins and traffic in the middle of the night, as by day.
    BrokenRhythm,
    /// The processor is busy without any traffic to explain it.
    BrokenCorrelation,
    /// Processor, memory and disk are not reported, and answers are slow.
    MissingData,
}

impl Kind {
    /// In the order in which they are dealt out.
    pub(super) const ALL: [Self; 6] =
        [Self::Spike, Self::LevelShift, Self::Drift, Self::BrokenRhythm, Self::BrokenCorrelation, Self::MissingData];

    /// Name in the `incident` column.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Spike => "spike",
            Self::LevelShift => "level shift",
            Self::Drift => "slow drift",
            Self::BrokenRhythm => "broken rhythm",
            Self::BrokenCorrelation => "broken correlation",
            Self::MissingData => "missing data",
        }
    }

    /// Shortest and longest, in steps of five minutes.
    fn steps(self) -> (usize, usize) {
        match self {
            Self::Spike => (3, 6),
            Self::LevelShift => (20, 36),
            Self::Drift => (36, 60),
            Self::BrokenRhythm => (18, 30),
            Self::BrokenCorrelation => (20, 36),
            Self::MissingData => (8, 18),
        }
    }
}

/// An incident of one host.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Incident {
    pub(super) kind: Kind,
    pub(super) host: usize,
    /// First step and number of steps.
    pub(super) start: usize,
    pub(super) n_steps: usize,
    /// How strong, 1 to 1.5.
    pub(super) strength: f64,
}

/// Deals out incidents, kind after kind, until the share of rows is reached. They never overlap on one host.
pub(super) fn schedule(n_steps: usize, rng: &mut ChaCha8Rng) -> Vec<Incident> {
    let mut left = ((n_steps * HOSTS.len()) as f64 * SHARE).round() as usize;
    let mut taken = vec![vec![false; n_steps]; HOSTS.len()];
    let mut incidents = Vec::new();
    for kind in Kind::ALL.into_iter().cycle() {
        let (shortest, longest) = kind.steps();
        let drawn = rng.random_range(shortest..=longest);
        let length = drawn.min(left).min(n_steps / 2);
        // An incident cut to less than half would not look like its kind.
        if length * 2 < drawn {
            break;
        }
        left -= length;
        let place = (0..MOST_TRIES).find_map(|_| {
            let host = rng.random_range(0..HOSTS.len());
            let start = draw_start(kind, length, n_steps, rng);
            let quiet = start.saturating_sub(QUIET_STEPS)..(start + length + QUIET_STEPS).min(n_steps);
            let free = taken.get(host)?.get(quiet)?.iter().all(|&taken| !taken);
            free.then_some((host, start))
        });
        let Some((host, start)) = place else { continue };
        if let Some(steps) = taken.get_mut(host).and_then(|steps| steps.get_mut(start..start + length)) {
            steps.fill(true);
        }
        incidents.push(Incident { kind, host, start, n_steps: length, strength: rng.random_range(1.0..1.5) });
    }
    incidents
}

/// A first step, late enough that some rows before it are normal. A broken rhythm begins in the small hours.
fn draw_start(kind: Kind, length: usize, n_steps: usize, rng: &mut ChaCha8Rng) -> usize {
    let earliest = (n_steps / 12).min(n_steps - length);
    let start = rng.random_range(earliest..=n_steps - length);
    let night = start / STEPS_PER_DAY * STEPS_PER_DAY + rng.random_range(0..STEPS_PER_DAY / 12);
    if kind == Kind::BrokenRhythm && night >= earliest && night + length <= n_steps { night } else { start }
}

/// Changes the metrics of a row as the incident does, `step` steps after its start.
pub(super) fn strike(incident: &Incident, step: usize, metrics: &mut Metrics, rng: &mut ChaCha8Rng) {
    let strength = incident.strength;
    match incident.kind {
        Kind::Spike => {
            metrics.cpu = 88.0 + 8.0 * strength + rng.random_range(-2.0..2.0);
            metrics.latency *= 4.0 * strength;
            metrics.errors = metrics.errors * 3.0 + (25.0 * strength).round();
        }
        Kind::LevelShift => {
            metrics.latency *= 1.9 * strength;
            metrics.memory += 11.0 * strength;
        }
        Kind::Drift => {
            let progress = (step + 1) as f64 / incident.n_steps as f64;
            metrics.memory += 34.0 * strength * progress;
            metrics.latency *= 1.0 + 1.5 * strength * (progress - 0.5).max(0.0);
        }
        Kind::BrokenRhythm => {
            metrics.logins = metrics.logins * 6.0 + (14.0 * strength * rng.random_range(0.8..1.2)).round();
            metrics.network *= 2.2 * strength;
        }
        Kind::BrokenCorrelation => {
            metrics.cpu = (metrics.cpu + 32.0 * strength).max(70.0) + rng.random_range(-3.0..3.0);
            metrics.network *= 0.35;
        }
        Kind::MissingData => {
            // The host hangs: its agent reports nothing, and the network sees slow answers.
            metrics.latency *= 1.5 * strength;
            metrics.cpu = f64::NAN;
            metrics.memory = f64::NAN;
            metrics.disk = f64::NAN;
        }
    }
}
