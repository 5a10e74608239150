//! Mean, variance, skewness and kurtosis of a column.

use super::super::deviations::Deviations;

/// Moments 1 to 4 of finite values of any magnitude and offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    n: f64,
    mean: f64,
    unit: f64,
    /// Averages of the powers 2 to 4 of the deviations, in the unit.
    m2: f64,
    m3: f64,
    m4: f64,
}

impl Moments {
    /// Moments of the finite values of a column, by two passes.
    pub fn new(column: &[f64]) -> Self {
        let present: Vec<f64> = column.iter().copied().filter(|value| value.is_finite()).collect();
        let n = present.len() as f64;
        let Deviations { values, mean, unit } = Deviations::new(&present);
        let [mut m2, mut m3, mut m4] = [0.0; 3];
        for deviation in values {
            let square = deviation * deviation;
            m2 += square;
            m3 += square * deviation;
            m4 += square * square;
        }
        Self { n, mean, unit, m2: m2 / n, m3: m3 / n, m4: m4 / n }
    }

    /// Arithmetic mean; NaN for no values.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Variance (n): 0 for one value, NaN for none. At most the largest float.
    pub fn variance(&self) -> f64 {
        self.in_units(self.m2)
    }

    /// Sample variance (n - 1): NaN for fewer than two values. At most the largest float.
    pub fn sample_variance(&self) -> f64 {
        if self.n < 2.0 { f64::NAN } else { self.in_units(self.m2 * (self.n / (self.n - 1.0))) }
    }

    /// Sample standard deviation (n - 1): NaN for fewer than two values. At most the largest float.
    pub fn sample_std(&self) -> f64 {
        if self.n < 2.0 { f64::NAN } else { ((self.m2 * (self.n / (self.n - 1.0))).sqrt() * self.unit).min(f64::MAX) }
    }

    /// Skewness m3 / m2^1.5 (scipy's `skew`): NaN for equal values.
    pub fn skewness(&self) -> f64 {
        self.m3 / (self.m2 * self.m2.sqrt())
    }

    /// Skewness corrected for bias (scipy's `skew(bias=False)`, pandas' `skew`; Joanes and Gill 1998, G1): NaN for equal
    /// values and for fewer than three.
    pub fn sample_skewness(&self) -> f64 {
        let n = self.n;
        if n < 3.0 { f64::NAN } else { (n * (n - 1.0)).sqrt() / (n - 2.0) * self.skewness() }
    }

    /// Excess kurtosis m4 / m2² - 3 (scipy's `kurtosis`): NaN for equal values.
    pub fn excess_kurtosis(&self) -> f64 {
        self.m4 / (self.m2 * self.m2) - 3.0
    }

    /// Excess kurtosis corrected for bias (scipy's `kurtosis(bias=False)`, pandas' `kurt`; Joanes and Gill 1998, G2): NaN
    /// for equal values and for fewer than four.
    pub fn sample_excess_kurtosis(&self) -> f64 {
        let n = self.n;
        if n < 4.0 {
            return f64::NAN;
        }
        (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * self.excess_kurtosis() + 6.0)
    }

    fn in_units(&self, square: f64) -> f64 {
        // One factor after the other: the square of the unit may vanish or overflow where the product does not.
        let product = square * self.unit * self.unit;
        if product > f64::MAX { f64::MAX } else { product }
    }
}
