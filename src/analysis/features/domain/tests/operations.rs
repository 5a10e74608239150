//! The operations against pandas, and the promises that all of them keep.
//!
//! `tests/data/reference/domain.json` was made with pandas 2 from 300 random events (time in microseconds with ties,
//! ip, user, outcome, amount with gaps, counter, bytes, packets). Its expected columns, with `at` the events indexed by
//! time and `failed = outcome == "FAILED"`:
//!
//! - `failed_share`, `distinct_users`, `row_count`: per ip, `rolling("60s")` of failed (sum / count), of users
//!   (`len(set(x))`) and of ones (sum);
//! - `own_history`: `past = seen.groupby(user).shift(1).groupby(user).rolling(5, min_periods=3)` with
//!   `seen = amount.dropna()`, then `(seen - past.mean()) / past.std()`;
//! - `new_pair`: `~duplicated(["ip", "user"])`;
//! - `rate`: `groupby(user).counter.diff()`, the value itself where that is negative, over the difference of the times;
//! - `ratio`: `bytes / packets`; `rarity`: `-log((value_counts + 1) / (n + nunique + 1))` of the ip.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::super::op::{Capacity, ClockPart, Level, Source};
use super::super::*;
use crate::cx::{Cancelled, Cx};
use crate::recipe::ComputeConfig;

fn cx() -> Cx {
    Cx::new(&ComputeConfig::default())
}

/// A table for these tests.
#[derive(Debug, Clone, Default)]
struct Table {
    times: Vec<i64>,
    entities: Vec<u32>,
    numbers: BTreeMap<String, Vec<f64>>,
    texts: BTreeMap<String, Vec<Option<String>>>,
}

impl Table {
    fn n_rows(&self) -> usize {
        self.times.len()
    }

    fn run(&self, op: &Op) -> Vec<f64> {
        self.with_rows(op, |rows| {
            FittedOp::fit(op.clone(), rows, &cx()).and_then(|fitted| fitted.run(rows, &cx())).expect("not cancelled")
        })
    }

    fn with_rows<T>(&self, op: &Op, work: impl FnOnce(&Rows) -> T) -> T {
        let texts: BTreeMap<&str, Vec<Option<&str>>> = self
            .texts
            .iter()
            .map(|(name, texts)| (name.as_str(), texts.iter().map(Option::as_deref).collect()))
            .collect();
        let columns: Vec<Cells> = op
            .columns()
            .into_iter()
            .map(|name| {
                texts.get(name).map_or_else(|| Cells::Numbers(&self.numbers[name]), |texts| Cells::Texts(texts))
            })
            .collect();
        work(&Rows { n_rows: self.n_rows(), times: &self.times, entities: &self.entities, columns: &columns })
    }
}

fn window(rows: usize, seconds: i64) -> Window {
    Window { rows, micros: Some(seconds * 1_000_000) }
}

fn value(column: &str) -> Source {
    Source::Value(column.to_owned())
}

fn failed() -> Source {
    Source::Is { column: "outcome".to_owned(), values: vec!["failed".to_owned()] }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[derive(Deserialize)]
struct Reference {
    input: Input,
    expected: BTreeMap<String, Vec<Option<f64>>>,
}

#[derive(Deserialize)]
struct Input {
    time: Vec<i64>,
    ip: Vec<Option<String>>,
    user: Vec<Option<String>>,
    outcome: Vec<Option<String>>,
    amount: Vec<Option<f64>>,
    counter: Vec<Option<f64>>,
    bytes: Vec<Option<f64>>,
    packets: Vec<Option<f64>>,
}

fn reference() -> (Table, BTreeMap<String, Vec<Option<f64>>>) {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/domain.json"));
    let Reference { input, expected } = serde_json::from_str(text).expect("reference");
    let numbers = |values: Vec<Option<f64>>| values.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect();
    let entities = input.user.iter().flatten().map(|user| user[1..].parse().expect("a number")).collect();
    let table = Table {
        times: input.time,
        entities,
        numbers: [
            ("amount", input.amount),
            ("counter", input.counter),
            ("bytes", input.bytes),
            ("packets", input.packets),
        ]
        .map(|(name, values)| (name.to_owned(), numbers(values)))
        .into(),
        texts: [("ip", input.ip), ("user", input.user), ("outcome", input.outcome)]
            .map(|(name, values)| (name.to_owned(), values))
            .into(),
    };
    (table, expected)
}

#[test]
fn operations_agree_with_pandas() {
    let (table, expected) = reference();
    let minute = window(256, 60);
    let ops = [
        ("failed_share", Op::WindowRatio { top: failed(), bottom: vec![Source::One], by: some("ip"), window: minute }),
        ("distinct_users", Op::DistinctCount { column: "user".to_owned(), by: some("ip"), window: minute }),
        ("row_count", Op::RowCount { by: "ip".to_owned(), window: minute }),
        ("own_history", Op::OwnHistory { column: "amount".to_owned(), by: some("user"), n_values: 5 }),
        ("own_history", Op::OwnHistory { column: "amount".to_owned(), by: None, n_values: 5 }),
        ("new_pair", Op::NewValue { column: "user".to_owned(), by: some("ip") }),
        ("rate", Op::Rate { counter: "counter".to_owned() }),
        ("ratio", Op::Ratio { top: value("bytes"), bottom: vec![value("packets")] }),
        ("rarity", Op::RareValue { column: "ip".to_owned() }),
    ];
    for (name, op) in ops {
        let ours = table.run(&op);
        assert_eq!(ours.len(), expected[name].len());
        for (row, (ours, expected)) in ours.iter().zip(&expected[name]).enumerate() {
            match expected {
                None => assert!(ours.is_nan(), "{name} row {row}: {ours}"),
                Some(e) => assert!((ours - e).abs() <= 1e-10 * e.abs().max(1.0), "{name} row {row}: {ours} {e}"),
            }
        }
    }
}

/// One operation of each kind, and more where there are variants.
fn all_ops() -> Vec<Op> {
    let (minute, latest) = (window(20, 60), Window { rows: 7, micros: None });
    let full = Capacity::Column("packets".to_owned());
    let bytes = || "bytes".to_owned();
    vec![
        Op::Saturation { level: Level::Used(bytes()), capacity: full.clone() },
        Op::Saturation { level: Level::Free(bytes()), capacity: Capacity::Constant(100.0) },
        Op::Headroom { used: bytes(), capacity: full },
        Op::Ratio { top: value("bytes"), bottom: vec![value("bytes"), Source::Increase("counter".to_owned())] },
        Op::WindowRatio { top: failed(), bottom: vec![Source::One], by: None, window: minute },
        Op::WindowRatio {
            top: value("amount"),
            bottom: vec![value("bytes"), Source::One],
            by: some("ip"),
            window: latest,
        },
        Op::Rate { counter: "counter".to_owned() },
        Op::RowCount { by: "user".to_owned(), window: latest },
        Op::RowCount { by: "packets".to_owned(), window: minute },
        Op::DistinctCount { column: "packets".to_owned(), by: some("ip"), window: minute },
        Op::DistinctCount { column: "user".to_owned(), by: None, window: latest },
        Op::NewValue { column: "ip".to_owned(), by: some("user") },
        Op::NewValue { column: "packets".to_owned(), by: None },
        Op::RareValue { column: "user".to_owned() },
        Op::RareValue { column: "packets".to_owned() },
        Op::OwnHistory { column: "amount".to_owned(), by: some("ip"), n_values: 6 },
        Op::Clock { part: ClockPart::OffHours, when: When::RowTime { offset_minutes: 90 } },
        Op::Clock { part: ClockPart::HourCos, when: When::HourColumn("packets".to_owned()) },
    ]
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| if value.is_nan() { u64::MAX } else { value.to_bits() }).collect()
}

#[test]
fn a_stream_gives_the_bits_of_the_batch_also_after_storing() {
    let (table, _) = reference();
    for op in all_ops() {
        table.with_rows(&op, |rows| {
            let fitted = FittedOp::fit(op.clone(), rows, &cx()).expect("not cancelled");
            let batch = fitted.run(rows, &cx()).expect("not cancelled");
            let json = serde_json::to_string(&fitted).expect("json");
            let stored: FittedOp = serde_json::from_str(&json).expect("json");
            assert_eq!(stored, fitted);
            let mut machine: Machine = stored.machine();
            let stream: Vec<f64> = (0..rows.n_rows)
                .map(|row| {
                    let cells: Vec<Cell> = rows
                        .columns
                        .iter()
                        .map(|column| match column {
                            Cells::Numbers(values) => Cell::Number(values[row]),
                            Cells::Texts(values) => Cell::Text(values[row]),
                        })
                        .collect();
                    let (time, entity) = (Some(rows.times[row]), u64::from(rows.entities[row]));
                    machine.push(&Row { time, entity, cells: &cells })
                })
                .collect();
            assert_eq!(bits(&batch), bits(&stream), "{op:?}");
            assert!(batch.iter().any(|value| value.is_finite()), "{op:?}");
        });
    }
}

#[test]
fn the_future_changes_nothing() {
    let (table, _) = reference();
    let kept = 170;
    let mut other = table.clone();
    for values in other.numbers.values_mut() {
        values[kept..].iter_mut().for_each(|value| *value = 5.0 - *value);
    }
    for values in other.texts.values_mut() {
        values[kept..].iter_mut().for_each(|value| *value = some("later"));
    }
    other.entities[kept..].fill(99);
    for op in all_ops() {
        // What is learned comes from the training rows, and is the same for both.
        let fitted = table.with_rows(&op, |rows| FittedOp::fit(op.clone(), rows, &cx())).expect("not cancelled");
        let run = |table: &Table| table.with_rows(&op, |rows| fitted.run(rows, &cx())).expect("not cancelled");
        let (before, after) = (run(&table), run(&other));
        assert_eq!(bits(&before[..kept]), bits(&after[..kept]), "{op:?}");
    }
}

#[test]
fn rows_in_any_order_are_taken_by_time() {
    let (table, _) = reference();
    // Distinct times, then rows backwards.
    let sorted = Table { times: (0..300).map(|i| i * 7_000_000).collect(), ..table };
    let mut backwards = sorted.clone();
    backwards.times.reverse();
    backwards.entities.reverse();
    backwards.numbers.values_mut().for_each(|values| values.reverse());
    backwards.texts.values_mut().for_each(|values| values.reverse());
    for op in all_ops() {
        let mut ours = backwards.run(&op);
        ours.reverse();
        assert_eq!(bits(&ours), bits(&sorted.run(&op)), "{op:?}");
    }
}

#[test]
fn what_is_missing_is_nan() {
    let nothing = vec![f64::NAN, f64::INFINITY];
    let names = ["amount", "bytes", "packets", "counter"].map(|name| (name.to_owned(), nothing.clone()));
    let texts = ["ip", "user", "outcome"].map(|name| (name.to_owned(), vec![None, None]));
    let table = Table { times: vec![0, 1], entities: vec![0, 0], numbers: names.into(), texts: texts.into() };
    for op in all_ops() {
        let is_clock = matches!(op, Op::Clock { when: When::RowTime { .. }, .. });
        // No value at all is a count of no values.
        let counts_none = matches!(op, Op::DistinctCount { by: None, .. });
        let output = table.run(&op);
        assert!(
            output.iter().all(|v| if counts_none { *v == 0.0 } else { v.is_nan() != is_clock }),
            "{op:?} {output:?}"
        );
    }
}

#[test]
fn levels_and_ratios_by_hand() {
    let table = Table {
        times: vec![0; 5],
        entities: vec![],
        numbers: [
            ("used".to_owned(), vec![30.0, 0.0, 120.0, 5.0, -1e300]),
            ("all".to_owned(), vec![120.0, 80.0, 100.0, 0.0, 1e-300]),
        ]
        .into(),
        texts: BTreeMap::new(),
    };
    let all = || Capacity::Column("all".to_owned());
    let run = |op: Op| format!("{:?}", table.run(&op));
    let used = || "used".to_owned();
    let level = Level::Used(used());
    assert_eq!(run(Op::Saturation { level, capacity: all() }), format!("[0.25, 0.0, 1.2, NaN, {:?}]", -f64::MAX));
    let level = Level::Free(used());
    assert_eq!(
        run(Op::Saturation { level, capacity: Capacity::Constant(200.0) }),
        format!("[0.85, 1.0, 0.4, 0.975, {:?}]", 1e300 / 200.0)
    );
    assert_eq!(run(Op::Headroom { used: used(), capacity: all() }), "[90.0, 80.0, -20.0, -5.0, 1e300]");
    let share = Op::Ratio { top: value("used"), bottom: vec![value("used"), value("all")] };
    assert_eq!(run(share), "[0.2, 0.0, 0.5454545454545454, 1.0, 1.0]");
    let complement = Op::Ratio { top: Source::Complement(used()), bottom: vec![Source::One] };
    assert_eq!(run(complement), "[-29.0, 1.0, -119.0, -4.0, 1e300]");
}

#[test]
fn a_number_is_compared_as_it_is_written() {
    let is = |value: &str| Source::Is { column: "id".to_owned(), values: vec![value.to_owned()] };
    let op = Op::WindowRatio {
        top: is("4625"),
        bottom: vec![is("4625"), is("4624")],
        by: None,
        window: Window { rows: 10, micros: None },
    };
    let ids = vec![4634.0, 4624.0, 4625.0, f64::NAN, 4625.0];
    let table = Table {
        times: vec![0; 5],
        entities: vec![0; 5],
        numbers: [("id".to_owned(), ids)].into(),
        texts: BTreeMap::new(),
    };
    assert_eq!(format!("{:?}", table.run(&op)), format!("{:?}", [f64::NAN, 0.0, 0.5, 0.5, 2.0 / 3.0]));
}

#[test]
fn stops_when_cancelled() {
    let (table, _) = reference();
    let cancelled = cx();
    cancelled.cancel();
    let op = Op::Rate { counter: "counter".to_owned() };
    let fitted = FittedOp::fit(op.clone(), &Rows { n_rows: 0, times: &[], entities: &[], columns: &[] }, &cx());
    let fitted = fitted.expect("nothing to learn");
    assert_eq!(table.with_rows(&op, |rows| fitted.run(rows, &cancelled)), Err(Cancelled));
}

proptest! {
    /// Of finite numbers, huge ones too, come finite numbers or NaN.
    #[test]
    fn nothing_is_infinite(
        rows in prop::collection::vec(
            (prop::num::f64::NORMAL | prop::num::f64::ZERO, -1e300_f64..1e300, 0_i64..90),
            1..30,
        )
    ) {
        let (a, rest): (Vec<f64>, Vec<(f64, i64)>) = rows.into_iter().map(|(a, b, t)| (a, (b, t * 1_000_000))).unzip();
        let (b, times): (Vec<f64>, Vec<i64>) = rest.into_iter().unzip();
        let n = a.len();
        let numbers = [("amount", &a), ("bytes", &b), ("packets", &a), ("counter", &b)];
        let texts = ["ip", "user", "outcome"].map(|name| (name.to_owned(), vec![some("x"); n]));
        let table = Table {
            times,
            entities: vec![1; n],
            numbers: numbers.map(|(name, values)| (name.to_owned(), values.clone())).into(),
            texts: texts.into(),
        };
        for op in all_ops() {
            prop_assert!(table.run(&op).iter().all(|value| !value.is_infinite()), "{:?}", op);
        }
    }
}
