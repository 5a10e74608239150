//! Entropies over sliding windows, row by row.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::stamps::Stamps;
use super::bins::Bins;
use super::entropy::Entropy;
use crate::analysis::features::windows::Reach;

/// Counts up to this have their terms in a table.
const TABLE: u64 = 2048;

/// Entropies of the window that ends at each row of an entity, over fixed bins. Causal, given bins of training rows.
///
/// A window of w rows is the row and the w - 1 before it; one of w microseconds at time t holds the rows in (t - w, t].
/// Missing values count as rows, but not in the entropy. A row costs one step per bin and entropy; nothing drifts, as
/// only counts are kept. Memory: 16 bytes per value in the window, and 8 per bin; clones share tables of 16 kilobytes
/// per entropy, so make one and clone it for each entity.
#[derive(Debug, Clone)]
pub struct RollingEntropy {
    bins: Arc<Bins>,
    entropies: Arc<[(Entropy, Vec<f64>)]>,
    min_values: usize,
    stamps: Stamps,
    /// Bins of the values in the window, oldest first.
    values: VecDeque<usize>,
    counts: Vec<u64>,
}

impl RollingEntropy {
    /// Before the first row. Windows with fewer than `min_values` values (at least 1) have no entropy.
    pub fn new(bins: Bins, entropies: &[Entropy], reach: Reach, min_values: usize) -> Self {
        let table = |&entropy: &Entropy| (entropy, (0..=TABLE).map(|count| entropy.term(count)).collect());
        Self {
            counts: vec![0; bins.n_bins()],
            bins: Arc::new(bins),
            entropies: entropies.iter().map(table).collect(),
            min_values: min_values.max(1),
            stamps: Stamps::new(reach),
            values: VecDeque::new(),
        }
    }

    /// Takes in the next row, and writes the entropies over its window, in the order they were asked for; NaN where it
    /// has too few values.
    ///
    /// `time` (microseconds) may not go back from row to row; it is not looked at where windows count rows.
    pub fn push(&mut self, time: i64, value: f64, entropies: &mut [f64]) {
        let stamp = self.stamps.advance(time);
        while self.stamps.expire(stamp) {
            if let Some(count) = self.values.pop_front().and_then(|bin| self.counts.get_mut(bin)) {
                *count -= 1;
            }
        }
        if value.is_finite() {
            let bin = self.bins.index(value);
            self.stamps.keep(stamp);
            self.values.push_back(bin);
            if let Some(count) = self.counts.get_mut(bin) {
                *count += 1;
            }
        }
        let enough = self.values.len() >= self.min_values;
        for (out, (entropy, table)) in entropies.iter_mut().zip(self.entropies.iter()) {
            let term = |count: u64| table.get(count as usize).copied().unwrap_or_else(|| entropy.term(count));
            *out = if enough { entropy.with_terms(self.counts.iter().copied(), term) } else { f64::NAN };
        }
    }
}
