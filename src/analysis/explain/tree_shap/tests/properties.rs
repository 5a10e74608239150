//! What must hold for any forest, and what odd forests and rows give.

use proptest::prelude::*;

use super::*;
use crate::analysis::detect::DetectError;
use crate::cx::Cancelled;
use crate::recipe::ComputeConfig;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn contributions_sum_up_and_unused_features_get_nothing(
        values in prop::collection::vec(-3_i8..=3, 4 * 5..=4 * 40),
        seed in 0_u64..1000,
        by_depth: bool,
    ) {
        let whole = values.len() / 4 * 4;
        // Of every four values one column is constant: no tree asks for it.
        let values: Vec<f64> = values[..whole].iter().enumerate().map(|(at, &value)| if at % 4 == 2 { 1.0 } else { f64::from(value) }).collect();
        let x = Matrix::unnamed(4, values).unwrap();
        let scoring = if by_depth { IsolationScoring::Depth } else { IsolationScoring::Density };
        let config = IsolationForestConfig { n_estimators: 7, scoring, ..Default::default() };
        let cx = Cx::new(&ComputeConfig { seed, ..Default::default() });
        let forest = IsolationForest::fit(&config, &x, &cx).unwrap();
        let background = x.select(&[0, 1, 2]);
        for found in [path_dependent(&forest, &x), interventional(&forest, &background, &x)] {
            assert_sums(&found);
            prop_assert!(found.iter().all(|row| row.contributions[2] == 0.0));
            let found = score_attributions(&forest, &found);
            assert_sums(&found);
            for (found, score) in found.iter().zip(scores(&forest, &x)) {
                prop_assert!((found.value - score).abs() < 1e-12);
            }
        }
    }
}

/// A tree that asks for one feature, then for another: values 1 where neither is high, 2 where only the second is, 6 where
/// the first is.
fn two_questions(first: u32, second: u32) -> TreeArrays {
    TreeArrays {
        columns: vec![first, second],
        feature: vec![0, 1, -2, -2, -2],
        threshold: vec![0.5, 0.5, -2.0, -2.0, -2.0],
        left: vec![1, 2, -1, -1, -1],
        right: vec![4, 3, -1, -1, -1],
        n_node_samples: vec![8, 6, 3, 3, 2],
        log_density: vec![0.0, 0.0, 1.0, 2.0, 6.0],
    }
}

#[test]
fn a_small_tree_is_explained_by_hand() {
    let forest = by_density(&[two_questions(0, 1)], 3);
    let row = Matrix::unnamed(3, vec![1.0, 1.0, 7.0]).unwrap();
    // f() = (3·1 + 3·2 + 2·6) / 8 = 2.625; f(0) = 6; f(1) = (6·2 + 2·6) / 8 = 3; f(0, 1) = 6.
    let found = &path_dependent(&forest, &row)[0];
    assert_close(&[found.base, found.value], &[2.625, 6.0], 1e-14);
    assert_close(&found.contributions, &[3.1875, 0.1875, 0.0], 1e-14);
    // From a row of zeros: f() = 1; f(0) = 6; f(1) = 2; f(0, 1) = 6.
    let zeros = Matrix::unnamed(3, vec![0.0; 3]).unwrap();
    let found = &interventional(&forest, &zeros, &row)[0];
    assert_close(&[found.base, found.value], &[1.0, 6.0], 1e-14);
    assert_close(&found.contributions, &[4.5, 0.5, 0.0], 1e-14);
}

#[test]
fn values_are_compared_in_single_precision() {
    let forest = by_density(&[two_questions(0, 1)], 2);
    let rows = Matrix::unnamed(2, vec![0.5 + 1e-12, 0.5, 0.5 + 1e-7, 1e300, -1e300, 0.5 + 1e-9]).unwrap();
    let same = Matrix::unnamed(2, vec![0.0, 0.0, 1.0, 1.0, 0.0, 0.0]).unwrap();
    assert_eq!(path_dependent(&forest, &rows), path_dependent(&forest, &same));
    assert_eq!(interventional(&forest, &rows, &rows), interventional(&forest, &same, &same));
}

#[test]
fn features_that_take_each_others_place_get_the_same() {
    let forest = by_density(&[two_questions(0, 1), two_questions(1, 0)], 3);
    let rows = Matrix::unnamed(3, vec![1.0, 1.0, 3.0, 0.0, 0.0, -2.0]).unwrap();
    let background = Matrix::unnamed(3, vec![0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
    for found in [path_dependent(&forest, &rows), interventional(&forest, &background, &rows)] {
        for Attribution { contributions, .. } in found {
            assert!((contributions[0] - contributions[1]).abs() < 1e-14 && contributions[0] != 0.0);
            assert_eq!(contributions[2], 0.0);
        }
    }
}

#[test]
fn scores_are_explained_by_rescaling() {
    let x = table(80, 4);
    for scoring in [IsolationScoring::Depth, IsolationScoring::Density] {
        let forest = fitted(&x, 20, 64, scoring);
        let margins = path_dependent(&forest, &x);
        let found = score_attributions(&forest, &margins);
        assert_sums(&found);
        for ((found, margin), score) in found.iter().zip(&margins).zip(scores(&forest, &x)) {
            assert!((found.value - score).abs() < 1e-13);
            let share = |a: &Attribution| a.contributions.iter().map(|c| c / (a.value - a.base)).collect::<Vec<_>>();
            assert_close(&share(found), &share(margin), 1e-9);
        }
        // Where both margins are the same, as close by: the slope.
        let at = |value| Attribution { base: 5.0, value, contributions: vec![1.0, -1.0], standard_errors: vec![] };
        let found = score_attributions(&forest, &[at(5.0), at(5.0 + 1e-12), at(5.0 + 1e-6)]);
        for found in &found[1..] {
            assert_close(&found.contributions, &score_attributions(&forest, &[at(5.0)])[0].contributions, 1e-6);
        }
        assert!(found[0].contributions[0] < -1e-3 && found[0].value == found[0].base);
    }
}

#[test]
fn odd_forests_and_rows_have_defined_explanations() {
    let x = table(20, 3);
    let none = Matrix::unnamed(3, vec![]).unwrap();
    let forest = fitted(&x, 5, 20, IsolationScoring::Depth);
    assert!(path_dependent(&forest, &none).is_empty() && interventional(&forest, &x, &none).is_empty());
    // A forest that saw one row: every score is 0.5.
    let single = fitted(&x.select(&[0]), 3, 1, IsolationScoring::Depth);
    let found = score_attributions(&single, &path_dependent(&single, &x));
    assert!(found.iter().all(|row| row.base == 0.5 && row.value == 0.5 && row.contributions == [0.0; 3]));
    // A saved forest without trees.
    let empty = by_density(&[], 3);
    for found in [path_dependent(&empty, &x), interventional(&empty, &x, &x)] {
        assert!(found.iter().all(|row| row.base == 0.0 && row.value == 0.0 && row.contributions == [0.0; 3]));
    }
    // A side that no training row took, and a node without rows below it.
    let unreached = TreeArrays { n_node_samples: vec![8, 0, 0, 0, 8], ..two_questions(0, 1) };
    let found = path_dependent(&by_density(&[unreached], 3), &Matrix::unnamed(3, vec![0.0; 3]).unwrap());
    assert_sums(&found);
    // f() = 6; f(0) = 1.5, half of each; f(1) = 6; f(0, 1) = 1.
    assert_close(&found[0].contributions, &[-4.75, -0.25, 0.0], 1e-14);
}

#[test]
fn what_cannot_be_explained_is_refused() {
    let (x, cx) = (table(30, 3), Cx::default());
    let planes = IsolationForestConfig { extension_level: 1, ..Default::default() };
    let planes = IsolationForest::fit(&planes, &x, &cx).unwrap();
    assert!(TreeShap::path_dependent(&planes, &cx).unwrap().is_none());
    assert!(TreeShap::interventional(&planes, &x, &cx).unwrap().is_none());
    let forest = fitted(&x, 3, 30, IsolationScoring::Depth);
    let wide = by_density(
        &[chain(64, &[0.5; 64], &std::array::from_fn::<_, 65, _>(|level| 100 - level as u32), &[1.0; 65])],
        64,
    );
    assert!(TreeShap::path_dependent(&wide, &cx).unwrap().is_some());
    assert!(TreeShap::interventional(&wide, &Matrix::unnamed(64, vec![0.0; 64]).unwrap(), &cx).unwrap().is_none());
    let none = TreeShap::interventional(&forest, &Matrix::unnamed(3, vec![]).unwrap(), &cx).unwrap_err();
    assert!(none.to_string().contains("background"), "{none}");
    assert!(TreeShap::interventional(&forest, &table(30, 4), &cx).is_err());
    let shap = TreeShap::path_dependent(&forest, &cx).unwrap().unwrap();
    assert!(shap.explain(&forest, &table(30, 4), &cx).is_err());
    let other = fitted(&table(30, 4), 3, 30, IsolationScoring::Depth);
    assert!(shap.explain(&other, &table(30, 4), &cx).unwrap_err().to_string().contains("another forest"));
    cx.cancel();
    assert_eq!(TreeShap::path_dependent(&forest, &cx).unwrap_err(), Cancelled);
    assert_eq!(TreeShap::interventional(&forest, &x, &cx).unwrap_err(), DetectError::Cancelled);
    assert_eq!(shap.explain(&forest, &x, &cx).unwrap_err(), DetectError::Cancelled);
}

#[test]
fn threads_and_other_rows_change_no_bit() {
    let x = table(300, 7);
    let forest = fitted(&x, 40, 128, IsolationScoring::Density);
    let explain = |threads: usize, rows: &Matrix| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| [path_dependent(&forest, rows), interventional(&forest, &x.select(&[5, 6, 7, 8]), rows)])
    };
    let alone = explain(1, &x);
    assert_eq!(alone, explain(3, &x));
    let [by_path, by_rows] = explain(2, &x.select(&[201]));
    assert_eq!([&by_path[0], &by_rows[0]], [&alone[0][201], &alone[1][201]]);
}

#[test]
fn progress_reaches_its_total() {
    let x = table(300, 4);
    let forest = fitted(&x, 5, 64, IsolationScoring::Depth);
    for interventional in [false, true] {
        let cx = Cx::default();
        let shap = if interventional {
            TreeShap::interventional(&forest, &x.select(&[1]), &cx).unwrap()
        } else {
            TreeShap::path_dependent(&forest, &cx).unwrap()
        };
        shap.unwrap().explain(&forest, &x, &cx).unwrap();
        let progress = cx.progress().read();
        assert_eq!(progress.stage, "Isolation forest: explain");
        assert_eq!(progress.total, if interventional { 5 * 300 } else { 300 });
        assert_eq!(progress.done, progress.total);
    }
}
