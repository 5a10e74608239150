//! How sure a reconstruction error is: Monte-Carlo dropout (Gal, Ghahramani 2016).

use serde::{Deserialize, Serialize};

/// Reconstruction error of a row over passes with dropout on.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Uncertainty {
    /// Mean of the error, in the error metric.
    pub mean: f64,
    /// Population standard deviation of the error over the passes, at least 0.
    pub std: f64,
}

/// Mean and variance of values that come one by one (Welford 1962).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    mean: f64,
    /// Sum of squared distances from the mean.
    squares: f64,
}

impl Moments {
    /// Takes in value number `n`, counted from 1.
    pub(super) fn add(&mut self, value: f64, n: u32) {
        let before = value - self.mean;
        self.mean += before / f64::from(n);
        self.squares += before * (value - self.mean);
    }

    /// The result after `n` values.
    pub(super) fn uncertainty(self, n: u32) -> Uncertainty {
        Uncertainty { mean: self.mean, std: (self.squares / f64::from(n.max(1))).max(0.0).sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_a_few_values() {
        let mut moments = Moments::default();
        for (value, n) in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter().zip(1..) {
            moments.add(value, n);
        }
        assert_eq!(moments.uncertainty(8), Uncertainty { mean: 5.0, std: 2.0 });
    }

    #[test]
    fn equal_values_have_no_spread() {
        let mut moments = Moments::default();
        (1..=5).for_each(|n| moments.add(1e100, n));
        assert_eq!(moments.uncertainty(5), Uncertainty { mean: 1e100, std: 0.0 });
    }
}
