//! HBOS: how low are the bars of the histograms that a row falls into?
//!
//! Goldstein, Dengel: Histogram-based outlier score (KI 2012), with the conventions of PyOD's `HBOS`.

mod histogram;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::histogram::{Edges, optimal_n_bins};
use super::coordinate::coordinate;
use super::sample::{check_training_rows, check_width};
use super::sort::sorted;
use super::{Decompose, DetectError, Detector, FittedDetector, Input, contamination_threshold};
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;
use crate::recipe::{DetectorKind, HbosConfig, HistogramBins};

const KIND: DetectorKind = DetectorKind::Hbos;

/// Rows looked at by one thread at a time.
const BLOCK_ROWS: usize = 1024;

/// Fitted histograms.
///
/// Values beyond ±1e150 count as ±1e150. A column whose range is too small for its bins (a constant one) has bins from
/// half below to half above its smallest value, as in numpy. With one training row, rows near it score lowest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hbos {
    columns: Vec<Column>,
    tol: f64,
}

/// The histogram of a column, ready to score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Column {
    edges: Edges,
    /// Per bin the binary logarithm of its density (plus alpha).
    log_density: Vec<f64>,
    /// The lowest of them.
    lowest: f64,
}

impl Detector for HbosConfig {
    type Fitted = Hbos;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<Hbos, DetectError> {
        Hbos::fit(self, input.features, cx)
    }

    fn vote_threshold(&self, sorted: &[f64]) -> f64 {
        contamination_threshold(sorted, self.contamination)
    }
}

impl FittedDetector for Hbos {
    /// Minus the sum over the columns of log2(density + alpha): PyOD's `decision_function`, of any sign.
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let x = input.features;
        check_width(x, self.columns.len(), KIND)?;
        cx.progress().start("HBOS: score", x.n_rows() as u64);
        let mut scores = vec![0.0; x.n_rows()];
        let blocks = x.values().par_chunks(BLOCK_ROWS * x.n_features());
        blocks.zip(scores.par_chunks_mut(BLOCK_ROWS)).try_for_each(|(rows, scores)| {
            for (feature, column) in self.columns.iter().enumerate() {
                cx.check()?;
                for (row, score) in rows.chunks_exact(x.n_features()).zip(scores.iter_mut()) {
                    *score -= column.log_density(coordinate(row[feature]), self.tol);
                }
            }
            cx.progress().add(scores.len() as u64);
            Ok::<_, DetectError>(())
        })?;
        Ok(scores)
    }
}

impl Decompose for Hbos {
    /// Per column minus log2(density + alpha), of any sign.
    fn parts(&self, x: &Matrix, _own: Option<&[u32]>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        check_width(x, self.columns.len(), KIND)?;
        cx.progress().start("HBOS: parts", x.n_rows() as u64);
        let mut parts = x.values().to_vec();
        parts.par_chunks_mut(BLOCK_ROWS * x.n_features()).try_for_each(|rows| {
            for (feature, column) in self.columns.iter().enumerate() {
                cx.check()?;
                for value in rows.iter_mut().skip(feature).step_by(x.n_features()) {
                    *value = -column.log_density(coordinate(*value), self.tol);
                }
            }
            cx.progress().add((rows.len() / x.n_features()) as u64);
            Ok::<_, DetectError>(())
        })?;
        Ok(parts)
    }
}

impl Hbos {
    /// Counts the values of each column of `x` in bins of equal width.
    ///
    /// # Errors
    /// When cancelled, without rows, or where a value is not finite.
    pub fn fit(config: &HbosConfig, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        check_training_rows(x, KIND)?;
        cx.progress().start("HBOS: fit", 2 * x.n_rows() as u64);
        let ranges = ranges(x, cx)?;
        let edges = ranges.into_par_iter().enumerate().map(|(feature, (min, max))| {
            let n_bins = match config.n_bins {
                HistogramBins::Count(n_bins) => n_bins.max(1) as usize,
                HistogramBins::Auto => optimal_n_bins(&sorted(x, feature, cx)?, cx)?,
            };
            Ok(Edges::new(min, max, n_bins))
        });
        let edges = edges.collect::<Result<Vec<_>, Cancelled>>()?;
        let counts = counts(x, &edges, cx)?;
        let columns = edges.into_iter().zip(counts);
        let columns = columns.map(|(edges, counts)| Column::new(edges, &counts, x.n_rows(), config.alpha)).collect();
        Ok(Self { columns, tol: config.tol })
    }
}

impl Column {
    fn new(edges: Edges, counts: &[u64], n_rows: usize, alpha: f64) -> Self {
        let density = |(&count, width)| count as f64 / width / n_rows as f64;
        let log_density: Vec<f64> =
            counts.iter().zip(edges.widths()).map(density).map(|density| (density + alpha).log2()).collect();
        let lowest = log_density.iter().copied().fold(f64::INFINITY, f64::min);
        Self { edges, log_density, lowest }
    }

    /// Of the bin with the value, the last bin where it lies up to `tol` widths outside, else of the lowest bar.
    fn log_density(&self, value: f64, tol: f64) -> f64 {
        match self.edges.bin_closed_right(value) {
            Ok(bin) => self.log_density[bin],
            Err(outside) if outside.widths <= tol => self.log_density[outside.nearest],
            Err(_) => self.lowest,
        }
    }
}

/// Smallest and largest value of each column.
fn ranges(x: &Matrix, cx: &Cx) -> Result<Vec<(f64, f64)>, Cancelled> {
    let none = || vec![(f64::INFINITY, f64::NEG_INFINITY); x.n_features()];
    let widen = |ranges: &mut [(f64, f64)], row: &[f64]| {
        for ((min, max), &value) in ranges.iter_mut().zip(row) {
            let value = coordinate(value);
            (*min, *max) = (min.min(value), max.max(value));
        }
    };
    let blocks = x.values().par_chunks(BLOCK_ROWS * x.n_features()).map(|rows| {
        cx.check()?;
        let mut ranges = none();
        rows.chunks_exact(x.n_features()).for_each(|row| widen(&mut ranges, row));
        cx.progress().add((rows.len() / x.n_features()) as u64);
        Ok(ranges)
    });
    blocks.try_reduce(none, |mut a, b| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a = (a.0.min(b.0), a.1.max(b.1)));
        Ok(a)
    })
}

/// Values in each bin of each column.
fn counts(x: &Matrix, edges: &[Edges], cx: &Cx) -> Result<Vec<Vec<u64>>, Cancelled> {
    let none = || edges.iter().map(|edges| vec![0; edges.n_bins()]).collect::<Vec<Vec<u64>>>();
    let blocks = x.values().par_chunks(BLOCK_ROWS * x.n_features());
    // Counts are whole numbers, so the order in which threads add them up does not matter.
    let folded = blocks.try_fold(none, |mut counts, rows| {
        for (feature, (edges, counts)) in edges.iter().zip(&mut counts).enumerate() {
            cx.check()?;
            for &value in rows.iter().skip(feature).step_by(x.n_features()) {
                counts[edges.bin(coordinate(value))] += 1;
            }
        }
        cx.progress().add((rows.len() / x.n_features()) as u64);
        Ok(counts)
    });
    folded.try_reduce(none, |mut a, b| {
        a.iter_mut().flatten().zip(b.into_iter().flatten()).for_each(|(a, b)| *a += b);
        Ok(a)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // numpy.random.default_rng(1), rounded: a column with a tail right, one with a tail left, a constant, a symmetric one.
    const X: [f64; 48] = [
        1.1, -1.7, 2.5, -1.89, 0.3, -0.2, 2.5, -0.17, 5.4, -0.8, 2.5, -0.42, 0.4, -0.1, 2.5, 0.21, 0.1, -0.9, 2.5,
        0.22, 1.8, -0.5, 2.5, 2.12, 0.5, -0.7, 2.5, -1.11, 0.6, -2.6, 2.5, -0.38, 0.0, -1.1, 2.5, 2.04, 0.8, -0.9, 2.5,
        0.65, 1.0, -2.8, 2.5, 0.66, 0.2, -2.0, 2.5, -0.51,
    ];

    const NEW: [f64; 12] = [5.0, -9.0, 2.5, 0.0, -0.05, 0.1, 2.49, -9.0, 1.0, -1.0, 9.0, 9.0];

    fn assert_scores(config: &HbosConfig, x: &Matrix, rows: &[f64], theirs: &[f64]) {
        let rows = Matrix::unnamed(x.n_features(), rows.to_vec()).unwrap();
        let fitted = Hbos::fit(config, x, &Cx::default()).unwrap();
        let saved: Hbos = ron::from_str(&ron::to_string(&fitted).unwrap()).unwrap();
        assert_eq!(saved, fitted);
        let ours = fitted.decision_function(Input::from(&rows), &Cx::default()).unwrap();
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!((ours - theirs).abs() < 1e-12, "{ours} {theirs}");
        }
    }

    #[test]
    fn scores_are_those_of_pyod() {
        let x = Matrix::unnamed(4, X.to_vec()).unwrap();
        // pyod.models.hbos.HBOS().fit(X).decision_scores_
        let training = [
            8.288166544332709,
            5.464255458148273,
            5.347884896657753,
            4.7199838827481475,
            3.824227428418026,
            7.543894968932586,
            4.56849900381815,
            5.097251864006352,
            5.53169082934546,
            4.69004208102363,
            5.585798535353751,
            5.043144157998059,
        ];
        assert_scores(&HbosConfig::default(), &x, &X, &training);
        // HBOS().fit(X).decision_function(NEW)
        let new = [10.319003948255302, 9.928857715663728, 8.763834964346739];
        assert_scores(&HbosConfig::default(), &x, &NEW, &new);
        // HBOS(n_bins=4, alpha=0.3, tol=0.1).fit(X).decision_function(NEW)
        let config = HbosConfig { n_bins: HistogramBins::Count(4), alpha: 0.3, tol: 0.1, ..Default::default() };
        assert_scores(&config, &x, &NEW, &[4.735459921711439, 3.83296165499822, 3.295449616225291]);
    }

    #[test]
    fn parts_are_those_of_pyod() {
        let (x, new) = (Matrix::unnamed(4, X.to_vec()).unwrap(), Matrix::unnamed(4, NEW.to_vec()).unwrap());
        let fitted = Hbos::fit(&HbosConfig::default(), &x, &Cx::default()).unwrap();
        // An empty bar: -log2(alpha).
        const LOWEST: f64 = std::f64::consts::LOG2_10;
        // m = HBOS().fit(X); -pyod.models.hbos._calculate_outlier_scores(NEW, m.bin_edges_, m.hist_, 10, 0.1, 0.5)
        let theirs = [
            [1.9752775705887686, LOWEST, LOWEST, 1.699870187891809],
            [-0.03692656899835741, LOWEST, LOWEST, LOWEST],
            [0.8288880836072453, 1.2910906909647692, LOWEST, LOWEST],
        ];
        for (ours, theirs) in fitted.parts(&new, None, &Cx::default()).unwrap().iter().zip(theirs.as_flattened()) {
            assert!((ours - theirs).abs() < 1e-12, "{ours} {theirs}");
        }
    }

    #[test]
    fn the_number_of_bins_is_that_of_pyod() {
        let wave = |i: usize| ((i * 7919) % 1009) as f64 / 1009.0;
        let values: Vec<f64> = (0..400).map(|i| if i % 2 == 1 { wave(i) * wave(i) } else { 3.0 + wave(i) }).collect();
        let x = Matrix::unnamed(1, values.clone()).unwrap();
        let config = HbosConfig { n_bins: HistogramBins::Auto, ..Default::default() };
        assert_eq!(Hbos::fit(&config, &x, &Cx::default()).unwrap().columns[0].log_density.len(), 4);
        // HBOS(n_bins="auto").fit(values).decision_scores_[:4]
        assert_scores(
            &config,
            &x,
            &values[..4],
            &[0.7348709226779961, 0.7348709226779965, 0.7348709226779961, 0.7348709226779965],
        );
    }

    #[test]
    fn constant_columns_and_huge_values() {
        // HBOS().fit([[7.0]] * 5).decision_scores_
        assert_scores(&HbosConfig::default(), &Matrix::unnamed(1, vec![7.0; 5]).unwrap(), &[7.0], &[10.0_f64.log2()]);
        for n_bins in [HistogramBins::Auto, HistogramBins::Count(10)] {
            let config = HbosConfig { n_bins, ..Default::default() };
            let x = Matrix::unnamed(1, vec![1e300, -1e300, 0.0, f64::MAX]).unwrap();
            let fitted = Hbos::fit(&config, &x, &Cx::default()).unwrap();
            let scores = fitted.decision_function(Input::from(&x), &Cx::default()).unwrap();
            assert!(scores.iter().all(|score| score.is_finite()), "{scores:?}");
        }
    }
}
