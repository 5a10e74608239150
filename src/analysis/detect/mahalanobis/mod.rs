//! Mahalanobis distance: how far does a row lie from the mean, measured in the spread and correlation of the data?
//!
//! Distances are those of scikit-learn's `EmpiricalCovariance` and, robust, of its `MinCovDet`; not squared.

mod min_cov_det;
mod parts;
mod tiles;

use pulp::Arch;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::tiles::{Column, TILE, Tiles, moments, squared_lengths};
use super::coordinate::coordinate;
use super::sample::{check_training_rows, check_width};
use super::{DetectError, Detector, FittedDetector, Input, contamination_threshold};
use crate::analysis::linalg::symmetric_eigen;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;
use crate::recipe::{Covariance, DetectorKind, MahalanobisConfig};

const KIND: DetectorKind = DetectorKind::Mahalanobis;

/// Rows scored at a time by one thread.
const BLOCK_ROWS: usize = 16 * TILE;

/// Fitted mean and covariance.
///
/// The covariance is inverted by its eigenvalues after each feature was divided by its largest deviation; those up to
/// features × 2.2e-16 × the largest count as 0 (scipy's `pinvh` has the same limit). Directions in which the training
/// rows do not vary (a constant column, the difference of equal columns, all where there is one training row) count
/// nothing, for any row. Values beyond ±1e150 count as ±1e150.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mahalanobis {
    location: Vec<f64>,
    /// Per feature 1 / its largest deviation from the mean of the training rows; 0 for a constant one.
    scale: Vec<f64>,
    /// Rows of as many values as there are features: they turn a scaled difference into uncorrelated coordinates of
    /// variance 1.
    whitening: Vec<f64>,
}

impl Detector for MahalanobisConfig {
    type Fitted = Mahalanobis;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<Mahalanobis, DetectError> {
        Mahalanobis::fit(self, input.features, cx)
    }

    fn working_bytes(&self, input: Input<'_>) -> u64 {
        // The robust estimate works on whitened rows.
        let whitened = self.covariance == Covariance::MinimumCovarianceDeterminant;
        if whitened { input.features.n_bytes() } else { 0 }
    }

    fn vote_threshold(&self, sorted: &[f64]) -> f64 {
        contamination_threshold(sorted, self.contamination)
    }
}

impl FittedDetector for Mahalanobis {
    /// The distance of each row, at least 0: the square root of what scikit-learn's `mahalanobis` gives.
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let x = input.features;
        check_width(x, self.location.len(), KIND)?;
        cx.progress().start("Mahalanobis distance: score", x.n_rows() as u64);
        let mut scores = vec![0.0; x.n_rows()];
        let blocks = x.values().par_chunks(BLOCK_ROWS * x.n_features());
        blocks.zip(scores.par_chunks_mut(BLOCK_ROWS)).try_for_each(|(rows, scores)| {
            let mut tile = vec![[0.0; TILE]; x.n_features()];
            for (rows, scores) in rows.chunks(TILE * x.n_features()).zip(scores.chunks_mut(TILE)) {
                cx.check()?;
                let squared = Arch::new().dispatch(|| {
                    self.scaled(rows, &mut tile);
                    squared_lengths(&self.whitening, &tile)
                });
                scores.iter_mut().zip(squared).for_each(|(score, squared)| *score = squared.sqrt());
            }
            cx.progress().add(scores.len() as u64);
            Ok::<_, DetectError>(())
        })?;
        Ok(scores)
    }
}

impl Mahalanobis {
    /// Estimates mean and covariance of the rows of `x`.
    ///
    /// # Errors
    /// When cancelled, without rows, or where a value is not finite.
    pub fn fit(config: &MahalanobisConfig, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        check_training_rows(x, KIND)?;
        cx.progress().start("Mahalanobis distance: fit", 0);
        let classical = Self::fit_classical(x, cx)?;
        Ok(match config.covariance {
            Covariance::Empirical => classical,
            Covariance::MinimumCovarianceDeterminant => classical.made_robust(config, x, cx)?,
        })
    }

    /// The estimated mean, one value per feature.
    pub fn location(&self) -> &[f64] {
        &self.location
    }

    fn fit_classical(x: &Matrix, cx: &Cx) -> Result<Self, Cancelled> {
        let (n, d) = (x.n_rows(), x.n_features());
        let (location, scale) = ranges(x, cx)?;
        let unscaled = Self { location, scale, whitening: Vec::new() };
        let moments = moments(n, d, n, cx, |tile, columns| {
            unscaled.scaled(x.rows_in(tile * TILE..n.min((tile + 1) * TILE)), columns);
        })?;
        let location = unscaled.location.iter().zip(&unscaled.scale).zip(&moments.mean);
        let location = location.map(|((&near, &scale), mean)| if scale > 0.0 { near + mean / scale } else { near });
        Ok(Self { location: location.collect(), whitening: whitening(moments.covariance, d), ..unscaled })
    }

    /// The minimum covariance determinant is searched among rows whitened by the classical estimate, where every
    /// direction counts alike and none is constant; it does not depend on the coordinates.
    fn made_robust(self, config: &MahalanobisConfig, x: &Matrix, cx: &Cx) -> Result<Self, Cancelled> {
        let d = x.n_features();
        let rank = self.whitening.len() / d;
        if rank == 0 {
            return Ok(self);
        }
        let whitened = Tiles::new(x.n_rows(), rank, cx, |tile, columns| {
            let mut scaled = vec![[0.0; TILE]; d];
            let rows = x.rows_in(tile * TILE..x.n_rows().min((tile + 1) * TILE));
            Arch::new().dispatch(|| {
                self.scaled(rows, &mut scaled);
                for (column, weights) in columns.iter_mut().zip(self.whitening.chunks_exact(d)) {
                    for (weight, scaled) in weights.iter().zip(&scaled) {
                        column.iter_mut().zip(scaled).for_each(|(sum, value)| *sum += weight * value);
                    }
                }
            });
        })?;
        let robust = min_cov_det::fit(&whitened, config.support_fraction, cx)?;
        // Back to the scaled features: each row of the whitening has the length 1 / standard deviation.
        let mut location = self.location;
        for (weights, mean) in self.whitening.chunks_exact(d).zip(&robust.mean) {
            let squared: f64 = weights.iter().map(|weight| weight * weight).sum();
            for ((location, weight), &scale) in location.iter_mut().zip(weights).zip(&self.scale) {
                *location += if scale > 0.0 { mean * weight / squared / scale } else { 0.0 };
            }
        }
        let mut whitening = vec![0.0; robust.whitening.len() / rank * d];
        for (to, weights) in whitening.chunks_exact_mut(d).zip(robust.whitening.chunks_exact(rank)) {
            for (weight, row) in weights.iter().zip(self.whitening.chunks_exact(d)) {
                to.iter_mut().zip(row).for_each(|(to, value)| *to += weight * value);
            }
        }
        Ok(Self { location, whitening, ..self })
    }

    /// Writes the scaled differences of at most [`TILE`] rows from the location; zeros for missing rows.
    #[inline(always)]
    fn scaled(&self, rows: &[f64], columns: &mut [Column]) {
        columns.fill([0.0; TILE]);
        for (lane, row) in rows.chunks_exact(columns.len()).enumerate() {
            let parts = columns.iter_mut().zip(row).zip(self.location.iter().zip(&self.scale));
            for ((column, &value), (location, scale)) in parts {
                column[lane] = coordinate((coordinate(value) - location) * scale);
            }
        }
    }
}

/// Mean of each column, and 1 / the largest deviation from it (0 where that is not finite).
fn ranges(x: &Matrix, cx: &Cx) -> Result<(Vec<f64>, Vec<f64>), Cancelled> {
    let d = x.n_features();
    let blocks = || x.values().par_chunks(BLOCK_ROWS * d);
    let sums: Vec<Vec<f64>> = blocks()
        .map(|rows| {
            cx.check()?;
            let mut sums = vec![0.0; d];
            for row in rows.chunks_exact(d) {
                sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += coordinate(value));
            }
            Ok(sums)
        })
        .collect::<Result<_, Cancelled>>()?;
    let mut mean = vec![0.0; d];
    sums.iter().for_each(|sums| mean.iter_mut().zip(sums).for_each(|(mean, sum)| *mean += sum));
    mean.iter_mut().for_each(|mean| *mean /= x.n_rows() as f64);
    let largest = blocks().map(|rows| {
        cx.check()?;
        let mut largest = vec![0.0_f64; d];
        for row in rows.chunks_exact(d) {
            let deviations = row.iter().zip(&mean).map(|(&value, mean)| (coordinate(value) - mean).abs());
            largest.iter_mut().zip(deviations).for_each(|(largest, deviation)| *largest = largest.max(deviation));
        }
        Ok(largest)
    });
    let largest = largest.try_reduce(
        || vec![0.0; d],
        |mut a, b| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a = a.max(b));
            Ok(a)
        },
    )?;
    // Rounding of the mean of equal values is no deviation.
    let scale = largest.iter().zip(&mean).map(|(&largest, mean)| {
        let scale = 1.0 / largest;
        if largest > 4.0 * f64::EPSILON * mean.abs() && scale.is_finite() { scale } else { 0.0 }
    });
    let scale = scale.collect();
    Ok((mean, scale))
}

/// Eigenvectors divided by the root of their eigenvalues, one per row; those of eigenvalue 0 are left out.
/// `covariance`: its upper triangle.
fn whitening(mut covariance: Vec<f64>, d: usize) -> Vec<f64> {
    for i in 0..d {
        for j in 0..i {
            covariance[i * d + j] = covariance[j * d + i];
        }
    }
    let Some((values, vectors)) = symmetric_eigen(&covariance, d) else { return Vec::new() };
    let smallest = d as f64 * f64::EPSILON * values.first().map_or(0.0, |largest| largest.abs());
    let kept = values.iter().zip(vectors.chunks_exact(d)).filter(|(value, _)| **value > smallest);
    kept.flat_map(|(value, vector)| vector.iter().map(|coordinate| coordinate / value.sqrt())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::SupportFraction;

    /// 34 rows of a correlated cloud and 6 rows far off.
    const X: [f64; 80] = [
        0.16, -0.94, -0.0, 0.45, -0.24, -0.5, 0.23, 0.54, 0.66, 1.52, 0.21, -0.13, -0.13, -0.14, 0.11, 0.07, 0.17,
        -0.7, 0.83, 0.38, -1.17, -0.62, 1.32, 1.3, 0.16, -0.34, 2.87, 2.74, -1.14, -1.3, 0.09, -0.71, 0.17, -0.09,
        1.23, 1.46, -2.71, -2.15, -1.62, -0.74, 0.17, 0.41, -1.07, 0.06, 2.02, 1.08, 0.37, -0.04, -0.02, -0.65, 1.87,
        1.01, -0.3, 0.01, -0.65, -0.64, -0.56, -0.52, -1.17, -1.16, -0.21, -0.33, 0.06, -0.1, 0.75, 0.44, -0.14, -0.44,
        4.0, -3.0, 4.2, -3.1, 3.9, -3.3, 4.4, -2.7, 4.1, -2.9, 3.8, -3.0,
    ];

    fn robust(support_fraction: SupportFraction) -> MahalanobisConfig {
        let covariance = Covariance::MinimumCovarianceDeterminant;
        MahalanobisConfig { covariance, support_fraction, ..Default::default() }
    }

    fn distances(config: &MahalanobisConfig, x: &Matrix, rows: &Matrix) -> Vec<f64> {
        let fitted = Mahalanobis::fit(config, x, &Cx::default()).unwrap();
        fitted.decision_function(Input::from(rows), &Cx::default()).unwrap()
    }

    fn assert_close(ours: &[f64], theirs: &[f64], tolerance: f64) {
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!((ours - theirs).abs() < tolerance, "{ours} {theirs}");
        }
    }

    #[test]
    fn robust_estimates_are_those_of_scikit_learn() {
        let x = Matrix::unnamed(2, X.to_vec()).unwrap();
        let config = robust(SupportFraction::Auto);
        // m = sklearn.covariance.MinCovDet(random_state=0).fit(X); m.location_; numpy.sqrt(m.mahalanobis(X))
        let fitted = Mahalanobis::fit(&config, &x, &Cx::default()).unwrap();
        assert_close(fitted.location(), &[-0.003793103448275854, -0.09344827586206898], 1e-12);
        let theirs = [
            2.010724551340462,
            1.099748884262618,
            0.5624342148805601,
            0.9671985807969136,
            2.3994745222805096,
            0.5380031475561451,
            0.22291349248588466,
            0.22395215030126067,
            1.5460895224673956,
            1.3299695845938373,
            1.965609753485835,
            2.099576509018595,
            0.812918849599098,
            4.455773205646431,
            1.8086624508969305,
            1.4179692299854685,
            0.385534194076783,
            2.1703554271491656,
            4.104142627825125,
            2.802982767633815,
            0.7810496832839738,
            2.636392889178018,
            3.212719526361067,
            0.7633292090621212,
            1.1060226450288708,
            2.9642592777683414,
            0.833808227132708,
            0.9778117049591862,
            0.8429542326356038,
            1.778379618054994,
            0.3411302349175811,
            0.15354083596063375,
            1.152133826842703,
            0.5211440449903169,
            13.95742968966674,
            14.57182450459969,
            14.295880671522236,
            14.278714835166692,
            13.990356551277342,
            13.527078636473616,
        ];
        assert_close(&distances(&config, &x, &x), &theirs, 1e-10);
        // The same with support_fraction=0.75.
        let theirs = [
            2.007405887124691,
            1.1367508200238474,
            0.5428806814121679,
            1.017726393920608,
            2.4961115309008797,
            0.44624405757220326,
            0.1500194126463182,
            0.22274967047050276,
            1.525014778960632,
            0.8891109375533224,
            1.325675866202034,
            1.6679216354328588,
            0.7684032555653749,
            3.385767545491647,
            1.41610829788682,
            1.4206470695988258,
            0.30585471322445024,
            1.9144335705462985,
            2.750028461249665,
            1.9274633526948184,
            0.8253596888375795,
            2.1756622129618237,
            2.130197859897926,
            0.5818676781788773,
            1.1296617240163656,
            1.964824474954762,
            0.7191631395454378,
            0.6681696261525376,
            0.5550968057625107,
            1.2742001000900942,
            0.2680164646475166,
            0.12620498179715745,
            0.7780250717933921,
            0.5300386630561865,
            12.6177044482678,
            13.158939744891436,
            13.04080324223005,
            12.718734966509235,
            12.592573109634301,
            12.274397807852198,
        ];
        assert_close(&distances(&robust(SupportFraction::Share(0.75)), &x, &x), &theirs, 1e-10);
    }

    #[test]
    fn distances_do_not_depend_on_the_coordinates() {
        let x = Matrix::unnamed(2, X.to_vec()).unwrap();
        let turned = X.as_chunks::<2>().0.iter().flat_map(|&[a, b]| [1e6 * (a + 2.0 * b) + 5e6, 1e-7 * (a - b)]);
        let turned = Matrix::unnamed(2, turned.collect()).unwrap();
        for config in [MahalanobisConfig::default(), robust(SupportFraction::Auto)] {
            assert_close(&distances(&config, &turned, &turned), &distances(&config, &x, &x), 1e-8);
        }
    }

    #[test]
    fn directions_without_variation_count_nothing() {
        let x = Matrix::unnamed(2, X.to_vec()).unwrap();
        let wider = |constant: f64| {
            let row = |&[a, b]: &[f64; 2]| [a, constant, b, a - b];
            Matrix::unnamed(4, X.as_chunks::<2>().0.iter().flat_map(row).collect()).unwrap()
        };
        for config in [MahalanobisConfig::default(), robust(SupportFraction::Auto)] {
            let theirs = distances(&config, &x, &x);
            assert_close(&distances(&config, &wider(0.1), &wider(0.1)), &theirs, 1e-10);
            assert_close(&distances(&config, &wider(0.1), &wider(9.0)), &theirs, 1e-10);
            let one = Matrix::unnamed(2, vec![1.0, 2.0]).unwrap();
            assert_eq!(distances(&config, &one, &x), [0.0; 40]);
        }
    }

    #[test]
    fn few_rows_duplicates_and_huge_values_give_finite_distances() {
        let tables: [&[f64]; 5] = [
            &[1e300, -1e300, 0.0, 1.0, -1e300, 1e300, 5.0, 2.0],
            &[1.0, 2.0, 3.0, 4.0],
            &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 5.0],
            &[1e-300, 0.0, 2e-300, 1.0, 3e-300, 5.0],
            &[f64::MAX, f64::MIN, f64::MAX, f64::MIN],
        ];
        for table in tables {
            let x = Matrix::unnamed(2, table.to_vec()).unwrap();
            let far = Matrix::unnamed(2, vec![f64::MAX, f64::MIN, 0.0, 0.0]).unwrap();
            for config in [MahalanobisConfig::default(), robust(SupportFraction::Auto)] {
                for rows in [&x, &far] {
                    let found = distances(&config, &x, rows);
                    assert!(found.iter().all(|distance| distance.is_finite()), "{table:?} {found:?}");
                }
            }
        }
    }

    #[test]
    fn a_fifth_of_far_rows_does_not_move_the_robust_estimate() {
        // Large enough for subsets: 2000 rows, of which each fifth lies in a far clump.
        let wave = |i: usize, k: usize| ((i * 7919 + k * 104_729) % 10_007) as f64 / 10_007.0 - 0.5;
        let row = |i: usize| {
            let away = if i.is_multiple_of(5) { 10.0 } else { 0.0 };
            [wave(i, 1) + away, wave(i * i % 4999, 2), wave(i, 3) + wave(i * 3, 5)]
        };
        let x = Matrix::unnamed(3, (0..2000).flat_map(row).collect()).unwrap();
        let found = distances(&robust(SupportFraction::Auto), &x, &x);
        let far = (0..2000).step_by(5).map(|i| found[i]).fold(f64::INFINITY, f64::min);
        let near = (0..2000_usize).filter(|i| !i.is_multiple_of(5)).map(|i| found[i]).fold(0.0, f64::max);
        assert!(far > 5.0 * near, "{far} {near}");
        let fitted = Mahalanobis::fit(&robust(SupportFraction::Auto), &x, &Cx::default()).unwrap();
        let saved: Mahalanobis = ron::from_str(&ron::to_string(&fitted).unwrap()).unwrap();
        assert_eq!(saved, fitted);
    }
}
