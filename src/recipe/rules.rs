//! Settings of the rule layer: what must never be, said by people who know.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rule: rows for which it holds are anomalous, whatever the detectors say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleConfig {
    /// Use this rule.
    pub enabled: bool,
    /// Name in alerts; unique, not empty.
    pub name: String,
    /// What must hold, as a SQL expression (polars' dialect) over columns of the table and features, in the units of the
    /// data: `cpu > 90 AND latency_ms > 2 * latency_ms_mean_30`. A comparison with a missing value does not hold. Names
    /// with other signs than letters, digits and _ stand in double quotes. Aggregates such as `AVG(cpu)` look at all rows.
    pub expression: String,
    /// Least severity of the alerts it raises.
    pub severity: RuleSeverity,
    /// Seconds for which the expression must have held without a break, per entity, before the rule fires. 0: fires at
    /// once. Needs a time column. Range 0 to 31536000.
    #[schemars(range(min = 0, max = 31_536_000))]
    pub min_duration_secs: u32,
    /// Seconds after it stopped firing during which it does not fire again, per entity. Needs a time column. Range 0
    /// to 31536000.
    #[schemars(range(min = 0, max = 31_536_000))]
    pub cool_down_secs: u32,
}

impl Default for RuleConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            name: String::new(),
            expression: String::new(),
            severity: RuleSeverity::High,
            min_duration_secs: 0,
            cool_down_secs: 0,
        }
    }
}

/// Severity of what a rule finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleSeverity {
    /// At least low.
    Low,
    /// At least medium.
    Medium,
    /// At least high.
    #[default]
    High,
    /// Critical.
    Critical,
}
