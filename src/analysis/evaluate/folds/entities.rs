//! Folds of whole entities: how well a detector does on entities it has never seen.

use super::{Fold, FoldError, checked, each_part_once};

/// `k` folds where no entity is in two: from the entity of most rows down, each goes to the fold of fewest rows so
/// far (scikit-learn's `GroupKFold`; among equals the lowest code and the first fold). Every row is tested once.
/// `entities` has a code per row.
///
/// # Errors
/// For fewer than 2 folds, or more folds than rows or entities.
pub fn by_entity(entities: &[u32], k: usize) -> Result<Vec<Fold>, FoldError> {
    let n_rows = checked(entities.len(), k)?;
    let mut rows: Vec<u32> = (0..n_rows).collect();
    rows.sort_unstable_by_key(|&row| (entities[row as usize], row));
    let mut of_entity: Vec<&[u32]> = rows.chunk_by(|&a, &b| entities[a as usize] == entities[b as usize]).collect();
    if of_entity.len() < k {
        return Err(FoldError::TooFewEntities { n_entities: of_entity.len(), k });
    }
    // Stable: equally large entities stay in the order of their codes.
    of_entity.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
    let mut sizes = vec![0; k];
    let mut part_of = vec![0; entities.len()];
    for rows in of_entity {
        let smallest = (0..k).min_by_key(|&part| sizes[part]).unwrap_or(0);
        sizes[smallest] += rows.len();
        rows.iter().for_each(|&row| part_of[row as usize] = smallest as u32);
    }
    Ok(each_part_once(&part_of, k))
}
