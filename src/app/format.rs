//! How numbers, times and durations read on screen and in reports.

use chrono::{DateTime, Timelike, Utc};

/// Shown where there is no value.
pub const NONE: &str = "–";

const MICROS_PER_SEC: i64 = 1_000_000;

/// A number in about four significant digits, thousands set apart: "1,234,567", "41.37", "-0.0052", "3.1e-7".
/// Whole numbers have no decimals; NaN is [`NONE`].
pub fn fmt_number(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        return NONE.to_owned();
    }
    if !value.is_finite() {
        return if value > 0.0 { "∞" } else { "-∞" }.to_owned();
    }
    if size != 0.0 && !(1e-3..1e9).contains(&size) {
        return format!("{value:.2e}");
    }
    if value.fract() == 0.0 {
        return with_commas(&format!("{value:.0}"));
    }
    let magnitude = size.log10().floor() as i32;
    let decimals = usize::try_from(3 - magnitude).unwrap_or(0).min(6);
    let text = format!("{value:.decimals$}");
    // Zeros at the end of a fraction say nothing: "1.200" reads as "1.2".
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    with_commas(text)
}

/// A count, thousands set apart: "12,345".
pub fn fmt_count(count: usize) -> String {
    with_commas(&count.to_string())
}

/// A count of things: "1 row", "12,345 rows".
pub fn fmt_counted(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", fmt_count(count), if count == 1 { "" } else { "s" })
}

/// A score from 0 to 1: "0.93".
pub fn fmt_score(score: f64) -> String {
    if score.is_nan() { NONE.to_owned() } else { format!("{score:.2}") }
}

/// A row number for people, who count from 1: "12,346" for the row of index 12345.
pub fn fmt_row(index: u32) -> String {
    fmt_count(index as usize + 1)
}

/// A time in UTC from microseconds since 1970-01-01: "2024-03-01 12:34:56", with as many digits of the second as it
/// has. [`NONE`] where the calendar has no such time.
pub fn fmt_time(micros: i64) -> String {
    utc(micros).map_or_else(|| NONE.to_owned(), |time| time.format("%Y-%m-%d %H:%M:%S").to_string() + &fraction(time))
}

/// A time without its date: "12:34:56".
pub fn fmt_clock(micros: i64) -> String {
    utc(micros).map_or_else(|| NONE.to_owned(), |time| time.format("%H:%M:%S").to_string() + &fraction(time))
}

/// From one time to another, the date said once where it is the same: "2024-03-01 12:30:00 – 12:45:00".
pub fn fmt_span(from: i64, to: i64) -> String {
    let day = |micros| utc(micros).map(|time| time.date_naive());
    match (from == to, day(from) == day(to)) {
        (true, _) => fmt_time(from),
        (_, true) => format!("{} – {}", fmt_time(from), fmt_clock(to)),
        _ => format!("{} – {}", fmt_time(from), fmt_time(to)),
    }
}

/// A length of time in its two largest units: "3 d 4 h", "35 min", "12.5 s", "250 ms".
pub fn fmt_duration(micros: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)];
    let secs = micros as f64 / 1e6;
    if micros == 0 {
        return "0 s".to_owned();
    }
    if micros < 1000 {
        return format!("{micros} µs");
    }
    if secs < 1.0 {
        return format!("{} ms", fmt_number((secs * 1e4).round() / 10.0));
    }
    if secs < 59.95 {
        return format!("{} s", fmt_number((secs * 10.0).round() / 10.0));
    }
    let whole = secs.round() as u64;
    let mut units = UNITS.iter().skip_while(|(_, unit)| whole < *unit);
    let (name, unit) = units.next().unwrap_or(&("s", 1));
    let rest = units.next().map(|(name, unit_below)| (name, whole % unit / unit_below)).filter(|&(_, n)| n > 0);
    let large = format!("{} {name}", fmt_count(usize::try_from(whole / unit).unwrap_or(usize::MAX)));
    rest.map_or_else(|| large.clone(), |(name, n)| format!("{large} {n} {name}"))
}

/// How long ago a moment was, in its largest unit: "just now", "5 min ago", "3 d ago".
pub fn fmt_ago(micros: i64, now_micros: i64) -> String {
    let secs = now_micros.saturating_sub(micros) / MICROS_PER_SEC;
    match secs {
        ..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", secs / 60),
        3600..86_400 => format!("{} h ago", secs / 3600),
        _ => format!("{} d ago", secs / 86_400),
    }
}

/// The moment in UTC; `None` where the calendar has none.
pub(crate) fn utc(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
}

fn fraction(time: DateTime<Utc>) -> String {
    let micros = time.nanosecond() / 1000;
    match micros {
        0 => String::new(),
        _ if micros.is_multiple_of(1000) => format!(".{:03}", micros / 1000),
        _ => format!(".{micros:06}"),
    }
}

/// Sets the thousands of a plain number apart.
fn with_commas(number: &str) -> String {
    let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
    let (sign, whole) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut grouped = String::with_capacity(number.len() + whole.len() / 3);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: u64 = 60_000_000;

    #[test]
    fn numbers_are_short_and_keep_their_size() {
        let cases = [
            (0.0, "0"),
            (1_234_567.0, "1,234,567"),
            (-1234.5678, "-1,235"),
            (41.3681, "41.37"),
            (1.2, "1.2"),
            (0.004_567_8, "0.004568"),
            (99.9999, "100"),
            (3.14e-7, "3.14e-7"),
            (2.5e12, "2.50e12"),
            (f64::NAN, NONE),
            (f64::NEG_INFINITY, "-∞"),
        ];
        for (value, text) in cases {
            assert_eq!(fmt_number(value), text, "{value}");
        }
        assert_eq!((fmt_counted(1, "row"), fmt_counted(12_345, "row")), ("1 row".into(), "12,345 rows".into()));
        assert_eq!((fmt_row(0), fmt_score(0.928)), ("1".into(), "0.93".into()));
    }

    #[test]
    fn times_say_the_date_once() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap().timestamp_micros();
        let noon = at("2024-03-01T12:00:00Z");
        assert_eq!(fmt_time(noon), "2024-03-01 12:00:00");
        assert_eq!(fmt_time(noon + 250_000), "2024-03-01 12:00:00.250");
        assert_eq!(fmt_time(-1), "1969-12-31 23:59:59.999999");
        assert_eq!(fmt_span(noon, at("2024-03-01T12:45:00Z")), "2024-03-01 12:00:00 – 12:45:00");
        assert_eq!(fmt_span(noon, at("2024-03-02T00:00:00Z")), "2024-03-01 12:00:00 – 2024-03-02 00:00:00");
        assert_eq!(fmt_span(noon, noon), "2024-03-01 12:00:00");
        assert_eq!(fmt_time(i64::MAX), NONE);
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let cases = [
            (0, "0 s"),
            (12, "12 µs"),
            (250_000, "250 ms"),
            (12_500_000, "12.5 s"),
            (59_990_000, "1 min"),
            (35 * MIN, "35 min"),
            (95 * MIN, "1 h 35 min"),
            (2 * 60 * MIN, "2 h"),
            (76 * 60 * MIN, "3 d 4 h"),
            (1500 * 24 * 60 * MIN, "1,500 d"),
        ];
        for (micros, text) in cases {
            assert_eq!(fmt_duration(micros), text, "{micros}");
        }
        assert_eq!(fmt_ago(0, 7 * 60_000_000), "7 min ago");
        assert_eq!(fmt_ago(10, 0), "just now");
    }
}
