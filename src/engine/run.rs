//! Runs a recipe over a table, stage by stage.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::budget::{cache_beside, context, results_bytes};
use super::cache::{Cache, StageKey};
use super::certainty::{Certainty, Dropout, Evidence};
use super::clock::now_micros;
use super::dropout;
use super::judge::judge;
use super::learned::Learned;
use super::snapshot::{RunMetrics, Snapshot, StageTiming};
use super::surroundings::Surroundings;
use super::threads::n_threads;
use crate::analysis::detect::{self, DetectError, FittedDetector as _, Input, Model, NearestRows, Series};
use crate::analysis::device;
use crate::analysis::ensemble::{DetectorScores, Feedback};
use crate::analysis::features::{self, FeatureError, FeatureInput, FeaturePlan};
use crate::analysis::prepare::{self, PrepareError, Prepared};
use crate::analysis::rules::{self, RuleError, RuleHits};
use crate::cx::{Cancelled, Cx};
use crate::data::{Matrix, SeriesOrder, Table};
use crate::recipe::{CheckedRecipe, ConfidenceMethod, DetectorKind, Recipe, Uncertainty};

/// Why a run ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The user cancelled it.
    #[error("cancelled")]
    Cancelled,
    /// No features could be made.
    #[error("features: {0}")]
    Features(FeatureError),
    /// The features could not be prepared.
    #[error("preparation: {0}")]
    Prepare(PrepareError),
    /// A rule could not be evaluated.
    #[error("{0}")]
    Rules(RuleError),
    /// A detector failed.
    #[error("{0}")]
    Detect(DetectError),
    /// The machine refused threads.
    #[error("cannot start {threads} threads: {reason}; set compute.threads to fewer")]
    Threads {
        /// Threads asked for.
        threads: usize,
        /// Why.
        reason: String,
    },
}

impl From<Cancelled> for RunError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<DetectError> for RunError {
    fn from(error: DetectError) -> Self {
        if error == DetectError::Cancelled { Self::Cancelled } else { Self::Detect(error) }
    }
}

/// What a run is given besides table and recipe.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Given {
    /// What people found out about rows.
    pub feedback: Vec<Feedback>,
    /// Rows that may be learned from, one flag for each row of the table; `None`: all. Those that `prepare.training_rows`
    /// leaves out are left out, too.
    pub training: Option<Vec<bool>>,
}

/// Runs recipes and remembers the dear parts of earlier runs.
#[derive(Debug, Default)]
pub struct Engine {
    cache: Cache,
    /// The detectors of the latest run, fitted, by the keys of their scores.
    models: Mutex<Vec<(StageKey, Arc<Model>)>>,
}

impl Engine {
    /// An engine that keeps results in files under a folder, too, for the next start.
    pub fn with_disk_cache(folder: PathBuf) -> Self {
        Self { cache: Cache::on_disk(folder), models: Mutex::default() }
    }

    /// Runs a recipe over a table. `on_partial` receives the result so far after each detector but the last.
    ///
    /// # Errors
    /// See [`RunError`]; nothing is kept of a run that failed but its finished stages.
    pub fn run(
        &self,
        table: &Arc<Table>,
        recipe: &CheckedRecipe,
        given: &Given,
        cx: &Cx,
        on_partial: &(dyn Fn(Snapshot) + Sync),
    ) -> Result<Snapshot, RunError> {
        let cx = &context(table, recipe, cx);
        self.in_pool(table, recipe, || self.run_stages(table, recipe, given, cx, on_partial))
    }

    /// Work with as many threads as the recipe says, over a table that the cache then belongs to.
    fn in_pool<T: Send>(
        &self,
        table: &Arc<Table>,
        recipe: &CheckedRecipe,
        work: impl FnOnce() -> Result<T, RunError> + Send,
    ) -> Result<T, RunError> {
        let threads = n_threads(recipe.compute.threads);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|e| RunError::Threads { threads, reason: e.to_string() })?;
        self.cache.keep_only(table);
        pool.install(work)
    }

    /// The prepared features of a table alone, with their catalogue.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn prepared(&self, table: &Arc<Table>, recipe: &CheckedRecipe, cx: &Cx) -> Result<Arc<Prepared>, RunError> {
        self.in_pool(table, recipe, || {
            let cx = &context(table, recipe, cx);
            let order = SeriesOrder::of(table);
            let training = prepare::training_rows(table, &recipe.prepare, None, cx)?;
            let input = FeatureInput::new(table, &order, training);
            let plan = features::plan(&input, &recipe.features, cx).map_err(feature_error)?;
            let key = self.cache.prepared_key(&plan, &input, recipe, cx);
            self.prepare(recipe, key, &plan, &input, cx, &mut Vec::new())
        })
    }

    fn run_stages(
        &self,
        table: &Arc<Table>,
        recipe: &CheckedRecipe,
        given: &Given,
        cx: &Cx,
        on_partial: &(dyn Fn(Snapshot) + Sync),
    ) -> Result<Snapshot, RunError> {
        let started_at_micros = now_micros();
        let device = device::name(&device::select(cx));
        let mut stages = Vec::new();
        let order = Arc::new(SeriesOrder::of(table));
        let training = prepare::training_rows(table, &recipe.prepare, given.training.as_deref(), cx)?;
        let feature_input = FeatureInput::new(table, &order, training);
        let plan = features::plan(&feature_input, &recipe.features, cx).map_err(feature_error)?;
        // First, as a mistake in a rule should not wait for the detectors.
        let rules = run_rules(recipe, &plan, &feature_input, cx, &mut stages)?;
        let key = self.cache.prepared_key(&plan, &feature_input, recipe, cx);
        let series_key = self.cache.series_key(&plan, &feature_input, recipe);
        let prepared = self.prepare(recipe, key, &plan, &feature_input, cx, &mut stages)?;
        drop(feature_input);
        let cx = &cx.with_held(prepared.matrix.n_bytes() + results_bytes(table, recipe));
        let kept = recipe.detectors.enabled().map(|kind| {
            let key = if detect::uses_series(kind) { series_key } else { key };
            let key = StageKey::scores(key, kind, recipe, &device);
            (kind, key, self.kept_output(kind, key, table.n_rows(), recipe, cx))
        });
        let kept: Vec<_> = kept.collect();
        // What only detectors see is not made where all of them are known.
        let missing: Vec<DetectorKind> =
            kept.iter().filter(|(.., output)| output.is_none()).map(|kept| kept.0).collect();
        let uses_series = missing.iter().copied().any(detect::uses_series) && !plan.sources().is_empty();
        let measures = uses_series.then(|| prepare::measures(table, &plan, &order, cx));
        let measures = measures.transpose().map_err(prepare_error)?;
        let cx = &cx.with_held(measures.as_ref().map_or(0, Matrix::n_bytes));
        let series = measures.as_ref().map(|measures| Series { measures, order: &order });
        let input = Input { features: &prepared.matrix, series };
        let learned = if missing.is_empty() { Learned::default() } else { Learned::of(&prepared, input, cx)? };
        let cx = &cx.with_held(learned.n_bytes());
        let training = prepared.training.clone().map(Arc::new);
        let surroundings = Surroundings::new(table, &order, rules, given.feedback.clone(), recipe);
        let (mut scores, mut models) = (Vec::new(), Vec::new());
        let kinds: Vec<DetectorKind> = recipe.detectors.enabled().collect();
        let mut known: Option<RunMetrics> = None;
        let run_key = StageKey::run(&kept.iter().map(|(_, key, _)| *key).collect::<Vec<_>>());
        type Models = Vec<Option<Arc<Model>>>;
        let mut result = |scores: &[DetectorScores], models: &Models, stages: &mut Vec<StageTiming>, cx: &Cx| {
            let done = Instant::now();
            let (combined, metrics) = judge(table, scores, &surroundings, known.as_ref(), recipe, cx);
            known.clone_from(&metrics);
            stages.push(StageTiming::new("combine", done.elapsed().as_secs_f64()));
            Snapshot {
                table: Arc::clone(table),
                recipe: recipe.clone(),
                prepared: Arc::clone(&prepared),
                scores: scores.to_vec(),
                models: models.clone(),
                surroundings: surroundings.clone(),
                combined: Arc::new(combined),
                evidence: Evidence::default(),
                certainty: Arc::default(),
                metrics,
                stages: stages.clone(),
                device: device.clone(),
                warnings: cx.warnings(),
                pending: kinds.iter().copied().filter(|kind| scores.iter().all(|s| s.kind != *kind)).collect(),
                key: run_key,
                started_at_micros,
            }
        };
        let (mut evidence, mut keys) = (Evidence::default(), Vec::new());
        for (i, (kind, key, kept)) in kept.into_iter().enumerate() {
            let (output, timing) = match kept {
                Some(output) => (output, StageTiming { cached: true, ..StageTiming::new(kind.name(), 0.0) }),
                None => self.output_of(kind, recipe, key, (input, &learned), cx)?,
            };
            evidence.dropout = output.dropout.or(evidence.dropout);
            stages.push(timing);
            scores.push(DetectorScores::new(kind, output.raw, training.clone()));
            models.push(output.model.or_else(|| self.kept_model(key)));
            keys.push(key);
            if i + 1 < kinds.len() {
                on_partial(result(&scores, &models, &mut stages.clone(), cx));
            }
        }
        cx.check()?;
        self.keep_models(keys, &models);
        let snapshot = result(&scores, &models, &mut stages, cx);
        let judging = Instant::now();
        evidence.nearest = self.nearest_rows(key, &prepared, recipe, cx)?;
        let mut snapshot = Snapshot { evidence, ..snapshot };
        snapshot.certainty = Arc::new(Certainty::of(&snapshot, cx)?);
        snapshot.stages.push(StageTiming::new("certainty", judging.elapsed().as_secs_f64()));
        Ok(snapshot)
    }

    fn prepare(
        &self,
        recipe: &CheckedRecipe,
        key: StageKey,
        plan: &FeaturePlan,
        input: &FeatureInput<'_>,
        cx: &Cx,
        stages: &mut Vec<StageTiming>,
    ) -> Result<Arc<Prepared>, RunError> {
        let started = Instant::now();
        let needed = prepare::needed_bytes(plan, input.table.n_rows(), &recipe.prepare, cx);
        let limits = cache_beside(&recipe.compute.cache, needed, cx);
        self.cache.make_room(&limits);
        let (prepared, from_cache) = self.cache.prepared(key, plan, input, &limits, cx, |cx| {
            let source = |node: usize| self.cache.features(plan, node, input, &limits, cx);
            prepare::build(plan, input, &recipe.prepare, &source, cx).map_err(prepare_error)
        })?;
        let timing = StageTiming::new("features", started.elapsed().as_secs_f64());
        stages.push(StageTiming { cached: from_cache, ..timing });
        Ok(prepared)
    }

    /// What a detector said of these rows in an earlier run.
    fn kept_output(
        &self,
        kind: DetectorKind,
        key: StageKey,
        n_rows: usize,
        recipe: &CheckedRecipe,
        cx: &Cx,
    ) -> Option<DetectorOutput> {
        let kept = |key| self.cache.scores(key, n_rows, &recipe.compute.cache, cx);
        let raw = kept(key)?;
        let dropout = match dropout_keys(kind, key, recipe) {
            Some([mean, std]) => Some(Dropout { mean: kept(mean)?, std: kept(std)? }),
            None => None,
        };
        Some(DetectorOutput { raw, dropout, model: None })
    }

    /// The detector behind scores of the latest run.
    fn kept_model(&self, key: StageKey) -> Option<Arc<Model>> {
        let models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        models.iter().find(|(known, _)| *known == key).map(|(_, model)| Arc::clone(model))
    }

    /// Keeps the detectors of a run until the next, which will often change one of them only.
    fn keep_models(&self, keys: Vec<StageKey>, models: &[Option<Arc<Model>>]) {
        let fitted = keys.into_iter().zip(models).filter_map(|(key, model)| Some((key, Arc::clone(model.as_ref()?))));
        *self.models.lock().unwrap_or_else(PoisonError::into_inner) = fitted.collect();
    }

    /// Fits a detector and lets it score.
    fn output_of(
        &self,
        kind: DetectorKind,
        recipe: &CheckedRecipe,
        key: StageKey,
        (input, learned): (Input<'_>, &Learned),
        cx: &Cx,
    ) -> Result<(DetectorOutput, StageTiming), RunError> {
        cx.check()?;
        let started = Instant::now();
        let training = learned.input();
        let needed = detect::working_bytes(kind, &recipe.detectors, training.unwrap_or(input));
        let limits = cache_beside(&recipe.compute.cache, needed, cx);
        self.cache.make_room(&limits);
        let (mut fit_seconds, mut passes, mut model) = (0.0, None, None);
        let dropout_keys = dropout_keys(kind, key, recipe);
        let raw = self.cache.compute_scores(key, &limits, cx, |cx| {
            let fitted = detect::fit(kind, &recipe.detectors, training.unwrap_or(input), cx)?;
            fit_seconds = started.elapsed().as_secs_f64();
            // Rows that a detector was fitted on as they are must not count as their own neighbours.
            let raw = match training {
                Some(_) => fitted.decision_function(input, cx),
                None => fitted.training_scores(input, cx),
            }?;
            if let (Model::Autoencoder(network), Some(_)) = (&fitted, dropout_keys) {
                let most = recipe.ensemble.confidence.monte_carlo_rows as usize;
                passes = dropout::of_highest(network, input.features, &raw, most, cx)?;
            }
            model = Some(Arc::new(fitted));
            Ok::<_, DetectError>(raw)
        })?;
        let dropout = match (dropout_keys, passes) {
            (Some([mean_key, std_key]), Some((mean, std))) => {
                let keep = |key, column| self.cache.compute_scores(key, &limits, cx, |_| Ok::<_, RunError>(column));
                Some(Dropout { mean: keep(mean_key, mean)?, std: keep(std_key, std)? })
            }
            _ => None,
        };
        let seconds = started.elapsed().as_secs_f64();
        let timing = StageTiming::new(kind.name(), seconds);
        Ok((
            DetectorOutput { raw, dropout, model },
            StageTiming { fit_seconds: Some(fit_seconds), score_seconds: Some(seconds - fit_seconds), ..timing },
        ))
    }

    /// The rows with the most similar features, where the confidence asks for them.
    fn nearest_rows(
        &self,
        prepared_key: StageKey,
        prepared: &Prepared,
        recipe: &Recipe,
        cx: &Cx,
    ) -> Result<Option<Arc<NearestRows>>, Cancelled> {
        let config = &recipe.ensemble.confidence;
        if !config.enabled || !config.methods.contains(&ConfidenceMethod::NeighborhoodSimilarity) {
            return Ok(None);
        }
        let key = prepared_key.along("nearest rows", config.n_neighbors);
        self.cache.nearest(key, prepared.matrix.n_rows(), &recipe.compute.cache, cx, || {
            cx.progress().start("Certainty: neighbouring rows", 0);
            NearestRows::of(&prepared.matrix, prepared.training.as_deref(), config.n_neighbors as usize, cx)
        })
    }

    /// Explanations of these rows of a result, as they were kept by [`Engine::keep_explanations`] of this program or an
    /// earlier start of it, for as long as `explanation.explanation_cache_ttl` says.
    pub fn kept_explanations(&self, snapshot: &Snapshot, rows: &[u32]) -> Option<String> {
        let recipe = &snapshot.recipe;
        let key = snapshot.key.explanations(recipe, &snapshot.surroundings.feedback, rows);
        self.cache.explanations(key, recipe.explanation.explanation_cache_ttl, &recipe.compute.cache)
    }

    /// Keeps explanations of rows of a result, as text, for the next time they are asked for.
    pub fn keep_explanations(&self, snapshot: &Snapshot, rows: &[u32], explanations: &str, cx: &Cx) {
        let key = snapshot.key.explanations(&snapshot.recipe, &snapshot.surroundings.feedback, rows);
        self.cache.keep_explanations(key, explanations, &snapshot.recipe.compute.cache, cx);
    }

    /// The same run under other settings of ensemble, votes, severity or alerts: no refit, for live controls.
    ///
    /// Settings left of the scores (data, features, detectors) keep the effect they had in `snapshot`.
    pub fn recombine(snapshot: &Snapshot, recipe: &CheckedRecipe) -> Snapshot {
        let mut surroundings = snapshot.surroundings.renewed(&snapshot.table, &snapshot.recipe, recipe);
        surroundings.votes.clone_from(&snapshot.combined.votes);
        let known = snapshot.metrics.as_ref();
        let (combined, metrics) =
            judge(&snapshot.table, &snapshot.scores, &surroundings, known, recipe, &Cx::default());
        let combined = Arc::new(combined);
        let mut recombined = Snapshot { recipe: recipe.clone(), surroundings, combined, metrics, ..snapshot.clone() };
        if snapshot.pending.is_empty() {
            // Nobody cancels what takes milliseconds.
            recombined.certainty = Arc::new(Certainty::of(&recombined, &Cx::default()).unwrap_or_default());
        }
        recombined
    }
}

/// What a detector gives.
struct DetectorOutput {
    /// Its scores.
    raw: Arc<Vec<f64>>,
    /// How they move under dropout, where that was asked for.
    dropout: Option<Dropout>,
    /// What it has learned; `None` where its scores were kept from an earlier run.
    model: Option<Arc<Model>>,
}

/// Keys of mean and standard deviation under dropout; `None` where they are not asked for.
fn dropout_keys(kind: DetectorKind, key: StageKey, recipe: &Recipe) -> Option<[StageKey; 2]> {
    let (config, autoencoder) = (&recipe.ensemble.confidence, &recipe.detectors.autoencoder);
    let is_wanted = kind == DetectorKind::Autoencoder
        && config.enabled
        && config.methods.contains(&ConfidenceMethod::ModelUncertainty)
        && config.uncertainty_quantification == Uncertainty::MonteCarloDropout
        && config.monte_carlo_rows > 0
        && autoencoder.monte_carlo_passes > 0
        && autoencoder.dropout_rate > 0.0;
    is_wanted.then(|| ["dropout mean", "dropout std"].map(|what| key.along(what, config.monte_carlo_rows)))
}

/// The rows for which the rules fire.
fn run_rules(
    recipe: &CheckedRecipe,
    plan: &FeaturePlan,
    input: &FeatureInput<'_>,
    cx: &Cx,
    stages: &mut Vec<StageTiming>,
) -> Result<Vec<RuleHits>, RunError> {
    if recipe.rules.iter().all(|rule| !rule.enabled) {
        return Ok(Vec::new());
    }
    let started = Instant::now();
    let hits = rules::evaluate(&recipe.rules, plan, input, cx).map_err(|error| match error {
        RuleError::Cancelled => RunError::Cancelled,
        error => RunError::Rules(error),
    })?;
    stages.push(StageTiming::new("rules", started.elapsed().as_secs_f64()));
    Ok(hits)
}

fn feature_error(error: FeatureError) -> RunError {
    match error {
        FeatureError::Cancelled => RunError::Cancelled,
        other => RunError::Features(other),
    }
}

fn prepare_error(error: PrepareError) -> RunError {
    match error {
        PrepareError::Cancelled => RunError::Cancelled,
        other => RunError::Prepare(other),
    }
}
