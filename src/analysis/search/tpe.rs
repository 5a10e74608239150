//! Tree-structured Parzen estimators: the point where good trials are densest beside bad ones.
//!
//! Bergstra et al. (2011), "Algorithms for hyper-parameter optimization". The best trials are the good ones, all others
//! the bad ones; points are drawn from the density `l` of the good ones, and the one with the largest `l / g` is
//! proposed, `g` being the density of the bad ones: it has the largest expected improvement.

use rand_chacha::ChaCha8Rng;

use super::parzen::{Axis, Parzen};
use super::sampler::{History, Tried};
use super::space::{Domain, Parameter, Point, Space};
use super::trial::{Status, Trial};
use super::units::Coordinate;
use crate::recipe::TpeConfig;

/// Most trials that are good.
const MAX_GOOD: usize = 25;

/// The most promising point. `None` while there are too few trials for a model, or where every point drawn was tried.
///
/// Pruned trials rank behind the finished ones. Failed trials are bad: they cost time and gave nothing. So are the
/// ones under way, as if each had come out badly ("constant liar", Ginsbourger et al. 2010), so that several at a time
/// do not all try the same.
pub(super) fn propose(
    space: &Space,
    settings: &TpeConfig,
    history: History<'_>,
    tried: &Tried,
    rng: &mut ChaCha8Rng,
) -> Option<Point> {
    let (good, bad) = split(space, settings, history)?;
    let axis = |parameter: &Parameter| match &parameter.domain {
        Domain::Choices(values) => Axis::Choices(values.len()),
        Domain::Integer(_) | Domain::Real(_) => Axis::Number,
    };
    let axes: Vec<Axis> = space.parameters().iter().map(axis).collect();
    if settings.multivariate {
        let models = Models { good: Parzen::new(&axes, &good), bad: Parzen::new(&axes, &bad) };
        let draw = |rng: &mut ChaCha8Rng| {
            let point = space.point_at_units(&models.good.draw(rng));
            let log_ratio = models.log_ratio(&space.coordinates(&point)?);
            (!tried.holds(space, &point)).then_some((log_ratio, point))
        };
        return best((0..settings.candidates).filter_map(|_| draw(rng)));
    }
    // Each parameter by itself; only the whole point shows whether it was tried.
    let mut point = Point::new();
    for (i, (parameter, &axis)) in space.parameters().iter().zip(&axes).enumerate() {
        let column = |points: &[Vec<Coordinate>]| -> Vec<Vec<Coordinate>> {
            points.iter().filter_map(|point| Some(vec![*point.get(i)?])).collect()
        };
        let models = Models { good: Parzen::new(&[axis], &column(&good)), bad: Parzen::new(&[axis], &column(&bad)) };
        let draw = |rng: &mut ChaCha8Rng| {
            let value = parameter.domain.at_unit(*models.good.draw(rng).first()?);
            Some((models.log_ratio(&[parameter.domain.coordinate(&value)?]), value))
        };
        point.insert(parameter.path.clone(), best((0..settings.candidates).filter_map(|_| draw(rng)))?);
    }
    (!tried.holds(space, &point)).then_some(point)
}

struct Models {
    good: Parzen,
    bad: Parzen,
}

impl Models {
    fn log_ratio(&self, point: &[Coordinate]) -> f64 {
        self.good.log_density(point) - self.bad.log_density(point)
    }
}

/// The first of those with the largest number.
fn best<T>(candidates: impl Iterator<Item = (f64, T)>) -> Option<T> {
    candidates.reduce(|best, other| if other.0 > best.0 { other } else { best }).map(|(_, candidate)| candidate)
}

type Points = Vec<Vec<Coordinate>>;

/// Good and bad points, each from the oldest to the newest. `None` while there are too few trials.
fn split(space: &Space, settings: &TpeConfig, history: History<'_>) -> Option<(Points, Points)> {
    let with = |status: Status| history.trials.iter().filter(move |trial| trial.status == status);
    let mut ranked: Vec<&Trial> = with(Status::Finished).collect();
    // Stable sorts: the earlier of two equal trials ranks higher.
    ranked.sort_by(|a, b| descending(a.objective, b.objective));
    let mut pruned: Vec<&Trial> = with(Status::Pruned).collect();
    pruned.sort_by(|a, b| b.folds.len().cmp(&a.folds.len()).then(descending(a.objective, b.objective)));
    ranked.extend(pruned);
    if ranked.len() < settings.startup_trials.max(1) as usize {
        return None;
    }
    let n_good = ((settings.gamma * ranked.len() as f64).ceil() as usize).clamp(1, MAX_GOOD);
    let (good, bad) = ranked.split_at(n_good.min(ranked.len()));
    let failed = history.trials.iter().filter(|trial| matches!(trial.status, Status::Failed(_)));
    let points = |trials: Vec<&Trial>| -> Points {
        let mut trials = trials;
        trials.sort_by_key(|trial| trial.number);
        trials.into_iter().filter_map(|trial| space.coordinates(&trial.values)).collect()
    };
    let mut bad = points(bad.iter().copied().chain(failed).collect());
    bad.extend(history.pending.iter().filter_map(|proposal| space.coordinates(&proposal.values)));
    Some((points(good.to_vec()), bad))
}

fn descending(a: Option<f64>, b: Option<f64>) -> std::cmp::Ordering {
    let number = |objective: Option<f64>| objective.unwrap_or(f64::NEG_INFINITY);
    number(b).total_cmp(&number(a))
}
