//! Which features an expert of a field would add to a table, told from the names, units and values of its columns.
//!
//! [`recognise`] gives a list of [`DomainFeature`]s: pure and the same for the same columns. Each is one [`Op`], which
//! [`FittedOp`] learns on training rows and runs, over a table or row by row with the same bits.
//!
//! | pack | columns it looks for | features |
//! | --- | --- | --- |
//! | [`system`] | CPU, memory, disk, swap (percent, or used/free and total), load and cores, I/O wait, counters | saturation, headroom, load per core, share of I/O wait, rate |
//! | [`network`] | bytes, packets, errors, drops, retransmits by direction; addresses and ports; counters | bytes per packet, in/out share, error shares, connection rate, new and distinct destinations, rate |
//! | [`security`] | users, sources, processes, countries, user agents, outcomes of logins | failed share, distinct users and sources, rare values, pairs seen for the first time, off-hours |
//! | [`business`] | orders, visits, amounts, items, discounts, refunds, customers, merchants | conversion, amount against the customer's history, price per item, discount and refund ratio, night, weekend |
//!
//! What a pack's columns are called is in the tables at the top of its file (of [`gauge`] and [`counted`] for the system
//! pack), which words mean the same in [`name`]. A word counts only as a whole: `discount` is no disk, `accuracy` no CPU.

mod business;
mod clock;
mod counted;
mod counter;
mod describe;
mod facts;
mod gauge;
mod history;
mod keyed;
mod machine;
mod name;
mod network;
mod op;
mod rule;
mod security;
mod system;
mod window_sum;

use serde::{Deserialize, Serialize};

use self::name::Name;
use self::rule::Column;
use super::text::Window;

pub(crate) use self::facts::ColumnFacts;
pub(crate) use self::machine::{Cell, Cells, FittedOp, Machine, Row, Rows};
pub(crate) use self::op::{Op, When};

/// Rows that a window of one key holds at most.
const KEY_ROWS: usize = 256;
/// Rows that a window over the whole table holds at most.
const TABLE_ROWS: usize = 4096;
/// Rows of the whole table that count where it has no time.
const TABLE_ROWS_WITHOUT_TIME: usize = 100;
/// Earlier amounts that say what is usual.
const HISTORY_VALUES: usize = 30;

/// A field whose experts are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Pack {
    /// Metrics of machines.
    System,
    /// Traffic.
    Network,
    /// Logins and other events of users.
    Security,
    /// Orders and payments.
    Business,
}

/// A feature that a pack adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DomainFeature {
    /// Who asks for it.
    pub(crate) pack: Pack,
    /// Unlike all columns and other features.
    pub(crate) name: String,
    /// In words.
    pub(crate) formula: String,
    /// How it is computed.
    pub(crate) op: Op,
}

/// What is known about the table besides its columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Context {
    /// Rows have a time.
    pub(crate) has_time: bool,
    /// Rows belong to entities.
    pub(crate) has_entity: bool,
    /// From UTC to local time, positive east of Greenwich.
    pub(crate) offset_minutes: i32,
    /// Time that windows reach back, in microseconds.
    pub(crate) window_micros: i64,
}

impl Context {
    /// The window of one key: as long as asked for, at most 256 rows; the latest 256 rows without time.
    fn key_window(&self) -> Window {
        Window { rows: KEY_ROWS, micros: self.has_time.then_some(self.window_micros) }
    }

    /// The window over all rows: as long as asked for, at most 4096 rows; the latest 100 rows without time (as the
    /// `ct_` columns of UNSW-NB15, Moustafa and Slay 2015).
    fn table_window(&self) -> Window {
        let rows = if self.has_time { TABLE_ROWS } else { TABLE_ROWS_WITHOUT_TIME };
        Window { rows, micros: self.has_time.then_some(self.window_micros) }
    }

    /// Where the clock is: the time of the row, else a column of hours.
    fn when(&self, columns: &[Column]) -> Option<When> {
        let row_time = self.has_time.then_some(When::RowTime { offset_minutes: self.offset_minutes });
        row_time.or_else(|| hour_column(columns).map(|column| When::HourColumn(column.id())))
    }
}

/// A column with the hour of day: `hour`, `hour_of_day`, `transaction_hour`.
fn hour_column<'a>(columns: &'a [Column<'a>]) -> Option<&'a Column<'a>> {
    let is_hour = |column: &&Column| {
        let words: Vec<&str> = column.name.words.iter().map(String::as_str).collect();
        let is_name = match words[..] {
            ["hour"] | ["hour", "of", "day"] | ["hour", "of", "the", "day"] => true,
            [event, "hour"] => matches!(event, "transaction" | "order" | "purchase" | "logins" | "event"),
            _ => false,
        };
        is_name && column.facts.is_quantity() && column.facts.max <= 24.0 && column.facts.n_distinct > 2
    };
    columns.iter().find(is_hour)
}

/// The features that the packs add to a table with these columns: pack by pack in the order given, each feature once.
/// A pack that recognises nothing adds nothing. Names that a column or an earlier feature already has get a number.
pub(crate) fn recognise(columns: &[ColumnFacts], packs: &[Pack], context: &Context) -> Vec<DomainFeature> {
    let named: Vec<Column> = columns.iter().map(|facts| Column { facts, name: Name::new(&facts.name) }).collect();
    let mut found = Found { taken: columns.iter().map(|facts| facts.name.clone()).collect(), features: Vec::new() };
    for &pack in packs {
        let wishes = match pack {
            Pack::System => system::features(&named, context),
            Pack::Network => network::features(&named, context),
            Pack::Security => security::features(&named, context),
            Pack::Business => business::features(&named, context),
        };
        wishes.into_iter().for_each(|wish| found.add(pack, wish));
    }
    found.features
}

/// A feature that a pack would like: name and operation.
type Wish = (String, Op);

struct Found {
    taken: Vec<String>,
    features: Vec<DomainFeature>,
}

impl Found {
    fn add(&mut self, pack: Pack, (name, op): Wish) {
        if self.features.iter().any(|feature| feature.op == op) {
            return;
        }
        let mut unique = name.clone();
        let mut number = 2;
        while self.taken.contains(&unique) {
            unique = format!("{name}_{number}");
            number += 1;
        }
        self.taken.push(unique.clone());
        self.features.push(DomainFeature { pack, name: unique, formula: describe::formula(&op), op });
    }
}

/// Whether the name of a column has one of these words (with blanks between them): `order_count` has `order`.
pub(crate) fn name_has_any(name: &str, words: &str) -> bool {
    name::Name::new(name).has_any(words)
}

#[cfg(test)]
mod tests;
