//! Dropout masks: which hidden units a row loses in a pass, from the seed and these numbers alone, in any order and on
//! any thread.

use pulp::Arch;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The masks of one pass over the rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Masks {
    key: u64,
    rate: f64,
}

impl Masks {
    /// Masks of pass number `pass` of a random stream of the seed, in which every unit is lost with probability `rate`
    /// (0 to 0.9). `None` where that is 0.
    pub(super) fn new(seed: u64, stream: u64, pass: u32, rate: f64) -> Option<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        // A key is two words of the stream.
        rng.set_word_pos(u128::from(pass) * 2);
        (rate > 0.0).then(|| Self { key: rng.next_u64(), rate })
    }

    /// Factor of the units that stay, which makes up for those that are lost (inverted dropout).
    pub(super) fn keep(&self) -> f32 {
        (1.0 / (1.0 - self.rate)) as f32
    }

    /// Writes the factors of a layer's units for some rows: 0 or [`Masks::keep`]. `mask` has `stride` values for each row.
    pub(super) fn fill(
        &self,
        arch: Arch,
        layer: usize,
        rows: impl Iterator<Item = u64>,
        mask: &mut [f32],
        stride: usize,
    ) {
        let (keep, limit) = (self.keep(), (self.rate * 2f64.powi(32)) as u32);
        let layer_key = mix(self.key.wrapping_add(layer as u64));
        for (row, mask) in rows.zip(mask.chunks_exact_mut(stride)) {
            let row_key = mix(layer_key.wrapping_add(row));
            arch.dispatch(
                #[inline(always)]
                || {
                    for (unit, factor) in (0u32..).zip(mask) {
                        *factor = if hash(row_key, unit) < limit { 0.0 } else { keep };
                    }
                },
            );
        }
    }
}

/// Finaliser of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(key: u64) -> u64 {
    let z = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Finaliser of MurmurHash3 (Appleby 2011) over a unit's number, with both halves of the key: 32-bit arithmetic only, as
/// vectors have no fast 64-bit multiplication.
#[inline(always)]
fn hash(key: u64, unit: u32) -> u32 {
    let h = (key as u32).wrapping_add(unit.wrapping_mul(0x9e37_79b9));
    let h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b) ^ (key >> 32) as u32;
    let h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks(pass: u32, rate: f64, rows: std::ops::Range<u64>, layer: usize) -> Vec<f32> {
        let mut mask = vec![9.0; (rows.end - rows.start) as usize * 64];
        Masks::new(7, 2, pass, rate).unwrap().fill(Arch::new(), layer, rows, &mut mask, 64);
        mask
    }

    #[test]
    fn the_rate_is_kept_and_neighbours_are_independent() {
        for rate in [0.05, 0.2, 0.5, 0.9] {
            let mask = masks(0, rate, 0..4000, 0);
            let lost = |mask: &[f32]| mask.iter().filter(|&&m| m == 0.0).count() as f64;
            let n = mask.len() as f64;
            // Five standard deviations of a binomial share.
            let noise = |p: f64| 5.0 * (p * (1.0 - p) / n).sqrt();
            assert!((lost(&mask) / n - rate).abs() < noise(rate), "{rate}: {}", lost(&mask) / n);
            assert!(mask.iter().all(|&m| m == 0.0 || (f64::from(m) - 1.0 / (1.0 - rate)).abs() < 1e-6));
            let both =
                |lag: usize| mask.iter().zip(&mask[lag..]).filter(|(a, b)| **a == 0.0 && **b == 0.0).count() as f64;
            for lag in [1, 2, 64, 128] {
                let share = both(lag) / (n - lag as f64);
                assert!((share - rate * rate).abs() < 1.5 * noise(rate * rate), "{rate} {lag}: {share}");
            }
        }
    }

    #[test]
    fn rows_passes_and_layers_differ_and_chunks_do_not_matter() {
        let all = masks(3, 0.5, 0..50, 1);
        assert_eq!(all[20 * 64..], masks(3, 0.5, 20..50, 1));
        assert_ne!(all, masks(4, 0.5, 0..50, 1));
        assert_ne!(all, masks(3, 0.5, 0..50, 2));
        assert!(Masks::new(7, 2, 0, 0.0).is_none());
    }
}
