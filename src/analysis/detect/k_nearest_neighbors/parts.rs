//! Which features make a row's distance to its neighbours what it is?

use rayon::prelude::*;

use super::KNearestNeighbors;
use crate::analysis::detect::{Decompose, DetectError};
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::NeighborDistance;

impl Decompose for KNearestNeighbors {
    /// Per feature its share of the distances to the neighbours that count, each at least 0: δ²/d of a Euclidean
    /// distance d, |δ| of a Manhattan one, |δ|^p/d^(p-1) of a Minkowski one, half the squared difference of the rows at
    /// length 1 of a cosine one. Zeros where all distances are 0, and for features that distances are not taken over.
    fn parts(&self, x: &Matrix, own: Option<&[u32]>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let n_features = x.n_features();
        let x = self.selected(x)?;
        let found = self.search_beside(&x, own.unwrap_or_default(), cx)?;
        let mut parts = vec![0.0; found.len() * n_features];
        let rows = parts.par_chunks_exact_mut(n_features).zip(x.values().par_chunks_exact(x.n_features()));
        rows.zip(&found).try_for_each(|((parts, row), found)| {
            cx.check()?;
            let mut shares = self.neighbors.shares_of(row);
            let of_parts = |feature: usize| self.columns.as_ref().and_then(|columns| columns.get(feature).copied());
            for (at, weight) in counting(self.method, found.distances.len()) {
                let amount = weight * found.distances[at];
                for (feature, share) in shares.from(found.places[at]).iter().enumerate() {
                    parts[of_parts(feature).unwrap_or(feature)] += amount * share;
                }
            }
            Ok::<_, DetectError>(())
        })?;
        Ok(parts)
    }
}

/// The neighbours of `n` that count, and how much each does.
fn counting(method: NeighborDistance, n: usize) -> Vec<(usize, f64)> {
    match method {
        NeighborDistance::Largest => vec![(n - 1, 1.0)],
        NeighborDistance::Mean => (0..n).map(|at| (at, 1.0 / n as f64)).collect(),
        NeighborDistance::Median => vec![((n - 1) / 2, 0.5), (n / 2, 0.5)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::detect::FittedDetector;
    use crate::recipe::{KNearestNeighborsConfig, Metric};

    fn config(method: NeighborDistance, metric: Metric) -> KNearestNeighborsConfig {
        KNearestNeighborsConfig { n_neighbors: 4, method, metric, p: 3.0, ..Default::default() }
    }

    fn fit(config: &KNearestNeighborsConfig, x: &Matrix) -> KNearestNeighbors {
        KNearestNeighbors::fit(config, x, &Cx::default()).unwrap()
    }

    /// 24 rows of three features, two of them equal.
    fn x() -> Matrix {
        let value = |i: u32| f64::from((i * i * 7919 + i * 31) % 1009) / 100.0 - 5.0;
        Matrix::unnamed(3, (0..69).map(value).chain((6..9).map(value)).collect()).unwrap()
    }

    fn assert_close(ours: &[f64], theirs: &[f64]) {
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!((ours - theirs).abs() <= 1e-12 * theirs, "{ours} {theirs}");
        }
    }

    /// Euclidean and Manhattan distance, one Minkowski distance, and the distance of cosines.
    const METRICS: [Metric; 4] = [Metric::Euclidean, Metric::Manhattan, Metric::Minkowski, Metric::Cosine];

    const METHODS: [NeighborDistance; 3] =
        [NeighborDistance::Largest, NeighborDistance::Mean, NeighborDistance::Median];

    /// Distance of two rows, and the parts of the features, by their formulas.
    fn distance_and_parts(metric: Metric, a: &[f64], b: &[f64]) -> (f64, Vec<f64>) {
        let of = |term: fn(f64) -> f64, root: fn(f64) -> f64| {
            let terms: Vec<f64> = a.iter().zip(b).map(|(a, b)| term((a - b).abs())).collect();
            let distance = root(terms.iter().sum());
            let derivative = terms.iter().sum::<f64>() / distance;
            (distance, terms.iter().map(|term| if distance > 0.0 { term / derivative } else { 0.0 }).collect())
        };
        match metric {
            Metric::Euclidean => of(|d| d * d, f64::sqrt),
            Metric::Manhattan => of(|d| d, |sum| sum),
            Metric::Minkowski => of(|d| d.powi(3), f64::cbrt),
            Metric::Cosine => {
                let length = |row: &[f64]| row.iter().map(|value| value * value).sum::<f64>().sqrt();
                let (a_length, b_length) = (length(a), length(b));
                let parts = a.iter().zip(b).map(|(a, b)| (a / a_length - b / b_length).powi(2) / 2.0);
                (parts.clone().sum(), parts.collect())
            }
        }
    }

    /// Score and parts of a row among the rows of `x` but one, by definition.
    fn by_definition(config: &KNearestNeighborsConfig, x: &Matrix, row: &[f64], own: Option<usize>) -> (f64, Vec<f64>) {
        let others = x.iter_rows().enumerate().filter(|(at, _)| Some(*at) != own);
        let mut all: Vec<(f64, Vec<f64>)> =
            others.map(|(_, other)| distance_and_parts(config.metric, row, other)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let counted = match config.method {
            NeighborDistance::Largest => &all[3..4],
            NeighborDistance::Mean => &all[..4],
            NeighborDistance::Median => &all[1..3],
        };
        let n = counted.len() as f64;
        let part = |feature: usize| counted.iter().map(|found| found.1[feature]).sum::<f64>() / n;
        (counted.iter().map(|found| found.0).sum::<f64>() / n, (0..row.len()).map(part).collect())
    }

    #[test]
    fn scores_beside_a_training_row_and_parts_are_those_of_the_definition() {
        let cx = Cx::default();
        let x = x();
        let own: Vec<u32> = (0..24).collect();
        let moved = Matrix::unnamed(3, x.values().iter().map(|value| value + 0.25).collect()).unwrap();
        for (metric, method) in METRICS.into_iter().flat_map(|metric| METHODS.map(|method| (metric, method))) {
            let config = config(method, metric);
            let knn = fit(&config, &x);
            let beside = knn.scores_beside((&x).into(), &own, &cx).unwrap();
            assert_close(&beside, &knn.training_scores((&x).into(), &cx).unwrap());
            for rows in [&x, &moved] {
                for own in [Some(own.as_slice()), None] {
                    let parts = knn.parts(rows, own, &cx).unwrap();
                    let scores = own.map_or_else(
                        || knn.decision_function(rows.into(), &cx),
                        |own| knn.scores_beside(rows.into(), own, &cx),
                    );
                    for (at, (row, (parts, score))) in
                        rows.iter_rows().zip(parts.chunks(3).zip(scores.unwrap())).enumerate()
                    {
                        let (distance, by_feature) = by_definition(&config, &x, row, own.map(|_| at));
                        assert!((score - distance).abs() < 1e-12, "{metric:?} {method:?} {score} {distance}");
                        for (ours, theirs) in parts.iter().zip(&by_feature) {
                            assert!((ours - theirs).abs() < 1e-12, "{metric:?} {method:?} {parts:?} {by_feature:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_sampled_row_alone_is_left_out_of_its_neighbours() {
        let (x, cx) = (x(), Cx::default());
        let config = KNearestNeighborsConfig { max_fit_rows: 12, ..config(NeighborDistance::Mean, Metric::Euclidean) };
        let knn = KNearestNeighbors::fit(&config, &x, &cx).unwrap();
        let own: Vec<u32> = (0..24).collect();
        let training = knn.training_scores((&x).into(), &cx).unwrap();
        assert_close(&knn.scores_beside((&x).into(), &own, &cx).unwrap(), &training);
        // New rows, said in three ways.
        let new = knn.decision_function((&x).into(), &cx).unwrap();
        for own in [vec![u32::MAX; 24], vec![24; 24], vec![]] {
            assert_eq!(knn.scores_beside((&x).into(), &own, &cx).unwrap(), new);
        }
    }

    #[test]
    fn odd_rows_have_finite_parts_that_add_up() {
        let cx = Cx::default();
        let odd = [
            vec![5.0, 5.0],
            vec![0.0; 40],
            vec![1e300, -1e300, 1e300, 1e300, 0.0, 1.0, f64::MAX, f64::MIN, 0.0, 0.0],
            vec![1e-300, 2e-300, 0.0, 5e-324, 1e-30, 0.0],
        ];
        for (values, d) in odd.iter().flat_map(|values| [(values, 1), (values, 2), (values, 20)]) {
            let x = Matrix::unnamed(d, values.iter().copied().cycle().take(values.len() * d).collect()).unwrap();
            let own: Vec<u32> = (0..x.n_rows() as u32).collect();
            for (metric, method) in METRICS.into_iter().flat_map(|metric| METHODS.map(|method| (metric, method))) {
                let knn = fit(&config(method, metric), &x);
                let training = knn.training_scores((&x).into(), &cx).unwrap();
                assert_close(&knn.scores_beside((&x).into(), &own, &cx).unwrap(), &training);
                let parts = knn.parts(&x, Some(&own), &cx).unwrap();
                assert!(parts.iter().all(|&part| part >= 0.0 && part.is_finite()), "{metric:?} {values:?} {parts:?}");
                let sums: Vec<f64> = parts.chunks(d).map(|parts| parts.iter().sum()).collect();
                assert_close(&sums, &training);
            }
        }
    }
}
