//! Exponentially weighted mean and standard deviation of a series, as pandas' `Series.ewm(span=…)` gives them.
//!
//! With `alpha = 2 / (span + 1)` the value `k` steps back weighs `(1 - alpha)^k`. Missing values keep their place
//! (`ignore_na=False`): the weights of what came before go on falling. The variance is Welford's recursion with weights
//! (West 1979, Communications of the ACM 22); the correction for bias is `(Σw)² / ((Σw)² - Σw²)`.

use serde::{Deserialize, Serialize};

/// Values beyond this count as this, so that their squares stay finite.
const LIMIT: f64 = 1e150;

/// Settings of [`Ewm`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EwmSpec {
    /// Span in rows; below 1, or missing, counts as 1.
    pub span: f64,
    /// Whether the weights are divided by their sum; else the first value takes the weight of all rows before it.
    pub adjust: bool,
    /// Whether the standard deviation is left without the correction for bias.
    pub bias: bool,
}

/// Mean and standard deviation after a row, its own value included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EwmMoments {
    /// Weighted mean. NaN before the first value; on a missing value that of the row before.
    pub mean: f64,
    /// Weighted standard deviation. NaN before the first value; with the correction for bias also as long as one value
    /// carries all the weight.
    pub std: f64,
}

/// The state of one entity: seven numbers and two flags.
///
/// Exactly 0 deviation for constant values. Values beyond ±1e150 count as ±1e150; deviations below 1e-160 give 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ewm {
    /// Share of its weight that a row keeps when the next one comes.
    decay: f64,
    /// Weight of a new value.
    new_weight: f64,
    adjust: bool,
    bias: bool,
    /// `None` before the first value.
    weighted: Option<Weighted>,
}

/// Moments of the values so far. Weights are relative to that of the row now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Weighted {
    mean: f64,
    variance: f64,
    /// Weight of the mean.
    weight: f64,
    sum_weights: f64,
    sum_squared_weights: f64,
}

impl Ewm {
    /// The state before the first row.
    pub fn new(spec: EwmSpec) -> Self {
        // `max` also takes 1 for a span that is not a number.
        let alpha = 2.0 / (spec.span.max(1.0) + 1.0);
        let new_weight = if spec.adjust { 1.0 } else { alpha };
        Self { decay: 1.0 - alpha, new_weight, adjust: spec.adjust, bias: spec.bias, weighted: None }
    }

    /// The moments of the rows up to and with this one. NaN and infinite values are missing.
    #[inline]
    pub fn push(&mut self, value: f64) -> EwmMoments {
        let value = value.is_finite().then(|| value.clamp(-LIMIT, LIMIT));
        self.weighted = match (self.weighted, value) {
            (Some(before), value) => Some(self.next(before, value)),
            (None, value) => value.map(Weighted::one),
        };
        self.weighted.map_or(EwmMoments { mean: f64::NAN, std: f64::NAN }, |weighted| EwmMoments {
            mean: weighted.mean,
            std: weighted.std(self.bias),
        })
    }

    fn next(&self, before: Weighted, value: Option<f64>) -> Weighted {
        let mut after = before;
        after.weight *= self.decay;
        after.sum_weights *= self.decay;
        after.sum_squared_weights *= self.decay * self.decay;
        let Some(value) = value else { return after };
        let total = after.weight + self.new_weight;
        if before.mean != value {
            after.mean = (after.weight * before.mean + self.new_weight * value) / total;
        }
        let (moved, off) = (before.mean - after.mean, value - after.mean);
        after.variance = (after.weight * (before.variance + moved * moved) + self.new_weight * (off * off)) / total;
        after.sum_weights += self.new_weight;
        after.sum_squared_weights += self.new_weight * self.new_weight;
        after.weight = total;
        if !self.adjust {
            after.sum_weights /= total;
            after.sum_squared_weights /= total * total;
            after.weight = 1.0;
        }
        after
    }
}

impl Weighted {
    fn one(value: f64) -> Self {
        Self { mean: value, variance: 0.0, weight: 1.0, sum_weights: 1.0, sum_squared_weights: 1.0 }
    }

    fn std(&self, bias: bool) -> f64 {
        if bias {
            return self.variance.sqrt();
        }
        let squared = self.sum_weights * self.sum_weights;
        let denominator = squared - self.sum_squared_weights;
        if denominator > 0.0 { (squared / denominator * self.variance).sqrt() } else { f64::NAN }
    }
}
