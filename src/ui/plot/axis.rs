//! Where the ticks of an axis go and how they read.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};

use super::Range;
use crate::app::format::{fmt_count, utc};

/// A tick of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    /// Position on the axis.
    pub(crate) at: f64,
    /// What it says.
    pub(crate) label: String,
}

/// A time axis in two rows: the ticks, and below them the days, months or years they belong to.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct TimeAxis {
    /// Upper row.
    pub(crate) ticks: Vec<Tick>,
    /// Lower row: one entry at the left end and one wherever it changes.
    pub(crate) dates: Vec<Tick>,
}

/// A distance between the ticks of a time axis.
#[derive(Debug, Clone, Copy, PartialEq)]
enum TimeStep {
    Millis(i64),
    Secs(i64),
    Days(i64),
    Months(u32),
    Years(i32),
}

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

impl TimeStep {
    const ALL: [Self; 39] = {
        use TimeStep::{Days, Millis, Months, Secs, Years};
        [
            Millis(1),
            Millis(2),
            Millis(5),
            Millis(10),
            Millis(20),
            Millis(50),
            Millis(100),
            Millis(200),
            Millis(500),
            Secs(1),
            Secs(2),
            Secs(5),
            Secs(10),
            Secs(15),
            Secs(30),
            Secs(60),
            Secs(120),
            Secs(300),
            Secs(600),
            Secs(900),
            Secs(1800),
            Secs(HOUR),
            Secs(2 * HOUR),
            Secs(3 * HOUR),
            Secs(6 * HOUR),
            Secs(12 * HOUR),
            Days(1),
            Days(2),
            Days(7),
            Days(14),
            Months(1),
            Months(3),
            Months(6),
            Years(1),
            Years(2),
            Years(5),
            Years(10),
            Years(50),
            Years(100),
        ]
    };

    fn secs(self) -> f64 {
        match self {
            Self::Millis(n) => n as f64 / 1000.0,
            Self::Secs(n) => n as f64,
            Self::Days(n) => (n * DAY) as f64,
            Self::Months(n) => f64::from(n) * 30.4 * DAY as f64,
            Self::Years(n) => f64::from(n) * 365.25 * DAY as f64,
        }
    }

    /// The shortest step with at most `max_ticks` ticks in a stretch.
    fn fitting(secs: f64, max_ticks: usize) -> Self {
        let wanted = secs / max_ticks.max(1) as f64;
        Self::ALL.into_iter().find(|step| step.secs() >= wanted).unwrap_or(Self::Years(100))
    }

    /// The last multiple of the step at or before a moment.
    fn floor(self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let day = |days: i64| DateTime::from_timestamp(days * DAY, 0);
        let first =
            |year: i32, month: u32| Some(NaiveDate::from_ymd_opt(year, month, 1)?.and_time(NaiveTime::MIN).and_utc());
        match self {
            Self::Millis(n) => DateTime::from_timestamp_millis(at.timestamp_millis().div_euclid(n) * n),
            Self::Secs(n) => DateTime::from_timestamp(at.timestamp().div_euclid(n) * n, 0),
            // 1970-01-01 was a Thursday; whole weeks begin on Mondays.
            Self::Days(n) if n % 7 == 0 => day((at.timestamp().div_euclid(DAY) + 3).div_euclid(n) * n - 3),
            Self::Days(n) => day(at.timestamp().div_euclid(DAY).div_euclid(n) * n),
            Self::Months(n) => first(at.year(), at.month0() / n * n + 1),
            Self::Years(n) => first(at.year().div_euclid(n) * n, 1),
        }
    }

    fn next(self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Millis(n) => at.checked_add_signed(chrono::TimeDelta::try_milliseconds(n)?),
            Self::Secs(n) => at.checked_add_signed(chrono::TimeDelta::try_seconds(n)?),
            Self::Days(n) => at.checked_add_signed(chrono::TimeDelta::try_days(n)?),
            Self::Months(n) => at.checked_add_months(Months::new(n)),
            Self::Years(n) => at.checked_add_months(Months::new(u32::try_from(n).ok()? * 12)),
        }
    }

    fn format(self) -> &'static str {
        match self {
            Self::Millis(_) => "%H:%M:%S%.3f",
            Self::Secs(n) if n < 60 => "%H:%M:%S",
            Self::Secs(_) => "%H:%M",
            Self::Days(_) => "%-d %b",
            Self::Months(_) => "%b",
            Self::Years(_) => "%Y",
        }
    }

    /// Step and format of the lower row.
    fn dates(self) -> Option<(Self, &'static str)> {
        match self {
            Self::Millis(_) | Self::Secs(_) => Some((Self::Days(1), "%a %-d %b %Y")),
            Self::Days(_) => Some((Self::Months(1), "%B %Y")),
            Self::Months(_) => Some((Self::Years(1), "%Y")),
            Self::Years(_) => None,
        }
    }

    /// The multiples of the step in a stretch (in seconds), bounded in number whatever the step.
    fn multiples(self, range: Range) -> Vec<DateTime<Utc>> {
        const MOST: usize = 400;
        let Some(start) = moment(range.from).and_then(|at| self.floor(at)) else { return Vec::new() };
        std::iter::successors(Some(start), |&at| self.next(at))
            .skip_while(|&at| secs(at) < range.from)
            .take_while(|&at| secs(at) <= range.to)
            .take(MOST)
            .collect()
    }
}

fn moment(secs: f64) -> Option<DateTime<Utc>> {
    utc((secs * 1e6).round() as i64)
}

fn secs(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1e6
}

/// The ticks of a stretch of time, at most about `max_ticks`.
pub(crate) fn time_axis(range: Range, max_ticks: usize) -> TimeAxis {
    let step = TimeStep::fitting(range.len(), max_ticks);
    let tick = |at: DateTime<Utc>, format: &str| Tick { at: secs(at), label: at.format(format).to_string() };
    let ticks = step.multiples(range).into_iter().map(|at| tick(at, step.format())).collect();
    let dates = step.dates().map_or_else(Vec::new, |(step, format)| {
        let left = moment(range.from).map(|at| Tick { at: range.from, ..tick(at, format) });
        let changes = step.multiples(range).into_iter().map(|at| tick(at, format));
        left.into_iter().chain(changes.filter(|tick| tick.at > range.from)).collect()
    });
    TimeAxis { ticks, dates }
}

/// The ticks of a stretch of row indices, at most about `max_ticks`. Rows count from 1 on screen.
pub(crate) fn row_axis(range: Range, max_ticks: usize) -> Vec<Tick> {
    let step = nice_step(range.len() / max_ticks.max(1) as f64).max(1.0);
    let numbers = multiples(Range { from: range.from + 1.0, to: range.to + 1.0 }, step);
    let tick = |number: f64| Tick { at: number - 1.0, label: fmt_count(number.max(0.0) as usize) };
    numbers.into_iter().filter(|&number| number >= 1.0).map(tick).collect()
}

/// Ticks of a value axis, at most about `max_ticks`, and the step between them.
pub(crate) fn value_ticks(range: Range, max_ticks: usize) -> (Vec<f64>, f64) {
    let step = nice_step(range.len() / max_ticks.max(1) as f64);
    (multiples(range, step), step)
}

/// How a tick of a value axis reads, as long as the step needs and no longer: "0.25", "40", "1.5k", "20M".
pub(crate) fn fmt_tick(value: f64, step: f64) -> String {
    let value = if value.abs() < step / 1e6 { 0.0 } else { value };
    let (unit, suffix) = match value.abs().max(step) {
        size if !(1e-4..1e15).contains(&size) => return format!("{value:.1e}"),
        size if size < 1e4 => (1.0, ""),
        size if size < 1e6 => (1e3, "k"),
        size if size < 1e9 => (1e6, "M"),
        size if size < 1e12 => (1e9, "G"),
        _ => (1e12, "T"),
    };
    let decimals = (-(step / unit).log10() - 1e-9).ceil().clamp(0.0, 6.0) as usize;
    let text = format!("{:.decimals$}", value / unit);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if value == 0.0 { "0".to_owned() } else { format!("{text}{suffix}") }
}

/// The smallest of 1, 2, 5 times a power of ten that is at least `wanted`.
fn nice_step(wanted: f64) -> f64 {
    if !wanted.is_finite() || wanted <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(wanted.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|n| n * power).find(|&step| step >= wanted * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

fn multiples(range: Range, step: f64) -> Vec<f64> {
    const MOST: usize = 200;
    let first = (range.from / step - 1e-9).ceil();
    (0..MOST).map(|i| (first + i as f64) * step).take_while(|&at| at <= range.to + step * 1e-9).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str) -> Range {
        let at = |text: &str| secs(text.parse::<DateTime<Utc>>().unwrap());
        Range { from: at(from), to: at(to) }
    }

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn hours_have_their_date_below() {
        let axis = time_axis(range("2024-02-28T20:10:00Z", "2024-02-29T08:00:00Z"), 6);
        assert_eq!(labels(&axis.ticks), ["22:00", "00:00", "02:00", "04:00", "06:00", "08:00"]);
        assert_eq!(labels(&axis.dates), ["Wed 28 Feb 2024", "Thu 29 Feb 2024"]);
        assert_eq!(axis.dates[1].at, axis.ticks[1].at);
    }

    #[test]
    fn longer_and_shorter_stretches_change_the_unit() {
        let days = time_axis(range("2024-01-29T00:00:00Z", "2024-02-05T00:00:00Z"), 8);
        assert_eq!(labels(&days.ticks)[..3], ["29 Jan", "30 Jan", "31 Jan"]);
        assert_eq!(labels(&days.dates), ["January 2024", "February 2024"]);
        let months = time_axis(range("2023-11-15T00:00:00Z", "2024-06-01T00:00:00Z"), 8);
        assert_eq!(labels(&months.ticks)[..3], ["Dec", "Jan", "Feb"]);
        assert_eq!(labels(&months.dates), ["2023", "2024"]);
        let years = time_axis(range("1990-01-01T00:00:00Z", "2024-06-01T00:00:00Z"), 8);
        assert_eq!(labels(&years.ticks)[..2], ["1990", "1995"]);
        let millis = time_axis(range("2024-01-01T00:00:01Z", "2024-01-01T00:00:01.050Z"), 6);
        assert_eq!(labels(&millis.ticks)[..2], ["00:00:01.000", "00:00:01.010"]);
    }

    #[test]
    fn weeks_begin_on_mondays_and_ticks_stay_few() {
        let weeks = time_axis(range("2024-03-01T00:00:00Z", "2024-04-10T00:00:00Z"), 7);
        assert_eq!(labels(&weeks.ticks)[..2], ["4 Mar", "11 Mar"]);
        for secs in [1e-3, 1.0, 77.0, 1e4, 1e6, 1e8, 1e10] {
            let axis = time_axis(Range { from: 0.0, to: secs }, 8);
            assert!(axis.ticks.len() <= 10, "{secs}: {}", axis.ticks.len());
        }
        assert_eq!(time_axis(Range { from: 1e17, to: 2e17 }, 8), TimeAxis::default());
    }

    #[test]
    fn rows_count_from_one_and_are_whole() {
        let ticks = row_axis(Range { from: 0.0, to: 2999.0 }, 4);
        assert_eq!(labels(&ticks), ["1,000", "2,000", "3,000"]);
        assert_eq!(ticks[0].at, 999.0);
        assert_eq!(labels(&row_axis(Range { from: -0.5, to: 1.5 }, 9)), ["1", "2"]);
    }

    #[test]
    fn values_read_as_short_as_the_step_allows() {
        assert_eq!(value_ticks(Range { from: 0.3, to: 9.7 }, 5), (vec![2.0, 4.0, 6.0, 8.0], 2.0));
        let cases =
            [(0.25, 0.05, "0.25"), (1500.0, 500.0, "1500"), (15_000.0, 500.0, "15k"), (15_500.0, 500.0, "15.5k")];
        for (value, step, text) in cases {
            assert_eq!(fmt_tick(value, step), text);
        }
        assert_eq!(fmt_tick(1e-17, 0.1), "0");
        assert_eq!(fmt_tick(-2e7, 1e7), "-20M");
        assert_eq!(fmt_tick(2e-7, 1e-7), "2.0e-7");
    }
}
