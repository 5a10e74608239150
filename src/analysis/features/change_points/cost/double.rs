//! Sums with twice the digits of an `f64`.

use std::ops::{Add, Sub};

/// A number as the sum of two: about 32 digits (Dekker 1971, Hida, Li and Bailey 2001).
///
/// Differences of prefix sums of such numbers are good to the last digit of an `f64`, whatever came before.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Double {
    high: f64,
    low: f64,
}

/// `a + b` and what rounding took from it.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

impl Double {
    /// `a * b`.
    pub(super) fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self { high, low: a.mul_add(b, -high) }
    }

    /// `self * other`.
    pub(super) fn times(self, other: Self) -> Self {
        let Self { high, low } = Self::product(self.high, other.high);
        Self::of(high, low + (self.high * other.low + self.low * other.high))
    }

    /// `self / divisor`.
    pub(super) fn over(self, divisor: f64) -> Self {
        let quotient = self.high / divisor;
        let rest = self - Self::product(quotient, divisor);
        Self::of(quotient, rest.high / divisor)
    }

    /// The nearest `f64`.
    pub(super) fn value(self) -> f64 {
        self.high
    }

    fn of(high: f64, low: f64) -> Self {
        let (high, low) = two_sum(high, low);
        Self { high, low }
    }
}

impl From<f64> for Double {
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl Add for Double {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (high, error) = two_sum(self.high, other.high);
        let (low, low_error) = two_sum(self.low, other.low);
        let Self { high, low } = Self::of(high, error + low);
        Self::of(high, low + low_error)
    }
}

impl Sub for Double {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + Self { high: -other.high, low: -other.low }
    }
}
