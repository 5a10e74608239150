//! Windows of a series: how long they are, and which row the score of a window goes to.

use std::ops::Range;

use crate::analysis::stats::mean_std;
use crate::cx::{Cancelled, Cx};
use crate::recipe::{WindowAlign, WindowLength};

/// Rows the period is looked for in, from the first.
const PERIOD_ROWS: usize = 20_000;

/// Longest lag looked at.
const MAX_LAG: usize = 400;

/// Shortest lag looked at: nearly all series resemble themselves a row or two later.
const MIN_LAG: usize = 3;

/// Window where there is no period, and the range of peaks taken for one, all as in TSB-AD.
const NO_PERIOD: usize = 125;
const PEAKS: std::ops::RangeInclusive<usize> = 3..=300;

/// Shortest window.
pub(crate) const MIN_WINDOW: usize = 4;

/// Rows per window for the series of a column.
pub(crate) fn window_length(setting: WindowLength, series: &[Vec<f64>], cx: &Cx) -> Result<usize, Cancelled> {
    match setting {
        WindowLength::Rows(rows) => Ok((rows as usize).max(MIN_WINDOW)),
        WindowLength::Auto => by_period(series, 0, cx),
        WindowLength::AutoAtLeast(rows) => by_period(series, rows as usize, cx),
    }
}

/// The period of the longest series, but at least this many rows, and at most a quarter of it.
fn by_period(series: &[Vec<f64>], at_least: usize, cx: &Cx) -> Result<usize, Cancelled> {
    let longest = series.iter().max_by_key(|series| series.len()).map_or(&[][..], Vec::as_slice);
    Ok(period(longest, cx)?.max(at_least).min(longest.len() / 4).max(MIN_WINDOW))
}

/// The lag at the highest peak of the autocorrelation, as `find_length_rank` of TSB-AD (Liu and Paparrizos, NeurIPS 2024)
/// gives it: 6 to 303, or 125 where the highest peak lies elsewhere or there is none.
pub(crate) fn period(series: &[f64], cx: &Cx) -> Result<usize, Cancelled> {
    let values = series.get(..PERIOD_ROWS).unwrap_or(series);
    let (mean, std) = mean_std(values);
    // In units of the standard deviation, so that no product overflows or vanishes.
    let unit = if std > 0.0 { 1.0 / std } else { 0.0 };
    let centered: Vec<f64> = values.iter().map(|value| (value - mean) * unit).collect();
    let lags = MIN_LAG..=MAX_LAG.min(values.len().saturating_sub(1));
    let autocovariance = |lag: usize| {
        cx.check()?;
        let later = centered.get(lag..).unwrap_or_default();
        Ok(pulp::Arch::new().dispatch(|| {
            let mut sums = [0.0; 8];
            let (a, b) = (centered[..later.len()].as_chunks::<8>(), later.as_chunks::<8>());
            for (a, b) in a.0.iter().zip(b.0) {
                sums.iter_mut().zip(a).zip(b).for_each(|((sum, a), b)| *sum += a * b);
            }
            sums.iter().sum::<f64>() + a.1.iter().zip(b.1).map(|(a, b)| a * b).sum::<f64>()
        }))
    };
    let curve: Vec<f64> = lags.map(autocovariance).collect::<Result<_, Cancelled>>()?;
    let mut highest = None;
    for (at, around) in curve.windows(3).enumerate() {
        let &[left, here, right] = around else { continue };
        if here > left && here > right && highest.is_none_or(|(_, height)| here >= height) {
            highest = Some((at + 1, here));
        }
    }
    Ok(highest.filter(|(at, _)| PEAKS.contains(at)).map_or(NO_PERIOD, |(at, _)| at + MIN_LAG))
}

/// Rows before the one that the score of a window of `m` rows goes to.
fn rows_before(m: usize, align: WindowAlign) -> usize {
    match align {
        WindowAlign::Center => m / 2,
        WindowAlign::End => m.saturating_sub(1),
    }
}

/// The window of `m` rows (fewer where there are no more) whose score goes to row `at` of `n`, or which is nearest to it;
/// it holds that row. Alone, it gives the row the same score as among all windows.
pub(crate) fn window_of(at: usize, n: usize, m: usize, align: WindowAlign) -> Range<usize> {
    let start = at.saturating_sub(rows_before(m, align)).min(n.saturating_sub(m));
    start..(start + m).min(n)
}

/// One score per row from the scores of the n - m + 1 windows of `m` rows; zeros where there are no windows.
pub(crate) fn to_rows(windows: &[f64], n_rows: usize, m: usize, align: WindowAlign) -> Vec<f64> {
    let (Some(&first), Some(&last)) = (windows.first(), windows.last()) else { return vec![0.0; n_rows] };
    let first = if align == WindowAlign::Center { first } else { 0.0 };
    let mut rows = vec![first; rows_before(m, align).min(n_rows)];
    rows.extend_from_slice(windows);
    rows.resize(n_rows, last);
    rows
}

#[cfg(test)]
mod tests {
    use super::super::tests::noise;
    use super::*;

    #[test]
    fn the_period_is_that_of_the_series() {
        let cx = Cx::default();
        let wave = |n: u32, period: f64| -> Vec<f64> {
            let noise = noise(n as usize, 3);
            let value = |i: u32| (f64::from(i) * std::f64::consts::TAU / period).sin() + 0.3 * noise[i as usize];
            (0..n).map(value).collect()
        };
        assert_eq!(period(&wave(5000, 48.0), &cx).unwrap(), 48);
        assert_eq!(period(&wave(30_000, 288.0), &cx).unwrap(), 288);
        // Too long to be seen, no peak at all, too short.
        assert_eq!(period(&(0..500).map(f64::from).collect::<Vec<_>>(), &cx).unwrap(), 125);
        assert_eq!(period(&[5.0; 100], &cx).unwrap(), 125);
        assert_eq!(period(&[], &cx).unwrap(), 125);
        assert_eq!(window_length(WindowLength::Auto, &[vec![1.0; 80]], &cx).unwrap(), 20);
        assert_eq!(window_length(WindowLength::Auto, &[vec![1.0]], &cx).unwrap(), 4);
        assert_eq!(window_length(WindowLength::AutoAtLeast(200), &[vec![1.0; 1000]], &cx).unwrap(), 200);
        assert_eq!(window_length(WindowLength::AutoAtLeast(200), &[vec![1.0; 80]], &cx).unwrap(), 20);
    }

    #[test]
    fn scores_of_windows_go_to_their_middle_or_end() {
        let windows = [1.0, 2.0, 3.0];
        assert_eq!(to_rows(&windows, 6, 4, WindowAlign::Center), [1.0, 1.0, 1.0, 2.0, 3.0, 3.0]);
        assert_eq!(to_rows(&windows, 7, 5, WindowAlign::Center), [1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0]);
        assert_eq!(to_rows(&windows, 6, 4, WindowAlign::End), [0.0, 0.0, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!(to_rows(&[], 2, 4, WindowAlign::End), [0.0, 0.0]);
        // The same said of single rows.
        let (center, end) = (WindowAlign::Center, WindowAlign::End);
        assert_eq!([0, 2, 3, 5].map(|at| window_of(at, 6, 4, center).start), [0, 0, 1, 2]);
        assert_eq!([0, 3, 4, 5].map(|at| window_of(at, 6, 4, end).start), [0, 0, 1, 2]);
        assert_eq!((window_of(3, 6, 4, center), window_of(1, 2, 4, end)), (1..5, 0..2));
    }
}
