//! Mean and covariance of the rows that lie closest together: the minimum covariance determinant by FastMCD.
//!
//! Rousseeuw, Van Driessen: A fast algorithm for the minimum covariance determinant estimator (Technometrics 1999);
//! support size, correction and reweighting as in scikit-learn's `MinCovDet`, with the subsets and small random starts
//! of the paper.

use rand::SeedableRng as _;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::tiles::{Moments, Tiles};
use super::whitening;
use crate::analysis::chi_squared;
use crate::analysis::linalg::inverse_cholesky;
use crate::cx::{Cancelled, Cx};
use crate::recipe::SupportFraction;

/// Random starts in all.
const TRIALS: usize = 500;

/// Steps from each start before the best are chosen.
const FIRST_STEPS: usize = 2;

/// Starts that are followed up, of each stage.
const KEPT: usize = 10;

/// Steps at most; they end by themselves after fewer.
const STEPS: usize = 30;

/// Subsets at most in which starts are tried, and rows of one; more where features are many.
const SUBSETS: usize = 5;
const SUBSET_ROWS: usize = 300;

/// Share of normal rows that the final estimate leaves out.
const CUT: f64 = 0.025;

/// An estimate of mean and covariance.
#[derive(Debug, Clone)]
pub(super) struct Estimate {
    pub(super) mean: Vec<f64>,
    /// Rows of n_features that turn a difference from the mean into uncorrelated coordinates of variance 1.
    pub(super) whitening: Vec<f64>,
    /// Logarithm of the determinant of the covariance; minus infinity where it is singular.
    log_det: f64,
}

impl Estimate {
    fn new(moments: Moments) -> Self {
        let Moments { mean, covariance } = moments;
        match inverse_cholesky(&covariance, mean.len()) {
            Some((whitening, log_det)) => Self { mean, whitening, log_det },
            None => Self { whitening: whitening(covariance, mean.len()), mean, log_det: f64::NEG_INFINITY },
        }
    }

    /// The same for a covariance `factor` times as large.
    fn corrected(mut self, factor: f64) -> Self {
        self.whitening.iter_mut().for_each(|weight| *weight /= factor.sqrt());
        self
    }
}

/// The robust estimate for the rows of `x`, which span all their features.
pub(super) fn fit(x: &Tiles, support: SupportFraction, cx: &Cx) -> Result<Estimate, Cancelled> {
    let (n, d) = (x.n_rows(), x.n_features());
    let n_support = match support {
        SupportFraction::Auto => (n + d + 1).div_ceil(2),
        SupportFraction::Share(share) => (share * n as f64) as usize,
    };
    let n_support = n_support.clamp(1, n);
    let raw = smallest_determinant(x, n_support, cx)?;
    let raw = raw.corrected(consistency_factor(d, n_support as f64 / n as f64));
    let limit = chi_squared::quantile(1.0 - CUT, d as f64);
    let is_in: Vec<bool> =
        x.squared_distances(&raw.mean, &raw.whitening, cx)?.into_iter().map(|squared| squared < limit).collect();
    if !is_in.contains(&true) {
        return Ok(raw);
    }
    let reweighted = Estimate::new(x.moments(&is_in, &raw.mean, cx)?);
    Ok(reweighted.corrected(consistency_factor(d, 1.0 - CUT)))
}

/// Makes the covariance of the innermost share `alpha` of normal rows that of all (Croux, Haesbroeck 1999).
fn consistency_factor(n_features: usize, alpha: f64) -> f64 {
    let df = n_features as f64;
    if alpha >= 1.0 { 1.0 } else { alpha / chi_squared::cdf(chi_squared::quantile(alpha, df), df + 2.0) }
}

/// The estimate of the `n_support` rows with the smallest determinant that was found.
fn smallest_determinant(x: &Tiles, n_support: usize, cx: &Cx) -> Result<Estimate, Cancelled> {
    let n = x.n_rows();
    if n_support == n {
        return Ok(Estimate::new(x.moments(&vec![true; n], &vec![0.0; x.n_features()], cx)?));
    }
    let subset_rows = SUBSET_ROWS.max(3 * x.n_features());
    let n_subsets = (n / subset_rows).min(SUBSETS);
    let share = |rows: usize| (rows as f64 * n_support as f64 / n as f64).ceil() as usize;
    let candidates = if n_subsets < 2 {
        starts(x, n_support, 0..TRIALS, cx)?
    } else {
        let mut rng = stream(cx, TRIALS);
        let drawn: Vec<u32> =
            index::sample(&mut rng, n, n_subsets * subset_rows).iter().map(|row| row as u32).collect();
        let mut candidates = Vec::new();
        let trials = TRIALS / n_subsets;
        for (subset, rows) in drawn.chunks_exact(subset_rows).enumerate() {
            let trials = subset * trials..(subset + 1) * trials;
            candidates.extend(starts(&x.select(rows, cx)?, share(subset_rows), trials, cx)?);
        }
        let merged = x.select(&drawn, cx)?;
        let n_support = share(merged.n_rows());
        best(candidates.into_par_iter().map(|start| concentrate(&merged, start, n_support, FIRST_STEPS, cx)))?
    };
    // One after the other: each is parallel in itself, and needs memory for a distance per row.
    let mut found: Option<Estimate> = None;
    for start in candidates {
        let ended = concentrate(x, start, n_support, STEPS, cx)?;
        if found.as_ref().is_none_or(|found| ended.log_det < found.log_det) {
            found = Some(ended);
        }
    }
    match found {
        Some(found) => Ok(found),
        None => Ok(Estimate::new(x.moments(&vec![true; n], &vec![0.0; x.n_features()], cx)?)),
    }
}

/// The best estimates from random starts of as few rows as give a covariance that can be inverted.
fn starts(x: &Tiles, n_support: usize, trials: std::ops::Range<usize>, cx: &Cx) -> Result<Vec<Estimate>, Cancelled> {
    best(trials.into_par_iter().map(|trial| {
        let order = index::sample(&mut stream(cx, trial), x.n_rows(), x.n_rows()).into_vec();
        let mut is_in = vec![false; x.n_rows()];
        let (mut n_drawn, mut wanted) = (0, x.n_features() + 1);
        let start = loop {
            order[n_drawn..wanted.min(order.len())].iter().for_each(|&row| is_in[row] = true);
            n_drawn = wanted.min(order.len());
            let start = Estimate::new(x.moments(&is_in, &vec![0.0; x.n_features()], cx)?);
            if start.log_det > f64::NEG_INFINITY || n_drawn == order.len() {
                break start;
            }
            wanted = 2 * n_drawn;
        };
        concentrate(x, start, n_support, FIRST_STEPS, cx)
    }))
}

/// The [`KEPT`] estimates of smallest determinant; of equal ones the first.
fn best(
    estimates: impl IndexedParallelIterator<Item = Result<Estimate, Cancelled>>,
) -> Result<Vec<Estimate>, Cancelled> {
    let mut found = estimates.collect::<Result<Vec<_>, _>>()?;
    found.sort_by(|a, b| a.log_det.total_cmp(&b.log_det));
    found.truncate(KEPT);
    Ok(found)
}

/// Concentration steps: from an estimate to that of the `n_support` rows nearest to it, until the determinant no longer
/// decreases. A singular covariance is the end: there is no smaller determinant.
fn concentrate(x: &Tiles, start: Estimate, n_support: usize, steps: usize, cx: &Cx) -> Result<Estimate, Cancelled> {
    let mut current = start;
    for step in 0..steps {
        let distances = x.squared_distances(&current.mean, &current.whitening, cx)?;
        let next = Estimate::new(x.moments(&nearest(&distances, n_support), &current.mean, cx)?);
        // The start is of another number of rows, so its determinant does not compare.
        if step > 0 && next.log_det >= current.log_det {
            return Ok(current);
        }
        current = next;
        if current.log_det == f64::NEG_INFINITY {
            return Ok(current);
        }
    }
    Ok(current)
}

/// Marks the `n` smallest distances; of equal ones the first.
fn nearest(distances: &[f64], n: usize) -> Vec<bool> {
    let mut sorted = distances.to_vec();
    let (_, &mut limit, _) = sorted.select_nth_unstable_by(n - 1, f64::total_cmp);
    let mut at_limit = n - distances.iter().filter(|distance| **distance < limit).count();
    let is_near = |&distance: &f64| {
        let is_last = distance == limit && at_limit > 0;
        at_limit -= usize::from(is_last);
        distance < limit || is_last
    };
    distances.iter().map(is_near).collect()
}

fn stream(cx: &Cx, number: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(cx.seed);
    rng.set_stream(number as u64);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_those_of_scikit_learn() {
        // sklearn.covariance._robust_covariance._consistency_factor(n_features, alpha)
        for (n_features, alpha, expected) in FACTORS {
            assert!((consistency_factor(n_features, alpha) / expected - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn the_nearest_are_marked_and_ties_go_to_the_first() {
        assert_eq!(nearest(&[2.0, 1.0, 2.0, 0.0, 2.0], 3), [true, true, false, true, false]);
        assert_eq!(nearest(&[5.0], 1), [true]);
    }

    const FACTORS: [(usize, f64, f64); 5] = [
        (2, 0.55, 2.8845417072375374),
        (1, 0.5125, 6.640251013360899),
        (10, 0.975, 1.0355599027699192),
        (166, 0.53, 1.0898912289817935),
        (3, 1.0, 1.0),
    ];
}
