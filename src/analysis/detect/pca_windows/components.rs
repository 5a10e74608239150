//! The principal components of the windows of one column, and the score of a window.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::eigen::eigenvectors;
use crate::analysis::detect::series::filter::{FILTERS, filter};
use crate::analysis::stats::{mean_std, quantiles};
use crate::cx::{Cancelled, Cx};
use crate::recipe::{Components, PcaScore, PcaWindowsConfig};

/// Windows a thread scores at a time.
const SCORE_WINDOWS: usize = 1024;

/// Windows whose covariances are added up apart. Fixed, so that sums are the same on any number of threads.
const COVARIANCE_WINDOWS: usize = 2048;

/// Least share of the variance of a component.
const LEAST_SHARE: f64 = 1e-12;

/// Standardised window positions and their principal components.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct WindowComponents {
    score: PcaScore,
    /// Mean of each window position.
    mean: Vec<f64>,
    /// 1 / standard deviation of each window position; 0 where it never varies.
    scale: Vec<f64>,
    /// Unit vectors, the one with the largest variance first.
    components: Vec<Vec<f64>>,
    /// Share of the variance that each explains.
    share: Vec<f64>,
}

impl WindowComponents {
    /// The components of the windows of `window` values of some series, and the median score of these windows (above 0).
    pub(super) fn fit(
        config: &PcaWindowsConfig,
        series: &[Vec<f64>],
        window: usize,
        cx: &Cx,
    ) -> Result<(Self, f64), Cancelled> {
        let all: Vec<&[f64]> = series.iter().flat_map(|series| series.windows(window)).collect();
        let limit = usize::try_from(config.max_fit_windows).ok().filter(|&limit| limit > 0).unwrap_or(usize::MAX);
        let windows: Vec<&[f64]> = all.iter().step_by(all.len().div_ceil(limit).max(1)).copied().collect();
        let (mean, scale) = standardization(&windows, window, cx)?;
        let mut fitted = Self { score: config.score, mean, scale, components: Vec::new(), share: Vec::new() };
        let eigen = eigenvectors(fitted.covariance(&windows, cx)?, window, cx)?;
        let total: f64 = eigen.iter().map(|(value, _)| value).sum();
        let mut explained = 0.0;
        for (value, vector) in eigen {
            let share = value / total;
            let enough = match config.n_components {
                Components::All => false,
                Components::Count(count) => fitted.share.len() >= count.max(1) as usize,
                Components::Variance(wanted) => explained >= wanted,
            };
            if enough || share < LEAST_SHARE {
                break;
            }
            explained += share;
            fitted.components.push(vector);
            fitted.share.push(share);
        }
        let mut scores = Vec::with_capacity(windows.len());
        for series in series {
            scores.extend(fitted.scores(series, cx)?);
        }
        let [median] = quantiles(&scores, [0.5]);
        Ok((fitted, if median > 0.0 { median } else { 1.0 }))
    }

    /// Values in a window.
    pub(super) fn window(&self) -> usize {
        self.mean.len()
    }

    /// Score of each of the n - m + 1 windows of a series; none where it is shorter than a window.
    pub(super) fn scores(&self, series: &[f64], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let n = (series.len() + 1).saturating_sub(self.window());
        let mut scores = vec![0.0; n];
        if self.components.is_empty() {
            return Ok(scores);
        }
        scores.par_chunks_mut(SCORE_WINDOWS).enumerate().try_for_each(|(chunk, scores)| {
            let values = series.get(chunk * SCORE_WINDOWS..).unwrap_or_default();
            self.score_chunk(values, scores, cx)
        })?;
        Ok(scores)
    }

    fn score_chunk(&self, values: &[f64], scores: &mut [f64], cx: &Cx) -> Result<(), Cancelled> {
        let n = scores.len();
        let lengths = self.squared_lengths(values, n);
        let weight_of_all: f64 = self.share.iter().map(|share| 1.0 / share).sum();
        for (components, shares) in self.components.chunks(FILTERS).zip(self.share.chunks(FILTERS)) {
            // x·v for the standardised window x: the standardisation goes into the weights.
            let scaled = |v: &Vec<f64>| v.iter().zip(&self.scale).map(|(v, scale)| v * scale).collect::<Vec<_>>();
            let filters: Vec<Vec<f64>> = components.iter().map(scaled).collect();
            let projections = filter(values, &filters, n, cx)?;
            for ((filter, projections), share) in filters.iter().zip(&projections).zip(shares) {
                let offset: f64 = filter.iter().zip(&self.mean).map(|(weight, mean)| weight * mean).sum();
                let windows = scores.iter_mut().zip(projections).zip(&lengths);
                match self.score {
                    PcaScore::WeightedDistance => {
                        let weight = 1.0 / (share * weight_of_all);
                        windows.for_each(|((score, &projection), &length)| {
                            // |x - v|² = |x|² - 2 x·v + |v|²
                            *score += weight * (length + 1.0 - 2.0 * (projection - offset)).max(0.0).sqrt();
                        });
                    }
                    PcaScore::ReconstructionError => {
                        windows.for_each(|((score, &projection), _)| *score += (projection - offset).powi(2));
                    }
                }
            }
        }
        if self.score == PcaScore::ReconstructionError {
            let m = self.window() as f64;
            let unexplained = |(score, &length): (&mut f64, &f64)| {
                let rest = length - *score;
                // What rounding leaves of a window that is explained in full is no error.
                *score = if rest > 1e-12 * length { (rest / m).sqrt() } else { 0.0 };
            };
            scores.iter_mut().zip(&lengths).for_each(unexplained);
        }
        Ok(())
    }

    /// Squared lengths of the first `n` standardised windows.
    fn squared_lengths(&self, values: &[f64], n: usize) -> Vec<f64> {
        let mut sums = vec![0.0; n];
        pulp::Arch::new().dispatch(|| {
            for (shift, (&mean, &scale)) in self.mean.iter().zip(&self.scale).enumerate() {
                for (sum, &value) in sums.iter_mut().zip(values.get(shift..).unwrap_or_default()) {
                    let difference = (value - mean) * scale;
                    *sum += difference * difference;
                }
            }
        });
        sums
    }

    /// Covariances (times n) of the standardised window positions, row after row.
    fn covariance(&self, windows: &[&[f64]], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let m = self.window();
        let parts: Vec<Vec<f64>> = windows
            .par_chunks(COVARIANCE_WINDOWS)
            .map(|windows| {
                let mut sums = vec![0.0; m * m];
                let mut position = vec![0.0; m];
                for window in windows {
                    cx.check()?;
                    let values = window.iter().zip(&self.mean).zip(&self.scale);
                    position.iter_mut().zip(values).for_each(|(x, ((value, mean), scale))| *x = (value - mean) * scale);
                    pulp::Arch::new().dispatch(|| {
                        for (i, (row, &x)) in sums.chunks_exact_mut(m).zip(&position).enumerate() {
                            row[i..].iter_mut().zip(&position[i..]).for_each(|(sum, &y)| *sum += x * y);
                        }
                    });
                }
                Ok(sums)
            })
            .collect::<Result<_, Cancelled>>()?;
        let mut sums = vec![0.0; m * m];
        for part in parts {
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        for i in 0..m {
            for j in 0..i {
                sums[i * m + j] = sums[j * m + i];
            }
        }
        Ok(sums)
    }
}

/// Mean and 1 / standard deviation of each window position.
fn standardization(windows: &[&[f64]], window: usize, cx: &Cx) -> Result<(Vec<f64>, Vec<f64>), Cancelled> {
    let mut column = Vec::with_capacity(windows.len());
    let mut moments = Vec::with_capacity(window);
    for position in 0..window {
        cx.check()?;
        column.clear();
        column.extend(windows.iter().filter_map(|values| values.get(position)));
        let (mean, std) = mean_std(&column);
        // Rounding makes equal values differ from their mean.
        moments.push((mean, if std > 1e-12 * mean.abs() { 1.0 / std } else { 0.0 }));
    }
    Ok(moments.into_iter().unzip())
}
