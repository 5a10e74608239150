//! Pearson's correlation over a sliding window, in constant time per row.
//!
//! The window is kept as two halves (the "two stacks" of a queue): suffix sums of its older half, made once per window
//! length, and one running sum of its newer half. Nothing is ever subtracted, so no rounding error outlives the
//! values that caused it.

use super::pearson::{pearson, ratio};

/// Sums of deviations from a pivot, of their squares and of their products.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Sums {
    fn with(self, x: f64, y: f64) -> Self {
        Self { x: self.x + x, y: self.y + y, xx: self.xx + x * x, yy: self.yy + y * y, xy: self.xy + x * y }
    }

    fn merge(self, other: Self) -> Self {
        Self {
            x: self.x + other.x,
            y: self.y + other.y,
            xx: self.xx + other.xx,
            yy: self.yy + other.yy,
            xy: self.xy + other.xy,
        }
    }
}

/// The pairs themselves are kept by the caller.
#[derive(Debug, Clone, Default)]
pub(super) struct RollingPearson {
    /// A pair of the window: deviations are then exact for a large offset with little noise, and the variance loses
    /// at most a factor of the window's length in precision.
    pivot: (f64, f64),
    /// Sums over the older half from each pair on, the newest pair's first.
    older: Vec<Sums>,
    newer: Sums,
    /// How many of the newest values are equal.
    n_equal: (usize, usize),
}

impl RollingPearson {
    /// Takes in a pair, before it is in `xs` and `ys`.
    pub(super) fn insert(&mut self, xs: &[f64], ys: &[f64], x: f64, y: f64) {
        if xs.is_empty() {
            *self = Self { pivot: (x, y), ..Self::default() };
        }
        self.newer = self.newer.with(x - self.pivot.0, y - self.pivot.1);
        let run = |values: &[f64], value: f64, n: usize| if values.last() == Some(&value) { n + 1 } else { 1 };
        self.n_equal = (run(xs, x, self.n_equal.0), run(ys, y, self.n_equal.1));
    }

    /// Forgets the oldest pair, after it left `xs` and `ys`.
    pub(super) fn remove(&mut self, xs: &[f64], ys: &[f64]) {
        self.older.pop();
        if !self.older.is_empty() {
            return;
        }
        // The whole window becomes the older half. Its newest pair leaves it last, so it is the pivot until then.
        let (Some(&pivot_x), Some(&pivot_y)) = (xs.last(), ys.last()) else { return };
        self.pivot = (pivot_x, pivot_y);
        self.newer = Sums::default();
        let mut sums = Sums::default();
        self.older.extend(xs.iter().zip(ys).rev().map(|(x, y)| {
            sums = sums.with(x - pivot_x, y - pivot_y);
            sums
        }));
    }

    /// The correlation of the pairs.
    pub(super) fn correlation(&self, xs: &[f64], ys: &[f64]) -> f64 {
        let n = xs.len();
        if self.n_equal.0 >= n || self.n_equal.1 >= n {
            return f64::NAN;
        }
        let sums = self.older.last().copied().unwrap_or_default().merge(self.newer);
        let of_mean = 1.0 / n as f64;
        let variance_x = sums.xx - sums.x * sums.x * of_mean;
        let variance_y = sums.yy - sums.y * sums.y * of_mean;
        if !(ordinary(variance_x) && ordinary(variance_y)) {
            // Squares that overflow or vanish.
            return pearson(xs, ys);
        }
        ratio(sums.xy - sums.x * sums.y * of_mean, variance_x, variance_y)
    }
}

/// Whether a sum of squares is far from overflow and underflow, and its product with another such sum too.
fn ordinary(squares: f64) -> bool {
    (1e-140..1e140).contains(&squares)
}
