//! Metrics of machines: how full, how much is left, how fast counters grow.

use super::counted::rates;
use super::gauge::{Gauge, Part, Resource, capacity, gauge};
use super::op::{Op, Source};
use super::rule::Column;
use super::{Context, Wish};

pub(super) fn features(columns: &[Column], context: &Context) -> Vec<Wish> {
    let gauges: Vec<Gauge> = columns.iter().filter_map(gauge).collect();
    let mut wishes = Vec::new();
    for gauge in &gauges {
        if let Some(capacity) = capacity(gauge, &gauges) {
            let label = gauge.column.label();
            let saturation = Op::Saturation { level: gauge.level(), capacity: capacity.clone() };
            wishes.push((format!("{label}_saturation"), saturation));
            // What is free is the headroom already.
            if gauge.part == Part::Used {
                wishes.push((format!("{label}_headroom"), Op::Headroom { used: gauge.column.id(), capacity }));
            }
        }
    }
    wishes.extend(load_per_core(columns));
    wishes.extend(io_wait(columns, &gauges));
    wishes.extend(rates(columns, context, false));
    wishes
}

/// Load averages over the number of cores, where a column has it.
fn load_per_core(columns: &[Column]) -> Vec<Wish> {
    let is_cores = |column: &&Column| {
        let is_number = column.facts.text.is_none() && column.facts.is_whole && column.facts.min >= 1.0;
        is_number && column.name.has("cpu") && column.name.has("count") && column.name.per.is_none()
    };
    let is_load = |column: &&Column| {
        let name = &column.name;
        let spans = name.has_any("1 5 15 average") || name.words == ["load"];
        name.has("load")
            && spans
            && name.words.len() <= 4
            && !name.has_any("page time cpu ms percent")
            && column.facts.is_quantity()
    };
    let Some(cores) = columns.iter().find(is_cores) else { return Vec::new() };
    let per_core = |load: &Column| {
        let bottom = vec![Source::Value(cores.id())];
        (format!("{}_per_core", load.label()), Op::Ratio { top: Source::Value(load.id()), bottom })
    };
    columns.iter().filter(is_load).map(per_core).collect()
}

/// Time waited for I/O, as a share of it and the time the processor was busy (or idle, where only that is known).
fn io_wait(columns: &[Column], gauges: &[Gauge]) -> Vec<Wish> {
    let is_wait = |column: &&Column| {
        let name = &column.name;
        let is_time = name.has_any("ms second time disk count total") || name.per.is_some();
        name.has("io") && name.has("wait") && !is_time && column.facts.is_quantity()
    };
    let Some(wait) = columns.iter().find(is_wait) else { return Vec::new() };
    let scale = if column_is_fraction(wait) { 1.0 } else { 100.0 };
    let is_cpu = |gauge: &&Gauge| gauge.resource == Resource::Cpu && gauge.full == Some(scale);
    let busy = gauges.iter().filter(is_cpu).find(|gauge| gauge.part == Part::Used);
    let Some(other) = busy.or_else(|| gauges.iter().find(is_cpu)) else { return Vec::new() };
    let [wait_value, other_value] = [wait, other.column].map(|column| Source::Value(column.id()));
    let word = if other.part == Part::Used { "busy" } else { "idle" };
    vec![(
        format!("{}_share_of_{word}", wait.label()),
        Op::Ratio { top: wait_value.clone(), bottom: vec![wait_value, other_value] },
    )]
}

fn column_is_fraction(column: &Column) -> bool {
    !column.name.has("percent") && column.facts.max <= 1.0
}
