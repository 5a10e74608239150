//! What change points promise: the results of ruptures, costs by definition, and features without look-ahead.

use std::ops::Range;

use proptest::prelude::*;

use super::*;

mod parity;

const L2: Model = Model::L2;
/// `scipy.stats.norm.ppf(0.75)`.
const NORMAL_MEDIAN: f64 = 0.6744897501960817;
const EVERY_ROW: Settings = Settings { model: L2, min_size: 2, jump: 1 };

/// Values that look random; the same for the same seed.
fn noise(seed: u64, n: usize) -> Vec<f64> {
    use rand::SeedableRng;
    use rand_distr::{Distribution, StandardNormal};
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|_| StandardNormal.sample(&mut random)).collect()
}

/// Noise around levels of `length` rows each.
fn steps(seed: u64, levels: &[f64], length: usize) -> Vec<f64> {
    let noise = noise(seed, levels.len() * length);
    noise.iter().enumerate().map(|(row, noise)| levels[row / length] + noise).collect()
}

fn one(values: &[f64]) -> Signal {
    Signal::new(values, 1)
}

fn search(algo: &str, penalty: Option<f64>, n_changes: Option<usize>) -> Search {
    let stop = || penalty.map_or_else(|| Stop::Changes(n_changes.unwrap()), Stop::Penalty);
    match algo {
        "Pelt" => Search::Pelt(penalty.unwrap()),
        "Dynp" => Search::Dynp(n_changes.unwrap()),
        "Binseg" => Search::Binseg(stop()),
        "BottomUp" => Search::BottomUp(stop()),
        _ => panic!("{algo}"),
    }
}

/// A cost from its definition.
fn by_definition(model: Model, rows: &[Vec<f64>]) -> f64 {
    let (n, d) = (rows.len() as f64, rows[0].len());
    let column = |c: usize| rows.iter().map(move |row| row[c]);
    // Around the first value, so that the truth itself keeps its digits under an offset.
    let mean = |c: usize| rows[0][c] + column(c).map(|value| value - rows[0][c]).sum::<f64>() / n;
    let comoment = |a: usize, b: usize| {
        let (mean_a, mean_b) = (mean(a), mean(b));
        rows.iter().map(|row| (row[a] - mean_a) * (row[b] - mean_b)).sum::<f64>()
    };
    let median = |c: usize| {
        let mut sorted: Vec<f64> = column(c).collect();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2].midpoint(sorted[(sorted.len() - 1) / 2])
    };
    match model {
        Model::L2 => (0..d).map(|c| comoment(c, c)).sum(),
        Model::L1 => (0..d).map(|c| column(c).map(|value| (value - median(c)).abs()).sum::<f64>()).sum(),
        Model::Normal { small_bias } => {
            let bias = if small_bias { 1e-6 } else { 0.0 };
            let freedom = if d == 1 { n } else { n - 1.0 };
            let covariance = |a, b| comoment(a, b) / freedom + if a == b { bias } else { 0.0 };
            n * match d {
                1 => covariance(0, 0),
                2 => covariance(0, 0) * covariance(1, 1) - covariance(0, 1).powi(2),
                _ => panic!("one or two columns"),
            }
            .ln()
        }
        Model::Rbf { gamma } => {
            let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>();
            let similarity = |a: usize, b: usize| match a == b {
                true => 1.0,
                false => (-(gamma.unwrap() * distance(&rows[a], &rows[b])).clamp(0.01, 100.0)).exp(),
            };
            let sum: f64 =
                (0..rows.len()).flat_map(|a| (0..rows.len()).map(move |b| (a, b))).map(|(a, b)| similarity(a, b)).sum();
            n - sum / n
        }
    }
}

fn rows_of(values: &[f64], n_columns: usize, rows: Range<usize>) -> Vec<Vec<f64>> {
    values.chunks_exact(n_columns).map(<[f64]>::to_vec).collect::<Vec<_>>()[rows].to_vec()
}

#[test]
fn costs_are_their_definitions_whatever_the_length_offset_and_outliers() {
    let cx = Cx::default();
    let models = [
        L2,
        Model::L1,
        Model::Normal { small_bias: true },
        Model::Normal { small_bias: false },
        Model::Rbf { gamma: Some(0.4) },
    ];
    for (n_columns, offset, outlier) in [(1, 0.0, 0.0), (2, 0.0, 0.0), (1, 1e9, 0.0), (2, -1e8, 0.0), (1, 0.0, 1e10)] {
        let mut values: Vec<f64> = noise(5, 1100 * n_columns).iter().map(|value| value + offset).collect();
        values[n_columns] += outlier;
        let signal = Signal::new(&values, n_columns);
        for model in models {
            let cost = cost::prepare(model, &signal, &cx).unwrap();
            for rows in [3..5, 2..9, 10..60, 40..168, 40..169, 33..300, 7..488, 2..500] {
                if rows.len() <= n_columns && model == (Model::Normal { small_bias: false }) {
                    // The covariance is singular: what is left of its determinant is rounding error.
                    continue;
                }
                let truth = by_definition(model, &rows_of(&values, n_columns, rows.clone()));
                let check = |ours: f64, what: &str| {
                    let scale = truth.abs().max(rows.len() as f64 * 0.1);
                    assert!((ours - truth).abs() <= 1e-9 * scale, "{model:?} {rows:?} {offset} {what}: {ours} {truth}");
                };
                check(cost.of(rows.clone(), &cx).unwrap(), "of");
                let mut sweep = cost.sweep();
                for row in 0..rows.end {
                    if [0, 1, rows.start].contains(&row) {
                        sweep.open();
                    }
                    sweep.push();
                }
                check(sweep.costs(3, &cx).unwrap()[2], "sweep");
                sweep.retain(&[false, true]);
                check(sweep.costs(2, &cx).unwrap()[1], "sweep that dropped a segment");
                let parts = cost.parts(rows.start - 1..500, &[rows.start, rows.end.min(498)], &cx).unwrap();
                let right = cost.of(rows.start..500, &cx).unwrap();
                assert!(
                    (parts[0].1 - right).abs() <= 1e-9 * right.abs().max(1.0),
                    "{model:?} {rows:?} {parts:?} {right}"
                );
                if rows.len() >= 4 {
                    let segment =
                        |rows: Range<usize>| cost::Segment { cost: cost.of(rows.clone(), &cx).unwrap(), rows };
                    let middle = rows.start + rows.len() / 2;
                    let merged = cost.merged(&segment(rows.start..middle), &segment(middle..rows.end), &cx);
                    check(merged.unwrap(), "merged");
                }
            }
        }
    }
}

#[test]
fn the_l1_cost_of_repeated_values_is_its_definition() {
    let values: Vec<f64> = noise(2, 1500).iter().map(|value| (value * 2.0).round()).collect();
    let signal = one(&values);
    let cost = cost::prepare(Model::L1, &signal, &Cx::default()).unwrap();
    for rows in [0..1500, 0..1499, 700..749, 700..750, 3..900] {
        let truth = by_definition(Model::L1, &rows_of(&values, 1, rows.clone()));
        assert_eq!(cost.of(rows, &Cx::default()).unwrap(), truth);
    }
}

#[test]
fn gamma_is_one_over_the_median_of_all_squared_distances() {
    let cx = Cx::default();
    for (n, n_columns) in [(2, 1), (3, 1), (40, 1), (41, 1), (42, 2), (43, 3)] {
        let values: Vec<f64> = noise(9, n * n_columns).iter().map(|value| (value * 8.0).round() / 4.0).collect();
        let rows = rows_of(&values, n_columns, 0..n);
        let mut all: Vec<f64> = (0..n)
            .flat_map(|b| (0..b).map(move |a| (a, b)))
            .map(|(a, b)| rows[a].iter().zip(&rows[b]).map(|(x, y)| (x - y) * (x - y)).sum())
            .collect();
        all.sort_by(f64::total_cmp);
        let median = all[all.len() / 2].midpoint(all[(all.len() - 1) / 2]);
        let gamma = if median == 0.0 { 1.0 } else { 1.0 / median };
        let signal = Signal::new(&values, n_columns);
        let cost = |gamma| cost::prepare(Model::Rbf { gamma }, &signal, &cx).unwrap().of(0..n, &cx).unwrap();
        assert_eq!(cost(None), cost(Some(gamma)), "{n} {n_columns}");
    }
}

#[test]
fn missing_rows_are_left_out_and_counted() {
    let values = [0.0, f64::NAN, 0.1, 0.0, f64::INFINITY, 0.1, f64::NAN, 9.0, 9.1, 9.0, f64::NAN];
    let found = find(&one(&values), &EVERY_ROW, Search::Pelt(1.0), &Cx::default()).unwrap();
    assert_eq!(found, [7, 11]);
    // Two columns: a row is skipped where either value is missing.
    let pairs: Vec<f64> = values.iter().flat_map(|&value| [value, 1.0]).collect();
    assert_eq!(find(&Signal::new(&pairs, 2), &EVERY_ROW, Search::Dynp(1), &Cx::default()).unwrap(), [7, 11]);
    let fit = OnlineFit::new(&[&values], OnlineCost::L2, Penalty::Value(1.0), 2).unwrap();
    let rows = fit.features(&values, &Cx::default()).unwrap();
    let since: Vec<f64> = rows.iter().map(|row| row.rows_since_change).collect();
    let is_missing =
        |row: &SegmentRow| [row.mean, row.std, row.deviation, row.rows_since_change].map(f64::is_nan) == [true; 4];
    for (row, value) in rows.iter().zip(values) {
        assert_eq!(is_missing(row), !value.is_finite());
    }
    // The change at row 7 is known with the second row of its segment.
    assert_eq!((since[0], since[2], since[5], since[8], since[9]), (0.0, 2.0, 5.0, 1.0, 2.0));
}

#[test]
fn segment_features_of_a_hand_computed_case() {
    let rows = segment_features(&[1.0, 3.0, f64::NAN, 5.0, 8.0, 4.0], &[4, 5, 6]);
    let numbers: Vec<[f64; 4]> =
        rows.iter().map(|row| [row.rows_since_change, row.mean, row.std, row.deviation]).collect();
    assert_eq!(numbers[..2], [[0.0, 3.0, 2.0, -2.0], [1.0, 3.0, 2.0, 0.0]]);
    assert!(numbers[2].iter().all(|number| number.is_nan()));
    assert_eq!(numbers[3..], [[3.0, 3.0, 2.0, 2.0], [0.0, 8.0, 0.0, 0.0], [0.0, 4.0, 0.0, 0.0]]);
    // What the breakpoints do not reach is one more segment; what they have too much of does no harm.
    assert_eq!(segment_features(&[1.0, 3.0], &[])[1].mean, 2.0);
    assert_eq!(segment_features(&[1.0, 3.0], &[1, 9, 4]).len(), 2);
    assert!(segment_features(&[], &[3]).is_empty());
}

#[test]
fn a_series_without_a_change_takes_bounded_memory_and_then_shows_one() {
    let mut values = noise(4, 30_000);
    values.extend(noise(6, 40).iter().map(|value| value + 5.0));
    let fit = OnlineFit::new(&[&values[..20_000]], OnlineCost::L2, Penalty::Bic, 2).unwrap();
    let mut pelt = OnlinePelt::new(&fit);
    for (row, &value) in values.iter().enumerate() {
        let found = pelt.push(value);
        assert!(pelt.n_candidates() <= fit.max_candidates, "row {row}");
        if row < 30_000 {
            assert_eq!(found.rows_since_change, row as f64);
        } else if row > 30_004 {
            assert_eq!(found.rows_since_change, (row - 30_000) as f64);
        }
    }
}

#[test]
fn an_outlier_of_any_size_is_forgotten() {
    for cost in [OnlineCost::L2, OnlineCost::Normal] {
        for outlier in [1e9, 1e100, -1e300] {
            let mut values = steps(8, &[0.0, 6.0, 0.0], 60);
            values[30] = outlier;
            let fit = OnlineFit::new(&[&values], cost, Penalty::Bic, 2).unwrap();
            let rows = fit.features(&values, &Cx::default()).unwrap();
            assert!(rows.iter().all(|row| row.mean.is_finite() && row.std.is_finite()), "{cost:?} {outlier}");
            for at in [90, 119, 150, 179] {
                let since = rows[at].rows_since_change;
                assert!((since - (at % 60) as f64).abs() <= 2.0, "{cost:?} {outlier}: {since} at row {at}");
            }
        }
    }
}

#[test]
fn huge_and_constant_values_give_numbers() {
    let cx = Cx::default();
    let huge = [1e300, -1e300, 1e300, f64::MAX, -1e300, 1e300, 5.0, 1e300];
    let models = [L2, Model::L1, Model::Rbf { gamma: None }, Model::Normal { small_bias: true }];
    for values in [&huge[..], &[0.1; 300], &[7.0]] {
        for model in models {
            let signal = one(values);
            for penalty in [Penalty::Bic, Penalty::Aic] {
                let penalty = penalty.value(model, &signal, &cx).unwrap();
                assert!(penalty.is_finite() && penalty > 0.0, "{model:?} {penalty}");
                for min_size in [1, 3] {
                    let settings = Settings { model, min_size, jump: 1 };
                    for search in [
                        Search::Pelt(penalty),
                        Search::Binseg(Stop::Penalty(penalty)),
                        Search::BottomUp(Stop::Penalty(penalty)),
                    ] {
                        let found = find(&signal, &settings, search, &cx);
                        let is_constant = values[0] == values[values.len() - 1] && values.len() != huge.len();
                        match found {
                            Ok(found) if is_constant => assert_eq!(found, [values.len()], "{model:?} {search:?}"),
                            Ok(found) => assert_eq!(found.last(), Some(&values.len())),
                            Err(error) => assert!(matches!(error, ChangePointError::TooFewRows { .. }), "{error}"),
                        }
                    }
                }
            }
        }
        for row in segment_features(values, &[3]) {
            assert!(row.std.is_finite() && row.mean.is_finite() && row.deviation.is_finite());
        }
    }
}

#[test]
fn penalties_of_hand_computed_cases() {
    let cx = Cx::default();
    // Differences 1, 2, -3, 0: their sizes have the median 1.5.
    let signal = one(&[0.0, 1.0, 3.0, 0.0, 0.0]);
    let sigma = 1.5 / (NORMAL_MEDIAN * 2.0_f64.sqrt());
    let ln_n = 5.0_f64.ln();
    let near = |found: Result<f64, ChangePointError>, expected: f64| {
        let found = found.unwrap();
        assert!((found - expected).abs() < 1e-12 * expected, "{found} {expected}");
    };
    near(Penalty::Bic.value(L2, &signal, &cx), 2.0 * sigma * sigma * ln_n);
    near(Penalty::Aic.value(L2, &signal, &cx), 4.0 * sigma * sigma);
    near(Penalty::Bic.value(Model::L1, &signal, &cx), sigma * (2.0 / std::f64::consts::PI).sqrt() * ln_n);
    near(Penalty::Bic.value(Model::Normal { small_bias: true }, &signal, &cx), 3.0 * ln_n);
    near(Penalty::Value(7.5).value(Model::L1, &signal, &cx), 7.5);
    // Similarities exp(-1), exp(-4), exp(-9) and, for equal rows, exp(-0.01).
    let unlike = 1.0 - (-1.0_f64).exp().midpoint((-4.0_f64).exp());
    near(Penalty::Aic.value(Model::Rbf { gamma: Some(1.0) }, &signal, &cx), 4.0 * unlike);
    // Mostly equal: the mean square of the differences, 16 / 6, is twice the variance.
    near(Penalty::Aic.value(L2, &one(&[1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 5.0]), &cx), 4.0 * 16.0 / 12.0);
    near(Penalty::Aic.value(L2, &one(&[2.0; 9]), &cx), 4.0);
    // Two entities: no difference from the last row of one to the first of the other; n is that of the longer one.
    let fit = OnlineFit::new(&[&[0.0, 1.0, f64::NAN, 2.0], &[90.0, 91.0]], OnlineCost::L2, Penalty::Bic, 2).unwrap();
    near(Ok(fit.penalty), 2.0 / (NORMAL_MEDIAN * NORMAL_MEDIAN * 2.0) * 3.0_f64.ln());
    let fit = OnlineFit::new(&[&[0.0; 4]], OnlineCost::Normal, Penalty::Aic, 2).unwrap();
    assert_eq!(fit.penalty, 6.0);
    assert_eq!(serde_json::from_str::<OnlineFit>(&serde_json::to_string(&fit).unwrap()).unwrap(), fit);
}

#[test]
fn what_cannot_be_done_is_refused() {
    let cx = Cx::default();
    let error = |n: usize, model, search| {
        find(&one(&noise(1, n)), &Settings { model, min_size: 4, jump: 3 }, search, &cx).unwrap_err()
    };
    let too_few = ChangePointError::TooFewRows { n_rows: 9, n_changes: 1, min_size: 4, jump: 3 };
    assert_eq!(error(9, L2, Search::Dynp(1)), too_few);
    assert_eq!(error(9, L2, Search::Binseg(Stop::Changes(1))), too_few);
    assert!(matches!(error(0, L2, Search::Pelt(1.0)), ChangePointError::TooFewRows { n_rows: 0, .. }));
    assert_eq!(error(9, L2, Search::Pelt(-1.0)), ChangePointError::Penalty { penalty: -1.0 });
    assert!(matches!(error(9, L2, Search::Pelt(f64::NAN)), ChangePointError::Penalty { .. }));
    let rbf = Model::Rbf { gamma: Some(0.0) };
    assert_eq!(error(9, rbf, Search::Pelt(1.0)), ChangePointError::Gamma { gamma: 0.0 });
    let too_many = ChangePointError::TooManyRows { n_rows: 20_001, most: 20_000 };
    assert_eq!(error(20_001, rbf, Search::Pelt(1.0)), too_many);
    for penalty in [0.0, f64::INFINITY] {
        assert!(OnlineFit::new(&[], OnlineCost::L2, Penalty::Value(penalty), 1).is_err());
    }
    cx.cancel();
    for search in
        [Search::Pelt(1.0), Search::Dynp(2), Search::Binseg(Stop::Changes(2)), Search::BottomUp(Stop::Changes(2))]
    {
        assert_eq!(error(400, L2, search), ChangePointError::Cancelled);
    }
}

/// The least sum of costs and penalties over all segmentations.
fn best_value(values: &[f64], min_size: usize, penalty: f64) -> f64 {
    let mut best = vec![f64::INFINITY; values.len() + 1];
    best[0] = 0.0;
    for end in min_size..=values.len() {
        for start in 0..=end - min_size {
            let cost = by_definition(L2, &rows_of(values, 1, start..end));
            best[end] = best[end].min(best[start] + cost + penalty);
        }
    }
    best[values.len()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_segmentation_beats_the_exact_searches(seed in 0_u64..1000, n in 4_usize..60, penalty in 3.0..20.0_f64) {
        let mut values = steps(seed, &[0.0, 3.0, -2.0], n.div_ceil(3));
        values.truncate(n);
        let value = |ends: &[usize]| -> f64 {
            let mut start = 0;
            let cost = |&end: &usize| by_definition(L2, &rows_of(&values, 1, std::mem::replace(&mut start, end)..end));
            ends.iter().map(cost).sum::<f64>() + penalty * ends.len() as f64
        };
        let signal = one(&values);
        for min_size in [1, 2] {
            let settings = Settings { min_size, ..EVERY_ROW };
            let best = best_value(&values, min_size, penalty);
            let pelt = find(&signal, &settings, Search::Pelt(penalty), &Cx::default()).unwrap();
            // What ruptures rules out is safe to rule out only where every row may begin a segment.
            let is_best = (value(&pelt) - best).abs() <= 1e-9 * best;
            prop_assert!(is_best || min_size > 1 && value(&pelt) > best, "{} {best}", value(&pelt));
            let dynp = (0..n / min_size).map(|n_changes| {
                let found = find(&signal, &settings, Search::Dynp(n_changes), &Cx::default()).unwrap();
                assert_eq!(found.len(), n_changes + 1);
                value(&found)
            });
            let least = dynp.fold(f64::INFINITY, f64::min);
            prop_assert!((least - best).abs() <= 1e-9 * best, "{least} {best}");
        }
    }

    #[test]
    fn the_future_changes_nothing_and_a_stream_gives_the_same_bits(
        seed in 0_u64..1000,
        cut in 1_usize..1500,
        normal: bool,
        gaps in prop::collection::vec(0_usize..1500, 0..20),
    ) {
        let mut values = steps(seed, &[0.0, 2.0, 0.5, -3.0, 0.0], 300);
        gaps.iter().for_each(|&gap| values[gap] = f64::NAN);
        let cost = if normal { OnlineCost::Normal } else { OnlineCost::L2 };
        let fit = OnlineFit::new(&[&values[..500]], cost, Penalty::Bic, 3).unwrap();
        let bits = |row: &SegmentRow| [row.rows_since_change, row.mean, row.std, row.deviation].map(f64::to_bits);
        let whole = fit.features(&values, &Cx::default()).unwrap();
        let past = fit.features(&values[..cut], &Cx::default()).unwrap();
        prop_assert!(past.iter().zip(&whole).all(|(a, b)| bits(a) == bits(b)));
        let mut pelt = OnlinePelt::new(&fit);
        prop_assert!(values.iter().zip(&whole).all(|(&value, row)| bits(&pelt.push(value)) == bits(row)));
    }

    #[test]
    fn an_offset_moves_nothing(seed in 0_u64..1000, model in prop::sample::select(vec![L2, Model::L1, Model::Normal { small_bias: true }])) {
        // Multiples of 2^-10, so that the offset takes no digit away.
        let values: Vec<f64> = steps(seed, &[0.0, 4.0, 1.0, 1.0, -3.0], 60).iter().map(|value| (value * 1024.0).round() / 1024.0).collect();
        let moved: Vec<f64> = values.iter().map(|value| value + (1_u64 << 40) as f64).collect();
        let settings = Settings { model, ..EVERY_ROW };
        let cx = Cx::default();
        let penalty = Penalty::Bic.value(model, &one(&values), &cx).unwrap();
        for search in [Search::Pelt(penalty), Search::Binseg(Stop::Penalty(penalty)), Search::BottomUp(Stop::Penalty(penalty))] {
            prop_assert_eq!(find(&one(&values), &settings, search, &cx), find(&one(&moved), &settings, search, &cx));
        }
    }
}
