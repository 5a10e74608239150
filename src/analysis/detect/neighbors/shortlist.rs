//! The points that may be the nearest to each of many, by bounds of their distances.

use pulp::Simd;

/// Lists are a multiple of this long, so that they are whole vectors.
const STEP: usize = 8;

/// Lists longer than this are searched for where a key goes; shorter ones are moved as a whole.
const LONG: usize = 64;

/// What a list ends with where it is not full: infinitely far.
const NONE: u64 = (f32::INFINITY.to_bits() as u64) << 32 | u32::MAX as u64;

/// Per point of a block, a list of those with the smallest bounds found so far, in order.
#[derive(Debug)]
pub(super) struct Shortlists {
    /// Lists of `length` keys: the bits of a bound, which grow as it does, above the point's number.
    keys: Vec<u64>,
    length: usize,
    /// Per point: the negative bound of its last key. Only bounds whose negative is above it go into its list.
    limits: Vec<f32>,
}

impl Shortlists {
    /// Empty lists for `n` points that look for `k` others each, with some to spare.
    pub(super) fn new(n: usize, k: usize) -> Self {
        let length = Self::length(k);
        Self { keys: vec![NONE; n * length], length, limits: vec![f32::NEG_INFINITY; n] }
    }

    /// Keys in a list from which `k` points are taken: those that rounding may have put in the wrong order come on top.
    pub(super) fn length(k: usize) -> usize {
        (k + 3 + k / 16).next_multiple_of(STEP)
    }

    /// Per point, what a negative bound has to be above to go into its list.
    #[inline(always)]
    pub(super) fn limits(&self) -> &[f32] {
        &self.limits
    }

    /// Takes a point in, given the negative bound of its distance, if it belongs to the list of the one at `at`.
    #[inline(always)]
    pub(super) fn offer<S: Simd>(&mut self, simd: S, at: usize, negative: f32, number: u32) {
        if negative <= self.limits[at] {
            return;
        }
        let bound = (-negative).max(0.0);
        let key = u64::from(bound.to_bits()) << 32 | u64::from(number);
        let list = &mut self.keys[at * self.length..(at + 1) * self.length];
        let first = if self.length > LONG { list.partition_point(|&own| own < key) } else { 0 };
        let key = simd.splat_u64s(key);
        let vectors = S::as_mut_simd_u64s(&mut list[first.saturating_sub(STEP) / STEP * STEP..]).0;
        let is_first = simd.mask_between_m64s(0, 1).mask();
        let mut own = simd.splat_u64s(0);
        for vector in vectors {
            let before = own;
            own = *vector;
            // What comes before each key: the key itself moves up where the new one is smaller than that.
            let last = simd.select_u64s(is_first, simd.rotate_right_u64s(before, 1), simd.rotate_right_u64s(own, 1));
            *vector = simd.min_u64s(own, simd.max_u64s(last, key));
        }
        let last = f32::from_bits((list[self.length - 1] >> 32) as u32);
        // Where even the last bound is 0, all are, and bounds do not tell which points are nearer.
        self.limits[at] = if last == 0.0 { f32::INFINITY } else { -last };
    }

    /// The list of a point: bounds of half the squared distances, which rise, and numbers; fewer where there are no more.
    pub(super) fn list(&self, at: usize) -> impl Iterator<Item = (f32, u32)> + '_ {
        let keys = &self.keys[at * self.length..(at + 1) * self.length];
        keys.iter().take_while(|&&key| key != NONE).map(|&key| (f32::from_bits((key >> 32) as u32), key as u32))
    }

    /// Whether a list has as many keys as it can.
    pub(super) fn is_full(&self, at: usize) -> bool {
        self.keys[(at + 1) * self.length - 1] != NONE
    }
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;

    struct Offer<'a>(&'a mut Shortlists, usize, f32, u32);

    impl WithSimd for Offer<'_> {
        type Output = ();

        fn with_simd<S: Simd>(self, simd: S) {
            self.0.offer(simd, self.1, self.2, self.3);
        }
    }

    #[test]
    fn lists_keep_the_smallest_bounds_in_order() {
        for k in [1, 9, 100] {
            let (mut lists, length) = (Shortlists::new(2, k), Shortlists::length(k));
            assert!(length > k && length % 8 == 0);
            let bounds: Vec<f32> = (0..500_u16).map(|i| f32::from(i * 37 % 101)).collect();
            for (number, &bound) in (0..).zip(&bounds) {
                Arch::new().dispatch(Offer(&mut lists, 1, -bound, number));
            }
            let mut expected: Vec<(f32, u32)> = bounds.iter().copied().zip(0..).collect();
            expected.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert_eq!(lists.list(1).collect::<Vec<_>>(), expected[..length]);
            assert!(lists.is_full(1) && !lists.is_full(0) && lists.list(0).next().is_none());
            assert_eq!(lists.limits(), [f32::NEG_INFINITY, -expected[length - 1].0]);
        }
    }

    #[test]
    fn a_list_of_zeros_takes_no_more() {
        let mut lists = Shortlists::new(1, 3);
        (0..20).for_each(|number| Arch::new().dispatch(Offer(&mut lists, 0, 0.5, number)));
        assert_eq!(lists.list(0).last(), Some((0.0, 7)));
        assert_eq!(lists.limits(), [f32::INFINITY]);
    }
}
