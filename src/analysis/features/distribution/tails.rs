//! How much of a column lies in the tails of the training values, and how far out.

use serde::{Deserialize, Serialize};

use super::quantile::{QuantileMethod, bounded, quantile};

/// Where the tails begin: two quantiles of training values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tails {
    /// Values below are in the lower tail.
    pub lower: f64,
    /// Values above are in the upper tail.
    pub upper: f64,
}

/// What of some values lies in the tails. All numbers are finite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TailStatistics {
    /// Share of the values in the lower tail, 0 to 1.
    pub share_below: f64,
    /// Share of the values in the upper tail, 0 to 1.
    pub share_above: f64,
    /// Mean distance of the values in the lower tail from its threshold; 0 where there are none.
    pub excess_below: f64,
    /// Mean distance of the values in the upper tail from its threshold; 0 where there are none. "Mean excess" in
    /// extreme value theory.
    pub excess_above: f64,
}

impl Tails {
    /// Tails beyond the quantiles `level` (0.5 to 1) and 1 - `level` of ascending finite values; `None` for no values.
    pub fn fit(sorted: &[f64], level: f64) -> Option<Self> {
        let at = |level| quantile(sorted, level, QuantileMethod::Linear);
        (!sorted.is_empty()).then(|| Self { lower: at(1.0 - level), upper: at(level) })
    }

    /// Distance of a value from the threshold of its tail: negative in the lower one, positive in the upper one, 0
    /// between, NaN where the value is missing.
    pub fn excess(&self, value: f64) -> f64 {
        if !value.is_finite() {
            f64::NAN
        } else if value > self.upper {
            bounded(value - self.upper)
        } else if value < self.lower {
            -bounded(self.lower - value)
        } else {
            0.0
        }
    }

    /// Statistics of the finite values of a column; `None` for no values.
    pub fn statistics(&self, column: &[f64]) -> Option<TailStatistics> {
        let present = column.iter().filter(|value| value.is_finite());
        present.fold(Beyond::default(), |beyond, &value| beyond.with(self.excess(value))).statistics()
    }
}

/// How many values are in each tail, and the sums of their excesses.
#[derive(Debug, Clone, Copy, Default)]
struct Beyond {
    n: u32,
    n_below: u32,
    n_above: u32,
    below: f64,
    above: f64,
}

impl Beyond {
    /// With one more value of that excess.
    fn with(mut self, excess: f64) -> Self {
        self.n += 1;
        if excess < 0.0 {
            self.n_below += 1;
            self.below -= excess;
        } else if excess > 0.0 {
            self.n_above += 1;
            self.above += excess;
        }
        self
    }

    /// `None` for no values.
    fn statistics(self) -> Option<TailStatistics> {
        let share = |count: u32| f64::from(count) / f64::from(self.n);
        let mean = |sum: f64, count: u32| bounded(sum / f64::from(count.max(1)));
        (self.n > 0).then(|| TailStatistics {
            share_below: share(self.n_below),
            share_above: share(self.n_above),
            excess_below: mean(self.below, self.n_below),
            excess_above: mean(self.above, self.n_above),
        })
    }
}
