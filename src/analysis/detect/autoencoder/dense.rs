//! Matrix products of a dense layer: register tiles of fused multiply-adds in the widest vectors the processor has.

use std::array;

use pulp::{Arch, Simd, WithSimd};

/// Rows of matrices are padded to whole multiples of this many values: one vector of the widest kind.
const LANES: usize = 16;

/// Values from one row of a matrix of `n` columns to the next. The padding holds zeros.
///
/// Wide rows start at an odd multiple of the cache line, as rows a power of two apart would share few places in cache.
pub(super) const fn stride(n: usize) -> usize {
    let padded = n.next_multiple_of(LANES);
    if padded >= 256 && padded.is_multiple_of(2 * LANES) { padded + LANES } else { padded }
}

/// The left factor of a product.
#[derive(Clone, Copy)]
pub(super) enum Left<'a> {
    /// Element (row, k) is at row × stride + k.
    Plain { values: &'a [f32], stride: usize },
    /// Element (row, k) is at k × stride + row: the transpose of what is stored.
    Transposed { values: &'a [f32], stride: usize },
}

/// What a product is added to.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    /// Nothing.
    Zero,
    /// This row, the same for every row of the result.
    Row(&'a [f32]),
    /// What `out` holds.
    Out,
}

/// out = start + left × right, with `right` of `depth` rows and `out` of `n_rows` rows, both `stride` values apart.
///
/// The sum over k is taken in order, so that a row of the result depends on no other row and on no thread.
pub(super) struct Product<'a> {
    pub(super) left: Left<'a>,
    pub(super) right: &'a [f32],
    pub(super) out: &'a mut [f32],
    pub(super) start: Start<'a>,
    pub(super) stride: usize,
    pub(super) depth: usize,
    pub(super) n_rows: usize,
}

impl Product<'_> {
    pub(super) fn run(self, arch: Arch) {
        arch.dispatch(self);
    }
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Two vectors of columns side by side share each value of the left factor. 32 registers hold the sums of 8 rows,
        // 16 registers those of 4.
        let n_vectors = self.stride / S::F32_LANES;
        let mut product = Vectors {
            simd,
            left: self.left,
            right: S::as_simd_f32s(self.right).0,
            out: S::as_mut_simd_f32s(self.out).0,
            start: match self.start {
                Start::Zero => VectorStart::Zero,
                Start::Row(row) => VectorStart::Row(S::as_simd_f32s(row).0),
                Start::Out => VectorStart::Out,
            },
            stride: n_vectors,
            depth: self.depth,
        };
        let mut column = 0;
        while column + 2 <= n_vectors {
            product.columns::<2>(column, self.n_rows);
            column += 2;
        }
        while column < n_vectors {
            product.columns::<1>(column, self.n_rows);
            column += 1;
        }
    }
}

/// A product over vectors of one instruction set.
struct Vectors<'a, S: Simd> {
    simd: S,
    left: Left<'a>,
    right: &'a [S::f32s],
    out: &'a mut [S::f32s],
    start: VectorStart<'a, S>,
    stride: usize,
    depth: usize,
}

enum VectorStart<'a, S: Simd> {
    Zero,
    Row(&'a [S::f32s]),
    Out,
}

impl<S: Simd> Vectors<'_, S> {
    /// Every row of `V` vectors of columns.
    #[inline(always)]
    fn columns<const V: usize>(&mut self, column: usize, n_rows: usize) {
        let mut row = 0;
        if S::F32_LANES == LANES {
            while row + 8 <= n_rows {
                self.tile::<8, V>(row, column);
                row += 8;
            }
        }
        while row + 4 <= n_rows {
            self.tile::<4, V>(row, column);
            row += 4;
        }
        while row < n_rows {
            self.tile::<1, V>(row, column);
            row += 1;
        }
    }

    /// `M` rows of `V` vectors of columns.
    #[inline(always)]
    fn tile<const M: usize, const V: usize>(&mut self, row: usize, column: usize) {
        match self.left {
            Left::Plain { values, stride } => {
                let rows: [&[f32]; M] = array::from_fn(|m| &values[(row + m) * stride..][..self.depth]);
                self.sum::<M, V>(row, column, |k| array::from_fn(|m| rows[m][k]));
            }
            Left::Transposed { values, stride } => {
                self.sum::<M, V>(row, column, |k| {
                    let values = &values[k * stride + row..][..M];
                    array::from_fn(|m| values[m])
                });
            }
        }
    }

    #[inline(always)]
    fn sum<const M: usize, const V: usize>(&mut self, row: usize, column: usize, left: impl Fn(usize) -> [f32; M]) {
        let simd = self.simd;
        let mut sums: [[S::f32s; V]; M] = match self.start {
            VectorStart::Zero => [[simd.splat_f32s(0.0); V]; M],
            VectorStart::Row(start) => {
                let start = &start[column..][..V];
                [array::from_fn(|v| start[v]); M]
            }
            VectorStart::Out => array::from_fn(|m| {
                let out = &self.out[(row + m) * self.stride + column..][..V];
                array::from_fn(|v| out[v])
            }),
        };
        for k in 0..self.depth {
            let right = &self.right[k * self.stride + column..][..V];
            let left = left(k);
            for m in 0..M {
                let x = simd.splat_f32s(left[m]);
                for v in 0..V {
                    sums[m][v] = simd.mul_add_e_f32s(x, right[v], sums[m][v]);
                }
            }
        }
        for (m, sums) in sums.iter().enumerate() {
            self.out[(row + m) * self.stride + column..][..V].copy_from_slice(sums);
        }
    }
}

/// Writes the transpose of `values` (`n_rows` × `n_columns`) to `out`; both with padded rows.
pub(super) fn transpose(values: &[f32], n_rows: usize, n_columns: usize, out: &mut [f32]) {
    let (from, to) = (stride(n_columns), stride(n_rows));
    for (row, values) in values.chunks_exact(from).take(n_rows).enumerate() {
        for (&value, out) in values.iter().take(n_columns).zip(out.chunks_exact_mut(to)) {
            out[row] = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn padded(n_rows: usize, n: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let mut values = vec![0.0; n_rows * stride(n)];
        for row in values.chunks_exact_mut(stride(n)) {
            row[..n].fill_with(|| rng.random_range(-1.0..1.0));
        }
        values
    }

    #[test]
    fn products_equal_the_plain_triple_loop() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for (n_rows, depth, n) in [(1, 1, 1), (32, 10, 64), (13, 64, 10), (7, 3, 33), (31, 154, 48), (9, 5, 300)] {
            let left = padded(n_rows, depth, &mut rng);
            let mut turned = vec![0.0; depth * stride(n_rows)];
            transpose(&left, n_rows, depth, &mut turned);
            let right = padded(depth, n, &mut rng);
            let bias = padded(1, n, &mut rng);
            let before = padded(n_rows, n, &mut rng);
            let lefts = [
                Left::Plain { values: &left, stride: stride(depth) },
                Left::Transposed { values: &turned, stride: stride(n_rows) },
            ];
            for left_view in lefts {
                for (case, start) in [Start::Zero, Start::Row(&bias), Start::Out].into_iter().enumerate() {
                    let mut out = before.clone();
                    let product = Product {
                        left: left_view,
                        right: &right,
                        out: &mut out,
                        start,
                        stride: stride(n),
                        depth,
                        n_rows,
                    };
                    product.run(Arch::new());
                    for row in 0..n_rows {
                        for column in 0..n {
                            let start = [0.0, bias[column], before[row * stride(n) + column]][case];
                            let term = |k: usize| {
                                f64::from(left[row * stride(depth) + k]) * f64::from(right[k * stride(n) + column])
                            };
                            let want = f64::from(start) + (0..depth).map(term).sum::<f64>();
                            let got = f64::from(out[row * stride(n) + column]);
                            assert!((got - want).abs() < 1e-5, "{n_rows} {depth} {n} {case}: {got} {want}");
                        }
                        assert!(out[row * stride(n)..][n..stride(n)].iter().all(|&v| v == 0.0));
                    }
                }
            }
        }
    }

    #[test]
    fn rows_are_padded_and_wide_ones_spread_over_the_cache() {
        assert_eq!([1, 16, 17, 154, 256, 1024].map(stride), [16, 16, 32, 160, 272, 1040]);
    }
}
