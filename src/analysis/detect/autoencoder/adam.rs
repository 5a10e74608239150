//! The Adam optimiser (Kingma, Ba 2015): one fused pass over the numbers on the CPU, tensor operations on a GPU.

use std::sync::{Mutex, PoisonError};

use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, Device, Error, InplaceOp2, Layout, Result, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// The optimiser with its state.
pub(super) enum Adam {
    /// On the CPU: a dozen tensor operations per parameter would cost more than the network itself.
    Fused { parameters: Vec<(Var, Moments)>, learning_rate: f64, n_steps: i32 },
    /// On a GPU.
    Tensors(AdamW),
}

impl Adam {
    pub(super) fn new(parameters: Vec<Var>, learning_rate: f64, device: &Device) -> Result<Self> {
        if device.is_cpu() {
            let parameters = parameters.into_iter().map(|p| {
                let moments = Moments::zeros(p.elem_count());
                (p, moments)
            });
            return Ok(Self::Fused { parameters: parameters.collect(), learning_rate, n_steps: 0 });
        }
        let params = ParamsAdamW { lr: learning_rate, beta1: BETA_1, beta2: BETA_2, eps: EPSILON, weight_decay: 0.0 };
        AdamW::new(parameters, params).map(Self::Tensors)
    }

    /// Moves every parameter a step against its gradient.
    pub(super) fn step(&mut self, gradients: &GradStore) -> Result<()> {
        match self {
            Self::Tensors(adam) => adam.step(gradients),
            Self::Fused { parameters, learning_rate, n_steps } => {
                *n_steps = n_steps.saturating_add(1);
                let correction = |beta: f64| 1.0 - beta.powi(*n_steps);
                let step = Step {
                    rate: (*learning_rate / correction(BETA_1)) as f32,
                    scale_2: (1.0 / correction(BETA_2)) as f32,
                };
                for (parameter, moments) in parameters {
                    if let Some(gradient) = gradients.get(parameter) {
                        let update = Update { step, moments };
                        parameter.as_tensor().inplace_op2(&gradient.contiguous()?, &update)?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// Running means of the gradient and of its square, per number of a parameter.
pub(super) struct Moments(Mutex<Vec<(f32, f32)>>);

impl Moments {
    fn zeros(n: usize) -> Self {
        Self(Mutex::new(vec![(0.0, 0.0); n]))
    }
}

/// Step size, with the corrections for the moments' start at zero.
#[derive(Clone, Copy)]
struct Step {
    rate: f32,
    scale_2: f32,
}

/// One step of one parameter.
struct Update<'a> {
    step: Step,
    moments: &'a Moments,
}

impl InplaceOp2 for Update<'_> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(&self, parameter: &mut CpuStorage, own: &Layout, gradient: &CpuStorage, other: &Layout) -> Result<()> {
        let (CpuStorage::F32(parameter), CpuStorage::F32(gradient)) = (parameter, gradient) else {
            return Err(Error::Msg("the optimiser needs 32-bit numbers".to_owned()));
        };
        let slices = own.contiguous_offsets().zip(other.contiguous_offsets());
        let slices = slices.and_then(|((a, b), (c, d))| Some((parameter.get_mut(a..b)?, gradient.get(c..d)?)));
        let Some((parameter, gradient)) = slices else {
            return Err(Error::Msg("the optimiser needs contiguous tensors".to_owned()));
        };
        let mut moments = self.moments.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (beta_1, beta_2, epsilon) = (BETA_1 as f32, BETA_2 as f32, EPSILON as f32);
        for ((p, &g), (m, v)) in parameter.iter_mut().zip(gradient).zip(moments.iter_mut()) {
            *m = beta_1 * *m + (1.0 - beta_1) * g;
            *v = beta_2 * *v + (1.0 - beta_2) * g * g;
            *p -= self.step.rate * *m / ((*v * self.step.scale_2).sqrt() + epsilon);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Tensor;

    #[test]
    fn fused_steps_equal_those_of_the_library() {
        let device = Device::Cpu;
        let start = [0.5f32, -1.0, 2.0, 0.0];
        let target = Tensor::new(&[1.0f32, 1.0, 1.0, 1.0], &device).unwrap();
        let run = |fused: bool| {
            let x = Var::from_slice(&start, 4, &device).unwrap();
            let params = ParamsAdamW { lr: 0.05, weight_decay: 0.0, ..ParamsAdamW::default() };
            let mut adam = if fused {
                Adam::new(vec![x.clone()], 0.05, &device).unwrap()
            } else {
                Adam::Tensors(AdamW::new(vec![x.clone()], params).unwrap())
            };
            for _ in 0..50 {
                let loss = candle_nn::loss::mse(&x, &target).unwrap();
                adam.step(&loss.backward().unwrap()).unwrap();
            }
            x.to_vec1::<f32>().unwrap()
        };
        for (a, b) in run(true).into_iter().zip(run(false)) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
}
