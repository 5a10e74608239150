//! What every step promises, whatever it computes: no look-ahead, stream = batch, the same bits on any number of threads.

use polars::prelude::{Column, DataFrame, NamedFrom, Series};

use super::MINUTE;
use crate::analysis::features::*;
use crate::data::{SeriesOrder, Table};
use crate::recipe::{
    ChangeCost, ChangePenalty, ColumnChoice, DataConfig, FeaturesConfig, Scope, SeasonalMethod, TimeFormat,
    VolatilityMethod, VolatilityOf, WindowUnit,
};

const ROWS: usize = 400;

/// Repeatable noise in 0 to 1.
fn noise(i: usize, salt: u64) -> f64 {
    let mut state = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt.wrapping_mul(0xD1B5_4A32_D192_ED03);
    state ^= state >> 29;
    state = state.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state ^= state >> 32;
    (state >> 11) as f64 / (1_u64 << 53) as f64
}

/// A table that every step finds something in: two hosts in turn, a row each minute, gaps, ties, counters, words,
/// addresses, URLs and messages. From row `changed_from` on everything is another.
fn table(changed_from: usize) -> Table {
    let salt = |i: usize| if i >= changed_from { 77 } else { 1 };
    let number = |f: &dyn Fn(usize) -> f64| -> Vec<Option<f64>> {
        let value = |i: usize| if noise(i, 5 + salt(i)) < 0.04 { None } else { Some(f(i)) };
        (0..ROWS).map(value).collect()
    };
    let words = |f: &dyn Fn(usize) -> String| -> Vec<Option<String>> {
        let value = |i: usize| if noise(i, 9 + salt(i)) < 0.03 { None } else { Some(f(i)) };
        (0..ROWS).map(value).collect()
    };
    let pick = |i: usize, n: usize, s: u64| (noise(i, s + salt(i)) * n as f64) as usize;
    let season = |i: usize| ((i / 2 % 30) as f64 / 30.0 * std::f64::consts::TAU).sin();
    let columns: Vec<Column> = vec![
        Series::new("time".into(), (0..ROWS).map(|i| (i / 2) as i64 * 60).collect::<Vec<_>>()).into(),
        Series::new("host".into(), (0..ROWS).map(|i| ["a", "b"][i % 2]).collect::<Vec<_>>()).into(),
        Series::new("cpu_percent".into(), number(&|i| 50.0 + 20.0 * season(i) + 9.0 * noise(i, salt(i)))).into(),
        Series::new(
            "memory_percent".into(),
            number(&|i| if i / 2 % 70 < 35 { 40.0 } else { 60.0 } + noise(i, 2 + salt(i))),
        )
        .into(),
        Series::new("bytes_in".into(), number(&|i| (noise(i, 3 + salt(i)) * 9e4).round())).into(),
        Series::new("packets_in".into(), number(&|i| (noise(i, 4 + salt(i)) * 90.0).round() + 1.0)).into(),
        Series::new("requests_total".into(), number(&|i| (i / 2 % 150) as f64 * 10.0 + noise(i, salt(i)))).into(),
        Series::new("user".into(), words(&|i| format!("user{}", pick(i, 6, 11)))).into(),
        Series::new("src_ip".into(), words(&|i| format!("10.0.{}.{}", pick(i, 3, 13), pick(i, 9, 17)))).into(),
        Series::new("page".into(), words(&|i| format!("https://h{}.example.org/a/{}?q=1", pick(i, 3, 19), i))).into(),
        Series::new("message".into(), words(&|i| format!("failed login number {i} from {}", pick(i, 99, 23)))).into(),
    ];
    let config = DataConfig {
        time: ColumnChoice::Column("time".into()),
        entity: ColumnChoice::Column("host".into()),
        label: ColumnChoice::None,
        time_format: TimeFormat::EpochSeconds,
        ..DataConfig::default()
    };
    let frame = DataFrame::new(ROWS, columns).unwrap();
    Table::from_frame("t", "test:t", frame, Vec::new(), &config, &Cx::default()).unwrap()
}

/// Everything on, in sizes that fit the table.
fn everything(unit: WindowUnit) -> FeaturesConfig {
    let mut config = FeaturesConfig::default();
    let time_series = &mut config.time_series;
    time_series.rolling_statistics.window_unit = unit;
    time_series.rolling_statistics.windows = vec![3, 10];
    time_series.rolling_statistics.quantiles = vec![0.1, 0.9];
    time_series.trend_analysis.windows = vec![8];
    time_series.seasonal_analysis.seasonal_periods = vec![0.25, 0.5];
    time_series.seasonal_analysis.detect_period = true;
    time_series.volatility.windows = vec![5];
    time_series.volatility.methods.push(VolatilityMethod::GarchModel);
    config.statistical.windows = vec![12];
    config.statistical.correlation.cross_correlation_lags = vec![1, 5];
    (config.text.ordinal, config.text.one_hot_levels) = (true, 3);
    config.text.novelty_rows = 10;
    config.domain.window_minutes = 20;
    config
}

/// The same without what looks ahead, in forms that the one above leaves out.
fn live() -> FeaturesConfig {
    let mut config = everything(WindowUnit::Minutes);
    config.time_series.change_points.methods = vec![crate::recipe::ChangeMethod::Pelt];
    config.time_series.change_points.cost = ChangeCost::Normal;
    config.time_series.volatility.of = VolatilityOf::Values;
    config.statistical.scopes = vec![Scope::Global];
    config
}

/// All features of a table, fitted on its first half.
fn computed(table: &Table, config: &FeaturesConfig) -> (FeaturePlan, Vec<FittedNode>, Vec<Vec<f64>>) {
    let order = SeriesOrder::of(table);
    let training = (0..table.n_rows()).map(|row| row < ROWS / 2).collect();
    let (input, cx) = (FeatureInput::new(table, &order, Some(training)), Cx::default());
    let plan = plan(&input, config, &cx).unwrap();
    let nodes = (0..plan.n_nodes()).map(|node| plan.compute_node(node, &input, &cx).unwrap());
    let (mut fitted, mut columns) = (Vec::new(), Vec::new());
    for node in nodes {
        fitted.push(node.fitted);
        columns.extend(node.columns);
    }
    (plan, fitted, columns)
}

fn bits(column: &[f64]) -> Vec<u64> {
    column.iter().map(|value| if value.is_nan() { u64::MAX } else { value.to_bits() }).collect()
}

#[test]
fn every_step_is_in_the_test() {
    let (plan, _, columns) = computed(&table(ROWS), &everything(WindowUnit::Rows));
    let mut kinds: Vec<String> =
        plan.nodes.iter().map(|node| format!("{:?}", node.step).split(['(', ' ']).next().unwrap().to_owned()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(
        kinds.join(" "),
        "Changes Combination Correlations Domain Entropies FourierTerms Raw Seasonal Standing Swings Windows Words"
    );
    // And each finds something to say.
    for (entry, column) in plan.entries.iter().zip(&columns) {
        assert!(column.iter().any(|value| value.is_finite()), "{} has no value", entry.name);
        assert!(column.iter().all(|value| value.is_finite() || value.is_nan()), "{} is infinite", entry.name);
        assert!(!entry.formula.is_empty() && !entry.name.is_empty());
        assert!(entry.setting.starts_with("features."), "{}", entry.setting);
    }
    let mut names: Vec<&str> = plan.entries.iter().map(|entry| entry.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), plan.entries.len());
    for setting in ["system_metrics", "network_metrics", "security_indicators"] {
        assert!(plan.entries.iter().any(|entry| entry.setting.ends_with(setting)), "{setting}");
    }
}

#[test]
fn changing_the_future_never_changes_the_past() {
    let mut n_ahead = 0;
    for (name, config) in
        [("rows", everything(WindowUnit::Rows)), ("minutes", everything(WindowUnit::Minutes)), ("live", live())]
    {
        for at in [ROWS / 2, ROWS / 2 + 131, ROWS - 1] {
            let (plan, fitted, columns) = computed(&table(ROWS), &config);
            let (other, other_fitted, changed) = computed(&table(at), &config);
            assert_eq!(plan, other, "{name}: the plan looks at the future");
            assert_eq!(fitted, other_fitted, "{name}: something was learned from the future");
            for ((entry, a), b) in plan.entries.iter().zip(&columns).zip(&changed) {
                let is_same = bits(&a[..at]) == bits(&b[..at]);
                if entry.look_back.looks_ahead() {
                    n_ahead += usize::from(!is_same);
                } else {
                    assert!(is_same, "{name}: {} before row {at} changes with what comes after", entry.name);
                }
            }
        }
    }
    // The warning label is not for nothing: some do look ahead.
    assert!(n_ahead > 0);
}

#[test]
fn steps_that_look_ahead_say_so_and_are_refused_live() {
    let mut n_refused = 0;
    for method in [SeasonalMethod::Classical, SeasonalMethod::Stl, SeasonalMethod::Mstl] {
        let mut config = live();
        config.time_series.seasonal_analysis.decomposition = method;
        let (plan, nodes, columns) = computed(&table(ROWS), &config);
        let (_, _, changed) = computed(&table(ROWS - 20), &config);
        let is_residual = |name: &str| name == "cpu_percent_residual";
        let residual = plan.entries.iter().position(|entry| is_residual(&entry.name)).unwrap();
        assert!(plan.entries[residual].look_back.looks_ahead());
        assert_ne!(bits(&columns[residual][..ROWS - 20]), bits(&changed[residual][..ROWS - 20]), "{method:?}");
        let fitted = FittedFeatures { plan, nodes };
        let error = fitted.stream().map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("features.time_series.seasonal_analysis"), "{error}");
        n_refused += 1;
    }
    for penalty in [ChangePenalty::Bic, ChangePenalty::Changes(3)] {
        let mut config = live();
        let changes = &mut config.time_series.change_points;
        (changes.penalty, changes.cost) = (penalty, ChangeCost::L1);
        changes.look_ahead = penalty == ChangePenalty::Bic;
        let (plan, _, columns) = computed(&table(ROWS), &config);
        let at = plan.entries.iter().position(|entry| entry.name == "memory_percent_pelt_since_change").unwrap();
        assert!(plan.entries[at].look_back.looks_ahead() && plan.check_live().is_err());
        // Per host, the first rows of segments: the series has jumps every 35 rows.
        let n_starts = (0..ROWS).filter(|&row| columns[at][row] == 0.0).count();
        assert!(if penalty == ChangePenalty::Bic { n_starts > 4 } else { n_starts == 8 }, "{n_starts}");
    }
    let error = computed(&table(ROWS), &everything(WindowUnit::Rows)).0.check_live().unwrap_err().to_string();
    assert!(error.contains("change_points") && error.contains("binseg"), "{error}");
    assert_eq!(n_refused, 3);
}

#[test]
fn a_stream_gives_the_bits_of_the_batch() {
    for unit in [WindowUnit::Rows, WindowUnit::Minutes] {
        let mut config = live();
        config.time_series.rolling_statistics.window_unit = unit;
        config.statistical.scopes.push(Scope::Rolling);
        config.time_series.volatility.of = VolatilityOf::Differences;
        let table = table(ROWS);
        let (plan, nodes, columns) = computed(&table, &config);
        // What was fitted is stored and read again on the way.
        let stored = ron::to_string(&FittedFeatures { plan, nodes }).unwrap();
        let fitted: FittedFeatures = ron::from_str(&stored).unwrap();
        let mut stream = fitted.stream().unwrap();
        let raw = |name: &str| table.numbers(name);
        let numbers: std::collections::HashMap<&str, Vec<f64>> =
            table.columns.iter().filter_map(|c| Some((c.name.as_str(), raw(&c.name)?))).collect();
        let texts: std::collections::HashMap<&str, Vec<Option<&str>>> =
            table.columns.iter().filter_map(|c| Some((c.name.as_str(), table.texts(&c.name)?))).collect();
        let (times, entities) = (table.time().unwrap(), table.entities().unwrap());
        assert_eq!(times[2] - times[0], MINUTE);
        for row in 0..ROWS {
            let got =
                stream.push(entities.name_of(row), times[row], |name| numbers[name][row], |name| texts[name][row]);
            for ((entry, column), &value) in fitted.plan.entries.iter().zip(&columns).zip(got) {
                let expected = column[row];
                assert_eq!(
                    bits(&[value]),
                    bits(&[expected]),
                    "{} of row {row}: {value} in the stream, {expected} in the batch",
                    entry.name
                );
            }
        }
    }
}

#[test]
fn a_next_row_can_be_tried_and_leaves_no_trace() {
    let table = table(ROWS);
    let (plan, nodes, columns) = computed(&table, &everything(WindowUnit::Rows));
    let fitted = FittedFeatures { plan, nodes };
    let numbers: std::collections::HashMap<&str, Vec<f64>> =
        table.columns.iter().filter_map(|c| Some((c.name.as_str(), table.numbers(&c.name)?))).collect();
    let texts: std::collections::HashMap<&str, Vec<Option<&str>>> =
        table.columns.iter().filter_map(|c| Some((c.name.as_str(), table.texts(&c.name)?))).collect();
    let (times, entities) = (table.time().unwrap(), table.entities().unwrap());
    let mut states = std::collections::HashMap::new();
    let mut n_tried = 0;
    for (row, &time) in times.iter().enumerate() {
        let name = entities.name_of(row);
        let state = states.entry(name.to_owned()).or_insert_with(|| fitted.entity(name, |_| true));
        let (number, text) = (|name: &str| numbers[name][row], |name: &str| texts[name][row]);
        // Rows that never came: one far off, and one of another text.
        fitted.try_next(state, |_| true, time, |_| 1e6, |_| Some("never seen"));
        let tried = fitted.try_next(state, |_| true, time, number, text);
        for (place, value) in &tried {
            let (entry, expected) = (&fitted.plan.entries[*place], columns[*place][row]);
            assert!(!entry.look_back.looks_ahead(), "{}", entry.name);
            assert_eq!(bits(&[*value]), bits(&[expected]), "{} of row {row}: {value} {expected}", entry.name);
        }
        n_tried = tried.len();
        // Only what comes from the column.
        for (place, _) in fitted.try_next(state, |column| column == "cpu_percent", time, number, text) {
            assert!(fitted.plan.entries[place].sources.iter().any(|source| source == "cpu_percent"));
        }
        fitted.take(state, time, number, text);
    }
    let n_live = fitted.plan.entries.iter().filter(|entry| !entry.look_back.looks_ahead()).count();
    assert!(n_tried > n_live / 2 && n_tried < fitted.plan.entries.len(), "{n_tried} of {n_live}");
}

#[test]
fn the_number_of_threads_changes_no_bit_of_any_step() {
    let mut config = everything(WindowUnit::Rows);
    config.time_series.seasonal_analysis.decomposition = SeasonalMethod::Mstl;
    config.time_series.seasonal_analysis.robust = true;
    let table = table(ROWS);
    let with = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| computed(&table, &config))
    };
    let ((plan, fitted, a), (_, again, b)) = (with(1), with(3));
    assert_eq!(fitted, again);
    for ((entry, a), b) in plan.entries.iter().zip(&a).zip(&b) {
        assert_eq!(bits(a), bits(b), "{}", entry.name);
    }
}

#[test]
fn one_row_constants_and_nothing_at_all_are_no_trouble() {
    let config = everything(WindowUnit::Rows);
    let constant = vec![0.1; 40];
    let empty = vec![f64::NAN; 40];
    let huge: Vec<f64> = (0..40).map(|i| if i % 2 == 0 { 1e300 } else { -1e300 }).collect();
    for n in [1, 2, 40] {
        let columns = [("c", constant[..n].to_vec()), ("e", empty[..n].to_vec()), ("h", huge[..n].to_vec())];
        let table = Table::of_features(&columns, Some((0..n as i64).map(|i| i * MINUTE).collect()), None);
        let order = SeriesOrder::of(&table);
        let (input, cx) = (FeatureInput::new(&table, &order, None), Cx::default());
        let plan = plan(&input, &config, &cx).unwrap();
        for node in 0..plan.n_nodes() {
            let columns = plan.compute_node(node, &input, &cx).unwrap().columns;
            let entries = &plan.entries[plan.node_features(node)];
            for (entry, column) in entries.iter().zip(&columns) {
                assert_eq!(column.len(), n);
                assert!(column.iter().all(|value| !value.is_infinite()), "{}: {column:?}", entry.name);
            }
        }
    }
}

#[test]
fn entities_are_held_against_their_own_past() {
    // Two hosts with the same rhythm, one a hundred times as strong: each one's season is its own.
    let n = 480;
    let rhythm = |i: usize| ((i / 2 % 30) as f64 / 30.0 * std::f64::consts::TAU).sin();
    let load = (0..n).map(|i| rhythm(i) * if i % 2 == 0 { 100.0 } else { 1.0 }).collect();
    let times = (0..n as i64).map(|i| i / 2 * MINUTE).collect();
    let mut table = Table::of_features(&[("load", load)], Some(times), Some((0..n as u32).map(|i| i % 2).collect()));
    table.quality.median_step_micros = Some(MINUTE);
    let mut config = FeaturesConfig::rolling();
    config.time_series.seasonal_analysis.enabled = true;
    (config.time_series.seasonal_analysis.seasonal_periods, config.time_series.seasonal_analysis.fourier_terms) =
        (vec![0.5], 0);
    let (plan, _, columns) = computed(&table, &config);
    let at = plan.entries.iter().position(|entry| entry.name == "load_residual").unwrap();
    // A period of 30 rows has passed from row 60 on.
    assert!((60..n).all(|row| columns[at][row].abs() < 1e-9), "{:?}", &columns[at][60..70]);
}
