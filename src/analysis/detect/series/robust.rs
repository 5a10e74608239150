//! Robust middle and spread, and distances in units of a spread that may be zero.

use crate::analysis::stats::quantiles;

/// Largest distance in units of the spread: what a value counts as that differs from a baseline that never varied.
pub(crate) const MAX_RATIO: f64 = 1e6;

/// Standard deviations of a normal distribution in one median absolute deviation: 1 / 0.6745.
const PER_MAD: f64 = 1.0 / 0.6745;

/// Standard deviations of a normal distribution in one mean absolute deviation.
const PER_MEAN_DEVIATION: f64 = 1.253_314;

/// `deviation` in units of `spread`, from -1e6 to 1e6: 0 where it is 0, the limit where only the spread is 0.
pub(crate) fn ratio(deviation: f64, spread: f64) -> f64 {
    if deviation == 0.0 {
        return 0.0;
    }
    (deviation / spread.max(f64::MIN_POSITIVE)).clamp(-MAX_RATIO, MAX_RATIO)
}

/// Median; 0 for no values.
pub(crate) fn median(values: &[f64]) -> f64 {
    let [median] = quantiles(values, [0.5]);
    if values.is_empty() { 0.0 } else { median }
}

/// Standard deviation from absolute deviations: from their median, or from their mean where that is 0 (Iglewicz and
/// Hoaglin: How to detect and handle outliers, 1993; the second as in SPSS).
pub(crate) fn spread_of(absolute_deviations: &[f64]) -> f64 {
    let mad = median(absolute_deviations);
    if mad > 0.0 {
        return mad * PER_MAD;
    }
    PER_MEAN_DEVIATION * absolute_deviations.iter().sum::<f64>() / absolute_deviations.len().max(1) as f64
}

/// Standard deviation from a median absolute deviation that is above 0.
pub(crate) fn spread_of_mad(mad: f64) -> f64 {
    mad * PER_MAD
}

/// The values of a moving window in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct SortedWindow(Vec<f64>);

impl SortedWindow {
    /// A window with these values.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        Self(values)
    }

    /// Takes a value in.
    pub(crate) fn insert(&mut self, value: f64) {
        let at = self.0.partition_point(|other| other.total_cmp(&value).is_lt());
        self.0.insert(at, value);
    }

    /// Takes `new` in for one of the values, `old`.
    pub(crate) fn replace(&mut self, old: f64, new: f64) {
        let place = |value: f64| self.0.partition_point(|other| other.total_cmp(&value).is_lt());
        let (from, to) = (place(old), place(new));
        // Those between the two places move by one.
        if from < to {
            self.0.copy_within(from + 1..to, from);
            self.0[to - 1] = new;
        } else if from < self.0.len() {
            self.0.copy_within(to..from, to + 1);
            self.0[to] = new;
        }
    }

    /// The values, ascending.
    pub(crate) fn values(&self) -> &[f64] {
        &self.0
    }

    /// Quantile with linear interpolation (type 7); 0 for no values.
    pub(crate) fn quantile(&self, level: f64) -> f64 {
        let position = level * self.0.len().saturating_sub(1) as f64;
        let at = position as usize;
        let (Some(&low), high) = (self.0.get(at), self.0.get(at + 1)) else { return 0.0 };
        high.map_or(low, |high| low + (high - low) * position.fract())
    }

    /// Median of the absolute deviations from `center`; 0 for no values.
    pub(crate) fn median_deviation(&self, center: f64) -> f64 {
        let Some(last) = self.0.len().checked_sub(1) else { return 0.0 };
        let low = self.kth_deviation(center, last / 2);
        if last.is_multiple_of(2) { low } else { f64::midpoint(low, self.kth_deviation(center, last / 2 + 1)) }
    }

    /// The absolute deviation from `center` that `k` others do not exceed.
    fn kth_deviation(&self, center: f64, k: usize) -> f64 {
        let middle = self.0.partition_point(|&value| value < center);
        let (below, above) = self.0.split_at(middle);
        // Deviations ascend from the middle to both sides. The k + 1 smallest are some number of values below and the
        // rest above: look for that number.
        let (mut least, mut most) = ((k + 1).saturating_sub(above.len()), (k + 1).min(below.len()));
        let down = |i: usize| center - below[below.len() - 1 - i];
        let up = |i: usize| above[i] - center;
        while least < most {
            let from_below = least.midpoint(most);
            // One more from below is right as long as it is nearer than the farthest taken from above.
            if down(from_below) < up(k - from_below) {
                least = from_below + 1;
            } else {
                most = from_below;
            }
        }
        let from_above = k + 1 - least;
        let low = if least > 0 { down(least - 1) } else { 0.0 };
        let high = if from_above > 0 { up(from_above - 1) } else { 0.0 };
        low.max(high)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::noise;
    use super::*;

    #[test]
    fn sorted_windows_agree_with_sorting() {
        let mut window = SortedWindow::default();
        let values: Vec<f64> = noise(300, 1).iter().map(|value| (value * 20.0).round()).collect();
        for at in 0..values.len() {
            // It grows to 21 values, then moves, and starts anew with 8.
            let width = if at < 150 { 21 } else { 8 };
            let start = (at + 1).saturating_sub(width);
            match at {
                0..21 => window.insert(values[at]),
                150 => window = SortedWindow::of(values[start..=at].to_vec()),
                _ => window.replace(values[start - 1], values[at]),
            }
            let now = &values[start..=at];
            let mut sorted = now.to_vec();
            sorted.sort_by(f64::total_cmp);
            assert_eq!(window.values(), sorted);
            for level in [0.25, 0.5, 0.75] {
                let [expected] = quantiles(now, [level]);
                assert!((window.quantile(level) - expected).abs() < 1e-12);
            }
            for center in [median(now), 3.5, -100.0, 100.0] {
                let deviations: Vec<f64> = now.iter().map(|value| (value - center).abs()).collect();
                assert_eq!(window.median_deviation(center), median(&deviations), "{now:?} {center}");
            }
        }
    }

    #[test]
    fn spreads_of_hand_computed_cases() {
        assert!((spread_of(&[0.0, 1.0, 2.0]) - 1.0 / 0.6745).abs() < 1e-12);
        assert!((spread_of(&[0.0, 0.0, 3.0]) - 1.253_314).abs() < 1e-12);
        assert_eq!((spread_of(&[]), median(&[]), ratio(0.0, 0.0)), (0.0, 0.0, 0.0));
        assert_eq!((ratio(-2.0, 0.0), ratio(1e300, 1e-300), ratio(3.0, 2.0)), (-1e6, 1e6, 1.5));
    }
}
