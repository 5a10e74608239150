//! Deviations of values from their mean, for values of any magnitude.

/// Deviations of values from their mean, in a unit in which squares neither overflow nor vanish.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Deviations {
    pub(super) values: Vec<f64>,
    /// Mean of the values themselves; NaN where there are none.
    pub(super) mean: f64,
    /// The unit: deviations times this are in the units of the values. May be infinite.
    pub(super) unit: f64,
}

/// Values beyond this are scaled down first, so that differences of two of them are finite.
const LARGEST: f64 = 1e300;

impl Deviations {
    /// Deviations of finite values, for any magnitude and offset.
    ///
    /// The first value is taken off before the mean is: differences of close values are exact, and those of equal
    /// values are exactly 0.
    pub(super) fn new(values: &[f64]) -> Self {
        let first = values.first().copied().unwrap_or(f64::NAN);
        let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let scale = if largest > LARGEST { 0.25 } else { 1.0 };
        let mut deviations: Vec<f64> = values.iter().map(|value| value * scale - first * scale).collect();
        let widest = deviations.iter().fold(0.0, |widest: f64, deviation| widest.max(deviation.abs()));
        if widest == 0.0 {
            return Self { values: deviations, mean: first, unit: 1.0 };
        }
        deviations.iter_mut().for_each(|deviation| *deviation /= widest);
        let mean = deviations.iter().sum::<f64>() / deviations.len() as f64;
        deviations.iter_mut().for_each(|deviation| *deviation -= mean);
        let mean = (first * scale + mean * widest) / scale;
        Self { values: deviations, mean, unit: widest / scale }
    }
}

/// Sums that are added up side by side, always in the same order whatever the machine.
const LANES: usize = 16;

/// Sum of products, over the shorter of the two.
pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || dot_lanes(x, y),
    )
}

#[inline(always)]
fn dot_lanes(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len().min(y.len());
    let (x, y) = (&x[..n], &y[..n]);
    let mut sums = [0.0; LANES];
    let (x_chunks, x_rest) = x.as_chunks::<LANES>();
    let (y_chunks, y_rest) = y.as_chunks::<LANES>();
    for (a, b) in x_chunks.iter().zip(y_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = x_rest.iter().zip(y_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}
