//! What the time of day and the day of the week say.

use std::f64::consts::TAU;

use super::op::ClockPart;

const MICROS_PER_MINUTE: i64 = 60_000_000;
const MINUTES_PER_DAY: i64 = 24 * 60;
const HOURS_PER_DAY: f64 = 24.0;
/// Business hours, on the days before Saturday.
const BUSINESS: std::ops::Range<f64> = 8.0..18.0;
/// Hours that count as night.
const NIGHT: std::ops::Range<f64> = 0.0..6.0;
/// Monday is 0.
const SATURDAY: i64 = 5;

/// A moment by the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moment {
    /// Hour of day, 0 to less than 24, with its minutes as a fraction.
    hour: f64,
    /// 0 for Monday; `None` where only the hour is known.
    weekday: Option<i64>,
}

impl Moment {
    /// Of a time in microseconds since 1970 (UTC), `offset_minutes` east of Greenwich. Summer time is not known here.
    pub(crate) fn of_time(micros: i64, offset_minutes: i32) -> Self {
        let minutes = micros.div_euclid(MICROS_PER_MINUTE) + i64::from(offset_minutes);
        // The first of January 1970 was a Thursday.
        let weekday = (minutes.div_euclid(MINUTES_PER_DAY) + 3).rem_euclid(7);
        let into_minute = micros.rem_euclid(MICROS_PER_MINUTE) as f64 / MICROS_PER_MINUTE as f64;
        let hour = (minutes.rem_euclid(MINUTES_PER_DAY) as f64 + into_minute) / 60.0;
        Self { hour, weekday: Some(weekday) }
    }

    /// Of an hour of day, 0 to 24 (24 is 0). `None` for anything else.
    pub(crate) fn of_hour(hour: f64) -> Option<Self> {
        (0.0..=HOURS_PER_DAY).contains(&hour).then(|| Self { hour: hour % HOURS_PER_DAY, weekday: None })
    }

    /// The number of a part; NaN where it cannot be told.
    pub(crate) fn part(self, part: ClockPart) -> f64 {
        let flag = |set: bool| f64::from(u8::from(set));
        let is_weekend = self.weekday.map(|day| day >= SATURDAY);
        let angle = self.hour / HOURS_PER_DAY * TAU;
        match part {
            ClockPart::OffHours => flag(is_weekend == Some(true) || !BUSINESS.contains(&self.hour)),
            ClockPart::Weekend => is_weekend.map_or(f64::NAN, flag),
            ClockPart::Night => flag(NIGHT.contains(&self.hour)),
            ClockPart::HourSin => angle.sin(),
            ClockPart::HourCos => angle.cos(),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Datelike, FixedOffset, Timelike};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_chrono(micros in -4_000_000_000_000_000_i64..4_000_000_000_000_000, offset in -720_i32..=840) {
            let zone = FixedOffset::east_opt(offset * 60).expect("less than a day");
            let local = DateTime::from_timestamp_micros(micros).expect("in range").with_timezone(&zone);
            let moment = Moment::of_time(micros, offset);
            let day = local.weekday().num_days_from_monday();
            prop_assert_eq!(moment.weekday, Some(i64::from(day)));
            let hour = f64::from(local.num_seconds_from_midnight()) / 3600.0;
            prop_assert!((moment.hour - hour).abs() < 1.0 / 3600.0);
            let open = day < 5 && (8..18).contains(&local.hour());
            prop_assert_eq!(moment.part(ClockPart::OffHours), if open { 0.0 } else { 1.0 });
            prop_assert_eq!(moment.part(ClockPart::Weekend), if day < 5 { 0.0 } else { 1.0 });
            prop_assert_eq!(moment.part(ClockPart::Night), if local.hour() < 6 { 1.0 } else { 0.0 });
        }
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        for micros in [i64::MIN, i64::MAX] {
            assert!(Moment::of_time(micros, i32::MAX).part(ClockPart::HourSin).is_finite());
        }
    }

    #[test]
    fn an_hour_alone_knows_no_weekday() {
        let part = |hour, part| Moment::of_hour(hour).map(|moment| moment.part(part));
        assert_eq!(part(3.0, ClockPart::OffHours), Some(1.0));
        assert_eq!(part(8.0, ClockPart::OffHours), Some(0.0));
        assert_eq!(part(18.0, ClockPart::OffHours), Some(1.0));
        assert!(part(12.0, ClockPart::Weekend).is_some_and(f64::is_nan));
        assert_eq!(part(24.0, ClockPart::HourCos), Some(1.0));
        assert!(part(6.0, ClockPart::HourSin).is_some_and(|sin| (sin - 1.0).abs() < 1e-15));
        for hour in [-1.0, 24.5, f64::NAN] {
            assert_eq!(Moment::of_hour(hour), None);
        }
    }
}
