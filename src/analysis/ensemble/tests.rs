//! The combination against hand-computed cases, definitions and properties.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::data::SeriesOrder;
use crate::recipe::{AlertsConfig, Normalization, ThresholdMethod};

const KINDS: [DetectorKind; 4] = [
    DetectorKind::IsolationForest,
    DetectorKind::LocalOutlierFactor,
    DetectorKind::KNearestNeighbors,
    DetectorKind::Ecod,
];

fn columns(raw: &[Vec<f64>]) -> Vec<DetectorScores> {
    KINDS.into_iter().zip(raw).map(|(kind, raw)| DetectorScores::new(kind, Arc::new(raw.clone()), None)).collect()
}

/// A recipe whose combination is nothing but the weighted average of equal detectors, with the threshold on it.
fn plain() -> Recipe {
    let mut recipe = Recipe::default();
    let ensemble = &mut recipe.ensemble;
    for kind in KINDS {
        ensemble.model_weights.set(kind, 1.0);
    }
    ensemble.threshold_aggregation = ThresholdAggregation::Combined;
    ensemble.dynamic_weighting.enabled = false;
    ensemble.diversity.enabled = false;
    recipe.severity.dynamic_adjustment.enabled = false;
    recipe
}

/// Combines columns of rows that follow each other minute by minute.
fn combined_with(raw: &[Vec<f64>], recipe: &Recipe, rules: &[RuleHits], feedback: &[Feedback]) -> Combined {
    let n = raw.first().map_or(0, Vec::len);
    let times: Vec<i64> = (0..n as i64).map(|minute| minute * 60_000_000).collect();
    let order = SeriesOrder::new(n, &times, &[]);
    let windows = Windows::new(&times, recipe.ensemble.dynamic_weighting.window_secs);
    let scene = Scene {
        rows: RowsInTime { order: &order, time: Some(&times), alerts: &recipe.alerts },
        windows: recipe.ensemble.dynamic_weighting.enabled.then_some(&windows),
        feedback,
        rules,
        circumstances: &Circumstances::default(),
        votes: None,
        stacked: None,
    };
    combine(&columns(raw), &scene, recipe)
}

fn combined(raw: &[Vec<f64>], recipe: &Recipe) -> Combined {
    combined_with(raw, recipe, &[], &[])
}

fn anomalous(result: &Combined) -> Vec<usize> {
    result.is_anomaly.iter().enumerate().filter(|(_, is)| **is).map(|(row, _)| row).collect()
}

/// Rows from the highest combined score down.
fn ranking(result: &Combined) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..result.score.len()).collect();
    rows.sort_by(|&a, &b| result.score[b].total_cmp(&result.score[a]));
    rows
}

#[test]
fn weights_count_by_their_ratio_and_contamination_sets_the_share() {
    let up: Vec<f64> = (0..100).map(f64::from).collect();
    let down: Vec<f64> = up.iter().rev().copied().collect();
    let mut recipe = plain();
    recipe.ensemble.contamination = 0.05;
    recipe.ensemble.model_weights.isolation_forest = 0.3;
    recipe.ensemble.model_weights.local_outlier_factor = 0.2;
    let result = combined(&[up.clone(), down.clone()], &recipe);
    // 0.3 against 0.2: the forest wins, so the last rows are anomalous.
    assert!((result.members[0].weight - 0.6).abs() < 1e-12);
    assert_eq!(anomalous(&result), [95, 96, 97, 98, 99]);
    recipe.ensemble.model_weights.isolation_forest = 0.0;
    assert!(combined(&[up.clone(), down.clone()], &recipe).is_anomaly[0]);
    recipe.ensemble.model_weights.isolation_forest = 0.3;
    recipe.ensemble.enabled = false;
    let alone = combined(&[up, down], &recipe);
    assert_eq!((alone.members[0].weight, alone.members[1].weight), (1.0, 0.0));
}

#[test]
fn score_keeps_the_order_and_says_where_the_threshold_is() {
    let raw: Vec<f64> = (0..1000).map(|i| (f64::from(i) / 100.0).exp()).collect();
    use Normalization::{Gaussian, Minmax, Rank, Robust, ZScore};
    for (normalization, soft_limit) in
        [(ZScore, 0.0), (ZScore, 1.5), (Minmax, 0.0), (Robust, 3.0), (Rank, 0.0), (Gaussian, 0.0)]
    {
        let mut recipe = plain();
        (recipe.ensemble.normalization, recipe.ensemble.soft_limit) = (normalization, soft_limit);
        let result = combined(std::slice::from_ref(&raw), &recipe);
        // Gaussian unification makes all rows below the mean alike.
        let rises =
            if normalization == Gaussian { result.score.is_sorted() } else { result.score.is_sorted_by(|a, b| a < b) };
        assert!(rises, "{normalization:?}");
        assert!(result.score.iter().all(|s| (0.0..=1.0).contains(s)));
        assert!(result.score.iter().zip(&result.is_anomaly).all(|(&s, &is)| is == (s > THRESHOLD_SCORE)));
        assert!(result.severity.iter().zip(&result.is_anomaly).all(|(s, &is)| s.is_some() == is));
        assert_eq!(anomalous(&result).len(), 100);
    }
}

#[test]
fn normalisation_by_definition() {
    // numpy: mean 3, std sqrt(2); min 1, max 5; q25 2, median 3, q75 4. scipy.special.erf(1 / sqrt 2 * ...).
    let raw = vec![1.0, 2.0, 3.0, 4.0, 5.0];
    let normalized = |normalization, raw_score: f64| {
        let mut recipe = plain();
        recipe.ensemble.normalization = normalization;
        combined(std::slice::from_ref(&raw), &recipe).members[0].normalized(raw_score)
    };
    let expected = [
        (Normalization::ZScore, 6.0, 3.0 / 2.0_f64.sqrt()),
        (Normalization::Minmax, 6.0, 1.25),
        (Normalization::Robust, 6.0, 1.5),
        (Normalization::Rank, 4.0, 0.7),
        (Normalization::Rank, 4.5, 0.8),
        // scipy.special.erf((4 - 3) / numpy.sqrt(2) / numpy.sqrt(2)), erf(1.5)
        (Normalization::Gaussian, 4.0, 0.520_499_877_813_046_5),
        (Normalization::Gaussian, 6.0, 0.966_105_146_475_310_7),
        (Normalization::Gaussian, 2.0, 0.0),
    ];
    for (normalization, score, wanted) in expected {
        let got = normalized(normalization, score);
        assert!((got - wanted).abs() < 5e-7, "{normalization:?} of {score}: {got}, not {wanted}");
    }
}

#[test]
fn normalisation_is_fitted_on_the_training_rows() {
    let raw = Arc::new(vec![0.0, 2.0, 100.0, 4.0]);
    let training = Some(Arc::new(vec![0, 1, 3]));
    let scores = DetectorScores::new(KINDS[0], raw, training);
    let normalizer = Normalizer::fit(&scores, Normalization::Minmax, 0.0);
    assert_eq!([0.0, 2.0, 100.0].map(|score| normalizer.apply(score)), [0.0, 0.5, 25.0]);
}

#[test]
fn beyond_the_soft_limit_only_the_logarithm_counts() {
    let mut recipe = plain();
    (recipe.ensemble.normalization, recipe.ensemble.soft_limit) = (Normalization::Minmax, 0.5);
    let member = &combined(&[vec![0.0, 1.0]], &recipe).members[0];
    assert_eq!(member.normalized(0.4), 0.4);
    assert!((member.normalized(1.0) - (0.5 + 1.5_f64.ln())).abs() < 1e-12);
}

/// Three detectors, already between 0 and 1, with very different views.
fn views() -> Vec<Vec<f64>> {
    vec![vec![0.0, 0.2, 1.0, 0.4, 0.6, 0.1], vec![0.0, 1.0, 0.3, 0.4, 0.7, 0.2], vec![0.0, 0.1, 0.2, 0.4, 0.8, 1.0]]
}

#[test]
fn maxima_by_definition() {
    let strategy = |strategy, group_size| {
        let mut recipe = plain();
        recipe.ensemble.normalization = Normalization::Minmax;
        (recipe.ensemble.voting_strategy, recipe.ensemble.group_size) = (strategy, group_size);
        ranking(&combined(&views(), &recipe))
    };
    // Highest: 0, 1, 1, 0.4, 0.8, 1. Ties keep their order.
    assert_eq!(strategy(VotingStrategy::Maximum, 1), [1, 2, 5, 4, 3, 0]);
    // Mean of the maxima of the pairs: row 1: (1 + 1 + 0.2)/3, row 2: (1 + 1 + 0.3)/3, row 4: (0.7 + 0.8 + 0.8)/3 =
    // 0.7667, row 5: (0.2 + 1 + 1)/3, row 3: 0.4.
    assert_eq!(strategy(VotingStrategy::AverageOfMaximum, 2)[4..], [3, 0]);
    let by_groups = |size| {
        let (raw, mut recipe) = (views(), plain());
        recipe.ensemble.normalization = Normalization::Minmax;
        recipe.ensemble.voting_strategy = VotingStrategy::AverageOfMaximum;
        let columns = columns(&raw);
        let values = vote::combine_rows(&columns, &members(&columns, &recipe), &Voting::MaximumOfGroups(size));
        values.into_iter().map(|value| (value * 1e9).round() / 1e9).collect::<Vec<f64>>()
    };
    assert_eq!(by_groups(1), [0.0, 0.433_333_333, 0.5, 0.4, 0.7, 0.433_333_333]);
    assert_eq!(by_groups(2), [0.0, 0.733_333_333, 0.766_666_667, 0.4, 0.766_666_667, 0.733_333_333]);
    assert_eq!(by_groups(3), [0.0, 1.0, 1.0, 0.4, 0.8, 1.0]);
    assert_eq!(by_groups(usize::MAX), by_groups(3));
}

#[test]
fn a_majority_is_counted_in_votes() {
    let mut recipe = plain();
    recipe.ensemble.voting_strategy = VotingStrategy::MajorityVote;
    recipe.detectors.set_vote_share(0.34);
    // Votes, by the 66 % quantile of each: rows 2 and 4 by the first, 1 and 4 by the second, 4 and 5 by the third.
    let with = |share: f64| {
        let mut recipe = recipe.clone();
        recipe.ensemble.majority_threshold = share;
        combined(&views(), &recipe)
    };
    assert_eq!(anomalous(&with(0.5)), [4]);
    assert_eq!(anomalous(&with(1.0)), [4]);
    assert_eq!(anomalous(&with(1.0 / 3.0)), [1, 2, 4, 5]);
    assert_eq!(anomalous(&with(0.01)), [1, 2, 4, 5]);
    // Equal numbers of votes are ordered by the average.
    assert_eq!(ranking(&with(0.5))[..2], [4, 2]);
}

#[test]
fn a_detector_near_its_threshold_says_little_where_confidence_counts() {
    let mut recipe = plain();
    recipe.ensemble.normalization = Normalization::Minmax;
    recipe.ensemble.voting_strategy = VotingStrategy::ConfidenceWeighted;
    recipe.detectors.set_vote_share(0.5);
    let raw = [vec![0.0, 0.5, 1.0], vec![0.0, 1.0, 0.5]];
    let columns = columns(&raw);
    let members = members(&columns, &recipe);
    let thresholds: Vec<f64> = members.iter().map(|member| member.normalized(member.vote_threshold)).collect();
    assert_eq!(thresholds, [0.5, 0.5]);
    let strategy = Voting::Confident(RowWeights::fixed(&members), thresholds);
    // Row 1: the first is at its threshold and silent, the second decides.
    assert_eq!(vote::combine_rows(&columns, &members, &strategy), [0.0, 1.0, 1.0]);
}

#[test]
fn thresholds_of_the_detectors_are_aggregated() {
    let raw =
        [(0..101).map(f64::from).collect::<Vec<f64>>(), (0..101).map(|i| f64::from(i * i)).collect(), vec![0.0; 101]];
    let mut recipe = plain();
    recipe.ensemble.normalization = Normalization::Minmax;
    let aggregated = |recipe: &Recipe| {
        let columns = columns(&raw);
        threshold::of_members(&columns, &members(&columns, recipe), &recipe.ensemble)
    };
    assert_eq!(aggregated(&recipe), None);
    // 90 % quantiles: 0.9, 0.81 and, of a detector that scores all rows alike, 0.
    let expected = [
        (ThresholdAggregation::Mean, 0.57),
        (ThresholdAggregation::Median, 0.81),
        (ThresholdAggregation::Max, 0.9),
        (ThresholdAggregation::Min, 0.0),
    ];
    for (aggregation, wanted) in expected {
        recipe.ensemble.threshold_aggregation = aggregation;
        assert!((aggregated(&recipe).unwrap() - wanted).abs() < 1e-12, "{aggregation:?}");
    }
    // Those without a weight are not asked.
    recipe.ensemble.threshold_aggregation = ThresholdAggregation::Min;
    recipe.ensemble.model_weights.k_nearest_neighbors = 0.0;
    assert!((aggregated(&recipe).unwrap() - 0.81).abs() < 1e-12);
}

#[test]
fn threshold_methods_by_definition() {
    // numpy: percentile(x, 97) = 97, q25 = 25, q75 = 75, mean 50, std 29.154759…
    let raw: Vec<f64> = (0..=100).map(f64::from).collect();
    let n_above = |method| {
        let mut recipe = plain();
        recipe.ensemble.threshold_method = method;
        anomalous(&combined(std::slice::from_ref(&raw), &recipe)).len()
    };
    assert_eq!(n_above(ThresholdMethod::Percentile(97.0)), 3);
    assert_eq!(n_above(ThresholdMethod::Iqr(0.4)), 5);
    assert_eq!(n_above(ThresholdMethod::Gaussian(1.5)), 7);
    assert_eq!(n_above(ThresholdMethod::Contamination), 10);
}

/// Alerts of the rows above a threshold, by the definition of the queue: rows of one entity with few rows or little
/// time between them are one.
fn count_alerts(values: &[f64], threshold: f64, gap_rows: usize) -> usize {
    let rows: Vec<usize> = (0..values.len()).filter(|&row| values[row] > threshold).collect();
    rows.windows(2).filter(|pair| pair[1] - pair[0] - 1 > gap_rows).count() + usize::from(!rows.is_empty())
}

proptest! {
    #[test]
    fn an_alert_rate_gives_the_lowest_threshold_that_keeps_it(
        values in prop::collection::vec((0_u32..40).prop_map(f64::from), 1..200), gap in 0_u32..5, per_day in 1.0..60.0_f64,
    ) {
        let times: Vec<i64> = (0..values.len() as i64).map(|hour| hour * 3_600_000_000).collect();
        let order = SeriesOrder::new(values.len(), &times, &[]);
        let alerts = AlertsConfig { episode_gap_rows: gap, episode_gap_secs: 0, ..AlertsConfig::default() };
        let rows = RowsInTime { order: &order, time: Some(&times), alerts: &alerts };
        let config = EnsembleConfig { threshold_method: ThresholdMethod::AlertRate(per_day), ..EnsembleConfig::default() };
        let threshold = threshold::of_values(&values, &config, rows);
        let allowed = ((per_day * (values.len() - 1) as f64 / 24.0).floor() as usize).max(1);
        let n_alerts = |threshold| count_alerts(&values, threshold, gap as usize);
        prop_assert!(n_alerts(threshold) <= allowed);
        // Going down from the top, the first threshold that would give more is the next one.
        let mut lower: Vec<f64> = values.iter().copied().filter(|value| *value < threshold).collect();
        lower.sort_by(f64::total_cmp);
        if let Some(&next) = lower.last() {
            prop_assert!(n_alerts(next) > allowed);
        }
    }
}

#[test]
fn a_rule_raises_rows_to_its_severity_and_lowers_none() {
    let raw = [(0..100).map(f64::from).collect::<Vec<f64>>()];
    let mut recipe = plain();
    recipe.ensemble.contamination = 0.05;
    let without = combined(&raw, &recipe);
    let hits = |severity, rows: &[u32]| RuleHits { name: String::new(), severity, rows: rows.to_vec() };
    let rules = [hits(Severity::High, &[3, 99]), hits(Severity::Low, &[7])];
    let ruled = combined_with(&raw, &recipe, &rules, &[]);
    assert_eq!((ruled.severity[3], ruled.severity[7]), (Some(Severity::High), Some(Severity::Low)));
    assert!(ruled.score[7] > THRESHOLD_SCORE && ruled.score[99] >= without.score[99]);
    let changed: Vec<usize> = (0..100).filter(|&i| without.is_anomaly[i] != ruled.is_anomaly[i]).collect();
    assert_eq!(changed, [3, 7]);
}

/// Two detectors that see the same spikes for an hour; in the second hour the first one raves, the second does not.
fn spikes_and_raving() -> Vec<Vec<f64>> {
    let spike = |row: usize| if row.is_multiple_of(10) { 10.0 } else { 0.0 };
    let sane: Vec<f64> = (0..180).map(spike).collect();
    let raving = (0..180).map(|row| if (60..120).contains(&row) && row % 3 == 1 { 14.0 } else { spike(row) }).collect();
    vec![raving, sane]
}

#[test]
fn weights_follow_the_agreement_of_the_window_before() {
    let mut recipe = plain();
    recipe.ensemble.dynamic_weighting.enabled = true;
    recipe.detectors.set_vote_share(0.12);
    recipe.ensemble.contamination = 0.15;
    let raw = spikes_and_raving();
    let columns = columns(&raw);
    let members = members(&columns, &recipe);
    let times: Vec<i64> = (0..180).map(|minute| minute * 60_000_000).collect();
    let windows = Windows::new(&times, 3600);
    let consensus: Vec<bool> = (0..180).map(|row| row % 10 == 0).collect();
    let config = &recipe.ensemble.dynamic_weighting;
    let factors = dynamic::factors(&columns, &members, &consensus, &windows, &[], config);
    // First window: nothing is known. In it the threshold of the raving one, at 14 - just below what 12 % of its scores
    // exceed - was reached by none of the 6 rows, so its agreement is (1 + 0) / (2 + 6); that of the other, (1 + 6) / (2 + 6).
    assert_eq!(factors[..2], [1.0; 2]);
    assert_eq!(factors[2..4], [0.25, 1.75]);
    // Somebody says that all of that was real: the raving one is believed again.
    let real: Vec<Feedback> =
        (60..120).filter(|row| row % 3 == 1).map(|row| Feedback { row, is_anomaly: true }).collect();
    let judged = dynamic::factors(&columns, &members, &consensus, &windows, &real, config);
    assert!(judged[4] > judged[5], "{judged:?}");
    let fixed = combined(&raw, &{
        let mut fixed = recipe.clone();
        fixed.ensemble.dynamic_weighting.enabled = false;
        fixed
    });
    let adapted = combined(&raw, &recipe);
    assert_eq!(fixed.score.len(), adapted.score.len());
    assert_ne!(fixed.score, adapted.score);
}

#[test]
fn equal_scores_are_not_anomalous() {
    for n in [0, 1, 50] {
        for voting_strategy in [
            VotingStrategy::WeightedAverage,
            VotingStrategy::MajorityVote,
            VotingStrategy::ConfidenceWeighted,
            VotingStrategy::Maximum,
            VotingStrategy::AverageOfMaximum,
            VotingStrategy::Stacking,
        ] {
            let mut recipe = plain();
            recipe.ensemble.voting_strategy = voting_strategy;
            let result = combined(&[vec![0.5; n], vec![7.0; n]], &recipe);
            assert!(
                result.is_anomaly.iter().all(|is| !is) && result.score.iter().all(|&s| s == 0.0),
                "{voting_strategy:?}"
            );
        }
    }
}

#[test]
fn a_single_outlier_among_equal_scores_stands_alone() {
    let mut raw = vec![0.0; 1000];
    raw[17] = 5.0;
    let result = combined(&[raw], &plain());
    assert_eq!(anomalous(&result), [17]);
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let raw: Vec<Vec<f64>> = (1..=4)
        .map(|k| (0..70_000).map(|i| (f64::from(i * k) * 0.37).sin().exp() * f64::from(i % 97)).collect())
        .collect();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| combined(&raw, &Recipe::default()))
    };
    let (one, three) = (on(1), on(3));
    assert!(one.score.iter().zip(&three.score).all(|(a, b)| a.to_bits() == b.to_bits()));
    assert_eq!(one.severity, three.severity);
}

#[test]
fn huge_scores_stay_in_order() {
    let raw = [vec![-1e300, 0.0, 1.0, 1e300], vec![0.0, 1.0, 2.0, 3.0]];
    for normalization in [Normalization::ZScore, Normalization::Robust, Normalization::Gaussian, Normalization::Rank] {
        let mut recipe = plain();
        recipe.ensemble.normalization = normalization;
        let result = combined(&raw, &recipe);
        assert!(result.score.iter().all(|score| (0.0..=1.0).contains(score)), "{normalization:?} {:?}", result.score);
        assert_eq!(ranking(&result)[0], 3);
    }
}

/// The combined score of each row, by a scorer of that row.
fn row_by_row(raw: &[Vec<f64>], recipe: &Recipe, rules: &[RuleHits], result: &Combined) -> Vec<f64> {
    let n = raw[0].len();
    let times: Vec<i64> = (0..n as i64).map(|minute| minute * 60_000_000).collect();
    let order = SeriesOrder::new(n, &times, &[]);
    let windows = Windows::new(&times, recipe.ensemble.dynamic_weighting.window_secs);
    let scene = Scene {
        rows: RowsInTime { order: &order, time: Some(&times), alerts: &recipe.alerts },
        windows: recipe.ensemble.dynamic_weighting.enabled.then_some(&windows),
        feedback: &[],
        rules,
        circumstances: &Circumstances::default(),
        votes: None,
        stacked: None,
    };
    let scores = columns(raw);
    let of_row = |row: usize| {
        let place = PlaceInTime { series: order.rows(), place: row };
        let scorer = RowScorer::new(row, place, &scores, result, &scene, recipe);
        scorer.score(&raw.iter().map(|column| column[row]).collect::<Vec<f64>>())
    };
    (0..n).map(of_row).collect()
}

#[test]
fn a_row_as_it_is_has_the_score_of_the_run() {
    let column = |seed: u64| -> Vec<f64> {
        (0..200_u64)
            .map(|i| ((i * 7919 + seed * 104_729) % 1009) as f64 / 100.0 + f64::from(i % 41 == 0) * 9.0)
            .collect()
    };
    let raw: Vec<Vec<f64>> = (1..5).map(column).collect();
    let rules = vec![RuleHits { name: "odd".into(), severity: Severity::Medium, rows: vec![3, 50] }];
    let strategies = [
        VotingStrategy::WeightedAverage,
        VotingStrategy::MajorityVote,
        VotingStrategy::ConfidenceWeighted,
        VotingStrategy::Maximum,
        VotingStrategy::AverageOfMaximum,
    ];
    let normalizations = [Normalization::ZScore, Normalization::Rank, Normalization::Gaussian];
    for strategy in strategies {
        for normalization in normalizations {
            for (context, dynamic) in [(false, false), (true, false), (false, true), (true, true)] {
                let mut recipe = plain();
                let ensemble = &mut recipe.ensemble;
                (ensemble.voting_strategy, ensemble.normalization, ensemble.soft_limit) =
                    (strategy, normalization, 2.0);
                (ensemble.context.enabled, ensemble.context.rows) = (context, 7);
                ensemble.dynamic_weighting.enabled = dynamic;
                let result = combined_with(&raw, &recipe, &rules, &[]);
                for (row, score) in row_by_row(&raw, &recipe, &rules, &result).into_iter().enumerate() {
                    let of_run = result.score[row];
                    assert!(
                        (score - of_run).abs() < 1e-12,
                        "{strategy:?} {normalization:?} row {row}: {score} {of_run}"
                    );
                }
            }
        }
    }
}

#[test]
fn another_score_of_a_detector_counts_as_in_a_run() {
    // Weighted average without context: the scale of the run is fixed, so the score is that of a row with the same mean.
    let recipe = plain();
    let raw = vec![(0..100).map(f64::from).collect::<Vec<f64>>(), (0..100).map(|i| f64::from(i * 37 % 100)).collect()];
    let result = combined_with(&raw, &recipe, &[], &[]);
    let scores = columns(&raw);
    let order = SeriesOrder::new(100, &[], &[]);
    let scene = Scene {
        rows: RowsInTime { order: &order, time: None, alerts: &recipe.alerts },
        windows: None,
        feedback: &[],
        rules: &[],
        circumstances: &Circumstances::default(),
        votes: None,
        stacked: None,
    };
    let place = PlaceInTime { series: order.rows(), place: 0 };
    let scorer = RowScorer::new(0, place, &scores, &result, &scene, &recipe);
    for row in [5, 40, 99] {
        let like = [raw[0][row], raw[1][row]];
        assert!((scorer.score(&like) - result.score[row]).abs() < 1e-12);
    }
    let several = scorer.by_detectors(&[&raw[0], &raw[1]]);
    assert!(several.iter().zip(&result.score).all(|(a, b)| (a - b).abs() < 1e-12));
}
