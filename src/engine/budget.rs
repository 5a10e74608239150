//! How the memory of a run is shared out: what is held all along, and what the cache may keep beside a stage.

use crate::cx::Cx;
use crate::data::Table;
use crate::recipe::{CacheConfig, Recipe};

/// What the program takes besides data and results (85 MB were measured), with what its allocator keeps back.
const PROGRAM_BYTES: u64 = 128 << 20;

/// The context of a run over a table, with what is held as long as it lasts: the program and the table.
pub(super) fn context(table: &Table, recipe: &Recipe, cx: &Cx) -> Cx {
    let cx = cx.with_limits(&recipe.compute);
    // A small limit is for small tables, which should not fail for the sake of the program's share.
    let program = PROGRAM_BYTES.min(cx.memory_limit_bytes / 2);
    cx.with_held(program.saturating_add(table.n_bytes()))
}

/// Bytes of what a run finds about the rows of a table once they are prepared.
pub(super) fn results_bytes(table: &Table, recipe: &Recipe) -> u64 {
    // Per detector the scores as they are and normalised; order, combined score and verdicts.
    let columns = 2 * recipe.detectors.enabled().count() as u64 + 4;
    // Per row as many neighbours, by number and distance, and as much again twice while they are looked for.
    let confidence = &recipe.ensemble.confidence;
    let neighbours = if confidence.enabled { 36 * (u64::from(confidence.n_neighbors) + 1) } else { 0 };
    (8 * columns + neighbours).saturating_mul(table.n_rows() as u64)
}

/// The limits of the cache while a stage takes so many bytes.
pub(super) fn cache_beside(config: &CacheConfig, bytes: u64, cx: &Cx) -> CacheConfig {
    let room_mb = cx.free_bytes().saturating_sub(bytes) >> 20;
    CacheConfig { memory_mb: config.memory_mb.min(u32::try_from(room_mb).unwrap_or(u32::MAX)), ..config.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_gets_what_is_left() {
        let table = Table::of_features(&[("a", vec![0.0; 1 << 17])], None, None);
        let mut recipe = Recipe::default();
        recipe.compute.memory_limit_mb = 1024;
        recipe.ensemble.confidence.enabled = false;
        let cx = context(&table, &recipe, &Cx::default());
        assert_eq!(cx.held_bytes, (128 + 1) << 20);
        // 2 · 4 + 4 columns of 1 MB each.
        assert_eq!(results_bytes(&table, &recipe), 12 << 20);
        let limits = |mb: u64| cache_beside(&recipe.compute.cache, mb << 20, &cx).memory_mb;
        assert_eq!([limits(0), limits(595), limits(895), limits(10_000)], [895, 300, 0, 0]);
    }
}
