//! How the search goes on, and when it ends.

use serde::{Deserialize, Serialize};

use super::space::Problem;

/// How the next point is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchMethod {
    /// At random, evenly over the space (Bergstra and Bengio 2012). No point of a finite space comes twice.
    #[default]
    RandomSearch,
    /// Every combination, the last parameter changing fastest.
    GridSearch,
    /// Where good trials are denser than bad ones: tree-structured Parzen estimators (Bergstra et al. 2011).
    BayesianOptimization,
}

/// How the search goes on, and when it ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchSettings {
    /// How the next point is found.
    pub method: SearchMethod,
    /// Seed of everything random.
    pub seed: u64,
    /// Trials in all, at least 1. Failed and pruned ones count, cancelled ones do not.
    pub trials: u32,
    /// Minutes in all. 0: no limit.
    pub minutes: f64,
    /// Whether the search ends when it no longer gets better. A grid search always goes through.
    pub enable_early_stopping: bool,
    /// Trials without improvement before the search ends, at least 1. Startup trials of a Bayesian search do not count.
    pub early_stopping_patience: u32,
    /// What is an improvement: more than this above the best objective so far. At least 0.
    pub early_stopping_min_delta: f64,
    /// Folds of the cross-validation that gives the objective, at least 1.
    pub cv_folds: u32,
    /// Whether a trial ends between folds when its mean is below the median of the finished trials after as many folds
    /// (the median rule of Vizier, Golovin et al. 2017). Saves a third to a half of the folds; a trial that begins badly
    /// and ends well is lost.
    pub enable_pruning: bool,
    /// Finished trials before the first is pruned, at least 1.
    pub pruning_warmup_trials: u32,
    /// Folds that every trial gets, at least 1.
    pub pruning_warmup_folds: u32,
    /// Values that a grid search takes from a range of reals or a logarithmic range, at least 1.
    pub grid_steps: u32,
    /// The Bayesian search.
    pub tpe: TpeSettings,
}

/// Tree-structured Parzen estimators. Defaults are those of optuna 5, but for `gamma`, which is that of the paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TpeSettings {
    /// Random trials before the model is used.
    pub startup_trials: u32,
    /// Points drawn from the good trials for each proposal, at least 1. The most promising is proposed.
    pub candidates: u32,
    /// Share of the trials that is good, above 0 and below 1. Never more than 25 trials.
    pub gamma: f64,
    /// Whether the parameters of a good trial are drawn together, not each by itself: keeps what goes together.
    pub multivariate: bool,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
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
            tpe: TpeSettings::default(),
        }
    }
}

impl Default for TpeSettings {
    fn default() -> Self {
        Self { startup_trials: 10, candidates: 24, gamma: 0.15, multivariate: true }
    }
}

impl SearchSettings {
    /// Every value outside its documented range.
    pub fn check(&self) -> Vec<Problem> {
        let at_least_one = [
            ("trials", self.trials),
            ("early_stopping_patience", self.early_stopping_patience),
            ("cv_folds", self.cv_folds),
            ("pruning_warmup_trials", self.pruning_warmup_trials),
            ("pruning_warmup_folds", self.pruning_warmup_folds),
            ("grid_steps", self.grid_steps),
            ("tpe.candidates", self.tpe.candidates),
        ];
        let none = at_least_one.into_iter().filter(|(_, n)| *n == 0);
        let none = none.map(|(name, _)| (name, "is 0; give at least 1".to_owned()));
        let at_least_zero = [("minutes", self.minutes), ("early_stopping_min_delta", self.early_stopping_min_delta)];
        let negative = at_least_zero.into_iter().filter(|(_, x)| !(x.is_finite() && *x >= 0.0));
        let negative = negative.map(|(name, x)| (name, format!("is {x}; give a number of at least 0")));
        let gamma = self.tpe.gamma;
        let bad_gamma = (!(gamma > 0.0 && gamma < 1.0))
            .then(|| ("tpe.gamma", format!("is {gamma}; give a number above 0 and below 1")));
        let problem = |(name, message): (&str, String)| Problem { path: name.to_owned(), message };
        none.chain(negative).chain(bad_gamma).map(problem).collect()
    }
}
