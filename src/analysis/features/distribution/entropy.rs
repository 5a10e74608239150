//! Entropy of counts: how evenly values are spread over bins.

use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

/// A kind of entropy of the shares p of bins. Orders are at least 0; at order 1 all equal Shannon's. 0 where all values
/// are in one bin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entropy {
    /// -sum p ln p (Shannon 1948), in nats: 0 to ln n for n bins.
    Shannon,
    /// The same in bits.
    ShannonBits,
    /// ln(sum p^order) / (1 - order) (Rényi 1961), in nats: 0 to ln n for n bins.
    Renyi {
        /// The higher, the more the largest share counts.
        order: f64,
    },
    /// (1 - sum p^order) / (order - 1) (Tsallis 1988): 0 to ln n for order 1, less for higher orders.
    Tsallis {
        /// The higher, the more the largest share counts.
        order: f64,
    },
}

/// Orders this close to 1 need formulas that do not divide one small difference by another.
const NEAR_ONE: f64 = 0.1;

impl Entropy {
    /// Entropy of counts of values per bin; NaN where there are no values.
    pub fn of(self, counts: &[u64]) -> f64 {
        self.with_terms(counts.iter().copied(), |count| self.term(count))
    }

    /// The same for counts of which the terms may be known. Sums only integers and terms: the same counts give the same
    /// bits whatever came before.
    pub(super) fn with_terms(self, counts: impl Iterator<Item = u64> + Clone, term: impl Fn(u64) -> f64) -> f64 {
        let n: u64 = counts.clone().sum();
        if n == 0 {
            return f64::NAN;
        }
        let (whole, sum) = (term(n), counts.clone().map(&term).sum::<f64>());
        let order = self.order();
        let entropy = match self {
            Self::Shannon | Self::ShannonBits => (whole - sum) / n as f64,
            _ if order == 1.0 => (whole - sum) / n as f64,
            Self::Renyi { .. } if self.is_near_one() => ((sum - whole) / (n as f64 + whole)).ln_1p() / (1.0 - order),
            Self::Tsallis { .. } if self.is_near_one() => (sum - whole) / (n as f64 + whole) / (1.0 - order),
            Self::Renyi { .. } => log_power_sum(counts, order, sum, whole) / (1.0 - order),
            Self::Tsallis { .. } if whole.is_finite() => (1.0 - sum / whole) / (order - 1.0),
            Self::Tsallis { .. } => (1.0 - log_power_sum(counts, order, sum, whole).exp()) / (order - 1.0),
        };
        let unit = if self == Self::ShannonBits { LN_2 } else { 1.0 };
        // Adding 0 makes 0 of -0.
        (entropy / unit).max(0.0) + 0.0
    }

    /// What a bin adds: c ln c for order 1; c^order - c near it, c^order elsewhere. 0 for an empty bin.
    pub(super) fn term(self, count: u64) -> f64 {
        if count == 0 {
            return 0.0;
        }
        let (count, order) = (count as f64, self.order());
        if order == 1.0 {
            count * count.ln()
        } else if self.is_near_one() {
            count * ((order - 1.0) * count.ln()).exp_m1()
        } else {
            count.powf(order)
        }
    }

    fn order(self) -> f64 {
        match self {
            Self::Shannon | Self::ShannonBits => 1.0,
            Self::Renyi { order } | Self::Tsallis { order } => order,
        }
    }

    fn is_near_one(self) -> bool {
        (self.order() - 1.0).abs() < NEAR_ONE
    }
}

/// ln(sum p^order), from the sum of c^order and n^order.
fn log_power_sum(counts: impl Iterator<Item = u64> + Clone, order: f64, sum: f64, whole: f64) -> f64 {
    if whole.is_finite() {
        return (sum / whole).ln();
    }
    // High orders of many values overflow: the largest count is taken out.
    let n = counts.clone().sum::<u64>() as f64;
    let largest = counts.clone().max().unwrap_or(0) as f64;
    let shares = counts.map(|count| (count as f64 / largest).powf(order));
    order * (largest / n).ln() + shares.sum::<f64>().ln()
}
