//! Stacking: a logistic regression over the members' scores, learned with labels and checked out of fold.
//!
//! Wolpert (1992), "Stacked generalization"; Ting, Witten (1999) for class probabilities. The regression is linfa's:
//! cross-entropy summed over rows plus `l2 / 2` times the squared coefficients of the standardised scores, the same as
//! sklearn `make_pipeline(StandardScaler(), LogisticRegression(C=1/l2))`.
//!
//! Rare anomalies need no class weights here: the regression estimates probabilities, and its intercept takes up how rare
//! they are. To bound the time, a fit uses at most [`MAX_ROWS_PER_CLASS`] rows of each class, drawn at random; the
//! intercept is then corrected for the share of each class that was drawn (King, Zeng 2001, "Logistic regression in rare
//! events data"), so that the probabilities are those of all rows.

#[cfg(test)]
mod tests;

use linfa::DatasetBase;
use linfa::traits::Fit as _;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};
use rand::SeedableRng as _;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::calibrate::special::{logistic, with_simd};
use crate::cx::{Cancelled, Cx};

/// Anomalies, and normal rows, that stacking needs at least; with fewer it refuses.
pub const MIN_ROWS_PER_CLASS: usize = 5;

/// Rows of each class that a fit uses at most.
pub const MAX_ROWS_PER_CLASS: usize = 20_000;

/// Anomalies per member below which the result is unsure (Peduzzi et al. 1996).
const ANOMALIES_PER_MEMBER: usize = 10;

/// Rows that one thread scores at a time.
const CHUNK_ROWS: usize = 1 << 11;

/// Farthest a standardised score counts, so that sums stay finite.
const MAX_POSITION: f64 = 1e100;

/// Norm of the gradient at which a fit ends.
const GRADIENT_TOLERANCE: f64 = 1e-5;

/// Random stream of the sample of a fit; the folds use those above it.
const STREAM: u64 = 1 << 32;

/// A fitted meta classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stacking {
    /// Log-odds of an anomaly where each member gives its mean score.
    pub intercept: f64,
    /// One per member, in the order of the columns.
    pub members: Vec<StackedMember>,
}

/// What one member adds to the log-odds: `coefficient * (score - mean) / std`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StackedMember {
    /// Mean score of the rows fitted on.
    pub mean: f64,
    /// Standard deviation of these scores; 1 where they are all alike.
    pub std: f64,
    /// How much the log-odds rise per standard deviation. It can be below 0, where the other members already say more
    /// than this one.
    pub coefficient: f64,
}

/// A meta classifier, and what it says about rows that it was not fitted on.
#[derive(Debug, Clone, PartialEq)]
pub struct Stacked {
    /// Fitted on all rows.
    pub stacking: Stacking,
    /// Per row, its probability by a fit without its fold: for honest metrics. `None` for rows in no fold, and where the
    /// rows outside the fold are of one class.
    pub out_of_fold: Vec<Option<f64>>,
}

/// Why there is no stacking.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StackingError {
    /// The user cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// Too few labels of one class.
    #[error(
        "stacking needs at least {MIN_ROWS_PER_CLASS} anomalies and {MIN_ROWS_PER_CLASS} normal rows with labels, there \
         are {anomalies} and {normal}; label more rows or choose another voting strategy"
    )]
    TooFewRows {
        /// Number of anomalies.
        anomalies: usize,
        /// Number of normal rows.
        normal: usize,
    },
    /// There is no member to learn from.
    #[error("stacking needs the scores of at least one member")]
    NoMembers,
    /// Columns do not fit together.
    #[error("{what}: {found} instead of {expected}")]
    Lengths {
        /// Of what.
        what: &'static str,
        /// What was expected.
        expected: usize,
        /// What was found.
        found: usize,
    },
    /// A score is NaN or infinite.
    #[error("member {member} gives row {row} (both counted from 0) a score that is not a finite number")]
    NotFinite {
        /// The member.
        member: usize,
        /// The row.
        row: usize,
    },
    /// A fold names a row that does not exist or that another fold has.
    #[error("row {row} (counted from 0) of fold {fold} does not exist or is in two folds")]
    Fold {
        /// The fold.
        fold: usize,
        /// The row.
        row: usize,
    },
    /// The penalty cannot be used.
    #[error("the penalty l2 must be a finite number above 0")]
    Penalty,
    /// The regression has no result.
    #[error("the logistic regression did not converge: {reason}")]
    NotConverged {
        /// What linfa says.
        reason: String,
    },
}

impl From<Cancelled> for StackingError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl Stacking {
    /// Learns from the members' normalised scores, one column per member, with a label per row, `true` = anomalous.
    ///
    /// `folds` are disjoint lists of row numbers; each is predicted by a fit on all rows outside it. With no folds there
    /// are no predictions out of fold. Warns where there are fewer than ten anomalies per member, and where a fold leaves
    /// only one class to fit on. Rows are drawn by `cx.seed`.
    ///
    /// # Errors
    /// [`StackingError`].
    pub fn fit(
        columns: &[&[f64]],
        labels: &[bool],
        folds: &[Vec<u32>],
        l2: f64,
        cx: &Cx,
    ) -> Result<Stacked, StackingError> {
        check(columns, labels, l2)?;
        let fold_of = fold_of_rows(labels.len(), folds)?;
        let all: Vec<usize> = (0..labels.len()).collect();
        let anomalies = labels.iter().filter(|label| **label).count();
        let normal = labels.len() - anomalies;
        if anomalies.min(normal) < MIN_ROWS_PER_CLASS {
            return Err(StackingError::TooFewRows { anomalies, normal });
        }
        if anomalies < ANOMALIES_PER_MEMBER * columns.len() {
            cx.warn(format!(
                "stacking was fitted on {anomalies} anomalies, fewer than {ANOMALIES_PER_MEMBER} for each of the {} \
                 members; its weights are unsure",
                columns.len()
            ));
        }
        let stacking = Self::fit_rows(columns, labels, &all, l2, STREAM, cx)?;
        let fit_without = |fold: usize| {
            let outside: Vec<usize> =
                all.iter().copied().filter(|row| fold_of.get(*row) != Some(&Some(fold))).collect();
            let outside_anomalies = outside.iter().filter(|row| labels.get(**row) == Some(&true)).count();
            if outside_anomalies == 0 || outside_anomalies == outside.len() {
                return Ok(None);
            }
            Self::fit_rows(columns, labels, &outside, l2, STREAM + 1 + fold as u64, cx).map(Some)
        };
        let fits: Vec<Option<Self>> =
            (0..folds.len()).into_par_iter().map(fit_without).collect::<Result<_, StackingError>>()?;
        let mut out_of_fold = vec![None; labels.len()];
        for (fold, (rows, without)) in folds.iter().zip(fits).enumerate() {
            cx.check()?;
            let Some(without) = without else {
                cx.warn(format!("stacking: outside fold {} all rows are of one class; it was left out", fold + 1));
                continue;
            };
            for row in rows.iter().map(|row| *row as usize) {
                let scores: Vec<f64> = columns.iter().filter_map(|column| column.get(row).copied()).collect();
                if let Some(prediction) = out_of_fold.get_mut(row) {
                    *prediction = Some(without.probability(&scores));
                }
            }
        }
        Ok(Stacked { stacking, out_of_fold })
    }

    /// Probability that a row of these scores, one per member, is an anomaly, 0 to 1. A member that is missing at the end
    /// counts as giving its mean.
    pub fn probability(&self, scores: &[f64]) -> f64 {
        logistic(self.log_odds(scores))
    }

    /// The log-odds of [`Stacking::probability`].
    pub fn log_odds(&self, scores: &[f64]) -> f64 {
        self.members.iter().zip(scores).fold(self.intercept, |sum, (member, score)| sum + member.adds(*score))
    }

    /// [`Stacking::probability`] of each row, from one column per member.
    ///
    /// # Errors
    /// [`StackingError::Cancelled`], [`StackingError::Lengths`].
    pub fn probabilities(&self, columns: &[&[f64]], cx: &Cx) -> Result<Vec<f64>, StackingError> {
        check_lengths("columns", self.members.len(), columns.len())?;
        let n_rows = columns.first().map_or(0, |column| column.len());
        for column in columns {
            check_lengths("rows of a column", n_rows, column.len())?;
        }
        let mut probabilities = vec![0.0; n_rows];
        probabilities.par_chunks_mut(CHUNK_ROWS).enumerate().try_for_each(|(chunk, out)| {
            cx.check()?;
            with_simd(
                #[inline(always)]
                || {
                    // Copies, which no store can change: else the loops have to look at them each time.
                    let out = &mut *out;
                    out.fill(self.intercept);
                    for (member, column) in self.members.iter().zip(columns) {
                        let scores = column.get(chunk * CHUNK_ROWS..).unwrap_or_default();
                        let member = *member;
                        for (sum, score) in out.iter_mut().zip(scores) {
                            *sum += member.adds(*score);
                        }
                    }
                    for log_odds in out.iter_mut() {
                        *log_odds = logistic(*log_odds);
                    }
                },
            );
            Ok::<(), Cancelled>(())
        })?;
        Ok(probabilities)
    }

    /// Fits on some of the rows.
    fn fit_rows(
        columns: &[&[f64]],
        labels: &[bool],
        rows: &[usize],
        l2: f64,
        stream: u64,
        cx: &Cx,
    ) -> Result<Self, StackingError> {
        cx.check()?;
        let (anomalies, normal): (Vec<usize>, Vec<usize>) =
            rows.iter().partition(|row| labels.get(**row) == Some(&true));
        let mut rng = ChaCha8Rng::seed_from_u64(cx.seed);
        rng.set_stream(stream);
        let [(anomalies, anomaly_share), (normal, normal_share)] = [anomalies, normal].map(|rows| draw(rows, &mut rng));
        let n = anomalies.len() + normal.len();
        let mut members = Vec::with_capacity(columns.len());
        let mut records = Array2::zeros((n, columns.len()));
        for (column, mut record) in columns.iter().zip(records.columns_mut()) {
            let scores: Vec<f64> =
                anomalies.iter().chain(&normal).filter_map(|row| column.get(*row).copied()).collect();
            let member = StackedMember::standardise(&scores);
            record.iter_mut().zip(&scores).for_each(|(position, score)| *position = member.position(*score));
            members.push(member);
        }
        let targets = Array1::from_shape_fn(n, |row| row < anomalies.len());
        let (intercept, coefficients) = regress(&DatasetBase::new(records, targets), l2)?;
        members.iter_mut().zip(coefficients).for_each(|(member, coefficient)| member.coefficient = coefficient);
        Ok(Self { intercept: intercept - anomaly_share.ln() + normal_share.ln(), members })
    }
}

impl StackedMember {
    fn standardise(scores: &[f64]) -> Self {
        // In units of the largest score: no square overflows.
        let largest = scores.iter().fold(0.0_f64, |largest, score| largest.max(score.abs()));
        let unit = if largest > 0.0 { largest } else { 1.0 };
        let n = scores.len() as f64;
        let mean = scores.iter().map(|score| score / unit).sum::<f64>() / n;
        let squares = scores.iter().map(|score| (score / unit - mean) * (score / unit - mean)).sum::<f64>();
        let std = (squares / n).sqrt() * unit;
        // Rounding of the mean must not look like a spread of equal scores.
        let (mean, std) = match scores {
            [first, rest @ ..] if rest.iter().all(|score| score == first) => (*first, 1.0),
            _ => (mean * unit, if std > 0.0 { std } else { 1.0 }),
        };
        Self { mean, std, coefficient: 0.0 }
    }

    #[inline(always)]
    fn position(&self, score: f64) -> f64 {
        // Halves, since the difference of two numbers can be larger than any number.
        ((score / 2.0 - self.mean / 2.0) / self.std * 2.0).clamp(-MAX_POSITION, MAX_POSITION)
    }

    #[inline(always)]
    fn adds(&self, score: f64) -> f64 {
        self.coefficient * self.position(score)
    }
}

/// Intercept and coefficients of the regression on standardised scores.
fn regress(rows: &DatasetBase<Array2<f64>, Array1<bool>>, l2: f64) -> Result<(f64, Vec<f64>), StackingError> {
    let not_converged = |reason| StackingError::NotConverged { reason };
    let regression =
        LogisticRegression::default().alpha(l2).gradient_tolerance(GRADIENT_TOLERANCE).max_iterations(1000);
    let fitted = regression.fit(rows).map_err(|error| not_converged(error.to_string()))?;
    // linfa calls the larger class positive.
    let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
    let (intercept, coefficients) = (sign * fitted.intercept(), fitted.params().mapv(|c| sign * c).to_vec());
    if intercept.is_finite() && coefficients.iter().all(|coefficient| coefficient.is_finite()) {
        Ok((intercept, coefficients))
    } else {
        Err(not_converged("its coefficients are not finite".to_owned()))
    }
}

/// At most [`MAX_ROWS_PER_CLASS`] of the rows, in order, and the share that they are.
fn draw(rows: Vec<usize>, rng: &mut ChaCha8Rng) -> (Vec<usize>, f64) {
    if rows.len() <= MAX_ROWS_PER_CLASS {
        return (rows, 1.0);
    }
    let mut drawn: Vec<usize> =
        index::sample(rng, rows.len(), MAX_ROWS_PER_CLASS).iter().filter_map(|at| rows.get(at).copied()).collect();
    drawn.sort_unstable();
    let share = drawn.len() as f64 / rows.len() as f64;
    (drawn, share)
}

/// The fold of each row.
fn fold_of_rows(n_rows: usize, folds: &[Vec<u32>]) -> Result<Vec<Option<usize>>, StackingError> {
    let mut fold_of = vec![None; n_rows];
    for (fold, rows) in folds.iter().enumerate() {
        for row in rows.iter().map(|row| *row as usize) {
            match fold_of.get_mut(row) {
                Some(slot @ None) => *slot = Some(fold),
                _ => return Err(StackingError::Fold { fold, row }),
            }
        }
    }
    Ok(fold_of)
}

fn check(columns: &[&[f64]], labels: &[bool], l2: f64) -> Result<(), StackingError> {
    if columns.is_empty() {
        return Err(StackingError::NoMembers);
    }
    if !(l2.is_finite() && l2 > 0.0) {
        return Err(StackingError::Penalty);
    }
    for (member, column) in columns.iter().enumerate() {
        check_lengths("rows of a column", labels.len(), column.len())?;
        if let Some(row) = column.iter().position(|score| !score.is_finite()) {
            return Err(StackingError::NotFinite { member, row });
        }
    }
    Ok(())
}

fn check_lengths(what: &'static str, expected: usize, found: usize) -> Result<(), StackingError> {
    if found == expected { Ok(()) } else { Err(StackingError::Lengths { what, expected, found }) }
}
