//! What the features and columns add to the score of one detector.

use super::{ExplainError, Explainer, Explanation, Margin, Method, Target, evenly};
use crate::analysis::detect::isolation_forest::IsolationForest;
use crate::analysis::detect::{Combine, Decompose, Model, ScoresColumns};
use crate::analysis::explain::Attribution;
use crate::analysis::explain::batch::BatchFn;
use crate::analysis::explain::kernel_shap::KernelShap;
use crate::analysis::explain::shapley::shapley_of_max;
use crate::analysis::explain::tree_shap::{TreeShap, score_attributions};
use crate::cx::Cx;
use crate::data::Matrix;
use crate::engine::Snapshot;
use crate::recipe::{DetectorKind, IsolationScoring, Recipe};

/// Hypothetical rows scored at a time: what lies between two looks at the cancel flag is short.
pub(super) const BLOCK_ROWS: usize = 64;

/// Coalitions and background rows where KernelSHAP is one step of many.
const QUICK: (usize, usize) = (256, 8);

/// Nodes of the quadrature, and background rows, where a one-class SVM is one detector of many.
const QUICK_SVM: (usize, usize) = (16, 8);

/// How the score of a detector is handed down to the features, where it is one of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Trees {
        interventional: bool,
    },
    /// The parts as they are, or less their mean over the background rows.
    Parts {
        centred: bool,
    },
    /// Columns over time: against the background rows, or against nothing.
    Columns {
        centred: bool,
    },
    Svm {
        quick: bool,
    },
    Kernel {
        quick: bool,
    },
}

impl Explainer {
    /// The methods that can explain a detector, the best one first.
    pub(super) fn methods_of(&self, detector: usize) -> Vec<Method> {
        let of_model = match self.detectors.models.get(detector).map(|model| &**model) {
            Some(Model::IsolationForest(forest)) if !forest.is_extended() => {
                &[Method::TreeShap, Method::TreeShapInterventional][..]
            }
            Some(Model::OneClassSvm(svm)) if svm.has_shapley() => &[Method::ExactShap],
            Some(Model::Ecod(_) | Model::Copod(_) | Model::Hbos(_)) => &[Method::Decomposition, Method::ExactShap],
            Some(Model::LocalOutlierFactor(_)) => return vec![Method::KernelShap, Method::Decomposition, Method::Lime],
            Some(model) if model.as_decompose().is_some() => &[Method::Decomposition],
            Some(model) if model.as_scores_columns().is_some() => &[Method::ExactShap, Method::Decomposition],
            _ => &[],
        };
        of_model.iter().copied().chain([Method::KernelShap, Method::Lime]).collect()
    }

    /// Explains the score of a detector for some rows.
    pub(super) fn of_detector(
        &self,
        snapshot: &Snapshot,
        detector: usize,
        rows: &[u32],
        method: Method,
        cx: &Cx,
    ) -> Result<Vec<Explanation>, ExplainError> {
        let model = self.detectors.models.get(detector).map(|model| &**model);
        let is_series = model.is_some_and(|model| model.as_scores_columns().is_some());
        let way = match method {
            Method::TreeShap => Way::Trees { interventional: false },
            Method::TreeShapInterventional => Way::Trees { interventional: true },
            Method::Decomposition if is_series => Way::Columns { centred: false },
            Method::Decomposition => Way::Parts { centred: false },
            Method::ExactShap if is_series => Way::Columns { centred: true },
            Method::ExactShap if matches!(model, Some(Model::OneClassSvm(_))) => Way::Svm { quick: false },
            Method::ExactShap => Way::Parts { centred: true },
            Method::KernelShap | Method::ChainedShap | Method::Lime => Way::Kernel { quick: false },
        };
        let kind = self.fitted.scores.get(detector).map_or(DetectorKind::IsolationForest, |scores| scores.kind);
        let found = self.attributions(snapshot, detector, rows, way, cx)?;
        let explanation = |(&row, attribution): (&u32, Attribution)| {
            let margin = match way {
                Way::Trees { interventional } => self.margin(row, interventional, cx)?,
                _ => None,
            };
            let explained = self.explanation(row, Target::Detector(kind), method, &attribution);
            Ok(Explanation { margin, ..explained })
        };
        rows.iter().zip(found).map(explanation).collect()
    }

    /// What the players add to the score of a detector, in the way that takes least time.
    pub(super) fn handed_down(
        &self,
        snapshot: &Snapshot,
        detector: usize,
        rows: &[u32],
        cx: &Cx,
    ) -> Result<Vec<Attribution>, ExplainError> {
        let way = match self.detectors.models.get(detector).map(|model| &**model) {
            Some(Model::IsolationForest(forest)) if !forest.is_extended() => Way::Trees { interventional: false },
            Some(Model::OneClassSvm(svm)) if svm.has_shapley() => Way::Svm { quick: true },
            Some(model) if model.as_scores_columns().is_some() => Way::Columns { centred: true },
            Some(model) if model.as_decompose().is_some() => Way::Parts { centred: true },
            _ => Way::Kernel { quick: true },
        };
        self.attributions(snapshot, detector, rows, way, cx)
    }

    fn attributions(
        &self,
        snapshot: &Snapshot,
        at: usize,
        rows: &[u32],
        way: Way,
        cx: &Cx,
    ) -> Result<Vec<Attribution>, ExplainError> {
        let Some(model) = self.detectors.models.get(at) else { return Ok(Vec::new()) };
        let x = self.features().select(rows);
        let aside = &cx.aside();
        let found = match (way, &**model) {
            (Way::Trees { interventional }, Model::IsolationForest(forest)) => {
                let Some(trees) = self.trees(interventional, cx)? else { return Ok(Vec::new()) };
                score_attributions(forest, &trees.explain(forest, &x, aside)?)
            }
            (Way::Svm { quick }, Model::OneClassSvm(svm)) => {
                let (nodes, rows) = if quick { QUICK_SVM } else { (usize::MAX, usize::MAX) };
                let background = self.features().select(&evenly(&self.background, rows));
                svm.shapley_with(&x, &background, nodes, aside)?.unwrap_or_default()
            }
            (Way::Parts { centred: false }, model) => match model.as_decompose() {
                Some(detector) => {
                    let parts = detector.parts(&x, self.own(rows), aside)?;
                    parts.chunks_exact(x.n_features()).map(|parts| of_sum(parts, &[])).collect()
                }
                None => Vec::new(),
            },
            (Way::Parts { centred: true }, model) => match model.as_decompose() {
                Some(detector) => self.centred_shares(at, detector, rows, &x, aside)?,
                None => Vec::new(),
            },
            (Way::Columns { centred }, model) => match model.as_scores_columns() {
                Some(detector) => self.columns(at, detector, rows, centred, aside)?,
                None => Vec::new(),
            },
            (Way::Kernel { quick }, _) => {
                rows.iter().map(|&row| self.by_kernel(snapshot, at, row, quick, cx)).collect::<Result<_, _>>()?
            }
            _ => Vec::new(),
        };
        // Detectors of features say nothing of columns over time.
        let widened = |mut attribution: Attribution| {
            attribution.contributions.resize(self.players.len(), 0.0);
            if !attribution.standard_errors.is_empty() {
                attribution.standard_errors.resize(self.players.len(), 0.0);
            }
            attribution
        };
        Ok(found.into_iter().map(widened).collect())
    }

    /// The forest of the run, ready for its SHAP values.
    fn trees(&self, interventional: bool, cx: &Cx) -> Result<Option<&TreeShap>, ExplainError> {
        let Some(kept) = self.forests.get(usize::from(interventional)) else { return Ok(None) };
        if kept.get().is_none() {
            let trees = match self.forest() {
                Some(forest) if interventional => {
                    TreeShap::interventional(forest, &self.features().select(&self.background), cx)?
                }
                Some(forest) => TreeShap::path_dependent(forest, cx)?,
                None => None,
            };
            // Another thread may have been first; both found the same.
            let _ = kept.set(trees);
        }
        Ok(kept.get().and_then(Option::as_ref))
    }

    /// What the trees measure of a row, which the score is made from.
    fn margin(&self, row: u32, interventional: bool, cx: &Cx) -> Result<Option<Margin>, ExplainError> {
        let (Some(trees), Some(forest)) = (self.trees(interventional, cx)?, self.forest()) else { return Ok(None) };
        let found = trees.explain(forest, &self.features().select(&[row]), &cx.aside())?;
        let name = match forest.scoring() {
            IsolationScoring::Depth => "mean path length",
            IsolationScoring::Density => "mean log density",
        };
        Ok(found.first().map(|margin| Margin { name, value: margin.value, base: margin.base }))
    }

    fn forest(&self) -> Option<&IsolationForest> {
        self.detectors.models.iter().find_map(|model| match &**model {
            Model::IsolationForest(forest) => Some(forest),
            _ => None,
        })
    }

    /// The rows that must not count as their own neighbours.
    fn own<'a>(&self, rows: &'a [u32]) -> Option<&'a [u32]> {
        self.detectors.fitted_on_all.then_some(rows)
    }

    /// What the features add to a score against their mean shares over the background rows.
    fn centred_shares(
        &self,
        at: usize,
        detector: &dyn Decompose,
        rows: &[u32],
        x: &Matrix,
        cx: &Cx,
    ) -> Result<Vec<Attribution>, ExplainError> {
        let shares = detector.shares(x, self.own(rows), cx)?;
        let Some(kept) = self.mean_parts.get(at) else { return Ok(Vec::new()) };
        let mean = match kept.get() {
            Some(mean) => mean,
            None => {
                let background = self.features().select(&self.background);
                let shares = detector.shares(&background, self.own(&self.background), cx)?;
                kept.get_or_init(|| mean_of_rows(&shares, x.n_features()))
            }
        };
        Ok(shares.chunks_exact(x.n_features()).map(|shares| of_sum(shares, mean)).collect())
    }

    fn columns(
        &self,
        at: usize,
        detector: &dyn ScoresColumns,
        rows: &[u32],
        centred: bool,
        cx: &Cx,
    ) -> Result<Vec<Attribution>, ExplainError> {
        let n_columns = self.detectors.measures.as_ref().map_or(0, Matrix::n_features);
        let scores_of = |rows: &[u32]| self.detectors.column_scores(at, self.features(), rows, cx);
        let scores = scores_of(rows)?;
        let usual = match (centred, self.mean_parts.get(at)) {
            (true, Some(kept)) => match kept.get() {
                Some(usual) => usual.clone(),
                None => {
                    let usual = mean_of_rows(&scores_of(&self.background)?, n_columns);
                    let _ = kept.set(usual.clone());
                    usual
                }
            },
            _ => vec![0.0; n_columns],
        };
        let n_features = self.features().n_features();
        let attribution = |scores: &[f64]| {
            let found = match detector.combine() {
                Combine::Max => shapley_of_max(&usual, scores),
                Combine::Mean => of_mean(&usual, scores),
            };
            let contributions = std::iter::repeat_n(0.0, n_features).chain(found.contributions).collect();
            Attribution { contributions, ..found }
        };
        Ok(scores.chunks_exact(n_columns.max(1)).map(attribution).collect())
    }

    /// KernelSHAP of one detector.
    fn by_kernel(
        &self,
        snapshot: &Snapshot,
        detector: usize,
        row: u32,
        quick: bool,
        cx: &Cx,
    ) -> Result<Attribution, ExplainError> {
        let numbers = self.detectors.numbers(self.features(), &[row], cx)?;
        let (width, names) = (numbers.n_features(), self.features().shared_features());
        let f = |rows: &[f64]| {
            let own = vec![row; rows.len() / width];
            self.detectors.scores(detector, rows, width, &own, &names, cx)
        };
        self.kernel(&f, numbers.row(0), &snapshot.recipe, quick, cx)
    }

    /// KernelSHAP of a function of the numbers of a row, as the recipe says.
    pub(super) fn kernel(
        &self,
        f: &BatchFn<'_, ExplainError>,
        row: &[f64],
        recipe: &Recipe,
        quick: bool,
        cx: &Cx,
    ) -> Result<Attribution, ExplainError> {
        let config = &recipe.explanation;
        let (samples, rows) = if quick { QUICK } else { (config.n_samples as usize, usize::MAX) };
        let kernel = KernelShap {
            exact_below: config.exact_below as usize,
            n_samples: samples.min(config.n_samples as usize),
            seed: recipe.compute.seed,
            block_rows: BLOCK_ROWS,
        };
        let fewer: Vec<u32> = (0..self.background_numbers.n_rows() as u32).collect();
        let background = self.background_numbers.select(&evenly(&fewer, rows));
        let players: Vec<Vec<usize>> = self.players.iter().map(|player| player.numbers.clone()).collect();
        kernel.explain(f, row, &background, &players, cx)
    }
}

/// A sum of parts, each against what is usual, which is 0 where nothing is given.
fn of_sum(parts: &[f64], usual: &[f64]) -> Attribution {
    let usual_of = |at: usize| usual.get(at).copied().unwrap_or(0.0);
    Attribution {
        // A sum of nothing is -0.
        base: usual.iter().fold(0.0, |sum, usual| sum + usual),
        value: parts.iter().sum(),
        contributions: parts.iter().enumerate().map(|(at, part)| part - usual_of(at)).collect(),
        standard_errors: Vec::new(),
    }
}

/// A mean of columns, each against what is usual.
fn of_mean(usual: &[f64], scores: &[f64]) -> Attribution {
    let n = scores.len().max(1) as f64;
    Attribution {
        base: usual.iter().sum::<f64>() / n,
        value: scores.iter().sum::<f64>() / n,
        contributions: scores.iter().zip(usual).map(|(score, usual)| (score - usual) / n).collect(),
        standard_errors: Vec::new(),
    }
}

/// The mean of each column of values that lie row after row.
fn mean_of_rows(values: &[f64], width: usize) -> Vec<f64> {
    let rows = values.chunks_exact(width.max(1));
    let n = rows.len().max(1) as f64;
    let mut mean = vec![0.0; width];
    rows.for_each(|row| mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / n));
    mean
}
