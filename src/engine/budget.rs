//! How the memory of a run is shared out: what is held all along, and what the cache may keep beside a stage.

use crate::cx::Cx;
use crate::data::Table;
use crate::recipe::{CacheConfig, Recipe};

/// What the program takes besides data and results (85 MB were measured), with what its allocator keeps back.
const PROGRAM_BYTES: u64 = 128 << 20;

/// The context of a run over a table, with all that is held as long as it lasts: program, table, order and results.
pub(super) fn context(table: &Table, recipe: &Recipe, cx: &Cx) -> Cx {
    let cx = cx.with_limits(&recipe.compute);
    // A small limit is for small tables, which should not fail for the sake of the program's share.
    let program = PROGRAM_BYTES.min(cx.memory_limit_bytes / 2);
    // Per detector the scores as they are and normalised; order, combined score and verdicts.
    let columns = 2 * recipe.detectors.enabled().count() as u64 + 4;
    let results = columns.saturating_mul(8 * table.n_rows() as u64);
    cx.with_held(program.saturating_add(table.n_bytes()).saturating_add(results))
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
        let cx = context(&table, &recipe, &Cx::default());
        // One column, and 2 · 4 + 4 of the results, of 1 MB each.
        assert_eq!(cx.held_bytes, (128 + 13) << 20);
        let limits = |mb: u64| cache_beside(&recipe.compute.cache, mb << 20, &cx).memory_mb;
        assert_eq!([limits(0), limits(583), limits(883), limits(10_000)], [883, 300, 0, 0]);
    }
}
