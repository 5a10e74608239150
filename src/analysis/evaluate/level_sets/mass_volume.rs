//! The mass-volume curve: how much room it takes to hold a share of the rows.

use super::{sorted, trapezoid};

/// Shares of the rows that are looked at: from, below, and step of the paper's code.
const FROM_MASS: f64 = 0.9;
const BELOW_MASS: f64 = 0.999;
const MASS_STEP: f64 = 0.001;

/// The mass-volume curve of a detector.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct MassVolume {
    /// Shares of the rows: 0.9, 0.901, … 0.998. What is left out of them are the anomalies.
    pub mass: Vec<f64>,
    /// Share of the box (0 to 1) that the region takes which holds that share of the rows. Never falls.
    pub volume: Vec<f64>,
    /// Area under the curve: the smaller, the better. Up to 0.098, for a region that fills the box.
    pub area: f64,
}

impl MassVolume {
    /// From the scores (finite, higher = more abnormal) of the rows and of uniform rows over the box around them, by
    /// the same fitted detector. `None` without rows of either. Scores that are all equal fill the box.
    pub fn of(scores: &[f64], uniform_scores: &[f64]) -> Option<Self> {
        let (rows, uniform) = (sorted(scores), sorted(uniform_scores));
        if rows.is_empty() || uniform.is_empty() {
            return None;
        }
        let n_masses = ((BELOW_MASS - FROM_MASS) / MASS_STEP).ceil() as usize;
        let mass: Vec<f64> = (0..n_masses).map(|at| FROM_MASS + at as f64 * MASS_STEP).collect();
        let (share, mut n_inside) = (1.0 / rows.len() as f64, 0);
        let volume_of = |&mass: &f64| {
            while share * (n_inside as f64) < mass && n_inside < rows.len() {
                n_inside += 1;
            }
            let level = rows[n_inside.max(1) - 1];
            uniform.partition_point(|&score| score <= level) as f64 / uniform.len() as f64
        };
        let volume: Vec<f64> = mass.iter().map(volume_of).collect();
        Some(Self { area: trapezoid(&mass, &volume), mass, volume })
    }
}
