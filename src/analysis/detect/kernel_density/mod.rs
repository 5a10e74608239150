//! Kernel density: how thin are the training rows where a row lies?
//!
//! Gaussian kernels around the training rows with one covariance: theirs, times the bandwidth squared, as in scipy's
//! `gaussian_kde` (Scott: Multivariate Density Estimation, 1992; Silverman: Density Estimation, 1986).

mod whitening;

use serde::{Deserialize, Serialize};

use self::whitening::Whitening;
use super::kernels::{Kernel, KernelPoints};
use super::sample::{check_training_rows, check_width, fit_bytes, fit_rows};
use super::{DetectError, Detector, FittedDetector, Input, contamination_threshold};
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::{Bandwidth, DetectorKind, KernelDensityConfig};

const KIND: DetectorKind = DetectorKind::KernelDensity;

/// A fitted kernel density.
///
/// A training row counts itself among the training rows, as in scipy. A constant feature counts with standard deviation
/// 1; where features are collinear, 1e-6 of each variance is added, which the run reports. Far from all training rows the
/// density is too small for a number, but not its logarithm: scores keep growing with the distance. Values beyond ±1e150,
/// also in units of the bandwidth, count as ±1e150.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KernelDensity {
    whitening: Whitening,
    /// The training rows in round coordinates, row after row.
    points: Vec<f64>,
    factor: f64,
}

impl Detector for KernelDensityConfig {
    type Fitted = KernelDensity;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<KernelDensity, DetectError> {
        KernelDensity::fit(self, input.features, cx)
    }

    fn working_bytes(&self, input: Input<'_>) -> u64 {
        // The sample, whitened, and as the kernels want it.
        3 * fit_bytes(input.features, self.max_fit_rows)
    }

    fn vote_threshold(&self, sorted: &[f64]) -> f64 {
        contamination_threshold(sorted, self.contamination)
    }
}

impl FittedDetector for KernelDensity {
    /// Minus the natural logarithm of the density; the density is per unit of every feature.
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let x = input.features;
        let d = self.whitening.n_features();
        check_width(x, d, KIND)?;
        cx.progress().start("Kernel density: score", x.n_rows() as u64);
        let kernel = Kernel::Rbf { gamma: 0.5 / (self.factor * self.factor) };
        let points = KernelPoints::new(kernel, d, &self.points, 0.0, cx)?;
        let mut scores = Vec::with_capacity(x.n_rows());
        for rows in x.values().chunks(cx.chunk_rows * d) {
            scores.extend(points.log_sums(&self.whitening.apply(rows), cx)?);
        }
        let height = self.log_height();
        scores.iter_mut().for_each(|score| *score = -(*score + height));
        Ok(scores)
    }
}

impl KernelDensity {
    /// Puts kernels around the rows of `x`, or around a sample of them where there are more than `max_fit_rows`.
    ///
    /// # Errors
    /// When cancelled, without rows, or where a value is not finite.
    pub fn fit(config: &KernelDensityConfig, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        check_training_rows(x, KIND)?;
        let x = fit_rows(x, config.max_fit_rows, KIND, cx);
        cx.progress().start("Kernel density: fit", 0);
        let whitening = Whitening::new(&x, cx)?;
        if whitening.regularised {
            cx.warn(
                "Kernel density: some features are (nearly) linear in others; \
                 1e-6 of the variance was added to each, or leave such features out",
            );
        }
        let (n, d) = (x.n_rows() as f64, x.n_features() as f64);
        let factor = match config.bandwidth {
            Bandwidth::Scott => n.powf(-1.0 / (d + 4.0)),
            Bandwidth::Silverman => (n * (d + 2.0) / 4.0).powf(-1.0 / (d + 4.0)),
            Bandwidth::Value(value) => value.clamp(1e-100, 1e100),
        };
        Ok(Self { points: whitening.apply(x.values()), whitening, factor })
    }

    /// The bandwidth: the kernel's covariance is that of the training rows times this squared.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// Natural logarithm of the density that one kernel alone has at its centre, over the number of kernels.
    fn log_height(&self) -> f64 {
        let d = self.whitening.n_features();
        let n = (self.points.len() / d) as f64;
        let tau_ln = std::f64::consts::TAU.ln();
        -(0.5 * tau_ln + self.factor.ln()) * d as f64 - self.whitening.log_volume - n.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Fixture {
        inputs: Inputs,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    #[allow(non_snake_case)]
    struct Inputs {
        X: Vec<Vec<f64>>,
        x: Vec<f64>,
        grid: Vec<f64>,
    }

    #[derive(Deserialize)]
    struct Case {
        call: String,
        output: serde_json::Value,
    }

    fn fixture() -> Fixture {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/statistics.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn output(fixture: &Fixture, call: &str, name: &str) -> Vec<f64> {
        let case = fixture.cases.iter().find(|case| case.call == call).unwrap();
        let numbers = case.output[name].as_array().unwrap().iter();
        numbers.map(|value| value.as_f64().unwrap()).collect()
    }

    fn fit(config: &KernelDensityConfig, n_features: usize, values: &[f64]) -> (KernelDensity, Matrix) {
        let x = Matrix::unnamed(n_features, values.to_vec()).unwrap();
        (KernelDensity::fit(config, &x, &Cx::default()).unwrap(), x)
    }

    fn scores(density: &KernelDensity, x: &Matrix) -> Vec<f64> {
        density.decision_function(x.into(), &Cx::default()).unwrap()
    }

    fn assert_close(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() <= 1e-10 * expected.abs(), "{got} {expected}");
        }
    }

    #[test]
    fn the_density_is_that_of_scipy() {
        let fixture = fixture();
        let (density, x) = fit(&KernelDensityConfig::default(), 1, &fixture.inputs.x);
        let one = "scipy.stats.gaussian_kde(x, 'silverman')";
        let log_density: Vec<f64> = scores(&density, &x).iter().map(|score| -score).collect();
        assert_close(&log_density, &output(&fixture, one, "log_density_x"));
        let grid = Matrix::unnamed(1, fixture.inputs.grid.clone()).unwrap();
        let on_grid: Vec<f64> = scores(&density, &grid).iter().map(|score| (-score).exp()).collect();
        assert_close(&on_grid, &output(&fixture, one, "density_grid"));

        let two: Vec<f64> = fixture.inputs.X.iter().flat_map(|row| [row[0], row[1]]).collect();
        let (density, x) = fit(&KernelDensityConfig::default(), 2, &two);
        let got: Vec<f64> = scores(&density, &x).iter().map(|score| (-score).exp()).collect();
        assert_close(&got, &output(&fixture, "scipy.stats.gaussian_kde(X[:, :2].T, 'silverman')", "density_X"));
    }

    #[test]
    fn every_bandwidth_gives_the_mean_of_normal_densities() {
        // Independent rows of unit variance: x² sums to n - 1 and there is no correlation.
        let values = [1.5_f64.sqrt(), 0.0, 0.0, 1.5_f64.sqrt(), -1.5_f64.sqrt(), 0.0, 0.0, -1.5_f64.sqrt()];
        for (bandwidth, factor) in [
            (Bandwidth::Scott, 4.0_f64.powf(-1.0 / 6.0)),
            (Bandwidth::Silverman, 4.0_f64.powf(-1.0 / 6.0)),
            (Bandwidth::Value(0.3), 0.3),
        ] {
            let (density, _) = fit(&KernelDensityConfig { bandwidth, ..Default::default() }, 2, &values);
            assert!((density.factor() - factor).abs() < 1e-15);
            let normal = |x: f64, y: f64| {
                (-(x * x + y * y) / (2.0 * factor * factor)).exp() / (std::f64::consts::TAU * factor * factor)
            };
            let probe = [0.4, -0.7];
            let expected: f64 =
                values.chunks(2).map(|centre| normal(probe[0] - centre[0], probe[1] - centre[1]) / 4.0).sum();
            let got = scores(&density, &Matrix::unnamed(2, probe.to_vec()).unwrap());
            assert!((got[0] + expected.ln()).abs() < 1e-12, "{bandwidth:?}");
        }
    }

    #[test]
    fn far_rows_keep_their_order() {
        let values: Vec<f64> = (0..200).map(|i| f64::from(i % 17) * 0.1 + f64::from(i % 3)).collect();
        let (density, _) = fit(&KernelDensityConfig::default(), 2, &values);
        let far: Vec<f64> = (0..300).flat_map(|i| [10.0_f64.powf(f64::from(i) * 0.5), 1.0]).collect();
        let got = scores(&density, &Matrix::unnamed(2, far).unwrap());
        assert!(got.iter().all(|score| score.is_finite()));
        assert!(got[2..].is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn constant_and_collinear_features_leave_a_density_and_are_reported() {
        let cx = Cx::default();
        let values: Vec<f64> =
            (0..50).flat_map(|i| [f64::from(i * i % 23), 5.0, f64::from(i * i % 23) * 2.0]).collect();
        let x = Matrix::unnamed(3, values).unwrap();
        let density = KernelDensity::fit(&KernelDensityConfig::default(), &x, &cx).unwrap();
        assert!(cx.warnings()[0].contains("linear in others"));
        let probe = Matrix::unnamed(3, vec![10.0, 5.0, 20.0, 10.0, 5.0, 25.0, 10.0, 6.0, 20.0]).unwrap();
        let got = scores(&density, &probe);
        assert!(got[0] < got[1] && got[0] < got[2], "{got:?}");
    }

    #[test]
    fn odd_rows_give_finite_scores() {
        for values in
            [&[1.0, 2.0][..], &[0.0; 8], &[1e300, -1e300, 1e300, 0.0, -1e300, 1.0], &[1e-300, 0.0, 0.0, 1e-300]]
        {
            for bandwidth in [Bandwidth::Silverman, Bandwidth::Value(1e-300), Bandwidth::Value(1e300)] {
                let (density, x) = fit(&KernelDensityConfig { bandwidth, ..Default::default() }, 2, values);
                let probe = Matrix::unnamed(2, vec![f64::MAX, f64::MIN, 0.0, 0.0]).unwrap();
                let all = [scores(&density, &x), scores(&density, &probe)].concat();
                assert!(all.iter().all(|score| score.is_finite()), "{bandwidth:?} {values:?} {all:?}");
            }
        }
    }

    #[test]
    fn threads_and_chunks_change_no_bit_and_files_lose_nothing() {
        let values: Vec<f64> = (0..3000).map(|i| f64::from(i * 37 % 101) * 0.1 + f64::from(i % 7)).collect();
        let (density, x) = fit(&KernelDensityConfig::default(), 3, &values);
        let all = scores(&density, &x);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        assert_eq!(pool.install(|| scores(&density, &x)), all);
        let mut cx = Cx::default();
        cx.chunk_rows = 7;
        assert_eq!(density.decision_function((&x).into(), &cx).unwrap(), all);
        let saved = ron::to_string(&density).unwrap();
        assert_eq!(ron::from_str::<KernelDensity>(&saved).unwrap(), density);
    }
}
