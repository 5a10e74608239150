//! How an alert reads in a plain sentence.

mod explained;
mod words;

use self::explained::columns;
use self::words::{duration, name, pair};
use super::alert::{DetectorVote, FeatureDeviation, NewAlert};
use super::explained::AlertExplanation;
use crate::data::Table;

/// Features told with their numbers; of further ones only the count is given.
const MAX_FEATURES: usize = 2;

/// A plain sentence about an alert: who, which features, for how long, and how many detectors agree. One line.
///
/// With an explanation: "web-1 for 35 min: latency_ms 812, typically 40–95 at this hour (78 % of the score); mostly
/// isolation forest and autoencoder; 3 of 4 detectors agree." Without one:
/// "web-1: cpu_percent reached 97.2 (typically 41.0), latency_ms fell to 3.10 (typically 25.4) and 3 more features
/// deviated for 35 min; 3 of 4 detectors agree." Row numbers in it count from 1. Features made from the same raw
/// column say much the same, so only the first of each column is told.
pub fn describe(alert: &NewAlert) -> String {
    let episode = &alert.episode;
    let extent = extent(episode.start_time, episode.end_time, episode.n_rows);
    let rules = rules(&alert.rules);
    let agreement = agreement(&alert.fired, !rules.is_empty());
    let adjustment =
        alert.assessment.adjustment(episode.severity).filter(|_| alert.assessment.base != episode.severity);
    let adjustment = adjustment.map_or(String::new(), |text| format!("; {text}"));
    let (row, is_in_time) = (u64::from(episode.peak_row) + 1, episode.start_time.is_some());
    let Some(explanation) = &alert.explanation else {
        let subject = match (&episode.entity, is_in_time) {
            (Some(entity), true) => format!("{}: ", name(entity)),
            (Some(entity), false) => format!("{}, row {row}: ", name(entity)),
            (None, true) => String::new(),
            (None, false) => format!("Row {row}: "),
        };
        return format!("{subject}{rules}{}{extent}{agreement}{adjustment}.", features(&alert.top_features));
    };
    let subject = match (&episode.entity, is_in_time) {
        (Some(entity), true) => format!("{}{extent}: ", name(entity)),
        (Some(entity), false) => format!("{}, row {row}: ", name(entity)),
        (None, true) => capitalized(extent.trim_start(), ": "),
        (None, false) => format!("Row {row}: "),
    };
    let (what, mostly) = columns(explanation);
    format!("{subject}{rules}{what}{mostly}{agreement}{adjustment}.")
}

/// A text that begins a sentence, and what follows it; nothing where it is empty.
fn capitalized(text: &str, end: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).chain(end.chars()).collect())
}

/// A plain sentence about any row: "web-1: latency_ms 812, typically 40–95 at this hour (78 % of the score); mostly …".
pub fn describe_row(table: &Table, row: u32, explanation: &AlertExplanation) -> String {
    let entity = table.entities().map(|entities| entities.name_of(row as usize));
    let subject = entity.map_or(String::new(), |entity| format!("{}: ", name(entity)));
    if explanation.score <= explanation.base {
        return format!("{subject}nothing stands out, the score is not above what is usual.");
    }
    let (what, mostly) = columns(explanation);
    format!("{subject}{what}{mostly}.")
}

fn features(features: &[FeatureDeviation]) -> String {
    let mut told: Vec<&FeatureDeviation> = Vec::new();
    for feature in features {
        if told.len() < MAX_FEATURES && !told.iter().any(|other| other.source == feature.source) {
            told.push(feature);
        }
    }
    let parts: Vec<String> = told.iter().map(|feature| deviation(feature)).collect();
    match (parts.as_slice(), features.len() - told.len()) {
        ([], _) => "an unusual combination of values".to_owned(),
        ([only], 0) => only.clone(),
        (several, 0) => several.join(" and "),
        (several, 1) => format!("{} and 1 more feature deviated", several.join(", ")),
        (several, n_more) => format!("{} and {n_more} more features deviated", several.join(", ")),
    }
}

fn deviation(feature: &FeatureDeviation) -> String {
    let (value, typical) = pair(feature.value, feature.typical);
    let change = match feature.deviation {
        _ if feature.value.is_nan() => "was missing".to_owned(),
        d if d > 0.0 => format!("reached {value}"),
        d if d < 0.0 => format!("fell to {value}"),
        _ => format!("was {value}"),
    };
    let typical = if feature.typical.is_nan() { String::new() } else { format!(" (typically {typical})") };
    format!("{} {change}{typical}", name(&feature.feature))
}

fn extent(start: Option<i64>, end: Option<i64>, n_rows: u32) -> String {
    match (start, end) {
        (Some(start), Some(end)) if end > start => format!(" for {}", duration(end.abs_diff(start))),
        (Some(_), Some(_)) if n_rows > 1 => format!(" in {n_rows} rows"),
        _ => String::new(),
    }
}

/// "rule \"CPU saturated\" fired: "; empty where none did.
fn rules(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().take(MAX_FEATURES).map(|rule| format!("\"{}\"", name(rule))).collect();
    match (quoted.as_slice(), names.len() - quoted.len()) {
        ([], _) => String::new(),
        ([only], _) => format!("rule {only} fired: "),
        (several, 0) => format!("rules {} fired: ", several.join(" and ")),
        (several, n_more) => format!("rules {} and {n_more} more fired: ", several.join(", ")),
    }
}

fn agreement(votes: &[DetectorVote], by_rule: bool) -> String {
    let n_detectors = votes.len();
    let voted: Vec<&DetectorVote> = votes.iter().filter(|vote| vote.voted).collect();
    match voted.as_slice() {
        _ if n_detectors == 0 => String::new(),
        [] if n_detectors == 1 => String::new(),
        [] if by_rule => format!("; none of {n_detectors} detectors votes so"),
        [] => format!("; found by the combined score, not by any of {n_detectors} detectors alone"),
        [only] if n_detectors == 1 => format!("; found by {}", name(&only.detector)),
        [only] => format!("; only {} of {n_detectors} detectors votes so", name(&only.detector)),
        all if all.len() == n_detectors => format!("; all {n_detectors} detectors agree"),
        some => format!("; {} of {n_detectors} detectors agree", some.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::severity::Factor;
    use crate::analysis::severity::Severity;
    use crate::triage::{Assessment, Episode, ExplainedColumn};

    const MIN: i64 = 60_000_000;

    fn vote(detector: &str, voted: bool) -> DetectorVote {
        DetectorVote { detector: detector.into(), score: 0.0, normalized: 0.0, voted }
    }

    fn feature(name: &str, value: f64, typical: f64) -> FeatureDeviation {
        let source = name.split("_mean").next().unwrap().to_owned();
        FeatureDeviation { feature: name.into(), source, value, typical, deviation: value - typical }
    }

    fn alert(entity: Option<&str>, minutes: Option<i64>, top_features: Vec<FeatureDeviation>) -> NewAlert {
        let episode = Episode {
            entity: entity.map(String::from),
            start_row: 6,
            end_row: 9,
            peak_row: 6,
            start_time: minutes.map(|_| 0),
            end_time: minutes.map(|m| m * MIN),
            peak_time: minutes.map(|_| 0),
            n_rows: 3,
            peak_score: 0.9,
            severity: Severity::High,
            worst_row: 6,
            rows: vec![6, 7, 9],
        };
        let fired = vec![vote("forest", true), vote("svm", true), vote("lof", false), vote("autoencoder", true)];
        let assessment = Assessment {
            base: Severity::High,
            factors: Vec::new(),
            priority: 2,
            response_minutes: 15,
            probability: None,
            confidence: None,
        };
        NewAlert { episode, fired, rules: Vec::new(), top_features, assessment, explanation: None }
    }

    #[test]
    fn what_raised_the_severity_is_told() {
        let mut raised = alert(None, Some(0), vec![feature("cpu", 97.2, 41.0)]);
        raised.assessment = Assessment {
            base: Severity::Medium,
            factors: vec![(Factor::TimeOfDay, 2.0), (Factor::UserActivity, 1.25)],
            ..raised.assessment
        };
        let told = describe(&raised);
        assert!(told.ends_with("; raised from medium: business hours ×2.0, users active ×1.2."), "{told}");
        raised.assessment.base = Severity::High;
        assert!(!describe(&raised).contains("raised"));
        let unchanged = raised.assessment.adjustment(Severity::High).unwrap();
        assert_eq!(unchanged, "high with and without: business hours ×2.0, users active ×1.2");
    }

    #[test]
    fn a_full_sentence() {
        let features = vec![
            feature("cpu_percent", 97.21, 41.03),
            feature("cpu_percent_mean_30", 90.0, 41.0),
            feature("latency_ms", 3.1, 25.4),
            feature("errors", 12.0, 0.0),
        ];
        assert_eq!(
            describe(&alert(Some("web-1"), Some(35), features)),
            "web-1: cpu_percent reached 97.2 (typically 41.0), latency_ms fell to 3.10 (typically 25.4) \
             and 2 more features deviated for 35 min; 3 of 4 detectors agree."
        );
    }

    #[test]
    fn sentences_without_some_of_the_parts() {
        let one = || vec![feature("amount", f64::NAN, 1_234_567.8)];
        assert_eq!(
            describe(&alert(None, None, one())),
            "Row 7: amount was missing (typically 1,234,568); 3 of 4 detectors agree."
        );
        let two = vec![feature("a", 2.0, 1.0), feature("b", 1.0, f64::NAN)];
        let mut simultaneous = alert(None, Some(0), two);
        simultaneous.fired.truncate(1);
        assert_eq!(describe(&simultaneous), "a reached 2 (typically 1) and b was 1 in 3 rows; found by forest.");
        let mut bare = alert(Some("x\ny"), None, vec![]);
        bare.fired = vec![vote("forest", false), vote("svm", false)];
        assert_eq!(
            describe(&bare),
            "x y, row 7: an unusual combination of values; found by the combined score, not by any of 2 detectors alone."
        );
        bare.fired[0].voted = true;
        assert!(describe(&bare).ends_with("; only forest of 2 detectors votes so."));
        bare.fired[1].voted = true;
        assert!(describe(&bare).ends_with("; all 2 detectors agree."));
    }

    #[test]
    fn an_explanation_takes_the_place_of_deviations() {
        let mut explained = alert(Some("web-1"), Some(35), vec![feature("cpu", 97.2, 41.0)]);
        let column = ExplainedColumn {
            column: "latency_ms".into(),
            value: 812.0,
            text: String::new(),
            low: 40.0,
            high: 95.0,
            at_this_hour: true,
            contribution: 0.6,
            share: 0.78,
            features: Vec::new(),
        };
        explained.explanation = Some(AlertExplanation {
            method: "chained_shap".into(),
            score: 0.9,
            base: 0.1,
            columns: vec![column],
            detectors: vec![("Isolation forest".into(), 0.4), ("Autoencoder".into(), 0.3), ("z-score".into(), 0.3)],
            nearest_normal: None,
        });
        let told = "latency_ms 812, typically 40–95 at this hour (78 % of the score); mostly isolation forest and autoencoder; \
                    3 of 4 detectors agree.";
        assert_eq!(describe(&explained), format!("web-1 for 35 min: {told}"));
        explained.episode.entity = None;
        assert_eq!(describe(&explained), format!("For 35 min: {told}"));
        explained.episode.end_time = Some(0);
        explained.episode.n_rows = 1;
        assert_eq!(describe(&explained), told);
        explained.episode.start_time = None;
        assert_eq!(describe(&explained), format!("Row 7: {told}"));
    }

    #[test]
    fn rules_come_first() {
        let mut busy = alert(Some("web-1"), Some(35), vec![feature("cpu", 97.2, 41.0)]);
        busy.rules = vec!["CPU saturated".into()];
        assert_eq!(
            describe(&busy),
            "web-1: rule \"CPU saturated\" fired: cpu reached 97.2 (typically 41) for 35 min; 3 of 4 detectors agree."
        );
        busy.rules.extend(["b".into(), "c".into()]);
        busy.fired.iter_mut().for_each(|vote| vote.voted = false);
        let sentence = describe(&busy);
        assert!(sentence.starts_with("web-1: rules \"CPU saturated\", \"b\" and 1 more fired: "), "{sentence}");
        assert!(sentence.ends_with("; none of 4 detectors votes so."), "{sentence}");
    }
}
