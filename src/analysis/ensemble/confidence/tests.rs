//! Confidence in made cases: what it should mean to someone who works through a queue.

use proptest::prelude::*;

use super::*;

fn members<'a>(columns: &'a [(f64, Vec<f64>)]) -> Vec<MemberColumn<'a>> {
    columns.iter().map(|(weight, probabilities)| MemberColumn { weight: *weight, probabilities }).collect()
}

/// Confidence of one row from the probabilities of equally weighted members.
fn of_members(probabilities: &[f64]) -> f64 {
    let columns: Vec<(f64, Vec<f64>)> = probabilities.iter().map(|p| (1.0, vec![*p])).collect();
    let got = Confidence::new(1, &members(&columns), None, None, &Cx::default()).unwrap();
    assert!((got.combined[0] - got.member_agreement.unwrap()[0]).abs() < 1e-15);
    got.combined[0]
}

#[test]
fn members_that_agree_give_high_confidence_and_halves_none() {
    assert!(of_members(&[0.9, 0.9, 0.9]) > 1.0 - 1e-15 && of_members(&[0.1, 0.1]) > 1.0 - 1e-15);
    assert!(of_members(&[0.85, 0.9, 0.95, 0.9]) > 0.9);
    assert!(of_members(&[0.0, 1.0]) < 1e-15 && of_members(&[1.0, 1.0, 0.0, 0.0]) < 1e-15);
    // numpy.std([0.9, 0.9, 0.9, 0.1]) = 0.34641016151377546: one of four dissents.
    assert!((of_members(&[0.9, 0.9, 0.9, 0.1]) - (1.0 - 2.0 * 0.34641016151377546)).abs() < 1e-15);
    // The fewer dissent, and the less they do, the surer.
    let falling = [[0.9, 0.9, 0.9, 0.9], [0.9, 0.9, 0.9, 0.6], [0.9, 0.9, 0.9, 0.1], [0.9, 0.9, 0.1, 0.1]]
        .map(|p| of_members(&p));
    assert!(falling.is_sorted_by(|a, b| a > b), "{falling:?}");
}

#[test]
fn weights_count_as_repeated_members() {
    let cx = Cx::default();
    let of = |columns: &[(f64, Vec<f64>)]| Confidence::new(1, &members(columns), None, None, &cx).unwrap().combined[0];
    let weighted = of(&[(3.0, vec![0.8]), (1.0, vec![0.2])]);
    assert!((weighted - of_members(&[0.8, 0.8, 0.8, 0.2])).abs() < 1e-15);
    let huge = of(&[(f64::MAX, vec![0.8]), (f64::MAX, vec![0.2])]);
    assert!((huge - of_members(&[0.8, 0.2])).abs() < 1e-15);
    // A member without weight is not asked.
    assert_eq!(of(&[(1.0, vec![0.8]), (1.0, vec![0.8]), (0.0, vec![0.0])]), 1.0);
}

/// Confidence from neighbours alone: the score of a row, those of its neighbours, how far they are.
fn of_neighbours(score: f64, others: &[f64], distances: &[f64]) -> (f64, f64) {
    let mut scores = vec![score];
    scores.extend(others);
    let k = others.len();
    let indices: Vec<u32> = (0..=k as u32).flat_map(|_| 1..=k as u32).collect();
    let values: Vec<f64> = (0..=k).flat_map(|_| distances.to_vec()).collect();
    let distances = (!values.is_empty()).then_some(NeighbourDistances { values: &values, usual: 1.0 });
    let neighbours = Neighbours { scores: &scores, indices: &indices, k, distances };
    // Beside members that agree by half.
    let columns = [(1.0, vec![0.25; k + 1]), (1.0, vec![0.75; k + 1])];
    let got = Confidence::new(k + 1, &members(&columns), None, Some(neighbours), &Cx::default()).unwrap();
    (got.neighbour_similarity.unwrap()[0], got.combined[0])
}

#[test]
fn neighbours_of_the_same_score_confirm_it() {
    assert_eq!(of_neighbours(0.9, &[0.9, 0.9], &[]).0, 1.0);
    assert!((of_neighbours(0.9, &[0.7, 0.4], &[]).0 - 0.65).abs() < 1e-15);
    assert_eq!(of_neighbours(1.0, &[0.0, 0.0], &[]), (0.0, 0.0));
    // (0.5^2 * 1^1)^(1/3)
    assert!((of_neighbours(0.9, &[0.9], &[]).1 - 0.25_f64.powf(1.0 / 3.0)).abs() < 1e-15);
    // Distances 0 and 1 of a usual 1 count 1 and 1/2.
    assert!((of_neighbours(0.9, &[0.6, 0.0], &[0.0, 1.0]).0 - (1.0 - (0.3 + 0.45) / 1.5)).abs() < 1e-15);
}

#[test]
fn an_anomaly_that_lies_alone_is_not_doubted_for_its_far_normal_neighbours() {
    let (near, far) = (of_neighbours(0.95, &[0.1; 5], &[0.5; 5]), of_neighbours(0.95, &[0.1; 5], &[50.0; 5]));
    assert_eq!(near.0, far.0);
    // Beside members of agreement 0.5.
    assert!(near.1 < 0.4 && (far.1 - 0.5).abs() < 0.02, "{near:?} {far:?}");
}

#[test]
fn a_row_is_no_neighbour_of_itself() {
    let scores = [0.9, 0.2];
    let neighbours = Neighbours { scores: &scores, indices: &[0, 1, 1, 7], k: 2, distances: None };
    let got = Confidence::new(2, &[], None, Some(neighbours), &Cx::default()).unwrap();
    // Row 1 has no neighbour left that exists.
    let similarity = got.neighbour_similarity.unwrap();
    assert!((similarity[0] - 0.3).abs() < 1e-15 && similarity[1] == 1.0);
    assert!((got.combined[0] - 0.3).abs() < 1e-15);
}

#[test]
fn noise_counts_against_how_far_a_row_stands_out() {
    // numpy.quantile([1, 2, 3, 4, 5], [.25, .5, .75]) = [2, 3, 4]
    let usual = UsualErrors::fit(&[5.0, 1.0, 4.0, 2.0, 3.0]);
    assert_eq!(usual, UsualErrors { median: 3.0, spread: 2.0 });
    let (mean, std) = ([3.0, 3.0, 3.0, 101.0, 101.0], [0.0, 2.0, 4.0, 5.0, 100.0]);
    let passes = DropoutPasses { mean: &mean, std: &std, usual: &usual };
    let got = Confidence::new(5, &[], Some(passes), None, &Cx::default()).unwrap();
    let expected = [1.0, 0.5, 0.2, 1.0 / 1.0025, 0.5];
    for (got, expected) in got.model_certainty.unwrap().iter().zip(expected) {
        assert!((got - expected).abs() < 1e-15, "{got} {expected}");
    }
    let alike = UsualErrors::fit(&[3.0; 4]);
    let passes = DropoutPasses { mean: &[3.0, 3.0], std: &[0.0, 1e-9], usual: &alike };
    assert_eq!(Confidence::new(2, &[], Some(passes), None, &Cx::default()).unwrap().combined, [1.0, 0.0]);
    assert_eq!(UsualErrors::fit(&[]), UsualErrors { median: 0.0, spread: 0.0 });
}

#[test]
fn one_contradiction_is_enough_for_low_confidence() {
    // The members are split; passes and neighbours confirm the score.
    let columns = [(1.0, vec![1.0]), (1.0, vec![0.0])];
    let usual = UsualErrors { median: 0.0, spread: 1.0 };
    let passes = DropoutPasses { mean: &[0.0], std: &[0.0], usual: &usual };
    let got = Confidence::new(1, &members(&columns), Some(passes), None, &Cx::default()).unwrap();
    assert!(got.combined[0] < 1e-6, "{got:?}");
    assert_eq!(got.row(0).unwrap().to_string(), "low: members disagree, model certain");
}

#[test]
fn confidence_says_itself_in_words() {
    let row = |combined, member_agreement, model_certainty, neighbour_similarity| RowConfidence {
        combined,
        member_agreement,
        model_certainty,
        neighbour_similarity,
    };
    assert_eq!(row(0.9, Some(0.95), None, Some(0.85)).to_string(), "high: members agree, neighbours alike");
    assert_eq!(
        row(0.6, Some(0.6), Some(0.5), Some(0.7)).to_string(),
        "medium: members agree in part, model less certain, neighbours alike in part"
    );
    assert_eq!(row(0.3, None, Some(0.1), Some(0.4)).to_string(), "low: model uncertain, neighbours differ");
    assert_eq!(row(0.8, None, None, None).level(), ConfidenceLevel::High);
    assert!(ConfidenceLevel::High > ConfidenceLevel::Medium && ConfidenceLevel::Medium > ConfidenceLevel::Low);
}

#[test]
fn bad_input_is_refused() {
    let cx = Cx::default();
    let one = [(1.0, vec![0.5]), (0.0, vec![0.5])];
    assert_eq!(Confidence::new(1, &members(&one), None, None, &cx), Err(ConfidenceError::NoParts));
    let two = [(1.0, vec![0.5]), (1.0, vec![0.5, 0.1])];
    assert!(matches!(Confidence::new(1, &members(&two), None, None, &cx), Err(ConfidenceError::Lengths { .. })));
    let usual = UsualErrors::fit(&[]);
    let passes = DropoutPasses { mean: &[1.0], std: &[], usual: &usual };
    assert!(Confidence::new(1, &[], Some(passes), None, &cx).is_err());
    for (indices, k, distances) in [(&[][..], 0, None), (&[0, 0], 1, None), (&[0], 1, Some(&[][..]))] {
        let distances = distances.map(|values| NeighbourDistances { values, usual: 1.0 });
        let neighbours = Neighbours { scores: &[0.5], indices, k, distances };
        assert!(matches!(Confidence::new(1, &[], None, Some(neighbours), &cx), Err(ConfidenceError::Lengths { .. })));
    }
    let fine = [(1.0, vec![]), (1.0, vec![])];
    let none = Confidence::new(0, &members(&fine), None, None, &cx).unwrap();
    assert!(none.combined.is_empty() && none.row(0).is_none());
    cx.cancel();
    let two = [(1.0, vec![0.5]), (1.0, vec![0.5])];
    assert_eq!(Confidence::new(1, &members(&two), None, None, &cx), Err(ConfidenceError::Cancelled));
}

/// Weight and probabilities of a member.
type Column = (f64, Vec<f64>);

/// Members, scores and neighbours of some rows.
fn made(n_rows: usize, n_members: usize, k: usize) -> (Vec<Column>, Vec<f64>, Vec<u32>) {
    let value = |i: usize| ((i as f64 + 1.0) * 0.618_033_988_749_894_8 * ((i % 7) as f64 + 1.0)).fract();
    let columns =
        (0..n_members).map(|m| (1.0 + m as f64, (0..n_rows).map(|row| value(row * 13 + m)).collect())).collect();
    let indices = (0..n_rows * k).map(|i| ((i * 7919 + i / 3) % n_rows) as u32).collect();
    (columns, (0..n_rows).map(value).collect(), indices)
}

#[test]
fn results_do_not_depend_on_the_number_of_threads_or_the_other_rows() {
    let (columns, scores, indices) = made(5000, 4, 3);
    let distances: Vec<f64> = indices.iter().map(|index| f64::from(*index) / 1000.0).collect();
    let usual = UsualErrors::fit(&scores);
    let of = |n: usize| {
        let cut: Vec<(f64, Vec<f64>)> =
            columns.iter().map(|(weight, column)| (*weight, column[..n].to_vec())).collect();
        let passes = DropoutPasses { mean: &scores[..n], std: &columns[0].1[..n], usual: &usual };
        let distances = NeighbourDistances { values: &distances[..3 * n], usual: 0.5 };
        let local: Vec<u32> = indices[..3 * n].iter().map(|index| index % 500).collect();
        let neighbours = Neighbours { scores: &scores[..n], indices: &local, k: 3, distances: Some(distances) };
        Confidence::new(n, &members(&cut), Some(passes), Some(neighbours), &Cx::default()).unwrap()
    };
    let on = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| of(5000));
    let (one, few) = (on(1), of(1500));
    assert_eq!(one, on(3));
    assert_eq!(one.combined[..1500], few.combined[..]);
    // By the definition, row by row.
    for row in (0..5000).step_by(617) {
        let row_parts = one.row(row).unwrap();
        let closeness = |at: usize| 0.5 / (0.5 + distances[3 * row + at]);
        let others: Vec<usize> = (0..3).filter(|at| indices[3 * row + at] as usize % 500 != row).collect();
        let near = others.iter().map(|at| closeness(*at)).sum::<f64>() / others.len() as f64;
        let product = row_parts.member_agreement.unwrap().powi(2)
            * row_parts.model_certainty.unwrap()
            * row_parts.neighbour_similarity.unwrap().powf(near);
        assert!((row_parts.combined - product.powf(1.0 / (3.0 + near))).abs() < 1e-12, "{row}");
    }
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..1.0, Just(0.0), Just(f64::MAX), Just(1e-310), Just(1e300)]
}

proptest! {
    #[test]
    fn all_parts_are_bounded_and_noise_never_helps(
        mean in prop::collection::vec(prop_oneof![any_number(), any_number().prop_map(|v| -v)], 4), std in any_number(), more in any_number(),
        p in prop::collection::vec(0.0..=1.0, 3), distance in any_number(), usual in any_number(),
    ) {
        let fitted = UsualErrors::fit(&mean[1..]);
        prop_assert!(fitted.spread.is_finite() && fitted.median.is_finite());
        let of = |std: f64, score: f64| {
            let passes = DropoutPasses { mean: &[mean[0]; 2], std: &[std; 2], usual: &fitted };
            let distances = Some(NeighbourDistances { values: &[distance; 2], usual });
            let neighbours = Neighbours { scores: &[score, 0.0], indices: &[1, 0], k: 1, distances };
            let columns: Vec<(f64, Vec<f64>)> = p.iter().map(|p| (1.0, vec![*p; 2])).collect();
            Confidence::new(2, &members(&columns), Some(passes), Some(neighbours), &Cx::default()).unwrap()
        };
        let (low, high, unlike) = (of(std.min(more), 0.0), of(std.max(more), 0.0), of(std.min(more), p[0]));
        for confidence in [&low, &high, &unlike] {
            let row = confidence.row(0).unwrap();
            let parts = [Some(row.combined), row.member_agreement, row.model_certainty, row.neighbour_similarity];
            prop_assert!(parts.iter().all(|part| (0.0..=1.0).contains(&part.unwrap())), "{:?}", row);
        }
        prop_assert!(high.combined[0] <= low.combined[0] && unlike.combined[0] <= low.combined[0]);
    }
}
