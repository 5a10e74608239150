//! Where a value stands among the training values of its column.
//!
//! All are causal: they look at one row and at what was learned. A missing value (NaN, infinite) gives NaN.

use super::profile::{ColumnProfile, MAX_KNOTS};
use super::quantile::bounded;

/// The quartile of the standard normal distribution: the median absolute deviation of standard normal values.
const NORMAL_QUARTILE: f64 = 0.6745;
/// sqrt(pi / 2): the standard deviation of normal values over their mean absolute deviation.
const NORMAL_MEAN_DEVIATION: f64 = 1.253_314;

impl ColumnProfile {
    /// (value - mean) / standard deviation (n - 1), at most `limit` either way. For constant training values 0 for
    /// their value, and the limit for any other.
    pub fn z_score(&self, value: f64, limit: f64) -> f64 {
        score(value, self.mean, self.std, limit)
    }

    /// 0.6745 (value - median) / MAD (Iglewicz and Hoaglin 1993), at most `limit` either way.
    ///
    /// Where more than half of the training values are equal the MAD is 0, and the score is (value - median) / (1.253314
    /// mean absolute deviation from the median), as IBM's statistics packages have it. For constant training values 0 for their
    /// value, and the limit for any other.
    pub fn modified_z_score(&self, value: f64, limit: f64) -> f64 {
        let spread = if self.mad > 0.0 {
            self.mad / NORMAL_QUARTILE
        } else {
            self.mean_absolute_deviation * NORMAL_MEAN_DEVIATION
        };
        score(value, self.median, spread, limit)
    }

    /// Tukey's fences: -1 below q1 - k IQR, 1 above q3 + k IQR, else 0. Commonly k = 1.5; at least 0.
    pub fn iqr_flag(&self, value: f64, k: f64) -> f64 {
        let reach = bounded(self.q3 - self.q1) * k;
        if !value.is_finite() {
            f64::NAN
        } else if value < self.q1 - reach {
            -1.0
        } else if value > self.q3 + reach {
            1.0
        } else {
            0.0
        }
    }

    /// Share of the training values below, and half of those equal: 0 to 1. Exact for at most 1001 training values;
    /// else interpolated between 1001 quantiles, which is off by less than 0.001.
    pub fn percentile_rank(&self, value: f64) -> f64 {
        if !value.is_finite() || self.knots.is_empty() {
            return f64::NAN;
        }
        let n_less = self.knots.partition_point(|&knot| knot < value);
        let n_up_to = self.knots.partition_point(|&knot| knot <= value);
        if self.n <= MAX_KNOTS {
            return (n_less + n_up_to) as f64 / 2.0 / self.knots.len() as f64;
        }
        let n_steps = (self.knots.len() - 1) as f64;
        if n_up_to > n_less {
            return (n_less + n_up_to - 1) as f64 / 2.0 / n_steps;
        }
        let (Some(below), Some(&above)) = (n_less.checked_sub(1), self.knots.get(n_less)) else {
            return if n_less == 0 { 0.0 } else { 1.0 };
        };
        let low = self.knots[below];
        // Halves, as the difference may overflow.
        let fraction = (value / 2.0 - low / 2.0) / (above / 2.0 - low / 2.0);
        (below as f64 + fraction) / n_steps
    }
}

fn score(value: f64, centre: f64, spread: f64, limit: f64) -> f64 {
    let distance = value - centre;
    if !value.is_finite() {
        f64::NAN
    } else if distance == 0.0 {
        0.0
    } else if spread == 0.0 {
        limit.copysign(distance)
    } else {
        (distance / spread).clamp(-limit, limit)
    }
}
