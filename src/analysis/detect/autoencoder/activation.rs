//! Activations, applied in place, and their slopes, written so that the compiler turns them into vector instructions.

use std::f32::consts::LOG2_E;

use pulp::Arch;

use crate::recipe::{Activation, OutputActivation};

/// Slope of `LeakyRelu` below 0, as in PyTorch.
pub(super) const LEAK: f32 = 0.01;

/// Applies the activation of a hidden layer to every value.
pub(super) fn activate(arch: Arch, activation: Activation, values: &mut [f32]) {
    match activation {
        Activation::Relu => map(arch, values, |x| if x < 0.0 { 0.0 } else { x }),
        Activation::LeakyRelu => map(arch, values, |x| if x > 0.0 { x } else { LEAK * x }),
        Activation::Elu => map(arch, values, |x| if x > 0.0 { x } else { exp(x) - 1.0 }),
        Activation::Tanh => map(arch, values, tanh),
        Activation::Sigmoid => map(arch, values, sigmoid),
    }
}

/// Multiplies every value with the slope of the activation where it gave `outputs`.
pub(super) fn multiply_slope(arch: Arch, activation: Activation, outputs: &[f32], values: &mut [f32]) {
    match activation {
        Activation::Relu => zip(arch, values, outputs, |d, y| if y > 0.0 { d } else { 0.0 }),
        Activation::LeakyRelu => zip(arch, values, outputs, |d, y| if y > 0.0 { d } else { LEAK * d }),
        Activation::Elu => zip(arch, values, outputs, |d, y| if y > 0.0 { d } else { (y + 1.0) * d }),
        Activation::Tanh => zip(arch, values, outputs, |d, y| (1.0 - y * y) * d),
        Activation::Sigmoid => zip(arch, values, outputs, |d, y| y * (1.0 - y) * d),
    }
}

/// Applies the activation of the output layer to every value.
pub(super) fn activate_output(arch: Arch, activation: OutputActivation, values: &mut [f32]) {
    match activation {
        OutputActivation::Linear => {}
        OutputActivation::Sigmoid => map(arch, values, sigmoid),
        OutputActivation::Tanh => map(arch, values, tanh),
    }
}

/// Slope of the activation of the output layer where it gave `y`.
#[inline(always)]
pub(super) fn output_slope(activation: OutputActivation, y: f32) -> f32 {
    match activation {
        OutputActivation::Linear => 1.0,
        OutputActivation::Sigmoid => y * (1.0 - y),
        OutputActivation::Tanh => 1.0 - y * y,
    }
}

/// Multiplies values one by one.
pub(super) fn multiply(arch: Arch, values: &mut [f32], factors: &[f32]) {
    zip(arch, values, factors, |value, factor| value * factor);
}

/// Multiplies values with one number.
pub(super) fn scale(arch: Arch, values: &mut [f32], factor: f32) {
    map(arch, values, |value| value * factor);
}

#[inline(always)]
fn map(arch: Arch, values: &mut [f32], f: impl Fn(f32) -> f32) {
    arch.dispatch(
        #[inline(always)]
        || values.iter_mut().for_each(|value| *value = f(*value)),
    );
}

#[inline(always)]
fn zip(arch: Arch, values: &mut [f32], others: &[f32], f: impl Fn(f32, f32) -> f32) {
    arch.dispatch(
        #[inline(always)]
        || values.iter_mut().zip(others).for_each(|(value, &other)| *value = f(*value, other)),
    );
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    let e = exp(-2.0 * x.abs());
    ((1.0 - e) / (1.0 + e)).copysign(x)
}

/// exp(x) to a few units in the last place, for x cut to ±87 (the range of normal numbers). Constants from Cephes `expf`.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Adding this rounds to a whole number, which is then found in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Not `clamp`, which the compiler cannot turn into one instruction: NaN has to come out as NaN.
    let x = if x > 87.0 { 87.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        p = p * r + c;
    }
    let power = f32::from_bits(shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23);
    (p * r * r + r + 1.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: [Activation; 5] =
        [Activation::Relu, Activation::LeakyRelu, Activation::Elu, Activation::Tanh, Activation::Sigmoid];

    fn exact(activation: Activation, x: f64) -> f64 {
        match activation {
            Activation::Relu => x.max(0.0),
            Activation::LeakyRelu => x.max(0.01 * x),
            Activation::Elu => x.max(0.0) + x.min(0.0).exp_m1(),
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        }
    }

    #[test]
    fn activations_and_slopes_agree_with_the_standard_library() {
        let x: Vec<f32> = (-4000..=4000).map(|i| i as f32 * 0.005 + 0.001).chain([-1e4, 1e4, 90.0, -90.0]).collect();
        for activation in HIDDEN {
            let mut y = x.clone();
            activate(Arch::new(), activation, &mut y);
            let mut slope = vec![1.0; x.len()];
            multiply_slope(Arch::new(), activation, &y, &mut slope);
            for ((&x, &y), &slope) in x.iter().zip(&y).zip(&slope) {
                let (x, h) = (f64::from(x), 1e-6);
                let want = exact(activation, x);
                assert!((f64::from(y) - want).abs() < 3e-7 * want.abs().max(1.0), "{activation:?} {x}: {y} {want}");
                let want = (exact(activation, x + h) - exact(activation, x - h)) / (2.0 * h);
                assert!((f64::from(slope) - want).abs() < 1e-6, "{activation:?} slope {x}: {slope} {want}");
            }
        }
    }

    #[test]
    fn exp_is_relatively_exact_and_keeps_nan() {
        for i in -8600..8600 {
            let x = i as f32 * 0.01;
            let want = f64::from(x).exp();
            assert!((f64::from(exp(x)) / want - 1.0).abs() < 4e-7, "{x}");
        }
        assert!(exp(f32::NAN).is_nan() && exp(1e9).is_finite() && exp(-1e9) >= 0.0);
    }

    #[test]
    fn a_diverged_value_stays_visible() {
        for activation in HIDDEN {
            let mut values = [f32::NAN];
            activate(Arch::new(), activation, &mut values);
            assert!(values[0].is_nan(), "{activation:?}");
        }
    }
}
