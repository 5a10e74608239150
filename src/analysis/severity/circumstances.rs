//! What raises the severity of an anomaly: hit business metrics, business hours, active users, critical systems.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Severity;
use crate::analysis::features::domain::name_has_any;
use crate::analysis::stats::{mean_std, quantiles};
use crate::data::Table;
use crate::recipe::{AdjustmentScale, BusinessHours, SeverityAdjustment, SeverityConfig};

/// A business metric counts as hit from this many standard deviations on.
const HIT: f64 = 3.0;
const BUSINESS_WORDS: &str = "revenue sales order orders payment payments conversion checkout cart purchase purchases \
                              price amount invoice turnover income refund refunds";
const USER_WORDS: &str = "user users session sessions request requests visit visits visitor visitors login logins click \
                          clicks rps qps connections";

/// Something that raises (or lowers) the severity of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// A business metric itself is off.
    BusinessImpact,
    /// It is within business hours.
    TimeOfDay,
    /// Users are active.
    UserActivity,
    /// It is a critical system.
    SystemCriticality,
}

impl Factor {
    /// Every factor, in the order of their names in alerts.
    pub const ALL: [Self; 4] = [Self::BusinessImpact, Self::TimeOfDay, Self::UserActivity, Self::SystemCriticality];

    /// Name for people: "business hours".
    pub const fn title(self) -> &'static str {
        match self {
            Self::BusinessImpact => "business impact",
            Self::TimeOfDay => "business hours",
            Self::UserActivity => "users active",
            Self::SystemCriticality => "critical system",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// By how much it multiplies.
    pub const fn strength(self, config: &SeverityAdjustment) -> f64 {
        match self {
            Self::BusinessImpact => config.business_impact,
            Self::TimeOfDay => config.time_of_day,
            Self::UserActivity => config.user_activity,
            Self::SystemCriticality => config.system_criticality,
        }
    }
}

/// Which factors hold for which rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// One bit for each factor that holds; empty: none holds for any row.
    flags: Vec<u8>,
}

/// The severity of an anomaly before and after its circumstances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adjusted {
    /// By the combined score alone.
    pub base: Severity,
    /// With the circumstances.
    pub severity: Severity,
    /// The score that the severity comes from, 0 to 1.
    pub score: f64,
    flags: u8,
}

impl Adjusted {
    /// The factors that hold and change something, with their strengths.
    pub fn factors(self, config: &SeverityAdjustment) -> impl Iterator<Item = (Factor, f64)> {
        let holds = Factor::ALL.into_iter().filter(move |factor| self.flags & factor.bit() != 0);
        holds.map(|factor| (factor, factor.strength(config))).filter(|(_, strength)| *strength != 1.0)
    }
}

impl Circumstances {
    /// The circumstances of every row of a table.
    pub fn of(table: &Table, config: &SeverityAdjustment) -> Self {
        if !config.enabled {
            return Self::default();
        }
        let mut flags = vec![0; table.n_rows()];
        let mut holds = |factor: Factor, rows: &mut dyn FnMut(usize) -> bool| {
            flags.iter_mut().enumerate().filter(|(row, _)| rows(*row)).for_each(|(_, flags)| *flags |= factor.bit());
        };
        for values in columns(table, &config.business_columns, BUSINESS_WORDS) {
            let known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
            let (mean, std) = mean_std(&known);
            let is_hit = |row: usize| values.get(row).is_some_and(|value| (value - mean).abs() > HIT * std);
            holds(Factor::BusinessImpact, &mut { is_hit });
        }
        for values in columns(table, &config.user_activity_columns, USER_WORDS) {
            let known: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
            let [median] = quantiles(&known, [0.5]);
            holds(Factor::UserActivity, &mut |row| values.get(row).is_some_and(|value| *value > median));
        }
        if let Some(entities) = table.entities().filter(|_| !config.critical_entities.is_empty()) {
            let is_critical: Vec<bool> =
                entities.names.iter().map(|name| config.critical_entities.contains(name)).collect();
            let of_row = |row: usize| entities.codes.get(row).and_then(|&code| is_critical.get(code as usize)).copied();
            holds(Factor::SystemCriticality, &mut |row| of_row(row).unwrap_or(false));
        }
        if let Some(times) = table.time() {
            let is_open = |(flags, &time): (&mut u8, &i64)| {
                if is_business_time(time, &config.business_hours) {
                    *flags |= Factor::TimeOfDay.bit();
                }
            };
            flags.par_iter_mut().zip(times).for_each(is_open);
        }
        Self { flags }
    }

    /// The severity of an anomalous row with a combined score.
    pub fn adjusted(&self, row: usize, score: f64, config: &SeverityConfig) -> Adjusted {
        let base = Severity::of_anomaly(score, config);
        let flags = self.flags.get(row).copied().unwrap_or(0);
        let adjustment = &config.dynamic_adjustment;
        if flags == 0 {
            return Adjusted { base, severity: base, score, flags };
        }
        let holds = Factor::ALL.into_iter().filter(|factor| flags & factor.bit() != 0);
        let strength: f64 = holds.map(|factor| factor.strength(adjustment)).product();
        let score = match adjustment.scale {
            AdjustmentScale::Score => (score * strength).clamp(0.0, 1.0),
            AdjustmentScale::Odds => (score * strength / (1.0 - score + score * strength)).clamp(0.0, 1.0),
        };
        Adjusted { base, severity: Severity::of_anomaly(score, config), score, flags }
    }
}

/// The values of the columns named, or of those whose names have one of the words.
fn columns(table: &Table, named: &[String], words: &str) -> Vec<Vec<f64>> {
    let is_meant = |name: &&str| match named {
        [] => name_has_any(name, words),
        named => named.iter().any(|other| other == name),
    };
    table.feature_names().filter(is_meant).filter_map(|name| table.numbers(name)).collect()
}

const MICROS_PER_HOUR: i64 = 3_600_000_000;
const MICROS_PER_MINUTE: i64 = 60_000_000;
const HOURS_PER_DAY: i64 = 24;
/// The first of January 1970 was a Thursday; Monday is 0.
const FIRST_WEEKDAY: i64 = 3;
const SATURDAY: i64 = 5;

fn is_business_time(micros: i64, hours: &BusinessHours) -> bool {
    let local = micros.saturating_add(i64::from(hours.utc_offset_minutes) * MICROS_PER_MINUTE);
    let hour_number = local.div_euclid(MICROS_PER_HOUR);
    let (hour, day) = (hour_number.rem_euclid(HOURS_PER_DAY), hour_number.div_euclid(HOURS_PER_DAY));
    let (from, to) = (i64::from(hours.from), i64::from(hours.to));
    // Hours after midnight belong to the day on which they began.
    let (is_open, began) = if from <= to {
        ((from..to).contains(&hour), day)
    } else {
        (hour >= from || hour < to, if hour < to { day - 1 } else { day })
    };
    is_open && (!hours.weekdays_only || (began + FIRST_WEEKDAY).rem_euclid(7) < SATURDAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cx::Cx;
    use crate::data::sample::Sample;
    use crate::recipe::DataConfig;

    /// 2026-01-05 is a Monday.
    fn at(day: u32, hour: u32, minute: u32) -> i64 {
        chrono::NaiveDate::from_ymd_opt(2026, 1, day)
            .and_then(|date| date.and_hms_opt(hour, minute, 0))
            .map(|time| time.and_utc().timestamp_micros())
            .unwrap()
    }

    #[test]
    fn business_hours_by_the_calendar() {
        let usual = BusinessHours::default();
        let open = |hours: &BusinessHours, times: [i64; 4]| times.map(|time| is_business_time(time, hours));
        assert_eq!(open(&usual, [at(5, 8, 0), at(5, 17, 59), at(5, 7, 59), at(5, 18, 0)]), [true, true, false, false]);
        assert_eq!(
            open(&usual, [at(9, 12, 0), at(10, 12, 0), at(11, 12, 0), at(12, 12, 0)]),
            [true, false, false, true]
        );
        let night = BusinessHours { from: 22, to: 6, ..usual.clone() };
        // Friday's shift ends on Saturday morning; Sunday's does not count.
        assert_eq!(
            open(&night, [at(10, 5, 0), at(10, 22, 0), at(12, 5, 0), at(12, 23, 0)]),
            [true, false, false, true]
        );
        let eastern = BusinessHours { utc_offset_minutes: 330, ..usual };
        assert_eq!(
            open(&eastern, [at(5, 2, 29), at(5, 2, 30), at(5, 12, 29), at(5, 12, 30)]),
            [false, true, true, false]
        );
    }

    #[test]
    fn factors_multiply_and_stay_within_bounds() {
        let config = SeverityConfig::default();
        let both = Circumstances { flags: vec![Factor::TimeOfDay.bit() | Factor::UserActivity.bit(), 0] };
        let adjusted = both.adjusted(0, 0.35, &config);
        assert!((adjusted.score - 0.35 * 2.0 * 1.2).abs() < 1e-12);
        assert_eq!((adjusted.base, adjusted.severity), (Severity::Low, Severity::High));
        let named: Vec<_> = adjusted.factors(&config.dynamic_adjustment).collect();
        assert_eq!(named, [(Factor::TimeOfDay, 2.0), (Factor::UserActivity, 1.2)]);
        assert_eq!(both.adjusted(0, 0.9, &config).score, 1.0);
        assert_eq!(both.adjusted(1, 0.35, &config).severity, Severity::Low);
        let mut odds = config;
        odds.dynamic_adjustment.scale = AdjustmentScale::Odds;
        odds.dynamic_adjustment.user_activity = 1.0;
        assert!((both.adjusted(0, 0.5, &odds).score - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(both.adjusted(0, 1.0, &odds).score, 1.0);
        assert_eq!(both.adjusted(0, 0.5, &odds).factors(&odds.dynamic_adjustment).count(), 1);
    }

    #[test]
    fn columns_and_entities_are_found_by_name_or_as_named() {
        let table = Sample::Servers.table(2000, 1, &DataConfig::default(), &Cx::default()).unwrap();
        let entity = table.entities().unwrap().names[0].clone();
        let quiet = SeverityAdjustment { enabled: false, ..SeverityAdjustment::default() };
        assert_eq!(Circumstances::of(&table, &quiet), Circumstances::default());
        let config = SeverityAdjustment {
            critical_entities: vec![entity.clone()],
            user_activity_columns: vec!["cpu_percent".to_owned()],
            ..SeverityAdjustment::default()
        };
        let found = Circumstances::of(&table, &config);
        let cpu = table.numbers("cpu_percent").unwrap();
        let [median] = quantiles(&cpu.iter().copied().filter(|v| v.is_finite()).collect::<Vec<_>>(), [0.5]);
        for (row, &cpu) in cpu.iter().enumerate() {
            let has = |factor: Factor| found.flags[row] & factor.bit() != 0;
            assert_eq!(has(Factor::SystemCriticality), table.entities().unwrap().name_of(row) == entity);
            assert_eq!(has(Factor::UserActivity), cpu > median);
        }
    }
}
