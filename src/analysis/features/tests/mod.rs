//! What features promise, against windows computed the plain way and by properties.

use proptest::prelude::*;

mod every_step;

use super::*;
use crate::data::{Column, ColumnQuality, Role, SeriesOrder, Table};
use crate::recipe::{ColumnType, FeaturesConfig, Statistic, WindowUnit};

const MINUTE: i64 = 60_000_000;

fn config(windows: &[u32], window_unit: WindowUnit) -> FeaturesConfig {
    let mut config = FeaturesConfig::rolling();
    config.statistical.windows = windows.iter().copied().max().into_iter().collect();
    config.time_series.rolling_statistics.windows = windows.to_vec();
    config.time_series.rolling_statistics.window_unit = window_unit;
    config.time_series.rolling_statistics.min_history = 0.0;
    config
}

#[test]
fn windows_that_have_only_begun_give_nothing() {
    let table = Table::of_features(
        &[("x", (0..8).map(f64::from).collect())],
        Some((0..8).map(|minute| minute * MINUTE).collect()),
        Some(vec![0, 0, 0, 0, 0, 1, 1, 1]),
    );
    for unit in [WindowUnit::Rows, WindowUnit::Minutes] {
        let mut config = config(&[4], unit);
        config.time_series.rolling_statistics.min_history = 0.5;
        let features = compute(&table, &config);
        let (mean, z) = (named(&features, "x_mean_4"), named(&features, "x_z_4"));
        // Half of four rows is there with the second row; half of four minutes has passed with the third.
        let n_missing = if unit == WindowUnit::Rows { 1 } else { 2 };
        let missing: Vec<usize> = (0..8).filter(|&row| mean[row].is_nan()).collect();
        let expected: Vec<usize> = (0..n_missing).chain(5..5 + n_missing).collect();
        assert_eq!(missing, expected, "{unit:?}");
        assert_eq!((0..8).filter(|&row| z[row].is_nan()).collect::<Vec<_>>(), [0, 1, 5, 6], "{unit:?}");
    }
}

/// All features of a table with their names.
fn compute(table: &Table, config: &FeaturesConfig) -> Vec<(String, Vec<f64>)> {
    let (cx, order) = (Cx::default(), SeriesOrder::of(table));
    let input = FeatureInput::new(table, &order, None);
    let plan = plan(&input, config, &cx).unwrap();
    let columns = (0..plan.n_nodes()).flat_map(|node| plan.compute_node(node, &input, &cx).unwrap().columns);
    plan.features.iter().map(|f| f.name.clone()).zip(columns).collect()
}

/// The plan of a table.
fn planned(table: &Table, config: &FeaturesConfig) -> Result<FeaturePlan, FeatureError> {
    let order = SeriesOrder::of(table);
    plan(&FeatureInput::new(table, &order, None), config, &Cx::default())
}

fn named<'a>(features: &'a [(String, Vec<f64>)], name: &str) -> &'a [f64] {
    &features.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no feature {name}")).1
}

/// Equality where NaN equals NaN.
fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x == y || (x.is_nan() && y.is_nan()))
}

/// A statistic of finite values by its definition.
fn plain(statistic: Statistic, mut values: Vec<f64>) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.sort_by(f64::total_cmp);
    match statistic {
        _ if values.is_empty() => f64::NAN,
        Statistic::Mean => mean,
        Statistic::Std if values.len() < 2 => f64::NAN,
        Statistic::Std => (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0)).sqrt(),
        Statistic::Min => values[0],
        Statistic::Max => values[values.len() - 1],
        Statistic::Median => (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0,
    }
}

#[derive(Debug, Clone)]
struct Rows {
    values: Vec<f64>,
    times: Vec<i64>,
    codes: Vec<u32>,
}

impl Rows {
    fn table(&self) -> Table {
        let step = Some(MINUTE);
        let mut table =
            Table::of_features(&[("x", self.values.clone())], Some(self.times.clone()), Some(self.codes.clone()));
        table.quality.median_step_micros = step;
        table
    }

    /// Whether row `a` comes before row `b` of the same entity.
    fn before(&self, a: usize, b: usize) -> bool {
        self.codes[a] == self.codes[b] && (self.times[a], a) < (self.times[b], b)
    }

    /// The rows up to and including a row, of its entity, newest last.
    fn past(&self, row: usize) -> Vec<usize> {
        let mut past: Vec<usize> = (0..self.values.len()).filter(|&a| a == row || self.before(a, row)).collect();
        past.sort_by_key(|&a| (self.times[a], a));
        past
    }
}

/// Random rows: a few entities, times in disorder, repeated and with gaps, missing and infinite values, ties.
fn rows() -> impl Strategy<Value = Rows> {
    let value = prop_oneof![
        6 => -100.0..100.0f64,
        3 => (0..4i32).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY)
    ];
    let time = (0..40i64).prop_map(|t| t * MINUTE / 2);
    prop::collection::vec((value, time, 0..3u32), 1..60).prop_map(|rows| Rows {
        values: rows.iter().map(|r| r.0).collect(),
        times: rows.iter().map(|r| r.1).collect(),
        codes: rows.iter().map(|r| r.2).collect(),
    })
}

fn unit() -> impl Strategy<Value = WindowUnit> {
    prop_oneof![Just(WindowUnit::Minutes), Just(WindowUnit::Rows)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn windows_are_those_of_the_definition(rows in rows(), unit in unit(), min_periods in 1..4u32) {
        let mut config = config(&[1, 3, 7], unit);
        config.time_series.rolling_statistics.min_periods = min_periods;
        let features = compute(&rows.table(), &config);
        for (statistic, name) in [
            (Statistic::Mean, "mean"),
            (Statistic::Std, "std"),
            (Statistic::Min, "min"),
            (Statistic::Max, "max"),
            (Statistic::Median, "median"),
        ] {
            let got = named(&features, &format!("x_{name}_7"));
            for (row, &got) in got.iter().enumerate() {
                let mut window = rows.past(row);
                match unit {
                    WindowUnit::Rows => drop(window.drain(..window.len().saturating_sub(7))),
                    _ => window.retain(|&a| rows.times[a] > rows.times[row] - 7 * MINUTE),
                }
                let values: Vec<f64> = window.iter().map(|&a| rows.values[a]).filter(|v| v.is_finite()).collect();
                let enough = values.len() >= min_periods as usize;
                let expected = if enough { plain(statistic, values) } else { f64::NAN };
                prop_assert!(
                    (got - expected).abs() < 1e-9 || (got.is_nan() && expected.is_nan()),
                    "{name} of row {row}: {got} instead of {expected}"
                );
            }
        }
    }

    #[test]
    fn z_scores_are_those_of_the_definition(rows in rows(), unit in unit()) {
        let features = compute(&rows.table(), &config(&[2, 5], unit));
        for (row, &got) in named(&features, "x_z_5").iter().enumerate() {
            let mut window = rows.past(row);
            window.pop();
            match unit {
                WindowUnit::Rows => drop(window.drain(..window.len().saturating_sub(5))),
                _ => window.retain(|&a| rows.times[a] >= rows.times[row] - 5 * MINUTE),
            }
            let values: Vec<f64> = window.iter().map(|&a| rows.values[a]).filter(|v| v.is_finite()).collect();
            if values.len() < 2 || !rows.values[row].is_finite() {
                prop_assert!(got.is_nan());
                continue;
            }
            let distance = rows.values[row] - plain(Statistic::Mean, values.clone());
            let expected = if values.iter().all(|&v| v == values[0]) {
                if distance == 0.0 { 0.0 } else { 20f64.copysign(distance) }
            } else {
                (distance / plain(Statistic::Std, values)).clamp(-20.0, 20.0)
            };
            prop_assert!((got - expected).abs() < 1e-6, "row {row}: {got} instead of {expected}");
        }
    }

    #[test]
    fn nothing_after_a_row_changes_its_features(
        rows in rows(), unit in unit(), at in any::<prop::sample::Index>(), other in -1e6..1e6f64
    ) {
        let at = at.index(rows.values.len());
        let mut changed = rows.clone();
        for row in (0..rows.values.len()).filter(|&row| !rows.past(at).contains(&row)) {
            changed.values[row] = other * (row as f64);
        }
        let config = config(&[1, 4, 9], unit);
        let (features, changed) = (compute(&rows.table(), &config), compute(&changed.table(), &config));
        for ((name, a), (_, b)) in features.iter().zip(&changed) {
            for row in rows.past(at) {
                prop_assert!(same(&a[row..=row], &b[row..=row]), "{name} of row {row}: {} {}", a[row], b[row]);
            }
        }
    }

    #[test]
    fn order_of_the_rows_does_not_matter(mut rows in rows(), unit in unit(), seed in any::<u64>()) {
        // Times that differ, so that the order by time is the same before and after.
        rows.times.iter_mut().zip(1..).for_each(|(time, i)| *time += i);
        let n = rows.values.len();
        let mut shuffled: Vec<usize> = (0..n).collect();
        shuffled.sort_by_key(|&row| (row as u64 + 1).wrapping_mul(seed | 1));
        let permuted = Rows {
            values: shuffled.iter().map(|&row| rows.values[row]).collect(),
            times: shuffled.iter().map(|&row| rows.times[row]).collect(),
            codes: shuffled.iter().map(|&row| rows.codes[row]).collect(),
        };
        let config = config(&[1, 4, 9], unit);
        let (features, permuted) = (compute(&rows.table(), &config), compute(&permuted.table(), &config));
        for ((name, a), (_, b)) in features.iter().zip(&permuted) {
            let expected: Vec<f64> = shuffled.iter().map(|&row| a[row]).collect();
            prop_assert!(same(b, &expected), "{name}");
        }
    }
}

/// A walk of `n` steps with ties and gaps, the same each time.
fn walk(n: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut value = 0.0;
    (0..n)
        .map(|i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            value += (state >> 60) as f64 - 7.5;
            if i % 17 == 3 { f64::NAN } else { value }
        })
        .collect()
}

#[test]
fn long_windows_agree_with_the_definition() {
    let values = walk(4000);
    let times = (0..4000).map(|i| i * MINUTE).collect();
    let table = Table::of_features(&[("x", values.clone())], Some(times), None);
    let features = compute(&table, &config(&[700, 3000], WindowUnit::Rows));
    for (window, name) in [(700, "x_median_700"), (3000, "x_median_3000")] {
        let got = named(&features, name);
        for row in (0..values.len()).step_by(37) {
            let past = &values[(row + 1usize).saturating_sub(window)..=row];
            let present = past.iter().copied().filter(|v| v.is_finite()).collect();
            assert_eq!(got[row], plain(Statistic::Median, present), "{name} of row {row}");
        }
    }
}

#[test]
fn a_large_offset_and_a_constant_lose_nothing() {
    let noise: Vec<f64> = walk(2000).into_iter().map(|v| (v * 0.25) % 1.0).collect();
    let with_offset: Vec<f64> = noise.iter().map(|v| v + 1e9).collect();
    let spiked: Vec<f64> = (0..2000).map(|i| if i == 500 { 1e15 } else { 0.1 }).collect();
    let times: Vec<i64> = (0..2000).map(|i| i * MINUTE).collect();
    let columns = [("noise", noise), ("offset", with_offset), ("spiked", spiked)];
    let table = Table::of_features(&columns, Some(times), None);
    let features = compute(&table, &config(&[10, 60], WindowUnit::Rows));
    for (a, b) in named(&features, "noise_std_60").iter().zip(named(&features, "offset_std_60")).skip(2) {
        assert!((a - b).abs() < 1e-12, "{a} {b}");
    }
    for (row, (&mean, &std)) in
        named(&features, "spiked_mean_10").iter().zip(named(&features, "spiked_std_10")).enumerate().skip(1)
    {
        if !(500..510).contains(&row) {
            assert_eq!((mean, std), (0.1, 0.0), "row {row}");
        }
    }
}

#[test]
fn magnitudes_from_smallest_to_largest_give_finite_features() {
    let values: Vec<f64> = (0..200).map(|i| [1e300, -f64::MAX, f64::MAX, 1.0, 1e-300][i * i % 5]).collect();
    let tiny: Vec<f64> = (0..200).map(|i| 1e-200 * f64::from(i % 3)).collect();
    let table = Table::of_features(&[("huge", values), ("tiny", tiny)], Some((0..200).collect()), None);
    let features = compute(&table, &config(&[3, 30], WindowUnit::Rows));
    for (name, column) in &features {
        assert!(column.iter().skip(2).all(|v| v.is_finite()), "{name}");
    }
    // Three values 0, 1, 2 (in units of 1e-200) have the deviation 1.
    assert!(named(&features, "tiny_std_3").iter().skip(2).all(|v| (v / 1e-200 - 1.0).abs() < 1e-9));
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let times: Vec<i64> = (0..20_000).map(|i| (i * 7919 % 20_000) * MINUTE).collect();
    let codes = (0..20_000).map(|i| i % 7).collect();
    let table = Table::of_features(&[("x", walk(20_000)), ("y", walk(20_000))], Some(times), Some(codes));
    let with = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| compute(&table, &config(&[5, 60, 500], WindowUnit::Minutes)))
    };
    for ((name, a), (_, b)) in with(1).iter().zip(&with(4)) {
        assert!(a.iter().zip(b).all(|(x, y)| x.to_bits() == y.to_bits()), "{name}");
    }
}

#[test]
fn one_row_and_a_constant_and_an_empty_column() {
    let one = Table::of_features(&[("x", vec![3.0])], Some(vec![0]), None);
    let features = compute(&one, &config(&[5], WindowUnit::Rows));
    let value = |name| named(&features, name)[0];
    assert_eq!(["x", "x_mean_5", "x_min_5", "x_max_5", "x_median_5"].map(value), [3.0; 5]);
    assert!(value("x_std_5").is_nan() && value("x_z_5").is_nan());

    let columns = [("constant", vec![0.1; 9]), ("empty", vec![f64::NAN; 9])];
    let features =
        compute(&Table::of_features(&columns, Some((0..9).collect()), None), &config(&[4], WindowUnit::Rows));
    assert!(named(&features, "constant_std_4").iter().skip(1).all(|&v| v == 0.0));
    assert!(named(&features, "constant_z_4").iter().skip(2).all(|&v| v == 0.0));
    assert!(features.iter().filter(|(name, _)| name.starts_with("empty")).all(|(_, v)| v.iter().all(|v| v.is_nan())));
}

#[test]
fn names_order_unit_and_descriptions() {
    let mut table = Table::of_features(&[("b", vec![1.0, 2.0]), ("a", vec![1.0, 2.0])], Some(vec![0, 1]), None);
    table.columns[1].name = "b_mean_5".into();
    table.quality.median_step_micros = Some(MINUTE);
    let plan = planned(&table, &config(&[5, 1], WindowUnit::Auto)).unwrap();
    let names: Vec<&str> = plan.features.iter().map(|f| f.name.as_str()).take(13).collect();
    let expected =
        "b b_mean_5_2 b_std_5 b_min_5 b_max_5 b_median_5 b_mean_1 b_std_1 b_min_1 b_max_1 b_median_1 b_z_5 b_mean_5";
    assert_eq!(names.join(" "), expected);
    assert_eq!(plan.unit, Some(Unit::Minutes));
    assert_eq!(plan.entries[1].formula, "Mean of b over the last 5 minutes, this row included");
    assert_eq!((plan.sources(), plan.n_nodes()), (&["b".to_owned(), "b_mean_5".to_owned()][..], 6));
    assert_eq!(plan.node_columns(4).collect::<Vec<_>>(), ["b_mean_5"]);
    assert_eq!((plan.node_features(4), plan.node_of(13)), (13..23, Some(4)));

    table.quality.median_step_micros = Some(5 * MINUTE);
    let plan = planned(&table, &config(&[5, 1], WindowUnit::Auto)).unwrap();
    assert_eq!(plan.unit, Some(Unit::Rows));
    assert!(!plan.features.iter().any(|f| f.name == "b_std_1"), "one row has no deviation");
}

#[test]
fn without_time_there_are_raw_features_only() {
    let table = Table::of_features(&[("x", vec![1.0, f64::INFINITY])], None, None);
    let features = compute(&table, &FeaturesConfig::rolling());
    assert_eq!(features.len(), 1);
    assert!(same(named(&features, "x"), &[1.0, f64::NAN]));
    let config = FeaturesConfig { raw: false, ..FeaturesConfig::rolling() };
    let error = planned(&table, &config).unwrap_err();
    assert!(error.to_string().contains("data.time"), "{error}");
}

#[test]
fn a_table_without_usable_columns_says_why() {
    let mut table = Table::of_features(&[("when", vec![1.0]), ("who", vec![1.0]), ("x", vec![f64::NAN])], None, None);
    table.columns[0].role = Role::Time;
    table.columns[1] = Column { name: "who".into(), kind: ColumnType::Text, role: Role::Ignored };
    table.quality.columns = vec![ColumnQuality { name: "x".into(), n_missing: 1, ..ColumnQuality::default() }];
    let error = planned(&table, &FeaturesConfig::rolling()).unwrap_err().to_string();
    assert!(error.contains("when holds the time, who holds text, x holds no value"), "{error}");
    let empty = Table::of_features(&[("x", vec![])], None, None);
    assert_eq!(planned(&empty, &FeaturesConfig::rolling()), Err(FeatureError::NoRows));
}

#[test]
fn cancelling_stops_it() {
    let table = Table::of_features(&[("x", walk(100))], Some((0..100).collect()), None);
    let (cx, order) = (Cx::default(), SeriesOrder::of(&table));
    let input = FeatureInput::new(&table, &order, None);
    let plan = plan(&input, &FeaturesConfig::rolling(), &cx).unwrap();
    cx.cancel();
    assert_eq!(plan.compute_node(0, &input, &cx), Err(FeatureError::Cancelled));
}
