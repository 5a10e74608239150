//! Isolation forest: how early do random splits isolate a row?
//!
//! Liu, Ting, Zhou: Isolation forest (ICDM 2008), with the conventions of scikit-learn's `IsolationForest`.

mod tree;

use rand::RngExt as _;
use rand::seq::index;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use tree::{IsolationTree, Split, TreeArrays, average_path_length, to_f32};
use tree::{TreeSample, tree_rng};

use super::sample::{check_training_rows, check_width};
use super::{DetectError, Detector, FittedDetector};
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;
use crate::recipe::{DetectorKind, IsolationForestConfig, MaxSamples};

const KIND: DetectorKind = DetectorKind::IsolationForest;

/// Rows scored at a time by one thread: their single-precision copy and one tree stay in the fastest cache.
const BLOCK_ROWS: usize = 256;

/// A fitted isolation forest.
///
/// Values are compared in single precision, as scikit-learn does; those beyond its range count as its largest number.
/// A column that is constant in single precision is never split (scikit-learn also leaves out ranges up to 1e-7). Rows
/// that cannot be told apart share a leaf. Where there is only one training row, every score is 0.5.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ForestArrays", into = "ForestArrays")]
pub struct IsolationForest {
    trees: Vec<IsolationTree>,
    n_features: usize,
    max_samples: u32,
}

/// The saved form of a forest.
#[derive(Serialize, Deserialize)]
struct ForestArrays {
    trees: Vec<TreeArrays>,
    n_features: usize,
    max_samples: u32,
}

impl From<IsolationForest> for ForestArrays {
    fn from(forest: IsolationForest) -> Self {
        let trees = forest.trees.iter().map(|tree| tree.to_arrays(forest.n_features)).collect();
        Self { trees, n_features: forest.n_features, max_samples: forest.max_samples }
    }
}

impl TryFrom<ForestArrays> for IsolationForest {
    type Error = DetectError;

    fn try_from(saved: ForestArrays) -> Result<Self, DetectError> {
        Self::from_arrays(&saved.trees, saved.n_features, saved.max_samples)
    }
}

impl Detector for IsolationForestConfig {
    fn kind(&self) -> DetectorKind {
        KIND
    }

    fn fit(&self, x: &Matrix, cx: &Cx) -> Result<Box<dyn FittedDetector>, DetectError> {
        Ok(Box::new(IsolationForest::fit(self, x, cx)?))
    }
}

impl FittedDetector for IsolationForest {
    /// 2^(-mean path length / c(max_samples)), above 0 and at most 1: the opposite of scikit-learn's `score_samples`.
    fn decision_function(&self, x: &Matrix, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        check_width(x, self.n_features, KIND)?;
        cx.progress().start("Isolation forest: score", x.n_rows() as u64);
        let mut scores = vec![0.0; x.n_rows()];
        let blocks = x.values().par_chunks(BLOCK_ROWS * self.n_features);
        blocks.zip(scores.par_chunks_mut(BLOCK_ROWS)).try_for_each(|(rows, scores)| {
            self.score_block(rows, scores, cx)?;
            cx.progress().add(scores.len() as u64);
            Ok::<_, DetectError>(())
        })?;
        Ok(scores)
    }
}

impl IsolationForest {
    /// Grows a forest on the rows of `x`. Tree i draws from random stream i of the seed.
    ///
    /// With `bootstrap` a row drawn several times counts once in the tree, as in scikit-learn.
    ///
    /// # Errors
    /// When cancelled, without rows, or where a value is not finite.
    pub fn fit(config: &IsolationForestConfig, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        check_training_rows(x, KIND)?;
        let max_samples = max_samples(config.max_samples, x.n_rows());
        let n_columns = ((config.max_features * x.n_features() as f64) as usize).clamp(1, x.n_features());
        let max_depth = f64::from(max_samples.max(2)).log2().ceil() as u32;
        cx.progress().start("Isolation forest: fit", u64::from(config.n_estimators));
        let trees = (0..config.n_estimators as usize).into_par_iter().map(|tree| {
            let mut rng = tree_rng(cx.seed, tree);
            let columns = index::sample(&mut rng, x.n_features(), n_columns);
            let columns = columns.iter().map(|column| column as u32).collect();
            let rows = draw_rows(&mut rng, x.n_rows() as u32, max_samples, config.bootstrap);
            let sample = gather(x, columns, &rows, cx)?;
            let tree = IsolationTree::grow(&sample, max_depth, &mut rng, cx)?;
            cx.progress().add(1);
            Ok::<_, DetectError>(tree)
        });
        Ok(Self { trees: trees.collect::<Result<_, _>>()?, n_features: x.n_features(), max_samples })
    }

    /// A forest from trees fitted elsewhere, such as scikit-learn's. `max_samples`: rows drawn for each tree.
    ///
    /// # Errors
    /// [`DetectError::Unusable`] where the arrays of a tree do not describe a tree over `n_features` columns.
    pub fn from_arrays(trees: &[TreeArrays], n_features: usize, max_samples: u32) -> Result<Self, DetectError> {
        let tree = |(number, arrays)| {
            IsolationTree::from_arrays(arrays, n_features).ok_or_else(|| DetectError::Unusable {
                detector: KIND.title(),
                reason: format!("tree {number} is not a tree over {n_features} features; save the model again"),
            })
        };
        Ok(Self { trees: trees.iter().enumerate().map(tree).collect::<Result<_, _>>()?, n_features, max_samples })
    }

    /// The trees.
    pub fn trees(&self) -> &[IsolationTree] {
        &self.trees
    }

    /// Number of features of the rows.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Rows drawn for each tree.
    pub fn max_samples(&self) -> u32 {
        self.max_samples
    }

    fn score_block(&self, rows: &[f64], scores: &mut [f64], cx: &Cx) -> Result<(), Cancelled> {
        let rows: Vec<f32> = rows.iter().map(|&value| to_f32(value)).collect();
        for tree in &self.trees {
            cx.check()?;
            tree.add_path_lengths(&rows, self.n_features, scores);
        }
        let scale = self.trees.len() as f64 * average_path_length(self.max_samples);
        for score in scores {
            // One training row has no path to compare with; 0.5 is what scikit-learn says then.
            *score = if scale > 0.0 { (-*score / scale).exp2() } else { 0.5 };
        }
        Ok(())
    }
}

/// Rows to draw for each tree, at least 1 and at most all.
fn max_samples(setting: MaxSamples, n_rows: usize) -> u32 {
    let wanted = match setting {
        MaxSamples::Auto => 256,
        MaxSamples::Count(count) => count as usize,
        MaxSamples::Fraction(share) => (share * n_rows as f64) as usize,
    };
    u32::try_from(wanted.clamp(1, n_rows.max(1))).unwrap_or(u32::MAX)
}

/// Row numbers of a tree, each at most once.
fn draw_rows(rng: &mut rand_chacha::ChaCha8Rng, n_rows: u32, max_samples: u32, bootstrap: bool) -> Vec<u32> {
    if !bootstrap {
        let drawn = index::sample(rng, n_rows as usize, max_samples as usize);
        return drawn.iter().map(|row| row as u32).collect();
    }
    let mut rows: Vec<u32> = (0..max_samples).map(|_| rng.random_range(0..n_rows)).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Copies rows and columns into the form a tree is grown on.
fn gather(x: &Matrix, columns: Vec<u32>, rows: &[u32], cx: &Cx) -> Result<TreeSample, Cancelled> {
    let mut values = Vec::with_capacity(columns.len() * rows.len());
    for &column in &columns {
        cx.check()?;
        let value = |&row: &u32| x.values()[row as usize * x.n_features() + column as usize];
        values.extend(rows.iter().map(value).map(to_f32));
    }
    Ok(TreeSample { columns, values, rows: rows.len() })
}
