//! Rows in tiles of 32, feature after feature, so that plain loops become vector code: moments and distances.

use pulp::Arch;
use rayon::prelude::*;

use crate::analysis::detect::coordinate::coordinate;
use crate::cx::{Cancelled, Cx};

/// Rows in a tile.
pub(super) const TILE: usize = 32;

/// Values that vector code takes at a time.
const LANES: usize = 8;

/// Parts that sums over rows are made of. Fixed, so that rounding does not depend on the number of threads.
const PARTS: usize = 16;

/// A feature of the rows of a tile.
pub(super) type Column = [f64; TILE];

/// Rows in tiles. The last tile is filled up with zeros.
pub(super) struct Tiles {
    /// Per tile one column per feature.
    columns: Vec<Column>,
    n_features: usize,
    n_rows: usize,
}

/// Mean and covariance (dividing by the number of rows) of some rows.
pub(super) struct Moments {
    pub(super) mean: Vec<f64>,
    /// Features × features; the upper triangle.
    pub(super) covariance: Vec<f64>,
}

impl Tiles {
    /// `n_rows` rows of `n_features`; `fill` writes the columns of a tile, given its number.
    pub(super) fn new(
        n_rows: usize,
        n_features: usize,
        cx: &Cx,
        fill: impl Fn(usize, &mut [Column]) + Sync,
    ) -> Result<Self, Cancelled> {
        let mut columns = vec![[0.0; TILE]; n_rows.div_ceil(TILE) * n_features];
        columns.par_chunks_mut(n_features.max(1)).enumerate().try_for_each(|(tile, columns)| {
            cx.check()?;
            fill(tile, columns);
            Ok(())
        })?;
        Ok(Self { columns, n_features, n_rows })
    }

    /// Some of the rows, in the order given.
    pub(super) fn select(&self, rows: &[u32], cx: &Cx) -> Result<Self, Cancelled> {
        Self::new(rows.len(), self.n_features, cx, |tile, columns| {
            for (lane, &row) in rows.iter().skip(tile * TILE).take(TILE).enumerate() {
                let (source, from) = (row as usize / TILE * self.n_features, row as usize % TILE);
                columns.iter_mut().zip(&self.columns[source..]).for_each(|(to, column)| to[lane] = column[from]);
            }
        })
    }

    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Moments of the rows that `is_in` marks (at least one of them). `near`: a point to measure from; the nearer to
    /// the mean, the less is lost by rounding.
    pub(super) fn moments(&self, is_in: &[bool], near: &[f64], cx: &Cx) -> Result<Moments, Cancelled> {
        let d = self.n_features;
        let n = is_in.iter().filter(|&&is_in| is_in).count();
        let mut moments = moments(self.n_rows, d, n, cx, |tile, columns| {
            let marks = &is_in[tile * TILE..is_in.len().min((tile + 1) * TILE)];
            center(&self.columns[tile * d..(tile + 1) * d], near, marks, columns);
        })?;
        moments.mean.iter_mut().zip(near).for_each(|(mean, near)| *mean += near);
        Ok(moments)
    }

    /// Squared length of weights · (row - center) for each row. `weights`: any number of rows of n_features.
    pub(super) fn squared_distances(&self, center: &[f64], weights: &[f64], cx: &Cx) -> Result<Vec<f64>, Cancelled> {
        let d = self.n_features;
        let mut distances = vec![0.0; self.n_rows];
        distances.par_chunks_mut(64 * TILE).zip(self.columns.par_chunks(64 * d)).try_for_each(
            |(distances, tiles)| {
                let mut centered = vec![[0.0; TILE]; d];
                for (distances, tile) in distances.chunks_mut(TILE).zip(tiles.chunks_exact(d)) {
                    cx.check()?;
                    let found = Arch::new().dispatch(|| {
                        self::center(tile, center, &[true; TILE], &mut centered);
                        squared_lengths(weights, &centered)
                    });
                    distances.copy_from_slice(&found[..distances.len()]);
                }
                Ok(())
            },
        )?;
        Ok(distances)
    }
}

/// Moments of `n` rows of `n_features`. `fill` writes the columns of one of the tiles of `n_rows` rows, given its
/// number, with zeros for rows that do not count.
pub(super) fn moments(
    n_rows: usize,
    n_features: usize,
    n: usize,
    cx: &Cx,
    fill: impl Fn(usize, &mut [Column]) + Sync,
) -> Result<Moments, Cancelled> {
    let d = n_features;
    let n_tiles = n_rows.div_ceil(TILE);
    let part_tiles = n_tiles.div_ceil(PARTS).max(1);
    let parts = (0..n_tiles.div_ceil(part_tiles)).into_par_iter().map(|part| {
        let tiles = part * part_tiles..((part + 1) * part_tiles).min(n_tiles);
        let mut sums = vec![[0.0; LANES]; d];
        let mut products = vec![[0.0; LANES]; d * d];
        let mut columns = vec![[0.0; TILE]; d];
        for tile in tiles {
            cx.check()?;
            Arch::new().dispatch(|| {
                fill(tile, &mut columns);
                add_products(&columns, &mut sums, &mut products);
            });
        }
        let total = |lanes: &[f64; LANES]| lanes.iter().sum::<f64>();
        Ok((sums.iter().map(total).collect::<Vec<_>>(), products.iter().map(total).collect::<Vec<_>>()))
    });
    let parts = parts.collect::<Result<Vec<_>, Cancelled>>()?;
    let (mut mean, mut covariance) = (vec![0.0; d], vec![0.0; d * d]);
    for (sums, products) in &parts {
        mean.iter_mut().zip(sums).for_each(|(mean, sum)| *mean += sum / n as f64);
        covariance.iter_mut().zip(products).for_each(|(covariance, product)| *covariance += product / n as f64);
    }
    for i in 0..d {
        for j in i..d {
            covariance[i * d + j] -= mean[i] * mean[j];
        }
    }
    Ok(Moments { mean, covariance })
}

/// Subtracts a point from the rows of a tile; rows without a mark become zeros.
#[inline(always)]
fn center(tile: &[Column], point: &[f64], marks: &[bool], centered: &mut [Column]) {
    let mut weights = [0.0; TILE];
    weights.iter_mut().zip(marks).for_each(|(weight, &mark)| *weight = f64::from(u8::from(mark)));
    for ((to, column), point) in centered.iter_mut().zip(tile).zip(point) {
        for lane in 0..TILE {
            to[lane] = (column[lane] - point) * weights[lane];
        }
    }
}

/// Adds sums and products (upper triangle) of the columns of a tile.
#[inline(always)]
fn add_products(tile: &[Column], sums: &mut [[f64; LANES]], products: &mut [[f64; LANES]]) {
    let d = tile.len();
    for (i, left) in tile.iter().enumerate() {
        for lanes in left.as_chunks::<LANES>().0 {
            sums[i].iter_mut().zip(lanes).for_each(|(sum, value)| *sum += value);
        }
        for (right, product) in tile[i..].iter().zip(&mut products[i * d + i..]) {
            let mut sum = *product;
            for (left, right) in left.as_chunks::<LANES>().0.iter().zip(right.as_chunks::<LANES>().0) {
                for lane in 0..LANES {
                    sum[lane] += left[lane] * right[lane];
                }
            }
            *product = sum;
        }
    }
}

/// Squared length of weights · row for each row of a tile; finite whatever the values.
#[inline(always)]
pub(super) fn squared_lengths(weights: &[f64], tile: &[Column]) -> Column {
    let mut lengths = [0.0; TILE];
    for weights in weights.chunks_exact(tile.len()) {
        let mut along = [0.0; TILE];
        for (&weight, column) in weights.iter().zip(tile) {
            for lane in 0..TILE {
                along[lane] += weight * column[lane];
            }
        }
        for lane in 0..TILE {
            let along = coordinate(along[lane]);
            lengths[lane] += along * along;
        }
    }
    lengths
}
