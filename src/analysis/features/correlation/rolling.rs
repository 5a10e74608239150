//! Correlation of two columns over sliding windows, row by row.

use super::rolling_pearson::RollingPearson;
use super::rolling_ranks::{RollingKendall, RollingSpearman};
use super::window::PairWindow;
use crate::analysis::features::windows::Reach;
use crate::cx::{Cancelled, Cx};
use crate::recipe::CorrelationMethod;

/// Fewest pairs of a window that give a correlation: of two, it is always -1 or 1.
const FEWEST_PAIRS: usize = 3;

/// Correlation of x and y over the window that ends at each row of an entity. Causal.
///
/// A window of w rows is the row and the w - 1 before it; one of w microseconds at time t holds the rows in (t - w, t].
/// Rows where x or y is missing count as rows of the window, but not as pairs. Cost per row: constant for Pearson (no
/// sum is ever subtracted from, so that nothing drifts); for Spearman and Kendall, which are exact, a few passes over the
/// window. Memory: at most 200 bytes per pair in the window.
#[derive(Debug, Clone)]
pub struct RollingCorrelation {
    window: PairWindow,
    min_pairs: usize,
    statistic: Statistic,
}

#[derive(Debug, Clone)]
enum Statistic {
    Pearson(RollingPearson),
    Spearman(RollingSpearman),
    Kendall(RollingKendall),
}

impl RollingCorrelation {
    /// Before the first row. Windows with fewer than `min_pairs` pairs (at least 3) have no correlation.
    pub fn new(method: CorrelationMethod, reach: Reach, min_pairs: usize) -> Self {
        let statistic = match method {
            CorrelationMethod::Pearson => Statistic::Pearson(RollingPearson::default()),
            CorrelationMethod::Spearman => Statistic::Spearman(RollingSpearman::default()),
            CorrelationMethod::Kendall => Statistic::Kendall(RollingKendall::default()),
        };
        Self { window: PairWindow::new(reach), min_pairs: min_pairs.max(FEWEST_PAIRS), statistic }
    }

    /// Takes in the next row, and returns the correlation over its window: -1 to 1, or NaN where the window has too few
    /// pairs or one of the two is constant in it.
    ///
    /// `time` (microseconds) may not go back from row to row; it is not looked at where windows count rows.
    pub fn push(&mut self, time: i64, x: f64, y: f64) -> f64 {
        let stamp = self.window.advance(time);
        while let Some((old_x, old_y)) = self.window.pop_expired(stamp) {
            let (xs, ys) = self.window.pairs();
            match &mut self.statistic {
                Statistic::Pearson(pearson) => pearson.remove(xs, ys),
                Statistic::Spearman(spearman) => spearman.remove(xs, ys, old_x, old_y),
                Statistic::Kendall(kendall) => kendall.remove(xs, ys, old_x, old_y),
            }
        }
        if x.is_finite() && y.is_finite() {
            let (xs, ys) = self.window.pairs();
            match &mut self.statistic {
                Statistic::Pearson(pearson) => pearson.insert(xs, ys, x, y),
                Statistic::Spearman(spearman) => spearman.insert(xs, ys, x, y),
                Statistic::Kendall(kendall) => kendall.insert(xs, ys, x, y),
            }
            self.window.push(stamp, x, y);
        }
        let (xs, ys) = self.window.pairs();
        if xs.len() < self.min_pairs {
            return f64::NAN;
        }
        match &self.statistic {
            Statistic::Pearson(pearson) => pearson.correlation(xs, ys),
            Statistic::Spearman(spearman) => spearman.correlation(),
            Statistic::Kendall(kendall) => kendall.correlation(xs.len()),
        }
    }
}

/// [`RollingCorrelation`] over all rows of one entity, in time order; as many as the shorter of `x` and `y` has. `times`
/// may be empty where windows count rows.
///
/// # Errors
/// When cancelled.
pub fn rolling_correlation(
    mut correlation: RollingCorrelation,
    times: &[i64],
    x: &[f64],
    y: &[f64],
    cx: &Cx,
) -> Result<Vec<f64>, Cancelled> {
    let times = times.iter().copied().chain(std::iter::repeat(0));
    let rows = times.zip(x.iter().zip(y));
    rows.map(|(time, (&x, &y))| cx.check().map(|()| correlation.push(time, x, y))).collect()
}
