//! How the settings of a recipe are tuned: what is tried, how it is judged, and when the search ends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the settings of a recipe are tuned: what is tried, how it is judged, and when the search ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TuningConfig {
    /// What is tried, one setting of the recipe each: "PATH=a,b,c" for choices, "PATH=lo..hi" for a range (of whole numbers
    /// if both ends are), "PATH=lo..hi:log" for one searched by its logarithm, "PATH=lo..hi:step=5" for steps.
    pub space: Vec<String>,
    /// What is maximised. Each trial is judged by its mean over the folds of a cross-validation.
    pub scoring_metric: TuningMetric,
    /// How the next point is found.
    pub method: SearchMethod,
    /// Seed of the search; trials themselves are run with `compute.seed`.
    pub seed: u64,
    /// Trials in all. Failed and pruned ones count, cancelled ones do not. Range 1 to 1000000.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub trials: u32,
    /// Minutes in all, over all sessions of a search. Range 0 to 100000; 0: no limit.
    #[schemars(range(min = 0.0, max = 100_000.0))]
    pub minutes: f64,
    /// Whether the search ends when it no longer gets better. A grid search always goes through.
    pub enable_early_stopping: bool,
    /// Trials without improvement before the search ends. Startup trials of a Bayesian search do not count. Range 1 to
    /// 1000000.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub early_stopping_patience: u32,
    /// What is an improvement: more than this above the best objective so far. Range 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub early_stopping_min_delta: f64,
    /// Folds of the cross-validation that gives the objective, split as `evaluation.split` says. Range 1 to 100; 1: fitted
    /// and judged on all rows.
    #[schemars(range(min = 1, max = 100))]
    pub cv_folds: u32,
    /// Whether a trial ends between folds when its mean is below the median of the finished trials after as many folds
    /// (the median rule of Vizier, Golovin et al. 2017). Saves a third to a half of the folds; a trial that begins badly
    /// and ends well is lost.
    pub enable_pruning: bool,
    /// Finished trials before the first is pruned. Range 1 to 1000000.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub pruning_warmup_trials: u32,
    /// Folds that every trial gets. Range 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub pruning_warmup_folds: u32,
    /// Values that a grid search takes from a range of real numbers or a logarithmic range. Range 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub grid_steps: u32,
    /// The Bayesian search.
    pub tpe: TpeConfig,
}

impl Default for TuningConfig {
    fn default() -> Self {
        Self {
            space: vec![
                "detectors.isolation_forest.n_estimators=50,100,200".to_owned(),
                "detectors.isolation_forest.max_samples=fraction(0.5),fraction(0.75),auto".to_owned(),
                "detectors.isolation_forest.contamination=0.05,0.1,0.15".to_owned(),
            ],
            scoring_metric: TuningMetric::RocAuc,
            method: SearchMethod::RandomSearch,
            seed: 42,
            trials: 50,
            minutes: 0.0,
            enable_early_stopping: true,
            early_stopping_patience: 10,
            early_stopping_min_delta: 0.0,
            cv_folds: 5,
            enable_pruning: false,
            pruning_warmup_trials: 5,
            pruning_warmup_folds: 1,
            grid_steps: 5,
            tpe: TpeConfig::default(),
        }
    }
}

/// How the next point is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchMethod {
    /// At random, evenly over the space (Bergstra, Bengio 2012). No point of a finite space comes twice.
    #[default]
    RandomSearch,
    /// Every combination, the last setting changing fastest.
    GridSearch,
    /// Where good trials are denser than bad ones: tree-structured Parzen estimators (Bergstra et al. 2011).
    BayesianOptimization,
}

/// Tree-structured Parzen estimators. Defaults are those of optuna 5, but for `gamma`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TpeConfig {
    /// Random trials before the model is used. Range 0 to 1000000.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub startup_trials: u32,
    /// Points drawn from the good trials for each proposal; the most promising is proposed. Range 1 to 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub candidates: u32,
    /// Share of the trials that is good, never more than 25 trials. Range 0.01 to 0.99.
    #[schemars(range(min = 0.01, max = 0.99))]
    pub gamma: f64,
    /// Whether the settings of a good trial are drawn together, not each by itself: keeps what goes together.
    pub multivariate: bool,
}

impl Default for TpeConfig {
    fn default() -> Self {
        Self { startup_trials: 10, candidates: 24, gamma: 0.15, multivariate: true }
    }
}

/// What a search maximises. All but the last two need labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TuningMetric {
    /// Area under the ROC curve of the combined score.
    #[default]
    RocAuc,
    /// Average precision (area under the precision-recall curve) of the combined score.
    AveragePrecision,
    /// F1 of the rows that are called anomalous: the threshold counts, too.
    F1Score,
    /// Share of anomalies among as many highest scores as there are anomalies.
    PrecisionAtN,
    /// Volume under the precision-recall surface (Paparrizos et al. 2022): for anomalies that last.
    VusPr,
    /// Volume under the ROC surface.
    VusRoc,
    /// Without labels: area under the excess-mass curve (Goix 2016), the mean over the detectors.
    ExcessMass,
    /// Without labels: how alike the scores are when the detectors learn from other halves of the rows.
    Stability,
}

impl TuningMetric {
    /// Name in recipes and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RocAuc => "roc_auc",
            Self::AveragePrecision => "average_precision",
            Self::F1Score => "f1_score",
            Self::PrecisionAtN => "precision_at_n",
            Self::VusPr => "vus_pr",
            Self::VusRoc => "vus_roc",
            Self::ExcessMass => "excess_mass",
            Self::Stability => "stability",
        }
    }

    /// Whether the rows must be labelled.
    pub const fn needs_labels(self) -> bool {
        !matches!(self, Self::ExcessMass | Self::Stability)
    }
}
