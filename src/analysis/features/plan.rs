//! Which features are made from a table: their names, their order and what each of them means.

use std::collections::HashSet;

use super::compute::Job;
use super::series::Reach;
use super::{FeatureError, FeaturePlan, Source, SourceRecipe};
use crate::cx::Cx;
use crate::data::{Column, Feature, Role, Table};
use crate::recipe::{ColumnType, FeaturesConfig, RollingStatistics, Statistic, WindowUnit};

const MICROS_PER_MINUTE: i64 = 60_000_000;

/// Window of the z-score where the recipe has no rolling windows.
const DEFAULT_Z_WINDOW: u32 = 60;

/// Columns listed in an error.
const MOST_LISTED: usize = 20;

/// What windows count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Minutes of the time column.
    Minutes,
    /// Rows.
    Rows,
}

impl Unit {
    /// The unit on a table. `Auto` means minutes where the median step is at most a minute, else rows.
    fn of(setting: WindowUnit, table: &Table) -> Self {
        let at_most_a_minute = |step: i64| step > 0 && step <= MICROS_PER_MINUTE;
        match setting {
            WindowUnit::Minutes => Self::Minutes,
            WindowUnit::Rows => Self::Rows,
            WindowUnit::Auto if table.quality.median_step_micros.is_some_and(at_most_a_minute) => Self::Minutes,
            WindowUnit::Auto => Self::Rows,
        }
    }

    fn reach(self, window: u32) -> Reach {
        match self {
            Self::Minutes => Reach::Micros(i64::from(window) * MICROS_PER_MINUTE),
            Self::Rows => Reach::Rows(window as usize),
        }
    }

    /// "5 minutes", "1 row".
    pub fn count(self, n: u32) -> String {
        let unit = match self {
            Self::Minutes => "minute",
            Self::Rows => "row",
        };
        format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
    }
}

/// What one raw column is turned into, before it has a name.
enum Step {
    Raw,
    Rolling { window: u32, statistic: Statistic },
    ZScore { window: u32, limit: f64 },
}

/// Decides which features there are: per raw feature column, in table order, the value itself (`cpu`), rolling
/// statistics, window by window (`cpu_mean_5`, `cpu_std_5`, …), and the rolling z-score (`cpu_z_60`). Features over
/// time are made only where the table has a time column. A name that a column of the table or an earlier feature
/// already has gets a number: `cpu_mean_5_2`.
///
/// # Errors
/// When the table has no rows or no usable column, or the recipe asks for no feature.
pub fn plan(table: &Table, config: &FeaturesConfig, cx: &Cx) -> Result<FeaturePlan, FeatureError> {
    if table.n_rows() == 0 {
        return Err(FeatureError::NoRows);
    }
    let usable: Vec<&Column> = table.columns.iter().filter(|column| obstacle(column).is_none()).collect();
    if usable.iter().all(|column| is_empty(table, column)) {
        return Err(FeatureError::NoColumns { reasons: reasons(table) });
    }
    for column in table.columns.iter().filter(|column| column.role == Role::Feature) {
        if let Some(reason) = obstacle(column) {
            cx.warn(format!("column {} is not used: it {reason}", column.name));
        }
    }
    let unit = table.time().map(|_| Unit::of(config.time_series.rolling_statistics.window_unit, table));
    let steps = steps(config, unit);
    if steps.is_empty() {
        return Err(FeatureError::NoFeatures { reason: nothing_asked_for(config, table) });
    }
    let unit = unit.filter(|_| steps.iter().any(|step| !matches!(step, Step::Raw)));
    let mut plan = FeaturePlan {
        features: Vec::new(),
        descriptions: Vec::new(),
        unit,
        sources: Vec::new(),
        recipe: source_recipe(&steps, unit, &config.time_series.rolling_statistics),
    };
    let mut taken: HashSet<String> = table.columns.iter().map(|column| column.name.clone()).collect();
    for column in usable {
        let first = plan.features.len();
        for step in &steps {
            let name = step.name(&column.name, &mut taken);
            plan.features.push(Feature { name, source: column.name.clone() });
            plan.descriptions.push(step.describe(&column.name, unit.unwrap_or(Unit::Rows)));
        }
        plan.sources.push(Source { column: column.name.clone(), features: first..plan.features.len() });
    }
    Ok(plan)
}

/// The steps for every raw column. `unit` is `None` on a table without time.
fn steps(config: &FeaturesConfig, unit: Option<Unit>) -> Vec<Step> {
    let mut steps = Vec::new();
    if config.raw {
        steps.push(Step::Raw);
    }
    let Some(unit) = unit else { return steps };
    let rolling = &config.time_series.rolling_statistics;
    if config.time_series.enabled {
        for &window in &rolling.windows {
            // One row has no standard deviation.
            let possible = |s: &&Statistic| **s != Statistic::Std || window > 1 || unit != Unit::Rows;
            let statistics = rolling.statistics.iter().filter(possible);
            steps.extend(statistics.map(|&statistic| Step::Rolling { window, statistic }));
        }
    }
    if config.statistical.z_scores {
        let window = rolling.windows.iter().copied().max().unwrap_or(DEFAULT_Z_WINDOW);
        steps.push(Step::ZScore { window, limit: config.statistical.z_score_limit });
    }
    steps
}

/// The steps as jobs: one per window.
fn source_recipe(steps: &[Step], unit: Option<Unit>, rolling: &RollingStatistics) -> SourceRecipe {
    let unit = unit.unwrap_or(Unit::Rows);
    let mut recipe =
        SourceRecipe { n_features: steps.len(), min_history: rolling.min_history, ..SourceRecipe::default() };
    for (output, step) in steps.iter().enumerate() {
        match *step {
            Step::Raw => recipe.raw = true,
            Step::ZScore { window, limit } => {
                recipe.jobs.push(Job::ZScore { reach: unit.reach(window), limit, output });
            }
            Step::Rolling { window, statistic } => match recipe.jobs.last_mut() {
                Some(Job::Rolling { reach, outputs, .. }) if *reach == unit.reach(window) => {
                    outputs.push((statistic, output));
                }
                _ => recipe.jobs.push(Job::Rolling {
                    reach: unit.reach(window),
                    outputs: vec![(statistic, output)],
                    min_periods: rolling.min_periods,
                }),
            },
        }
    }
    recipe
}

impl Step {
    /// A name that is not taken yet; the raw value has that of its column.
    fn name(&self, column: &str, taken: &mut HashSet<String>) -> String {
        let name = match self {
            Self::Raw => return column.to_owned(),
            Self::Rolling { window, statistic } => format!("{column}_{}_{window}", short(*statistic)),
            Self::ZScore { window, .. } => format!("{column}_z_{window}"),
        };
        let numbered = (2u64..).map(|n| format!("{name}_{n}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(name);
        taken.insert(free.clone());
        free
    }

    fn describe(&self, column: &str, unit: Unit) -> String {
        match self {
            Self::Raw => format!("{column} as it is"),
            Self::Rolling { window, statistic } => {
                format!("{} of {column} over the last {}, this row included", long(*statistic), unit.count(*window))
            }
            Self::ZScore { window, limit } => format!(
                "({column} - its mean) / its standard deviation, both over the {} before this row; at most {limit} \
                 either way",
                unit.count(*window)
            ),
        }
    }
}

fn short(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Mean => "mean",
        Statistic::Std => "std",
        Statistic::Min => "min",
        Statistic::Max => "max",
        Statistic::Median => "median",
    }
}

fn long(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Mean => "Mean",
        Statistic::Std => "Standard deviation (n - 1)",
        Statistic::Min => "Smallest value",
        Statistic::Max => "Largest value",
        Statistic::Median => "Median",
    }
}

/// Why a column cannot be a feature; `None` where it can.
fn obstacle(column: &Column) -> Option<&'static str> {
    match (column.role, column.kind) {
        (Role::Time, _) => Some("holds the time"),
        (Role::Entity, _) => Some("says whose row it is"),
        (Role::Label, _) => Some("holds the truth"),
        (Role::Ignored | Role::Feature, ColumnType::Text) => Some("holds text"),
        (Role::Feature, ColumnType::Time) => Some("holds times, not numbers"),
        (Role::Ignored, _) => Some("is left out"),
        (Role::Feature, ColumnType::Number | ColumnType::Boolean) => None,
    }
}

/// Whether a column is known to hold no finite value.
fn is_empty(table: &Table, column: &Column) -> bool {
    let quality = table.quality.columns.iter().find(|quality| quality.name == column.name);
    quality.is_some_and(|q| q.n_missing + q.n_infinite >= table.n_rows())
}

/// Every column with what stands against it, for the error.
fn reasons(table: &Table) -> String {
    let mut reasons: Vec<String> = table
        .columns
        .iter()
        .map(|column| format!("{} {}", column.name, obstacle(column).unwrap_or("holds no value")))
        .collect();
    let n_more = reasons.len().saturating_sub(MOST_LISTED);
    reasons.truncate(MOST_LISTED);
    match (reasons.is_empty(), n_more) {
        (true, _) => "The table has no columns".to_owned(),
        (false, 0) => format!("The columns: {}", reasons.join(", ")),
        (false, _) => format!("The columns: {}, and {n_more} more", reasons.join(", ")),
    }
}

fn nothing_asked_for(config: &FeaturesConfig, table: &Table) -> String {
    let without_time = table.time().is_none() && (config.time_series.enabled || config.statistical.z_scores);
    if without_time {
        "features.raw is off and there is no time column for the others; turn features.raw on or set data.time".into()
    } else {
        "everything under features is off; turn on features.raw, features.time_series or \
         features.statistical.z_scores"
            .into()
    }
}
