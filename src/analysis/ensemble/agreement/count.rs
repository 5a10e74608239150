//! Counts how often each pair of members flags the same row, and is wrong on the same row, 64 rows at a time.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::analysis::ensemble::calibrate::special::with_simd;
use crate::cx::{Cancelled, Cx};

/// Words of 64 rows that one thread works on at a time: the flags of twenty members fit in the first cache.
const CHUNK_WORDS: usize = 128;
const CHUNK_ROWS: usize = CHUNK_WORDS * 64;

/// Binary digits of a number of votes.
const VOTE_DIGITS: usize = usize::BITS as usize;

/// Rows per pair of members, also of each with itself, in the order of [`pair_index`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    /// That both flag.
    pub(super) flagged: Vec<u64>,
    /// Where both differ from the truth.
    pub(super) wrong: Vec<u64>,
}

/// Where in [`Counts`] the pair of member `a` and a member up to it is.
pub(super) fn pair_index(a: usize, b: usize) -> usize {
    a * (a + 1) / 2 + b
}

impl Counts {
    /// Counts all pairs. The columns are of equal length; without labels the vote of at least half of the members is the
    /// truth.
    pub(super) fn of(members: &[&[bool]], labels: Option<&[bool]>, cx: &Cx) -> Result<Self, Cancelled> {
        let n_rows = members.first().map_or(0, |flags| flags.len());
        let zero = || Self::zero(members.len());
        (0..n_rows.div_ceil(CHUNK_ROWS))
            .into_par_iter()
            .try_fold(zero, |mut counts, chunk| {
                cx.check()?;
                let rows = chunk * CHUNK_ROWS..n_rows.min((chunk + 1) * CHUNK_ROWS);
                let of_chunk = |column: &&[bool]| Words::pack(column.get(rows.clone()).unwrap_or_default());
                with_simd(
                    #[inline(always)]
                    || {
                        let mut flags: Vec<Words> = members.iter().map(of_chunk).collect();
                        let truth = labels.map_or_else(|| majority(&flags), |labels| of_chunk(&labels));
                        add_pairs(&flags, &mut counts.flagged);
                        flags.iter_mut().for_each(|flags| flags.differ(&truth));
                        add_pairs(&flags, &mut counts.wrong);
                    },
                );
                Ok(counts)
            })
            // Sums of whole numbers: the order does not matter.
            .try_reduce(zero, |a, b| Ok(a.plus(&b)))
    }

    fn zero(n_members: usize) -> Self {
        let zeros = vec![0; pair_index(n_members, 0)];
        Self { flagged: zeros.clone(), wrong: zeros }
    }

    fn plus(mut self, other: &Self) -> Self {
        self.flagged.iter_mut().zip(&other.flagged).for_each(|(sum, count)| *sum += count);
        self.wrong.iter_mut().zip(&other.wrong).for_each(|(sum, count)| *sum += count);
        self
    }
}

/// Flags of one chunk of rows, one bit each; 0 beyond the last row.
struct Words([u64; CHUNK_WORDS]);

impl Words {
    #[inline(always)]
    fn pack(flags: &[bool]) -> Self {
        let mut words = [0; CHUNK_WORDS];
        let (full, rest) = flags.as_chunks();
        for (word, flags) in words.iter_mut().zip(full) {
            *word = pack_word(flags);
        }
        let mut last = [false; 64];
        last.iter_mut().zip(rest).for_each(|(to, flag)| *to = *flag);
        if let Some(word) = words.get_mut(full.len()) {
            *word = pack_word(&last);
        }
        Self(words)
    }

    /// Leaves a bit where the two are not the same.
    #[inline(always)]
    fn differ(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word ^= other;
        }
    }
}

#[inline(always)]
fn pack_word(flags: &[bool; 64]) -> u64 {
    let (eights, _) = flags.as_chunks::<8>();
    let mut word = 0;
    for eight in eights.iter().rev() {
        // The product brings the lowest bit of each byte into the highest byte.
        let bits = u64::from_le_bytes(eight.map(u8::from)).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word = word << 8 | bits;
    }
    word
}

/// Adds to each pair how many bits both have.
#[inline(always)]
fn add_pairs(members: &[Words], counts: &mut [u64]) {
    let pairs = members.iter().enumerate().flat_map(|(at, a)| members.iter().take(at + 1).map(move |b| (a, b)));
    for (count, (a, b)) in counts.iter_mut().zip(pairs) {
        for (a, b) in a.0.iter().zip(&b.0) {
            *count += u64::from((a & b).count_ones());
        }
    }
}

/// The rows that at least half of the members flag. Counts 64 rows at once: digit `k` of all their numbers of votes is one
/// word.
#[inline(always)]
fn majority(members: &[Words]) -> Words {
    let needed = members.len().div_ceil(2);
    let n_digits = VOTE_DIGITS - members.len().leading_zeros() as usize;
    let mut digits = vec![[0_u64; CHUNK_WORDS]; n_digits];
    for member in members {
        let mut carry = member.0;
        for digit in &mut digits {
            for (digit, carry) in digit.iter_mut().zip(&mut carry) {
                (*digit, *carry) = (*digit ^ *carry, *digit & *carry);
            }
        }
    }
    // Compares from the highest digit down: above so far, or equal so far.
    let (mut above, mut equal) = ([0_u64; CHUNK_WORDS], [u64::MAX; CHUNK_WORDS]);
    for (place, digit) in digits.iter().enumerate().rev() {
        let needs_digit = if needed >> place & 1 == 1 { u64::MAX } else { 0 };
        for ((above, equal), digit) in above.iter_mut().zip(&mut equal).zip(digit) {
            *above |= *equal & digit & !needs_digit;
            *equal &= !(digit ^ needs_digit);
        }
    }
    for (above, equal) in above.iter_mut().zip(&equal) {
        *above |= equal;
    }
    Words(above)
}
