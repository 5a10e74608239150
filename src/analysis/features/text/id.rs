//! Which 64 bits stand for a value, so that memories of values have a fixed size.
//!
//! Two different values get the same id with a chance of about n²/2⁶⁵ among n of them (3e-8 for a million). The ids
//! are the same in every run and on every machine, so a stored state can go on. They are no protection against
//! someone who searches for two texts with equal ids.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A map by id.
pub(crate) type IdMap<V> = HashMap<u64, V, IdState>;

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
/// The golden ratio in 64 bits; odd.
const FOLD: u64 = 0x9e37_79b9_7f4a_7c15;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// Id of a text: FNV-1a of its bytes, then mixed.
pub(crate) fn text_id(text: &str) -> u64 {
    mix(text.bytes().fold(FNV_OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)))
}

/// Id of a number; `None` where it is missing (NaN or infinite). 0 and -0 are the same value.
pub(crate) fn number_id(number: f64) -> Option<u64> {
    number.is_finite().then(|| mix((number + 0.0).to_bits()))
}

/// Id of two values in this order.
pub(crate) fn pair_id(first: u64, second: u64) -> u64 {
    mix(first.rotate_left(23) ^ mix(second))
}

/// Hashes ids with one multiplication. The seed is another one in each map, so that nobody can choose values that make
/// it slow; nothing depends on the order in a map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdState {
    seed: u64,
}

impl Default for IdState {
    fn default() -> Self {
        Self { seed: RandomState::new().hash_one(0_u64) }
    }
}

impl BuildHasher for IdState {
    type Hasher = IdHasher;

    fn build_hasher(&self) -> IdHasher {
        IdHasher { state: self.seed }
    }
}

/// See [`IdState`].
#[derive(Debug)]
pub(crate) struct IdHasher {
    state: u64,
}

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.state
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, id: u64) {
        let product = u128::from(self.state ^ id) * u128::from(FOLD);
        self.state = (product as u64) ^ ((product >> 64) as u64);
    }
}

/// Spreads every input bit over all output bits (the finaliser of MurmurHash3, Appleby 2011).
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    bits = (bits ^ (bits >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    bits ^ (bits >> 33)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_tell_values_apart() {
        let ids: HashSet<u64> = (0..100_000).map(|i| text_id(&format!("user{i}"))).collect();
        assert_eq!(ids.len(), 100_000);
        let pairs: HashSet<u64> = (0..300).flat_map(|a| (0..300).map(move |b| pair_id(a, b))).collect();
        assert_eq!(pairs.len(), 90_000);
        assert_eq!(number_id(0.0), number_id(-0.0));
        assert_ne!(number_id(1.0), number_id(2.0));
        assert_eq!(number_id(f64::NAN), None);
        assert_eq!(number_id(f64::INFINITY), None);
    }

    #[test]
    fn ids_stay_the_same_between_versions() {
        // FNV-1a of the empty text is its offset; fmix64 of it by Python:
        // h=0xcbf29ce484222325; h^=h>>33; h=h*0xff51afd7ed558ccd%2**64; h^=h>>33; h=h*0xc4ceb9fe1a85ec53%2**64; h^=h>>33
        assert_eq!(text_id(""), EMPTY_ID);
    }

    const EMPTY_ID: u64 = 0xefd0_1f60_ba99_2926;
}
