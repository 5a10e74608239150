//! Shapley values of a game of a few players: exact, sampled, and in closed form where the game is a maximum.

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::Attribution;

/// Most players of [`shapley`].
pub const MAX_PLAYERS: usize = 16;

/// The exact Shapley values (Shapley 1953) of a game of at most [`MAX_PLAYERS`] players; `None` for more. `value` is
/// asked once for each of the 2^n coalitions, in the order of the masks: bit i of the mask says whether player i is in.
/// Takes 2^n · n additions. Without players the base is the value.
pub fn shapley(n_players: usize, value: impl FnMut(u32) -> f64) -> Option<Attribution> {
    if n_players > MAX_PLAYERS {
        return None;
    }
    let values: Vec<f64> = (0..1_u32 << n_players).map(value).collect();
    let (&base, &all) = (values.first()?, values.last()?);
    let weights = coalition_weights(n_players);
    let mut contributions = vec![0.0; n_players];
    for (mask, &without) in values.iter().enumerate() {
        let weight = weights.get(mask.count_ones() as usize).copied().unwrap_or(0.0);
        for (player, sum) in contributions.iter_mut().enumerate().filter(|(player, _)| mask >> player & 1 == 0) {
            *sum += weight * (values.get(mask | 1 << player).copied().unwrap_or(without) - without);
        }
    }
    Some(Attribution { base, value: all, contributions, standard_errors: Vec::new() })
}

/// The weight s! (n - s - 1)! / n! of a coalition of s players that another one joins, for s below n.
fn coalition_weights(n: usize) -> Vec<f64> {
    let mut weights = Vec::with_capacity(n);
    let mut weight = 1.0 / n as f64;
    for size in 0..n {
        weights.push(weight);
        weight *= (size + 1) as f64 / (n - size - 1) as f64;
    }
    weights
}

/// Shapley values of a game of any number of players, estimated from `n_pairs` (at least 2) random orders of the players
/// and their reverses (antithetic sampling: Mitchell et al. 2022, "Sampling permutations for Shapley value estimation").
/// `value` is asked 2 + 2 · `n_pairs` · (n - 1) times; it gets one flag per player: whether it is in the coalition.
/// Base and contributions add up to the value whatever the orders. The standard errors are those of a mean over pairs.
pub fn shapley_sampled(
    n_players: usize,
    n_pairs: usize,
    seed: u64,
    mut value: impl FnMut(&[bool]) -> f64,
) -> Attribution {
    let (base, all) = (value(&vec![false; n_players]), value(&vec![true; n_players]));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..n_players).collect();
    let mut coalition = vec![false; n_players];
    // Welford's running mean and sum of squared deviations, per player.
    let (mut means, mut squares) = (vec![0.0; n_players], vec![0.0; n_players]);
    let n_pairs = n_pairs.max(2);
    for pair in 1..=n_pairs {
        let mut moved = vec![0.0; n_players];
        order.shuffle(&mut rng);
        for _ in 0..2 {
            coalition.fill(false);
            let mut before = base;
            for (place, &player) in order.iter().enumerate() {
                coalition[player] = true;
                let after = if place + 1 == n_players { all } else { value(&coalition) };
                moved[player] += (after - before) / 2.0;
                before = after;
            }
            order.reverse();
        }
        for ((mean, square), moved) in means.iter_mut().zip(&mut squares).zip(moved) {
            let off = moved - *mean;
            *mean += off / pair as f64;
            *square += off * (moved - *mean);
        }
    }
    let n = n_pairs as f64;
    let standard_errors = squares.into_iter().map(|square| (square / (n * (n - 1.0))).sqrt()).collect();
    Attribution { base, value: all, contributions: means, standard_errors }
}

/// The exact Shapley values of the game in which player j shows `row[j]` when it is in the coalition and `base[j]` when
/// it is not, and the value is the largest number shown. The airport game (Littlechild and Owen 1973) is the case of a
/// base below the rows. O(n²) for n players. Where the lengths differ, the shorter one counts; without players base and
/// value are 0.
///
/// The value is an integral over thresholds t of "some number shown is above t". At one t, b players are above it only
/// when in and c only when out, and the value is 0 only for the coalition of exactly the c ones: each of the b
/// gains c! (b - 1)! / (b + c)! by it, each of the c loses (c - 1)! b! / (b + c)!.
pub fn shapley_of_max(base: &[f64], row: &[f64]) -> Attribution {
    let n = base.len().min(row.len());
    let (base, row) = (&base[..n], &row[..n]);
    let largest = |values: &[f64]| values.iter().copied().reduce(f64::max).unwrap_or(0.0);
    let pairs = || base.iter().copied().zip(row.iter().copied());
    // Some player is always above thresholds below this one.
    let floor = pairs().map(|(base, row)| base.min(row)).reduce(f64::max).unwrap_or(0.0);
    let mut ends: Vec<f64> = base.iter().chain(row).copied().filter(|&end| end >= floor).collect();
    ends.sort_unstable_by(f64::total_cmp);
    let mut contributions = vec![0.0; n];
    for (low, high) in ends.iter().copied().zip(ends.iter().copied().skip(1)).filter(|(low, high)| low < high) {
        let raises = |(base, row): (f64, f64)| base <= low && row >= high;
        let lowers = |(base, row): (f64, f64)| row <= low && base >= high;
        let (b, c) = (pairs().filter(|&pair| raises(pair)).count(), pairs().filter(|&pair| lowers(pair)).count());
        let one_of = 1.0 / binomial(b + c, c);
        for (sum, pair) in contributions.iter_mut().zip(pairs()) {
            if raises(pair) {
                *sum += (high - low) * one_of / b as f64;
            } else if lowers(pair) {
                *sum -= (high - low) * one_of / c as f64;
            }
        }
    }
    Attribution { base: largest(base), value: largest(row), contributions, standard_errors: Vec::new() }
}

/// How many ways there are to choose k of n; infinite where that is beyond a number's range.
pub(super) fn binomial(n: usize, k: usize) -> f64 {
    let k = k.min(n.saturating_sub(k));
    (0..k).fold(1.0, |ways, at| (ways * (n - at) as f64 / (at + 1) as f64).round())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition: the mean over all orders of what a player changes when it joins.
    fn by_orders(n: usize, value: &dyn Fn(u32) -> f64) -> Vec<f64> {
        fn walk(n: usize, mask: u32, value: &dyn Fn(u32) -> f64, share: f64, sums: &mut [f64]) {
            let left = n - mask.count_ones() as usize;
            for player in (0..n).filter(|player| mask >> player & 1 == 0) {
                let share = share / left as f64;
                sums[player] += share * (value(mask | 1 << player) - value(mask));
                walk(n, mask | 1 << player, value, share, sums);
            }
        }
        let mut sums = vec![0.0; n];
        walk(n, 0, value, 1.0, &mut sums);
        sums
    }

    fn table(n: usize) -> impl Strategy<Value = Vec<f64>> {
        proptest::collection::vec(-10.0..10.0, 1 << n)
    }

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12 * (1.0 + b.abs()))
    }

    proptest! {
        #[test]
        fn exact_values_are_the_mean_over_all_orders(n in 0_usize..6, values in table(5), other in table(5)) {
            let value = |mask: u32| values[mask as usize];
            let got = shapley(n, value).unwrap();
            prop_assert!(close(&got.contributions, &by_orders(n, &value)));
            prop_assert!((got.base + got.contributions.iter().sum::<f64>() - got.value).abs() < 1e-12);
            prop_assert_eq!((got.base, got.value), (values[0], values[(1 << n) - 1]));
            let sum = shapley(n, |mask| value(mask) + other[mask as usize]).unwrap().contributions;
            let second = shapley(n, |mask| other[mask as usize]).unwrap().contributions;
            let added: Vec<f64> = got.contributions.iter().zip(&second).map(|(a, b)| a + b).collect();
            prop_assert!(close(&sum, &added));
        }

        #[test]
        fn players_of_equal_worth_share_and_a_dummy_gets_nothing(values in table(4)) {
            // Players 0 and 1 count only by their number; player 4 is never looked at.
            let value = |mask: u32| values[((mask & 3).count_ones() | (mask >> 2 & 3) << 2) as usize];
            let got = shapley(5, value).unwrap().contributions;
            prop_assert!((got[0] - got[1]).abs() < 1e-12);
            prop_assert_eq!(got[4], 0.0);
        }

        #[test]
        fn a_maximum_is_the_brute_force_game(
            // Few distinct numbers, so that ties are common.
            pairs in proptest::collection::vec((-3_i32..4, -3_i32..4), 0..7), scale in prop_oneof![Just(1.0), Just(1e300)],
        ) {
            let (base, row): (Vec<f64>, Vec<f64>) =
                pairs.iter().map(|&(b, r)| (f64::from(b) * scale / 4.0, f64::from(r) * scale / 4.0)).unzip();
            let shown = |mask: u32, at: usize| if mask >> at & 1 == 1 { row[at] } else { base[at] };
            let value = |mask: u32| (0..row.len()).map(|at| shown(mask, at)).reduce(f64::max).unwrap_or(0.0) / scale;
            let got = shapley_of_max(&base, &row);
            let scaled: Vec<f64> = got.contributions.iter().map(|value| value / scale).collect();
            prop_assert!(close(&scaled, &by_orders(row.len(), &value)), "{scaled:?}");
            prop_assert_eq!((got.base / scale, got.value / scale), (value(0), value((1 << row.len()) - 1)));
        }

        #[test]
        fn sampled_values_always_add_up(n in 0_usize..6, values in table(5), seed in any::<u64>()) {
            let value = |coalition: &[bool]| {
                values[coalition.iter().enumerate().map(|(at, &is_in)| usize::from(is_in) << at).sum::<usize>()]
            };
            let got = shapley_sampled(n, 3, seed, value);
            prop_assert!((got.base + got.contributions.iter().sum::<f64>() - got.value).abs() < 1e-11);
        }
    }

    #[test]
    fn the_airport_game_by_hand() {
        // Runways of 1, 2 and 4: the first mile is shared by three, the second by two, the rest is the last one's.
        let got = shapley_of_max(&[0.0; 3], &[1.0, 2.0, 4.0]);
        assert!(close(&got.contributions, &[1.0 / 3.0, 5.0 / 6.0, 17.0 / 6.0]));
        // More numbers than the factorials of a double reach.
        let got = shapley_of_max(&vec![0.0; 2000], &vec![1.0; 2000]);
        assert!(close(&got.contributions, &[1.0 / 2000.0; 2000]));
        let half: Vec<f64> = (0..2000).map(|at| f64::from(at % 2)).collect();
        let other: Vec<f64> = half.iter().map(|value| 1.0 - value).collect();
        assert!(shapley_of_max(&half, &other).contributions.iter().all(|value| *value == 0.0));
    }

    #[test]
    fn odd_sizes() {
        let none = shapley(0, |_| 3.0).unwrap();
        assert_eq!(none, Attribution { base: 3.0, value: 3.0, ..Attribution::default() });
        assert_eq!(shapley(1, f64::from).unwrap().contributions, [1.0]);
        assert!(shapley(MAX_PLAYERS + 1, f64::from).is_none());
        assert_eq!(shapley_of_max(&[], &[1.0]), Attribution::default());
        // The worth is the number in binary: each player is worth its bit.
        let got = shapley(MAX_PLAYERS, f64::from).unwrap().contributions;
        assert!(got.iter().enumerate().all(|(at, value)| (value - f64::from(1 << at)).abs() < 1e-9 * value));
    }

    /// A game of products, with its exact Shapley values from the definition.
    fn products(coalition: &[bool]) -> f64 {
        let shown: Vec<f64> =
            coalition.iter().enumerate().map(|(at, &is_in)| if is_in { at as f64 } else { 1.0 }).collect();
        shown[0] * shown[1] * shown[2] + (shown[3] - shown[4] * shown[5]).abs()
    }

    #[test]
    fn sampling_is_seeded_and_its_errors_are_honest() {
        let flags = |mask: u32| -> Vec<bool> { (0..6).map(|at| mask >> at & 1 == 1).collect() };
        let exact = by_orders(6, &|mask| products(&flags(mask)));
        let (mut within, mut counted) = (0, 0);
        for seed in 0..100 {
            let got = shapley_sampled(6, 40, seed, products);
            for ((got, exact), error) in got.contributions.iter().zip(&exact).zip(&got.standard_errors) {
                assert!((got - exact).abs() <= 5.0 * error + 1e-12, "{got} {exact} {error}");
                // Players that every pair of orders gets right, such as player 1, who changes nothing, say nothing of it.
                if *error > 1e-9 {
                    within += u32::from((got - exact).abs() <= *error);
                    counted += 1;
                }
            }
        }
        let share = f64::from(within) / f64::from(counted);
        assert!(counted >= 300 && (0.6..0.76).contains(&share), "{share}");
        assert_eq!(shapley_sampled(6, 40, 1, products), shapley_sampled(6, 40, 1, products));
        assert_ne!(shapley_sampled(6, 40, 1, products), shapley_sampled(6, 40, 2, products));
    }
}
