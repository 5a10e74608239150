//! ARCH(1) and GARCH(1,1): volatility that follows the size of the last values, fitted by maximum likelihood.
//!
//! `x[t] = mu + e[t]`, `e[t]` normal with variance `sigma²[t] = omega + alpha e[t-1]² + beta sigma²[t-1]`: Engle (1982),
//! Econometrica 50; Bollerslev (1986), Journal of Econometrics 31. Conventions are those of Python's `arch` 8: before a
//! series `e²` and `sigma²` are the backcast, the mean of the first 75 squared residuals about the plain mean (or about
//! zero) with weights `0.94^i`; `alpha, beta >= 0`, `alpha + beta < 1`; `omega` lies within 1e-8 to 10 times the mean
//! squared residual. Its loose limits on the variance of each
//! row are left out; they bind only in degenerate series, such as mostly zeros.
//!
//! Everything is fitted and applied in units of the residuals' own size, so that the scale of the values does not matter.

use serde::{Deserialize, Serialize};

use super::likelihood::{Likelihood, Parameters};
use super::optimise::{Limits, Point, minimise};
use crate::cx::{Cancelled, Cx};

/// The fewest values a model is fitted on.
const FEWEST_VALUES: usize = 30;

/// The most values a model is fitted on. More add cost and no precision that matters.
const MOST_VALUES: usize = 100_000;

/// Values the backcast looks at, and the decay of their weights.
const BACKCAST: (usize, f64) = (75, 0.94);

/// `alpha + beta` stays below this.
const MOST_PERSISTENCE: f64 = 1.0 - 1e-13;

/// Where the search for a GARCH model begins: the likeliest of these for each `alpha + beta`.
const PERSISTENCE: [f64; 4] = [0.5, 0.7, 0.9, 0.98];

/// Starts tried for `alpha`. For ARCH they are more spread, as `alpha` carries all persistence.
const ALPHA: [f64; 4] = [0.01, 0.05, 0.1, 0.2];
const ALPHA_OF_ARCH: [f64; 4] = [0.05, 0.2, 0.5, 0.9];

/// Starts followed to the end.
const STARTS: usize = 3;

/// Residuals in units of their usual size count as this at most, so that their squares stay finite.
const LIMIT: f64 = 1e150;

/// How the variance follows the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VarianceModel {
    /// By the last residual only.
    Arch,
    /// By the last residual and the last variance.
    Garch,
}

/// What the residuals are taken about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeanModel {
    /// About zero.
    Zero,
    /// About a constant, fitted along with the rest.
    Constant,
}

/// Whose volatility is modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// That of the values.
    Values,
    /// That of the steps from each value to the next one present.
    Differences,
}

/// Settings of a [`Garch`] model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GarchSpec {
    /// ARCH(1) or GARCH(1,1).
    pub variance: VarianceModel,
    /// Mean of the residuals' model.
    pub mean: MeanModel,
    /// Values or their differences.
    pub movement: Movement,
}

/// Why there is no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GarchError {
    /// The user cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// Too little to fit on.
    #[error("volatility is fitted on at least {FEWEST_VALUES} values, and there are {n_values}; give a longer series")]
    TooShort {
        /// Values present, or differences of them.
        n_values: usize,
    },
    /// All values, or all differences, are the same.
    #[error("the series does not vary, so that it has no volatility to fit; leave the column out")]
    Constant,
}

impl From<Cancelled> for GarchError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// A fitted model. Every number is finite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Garch {
    /// What was fitted.
    pub spec: GarchSpec,
    /// Mean of the values or differences, in their units; 0 for [`MeanModel::Zero`].
    pub mu: f64,
    /// Size of the residuals in units of the values: the root of their mean square about the plain mean, or zero.
    pub scale: f64,
    /// Constant part of the variance, over `scale²`.
    pub relative_omega: f64,
    /// Weight of the last squared residual, 0 to 1.
    pub alpha: f64,
    /// Weight of the last variance, 0 to 1.
    pub beta: f64,
    /// What stands for `e²` and `sigma²` before a series, over `scale²`.
    pub relative_backcast: f64,
    /// Log-likelihood of the values fitted on, in their own units.
    pub log_likelihood: f64,
    /// How many values it was fitted on.
    pub n_values: usize,
}

/// What a model says of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Volatility {
    /// Standard deviation expected for the row from the rows before it, in units of the values. Above 0.
    pub sigma: f64,
    /// `(value - mu) / sigma`. NaN where the value is missing, or has none before it to differ from.
    pub residual: f64,
}

/// The state of one entity: two numbers, and the model's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GarchState {
    parameters: ScaledModel,
    /// Variance expected of the next value, over `scale²`.
    variance: f64,
    /// The last value present; `None` where there is none, or it is not needed.
    last: Option<f64>,
}

/// What a step needs of the model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct ScaledModel {
    movement: Movement,
    mu: f64,
    scale: f64,
    omega: f64,
    alpha: f64,
    beta: f64,
}

impl Garch {
    /// Fits one model to series (one per entity, in time order), each of which starts afresh from the backcast. NaN and
    /// infinite values are left out, as if the series went on behind them. Of more than 100,000 values in all the last
    /// ones are used, as many of each series.
    ///
    /// # Errors
    /// When cancelled; with fewer than 30 values or differences; when they are all the same.
    pub fn fit<S: AsRef<[f64]>>(series: &[S], spec: GarchSpec, cx: &Cx) -> Result<Self, GarchError> {
        let most = (MOST_VALUES / series.len().max(1)).max(1);
        let moves = series.iter().take(MOST_VALUES).map(|series| moves(series.as_ref(), spec.movement, most)).collect();
        let Scaled { series, mu, scale } = scaled(moves, spec.mean)?;
        let n_values: usize = series.iter().map(Vec::len).sum();
        let likelihood = Likelihood { series: &series, backcast: backcast(&series) };
        let (point, value) = likeliest(&likelihood, spec, cx)?;
        let fitted = Parameters::of(&point);
        let n = n_values as f64;
        Ok(Self {
            spec,
            mu: mu + scale * fitted.mu,
            scale,
            relative_omega: fitted.omega,
            alpha: fitted.alpha,
            beta: fitted.beta,
            relative_backcast: likelihood.backcast,
            log_likelihood: -value - n * (0.5 * std::f64::consts::TAU.ln() + scale.ln()),
            n_values,
        })
    }

    /// Constant part of the variance, in squared units of the values; at most the largest number there is.
    pub fn omega(&self) -> f64 {
        (self.relative_omega * self.scale * self.scale).min(f64::MAX)
    }

    /// Parameters fitted: 2 for ARCH(1), 3 for GARCH(1,1), and one more for the mean.
    pub fn n_parameters(&self) -> usize {
        let of_variance = if self.spec.variance == VarianceModel::Garch { 3 } else { 2 };
        of_variance + usize::from(self.spec.mean == MeanModel::Constant)
    }

    /// Akaike's information criterion: lower is better.
    pub fn aic(&self) -> f64 {
        2.0 * self.n_parameters() as f64 - 2.0 * self.log_likelihood
    }

    /// Bayesian information criterion: lower is better.
    pub fn bic(&self) -> f64 {
        (self.n_values as f64).ln() * self.n_parameters() as f64 - 2.0 * self.log_likelihood
    }

    /// The state before the first row of an entity.
    pub fn start(&self) -> GarchState {
        let Self { spec, mu, scale, relative_omega: omega, alpha, beta, .. } = *self;
        GarchState {
            parameters: ScaledModel { movement: spec.movement, mu, scale, omega, alpha, beta },
            variance: omega + (alpha + beta) * self.relative_backcast,
            last: None,
        }
    }
}

impl GarchState {
    /// What was expected of this row, and how far off its value is; then takes the value in. A missing value (NaN or
    /// infinite) leaves the state as it is.
    #[inline]
    pub fn push(&mut self, value: f64) -> Volatility {
        let ScaledModel { movement, mu, scale, omega, alpha, beta } = self.parameters;
        let deviation = self.variance.sqrt();
        let sigma = (deviation * scale).min(f64::MAX);
        let moved = match movement {
            Movement::Values => value,
            Movement::Differences if value.is_finite() => {
                self.last.replace(value).map_or(f64::NAN, |last| difference(last, value))
            }
            Movement::Differences => f64::NAN,
        };
        if !moved.is_finite() {
            return Volatility { sigma, residual: f64::NAN };
        }
        let e = ((moved - mu) / scale).clamp(-LIMIT, LIMIT);
        self.variance = omega + alpha * (e * e) + beta * self.variance;
        Volatility { sigma, residual: e / deviation }
    }
}

fn difference(before: f64, after: f64) -> f64 {
    (after - before).clamp(-f64::MAX, f64::MAX)
}

/// The last `most` values present, or differences of them, in order.
fn moves(series: &[f64], movement: Movement, most: usize) -> Vec<f64> {
    let present = series.iter().rev().copied().filter(|value| value.is_finite());
    let mut moves: Vec<f64> = match movement {
        Movement::Values => present.take(most).collect(),
        Movement::Differences => {
            let last: Vec<f64> = present.take(most.saturating_add(1)).collect();
            last.windows(2).map(|pair| difference(pair[1], pair[0])).collect()
        }
    };
    moves.reverse();
    moves
}

/// Series about their mean, or zero, over the size of what is left.
struct Scaled {
    series: Vec<Vec<f64>>,
    mu: f64,
    scale: f64,
}

fn scaled(mut series: Vec<Vec<f64>>, mean: MeanModel) -> Result<Scaled, GarchError> {
    let n_values = series.iter().map(Vec::len).sum();
    if n_values < FEWEST_VALUES {
        return Err(GarchError::TooShort { n_values });
    }
    let n = n_values as f64;
    let (low, high) = series.iter().flatten().fold((f64::MAX, f64::MIN), |(l, h), &v| (v.min(l), v.max(h)));
    // In units of the largest value no sum and no square can overflow.
    let unit = low.abs().max(high.abs());
    if low == high || unit < 1e-290 {
        return Err(GarchError::Constant);
    }
    let centre = match mean {
        MeanModel::Zero => 0.0,
        MeanModel::Constant => series.iter().flatten().map(|v| v / unit).sum::<f64>() / n,
    };
    series.iter_mut().flatten().for_each(|v| *v = *v / unit - centre);
    let size = (series.iter().flatten().map(|v| v * v).sum::<f64>() / n).sqrt();
    if size * unit < 1e-290 {
        return Err(GarchError::Constant);
    }
    series.iter_mut().flatten().for_each(|v| *v /= size);
    Ok(Scaled { series, mu: centre * unit, scale: size * unit })
}

/// Weighted mean of the first squares of each series.
fn backcast(series: &[Vec<f64>]) -> f64 {
    let (most, decay) = BACKCAST;
    let (mut sum, mut weights) = (0.0, 0.0);
    for series in series {
        let mut weight = 1.0;
        for value in series.iter().take(most) {
            sum += weight * value * value;
            weights += weight;
            weight *= decay;
        }
    }
    sum / weights
}

/// The likeliest point and its negative log-likelihood: the best end of several searches, since a flat likelihood can
/// have more than one top.
fn likeliest(likelihood: &Likelihood<'_>, spec: GarchSpec, cx: &Cx) -> Result<(Point, f64), Cancelled> {
    let free_mu = if spec.mean == MeanModel::Constant { 10.0 } else { 0.0 };
    let arch = spec.variance == VarianceModel::Arch;
    let lowest_share = if arch { 1.0 } else { 0.0 };
    let limits =
        Limits { low: [-free_mu, 1e-8f64.ln(), 0.0, lowest_share], high: [free_mu, 10f64.ln(), MOST_PERSISTENCE, 1.0] };
    let point = |persistence: f64, alpha: f64| [0.0, (1.0 - persistence).ln(), persistence, alpha / persistence];
    let groups: [Vec<Point>; 4] = if arch {
        ALPHA_OF_ARCH.map(|alpha| vec![point(alpha, alpha)])
    } else {
        PERSISTENCE.map(|persistence| ALPHA.iter().map(|&alpha| point(persistence, alpha)).collect())
    };
    let mut starts = Vec::with_capacity(groups.len());
    for group in groups {
        cx.check()?;
        let valued = group.into_iter().map(|start| (likelihood.negative(&start), start));
        starts.extend(valued.min_by(|a, b| a.0.total_cmp(&b.0)));
    }
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut best = (limits.low, f64::INFINITY);
    for (_, start) in starts.into_iter().take(STARTS) {
        let end = minimise(|point| likelihood.evaluate(point), &start, &limits, cx)?;
        if end.1 < best.1 {
            best = end;
        }
    }
    Ok(best)
}
