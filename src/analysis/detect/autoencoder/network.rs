//! The network: dense layers with one activation, and a linear output.

use candle_core::{Device, Result, Tensor, Var};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::recipe::Activation;

/// Dense layers from the features through the hidden layers back to the features.
pub(super) struct Network {
    layers: Vec<Layer>,
    activation: Activation,
    n_features: usize,
}

/// `y = x · weight + bias`, weight of shape inputs × outputs.
struct Layer {
    weight: Var,
    bias: Var,
}

/// Switches hidden units off at random during training (inverted dropout).
pub(super) struct Dropout<'a> {
    pub(super) rate: f64,
    pub(super) rng: &'a mut ChaCha8Rng,
}

impl Network {
    /// Random weights, uniform in ±1/√inputs as in PyTorch's `Linear`, from the seed alone.
    pub(super) fn new(
        n_features: usize,
        hidden_layers: &[u32],
        activation: Activation,
        seed: u64,
        device: &Device,
    ) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let hidden = hidden_layers.iter().map(|&units| units as usize);
        let sizes: Vec<usize> = std::iter::once(n_features).chain(hidden).chain([n_features]).collect();
        let layers = sizes.iter().zip(sizes.iter().skip(1)).map(|(&inputs, &outputs)| {
            let bound = 1.0 / (inputs as f32).sqrt();
            let mut uniform = |n: usize| -> Vec<f32> { (0..n).map(|_| rng.random_range(-bound..=bound)).collect() };
            Ok(Layer {
                weight: Var::from_vec(uniform(inputs * outputs), (inputs, outputs), device)?,
                bias: Var::from_vec(uniform(outputs), outputs, device)?,
            })
        });
        Ok(Self { layers: layers.collect::<Result<_>>()?, activation, n_features })
    }

    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    /// The network's copy of each row of `x` (rows × features).
    pub(super) fn forward(&self, x: &Tensor, mut dropout: Option<Dropout<'_>>) -> Result<Tensor> {
        let mut x = x.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            x = x.matmul(&layer.weight)?.broadcast_add(&layer.bias)?;
            if i + 1 < self.layers.len() {
                x = match self.activation {
                    Activation::Relu => x.relu()?,
                    Activation::Tanh => x.tanh()?,
                    Activation::Sigmoid => candle_nn::ops::sigmoid(&x)?,
                };
                if let Some(dropout) = &mut dropout {
                    x = dropout.apply(&x)?;
                }
            }
        }
        Ok(x)
    }

    /// Everything that is trained.
    pub(super) fn parameters(&self) -> Vec<Var> {
        self.layers.iter().flat_map(|layer| [layer.weight.clone(), layer.bias.clone()]).collect()
    }
}

impl Dropout<'_> {
    fn apply(&mut self, x: &Tensor) -> Result<Tensor> {
        let keep = (1.0 / (1.0 - self.rate)) as f32;
        let limit = (self.rate * f64::from(u32::MAX)) as u32;
        let mask: Vec<f32> =
            (0..x.elem_count()).map(|_| if self.rng.random::<u32>() < limit { 0.0 } else { keep }).collect();
        x.mul(&Tensor::from_vec(mask, x.shape(), x.device())?)
    }
}
