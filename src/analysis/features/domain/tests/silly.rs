//! What must not be recognised: look-alikes, anonymous columns, packs that are off.

use proptest::prelude::*;

use super::super::op::{Capacity, Level};
use super::super::*;
use super::headers::{ALL, COUNT, Has, MONEY, PERCENT, WITH_TIME, column, features};

#[test]
fn words_inside_words_mean_nothing() {
    let names = [
        "accuracy",
        "cpu_score",
        "cpu_price",
        "cpu_load_5",
        "cpu_percent_change",
        "memory_limit_percent",
        "disk_temperature",
        "gpu",
        "discount_code",
        "minutes",
        "max_speed",
        "income",
        "outcome_score",
        "membership",
        "remember",
        "ram_breed",
        "scamper",
        "cpuc",
        "sport",
        "transport_cost",
        "account_age_days",
        "country_risk",
        "encounter",
        "county",
        "memo",
        "processed_at",
        "processing_time",
        "userless",
        "reorder_level",
        "border",
        "recorder",
        "ordered_at",
        "visits_last_year",
        "broadcast",
        "upload_name",
        "mission",
        "diskette",
        "headcount",
        "countdown",
        "ratio",
        "total",
        "count",
        "amount_vs_usual",
        "temperature",
        "pressure",
        "heart_rate",
        "blood_pressure_min",
        "load_factor",
        "workload",
        "page_load_time",
        "swap_meet",
        "free_text",
        "used_car_price",
        "idle_animals",
        "packet_size_avg",
        "in",
        "out",
        "source",
        "ip",
        "status",
        "hour_glass",
    ];
    for name in names {
        for has in [PERCENT, COUNT, MONEY, Has::Flag, Has::Code, Has::Names, Has::Fixed(3.0), Has::Range(-4.0, 4.0)] {
            let found = features(&[(name, has)], &WITH_TIME);
            assert!(found.is_empty(), "{name} {has:?}: {found:?}");
        }
    }
    // Anonymous columns of benchmarks.
    let anonymous: Vec<String> = (0..80).flat_map(|i| [format!("f{i}"), format!("c{i}"), format!("V{i}")]).collect();
    let table: Vec<(&str, Has)> = anonymous.iter().map(|name| (name.as_str(), Has::Counter)).collect();
    assert!(features(&table, &WITH_TIME).is_empty());
    for has in [Has::Counter, COUNT, PERCENT] {
        assert!(features(&[("value", has), ("label", Has::Flag)], &WITH_TIME).is_empty());
    }
}

#[test]
fn values_that_do_not_fit_are_not_believed() {
    // Not a percentage; a total that is smaller than what is used; another unit; a counter that falls.
    assert!(features(&[("cpu_percent", Has::Range(0.0, 380.0))], &WITH_TIME).is_empty());
    assert!(features(&[("mem_used_mb", COUNT), ("mem_total_mb", Has::Fixed(10.0))], &WITH_TIME).is_empty());
    assert!(features(&[("mem_used_mb", PERCENT), ("mem_total_gb", Has::Fixed(900.0))], &WITH_TIME).is_empty());
    assert!(features(&[("requests_total", COUNT)], &WITH_TIME).is_empty());
    for name in ["memory_usage_bytes", "disk_used", "total", "count", "active_connections", "is_login", "row_count"] {
        assert!(features(&[(name, Has::Counter)], &WITH_TIME).is_empty(), "{name}");
    }
    assert!(!features(&[("requests_total", Has::Counter)], &WITH_TIME).is_empty());
    // Streets are no hosts.
    assert!(features(&[("source_address", Has::Names), ("dest_address", Has::Names)], &WITH_TIME).is_empty());
    assert!(!features(&[("source_address", Has::Addresses)], &WITH_TIME).is_empty());
    // More orders than visits: not visits to the same shop.
    let shop = [("orders", Has::Range(0.0, 9000.0)), ("visits", COUNT)];
    assert!(features(&shop, &WITH_TIME).iter().all(|feature| !matches!(feature.op, Op::Ratio { .. })));
}

#[test]
fn fractions_are_full_at_one() {
    let found = features(&[("cpu_usage", Has::Range(0.0, 0.98))], &WITH_TIME);
    let full = Capacity::Constant(1.0);
    let level = Level::Used("cpu_usage".to_owned());
    assert_eq!(found[0].op, Op::Saturation { level, capacity: full });
}

#[test]
fn packs_that_are_off_add_nothing_and_each_adds_its_own() {
    let table = [
        ("cpu_percent", PERCENT),
        ("rx_bytes", COUNT),
        ("rx_packets", COUNT),
        ("user", Has::Names),
        ("client_ip", Has::Addresses),
        ("amount", MONEY),
    ];
    let columns: Vec<ColumnFacts> = table.iter().map(|&(name, has)| column(name, has)).collect();
    assert!(recognise(&columns, &[], &WITH_TIME).is_empty());
    assert!(recognise(&[], &ALL, &WITH_TIME).is_empty());
    let mut together = Vec::new();
    for pack in ALL {
        let own = recognise(&columns, &[pack], &WITH_TIME);
        assert!(!own.is_empty() && own.iter().all(|feature| feature.pack == pack), "{pack:?}");
        together.extend(own);
    }
    assert_eq!(recognise(&columns, &ALL, &WITH_TIME), together);
}

#[test]
fn names_are_unlike_all_others() {
    let table = [("cpu", PERCENT), ("cpu_saturation", Has::Range(-1.0, 1.0)), ("cpu ", PERCENT)];
    let names: Vec<String> = features(&table, &WITH_TIME).into_iter().map(|feature| feature.name).collect();
    assert_eq!(names, ["cpu_saturation_2", "cpu_headroom", "cpu_saturation_3", "cpu_headroom_2"]);
}

proptest! {
    /// Whatever the names are, features read columns that are there, and have names of their own.
    #[test]
    fn any_names_are_taken(names in prop::collection::vec(
        "(cpu|mem|disk|in|out|rx|bytes|pkts|total|user|ip|src|dst|login|failed|orders|amount|%|/|_|4|Id){1,4}",
        1..12,
    )) {
        let kinds = [PERCENT, COUNT, Has::Counter, Has::Names, Has::Addresses, Has::Flag];
        let of_kind = |(name, &has): (&String, &Has)| column(name, has);
        let columns: Vec<ColumnFacts> = names.iter().zip(kinds.iter().cycle()).map(of_kind).collect();
        let found = recognise(&columns, &ALL, &WITH_TIME);
        let mut taken: Vec<&str> = found.iter().map(|feature| feature.name.as_str()).collect();
        taken.sort_unstable();
        prop_assert!(taken.windows(2).all(|pair| pair[0] != pair[1]));
        for feature in &found {
            prop_assert!(!feature.formula.is_empty());
            prop_assert!(!names.contains(&feature.name));
            prop_assert!(feature.op.columns().iter().all(|column| names.iter().any(|name| name == column)));
        }
    }
}
