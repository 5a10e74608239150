//! Keeps the nearest rows of all rows: the last ones in memory, and on disk among the scores.

use std::sync::Arc;

use super::disk::Kind;
use super::file::Parts;
use super::{Cache, StageKey, of_text, on_disk, to_text, warn_of_disk};
use crate::analysis::detect::NearestRows;
use crate::cx::{Cancelled, Cx};
use crate::recipe::CacheConfig;

impl Cache {
    /// The nearest rows of a key: from memory, from disk, or computed and kept.
    ///
    /// # Errors
    /// Those of `compute`.
    pub(in crate::engine) fn nearest(
        &self,
        key: StageKey,
        n_rows: usize,
        config: &CacheConfig,
        cx: &Cx,
        compute: impl FnOnce() -> Result<Option<NearestRows>, Cancelled>,
    ) -> Result<Option<Arc<NearestRows>>, Cancelled> {
        // Bound first: the lock must not be held while something is computed.
        let found = self.state().nearest.take().filter(|(kept, _)| config.predictions && *kept == key);
        let disk = self.disk.as_ref().filter(|_| config.predictions && config.disk_mb > 0).map(|disks| &disks.scores);
        let limits = on_disk(config, Kind::Scores);
        let read = || nearest_of(disk?.get(Kind::Scores, key.0, limits)?, n_rows).map(Arc::new);
        let nearest = match found.map(|(_, nearest)| nearest).or_else(read) {
            Some(nearest) => nearest,
            None => {
                let Some(nearest) = compute()? else { return Ok(None) };
                if let Some(disk) = disk {
                    let rows: Vec<f64> = nearest.rows.iter().map(|&row| f64::from(row)).collect();
                    let text = to_text(&(nearest.k, nearest.usual));
                    let columns: [&[f64]; 2] = [&rows, &nearest.distances];
                    warn_of_disk(text.and_then(|text| disk.put(Kind::Scores, key.0, &text, &columns, limits)), cx);
                }
                Arc::new(nearest)
            }
        };
        self.state().nearest = Some((key, Arc::clone(&nearest)));
        Ok(Some(nearest))
    }
}

/// Nearest rows from a file, if they are those of so many rows.
fn nearest_of(parts: Parts, n_rows: usize) -> Option<NearestRows> {
    let (k, usual) = of_text(&parts.text)?;
    let [rows, distances]: [Vec<f64>; 2] = parts.columns.try_into().ok()?;
    let fits = Some(rows.len()) == n_rows.checked_mul(k) && rows.iter().all(|&row| (0.0..n_rows as f64).contains(&row));
    fits.then(|| NearestRows { k, rows: rows.into_iter().map(|row| row as u32).collect(), distances, usual })
}
