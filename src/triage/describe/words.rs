//! Names, numbers and lengths of time in sentences.

/// Longest name shown in full, in characters.
const MAX_NAME_CHARS: usize = 48;

/// A name in one line: without control characters and marks that turn the direction of text, cut where too long.
pub(super) fn name(text: &str) -> String {
    let turns_direction = |c: &char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let line: String =
        text.chars().filter(|c| !turns_direction(c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= MAX_NAME_CHARS {
        return line;
    }
    line.chars().take(MAX_NAME_CHARS - 1).chain(['…']).collect()
}

/// Two numbers with as many significant digits, from three, as it takes to tell them apart.
pub(super) fn pair(a: f64, b: f64) -> (String, String) {
    let with = |digits| (number(a, digits), number(b, digits));
    let different = (3..=9).map(with).find(|(a, b)| a != b);
    different.unwrap_or_else(|| with(3))
}

/// A number with about that many significant digits; whole ones without decimals, thousands set apart by commas.
pub(super) fn number(value: f64, digits: i32) -> String {
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
pub(super) fn duration(micros: u64) -> String {
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
