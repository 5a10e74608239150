//! Which features are made from a table: their names, their order and what each of them means.

mod builder;
mod columns;
mod packs;
mod pairs;
mod seasons;
mod statistical;
mod time_series;

use self::builder::Builder;
use super::input::FeatureInput;
use super::steps::raw::Raw;
use super::windows::Reach;
use super::{FeatureError, FeaturePlan};
use crate::cx::Cx;
use crate::data::Table;
use crate::recipe::{FeaturesConfig, WindowUnit};

pub(super) use self::builder::Node;

const MICROS_PER_MINUTE: i64 = 60_000_000;

/// What windows count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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

    /// The reach of a window of that length.
    pub(super) fn reach(self, window: u32) -> Reach {
        match self {
            Self::Rows => Reach::Rows(window as usize),
            Self::Minutes => Reach::Micros(i64::from(window) * MICROS_PER_MINUTE),
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

/// Decides which features there are: per raw feature column, in table order, the value itself (`cpu`) and what the recipe
/// makes of it (`cpu_mean_5`, `cpu_std_5`, …, `cpu_z_60`); then features of several columns. Features over time are made
/// only where the table has a time column. A name that a column of the table or an earlier feature already has gets a
/// number: `cpu_mean_5_2`.
///
/// Which pairs of columns belong together, which text columns are words and which periods fit is read off the training
/// rows of `input`, at most a few thousand of them.
///
/// # Errors
/// When the table has no rows or no usable column, or the recipe asks for no feature.
pub fn plan(input: &FeatureInput<'_>, config: &FeaturesConfig, cx: &Cx) -> Result<FeaturePlan, FeatureError> {
    let table = input.table;
    if table.n_rows() == 0 {
        return Err(FeatureError::NoRows);
    }
    let numeric = columns::numeric(table);
    let texts = columns::texts(table);
    if numeric.iter().all(|column| columns::is_empty(table, column)) && (texts.is_empty() || !config.text.enabled) {
        return Err(FeatureError::NoColumns { reasons: columns::reasons(table) });
    }
    columns::warn_of_unusable(table, config, cx);
    let unit = table.time().map(|_| Unit::of(config.time_series.rolling_statistics.window_unit, table));
    let mut builder = Builder::new(table, unit);
    let seasons = seasons::configured(input, config, cx);
    for column in &numeric {
        cx.check()?;
        if config.raw {
            builder.add("features.raw", Raw, &[column], &[]);
        }
        let periods = seasons::of_column(&seasons, input, config, column, cx)?;
        time_series::plan(&mut builder, config, column, &periods);
        statistical::plan(&mut builder, config, column);
    }
    packs::plan_texts(&mut builder, input, config, &texts, cx)?;
    packs::plan_domain(&mut builder, input, config, &numeric, &texts, cx)?;
    pairs::plan(&mut builder, input, config, &numeric, cx)?;
    time_series::plan_shared(&mut builder, config, &seasons);
    builder.finish(numeric.iter().map(|&name| name.to_owned()).collect(), config)
}
