//! The RBF kernel exp(-gamma |x - y|²) between one point and many.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::analysis::detect::points::{LANES, Points, squared_distances};

/// Multiplications from which a kernel row is worth spreading over threads.
const PARALLEL_WORK: usize = 1 << 16;

/// Kernel values worked out at a time; a multiple of [`LANES`].
const STRIP: usize = 256;

/// Points a thread takes at a time; a multiple of [`LANES`].
pub(super) const CHUNK: usize = 1024;

/// Points and the width of the kernel around them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Rbf {
    pub(super) points: Points,
    pub(super) gamma: f64,
}

/// exp(x) for x ≤ 0, at most 1e-14 off relative to it; the smallest normal numbers where it would be less than those.
/// Without branches or calls, so that loops over it become vector code.
#[inline]
fn exp_nonpositive(x: f64) -> f64 {
    // 1.5 * 2^52: adding it rounds to a whole number, which then stands in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x > -708.0 { x } else { -708.0 };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    // Taylor series: |r| is at most ln(2) / 2.
    let mut series = 1.0 / 39_916_800.0;
    for coefficient in [
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        series = series * r + coefficient;
    }
    series * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

impl Rbf {
    /// Kernel of `point` with the points of some blocks, at most [`STRIP`] of them, at the start of `values`.
    #[inline]
    fn strip(&self, point: &[f64], blocks: Range<usize>, values: &mut [f64; STRIP]) {
        let n = blocks.len() * LANES;
        for (values, block) in values.as_chunks_mut::<LANES>().0.iter_mut().zip(self.points.blocks_in(blocks)) {
            *values = squared_distances(block, point);
        }
        // A loop of its own over a length not known beforehand: that is what the compiler turns into vector code.
        for value in &mut values[..n] {
            *value = exp_nonpositive(-self.gamma * *value);
        }
    }

    /// Kernel of `point` with the points from `start` on, one per entry of `row`.
    pub(super) fn fill_row(&self, point: &[f64], start: usize, row: &mut [f32]) {
        let fill = |start: usize, row: &mut [f32]| {
            let mut values = [0.0; STRIP];
            // Strips begin at block borders; the first leaves out what comes before `start`.
            let mut skipped = start % LANES;
            let mut block = start / LANES;
            let mut rest = row;
            while !rest.is_empty() {
                let (here, after) = rest.split_at_mut((STRIP - skipped).min(rest.len()));
                let n_blocks = (skipped + here.len()).div_ceil(LANES);
                self.strip(point, block..block + n_blocks, &mut values);
                here.iter_mut().zip(&values[skipped..]).for_each(|(target, &value)| *target = value as f32);
                (rest, block, skipped) = (after, block + n_blocks, 0);
            }
        };
        if row.len() * self.points.n_features() < PARALLEL_WORK {
            fill(start, row);
        } else {
            row.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, row)| fill(start + chunk * CHUNK, row));
        }
    }

    /// Sum of weight times kernel of `point` over some of the blocks, `weights` holding one weight per point there.
    pub(super) fn weighted_sum(&self, point: &[f64], blocks: Range<usize>, weights: &[f64]) -> f64 {
        let mut values = [0.0; STRIP];
        let mut sums = [0.0; LANES];
        let weights = &weights[..weights.len().min(blocks.len() * LANES)];
        let strips = blocks.clone().step_by(STRIP / LANES);
        for (start, weights) in strips.zip(weights.chunks(STRIP)) {
            self.strip(point, start..(start + STRIP / LANES).min(blocks.end), &mut values);
            let (values, (whole, rest)) = (values.as_chunks::<LANES>().0, weights.as_chunks::<LANES>());
            for (values, weights) in values.iter().zip(whole) {
                sums.iter_mut().zip(values).zip(weights).for_each(|((sum, value), weight)| *sum += weight * value);
            }
            if let Some(values) = values.get(whole.len()) {
                sums.iter_mut().zip(values).zip(rest).for_each(|((sum, value), weight)| *sum += weight * value);
            }
        }
        sums.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cx::Cx;

    #[test]
    fn exp_agrees_with_the_standard_library() {
        for i in 0..200_000 {
            let x = -f64::from(i) * 0.003_519;
            let (ours, std) = (exp_nonpositive(x), x.exp());
            assert!((ours - std).abs() <= 1e-14 * std, "{x}: {ours} {std}");
        }
        assert_eq!(exp_nonpositive(0.0), 1.0);
        assert!(exp_nonpositive(-1e300) < 1e-300 && exp_nonpositive(f64::NEG_INFINITY) < 1e-300);
    }

    #[test]
    fn a_row_may_start_and_end_anywhere() {
        let rows: Vec<[f64; 2]> = (0..37).map(|i| [f64::from(i) * 0.1, f64::from(i % 5)]).collect();
        let rbf =
            Rbf { points: Points::new(2, rows.iter().map(<[f64; 2]>::as_slice), &Cx::default()).unwrap(), gamma: 0.3 };
        let kernel = |y: &[f64; 2]| (-0.3 * ((y[0] - 1.0).powi(2) + (y[1] - 2.0).powi(2))).exp();
        for (start, end) in [(0, 37), (3, 5), (3, 37), (8, 9), (36, 37), (5, 5)] {
            let mut row = vec![0.0; end - start];
            rbf.fill_row(&[1.0, 2.0], start, &mut row);
            for (value, y) in row.iter().zip(&rows[start..end]) {
                assert!((f64::from(*value) - kernel(y)).abs() < 1e-7);
            }
        }
        for (blocks, n_weights) in [(1..3, 16), (1..3, 13), (1..3, 29)] {
            let sum = rbf.weighted_sum(&[1.0, 2.0], blocks, &vec![0.5; n_weights]);
            let expected: f64 = rows[8..24].iter().take(n_weights).map(|y| 0.5 * kernel(y)).sum();
            assert!((sum - expected).abs() < 1e-12);
        }
    }
}
