//! How an explanation reads: which columns make the score, what they were, what is typical, and who says so.

use super::words::{name, number, pair};
use crate::triage::explained::{AlertExplanation, ExplainedColumn};

/// Columns told; a second one only where it matters.
const MAX_COLUMNS: usize = 2;

/// Share of the score from which a second column is told.
const LEAST_SHARE: f64 = 0.15;

/// Share of the score that the detectors named stand for.
const MOST_OF_IT: f64 = 0.6;

/// What the columns were, and the detectors that the score mostly comes from.
pub(super) fn columns(explanation: &AlertExplanation) -> (String, String) {
    let mut told: Vec<String> = Vec::new();
    for column in explanation.columns.iter().take(MAX_COLUMNS) {
        if told.is_empty() || column.share >= LEAST_SHARE {
            told.push(self::column(column, told.is_empty()));
        }
    }
    let what = match told.as_slice() {
        [] => "an unusual combination of values".to_owned(),
        several => several.join("; "),
    };
    (what, mostly(explanation))
}

/// "latency_ms 812, typically 40–95 at this hour, 78 % of the score".
fn column(column: &ExplainedColumn, is_first: bool) -> String {
    let share = format!("{:.0} %{}", 100.0 * column.share, if is_first { " of the score" } else { "" });
    let typical = column.typical();
    let source = name(&column.column);
    // A value within what is typical is not what is odd about its column.
    let is_usual = typical.is_some_and(|(low, high)| (low..=high).contains(&column.value));
    let part = column.features.iter().find(|feature| feature.phrase != "its value").filter(|_| is_usual);
    if let Some(part) = part {
        if !part.usual.is_finite() {
            let value = number(column.value, 3);
            return format!("{source} {value}, out of line with the rows around it ({share})");
        }
        let (value, usual) = pair(part.value, part.usual);
        return format!("{source}, {} {value}, typically {usual} ({share})", part.phrase);
    }
    let value = match () {
        () if !column.text.is_empty() => format!(" \"{}\"", name(&column.text)),
        () if column.value.is_finite() => format!(" {}", number(column.value, 3)),
        () if column.is_rule() => String::new(),
        () => " missing".to_owned(),
    };
    let typical = typical.map_or(String::new(), |(low, high)| {
        let hour = if column.at_this_hour { " at this hour" } else { "" };
        let (low, high) = pair(low, high);
        if low == high { format!(", typically {low}{hour}") } else { format!(", typically {low}–{high}{hour}") }
    });
    format!("{source}{value}{typical} ({share})")
}

/// A title inside a sentence: "Isolation forest" loses its capital; names of people and abbreviations keep theirs.
fn within_a_sentence(title: &str) -> String {
    let is_name = ["Mahalanobis", "PCA", "ECOD", "COPOD", "HBOS"].iter().any(|name| title.starts_with(name));
    let mut letters = title.chars();
    match letters.next().filter(|_| !is_name) {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => title.to_owned(),
    }
}

/// "; mostly isolation forest and autoencoder".
fn mostly(explanation: &AlertExplanation) -> String {
    let mut sum = 0.0;
    let mut named: Vec<String> = Vec::new();
    for (detector, share) in explanation.detectors.iter().filter(|(_, share)| *share > 0.0) {
        if named.len() == 2 || sum >= MOST_OF_IT {
            break;
        }
        named.push(within_a_sentence(detector));
        sum += share;
    }
    match named.as_slice() {
        [] => String::new(),
        names if explanation.detectors.len() == 1 || names.is_empty() => String::new(),
        names => format!("; mostly {}", names.join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::explained::ExplainedFeature;

    fn column(name: &str, value: f64, typical: (f64, f64), share: f64) -> ExplainedColumn {
        ExplainedColumn {
            column: name.into(),
            value,
            text: String::new(),
            low: typical.0,
            high: typical.1,
            at_this_hour: true,
            contribution: share * 0.8,
            share,
            features: Vec::new(),
        }
    }

    fn explanation(columns: Vec<ExplainedColumn>) -> AlertExplanation {
        let detectors =
            vec![("Isolation forest".into(), 0.5), ("Mahalanobis distance".into(), 0.3), ("z-score".into(), 0.2)];
        AlertExplanation {
            method: "chained_shap".into(),
            score: 0.9,
            base: 0.1,
            columns,
            detectors,
            nearest_normal: None,
        }
    }

    #[test]
    fn columns_are_told_with_what_is_typical() {
        let latency = column("latency_ms", 812.0, (40.0, 95.0), 0.78);
        let told = |columns| super::columns(&explanation(columns)).0;
        let first = "latency_ms 812, typically 40–95 at this hour (78 % of the score)";
        assert_eq!(told(vec![latency.clone()]), first);
        let errors = ExplainedColumn { at_this_hour: false, ..column("errors", 12.0, (0.0, 0.0), 0.2) };
        assert_eq!(told(vec![latency.clone(), errors]), format!("{first}; errors 12, typically 0 (20 %)"));
        let little = column("cpu", 50.0, (f64::NAN, f64::NAN), 0.02);
        assert_eq!(told(vec![latency, little]), first, "what hardly matters is not told");
        assert_eq!(told(vec![]), "an unusual combination of values");
    }

    #[test]
    fn a_usual_value_is_not_what_is_told() {
        let mut memory = column("memory", 60.0, (50.0, 70.0), 0.9);
        let feature = |phrase: &str, value, usual| ExplainedFeature {
            feature: "memory_std_60".into(),
            phrase: phrase.into(),
            value,
            usual,
            contribution: 0.5,
        };
        memory.features = vec![feature("its value", 60.0, 60.0), feature("its spread over 5 hours", 15.02, 0.615)];
        let told = |column: &ExplainedColumn| super::columns(&explanation(vec![column.clone()])).0;
        assert_eq!(told(&memory), "memory, its spread over 5 hours 15.0, typically 0.615 (90 % of the score)");
        memory.features = vec![feature("its course over time", f64::NAN, f64::NAN)];
        assert_eq!(told(&memory), "memory 60, out of line with the rows around it (90 % of the score)");
        let missing = column("x", f64::NAN, (1.0, 2.0), 0.6);
        assert_eq!(told(&missing), "x missing, typically 1–2 at this hour (60 % of the score)");
        let text = ExplainedColumn { text: "GET /admin".into(), ..column("url", f64::NAN, (f64::NAN, f64::NAN), 1.0) };
        assert_eq!(told(&text), "url \"GET /admin\" (100 % of the score)");
    }

    #[test]
    fn detectors_that_make_most_of_it_are_named() {
        let mut explained = explanation(Vec::new());
        assert_eq!(mostly(&explained), "; mostly isolation forest and Mahalanobis distance");
        explained.detectors[0].1 = 0.7;
        assert_eq!(mostly(&explained), "; mostly isolation forest");
        explained.detectors.truncate(1);
        assert_eq!(mostly(&explained), "", "one detector alone need not be named");
    }
}
