//! Explanations in words, the same in the window, the report and the terminal: what is typical for a column, what of it stands
//! out, what would be normal.

use super::format::fmt_number;
use crate::engine::{Change, Counterfactual};
use crate::triage::{ExplainedColumn, ExplainedFeature};

/// Features named per column.
const MOST_FEATURES: usize = 2;

/// "typically 40 to 95 at this hour; its mean over an hour 61.2, typically 24.9": what is usual for a column, and what
/// of it stands out. Empty where nothing is known.
pub fn of_column(column: &ExplainedColumn) -> String {
    let hour = if column.at_this_hour { " at this hour" } else { "" };
    let typical = column.typical().map(|(low, high)| format!("typically {}{hour}", range(low, high)));
    let told = column.features.iter().filter(|feature| is_told(feature)).take(MOST_FEATURES);
    let features = told.map(|feature| of_feature(feature, column.value));
    let parts: Vec<String> = typical.into_iter().chain(features).collect();
    parts.join("; ")
}

/// The value of a column has its own place, and a rule its name.
fn is_told(feature: &ExplainedFeature) -> bool {
    feature.phrase != "its value" && feature.phrase != feature.feature
}

fn of_feature(feature: &ExplainedFeature, of_column: f64) -> String {
    match (feature.value.is_finite(), feature.usual.is_finite()) {
        (true, true) => format!("{} {}, typically {}", feature.phrase, short(feature.value), short(feature.usual)),
        // What has no typical value is told with its own only where that is another one than the column's.
        (true, false) if feature.value != of_column => format!("{} {}", feature.phrase, short(feature.value)),
        _ => feature.phrase.clone(),
    }
}

/// A number in three significant digits, whole ones as they are.
fn short(value: f64) -> String {
    let magnitude = value.abs().log10().floor();
    if value.fract() == 0.0 || !magnitude.is_finite() {
        return fmt_number(value);
    }
    let unit = 10f64.powf((magnitude - 2.0).min(0.0));
    fmt_number((value / unit).round() * unit)
}

fn range(low: f64, high: f64) -> String {
    let (low, high) = (short(low), short(high));
    match low == high {
        true => low,
        // A dash beside a minus would be hard to read.
        false if low.starts_with('-') || high.starts_with('-') => format!("{low} to {high}"),
        false => format!("{low}–{high}"),
    }
}

/// The value of a column, be it a number or a text.
pub fn value(number: f64, text: &str) -> String {
    if text.is_empty() { fmt_number(number) } else { text.to_owned() }
}

/// "Normal if latency_ms were 91 instead of 812 (score 0.27)."
pub fn counterfactual(found: &Counterfactual) -> String {
    let change = |change: &Change| {
        format!("{} were {} instead of {}", change.column, fmt_number(change.to), fmt_number(change.from))
    };
    let changes: Vec<String> = found.changes.iter().map(change).collect();
    let history = if found.with_history { ", and the rows before it had been like that, too" } else { "" };
    format!("Normal if {}{history} (score {:.2}).", changes.join(" and "), found.score)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(low: f64, high: f64, features: Vec<ExplainedFeature>) -> ExplainedColumn {
        ExplainedColumn {
            column: "latency_ms".into(),
            value: 812.0,
            text: String::new(),
            low,
            high,
            at_this_hour: true,
            contribution: 0.3,
            share: 0.6,
            features,
        }
    }

    fn feature(phrase: &str, value: f64, usual: f64) -> ExplainedFeature {
        ExplainedFeature { feature: "f".into(), phrase: phrase.into(), value, usual, contribution: 0.1 }
    }

    #[test]
    fn columns_are_told_by_what_is_typical_and_what_stands_out() {
        let features = vec![
            feature("its value", 812.0, 60.0),
            feature("its mean over an hour", 61.23, 24.9),
            feature("its course over time", 812.0, f64::NAN),
            feature("its logarithm", 6.7, 4.1),
        ];
        assert_eq!(
            of_column(&column(40.0, 95.0, features)),
            "typically 40–95 at this hour; its mean over an hour 61.2, typically 24.9; its course over time"
        );
        assert_eq!([0.0, 0.001_234, -45.678, 1234.56].map(short), ["0", "0.00123", "-45.7", "1,235"]);
        assert_eq!(of_column(&column(-3.0, 2.0, Vec::new())), "typically -3 to 2 at this hour");
        assert_eq!(of_column(&column(0.0, 0.0, Vec::new())), "typically 0 at this hour");
        assert_eq!(of_column(&column(f64::NAN, f64::NAN, Vec::new())), "");
    }

    #[test]
    fn what_would_be_normal_is_a_sentence() {
        let change = |column: &str, from, to| Change { column: column.into(), from, to };
        let mut found =
            Counterfactual { changes: vec![change("latency_ms", 812.0, 91.0)], score: 0.268, with_history: false };
        assert_eq!(counterfactual(&found), "Normal if latency_ms were 91 instead of 812 (score 0.27).");
        found.changes.push(change("cpu", 99.0, 40.5));
        found.with_history = true;
        assert_eq!(
            counterfactual(&found),
            "Normal if latency_ms were 91 instead of 812 and cpu were 40.5 instead of 99, and the rows before it had \
             been like that, too (score 0.27)."
        );
    }
}
