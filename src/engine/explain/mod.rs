//! Explains rows of a run: which features and which detectors make a score what it is, what is usual, what would be normal.

mod attribute;
mod combined;
mod counterfactual;
mod explanation;
mod global;
mod inputs;
mod kept;
mod local;
mod nearest;
mod people;
mod places;
mod typical;
mod what_if;

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use self::inputs::{Detectors, Player};
use self::kept::Kept;
use self::places::Places;
use self::typical::TypicalValues;
use super::budget::{context, results_bytes};
use super::learned::Learned;
use super::run::RunError;
use super::snapshot::Snapshot;
use super::threads::n_threads;
use crate::analysis::detect::{self, Input, Model, Series};
use crate::analysis::ensemble::RowScorer;
use crate::analysis::explain::tree_shap::TreeShap;
use crate::analysis::prepare;
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::{Background, DetectorKind, ExplainabilityMethod, Recipe};

pub use self::counterfactual::{Change, Counterfactual};
pub use self::explanation::{Contribution, DetectorShare, ExplainError, Explanation, Margin, Method, Target};
pub use self::global::{FeatureImportance, GlobalExplanation};
pub use self::nearest::NearestNormal;
pub use self::people::{ByColumn, ColumnShare, FeatureShare};
pub use self::typical::Typical;
pub use self::what_if::{WhatIf, WhatIfResult};

/// Explains the rows of one run. What is dear (detectors that have to be fitted again, background rows, columns) is found
/// once; explanations are kept for as long as the recipe says.
///
/// The combination of the detectors may change under it ([`Explainer::explain`] takes the snapshot to explain): data,
/// features and detectors may not.
#[derive(Debug)]
pub struct Explainer {
    /// The run that the detectors come from.
    fitted: Arc<Snapshot>,
    detectors: Detectors,
    players: Vec<Player>,
    places: Places,
    /// Rows that rows are held against.
    background: Vec<u32>,
    /// What detectors see of them.
    background_numbers: Matrix,
    /// The isolation forest made ready, path dependent and interventional, once that was asked for.
    forests: [OnceLock<Option<TreeShap>>; 2],
    /// Per detector, the mean shares of its score over the background rows, or what it usually says of each column, once
    /// that was asked for.
    mean_parts: Vec<OnceLock<Vec<f64>>>,
    typical: TypicalValues,
    kept: Kept,
    pool: rayon::ThreadPool,
    /// For single rows, which should not wait until many are explained; `None`: they take the other pool, too.
    aside: Option<rayon::ThreadPool>,
}

impl Explainer {
    /// Makes ready to explain the rows of a whole run. Fits those detectors again that were not kept. Works with the threads of
    /// the recipe but for `spare` of them, which are left to others, and to questions about single rows in between.
    ///
    /// # Errors
    /// When cancelled, when the recipe switches explanations off, or when a detector cannot be fitted.
    pub fn new(snapshot: &Arc<Snapshot>, spare: usize, cx: &Cx) -> Result<Self, ExplainError> {
        let recipe = &snapshot.recipe;
        if !recipe.explanation.enable_explainability {
            return Err(ExplainError::SwitchedOff {
                what: "explaining",
                remedy: "set explanation.enable_explainability = true",
            });
        }
        let held = snapshot.prepared.matrix.n_bytes() + results_bytes(&snapshot.table, recipe);
        let cx = &context(&snapshot.table, recipe, cx).with_held(held);
        let threads = n_threads(recipe.compute.threads).saturating_sub(spare).max(1);
        let pool_of = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.map_err(|error| no_threads(threads, &error))
        };
        let pool = pool_of(threads)?;
        let aside = (spare > 0).then(|| pool_of(spare)).transpose()?;
        let (detectors, numbers, background) = pool.install(|| {
            let detectors = fitted_detectors(snapshot, cx)?;
            let background = background(snapshot);
            let numbers = detectors.numbers(&snapshot.prepared.matrix, &background, cx)?;
            Ok::<_, ExplainError>((detectors, numbers, background))
        })?;
        Ok(Self {
            players: detectors.players(snapshot.prepared.matrix.features()),
            places: Places::of(&snapshot.surroundings.order),
            mean_parts: detectors.models.iter().map(|_| OnceLock::new()).collect(),
            background,
            background_numbers: numbers,
            forests: Default::default(),
            typical: TypicalValues::default(),
            kept: Kept::default(),
            fitted: Arc::clone(snapshot),
            detectors,
            pool,
            aside,
        })
    }

    /// Whether it can explain a snapshot: one of the same scores, whose rows are held against the same ones.
    pub fn is_of(&self, snapshot: &Snapshot) -> bool {
        let against = |snapshot: &Snapshot| {
            let config = &snapshot.recipe.explanation;
            (config.background, config.background_rows)
        };
        let (own, other) = (&self.fitted.scores, &snapshot.scores);
        Arc::ptr_eq(&self.fitted.prepared, &snapshot.prepared)
            && against(&self.fitted) == against(snapshot)
            && own.len() == other.len()
            && own.iter().zip(other).all(|(a, b)| a.kind == b.kind && Arc::ptr_eq(&a.raw, &b.raw))
    }

    /// Explains a score of a row of a snapshot; `method` `None` takes the one that fits best.
    ///
    /// # Errors
    /// See [`ExplainError`].
    pub fn explain(
        &self,
        snapshot: &Snapshot,
        row: u32,
        target: Target,
        method: Option<Method>,
        cx: &Cx,
    ) -> Result<Arc<Explanation>, ExplainError> {
        let rows = self.explain_rows(snapshot, &[row], target, method, cx)?;
        rows.into_iter().next().ok_or_else(|| self.no_row(row))
    }

    /// Explains a score of several rows at once, which takes less time than one after the other.
    ///
    /// # Errors
    /// See [`ExplainError`].
    pub fn explain_rows(
        &self,
        snapshot: &Snapshot,
        rows: &[u32],
        target: Target,
        method: Option<Method>,
        cx: &Cx,
    ) -> Result<Vec<Arc<Explanation>>, ExplainError> {
        for &row in rows {
            self.check_row(row)?;
        }
        let methods = self.methods(target)?;
        let method = method.or(methods.first().copied()).unwrap_or(Method::KernelShap);
        if !methods.contains(&method) {
            let names: Vec<&str> = methods.iter().map(|method| method.name()).collect();
            return Err(ExplainError::NotPossible {
                method: method.name(),
                target: target.name(),
                possible: names.join(", "),
            });
        }
        let needed = if method == Method::Lime { ExplainabilityMethod::Lime } else { ExplainabilityMethod::Shap };
        allowed(&snapshot.recipe, needed)?;
        let settings = self.kept.settings(snapshot, target, method);
        let missing: Vec<u32> = rows.iter().copied().filter(|&row| self.kept.get(row, settings).is_none()).collect();
        let pool = self.aside.as_ref().filter(|_| missing.len() == 1).unwrap_or(&self.pool);
        let found = pool.install(|| self.computed(snapshot, &missing, target, method, cx))?;
        let found: Vec<Arc<Explanation>> = found.into_iter().map(Arc::new).collect();
        let lasts = snapshot.recipe.explanation.explanation_cache_ttl;
        found.iter().for_each(|explanation| self.kept.put(settings, explanation, lasts));
        let of_row = |&row: &u32| {
            let fresh = found.iter().find(|explanation| explanation.row == row).cloned();
            fresh.or_else(|| self.kept.get(row, settings)).ok_or_else(|| self.no_row(row))
        };
        rows.iter().map(of_row).collect()
    }

    /// The methods that can explain a score, the best one first.
    ///
    /// # Errors
    /// [`ExplainError::NoDetector`].
    pub fn methods(&self, target: Target) -> Result<Vec<Method>, ExplainError> {
        match target {
            Target::Combined => Ok(vec![Method::ChainedShap, Method::KernelShap, Method::Lime]),
            Target::Detector(kind) => Ok(self.methods_of(self.place_of(kind)?)),
        }
    }

    fn computed(
        &self,
        snapshot: &Snapshot,
        rows: &[u32],
        target: Target,
        method: Method,
        cx: &Cx,
    ) -> Result<Vec<Explanation>, ExplainError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        match (target, method) {
            (_, Method::Lime) => rows.iter().map(|&row| self.local_model(snapshot, row, target, cx)).collect(),
            (Target::Combined, Method::KernelShap) => {
                rows.iter().map(|&row| self.combined_by_kernel(snapshot, row, cx)).collect()
            }
            (Target::Combined, _) => self.combined_by_chain(snapshot, rows, cx),
            (Target::Detector(kind), _) => self.of_detector(snapshot, self.place_of(kind)?, rows, method, cx),
        }
    }

    fn place_of(&self, kind: DetectorKind) -> Result<usize, ExplainError> {
        let place = self.fitted.scores.iter().position(|scores| scores.kind == kind);
        place.ok_or_else(|| {
            let known: Vec<&str> = self.fitted.scores.iter().map(|scores| scores.kind.name()).collect();
            ExplainError::NoDetector { detector: kind.name(), known: known.join(", ") }
        })
    }

    fn check_row(&self, row: u32) -> Result<(), ExplainError> {
        if (row as usize) < self.fitted.table.n_rows() { Ok(()) } else { Err(self.no_row(row)) }
    }

    fn no_row(&self, row: u32) -> ExplainError {
        ExplainError::NoRow { row, n_rows: self.fitted.table.n_rows() }
    }

    /// Which of the numbers of a row come from a column.
    fn numbers_of(&self, source: &str) -> Vec<usize> {
        let players = self.players.iter().filter(|player| player.source == source);
        players.flat_map(|player| player.numbers.iter().copied()).collect()
    }

    fn features(&self) -> &Matrix {
        &self.fitted.prepared.matrix
    }

    /// The raw scores of a row in the run, one per detector.
    fn raw_scores(&self, row: u32) -> Vec<f64> {
        self.fitted.scores.iter().map(|scores| scores.raw.get(row as usize).copied().unwrap_or(0.0)).collect()
    }

    /// The raw scores of one row of numbers as a variant of a row of the run.
    fn scores_of_numbers(&self, numbers: &[f64], own: u32, cx: &Cx) -> Result<Vec<f64>, ExplainError> {
        let names = self.features().shared_features();
        let score = |detector: usize| -> Result<f64, ExplainError> {
            let scores = self.detectors.scores(detector, numbers, numbers.len(), &[own], &names, cx)?;
            Ok(scores.first().copied().unwrap_or(0.0))
        };
        (0..self.detectors.models.len()).map(score).collect()
    }

    /// Gives other scores of the detectors of a row a combined score.
    fn scorer<'a>(&self, snapshot: &'a Snapshot, row: u32) -> RowScorer<'a> {
        let place = self.places.find(row, &self.detectors.order);
        let scene = snapshot.surroundings.scene(&snapshot.table, &snapshot.recipe, None);
        RowScorer::new(row as usize, place, &snapshot.scores, &snapshot.combined, &scene, &snapshot.recipe)
    }
}

/// Whether the recipe allows a way of explaining.
fn allowed(recipe: &Recipe, method: ExplainabilityMethod) -> Result<(), ExplainError> {
    if recipe.explanation.explainability_methods.contains(&method) {
        return Ok(());
    }
    Err(ExplainError::SwitchedOff { what: method.name(), remedy: "add it to explanation.explainability_methods" })
}

fn no_threads(threads: usize, error: &rayon::ThreadPoolBuildError) -> ExplainError {
    let error = RunError::Threads { threads, reason: error.to_string() };
    ExplainError::Detect(detect::DetectError::Unusable { detector: "explaining", reason: error.to_string() })
}

/// The detectors of a run, fitted again where they were not kept.
fn fitted_detectors(snapshot: &Snapshot, cx: &Cx) -> Result<Detectors, ExplainError> {
    let (recipe, prepared) = (&snapshot.recipe, &snapshot.prepared);
    let order = Arc::clone(&snapshot.surroundings.order);
    let looks_at_series = snapshot.scores.iter().any(|scores| detect::uses_series(scores.kind));
    let plan = prepared.fitted.source.as_ref().map(|source| &source.plan).filter(|_| looks_at_series);
    let measures = plan.map(|plan| prepare::measures(&snapshot.table, plan, &order, cx)).transpose()?;
    let series = measures.as_ref().map(|measures| Series { measures, order: &order });
    let input = Input { features: &prepared.matrix, series };
    let is_missing = snapshot.scores.len() > snapshot.models.iter().flatten().count();
    let learned = if is_missing { Learned::of(prepared, input, cx).map_err(no_room)? } else { Learned::default() };
    let fit = |at: usize, kind: DetectorKind| -> Result<Arc<Model>, ExplainError> {
        if let Some(model) = snapshot.models.get(at).and_then(Option::as_ref) {
            return Ok(Arc::clone(model));
        }
        Ok(Arc::new(detect::fit(kind, &recipe.detectors, learned.input().unwrap_or(input), cx)?))
    };
    let models = snapshot.scores.iter().enumerate().map(|(at, scores)| fit(at, scores.kind));
    let models = models.collect::<Result<_, ExplainError>>()?;
    Ok(Detectors::new(models, measures, order, prepared.is_learned_whole(), cx))
}

fn no_room(error: RunError) -> ExplainError {
    match error {
        RunError::Cancelled => ExplainError::Cancelled,
        RunError::Prepare(error) => ExplainError::Prepare(error),
        error => {
            ExplainError::Detect(detect::DetectError::Unusable { detector: "explaining", reason: error.to_string() })
        }
    }
}

/// The rows that rows are held against, at even steps.
fn background(snapshot: &Snapshot) -> Vec<u32> {
    let config = &snapshot.recipe.explanation;
    let all: Vec<u32> = match &snapshot.prepared.training {
        Some(rows) => rows.clone(),
        None => (0..u32::try_from(snapshot.table.n_rows()).unwrap_or(u32::MAX)).collect(),
    };
    let is_normal = |row: &u32| snapshot.combined.is_anomaly.get(*row as usize) == Some(&false);
    let normal: Vec<u32> = all.par_iter().copied().filter(is_normal).collect();
    // Where every row is anomalous there is nothing else to hold them against.
    let rows = if config.background == Background::Normal && !normal.is_empty() { normal } else { all };
    evenly(&rows, config.background_rows as usize)
}

/// At most `n` of some rows, at even steps.
fn evenly(rows: &[u32], n: usize) -> Vec<u32> {
    let n = n.clamp(1, rows.len().max(1));
    (0..n).filter_map(|i| rows.get(i * rows.len() / n).copied()).collect()
}
