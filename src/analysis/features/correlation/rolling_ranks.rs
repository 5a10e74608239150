//! Spearman's and Kendall's correlation over a sliding window, exact.
//!
//! What a pair adds to ranks, ties and concordant pairs is counted against all others when it comes, and taken off when
//! it goes. All are integers, so nothing drifts. A pass over the window costs less than any tree up to some thousand
//! pairs: it has no branches and takes several values at a time.

use super::super::deviations::dot;
use super::kendall::{pairs_of, tau};
use super::pearson::ratio;
use super::window::Fifo;

/// Spearman's rho: Pearson's correlation of average ranks.
#[derive(Debug, Clone, Default)]
pub(super) struct RollingSpearman {
    x: Ranks,
    y: Ranks,
}

impl RollingSpearman {
    /// Takes in a pair, before it is in `xs` and `ys`.
    pub(super) fn insert(&mut self, xs: &[f64], ys: &[f64], x: f64, y: f64) {
        self.x.insert(xs, x);
        self.y.insert(ys, y);
    }

    /// Forgets the oldest pair, after it left `xs` and `ys`.
    pub(super) fn remove(&mut self, xs: &[f64], ys: &[f64], x: f64, y: f64) {
        self.x.remove(xs, x);
        self.y.remove(ys, y);
    }

    /// The correlation of the pairs.
    pub(super) fn correlation(&self) -> f64 {
        let (x, y) = (self.x.ranks.values(), self.y.ranks.values());
        let n = x.len() as f64;
        // The mean of twice the ranks, less 1, is n.
        let covariance = dot(x, y) - n * n * n;
        ratio(3.0 * covariance, self.x.spread(), self.y.spread())
    }
}

/// Ranks of the values in the window.
#[derive(Debug, Clone, Default)]
struct Ranks {
    /// Per value twice its average rank, less 1: 2 for each smaller value and 1 for each equal one, itself among them.
    ranks: Fifo,
    /// Sum of t³ - t over the groups of t equal values.
    ties: f64,
}

impl Ranks {
    fn insert(&mut self, values: &[f64], value: f64) {
        let (n_less, n_equal) = shift(values, self.ranks.values_mut(), value, 1.0);
        self.ranks.push((2 * n_less + n_equal + 1) as f64);
        self.ties += growth(n_equal);
    }

    fn remove(&mut self, values: &[f64], value: f64) {
        self.ranks.pop();
        let (_, n_equal) = shift(values, self.ranks.values_mut(), value, -1.0);
        self.ties -= growth(n_equal);
    }

    /// 3 times the sum of squared deviations of `ranks`.
    fn spread(&self) -> f64 {
        let n = self.ranks.values().len() as f64;
        n * n * n - n - self.ties
    }
}

/// (t + 1)³ - (t + 1) - (t³ - t).
fn growth(t: i64) -> f64 {
    let t = t as f64;
    3.0 * t * (t + 1.0)
}

/// Adds to the ranks of all values what one more value means for them, times `sign`. Returns how many are less than it
/// and how many equal it.
fn shift(values: &[f64], ranks: &mut [f64], value: f64, sign: f64) -> (i64, i64) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let (mut n_less, mut n_equal) = (0, 0);
            for (&v, rank) in values.iter().zip(ranks) {
                let (less, equal, greater) = (v < value, v == value, v > value);
                n_less += i64::from(less);
                n_equal += i64::from(equal);
                *rank += (if greater { 2.0 } else { 0.0 } + if equal { 1.0 } else { 0.0 }) * sign;
            }
            (n_less, n_equal)
        },
    )
}

/// Kendall's tau-b.
#[derive(Debug, Clone, Default)]
pub(super) struct RollingKendall {
    counts: Counts,
}

/// Over pairs of pairs of values.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    /// Concordant less discordant.
    difference: i64,
    ties_x: u64,
    ties_y: u64,
}

impl RollingKendall {
    /// Takes in a pair, before it is in `xs` and `ys`.
    pub(super) fn insert(&mut self, xs: &[f64], ys: &[f64], x: f64, y: f64) {
        let added = counts(xs, ys, x, y);
        self.counts.difference += added.difference;
        self.counts.ties_x += added.ties_x;
        self.counts.ties_y += added.ties_y;
    }

    /// Forgets the oldest pair, after it left `xs` and `ys`.
    pub(super) fn remove(&mut self, xs: &[f64], ys: &[f64], x: f64, y: f64) {
        let gone = counts(xs, ys, x, y);
        self.counts.difference -= gone.difference;
        self.counts.ties_x -= gone.ties_x;
        self.counts.ties_y -= gone.ties_y;
    }

    /// The correlation of the `n` pairs.
    pub(super) fn correlation(&self, n: usize) -> f64 {
        let pairs = pairs_of(n as u64);
        let Counts { difference, ties_x, ties_y } = self.counts;
        tau(difference as f64, pairs - ties_x, pairs - ties_y)
    }
}

/// One pair of values against all others.
fn counts(xs: &[f64], ys: &[f64], x: f64, y: f64) -> Counts {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let mut counts = Counts::default();
            for (&a, &b) in xs.iter().zip(ys) {
                let concordant = (a < x) & (b < y) | (a > x) & (b > y);
                let discordant = (a < x) & (b > y) | (a > x) & (b < y);
                counts.difference += i64::from(concordant) - i64::from(discordant);
                counts.ties_x += u64::from(a == x);
                counts.ties_y += u64::from(b == y);
            }
            counts
        },
    )
}
