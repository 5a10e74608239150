//! Isolation forest: how early do random splits isolate a row?
//!
//! Liu, Ting, Zhou: Isolation forest (ICDM 2008), with the conventions of scikit-learn's `IsolationForest`. The
//! extended variant (Hariri et al. 2019) splits by hyperplanes. A forest may also ask how dense the leaf of a row is
//! (Cortes 2021, arXiv:2111.11639), with the conventions of isotree's `scoring_metric="density"`.

mod hyperplane;
#[cfg(test)]
mod tests;
mod top;
mod tree;
mod value;

use rand::RngExt as _;
use rand::seq::index;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use hyperplane::HyperplaneTree;
use top::{Keys, LANES};
use tree::tree_rng;
pub use tree::{IsolationTree, Split, TreeArrays, to_f32};
pub use value::average_path_length;

use super::sample::{check_training_rows, check_width};
use super::{DetectError, Detector, FittedDetector, Input, contamination_threshold};
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;
use crate::recipe::{Contamination, DetectorKind, IsolationForestConfig, IsolationScoring, MaxSamples};

const KIND: DetectorKind = DetectorKind::IsolationForest;

/// Values scored at a time by one thread: their keys and one tree stay in the fastest cache.
const BLOCK_VALUES: usize = 8192;

/// Most rows scored at a time by one thread: what lies between two looks at the cancel flag is short.
const BLOCK_ROWS: usize = 512;

/// A fitted isolation forest.
///
/// Values are compared in single precision, as scikit-learn does; those beyond its range count as its largest number.
/// A column that is constant in single precision is never split (scikit-learn also leaves out ranges up to 1e-7). Rows
/// that cannot be told apart share a leaf. Where there is only one training row, every score is 0.5. The extended
/// variant compares in double precision; values beyond ±1e150 count as ±1e150.
///
/// A row outside the range of the training rows ends in the leaves of the nearest point inside, and scores as that does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ForestArrays", into = "ForestArrays")]
pub struct IsolationForest {
    trees: Vec<IsolationTree>,
    /// The trees of the extended variant, which has no others.
    hyperplanes: Vec<HyperplaneTree>,
    n_features: usize,
    max_samples: u32,
    scoring: IsolationScoring,
}

/// The saved form of a forest.
#[derive(Serialize, Deserialize)]
struct ForestArrays {
    trees: Vec<TreeArrays>,
    hyperplanes: Vec<HyperplaneTree>,
    n_features: usize,
    max_samples: u32,
    /// Files written before there was a choice are by depth.
    #[serde(default)]
    scoring: IsolationScoring,
}

impl From<IsolationForest> for ForestArrays {
    fn from(forest: IsolationForest) -> Self {
        let IsolationForest { trees, hyperplanes, n_features, max_samples, scoring } = forest;
        let trees = trees.iter().map(|tree| tree.to_arrays(n_features, scoring)).collect();
        Self { trees, hyperplanes, n_features, max_samples, scoring }
    }
}

impl TryFrom<ForestArrays> for IsolationForest {
    type Error = DetectError;

    fn try_from(saved: ForestArrays) -> Result<Self, DetectError> {
        let ForestArrays { trees, hyperplanes, n_features, max_samples, scoring } = saved;
        if scoring == IsolationScoring::Density && !hyperplanes.is_empty() {
            return Err(no_density_of_hyperplanes());
        }
        if let Some(number) = hyperplanes.iter().position(|tree| !tree.is_valid(n_features)) {
            return Err(not_a_tree(number, n_features));
        }
        let trees = trees_of(&trees, n_features, scoring)?;
        Ok(Self { trees, hyperplanes, n_features, max_samples, scoring })
    }
}

impl Detector for IsolationForestConfig {
    type Fitted = IsolationForest;

    fn fit(&self, input: Input<'_>, cx: &Cx) -> Result<IsolationForest, DetectError> {
        IsolationForest::fit(self, input.features, cx)
    }

    fn vote_threshold(&self, sorted: &[f64]) -> f64 {
        match self.contamination {
            Contamination::Auto => match self.scoring {
                IsolationScoring::Depth => 0.5,
                IsolationScoring::Density => 0.0,
            },
            Contamination::Share(share) => contamination_threshold(sorted, share),
        }
    }
}

impl FittedDetector for IsolationForest {
    /// By depth 2^(-mean path length / c(max_samples)), above 0 and at most 1: the opposite of scikit-learn's
    /// `score_samples`.
    ///
    /// By density the mean of ln(share of the volume / share of the rows) over the leaves of a row, as isotree's `predict`
    /// gives it: at most ln(max_samples), 0 where rows are as dense as if they were spread evenly, below 0 where they are
    /// denser. Its opposite is the log of the geometric mean of the densities.
    fn decision_function(&self, input: Input<'_>, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let mut scores = self.value_sums(input.features, cx)?;
        scores.iter_mut().for_each(|sum| *sum = self.score(*sum));
        Ok(scores)
    }
}

impl IsolationForest {
    /// Grows a forest on the rows of `x`. Tree i draws from random stream i of the seed.
    ///
    /// With `bootstrap` a row drawn several times counts once in the tree, as in scikit-learn.
    ///
    /// # Errors
    /// When cancelled, without rows, where a value is not finite, or where densities of the extended variant are asked
    /// for.
    pub fn fit(config: &IsolationForestConfig, x: &Matrix, cx: &Cx) -> Result<Self, DetectError> {
        check_training_rows(x, KIND)?;
        let max_samples = max_samples(config.max_samples, x.n_rows());
        let n_columns = ((config.max_features * x.n_features() as f64) as usize).clamp(1, x.n_features());
        let max_depth = f64::from(max_samples.max(2)).log2().ceil() as u32;
        let n_terms = (config.extension_level as usize).saturating_add(1).min(n_columns);
        let scoring = config.scoring;
        if n_terms > 1 && scoring == IsolationScoring::Density {
            return Err(no_density_of_hyperplanes());
        }
        cx.progress().start("Isolation forest: fit", u64::from(config.n_estimators));
        let trees = 0..config.n_estimators as usize;
        let draw = |tree| {
            cx.progress().add(1);
            let mut rng = tree_rng(cx.seed, tree);
            let columns = index::sample(&mut rng, x.n_features(), n_columns);
            let columns: Vec<u32> = columns.iter().map(|column| column as u32).collect();
            let rows = draw_rows(&mut rng, x.n_rows() as u32, max_samples, config.bootstrap);
            (rows, columns, rng)
        };
        let mut forest = Self { trees: vec![], hyperplanes: vec![], n_features: x.n_features(), max_samples, scoring };
        if n_terms == 1 {
            let tree = |tree| {
                let (rows, columns, mut rng) = draw(tree);
                IsolationTree::grow(x, rows, columns, max_depth, scoring, &mut rng, cx)
            };
            forest.trees = trees.into_par_iter().map(tree).collect::<Result<_, _>>()?;
        } else {
            let tree = |tree| {
                let (rows, columns, mut rng) = draw(tree);
                HyperplaneTree::grow(x, rows, columns, n_terms, max_depth, &mut rng, cx)
            };
            forest.hyperplanes = trees.into_par_iter().map(tree).collect::<Result<_, _>>()?;
        }
        Ok(forest)
    }

    /// A forest that scores by depth, from trees fitted elsewhere, such as scikit-learn's. `max_samples`: rows drawn for
    /// each tree.
    ///
    /// # Errors
    /// [`DetectError::Unusable`] where the arrays of a tree do not describe a tree over `n_features` columns.
    pub fn from_arrays(trees: &[TreeArrays], n_features: usize, max_samples: u32) -> Result<Self, DetectError> {
        let scoring = IsolationScoring::Depth;
        let trees = trees_of(trees, n_features, scoring)?;
        Ok(Self { trees, hyperplanes: vec![], n_features, max_samples, scoring })
    }

    /// The trees; none for the extended variant, whose splits no single feature makes.
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

    /// What the values of leaves measure.
    pub(crate) fn scoring(&self) -> IsolationScoring {
        self.scoring
    }

    /// Whether the trees split by hyperplanes: the extended variant.
    pub(crate) fn is_extended(&self) -> bool {
        !self.hyperplanes.is_empty()
    }

    /// Per row the mean over the trees of the values of its leaves (path lengths or log densities), of which the score is
    /// a function; more for an ordinary row. 0 in a forest without trees.
    ///
    /// # Errors
    /// When cancelled, or when the rows have another number of features than the training rows.
    pub(crate) fn margins(&self, x: &Matrix, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        let mut margins = self.value_sums(x, cx)?;
        margins.iter_mut().for_each(|sum| *sum /= self.n_trees().max(1.0));
        Ok(margins)
    }

    /// The score of a row with this margin.
    pub(crate) fn score_of_margin(&self, margin: f64) -> f64 {
        self.score(margin * self.n_trees())
    }

    fn n_trees(&self) -> f64 {
        (self.trees.len() + self.hyperplanes.len()) as f64
    }

    /// Per row the sum over the trees of the values of its leaves.
    fn value_sums(&self, x: &Matrix, cx: &Cx) -> Result<Vec<f64>, DetectError> {
        check_width(x, self.n_features, KIND)?;
        cx.progress().start("Isolation forest: score", x.n_rows() as u64);
        let mut sums = vec![0.0; x.n_rows()];
        let block_rows = (BLOCK_VALUES / self.n_features / LANES * LANES).clamp(LANES, BLOCK_ROWS);
        let blocks = x.values().par_chunks(block_rows * self.n_features);
        blocks.zip(sums.par_chunks_mut(block_rows)).try_for_each(|(rows, sums)| {
            self.add_values(rows, sums, cx)?;
            cx.progress().add(sums.len() as u64);
            Ok::<_, DetectError>(())
        })?;
        Ok(sums)
    }

    fn add_values(&self, rows: &[f64], sums: &mut [f64], cx: &Cx) -> Result<(), Cancelled> {
        let keys = Keys::new(rows, self.n_features);
        for tree in &self.trees {
            cx.check()?;
            tree.add_values(&keys, sums);
        }
        for tree in &self.hyperplanes {
            cx.check()?;
            tree.add_path_lengths(rows, self.n_features, sums);
        }
        Ok(())
    }

    /// The score of a row, given the sum over the trees of the values of its leaves.
    fn score(&self, sum: f64) -> f64 {
        match self.scoring {
            IsolationScoring::Depth => {
                let scale = self.n_trees() * average_path_length(self.max_samples);
                // One training row has no path to compare with; 0.5 is what scikit-learn says then.
                if scale > 0.0 { (-sum / scale).exp2() } else { 0.5 }
            }
            // A saved forest may have no trees.
            IsolationScoring::Density => (0.0 - sum) / self.n_trees().max(1.0),
        }
    }
}

fn trees_of(
    arrays: &[TreeArrays],
    n_features: usize,
    scoring: IsolationScoring,
) -> Result<Vec<IsolationTree>, DetectError> {
    let tree = |(number, arrays)| {
        IsolationTree::from_arrays(arrays, n_features, scoring).ok_or_else(|| not_a_tree(number, n_features))
    };
    arrays.iter().enumerate().map(tree).collect()
}

fn no_density_of_hyperplanes() -> DetectError {
    let reason = "density is measured of splits by one feature only; set detectors.isolation_forest.extension_level to 0 \
                  or detectors.isolation_forest.scoring to depth";
    DetectError::Unusable { detector: KIND.title(), reason: reason.to_owned() }
}

fn not_a_tree(number: usize, n_features: usize) -> DetectError {
    DetectError::Unusable {
        detector: KIND.title(),
        reason: format!("tree {number} is not a tree over {n_features} features; save the model again"),
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
