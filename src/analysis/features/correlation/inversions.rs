//! How many pairs of a permutation are out of order.

use crate::cx::{Cancelled, Cx};

/// Bits of a digit by which values are placed, and the number of such digits.
const DIGIT_BITS: u32 = 3;
const N_DIGITS: usize = 1 << DIGIT_BITS;
/// Last bits, which are counted without placing: a digit that names a word, and a bit of it.
const LAST_BITS: u32 = 8;
const WORD_BITS: u32 = 6;
/// Values between two looks at the cancel flag.
const CHUNK: usize = 1 << 17;

/// Number of pairs of positions i < j with `permutation[i] > permutation[j]`, for a permutation of 0 to n - 1.
///
/// A radix sort from the highest digit down that counts as it goes: two values out of order differ first in one digit,
/// and are counted where the smaller is placed, against the values before it that agree in all higher digits. There are
/// no branches on values, and a pass per 3 bits in place of the pass per bit of a merge sort. `scratch` is overwritten,
/// and so is the permutation.
///
/// # Errors
/// When cancelled.
pub(super) fn inversions(permutation: &mut Vec<u32>, scratch: &mut Vec<u32>, cx: &Cx) -> Result<u64, Cancelled> {
    let n = permutation.len();
    let arch = pulp::Arch::new();
    let mut high = usize::BITS - n.saturating_sub(1).leading_zeros();
    let mut count = 0;
    scratch.resize(n, 0);
    while high > LAST_BITS {
        let low = high.saturating_sub(DIGIT_BITS).max(LAST_BITS);
        let mut n_unchecked = 0;
        // Values with the same digits above `high` lie together, where the sorted permutation has them.
        for (group, placed) in permutation.chunks(1 << high).zip(scratch.chunks_mut(1 << high)) {
            let mut digits = Digits::new(low, high - low);
            for chunk in group.chunks(CHUNK) {
                n_unchecked += chunk.len();
                if n_unchecked >= CHUNK {
                    n_unchecked = 0;
                    cx.check()?;
                }
                count += arch.dispatch(
                    #[inline(always)]
                    || digits.place(chunk, placed),
                );
            }
        }
        std::mem::swap(permutation, scratch);
        high = low;
    }
    for chunk in permutation.chunks(CHUNK) {
        cx.check()?;
        count += arch.dispatch(
            #[inline(always)]
            || chunk.chunks(1 << LAST_BITS).map(inversions_of_last_bits).sum::<u64>(),
        );
    }
    Ok(count)
}

/// A pass over one digit of a group of values that agree in all higher digits.
struct Digits {
    low: u32,
    mask: u32,
    /// Per digit, how many values so far have a greater one.
    greater: [u64; N_DIGITS],
    /// Per digit, where in the group its next value goes.
    next: [usize; N_DIGITS],
}

impl Digits {
    /// Before the first value. The digit has `n_bits` bits (at most 3) above the lowest `low`.
    fn new(low: u32, n_bits: u32) -> Self {
        let next = std::array::from_fn(|digit| digit << low);
        Self { low, mask: (1 << n_bits) - 1, greater: [0; N_DIGITS], next }
    }

    /// Places the next values of the group by their digit. Returns the inversions that this digit decides.
    #[inline(always)]
    fn place(&mut self, values: &[u32], placed: &mut [u32]) -> u64 {
        values.chunks(usize::from(u8::MAX)).map(|block| self.place_block(block, placed)).sum()
    }

    /// The same for at most 255 values. Counts within the block are 8 bytes of one register.
    #[inline(always)]
    fn place_block(&mut self, block: &[u32], placed: &mut [u32]) -> u64 {
        let before = self.next;
        let mut greater = 0u64;
        let mut count = 0;
        for &value in block {
            let digit = value >> self.low & self.mask;
            count += greater >> (8 * digit) & 0xff;
            greater += 0x0101_0101_0101_0101 & ((1 << (8 * digit)) - 1);
            let next = &mut self.next[digit as usize % N_DIGITS];
            if let Some(place) = placed.get_mut(*next) {
                *place = value;
            }
            *next += 1;
        }
        for (digit, total) in self.greater.iter_mut().enumerate() {
            count += *total * (self.next[digit] - before[digit]) as u64;
            *total += greater >> (8 * digit) & 0xff;
        }
        count
    }
}

/// Inversions of values that differ in the last 8 bits only: counts of words, 16 bits each, in one register, and a
/// set of bits per word.
#[inline(always)]
fn inversions_of_last_bits(values: &[u32]) -> u64 {
    let mut seen = [0u64; 1 << (LAST_BITS - WORD_BITS)];
    let mut greater = 0u64;
    let mut count = 0;
    for &value in values {
        let word = value >> WORD_BITS & 3;
        let bit = value % (1 << WORD_BITS);
        let set = &mut seen[word as usize];
        // Shifted twice, as a shift by all 64 bits is not allowed.
        count += (greater >> (16 * word) & 0xffff) + u64::from((*set >> bit >> 1).count_ones());
        greater += 0x0001_0001_0001_0001 & ((1 << (16 * word)) - 1);
        *set |= 1 << bit;
    }
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn count(permutation: &[u32]) -> u64 {
        inversions(&mut permutation.to_vec(), &mut vec![7; 3], &Cx::default()).unwrap()
    }

    #[test]
    fn ends_of_the_scale() {
        for n in [0u32, 1, 2, 63, 64, 65, 1023, 1024, 1025, 20_000] {
            let up: Vec<u32> = (0..n).collect();
            let down: Vec<u32> = (0..n).rev().collect();
            assert_eq!(count(&up), 0);
            assert_eq!(count(&down), u64::from(n) * u64::from(n.saturating_sub(1)) / 2);
        }
    }

    #[test]
    fn stops_when_cancelled() {
        let cx = Cx::default();
        cx.cancel();
        assert!(inversions(&mut vec![1, 0], &mut Vec::new(), &cx).is_err());
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(permutation in (0u32..1500).prop_flat_map(|n| {
            Just((0..n).collect::<Vec<u32>>()).prop_shuffle()
        })) {
            let pairs = permutation.iter().enumerate();
            let expected: usize = pairs.map(|(i, a)| permutation[i..].iter().filter(|b| a > b).count()).sum();
            prop_assert_eq!(count(&permutation), expected as u64);
        }
    }
}
