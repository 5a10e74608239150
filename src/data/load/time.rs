//! How is a time written, and which moment is it?

use chrono::DateTime;

use super::time_parse::{MICROS_PER_SECOND, by_pattern, in_range, iso, numeric, web_log};
use crate::recipe::TimeFormat;

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
