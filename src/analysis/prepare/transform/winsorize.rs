//! Winsorizing: values beyond a quantile of the training rows become that quantile.

use serde::{Deserialize, Serialize};

use super::{LIMIT, of_present, present};
use crate::analysis::stats;

/// Limits of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Winsorize {
    /// Values below become this.
    pub(crate) low: f64,
    /// Values above become this.
    pub(crate) high: f64,
}

impl Winsorize {
    /// The quantiles at two levels (0 to 1, usually 0.01 and 0.99, in any order; type 7, as numpy's default). Without a
    /// value present nothing is pulled in.
    pub(crate) fn fit(values: &[f64], levels: [f64; 2]) -> Self {
        let mut present = present(values);
        present.iter_mut().for_each(|value| *value = value.clamp(-LIMIT, LIMIT));
        if present.is_empty() {
            return Self { low: -LIMIT, high: LIMIT };
        }
        let [a, b] = stats::quantiles(&present, levels);
        Self { low: a.min(b), high: a.max(b) }
    }

    /// The value, pulled within the limits.
    pub(crate) fn apply(&self, value: f64) -> f64 {
        of_present(value, |value| value.max(self.low).min(self.high))
    }
}
