//! What the join of two series needs to know of every window: mean, norm, and the steps from window to window.

use rayon::prelude::*;

use crate::cx::{Cancelled, Cx};

/// Windows a thread takes at a time.
const CHUNK: usize = 1024;

/// A series and the moments of all its windows of `m` values.
///
/// The covariance sum of window i of one series and window j of another follows from that of their predecessors:
/// c(i, j) = c(i - 1, j - 1) + df(i) dg(j) + df(j) dg(i), where df(i) = (x(i + m - 1) - x(i - 1)) / 2 and
/// dg(i) = (x(i + m - 1) - mean(i)) + (x(i - 1) - mean(i - 1)). The first windows have no predecessor: there both are 0.
#[derive(Debug, Clone)]
pub(super) struct Windows {
    /// The values, scaled by a power of two so that the largest is about 1.
    pub(super) values: Vec<f64>,
    pub(super) m: usize,
    pub(super) mean: Vec<f64>,
    /// 1 / the length of the window's vector once its mean is taken off; 0 where all its values are equal.
    pub(super) inverse_norm: Vec<f64>,
    pub(super) df: Vec<f64>,
    pub(super) dg: Vec<f64>,
}

impl Windows {
    /// The windows of `series`; none where it is shorter than `m` (at least 1).
    pub(super) fn new(series: &[f64], m: usize, cx: &Cx) -> Result<Self, Cancelled> {
        let scale = power_of_two_scale(series);
        let values: Vec<f64> = series.iter().map(|value| value * scale).collect();
        let n = (values.len() + 1).saturating_sub(m.max(1));
        let mut moments = vec![(0.0, 0.0); n];
        moments.par_chunks_mut(CHUNK).enumerate().try_for_each(|(chunk, moments)| {
            for (at, moment) in moments.iter_mut().enumerate() {
                if at % 64 == 0 {
                    cx.check()?;
                }
                let start = chunk * CHUNK + at;
                *moment = mean_and_norm(values.get(start..start + m).unwrap_or_default());
            }
            Ok(())
        })?;
        let mean: Vec<f64> = moments.iter().map(|moment| moment.0).collect();
        let flat = flat_windows(&values, m, n);
        let inverse = |(&(_, norm), flat): (&(f64, f64), bool)| if flat || norm <= 0.0 { 0.0 } else { 1.0 / norm };
        let inverse_norm = moments.iter().zip(flat).map(inverse).collect();
        let (mut df, mut dg) = (vec![0.0; n], vec![0.0; n]);
        for i in 1..n {
            let (new, old) = (values[i + m - 1], values[i - 1]);
            df[i] = (new - old) / 2.0;
            dg[i] = (new - mean[i]) + (old - mean[i - 1]);
        }
        Ok(Self { values, m, mean, inverse_norm, df, dg })
    }

    /// Number of windows.
    pub(super) fn len(&self) -> usize {
        self.mean.len()
    }

    /// The values of a window.
    pub(super) fn window(&self, at: usize) -> &[f64] {
        self.values.get(at..at + self.m).unwrap_or_default()
    }

    /// Whether all values of a window are equal, or so near that squares of their differences vanish.
    pub(super) fn is_flat(&self, at: usize) -> bool {
        self.inverse_norm.get(at).is_some_and(|&inverse| inverse == 0.0)
    }

    /// Covariance sums of window `at` of `other` with the windows `range` of this series, straight from the values.
    pub(super) fn covariances(
        &self,
        range: std::ops::Range<usize>,
        other: &Self,
        at: usize,
        cx: &Cx,
    ) -> Result<Vec<f64>, Cancelled> {
        let mean = other.mean.get(at).copied().unwrap_or(0.0);
        let centered: Vec<f64> = other.window(at).iter().map(|value| value - mean).collect();
        let mut sums = vec![0.0; range.len()];
        for (chunk, sums) in sums.chunks_mut(CHUNK).enumerate() {
            cx.check()?;
            let start = range.start + chunk * CHUNK;
            pulp::Arch::new().dispatch(|| {
                // Window by window along the values, so that neighbouring windows are worked out abreast.
                for (shift, &weight) in centered.iter().enumerate() {
                    let values = self.values.get(start + shift..).unwrap_or_default();
                    sums.iter_mut().zip(values).for_each(|(sum, &value)| *sum += weight * value);
                }
            });
        }
        Ok(sums)
    }

    /// Distance of two windows once each has mean 0 and standard deviation 1, from 0 to 2 √m. Two flat windows are 0
    /// apart, a flat one is √m from any other.
    pub(super) fn distance(&self, at: usize, other: &Self, other_at: usize) -> f64 {
        match (self.is_flat(at), other.is_flat(other_at)) {
            (true, true) => return 0.0,
            (false, false) => {}
            _ => return (self.m as f64).sqrt(),
        }
        let side = |windows: &Self, at: usize| {
            let of = |values: &[f64]| values.get(at).copied().unwrap_or(0.0);
            (of(&windows.mean), of(&windows.inverse_norm))
        };
        let ((mean_a, inverse_a), (mean_b, inverse_b)) = (side(self, at), side(other, other_at));
        let pairs = self.window(at).iter().zip(other.window(other_at));
        let differences = pairs.map(|(a, b)| (a - mean_a) * inverse_a - (b - mean_b) * inverse_b);
        let squared = self.m as f64 * differences.map(|d| d * d).sum::<f64>();
        // Rounding alone makes equal windows differ by as much; stumpy draws the line at the same place.
        if squared < 1e-14 { 0.0 } else { squared.sqrt() }
    }
}

/// A power of two that brings the largest magnitude to between 1 and 2; 1 for zeros. Exact, so nothing else changes.
fn power_of_two_scale(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    if largest > 0.0 { (-largest.log2().floor()).clamp(-1000.0, 1000.0).exp2() } else { 1.0 }
}

fn mean_and_norm(window: &[f64]) -> (f64, f64) {
    let mean = lane_sum(window, |value| value) / window.len().max(1) as f64;
    (mean, lane_sum(window, |value| (value - mean) * (value - mean)).sqrt())
}

/// A sum in eight interleaved parts: vector code, and smaller rounding errors than one long sum has.
#[inline(always)]
fn lane_sum(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let (blocks, rest) = values.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for block in blocks {
        sums.iter_mut().zip(block).for_each(|(sum, &value)| *sum += term(value));
    }
    sums.iter().sum::<f64>() + rest.iter().map(|&value| term(value)).sum::<f64>()
}

/// For each window, whether its values are all equal.
fn flat_windows(values: &[f64], m: usize, n: usize) -> Vec<bool> {
    // Length of the run of equal values that ends at each place.
    let mut run = 0;
    let mut last = f64::NAN;
    let runs = values.iter().map(|&value| {
        run = if value == last { run + 1 } else { 1 };
        last = value;
        run >= m
    });
    runs.skip(m.saturating_sub(1)).take(n).collect()
}
