//! Sums of kernels on a GPU: a block of queries by all points is one matrix of kernel values.

use candle_core::{DType, Device, Result, Tensor};

use super::{Kernel, KernelPoints};
use crate::cx::{Cancelled, Cx};

/// Kernel values worked out at a time.
const BLOCK_VALUES: usize = 1 << 25;

/// For each row of `x` the sum over all points of weight times kernel; `None`, with a warning, where the device fails.
pub(super) fn sums(
    points: &KernelPoints,
    device: &Device,
    weights: &[f64],
    x: &[f64],
    cx: &Cx,
) -> std::result::Result<Option<Vec<f64>>, Cancelled> {
    let failed = |error: candle_core::Error| {
        cx.warn(format!("Kernels were computed on the CPU, as the compute device failed: {error}"));
        Ok(None)
    };
    let n_features = points.n_features();
    let side = match Side::points(points, weights, device) {
        Ok(side) => side,
        Err(error) => return failed(error),
    };
    let rows_at_once = (BLOCK_VALUES / points.len().max(1)).max(1);
    let mut sums = Vec::with_capacity(x.len() / n_features);
    for rows in x.chunks(rows_at_once * n_features) {
        cx.check()?;
        let mut queries = vec![0.0; rows.len()];
        let places = queries.chunks_exact_mut(n_features).zip(rows.chunks_exact(n_features));
        places.for_each(|(query, row)| points.place(row, query));
        match side.sums(points.kernel, queries, device) {
            Ok(block) => sums.extend(block),
            Err(error) => return failed(error),
        }
        cx.progress().add((rows.len() / n_features) as u64);
    }
    Ok(Some(sums))
}

/// Points on the device.
struct Side {
    /// Coordinates, features × points.
    transposed: Tensor,
    /// Squared lengths, 1 × points.
    norms: Tensor,
    /// Weights, points × 1.
    weights: Tensor,
    n_features: usize,
}

impl Side {
    fn points(points: &KernelPoints, weights: &[f64], device: &Device) -> Result<Self> {
        let (n, n_features) = (points.len(), points.n_features());
        let mut coordinates = vec![0.0; n * n_features];
        let rows = coordinates.chunks_exact_mut(n_features).enumerate();
        rows.for_each(|(at, point)| points.exact.read(at, point));
        let coordinates = tensor(coordinates, n_features, device)?;
        let norms = coordinates.sqr()?.sum_keepdim(1)?.t()?.contiguous()?;
        let weights = tensor(weights.to_vec(), 1, device)?;
        Ok(Self { transposed: coordinates.t()?.contiguous()?, norms, weights, n_features })
    }

    fn sums(&self, kernel: Kernel, queries: Vec<f64>, device: &Device) -> Result<Vec<f64>> {
        let queries = tensor(queries, self.n_features, device)?;
        let products = queries.matmul(&self.transposed)?;
        let values = match kernel {
            // Coordinates are scaled so that the kernel is 2^-|x - y|².
            Kernel::Rbf { .. } => {
                let norms = queries.sqr()?.sum_keepdim(1)?.broadcast_add(&self.norms)?;
                let squared_distances = (norms - (products * 2.0)?)?.maximum(0.0)?;
                (squared_distances * -std::f64::consts::LN_2)?.exp()?
            }
            Kernel::Linear => products,
            Kernel::Poly { gamma, degree, coef0 } => {
                let base = products.affine(gamma, coef0)?;
                let mut power = base.ones_like()?;
                for _ in 0..degree {
                    power = (power * &base)?;
                }
                power
            }
            Kernel::Sigmoid { gamma, coef0 } => products.affine(gamma, coef0)?.tanh()?,
        };
        values.matmul(&self.weights)?.flatten_all()?.to_dtype(DType::F64)?.to_vec1()
    }
}

/// Rows of `width` values on the device, as exact as it can: Apple's knows single precision only.
fn tensor(values: Vec<f64>, width: usize, device: &Device) -> Result<Tensor> {
    let rows = values.len() / width;
    if device.is_metal() {
        let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
        return Tensor::from_vec(values, (rows, width), device);
    }
    Tensor::from_vec(values, (rows, width), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_give_the_sums_of_the_vector_code() {
        let value = |i: usize| ((i * 7919) % 1009) as f64 / 500.0 - 1.0;
        let (x, queries): (Vec<f64>, Vec<f64>) = ((0..300).map(value).collect(), (50..200).map(value).collect());
        let weights: Vec<f64> = (0..100).map(|i| f64::from(i % 3) + 0.5).collect();
        let cx = Cx::default();
        for kernel in [
            Kernel::Rbf { gamma: 0.7 },
            Kernel::Linear,
            Kernel::Poly { gamma: 0.3, degree: 3, coef0: 0.5 },
            Kernel::Sigmoid { gamma: 0.2, coef0: -0.1 },
        ] {
            let points = KernelPoints::new(kernel, 3, &x, 0.0, &cx).unwrap();
            let expected = points.sums(&weights, &queries, &cx).unwrap();
            let got = sums(&points, &Device::Cpu, &weights, &queries, &cx).unwrap().unwrap();
            assert_eq!(got.len(), expected.len());
            for (got, expected) in got.iter().zip(&expected) {
                assert!((got - expected).abs() <= 1e-10 * expected.abs().max(1.0), "{kernel:?}: {got} {expected}");
            }
        }
        assert!(cx.warnings().is_empty());
    }
}
