//! Properties of folds, and scikit-learn's where it has the same.

use proptest::prelude::*;

use super::*;

/// No row is in both, and both are ascending.
fn assert_apart(folds: &[Fold]) {
    for fold in folds {
        assert!(!fold.train.is_empty() && !fold.test.is_empty());
        assert!(fold.train.is_sorted_by(|a, b| a < b) && fold.test.is_sorted_by(|a, b| a < b));
        assert!(fold.test.iter().all(|row| fold.train.binary_search(row).is_err()));
    }
}

/// Every one of the `n` rows is tested once.
fn assert_all_tested(folds: &[Fold], n: usize) {
    let mut tested: Vec<u32> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
    tested.sort_unstable();
    assert_eq!(tested, (0..n as u32).collect::<Vec<_>>());
}

fn spread(sizes: impl Iterator<Item = usize> + Clone) -> usize {
    sizes.clone().max().unwrap() - sizes.min().unwrap()
}

proptest! {
    #[test]
    fn stratified_folds_are_even_in_rows_and_anomalies(labels in prop::collection::vec(any::<bool>(), 2..80), k in 2_usize..6, seed: u64) {
        let n_anomalies = labels.iter().filter(|label| **label).count();
        let folds = stratified(&labels, k, seed);
        let too_few = |n: usize| n > 0 && n < k;
        if k > labels.len() || too_few(n_anomalies) || too_few(labels.len() - n_anomalies) {
            prop_assert!(folds.is_err());
            return Ok(());
        }
        let folds = folds.unwrap();
        assert_apart(&folds);
        assert_all_tested(&folds, labels.len());
        prop_assert!(folds.iter().all(|fold| fold.train.len() + fold.test.len() == labels.len()));
        prop_assert!(spread(folds.iter().map(|fold| fold.test.len())) <= 1);
        let anomalies = |fold: &Fold| fold.test.iter().filter(|&&row| labels[row as usize]).count();
        prop_assert!(spread(folds.iter().map(anomalies)) <= 1);
    }

    #[test]
    fn no_entity_is_split(entities in prop::collection::vec(0_u32..9, 2..80), k in 2_usize..5) {
        let mut distinct = entities.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let folds = by_entity(&entities, k);
        if k > entities.len() || k > distinct.len() {
            prop_assert!(folds.is_err());
            return Ok(());
        }
        let folds = folds.unwrap();
        assert_apart(&folds);
        assert_all_tested(&folds, entities.len());
        for fold in &folds {
            prop_assert_eq!(fold.train.len() + fold.test.len(), entities.len());
            let tested = |entity: u32| fold.test.iter().any(|&row| entities[row as usize] == entity);
            prop_assert!(fold.train.iter().all(|&row| !tested(entities[row as usize])));
        }
        // Folds differ by no more than the largest entity.
        let largest = distinct.iter().map(|e| entities.iter().filter(|x| *x == e).count()).max().unwrap();
        prop_assert!(spread(folds.iter().map(|fold| fold.test.len())) <= largest);
    }

    #[test]
    fn training_rows_lie_before_the_test_rows_and_their_gap(
        times in prop::collection::vec(-20_i64..20, 3..80), k in 2_usize..5, gap in 0_usize..6, span in 0_i64..4,
    ) {
        let time = |row: &u32| times[*row as usize];
        for gap in [Gap::Rows(gap), Gap::Time(span)] {
            let Ok(folds) = forward_chaining(&times, k, gap) else { continue };
            prop_assert_eq!(folds.len(), k);
            assert_apart(&folds);
            let mut last_test = i64::MIN;
            for fold in &folds {
                let (first, last) = (fold.test.iter().map(time).min().unwrap(), fold.test.iter().map(time).max().unwrap());
                let latest = fold.train.iter().map(time).max().unwrap();
                prop_assert!(latest < first && first > last_test);
                last_test = last;
                let left_out = times.iter().filter(|&&t| t < first).count() - fold.train.len();
                match gap {
                    Gap::Rows(rows) => prop_assert_eq!(left_out, rows),
                    Gap::Time(span) => {
                        prop_assert!(first - latest > span);
                        // What is that far away is used.
                        prop_assert_eq!(fold.train.len(), times.iter().filter(|&&t| t < first - span).count());
                    }
                }
            }
            prop_assert_eq!(last_test, times.iter().copied().max().unwrap());
        }
    }

    #[test]
    fn blocks_keep_their_gap_on_both_sides(
        times in prop::collection::vec(-20_i64..20, 3..80), k in 2_usize..5, gap in 0_usize..6, span in 0_i64..4,
    ) {
        let time = |row: &u32| times[*row as usize];
        for gap in [Gap::Rows(gap), Gap::Time(span)] {
            let Ok(folds) = blocked(&times, k, gap) else { continue };
            assert_apart(&folds);
            assert_all_tested(&folds, times.len());
            for fold in &folds {
                let (first, last) = (fold.test.iter().map(time).min().unwrap(), fold.test.iter().map(time).max().unwrap());
                prop_assert!(fold.train.iter().map(time).all(|t| t < first || t > last));
                let before = fold.train.iter().filter(|row| time(row) < first).count();
                let after = fold.train.len() - before;
                let (earlier, later) = match gap {
                    Gap::Rows(_) => (first, last),
                    Gap::Time(span) => (first - span, last + span),
                };
                let left_out = if let Gap::Rows(rows) = gap { rows } else { 0 };
                let rows = |is_counted: &dyn Fn(i64) -> bool| times.iter().filter(|t| is_counted(**t)).count();
                prop_assert_eq!(before, rows(&|t| t < earlier).saturating_sub(left_out));
                prop_assert_eq!(after, rows(&|t| t > later).saturating_sub(left_out));
            }
        }
    }
}

#[test]
fn forward_chaining_equals_scikit_learn() {
    // TimeSeriesSplit(n_splits=3, gap=1).split(np.zeros(11)), and 4, 2, 13: the ends of training, test starts and ends
    for (n, k, gap, bounds) in [
        (11, 3, 1, &[(4, 5, 7), (6, 7, 9), (8, 9, 11)][..]),
        (13, 4, 2, &[(3, 5, 7), (5, 7, 9), (7, 9, 11), (9, 11, 13)]),
    ] {
        // Row numbers fall as time rises.
        let times: Vec<i64> = (0..n).rev().map(|t| t * 10).collect();
        let folds = forward_chaining(&times, k, Gap::Rows(gap)).unwrap();
        assert_eq!(folds.len(), bounds.len());
        for (fold, &(train_end, start, end)) in folds.iter().zip(bounds) {
            assert_eq!(fold.train, (n as u32 - train_end..n as u32).collect::<Vec<_>>());
            assert_eq!(fold.test, (n as u32 - end..n as u32 - start).collect::<Vec<_>>());
        }
    }
}

#[test]
fn entities_equal_scikit_learn() {
    // [test.tolist() for _, test in GroupKFold(3).split(codes, groups=codes)]; no two of its entities are equally large
    // where it matters.
    let codes = [7, 7, 7, 7, 1, 1, 1, 2, 2, 9, 9, 9, 9, 9, 4];
    let folds = by_entity(&codes, 3).unwrap();
    let tests: Vec<&[u32]> = folds.iter().map(|fold| fold.test.as_slice()).collect();
    assert_eq!(tests, [&[9, 10, 11, 12, 13][..], &[0, 1, 2, 3, 14], &[4, 5, 6, 7, 8]]);
}

#[test]
fn stratified_folds_depend_on_the_seed_only() {
    let labels: Vec<bool> = (0..60).map(|row| row % 7 == 0).collect();
    assert_eq!(stratified(&labels, 3, 1), stratified(&labels, 3, 1));
    assert_ne!(stratified(&labels, 3, 1), stratified(&labels, 3, 2));
    // Without any anomaly: plain folds.
    assert_eq!(stratified(&[false; 9], 3, 1).unwrap()[0].test.len(), 3);
}

#[test]
fn errors_say_what_to_do() {
    let text = |error: FoldError| error.to_string();
    assert!(text(stratified(&[true; 9], 1, 0).unwrap_err()).contains("at least 2"));
    assert_eq!(stratified(&[], 2, 0), Err(FoldError::TooFewRows { n_rows: 0, k: 2 }));
    let labels = [true, true, false, false, false, false];
    assert!(
        text(stratified(&labels, 3, 0).unwrap_err()).contains("2 anomalies are too few for 3 folds; use at most 2")
    );
    assert!(text(by_entity(&[1, 1, 2], 3).unwrap_err()).contains("2 entities are too few"));
    // Three folds along time need four parts.
    assert_eq!(forward_chaining(&[1, 2, 3], 3, Gap::Rows(0)), Err(FoldError::TooFewRows { n_rows: 3, k: 3 }));
    assert_eq!(forward_chaining(&[5; 9], 2, Gap::Rows(0)), Err(FoldError::TooFewTimes { part: 1, n_parts: 3 }));
    assert_eq!(forward_chaining(&[1, 2, 3, 4], 2, Gap::Rows(9)), Err(FoldError::GapTooLarge { fold: 1 }));
    assert_eq!(blocked(&[1, 2, 3, 4], 2, Gap::Time(i64::MAX)), Err(FoldError::GapTooLarge { fold: 1 }));
    assert!(text(FoldError::GapTooLarge { fold: 1 }).contains("smaller gap"));
}
