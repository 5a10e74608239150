//! Drawing resamples: how often the row at each place in the order of the scores is drawn.

use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution as _};

use super::Draw;
use crate::analysis::evaluate::EvaluateError;
use crate::analysis::evaluate::ranked::{key, sort};
use crate::cx::{Cancelled, Cx};

/// Random streams from here on, one per resample; others use the low ones.
const STREAM: u64 = 1 << 40;

/// Rows that are drawn from at a time: their weights stay in the first-level cache, and a random word gives several.
const BLOCK: usize = 1 << 12;

/// Rows or groups handled between two looks at the cancel flag.
const CHECKED: usize = 1 << 16;

/// How resamples are made.
pub(super) enum Drawing<'a> {
    /// Any row as likely as any other: the order does not matter.
    Rows { n_rows: usize },
    /// The group of the row at each place, and the number of groups.
    Groups { group_at: Vec<u32>, n_groups: usize },
    /// The place of each row, and the rows of each resample.
    Given { place_of: Vec<u32>, resamples: &'a [Vec<u32>] },
}

impl<'a> Drawing<'a> {
    /// Labels and scores are one per row, of at most 2^32 rows.
    pub(super) fn new(draw: Draw<'a>, labels: &[bool], scores: &[f64], cx: &Cx) -> Result<Self, EvaluateError> {
        let n_rows = labels.len();
        match draw {
            Draw::Rows => Ok(Self::Rows { n_rows }),
            Draw::Groups(codes) => {
                if codes.len() != n_rows {
                    let found = codes.len();
                    return Err(EvaluateError::LengthsDiffer { what: "group codes", found, expected: n_rows });
                }
                let mut groups = codes.to_vec();
                sort(&mut groups, cx)?;
                groups.dedup();
                if groups.len() < 2 {
                    return Err(EvaluateError::TooFewGroups { n_groups: groups.len() });
                }
                // Every code is among the groups.
                let group = |row: u32| groups.binary_search(&codes[row as usize]).unwrap_or_default() as u32;
                let group_at = places(labels, scores, cx)?.into_iter().map(group).collect();
                Ok(Self::Groups { group_at, n_groups: groups.len() })
            }
            Draw::Given(resamples) => {
                if let Some(&row) = resamples.iter().flatten().find(|row| **row as usize >= n_rows) {
                    return Err(EvaluateError::NoSuchRow { row, n_rows });
                }
                let mut place_of = vec![0; n_rows];
                for (row, place) in places(labels, scores, cx)?.into_iter().zip(0..) {
                    place_of[row as usize] = place;
                }
                Ok(Self::Given { place_of, resamples })
            }
        }
    }

    /// Number of resamples, where they are given.
    pub(super) fn n_given(&self) -> Option<usize> {
        if let Self::Given { resamples, .. } = self { Some(resamples.len()) } else { None }
    }

    /// Makes the weights those of a resample.
    pub(super) fn weights(&self, resample: usize, weights: &mut Vec<u32>, cx: &Cx) -> Result<(), Cancelled> {
        cx.check()?;
        weights.clear();
        let mut rng = ChaCha8Rng::seed_from_u64(cx.seed);
        rng.set_stream(STREAM + resample as u64);
        match self {
            Self::Rows { n_rows } => {
                weights.resize(*n_rows, 0);
                draw_rows(&mut rng, weights, cx)
            }
            Self::Groups { group_at, n_groups } => {
                let mut drawn = vec![0; *n_groups];
                for at in 0..*n_groups {
                    if at % CHECKED == 0 {
                        cx.check()?;
                    }
                    drawn[rng.random_range(0..*n_groups)] += 1;
                }
                for groups in group_at.chunks(CHECKED) {
                    cx.check()?;
                    weights.extend(groups.iter().map(|&group| drawn[group as usize]));
                }
                Ok(())
            }
            Self::Given { place_of, resamples } => {
                weights.resize(place_of.len(), 0);
                let rows = resamples.get(resample).map_or(&[][..], Vec::as_slice);
                rows.iter().for_each(|&row| weights[place_of[row as usize] as usize] += 1);
                Ok(())
            }
        }
    }
}

/// The row at each place: from the highest score down, among equal scores first the normal rows.
fn places(labels: &[bool], scores: &[f64], cx: &Cx) -> Result<Vec<u32>, Cancelled> {
    let rows = labels.iter().zip(scores).zip(0u32..);
    let mut order: Vec<(u64, bool, u32)> = rows.map(|((&label, &score), row)| (key(score), label, row)).collect();
    sort(&mut order, cx)?;
    Ok(order.into_iter().map(|(_, _, row)| row).collect())
}

/// Draws as many rows as there are, with replacement. Exact: how many draws fall into each block is binomial given
/// those before it, and within a block each row is as likely as any other.
fn draw_rows(rng: &mut ChaCha8Rng, weights: &mut [u32], cx: &Cx) -> Result<(), Cancelled> {
    let (mut rows_left, mut draws_left) = (weights.len(), weights.len() as u64);
    for block in weights.chunks_mut(BLOCK) {
        cx.check()?;
        let draws = binomial(rng, draws_left, block.len() as f64 / rows_left as f64);
        draw_from(rng, block, draws);
        rows_left -= block.len();
        draws_left -= draws;
    }
    Ok(())
}

/// How many of `n` draws succeed.
fn binomial(rng: &mut ChaCha8Rng, n: u64, probability: f64) -> u64 {
    // The last block takes all that is left.
    if probability >= 1.0 {
        return n;
    }
    Binomial::new(n, probability).map_or(0, |binomial| binomial.sample(rng))
}

/// Draws rows of a block. Several come from one random word; numbers beyond the block are thrown away.
fn draw_from(rng: &mut impl Rng, block: &mut [u32], draws: u64) {
    let bits = block.len().next_power_of_two().ilog2().max(1);
    let (mask, per_word) = ((1 << bits) - 1, u64::from(64 / bits));
    let mut left = draws;
    while left > 0 {
        let mut word = rng.next_u64();
        for _ in 0..per_word.min(left) {
            if let Some(weight) = block.get_mut((word & mask) as usize) {
                *weight += 1;
                left -= 1;
            }
            word >>= bits;
        }
    }
}
