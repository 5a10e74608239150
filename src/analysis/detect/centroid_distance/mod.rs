//! Centroid distance: how far does a row lie from the middle of the data?

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::coordinate::coordinate;
use super::sample::{check_training_rows, check_width};
use super::{Decompose, DetectError, Detector, FittedDetector, Input, contamination_threshold};
use crate::analysis::stats::quantiles;
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::{Center, CentroidDistanceConfig, CentroidMetric, DetectorKind};

const KIND: DetectorKind = DetectorKind::CentroidDistance;

/// Rows scored, and values added up, at a time by one thread.
const BLOCK_ROWS: usize = 4096;

/// A fitted centroid distance.
///
/// Values beyond ±1e150 count as ±1e150. A column that is constant adds nothing for its value. One training row is its
/// own middle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CentroidDistance {
    center: Vec<f64>,
    metric: CentroidMetric,
}

impl Detector for CentroidDistanceConfig {
    type Fitted = CentroidDistance;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<CentroidDistance, DetectError> {
        CentroidDistance::fit(self, input.features, cx)
    }

    fn vote_threshold(&self, sorted: &[f64]) -> f64 {
        contamination_threshold(sorted, self.contamination)
    }
}

impl FittedDetector for CentroidDistance {
    /// The distance of each row from the centre, at least 0, in the units of the features.
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let x = input.features;
        check_width(x, self.center.len(), KIND)?;
        cx.progress().start("Centroid distance: score", x.n_rows() as u64);
        let mut scores = vec![0.0; x.n_rows()];
        let blocks = x.values().par_chunks(BLOCK_ROWS * x.n_features());
        blocks.zip(scores.par_chunks_mut(BLOCK_ROWS)).try_for_each(|(rows, scores)| {
            for (score, row) in scores.iter_mut().zip(rows.chunks_exact(x.n_features())) {
                cx.check()?;
                *score = self.distance(row);
            }
            cx.progress().add(scores.len() as u64);
            Ok::<_, DetectError>(())
        })?;
        Ok(scores)
    }
}

impl Decompose for CentroidDistance {
    /// Per feature the difference from the centre, squared and divided by the distance (Euclidean), or its size
    /// (Manhattan); zeros for the centre itself.
    fn parts(&self, x: &Matrix, _own: Option<&[u32]>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        check_width(x, self.center.len(), KIND)?;
        cx.progress().start("Centroid distance: parts", x.n_rows() as u64);
        let mut parts = x.values().to_vec();
        parts.par_chunks_mut(BLOCK_ROWS * x.n_features()).try_for_each(|rows| {
            for row in rows.chunks_exact_mut(x.n_features()) {
                cx.check()?;
                let distance = self.distance(row);
                for (value, center) in row.iter_mut().zip(&self.center) {
                    let difference = (coordinate(*value) - center).abs();
                    *value = match self.metric {
                        CentroidMetric::Euclidean if distance > 0.0 => difference * difference / distance,
                        CentroidMetric::Euclidean => 0.0,
                        CentroidMetric::Manhattan => difference,
                    };
                }
            }
            cx.progress().add((rows.len() / x.n_features()) as u64);
            Ok::<_, DetectError>(())
        })?;
        Ok(parts)
    }
}

impl CentroidDistance {
    /// Finds the middle of the rows of `x`.
    ///
    /// # Errors
    /// When cancelled, without rows, or where a value is not finite.
    pub fn fit(config: &CentroidDistanceConfig, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        check_training_rows(x, KIND)?;
        cx.progress().start("Centroid distance: fit", x.n_features() as u64);
        let centers = (0..x.n_features()).into_par_iter().map(|feature| {
            let mut values = Vec::with_capacity(x.n_rows());
            for rows in x.values().chunks(BLOCK_ROWS * x.n_features()) {
                cx.check()?;
                values.extend(rows.iter().skip(feature).step_by(x.n_features()).map(|&value| coordinate(value)));
            }
            cx.progress().add(1);
            Ok::<_, DetectError>(match config.center {
                Center::Mean => values.iter().sum::<f64>() / values.len() as f64,
                Center::Median => {
                    let [median] = quantiles(&values, [0.5]);
                    median
                }
            })
        });
        Ok(Self { center: centers.collect::<Result<_, _>>()?, metric: config.metric })
    }

    /// The centre, one value per feature.
    pub fn center(&self) -> &[f64] {
        &self.center
    }

    fn distance(&self, row: &[f64]) -> f64 {
        let differences = row.iter().zip(&self.center).map(|(&value, center)| coordinate(value) - center);
        match self.metric {
            CentroidMetric::Euclidean => differences.map(|d| d * d).sum::<f64>().sqrt(),
            CentroidMetric::Manhattan => differences.map(f64::abs).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(metric: CentroidMetric, center: Center, train: &[f64], rows: &[f64]) -> Vec<f64> {
        let matrix = |values: &[f64]| Matrix::unnamed(2, values.to_vec()).unwrap();
        let config = CentroidDistanceConfig { metric, center, ..Default::default() };
        let fitted = CentroidDistance::fit(&config, &matrix(train), &Cx::default()).unwrap();
        let saved: CentroidDistance = ron::from_str(&ron::to_string(&fitted).unwrap()).unwrap();
        assert_eq!(saved, fitted);
        fitted.decision_function(Input::from(&matrix(rows)), &Cx::default()).unwrap()
    }

    #[test]
    fn distances_of_hand_computed_cases() {
        // Means (4, 0), medians (1, 0).
        let train = [0.0, 0.0, 1.0, -3.0, 11.0, 3.0];
        let rows = [7.0, 4.0, 4.0, 0.0];
        assert_eq!(scores(CentroidMetric::Euclidean, Center::Mean, &train, &rows), [5.0, 0.0]);
        assert_eq!(scores(CentroidMetric::Manhattan, Center::Mean, &train, &rows), [7.0, 0.0]);
        assert_eq!(scores(CentroidMetric::Manhattan, Center::Median, &train, &rows), [10.0, 3.0]);
        assert_eq!(scores(CentroidMetric::Euclidean, Center::Median, &train, &rows), [52.0_f64.sqrt(), 3.0]);
    }

    #[test]
    fn parts_of_hand_computed_cases() {
        // Means (4, 0), medians (1, 0).
        let x = Matrix::unnamed(2, vec![0.0, 0.0, 1.0, -3.0, 11.0, 3.0]).unwrap();
        let rows = Matrix::unnamed(2, vec![7.0, -4.0, 4.0, 0.0, 1.0, 1e300]).unwrap();
        let parts = |metric, center| {
            let config = CentroidDistanceConfig { metric, center, ..Default::default() };
            CentroidDistance::fit(&config, &x, &Cx::default()).unwrap().parts(&rows, None, &Cx::default()).unwrap()
        };
        assert_eq!(parts(CentroidMetric::Euclidean, Center::Mean), [9.0 / 5.0, 16.0 / 5.0, 0.0, 0.0, 9e-150, 1e150]);
        assert_eq!(parts(CentroidMetric::Manhattan, Center::Median), [6.0, 4.0, 3.0, 0.0, 0.0, 1e150]);
    }

    #[test]
    fn degenerate_rows_have_finite_distances() {
        for (metric, center) in [(CentroidMetric::Euclidean, Center::Mean), (CentroidMetric::Manhattan, Center::Median)]
        {
            let huge = scores(metric, center, &[1e300, 0.0, -1e300, 0.0, 1e300, 1.0], &[-1e300, f64::MAX]);
            assert!(huge[0].is_finite() && huge[0] > 1e150);
            assert_eq!(scores(metric, center, &[3.0, 4.0], &[3.0, 4.0]), [0.0]);
        }
    }
}
