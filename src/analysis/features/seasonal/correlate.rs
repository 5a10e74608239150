//! Weighted sums over a window that moves along a series, several sets of weights at a time.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::cx::{Cancelled, Cx};

/// Multiplications of one piece of work; between two pieces the cancel flag is looked at.
const PIECE: usize = 1 << 20;

/// Multiplications from which several threads pay.
const PARALLEL: usize = 1 << 21;

/// For each place t and each kernel f: `outputs[f][t]` = Σ `kernels[f][k] values[t + k stride]`.
///
/// Kernels are equally long, and so are outputs; the last place is the last one where a kernel fits, or before it.
/// The order of additions is the same at every place, so results depend neither on threads nor on what comes after.
pub(super) fn correlate<const N: usize>(
    values: &[f64],
    stride: usize,
    kernels: [&[f64]; N],
    outputs: [&mut [f64]; N],
    cx: &Cx,
) -> Result<(), Cancelled> {
    let work_per_place = kernels.iter().map(|kernel| kernel.len()).sum::<usize>().max(1);
    let piece = (PIECE / work_per_place).clamp(512, 1 << 16).next_multiple_of(64);
    let n = outputs.iter().map(|output| output.len()).max().unwrap_or(0);
    let mut pieces = Vec::with_capacity(n / piece + 1);
    let mut rest = outputs;
    for start in (0..n).step_by(piece) {
        let mut sums = rest.map(|output| {
            let (head, tail) = output.split_at_mut(piece.min(output.len()));
            (head, Some(tail))
        });
        rest = sums.each_mut().map(|(_, tail)| tail.take().unwrap_or_default());
        pieces.push((start, sums.map(|(head, _)| head)));
    }
    let run = |(start, sums): (usize, [&mut [f64]; N])| {
        cx.check()?;
        let values = values.get(start..).unwrap_or_default();
        // As many accumulators as fit in the registers.
        match N {
            1 => pulp::Arch::new().dispatch(Bank::<N, 8> { values, stride, kernels, sums }),
            _ => pulp::Arch::new().dispatch(Bank::<N, 4> { values, stride, kernels, sums }),
        }
        Ok(())
    };
    if n * work_per_place < PARALLEL {
        pieces.into_iter().try_for_each(run)
    } else {
        pieces.into_par_iter().try_for_each(run)
    }
}

/// `N` kernels over some places; `V` vectors of neighbouring places are summed at a time.
struct Bank<'a, 'b, const N: usize, const V: usize> {
    values: &'a [f64],
    stride: usize,
    kernels: [&'a [f64]; N],
    sums: [&'b mut [f64]; N],
}

impl<const N: usize, const V: usize> WithSimd for Bank<'_, '_, N, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { values, stride, kernels, mut sums } = self;
        let (lanes, n) = (S::F64_LANES, sums[0].len());
        let kernels = kernels.map(|kernel| &kernel[..kernels[0].len()]);
        let block = lanes * V;
        let whole = n / block * block;
        for start in (0..whole).step_by(block) {
            let mut totals = [[simd.splat_f64s(0.0); V]; N];
            for k in 0..kernels[0].len() {
                let (window, _) = S::as_simd_f64s(&values[start + k * stride..][..block]);
                for (totals, kernel) in totals.iter_mut().zip(kernels) {
                    let weight = simd.splat_f64s(kernel[k]);
                    for (total, &value) in totals.iter_mut().zip(window) {
                        *total = simd.mul_add_e_f64s(weight, value, *total);
                    }
                }
            }
            for (sums, totals) in sums.iter_mut().zip(&totals) {
                sums[start..start + block].copy_from_slice(pulp::bytemuck::cast_slice::<S::f64s, f64>(totals));
            }
        }
        for start in (whole..n).step_by(lanes) {
            let used = lanes.min(n - start);
            for (sums, kernel) in sums.iter_mut().zip(kernels) {
                let mut total = simd.splat_f64s(0.0);
                for (k, &weight) in kernel.iter().enumerate() {
                    let window = simd.partial_load_f64s(&values[start + k * stride..][..used]);
                    total = simd.mul_add_e_f64s(simd.splat_f64s(weight), window, total);
                }
                simd.partial_store_f64s(&mut sums[start..start + used], total);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::noise;
    use super::*;

    #[test]
    fn sums_are_those_of_plain_loops() {
        let values = noise(9000, 5);
        for (m, stride, n) in [(1, 1, 9000), (7, 24, 8800), (30, 1, 601), (31, 5, 3), (3, 1000, 7000), (501, 3, 7500)] {
            let kernels = [noise(m, 1), noise(m, 2), noise(m, 3)];
            let mut sums = [(); 3].map(|()| vec![0.0; n]);
            let cx = Cx::default();
            correlate(&values, stride, kernels.each_ref().map(|k| &k[..]), sums.each_mut().map(|s| &mut s[..]), &cx)
                .unwrap();
            let mut alone = vec![0.0; n];
            correlate(&values, stride, [&kernels[0]], [&mut alone], &cx).unwrap();
            assert_eq!(alone, sums[0]);
            for (kernel, sums) in kernels.iter().zip(&sums) {
                for (at, sum) in sums.iter().enumerate() {
                    let expected: f64 =
                        kernel.iter().zip(values[at..].iter().step_by(stride)).map(|(a, b)| a * b).sum();
                    assert!((sum - expected).abs() < 1e-11, "{m} {stride} {at}");
                }
            }
        }
    }

    #[test]
    fn cancelled_work_stops() {
        let cx = Cx::default();
        cx.cancel();
        assert_eq!(correlate(&[1.0; 9], 1, [&[1.0, 2.0]], [&mut [0.0; 8]], &cx), Err(Cancelled));
    }
}
