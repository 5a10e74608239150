//! Which columns features can be made of, and why the others cannot.

use crate::cx::Cx;
use crate::data::{Column, Role, Table};
use crate::recipe::{ColumnType, FeaturesConfig};

/// Columns listed in an error or a warning.
const MOST_LISTED: usize = 20;

/// The numeric feature columns, in table order.
pub(super) fn numeric(table: &Table) -> Vec<&str> {
    let usable = table.columns.iter().filter(|column| obstacle(column).is_none());
    usable.map(|column| column.name.as_str()).collect()
}

/// The text columns, in table order.
pub(super) fn texts(table: &Table) -> Vec<&str> {
    table.columns.iter().filter(|column| column.role == Role::Text).map(|column| column.name.as_str()).collect()
}

/// Warns of feature columns that are no numbers, and of text that the recipe makes nothing of.
pub(super) fn warn_of_unusable(table: &Table, config: &FeaturesConfig, cx: &Cx) {
    for column in table.columns.iter().filter(|column| column.role == Role::Feature) {
        if let Some(reason) = obstacle(column) {
            cx.warn(format!("column {} is not used: it {reason}", column.name));
        }
    }
    let texts = texts(table);
    if !config.text.enabled && !texts.is_empty() {
        let names = texts.iter().take(MOST_LISTED).copied().collect::<Vec<_>>().join(", ");
        let more = if texts.len() > MOST_LISTED { ", …" } else { "" };
        cx.warn(format!("left out, being text: {names}{more}; turn on features.text to use them"));
    }
}

/// Why a column cannot be a numeric feature; `None` where it can.
fn obstacle(column: &Column) -> Option<&'static str> {
    match (column.role, column.kind) {
        (Role::Time, _) => Some("holds the time"),
        (Role::Entity, _) => Some("says whose row it is"),
        (Role::Label, _) => Some("holds the truth"),
        (Role::Text, _) | (Role::Ignored | Role::Feature, ColumnType::Text) => Some("holds text"),
        (Role::Feature, ColumnType::Time) => Some("holds times, not numbers"),
        (Role::Ignored, _) => Some("is left out"),
        (Role::Feature, ColumnType::Number | ColumnType::Boolean) => None,
    }
}

/// Whether a column is known to hold no finite value.
pub(super) fn is_empty(table: &Table, column: &str) -> bool {
    let quality = table.quality.columns.iter().find(|quality| quality.name == column);
    quality.is_some_and(|q| q.n_missing + q.n_infinite >= table.n_rows())
}

/// Every column with what stands against it, for the error.
pub(super) fn reasons(table: &Table) -> String {
    let reason = |column: &Column| format!("{} {}", column.name, obstacle(column).unwrap_or("holds no value"));
    let mut reasons: Vec<String> = table.columns.iter().map(reason).collect();
    let n_more = reasons.len().saturating_sub(MOST_LISTED);
    reasons.truncate(MOST_LISTED);
    match (reasons.is_empty(), n_more) {
        (true, _) => "The table has no columns".to_owned(),
        (false, 0) => format!("The columns: {}", reasons.join(", ")),
        (false, _) => format!("The columns: {}, and {n_more} more", reasons.join(", ")),
    }
}
