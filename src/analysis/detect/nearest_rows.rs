//! The rows with the most similar features: beside whom a row is judged.

use super::neighbors::{Neighbors, Space};
use crate::analysis::stats::quantiles_of_column;
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;
use crate::recipe::Metric;

/// Rows that neighbours are looked for among, at most: enough to tell what is usual around a row.
const MOST_REFERENCE_ROWS: usize = 2000;

/// For every row the rows of a sample with the most similar features.
#[derive(Debug, Clone, PartialEq)]
pub struct NearestRows {
    /// Neighbours per row.
    pub k: usize,
    /// Row numbers of the `k` nearest rows of row 0, then of row 1, and so on. A row of the sample finds itself, too.
    pub rows: Vec<u32>,
    /// Euclidean distances to them, in the units of the features.
    pub distances: Vec<f64>,
    /// The median of these distances.
    pub usual: f64,
}

impl NearestRows {
    /// The `k` nearest rows of every row, besides itself, among at most 2000 rows at even steps of `training` (`None`: of
    /// all). `None` where there are fewer than two rows to look among.
    ///
    /// # Errors
    /// When cancelled.
    pub fn of(x: &Matrix, training: Option<&[u32]>, k: usize, cx: &Cx) -> Result<Option<Self>, Cancelled> {
        let n = training.map_or(x.n_rows(), <[u32]>::len);
        let n_reference = n.min(MOST_REFERENCE_ROWS);
        let at = |i: usize| {
            let place = i * n / n_reference;
            training.map_or_else(|| u32::try_from(place).ok(), |rows| rows.get(place).copied())
        };
        let reference: Vec<u32> = (0..n_reference).filter_map(at).collect();
        if reference.len() < 2 {
            return Ok(None);
        }
        // One more, as a row of the sample finds itself.
        let k = (k + 1).min(reference.len());
        let neighbors = Neighbors::new(&x.select(&reference), Space::new(Metric::Euclidean, 2.0), cx)?;
        let row_at: Vec<u32> =
            neighbors.rows().iter().map(|&row| reference.get(row as usize).copied().unwrap_or(0)).collect();
        let found = neighbors.search(x, k, cx, |places, distances| {
            let rows = places.iter().map(|&place| row_at.get(place as usize).copied().unwrap_or(0));
            (rows.collect::<Vec<u32>>(), distances.to_vec())
        })?;
        let mut nearest = Self { k, rows: Vec::with_capacity(k * x.n_rows()), distances: Vec::new(), usual: 0.0 };
        for (rows, distances) in found {
            nearest.rows.extend(rows);
            nearest.distances.extend(distances);
        }
        nearest.usual = quantiles_of_column(&nearest.distances, &[0.5]).first().copied().unwrap_or(0.0);
        Ok(Some(nearest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_are_those_with_the_least_distance() {
        let values: Vec<f64> = (0..60).flat_map(|i| [f64::from(i * 7 % 31), f64::from(i * i % 17)]).collect();
        let x = Matrix::unnamed(2, values).unwrap();
        let training: Vec<u32> = (0..60).filter(|row| row % 3 == 0).collect();
        let nearest = NearestRows::of(&x, Some(&training), 4, &Cx::default()).unwrap().unwrap();
        assert_eq!((nearest.k, nearest.rows.len()), (5, 300));
        let distance =
            |a: usize, b: usize| x.row(a).iter().zip(x.row(b)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        for row in 0..60 {
            let mut all: Vec<f64> = training.iter().map(|&other| distance(row, other as usize)).collect();
            all.sort_by(f64::total_cmp);
            for (place, wanted) in all.iter().enumerate().take(5) {
                let (other, found) = (nearest.rows[row * 5 + place], nearest.distances[row * 5 + place]);
                assert!((found - wanted).abs() < 1e-12, "row {row}");
                assert!((found - distance(row, other as usize)).abs() < 1e-12);
            }
        }
        assert!(NearestRows::of(&x, Some(&[3]), 4, &Cx::default()).unwrap().is_none());
    }
}
