//! A study: what is searched, the trials so far, and what follows from them.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::importance::{Importance, importances};
use super::sampler::{self, History};
use super::space::{Problems, Space};
use super::trial::{Proposal, Status, Trial, mean};
use crate::recipe::{SearchMethod, TuningConfig};

/// A search under way: points are proposed, ended trials are told. Higher objectives are better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Study {
    space: Space,
    settings: TuningConfig,
    /// By number.
    trials: Vec<Trial>,
    /// Proposed and not told yet. A study taken up again proposes their numbers anew.
    pending: Vec<Proposal>,
}

/// The stored form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    space: Space,
    settings: TuningConfig,
    #[serde(default)]
    trials: Vec<Trial>,
}

impl TryFrom<Stored> for Study {
    type Error = Problems;

    fn try_from(stored: Stored) -> Result<Self, Problems> {
        Self::from_parts(stored.space, stored.settings, stored.trials)
    }
}

impl From<Study> for Stored {
    fn from(study: Study) -> Self {
        Self { space: study.space, settings: study.settings, trials: study.trials }
    }
}

/// Why no further point is proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// As many trials as asked for have ended or are under way.
    Trials,
    /// The time is up.
    Minutes,
    /// There was no improvement for long enough.
    NoImprovement,
    /// Every point has been tried or is being tried.
    Exhausted,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trials => "all trials are done",
            Self::Minutes => "the time is up",
            Self::NoImprovement => "the objective no longer improves",
            Self::Exhausted => "every combination has been tried",
        })
    }
}

/// Why a trial cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TellError {
    /// Its number has ended already.
    #[error("trial {0} has been told already")]
    AlreadyTold(u32),
    /// It has a value that this study does not search.
    #[error("trial {number} does not belong to this search: {path} is missing, not searched or outside its values")]
    OutsideSpace {
        /// Number of the trial.
        number: u32,
        /// Path of the value.
        path: String,
    },
}

/// A point of the learning curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BestSoFar {
    /// Number of the trial.
    pub number: u32,
    /// The largest objective of the finished trials up to it.
    pub objective: f64,
}

impl Study {
    /// A study without trials.
    ///
    /// # Errors
    /// Where a setting is out of its range.
    pub fn new(space: Space, settings: TuningConfig) -> Result<Self, Problems> {
        let problems = super::settings::check(&settings);
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        Ok(Self { space, settings, trials: Vec::new(), pending: Vec::new() })
    }

    /// A study taken up again. `trials` are in the order they were stored: of two with one number the last counts,
    /// and any counts before a cancelled one.
    ///
    /// # Errors
    /// Where a setting is out of its range, or a trial's values are not in the space.
    pub fn from_parts(space: Space, settings: TuningConfig, trials: Vec<Trial>) -> Result<Self, Problems> {
        let mut study = Self::new(space, settings)?;
        let misfit = |trial: &Trial| study.misfit(trial).err();
        let problem = |error: TellError| super::Problem { path: "trials".to_owned(), message: error.to_string() };
        let problems: Vec<_> = trials.iter().filter_map(misfit).map(problem).collect();
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        for trial in trials {
            match study.trials.binary_search_by_key(&trial.number, |trial| trial.number) {
                Err(at) => study.trials.insert(at, trial),
                Ok(at) => {
                    if let Some(earlier) = study.trials.get_mut(at)
                        && trial.status != Status::Cancelled
                    {
                        *earlier = trial;
                    }
                }
            }
        }
        Ok(study)
    }

    /// What is searched.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// How.
    pub fn settings(&self) -> &TuningConfig {
        &self.settings
    }

    /// The trials that have ended, by number.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The next point to try, after `elapsed` time in all. Several may be under way at a time.
    ///
    /// It has the least number that has not ended (a cancelled trial has not) and is not under way.
    ///
    /// # Errors
    /// Where the search is over, and why.
    pub fn propose(&mut self, elapsed: Duration) -> Result<Proposal, StopReason> {
        if let Some(reason) = self.stop_reason(elapsed) {
            return Err(reason);
        }
        let under_way = self.pending.iter().map(|proposal| proposal.number);
        let taken: HashSet<u32> = self.ended().map(|trial| trial.number).chain(under_way).collect();
        let number = (0..).find(|number| !taken.contains(number)).ok_or(StopReason::Trials)?;
        let history = History { trials: &self.trials, pending: &self.pending };
        let values = sampler::propose(&self.space, &self.settings, number, history).ok_or(StopReason::Exhausted)?;
        let proposal = Proposal { number, values };
        self.pending.push(proposal.clone());
        Ok(proposal)
    }

    /// Takes in a trial that has ended. A trial that was cancelled may be told again.
    ///
    /// # Errors
    /// Where its number was told already, or its values are not in the space.
    pub fn tell(&mut self, trial: Trial) -> Result<(), TellError> {
        self.misfit(&trial)?;
        let number = trial.number;
        match self.trials.binary_search_by_key(&number, |trial| trial.number) {
            Err(at) => self.trials.insert(at, trial),
            Ok(at) => match self.trials.get_mut(at) {
                Some(earlier) if earlier.status == Status::Cancelled => *earlier = trial,
                _ => return Err(TellError::AlreadyTold(number)),
            },
        }
        self.pending.retain(|proposal| proposal.number != number);
        Ok(())
    }

    fn misfit(&self, trial: &Trial) -> Result<(), TellError> {
        match self.space.misfit(&trial.values) {
            Some(path) => Err(TellError::OutsideSpace { number: trial.number, path }),
            None => Ok(()),
        }
    }

    /// Whether a trial with these folds so far should end here: see [`TuningConfig::enable_pruning`]. The mean of its
    /// folds is compared with the median of the means of the finished trials over as many folds.
    pub fn should_prune(&self, folds: &[f64]) -> bool {
        let (settings, n) = (&self.settings, folds.len());
        if !settings.enable_pruning || n < settings.pruning_warmup_folds as usize || n >= settings.cv_folds as usize {
            return false;
        }
        let mut others: Vec<f64> = self.finished().filter_map(|trial| mean(trial.folds.get(..n)?)).collect();
        others.sort_by(f64::total_cmp);
        let Some(median) = median(&others) else { return false };
        others.len() >= settings.pruning_warmup_trials as usize && mean(folds).is_some_and(|mean| mean < median)
    }

    /// The finished trial with the largest objective; of equal ones the first.
    pub fn best(&self) -> Option<&Trial> {
        self.finished().reduce(|best, other| if other.objective > best.objective { other } else { best })
    }

    /// The best objective so far, from the first finished trial on, for every trial that has ended.
    pub fn learning_curve(&self) -> Vec<BestSoFar> {
        let mut best: Option<f64> = None;
        let point = |trial: &Trial| {
            if trial.status == Status::Finished && trial.objective > best {
                best = trial.objective;
            }
            Some(BestSoFar { number: trial.number, objective: best? })
        };
        self.ended().filter_map(point).collect()
    }

    /// How much each parameter matters by itself, in the order of the space: the part of the variance of the objective
    /// that the groups of its values explain, less what chance explains (epsilon squared). Empty below 10 finished
    /// trials, or where all of them have the same objective.
    pub fn importances(&self) -> Vec<Importance> {
        importances(&self.space, &self.trials)
    }

    fn ended(&self) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(|trial| trial.status != Status::Cancelled)
    }

    fn finished(&self) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(|trial| trial.status == Status::Finished)
    }

    fn stop_reason(&self, elapsed: Duration) -> Option<StopReason> {
        let settings = &self.settings;
        if self.ended().count() + self.pending.len() >= settings.trials as usize {
            Some(StopReason::Trials)
        } else if settings.minutes > 0.0 && elapsed.as_secs_f64() >= settings.minutes * 60.0 {
            Some(StopReason::Minutes)
        } else if self.n_without_improvement() >= settings.early_stopping_patience as usize {
            Some(StopReason::NoImprovement)
        } else {
            None
        }
    }

    /// Trials since the last improvement that early stopping counts.
    fn n_without_improvement(&self) -> usize {
        let settings = &self.settings;
        let n_startup = match settings.method {
            SearchMethod::GridSearch => return 0,
            SearchMethod::RandomSearch => 0,
            SearchMethod::BayesianOptimization => settings.tpe.startup_trials as usize,
        };
        if !settings.enable_early_stopping {
            return 0;
        }
        let (mut to_beat, mut n) = (f64::NEG_INFINITY, 0);
        for (i, trial) in self.ended().enumerate() {
            let improved = trial.status == Status::Finished && trial.objective.is_some_and(|value| value > to_beat);
            if improved {
                to_beat = trial.objective.unwrap_or(to_beat) + settings.early_stopping_min_delta;
            }
            n = if improved || i < n_startup { 0 } else { n + 1 };
        }
        n
    }
}

/// The middle of sorted values, or the mean of the two middle ones.
fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle)?;
    if sorted.len() % 2 == 1 { Some(*upper) } else { Some(sorted.get(middle.checked_sub(1)?)? / 2.0 + upper / 2.0) }
}
