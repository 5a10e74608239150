//! The optimisers on the CPU: one pass over the weights of a layer, with the constants of PyTorch.

use pulp::Arch;

use super::network::{Layer, Network};
use crate::recipe::AutoencoderOptimizer;

pub(super) const BETA_1: f64 = 0.9;
pub(super) const BETA_2: f64 = 0.999;
pub(super) const EPSILON: f64 = 1e-8;
pub(super) const RMSPROP_ALPHA: f64 = 0.99;

/// Running means below this are 0. It is far below what can move a weight, and keeps numbers that fade away from
/// becoming subnormal, which processors handle a hundred times slower.
const TINY: f32 = 1e-30;

/// An optimiser with its state.
#[derive(Debug)]
pub(super) struct Optimizer {
    kind: AutoencoderOptimizer,
    learning_rate: f64,
    n_steps: i32,
    /// One per layer.
    moments: Vec<Moments>,
}

/// Running means of the gradient and of its square.
#[derive(Debug)]
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Optimizer {
    pub(super) fn new(kind: AutoencoderOptimizer, learning_rate: f64, network: &Network) -> Self {
        let zeros = |layer: &Layer| vec![0.0; layer.parameters.len()];
        let moments = network.layers.iter().map(|layer| Moments { first: zeros(layer), second: zeros(layer) });
        Self { kind, learning_rate, n_steps: 0, moments: moments.collect() }
    }

    /// Moves every parameter a step against its gradient. `gradients` are laid out as the layers' parameters are.
    pub(super) fn step(&mut self, arch: Arch, network: &mut Network, gradients: &[Vec<f32>]) {
        self.n_steps = self.n_steps.saturating_add(1);
        let rate = self.learning_rate;
        let correction = |beta: f64| 1.0 - beta.powi(self.n_steps);
        let adam = Adam {
            rate: (rate / correction(BETA_1)) as f32,
            scale_2: (1.0 / correction(BETA_2)) as f32,
            shrink: match self.kind {
                AutoencoderOptimizer::Adamw(decay) => (1.0 - rate * decay) as f32,
                _ => 1.0,
            },
        };
        for ((layer, gradient), moments) in network.layers.iter_mut().zip(gradients).zip(&mut self.moments) {
            let numbers = Numbers { values: &mut layer.parameters, gradient, moments };
            match self.kind {
                AutoencoderOptimizer::Adam | AutoencoderOptimizer::Adamw(_) => adam.step(arch, numbers),
                AutoencoderOptimizer::Rmsprop => rmsprop(arch, rate as f32, numbers),
                AutoencoderOptimizer::Sgd(momentum) => sgd(arch, rate as f32, momentum as f32, numbers),
            }
        }
    }
}

/// The numbers of a layer in a step.
struct Numbers<'a> {
    values: &'a mut [f32],
    gradient: &'a [f32],
    moments: &'a mut Moments,
}

impl Numbers<'_> {
    /// Gives every number to `f`: value, gradient, and the two running means.
    #[inline(always)]
    fn each(self, arch: Arch, f: impl Fn(&mut f32, f32, &mut f32, &mut f32)) {
        let Moments { first, second } = self.moments;
        let means = first.iter_mut().zip(second);
        let numbers = self.values.iter_mut().zip(self.gradient).zip(means);
        arch.dispatch(
            #[inline(always)]
            || numbers.for_each(|((value, &gradient), (first, second))| f(value, gradient, first, second)),
        );
    }
}

#[inline(always)]
fn fade(mean: f32) -> f32 {
    if mean.abs() < TINY { 0.0 } else { mean }
}

/// Step size of Adam, with the corrections for the means' start at zero, and the factor of weight decay.
#[derive(Debug, Clone, Copy)]
struct Adam {
    rate: f32,
    scale_2: f32,
    shrink: f32,
}

impl Adam {
    fn step(self, arch: Arch, numbers: Numbers<'_>) {
        let (beta_1, beta_2, epsilon) = (BETA_1 as f32, BETA_2 as f32, EPSILON as f32);
        // Rounded after the subtraction, not before: 1 - 0.999 in 32 bits is off by 5e-5 of itself.
        let (rest_1, rest_2) = ((1.0 - BETA_1) as f32, (1.0 - BETA_2) as f32);
        numbers.each(
            arch,
            #[inline(always)]
            |value, gradient, first, second| {
                *first = fade(beta_1 * *first + rest_1 * gradient);
                *second = fade(beta_2 * *second + rest_2 * gradient * gradient);
                *value = *value * self.shrink - self.rate * *first / ((*second * self.scale_2).sqrt() + epsilon);
            },
        );
    }
}

fn rmsprop(arch: Arch, rate: f32, numbers: Numbers<'_>) {
    let (alpha, rest, epsilon) = (RMSPROP_ALPHA as f32, (1.0 - RMSPROP_ALPHA) as f32, EPSILON as f32);
    numbers.each(
        arch,
        #[inline(always)]
        |value, gradient, _, second| {
            *second = fade(alpha * *second + rest * gradient * gradient);
            *value -= rate * gradient / (second.sqrt() + epsilon);
        },
    );
}

fn sgd(arch: Arch, rate: f32, momentum: f32, numbers: Numbers<'_>) {
    numbers.each(
        arch,
        #[inline(always)]
        |value, gradient, first, _| {
            *first = fade(momentum * *first + gradient);
            *value -= rate * *first;
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{Activation, OutputActivation};

    /// Twenty steps on the mean of (x - 1)², as by
    /// `x = torch.tensor([0.5, -1.0, 2.0, 0.0], requires_grad=True)` and `torch.optim.Adam([x], lr=0.05)`,
    /// `AdamW([x], lr=0.05, weight_decay=0.1)`, `RMSprop([x], lr=0.05)`, `SGD([x], lr=0.05, momentum=0.9)` (PyTorch 2.15).
    #[test]
    fn steps_equal_those_of_pytorch() {
        let cases = [
            (AutoencoderOptimizer::Adam, [1.135577, -0.040185, 1.111226, 0.888774]),
            (AutoencoderOptimizer::Adamw(0.1), [1.099546, 0.006524, 0.998183, 0.8508]),
            (AutoencoderOptimizer::Rmsprop, [1.0, 0.951764, 1.000006, 0.999994]),
            (AutoencoderOptimizer::Sgd(0.9), [1.170898, 1.683592, 0.658204, 1.341796]),
        ];
        for (kind, want) in cases {
            let layer = Layer { n_inputs: 1, n_outputs: 4, parameters: vec![0.5, -1.0, 2.0, 0.0] };
            let (activation, output_activation) = (Activation::Relu, OutputActivation::Linear);
            let mut network = Network { layers: vec![layer], activation, output_activation };
            let mut optimizer = Optimizer::new(kind, 0.05, &network);
            for _ in 0..20 {
                let gradient = network.layers[0].parameters.iter().map(|x| 2.0 * (x - 1.0) / 4.0).collect();
                optimizer.step(Arch::new(), &mut network, &[gradient]);
            }
            for (got, want) in network.layers[0].parameters.iter().zip(want) {
                assert!((got - want).abs() < 2e-6, "{kind:?}: {got} {want}");
            }
        }
    }

    #[test]
    fn means_fade_to_zero_and_never_become_subnormal() {
        let layer = Layer { n_inputs: 1, n_outputs: 1, parameters: vec![1.0; 16] };
        let (activation, output_activation) = (Activation::Relu, OutputActivation::Linear);
        let mut network = Network { layers: vec![layer], activation, output_activation };
        let mut optimizer = Optimizer::new(AutoencoderOptimizer::Adam, 0.001, &network);
        optimizer.step(Arch::new(), &mut network, &[vec![1e-3; 16]]);
        for _ in 0..2000 {
            optimizer.step(Arch::new(), &mut network, &[vec![0.0; 16]]);
        }
        assert!(optimizer.moments[0].first.iter().all(|&mean| mean == 0.0));
        assert!(optimizer.moments[0].second.iter().all(|&mean| mean > 0.0 && mean.is_normal()));
    }
}
