//! The power transform of Yeo and Johnson, which brings a column as near to a normal distribution as a power can.
//!
//! Yeo and Johnson (2000), "A new family of power transformations", Biometrika 87. The power is the likeliest one, as in
//! `scipy.stats.yeojohnson` and scikit-learn's `PowerTransformer(standardize=False)`, found where the slope of the
//! log-likelihood is 0: the likelihood has a single top (Marchand, Muzellec et al. 2022, "SecureFedYJ").

use serde::{Deserialize, Serialize};

use super::{LIMIT, of_present, present};
use crate::cx::{Cancelled, Cx};

/// Searched within the powers with which values up to this many times the largest one can be transformed.
const HEADROOM: f64 = 20.0;

/// Values nearer to 0 than this are all but unbent by any power; they are left as they are.
const SMALLEST: f64 = 1e-100;

/// Least share of their size by which the largest and the smallest transformed value differ.
const RESOLUTION: f64 = 1e-9;

/// Halvings of the way to a power that resolves the values.
const MOST_HALVINGS: usize = 50;

/// The power is found to about this, over its own size where that is above 1.
const PRECISION: f64 = 1e-11;

/// Steps after which the search ends where it is. Halving alone would need about this many.
const MOST_STEPS: usize = 100;

/// The transform of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct YeoJohnson {
    /// The power: 1 leaves values as they are, less shortens the upper tail, more the lower one.
    pub(crate) lambda: f64,
}

impl YeoJohnson {
    /// Fitted on the values present; a power of 1 without two different values, and for values of both signs so huge
    /// (beyond about 1e144) that no power fits both.
    ///
    /// With little spread around a large mean the likeliest power can be so extreme that rounding lets the transformed
    /// values run together. Then it is the likeliest one with which they do not.
    ///
    /// # Errors
    /// When cancelled.
    pub(crate) fn fit(values: &[f64], cx: &Cx) -> Result<Self, Cancelled> {
        let values = present(values);
        let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), &v| (v.min(low), v.max(high)));
        let largest = low.abs().max(high.abs());
        if values.is_empty() || low == high || largest < SMALLEST {
            return Ok(Self { lambda: 1.0 });
        }
        let (lowest, highest) = limits(low, high);
        if lowest >= highest {
            return Ok(Self { lambda: 1.0 });
        }
        let logs: Vec<f64> = values.iter().map(|value| value.abs().ln_1p().copysign(*value)).collect();
        let mut pairs = Vec::with_capacity(logs.len());
        let likeliest = root((lowest, highest), |lambda| {
            cx.check()?;
            Ok(slope(&logs, lambda, &mut pairs))
        })?;
        let resolves = |lambda: f64| {
            let (below, above) = (Self { lambda }.apply(low), Self { lambda }.apply(high));
            above - below > RESOLUTION * below.abs().max(above.abs())
        };
        if resolves(likeliest) {
            return Ok(Self { lambda: likeliest });
        }
        // The likelihood falls all the way from its top to the power of 1.
        let (mut too_far, mut lambda) = (likeliest, 1.0);
        for _ in 0..MOST_HALVINGS {
            let middle = 0.5 * (too_far + lambda);
            if resolves(middle) { lambda = middle } else { too_far = middle }
        }
        Ok(Self { lambda })
    }

    /// The transformed value. Increasing; at most 1e150 either way.
    pub(crate) fn apply(&self, value: f64) -> f64 {
        of_present(value, |value| {
            let power = self.power_at(value);
            let log = value.abs().ln_1p();
            let size = if power.abs() < f64::EPSILON { log } else { (power * log).exp_m1() / power };
            size.min(LIMIT).copysign(value)
        })
    }

    /// The value that was transformed; the largest number for one beyond what any value is transformed to.
    pub(crate) fn invert(&self, value: f64) -> f64 {
        of_present(value, |value| {
            let power = self.power_at(value);
            let size = value.abs();
            let log = if power.abs() < f64::EPSILON {
                size
            } else {
                // Below -1 lies what no value is transformed to.
                (power * size).max(-1.0).ln_1p() / power
            };
            log.exp_m1().min(f64::MAX).copysign(value)
        })
    }

    fn power_at(&self, value: f64) -> f64 {
        if value < 0.0 { 2.0 - self.lambda } else { self.lambda }
    }
}

/// The powers searched, as scipy's `yeojohnson_normmax`: half of the range of floating point is left for squares.
fn limits(low: f64, high: f64) -> (f64, f64) {
    let largest = low.abs().max(high.abs());
    let log = if largest < 1e300 { (HEADROOM * largest).ln_1p() } else { HEADROOM.ln() + largest.ln() };
    let (tiny, huge) = (f64::MIN_POSITIVE.ln(), f64::MAX.ln());
    let epsilon = f64::EPSILON.ln();
    let (lower, upper) = ((tiny - epsilon) / 2.0 / log, (huge + epsilon) / 2.0 / log);
    if high < 0.0 {
        (2.0 - upper, 2.0 - lower)
    } else if low < 0.0 {
        (lower.max(2.0 - upper), upper.min(2.0 - lower))
    } else {
        (lower, upper)
    }
}

/// Slope of the log-likelihood by the power, over the number of values. `logs` are `sign(x) ln(1 + |x|)`; `pairs` is
/// scratch memory.
fn slope(logs: &[f64], lambda: f64, pairs: &mut Vec<(f64, f64)>) -> f64 {
    let n = logs.len() as f64;
    pairs.clear();
    pairs.extend(logs.iter().map(|&log| transformed(log, lambda)));
    let (sum, sum_slopes) = pairs.iter().fold((0.0, 0.0), |(a, b), (y, slope)| (a + y, b + slope));
    let (mean, mean_slope) = (sum / n, sum_slopes / n);
    let (mut variance, mut covariance) = (0.0, 0.0);
    for (y, slope) in pairs {
        variance += (*y - mean) * (*y - mean);
        covariance += (*y - mean) * (*slope - mean_slope);
    }
    logs.iter().sum::<f64>() / n - covariance / variance
}

/// The transformed value of a logarithm, and its slope by the power.
fn transformed(log: f64, lambda: f64) -> (f64, f64) {
    let (power, size) = if log < 0.0 { (2.0 - lambda, -log) } else { (lambda, log) };
    let t = power * size;
    if t.abs() < 0.05 {
        // Power series of (e^t - 1) / t, and of (t e^t - e^t + 1) / t², where the quotients lose precision.
        let y = 1.0 + t / 2.0 * (1.0 + t / 3.0 * (1.0 + t / 4.0 * (1.0 + t / 5.0 * (1.0 + t / 6.0 * (1.0 + t / 7.0)))));
        let bend = 0.5 + t / 3.0 + t * t * (1.0 / 8.0 + t / 30.0 + t * t * (1.0 / 144.0 + t / 840.0 + t * t / 5760.0));
        return ((size * y).copysign(log), size * size * bend);
    }
    let (grown, inverse) = (t.exp(), 1.0 / power);
    let y = (grown - 1.0) * inverse;
    (y.copysign(log), (size * grown - y) * inverse)
}

/// Where a falling function is 0, or the limit nearer to it: a bracket grown from the power of 1, then the method of
/// Chandrupatla (1997), Advances in Engineering Software 28.
fn root(
    (lowest, highest): (f64, f64),
    mut function: impl FnMut(f64) -> Result<f64, Cancelled>,
) -> Result<f64, Cancelled> {
    let mut a = 1f64.clamp(lowest, highest);
    let mut at_a = function(a)?;
    let (mut b, mut at_b) = (a, at_a);
    let mut reach = 1.0;
    while (at_a > 0.0) == (at_b > 0.0) {
        let limit = if at_b > 0.0 { highest } else { lowest };
        if b == limit {
            return Ok(limit);
        }
        (a, at_a) = (b, at_b);
        b = if at_b > 0.0 { (b + reach).min(limit) } else { (b - reach).max(limit) };
        at_b = function(b)?;
        reach *= 2.0;
    }
    let mut share = 0.5;
    for _ in 0..MOST_STEPS {
        let x = a + share * (b - a);
        let at_x = function(x)?;
        let (c, at_c) = if (at_x > 0.0) == (at_a > 0.0) {
            (a, at_a)
        } else {
            let old = (b, at_b);
            (b, at_b) = (a, at_a);
            old
        };
        (a, at_a) = (x, at_x);
        let best = if at_a.abs() < at_b.abs() { a } else { b };
        let least = PRECISION * (1.0 + best.abs()) / (b - a).abs();
        if least > 0.5 || at_a == 0.0 {
            return Ok(best);
        }
        // Inverse quadratic interpolation, where the three points allow it; else halving.
        let (position, fall) = ((a - b) / (c - b), (at_a - at_b) / (at_c - at_b));
        let smooth = fall * fall < position && (1.0 - fall) * (1.0 - fall) < 1.0 - position;
        share = if smooth {
            at_a / (at_b - at_a) * (at_c / (at_b - at_c))
                + (c - a) / (b - a) * (at_a / (at_c - at_a)) * (at_b / (at_c - at_b))
        } else {
            0.5
        };
        share = share.max(least).min(1.0 - least);
    }
    Ok(a)
}
