//! Which point is tried next: by grid, at random, or by the model of [`super::tpe`].

use std::collections::HashSet;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::space::{Point, Space};
use super::tpe;
use super::trial::{Proposal, Status, Trial};
use crate::recipe::{SearchMethod, TuningConfig};

/// Draws before a point that was not tried is looked for in order.
const MAX_DRAWS: u32 = 100;

/// What a proposal may depend on, beside the seed and its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct History<'a> {
    /// Trials that have ended, by number.
    pub(super) trials: &'a [Trial],
    /// Trials under way.
    pub(super) pending: &'a [Proposal],
}

/// The points of a finite space that were tried or are being tried, as numbers of [`Space::point_at`]. Those of
/// cancelled trials may come again.
pub(super) struct Tried(HashSet<u128>);

impl Tried {
    fn new(space: &Space, history: History<'_>) -> Self {
        let ended = history.trials.iter().filter(|trial| trial.status != Status::Cancelled);
        let points = ended.map(|trial| &trial.values).chain(history.pending.iter().map(|proposal| &proposal.values));
        Self(points.filter_map(|point| space.number_of(point)).collect())
    }

    /// Whether the point was tried. Never in an infinite space.
    pub(super) fn holds(&self, space: &Space, point: &Point) -> bool {
        space.number_of(point).is_some_and(|number| self.0.contains(&number))
    }
}

/// The point of the trial of this number. `None` where every point has been tried.
pub(super) fn propose(space: &Space, settings: &TuningConfig, number: u32, history: History<'_>) -> Option<Point> {
    if settings.method == SearchMethod::GridSearch {
        return space.grid(settings.grid_steps).point_at(u128::from(number));
    }
    let tried = Tried::new(space, history);
    if space.n_points().is_some_and(|n| tried.0.len() as u128 >= n) {
        return None;
    }
    // Each trial has its own stream: what others drew does not matter.
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    rng.set_stream(u64::from(number));
    let promising = match settings.method {
        SearchMethod::BayesianOptimization => tpe::propose(space, &settings.tpe, history, &tried, &mut rng),
        SearchMethod::RandomSearch | SearchMethod::GridSearch => None,
    };
    promising.or_else(|| random(space, &tried, &mut rng))
}

/// A point drawn evenly, by coordinates. In a finite space one that was not tried.
fn random(space: &Space, tried: &Tried, rng: &mut ChaCha8Rng) -> Option<Point> {
    let mut point = draw(space, rng);
    for _ in 1..MAX_DRAWS {
        if !tried.holds(space, &point) {
            return Some(point);
        }
        point = draw(space, rng);
    }
    // Few points are left, or rarely drawn ones: the next in order after the last draw.
    let (n, from) = (space.n_points()?, space.number_of(&point)?);
    let next = (from..n).chain(0..from).find(|number| !tried.0.contains(number))?;
    space.point_at(next)
}

fn draw(space: &Space, rng: &mut ChaCha8Rng) -> Point {
    let units: Vec<f64> = space.parameters().iter().map(|_| rng.random::<f64>()).collect();
    space.point_at_units(&units)
}
