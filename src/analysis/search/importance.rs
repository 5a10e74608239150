//! How much each parameter matters by itself: the part of the objective's variance that its values explain.

use super::space::{Domain, Parameter, Space};
use super::trial::{Status, Trial};
use super::units::Coordinate;

/// Finished trials that say anything.
const MIN_TRIALS: usize = 10;

/// How much a parameter matters.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// Path of the parameter.
    pub path: String,
    /// Part of the variance that it explains, 0 to 1.
    pub explained: f64,
}

/// The importance of each parameter, in the order of the space. Empty below 10 finished trials, or where all of them
/// have the same objective.
///
/// The trials are grouped by choice, or by a number's value into as many groups of equal size as
/// `sqrt(n / 2)`, at most 8 (equal values stay together). The part of the variance between the groups is corrected for
/// the part that chance explains (epsilon squared, Kelley 1935), and 0 where that leaves less than nothing. It is an
/// effect of the parameter by itself, averaged over the others as they were tried: parts need not add up to 1, effects
/// that only show together are missed, and a Bayesian search tells less of what it soon left alone.
pub(super) fn importances(space: &Space, trials: &[Trial]) -> Vec<Importance> {
    let finished = trials.iter().filter(|trial| trial.status == Status::Finished);
    let (points, objectives): (Vec<Vec<Coordinate>>, Vec<f64>) =
        finished.filter_map(|trial| Some((space.coordinates(&trial.values)?, trial.objective?))).unzip();
    if objectives.len() < MIN_TRIALS || objectives.iter().all(|objective| Some(objective) == objectives.first()) {
        return Vec::new();
    }
    // To within 1, so that squares of large numbers do not overflow.
    let largest = objectives.iter().fold(0.0, |largest: f64, objective| largest.max(objective.abs()));
    let objectives: Vec<f64> = objectives.iter().map(|objective| objective / largest).collect();
    let importance = |(i, parameter): (usize, &Parameter)| {
        let column: Vec<Coordinate> = points.iter().filter_map(|point| point.get(i).copied()).collect();
        let groups = groups(&parameter.domain, &column);
        Importance { path: parameter.path.clone(), explained: explained(&groups, &objectives) }
    };
    space.parameters().iter().enumerate().map(importance).collect()
}

/// The rows of each group that is not empty.
fn groups(domain: &Domain, column: &[Coordinate]) -> Vec<Vec<usize>> {
    let mut rows: Vec<(f64, usize)> = Vec::with_capacity(column.len());
    for (row, coordinate) in column.iter().enumerate() {
        rows.push(match coordinate {
            Coordinate::Choice(choice) => (*choice as f64, row),
            Coordinate::Number(cell) => (cell.centre, row),
        });
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let equal = rows.chunk_by(|a, b| a.0 == b.0);
    if let Domain::Choices(_) = domain {
        return equal.map(|group| group.iter().map(|(_, row)| *row).collect()).collect();
    }
    let n = rows.len() as f64;
    let n_groups = (n / 2.0).sqrt().floor().clamp(2.0, 8.0);
    let (mut groups, mut n_before): (Vec<Vec<usize>>, f64) = (Vec::new(), 0.0);
    let mut begun = f64::NEG_INFINITY;
    for ties in equal {
        // Ties belong where their middle lies.
        let group = ((n_before + ties.len() as f64 / 2.0) / n * n_groups).floor();
        if group > begun {
            groups.push(Vec::new());
            begun = group;
        }
        if let Some(last) = groups.last_mut() {
            last.extend(ties.iter().map(|(_, row)| *row));
        }
        n_before += ties.len() as f64;
    }
    groups
}

/// Epsilon squared: `1 - (1 - between / total) (n - 1) / (n - groups)`, at least 0.
fn explained(groups: &[Vec<usize>], objectives: &[f64]) -> f64 {
    let n = objectives.len() as f64;
    let mean = objectives.iter().sum::<f64>() / n;
    let total: f64 = objectives.iter().map(|objective| (objective - mean) * (objective - mean)).sum();
    let within: f64 = groups
        .iter()
        .map(|rows| {
            let values = || rows.iter().filter_map(|row| objectives.get(*row));
            let mean = values().sum::<f64>() / rows.len() as f64;
            values().map(|value| (value - mean) * (value - mean)).sum::<f64>()
        })
        .sum();
    let spare = n - groups.len() as f64;
    if spare > 0.0 && total > 0.0 { (1.0 - within / total * (n - 1.0) / spare).max(0.0) } else { 0.0 }
}
