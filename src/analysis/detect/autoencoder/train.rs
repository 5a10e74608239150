//! Training: shuffled batches, watched on held-out rows, stopped early, best weights kept.

use candle_core::Device;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::masks::Masks;
use super::network::Network;
use super::network_input;
use super::step::CpuTrainer;
use super::tensors::TensorTrainer;
use crate::analysis::detect::DetectError;
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::AutoencoderConfig;

/// Streams of the seed, so that no two uses of randomness share numbers. The weights use stream 0.
const SHUFFLE_STREAM: u64 = 1;
const DROPOUT_STREAM: u64 = 2;
pub(super) const MONTE_CARLO_STREAM: u64 = 3;

/// A network in training, on one kind of device.
pub(super) trait Trainer {
    /// One step of the optimiser on a batch; returns the batch's loss before it.
    fn step(&mut self, rows: &[u32], masks: Option<&Masks>, cx: &Cx) -> Result<f64, DetectError>;

    /// Mean loss over some rows, without dropout.
    fn loss(&mut self, rows: &[u32], cx: &Cx) -> Result<f64, DetectError>;

    /// The network as it is now.
    fn network(&self) -> Result<Network, DetectError>;
}

/// Trains a network on `x` and returns it with the watched loss after each epoch.
pub(super) fn train(
    config: &AutoencoderConfig,
    x: &Matrix,
    device: &Device,
    cx: &Cx,
) -> Result<(Network, Vec<f64>), DetectError> {
    let network = Network::new(x.n_features(), config, cx.seed);
    let data: Vec<f32> = x.values().iter().map(|&value| network_input(value)).collect();
    if device.is_cpu() {
        run(config, &mut CpuTrainer::new(config, network, &data), x.n_rows(), cx)
    } else {
        run(config, &mut TensorTrainer::new(config, &network, data, device)?, x.n_rows(), cx)
    }
}

/// Trains on `n_rows` rows.
pub(super) fn run(
    config: &AutoencoderConfig,
    trainer: &mut impl Trainer,
    n_rows: usize,
    cx: &Cx,
) -> Result<(Network, Vec<f64>), DetectError> {
    let mut shuffle = ChaCha8Rng::seed_from_u64(cx.seed);
    shuffle.set_stream(SHUFFLE_STREAM);
    let mut rows: Vec<u32> = (0..u32::try_from(n_rows).unwrap_or(u32::MAX)).collect();
    rows.shuffle(&mut shuffle);
    // At least one row to learn from, whatever the split.
    let n_held_out = ((rows.len() as f64 * config.validation_split) as usize).min(rows.len().saturating_sub(1));
    let (held_out, training) = rows.split_at_mut(n_held_out);

    let batch_size = config.batch_size as usize;
    let steps_per_epoch = training.len().div_ceil(batch_size);
    cx.progress().start("Autoencoder: fit", u64::from(config.epochs) * steps_per_epoch as u64);
    let mut best = Best { network: trainer.network()?, loss: f64::INFINITY, epochs_without: 0 };
    let mut losses = Vec::new();
    for epoch in 0..config.epochs {
        training.shuffle(&mut shuffle);
        let masks = Masks::new(cx.seed, DROPOUT_STREAM, epoch, config.dropout_rate);
        let mut training_loss = 0.0;
        for batch in training.chunks(batch_size) {
            cx.check()?;
            training_loss += trainer.step(batch, masks.as_ref(), cx)? * batch.len() as f64;
            cx.progress().add(1);
        }
        let watched =
            if held_out.is_empty() { training_loss / training.len() as f64 } else { trainer.loss(held_out, cx)? };
        losses.push(watched);
        if !best.keep_going(watched, trainer, config.early_stopping_patience)? {
            break;
        }
    }
    Ok((best.network, losses))
}

/// The network with the smallest watched loss so far. Before the first epoch that is the one at the start: a first epoch
/// that diverges leads back to it.
struct Best {
    network: Network,
    loss: f64,
    epochs_without: u32,
}

impl Best {
    /// Takes note of an epoch's loss. False when training should stop: no progress for `patience` epochs, or a loss that
    /// is no number (diverged).
    fn keep_going(&mut self, loss: f64, trainer: &impl Trainer, patience: u32) -> Result<bool, DetectError> {
        if loss < self.loss {
            let network = trainer.network()?;
            // Where the training loss is watched, the last step comes after it.
            if !network.is_finite() {
                return Ok(false);
            }
            self.loss = loss;
            self.epochs_without = 0;
            self.network = network;
        } else {
            self.epochs_without += 1;
        }
        Ok(loss.is_finite() && self.epochs_without < patience)
    }
}
