//! Running moments of many segments that all take in the same values, one vector instruction for several of them.

use pulp::Arch;

use super::sweep::compact;

/// What the cost of a segment is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// Sum of squared deviations from the mean.
    Squares,
    /// Number of values times the logarithm of (variance + bias).
    LogVariance { bias: f64 },
}

/// Count, mean and sum of squared deviations of each open segment, updated value by value (Welford 1962).
///
/// No sum ever holds values from outside its segment, so an outlier before it costs no digits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lanes {
    scale: Scale,
    n_values: f64,
    /// The first value. Means are relative to it, so that an offset takes no digits away.
    pivot: f64,
    /// Number of values before each segment. A float, as it is divided by; exact up to 2^53.
    starts: Vec<f64>,
    means: Vec<f64>,
    squares: Vec<f64>,
    costs: Vec<f64>,
}

impl Lanes {
    pub(super) fn new(scale: Scale) -> Self {
        Self {
            scale,
            n_values: 0.0,
            pivot: 0.0,
            starts: Vec::new(),
            means: Vec::new(),
            squares: Vec::new(),
            costs: Vec::new(),
        }
    }

    /// Begins a segment with the next value.
    pub(super) fn open(&mut self) {
        self.starts.push(self.n_values);
        self.means.push(0.0);
        self.squares.push(0.0);
    }

    /// Takes in a value.
    pub(super) fn push(&mut self, value: f64) {
        if self.n_values == 0.0 {
            self.pivot = value;
        }
        self.n_values += 1.0;
        let value = value - self.pivot;
        Arch::new().dispatch(|| update(self.n_values, &self.starts, &mut self.means, &mut self.squares, value));
    }

    /// Costs of the `n` oldest segments, oldest first.
    pub(super) fn costs(&mut self, n: usize) -> &[f64] {
        let n = n.min(self.starts.len());
        let (starts, squares) = (&self.starts[..n], &self.squares[..n]);
        match self.scale {
            Scale::Squares => squares,
            Scale::LogVariance { bias } => {
                self.costs.resize(n, 0.0);
                Arch::new().dispatch(|| log_variances(self.n_values, starts, squares, bias, &mut self.costs));
                &self.costs
            }
        }
    }

    /// Drops the oldest segments that are not to be kept.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        compact(&mut self.starts, keep);
        compact(&mut self.means, keep);
        compact(&mut self.squares, keep);
    }

    /// Number of values, mean and sum of squared deviations of a segment.
    pub(super) fn moments(&self, segment: usize) -> Option<(f64, f64, f64)> {
        Some((
            self.n_values - self.starts.get(segment)?,
            self.pivot + self.means.get(segment)?,
            *self.squares.get(segment)?,
        ))
    }
}

#[inline(always)]
fn update(n_values: f64, starts: &[f64], means: &mut [f64], squares: &mut [f64], value: f64) {
    for ((start, mean), squares) in starts.iter().zip(means).zip(squares) {
        let deviation = value - *mean;
        let step = deviation / (n_values - start);
        *mean += step;
        *squares += deviation * (deviation - step);
    }
}

#[inline(always)]
fn log_variances(n_values: f64, starts: &[f64], squares: &[f64], bias: f64, costs: &mut [f64]) {
    let is_normal = bias > 0.0;
    for ((&start, &squares), cost) in starts.iter().zip(squares).zip(costs) {
        let n = n_values - start;
        let variance = squares / n + bias;
        *cost = if is_normal { ln(variance) } else { variance.ln() } * n;
    }
}

/// Natural logarithm of a normal number above 0, to about one unit in the last place: that of FreeBSD's msun
/// (`e_log.c`, Sun Microsystems 1993), without branches and with nothing but vector instructions.
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "as published")]
fn ln(x: f64) -> f64 {
    const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    const MANTISSA: u64 = 0x000f_ffff_ffff_ffff;
    // x = 2^k (1 + f) with 1 + f between the roots of 1/2 and 2. An exponent put below 2^52 becomes a float by itself.
    let bits = x.to_bits().wrapping_add(ONE - ROOT_HALF);
    let k = f64::from_bits(0x4330_0000_0000_0000 | (bits >> 52)) - (4_503_599_627_370_496.0 + 1023.0);
    let f = f64::from_bits((bits & MANTISSA) + ROOT_HALF) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    let odd = z
        * (6.666666666666735130e-01
            + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    let half = 0.5 * f * f;
    s * (half + (even + odd)) + k * 1.90821492927058770002e-10 - half + f + k * 6.93147180369123816490e-01
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_that_of_the_standard_library() {
        for i in 0..200_000 {
            let x = 1e-6 * 1.0003_f64.powi(i % 100_000) * (1.0 + f64::from(i) * 1e-7);
            let (ours, truth) = (ln(x), x.ln());
            assert!((ours - truth).abs() <= 2.0 * f64::EPSILON * truth.abs(), "{x}: {ours} {truth}");
        }
        assert_eq!(ln(1.0), 0.0);
    }
}
