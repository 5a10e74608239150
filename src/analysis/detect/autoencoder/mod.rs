//! Autoencoder: a network trained to reproduce its input through a narrow middle. The score of a row is the error of its
//! reproduction.
//!
//! Hawkins et al.: Outlier detection using replicator neural networks (DaWaK 2002). Training follows PyTorch's layers,
//! losses and optimisers. On the CPU it runs over flat buffers in vector instructions, on a GPU over candle tensors.

mod activation;
mod dense;
mod masks;
mod network;
mod optimizer;
mod parts;
mod step;
mod tensors;
#[cfg(test)]
mod tests;
mod train;
mod uncertainty;

use candle_core::Device;
use pulp::Arch;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::dense::stride;
use self::masks::Masks;
use self::network::{BLOCK_ROWS, Block, Network};
use self::tensors::TensorNetwork;
use self::train::MONTE_CARLO_STREAM;
use self::uncertainty::Moments;
pub use self::uncertainty::Uncertainty;
use super::sample::{check_training_rows, check_width, fit_bytes, fit_rows};
use super::{DetectError, Detector, FittedDetector, Input, contamination_threshold};
use crate::analysis::device;
use crate::analysis::stats::quantiles;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;
use crate::recipe::{AutoencoderConfig, DetectorKind, ErrorMetric, ErrorThreshold};

const KIND: DetectorKind = DetectorKind::Autoencoder;

/// Bound on what the network sees, in units of the prepared features.
const INPUT_LIMIT: f64 = 1e4;
/// Bound on a value in the error, so that its square, and sums of squares of scores, are finite.
const ERROR_LIMIT: f64 = 1e50;

impl Detector for AutoencoderConfig {
    type Fitted = Autoencoder;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<Autoencoder, DetectError> {
        Autoencoder::fit(self, input.features, cx)
    }

    fn working_bytes(&self, input: Input<'_>) -> u64 {
        // The sample, and in single precision.
        2 * fit_bytes(input.features, self.max_fit_rows)
    }

    fn vote_threshold(&self, sorted: &[f64]) -> f64 {
        match self.error_threshold {
            ErrorThreshold::Percentile(percentile) => contamination_threshold(sorted, 1.0 - percentile / 100.0),
            ErrorThreshold::Fixed(error) => error,
        }
    }
}

/// A trained autoencoder.
///
/// Constant columns are reproduced exactly after a few steps and cost nothing. With one training row there is nothing
/// to hold out, and the training loss is watched instead. Values beyond ±10⁴ are cut for the network (not for the
/// error, which cuts them at ±10⁵⁰), so that no finite input makes the weights diverge; where training diverges all the
/// same, the weights of the best epoch are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Autoencoder {
    network: Network,
    error_metric: ErrorMetric,
    dropout_rate: f64,
    monte_carlo_passes: u32,
    losses: Vec<f64>,
}

impl FittedDetector for Autoencoder {
    /// The reconstruction error of every row, in the error metric: 0 or above.
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let x = input.features;
        check_width(x, self.n_features(), KIND)?;
        cx.progress().start("Autoencoder: score", x.n_rows() as u64);
        let mut scores = vec![0.0; x.n_rows()];
        self.each_copy(x, None, &mut scores, cx, |row, copy, score| {
            score.fill(self.error(row, copy));
        })?;
        Ok(scores)
    }

    /// As `decision_function`; with `monte_carlo_passes` the run also reports how far the errors vary between them.
    fn training_scores(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        if let Some(rows) = self.uncertainty(input.features, cx)? {
            let varying = rows.iter().filter(|row| row.mean > 0.0).map(|row| 100.0 * row.std / row.mean);
            let [median] = quantiles(&varying.collect::<Vec<_>>(), [0.5]);
            if median.is_finite() {
                let n_passes = self.monte_carlo_passes;
                cx.warn(format!(
                    "Autoencoder: over {n_passes} Monte-Carlo passes the error of a row varies by {median:.0} % (median of \
                     standard deviation to mean)"
                ));
            }
        }
        self.decision_function(input, cx)
    }
}

impl Autoencoder {
    /// Trains on the rows of `x`, or on a sample of them where there are more than `max_fit_rows`.
    ///
    /// # Errors
    /// When cancelled, without rows, where a value is not finite, or when the device fails.
    pub fn fit(config: &AutoencoderConfig, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        check_training_rows(x, KIND)?;
        let x = fit_rows(x, config.max_fit_rows, KIND, cx);
        let (network, losses) = train::train(config, &x, &device::select(cx), cx)?;
        Ok(Self {
            network,
            error_metric: config.error_metric,
            dropout_rate: config.dropout_rate,
            monte_carlo_passes: config.monte_carlo_passes,
            losses,
        })
    }

    /// Number of features of the rows.
    pub fn n_features(&self) -> usize {
        self.network.n_features()
    }

    /// Watched loss after each epoch of training.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// Reconstruction error of every feature of every row (rows × features, row-major), each at least 0: squared for
    /// `mse` and `rmse`, absolute for `mae`. Their mean over a row (for `rmse` its root) is the score of the row.
    ///
    /// # Errors
    /// As for `decision_function`.
    pub fn feature_errors(&self, x: &Matrix, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        check_width(x, self.n_features(), KIND)?;
        cx.progress().start("Autoencoder: feature errors", x.n_rows() as u64);
        let mut errors = vec![0.0; x.values().len()];
        self.each_copy(x, None, &mut errors, cx, |row, copy, errors| {
            let pairs = row.iter().zip(copy);
            errors.iter_mut().zip(pairs).for_each(|(error, (&x, &y))| *error = self.feature_error(x, y));
        })?;
        Ok(errors)
    }

    /// Mean and spread of each row's error over `monte_carlo_passes` passes with dropout on; `None` where that is 0.
    /// Without dropout the spread is 0. A row's masks depend on the seed, the pass and the row's number alone.
    ///
    /// # Errors
    /// As for `decision_function`.
    pub fn uncertainty(&self, x: &Matrix, cx: &Cx) -> Result<Option<Vec<Uncertainty>>, DetectError> {
        check_width(x, self.n_features(), KIND)?;
        let n_passes = self.monte_carlo_passes;
        if n_passes == 0 {
            return Ok(None);
        }
        cx.progress().start("Autoencoder: uncertainty", u64::from(n_passes) * x.n_rows() as u64);
        let mut moments = vec![Moments::default(); x.n_rows()];
        for pass in 0..n_passes {
            let masks = Masks::new(cx.seed, MONTE_CARLO_STREAM, pass, self.dropout_rate);
            self.each_copy(x, masks.as_ref(), &mut moments, cx, |row, copy, moments| {
                moments.iter_mut().for_each(|moments| moments.add(self.error(row, copy), pass + 1));
            })?;
        }
        Ok(Some(moments.into_iter().map(|moments| moments.uncertainty(n_passes)).collect()))
    }

    /// Calls `f` with every row of `x`, its copy, and its equal part of `out`.
    fn each_copy<T: Send>(
        &self,
        x: &Matrix,
        masks: Option<&Masks>,
        out: &mut [T],
        cx: &Cx,
        f: impl Fn(&[f64], &[f32], &mut [T]) + Sync,
    ) -> Result<(), DetectError> {
        let device = device::select(cx);
        if !device.is_cpu() {
            return self.each_copy_on(&device, x, masks, out, cx, f);
        }
        let (arch, n_features) = (Arch::new(), self.n_features());
        let width = part(out, x);
        let blocks = x.values().par_chunks(BLOCK_ROWS * n_features).zip(out.par_chunks_mut(BLOCK_ROWS * width));
        blocks.enumerate().try_for_each_init(
            || Block::new(&self.network, masks.is_some()),
            |block, (i, (rows, out))| {
                cx.check()?;
                let n_rows = rows.len() / n_features;
                for (row, input) in rows.chunks_exact(n_features).zip(block.input(n_features)) {
                    input.iter_mut().zip(row).for_each(|(input, &value)| *input = network_input(value));
                }
                self.network.forward(arch, block, n_rows, masks.map(|masks| (masks, row_ids(i * BLOCK_ROWS))));
                let (_, copies) = block.input_and_copy(n_rows * stride(n_features));
                let copies = copies.chunks_exact(stride(n_features)).map(|copy| &copy[..n_features]);
                let rows = rows.chunks_exact(n_features).zip(copies);
                rows.zip(out.chunks_exact_mut(width)).for_each(|((row, copy), out)| f(row, copy, out));
                cx.progress().add(n_rows as u64);
                Ok::<_, Cancelled>(())
            },
        )?;
        Ok(())
    }

    /// [`Self::each_copy`] on a GPU.
    fn each_copy_on<T>(
        &self,
        device: &Device,
        x: &Matrix,
        masks: Option<&Masks>,
        out: &mut [T],
        cx: &Cx,
        f: impl Fn(&[f64], &[f32], &mut [T]),
    ) -> Result<(), DetectError> {
        let (n_features, width) = (self.n_features(), part(out, x));
        let network = TensorNetwork::new(&self.network, device).map_err(failed)?;
        let blocks = x.values().chunks(cx.chunk_rows * n_features).zip(out.chunks_mut(cx.chunk_rows * width));
        for (i, (rows, out)) in blocks.enumerate() {
            cx.check()?;
            let values = rows.iter().map(|&value| network_input(value)).collect();
            let masks = masks.map(|masks| (masks, row_ids(i * cx.chunk_rows)));
            let copies = network.copies(values, masks).map_err(failed)?;
            let rows = rows.chunks_exact(n_features).zip(copies.chunks_exact(n_features));
            rows.zip(out.chunks_exact_mut(width)).for_each(|((row, copy), out)| f(row, copy, out));
            cx.progress().add((out.len() / width) as u64);
        }
        Ok(())
    }

    /// Error of a row in the error metric.
    fn error(&self, row: &[f64], copy: &[f32]) -> f64 {
        let sum: f64 = row.iter().zip(copy).map(|(&x, &y)| self.feature_error(x, y)).sum();
        let mean = sum / row.len() as f64;
        if self.error_metric == ErrorMetric::Rmse { mean.sqrt() } else { mean }
    }

    /// A copy that is no number, as of a network that has diverged, is as far off as can be.
    fn feature_error(&self, x: f64, y: f32) -> f64 {
        let difference = (x.clamp(-ERROR_LIMIT, ERROR_LIMIT) - f64::from(y)).abs();
        let difference = if difference.is_finite() { difference } else { ERROR_LIMIT };
        if self.error_metric == ErrorMetric::Mae { difference } else { difference * difference }
    }
}

/// Values of `out` for each row of `x`, at least 1.
fn part<T>(out: &[T], x: &Matrix) -> usize {
    (out.len() / x.n_rows().max(1)).max(1)
}

/// Numbers of the rows from `first` on.
fn row_ids(first: usize) -> impl Iterator<Item = u64> + Clone {
    first as u64..
}

/// A value as the network sees it.
fn network_input(value: f64) -> f32 {
    value.clamp(-INPUT_LIMIT, INPUT_LIMIT) as f32
}

/// A failed tensor operation: out of memory or a lost device.
fn failed(error: candle_core::Error) -> DetectError {
    let reason = format!("the compute device failed ({error}); try compute.device = cpu");
    DetectError::Unusable { detector: KIND.title(), reason }
}
