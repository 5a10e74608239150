//! Kendall's tau-b of two ordered columns.

use super::inversions::inversions;
use super::ordered::Ordered;
use crate::cx::{Cancelled, Cx};

/// Memory of one pair of columns, used again for the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    sequence: Vec<u32>,
    placed: Vec<u32>,
    next: Vec<u32>,
}

/// Kendall's tau-b (Kendall 1945): (concordant - discordant) / sqrt((pairs - ties in x)(pairs - ties in y)).
///
/// Both have values in the same rows. All counts are exact; linear time for each digit of the ranks, after Knight
/// (1966), who counts with a merge sort. NaN for fewer than two rows and where all of one are tied.
///
/// # Errors
/// When cancelled.
pub(super) fn tau_b(x: &Ordered, y: &Ordered, scratch: &mut Scratch, cx: &Cx) -> Result<f64, Cancelled> {
    if x.n_distinct() < 2 || y.n_distinct() < 2 {
        return Ok(f64::NAN);
    }
    let pairs = pairs_of(x.len() as u64);
    let (ties_x, ties_y) = (tied_pairs(x), tied_pairs(y));
    cx.check()?;
    by_x_then_y(x, y, scratch);
    cx.check()?;
    let ties_both = if ties_x > 0 && ties_y > 0 { tied_in_both(x, &scratch.sequence) } else { 0 };
    if ties_y > 0 {
        break_ties(y, scratch);
    }
    let discordant = inversions(&mut scratch.sequence, &mut scratch.placed, cx)?;
    let concordant = pairs - ties_x - (ties_y - ties_both) - discordant;
    let difference = concordant as f64 - discordant as f64;
    Ok(tau(difference, pairs - ties_x, pairs - ties_y))
}

/// tau-b from the difference of concordant and discordant pairs, and the pairs that are not tied in x and in y.
pub(super) fn tau(difference: f64, untied_x: u64, untied_y: u64) -> f64 {
    if untied_x == 0 || untied_y == 0 {
        return f64::NAN;
    }
    (difference / (untied_x as f64 * untied_y as f64).sqrt()).clamp(-1.0, 1.0)
}

/// Number of pairs of `n` things.
pub(super) fn pairs_of(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

fn tied_pairs(column: &Ordered) -> u64 {
    column.ties().map(|n| pairs_of(u64::from(n))).sum()
}

/// The ranks in y, ordered by x and among equal x by y.
fn by_x_then_y(x: &Ordered, y: &Ordered, scratch: &mut Scratch) {
    let Scratch { sequence, next, .. } = scratch;
    sequence.clear();
    if x.n_distinct() == x.len() {
        sequence.extend(x.rows.iter().map(|&row| y.ranks[row as usize]));
        return;
    }
    // A stable distribution of the order by y.
    sequence.resize(x.len(), 0);
    next.clone_from(&x.starts);
    for &row in &y.rows {
        let place = &mut next[x.ranks[row as usize] as usize];
        sequence[*place as usize] = y.ranks[row as usize];
        *place += 1;
    }
}

/// Pairs tied in x and in y.
fn tied_in_both(x: &Ordered, sequence: &[u32]) -> u64 {
    let of_one_x = x.starts.windows(2).map(|bounds| &sequence[bounds[0] as usize..bounds[1] as usize]);
    let runs = of_one_x.flat_map(|ranks| ranks.chunk_by(|a, b| a == b));
    runs.map(|run| pairs_of(run.len() as u64)).sum()
}

/// Makes a permutation of the sequence: equal ranks become ascending ones, which adds no inversion.
fn break_ties(y: &Ordered, scratch: &mut Scratch) {
    let Scratch { sequence, next, .. } = scratch;
    next.clone_from(&y.starts);
    for rank in sequence {
        let place = &mut next[*rank as usize];
        *rank = *place;
        *place += 1;
    }
}
