//! Folds of rows dealt out at random, with the same share of anomalies in each.

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::{Fold, FoldError, checked, each_part_once};

/// `k` folds of rows dealt out at random: anomalies and normal rows one by one, so that neither the sizes of the folds
/// nor their numbers of anomalies differ by more than one. Every row is tested once.
///
/// With one kind of rows only (no anomaly known) this is plain k-fold.
///
/// # Errors
/// For fewer than 2 folds, more folds than rows, or more folds than rows of a kind that exists.
pub fn stratified(labels: &[bool], k: usize, seed: u64) -> Result<Vec<Fold>, FoldError> {
    let n_rows = checked(labels.len(), k)?;
    let (anomalies, normals) = (0..n_rows).zip(labels).partition::<Vec<(u32, &bool)>, _>(|(_, label)| **label);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut part_of = vec![0; labels.len()];
    // The next kind goes on where the one before has ended.
    let mut parts = (0..k as u32).cycle();
    for (kind, mut rows) in [("anomalies", anomalies), ("normal rows", normals)] {
        if (1..k).contains(&rows.len()) {
            return Err(FoldError::TooFewOfKind { kind, n_rows: rows.len(), k });
        }
        rows.shuffle(&mut rng);
        for ((row, _), part) in rows.into_iter().zip(&mut parts) {
            part_of[row as usize] = part;
        }
    }
    Ok(each_part_once(&part_of, k))
}
