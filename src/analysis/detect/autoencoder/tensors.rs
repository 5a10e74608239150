//! Training and reproduction on a GPU: the same network, shuffles and masks as on the CPU, as candle tensors.

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};
use pulp::Arch;

use super::activation::LEAK;
use super::dense::stride;
use super::failed;
use super::masks::Masks;
use super::network::{Layer, Network};
use super::optimizer::{BETA_1, BETA_2, EPSILON, RMSPROP_ALPHA};
use super::train::Trainer;
use crate::analysis::detect::DetectError;
use crate::cx::Cx;
use crate::recipe::{Activation, AutoencoderConfig, AutoencoderLoss, AutoencoderOptimizer, OutputActivation};

/// A network whose weights are tensors on a device.
pub(super) struct TensorNetwork {
    /// Weights (inputs × outputs) and bias of each layer.
    layers: Vec<(Var, Var)>,
    activation: Activation,
    output_activation: OutputActivation,
    device: Device,
}

impl TensorNetwork {
    pub(super) fn new(network: &Network, device: &Device) -> Result<Self> {
        let layers = network.layers.iter().map(|layer| {
            let rows = layer.weights().chunks_exact(stride(layer.n_outputs));
            let weights = rows.flat_map(|row| row.iter().take(layer.n_outputs).copied()).collect();
            let bias = layer.bias().iter().take(layer.n_outputs).copied().collect();
            let weights = Var::from_vec(weights, (layer.n_inputs, layer.n_outputs), device)?;
            Ok((weights, Var::from_vec(bias, layer.n_outputs, device)?))
        });
        Ok(Self {
            layers: layers.collect::<Result<_>>()?,
            activation: network.activation,
            output_activation: network.output_activation,
            device: device.clone(),
        })
    }

    /// Back to the CPU.
    fn network(&self) -> Result<Network> {
        let layers = self.layers.iter().map(|(weights, bias)| {
            let (n_inputs, n_outputs) = weights.dims2()?;
            let mut parameters = Vec::with_capacity((n_inputs + 1) * stride(n_outputs));
            for row in weights.to_vec2::<f32>()?.into_iter().chain([bias.to_vec1::<f32>()?]) {
                parameters.extend(row);
                parameters.resize(parameters.len().next_multiple_of(stride(n_outputs)), 0.0);
            }
            Ok(Layer { n_inputs, n_outputs, parameters })
        });
        Ok(Network {
            layers: layers.collect::<Result<_>>()?,
            activation: self.activation,
            output_activation: self.output_activation,
        })
    }

    /// Copies of rows (row-major, as the network takes them), without padding.
    pub(super) fn copies(
        &self,
        values: Vec<f32>,
        masks: Option<(&Masks, impl Iterator<Item = u64> + Clone)>,
    ) -> Result<Vec<f32>> {
        let n_features = self.layers.first().map_or(1, |(weights, _)| weights.dim(0).unwrap_or(1));
        let x = Tensor::from_vec(values.clone(), (values.len() / n_features, n_features), &self.device)?;
        self.forward(&x, masks)?.flatten_all()?.to_vec1()
    }

    fn forward(&self, x: &Tensor, masks: Option<(&Masks, impl Iterator<Item = u64> + Clone)>) -> Result<Tensor> {
        let mut x = x.clone();
        for (i, (weights, bias)) in self.layers.iter().enumerate() {
            x = x.matmul(weights)?.broadcast_add(bias)?;
            if i + 1 == self.layers.len() {
                break;
            }
            x = match self.activation {
                Activation::Relu => x.relu()?,
                Activation::LeakyRelu => candle_nn::ops::leaky_relu(&x, f64::from(LEAK))?,
                Activation::Elu => x.elu(1.0)?,
                Activation::Tanh => x.tanh()?,
                Activation::Sigmoid => candle_nn::ops::sigmoid(&x)?,
            };
            if let Some((masks, rows)) = &masks {
                let (n_rows, n_units) = x.dims2()?;
                let mut factors = vec![0.0; n_rows * n_units];
                masks.fill(Arch::new(), i, rows.clone(), &mut factors, n_units);
                x = x.mul(&Tensor::from_vec(factors, (n_rows, n_units), &self.device)?)?;
            }
        }
        match self.output_activation {
            OutputActivation::Linear => Ok(x),
            OutputActivation::Sigmoid => candle_nn::ops::sigmoid(&x),
            OutputActivation::Tanh => x.tanh(),
        }
    }

    fn parameters(&self) -> impl Iterator<Item = &Var> {
        self.layers.iter().flat_map(|(weights, bias)| [weights, bias])
    }
}

/// Training of a network on a device.
pub(super) struct TensorTrainer {
    network: TensorNetwork,
    data: Tensor,
    loss: AutoencoderLoss,
    optimizer: TensorOptimizer,
}

impl TensorTrainer {
    pub(super) fn new(
        config: &AutoencoderConfig,
        network: &Network,
        data: Vec<f32>,
        device: &Device,
    ) -> std::result::Result<Self, DetectError> {
        let n_features = network.n_features();
        let create = || {
            let shape = (data.len() / n_features.max(1), n_features);
            let network = TensorNetwork::new(network, device)?;
            let optimizer = TensorOptimizer::new(config, &network)?;
            Ok(Self { network, data: Tensor::from_vec(data, shape, device)?, loss: config.loss, optimizer })
        };
        create().map_err(failed)
    }

    /// Weights and bias of each layer.
    #[cfg(test)]
    pub(super) fn parameters(&self) -> &[(Var, Var)] {
        &self.network.layers
    }

    fn batch(&self, rows: &[u32]) -> Result<Tensor> {
        self.data.index_select(&Tensor::from_slice(rows, rows.len(), self.data.device())?, 0)
    }

    /// The loss, and its gradients.
    pub(super) fn gradients(&self, rows: &[u32], masks: Option<&Masks>) -> Result<(f64, GradStore)> {
        let batch = self.batch(rows)?;
        let masks = masks.map(|masks| (masks, rows.iter().map(|&row| u64::from(row))));
        let loss = mean_loss(self.loss, &self.network.forward(&batch, masks)?, &batch)?;
        Ok((f64::from(loss.to_scalar::<f32>()?), loss.backward()?))
    }
}

impl Trainer for TensorTrainer {
    fn step(&mut self, rows: &[u32], masks: Option<&Masks>, _: &Cx) -> std::result::Result<f64, DetectError> {
        let (loss, gradients) = self.gradients(rows, masks).map_err(failed)?;
        self.optimizer.step(&gradients).map_err(failed)?;
        Ok(loss)
    }

    fn loss(&mut self, rows: &[u32], cx: &Cx) -> std::result::Result<f64, DetectError> {
        let mut sum = 0.0;
        for chunk in rows.chunks(cx.chunk_rows) {
            cx.check()?;
            let loss = || {
                let batch = self.batch(chunk)?;
                let copy = self.network.forward(&batch, None::<(&Masks, std::iter::Empty<u64>)>)?;
                mean_loss(self.loss, &copy, &batch)?.to_scalar::<f32>()
            };
            sum += f64::from(loss().map_err(failed)?) * chunk.len() as f64;
        }
        Ok(sum / rows.len().max(1) as f64)
    }

    fn network(&self) -> std::result::Result<Network, DetectError> {
        self.network.network().map_err(failed)
    }
}

fn mean_loss(loss: AutoencoderLoss, copy: &Tensor, x: &Tensor) -> Result<Tensor> {
    let error = (copy - x)?;
    let losses = match loss {
        AutoencoderLoss::Mse => error.sqr()?,
        AutoencoderLoss::Mae => error.abs()?,
        AutoencoderLoss::Huber => {
            let size = error.abs()?;
            let near = size.minimum(&size.ones_like()?)?;
            ((near.sqr()? * 0.5)? + (size - near)?)?
        }
    };
    losses.mean_all()
}

/// The optimisers over tensors: candle's own where it has them.
enum TensorOptimizer {
    Adam(AdamW),
    Rmsprop { parameters: Vec<(Var, Tensor)>, learning_rate: f64 },
    Sgd { parameters: Vec<(Var, Tensor)>, learning_rate: f64, momentum: f64 },
}

impl TensorOptimizer {
    fn new(config: &AutoencoderConfig, network: &TensorNetwork) -> Result<Self> {
        let learning_rate = config.learning_rate;
        let adam = |weight_decay: f64| {
            let params = ParamsAdamW { lr: learning_rate, beta1: BETA_1, beta2: BETA_2, eps: EPSILON, weight_decay };
            AdamW::new(network.parameters().cloned().collect(), params).map(Self::Adam)
        };
        let with_means = || network.parameters().map(|var| Ok((var.clone(), var.zeros_like()?))).collect::<Result<_>>();
        match config.optimizer {
            AutoencoderOptimizer::Adam => adam(0.0),
            AutoencoderOptimizer::Adamw(weight_decay) => adam(weight_decay),
            AutoencoderOptimizer::Rmsprop => Ok(Self::Rmsprop { parameters: with_means()?, learning_rate }),
            AutoencoderOptimizer::Sgd(momentum) => Ok(Self::Sgd { parameters: with_means()?, learning_rate, momentum }),
        }
    }

    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        match self {
            Self::Adam(adam) => adam.step(gradients)?,
            Self::Rmsprop { parameters, learning_rate } => {
                for (var, mean) in parameters {
                    let Some(gradient) = gradients.get(var) else { continue };
                    *mean = ((&*mean * RMSPROP_ALPHA)? + (gradient.sqr()? * (1.0 - RMSPROP_ALPHA))?)?.detach();
                    let step = ((gradient * *learning_rate)? / (mean.sqrt()? + EPSILON)?)?;
                    var.set(&(var.as_tensor() - step)?)?;
                }
            }
            Self::Sgd { parameters, learning_rate, momentum } => {
                for (var, mean) in parameters {
                    let Some(gradient) = gradients.get(var) else { continue };
                    *mean = ((&*mean * *momentum)? + gradient)?.detach();
                    var.set(&(var.as_tensor() - (&*mean * *learning_rate)?)?)?;
                }
            }
        }
        Ok(())
    }
}
