//! Which periods the seasons of a table have.

use crate::analysis::features::FeatureError;
use crate::analysis::features::input::FeatureInput;
use crate::analysis::features::seasonal::period::{PeriodSearch, find_periods};
use crate::cx::Cx;
use crate::recipe::FeaturesConfig;

const SECS_PER_HOUR: f64 = 3600.0;
const MICROS_PER_SEC: f64 = 1e6;

/// Rows of the longest series that a period is looked for in.
const SEARCH_ROWS: usize = 20_000;

/// Two periods nearer to each other than this share of them are one.
const SAME: f64 = 0.1;

/// A period of the seasons.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Period {
    pub(super) rows: usize,
    /// Its length in time; `None` where it was found by counting rows.
    pub(super) secs: Option<f64>,
    /// Microseconds from row to row; `None`: phases count rows.
    pub(super) step_micros: Option<i64>,
    /// For names of features: `24h`, `36rows`.
    pub(super) name: String,
}

/// The periods of the recipe that fit the table, ascending: at least two rows long, and there at least twice.
pub(super) fn configured(input: &FeatureInput<'_>, config: &FeaturesConfig, cx: &Cx) -> Vec<Period> {
    let seasonal = &config.time_series.seasonal_analysis;
    let wanted = config.time_series.enabled && seasonal.enabled;
    let Some(step) = input.table.quality.median_step_micros.filter(|&step| wanted && step > 0) else {
        return Vec::new();
    };
    let longest = input.layout.groups.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
    let mut periods: Vec<Period> = Vec::new();
    let mut left_out = Vec::new();
    let mut hours = seasonal.seasonal_periods.clone();
    hours.sort_by(f64::total_cmp);
    hours.dedup();
    for hours in hours {
        let secs = hours * SECS_PER_HOUR;
        let rows = (secs * MICROS_PER_SEC / step as f64).round() as usize;
        if rows < 2 || rows > longest / 2 {
            left_out.push(format!("{hours}"));
        } else if periods.last().is_none_or(|last| last.rows != rows) {
            periods.push(Period { rows, secs: Some(secs), step_micros: Some(step), name: format!("{hours}h") });
        }
    }
    if !left_out.is_empty() {
        cx.warn(format!(
            "seasonal periods of {} hours are left out: the data hold less than two of them, or less than two rows each",
            left_out.join(", ")
        ));
    }
    periods
}

/// The same with the period found in a column, where the recipe asks for one to be looked for.
pub(super) fn of_column(
    configured: &[Period],
    input: &FeatureInput<'_>,
    config: &FeaturesConfig,
    column: &str,
    cx: &Cx,
) -> Result<Vec<Period>, FeatureError> {
    let mut periods = configured.to_vec();
    let seasonal = &config.time_series.seasonal_analysis;
    if !(config.time_series.enabled && seasonal.enabled && seasonal.detect_period) || input.table.time().is_none() {
        return Ok(periods);
    }
    let values = input.numbers(column)?;
    let Some(longest) = input.layout.entities().max_by_key(|group| group.len()) else { return Ok(periods) };
    let rows = longest.iter().map(|&row| row as usize).filter(|&row| input.is_training(row)).take(SEARCH_ROWS);
    let series: Vec<f64> = rows.map(|row| values.get(row).copied().unwrap_or(f64::NAN)).collect();
    let found = find_periods(&series, &PeriodSearch { max_periods: 1, ..PeriodSearch::default() }, cx)?;
    for found in found {
        let is_same = |period: &Period| (period.rows as f64 - found.rows as f64).abs() <= SAME * found.rows as f64;
        if !periods.iter().any(is_same) {
            // With the clock of the others, where there are others: all seasons of a column share one.
            let step_micros = periods.first().and_then(|period| period.step_micros);
            periods.push(Period { rows: found.rows, secs: None, step_micros, name: format!("{}rows", found.rows) });
        }
    }
    periods.sort_by_key(|period| period.rows);
    Ok(periods)
}
