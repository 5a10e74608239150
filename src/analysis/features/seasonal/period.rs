//! Periods: after how many rows does a series repeat itself?
//!
//! A period shows as a peak of the autocorrelation; noise and slow drifts have peaks too. So a peak counts only where the
//! periodogram has a line at its frequency, and the mean of each phase explains enough of the series (as AUTOPERIOD of
//! Vlachos, Yu and Castelli 2005 confirms one by the other, there starting from the periodogram).

use super::autocorrelation::{Spectrum, standardized};
use super::gaps::fill;
use crate::analysis::stats::quantiles;
use crate::cx::{Cancelled, Cx};

/// Least periods in the series, for one to be seen.
const MIN_CYCLES: usize = 3;

/// Least autocorrelation of a peak, and standard deviations it must lie above 0 by (of white noise).
const MIN_CORRELATION: f64 = 0.05;
const MIN_DEVIATIONS: f64 = 4.5;

/// Times that a line in the periodogram must stand above what is around it. Without a line, the power around is
/// exponentially distributed: 12 times the mean has a chance of 6e-6.
const MIN_LINE: f64 = 12.0;

/// Least share of the variance the means of the phases must explain.
const MIN_STRENGTH: f64 = 0.05;

/// Lags to either side, and harmonics, by which a period is told exactly.
const NEAREST: usize = 8;
const HARMONICS: usize = 5;

/// Most multiples of a period that help to find it exactly.
const MULTIPLES: usize = 64;

/// Which periods are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodSearch {
    /// Shortest, in rows; at least 2, the default.
    pub min_period: usize,
    /// Longest, in rows; never more than a third of the series. Default: that third.
    pub max_period: usize,
    /// Most periods. Default 3.
    pub max_periods: usize,
}

impl Default for PeriodSearch {
    fn default() -> Self {
        Self { min_period: 2, max_period: usize::MAX, max_periods: 3 }
    }
}

/// A period of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Period {
    /// In rows.
    pub rows: usize,
    /// Autocorrelation at that lag, once shorter periods are taken out.
    pub autocorrelation: f64,
    /// Share of the series' variance that the mean of each phase explains, once shorter periods are taken out; adjusted
    /// for the number of phases, so about 0 for noise. At most 1.
    pub strength: f64,
}

/// The periods of a series, ascending; none where nothing repeats or there are fewer than 6 values.
///
/// From the shortest on: a lag is a candidate where the autocorrelation is the highest from 2/3 to 4/3 of the lag;
/// multiples of it, where the series repeats as well, say which lag it is exactly; periodogram and phase means confirm
/// it. Its phase means are then taken out, and what is left is searched again, so that a period and its multiples are
/// not found twice. Where there are more than asked for, those of the greatest strength are returned.
///
/// White noise has no period, but of random walks and strongly autocorrelated series 2 to 7 in a hundred seem to have
/// one.
/// Periods are whole numbers of rows; what repeats after 30.4 rows is not found. A straight line is taken out first.
/// Values further from the middle 90% than its range count as lying there.
/// Missing values are filled by straight lines. Needs the future: find periods on training rows.
///
/// # Errors
/// When cancelled.
pub fn find_periods(values: &[f64], search: &PeriodSearch, cx: &Cx) -> Result<Vec<Period>, Cancelled> {
    let n = values.len();
    let longest = search.max_period.min(n / MIN_CYCLES);
    let mut rest = prepared(values);
    let mut found: Vec<Period> = Vec::new();
    // One more than asked for: the strongest may be the longest.
    while longest >= 2 && found.len() <= search.max_periods {
        let spectrum = Spectrum::new(&rest, (longest * 4 / 3 + 1).max(longest * MIN_CYCLES), cx)?;
        let Some(period) = next_period(&rest, &spectrum, search.min_period.max(2)..=longest) else { break };
        let means = phase_means(&rest, period.rows);
        rest.chunks_mut(period.rows).for_each(|cycle| cycle.iter_mut().zip(&means).for_each(|(v, mean)| *v -= mean));
        found.push(period);
    }
    found.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    found.truncate(search.max_periods);
    found.sort_unstable_by_key(|period| period.rows);
    Ok(found)
}

/// The shortest lag of the range that is a period.
fn next_period(rest: &[f64], spectrum: &Spectrum, lags: std::ops::RangeInclusive<usize>) -> Option<Period> {
    let n = rest.len();
    let curve = &spectrum.autocorrelation;
    let least = MIN_CORRELATION.max(MIN_DEVIATIONS / (n as f64).sqrt());
    lags.clone().filter(|&lag| is_peak(curve, lag, least)).find_map(|lag| {
        let rows = exact(rest, curve, lag, lags.clone());
        let strength = strength(rest, rows);
        let variance = rest.iter().map(|value| value * value).sum::<f64>() / n as f64;
        let confirmed = strength >= MIN_STRENGTH && spectrum.line(rows, n) >= MIN_LINE;
        confirmed.then(|| Period { rows, autocorrelation: curve[rows], strength: strength * variance })
    })
}

/// Whether a lag has the highest value of the curve from 2/3 to 4/3 of the lag, and at least `least`.
fn is_peak(curve: &[f64], lag: usize, least: f64) -> bool {
    let height = curve[lag];
    // From the lag outwards: where it is no peak, a neighbour is mostly higher.
    let before = curve[lag - lag / 3..lag].iter().rev();
    let after = &curve[lag + 1..=(lag + (lag / 3).max(1)).min(curve.len() - 1)];
    height >= least && curve[lag - 1] < height && before.chain(after).all(|&other| other <= height)
}

/// The period near a peak. The multiples of a lag tell it from its neighbours where noise hides the peak itself; among
/// the nearest, the first harmonics of the mean of each phase do.
fn exact(rest: &[f64], curve: &[f64], peak: usize, lags: std::ops::RangeInclusive<usize>) -> usize {
    let near = |centre: usize, reach: usize| (centre - reach..=centre + reach).filter(|lag| lags.contains(lag));
    // No further than where half a row of error adds up to a quarter of the period.
    let n_multiples = MULTIPLES.min(peak / 2).min((curve.len() - 1) / (peak + peak / 8)).max(1);
    let height = |lag: usize| (1..=n_multiples).map(|k| curve[k * lag]).sum();
    let peak = highest(near(peak, peak / 8), height);
    highest(near(peak, (peak / 100).min(NEAREST)), |lag| harmonics(&phase_means(rest, lag)))
}

fn highest(lags: impl Iterator<Item = usize>, height: impl Fn(usize) -> f64) -> usize {
    let first = (f64::NEG_INFINITY, 0);
    lags.map(|lag| (height(lag), lag)).fold(first, |best, next| if next.0 > best.0 { next } else { best }).1
}

/// Power of the first harmonics of one period.
fn harmonics(cycle: &[f64]) -> f64 {
    let n = cycle.len();
    let power = |k: usize| {
        let (re, im) = cycle.iter().enumerate().fold((0.0, 0.0), |(re, im), (t, value)| {
            let (sin, cos) = (std::f64::consts::TAU * (k * t % n) as f64 / n as f64).sin_cos();
            (re + value * cos, im + value * sin)
        });
        (re * re + im * im) / (n * n) as f64
    };
    (1..=HARMONICS.min(n / 2)).map(power).sum()
}

/// The mean of each phase.
fn phase_means(values: &[f64], period: usize) -> Vec<f64> {
    let mut sums = vec![0.0; period];
    for cycle in values.chunks(period) {
        sums.iter_mut().zip(cycle).for_each(|(sum, value)| *sum += value);
    }
    let n = |phase: usize| values.len() / period + usize::from(phase < values.len() % period);
    sums.iter().enumerate().map(|(phase, sum)| sum / n(phase) as f64).collect()
}

/// Share of the variance (of values of mean 0) that the means of the phases explain, adjusted for their number.
fn strength(values: &[f64], period: usize) -> f64 {
    let n = values.len() as f64;
    let means = phase_means(values, period);
    let explained: f64 = values.chunks(period).flat_map(|cycle| &means[..cycle.len()]).map(|mean| mean * mean).sum();
    let all: f64 = values.iter().map(|value| value * value).sum();
    if all > 0.0 { 1.0 - (1.0 - explained / all) * (n - 1.0) / (n - period as f64) } else { 0.0 }
}

/// Values beyond the middle 90% by more than its range, brought back to there. Gaps stay.
fn clipped(values: &[f64]) -> Vec<f64> {
    let present: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let [low, high] = quantiles(&present, [0.05, 0.95]);
    let range = high - low;
    // NaN stays NaN: no comparison holds.
    let brought_back = |value: f64| match value {
        value if value < low - range => low - range,
        value if value > high + range => high + range,
        value => value,
    };
    if range > 0.0 { values.iter().map(|&value| brought_back(value)).collect() } else { values.to_vec() }
}

/// Takes out the straight line of least squares through `values` from `target`.
fn take_out_line(values: &[f64], target: &mut [f64]) {
    let n = values.len() as f64;
    let (middle, mean) = ((n - 1.0) / 2.0, values.iter().sum::<f64>() / n);
    let from_middle = || (0..values.len()).map(|at| at as f64 - middle);
    let (products, squares) = from_middle()
        .zip(values)
        .fold((0.0, 0.0), |(products, squares), (t, value)| (products + t * (value - mean), squares + t * t));
    let slope = if squares > 0.0 { products / squares } else { 0.0 };
    target.iter_mut().zip(from_middle()).for_each(|(value, t)| *value -= mean + slope * t);
}

/// The series without gaps, outliers and straight line, of mean 0 and variance 1 (all 0 where it is constant).
fn prepared(values: &[f64]) -> Vec<f64> {
    // In small units, so that nothing overflows.
    let largest =
        values.iter().filter(|value| value.is_finite()).fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let unit = if largest > 1e100 { 1.0 / largest } else { 1.0 };
    let mut level: Vec<f64> = values.iter().map(|value| value * unit).collect();
    // Outliers are seen only without the line, and the line only without outliers.
    for _ in 0..2 {
        take_out_line(&fill(&clipped(&level)), &mut level);
    }
    standardized(&fill(&clipped(&level)))
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::super::tests::noise;
    use super::*;

    fn rows(values: &[f64]) -> Vec<usize> {
        let found = find_periods(values, &PeriodSearch::default(), &Cx::default()).unwrap();
        found.iter().map(|period| period.rows).collect()
    }

    /// Something at each row, plus noise of that size.
    fn series(n: usize, noise_size: f64, seed: u64, at: impl Fn(usize) -> f64) -> Vec<f64> {
        noise(n, seed).iter().enumerate().map(|(t, noise)| at(t) + noise_size * noise).collect()
    }

    fn wave(t: usize, period: usize) -> f64 {
        (t as f64 * TAU / period as f64).cos()
    }

    #[test]
    fn waves_pulses_and_several_periods_are_found() {
        for (seed, period) in (1..).zip([2, 3, 7, 12, 24, 48, 100, 288, 1000]) {
            assert_eq!(rows(&series(20 * period.max(50), 0.8, seed, |t| wave(t, period))), [period]);
        }
        // The peak itself is lost in noise, its multiples are not.
        assert_eq!(rows(&series(40_000, 1.5, 1, |t| wave(t, 1440))), [1440]);
        // One pulse per period.
        assert_eq!(rows(&series(4000, 0.2, 2, |t| f64::from(u8::from(t % 60 < 3)))), [60]);
        // Days and weeks, and what is neither sine nor a multiple.
        assert_eq!(rows(&series(3000, 0.5, 3, |t| 2.0 * wave(t, 24) + wave(t, 168))), [24, 168]);
        let weekend = |t: usize| if t % 168 >= 120 { 0.3 } else { 1.0 };
        assert_eq!(rows(&series(3000, 0.3, 4, |t| (2.0 + wave(t, 24)) * weekend(t))), [24, 168]);
        assert_eq!(rows(&series(3000, 0.5, 5, |t| wave(t, 11) + wave(t, 50))), [11, 50]);
    }

    #[test]
    fn trends_outliers_and_gaps_hide_nothing() {
        let mut values = series(3000, 0.5, 6, |t| wave(t, 24) + 0.01 * t as f64);
        let fate = noise(3000, 60);
        for (at, value) in values.iter_mut().enumerate() {
            match fate[at] {
                fate if fate < -0.94 => *value += 1e6,
                fate if fate > 0.7 => *value = f64::NAN,
                _ => {}
            }
        }
        assert_eq!(rows(&values), [24]);
        let scaled: Vec<f64> = values.iter().map(|value| value * 1e290).collect();
        assert_eq!(rows(&scaled), [24]);
    }

    #[test]
    fn nothing_is_found_where_nothing_repeats() {
        let mut found = 0;
        for seed in 0..40 {
            let white = noise(1500, seed);
            let walk: Vec<f64> = white
                .iter()
                .scan(0.0, |sum, step| {
                    *sum += step;
                    Some(*sum)
                })
                .collect();
            let drifting: Vec<f64> = white
                .iter()
                .scan(0.0, |last, step| {
                    *last = 0.9 * *last + step;
                    Some(*last)
                })
                .collect();
            found += rows(&white).len() + rows(&walk).len() + rows(&drifting).len();
        }
        // Of random walks and strongly autocorrelated series, 2 to 7 in a hundred look periodic by chance (measured on
        // 200 each of 300, 1500 and 6000 rows); of white noise, none did.
        assert!(found <= 3, "{found}");
        assert_eq!(rows(&[5.0; 100]), [0; 0]);
        assert_eq!(rows(&(0..500).map(f64::from).collect::<Vec<_>>()), [0; 0]);
        assert_eq!(rows(&[1.0, 2.0, 1.0, 2.0, 1.0]), [0; 0]);
        assert_eq!(rows(&[]), [0; 0]);
        assert_eq!(rows(&[f64::NAN; 50]), [0; 0]);
    }

    #[test]
    fn the_search_is_bounded() {
        let values = series(3000, 0.3, 7, |t| wave(t, 24) + 0.5 * wave(t, 168));
        let find = |search: PeriodSearch| -> Vec<usize> {
            find_periods(&values, &search, &Cx::default()).unwrap().iter().map(|period| period.rows).collect()
        };
        let all = PeriodSearch::default();
        assert_eq!(find(PeriodSearch { max_periods: 1, ..all }), [24]);
        assert_eq!(find(PeriodSearch { max_period: 100, ..all }), [24]);
        assert_eq!(find(PeriodSearch { max_periods: 0, ..all }), [0; 0]);
        // A day is also what a week is made of.
        assert_eq!(find(PeriodSearch { min_period: 100, ..all }), [168]);
        let found = find_periods(&values, &all, &Cx::default()).unwrap();
        // Variances: 1/2 and 1/8 of the waves, 0.03 of the noise.
        assert!((found[0].strength - 0.5 / 0.655).abs() < 0.03, "{found:?}");
        assert!((found[1].strength - 0.125 / 0.655).abs() < 0.03, "{found:?}");
    }
}
