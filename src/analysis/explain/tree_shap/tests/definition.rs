//! Shapley values by their definition.

use super::*;
use crate::analysis::detect::isolation_forest::{IsolationTree, to_f32};

/// Shapley values of a game of `n` players: `f` of a set of them, given as a mask.
fn shapley(n: usize, f: impl Fn(usize) -> f64) -> Vec<f64> {
    let values: Vec<f64> = (0..1 << n).map(f).collect();
    // (size - 1)! (n - size)! / n! for a set with the player.
    let weight = |size: usize| (1..size).map(|k| k as f64 / (n - size + k) as f64).product::<f64>() / n as f64;
    let marginal = |player: usize| {
        let with = (0..1_usize << n).filter(|set| set & (1 << player) != 0);
        with.map(|set| weight(set.count_ones() as usize) * (values[set] - values[set & !(1 << player)])).sum()
    };
    (0..n).map(marginal).collect()
}

/// What a tree gives where the features of `known` are those of the row (Lundberg et al. 2020, algorithm 1).
fn expected(tree: &IsolationTree, node: usize, row: &[f64], known: usize) -> f64 {
    let Some(split) = tree.split(node) else { return tree.values()[node] };
    if known & (1 << split.feature) != 0 {
        let next = if to_f32(row[split.feature]) <= split.threshold { split.left } else { split.right };
        return expected(tree, next, row, known);
    }
    let samples = |node: usize| f64::from(tree.n_node_samples()[node]);
    let side = |child: usize| samples(child) / samples(node) * expected(tree, child, row, known);
    side(split.left) + side(split.right)
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

fn path_dependent_game(forest: &IsolationForest, row: &[f64], known: usize) -> f64 {
    mean(forest.trees().iter().map(|tree| expected(tree, 0, row, known)))
}

fn interventional_game(forest: &IsolationForest, background: &Matrix, row: &[f64], known: usize) -> f64 {
    mean(background.iter_rows().map(|other| {
        let mixed: Vec<f64> = (0..row.len())
            .map(|feature| if known & (1 << feature) != 0 { row[feature] } else { other[feature] })
            .collect();
        path_dependent_game(forest, &mixed, usize::MAX)
    }))
}

fn assert_is_game(found: &Attribution, game: impl Fn(usize) -> f64, tolerance: f64) {
    let n = found.contributions.len();
    assert_close(&[found.base, found.value], &[game(0), game((1 << n) - 1)], tolerance);
    assert_close(&found.contributions, &shapley(n, game), tolerance);
}

fn assert_both_games(forest: &IsolationForest, rows: &Matrix, background: &Matrix, tolerance: f64) {
    let by_path = path_dependent(forest, rows);
    let by_rows = interventional(forest, background, rows);
    assert_sums(&by_path);
    assert_sums(&by_rows);
    for ((by_path, by_rows), row) in by_path.iter().zip(&by_rows).zip(rows.iter_rows()) {
        assert_is_game(by_path, |known| path_dependent_game(forest, row, known), tolerance);
        assert_is_game(by_rows, |known| interventional_game(forest, background, row, known), tolerance);
    }
}

#[test]
fn the_definition_holds_for_both_games_and_both_scorings() {
    let x = table(60, 5);
    // The last row lies outside of what the trees saw.
    let rows = x.select(&[0, 17, 31]).values().iter().copied().chain([-1e300, 1e300, 4.0, 0.0, -0.0]).collect();
    let rows = Matrix::unnamed(5, rows).unwrap();
    for scoring in [IsolationScoring::Depth, IsolationScoring::Density] {
        assert_both_games(&fitted(&x, 5, 60, scoring), &rows, &x.select(&[3, 9, 9, 20, 44, 58]), 1e-12);
    }
}

#[test]
fn one_feature_gets_everything() {
    let x = table(50, 1);
    for scoring in [IsolationScoring::Depth, IsolationScoring::Density] {
        let forest = fitted(&x, 10, 50, scoring);
        assert_both_games(&forest, &x.select(&[0, 49]), &x.select(&[1, 2, 3]), 1e-12);
    }
}

#[test]
fn deep_paths_ask_for_the_same_features_again_and_again() {
    // 36 splits by 9 features, each four times and closer each time.
    let thresholds: Vec<f64> =
        (0..36).map(|level| 10.0 - f64::from(level / 9) * 2.0 - f64::from(level % 9) * 0.1).collect();
    let rows: Vec<u32> = (0..37).map(|level| 1000 - level * 27).collect();
    let values: Vec<f64> = (0..37).map(|leaf| f64::from(leaf * 7 % 13) - 5.0).collect();
    let forest = by_density(&[chain(9, &thresholds, &rows, &values)], 9);
    let row = |k: usize| (0..9).map(move |feature| ((feature * 5 + k * 7) % 23) as f64 * 0.5);
    let x = Matrix::unnamed(9, (0..6).flat_map(row).chain([0.0; 9]).collect()).unwrap();
    assert_both_games(&forest, &x, &x.select(&[6, 1, 3]), 1e-12);
}

/// Shapley values of value · Π over the features of o (known) or z (unknown), grouped by the number of known features.
fn of_product(value: f64, factors: &[(f64, f64)]) -> Vec<f64> {
    let n = factors.len();
    let gain = |feature: usize| {
        // Per number of known features among the others: the sum of the products.
        let mut products = vec![1.0];
        for (_, &(o, z)) in factors.iter().enumerate().filter(|(other, _)| *other != feature) {
            products.push(0.0);
            for known in (0..products.len()).rev() {
                products[known] = products[known] * z + if known > 0 { products[known - 1] * o } else { 0.0 };
            }
        }
        // known! (n - 1 - known)! / n!
        let weight =
            |known: usize| (1..=known).map(|k| k as f64 / (n - 1 - known + k) as f64).product::<f64>() / n as f64;
        let sum: f64 = products.iter().enumerate().map(|(known, product)| weight(known) * product).sum();
        value * (factors[feature].0 - factors[feature].1) * sum
    };
    (0..n).map(gain).collect()
}

#[test]
fn paths_of_sixty_features_keep_their_digits() {
    let n = 60;
    let rows: Vec<u32> = (0..=n as u32).map(|level| 4_000_000_000 / (level + 1).pow(3)).collect();
    let values: Vec<f64> = (0..=n).map(|leaf| (leaf * 7 % 13) as f64 - 5.0).collect();
    let forest = by_density(&[chain(n, &vec![0.5; n], &rows, &values)], n);
    // Rows that go right at none, one, some, most and all of the splits.
    let strides = [n + 1, 37, 5, 2, 1];
    let row = |stride: usize| (0..n).map(move |feature| if (feature + 1) % stride == 0 { 1.0 } else { 0.0 });
    let x = Matrix::unnamed(n, strides.iter().flat_map(|&stride| row(stride)).collect()).unwrap();
    let leaves = |row: &[f64], unknown: &dyn Fn(usize, bool) -> f64| {
        let mut contributions = vec![0.0; n];
        for (leaf, &value) in values.iter().enumerate() {
            // The end of the path comes first, the leaf beside level k after it.
            let (length, turns) = if leaf == 0 { (n, false) } else { (leaf, true) };
            let right = |level: usize| turns && level + 1 == length;
            let known = |level: usize| f64::from(u8::from((row[level] > 0.5) == right(level)));
            let factors: Vec<(f64, f64)> =
                (0..length).map(|level| (known(level), unknown(level, right(level)))).collect();
            contributions.iter_mut().zip(of_product(value, &factors)).for_each(|(sum, gain)| *sum += gain);
        }
        contributions
    };
    let share = |level: usize, right: bool| {
        let left = f64::from(rows[level + 1]) / f64::from(rows[level]);
        if right { 1.0 - left } else { left }
    };
    let found = path_dependent(&forest, &x);
    assert_sums(&found);
    for (found, row) in found.iter().zip(x.iter_rows()) {
        assert_close(&found.contributions, &leaves(row, &share), 1e-13);
    }
    for background in 0..strides.len() {
        let other = x.row(background);
        let found = interventional(&forest, &x.select(&[background as u32]), &x);
        assert_sums(&found);
        let inside = |level: usize, right: bool| f64::from(u8::from((other[level] > 0.5) == right));
        for (found, row) in found.iter().zip(x.iter_rows()) {
            assert_close(&found.contributions, &leaves(row, &inside), 1e-13);
        }
    }
}
