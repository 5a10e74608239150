//! How the judgement of an alert reads: what moved its severity, how soon to respond, how certain it is.

use super::format::fmt_duration;
use crate::triage::{AlertSummary, Assessment};

/// Confidence from which it is called high, and medium.
const HIGH: f64 = 0.8;
const MEDIUM: f64 = 0.5;

const MICROS_PER_MINUTE: u64 = 60_000_000;

/// "Raised from medium: business hours ×2.0"; `None` where nothing was adjusted.
pub fn adjustment(summary: &AlertSummary, assessment: &Assessment) -> Option<String> {
    let text = assessment.adjustment(summary.severity)?;
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect())
}

/// The sentence of an alert without what [`adjustment`] says beside it.
pub fn sentence(summary: &AlertSummary, assessment: Option<&Assessment>) -> String {
    let told = assessment.and_then(|assessment| assessment.adjustment(summary.severity));
    let without = told.and_then(|told| summary.sentence.strip_suffix(&format!("; {told}.")));
    without.map_or_else(|| summary.sentence.clone(), |sentence| format!("{sentence}."))
}

/// "2, respond within 15 min".
pub fn priority(assessment: &Assessment) -> String {
    let within = match assessment.response_minutes {
        0 => "immediately".to_owned(),
        minutes => format!("within {}", fmt_duration(u64::from(minutes) * MICROS_PER_MINUTE)),
    };
    format!("{}, respond {within}", assessment.priority)
}

/// "87 % likely an anomaly"; the ends are never claimed to be certain.
pub fn probability(assessment: &Assessment) -> Option<String> {
    let percent = assessment.probability? * 100.0;
    Some(match percent {
        p if p >= 99.5 => "over 99 % likely an anomaly".to_owned(),
        p if p < 0.5 => "under 1 % likely an anomaly".to_owned(),
        p => format!("{p:.0} % likely an anomaly"),
    })
}

/// "confidence 0.72 (medium)".
pub fn confidence(assessment: &Assessment) -> Option<String> {
    let confidence = assessment.confidence?;
    let level = match confidence {
        c if c >= HIGH => "high",
        c if c >= MEDIUM => "medium",
        _ => "low",
    };
    Some(format!("confidence {confidence:.2} ({level})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::severity::{Factor, Severity};
    use crate::triage::AlertStatus;

    fn summary(severity: Severity, sentence: &str) -> AlertSummary {
        AlertSummary {
            id: 1,
            source_id: String::new(),
            source_name: String::new(),
            entity: None,
            start_row: 0,
            end_row: 0,
            peak_row: 0,
            start_time: None,
            end_time: None,
            peak_time: None,
            n_rows: 1,
            peak_score: 0.5,
            severity,
            sentence: sentence.to_owned(),
            status: AlertStatus::New,
            verdict: None,
            assignee: None,
            tags: Vec::new(),
            n_notes: 0,
            first_seen: 0,
            last_seen: 0,
            n_runs: 1,
            is_current: true,
            returned: false,
        }
    }

    fn assessment(probability: Option<f64>, confidence: Option<f64>) -> Assessment {
        let factors = vec![(Factor::TimeOfDay, 2.0)];
        Assessment { base: Severity::Medium, factors, priority: 2, response_minutes: 90, probability, confidence }
    }

    #[test]
    fn the_adjustment_is_told_once() {
        let high = summary(Severity::High, "x reached 9; raised from medium: business hours ×2.0.");
        let raised = assessment(None, None);
        assert_eq!(adjustment(&high, &raised).unwrap(), "Raised from medium: business hours ×2.0");
        assert_eq!(sentence(&high, Some(&raised)), "x reached 9.");
        assert_eq!(sentence(&high, None), high.sentence);
        let medium = summary(Severity::Medium, "x reached 9.");
        assert_eq!(sentence(&medium, Some(&raised)), "x reached 9.");
        let plain = Assessment { factors: Vec::new(), ..raised };
        assert_eq!(adjustment(&high, &plain), None);
    }

    #[test]
    fn urgency_and_certainty_in_words() {
        let sure = assessment(Some(0.874), Some(0.72));
        assert_eq!(priority(&sure), "2, respond within 1 h 30 min");
        assert_eq!(priority(&Assessment { response_minutes: 0, ..sure.clone() }), "2, respond immediately");
        assert_eq!(probability(&sure).unwrap(), "87 % likely an anomaly");
        assert_eq!(confidence(&sure).unwrap(), "confidence 0.72 (medium)");
        let ends = [1.0, 0.9949, 0.0].map(|p| probability(&assessment(Some(p), None)).unwrap());
        let told = ["over 99 % likely an anomaly", "99 % likely an anomaly", "under 1 % likely an anomaly"];
        assert_eq!(ends, told);
        let levels = [0.8, 0.5, 0.49].map(|c| confidence(&assessment(None, Some(c))).unwrap());
        assert_eq!(levels, ["confidence 0.80 (high)", "confidence 0.50 (medium)", "confidence 0.49 (low)"]);
        assert_eq!((probability(&assessment(None, None)), confidence(&assessment(None, None))), (None, None));
    }
}
