//! From which combined score an anomaly is how severe, and what raises it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Least combined score (0 to 1) of each level of severity, what each level asks for, and what raises it. The threshold
/// between normal and anomalous lies at 0.3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeverityConfig {
    /// Critical: respond immediately. Range 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub critical: f64,
    /// High: respond within 15 minutes. Range 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub high: f64,
    /// Medium: respond within 1 hour. Range 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub medium: f64,
    /// Low: respond within 24 hours. Range 0 to 1. Anomalous rows below it count as low, too.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub low: f64,
    /// Priority of each level; 1 is the most urgent.
    pub priority: SeverityPriority,
    /// Time within which someone should respond.
    pub response_minutes: ResponseMinutes,
    /// What raises the severity of an anomaly.
    pub dynamic_adjustment: SeverityAdjustment,
}

impl Default for SeverityConfig {
    fn default() -> Self {
        Self {
            critical: 0.9,
            high: 0.7,
            medium: 0.5,
            low: 0.3,
            priority: SeverityPriority::default(),
            response_minutes: ResponseMinutes::default(),
            dynamic_adjustment: SeverityAdjustment::default(),
        }
    }
}

/// Priority of each level of severity, shown with its alerts; 1 is the most urgent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeverityPriority {
    /// Priority of critical alerts. Range 1 to 9.
    #[schemars(range(min = 1, max = 9))]
    pub critical: u8,
    /// Priority of high alerts. Range 1 to 9.
    #[schemars(range(min = 1, max = 9))]
    pub high: u8,
    /// Priority of medium alerts. Range 1 to 9.
    #[schemars(range(min = 1, max = 9))]
    pub medium: u8,
    /// Priority of low alerts. Range 1 to 9.
    #[schemars(range(min = 1, max = 9))]
    pub low: u8,
}

impl Default for SeverityPriority {
    fn default() -> Self {
        Self { critical: 1, high: 2, medium: 3, low: 4 }
    }
}

/// Time within which someone should respond to an alert, from when it was found. In minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ResponseMinutes {
    /// Minutes for critical alerts; 0: immediately. Range 0 to 525600.
    #[schemars(range(min = 0, max = 525_600))]
    pub critical: u32,
    /// Minutes for high alerts. Range 0 to 525600.
    #[schemars(range(min = 0, max = 525_600))]
    pub high: u32,
    /// Minutes for medium alerts. Range 0 to 525600.
    #[schemars(range(min = 0, max = 525_600))]
    pub medium: u32,
    /// Minutes for low alerts. Range 0 to 525600.
    #[schemars(range(min = 0, max = 525_600))]
    pub low: u32,
}

impl Default for ResponseMinutes {
    fn default() -> Self {
        Self { critical: 0, high: 15, medium: 60, low: 1440 }
    }
}

/// What raises (or lowers) the severity of an anomaly. Each factor that holds for a row multiplies; the result stays in 0
/// to 1. The combined score itself, and which rows are anomalous, do not change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeverityAdjustment {
    /// Adjust severities.
    pub enabled: bool,
    /// What the factors multiply.
    pub scale: AdjustmentScale,
    /// Factor where a business metric itself is off. Range 0.1 to 10; 1: none.
    #[schemars(range(min = 0.1, max = 10.0))]
    pub business_impact: f64,
    /// Columns that measure the business; it counts as hit where one lies more than 3 standard deviations from its mean.
    /// Empty: the columns whose names say so (revenue, orders, payments, conversion, price, …).
    pub business_columns: Vec<String>,
    /// Factor during business hours. Needs a time column. Range 0.1 to 10; 1: none.
    #[schemars(range(min = 0.1, max = 10.0))]
    pub time_of_day: f64,
    /// When business hours are.
    pub business_hours: BusinessHours,
    /// Factor while users are active. Range 0.1 to 10; 1: none.
    #[schemars(range(min = 0.1, max = 10.0))]
    pub user_activity: f64,
    /// Columns that count users or their requests; users are active where one is above its median. Empty: the columns
    /// whose names say so (users, sessions, requests, logins, visits, …).
    pub user_activity_columns: Vec<String>,
    /// Factor for critical systems. Range 0.1 to 10; 1: none.
    #[schemars(range(min = 0.1, max = 10.0))]
    pub system_criticality: f64,
    /// Entities that are critical, by name. Empty: none.
    pub critical_entities: Vec<String>,
}

impl Default for SeverityAdjustment {
    fn default() -> Self {
        Self {
            enabled: true,
            scale: AdjustmentScale::Score,
            business_impact: 1.5,
            business_columns: Vec::new(),
            time_of_day: 2.0,
            business_hours: BusinessHours::default(),
            user_activity: 1.2,
            user_activity_columns: Vec::new(),
            system_criticality: 2.0,
            critical_entities: Vec::new(),
        }
    }
}

/// What the factors of an adjustment multiply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentScale {
    /// The score, cut at 1: a doubled 0.5 is 1.
    #[default]
    Score,
    /// The odds s / (1 - s): a doubled 0.5 is 0.67. Never reaches 1, so that the worst still stand out.
    Odds,
}

/// When business hours are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BusinessHours {
    /// First hour of the day. Range 0 to 23.
    #[schemars(range(min = 0, max = 23))]
    pub from: u8,
    /// Hour at which they end; before `from`: the next day. Range 0 to 24.
    #[schemars(range(min = 0, max = 24))]
    pub to: u8,
    /// Monday to Friday only.
    pub weekdays_only: bool,
    /// Minutes the local clock is ahead of UTC. Range -720 to 840. Summer time is not known.
    #[schemars(range(min = -720, max = 840))]
    pub utc_offset_minutes: i32,
}

impl Default for BusinessHours {
    fn default() -> Self {
        Self { from: 8, to: 18, weekdays_only: true, utc_offset_minutes: 0 }
    }
}
