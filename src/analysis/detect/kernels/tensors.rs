//! Kernels on a GPU, for their sums and for rows of the kernel matrix: a block of queries by all points is one matrix.

use candle_core::{DType, Device, Result, Tensor};

use super::{Kernel, KernelPoints, Way, squared_norm};
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
    let on_device = Side::points(points, device).and_then(|side| Ok((side, tensor(weights.to_vec(), 1, device)?)));
    let (side, weights) = match on_device {
        Ok(on_device) => on_device,
        Err(error) => return failed(error),
    };
    let rows_at_once = (BLOCK_VALUES / points.len().max(1)).max(1);
    let mut sums = Vec::with_capacity(x.len() / n_features);
    for rows in x.chunks(rows_at_once * n_features) {
        cx.check()?;
        let mut queries = vec![0.0; rows.len()];
        let places = queries.chunks_exact_mut(n_features).zip(rows.chunks_exact(n_features));
        places.for_each(|(query, row)| points.place(row, query));
        match side.sums(points.kernel, queries, &weights, device) {
            Ok(block) => sums.extend(block),
            Err(error) => return failed(error),
        }
        cx.progress().add((rows.len() / n_features) as u64);
    }
    Ok(Some(sums))
}

/// Points on a device, for rows of the matrix of their kernels with each other.
#[derive(Debug)]
pub(crate) struct DeviceRows {
    side: Side,
    kernel: Kernel,
    unit: f64,
    device: Device,
    /// Whether x·y is exact enough for a point.
    is_within_reach: Vec<bool>,
}

impl DeviceRows {
    /// Points as they stand now, on a device that knows double precision.
    pub(crate) fn new(points: &KernelPoints, device: &Device) -> Result<Self> {
        let mut point = vec![0.0; points.n_features()];
        let mut is_within_reach = |at| {
            points.exact.read(at, &mut point);
            points.way(squared_norm(&point)) != Way::Difference
        };
        Ok(Self {
            side: Side::points(points, device)?,
            kernel: points.kernel,
            unit: points.unit,
            device: device.clone(),
            is_within_reach: (0..points.len).map(&mut is_within_reach).collect(),
        })
    }

    /// Whether a row can be had. Those of points far out would lose too much to cancellation.
    pub(crate) fn is_within_reach(&self, row: usize) -> bool {
        self.is_within_reach[row]
    }

    /// Kernels of some points with others, divided by [`KernelPoints::unit`], row after row: what
    /// [`KernelPoints::fill_row`] gives, to about 1e-7.
    pub(crate) fn block(&self, rows: &[u32], columns: &[u32]) -> Result<Vec<f32>> {
        let queries = self.side.select(rows, &self.device)?.transposed.t()?.contiguous()?;
        let kernels = self.side.select(columns, &self.device)?.kernels(self.kernel, &queries)?;
        (kernels * (1.0 / self.unit))?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()
    }
}

/// Points on the device.
#[derive(Debug)]
struct Side {
    /// Coordinates, features × points.
    transposed: Tensor,
    /// Squared lengths, 1 × points.
    norms: Tensor,
}

impl Side {
    fn points(points: &KernelPoints, device: &Device) -> Result<Self> {
        let (n, n_features) = (points.len(), points.n_features());
        let mut coordinates = vec![0.0; n * n_features];
        let rows = coordinates.chunks_exact_mut(n_features).enumerate();
        rows.for_each(|(at, point)| points.exact.read(at, point));
        let coordinates = tensor(coordinates, n_features, device)?;
        let norms = coordinates.sqr()?.sum_keepdim(1)?.t()?.contiguous()?;
        Ok(Self { transposed: coordinates.t()?.contiguous()?, norms })
    }

    /// Some of the points.
    fn select(&self, points: &[u32], device: &Device) -> Result<Self> {
        let points = Tensor::from_slice(points, points.len(), device)?;
        Ok(Self { transposed: self.transposed.index_select(&points, 1)?, norms: self.norms.index_select(&points, 1)? })
    }

    /// For each query the sum over the points of weight, points × 1, times kernel.
    fn sums(&self, kernel: Kernel, queries: Vec<f64>, weights: &Tensor, device: &Device) -> Result<Vec<f64>> {
        let queries = tensor(queries, self.transposed.dim(0)?, device)?;
        self.kernels(kernel, &queries)?.matmul(weights)?.flatten_all()?.to_dtype(DType::F64)?.to_vec1()
    }

    /// Kernels of queries, row after row, with the points.
    fn kernels(&self, kernel: Kernel, queries: &Tensor) -> Result<Tensor> {
        let products = queries.matmul(&self.transposed)?;
        Ok(match kernel {
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
        })
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

    const KERNELS: [Kernel; 4] = [
        Kernel::Rbf { gamma: 0.7 },
        Kernel::Linear,
        Kernel::Poly { gamma: 0.3, degree: 3, coef0: 0.5 },
        Kernel::Sigmoid { gamma: 0.2, coef0: -0.1 },
    ];

    #[test]
    fn tensors_give_the_rows_of_the_vector_code() {
        let mut x: Vec<f64> = (0..300).map(|i| f64::from(i * 7919 % 1009) / 500.0 - 1.0).collect();
        // Far out, with a neighbour: only differences tell them apart.
        x[60..66].copy_from_slice(&[1e6, 0.0, 0.0, 1e6, 1.0, 0.0]);
        for kernel in KERNELS {
            let points = KernelPoints::new(kernel, 3, &x, 0.0, &Cx::default()).unwrap();
            let on_device = DeviceRows::new(&points, &Device::Cpu).unwrap();
            let is_rbf = matches!(kernel, Kernel::Rbf { .. });
            let rows: Vec<u32> = (0..100).filter(|&row| on_device.is_within_reach(row as usize)).collect();
            assert_eq!(rows.len(), if is_rbf { 98 } else { 100 });
            let columns: Vec<u32> = (0..100).rev().collect();
            let block = on_device.block(&rows, &columns).unwrap();
            assert_eq!(block.len(), rows.len() * 100);
            for (&row, got) in rows.iter().zip(block.chunks_exact(100)) {
                let mut expected = vec![0.0; 100];
                points.fill_row(row as usize, 0, &mut expected);
                for (got, expected) in got.iter().zip(expected.iter().rev()) {
                    assert!((got - expected).abs() <= 1e-6 * expected.abs().max(1e-3), "{kernel:?}: {got} {expected}");
                }
            }
        }
    }

    #[test]
    fn tensors_give_the_sums_of_the_vector_code() {
        let value = |i: usize| ((i * 7919) % 1009) as f64 / 500.0 - 1.0;
        let (x, queries): (Vec<f64>, Vec<f64>) = ((0..300).map(value).collect(), (50..200).map(value).collect());
        let weights: Vec<f64> = (0..100).map(|i| f64::from(i % 3) + 0.5).collect();
        let cx = Cx::default();
        for kernel in KERNELS {
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
