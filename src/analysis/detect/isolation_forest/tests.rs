//! Whole forests: what they find, by depth and by density.

use super::*;

/// A diagonal band and one row beside it that is ordinary in each column.
fn band() -> Matrix {
    let wave = |i: usize| ((i * 7919) % 1009) as f64 / 1009.0;
    let row = |i: usize| [wave(i), wave(i) + 0.05 * wave(i + 500)];
    let data = (0..500).flat_map(row).chain([0.2, 0.8]).collect();
    Matrix::unnamed(2, data).unwrap()
}

fn scores(config: &IsolationForestConfig, x: &Matrix) -> Vec<f64> {
    let forest = IsolationForest::fit(config, x, &Cx::default()).unwrap();
    let saved: IsolationForest = ron::from_str(&ron::to_string(&forest).unwrap()).unwrap();
    assert_eq!(saved, forest);
    forest.decision_function(Input::from(x), &Cx::default()).unwrap()
}

#[test]
fn hyperplanes_isolate_what_lies_off_a_diagonal() {
    let x = band();
    let config = IsolationForestConfig { extension_level: 1, ..Default::default() };
    let found = scores(&config, &x);
    assert!(found[..500].iter().all(|score| *score < found[500]), "{}", found[500]);
    assert!(found.iter().all(|score| *score > 0.0 && *score < 1.0));
    // Levels beyond the features are cut.
    assert_eq!(scores(&IsolationForestConfig { extension_level: 99, ..config }, &x), found);
    assert_ne!(scores(&IsolationForestConfig::default(), &x), found);
}

#[test]
fn many_features_and_deep_trees_are_walked_like_few() {
    // The same column at number 0 of one and number 300 of 301: constant columns are never split.
    let narrow = Matrix::unnamed(1, (0..400).map(|i| f64::from(i * i)).collect()).unwrap();
    let row = |i: i32| std::iter::repeat_n(0.0, 300).chain([f64::from(i * i)]);
    let wide = Matrix::unnamed(301, (0..400).flat_map(row).collect()).unwrap();
    let config = IsolationForestConfig { max_samples: MaxSamples::Count(400), ..Default::default() };
    for x in [narrow, wide] {
        let forest = IsolationForest::fit(&config, &x, &Cx::default()).unwrap();
        let ours = forest.decision_function(Input::from(&x), &Cx::default()).unwrap();
        for (row, ours) in x.iter_rows().zip(ours) {
            let depth: f64 = forest.trees().iter().map(|tree| walked(tree, row)).sum();
            let score = (-depth / forest.trees().len() as f64 / average_path_length(400)).exp2();
            assert!((ours - score).abs() < 1e-12);
        }
    }
}

fn walked(tree: &IsolationTree, row: &[f64]) -> f64 {
    let mut at = 0;
    while let Some(split) = tree.split(at) {
        at = if to_f32(row[split.feature]) <= split.threshold { split.left } else { split.right };
    }
    tree.values()[at]
}

#[test]
fn a_vote_is_half_or_a_share() {
    let scores = [0.1, 0.2, 0.3, 0.9];
    let auto = IsolationForestConfig { contamination: Contamination::Auto, ..Default::default() };
    assert_eq!(auto.vote_threshold(&scores), 0.5);
    let share = IsolationForestConfig { contamination: Contamination::Share(0.5), ..Default::default() };
    assert_eq!(share.vote_threshold(&scores), 0.25);
}

#[test]
fn scores_by_depth_stay_what_they_are() {
    // Recorded before there were densities: the same random numbers give the same trees.
    let row = |i: u32| [f64::from(i * 37 % 41) * 0.1, f64::from(i * i % 23)];
    let x = Matrix::unnamed(2, (0..20).flat_map(row).collect()).unwrap();
    let config = IsolationForestConfig { n_estimators: 3, ..Default::default() };
    let forest = IsolationForest::fit(&config, &x, &Cx::default()).unwrap();
    let roots: Vec<_> = forest.trees().iter().map(|tree| (tree.n_nodes(), tree.split(0).unwrap().threshold)).collect();
    assert_eq!(roots, [(37, 2.223_271_8), (25, 16.206_522), (25, 0.557_733_1)]);
    let splits = forest.trees().iter().flat_map(|tree| (0..tree.n_nodes()).filter_map(|node| tree.split(node)));
    let sum = splits.fold(0_u64, |sum, split| {
        let here = u64::from(split.threshold.to_bits()) + split.feature as u64 + split.left as u64;
        sum.wrapping_mul(31).wrapping_add(here)
    });
    assert_eq!(sum, 9_660_111_862_651_330_741);
    let found = forest.decision_function(Input::from(&x), &Cx::default()).unwrap();
    let expected = [0.698_110_378_252_571, 0.472_130_431_907_721_9, 0.472_130_431_907_721_9, 0.448_459_604_573_510_03];
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-15, "{found} {expected}");
    }
}

fn by_density(n_estimators: u32) -> IsolationForestConfig {
    IsolationForestConfig { n_estimators, scoring: IsolationScoring::Density, ..Default::default() }
}

/// A saved tree that splits 4 rows at 2 into 3 and 1, with the log densities of a column from 0 to 8.
fn saved_tree() -> TreeArrays {
    TreeArrays {
        columns: vec![0],
        feature: vec![0, -2, -2],
        threshold: vec![2.0, -2.0, -2.0],
        left: vec![1, -1, -1],
        right: vec![2, -1, -1],
        n_node_samples: vec![4, 3, 1],
        log_density: vec![0.0, (0.75_f64 / 0.25).ln(), (0.25_f64 / 0.75).ln()],
    }
}

fn saved_forest(trees: Vec<TreeArrays>) -> ForestArrays {
    let scoring = IsolationScoring::Density;
    ForestArrays { trees, hyperplanes: vec![], n_features: 1, max_samples: 4, scoring }
}

#[test]
fn a_score_by_density_is_the_mean_of_the_logs() {
    let leaf = TreeArrays { feature: vec![-2], n_node_samples: vec![4], log_density: vec![0.0], ..Default::default() };
    let forest = IsolationForest::try_from(saved_forest(vec![saved_tree(), leaf])).unwrap();
    let x = Matrix::unnamed(1, vec![-1e300, 0.0, 2.0, 2.1, 8.0, 1e300]).unwrap();
    let found = forest.decision_function(Input::from(&x), &Cx::default()).unwrap();
    let half = 3.0_f64.ln() / 2.0;
    for (found, expected) in found.iter().zip([-half, -half, -half, half, half, half]) {
        assert!((found - expected).abs() < 1e-15, "{found} {expected}");
    }
    let none = IsolationForest::try_from(saved_forest(vec![])).unwrap();
    assert_eq!(none.decision_function(Input::from(&x), &Cx::default()).unwrap(), [0.0; 6]);
}

#[test]
fn saved_forests_without_a_choice_are_by_depth_and_broken_densities_are_refused() {
    let by_depth = IsolationForest::from_arrays(&[saved_tree()], 1, 4).unwrap();
    let mut old = serde_json::to_value(&by_depth).unwrap();
    old.as_object_mut().unwrap().remove("scoring").unwrap();
    old["trees"][0].as_object_mut().unwrap().remove("log_density").unwrap();
    assert_eq!(serde_json::from_value::<IsolationForest>(old).unwrap(), by_depth);
    let x = Matrix::unnamed(1, vec![8.0]).unwrap();
    let score = by_depth.decision_function(Input::from(&x), &Cx::default()).unwrap()[0];
    assert!((score - (-1.0 / average_path_length(4)).exp2()).abs() < 1e-15);
    for log_density in [vec![], vec![0.0, 1.0], vec![0.0, 1.0, f64::NAN]] {
        let broken = saved_forest(vec![TreeArrays { log_density, ..saved_tree() }]);
        assert!(IsolationForest::try_from(broken).is_err());
    }
    let config = IsolationForestConfig { extension_level: 1, ..Default::default() };
    let planes = IsolationForest::fit(&config, &band(), &Cx::default()).unwrap();
    let mixed = ForestArrays { scoring: IsolationScoring::Density, ..planes.into() };
    assert!(IsolationForest::try_from(mixed).is_err());
}

#[test]
fn densities_of_nodes_are_those_of_the_definition() {
    let x = band();
    let config = IsolationForestConfig { max_samples: MaxSamples::Count(501), ..by_density(5) };
    let forest = IsolationForest::fit(&config, &x, &Cx::default()).unwrap();
    let (mut nodes, mut narrow) = (0, 0);
    for tree in forest.trees() {
        // Where a threshold was drawn lies between it and the next number in single precision; so do volumes.
        let mut open = vec![(0, (0..501_usize).collect::<Vec<_>>(), [1.0_f64, 1.0])];
        while let Some((node, rows, volume)) = open.pop() {
            assert_eq!(tree.n_node_samples()[node] as usize, rows.len());
            let [most, least] = volume.map(|volume| (rows.len() as f64 / 501.0 / volume).ln());
            let found = tree.values()[node];
            assert!(least - 1e-9 <= found && found <= most + 1e-9, "{least} {found} {most}");
            nodes += 1;
            narrow += i32::from(most - least < 1e-3);
            let Some(split) = tree.split(node) else { continue };
            assert!(rows.len() > 2);
            let value = |row: usize| f64::from(to_f32(x.row(row)[split.feature]));
            let min = rows.iter().map(|&row| value(row)).fold(f64::INFINITY, f64::min);
            let max = rows.iter().map(|&row| value(row)).fold(f64::NEG_INFINITY, f64::max);
            let share = |threshold: f32| ((f64::from(threshold) - min) / (max - min)).min(1.0);
            let [low, high] = [share(split.threshold), share(split.threshold.next_up())];
            let (left, right) = rows.iter().partition(|&&row| value(row) <= f64::from(split.threshold));
            open.push((split.left, left, [volume[0] * low, volume[1] * high]));
            open.push((split.right, right, [volume[0] * (1.0 - high), volume[1] * (1.0 - low)]));
        }
    }
    assert!(nodes > 500 && narrow * 10 > nodes * 9, "{narrow} of {nodes}");
}

#[test]
fn scores_by_density_are_those_of_isotree() {
    // isotree 0.6.1, mean over random_seed=s in 1, 100001, 200001, 300001 of IsolationForest(ntrees=20000, ndim=1,
    // sample_size=32, scoring_metric="density", missing_action="fail", random_seed=s).fit(X).predict(X)
    let expected = [
        -1.043, -0.821, -0.54, -0.383, -0.428, -0.92, -0.352, -0.536, -0.53, -0.733, -0.765, -0.614, -0.486, -0.453,
        -0.472, -0.446, -0.626, -0.367, -0.631, -0.68, -0.716, -0.727, -0.703, -0.663, -0.664, -0.851, -0.435, -0.287,
        -0.618, -0.606, -0.851, -0.28, -0.301, -0.49, -0.519, -0.791, -0.463, -0.384, -0.478, -0.64, 1.415,
    ];
    let row = |i: u32| [i * 37 % 41, i * i % 23, i % 5].map(f64::from);
    let x = Matrix::unnamed(3, (0..40).flat_map(row).chain([100.0, 50.0, 9.0]).collect()).unwrap();
    let config = IsolationForestConfig { max_samples: MaxSamples::Count(32), ..by_density(5000) };
    for (found, expected) in scores(&config, &x).iter().zip(expected) {
        // Four standard errors of the mean over our trees.
        assert!((found - expected).abs() < 0.08, "{found} {expected}");
    }
}

#[test]
fn rows_outside_the_range_score_as_the_nearest_point_inside() {
    let x = band();
    let forest = IsolationForest::fit(&by_density(50), &x, &Cx::default()).unwrap();
    let range = |column: usize| {
        let values = || x.iter_rows().map(move |row| row[column]);
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
    };
    let ranges = [range(0), range(1)];
    let (mut outside, mut nearest) = (Vec::new(), Vec::new());
    for row in [[-9.0_f64, 0.5], [1e300, 0.5], [0.3, -1e300], [0.3, 7.0], [2.0, 2.0], [-1.0, 3.0]] {
        outside.extend(row);
        nearest.extend(row.iter().zip(ranges).map(|(value, (min, max))| value.clamp(min, max)));
    }
    let score = |values| {
        let rows = Matrix::unnamed(2, values).unwrap();
        forest.decision_function(Input::from(&rows), &Cx::default()).unwrap()
    };
    assert_eq!(score(outside), score(nearest));
}

#[test]
fn scores_by_density_have_the_documented_range() {
    let x = band();
    let found = scores(&by_density(100), &x);
    assert!(found.iter().all(|score| *score <= 256.0_f64.ln()));
    // A row off the band lies in emptier space than any of the band, most of which is denser than even: 328 to 394 of these
    // rows in 22 forests of isotree of the same size.
    let denser = found[..500].iter().filter(|score| **score < 0.0).count();
    assert!(
        (320..=400).contains(&denser) && found[..500].iter().all(|score| *score < found[500]),
        "{denser} {}",
        found[500]
    );
    assert!(found[500] > 0.0);
    let auto = IsolationForestConfig { contamination: Contamination::Auto, ..by_density(1) };
    assert_eq!(auto.vote_threshold(&found), 0.0);
}

#[test]
fn densities_of_hyperplanes_are_refused() {
    let config = IsolationForestConfig { extension_level: 1, ..by_density(5) };
    let error = IsolationForest::fit(&config, &band(), &Cx::default()).unwrap_err().to_string();
    assert!(error.contains("extension_level to 0"), "{error}");
    // One feature makes no hyperplanes.
    let line = Matrix::unnamed(1, (0..50).map(f64::from).collect()).unwrap();
    assert_eq!(scores(&config, &line), scores(&by_density(5), &line));
}
