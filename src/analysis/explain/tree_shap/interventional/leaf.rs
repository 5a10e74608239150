//! What one leaf gives the features of its path, for every mask of a row.

/// Contributions are kept for as many masks as this many features have.
const SLOT_BITS: u32 = 10;

/// Mark of a slot without contributions. Masks leave the highest bit 0.
const FREE: u64 = u64::MAX;

/// Shares of a Shapley value: (a - 1)! b! / (a + b)! by a and b, 0 where a is.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    weights: Vec<f64>,
    width: usize,
}

impl Weights {
    /// For a and b up to `most`.
    pub(super) fn new(most: usize) -> Self {
        let width = most + 1;
        let mut weights = vec![0.0; width * width];
        for b in 0..width {
            let mut weight = 1.0 / (b + 1) as f64;
            for a in 1..width {
                weights[a * width + b] = weight;
                weight *= a as f64 / (a + b + 1) as f64;
            }
        }
        Self { weights, width }
    }

    fn of(&self, a: u32, b: u32) -> f64 {
        self.weights[a as usize * self.width + b as usize]
    }
}

/// A leaf and what it gave for the masks asked for so far.
#[derive(Debug, Default)]
pub(super) struct Leaf {
    value: f64,
    n_features: usize,
    /// Masks of the background rows that are there at least once, and how often.
    background: Vec<(u64, f64)>,
    /// Per slot: the mask it holds the contributions of.
    masks: Vec<u64>,
    /// Per slot: whether any of the contributions is another than 0.
    gives: Vec<bool>,
    /// Per slot, a contribution per feature.
    contributions: Vec<f64>,
}

impl Leaf {
    /// Turns to the next leaf. `background`: masks of the background rows.
    pub(super) fn open(&mut self, value: f64, n_features: usize, background: &mut [u64]) {
        background.sort_unstable();
        self.background.clear();
        self.background.extend(background.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as f64)));
        let slots = 1 << SLOT_BITS.min(n_features as u32);
        self.masks.clear();
        self.masks.resize(slots, FREE);
        self.gives.resize(slots, false);
        self.contributions.resize(slots * n_features, 0.0);
        (self.value, self.n_features) = (value, n_features);
    }

    /// What the features of the path get in rows with this mask, in the order of its bits; empty where it is nothing.
    pub(super) fn contributions(&mut self, mask: u64, weights: &Weights) -> &[f64] {
        let slot = (mask ^ (mask >> SLOT_BITS) ^ (mask >> (2 * SLOT_BITS))) as usize % self.masks.len();
        let range = slot * self.n_features..(slot + 1) * self.n_features;
        if self.masks[slot] != mask {
            self.masks[slot] = mask;
            self.gives[slot] = self.work_out(mask, weights, range.clone());
        }
        if self.gives[slot] { &self.contributions[range] } else { &[] }
    }

    fn work_out(&mut self, mask: u64, weights: &Weights, range: std::ops::Range<usize>) -> bool {
        let all = (1_u64 << self.n_features) - 1;
        let contributions = &mut self.contributions[range];
        contributions.fill(0.0);
        let outside = (all & !mask).count_ones();
        let mut lost = 0.0;
        let mut gives = false;
        for &(background, times) in &self.background {
            if mask | background != all {
                continue;
            }
            let mut gains = mask & !background;
            let inside = gains.count_ones();
            let gain = times * self.value * weights.of(inside, outside);
            lost += times * self.value * weights.of(outside, inside);
            gives |= inside + outside > 0;
            while gains != 0 {
                contributions[gains.trailing_zeros() as usize] += gain;
                gains &= gains - 1;
            }
        }
        let mut outside = all & !mask;
        while outside != 0 {
            contributions[outside.trailing_zeros() as usize] -= lost;
            outside &= outside - 1;
        }
        gives
    }
}
