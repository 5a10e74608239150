//! Autocorrelation and periodogram: how alike is a series to itself some rows later, and at which frequencies?

use super::fft::real_fft;
use super::gaps::fill;
use crate::analysis::stats::{mean_std, quantiles};
use crate::cx::{Cancelled, Cx};

/// The autocorrelation at lag 0 to `n_lags` (at most to the last lag there is), as
/// `statsmodels.tsa.stattools.acf(values, nlags=n_lags, adjusted=False)`: means and variances over all rows, sums
/// divided by n. -1 to 1; 1 at lag 0, and 0 after it for a constant series. Missing values are filled by straight
/// lines. Empty for no values. Needs the future.
///
/// # Errors
/// When cancelled.
pub fn acf(values: &[f64], n_lags: usize, cx: &Cx) -> Result<Vec<f64>, Cancelled> {
    Ok(Spectrum::new(&standardized(&fill(values)), n_lags, cx)?.autocorrelation)
}

/// The values less their mean, in units of their spread, so that no square overflows or vanishes.
pub(super) fn standardized(values: &[f64]) -> Vec<f64> {
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    if largest == 0.0 {
        return values.to_vec();
    }
    let mut values: Vec<f64> = values.iter().map(|value| value / largest).collect();
    let (mean, std) = mean_std(&values);
    // What is left of equal values is rounding.
    let unit = if std > 1e-14 { 1.0 / std } else { 0.0 };
    values.iter_mut().for_each(|value| *value = (*value - mean) * unit);
    values
}

/// Autocorrelation and periodogram of a series of mean 0.
pub(super) struct Spectrum {
    /// At lag 0 and on.
    pub(super) autocorrelation: Vec<f64>,
    /// Power at frequency k / `n_padded` per row.
    power: Vec<f64>,
    n_padded: usize,
}

impl Spectrum {
    pub(super) fn new(values: &[f64], n_lags: usize, cx: &Cx) -> Result<Self, Cancelled> {
        let n = values.len();
        let n_lags = n_lags.min(n.saturating_sub(1));
        // Zeros keep the end of the series apart from its beginning (Wiener-Khinchin).
        let n_padded = (n + n_lags).next_power_of_two().max(4);
        let spectrum = real_fft(values, n_padded, cx)?;
        let power: Vec<f64> = spectrum.re.iter().zip(&spectrum.im).map(|(re, im)| re * re + im * im).collect();
        // The power is even and real, so the inverse transform is the transform again.
        let back = power.iter().chain(power.iter().rev().skip(1).take(n_padded - power.len())).copied();
        let mut sums = real_fft(&back.collect::<Vec<_>>(), n_padded, cx)?.re;
        sums.truncate((n_lags + 1).min(n));
        let total = sums.first().copied().unwrap_or(0.0);
        let varies = total > 0.0;
        let autocorrelation = sums.iter().map(|sum| if varies { (sum / total).clamp(-1.0, 1.0) } else { 0.0 });
        let mut autocorrelation: Vec<f64> = autocorrelation.collect();
        autocorrelation.iter_mut().take(1).for_each(|first| *first = 1.0);
        Ok(Self { autocorrelation, power, n_padded })
    }

    /// The highest power within the resolution around a period, in units of the mean power of noise from half to double
    /// its frequency. `n`: rows.
    pub(super) fn line(&self, period: usize, n: usize) -> f64 {
        let centre = self.n_padded as f64 / period as f64;
        // A line of n rows is as broad as one place of a transform without zeros, to either side.
        let width = self.n_padded as f64 / n as f64;
        let place = |at: f64| (at.max(0.0).round() as usize).min(self.power.len() - 1);
        let highest = self.power[place(centre - width)..=place(centre + width)].iter().copied().fold(0.0, f64::max);
        let below = place((centre / 2.0).min(centre - 4.0 * width))..place(centre - 2.0 * width);
        let above = place(centre + 2.0 * width)..place((centre * 2.0).max(centre + 4.0 * width));
        let around = [&self.power[below], &self.power[above]].concat();
        // Other lines do not move the median; that of an exponential distribution is ln 2 of its mean.
        let [median] = quantiles(&around, [0.5]);
        let noise = median / std::f64::consts::LN_2;
        if highest > 0.0 { highest / noise } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::noise;
    use super::*;

    #[test]
    fn autocorrelations_are_those_of_the_definition() {
        for n in [1_usize, 2, 3, 17, 100, 257] {
            let values = noise(n, n as u64);
            let mean = values.iter().sum::<f64>() / n as f64;
            let sum = |lag: usize| -> f64 { (lag..n).map(|t| (values[t] - mean) * (values[t - lag] - mean)).sum() };
            let got = acf(&values, 300, &Cx::default()).unwrap();
            assert_eq!(got.len(), n);
            for (lag, got) in got.iter().enumerate().skip(1) {
                assert!((got - sum(lag) / sum(0)).abs() < 1e-13, "{n} {lag}");
            }
        }
        let cx = Cx::default();
        assert_eq!(acf(&[0.1; 5], 2, &cx).unwrap(), [1.0, 0.0, 0.0]);
        assert_eq!(acf(&[], 2, &cx).unwrap(), [0.0; 0]);
        // statsmodels: acf([1, 3, 2, 5], nlags=2) is [1, -0.2642857142857143, 0.21428571428571427].
        let huge = acf(&[1e300, 3e300, 2e300, 5e300], 2, &cx).unwrap();
        assert!((huge[1] + 0.264_285_714_285_714_3).abs() < 1e-14, "{huge:?}");
        assert!((huge[2] - 0.214_285_714_285_714_27).abs() < 1e-14, "{huge:?}");
    }
}
