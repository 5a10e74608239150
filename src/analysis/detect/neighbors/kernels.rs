//! The arithmetic of a search, as vector code: ranks of distances from points and boxes, many at a time.
//!
//! All functions add up the coordinates in the same order and without fused operations: a rank has the same bits on every
//! machine, whichever of the two points is in the tile, and that of a box is never above that of a point in it.

use pulp::{Simd, bytemuck};

use super::space::Rank;
use super::tree::{LEAF, WIDE};

/// Vectors worked on together, so that the next one need not wait for the last.
const ABREAST: usize = 4;

/// Vectors, and sums, of rough distances worked on together.
const PAIR: usize = 2;

/// Values in a vector of a point at full length.
pub(super) const EIGHT: usize = 8;

/// Ranks of the distances from a point to those of a tile, and one bit for each that is within the bound.
#[inline(always)]
pub(super) fn from_point<S: Simd, R: Rank>(
    simd: S,
    rank: R,
    tile: &[[f64; LEAF]],
    point: &[f64],
    bound: f64,
    ranks: &mut [f64; LEAF],
) -> u32 {
    let values = S::as_simd_f64s(tile.as_flattened()).0.as_chunks::<ABREAST>().0;
    let parts = LEAF / ABREAST / S::F64_LANES;
    let bound = simd.splat_f64s(bound);
    let ranks = S::as_mut_simd_f64s(ranks).0.as_chunks_mut::<ABREAST>().0;
    let mut within = 0;
    for (part, ranks) in ranks.iter_mut().enumerate().take(parts) {
        let mut sums = [simd.splat_f64s(0.0); ABREAST];
        for (values, &x) in values.chunks_exact(parts).zip(point) {
            let x = simd.splat_f64s(x);
            for (sum, &value) in sums.iter_mut().zip(&values[part]) {
                *sum = simd.add_f64s(*sum, rank.terms(simd, simd.sub_f64s(value, x)));
            }
        }
        *ranks = sums;
        for (vector, &sum) in sums.iter().enumerate() {
            let bits = bits::<S>(simd.less_than_or_equal_f64s(sum, bound));
            within |= bits << ((part * ABREAST + vector) * S::F64_LANES);
        }
    }
    within
}

/// Ranks of the distances from the points of a tile to the box of a child, 0 inside, and one bit for each that is within
/// its bound.
#[inline(always)]
pub(super) fn from_box<S: Simd, R: Rank>(
    simd: S,
    rank: R,
    tile: &[[f64; LEAF]],
    (low, high, child): (&[[f64; WIDE]], &[[f64; WIDE]], usize),
    bounds: &[f64; LEAF],
    ranks: &mut [f64; LEAF],
) -> u32 {
    let values = S::as_simd_f64s(tile.as_flattened()).0.as_chunks::<ABREAST>().0;
    let parts = LEAF / ABREAST / S::F64_LANES;
    let bounds = S::as_simd_f64s(bounds).0.as_chunks::<ABREAST>().0;
    let ranks = S::as_mut_simd_f64s(ranks).0.as_chunks_mut::<ABREAST>().0;
    let mut within = 0;
    for (part, (ranks, bounds)) in ranks.iter_mut().zip(bounds).enumerate() {
        let mut sums = [simd.splat_f64s(0.0); ABREAST];
        for ((values, low), high) in values.chunks_exact(parts).zip(low).zip(high) {
            let (low, high) = (simd.splat_f64s(low[child]), simd.splat_f64s(high[child]));
            for (sum, &value) in sums.iter_mut().zip(&values[part]) {
                let outside = outside(simd, simd.sub_f64s(low, value), simd.sub_f64s(value, high));
                *sum = simd.add_f64s(*sum, rank.terms(simd, outside));
            }
        }
        *ranks = sums;
        for (vector, (&sum, &bound)) in sums.iter().zip(bounds).enumerate() {
            let bits = bits::<S>(simd.less_than_or_equal_f64s(sum, bound));
            within |= bits << ((part * ABREAST + vector) * S::F64_LANES);
        }
    }
    within
}

/// Ranks of the distances from a box to each child of a node; 0 where they meet.
#[inline(always)]
pub(super) fn from_children<S: Simd, R: Rank>(
    simd: S,
    rank: R,
    (node_low, node_high): (&[[f64; WIDE]], &[[f64; WIDE]]),
    low: &[f64],
    high: &[f64],
) -> [f64; WIDE] {
    let mut ranks = [0.0; WIDE];
    let sums = S::as_mut_simd_f64s(&mut ranks).0;
    for (((node_low, node_high), &low), &high) in node_low.iter().zip(node_high).zip(low).zip(high) {
        let (low, high) = (simd.splat_f64s(low), simd.splat_f64s(high));
        let boxes = S::as_simd_f64s(node_low).0.iter().zip(S::as_simd_f64s(node_high).0);
        for (sum, (&node_low, &node_high)) in sums.iter_mut().zip(boxes) {
            let outside = outside(simd, simd.sub_f64s(node_low, high), simd.sub_f64s(low, node_high));
            *sum = simd.add_f64s(*sum, rank.terms(simd, outside));
        }
    }
    ranks
}

/// Squared distance of two points in vectors of eight. The same bits in either direction.
#[inline(always)]
pub(super) fn squared_distance<S: Simd>(simd: S, a: &[[f64; EIGHT]], b: &[[f64; EIGHT]]) -> f64 {
    let mut sums = [0.0; EIGHT];
    let sums_simd = S::as_mut_simd_f64s(&mut sums).0;
    for (a, b) in a.iter().zip(b) {
        let pairs = S::as_simd_f64s(a).0.iter().zip(S::as_simd_f64s(b).0);
        for (sum, (&a, &b)) in sums_simd.iter_mut().zip(pairs) {
            let difference = simd.sub_f64s(a, b);
            *sum = simd.add_f64s(*sum, simd.mul_f64s(difference, difference));
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

/// One bit for each point of a tile whose squared distance from a point, in single precision, is within a bound.
#[inline(always)]
pub(super) fn roughly_within<S: Simd>(simd: S, tile: &[[f32; LEAF]], point: &[f32], bound: f32) -> u32 {
    let values = S::as_simd_f32s(tile.as_flattened()).0.as_chunks::<PAIR>().0;
    let parts = LEAF / PAIR / S::F32_LANES;
    let bound = simd.splat_f32s(bound);
    let mut within = 0;
    for part in 0..parts {
        // Sums over every other coordinate, so that the next addition need not wait for the last.
        let mut sums = [[simd.splat_f32s(0.0); PAIR]; PAIR];
        for (values, xs) in values.chunks_exact(PAIR * parts).zip(point.as_chunks::<PAIR>().0) {
            for (at, (sums, &x)) in sums.iter_mut().zip(xs).enumerate() {
                let x = simd.splat_f32s(x);
                for (sum, &value) in sums.iter_mut().zip(&values[at * parts + part]) {
                    let difference = simd.sub_f32s(value, x);
                    *sum = simd.mul_add_e_f32s(difference, difference, *sum);
                }
            }
        }
        let [even, odd] = sums;
        for (vector, (&even, &odd)) in even.iter().zip(&odd).enumerate() {
            let mask = simd.less_than_or_equal_f32s(simd.add_f32s(even, odd), bound);
            within |= bits_of_singles::<S>(mask) << ((part * PAIR + vector) * S::F32_LANES);
        }
    }
    within
}

/// How far a value is outside of an interval, given how far it is below and above: 0 inside.
#[inline(always)]
fn outside<S: Simd>(simd: S, below: S::f64s, above: S::f64s) -> S::f64s {
    simd.max_f64s(simd.max_f64s(below, above), simd.splat_f64s(0.0))
}

/// One bit for each lane of a mask.
#[inline(always)]
fn bits<S: Simd>(mask: S::m64s) -> u32 {
    if const { size_of::<S::m64s>() == 1 } {
        return u32::from(bytemuck::cast::<_, u8>(mask));
    }
    let lanes: &[u64] = bytemuck::cast_slice(std::slice::from_ref(&mask));
    lanes.iter().enumerate().fold(0, |bits, (lane, &is_set)| bits | ((is_set & 1) as u32) << lane)
}

/// One bit for each lane of a mask for single precision.
#[inline(always)]
pub(super) fn bits_of_singles<S: Simd>(mask: S::m32s) -> u32 {
    if const { size_of::<S::m32s>() == 2 } {
        return u32::from(bytemuck::cast::<_, u16>(mask));
    }
    if const { size_of::<S::m32s>() == 1 } {
        return u32::from(bytemuck::cast::<_, u8>(mask));
    }
    let lanes: &[u32] = bytemuck::cast_slice(std::slice::from_ref(&mask));
    lanes.iter().enumerate().fold(0, |bits, (lane, &is_set)| bits | (is_set & 1) << lane)
}
