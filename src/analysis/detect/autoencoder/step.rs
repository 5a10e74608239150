//! A training step on the CPU: forward, backward and optimiser over flat buffers, without any memory asked for on the way.

use pulp::Arch;
use rayon::prelude::*;

use super::activation::{multiply, multiply_slope, output_slope, scale};
use super::dense::{Left, Product, Start, stride, transpose};
use super::masks::Masks;
use super::network::{BLOCK_ROWS, Block, Layer, Network};
use super::optimizer::Optimizer;
use super::train::Trainer;
use crate::analysis::detect::DetectError;
use crate::cx::Cx;
use crate::recipe::{AutoencoderConfig, AutoencoderLoss, OutputActivation};

/// Sums run side by side over this many values, as one running sum could not be vectorised.
const LANES: usize = 16;

/// Training of a network on the CPU, on one thread: a batch is too small to share.
pub(super) struct CpuTrainer<'a> {
    arch: Arch,
    network: Network,
    /// Training rows, without padding.
    data: &'a [f32],
    loss: AutoencoderLoss,
    optimizer: Optimizer,
    block: Block,
    /// As the layers' parameters.
    gradients: Vec<Vec<f32>>,
    /// Transposed weights of every layer.
    transposed: Vec<Vec<f32>>,
    /// Slopes of the loss by a layer's output, for the layer at work and the one before it.
    deltas: [Vec<f32>; 2],
}

impl<'a> CpuTrainer<'a> {
    pub(super) fn new(config: &AutoencoderConfig, network: Network, data: &'a [f32]) -> Self {
        let widest = network.layers.iter().map(|layer| stride(layer.n_outputs)).max().unwrap_or_default();
        let layers = || network.layers.iter();
        Self {
            arch: Arch::new(),
            data,
            loss: config.loss,
            optimizer: Optimizer::new(config.optimizer, config.learning_rate, &network),
            block: Block::new(&network, config.dropout_rate > 0.0),
            gradients: layers().map(|layer| vec![0.0; layer.parameters.len()]).collect(),
            transposed: layers().map(|layer| vec![0.0; layer.n_outputs * stride(layer.n_inputs)]).collect(),
            deltas: [vec![0.0; BLOCK_ROWS * widest], vec![0.0; BLOCK_ROWS * widest]],
            network,
        }
    }

    /// Gradients of the last step, laid out as the layers' parameters.
    #[cfg(test)]
    pub(super) fn gradients(&self) -> &[Vec<f32>] {
        &self.gradients
    }

    /// Adds the gradients of a block of rows out of a batch of `batch_rows` and returns the sum of its losses.
    fn add_gradients(&mut self, rows: &[u32], batch_rows: usize, masks: Option<&Masks>) -> f64 {
        let n_features = self.network.n_features();
        let n_rows = rows.len();
        gather(self.data, rows, n_features, &mut self.block);
        let masks = masks.map(|masks| (masks, rows.iter().map(|&row| u64::from(row))));
        let keep = masks.as_ref().map(|(masks, _)| masks.keep());
        self.network.forward(self.arch, &mut self.block, n_rows, masks);
        let [delta, next] = &mut self.deltas;
        let n_values = n_rows * stride(n_features);
        let (input, copy) = self.block.input_and_copy(n_values);
        let delta_loss = LossSlope {
            loss: self.loss,
            output_activation: self.network.output_activation,
            scale: 1.0 / (batch_rows as f32 * n_features as f32),
        };
        let sum = delta_loss.fill(self.arch, input, copy, &mut delta[..n_values]);
        let layers = self.network.layers.iter().zip(&mut self.gradients).zip(&self.transposed).enumerate();
        for (i, ((layer, gradient), transposed)) in layers.rev() {
            let Some(input) = self.block.activations.get_mut(i) else { break };
            let delta_rows = &delta[..n_rows * stride(layer.n_outputs)];
            add_gradient(self.arch, layer, input, delta_rows, gradient);
            if i == 0 {
                break;
            }
            let width = stride(layer.n_inputs);
            let next_rows = &mut next[..n_rows * width];
            Product {
                left: Left::Plain { values: delta_rows, stride: stride(layer.n_outputs) },
                right: transposed,
                out: next_rows,
                start: Start::Zero,
                stride: width,
                depth: layer.n_outputs,
                n_rows,
            }
            .run(self.arch);
            let outputs = &mut input[..n_rows * width];
            if let (Some(keep), Some(mask)) = (keep, self.block.masks.get(i - 1)) {
                multiply(self.arch, next_rows, &mask[..n_rows * width]);
                // What the layer gave before dropout, of the units that stayed.
                scale(self.arch, outputs, 1.0 / keep);
            }
            multiply_slope(self.arch, self.network.activation, outputs, next_rows);
            std::mem::swap(delta, next);
        }
        sum
    }
}

impl Trainer for CpuTrainer<'_> {
    fn step(&mut self, rows: &[u32], masks: Option<&Masks>, cx: &Cx) -> Result<f64, DetectError> {
        self.gradients.iter_mut().for_each(|gradient| gradient.fill(0.0));
        // The first layer passes nothing back.
        for (layer, transposed) in self.network.layers.iter().zip(&mut self.transposed).skip(1) {
            transpose(layer.weights(), layer.n_inputs, layer.n_outputs, transposed);
        }
        let mut sum = 0.0;
        for block in rows.chunks(BLOCK_ROWS) {
            cx.check()?;
            sum += self.add_gradients(block, rows.len(), masks);
        }
        self.optimizer.step(self.arch, &mut self.network, &self.gradients);
        Ok(sum / (rows.len() * self.network.n_features()) as f64)
    }

    fn loss(&mut self, rows: &[u32], cx: &Cx) -> Result<f64, DetectError> {
        let n_features = self.network.n_features();
        let block_sum = |block: &mut Block, rows: &[u32]| {
            cx.check()?;
            gather(self.data, rows, n_features, block);
            self.network.forward(self.arch, block, rows.len(), None::<(&Masks, std::iter::Empty<u64>)>);
            let (input, copy) = block.input_and_copy(rows.len() * stride(n_features));
            let pairs = input.chunks_exact(stride(n_features)).zip(copy.chunks_exact(stride(n_features)));
            let sums = pairs.map(|(input, copy)| sum_of_losses(self.loss, input, copy));
            Ok::<f64, DetectError>(sums.sum())
        };
        // One sum per block, added up in order: the same bits on any number of threads.
        let blocks = rows.par_chunks(BLOCK_ROWS);
        let sums: Vec<f64> =
            blocks.map_init(|| Block::new(&self.network, false), block_sum).collect::<Result<_, _>>()?;
        Ok(sums.iter().sum::<f64>() / (rows.len() * n_features) as f64)
    }

    fn network(&self) -> Result<Network, DetectError> {
        Ok(self.network.clone())
    }
}

/// Copies rows of the data to the block's input.
fn gather(data: &[f32], rows: &[u32], n_features: usize, block: &mut Block) {
    for (&row, input) in rows.iter().zip(block.input(n_features)) {
        input.copy_from_slice(&data[row as usize * n_features..][..n_features]);
    }
}

/// Adds a block's gradients of weights and bias.
fn add_gradient(arch: Arch, layer: &Layer, input: &[f32], delta: &[f32], gradient: &mut [f32]) {
    let width = stride(layer.n_outputs);
    let (weights, bias) = gradient.split_at_mut(layer.n_weights());
    Product {
        left: Left::Transposed { values: input, stride: stride(layer.n_inputs) },
        right: delta,
        out: weights,
        start: Start::Out,
        stride: width,
        depth: delta.len() / width,
        n_rows: layer.n_inputs,
    }
    .run(arch);
    arch.dispatch(
        #[inline(always)]
        || {
            for row in delta.chunks_exact(width) {
                bias.iter_mut().zip(row).for_each(|(sum, &delta)| *sum += delta);
            }
        },
    );
}

/// Slope of the loss by what the output layer sums up, before its activation.
#[derive(Clone, Copy)]
struct LossSlope {
    loss: AutoencoderLoss,
    output_activation: OutputActivation,
    /// 1 / (rows of the batch × features): the loss is a mean.
    scale: f32,
}

impl LossSlope {
    /// Writes the slopes and returns the sum of the losses. All three are rows padded with zeros.
    fn fill(self, arch: Arch, input: &[f32], copy: &[f32], delta: &mut [f32]) -> f64 {
        match self.loss {
            AutoencoderLoss::Mse => self.fill_with(arch, input, copy, delta, |e| 2.0 * e),
            AutoencoderLoss::Mae => {
                self.fill_with(arch, input, copy, delta, |e| if e == 0.0 { 0.0 } else { 1f32.copysign(e) });
            }
            AutoencoderLoss::Huber => self.fill_with(arch, input, copy, delta, |e| e.clamp(-1.0, 1.0)),
        }
        arch.dispatch(
            #[inline(always)]
            || {
                let chunks = input.chunks_exact(LANES * 8).zip(copy.chunks_exact(LANES * 8));
                let rest = chunks.len() * LANES * 8;
                let sum: f64 = chunks.map(|(input, copy)| sum_of_losses(self.loss, input, copy)).sum();
                sum + sum_of_losses(self.loss, &input[rest..], &copy[rest..])
            },
        )
    }

    #[inline(always)]
    fn fill_with(self, arch: Arch, input: &[f32], copy: &[f32], delta: &mut [f32], slope: impl Fn(f32) -> f32) {
        arch.dispatch(
            #[inline(always)]
            || {
                for ((&x, &y), delta) in input.iter().zip(copy).zip(delta) {
                    *delta = slope(y - x) * output_slope(self.output_activation, y) * self.scale;
                }
            },
        );
    }
}

/// Sum of the losses of values and their copies; a whole number of vectors of them.
#[inline(always)]
fn sum_of_losses(loss: AutoencoderLoss, input: &[f32], copy: &[f32]) -> f64 {
    let mut sums = [0f32; LANES];
    for (input, copy) in input.chunks_exact(LANES).zip(copy.chunks_exact(LANES)) {
        for ((sum, &x), &y) in sums.iter_mut().zip(input).zip(copy) {
            let e = (y - x).abs();
            *sum += match loss {
                AutoencoderLoss::Mse => e * e,
                AutoencoderLoss::Mae => e,
                AutoencoderLoss::Huber => {
                    if e < 1.0 {
                        0.5 * e * e
                    } else {
                        e - 0.5
                    }
                }
            };
        }
    }
    sums.iter().map(|&sum| f64::from(sum)).sum()
}
