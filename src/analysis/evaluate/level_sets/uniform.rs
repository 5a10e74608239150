//! Rows spread evenly over the box around the data, and the features to do it with.

use rand::seq::index;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::analysis::stats::min_max;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// Random streams of uniform rows and of subsets; others use the low ones.
const ROWS_STREAM: u64 = 1 << 41;
const SUBSETS_STREAM: u64 = ROWS_STREAM + 1;

/// Rows handled between two looks at the cancel flag.
const CHECKED_ROWS: usize = 1 << 12;

/// Rows drawn evenly over the smallest box around the data.
#[derive(Debug, Clone, PartialEq)]
pub struct UniformRows {
    /// The rows, to be scored by the detector. A feature that is constant in the data has that value.
    pub rows: Matrix,
    /// Width of the box in each feature. Their product is the volume that the paper's areas are multiplied with.
    pub widths: Vec<f64>,
}

impl UniformRows {
    /// Draws `n` rows (the paper: 100,000) over the box around `x`, with the seed of `cx`. Without rows in `x`, all
    /// are 0.
    ///
    /// # Errors
    /// When cancelled.
    pub fn draw(x: &Matrix, n: usize, cx: &Cx) -> Result<Self, Cancelled> {
        let column = |feature: usize| x.iter_rows().map(move |row| row[feature]);
        let mut ranges = Vec::with_capacity(x.n_features());
        for feature in 0..x.n_features() {
            cx.check()?;
            ranges.push(min_max(&column(feature).collect::<Vec<f64>>()));
        }
        let mut rng = ChaCha8Rng::seed_from_u64(cx.seed);
        rng.set_stream(ROWS_STREAM);
        let mut values = Vec::with_capacity(n * ranges.len());
        for row in 0..n {
            if row % CHECKED_ROWS == 0 {
                cx.check()?;
            }
            for &(low, high) in &ranges {
                let along: f64 = rng.random();
                // Not low + width * along: the width may be beyond the largest number.
                values.push((low * (1.0 - along) + high * along).clamp(low, high));
            }
        }
        let widths = ranges.iter().map(|(low, high)| (high - low).min(f64::MAX)).collect();
        let rows = Matrix::new(x.features(), values).unwrap_or_else(|| x.select(&[]));
        Ok(Self { rows, widths })
    }
}

/// `n_subsets` (the paper: 50) random choices of `n_chosen` (the paper: 5) of the features, each ascending and without
/// repeats; all features where there are no more than that.
pub fn feature_subsets(n_features: usize, n_subsets: usize, n_chosen: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(SUBSETS_STREAM);
    let subset = |_| {
        let mut chosen = index::sample(&mut rng, n_features, n_chosen.min(n_features)).into_vec();
        chosen.sort_unstable();
        chosen
    };
    (0..n_subsets).map(subset).collect()
}
