//! Which features make a row's Mahalanobis distance what it is?

use pulp::Arch;
use rayon::prelude::*;

use super::tiles::{Column, TILE, squared_lengths};
use super::{BLOCK_ROWS, KIND, Mahalanobis};
use crate::analysis::detect::coordinate::coordinate;
use crate::analysis::detect::sample::check_width;
use crate::analysis::detect::{Decompose, DetectError};
use crate::analysis::linalg::symmetric_eigen;
use crate::cx::Cx;
use crate::data::Matrix;

impl Decompose for Mahalanobis {
    /// Per feature its difference from the mean times what the inverse covariance makes of all differences, divided by
    /// the distance: d² = Σ δⱼ (Pδ)ⱼ. Negative for a value that makes the others less unusual. Zeros for the mean itself
    /// and for constant features.
    fn parts(&self, x: &Matrix, _own: Option<&[u32]>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        check_width(x, self.location.len(), KIND)?;
        cx.progress().start("Mahalanobis distance: parts", x.n_rows() as u64);
        let d = x.n_features();
        let mut parts = vec![0.0; x.values().len()];
        let blocks = x.values().par_chunks(BLOCK_ROWS * d);
        blocks.zip(parts.par_chunks_mut(BLOCK_ROWS * d)).try_for_each(|(rows, parts)| {
            let (mut tile, mut of_tile) = (vec![[0.0; TILE]; d], vec![[0.0; TILE]; d]);
            for (rows, parts) in rows.chunks(TILE * d).zip(parts.chunks_mut(TILE * d)) {
                cx.check()?;
                Arch::new().dispatch(|| {
                    self.scaled(rows, &mut tile);
                    length_parts(&self.whitening, &tile, &mut of_tile);
                });
                for (lane, parts) in parts.chunks_exact_mut(d).enumerate() {
                    parts.iter_mut().zip(&of_tile).for_each(|(part, column)| *part = column[lane]);
                }
            }
            cx.progress().add((parts.len() / d) as u64);
            Ok::<_, DetectError>(())
        })?;
        Ok(parts)
    }

    /// Garthwaite, Koch: Evaluating the contributions of individual variables to a quadratic form (2016): the distance is
    /// the length of the difference seen in uncorrelated coordinates of variance 1, each of them as close to its feature
    /// as can be; a share is the square of the coordinate over the distance, so at least 0. (Features count in units of
    /// their largest deviation, not of their standard deviation.)
    fn shares(&self, x: &Matrix, _own: Option<&[u32]>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        check_width(x, self.location.len(), KIND)?;
        let d = x.n_features();
        let root = self.symmetric_root();
        let mut shares = vec![0.0; x.values().len()];
        let mut tile = vec![[0.0; TILE]; d];
        for (rows, shares) in x.values().chunks(TILE * d).zip(shares.chunks_mut(TILE * d)) {
            cx.check()?;
            self.scaled(rows, &mut tile);
            let squared = squared_lengths(&self.whitening, &tile);
            for (lane, shares) in shares.chunks_exact_mut(d).enumerate() {
                for (share, weights) in shares.iter_mut().zip(root.chunks_exact(d)) {
                    let along: f64 = weights.iter().zip(&tile).map(|(weight, column)| weight * column[lane]).sum();
                    *share = coordinate(along) * coordinate(along);
                }
                // To rounding the squares add up to the squared distance.
                let (sum, distance) = (shares.iter().sum::<f64>(), squared[lane].sqrt());
                let factor = if sum > 0.0 { distance / sum } else { 0.0 };
                shares.iter_mut().for_each(|share| *share *= factor);
            }
        }
        Ok(shares)
    }
}

impl Mahalanobis {
    /// The symmetric root of the inverse covariance, features × features.
    fn symmetric_root(&self) -> Vec<f64> {
        let d = self.location.len();
        let rows = || self.whitening.chunks_exact(d);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut root = vec![0.0; d * d];
        let mut add = |direction: &[f64], weights: &[f64], factor: f64| {
            for (root, &along) in root.chunks_exact_mut(d).zip(direction) {
                root.iter_mut().zip(weights).for_each(|(root, weight)| *root += factor * along * weight);
            }
        };
        // The rows of the classical estimate are eigenvectors, each over the root of its eigenvalue.
        let are_orthogonal = rows().enumerate().all(|(at, a)| {
            let size = dot(a, a);
            rows().take(at).all(|b| dot(a, b).abs() <= 1e-9 * (size * dot(b, b)).sqrt())
        });
        if are_orthogonal {
            for row in rows() {
                let length = dot(row, row).sqrt();
                add(row, row, if length > 0.0 { 1.0 / length } else { 0.0 });
            }
            return root;
        }
        let mut inverse = vec![0.0; d * d];
        for row in rows() {
            for (inverse, &along) in inverse.chunks_exact_mut(d).zip(row) {
                inverse.iter_mut().zip(row).for_each(|(inverse, weight)| *inverse += along * weight);
            }
        }
        if let Some((values, vectors)) = symmetric_eigen(&inverse, d) {
            for (value, vector) in values.iter().zip(vectors.chunks_exact(d)) {
                add(vector, vector, value.max(0.0).sqrt());
            }
        }
        root
    }
}

/// Parts, by column, of the length of weights · row for each row of a tile; finite whatever the values.
#[inline(always)]
fn length_parts(weights: &[f64], tile: &[Column], parts: &mut [Column]) {
    parts.fill([0.0; TILE]);
    let squared = squared_lengths(weights, tile);
    for weights in weights.chunks_exact(tile.len()) {
        let mut along = [0.0; TILE];
        for (&weight, column) in weights.iter().zip(tile) {
            for lane in 0..TILE {
                along[lane] += weight * column[lane];
            }
        }
        // Where a coordinate counts as less than it is, so do its terms.
        for lane in 0..TILE {
            let counted = coordinate(along[lane]);
            let length = squared[lane].sqrt();
            let share = if along[lane] == 0.0 || length == 0.0 { 0.0 } else { counted / along[lane] };
            along[lane] = if length > 0.0 { counted / length * share } else { 0.0 };
        }
        for ((&weight, column), part) in weights.iter().zip(tile).zip(parts.iter_mut()) {
            for lane in 0..TILE {
                part[lane] += along[lane] * (weight * column[lane]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::detect::{FittedDetector, Input};
    use crate::recipe::{Covariance, MahalanobisConfig};

    /// `i = np.arange(24)`,
    /// `X = np.round(np.c_[np.sin(1.3*i)*5 + i%3, np.cos(2.1*i)*3, np.sin(0.7*i*i)*4 + i%5], 3)`.
    fn x() -> Matrix {
        let row = |i: u32| {
            let at = f64::from(i);
            let row = [
                (1.3 * at).sin() * 5.0 + f64::from(i % 3),
                (2.1 * at).cos() * 3.0,
                (0.7 * at * at).sin() * 4.0 + f64::from(i % 5),
            ];
            row.map(|value| (value * 1000.0).round_ties_even() / 1000.0)
        };
        Matrix::unnamed(3, (0..24).flat_map(row).collect()).unwrap()
    }

    fn assert_parts(covariance: Covariance, x: &Matrix, rows: &[u32], theirs: &[f64]) {
        let cx = Cx::default();
        let config = MahalanobisConfig { covariance, ..Default::default() };
        let fitted = Mahalanobis::fit(&config, x, &cx).unwrap();
        let rows = x.select(rows);
        let (parts, d) = (fitted.parts(&rows, None, &cx).unwrap(), x.n_features());
        assert_eq!(parts.len(), theirs.len());
        for (ours, theirs) in parts.iter().zip(theirs) {
            assert!((ours - theirs).abs() < 1e-9, "{ours} {theirs}");
        }
        let distances = fitted.decision_function(Input::from(&rows), &cx).unwrap();
        for (parts, distance) in parts.chunks(d).zip(distances) {
            assert!((parts.iter().sum::<f64>() - distance).abs() < 1e-12 * distance.max(1.0), "{parts:?} {distance}");
        }
    }

    #[test]
    fn parts_are_those_that_scikit_learns_precision_gives() {
        // m = sklearn.covariance.EmpiricalCovariance().fit(X); D = X - m.location_;
        // (D * (D @ m.get_precision()) / numpy.sqrt(m.mahalanobis(X))[:, None])[[0, 1, 19]]
        let theirs = [
            [0.04076419684018894, 1.2147049588032792, 0.5495298191422634],
            [1.125059440673549, 0.2609494717286039, 0.28401971643294655],
            [0.07076744254418017, 0.4216646129227429, 2.007293075770328],
        ];
        assert_parts(Covariance::Empirical, &x(), &[0, 1, 19], theirs.as_flattened());
        // The same with m = sklearn.covariance.MinCovDet(random_state=0).fit(X).
        let theirs = [
            [0.04471840656783126, 21.64586949671698, -0.04003900395424653],
            [1.0810440469147828, 0.016949212317281623, 0.26068275557735165],
            [0.12653183555261283, 0.6418354556140217, 1.5461446015023614],
        ];
        assert_parts(Covariance::MinimumCovarianceDeterminant, &x(), &[0, 1, 19], theirs.as_flattened());
    }

    #[test]
    fn shares_are_squares_of_coordinates_that_stay_close_to_the_features() {
        let cx = Cx::default();
        for covariance in [Covariance::Empirical, Covariance::MinimumCovarianceDeterminant] {
            let fitted = Mahalanobis::fit(&MahalanobisConfig { covariance, ..Default::default() }, &x(), &cx).unwrap();
            let shares = fitted.shares(&x(), None, &cx).unwrap();
            let distances = fitted.decision_function(Input::from(&x()), &cx).unwrap();
            for (shares, distance) in shares.chunks(3).zip(&distances) {
                assert!(shares.iter().all(|share| *share >= 0.0));
                assert!((shares.iter().sum::<f64>() - distance).abs() < 1e-12 * distance);
            }
        }
        // Without correlation they are the parts: differences over standard deviations, squared.
        let square = Matrix::unnamed(2, vec![-1.0, -2.0, -1.0, 2.0, 1.0, -2.0, 1.0, 2.0]).unwrap();
        let fitted = Mahalanobis::fit(&MahalanobisConfig::default(), &square, &cx).unwrap();
        let row = Matrix::unnamed(2, vec![3.0, 8.0]).unwrap();
        let shares = fitted.shares(&row, None, &cx).unwrap();
        assert!((shares[0] - 9.0 / 5.0).abs() < 1e-9 && (shares[1] - 16.0 / 5.0).abs() < 1e-9, "{shares:?}");
        // s = numpy.abs(X - m).max(0); z = (X - m) / s; w, v = numpy.linalg.eigh(numpy.cov(z.T, bias=True));
        // c = z @ (v / numpy.sqrt(w)) @ v.T; (c**2 / numpy.sqrt((c**2).sum(1))[:, None])[[0, 1, 19]]
        let fitted = Mahalanobis::fit(&MahalanobisConfig::default(), &x(), &cx).unwrap();
        let theirs = [
            [0.03132711919675384, 1.1803016289686477, 0.5933702266203305],
            [1.0748072475035424, 0.25558608112875136, 0.33963530020280663],
            [0.09536110339068782, 0.406537335658147, 1.997826692188417],
        ];
        let shares = fitted.shares(&x().select(&[0, 1, 19]), None, &cx).unwrap();
        assert!(shares.iter().zip(theirs.as_flattened()).all(|(a, b)| (a - b).abs() < 1e-9), "{shares:?}");
    }

    #[test]
    fn equal_columns_share_and_constant_ones_have_no_part() {
        let wider = x().iter_rows().flat_map(|row| [row[0], row[1], row[2], 2.0 * row[0], 7.0]).collect();
        let wider = Matrix::unnamed(5, wider).unwrap();
        // The same with numpy's covariance of X, 2 X[:, 0] and 7, each divided by its largest deviation, and
        // scipy.linalg.pinvh as precision.
        let theirs = [0.020382098420094457, 1.2147049588032799, 0.5495298191422628, 0.020382098420094412, 0.0];
        assert_parts(Covariance::Empirical, &wider, &[0], &theirs);
    }

    #[test]
    fn huge_rows_and_the_mean_itself_have_finite_parts() {
        let cx = Cx::default();
        let fitted = Mahalanobis::fit(&MahalanobisConfig::default(), &x(), &cx).unwrap();
        let rows = [&[1e300, -1e300, 0.0], &[f64::MAX, f64::MAX, f64::MAX], fitted.location()].concat();
        let rows = Matrix::unnamed(3, rows).unwrap();
        let parts = fitted.parts(&rows, None, &cx).unwrap();
        assert!(parts.iter().all(|part| part.is_finite()), "{parts:?}");
        let distances = fitted.decision_function(Input::from(&rows), &cx).unwrap();
        for (parts, distance) in parts.chunks(3).zip(&distances) {
            assert!((parts.iter().sum::<f64>() - distance).abs() <= 1e-9 * distance, "{parts:?} {distance}");
        }
        assert_eq!(parts[6..], [0.0; 3]);
        let one = Mahalanobis::fit(&MahalanobisConfig::default(), &x().select(&[0]), &cx).unwrap();
        assert_eq!(one.parts(&x().select(&[1]), None, &cx).unwrap(), [0.0; 3]);
    }
}
