//! The matrix profile of a series: how far each window is from the one most like it.

use rayon::prelude::*;

use super::join::{Best, NOBODY, join, self_join};
use super::windows::Windows;
use crate::cx::{Cancelled, Cx};

/// Windows a thread takes at a time.
const CHUNK: usize = 512;

/// Windows that start up to so many rows apart do not count as neighbours.
pub(super) fn exclusion(m: usize) -> usize {
    m.div_ceil(4)
}

/// The exact matrix profile of `series` for windows of `m` values (at least 3; all values finite): for each of the
/// n - m + 1 windows the z-normalised Euclidean distance, from 0 to 2 √m, to the nearest other window and the number
/// where that one starts. Windows that start up to ⌈m / 4⌉ rows apart do not count as neighbours. Where no neighbour
/// is left the distance is infinite and the number -1. The same as `stumpy.stump(series, m)`; of equally near
/// neighbours it may name another one. Progress counts windows.
///
/// Two windows of one value each repeated are 0 apart, such a window is √m from any other.
///
/// Yeh et al.: Matrix profile I (ICDM 2016).
///
/// # Errors
/// When cancelled.
pub fn matrix_profile(series: &[f64], m: usize, cx: &Cx) -> Result<(Vec<f64>, Vec<i64>), Cancelled> {
    let windows = Windows::new(series, m, cx)?;
    let n = windows.len();
    let exclusion = exclusion(m);
    let (before, after) = self_join(&windows, exclusion, cx)?;
    let flat: Vec<usize> = (0..n).filter(|&at| windows.is_flat(at)).collect();
    let apart = |a: usize, b: usize| a.abs_diff(b) > exclusion;
    nearest(&windows, &windows, cx, |at| {
        let flat_partner = [flat.first(), flat.last()].into_iter().flatten().find(|&&other| apart(at, other)).copied();
        if windows.is_flat(at) {
            // Another flat window is the nearest possible; else all windows are equally far.
            let anyone = [0, n - 1].into_iter().find(|&other| apart(at, other));
            return flat_partner.or(anyone);
        }
        let side = |best: &Best| (best.value[at], best.partner[at]);
        let (left, right) = (side(&before), side(&after));
        let (value, partner) = if right.0 > left.0 { right } else { left };
        choose(value * windows.inverse_norm[at], partner, flat_partner)
    })
}

/// Distance from each window of `series` to the window of `reference` most like it, and where that one starts: as
/// [`matrix_profile`], without an exclusion zone. The same as `stumpy.stump(series, m, reference, ignore_trivial=False)`.
///
/// # Errors
/// When cancelled.
pub fn matrix_profile_join(
    series: &[f64],
    reference: &[f64],
    m: usize,
    cx: &Cx,
) -> Result<(Vec<f64>, Vec<i64>), Cancelled> {
    let (windows, reference) = (Windows::new(series, m, cx)?, Windows::new(reference, m, cx)?);
    let best = join(&windows, &reference, cx)?;
    let flat_partner = (0..reference.len()).find(|&at| reference.is_flat(at));
    nearest(&windows, &reference, cx, |at| {
        if windows.is_flat(at) {
            return flat_partner.or((reference.len() > 0).then_some(0));
        }
        choose(best.value[at] * windows.inverse_norm[at], best.partner[at], flat_partner)
    })
}

/// The partner of the highest correlation. The correlation with a flat window counts as 1/2, a distance of √m.
fn choose(correlation: f64, partner: u32, flat_partner: Option<usize>) -> Option<usize> {
    let partner = (partner != NOBODY).then_some(partner as usize);
    if correlation < 0.5 { flat_partner.or(partner) } else { partner }
}

/// Distances to the partners, straight from the values: what rounding the carried covariances gathered is gone.
fn nearest(
    windows: &Windows,
    reference: &Windows,
    cx: &Cx,
    partner: impl Fn(usize) -> Option<usize> + Sync,
) -> Result<(Vec<f64>, Vec<i64>), Cancelled> {
    let mut found = vec![(f64::INFINITY, -1); windows.len()];
    found.par_chunks_mut(CHUNK).enumerate().try_for_each(|(chunk, found)| {
        for (at, found) in found.iter_mut().enumerate() {
            if at % 64 == 0 {
                cx.check()?;
            }
            let at = chunk * CHUNK + at;
            if let Some(partner) = partner(at) {
                *found = (windows.distance(at, reference, partner), partner as i64);
            }
        }
        Ok(())
    })?;
    Ok(found.into_iter().unzip())
}
