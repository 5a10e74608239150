//! How is a text read as a moment, fast enough for millions of rows?
//!
//! All functions return microseconds since 1970-01-01 UTC, and `None` where the text is no such time. Texts without a zone
//! are `offset_minutes` ahead of UTC.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

pub(super) const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// Moments of the years 0 to 9999 can be written again.
pub(super) fn in_range(micros: i64) -> Option<i64> {
    (-62_167_219_200_000_000..253_402_300_800_000_000).contains(&micros).then_some(micros)
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
pub(super) fn iso(text: &[u8], offset_minutes: i32) -> Option<i64> {
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
pub(super) fn web_log(text: &str, offset_minutes: i32) -> Option<i64> {
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

pub(super) fn numeric(text: &str, offset_minutes: i32, day_first: bool) -> Option<i64> {
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

pub(super) fn by_pattern(text: &str, pattern: &str, offset_minutes: i32) -> Option<i64> {
    if let Ok(moment) = DateTime::parse_from_str(text, pattern) {
        return in_range(moment.timestamp_micros());
    }
    let local = NaiveDateTime::parse_from_str(text, pattern)
        .or_else(|_| NaiveDate::parse_from_str(text, pattern).map(|date| date.and_time(NaiveTime::MIN)))
        .ok()?;
    in_range(local.and_utc().timestamp_micros() - i64::from(offset_minutes) * 60 * MICROS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use chrono::Datelike;

    use super::*;

    #[test]
    fn dates_agree_with_a_calendar_library() {
        for day in (-800_000..800_000).step_by(37) {
            let date = DateTime::from_timestamp(day * 86_400, 0).unwrap();
            if (0..10_000).contains(&date.year()) {
                assert_eq!(
                    iso(date.format("%Y-%m-%d").to_string().as_bytes(), 0),
                    Some(day * MICROS_PER_DAY),
                    "{date}"
                );
            }
        }
    }
}
