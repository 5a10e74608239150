//! Traffic: sizes, directions, losses, and who talks to whom.

use super::counted::{rates, source};
use super::op::Op;
use super::rule::{Cast, Column, Holds, Rule, cast, first};
use super::{Context, Wish};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Bytes,
    Packets,
    Errors,
    Dropped,
    Retransmitted,
    Source,
    Destination,
    DestinationPort,
}

/// Words of columns about one packet, one header or one buffer rather than about traffic.
const NOT_TRAFFIC: &str = "\
    per ratio rate average median min max std stddev variance header win window init bulk size flag flags payload \
    index disk memory swap cache heap percent limit free used available usage filesystem";

const NOT_AN_ADDRESS: &str = "is attack count number port bytes packets mac email street";

const RULES: &[Rule<Role>] = &[
    rule(Role::Retransmitted, &["retransmitted"], NOT_TRAFFIC, Holds::Quantity),
    rule(Role::Errors, &["errors"], NOT_TRAFFIC, Holds::Quantity),
    rule(Role::Dropped, &["dropped lost"], NOT_TRAFFIC, Holds::Quantity),
    // The "Total Length of Fwd Packets" of CICFlowMeter.
    rule(Role::Bytes, &["length", "packets"], NOT_TRAFFIC, Holds::Quantity),
    rule(Role::Packets, &["packets"], NOT_TRAFFIC, Holds::Quantity),
    rule(Role::Bytes, &["bytes"], NOT_TRAFFIC, Holds::Quantity),
    // The NetworkIn of CloudWatch has no unit in its name; it is bytes.
    rule(Role::Bytes, &["network", "receive transmit"], NOT_NETWORK_BYTES, Holds::Quantity),
    rule(Role::DestinationPort, &["dst resp", "port p"], "count", Holds::Category),
    rule(Role::Source, &["src orig client remote", "ip host h"], NOT_AN_ADDRESS, Holds::Text),
    rule(Role::Source, &["src orig client remote", "address"], NOT_AN_ADDRESS, Holds::Address),
    rule(Role::Destination, &["dst resp", "ip host h"], NOT_AN_ADDRESS, Holds::Text),
    rule(Role::Destination, &["dst resp", "address"], NOT_AN_ADDRESS, Holds::Address),
];

const NOT_NETWORK_BYTES: &str = "\
    errors dropped packets connections bits rate ratio latency ms time percent utilization";

/// Words for the two directions of traffic; the share is that of the first.
const DIRECTIONS: &[[&str; 2]] = &[["receive", "transmit"], ["src", "dst"], ["fwd", "bwd"], ["orig", "resp"]];

const fn rule(role: Role, all: &'static [&'static str], none: &'static str, holds: Holds) -> Rule<Role> {
    Rule { role, all, none, holds }
}

pub(super) fn features(columns: &[Column], context: &Context) -> Vec<Wish> {
    let casts = cast(columns, RULES);
    let mut wishes = Vec::new();
    for packets in casts.iter().filter(|cast| cast.role == Role::Packets) {
        for other in &casts {
            wishes.extend(over_packets(other, packets));
        }
    }
    for one in casts.iter().filter(|cast| matches!(cast.role, Role::Bytes | Role::Packets)) {
        wishes.extend(casts.iter().find_map(|other| share_of_directions(one, other)));
    }
    wishes.extend(talkers(&casts, context));
    wishes.extend(rates(columns, context, true));
    wishes
}

/// Bytes per packet, and the share of packets that were lost, of the same direction and interface.
fn over_packets(other: &Cast<Role>, packets: &Cast<Role>) -> Option<Wish> {
    let ending = match other.role {
        Role::Bytes => "per_packet",
        Role::Errors | Role::Dropped | Role::Retransmitted => "share",
        _ => return None,
    };
    let is_same = other.column.name.per == packets.column.name.per && is_same_traffic(other, packets);
    let name = format!("{}_{ending}", other.column.label());
    is_same.then(|| (name, Op::Ratio { top: source(other.column), bottom: vec![source(packets.column)] }))
}

/// What is sent again belongs to what is sent, also where its name does not say so.
fn is_same_traffic(other: &Cast<Role>, packets: &Cast<Role>) -> bool {
    let sent = |scope: &[&str]| -> Vec<String> {
        scope.iter().filter(|word| **word != "transmit").map(|&word| word.to_owned()).collect()
    };
    let is_sent_again = other.role == Role::Retransmitted && packets.scope.contains(&"transmit");
    other.scope == packets.scope || (is_sent_again && sent(&other.scope) == sent(&packets.scope))
}

/// The first direction's share of both, where the columns differ in nothing but the direction.
fn share_of_directions(one: &Cast<Role>, other: &Cast<Role>) -> Option<Wish> {
    let (a, b) = (&one.column.name, &other.column.name);
    let is_comparable = one.role == other.role && a.per == b.per && a.byte_unit == b.byte_unit;
    let is_pair = DIRECTIONS.iter().any(|[towards, back]| {
        let turned: Vec<&str> = one.scope.iter().map(|&word| if word == *towards { *back } else { word }).collect();
        one.scope.contains(towards) && !one.scope.contains(back) && is_same_set(&turned, &other.scope)
    });
    if !is_comparable || !is_pair {
        return None;
    }
    let top = source(one.column);
    let bottom = vec![top.clone(), source(other.column)];
    Some((format!("{}_direction_share", one.column.label()), Op::Ratio { top, bottom }))
}

fn is_same_set(a: &[&str], b: &[&str]) -> bool {
    a.len() == b.len() && a.iter().all(|word| b.contains(word))
}

/// Features of flows and connections: how many a source makes, and to how many others.
fn talkers(casts: &[Cast<Role>], context: &Context) -> Vec<Wish> {
    let Some(source) = first(casts, Role::Source) else { return Vec::new() };
    let by = Some(source.id());
    let label = source.label();
    let mut wishes =
        vec![(format!("{label}_connections"), Op::RowCount { by: source.id(), window: context.table_window() })];
    let window = context.key_window();
    if let Some(destination) = first(casts, Role::Destination) {
        let name = destination.label();
        wishes.push((format!("{name}_new_for_{label}"), Op::NewValue { column: destination.id(), by: by.clone() }));
        wishes.push((
            format!("{name}_distinct_per_{label}"),
            Op::DistinctCount { column: destination.id(), by: by.clone(), window },
        ));
    }
    if let Some(port) = first(casts, Role::DestinationPort) {
        wishes.push((
            format!("{}_distinct_per_{label}", port.label()),
            Op::DistinctCount { column: port.id(), by, window },
        ));
    }
    wishes
}
