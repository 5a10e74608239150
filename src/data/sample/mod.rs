//! Synthetic sample tables: made from a seed, to try the program without data of one's own.
//!
//! Nothing in them was measured anywhere. The same sample, number of rows and seed give the same table.

mod incidents;
mod servers;
mod transactions;

use polars::prelude::{Column, DataFrame};

use super::Table;
use super::load::LoadError;
use crate::cx::Cx;
use crate::recipe::DataConfig;

/// A synthetic table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sample {
    /// Metrics of a few servers over time.
    Servers,
    /// Card payments, without an order in time.
    Transactions,
}

impl Sample {
    /// All samples.
    pub const ALL: [Self; 2] = [Self::Servers, Self::Transactions];

    /// Name on the command line and in the menu.
    pub fn name(self) -> &'static str {
        match self {
            Self::Servers => "servers",
            Self::Transactions => "transactions",
        }
    }

    /// The sample of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sample| sample.name() == name)
    }

    /// What is in it, in a sentence or two.
    pub fn description(self) -> &'static str {
        match self {
            Self::Servers => {
                "Synthetic metrics of five servers every 5 minutes: processor, memory, disk, network, latency, errors \
                 and logins with a daily and a weekly rhythm. About 2.4 % of the rows belong to labelled incidents: \
                 spikes, level shifts, slow drifts, broken rhythms, broken correlations and missing data."
            }
            Self::Transactions => {
                "Synthetic card payments, each on its own. About 1.5 % are labelled as fraud: taken-over accounts, \
                 card testing, new accounts that cash out, and cloned cards."
            }
        }
    }

    /// Rows when nothing else is asked for: two weeks of servers, 20,000 payments.
    pub fn default_rows(self) -> usize {
        match self {
            Self::Servers => servers::HOSTS.len() * servers::STEPS_PER_DAY * 14,
            Self::Transactions => 20_000,
        }
    }

    /// The table, with exactly `rows` rows. Takes time and memory in proportion to them.
    ///
    /// `servers` has the columns timestamp (UTC), host, cpu_percent, memory_percent, disk_io_mb_s, network_mb_s,
    /// latency_ms, errors_per_min, logins_per_min, label and incident (which kind, empty outside one); rows are in
    /// order of time, then host. `transactions` has transaction_id, amount, items, hour, account_age_days,
    /// distance_km, n_transactions_24h, amount_vs_usual, card_present and label.
    pub fn frame(self, rows: usize, seed: u64) -> DataFrame {
        match self {
            Self::Servers => servers::frame(rows, seed),
            Self::Transactions => transactions::frame(rows, seed),
        }
    }

    /// The sample as a table, read as a file with these values would be. The identity of the source is the sample's
    /// name with the number of rows and the seed, since other rows mean other alerts.
    ///
    /// # Errors
    /// As [`Table::from_frame`], such as when `config` names a column that does not exist.
    pub fn table(self, rows: usize, seed: u64, config: &DataConfig, cx: &Cx) -> Result<Table, LoadError> {
        let (name, id) = (self.name(), format!("sample:{}:{rows}:{seed}", self.name()));
        let format = vec![("source".to_owned(), "synthetic sample".to_owned())];
        Table::from_frame(format!("{name} (synthetic)"), id, self.frame(rows, seed), format, config, cx)
    }
}

/// A frame of columns of `rows` values each, with different names: it always fits together.
fn frame_of(rows: usize, columns: Vec<Column>) -> DataFrame {
    DataFrame::new(rows, columns).unwrap_or_default()
}

/// Rounds to a number of decimals, as a monitoring system or a bank would.
fn rounded(value: f64, decimals: i32) -> f64 {
    let unit = 10f64.powi(decimals);
    (value * unit).round() / unit
}

#[cfg(test)]
mod tests;
