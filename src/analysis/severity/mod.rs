//! How bad an anomaly is: four levels by the combined score, raised by circumstances.

mod circumstances;

use serde::{Deserialize, Serialize};

pub use self::circumstances::{Adjusted, Circumstances, Factor};
use crate::recipe::SeverityConfig;

/// Level of severity, from least to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Look at it within a day.
    Low,
    /// Look at it within the hour.
    Medium,
    /// Look at it within 15 minutes.
    High,
    /// Look at it now.
    Critical,
}

impl Severity {
    /// Every level, worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// Name in files, databases and on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The level of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// The combined score at which this level begins.
    pub const fn least_score(self, config: &SeverityConfig) -> f64 {
        match self {
            Self::Low => config.low,
            Self::Medium => config.medium,
            Self::High => config.high,
            Self::Critical => config.critical,
        }
    }

    /// Its priority; 1 is the most urgent.
    pub const fn priority(self, config: &SeverityConfig) -> u8 {
        match self {
            Self::Low => config.priority.low,
            Self::Medium => config.priority.medium,
            Self::High => config.priority.high,
            Self::Critical => config.priority.critical,
        }
    }

    /// Minutes within which someone should respond.
    pub const fn response_minutes(self, config: &SeverityConfig) -> u32 {
        match self {
            Self::Low => config.response_minutes.low,
            Self::Medium => config.response_minutes.medium,
            Self::High => config.response_minutes.high,
            Self::Critical => config.response_minutes.critical,
        }
    }

    /// The level of an anomaly with a combined score (0 to 1). Anomalies below every level are low.
    pub fn of_anomaly(score: f64, config: &SeverityConfig) -> Self {
        match score {
            s if s >= config.critical => Self::Critical,
            s if s >= config.high => Self::High,
            s if s >= config.medium => Self::Medium,
            _ => Self::Low,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_begin_at_the_documents_thresholds() {
        let config = SeverityConfig::default();
        let levels = [0.3, 0.4999, 0.5, 0.7, 0.8999, 0.9, 1.0].map(|s| Severity::of_anomaly(s, &config));
        use Severity::{Critical, High, Low, Medium};
        assert_eq!(levels, [Low, Low, Medium, High, High, Critical, Critical]);
        assert_eq!(Severity::from_name("high"), Some(High));
    }
}
