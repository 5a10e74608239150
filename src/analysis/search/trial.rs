//! One trial: what was tried, what became of it, and its stored form.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::space::Point;

/// A point to try.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Number of the trial, from 0.
    pub number: u32,
    /// The values to try, by path.
    pub values: Point,
}

/// What became of a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Every fold gave a value.
    Finished,
    /// Ended between folds: it would not have been among the better half.
    Pruned,
    /// Gave no objective, for this reason.
    Failed(String),
    /// Ended by the user. Says nothing about the point; the number is proposed again.
    Cancelled,
}

/// A point that was tried. One JSON line where it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Number of the trial, from 0.
    pub number: u32,
    /// The values tried, by path.
    pub values: Point,
    /// What became of it.
    pub status: Status,
    /// Mean over the folds; higher is better. `None` without a fold.
    pub objective: Option<f64>,
    /// The value of each fold that was done, in order. Finite.
    pub folds: Vec<f64>,
    /// Standard error of the mean, `sd / sqrt(n)` with the sample's standard deviation. Too small a number, as folds
    /// share training rows (Bengio and Grandvalet 2004). `None` below two folds.
    pub standard_error: Option<f64>,
    /// When it began, in microseconds since 1970 (UTC).
    pub started_at_micros: i64,
    /// How long it took.
    pub seconds: f64,
}

impl Trial {
    /// A trial that has ended, with the values of its folds so far. It failed where a value is not finite, or where it
    /// is said to have finished or to have been pruned without any fold.
    pub fn new(proposal: Proposal, status: Status, folds: Vec<f64>, started_at_micros: i64, took: Duration) -> Self {
        let n_usable = folds.iter().take_while(|fold| fold.is_finite()).count();
        let status = match (folds.get(n_usable), status) {
            (_, status @ (Status::Failed(_) | Status::Cancelled)) => status,
            (Some(value), _) => Status::Failed(format!("fold {} gave {value}, not a finite number", n_usable + 1)),
            (None, _) if folds.is_empty() => Status::Failed("no fold gave a value".to_owned()),
            (None, status) => status,
        };
        let mut folds = folds;
        folds.truncate(n_usable);
        Self {
            number: proposal.number,
            values: proposal.values,
            status,
            objective: mean(&folds),
            standard_error: standard_error(&folds),
            folds,
            started_at_micros,
            seconds: took.as_secs_f64(),
        }
    }

    /// The stored form: one line of JSON, without the line break.
    ///
    /// # Errors
    /// Never for a trial made by [`Trial::new`].
    pub fn to_line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// Mean without overflow. `None` for no values.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    (n > 0.0).then(|| {
        let sum: f64 = values.iter().sum();
        if sum.is_finite() { sum / n } else { values.iter().map(|value| value / n).sum() }
    })
}

fn standard_error(values: &[f64]) -> Option<f64> {
    let (n, mean) = (values.len() as f64, mean(values)?);
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    Some((squares / (n - 1.0) / n).sqrt()).filter(|error| error.is_finite())
}

/// What a file of stored trials holds.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTrials {
    /// The trials, in the order of the file.
    pub trials: Vec<Trial>,
    /// Lines that hold no trial, such as one torn when the program ended while writing it.
    pub n_unreadable: usize,
}

/// Reads trials stored one a line. Blank lines count for nothing. Whoever appends to a file that does not end with a
/// line break writes one first, so that only the torn line is lost.
pub fn read_trials(text: &str) -> StoredTrials {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let (mut trials, mut n_unreadable) = (Vec::new(), 0);
    for line in lines {
        match serde_json::from_str(line) {
            Ok(trial) => trials.push(trial),
            Err(_) => n_unreadable += 1,
        }
    }
    StoredTrials { trials, n_unreadable }
}
