//! Kernel rows from a GPU: which rows will the solver ask for next?
//!
//! One row alone takes a GPU longer than it takes the CPU: what costs is to start the work and to fetch its result. So
//! a row that is missing comes together with those that violate the optimality conditions most, as in Wen, Shi, Li, He,
//! Chen: ThunderSVM (JMLR 2018). They wait in the row cache; in trials on random rows half of them or more were used.
//! The solver itself does the same as without a GPU.

use candle_core::Device;

use super::{CHEAP_FEATURES, cache::RowCache};
use crate::analysis::detect::kernels::{DeviceRows, KernelPoints};
use crate::analysis::device;
use crate::cx::Cx;

/// Rows of a block, and the most kernel values in one.
const ROWS: usize = 32;
const VALUES: usize = 1 << 24;

/// A block may take this share of the row cache.
const SHARE: usize = 4;

/// Values of all points below which the CPU is as fast.
const WORTHWHILE: usize = 1 << 20;

/// Where blocks of kernel rows come from.
#[derive(Debug)]
pub(super) struct Blocks {
    rows: DeviceRows,
    at_once: usize,
}

impl Blocks {
    /// Blocks from the GPU of the context, where there is one that knows double precision and it is worth it.
    pub(super) fn on_gpu(points: &KernelPoints, cache_bytes: u64, cx: &Cx) -> Option<Self> {
        let (n, d) = (points.len(), points.n_features());
        if d <= CHEAP_FEATURES || n * d < WORTHWHILE {
            return None;
        }
        let device = device::select(cx);
        if device.is_cpu() || device.is_metal() { None } else { Self::new(points, cache_bytes, &device, cx) }
    }

    /// Blocks that suit a row cache of that size; `None` where it is too small for them, and, with a warning, where the
    /// device fails.
    pub(super) fn new(points: &KernelPoints, cache_bytes: u64, device: &Device, cx: &Cx) -> Option<Self> {
        let cached = usize::try_from(cache_bytes).unwrap_or(usize::MAX) / size_of::<f32>() / points.len();
        let at_once = ROWS.min(cached / SHARE).min(VALUES / points.len());
        if at_once < 2 {
            return None;
        }
        let rows = DeviceRows::new(points, device).map_err(|error| warn(&error, cx)).ok()?;
        Some(Self { rows, at_once })
    }

    /// Makes the first `len` entries of row `first` present in the cache, and those of rows that will be needed soon.
    /// Not that of a row that is out of reach. `gradient` is that of the active rows; `original`: the row at each place.
    /// False, with a warning, where the device fails.
    pub(super) fn ensure(
        &self,
        first: usize,
        len: usize,
        (gradient, alpha): (&[f64], &[f64]),
        original: &[usize],
        cache: &mut RowCache,
        cx: &Cx,
    ) -> bool {
        let is_wanted = |row: usize| cache.get(row).len() < len && self.rows.is_within_reach(original[row]);
        if !is_wanted(first) {
            return true;
        }
        let places = violators(first, self.at_once, gradient, alpha, is_wanted);
        let rows: Vec<u32> = places.iter().map(|&place| original[place] as u32).collect();
        let columns: Vec<u32> = original[..len].iter().map(|&row| row as u32).collect();
        match self.rows.block(&rows, &columns) {
            Ok(block) => {
                for (&place, values) in places.iter().zip(block.chunks_exact(len)) {
                    cache.ensure(place, len, |start, row| row.copy_from_slice(&values[start..]));
                }
                true
            }
            Err(error) => {
                warn(&error, cx);
                false
            }
        }
    }
}

fn warn(error: &candle_core::Error, cx: &Cx) {
    cx.warn(format!("Kernel rows were computed on the CPU, as the compute device failed: {error}"));
}

/// Row `first`, and others that are wanted: one half of those that can grow and have the least gradient, one half of
/// those that can shrink and have the largest. At most `n`, each once.
fn violators(first: usize, n: usize, gradient: &[f64], alpha: &[f64], is_wanted: impl Fn(usize) -> bool) -> Vec<usize> {
    let active = || gradient.iter().zip(alpha).enumerate().filter(|&(row, _)| row != first && is_wanted(row));
    let growing = active().filter(|(_, (_, alpha))| **alpha < 1.0).map(|(row, (&gradient, _))| (gradient, row));
    let shrinking = active().filter(|(_, (_, alpha))| **alpha > 0.0).map(|(row, (&gradient, _))| (-gradient, row));
    let mut rows = least(growing.collect(), (n - 1) / 2);
    rows.extend(least(shrinking.collect(), (n - 1).div_ceil(2)));
    rows.sort_unstable();
    rows.dedup();
    rows.push(first);
    rows
}

/// The rows of the `n` least of some values.
fn least(mut values: Vec<(f64, usize)>, n: usize) -> Vec<usize> {
    if n < values.len() {
        values.select_nth_unstable_by(n, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        values.truncate(n);
    }
    values.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::detect::kernels::Kernel;

    #[test]
    fn rows_that_violate_most_are_chosen() {
        let gradient = [5.0, 1.0, 2.0, 9.0, 3.0, 0.0, 8.0];
        let alpha = [0.0, 0.5, 1.0, 1.0, 0.0, 0.0, 0.2];
        // Growing: 5 1 4 0 6 by gradient; shrinking: 3 6 2 1.
        assert_eq!(violators(0, 5, &gradient, &alpha, |_| true), [1, 3, 5, 6, 0]);
        assert_eq!(violators(0, 5, &gradient, &alpha, |row| row != 5), [1, 3, 4, 6, 0]);
        assert_eq!(violators(1, 100, &gradient, &alpha, |_| true), [0, 2, 3, 4, 5, 6, 1]);
    }

    #[test]
    fn blocks_fill_the_cache_with_rows_in_the_order_of_places() {
        let (n, d) = (100, 3);
        let x: Vec<f64> = (0..n * d).map(|i| ((i * 7919) % 1009) as f64 / 500.0 - 1.0).collect();
        let cx = Cx::default();
        let mut points = KernelPoints::new(Kernel::Rbf { gamma: 0.7 }, d, &x, 0.0, &cx).unwrap();
        let blocks = Blocks::new(&points, 1 << 20, &Device::Cpu, &cx).unwrap();
        let mut original: Vec<usize> = (0..n).collect();
        for (a, b) in [(3, 99), (3, 40), (0, 64)] {
            points.swap(a, b);
            original.swap(a, b);
        }
        let (gradient, alpha): (Vec<f64>, Vec<f64>) = ((0..n).map(|i| (i % 17) as f64).collect(), vec![0.5; n]);
        let mut cache = RowCache::new(n, 1 << 20);
        // What is held already is kept.
        cache.ensure(16, 32, |_, row| row.fill(7.0));
        assert!(blocks.ensure(3, 96, (&gradient[..90], &alpha), &original, &mut cache, &cx));
        let held: Vec<usize> = (0..n).filter(|&row| !cache.get(row).is_empty()).collect();
        assert_eq!(held.len(), ROWS);
        for row in held {
            let mut expected = vec![0.0; 96];
            points.fill_row(row, 0, &mut expected);
            if row == 16 {
                expected[..32].fill(7.0);
            }
            let is_close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-6;
            assert!(cache.get(row).len() == 96 && cache.get(row).iter().zip(&expected).all(is_close), "{row}");
        }
    }

    #[test]
    fn a_device_that_fails_is_a_warning() {
        let cx = Cx::default();
        let points = KernelPoints::new(Kernel::Linear, 1, &[0.0; 64], 0.0, &cx).unwrap();
        let blocks = Blocks::new(&points, 1 << 20, &Device::Cpu, &cx).unwrap();
        // A row that does not exist makes every device fail.
        let mut original: Vec<usize> = (0..64).collect();
        original[50] = 1000;
        let mut cache = RowCache::new(64, 1 << 20);
        assert!(!blocks.ensure(3, 64, (&[0.0; 32], &[0.5; 64]), &original, &mut cache, &cx));
        assert!(cx.warnings()[0].starts_with("Kernel rows were computed on the CPU") && cache.get(3).is_empty());
    }

    #[test]
    fn a_small_cache_gets_no_blocks() {
        let cx = Cx::default();
        let points = KernelPoints::new(Kernel::Linear, 1, &[0.0; 1000], 0.0, &cx).unwrap();
        assert!(Blocks::new(&points, 4 * 1000 * 7, &Device::Cpu, &cx).is_none());
        assert_eq!(Blocks::new(&points, 4 * 1000 * 8, &Device::Cpu, &cx).unwrap().at_once, 2);
    }
}
