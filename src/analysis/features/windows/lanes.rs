//! Quantiles of windows of one length over a long stretch of values: several windows at a time.
//!
//! The stretch is cut into as many parts as a vector has lanes. They are walked side by side, one in each lane, so that
//! every instruction moves eight windows on (with AVX-512). A window is an array in ascending order; a step takes the
//! oldest value out and the newest in by one pass over it without branches.

use pulp::{Arch, Simd, WithSimd};

use super::order::Place;

/// Memory that is kept from one stretch to the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Lanes {
    /// The values of the parts: the first of each, the second of each, …
    values: Vec<f64>,
    /// The windows in the same way, ascending, and an infinity at the end of each.
    sorted: Vec<f64>,
}

impl Lanes {
    /// Writes the quantiles at `places` of `values[i..i + n]` to the i-th element of each column, for all i.
    pub(super) fn slide_run(&mut self, values: &[f64], n: usize, places: &[Place], out: &mut [&mut [f64]]) {
        Arch::new().dispatch(Walk { lanes: self, values, n, places, out });
    }
}

struct Walk<'a, 'b> {
    lanes: &'a mut Lanes,
    values: &'a [f64],
    n: usize,
    places: &'a [Place],
    out: &'a mut [&'b mut [f64]],
}

impl WithSimd for Walk<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { lanes, values, n, places, out } = self;
        let width = S::F64_LANES;
        let n_rows = values.len() + 1 - n;
        // Parts of equal length: the last ones overlap where the rows cannot be cut like that.
        let n_steps = n_rows.div_ceil(width);
        let first_row = |lane: usize| (lane * n_steps).min(n_rows - n_steps);
        lanes.values.resize((n_steps + n - 1) * width, 0.0);
        for lane in 0..width {
            let part = &values[first_row(lane)..][..n_steps + n - 1];
            for (slot, &value) in lanes.values[lane..].iter_mut().step_by(width).zip(part) {
                *slot = value;
            }
        }
        lanes.sorted.clear();
        lanes.sorted.resize((n + 1) * width, f64::INFINITY);

        let (values, _) = S::as_simd_f64s(&lanes.values);
        let infinities = simd.splat_f64s(f64::INFINITY);
        for (i, &new) in values.iter().enumerate() {
            // Infinities stand for what is not there yet.
            let old = if i < n { infinities } else { values[i - n] };
            step(simd, &mut lanes.sorted, old, new);
            let Some(i) = (i + 1).checked_sub(n) else { continue };
            for (column, place) in out.iter_mut().zip(places) {
                let low = &lanes.sorted[place.low * width..][..width];
                let high = &lanes.sorted[place.high * width..][..width];
                for (lane, (&low, &high)) in low.iter().zip(high).enumerate() {
                    column[first_row(lane) + i] = place.between(low, high);
                }
            }
        }
    }
}

/// Takes `old` out of each window (it must be there) and `new` in.
#[inline(always)]
fn step<S: Simd>(simd: S, sorted: &mut [f64], old: S::f64s, new: S::f64s) {
    let (sorted, _) = S::as_mut_simd_f64s(sorted);
    let mut below = simd.splat_f64s(f64::NEG_INFINITY);
    let mut current = sorted[0];
    for i in 1..sorted.len() {
        let next = sorted[i];
        // From where `old` is, everything moves one down; then, from where `new` belongs, one up.
        let kept = simd.select_f64s(simd.less_than_f64s(current, old), current, next);
        sorted[i - 1] = simd.min_f64s(kept, simd.max_f64s(below, new));
        (below, current) = (kept, next);
    }
}
