//! The density of observed points: one kernel on each, and a flat one as the prior.
//!
//! A kernel is a product over the parameters: a normal distribution cut off at 0 and 1 for a number, and for a choice
//! the observed one with a little weight on the others. Bergstra et al. (2011), "Algorithms for hyper-parameter
//! optimization"; bandwidths and weights as in optuna 5 (Watanabe 2023, "Tree-structured Parzen estimator").

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::units::{Cell, Coordinate};
use crate::analysis::normal;

/// Observations that count in full: the latest. Earlier ones count the less, the older.
const N_FULL_WEIGHT: usize = 25;

/// Narrowest bandwidth as part of the domain, for many observations.
const MIN_BANDWIDTH: f64 = 0.01;

/// What kind of coordinate a parameter has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    /// Choices, this many.
    Choices(usize),
    /// A number.
    Number,
}

/// A mixture of kernels over some parameters.
#[derive(Debug)]
pub(super) struct Parzen {
    /// Weight of each kernel, the prior's last. Their sum is 1.
    weights: Vec<f64>,
    /// By parameter.
    kernels: Vec<Kernels>,
}

/// One parameter's part of each kernel, the prior's last.
#[derive(Debug)]
enum Kernels {
    /// The observed choice; the prior has none.
    Choices {
        n_choices: usize,
        observed: Vec<Option<usize>>,
    },
    Numbers(Vec<Normal>),
}

/// A normal distribution cut off at 0 and 1.
#[derive(Debug, Clone, Copy)]
struct Normal {
    mean: f64,
    sd: f64,
    /// Logarithm of what lies between 0 and 1 before the rest is cut off.
    log_mass: f64,
}

impl Parzen {
    /// The density of `points`, from the oldest to the newest; each has a coordinate for each axis.
    pub(super) fn new(axes: &[Axis], points: &[Vec<Coordinate>]) -> Self {
        let n = points.len();
        let n_ramp = n.saturating_sub(N_FULL_WEIGHT);
        let first = 1.0 / n.max(1) as f64;
        let ramp = |i: usize| first + (1.0 - first) * i as f64 / (n_ramp.max(2) - 1) as f64;
        let mut weights: Vec<f64> = (0..n).map(|i| if i < n_ramp { ramp(i) } else { 1.0 }).chain([1.0]).collect();
        let total: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= total);

        let on_axis = |(i, axis): (usize, &Axis)| {
            let column = points.iter().filter_map(|point| point.get(i));
            match *axis {
                Axis::Choices(n_choices) => {
                    let observed = column.map(|coordinate| match coordinate {
                        Coordinate::Choice(choice) => Some(*choice),
                        Coordinate::Number(_) => None,
                    });
                    Kernels::Choices { n_choices, observed: observed.chain([None]).collect() }
                }
                Axis::Number => {
                    let centres = column.map(|coordinate| match coordinate {
                        Coordinate::Number(cell) => cell.centre,
                        Coordinate::Choice(_) => 0.5,
                    });
                    Kernels::Numbers(normals(&centres.collect::<Vec<_>>()))
                }
            }
        };
        let kernels = axes.iter().enumerate().map(on_axis).collect();
        Self { weights, kernels }
    }

    /// Draws a point: coordinates of 0 to 1, one for each axis.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let kernel = drawn(&self.weights, rng);
        self.kernels.iter().map(|kernels| kernels.draw(kernel, rng)).collect()
    }

    /// Logarithm of the density at a point; of its probability where coordinates are cells.
    pub(super) fn log_density(&self, point: &[Coordinate]) -> f64 {
        let on_kernel = |(kernel, weight): (usize, &f64)| {
            let parts = self.kernels.iter().zip(point);
            weight.ln() + parts.map(|(kernels, coordinate)| kernels.log_density(kernel, *coordinate)).sum::<f64>()
        };
        let logs: Vec<f64> = self.weights.iter().enumerate().map(on_kernel).collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        largest + logs.iter().map(|log| (log - largest).exp()).sum::<f64>().ln()
    }
}

impl Kernels {
    fn draw(&self, kernel: usize, rng: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Choices { n_choices, .. } => {
                let weights: Vec<f64> = (0..*n_choices).map(|choice| self.weight(kernel, choice)).collect();
                (drawn(&weights, rng) as f64 + 0.5) / *n_choices as f64
            }
            Self::Numbers(normals) => {
                let level: f64 = rng.random();
                normals.get(kernel).map_or(level, |normal| normal.quantile(level))
            }
        }
    }

    fn log_density(&self, kernel: usize, at: Coordinate) -> f64 {
        match (self, at) {
            (Self::Choices { .. }, Coordinate::Choice(choice)) => self.weight(kernel, choice).ln(),
            (Self::Numbers(normals), Coordinate::Number(cell)) => {
                normals.get(kernel).map_or(0.0, |normal| normal.log_density(cell))
            }
            // A coordinate of another kind than its axis does not come from this space.
            _ => 0.0,
        }
    }

    /// Probability of a choice under a kernel: the prior's weight is shared by all kernels and choices.
    fn weight(&self, kernel: usize, choice: usize) -> f64 {
        let Self::Choices { n_choices, observed } = self else { return 0.0 };
        let (n_choices, prior) = (*n_choices as f64, 1.0 / observed.len() as f64);
        match observed.get(kernel).copied().flatten() {
            Some(seen) => (prior + f64::from(u8::from(seen == choice))) / (prior * n_choices + 1.0),
            None => 1.0 / n_choices,
        }
    }
}

/// A normal on each centre as wide as the larger distance to a neighbour, and a wide one in the middle as the prior.
fn normals(centres: &[f64]) -> Vec<Normal> {
    let n = centres.len();
    let mut order: Vec<usize> = (0..n).collect();
    // Stable: equal observations stay in their order.
    order.sort_by(|&a, &b| centres[a].total_cmp(&centres[b]));
    let narrowest = MIN_BANDWIDTH.max(1.0 / (n as f64 + 2.0));
    let mut normals = vec![Normal::new(0.5, 1.0); n + 1];
    for (rank, &i) in order.iter().enumerate() {
        let before = rank.checked_sub(1).map(|rank| centres[i] - centres[order[rank]]);
        let after = order.get(rank + 1).map(|&next| centres[next] - centres[i]);
        // The ends of the domain are neighbours of an observation that has no other.
        let width = match (before, after) {
            (None, None) => centres[i].max(1.0 - centres[i]),
            (before, after) => before.unwrap_or(0.0).max(after.unwrap_or(0.0)),
        };
        normals[i] = Normal::new(centres[i], width.clamp(narrowest, 1.0));
    }
    normals
}

impl Normal {
    fn new(mean: f64, sd: f64) -> Self {
        let log_mass = (normal::cdf((1.0 - mean) / sd) - normal::cdf(-mean / sd)).ln();
        Self { mean, sd, log_mass }
    }

    /// The value with that probability (0 up to, but not, 1) of being at most as large.
    fn quantile(&self, level: f64) -> f64 {
        let (low, high) = (normal::cdf(-self.mean / self.sd), normal::cdf((1.0 - self.mean) / self.sd));
        let probability = low + (high - low) * level;
        if probability <= 0.0 || probability >= 1.0 {
            return if probability <= 0.0 { 0.0 } else { 1.0 };
        }
        (self.mean + self.sd * normal::quantile(probability)).clamp(0.0, 1.0)
    }

    fn log_density(&self, cell: Cell) -> f64 {
        let (a, b) = ((cell.low - self.mean) / self.sd, (cell.high - self.mean) / self.sd);
        if b - a > 1e-6 {
            // The difference of two numbers near 1 is less exact than that of their mirror images near 0.
            let mass = if a > 0.0 { normal::cdf(-a) - normal::cdf(-b) } else { normal::cdf(b) - normal::cdf(a) };
            if mass > 0.0 {
                return mass.ln() - self.log_mass;
            }
        }
        // A real number, or a cell so narrow or far out that the density times its width is exact.
        let z = (a + b) / 2.0;
        let width = if cell.high > cell.low { (b - a).ln() } else { -self.sd.ln() };
        -z * z / 2.0 - std::f64::consts::TAU.sqrt().ln() + width - self.log_mass
    }
}

/// A number from 0, with chances in proportion to the weights.
fn drawn(weights: &[f64], rng: &mut ChaCha8Rng) -> usize {
    let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
    let fits = |weight: &f64| {
        left -= weight;
        left < 0.0
    };
    weights.iter().position(fits).unwrap_or(weights.len().saturating_sub(1))
}
