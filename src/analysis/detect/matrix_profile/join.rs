//! All pairs of windows of two series: the most correlated partner of each, by covariances carried along diagonals.
//!
//! The recurrence is that of SCAMP (Zimmerman et al.: Matrix profile XIV, SoCC 2019). Pairs are a matrix, rows × columns.
//! A strip of neighbouring columns is taken down all rows at once: its covariances stay in registers and move on by one
//! column per row, what leaves on the right is what enters the next strip from the left.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::windows::Windows;
use crate::cx::{Cancelled, Cx};

/// Vectors of covariances side by side in a strip.
const REGISTERS: usize = 8;

/// Most columns in a strip: eight lanes in each vector.
const MAX_STRIP: usize = 8 * REGISTERS;

/// Most columns a task takes from left to right before covariances are worked out anew, which bounds rounding errors.
const BLOCK: usize = 32 * MAX_STRIP;

/// Parts of the work, each with best partners of its own. Fixed, so that ties end the same way on any number of threads.
const PARTS: usize = 8;

/// No partner.
pub(super) const NOBODY: u32 = u32::MAX;

/// The best partner of each window on one side: covariance over the partner's norm, and the partner's number.
#[derive(Debug, Clone)]
pub(super) struct Best {
    pub(super) value: Vec<f64>,
    pub(super) partner: Vec<u32>,
}

impl Best {
    fn none(n: usize) -> Self {
        Self { value: vec![f64::NEG_INFINITY; n], partner: vec![NOBODY; n] }
    }
}

/// Best partners of a self-join: for each window the best one before it and the best one after it, at least
/// `exclusion + 1` windows away.
pub(super) fn self_join(windows: &Windows, exclusion: usize, cx: &Cx) -> Result<(Best, Best), Cancelled> {
    let n = windows.len();
    let first = exclusion + 1;
    if n <= first {
        return Ok((Best::none(n), Best::none(n)));
    }
    let top = windows.covariances(0..n, windows, 0, cx)?;
    let blocks = blocks(first..n);
    let job = Job { rows: windows, columns: windows, exclusion: Some(exclusion), top: &top };
    let parts: Vec<Part> = (0..PARTS.min(blocks.len()))
        .into_par_iter()
        .map(|part| {
            let mut after = Best::none(n);
            let mut before = Vec::new();
            // Later blocks have more rows: parts take blocks to and fro.
            for (at, block) in blocks.iter().enumerate() {
                let (round, place) = (at / PARTS, at % PARTS);
                if part == if round % 2 == 0 { place } else { PARTS - 1 - place } {
                    before.push((block.clone(), job.run(block.clone(), &mut after, cx)?));
                }
            }
            Ok(Part { before, after })
        })
        .collect::<Result<_, Cancelled>>()?;
    let (mut before, mut after) = (Best::none(n), Best::none(n));
    for part in parts {
        for (block, best) in part.before {
            before.value[block.clone()].copy_from_slice(&best.value);
            before.partner[block].copy_from_slice(&best.partner);
        }
        let mine = after.value.iter_mut().zip(&mut after.partner);
        for ((value, partner), (&other, &other_partner)) in mine.zip(part.after.value.iter().zip(&part.after.partner)) {
            if other > *value || (other == *value && other_partner < *partner) {
                (*value, *partner) = (other, other_partner);
            }
        }
    }
    Ok((before, after))
}

/// Best partners of the windows of `queries` among those of `reference`.
pub(super) fn join(queries: &Windows, reference: &Windows, cx: &Cx) -> Result<Best, Cancelled> {
    let n = queries.len();
    if n == 0 || reference.len() == 0 {
        return Ok(Best::none(n));
    }
    let top = queries.covariances(0..n, reference, 0, cx)?;
    let job = Job { rows: reference, columns: queries, exclusion: None, top: &top };
    let blocks = blocks(0..n);
    let blocks: Vec<Best> =
        blocks.into_par_iter().map(|block| job.run(block, &mut Best::none(0), cx)).collect::<Result<_, Cancelled>>()?;
    Ok(Best {
        value: blocks.iter().flat_map(|best| &best.value).copied().collect(),
        partner: blocks.iter().flat_map(|best| &best.partner).copied().collect(),
    })
}

/// What one part of the work found.
struct Part {
    /// For each block of columns the best row before each.
    before: Vec<(Range<usize>, Best)>,
    /// The best column after each row.
    after: Best,
}

/// The columns in pieces: as many as keep all parts busy, none wider than [`BLOCK`].
fn blocks(columns: Range<usize>) -> Vec<Range<usize>> {
    let width = (columns.len() / (4 * PARTS)).next_multiple_of(MAX_STRIP).clamp(4 * MAX_STRIP, BLOCK);
    columns.clone().step_by(width).map(|start| start..(start + width).min(columns.end)).collect()
}

/// What to join.
struct Job<'a> {
    rows: &'a Windows,
    columns: &'a Windows,
    /// In a self-join only columns more than this far after the row count, and rows get their best partner, too.
    exclusion: Option<usize>,
    /// Covariance of row 0 with every column.
    top: &'a [f64],
}

impl Job<'_> {
    /// The best row of each column of `block`; improves the best column of each row.
    fn run(&self, block: Range<usize>, rows_best: &mut Best, cx: &Cx) -> Result<Best, Cancelled> {
        let n_rows = |end: usize| self.exclusion.map_or(self.rows.len(), |exclusion| end - 1 - exclusion);
        // What enters the strip at row t: the covariance of row t - 1 with the column before the strip.
        let mut border = match block.start.checked_sub(1) {
            Some(left) => {
                let mut border = vec![0.0];
                border.extend(self.rows.covariances(0..n_rows(block.end) - 1, self.columns, left, cx)?);
                border
            }
            // The first column has no predecessor and its steps are 0: what enters is its covariance itself.
            None => self.rows.covariances(0..n_rows(block.end), self.columns, 0, cx)?,
        };
        let mut best = Best { value: Vec::with_capacity(block.len()), partner: Vec::with_capacity(block.len()) };
        let mut start = block.start;
        while start < block.end {
            cx.check()?;
            let strip = Strip { job: self, start, end: block.end, border: &mut border, rows_best, best: &mut best };
            start += pulp::Arch::new().dispatch(strip);
        }
        cx.progress().add(block.len() as u64);
        best.value.truncate(block.len());
        best.partner.truncate(block.len());
        Ok(best)
    }
}

/// One strip of columns, taken down all rows.
struct Strip<'a, 'b> {
    job: &'a Job<'a>,
    start: usize,
    /// End of the block; the last strip may reach beyond.
    end: usize,
    border: &'b mut [f64],
    rows_best: &'b mut Best,
    best: &'b mut Best,
}

/// A value for each column of a strip. Lane l of vector r is column l * REGISTERS + r: moving on by one column is moving
/// on by one vector, and only the last vector has to be rotated.
type Columns = [[f64; 8]; REGISTERS];

/// The columns of a strip: their steps, norms and best rows.
struct StripColumns<S: Simd> {
    df: [S::f64s; REGISTERS],
    dg: [S::f64s; REGISTERS],
    inverse_norm: [S::f64s; REGISTERS],
    /// The best values so far with the sign turned.
    minus_best: [S::f64s; REGISTERS],
    best_row: [[u32; 8]; REGISTERS],
}

impl WithSimd for Strip<'_, '_> {
    /// Number of columns of the strip.
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let lanes = S::F64_LANES;
        let width = lanes * REGISTERS;
        let Self { job, start, end, border, rows_best, best } = self;
        let used = width.min(end - start);
        let spread = |values: &[f64], from: usize, count: usize| -> [S::f64s; REGISTERS] {
            let mut columns: Columns = [[0.0; 8]; REGISTERS];
            for (at, &value) in values.get(from..).unwrap_or_default().iter().take(count).enumerate() {
                columns[at % REGISTERS][at / REGISTERS % 8] = value;
            }
            std::array::from_fn(|r| simd.partial_load_f64s(&columns[r][..lanes]))
        };
        let mut columns = StripColumns::<S> {
            df: spread(&job.columns.df, start, used),
            dg: spread(&job.columns.dg, start, used),
            inverse_norm: spread(&job.columns.inverse_norm, start, used),
            minus_best: [simd.splat_f64s(f64::INFINITY); REGISTERS],
            best_row: [[NOBODY; 8]; REGISTERS],
        };
        // Row 0 has no predecessor and its steps are 0: its covariances are what is there before it, one column ahead.
        let mut covariance = spread(job.top, start + 1, used.min(job.top.len() - start - 1));
        border[0] = job.top[start];
        let next = job.top.get(start + width).copied().unwrap_or(0.0);
        match job.exclusion {
            None => {
                let pass = Pass { simd, rows: job.rows, range: 0..job.rows.len(), start, limit: None };
                pass.run::<false, false>(&mut covariance, &mut columns, border, rows_best);
            }
            Some(exclusion) => {
                let last = start + used - 1 - exclusion;
                let whole = if used == width { start - exclusion } else { 0 };
                let limit = Some((exclusion, end));
                let pass = Pass { simd, rows: job.rows, range: 0..whole, start, limit };
                pass.run::<true, false>(&mut covariance, &mut columns, border, rows_best);
                let pass = Pass { simd, rows: job.rows, range: whole..last, start, limit };
                pass.run::<true, true>(&mut covariance, &mut columns, border, rows_best);
                // The next strip has pairs one row further down than this one, where this strip's last one enters.
                let leaving = pulp::bytemuck::cast_slice::<S::f64s, f64>(&covariance[REGISTERS - 1..])[lanes - 1];
                border.iter_mut().skip(last).take(1).for_each(|border| *border = leaving);
            }
        }
        border[0] = next;
        for at in 0..used {
            let vector = pulp::bytemuck::cast_slice::<S::f64s, f64>(&columns.minus_best[at % REGISTERS..][..1]);
            best.value.push(-vector[at / REGISTERS]);
            best.partner.push(columns.best_row[at % REGISTERS][at / REGISTERS]);
        }
        width
    }
}

/// A run down some rows of a strip.
struct Pass<'a, S> {
    simd: S,
    rows: &'a Windows,
    range: Range<usize>,
    /// First column of the strip.
    start: usize,
    /// In a self-join: the exclusion zone and the end of the columns.
    limit: Option<(usize, usize)>,
}

impl<S: Simd> Pass<'_, S> {
    /// `BOTH`: rows look for their best column, too. `EDGE`: only pairs outside the exclusion zone count.
    #[inline(always)]
    fn run<const BOTH: bool, const EDGE: bool>(
        self,
        covariance: &mut [S::f64s; REGISTERS],
        columns: &mut StripColumns<S>,
        border: &mut [f64],
        rows_best: &mut Best,
    ) {
        let Self { simd, rows, range, start, limit } = self;
        let lanes = S::F64_LANES;
        let mut first_lane = [0.0; 8];
        first_lane[0] = 1.0;
        let first_lane = simd.greater_than_f64s(simd.partial_load_f64s(&first_lane[..lanes]), simd.splat_f64s(0.5));
        let zero = simd.splat_f64s(0.0);
        let steps = rows.df[range.clone()].iter().zip(&rows.dg[range.clone()]);
        let steps = steps.zip(&rows.inverse_norm[range.clone()]).zip(&mut border[range.clone()]);
        let mut c = *covariance;
        let mut nobody = f64::NEG_INFINITY;
        let row_values = if BOTH { &mut rows_best.value[range.clone()] } else { &mut [] };
        let mut row_values = row_values.iter_mut();
        for (row, (((&df, &dg), &inverse_norm), border)) in range.clone().zip(steps) {
            let row_best = if BOTH { row_values.next().unwrap_or(&mut nobody) } else { &mut nobody };
            let leaving = simd.rotate_right_f64s(c[REGISTERS - 1], 1);
            let entering = simd.splat_f64s(*border);
            *border = pulp::bytemuck::cast_slice::<S::f64s, f64>(std::slice::from_ref(&leaving))[0];
            for r in (1..REGISTERS).rev() {
                c[r] = c[r - 1];
            }
            c[0] = simd.select_f64s(first_lane, entering, leaving);
            let (df, dg, norm) = (simd.splat_f64s(df), simd.splat_f64s(dg), simd.splat_f64s(inverse_norm));
            let minus_row_best = simd.splat_f64s(-*row_best);
            let mut gain = zero;
            for (r, c) in c.iter_mut().enumerate() {
                *c = simd.mul_add_e_f64s(df, columns.dg[r], simd.mul_add_e_f64s(dg, columns.df[r], *c));
                gain = simd.max_f64s(gain, simd.mul_add_e_f64s(*c, norm, columns.minus_best[r]));
                if BOTH {
                    gain = simd.max_f64s(gain, simd.mul_add_e_f64s(*c, columns.inverse_norm[r], minus_row_best));
                }
            }
            if simd.first_true_m64s(simd.greater_than_f64s(gain, zero)) < lanes {
                let least = if EDGE { limit.map_or(0, |(exclusion, _)| row + exclusion + 1) } else { 0 };
                let most = if EDGE { limit.map_or(usize::MAX, |(_, end)| end) } else { usize::MAX };
                let valid = least.saturating_sub(start)..most.saturating_sub(start);
                let values = c;
                let values = pulp::bytemuck::cast_slice::<S::f64s, f64>(&values);
                let minus_best = pulp::bytemuck::cast_slice_mut::<S::f64s, f64>(&mut columns.minus_best);
                improve_columns(values, inverse_norm, minus_best, &mut columns.best_row, row as u32, &valid);
                if BOTH {
                    let norms = pulp::bytemuck::cast_slice::<S::f64s, f64>(&columns.inverse_norm);
                    if let Some(at) = better_column(values, norms, row_best, &valid) {
                        rows_best.partner[row] = (start + at) as u32;
                    }
                }
            }
        }
        *covariance = c;
    }
}

/// Takes `row` as the best one of the columns where it is better.
#[inline(always)]
fn improve_columns(
    covariance: &[f64],
    inverse_norm: f64,
    minus_best: &mut [f64],
    best_row: &mut [[u32; 8]; REGISTERS],
    row: u32,
    valid: &Range<usize>,
) {
    let lanes = covariance.len() / REGISTERS;
    let vectors = covariance.chunks_exact(lanes).zip(minus_best.chunks_exact_mut(lanes)).zip(best_row);
    for (r, ((values, minus_best), best_row)) in vectors.enumerate() {
        for (lane, ((&value, minus_best), best_row)) in values.iter().zip(minus_best).zip(best_row).enumerate() {
            let value = value * inverse_norm;
            if value > -*minus_best && valid.contains(&(lane * REGISTERS + r)) {
                *minus_best = -value;
                *best_row = row;
            }
        }
    }
}

/// The first column that is better for a row than its best so far, if any; its value becomes the best.
#[inline(always)]
fn better_column(covariance: &[f64], inverse_norm: &[f64], best: &mut f64, valid: &Range<usize>) -> Option<usize> {
    let lanes = covariance.len() / REGISTERS;
    let mut found = None;
    for lane in 0..lanes {
        for r in 0..REGISTERS {
            let at = r * lanes + lane;
            let value = covariance[at] * inverse_norm[at];
            if value > *best && valid.contains(&(lane * REGISTERS + r)) {
                *best = value;
                found = Some(lane * REGISTERS + r);
            }
        }
    }
    found
}
