//! Which pairs of points of two blocks are near enough to be looked at: distances by matrix product, in single precision.
//!
//! With points taken from a centre, -|x - y|²/2 = x·y - |x|²/2 - |y|²/2 costs one multiplication and addition for each
//! coordinate. Eight points by a panel of others are summed up in vector registers, and only pairs within the reach of
//! a list leave them. What is compared is a bound: no pair is farther than it says (see [`half_square`]).

use pulp::{Simd, WithSimd};

use super::kernels::bits_of_singles;
use super::shortlist::Shortlists;
use super::tree::LEAF;
use crate::cx::{Cancelled, Cx};

/// Vectors of a panel worked on together.
const PAIR: usize = 2;

/// Points against a panel at a time where there are 32 vector registers, and where there are fewer.
const MANY: usize = 8;
const FEW: usize = 4;

/// Points side by side in panels of [`LEAF`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Panels<'a> {
    /// Coordinates of a point.
    pub(super) d: usize,
    /// Panel after panel; in a panel, coordinate after coordinate.
    pub(super) values: &'a [[f32; LEAF]],
    /// Per panel the [`half_square`] of each point; minus infinity where there is none.
    pub(super) half_squares: &'a [[f32; LEAF]],
    /// Number of the first point.
    pub(super) first: usize,
}

/// What a point of `d` coordinates adds to a bound: minus half the square of its length, and more than rounding can take
/// off.
///
/// A sum of d products and two such halves is off by at most (d + 4) u (|x|²/2 + |y|²/2 + |x||y|) in arithmetic with the
/// unit u = 2⁻²⁴, coordinates rounded to it included (Higham: Accuracy and stability of numerical algorithms, section
/// 3.1). That is at most (d + 4) u (|x|² + |y|²); each point takes its share, and more. The last term is for coordinates
/// whose products are too small for single precision.
pub(super) fn half_square(square: f64, d: usize) -> f32 {
    let error = (d + 16) as f64 * f64::from(f32::EPSILON) / 2.0 * square + 1e-36 * d as f64;
    ((error - 0.5 * square) as f32).next_up()
}

/// One comparison of all points of a block with all of another.
pub(super) struct Join<'a> {
    pub(super) rows: Panels<'a>,
    pub(super) columns: Panels<'a>,
    /// What the rows find among the columns.
    pub(super) of_rows: &'a mut Shortlists,
    /// What the columns find among the rows, where that is to be kept.
    pub(super) of_columns: Option<&'a mut Shortlists>,
    /// Rows and columns are numbered alike, and no point is to find itself.
    pub(super) is_own: bool,
    pub(super) cx: &'a Cx,
}

impl WithSimd for Join<'_> {
    type Output = Result<(), Cancelled>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Result<(), Cancelled> {
        if S::REGISTER_COUNT >= 32 { self.run::<S, MANY>(simd) } else { self.run::<S, FEW>(simd) }
    }
}

impl Join<'_> {
    /// Compares `R` rows with a panel of columns at a time.
    #[inline(always)]
    fn run<S: Simd, const R: usize>(mut self, simd: S) -> Result<(), Cancelled> {
        let (rows, columns, d) = (self.rows, self.columns, self.columns.d);
        let nothing = [f32::INFINITY; LEAF];
        for (panel, (values, half_squares)) in columns.values.chunks_exact(d).zip(columns.half_squares).enumerate() {
            self.cx.check()?;
            let first_column = columns.first + panel * LEAF;
            for (row_panel, (row_values, row_halves)) in rows.values.chunks_exact(d).zip(rows.half_squares).enumerate()
            {
                for (group, halves) in row_halves.as_chunks::<R>().0.iter().enumerate() {
                    if halves.iter().all(|&half| half == f32::NEG_INFINITY) {
                        continue;
                    }
                    let first_row = row_panel * LEAF + group * R;
                    let mut limits = [0.0; R];
                    limits.copy_from_slice(&self.of_rows.limits()[first_row..first_row + R]);
                    let column_limits = match &self.of_columns {
                        Some(lists) => &lists.limits().as_chunks::<LEAF>().0[panel],
                        None => &nothing,
                    };
                    let mut sums = [[0.0; LEAF]; R];
                    let near = near_pairs(
                        simd,
                        (row_values, group, halves, &limits),
                        (values, half_squares, column_limits),
                        &mut sums,
                    );
                    for (row, (mut near, sums)) in near.into_iter().zip(&sums).enumerate() {
                        while near != 0 {
                            let column = near.trailing_zeros() as usize % LEAF;
                            near &= near - 1;
                            let (at, sum) = (first_row + row, sums[column]);
                            let (row_number, column_number) = (rows.first + at, first_column + column);
                            if self.is_own && row_number == column_number {
                                continue;
                            }
                            self.of_rows.offer(simd, at, sum, column_number as u32);
                            if let Some(lists) = &mut self.of_columns {
                                lists.offer(simd, panel * LEAF + column, sum, row_number as u32);
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// The bounds of `R` rows with a panel of columns, and for each row one bit for each column where the bound is above the
/// limit of either.
#[inline(always)]
fn near_pairs<S: Simd, const R: usize>(
    simd: S,
    (rows, group, row_halves, row_limits): (&[[f32; LEAF]], usize, &[f32; R], &[f32; R]),
    (columns, column_halves, column_limits): (&[[f32; LEAF]], &[f32; LEAF], &[f32; LEAF]),
    out: &mut [[f32; LEAF]; R],
) -> [u32; R] {
    let values = S::as_simd_f32s(columns.as_flattened()).0.as_chunks::<PAIR>().0;
    let parts = LEAF / PAIR / S::F32_LANES;
    let halves = S::as_simd_f32s(column_halves).0.as_chunks::<PAIR>().0;
    let limits = S::as_simd_f32s(column_limits).0.as_chunks::<PAIR>().0;
    let mut near = [0; R];
    for (part, (halves, limits)) in halves.iter().zip(limits).enumerate() {
        let mut sums = [[simd.splat_f32s(0.0); PAIR]; R];
        for (sums, &half) in sums.iter_mut().zip(row_halves) {
            let half = simd.splat_f32s(half);
            *sums = [simd.add_f32s(half, halves[0]), simd.add_f32s(half, halves[1])];
        }
        for (ys, xs) in values.chunks_exact(parts).zip(rows) {
            let ys = ys[part];
            let xs = &xs.as_chunks::<R>().0[group];
            for (sums, &x) in sums.iter_mut().zip(xs) {
                let x = simd.splat_f32s(x);
                *sums = [simd.mul_add_e_f32s(x, ys[0], sums[0]), simd.mul_add_e_f32s(x, ys[1], sums[1])];
            }
        }
        let mut any = 0;
        for row in 0..R {
            let limit = simd.splat_f32s(row_limits[row]);
            let first = simd.greater_than_f32s(sums[row][0], simd.min_f32s(limit, limits[0]));
            let second = simd.greater_than_f32s(sums[row][1], simd.min_f32s(limit, limits[1]));
            let bits = bits_of_singles::<S>(first) | bits_of_singles::<S>(second) << S::F32_LANES;
            near[row] |= bits << (part * PAIR * S::F32_LANES);
            any |= bits;
        }
        if any != 0 {
            for (out, sums) in out.iter_mut().zip(&sums) {
                S::as_mut_simd_f32s(out).0.as_chunks_mut::<PAIR>().0[part] = *sums;
            }
        }
    }
    near
}
