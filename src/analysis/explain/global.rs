//! What the explanations of many rows say together: global importance, beeswarm plots and dependence.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::Attribution;
use crate::data::Matrix;

/// How much a player matters over all rows explained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlayerImportance {
    /// Which player.
    pub player: usize,
    /// Mean absolute contribution.
    pub mean_abs: f64,
    /// Its share of the sum over all players, 0 to 1; 0 where nothing contributes.
    pub share: f64,
}

/// The players by their mean absolute contribution, largest first, equal ones in order. A contribution that a row lacks
/// counts as 0. Empty without rows.
pub fn global_importance(explained: &[Attribution]) -> Vec<PlayerImportance> {
    let n_players = explained.iter().map(|row| row.contributions.len()).max().unwrap_or(0);
    let mut means = vec![0.0; n_players];
    for row in explained {
        means.iter_mut().zip(&row.contributions).for_each(|(sum, value)| *sum += value.abs() / explained.len() as f64);
    }
    let total: f64 = means.iter().sum();
    let share = |mean_abs: f64| if total > 0.0 { mean_abs / total } else { 0.0 };
    let with_share = |(player, mean_abs)| PlayerImportance { player, mean_abs, share: share(mean_abs) };
    let mut players: Vec<PlayerImportance> = means.into_iter().enumerate().map(with_share).collect();
    players.sort_by(|a, b| b.mean_abs.total_cmp(&a.mean_abs));
    players
}

/// A row in the swarm of a player.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SwarmPoint {
    /// Which of the rows explained.
    pub row: usize,
    /// Horizontal place: the contribution.
    pub contribution: f64,
    /// Vertical place in points: 0 on the line of the player, then 1, -1, 2, -2, …
    pub layer: i32,
    /// Rank of the player's value among the rows, 0 (lowest) to 1; equal values share their mean rank. 0.5 where all
    /// are equal.
    pub rank: f64,
}

/// The rows of one player in a beeswarm plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Swarm {
    /// The player with its importance.
    pub importance: PlayerImportance,
    /// Its points, from the lowest contribution to the highest.
    pub points: Vec<SwarmPoint>,
}

/// The points of a beeswarm plot (Lundberg and Lee 2017) of the `top_k` players that matter most. `values` has the value
/// of each player (column) in each row explained; the shorter one counts. Points of one player in one layer are at least
/// 1 / `n_across` of the range of all contributions shown apart, so that points of that width do not overlap; there are
/// no more layers than that takes. O(n log n) per player.
pub fn beeswarm(explained: &[Attribution], values: &Matrix, top_k: usize, n_across: usize) -> Vec<Swarm> {
    let explained = &explained[..explained.len().min(values.n_rows())];
    let mut players = global_importance(explained);
    players.truncate(top_k);
    let contributions: Vec<Vec<f64>> = players.iter().map(|shown| column(explained, shown.player)).collect();
    let all = || contributions.iter().flatten().copied();
    let low = all().reduce(f64::min).unwrap_or(0.0);
    let high = all().reduce(f64::max).unwrap_or(0.0);
    let apart = high / n_across.max(1) as f64 - low / n_across.max(1) as f64;
    let swarm = |(importance, contributions): (PlayerImportance, &Vec<f64>)| {
        let ranks = ranks(&values_of(values, importance.player, explained.len()));
        let order = sorted(contributions);
        let places: Vec<f64> = order.iter().map(|&row| contributions[row]).collect();
        let point = |((row, contribution), layer): ((usize, f64), usize)| {
            // 0, 1, 2, 3, 4 become 0, 1, -1, 2, -2.
            let off = i32::try_from(layer.div_ceil(2)).unwrap_or(i32::MAX);
            SwarmPoint { row, contribution, layer: if layer % 2 == 1 { off } else { -off }, rank: ranks[row] }
        };
        let layers = layers(&places, apart);
        Swarm { importance, points: order.into_iter().zip(places).zip(layers).map(point).collect() }
    };
    players.into_iter().zip(&contributions).map(swarm).collect()
}

/// For places in ascending order the lowest layer in which nothing lies less than `apart` before it.
fn layers(places: &[f64], apart: f64) -> Vec<usize> {
    let mut free: BinaryHeap<Reverse<usize>> = BinaryHeap::new();
    let mut taken: VecDeque<(f64, usize)> = VecDeque::new();
    let mut n_layers = 0;
    let mut found = Vec::with_capacity(places.len());
    for &place in places {
        while let Some((_, layer)) = taken.pop_front_if(|(other, _)| place > *other && place - *other >= apart) {
            free.push(Reverse(layer));
        }
        let layer = free.pop().map_or_else(
            || {
                n_layers += 1;
                n_layers - 1
            },
            |Reverse(layer)| layer,
        );
        taken.push_back((place, layer));
        found.push(layer);
    }
    found
}

/// How the contribution of a player depends on its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependence {
    /// Value and contribution of the player, per row.
    pub points: Vec<(f64, f64)>,
    /// The other player that interacts with it most, by whose value to colour the points; `None` where none does.
    pub partner: Option<usize>,
    /// How much each player seems to interact with it: the sum of absolute correlations within runs of
    /// rows with similar values.
    pub interactions: Vec<f64>,
}

/// The dependence of the contributions of a player on its values (columns of `values`, one per player; of rows and
/// explanations the shorter one counts).
pub fn dependence(explained: &[Attribution], values: &Matrix, player: usize) -> Dependence {
    let explained = &explained[..explained.len().min(values.n_rows())];
    let contributions = column(explained, player);
    let own = values_of(values, player, explained.len());
    let interactions = interactions(&contributions, &own, values, player);
    let stronger = |best: Option<(usize, f64)>, (at, &strength): (usize, &f64)| {
        if strength > best.map_or(0.0, |(_, most)| most) { Some((at, strength)) } else { best }
    };
    let partner = interactions.iter().enumerate().fold(None, stronger).map(|(at, _)| at);
    Dependence { points: own.into_iter().zip(contributions).collect(), partner, interactions }
}

/// How much other players seem to interact with one, as `shap.utils.approximate_interactions` finds it: with the rows in
/// the order of its values, the absolute correlations of its contributions with another's values in runs of a tenth of
/// the rows (1 to 50), added up. A run in which either is constant counts 0. shap takes 10,000 rows of more; this takes
/// all.
fn interactions(contributions: &[f64], own: &[f64], values: &Matrix, player: usize) -> Vec<f64> {
    let order = sorted(own);
    let in_order = |column: &[f64]| -> Vec<f64> { order.iter().map(|&row| column[row]).collect() };
    let run = (order.len() / 10).clamp(1, 50);
    let contributions = in_order(contributions);
    let strength = |other: usize| {
        if other == player {
            return 0.0;
        }
        let others = in_order(&values_of(values, other, order.len()));
        contributions.chunks(run).zip(others.chunks(run)).map(|(a, b)| correlation(a, b).abs()).sum()
    };
    (0..values.n_features()).map(strength).collect()
}

/// Pearson's correlation; 0 where either is constant.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (centred(a), centred(b));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let size = dot(&a, &a).sqrt() * dot(&b, &b).sqrt();
    if size > 0.0 { dot(&a, &b) / size } else { 0.0 }
}

/// Values less their mean, in units of the largest of them, so that their squares are in a number's range; all 0 where
/// they are equal.
fn centred(values: &[f64]) -> Vec<f64> {
    let first = values.first().copied().unwrap_or(0.0);
    let unit = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    if values.iter().all(|value| *value == first) {
        return vec![0.0; values.len()];
    }
    let mean = values.iter().map(|value| value / unit / values.len() as f64).sum::<f64>();
    values.iter().map(|value| value / unit - mean).collect()
}

/// The contributions of one player.
fn column(explained: &[Attribution], player: usize) -> Vec<f64> {
    explained.iter().map(|row| row.contributions.get(player).copied().unwrap_or(0.0)).collect()
}

/// The values of one player in the first `n` rows; 0 for a player without any.
fn values_of(values: &Matrix, player: usize, n: usize) -> Vec<f64> {
    values.iter_rows().take(n).map(|row| row.get(player).copied().unwrap_or(0.0)).collect()
}

/// The rows by their value, equal ones in order.
fn sorted(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    // 0 and -0 are equal.
    order.sort_by(|&a, &b| (values[a] + 0.0).total_cmp(&(values[b] + 0.0)));
    order
}

/// Mean ranks from 0 to 1.
fn ranks(values: &[f64]) -> Vec<f64> {
    let order = sorted(values);
    let last = order.len().saturating_sub(1);
    let mut ranks = vec![0.5; values.len()];
    let mut start = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let middle = start as f64 + (equal.len() - 1) as f64 / 2.0;
        for &row in equal.iter().filter(|_| last > 0) {
            ranks[row] = middle / last as f64;
        }
        start += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn explained(contributions: &[Vec<f64>]) -> Vec<Attribution> {
        let one = |row: &Vec<f64>| Attribution { contributions: row.clone(), ..Attribution::default() };
        contributions.iter().map(one).collect()
    }

    #[test]
    fn importance_by_hand() {
        let rows = explained(&[vec![1.0, -3.0, 0.0, 1.0], vec![-1.0, -3.0, 0.0, 1.0]]);
        let got: Vec<(usize, f64, f64)> =
            global_importance(&rows).iter().map(|one| (one.player, one.mean_abs, one.share)).collect();
        assert_eq!(got, [(1, 3.0, 0.6), (0, 1.0, 0.2), (3, 1.0, 0.2), (2, 0.0, 0.0)]);
        assert!(global_importance(&[]).is_empty());
        let zero = global_importance(&explained(&[vec![0.0; 2]]));
        assert!(zero.iter().all(|one| one.share == 0.0));
    }

    #[test]
    fn a_swarm_by_hand() {
        // A range of 10 in 10 points: three within one point of each other, one just a point further, one far off.
        let contributions = [10.0, 0.0, 0.5, 0.9, 1.0];
        let rows = explained(&contributions.map(|value| vec![value, 0.01]));
        let values = Matrix::unnamed(2, vec![3.0, 1.0, 7.0, 1.0, 5.0, 1.0, 5.0, 1.0, 9.0, 1.0]).unwrap();
        let swarms = beeswarm(&rows, &values, 1, 10);
        assert_eq!(swarms.len(), 1);
        let points: Vec<(usize, i32, f64)> =
            swarms[0].points.iter().map(|point| (point.row, point.layer, point.rank)).collect();
        assert_eq!(points, [(1, 0, 0.75), (2, 1, 0.375), (3, -1, 0.375), (4, 0, 1.0), (0, 0, 0.0)]);
        // Equal values have no order.
        assert!(beeswarm(&rows, &values, 2, 10)[1].points.iter().all(|point| point.rank == 0.5));
        assert!(beeswarm(&rows[..1], &values, 2, 0).iter().all(|swarm| swarm.points[0].layer == 0));
        assert!(beeswarm(&[], &values, 2, 10).is_empty());
    }

    proptest! {
        #[test]
        fn points_of_a_layer_keep_their_distance(
            places in proptest::collection::vec(-20_i32..20, 1..60), n_across in 1_usize..40,
        ) {
            let rows = explained(&places.iter().map(|place| vec![f64::from(*place) / 4.0]).collect::<Vec<_>>());
            let values = Matrix::unnamed(1, places.iter().map(|place| f64::from(*place)).collect()).unwrap();
            let swarm = &beeswarm(&rows, &values, 1, n_across)[0];
            prop_assert_eq!(swarm.points.len(), places.len());
            let range = f64::from(places.iter().max().unwrap() - places.iter().min().unwrap()) / 4.0;
            let apart = range / n_across as f64 * (1.0 - 1e-12);
            for (at, point) in swarm.points.iter().enumerate() {
                let same = swarm.points[..at].iter().filter(|other| other.layer == point.layer);
                for other in same {
                    let distance = point.contribution - other.contribution;
                    prop_assert!(distance > 0.0 && distance >= apart);
                }
            }
        }
    }

    /// ```python
    /// X = np.array([[np.sin(1 + 3*i + 7*j + 0.01*i*i*j) for j in range(5)] for i in range(137)])
    /// X[:,3] = 2.5; X[100:,4] = 0
    /// S = np.zeros_like(X); S[:,1] = X[:,1]*X[:,2] + 0.3*X[:,0]*X[:,1]
    /// shap.utils.approximate_interactions(1, S, X)   # [2 0 4 1 3]; the sums are its `interactions`
    /// ```
    #[test]
    fn interactions_are_those_of_shap() {
        let place = |i: u32, j: u32| {
            let (i_, j_) = (f64::from(i), f64::from(j));
            match j {
                3 => 2.5,
                4 if i >= 100 => 0.0,
                _ => (1.0 + 3.0 * i_ + 7.0 * j_ + 0.01 * i_ * i_ * j_).sin(),
            }
        };
        let rows: Vec<Vec<f64>> = (0..137).map(|i| (0..5).map(|j| place(i, j)).collect()).collect();
        let contribution = |x: &Vec<f64>| vec![0.0, x[1] * x[2] + 0.3 * x[0] * x[1]];
        let explained = explained(&rows.iter().map(contribution).collect::<Vec<_>>());
        let values = Matrix::unnamed(5, rows.concat()).unwrap();
        let got = dependence(&explained, &values, 1);
        let want = [6.771990708360162, 0.0, 9.964252521534908, 0.0, 2.6267138609375027];
        for (got, want) in got.interactions.iter().zip(want) {
            assert!((got - want).abs() < 1e-9, "{got} {want}");
        }
        assert_eq!(got.partner, Some(2));
        assert_eq!(got.points[5], (rows[5][1], explained[5].contributions[1]));
        // Player 0 contributes nothing, so nothing interacts with it; player 9 is nowhere.
        assert_eq!(dependence(&explained, &values, 0).partner, None);
        assert_eq!(dependence(&explained, &values, 9).interactions, [0.0; 5]);
        assert!(dependence(&[], &values, 0).points.is_empty());
        assert_eq!(dependence(&explained[..1], &values, 1).interactions, [0.0; 5]);
    }

    #[test]
    fn huge_values_have_a_correlation() {
        assert!((correlation(&[1e300, -1e300, 0.0], &[1e-300, -1e-300, 0.0]) - 1.0).abs() < 1e-12);
        assert_eq!(correlation(&[0.1; 7], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), 0.0);
    }
}
