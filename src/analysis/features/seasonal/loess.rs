//! Loess on an equally spaced grid, as STL uses it: a weighted straight line (or mean) around each place.
//!
//! Several series lie interleaved in one slice: value `i` of series `j` at `i stride + j`. So the cycle-subseries of a
//! season (all Mondays, all Tuesdays, …) need no copying, and are worked on side by side.
//!
//! Where the window lies whole around its place, the weights are the same at every place, and the sums that make up a
//! fit are correlations with fixed kernels. Only near the ends is each place fitted for itself.

use rayon::prelude::*;

use super::correlate::correlate;
use super::local_fit::{Side, dot, factors, least_spread, to_filter, tricube};
use crate::cx::{Cancelled, Cx};

/// Window values of lone fits from which several threads pay.
const PARALLEL: usize = 1 << 18;

/// Series whose lone fits are worked out side by side.
const SIDE_BY_SIDE: usize = 8;

/// What is fitted around each place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Degree {
    /// A mean.
    Constant,
    /// A straight line.
    Linear,
}

/// Which places are fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Places {
    /// Those of the values.
    Inside,
    /// Also one before the first and one after the last of each series.
    Around,
}

/// A smoother (Cleveland et al. 1990, as in `statsmodels.tsa.seasonal.STL`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Loess {
    /// Values in a window; odd, at least 3.
    pub(super) window: usize,
    /// What is fitted.
    pub(super) degree: Degree,
    /// Every which place is fitted, straight lines in between; at least 1.
    pub(super) jump: usize,
}

/// Robustness weights of the values, and what follows from them wherever the window lies whole around its place.
pub(super) struct Robust<'a> {
    weights: &'a [f64],
    /// Per place the factors of Σ w y and Σ w d y (d: distance from the place); NaN where all weights are 0.
    factors: [Vec<f64>; 2],
}

/// A place to be fitted for itself, in some neighbouring series.
struct Lone<'a> {
    /// Counted from 1; 0 and n + 1 lie outside.
    place: usize,
    /// First and last value of the window, counted from 1.
    window: (usize, usize),
    /// Values per series.
    n: usize,
    /// The first of the series.
    first_series: usize,
    fits: &'a mut [f64],
}

/// One lone fit. A type of its own, as a closure would not surely be compiled for the vector instructions at hand.
struct FitLone<'a, 'b> {
    loess: &'a Loess,
    values: &'a [f64],
    stride: usize,
    robust: Option<&'a [f64]>,
    lone: Lone<'b>,
    /// For the weights of the window.
    scratch: &'a mut Vec<f64>,
}

impl pulp::NullaryFnOnce for FitLone<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.loess.fit_lone(self.values, self.stride, self.robust, self.lone, self.scratch);
    }
}

impl Loess {
    fn half(&self) -> usize {
        self.window / 2
    }

    /// Number of values (of all series) around which a window lies whole, where all of these are fitted.
    fn n_whole(&self, n_values: usize, stride: usize) -> usize {
        if self.jump == 1 { n_values.saturating_sub(2 * self.half() * stride) } else { 0 }
    }

    /// Whether a line can ever be told from a mean in series of `n` values: that takes a standard deviation of the
    /// distances, which never exceeds half the window, above a thousandth of the series.
    fn linear(&self, n: usize) -> bool {
        self.degree == Degree::Linear && self.half() as f64 > least_spread(n)
    }

    /// Weights by distance -half..=half (tricube), times the distance to the power of 0, 1 and 2.
    fn kernels(&self) -> [Vec<f64>; 3] {
        let mut weights = Vec::new();
        let half = self.half();
        tricube(half + 1, (1, self.window), half as f64, &mut weights);
        let times = |power: i32| {
            (0..).zip(&weights).map(|(at, weight)| weight * (f64::from(at) - half as f64).powi(power)).collect()
        };
        [times(0), times(1), times(2)]
    }

    /// Prepares robustness weights (in the layout of the values).
    pub(super) fn robust<'a>(&self, weights: &'a [f64], stride: usize, cx: &Cx) -> Result<Robust<'a>, Cancelled> {
        let n = weights.len();
        let n_whole = self.n_whole(n, stride);
        let linear = self.linear(n / stride);
        let [k0, k1, k2] = self.kernels();
        let [mut s0, mut s1, mut s2] =
            [n_whole, if linear { n_whole } else { 0 }, if linear { n_whole } else { 0 }].map(|len| vec![0.0; len]);
        if linear {
            correlate(weights, stride, [&k0, &k1, &k2], [&mut s0, &mut s1, &mut s2], cx)?;
            let first = self.half() * stride;
            for (at, ((s0, s1), s2)) in s0.iter_mut().zip(&mut s1).zip(&s2).enumerate() {
                let least = least_spread(n_of(n, stride, (first + at) % stride));
                [*s0, *s1] = factors([*s0, *s1, *s2], Some(least));
            }
        } else {
            correlate(weights, stride, [&k0], [&mut s0], cx)?;
            s0.iter_mut().for_each(|s0| *s0 = factors([*s0, 0.0, 0.0], None)[0]);
        }
        Ok(Robust { weights, factors: [s0, s1] })
    }

    /// Smooths interleaved series of at least 2 values each. `smooth` is as long as `values`, or longer by two rows of
    /// `stride` where places around are asked for, the first row then before the first values.
    ///
    /// Where all weights of a window are 0, the fit is the value itself (outside: the fit of the neighbour).
    pub(super) fn smooth(
        &self,
        values: &[f64],
        stride: usize,
        robust: Option<&Robust>,
        places: Places,
        smooth: &mut [f64],
        cx: &Cx,
    ) -> Result<(), Cancelled> {
        let n_outside = usize::from(places == Places::Around);
        let n_whole = self.n_whole(values.len(), stride);
        let from = (self.half() + n_outside) * stride;
        if n_whole > 0 {
            self.smooth_whole(values, stride, robust, &mut smooth[from..from + n_whole], cx)?;
        }
        // Rows that hold places where the window is cut off in some series.
        let cut_off = |row: usize| n_whole == 0 || row < from / stride || (row + 1) * stride > from + n_whole;
        let with_more = values.len() % stride;
        let mut lone = Vec::new();
        for (row, fits) in smooth.chunks_mut(stride).enumerate().filter(|&(row, _)| cut_off(row)) {
            let (more, less) = fits.split_at_mut(with_more.min(fits.len()));
            for (first_series, fits) in [(0, more), (with_more, less)].into_iter().filter(|(_, fits)| !fits.is_empty())
            {
                let n = n_of(values.len(), stride, first_series);
                let place = row + 1 - n_outside;
                if let Some(window) = self.lone_window(place, n) {
                    lone.push(Lone { place, window, n, first_series, fits });
                }
            }
        }
        let fit = |scratch: &mut Vec<f64>, lone: Lone| {
            cx.check()?;
            let robust = robust.map(|robust| robust.weights);
            pulp::Arch::new().dispatch(FitLone { loess: self, values, stride, robust, lone, scratch });
            Ok(())
        };
        let work: usize = lone.iter().map(|lone| lone.fits.len() * (lone.window.1 + 1 - lone.window.0)).sum();
        if work < PARALLEL {
            let mut scratch = Vec::new();
            lone.into_iter().try_for_each(|lone| fit(&mut scratch, lone))?;
        } else {
            lone.into_par_iter().try_for_each_init(Vec::new, fit)?;
        }
        if places == Places::Around {
            for series in 0..stride {
                let n = n_of(values.len(), stride, series);
                for (outside, neighbour) in [(0, 1), (n + 1, n)] {
                    if smooth[outside * stride + series].is_nan() {
                        smooth[outside * stride + series] = smooth[neighbour * stride + series];
                    }
                }
            }
        }
        if self.jump > 1 {
            for series in 0..stride {
                let n = n_of(values.len(), stride, series);
                self.join(n, stride, &mut smooth[n_outside * stride + series..]);
            }
        }
        Ok(())
    }

    /// Fits where the window lies whole around its place.
    fn smooth_whole(
        &self,
        values: &[f64],
        stride: usize,
        robust: Option<&Robust>,
        fits: &mut [f64],
        cx: &Cx,
    ) -> Result<(), Cancelled> {
        let [mut k0, k1, _] = self.kernels();
        let Some(robust) = robust else {
            // Distances are symmetric, so the line is the mean at its place.
            let sum: f64 = k0.iter().sum();
            k0.iter_mut().for_each(|weight| *weight /= sum);
            return correlate(values, stride, [&k0], [fits], cx);
        };
        let weighted: Vec<f64> = values.iter().zip(robust.weights).map(|(value, weight)| value * weight).collect();
        let [f0, f1] = &robust.factors;
        if f1.is_empty() {
            correlate(&weighted, stride, [&k0], [fits], cx)?;
            fits.iter_mut().zip(f0).for_each(|(fit, f0)| *fit *= f0);
        } else {
            let mut t1 = vec![0.0; fits.len()];
            correlate(&weighted, stride, [&k0, &k1], [fits, &mut t1], cx)?;
            for (((fit, t1), f0), f1) in fits.iter_mut().zip(&t1).zip(f0).zip(f1) {
                *fit = *fit * f0 + t1 * f1;
            }
        }
        let own = values.get(self.half() * stride..).unwrap_or_default();
        for (fit, own) in fits.iter_mut().zip(own).filter(|(fit, _)| fit.is_nan()) {
            *fit = *own;
        }
        Ok(())
    }

    /// The window of a place that is fitted for itself; `None` where it is one of those around which the window lies
    /// whole, or between two places that are fitted.
    fn lone_window(&self, place: usize, n: usize) -> Option<(usize, usize)> {
        let (half, window) = (self.half(), self.window);
        let around = |place: usize| {
            let first = (place.saturating_sub(half)).min((n + 1).saturating_sub(window)).max(1);
            (first, (first + window - 1).min(n))
        };
        let step = self.jump.min(n - 1);
        if place == 0 || place == n + 1 {
            return Some(around(place));
        }
        if place > n || (self.jump == 1 && place > half && place + half <= n) {
            return None;
        }
        if (place - 1).is_multiple_of(step) {
            return Some(around(place));
        }
        // The last place keeps the window of the last one before it.
        (place == n).then(|| around((n - 1) / step * step + 1))
    }

    /// Fits one place in some series side by side.
    #[inline(always)]
    fn fit_lone(&self, values: &[f64], stride: usize, robust: Option<&[f64]>, lone: Lone, scratch: &mut Vec<f64>) {
        let Lone { place, window, n, first_series, fits } = lone;
        let (first, last) = window;
        let reach = place.saturating_sub(first).max(last.saturating_sub(place)) + self.window.saturating_sub(n) / 2;
        tricube(place, window, reach as f64, scratch);
        let distance = first as f64 - place as f64;
        let least = (self.degree == Degree::Linear && reach > 0).then(|| least_spread(n));
        let at = |row: usize| row * stride + first_series;
        let len = fits.len();
        match (robust, &mut *fits) {
            (robust, [fit]) if stride == 1 => {
                if let Some(robust) = robust {
                    scratch.iter_mut().zip(&robust[first - 1..last]).for_each(|(weight, robust)| *weight *= robust);
                }
                to_filter(scratch, distance, least);
                *fit = dot(scratch, &values[first - 1..last]);
            }
            (None, fits) => {
                to_filter(scratch, distance, least);
                fits.fill(0.0);
                for (row, &weight) in (first - 1..).zip(scratch.iter()) {
                    let values = &values[at(row)..at(row) + len];
                    fits.iter_mut().zip(values).for_each(|(fit, value)| *fit += weight * value);
                }
            }
            (Some(robust), fits) => {
                let data = Side { values, robust, stride, weights: scratch, distance, least };
                let (blocks, rest) = fits.as_chunks_mut::<SIDE_BY_SIDE>();
                let start = at(first - 1);
                for (block, fits) in blocks.iter_mut().enumerate() {
                    data.fit(start + block * SIDE_BY_SIDE, fits);
                }
                for (series, fit) in rest.iter_mut().enumerate() {
                    data.fit(start + blocks.len() * SIDE_BY_SIDE + series, std::array::from_mut(fit));
                }
            }
        }
        if (1..=n).contains(&place) {
            let own = &values[at(place - 1)..][..len];
            fits.iter_mut().zip(own).filter(|(fit, _)| fit.is_nan()).for_each(|(fit, own)| *fit = *own);
        }
    }

    /// Draws straight lines between the places that were fitted, in one of the interleaved series.
    fn join(&self, n: usize, stride: usize, fits: &mut [f64]) {
        let step = self.jump.min(n - 1);
        let mut from = 0;
        while from + 1 < n {
            let to = (from + step).min(n - 1);
            let (start, end) = (fits[from * stride], fits[to * stride]);
            let slope = (end - start) / (to - from) as f64;
            for between in from + 1..to {
                fits[between * stride] = start + slope * (between - from) as f64;
            }
            from = to;
        }
    }
}

/// Values in one of the interleaved series.
fn n_of(n_values: usize, stride: usize, series: usize) -> usize {
    n_values / stride + usize::from(series < n_values % stride)
}
