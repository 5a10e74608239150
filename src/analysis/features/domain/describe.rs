//! An operation in words, for catalogues and explanations.

use super::op::{Capacity, ClockPart, Level, Op, Source, When};
use crate::analysis::features::text::Window;

/// The formula of an operation in one line of words.
pub(super) fn formula(op: &Op) -> String {
    match op {
        Op::Saturation { level: Level::Used(column), capacity } => format!("{column} / {}", amount(capacity)),
        Op::Saturation { level: Level::Free(column), capacity } => format!("1 - {column} / {}", amount(capacity)),
        Op::Headroom { used, capacity } => format!("{} - {used}", amount(capacity)),
        Op::Ratio { top, bottom } => format!("{} / {}", term(top), terms(bottom)),
        Op::WindowRatio { top, bottom, by, window } if *bottom == [Source::One] => {
            format!("mean of {} {}{}", term(top), over(*window), same(by))
        }
        Op::WindowRatio { top, bottom, by, window } => {
            format!("sum of {} / sum of {}, both {}{}", term(top), terms(bottom), over(*window), same(by))
        }
        Op::Rate { counter } => {
            format!("increase of {counter} per second since the entity's row before; after a fall, the new value")
        }
        Op::RowCount { by, window } => format!("rows with the same {by} {}", over(*window)),
        Op::DistinctCount { column, by, window } => {
            format!("different values of {column} {}{}", over(*window), same(by))
        }
        Op::NewValue { column, by } => format!("1 where {column} comes for the first time{}, else 0", same(by)),
        Op::RareValue { column } => {
            format!("-ln of the share of training rows with the same {column}, smoothed by one")
        }
        Op::OwnHistory { column, by, n_values } => {
            format!("({column} - mean) / standard deviation of the latest {n_values} earlier values{}", same(by))
        }
        Op::Clock { part, when } => format!("{} {}", clock(*part), time(when)),
    }
}

fn amount(capacity: &Capacity) -> String {
    match capacity {
        Capacity::Constant(value) => value.to_string(),
        Capacity::Column(column) => column.clone(),
    }
}

fn term(source: &Source) -> String {
    match source {
        Source::One => "1".to_owned(),
        Source::Value(column) => column.clone(),
        Source::Complement(column) => format!("(1 - {column})"),
        Source::Increase(column) => format!("increase of {column}"),
        Source::Is { column, values } => format!("[{column} is {}]", values.join(" or ")),
    }
}

fn terms(sources: &[Source]) -> String {
    match sources {
        [one] => term(one),
        many => format!("({})", many.iter().map(term).collect::<Vec<_>>().join(" + ")),
    }
}

/// "in the last 60 minutes (at most 256 rows)".
fn over(window: Window) -> String {
    let rows = window.rows;
    match window.micros {
        Some(micros) => format!("in the last {} minutes (at most {rows} rows)", micros as f64 / 6e7),
        None => format!("in the last {rows} rows"),
    }
}

fn same(by: &Option<String>) -> String {
    by.as_ref().map_or_else(|| " of the entity".to_owned(), |by| format!(" of the same {by}"))
}

fn clock(part: ClockPart) -> &'static str {
    match part {
        ClockPart::OffHours => "1 outside 08:00-18:00 from Monday to Friday, else 0, by",
        ClockPart::Weekend => "1 on Saturday and Sunday, else 0, by",
        ClockPart::Night => "1 from 00:00 to 06:00, else 0, by",
        ClockPart::HourSin => "sin(2 pi / 24 h x hour) of",
        ClockPart::HourCos => "cos(2 pi / 24 h x hour) of",
    }
}

fn time(when: &When) -> String {
    match when {
        When::RowTime { offset_minutes: 0 } => "the time of the row (UTC)".to_owned(),
        When::RowTime { offset_minutes } => format!("the time of the row (UTC {offset_minutes:+} minutes)"),
        When::HourColumn(column) => column.clone(),
    }
}
