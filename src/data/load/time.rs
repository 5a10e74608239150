//! How is a time written, and which moment is it?

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::recipe::TimeFormat;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// A way to write times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    /// Year first: `2025-03-01T12:30:00Z`, `2015/09/08 11:39`, `2025-03-01`.
    Iso,
    /// `10/Oct/2000:13:55:36 -0700`, as web servers write it.
    WebLog,
    /// `08.09.2015 11:39:00`
    DayFirst,
    /// `9/8/2015 11:39 AM`
    MonthFirst,
    /// Number of units since 1970-01-01 UTC.
    Epoch(Unit),
    /// A strftime pattern.
    Pattern(String),
}

/// Unit of a count since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    /// The unit in which a number is a moment between 1990 and 2100, if there is one.
    pub(super) fn by_magnitude(value: f64) -> Option<Self> {
        let is = |scale: f64| (631_152_000.0..4_102_444_800.0).contains(&(value / scale));
        [(1.0, Self::Seconds), (1e3, Self::Millis), (1e6, Self::Micros), (1e9, Self::Nanos)]
            .into_iter()
            .find_map(|(scale, unit)| is(scale).then_some(unit))
    }

    /// Microseconds of a whole count.
    pub(super) fn micros(self, value: i64) -> Option<i64> {
        let micros = match self {
            Self::Seconds => value.checked_mul(MICROS_PER_SECOND)?,
            Self::Millis => value.checked_mul(1_000)?,
            Self::Micros => value,
            Self::Nanos => value.div_euclid(1_000),
        };
        in_range(micros)
    }

    /// Microseconds of a count with a fraction.
    pub(super) fn micros_f64(self, value: f64) -> Option<i64> {
        let micros = match self {
            // Whole seconds and fraction apart, so that no digit of a microsecond is lost.
            Self::Seconds => value.floor() * 1e6 + (value.fract().rem_euclid(1.0) * 1e6).round(),
            Self::Millis => (value * 1e3).round(),
            Self::Micros => value.round(),
            Self::Nanos => (value / 1e3).floor(),
        };
        if micros.abs() < 1e18 { in_range(micros as i64) } else { None }
    }
}

/// Moments of the years 0 to 9999 can be written again.
fn in_range(micros: i64) -> Option<i64> {
    (-62_167_219_200_000_000..253_402_300_800_000_000).contains(&micros).then_some(micros)
}

impl Written {
    /// The format a recipe asks for; `None` where it is to be found out.
    pub(super) fn wanted(format: &TimeFormat) -> Option<Self> {
        Some(match format {
            TimeFormat::Auto => return None,
            TimeFormat::EpochSeconds => Self::Epoch(Unit::Seconds),
            TimeFormat::EpochMilliseconds => Self::Epoch(Unit::Millis),
            TimeFormat::EpochMicroseconds => Self::Epoch(Unit::Micros),
            TimeFormat::EpochNanoseconds => Self::Epoch(Unit::Nanos),
            TimeFormat::Iso8601 => Self::Iso,
            TimeFormat::Pattern(pattern) => Self::Pattern(pattern.clone()),
        })
    }

    /// For people.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Iso => "ISO 8601".into(),
            Self::WebLog => "web server log, such as 10/Oct/2000:13:55:36 -0700".into(),
            Self::DayFirst => "day first".into(),
            Self::MonthFirst => "month first".into(),
            Self::Epoch(Unit::Seconds) => "seconds since 1970".into(),
            Self::Epoch(Unit::Millis) => "milliseconds since 1970".into(),
            Self::Epoch(Unit::Micros) => "microseconds since 1970".into(),
            Self::Epoch(Unit::Nanos) => "nanoseconds since 1970".into(),
            Self::Pattern(pattern) => format!("pattern {pattern}"),
        }
    }

    /// The moment a text means, in microseconds since 1970-01-01 UTC. Texts without a zone are `offset_minutes`
    /// ahead of UTC.
    pub(super) fn parse(&self, text: &str, offset_minutes: i32) -> Option<i64> {
        let text = text.trim();
        match self {
            Self::Iso => iso(text.as_bytes(), offset_minutes),
            Self::WebLog => web_log(text, offset_minutes),
            Self::DayFirst => numeric(text, offset_minutes, true),
            Self::MonthFirst => numeric(text, offset_minutes, false),
            Self::Epoch(unit) => match text.parse::<i64>() {
                Ok(whole) => unit.micros(whole),
                Err(_) => text.parse::<f64>().ok().and_then(|v| unit.micros_f64(v)),
            },
            Self::Pattern(pattern) => by_pattern(text, pattern, offset_minutes),
        }
    }
}

/// Reads digits and signs from the left.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    /// A number of `least` to `most` digits.
    fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let mut value = 0;
        let mut n = 0;
        while n < most
            && let [digit @ b'0'..=b'9', rest @ ..] = self.0
        {
            value = value * 10 + i64::from(digit - b'0');
            self.0 = rest;
            n += 1;
        }
        (n >= least).then_some(value)
    }

    fn one_of(&mut self, signs: &[u8]) -> Option<u8> {
        match self.0 {
            [sign, rest @ ..] if signs.contains(sign) => {
                self.0 = rest;
                Some(*sign)
            }
            _ => None,
        }
    }

    fn spaces(&mut self) {
        while self.one_of(b" ").is_some() {}
    }

    /// `hh:mm`, `hh:mm:ss`, `hh:mm:ss.ffffff`, also with AM or PM, as microseconds of the day.
    fn clock(&mut self) -> Option<i64> {
        let mut hour = self.digits(1, 2)?;
        self.one_of(b":")?;
        let minute = self.digits(2, 2)?;
        let (mut second, mut fraction) = (0, 0);
        if self.one_of(b":").is_some() {
            second = self.digits(2, 2)?;
            if self.one_of(b".,").is_some() {
                fraction = self.fraction()?;
            }
        }
        let rest = self.0;
        self.spaces();
        match self.0 {
            [half @ (b'A' | b'a' | b'P' | b'p'), b'M' | b'm', rest @ ..] => {
                if !(1..=12).contains(&hour) {
                    return None;
                }
                hour = hour % 12 + if half.eq_ignore_ascii_case(&b'p') { 12 } else { 0 };
                self.0 = rest;
            }
            _ => self.0 = rest,
        }
        // 24:00 is midnight at the end of a day; second 60 is a leap second.
        let fits = (hour < 24 || (hour == 24 && minute == 0 && second == 0)) && minute < 60 && second <= 60;
        fits.then_some(((hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND + fraction)
    }

    /// Digits after the point, as microseconds; further digits are cut off.
    fn fraction(&mut self) -> Option<i64> {
        let (mut value, mut n) = (0, 0);
        while let [digit @ b'0'..=b'9', rest @ ..] = self.0 {
            if n < 6 {
                value = value * 10 + i64::from(digit - b'0');
            }
            n += 1;
            self.0 = rest;
        }
        (n > 0).then(|| (n..6).fold(value, |v, _| v * 10))
    }

    /// `Z`, `UTC`, `+02:00`, `-0700`, `+02`, or nothing, as microseconds ahead of UTC. Must be the end of the text.
    fn zone(&mut self, offset_minutes: i32) -> Option<i64> {
        self.spaces();
        let minutes = match self.0 {
            [] => i64::from(offset_minutes),
            [b'Z' | b'z'] | b"UTC" | b"GMT" => 0,
            _ => {
                let sign = if self.one_of(b"+-")? == b'-' { -1 } else { 1 };
                let hours = self.digits(2, 2)?;
                self.one_of(b":");
                let minutes = if self.0.is_empty() { 0 } else { self.digits(2, 2)? };
                if !self.0.is_empty() || hours > 23 || minutes > 59 {
                    return None;
                }
                sign * (hours * 60 + minutes)
            }
        };
        Some(minutes * 60 * MICROS_PER_SECOND)
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; `None` where there is no such date.
/// After Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Year first, with `-`, `/` or `.` between the parts of the date, or digits only (`20250301T123000Z`).
fn iso(text: &[u8], offset_minutes: i32) -> Option<i64> {
    let mut at = Cursor(text);
    let year = at.digits(4, 4)?;
    let Some(sign) = at.one_of(b"-/.") else { return basic_iso(at, year, offset_minutes) };
    let month = at.digits(1, 2)?;
    at.one_of(&[sign])?;
    let date = days(year, month, at.digits(1, 2)?)? * MICROS_PER_DAY;
    if at.0.is_empty() {
        return Some(date - at.zone(offset_minutes)?);
    }
    at.one_of(b"Tt _")?;
    at.spaces();
    let clock = at.clock()?;
    Some(date + clock - at.zone(offset_minutes)?)
}

fn basic_iso(mut at: Cursor<'_>, year: i64, offset_minutes: i32) -> Option<i64> {
    let month = at.digits(2, 2)?;
    let date = days(year, month, at.digits(2, 2)?)? * MICROS_PER_DAY;
    at.one_of(b"T")?;
    let (hour, minute) = (at.digits(2, 2)?, at.digits(2, 2)?);
    let second = if at.0.first().is_some_and(u8::is_ascii_digit) { at.digits(2, 2)? } else { 0 };
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(date + ((hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND - at.zone(offset_minutes)?)
}

/// `10/Oct/2000:13:55:36 -0700`, in brackets or not; also `10-Oct-2000 13:55:36`.
fn web_log(text: &str, offset_minutes: i32) -> Option<i64> {
    let text = text.strip_prefix('[').map_or(text, |inner| inner.strip_suffix(']').unwrap_or(inner));
    let mut at = Cursor(text.as_bytes());
    let day = at.digits(1, 2)?;
    let sign = at.one_of(b"/- ")?;
    let (name, rest) = at.0.split_at_checked(3)?;
    at.0 = rest;
    let names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let month = names.iter().position(|month| name.eq_ignore_ascii_case(month.as_bytes()))?;
    at.one_of(&[sign])?;
    let date = days(at.digits(4, 4)?, month as i64 + 1, day)? * MICROS_PER_DAY;
    at.one_of(b": ")?;
    let clock = at.clock()?;
    Some(date + clock - at.zone(offset_minutes)?)
}

/// First, second and third number of a date such as `9/8/2015`, and what follows.
fn three_numbers(text: &str) -> Option<(i64, i64, i64, Cursor<'_>)> {
    let mut at = Cursor(text.as_bytes());
    let first = at.digits(1, 2)?;
    let sign = at.one_of(b"/.-")?;
    let second = at.digits(1, 2)?;
    at.one_of(&[sign])?;
    let before = at.0.len();
    let year = at.digits(2, 4)?;
    let year = match before - at.0.len() {
        4 => year,
        // As POSIX reads two digits.
        // (Without a clock, 1.10.24 is rather a version.)
        2 if sign != b'/' && at.0.is_empty() => return None,
        2 if year < 69 => 2000 + year,
        2 => 1900 + year,
        _ => return None,
    };
    Some((first, second, year, at))
}

fn numeric(text: &str, offset_minutes: i32, day_first: bool) -> Option<i64> {
    let (first, second, year, mut at) = three_numbers(text)?;
    let (day, month) = if day_first { (first, second) } else { (second, first) };
    let date = days(year, month, day)? * MICROS_PER_DAY;
    if at.0.is_empty() {
        return Some(date - at.zone(offset_minutes)?);
    }
    at.one_of(b",");
    at.one_of(b"T ")?;
    at.spaces();
    let clock = at.clock()?;
    Some(date + clock - at.zone(offset_minutes)?)
}

fn by_pattern(text: &str, pattern: &str, offset_minutes: i32) -> Option<i64> {
    if let Ok(moment) = DateTime::parse_from_str(text, pattern) {
        return in_range(moment.timestamp_micros());
    }
    let local = NaiveDateTime::parse_from_str(text, pattern)
        .or_else(|_| NaiveDate::parse_from_str(text, pattern).map(|date| date.and_time(chrono::NaiveTime::MIN)))
        .ok()?;
    in_range(local.and_utc().timestamp_micros() - i64::from(offset_minutes) * 60 * MICROS_PER_SECOND)
}

/// A format found in texts, and whether day and month could also be the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) written: Written,
    pub(super) ambiguous: bool,
}

/// The format in which at least nine of ten texts are written; `None` where there is none.
pub(super) fn find(texts: &[&str]) -> Option<Found> {
    let readable = |written: &Written| texts.iter().filter(|text| written.parse(text, 0).is_some()).count();
    let mostly = |written: &Written| !texts.is_empty() && readable(written) * 10 >= texts.len() * 9;
    if let Some(written) = [Written::Iso, Written::WebLog].into_iter().find(mostly) {
        return Some(Found { written, ambiguous: false });
    }
    let (days, months) = (readable(&Written::DayFirst), readable(&Written::MonthFirst));
    let dotted = texts.first().is_some_and(|text| text.contains('.'));
    // Only Americans write AM and PM after a date in numbers.
    let halves = texts.iter().any(|text| text.ends_with(['M', 'm']));
    let day_first = days > months || (days == months && dotted);
    let written = if day_first { Written::DayFirst } else { Written::MonthFirst };
    let ambiguous = days == months && !dotted && !halves;
    mostly(&written).then_some(Found { written, ambiguous })
}

/// A moment as ISO 8601 text in UTC, with a fraction only where there is one: `2025-01-01T00:00:00Z`.
pub(crate) fn iso_text(micros: i64) -> String {
    let Some(moment) = DateTime::from_timestamp_micros(micros) else { return String::new() };
    let fraction = micros.rem_euclid(MICROS_PER_SECOND);
    let whole = moment.format("%Y-%m-%dT%H:%M:%S");
    if fraction == 0 {
        return format!("{whole}Z");
    }
    let digits = format!("{fraction:06}");
    format!("{whole}.{}Z", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2015-09-08 11:39:00 UTC, from `date -u -d '2015-09-08 11:39' +%s`.
    const MOMENT: i64 = 1_441_712_340_000_000;

    fn auto(texts: &[&str]) -> Option<Found> {
        find(texts)
    }

    #[test]
    fn year_first_is_read_with_and_without_zone_and_fraction() {
        let iso = |text| Written::Iso.parse(text, 0);
        for text in [
            "2015-09-08T11:39:00Z",
            "2015-09-08 11:39",
            "2015/09/08 11:39",
            "2015-09-08T13:39:00+02:00",
            "2015-09-08 04:39:00-0700",
            "2015-09-08T11:39:00.000",
            "20150908T113900Z",
            "2015-9-8 11:39:00 UTC",
            "2015-09-08T13:39+02",
        ] {
            assert_eq!(iso(text), Some(MOMENT), "{text}");
        }
        assert_eq!(iso("2015-09-08 11:39:00.25"), Some(MOMENT + 250_000));
        assert_eq!(iso("2015-09-08 11:39:00,1234567"), Some(MOMENT + 123_456));
        assert_eq!(iso("1969-12-31T23:59:59Z"), Some(-1_000_000));
        assert_eq!(iso("2000-02-29"), Some(951_782_400_000_000));
        assert_eq!(iso("2015-09-07 24:00"), iso("2015-09-08"));
        for text in ["2015-02-29", "2015-13-01", "2015-09-08 25:00", "2015-09-08 11:39 x", "2015", "", "2015-09-08T"] {
            assert_eq!(iso(text), None, "{text}");
        }
    }

    #[test]
    fn a_missing_zone_is_the_offset_set() {
        assert_eq!(Written::Iso.parse("2015-09-08 13:39:00", 120), Some(MOMENT));
        assert_eq!(Written::Iso.parse("2015-09-08 11:39:00Z", 120), Some(MOMENT));
    }

    #[test]
    fn dates_agree_with_a_calendar_library() {
        for day in (-800_000..800_000).step_by(37) {
            let date = DateTime::from_timestamp(day * 86_400, 0).unwrap();
            if (0..10_000).contains(&chrono::Datelike::year(&date)) {
                assert_eq!(
                    iso(date.format("%Y-%m-%d").to_string().as_bytes(), 0),
                    Some(day * MICROS_PER_DAY),
                    "{date}"
                );
            }
        }
    }

    #[test]
    fn other_ways_to_write_are_found() {
        let log = auto(&["[10/Oct/2000:13:55:36 -0700]", "11/Oct/2000:00:00:00 -0700"]).unwrap();
        assert_eq!(log.written, Written::WebLog);
        assert_eq!(log.written.parse("[10/Oct/2000:13:55:36 -0700]", 0), Some(971_211_336_000_000));
        let german = auto(&["08.09.2015 11:39:00", "09.09.2015 11:39:00"]).unwrap();
        assert_eq!(german, Found { written: Written::DayFirst, ambiguous: false });
        assert_eq!(german.written.parse("08.09.2015 11:39:00", 0), Some(MOMENT));
        let us = auto(&["9/8/2015 11:39 AM", "9/13/2015 12:01 PM"]).unwrap();
        assert_eq!(us, Found { written: Written::MonthFirst, ambiguous: false });
        assert_eq!(us.written.parse("9/8/2015 11:39 AM", 0), Some(MOMENT));
        assert_eq!(us.written.parse("9/8/15 12:00 AM", 0), Some(MOMENT - (11 * 60 + 39) * 60_000_000));
        assert_eq!(auto(&["13/09/2015", "08/09/2015"]).unwrap().written, Written::DayFirst);
        assert_eq!(
            auto(&["09/08/2015", "10/08/2015"]).unwrap(),
            Found { written: Written::MonthFirst, ambiguous: true }
        );
        for words in
            [&["a", "b"][..], &["1.5", "2.5"], &["10.0.0.1"], &[], &["1234"], &["2015"], &["12:30"], &["1.10.24"]]
        {
            assert_eq!(auto(words), None, "{words:?}");
        }
    }

    #[test]
    fn epochs_are_told_apart_by_magnitude() {
        let cases = [
            (1.44e9, Some(Unit::Seconds)),
            (1.44e12, Some(Unit::Millis)),
            (1.44e15, Some(Unit::Micros)),
            (1.44e18, Some(Unit::Nanos)),
            (42.0, None),
            (-1.0, None),
        ];
        for (value, unit) in cases {
            assert_eq!(Unit::by_magnitude(value), unit, "{value}");
        }
        assert_eq!(Unit::Seconds.micros_f64(1_441_712_340.123_456), Some(MOMENT + 123_456));
        assert_eq!(Written::Epoch(Unit::Nanos).parse("1441712340000000999", 0), Some(MOMENT));
        assert_eq!(Unit::Seconds.micros(i64::MAX), None);
        assert_eq!(Unit::Seconds.micros_f64(f64::NAN), None);
    }

    #[test]
    fn a_pattern_reads_dates_with_and_without_clock_and_zone() {
        let pattern = |p: &str| Written::Pattern(p.into());
        assert_eq!(pattern("%d %b %Y %H-%M").parse("08 Sep 2015 11-39", 0), Some(MOMENT));
        assert_eq!(pattern("%d/%b/%Y:%H:%M:%S %z").parse("08/Sep/2015:13:39:00 +0200", 0), Some(MOMENT));
        assert_eq!(pattern("%Y%m%d").parse("20000229", 0), Some(951_782_400_000_000));
        assert_eq!(pattern("%Q").parse("20000229", 0), None);
    }

    #[test]
    fn times_are_written_as_iso_in_utc() {
        assert_eq!(iso_text(MOMENT), "2015-09-08T11:39:00Z");
        assert_eq!(iso_text(MOMENT + 250_000), "2015-09-08T11:39:00.25Z");
        assert_eq!(iso_text(-1), "1969-12-31T23:59:59.999999Z");
    }
}
