//! Which columns only ever count up, and what is made of them.

use super::gauge::gauge;
use super::op::{Op, Source};
use super::rule::Column;
use super::{Context, Wish};

/// Words of what only ever grows, if its values do.
const COUNTED: &str = "\
    total count counter cumulative bytes packets errors dropped retransmitted connections requests reads writes \
    sectors interrupts switches operations ops faults hits misses queries messages events restarts logins failed";

/// Words of what grows but counts nothing.
const NOT_COUNTED: &str = "\
    id timestamp date epoch index sequence seq age row year boot uptime hour day price amount is memory swap heap free \
    available limit active current open established";

/// Words that make a counter one of the network pack.
const NETWORK_WORDS: &str = "\
    network net netstat receive transmit packets connections tcp udp interface eth src dst";

/// Rates of the counters that are about the network, or of those that are not.
pub(super) fn rates(columns: &[Column], context: &Context, of_network: bool) -> Vec<Wish> {
    let is_ours = |column: &&Column| column.name.has_any(NETWORK_WORDS) == of_network;
    let rate = |column: &Column| (format!("{}_per_sec", column.label()), Op::Rate { counter: column.id() });
    let counters = columns.iter().filter(|column| context.has_time && is_counter(column));
    counters.filter(is_ours).map(rate).collect()
}

/// Whether both name and values are those of a counter.
fn is_counter(column: &Column) -> bool {
    let name = &column.name;
    let is_time = name.has("time") && !name.has("total");
    // Of what, if it says no more than `total`?
    let has_subject = name.words.len() >= 2;
    let is_named = has_subject && name.has_any(COUNTED) && !name.has_any(NOT_COUNTED) && !is_time && name.per.is_none();
    // A disk that fills up is no counter.
    is_named && !column.is_derived() && gauge(column).is_none() && column.facts.is_counter()
}

/// A column as part of a ratio: counters by what they grew.
pub(super) fn source(column: &Column) -> Source {
    if is_counter(column) { Source::Increase(column.id()) } else { Source::Value(column.id()) }
}
