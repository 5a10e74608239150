//! The excess-mass curve: how many more rows a region holds than its room would have evenly.

use super::{sorted, trapezoid};

/// The area runs until the curve has fallen to this: the level sets that hold nearly all rows.
const DOWN_TO: f64 = 0.9;

/// Levels are looked at in steps of this up to 100 times the density of rows spread evenly, as in the paper's code.
const LEVEL_STEP: f64 = 0.001;
const N_LEVELS: usize = 100_000;

/// The excess-mass curve of a detector.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ExcessMass {
    /// Densities, in units of that of rows spread evenly over the box: 0, 0.001, … up to where the curve first is at
    /// most 0.9.
    pub level: Vec<f64>,
    /// The greatest difference, over all regions below a score, of the share of rows in it and the level times the
    /// share of the box it fills. Falls from 1.
    pub excess: Vec<f64>,
    /// Area under the curve: the larger, the better. `None` where the curve is above 0.9 up to a level of 100: the rows
    /// lie in so little of the box that uniform rows do not meet them; use fewer features or more uniform rows.
    pub area: Option<f64>,
}

impl ExcessMass {
    /// From the scores (finite, higher = more abnormal) of the rows and of uniform rows over the box around them, by
    /// the same fitted detector. `None` without rows of either.
    ///
    /// A region holds the rows that score less than one of them, as in the paper's code. Time: n log n.
    pub fn of(scores: &[f64], uniform_scores: &[f64]) -> Option<Self> {
        let (rows, uniform) = (sorted(scores), sorted(uniform_scores));
        if rows.is_empty() || uniform.is_empty() {
            return None;
        }
        let envelope = envelope(&regions(&rows, &uniform));
        let (mut level, mut excess) = (vec![0.0], vec![1.0]);
        let mut best = 0;
        for at in 1..N_LEVELS {
            let (t, before) = (at as f64 * LEVEL_STEP, excess[at - 1]);
            if before <= DOWN_TO {
                break;
            }
            while envelope.get(best + 1).is_some_and(|next| next.excess(t) >= envelope[best].excess(t)) {
                best += 1;
            }
            level.push(t);
            excess.push(envelope.get(best).map_or(0.0, |region| region.excess(t)).max(0.0));
        }
        let has_fallen = excess.last().is_some_and(|&last| last <= DOWN_TO);
        Some(Self { area: has_fallen.then(|| trapezoid(&level, &excess)), level, excess })
    }
}

/// A region below a score.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Region {
    /// Share of the rows in it.
    mass: f64,
    /// Share of the box it fills.
    volume: f64,
}

impl Region {
    fn excess(self, level: f64) -> f64 {
        self.mass - level * self.volume
    }
}

/// The regions below each score of the rows, from the smallest up.
fn regions(rows: &[f64], uniform: &[f64]) -> Vec<Region> {
    let (mut mass, mut volume) = (0, 0);
    let region = |tied: &[f64]| {
        volume += uniform[volume..].iter().take_while(|&&score| score < tied[0]).count();
        let region = Region { mass: mass as f64 / rows.len() as f64, volume: volume as f64 / uniform.len() as f64 };
        mass += tied.len();
        region
    };
    rows.chunk_by(|a, b| a == b).map(region).collect()
}

/// The regions that have the greatest excess at some level, from the largest, which is best at level 0, down: the upper
/// envelope of lines that fall with the level.
fn envelope(regions: &[Region]) -> Vec<Region> {
    let mut best: Vec<Region> = Vec::new();
    for &region in regions.iter().rev() {
        // Of the same volume, only the one with the most rows can be best; it came first.
        if best.last().is_some_and(|last| last.volume == region.volume) {
            continue;
        }
        while let [.., a, b] = best[..]
            && crossing(a, region) <= crossing(a, b)
        {
            best.pop();
        }
        best.push(region);
    }
    best
}

/// The level above which the smaller region has the greater excess.
fn crossing(larger: Region, smaller: Region) -> f64 {
    (larger.mass - smaller.mass) / (larger.volume - smaller.volume)
}
