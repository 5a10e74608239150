//! Weighted sums over a window that moves along a series, several sets of weights at a time.

use pulp::{Simd, WithSimd};

use crate::cx::{Cancelled, Cx};

/// Sets of weights worked out together: each value loaded serves all of them.
pub(crate) const FILTERS: usize = 4;

/// Vectors of neighbouring windows in registers.
const VECTORS: usize = 4;

/// Multiplications between two looks at the cancel flag.
const CHECK_WORK: usize = 1 << 20;

/// For each of the first `n` places t and each filter f: Σ f(k) values(t + k), `n` of them for each filter.
/// Filters are equally long; `n` is at most the number of places where they fit.
pub(crate) fn filter(values: &[f64], filters: &[Vec<f64>], n: usize, cx: &Cx) -> Result<Vec<Vec<f64>>, Cancelled> {
    let m = filters.first().map_or(0, Vec::len);
    let mut sums = vec![vec![0.0; n]; filters.len()];
    let step = (CHECK_WORK / m.max(1)).next_multiple_of(64);
    for start in (0..n).step_by(step) {
        for (filters, sums) in filters.chunks(FILTERS).zip(sums.chunks_mut(FILTERS)) {
            cx.check()?;
            let range = start..(start + step).min(n);
            let values = values.get(start..).unwrap_or_default();
            let mut sums: Vec<&mut [f64]> = sums.iter_mut().map(|sums| &mut sums[range.clone()]).collect();
            if let (&[a, b, c, d], [to_a, to_b, to_c, to_d]) = (&each(filters)[..], &mut sums[..]) {
                pulp::Arch::new().dispatch(Bank { values, filters: [a, b, c, d], sums: [to_a, to_b, to_c, to_d] });
            } else {
                for (filter, sums) in filters.iter().zip(&mut sums) {
                    pulp::Arch::new().dispatch(Bank { values, filters: [filter], sums: [sums] });
                }
            }
        }
    }
    Ok(sums)
}

fn each(filters: &[Vec<f64>]) -> Vec<&[f64]> {
    filters.iter().map(Vec::as_slice).collect()
}

/// Some filters over some places.
struct Bank<'a, 'b, const N: usize> {
    values: &'a [f64],
    filters: [&'a [f64]; N],
    sums: [&'b mut [f64]; N],
}

impl<const N: usize> WithSimd for Bank<'_, '_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { values, filters, mut sums } = self;
        let (lanes, m) = (S::F64_LANES, filters[0].len());
        let n = sums[0].len();
        let block = lanes * VECTORS;
        let whole = n / block * block;
        for start in (0..whole).step_by(block) {
            let mut totals = [[simd.splat_f64s(0.0); VECTORS]; N];
            for (k, window) in values[start..].windows(block).take(m).enumerate() {
                let (window, _) = S::as_simd_f64s(window);
                for (totals, filter) in totals.iter_mut().zip(filters) {
                    let weight = simd.splat_f64s(filter[k]);
                    for (total, &value) in totals.iter_mut().zip(window) {
                        *total = simd.mul_add_e_f64s(weight, value, *total);
                    }
                }
            }
            for (sums, totals) in sums.iter_mut().zip(&totals) {
                sums[start..start + block].copy_from_slice(pulp::bytemuck::cast_slice::<S::f64s, f64>(totals));
            }
        }
        // The rest one vector at a time, in the same order of additions: a sum does not depend on what comes after it.
        for start in (whole..n).step_by(lanes) {
            let used = lanes.min(n - start);
            for (sums, filter) in sums.iter_mut().zip(filters) {
                let mut total = simd.splat_f64s(0.0);
                for (window, &weight) in values[start..].windows(used).zip(filter) {
                    total = simd.mul_add_e_f64s(simd.splat_f64s(weight), simd.partial_load_f64s(window), total);
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
        let values = noise(400, 5);
        for (m, n_filters) in [(1, 1), (7, 3), (30, 4), (31, 6), (400, 5)] {
            let filters: Vec<Vec<f64>> = (0..n_filters).map(|f| noise(m, 10 + f)).collect();
            let n = 400 - m + 1;
            let sums = filter(&values, &filters, n, &Cx::default()).unwrap();
            for (filter, sums) in filters.iter().zip(sums) {
                for (at, sum) in sums.iter().enumerate() {
                    let expected: f64 = values[at..].iter().zip(filter).map(|(a, b)| a * b).sum();
                    assert!((sum - expected).abs() < 1e-12, "{m} {at}");
                }
            }
        }
    }
}
