//! What is wrong with the settings of a search.

use super::space::Problem;
use crate::recipe::TuningConfig;

/// Every value that a search cannot go on with.
pub(super) fn check(settings: &TuningConfig) -> Vec<Problem> {
    let at_least_one = [
        ("trials", settings.trials),
        ("early_stopping_patience", settings.early_stopping_patience),
        ("cv_folds", settings.cv_folds),
        ("pruning_warmup_trials", settings.pruning_warmup_trials),
        ("pruning_warmup_folds", settings.pruning_warmup_folds),
        ("grid_steps", settings.grid_steps),
        ("tpe.candidates", settings.tpe.candidates),
    ];
    let none = at_least_one.into_iter().filter(|(_, n)| *n == 0);
    let none = none.map(|(name, _)| (name, "is 0; give at least 1".to_owned()));
    let at_least_zero =
        [("minutes", settings.minutes), ("early_stopping_min_delta", settings.early_stopping_min_delta)];
    let negative = at_least_zero.into_iter().filter(|(_, x)| !(x.is_finite() && *x >= 0.0));
    let negative = negative.map(|(name, x)| (name, format!("is {x}; give a number of at least 0")));
    let gamma = settings.tpe.gamma;
    let bad_gamma = (!(gamma > 0.0 && gamma < 1.0))
        .then(|| ("tpe.gamma", format!("is {gamma}; give a number above 0 and below 1")));
    let problem = |(name, message): (&str, String)| Problem { path: name.to_owned(), message };
    none.chain(negative).chain(bad_gamma).map(problem).collect()
}
