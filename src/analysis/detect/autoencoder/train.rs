//! Training: Adam on shuffled batches, watched on held-out rows, stopped early, best weights restored.

use candle_core::{Device, Tensor, Var};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::adam::Adam;
use super::network::{Dropout, Network};
use super::{failed, tensor};
use crate::analysis::detect::DetectError;
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::AutoencoderConfig;

/// Streams of the seed, so that no two uses of randomness share numbers.
const SHUFFLE_STREAM: u64 = 1;
const DROPOUT_STREAM: u64 = 2;

/// Trains a network on `x` and returns it with the watched error after each epoch.
pub(super) fn train(
    config: &AutoencoderConfig,
    x: &Matrix,
    device: &Device,
    cx: &Cx,
) -> Result<(Network, Vec<f64>), DetectError> {
    let network =
        Network::new(x.n_features(), &config.hidden_layers, config.activation, cx.seed, device).map_err(failed)?;
    let mut shuffle = stream(cx.seed, SHUFFLE_STREAM);
    let mut dropout = stream(cx.seed, DROPOUT_STREAM);

    let mut rows: Vec<u32> = (0..u32::try_from(x.n_rows()).unwrap_or(u32::MAX)).collect();
    rows.shuffle(&mut shuffle);
    // At least one row to learn from, whatever the split.
    let n_held_out = ((rows.len() as f64 * config.validation_split) as usize).min(rows.len().saturating_sub(1));
    let (held_out, training) = rows.split_at_mut(n_held_out);
    let data = tensor(x.values(), x.n_features(), device).map_err(failed)?;

    let steps_per_epoch = training.len().div_ceil(config.batch_size as usize);
    cx.progress().start("Autoencoder: fit", u64::from(config.epochs) * steps_per_epoch as u64);
    let mut adam = Adam::new(network.parameters(), config.learning_rate, device).map_err(failed)?;
    let mut best = Best::new(&network).map_err(failed)?;
    let mut losses = Vec::new();
    for _ in 0..config.epochs {
        training.shuffle(&mut shuffle);
        let mut training_loss = 0.0;
        for batch in training.chunks(config.batch_size as usize) {
            cx.check()?;
            let dropout =
                (config.dropout_rate > 0.0).then_some(Dropout { rate: config.dropout_rate, rng: &mut dropout });
            let loss = step(&network, &mut adam, &select(&data, batch).map_err(failed)?, dropout).map_err(failed)?;
            training_loss += loss * batch.len() as f64;
            cx.progress().add(1);
        }
        let watched = if held_out.is_empty() {
            training_loss / training.len() as f64
        } else {
            mean_error(&network, &data, held_out, cx)?
        };
        losses.push(watched);
        if !best.keep_going(watched, config.early_stopping_patience).map_err(failed)? {
            break;
        }
    }
    best.restore().map_err(failed)?;
    Ok((network, losses))
}

fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

fn select(data: &Tensor, rows: &[u32]) -> candle_core::Result<Tensor> {
    data.index_select(&Tensor::from_slice(rows, rows.len(), data.device())?, 0)
}

/// One step of the optimiser on one batch; returns the batch's loss.
fn step(network: &Network, adam: &mut Adam, batch: &Tensor, dropout: Option<Dropout<'_>>) -> candle_core::Result<f64> {
    let loss = candle_nn::loss::mse(&network.forward(batch, dropout)?, batch)?;
    adam.step(&loss.backward()?)?;
    Ok(f64::from(loss.to_scalar::<f32>()?))
}

/// Mean squared error over some rows, without dropout.
fn mean_error(network: &Network, data: &Tensor, rows: &[u32], cx: &Cx) -> Result<f64, DetectError> {
    let mut sum = 0.0;
    for chunk in rows.chunks(cx.chunk_rows) {
        cx.check()?;
        let batch = select(data, chunk).map_err(failed)?;
        let copy = network.forward(&batch, None).map_err(failed)?;
        let loss = candle_nn::loss::mse(&copy, &batch).and_then(|l| l.to_scalar::<f32>()).map_err(failed)?;
        sum += f64::from(loss) * chunk.len() as f64;
    }
    Ok(sum / rows.len().max(1) as f64)
}

/// The weights with the smallest watched error so far.
struct Best {
    parameters: Vec<Var>,
    weights: Vec<Tensor>,
    loss: f64,
    epochs_without: u32,
}

impl Best {
    /// Before the first epoch the best weights are those at the start: a first epoch that diverges leads back to them.
    fn new(network: &Network) -> candle_core::Result<Self> {
        let parameters = network.parameters();
        let weights = copies(&parameters)?;
        Ok(Self { parameters, weights, loss: f64::INFINITY, epochs_without: 0 })
    }

    /// Takes note of an epoch's error. False when training should stop: no progress for `patience` epochs, or an error
    /// that is no number (diverged).
    fn keep_going(&mut self, loss: f64, patience: u32) -> candle_core::Result<bool> {
        if loss < self.loss {
            self.loss = loss;
            self.epochs_without = 0;
            self.weights = copies(&self.parameters)?;
        } else {
            self.epochs_without += 1;
        }
        Ok(loss.is_finite() && self.epochs_without < patience)
    }

    fn restore(&self) -> candle_core::Result<()> {
        self.parameters.iter().zip(&self.weights).try_for_each(|(parameter, weight)| parameter.set(weight))
    }
}

fn copies(parameters: &[Var]) -> candle_core::Result<Vec<Tensor>> {
    parameters.iter().map(|parameter| parameter.as_tensor().copy()).collect()
}
