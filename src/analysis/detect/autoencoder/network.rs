//! The network: dense layers with one activation, their weights, and the pass of a block of rows through them.

use pulp::Arch;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::activation::{activate, activate_output, multiply};
use super::dense::{Left, Product, Start, stride};
use super::masks::Masks;
use crate::recipe::{Activation, AutoencoderConfig, OutputActivation};

/// Rows that go through the network together: enough to use each weight often, few enough to stay in cache.
pub(super) const BLOCK_ROWS: usize = 64;

/// Dense layers from the features through the hidden layers back to the features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub(super) struct Network {
    pub(super) layers: Vec<Layer>,
    pub(super) activation: Activation,
    pub(super) output_activation: OutputActivation,
}

/// y = x · weights + bias. Rows of weights (one per input) and the bias are padded to [`stride`] values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Layer {
    pub(super) n_inputs: usize,
    pub(super) n_outputs: usize,
    /// The weights, row by row, and then the bias.
    pub(super) parameters: Vec<f32>,
}

/// A network as read from a file.
#[derive(Deserialize)]
struct Unchecked {
    layers: Vec<Layer>,
    activation: Activation,
    output_activation: OutputActivation,
}

impl TryFrom<Unchecked> for Network {
    type Error = &'static str;

    fn try_from(Unchecked { layers, activation, output_activation }: Unchecked) -> Result<Self, Self::Error> {
        let following = layers.iter().skip(1).chain(layers.first());
        let fits = |(layer, next): (&Layer, &Layer)| {
            layer.n_inputs.checked_add(1).and_then(|rows| rows.checked_mul(stride(layer.n_outputs)))
                == Some(layer.parameters.len())
                && layer.n_inputs > 0
                && layer.n_outputs == next.n_inputs
        };
        if layers.is_empty() || !layers.iter().zip(following).all(fits) {
            return Err("the layers of the saved autoencoder do not fit together");
        }
        Ok(Self { layers, activation, output_activation })
    }
}

impl Network {
    /// Random weights, uniform in ±1/√inputs as in PyTorch's `Linear`, from the seed alone.
    pub(super) fn new(n_features: usize, config: &AutoencoderConfig, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let hidden = config.hidden_layers.iter().map(|&units| units as usize);
        let sizes: Vec<usize> = std::iter::once(n_features).chain(hidden).chain([n_features]).collect();
        let layers = sizes.iter().zip(sizes.iter().skip(1)).map(|(&n_inputs, &n_outputs)| {
            let bound = 1.0 / (n_inputs as f32).sqrt();
            let mut layer = Layer { n_inputs, n_outputs, parameters: vec![0.0; (n_inputs + 1) * stride(n_outputs)] };
            for row in layer.parameters.chunks_exact_mut(stride(n_outputs)) {
                row.iter_mut().take(n_outputs).for_each(|value| *value = rng.random_range(-bound..=bound));
            }
            layer
        });
        Self { layers: layers.collect(), activation: config.activation, output_activation: config.output_activation }
    }

    pub(super) fn n_features(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.n_inputs)
    }

    /// Whether every weight is a number.
    pub(super) fn is_finite(&self) -> bool {
        self.layers.iter().flat_map(|layer| &layer.parameters).all(|value| value.is_finite())
    }

    /// Sends the first `n_rows` rows of the block's input through the network. With masks, the block's factors are
    /// written by the layer; rows are numbered by `row_ids`.
    pub(super) fn forward(
        &self,
        arch: Arch,
        block: &mut Block,
        n_rows: usize,
        masks: Option<(&Masks, impl Iterator<Item = u64> + Clone)>,
    ) {
        let last = self.layers.len().saturating_sub(1);
        for (i, layer) in self.layers.iter().enumerate() {
            let (before, after) = block.activations.split_at_mut(i + 1);
            let (Some(input), Some(output)) = (before.last(), after.first_mut()) else { return };
            let width = stride(layer.n_outputs);
            let output = &mut output[..n_rows * width];
            Product {
                left: Left::Plain { values: input, stride: stride(layer.n_inputs) },
                right: layer.weights(),
                out: output,
                start: Start::Row(layer.bias()),
                stride: width,
                depth: layer.n_inputs,
                n_rows,
            }
            .run(arch);
            if i == last {
                activate_output(arch, self.output_activation, output);
                // Padding holds zeros in the input, so it has to in its copy.
                output.chunks_exact_mut(width).for_each(|row| row[layer.n_outputs..].fill(0.0));
                continue;
            }
            activate(arch, self.activation, output);
            if let (Some((masks, rows)), Some(factors)) = (&masks, block.masks.get_mut(i)) {
                let factors = &mut factors[..n_rows * width];
                masks.fill(arch, i, rows.clone(), factors, width);
                multiply(arch, output, factors);
            }
        }
    }
}

impl Layer {
    pub(super) fn n_weights(&self) -> usize {
        self.n_inputs * stride(self.n_outputs)
    }

    pub(super) fn weights(&self) -> &[f32] {
        self.parameters.get(..self.n_weights()).unwrap_or_default()
    }

    pub(super) fn bias(&self) -> &[f32] {
        self.parameters.get(self.n_weights()..).unwrap_or_default()
    }
}

/// Memory for a block of rows on its way through the network.
pub(super) struct Block {
    /// Input, then the output of every layer: [`BLOCK_ROWS`] padded rows each.
    pub(super) activations: Vec<Vec<f32>>,
    /// Dropout factors of every hidden layer; empty without dropout.
    pub(super) masks: Vec<Vec<f32>>,
}

impl Block {
    pub(super) fn new(network: &Network, dropout: bool) -> Self {
        let rows = |n: usize| vec![0.0; BLOCK_ROWS * stride(n)];
        let outputs = || network.layers.iter().map(|layer| rows(layer.n_outputs));
        let hidden = network.layers.len().saturating_sub(1);
        Self {
            activations: std::iter::once(rows(network.n_features())).chain(outputs()).collect(),
            masks: if dropout { outputs().take(hidden).collect() } else { Vec::new() },
        }
    }

    /// The rows of the input, to be written.
    pub(super) fn input(&mut self, n_features: usize) -> impl Iterator<Item = &mut [f32]> {
        let width = stride(n_features);
        self.activations
            .first_mut()
            .into_iter()
            .flat_map(move |input| input.chunks_exact_mut(width))
            .map(move |row| &mut row[..n_features])
    }

    /// The first `n_values` values of the input and of its copy, padding included.
    pub(super) fn input_and_copy(&mut self, n_values: usize) -> (&[f32], &mut [f32]) {
        match self.activations.as_mut_slice() {
            [input, .., copy] => (&input[..n_values], &mut copy[..n_values]),
            _ => (&[], &mut []),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> Network {
        Network::new(5, &AutoencoderConfig { hidden_layers: vec![40, 3], ..Default::default() }, 8)
    }

    #[test]
    fn weights_start_uniform_within_the_bound_of_their_inputs_and_padding_is_zero() {
        let network = network();
        assert_eq!(
            network.layers.iter().map(|l| (l.n_inputs, l.n_outputs)).collect::<Vec<_>>(),
            [(5, 40), (40, 3), (3, 5)]
        );
        for layer in &network.layers {
            let bound = 1.0 / (layer.n_inputs as f32).sqrt();
            for row in layer.parameters.chunks_exact(stride(layer.n_outputs)) {
                let (values, padding) = row.split_at(layer.n_outputs);
                assert!(values.iter().all(|v| v.abs() <= bound && *v != 0.0) && padding.iter().all(|&v| v == 0.0));
            }
            // A uniform variable in ±b has the variance b² / 3.
            let n = ((layer.n_inputs + 1) * layer.n_outputs) as f32;
            let variance = layer.parameters.iter().map(|v| v * v).sum::<f32>() / n;
            assert!((variance * 3.0 / bound.powi(2) - 1.0).abs() < 4.5 / n.sqrt(), "{variance} {bound}");
        }
    }

    #[test]
    fn a_saved_network_that_cannot_be_is_refused() {
        let good = serde_json::to_value(network()).unwrap();
        assert_eq!(serde_json::from_value::<Network>(good.clone()).unwrap(), network());
        for (field, value) in [("n_inputs", 6), ("n_outputs", 39), ("n_inputs", 0)] {
            let mut bad = good.clone();
            bad["layers"][0][field] = value.into();
            assert!(serde_json::from_value::<Network>(bad).is_err(), "{field} {value}");
        }
        let mut bad = good;
        bad["layers"] = serde_json::Value::Array(vec![]);
        assert!(serde_json::from_value::<Network>(bad).is_err());
    }

    #[test]
    fn a_small_network_by_hand() {
        let layer = |parameters: &[[f32; 2]], n_inputs: usize, n_outputs: usize| {
            let parameters = parameters.iter().flat_map(|row| {
                let mut row = row.to_vec();
                row.resize(stride(n_outputs), 0.0);
                row
            });
            Layer { n_inputs, n_outputs, parameters: parameters.collect() }
        };
        // Hidden: relu(x0 - x1 + 0.5) and relu(2 x0 - 3); output: h0 + 1 and -h0 + 4 h1.
        let layers = vec![
            layer(&[[1.0, 2.0], [-1.0, 0.0], [0.5, -3.0]], 2, 2),
            layer(&[[1.0, -1.0], [0.0, 4.0], [1.0, 0.0]], 2, 2),
        ];
        let network = Network { layers, activation: Activation::Relu, output_activation: OutputActivation::Linear };
        let mut block = Block::new(&network, false);
        for (row, x) in block.input(2).zip([[1.0, 0.0], [2.0, 4.0]]) {
            row.copy_from_slice(&x);
        }
        network.forward(Arch::new(), &mut block, 2, None::<(&Masks, std::iter::Empty<u64>)>);
        let (_, copy) = block.input_and_copy(2 * stride(2));
        assert_eq!((&copy[..2], &copy[16..18]), (&[2.5, -1.5][..], &[1.0, 4.0][..]));
    }
}
