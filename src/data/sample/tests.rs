//! What the samples promise.

use std::collections::HashMap;

use super::incidents::{Kind, schedule};
use super::*;
use polars::prelude::DataType;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn share_labelled(frame: &DataFrame) -> f64 {
    let label = frame.column("label").unwrap().bool().unwrap().clone();
    f64::from(label.sum().unwrap_or(0)) / frame.height() as f64
}

fn floats(frame: &DataFrame, name: &str) -> Vec<Option<f64>> {
    let column = frame.column(name).unwrap().cast(&DataType::Float64).unwrap();
    column.f64().unwrap().iter().collect()
}

/// Pearson correlation of two columns over unlabelled rows without missing values.
fn correlation(frame: &DataFrame, a: &str, b: &str) -> f64 {
    let label = frame.column("label").unwrap().bool().unwrap().clone();
    let pairs: Vec<(f64, f64)> = floats(frame, a)
        .into_iter()
        .zip(floats(frame, b))
        .zip(label.iter())
        .filter(|(_, label)| *label == Some(false))
        .filter_map(|((a, b), _)| Some((a?, b?)))
        .collect();
    let n = pairs.len() as f64;
    let (mean_a, mean_b) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let of = |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>();
    of(&|p| (p.0 - mean_a) * (p.1 - mean_b))
        / (of(&|p| (p.0 - mean_a).powi(2)) * of(&|p| (p.1 - mean_b).powi(2))).sqrt()
}

#[test]
fn shapes_seeds_and_names() {
    for sample in Sample::ALL {
        assert_eq!(Sample::from_name(sample.name()), Some(sample));
        let frame = sample.frame(1000, 1);
        assert!(frame.equals_missing(&sample.frame(1000, 1)), "{sample:?}");
        assert!(!frame.equals_missing(&sample.frame(1000, 2)), "{sample:?}");
        for rows in [0, 1, 3, 7, 200] {
            assert_eq!(sample.frame(rows, 5).height(), rows, "{sample:?}");
        }
    }
    assert_eq!(Sample::from_name("weather"), None);
}

#[test]
fn the_promised_share_is_labelled() {
    for seed in 0..3 {
        for (sample, rows) in [(Sample::Servers, 200), (Sample::Servers, 20_160), (Sample::Servers, 60_000)] {
            let share = share_labelled(&sample.frame(rows, seed));
            assert!((0.015..0.03).contains(&share), "{rows} rows: {share}");
        }
        let share = share_labelled(&Sample::Transactions.frame(20_000, seed));
        assert!((0.0145..0.0155).contains(&share), "{share}");
    }
}

#[test]
fn every_kind_of_incident_strikes_twice_and_none_overlap() {
    for seed in 0..5 {
        let n_steps = Sample::Servers.default_rows() / 5;
        let incidents = schedule(n_steps, &mut ChaCha8Rng::seed_from_u64(seed));
        for kind in Kind::ALL {
            assert!(incidents.iter().filter(|i| i.kind == kind).count() >= 2, "{kind:?}");
        }
        for (i, a) in incidents.iter().enumerate() {
            assert!(a.start + a.n_steps <= n_steps);
            for b in incidents.iter().skip(i + 1).filter(|b| b.host == a.host) {
                assert!(a.start + a.n_steps < b.start || b.start + b.n_steps < a.start, "{a:?} {b:?}");
            }
        }
        let frame = Sample::Servers.frame(n_steps * 5, seed);
        let mut n_rows: HashMap<String, usize> = HashMap::new();
        let kinds = frame.column("incident").unwrap().str().unwrap().clone();
        kinds.iter().flatten().for_each(|kind| *n_rows.entry(kind.to_owned()).or_default() += 1);
        assert_eq!(n_rows.len(), Kind::ALL.len(), "{n_rows:?}");
    }
}

#[test]
fn servers_are_believable() {
    let frame = Sample::Servers.frame(Sample::Servers.default_rows(), 42);
    let of_host = |name: &str| {
        let mask = frame.column("host").unwrap().str().unwrap().iter().map(|host| host == Some(name)).collect();
        frame.filter(&mask).unwrap()
    };
    let web = of_host("web-1");
    assert_eq!(web.height(), 4032);
    assert!(correlation(&web, "network_mb_s", "cpu_percent") > 0.8);
    assert!(correlation(&web, "cpu_percent", "latency_ms") > 0.3);
    let network = floats(&web, "network_mb_s");
    let at = |hour: usize, day: usize| network[day * 288 + hour * 12].unwrap();
    assert!((0..5).all(|day| at(14, day) > 1.5 * at(3, day)), "busy by day");
    let cpu = floats(&frame, "cpu_percent");
    assert!(cpu.iter().flatten().all(|v| (0.0..=100.0).contains(v) && (v * 10.0 - (v * 10.0).round()).abs() < 1e-9));
    assert!(cpu.iter().any(Option::is_none), "some values are missing");
    assert_eq!(frame.column("timestamp").unwrap().dtype().to_string(), "datetime[μs]");
}
