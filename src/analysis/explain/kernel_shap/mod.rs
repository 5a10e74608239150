//! Which inputs make the value of any function what it is: KernelSHAP, exact for few players, sampled for many.
//!
//! Lundberg and Lee 2017, "A unified approach to interpreting model predictions". A coalition is worth the mean of the
//! function over background rows in which the columns of the coalition are those of the row explained, and all others
//! the background's own (the marginal expectation, not the conditional one).

mod coalitions;
mod game;
mod regression;

use self::coalitions::Pairs;
use self::game::Game;
use super::Attribution;
use super::batch::BatchFn;
use super::shapley::{MAX_PLAYERS, shapley};
use crate::cx::{Cancelled, Cx};
use crate::data::Matrix;

/// Settings of KernelSHAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelShap {
    /// Fewer players than this are explained exactly, from all 2^n coalitions. Range 2 to 17 (others count as the
    /// nearest).
    pub exact_below: usize,
    /// Coalitions to evaluate where there are more players, besides the empty and the full one. At least 8 per player
    /// are taken. The error falls with the square root.
    pub n_samples: usize,
    /// Seed of the sample.
    pub seed: u64,
    /// Rows that the function gets at a time, at least 1. A cancel waits for at most one such block per thread.
    pub block_rows: usize,
}

impl Default for KernelShap {
    fn default() -> Self {
        Self { exact_below: 12, n_samples: 2048, seed: 42, block_rows: 256 }
    }
}

impl KernelShap {
    /// Explains `f` of `row`. A player is a set of columns that come and go together; columns of no player always show
    /// the background. `f` should be finite; its rows are as wide as the background's, and columns that the row or the
    /// background lack are left alone. The base is the mean of `f` over the background, the value that of the row.
    ///
    /// A player whose columns are the same in the row and in the whole background gets exactly 0 and no coalitions.
    /// Without background rows there is nothing to compare with: the base is the value and all contributions are 0.
    /// Base and contributions add up to the value (to rounding) also where they are sampled; `standard_errors` is empty
    /// where all coalitions were evaluated. The result depends on `block_rows` in its last bits, but not on the threads.
    ///
    /// Progress counts coalitions. Holds one number per coalition, the sampled coalitions, and a block of rows per
    /// thread. Sampling adds about players² operations per coalition and players³ in all.
    ///
    /// # Errors
    /// Those of `f`; [`Cancelled`] as the error of `f`.
    pub fn explain<E: From<Cancelled> + Send>(
        &self,
        f: &BatchFn<'_, E>,
        row: &[f64],
        background: &Matrix,
        players: &[Vec<usize>],
        cx: &Cx,
    ) -> Result<Attribution, E> {
        let game = Game { f, row, background, block_rows: self.block_rows, cx };
        let mut explained = Attribution { contributions: vec![0.0; players.len()], ..Attribution::default() };
        if background.n_rows() == 0 {
            explained.value = game.value_of_row()?;
            explained.base = explained.value;
            return Ok(explained);
        }
        let (active, columns): (Vec<usize>, Vec<&[usize]>) = (0..)
            .zip(players.iter().map(Vec::as_slice))
            .filter(|(_, columns)| columns.iter().any(|&column| game.differs(column)))
            .unzip();
        let is_exact = columns.len() < self.exact_below.clamp(2, MAX_PLAYERS + 1);
        let found = if is_exact { exact(&game, &columns)? } else { self.sampled(&game, &columns)? };
        (explained.base, explained.value) = (found.base, found.value);
        for (player, contribution) in active.iter().zip(found.contributions) {
            explained.contributions[*player] = contribution;
        }
        if !found.standard_errors.is_empty() {
            explained.standard_errors = vec![0.0; players.len()];
            for (player, error) in active.iter().zip(found.standard_errors) {
                explained.standard_errors[*player] = error;
            }
        }
        Ok(explained)
    }

    /// From a sample of pairs of a coalition and its complement.
    fn sampled<E: From<Cancelled> + Send>(&self, game: &Game<'_, E>, columns: &[&[usize]]) -> Result<Attribution, E> {
        let d = columns.len();
        let pairs = Pairs::choose(d, (self.n_samples / 2).max(MIN_PAIRS * d), self.seed, game.cx)?;
        game.cx.progress().start(STAGE, 2 * pairs.len() as u64 + 2);
        let (base, value) = game.ends(columns)?;
        let contains = |at: usize, player: usize| pairs.contains(at / 2, player) == at.is_multiple_of(2);
        let values = game.values(columns, 2 * pairs.len(), contains)?;
        let halves: Vec<f64> = values.chunks_exact(2).map(|pair| pair[0] / 2.0 - pair[1] / 2.0).collect();
        let fit = regression::fit(&pairs, &halves, value - base, game.cx)?;
        Ok(Attribution { base, value, contributions: fit.contributions, standard_errors: fit.standard_errors })
    }
}

/// Least pairs of coalitions per player. Where 2 are drawn, which determines the regression, the standard errors are
/// about 0.7 of the true ones; from 4 on they are within a few percent.
const MIN_PAIRS: usize = 4;

/// Name of the work, for its progress.
const STAGE: &str = "Shapley values";

/// From all coalitions.
fn exact<E: From<Cancelled> + Send>(game: &Game<'_, E>, columns: &[&[usize]]) -> Result<Attribution, E> {
    let n_inner = (1_usize << columns.len()).saturating_sub(2);
    game.cx.progress().start(STAGE, n_inner as u64 + 2);
    let (base, value) = game.ends(columns)?;
    let inner = game.values(columns, n_inner, |at, player| (at + 1) >> player & 1 == 1)?;
    let mut values = std::iter::once(base).chain(inner).chain([value]);
    // There are few enough players, and the values come in the order of the masks; one without players is both ends.
    Ok(shapley(columns.len(), |_| values.next().unwrap_or(value)).unwrap_or_default())
}

#[cfg(test)]
mod tests;
