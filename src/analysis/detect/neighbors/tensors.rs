//! The points that may be the nearest to each of many, looked for on a GPU.
//!
//! The bounds are those of [`super::product`], summed up by one matrix product: a row x becomes (x, h(x), 1), a column y
//! (y, 1, h(y)). Of each panel of columns the device takes the best bound, sorts these, and hands back the panels with
//! the best of them: as a list of m columns lies in at most m panels, no column of the list is in another one. The bounds
//! hold for any order of summation in full single precision, which is how tensors are multiplied by default.

use candle_core::{Device, Tensor};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::product::Panels;
use super::shortlist::Shortlists;
use super::side::Side;
use super::tree::LEAF;
use crate::analysis::device;
use crate::cx::{Cancelled, Cx};

/// Panels of columns worked on at a time: a GPU sorts no more than 1024 values together.
const TILE: usize = 1024;

/// Bounds worked out at a time.
const BLOCK_VALUES: usize = 1 << 25;

/// Products below which a GPU has not even started when the CPU is done.
const WORTHWHILE: usize = 1 << 32;

/// The GPU of the context, if any, where each of `rows` points is measured against `columns` points of `d` coordinates
/// and that is worth it.
pub(super) fn gpu(rows: usize, columns: usize, d: usize, cx: &Cx) -> Option<Device> {
    let products = rows.saturating_mul(columns).saturating_mul(d);
    (products >= WORTHWHILE).then(|| device::select(cx)).filter(|device| !device.is_cpu())
}

/// Points that look for others.
pub(super) struct Lookup<'a> {
    pub(super) rows: &'a Side,
    pub(super) columns: &'a Side,
    /// Rows and columns are the same points, and none is to find itself.
    pub(super) is_own: bool,
    /// Neighbours looked for.
    pub(super) k: usize,
    /// Panels of rows whose lists stand together.
    pub(super) n_panels: usize,
}

/// Why there are no lists.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    Failed(#[from] candle_core::Error),
}

impl Lookup<'_> {
    /// The lists of all rows; `None`, with a warning, where the device fails. `after` hears how many rows are done.
    pub(super) fn run(
        &self,
        device: &Device,
        after: impl FnMut(usize),
        cx: &Cx,
    ) -> Result<Option<Vec<Shortlists>>, Cancelled> {
        match self.lists(device, after, cx) {
            Ok(lists) => Ok(Some(lists)),
            Err(Stop::Cancelled(cancelled)) => Err(cancelled),
            Err(Stop::Failed(error)) => {
                cx.warn(format!("Neighbours were looked for on the CPU, as the compute device failed: {error}"));
                Ok(None)
            }
        }
    }

    fn lists(&self, device: &Device, mut after: impl FnMut(usize), cx: &Cx) -> Result<Vec<Shortlists>, Stop> {
        let (n_rows, n_columns) = (self.rows.n_panels(), self.columns.n_panels());
        let mut tiles = Vec::with_capacity(n_columns.div_ceil(TILE));
        for first in (0..n_columns).step_by(TILE) {
            cx.check()?;
            let (values, half_squares) = upload(self.columns.panels(first, TILE), device)?;
            tiles.push(Tensor::cat(&[values, half_squares.ones_like()?, half_squares], 0)?);
        }
        let new_lists = |first| Shortlists::new(self.n_panels.min(n_rows - first) * LEAF, self.k);
        let mut lists: Vec<Shortlists> = (0..n_rows).step_by(self.n_panels).map(new_lists).collect();
        let at_once = (BLOCK_VALUES / (LEAF * LEAF * TILE.min(n_columns) * self.n_panels)).max(1);
        for (block, lists) in lists.chunks_mut(at_once).enumerate() {
            let first = block * at_once * self.n_panels;
            let (values, half_squares) = upload(self.rows.panels(first, at_once * self.n_panels), device)?;
            let ones = half_squares.ones_like()?;
            let rows = Tensor::cat(&[values, half_squares, ones], 0)?.t()?.contiguous()?;
            for (tile, columns) in tiles.iter().enumerate() {
                cx.check()?;
                let best = self.best_panels(&rows, columns)?;
                let (panels, sums) = best.rows(self.n_panels * LEAF);
                lists.par_iter_mut().zip(panels).zip(sums).enumerate().for_each(|(at, ((lists, panels), sums))| {
                    let own = self.is_own.then_some(first * LEAF + at * self.n_panels * LEAF);
                    let first_column = tile * TILE * LEAF;
                    Arch::new().dispatch(Offer { lists, panels, sums, width: best.width, first_column, own });
                });
            }
            after(self.rows.len().min((first + at_once * self.n_panels) * LEAF));
        }
        Ok(lists)
    }

    /// For each row the panels of a tile with the best bounds, as many as may hold one that belongs to its list.
    fn best_panels(&self, rows: &Tensor, columns: &Tensor) -> candle_core::Result<Best> {
        let (n, n_panels) = (rows.dim(0)?, columns.dim(1)? / LEAF);
        // A point itself may be before all that are to be found.
        let width = n_panels.min(Shortlists::length(self.k) + usize::from(self.is_own));
        let sums = rows.matmul(columns)?.reshape((n, n_panels, LEAF))?;
        let (mut best, mut lanes) = (sums.clone(), LEAF);
        while lanes > 1 {
            lanes /= 2;
            best = best.narrow(2, 0, lanes)?.maximum(&best.narrow(2, lanes, lanes)?)?;
        }
        let order = best.reshape((n, n_panels))?.arg_sort_last_dim(false)?;
        let panels = order.narrow(1, 0, width)?.contiguous()?;
        let index = panels.unsqueeze(2)?.broadcast_as((n, width, LEAF))?.contiguous()?;
        let sums = sums.gather(&index, 1)?;
        Ok(Best { width, panels: panels.flatten_all()?.to_vec1()?, sums: sums.flatten_all()?.to_vec1()? })
    }
}

/// The most promising panels of some rows.
struct Best {
    /// Panels for each row.
    width: usize,
    /// Numbers of the panels in their tile, row after row.
    panels: Vec<u32>,
    /// Negative bounds of their columns.
    sums: Vec<f32>,
}

impl Best {
    /// Panels and negative bounds, `n` rows at a time.
    fn rows(&self, n: usize) -> (rayon::slice::Chunks<'_, u32>, rayon::slice::Chunks<'_, f32>) {
        (self.panels.par_chunks(n * self.width), self.sums.par_chunks(n * self.width * LEAF))
    }
}

/// Puts what the device found into lists.
struct Offer<'a> {
    lists: &'a mut Shortlists,
    panels: &'a [u32],
    sums: &'a [f32],
    /// Panels for each row.
    width: usize,
    /// Number of the first column of the tile.
    first_column: usize,
    /// Number of the first row, where rows are not to find themselves.
    own: Option<usize>,
}

impl WithSimd for Offer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { lists, panels, sums, width, first_column, own } = self;
        for (at, (&panel, sums)) in panels.iter().zip(sums.as_chunks::<LEAF>().0).enumerate() {
            let (row, first) = (at / width, first_column + panel as usize * LEAF);
            for (number, &sum) in (first..).zip(sums) {
                if own.is_none_or(|own| own + row != number) {
                    lists.offer(simd, row, sum, number as u32);
                }
            }
        }
    }
}

/// Coordinates of points, coordinates × points, and their half squares, 1 × points.
fn upload(panels: Panels<'_>, device: &Device) -> candle_core::Result<(Tensor, Tensor)> {
    let n = panels.half_squares.len();
    let values = Tensor::from_slice(panels.values.as_flattened(), (n, panels.d, LEAF), device)?;
    let values = values.transpose(0, 1)?.contiguous()?.reshape((panels.d, n * LEAF))?;
    Ok((values, Tensor::from_slice(panels.half_squares.as_flattened(), (1, n * LEAF), device)?))
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::recipe::{ComputeConfig, ComputeDevice};

    fn side(n: usize, d: usize) -> Side {
        let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
        let points: Vec<f64> = (0..n * d).map(|_| rng.random::<f64>()).collect();
        Side::new(d, &points, &vec![0.5; d], &Cx::default()).unwrap()
    }

    #[test]
    fn lists_hold_the_nearest_in_order() {
        let (d, k, n_panels, cx) = (18, 4, 3, Cx::default());
        let (rows, columns) = (side(300, d), side(2500, d));
        for (rows, is_own) in [(&rows, false), (&columns, true)] {
            let mut done = 0;
            let lookup = Lookup { rows, columns: &columns, is_own, k, n_panels };
            let lists = lookup.run(&Device::Cpu, |rows| done = rows, &cx).unwrap().unwrap();
            assert_eq!((lists.len(), done), (rows.len().div_ceil(n_panels * LEAF), rows.len()));
            for row in (0..rows.len()).step_by(7) {
                let half_square = |column: usize| -> f64 {
                    let pairs = rows.point(row).as_flattened().iter().zip(columns.point(column).as_flattened());
                    pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / 2.0
                };
                let others = (0..columns.len()).filter(|&column| !is_own || column != row);
                let mut expected: Vec<(f64, u32)> = others.map(|column| (half_square(column), column as u32)).collect();
                expected.sort_by(|a, b| a.0.total_cmp(&b.0));
                let list: Vec<(f32, u32)> = lists[row / (n_panels * LEAF)].list(row % (n_panels * LEAF)).collect();
                assert_eq!(list.len(), Shortlists::length(k));
                for ((bound, number), (half_square, expected)) in list.into_iter().zip(expected) {
                    assert_eq!(number, expected);
                    let lost = half_square - f64::from(bound);
                    assert!((0.0..1e-4).contains(&lost), "{bound} {half_square}");
                }
            }
        }
    }

    #[test]
    fn a_device_that_fails_is_a_warning() {
        let cx = Cx::default();
        // Points that cannot be compared make every device fail.
        let lookup = Lookup { rows: &side(50, 4), columns: &side(50, 6), is_own: false, k: 3, n_panels: 1 };
        assert!(lookup.run(&Device::Cpu, |_| (), &cx).unwrap().is_none());
        assert!(cx.warnings()[0].starts_with("Neighbours were looked for on the CPU"));
    }

    #[test]
    fn without_a_gpu_or_much_work_there_is_none() {
        let cx = Cx::default();
        assert!(gpu(1 << 20, 1 << 20, 50, &cx).is_none());
        let asked = Cx::new(&ComputeConfig { device: ComputeDevice::Cuda(999), ..ComputeConfig::default() });
        assert!(gpu(100, 1000, 50, &asked).is_none() && asked.warnings().is_empty());
    }
}
