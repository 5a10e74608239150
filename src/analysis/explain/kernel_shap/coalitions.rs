//! Which coalitions are evaluated where there are too many for all.
//!
//! Coalitions come in pairs with their complements (Covert and Lee 2021, "Improving KernelSHAP"): what is even in a
//! coalition and its complement then cancels. Pairs of one size are a stratum. Small strata are taken whole, from the
//! rest pairs are drawn without replacement.

use std::collections::HashSet;

use rand::SeedableRng as _;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use crate::analysis::explain::shapley::binomial;
use crate::cx::{Cancelled, Cx};

/// The pairs of a coalition of `size` players, at most half of them, and its complement.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stratum {
    pub size: usize,
    /// How many pairs there are; infinite beyond a number's range.
    pub n_all: f64,
    /// How many are evaluated: at least 2 of them, or all.
    pub n_taken: usize,
    /// Shapley kernel, (d - 1) / (C(d, s) s (d - s)), summed over all pairs, but for a factor common to all strata.
    pub weight: f64,
}

/// The pairs that are evaluated, stratum after stratum.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pairs {
    pub n_players: usize,
    pub strata: Vec<Stratum>,
    /// One flag per pair and player: whether the coalition named first has it.
    members: Vec<bool>,
}

impl Pairs {
    /// Chooses about `n_pairs` pairs of coalitions of `n_players` players (at least 2). All coalitions of one player are
    /// taken, so that every contribution is determined, and 2 pairs of every other size, so that its variance is.
    pub(super) fn choose(n_players: usize, n_pairs: usize, seed: u64, cx: &Cx) -> Result<Self, Cancelled> {
        let strata = allocate(n_players, n_pairs);
        let mut members = Vec::new();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for stratum in &strata {
            if stratum.is_whole() {
                enumerate(stratum.size, n_players, &mut members, cx)?;
            } else {
                draw(stratum, n_players, &mut rng, &mut members, cx)?;
            }
        }
        Ok(Self { n_players, strata, members })
    }

    /// How many pairs.
    pub(super) fn len(&self) -> usize {
        self.members.len() / self.n_players
    }

    /// Whether the coalition named first has a player.
    pub(super) fn contains(&self, pair: usize, player: usize) -> bool {
        self.members.get(pair * self.n_players + player).copied().unwrap_or(false)
    }

    /// The players of the coalition named first, as flags, for each pair in turn.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[bool]> {
        self.members.chunks_exact(self.n_players)
    }
}

impl Stratum {
    /// Whether all its pairs are evaluated.
    pub(super) fn is_whole(&self) -> bool {
        self.n_taken as f64 >= self.n_all
    }
}

/// How many pairs of each size to evaluate: Neyman's allocation for residuals of the same size in all strata, by which
/// a stratum gets pairs as its weight times the length √(s (d - s) / d) of a coalition less its mean.
fn allocate(d: usize, n_pairs: usize) -> Vec<Stratum> {
    let stratum = |size: usize| {
        let product = (size * (d - size)) as f64;
        // Half of the players: the complements are coalitions of the same size.
        let half = if 2 * size == d { 0.5 } else { 1.0 };
        Stratum { size, n_all: half * binomial(d, size), n_taken: 0, weight: half / product }
    };
    let mut strata: Vec<Stratum> = (1..=d / 2).map(stratum).collect();
    for stratum in &mut strata {
        stratum.n_taken =
            if stratum.size == 1 { d.min(stratum.n_all as usize) } else { stratum.n_all.min(2.0) as usize };
    }
    let share = |stratum: &Stratum| stratum.weight * ((stratum.size * (d - stratum.size)) as f64).sqrt();
    // What a stratum has too few pairs for goes to the others, until all have their share or are whole.
    loop {
        let left = n_pairs.saturating_sub(strata.iter().map(|stratum| stratum.n_taken).sum()) as f64;
        let shares: f64 = strata.iter().filter(|stratum| !stratum.is_whole()).map(share).sum();
        let before: usize = strata.iter().map(|stratum| stratum.n_taken).sum();
        for stratum in strata.iter_mut().filter(|stratum| !stratum.is_whole()) {
            let more = (left * share(stratum) / shares).floor();
            stratum.n_taken = stratum.n_all.min(stratum.n_taken as f64 + more) as usize;
        }
        if strata.iter().map(|stratum| stratum.n_taken).sum::<usize>() == before {
            return strata;
        }
    }
}

/// Appends all coalitions of `size` players; of half the players only those with the first player.
fn enumerate(size: usize, d: usize, members: &mut Vec<bool>, cx: &Cx) -> Result<(), Cancelled> {
    let mut places: Vec<usize> = (0..size).collect();
    while 2 * size != d || places.first() == Some(&0) {
        cx.check()?;
        append(members, d, places.iter().copied());
        // The next combination in lexicographic order: the last place that can move does, those after it follow.
        let Some(moving) = (0..size).rev().find(|&at| places[at] < d - size + at) else { break };
        let start = places[moving] + 1;
        places[moving..].iter_mut().zip(start..).for_each(|(place, to)| *place = to);
    }
    Ok(())
}

/// Appends pairs of a stratum at random, none twice.
fn draw(stratum: &Stratum, d: usize, rng: &mut ChaCha8Rng, members: &mut Vec<bool>, cx: &Cx) -> Result<(), Cancelled> {
    let mut seen = HashSet::with_capacity(stratum.n_taken);
    while seen.len() < stratum.n_taken {
        cx.check()?;
        let before = members.len();
        append(members, d, index::sample(rng, d, stratum.size).into_iter());
        let drawn = &mut members[before..];
        if 2 * stratum.size == d && !drawn[0] {
            drawn.iter_mut().for_each(|is_in| *is_in = !*is_in);
        }
        if !seen.insert(drawn.to_vec()) {
            members.truncate(before);
        }
    }
    Ok(())
}

/// Appends the flags of a coalition of these players.
fn append(members: &mut Vec<bool>, d: usize, players: impl Iterator<Item = usize>) {
    let before = members.len();
    members.resize(before + d, false);
    players.for_each(|player| members[before + player] = true);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(pairs: &Pairs) -> Vec<usize> {
        pairs.iter().map(|flags| flags.iter().filter(|&&is_in| is_in).count()).collect()
    }

    #[test]
    fn with_enough_pairs_every_coalition_is_there_once() {
        for d in 2..=9 {
            let pairs = Pairs::choose(d, 1 << d, 1, &Cx::default()).unwrap();
            let mut masks = HashSet::new();
            for flags in pairs.iter() {
                assert!(masks.insert(flags.to_vec()));
                assert!(masks.insert(flags.iter().map(|is_in| !is_in).collect()));
            }
            assert_eq!(masks.len(), (1 << d) - 2, "{d}");
            assert!(pairs.strata.iter().all(Stratum::is_whole));
        }
    }

    #[test]
    fn a_sample_has_all_single_players_no_repeats_and_the_number_asked_for() {
        for (d, n_pairs) in [(12, 200), (14, 1038), (15, 40), (40, 1000), (101, 300), (1100, 2300)] {
            let pairs = Pairs::choose(d, n_pairs, 7, &Cx::default()).unwrap();
            assert!(pairs.len() <= n_pairs && pairs.len() + d > n_pairs, "{d}: {} of {n_pairs}", pairs.len());
            assert_eq!(sizes(&pairs).iter().filter(|&&size| size == 1).count(), d);
            let distinct: HashSet<&[bool]> = pairs.iter().collect();
            assert_eq!(distinct.len(), pairs.len());
            assert!(pairs.strata.iter().all(|stratum| stratum.n_taken >= 2));
            assert!(sizes(&pairs).is_sorted());
            assert_eq!(pairs, Pairs::choose(d, n_pairs, 7, &Cx::default()).unwrap());
            assert_ne!(pairs, Pairs::choose(d, n_pairs, 8, &Cx::default()).unwrap());
        }
    }

    #[test]
    fn kernel_weights_by_hand() {
        // d = 4: C(4, 1) / (C(4, 1) 1 · 3) = 1/3, and half of 1 / (2 · 2) for the three pairs of size 2.
        let strata = Pairs::choose(4, 100, 1, &Cx::default()).unwrap().strata;
        assert_eq!(strata.iter().map(|stratum| stratum.weight).collect::<Vec<_>>(), [1.0 / 3.0, 0.125]);
        assert_eq!(strata.iter().map(|stratum| stratum.n_taken).collect::<Vec<_>>(), [4, 3]);
    }

    #[test]
    fn every_player_is_drawn_as_often() {
        let mut counts = [0_u32; 16];
        for seed in 0..200 {
            let pairs = Pairs::choose(16, 60, seed, &Cx::default()).unwrap();
            for flags in pairs.iter().filter(|flags| flags.iter().filter(|&&is_in| is_in).count() == 5) {
                flags.iter().zip(&mut counts).for_each(|(&is_in, count)| *count += u32::from(is_in));
            }
        }
        let mean = f64::from(counts.iter().sum::<u32>()) / 16.0;
        // A count has about the variance of a binomial one.
        assert!(
            mean > 100.0 && counts.iter().all(|&count| (f64::from(count) - mean).abs() < 4.5 * mean.sqrt()),
            "{counts:?}"
        );
    }

    #[test]
    fn a_cancel_ends_the_choice() {
        let cx = Cx::default();
        cx.cancel();
        assert_eq!(Pairs::choose(20, 1000, 1, &cx), Err(Cancelled));
    }
}
