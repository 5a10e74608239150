//! Autoencoder: a network trained to reproduce its input through a narrow middle. The score of a row is the mean
//! squared error of its reproduction.
//!
//! Constant columns are reproduced exactly after a few steps and cost nothing. With one training row there is nothing
//! to hold out, and the training error is watched instead. Values beyond ±10⁴ are cut for the network (not for the
//! error), so that no finite input makes the weights diverge.

mod adam;
mod network;
mod train;

use candle_core::{Device, Tensor};

use self::network::Network;
use super::{DetectError, Detector, FittedDetector, sample::fit_rows};
use crate::analysis::device;
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::{AutoencoderConfig, DetectorKind};

/// Bound on what the network sees, in units of the prepared features.
const INPUT_LIMIT: f64 = 1e4;
/// Bound on a value in the error, so that its square, and sums of squares of scores, are finite.
const ERROR_LIMIT: f64 = 1e50;

impl Detector for AutoencoderConfig {
    fn kind(&self) -> DetectorKind {
        DetectorKind::Autoencoder
    }

    fn fit(&self, x: &Matrix, cx: &Cx) -> Result<Box<dyn FittedDetector>, DetectError> {
        Ok(Box::new(FittedAutoencoder::fit(self, x, cx)?))
    }
}

/// A trained autoencoder.
pub struct FittedAutoencoder {
    network: Network,
    device: Device,
    /// Watched error (mean squared) after each epoch.
    losses: Vec<f64>,
}

impl FittedAutoencoder {
    /// Trains on the rows of `x`.
    ///
    /// # Errors
    /// When cancelled, when there is no row, or when the device fails.
    pub fn fit(config: &AutoencoderConfig, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        if x.n_rows() == 0 {
            return Err(unusable("there are no rows to learn from"));
        }
        let device = device::select(cx);
        let x = fit_rows(x, config.max_fit_rows, DetectorKind::Autoencoder, cx);
        let (network, losses) = train::train(config, &x, &device, cx)?;
        Ok(Self { network, device, losses })
    }

    /// Watched error (mean squared) after each epoch of training.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }
}

impl FittedDetector for FittedAutoencoder {
    fn decision_function(&self, x: &Matrix, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        if x.n_features() != self.network.n_features() {
            let (want, got) = (self.network.n_features(), x.n_features());
            return Err(unusable(&format!("trained on {want} features, asked to score {got}")));
        }
        cx.progress().start("Autoencoder: score", x.n_rows() as u64);
        let mut scores = Vec::with_capacity(x.n_rows());
        for start in (0..x.n_rows()).step_by(cx.chunk_rows) {
            cx.check()?;
            let rows = start..(start + cx.chunk_rows).min(x.n_rows());
            let values = x.rows_in(rows.clone());
            let input = tensor(values, x.n_features(), &self.device).map_err(failed)?;
            let output = self.network.forward(&input, None).map_err(failed)?;
            let output = output.flatten_all().and_then(|t| t.to_vec1::<f32>()).map_err(failed)?;
            let pairs = values.chunks_exact(x.n_features()).zip(output.chunks_exact(x.n_features()));
            scores.extend(pairs.map(|(row, copy)| mean_squared_error(row, copy)));
            cx.progress().add(rows.len() as u64);
        }
        Ok(scores)
    }
}

/// A copy that is no number, as of a network that has diverged, is as far off as can be.
fn mean_squared_error(row: &[f64], copy: &[f32]) -> f64 {
    let error = |(&x, &y): (&f64, &f32)| {
        let difference = x.clamp(-ERROR_LIMIT, ERROR_LIMIT) - f64::from(y);
        if difference.is_finite() { difference.powi(2) } else { ERROR_LIMIT.powi(2) }
    };
    let sum: f64 = row.iter().zip(copy).map(error).sum();
    sum / row.len() as f64
}

/// Rows of `n_features` values as a tensor the network can take.
fn tensor(values: &[f64], n_features: usize, device: &Device) -> candle_core::Result<Tensor> {
    let values: Vec<f32> = values.iter().map(|&v| v.clamp(-INPUT_LIMIT, INPUT_LIMIT) as f32).collect();
    let n_rows = values.len() / n_features.max(1);
    Tensor::from_vec(values, (n_rows, n_features), device)
}

fn unusable(reason: &str) -> DetectError {
    DetectError::Unusable { detector: "autoencoder", reason: reason.to_owned() }
}

/// A failed tensor operation: out of memory or a lost device.
fn failed(error: candle_core::Error) -> DetectError {
    unusable(&format!("the compute device failed ({error}); try compute.device = cpu"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn quick() -> AutoencoderConfig {
        AutoencoderConfig {
            hidden_layers: vec![8, 2, 8],
            epochs: 60,
            dropout_rate: 0.0,
            learning_rate: 0.01,
            ..Default::default()
        }
    }

    /// Points on a line in four dimensions, with a little noise; the last row is off the line.
    fn line(n: usize) -> Matrix {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut data: Vec<f64> = (0..n)
            .flat_map(|_| {
                let t: f64 = rng.random_range(-1.5..1.5);
                [t, -t, 0.5 * t, 2.0 * t].map(|v| v + rng.random_range(-0.02..0.02))
            })
            .collect();
        data.extend([1.0, 1.0, -1.0, -1.0]);
        Matrix::unnamed(4, data).unwrap()
    }

    #[test]
    fn learns_the_shape_of_the_data_and_finds_the_row_off_it() {
        let x = line(400);
        let cx = Cx::default();
        let model = FittedAutoencoder::fit(&quick(), &x, &cx).unwrap();
        let scores = model.decision_function(&x, &cx).unwrap();
        let worst = scores.iter().take(400).copied().fold(0.0, f64::max);
        assert!(scores[400] > 5.0 * worst, "{} against {worst}", scores[400]);
        let (first, best) = (model.losses()[0], model.losses().iter().copied().fold(f64::MAX, f64::min));
        assert!(best < 0.1 * first, "{best} against {first}");
    }

    #[test]
    fn same_seed_gives_the_same_bits_on_any_number_of_threads() {
        let x = line(100);
        let score = |threads: usize, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut cx = Cx::default();
                cx.seed = seed;
                let config = AutoencoderConfig { epochs: 3, dropout_rate: 0.2, ..quick() };
                FittedAutoencoder::fit(&config, &x, &cx).unwrap().decision_function(&x, &cx).unwrap()
            })
        };
        assert_eq!(score(1, 5), score(3, 5));
        assert_ne!(score(1, 5), score(1, 6));
    }

    #[test]
    fn odd_data_gives_finite_scores() {
        let cx = Cx::default();
        let config = AutoencoderConfig { epochs: 2, ..quick() };
        for data in [vec![1.0, 2.0], vec![0.0; 40], vec![1e300, -1e300, 0.0, 1.0]] {
            let x = Matrix::unnamed(2, data).unwrap();
            let scores = FittedAutoencoder::fit(&config, &x, &cx).unwrap().decision_function(&x, &cx).unwrap();
            assert!(scores.iter().all(|s| s.is_finite()), "{scores:?}");
        }
        let wild = AutoencoderConfig { learning_rate: 1.0, epochs: 30, ..quick() };
        let x = line(40);
        let scores = FittedAutoencoder::fit(&wild, &x, &cx).unwrap().decision_function(&x, &cx).unwrap();
        assert!(scores.iter().all(|s| s.is_finite()), "{scores:?}");
        let none = Matrix::unnamed(2, vec![]).unwrap();
        assert!(matches!(FittedAutoencoder::fit(&config, &none, &cx), Err(DetectError::Unusable { .. })));
    }

    #[test]
    fn cancelled_training_stops() {
        let cx = Cx::default();
        cx.cancel();
        assert!(matches!(FittedAutoencoder::fit(&quick(), &line(50), &cx), Err(DetectError::Cancelled)));
    }
}
