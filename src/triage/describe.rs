//! How an alert reads in a plain sentence.

use super::alert::{DetectorVote, FeatureDeviation, NewAlert};

/// Features told with their numbers; of further ones only the count is given.
const MAX_FEATURES: usize = 2;
/// Longest name shown in full, in characters.
const MAX_NAME_CHARS: usize = 48;

/// A plain sentence about an alert: who, which features, for how long, and how many detectors agree. One line.
///
/// "web-1: cpu_percent reached 97.2 (typically 41.0), latency_ms fell to 3.10 (typically 25.4) and 3 more features
/// deviated for 35 min; 3 of 4 detectors agree." Row numbers in it count from 1. Features made from the same raw
/// column say much the same, so only the first of each column is told.
pub fn describe(alert: &NewAlert) -> String {
    let episode = &alert.episode;
    let subject = match (&episode.entity, episode.start_time) {
        (Some(entity), Some(_)) => format!("{}: ", name(entity)),
        (Some(entity), None) => format!("{}, row {}: ", name(entity), u64::from(episode.peak_row) + 1),
        (None, Some(_)) => String::new(),
        (None, None) => format!("Row {}: ", u64::from(episode.peak_row) + 1),
    };
    let extent = extent(episode.start_time, episode.end_time, episode.n_rows);
    let rules = rules(&alert.rules);
    let agreement = agreement(&alert.fired, !rules.is_empty());
    let adjustment =
        alert.assessment.adjustment(episode.severity).filter(|_| alert.assessment.base != episode.severity);
    let adjustment = adjustment.map_or(String::new(), |text| format!("; {text}"));
    format!("{subject}{rules}{}{extent}{agreement}{adjustment}.", features(&alert.top_features))
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

/// A name in one line: without control characters and marks that turn the direction of text, cut where too long.
fn name(text: &str) -> String {
    let turns_direction = |c: &char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let line: String =
        text.chars().filter(|c| !turns_direction(c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= MAX_NAME_CHARS {
        return line;
    }
    line.chars().take(MAX_NAME_CHARS - 1).chain(['…']).collect()
}

/// Two numbers with as many significant digits, from three, as it takes to tell them apart.
fn pair(a: f64, b: f64) -> (String, String) {
    let with = |digits| (number(a, digits), number(b, digits));
    let different = (3..=9).map(with).find(|(a, b)| a != b);
    different.unwrap_or_else(|| with(3))
}

/// A number with about that many significant digits; whole ones without decimals, thousands set apart by commas.
fn number(value: f64, digits: i32) -> String {
    let size = value.abs();
    if !value.is_finite() || (size != 0.0 && !(1e-3..1e9).contains(&size)) {
        let decimals = usize::try_from(digits - 1).unwrap_or(2);
        return if value.is_finite() { format!("{value:.decimals$e}") } else { value.to_string() };
    }
    let magnitude = if size == 0.0 { 0 } else { size.log10().floor() as i32 };
    let decimals = if value.fract() == 0.0 { 0 } else { usize::try_from(digits - 1 - magnitude).unwrap_or(0) };
    with_commas(&format!("{value:.decimals$}"))
}

fn with_commas(number: &str) -> String {
    let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
    let (sign, whole) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{fraction}")
}

/// A length of time in the two largest units that matter.
fn duration(micros: u64) -> String {
    let rounded = |unit: u64| micros.saturating_add(unit / 2) / unit;
    let (secs, minutes, hours) = (rounded(1_000_000), rounded(60_000_000), rounded(3_600_000_000));
    let two = |first: String, second: u64, unit: &str| {
        if second == 0 { first } else { format!("{first} {second} {unit}") }
    };
    match () {
        () if micros < 1_000_000 => "under 1 s".to_owned(),
        () if secs < 120 => format!("{secs} s"),
        () if minutes < 120 => format!("{minutes} min"),
        () if minutes < 48 * 60 => two(format!("{} h", minutes / 60), minutes % 60, "min"),
        () => two(format!("{} days", hours / 24), hours % 24, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::severity::Factor;
    use crate::analysis::severity::Severity;
    use crate::triage::Assessment;
    use crate::triage::Episode;

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
        NewAlert { episode, fired, rules: Vec::new(), top_features, assessment }
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

    #[test]
    fn numbers_are_rounded_but_told_apart() {
        let shown = [0.0, -7.0, 0.12345, 0.0012345, 5.678, 56.78, 567.8, -12_345.6, 1.5e12, 1.5e-7];
        let expected = ["0", "-7", "0.123", "0.00123", "5.68", "56.8", "568", "-12,346", "1.50e12", "1.50e-7"];
        assert_eq!(shown.map(|value| number(value, 3)), expected);
        assert_eq!(pair(100.24, 100.0), ("100.2".into(), "100".into()));
        assert_eq!(pair(1000.2, 1000.1), ("1,000.2".into(), "1,000.1".into()));
        assert_eq!(pair(0.5, 0.5), ("0.500".into(), "0.500".into()));
    }

    #[test]
    fn durations_use_the_units_people_use() {
        let shown = [0, 45, 119, 600, 7_140, 7_200, 7_500, 86_400, 172_800, 180_000 + 1_799];
        let expected =
            ["under 1 s", "45 s", "119 s", "10 min", "119 min", "2 h", "2 h 5 min", "24 h", "2 days", "2 days 2 h"];
        assert_eq!(shown.map(|secs| duration(secs * 1_000_000)), expected);
    }

    #[test]
    fn long_names_are_cut() {
        let cut = name(&"é".repeat(100));
        assert_eq!(cut.chars().count(), MAX_NAME_CHARS);
        assert!(cut.ends_with('…'));
        assert_eq!(name("a\u{202e}b\tc"), "ab c");
    }
}
