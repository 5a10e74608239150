//! How tightly the low scores of a detector enclose the data: a judgement without labels.
//!
//! A good detector finds small regions that hold most of the rows. Its scores of the data are held against its scores
//! of [`UniformRows`], drawn over the box around the data: the share of those that score at most u says how much of
//! the box the region below u fills. [`MassVolume`] asks how much room it takes to hold a given share of the rows,
//! [`ExcessMass`] how many more rows there are in a region than its room would have evenly.
//!
//! Source: Goix 2016, "How to evaluate the quality of unsupervised anomaly detection algorithms?", and its code
//! (ngoix/EMMV_benchmarks), whose scores have the other sign. Volumes here are shares of the box, so that areas of
//! other features can be averaged; times the box's volume they are those of the paper.
//!
//! In many dimensions nearly all of the box is empty, and uniform rows find nothing: above some eight features, draw
//! [`feature_subsets`] of five, fit and judge on rows of these features alone, and take the mean of the areas.
//!
//! The numbers compare detectors on the same rows. They are no share of anything, and they favour what the box favours:
//! a detector that is right about rows of odd kinds in dense places gains nothing here.

mod excess_mass;
mod mass_volume;
mod uniform;

pub use self::excess_mass::ExcessMass;
pub use self::mass_volume::MassVolume;
pub use self::uniform::{UniformRows, feature_subsets};

#[cfg(test)]
mod tests;

/// Scores in rising order.
fn sorted(scores: &[f64]) -> Vec<f64> {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// Area under a curve by the trapezoid rule.
fn trapezoid(x: &[f64], y: &[f64]) -> f64 {
    x.windows(2).zip(y.windows(2)).map(|(x, y)| (x[1] - x[0]) * 0.5 * (y[0] + y[1])).sum()
}
