//! The rule layer: for which rows do the rules of the recipe fire?

use std::collections::BTreeSet;

use super::features::{FeatureError, FeatureInput, FeaturePlan};
use super::severity::Severity;
use crate::cx::{Cancelled, Cx};
use crate::data::{Expression, ExpressionError, SeriesOrder, Table};
use crate::recipe::{RuleConfig, RuleSeverity};

const MICROS_PER_SEC: i64 = 1_000_000;

/// Why the rules could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The user cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// The features that a rule reads could not be computed.
    #[error(transparent)]
    Features(FeatureError),
    /// A rule cannot be used.
    #[error("rules[{index}] ({name}): {reason}")]
    Unusable {
        /// Place in the recipe, from 0.
        index: usize,
        /// Name of the rule.
        name: String,
        /// Why.
        reason: ExpressionError,
    },
}

impl From<Cancelled> for RuleError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<FeatureError> for RuleError {
    fn from(error: FeatureError) -> Self {
        match error {
            FeatureError::Cancelled => Self::Cancelled,
            error => Self::Features(error),
        }
    }
}

/// The rows for which one rule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleHits {
    /// Name of the rule.
    pub name: String,
    /// Least severity of these rows.
    pub severity: Severity,
    /// The rows, ascending.
    pub rows: Vec<u32>,
}

impl RuleHits {
    /// Whether the rule fires for a row.
    pub fn contains(&self, row: u32) -> bool {
        self.rows.binary_search(&row).is_ok()
    }
}

impl From<RuleSeverity> for Severity {
    fn from(severity: RuleSeverity) -> Self {
        match severity {
            RuleSeverity::Low => Self::Low,
            RuleSeverity::Medium => Self::Medium,
            RuleSeverity::High => Self::High,
            RuleSeverity::Critical => Self::Critical,
        }
    }
}

/// Evaluates the enabled rules over a table. Rules read its columns and the features of `plan`, in the units of the data.
///
/// # Errors
/// When cancelled, or where a rule cannot be read or does not fit the table.
pub fn evaluate(
    rules: &[RuleConfig],
    plan: &FeaturePlan,
    input: &FeatureInput<'_>,
    cx: &Cx,
) -> Result<Vec<RuleHits>, RuleError> {
    let (table, order) = (input.table, input.order);
    let mut parsed = Vec::new();
    for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.enabled) {
        let unusable = |reason| RuleError::Unusable { index, name: rule.name.clone(), reason };
        parsed.push((index, rule, Expression::parse(&rule.expression).map_err(unusable)?));
    }
    cx.progress().start("Rules", parsed.len() as u64);
    let wanted = parsed.iter().flat_map(|(_, _, expression)| expression.columns()).map(String::as_str).collect();
    let features = features(&wanted, plan, input, cx)?;
    let mut hits = Vec::new();
    for (index, rule, expression) in parsed {
        cx.check()?;
        let unusable = |reason| RuleError::Unusable { index, name: rule.name.clone(), reason };
        let holds = expression.evaluate(table, &features).map_err(unusable)?;
        if table.time().is_none() && rule.min_duration_secs.max(rule.cool_down_secs) > 0 {
            let name = &rule.name;
            cx.warn(format!("rule {name}: duration and cool-down are not used, as the table has no time column"));
        }
        hits.push(RuleHits {
            name: rule.name.clone(),
            severity: rule.severity.into(),
            rows: firing(&holds, rule, table.time(), order),
        });
        cx.progress().add(1);
    }
    Ok(hits)
}

/// Checks an expression against the columns of a table and the features of a plan, without computing them.
///
/// # Errors
/// What is wrong with it.
pub fn check(expression: &str, table: &Table, plan: &FeaturePlan) -> Result<(), ExpressionError> {
    let features: Vec<&str> = plan.features.iter().map(|feature| feature.name.as_str()).collect();
    Expression::parse(expression)?.check(table, &features)
}

/// The features among `wanted`, in the units of the data, missing values NaN. Columns of the table are left out.
fn features(
    wanted: &BTreeSet<&str>,
    plan: &FeaturePlan,
    input: &FeatureInput<'_>,
    cx: &Cx,
) -> Result<Vec<(String, Vec<f64>)>, RuleError> {
    let is_column = |name: &str| input.table.columns.iter().any(|column| column.name == name);
    // Also those not computed are named, empty, so that a misspelt name can be told what it is like.
    let mut all = Vec::new();
    for node in 0..plan.n_nodes() {
        let features = plan.features.get(plan.node_features(node)).unwrap_or_default();
        let wants = |name: &str| wanted.contains(name) && !is_column(name);
        if features.iter().any(|feature| wants(&feature.name)) {
            let columns = plan.compute_node(node, input, cx)?.columns;
            let named = features.iter().zip(columns).filter(|(feature, _)| wants(&feature.name));
            all.extend(named.map(|(feature, values)| (feature.name.clone(), values)));
        } else {
            all.extend(features.iter().map(|feature| (feature.name.clone(), Vec::new())));
        }
    }
    Ok(all)
}

/// The rows for which a rule fires: its condition holds and has held for the minimum duration without a break, and the
/// cool-down since it last fired for the entity is over. While it fires there is no cool-down.
fn firing(holds: &[bool], rule: &RuleConfig, time: Option<&[i64]>, order: &SeriesOrder) -> Vec<u32> {
    let min_duration = i64::from(rule.min_duration_secs) * MICROS_PER_SEC;
    let cool_down = i64::from(rule.cool_down_secs) * MICROS_PER_SEC;
    let mut rows = Vec::new();
    for group in order.groups() {
        let mut held_since = None;
        let mut is_firing = false;
        let mut fired_last: Option<i64> = None;
        for &row in group {
            if !holds.get(row as usize).copied().unwrap_or(false) {
                held_since = None;
                is_firing = false;
                continue;
            }
            let Some(&now) = time.and_then(|time| time.get(row as usize)) else {
                rows.push(row);
                continue;
            };
            let since = *held_since.get_or_insert(now);
            let is_cool = fired_last.is_none_or(|last| now.saturating_sub(last) >= cool_down);
            if is_firing || (now.saturating_sub(since) >= min_duration && is_cool) {
                rows.push(row);
                is_firing = true;
                fired_last = Some(now);
            }
        }
    }
    rows.sort_unstable();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::features;
    use crate::recipe::FeaturesConfig;

    fn rule(expression: &str, min_duration_secs: u32, cool_down_secs: u32) -> RuleConfig {
        let (name, expression) = ("busy".into(), expression.into());
        RuleConfig { name, expression, min_duration_secs, cool_down_secs, ..RuleConfig::default() }
    }

    /// One row a minute; two entities take turns, the second is never busy.
    fn minutely(cpu: &[f64]) -> Table {
        let n = cpu.len();
        let both = cpu.iter().flat_map(|&value| [value, 0.0]).collect();
        let time = (0..2 * n).map(|i| (i / 2) as i64 * 60 * MICROS_PER_SEC).collect();
        Table::of_features(&[("cpu", both)], Some(time), Some((0..2 * n).map(|i| (i % 2) as u32).collect()))
    }

    fn fired(cpu: &[f64], rule: RuleConfig) -> Vec<u32> {
        let hits = evaluated(&minutely(cpu), rule, &Cx::default()).unwrap();
        // Even rows are those of the first entity.
        hits[0].rows.iter().map(|row| row / 2).collect()
    }

    fn evaluated(table: &Table, rule: RuleConfig, cx: &Cx) -> Result<Vec<RuleHits>, RuleError> {
        let order = SeriesOrder::of(table);
        let input = FeatureInput::new(table, &order, None);
        let plan = features::plan(&input, &FeaturesConfig::rolling(), cx).unwrap();
        evaluate(&[rule], &plan, &input, cx)
    }

    #[test]
    fn fires_after_the_duration_and_stays_silent_after_it_fired() {
        let cpu = [99.0, 99.0, 99.0, 0.0, 99.0, 0.0, 0.0, 99.0, 99.0];
        assert_eq!(fired(&cpu, rule("cpu > 90", 0, 0)), [0, 1, 2, 4, 7, 8]);
        assert_eq!(fired(&cpu, rule("cpu > 90", 60, 0)), [1, 2, 8]);
        assert_eq!(fired(&cpu, rule("cpu > 90", 61, 0)), [2]);
        // Fired last in minute 2: silent until minute 7 is reached.
        assert_eq!(fired(&cpu, rule("cpu > 90", 0, 300)), [0, 1, 2, 7, 8]);
        assert_eq!(fired(&cpu, rule("cpu > 90", 0, 301)), [0, 1, 2, 8]);
    }

    #[test]
    fn features_can_be_read_and_mistakes_are_told() {
        // The mean of the last five minutes, the row itself among them: 10, 10, 10, (30 + 70) / 4.
        let cpu = [10.0, 10.0, 10.0, 70.0];
        assert_eq!(fired(&cpu, rule("cpu > 2.7 * cpu_mean_5", 0, 0)), [3]);
        assert_eq!(fired(&cpu, rule("cpu > 2.9 * cpu_mean_5", 0, 0)), [0_u32; 0]);
        let table = minutely(&cpu);
        let error = evaluated(&table, rule("cpu_meen_5 > 1", 0, 0), &Cx::default());
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with("rules[0] (busy): there is no column \"cpu_meen_5\""), "{text}");
        let order = SeriesOrder::of(&table);
        let input = FeatureInput::new(&table, &order, None);
        let plan = features::plan(&input, &FeaturesConfig::rolling(), &Cx::default()).unwrap();
        assert!(check("cpu > cpu_std_30", &table, &plan).is_ok());
        assert!(check("cpu + 1", &table, &plan).is_err());
    }

    #[test]
    fn without_time_a_rule_fires_where_it_holds_and_says_so() {
        let table = Table::of_features(&[("cpu", vec![99.0, 1.0])], None, None);
        let cx = Cx::default();
        let hits = evaluated(&table, rule("cpu > 90", 60, 0), &cx).unwrap();
        assert_eq!(hits[0].rows, [0]);
        assert!(cx.warnings()[0].contains("no time column"));
    }
}
