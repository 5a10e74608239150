//! Where the threshold between normal and anomalous lies.

use std::collections::BTreeSet;

use super::Member;
use super::column::DetectorScores;
use crate::analysis::stats::{mean_std, min_max_of_column, quantiles_of_column};
use crate::data::SeriesOrder;
use crate::recipe::{AlertsConfig, EnsembleConfig, ThresholdAggregation, ThresholdMethod};

const MICROS_PER_SEC: i64 = 1_000_000;
const MICROS_PER_DAY: f64 = 86_400.0 * 1e6;
/// Without time an alert rate is per this many rows.
const ROWS_PER_RATE: f64 = 1000.0;

/// The rows in time, for a threshold by the rate of alerts.
#[derive(Debug, Clone, Copy)]
pub struct RowsInTime<'a> {
    /// Which rows follow each other, entity by entity.
    pub order: &'a SeriesOrder,
    /// Time of each row in microseconds since 1970, where there is a time column.
    pub time: Option<&'a [i64]>,
    /// When anomalous rows are one alert.
    pub alerts: &'a AlertsConfig,
}

/// The threshold of a column of combined values: rows above it are anomalous.
pub(super) fn of_values(values: &[f64], config: &EnsembleConfig, rows: RowsInTime<'_>) -> f64 {
    let quantile = |level: f64| quantiles_of_column(values, &[level]).first().copied().unwrap_or(0.0);
    match config.threshold_method {
        ThresholdMethod::Contamination => quantile(1.0 - config.contamination),
        ThresholdMethod::Percentile(percentile) => quantile(percentile / 100.0),
        ThresholdMethod::Iqr(factor) => match quantiles_of_column(values, &[0.25, 0.75])[..] {
            [q25, q75] => q75 + factor * (q75 - q25),
            _ => 0.0,
        },
        ThresholdMethod::Gaussian(n_sigmas) => {
            let (mean, std) = mean_std(values);
            mean + n_sigmas * std
        }
        ThresholdMethod::AlertRate(per_day) => by_alert_rate(values, per_day, rows),
    }
}

/// The threshold as the detectors see it: each one's own, in normalised units, aggregated. `None` where the combined
/// score has to say.
pub(super) fn of_members(columns: &[DetectorScores], members: &[Member], config: &EnsembleConfig) -> Option<f64> {
    let heard = columns.iter().zip(members).filter(|(_, member)| member.weight > 0.0);
    let own = heard.map(|(column, member)| Some(member.normalized(of_column(column, config)?)));
    let mut thresholds = own.collect::<Option<Vec<f64>>>()?;
    thresholds.sort_unstable_by(f64::total_cmp);
    let n = thresholds.len();
    match config.threshold_aggregation {
        ThresholdAggregation::Combined => None,
        ThresholdAggregation::Mean => (n > 0).then(|| thresholds.iter().sum::<f64>() / n as f64),
        ThresholdAggregation::Median => {
            let middle = |i: usize| thresholds.get(i).copied();
            Some(0.5 * (middle(n / 2)? + middle(n.checked_sub(1)? / 2)?))
        }
        ThresholdAggregation::Max => thresholds.last().copied(),
        ThresholdAggregation::Min => thresholds.first().copied(),
    }
}

/// The threshold of one detector on its raw scores of the training rows.
fn of_column(column: &DetectorScores, config: &EnsembleConfig) -> Option<f64> {
    let scores = column.summary();
    Some(match config.threshold_method {
        ThresholdMethod::Contamination => scores.quantile(1.0 - config.contamination),
        ThresholdMethod::Percentile(percentile) => scores.quantile(percentile / 100.0),
        ThresholdMethod::Iqr(factor) => {
            let (q25, q75) = (scores.quantile(0.25), scores.quantile(0.75));
            q75 + factor * (q75 - q25)
        }
        ThresholdMethod::Gaussian(n_sigmas) => scores.mean + n_sigmas * scores.std,
        ThresholdMethod::AlertRate(_) => return None,
    })
}

/// The lowest threshold with at most as many alerts as the rate allows, going down from the highest value. Rows join to
/// one alert as they do in the queue.
fn by_alert_rate(values: &[f64], per_day: f64, rows: RowsInTime<'_>) -> f64 {
    let n_periods = match rows.time {
        Some(times) => {
            let (first, last) = times.iter().fold((i64::MAX, i64::MIN), |(lo, hi), &t| (lo.min(t), hi.max(t)));
            (last.saturating_sub(first) as f64 / MICROS_PER_DAY).max(0.0)
        }
        None => values.len() as f64 / ROWS_PER_RATE,
    };
    // At least one: a rate that allows nothing would hide everything.
    let allowed = ((per_day * n_periods).floor() as usize).max(1);
    let mut falling: Vec<u32> = (0..u32::try_from(values.len()).unwrap_or(u32::MAX)).collect();
    let value = |row: u32| values.get(row as usize).copied().unwrap_or(f64::NEG_INFINITY);
    falling.sort_unstable_by(|&a, &b| value(b).total_cmp(&value(a)).then(a.cmp(&b)));
    let mut alerts = Alerts::new(values.len(), rows);
    for equal in falling.chunk_by(|&a, &b| value(a) == value(b)) {
        equal.iter().for_each(|&row| alerts.add(row));
        if alerts.count > allowed {
            return equal.first().map_or(0.0, |&row| value(row));
        }
    }
    // Everything may be an alert, but what is equal to the rest stands out from nothing.
    min_max_of_column(values).0
}

/// Counts alerts while rows are added one by one.
struct Alerts<'a> {
    /// Place of each row in the order of entities and time.
    place: Vec<u32>,
    /// Entity of each place.
    series: Vec<u32>,
    rows: RowsInTime<'a>,
    by_place: BTreeSet<(u32, u32)>,
    count: usize,
}

impl<'a> Alerts<'a> {
    fn new(n_rows: usize, rows: RowsInTime<'a>) -> Self {
        let (mut place, mut series) = (vec![0; n_rows], Vec::with_capacity(n_rows));
        for (number, group) in (0_u32..).zip(rows.order.groups()) {
            for &row in group {
                if let Some(place) = place.get_mut(row as usize) {
                    *place = u32::try_from(series.len()).unwrap_or(u32::MAX);
                }
                series.push(number);
            }
        }
        Self { place, series, rows, by_place: BTreeSet::new(), count: 0 }
    }

    fn add(&mut self, row: u32) {
        let place = self.place.get(row as usize).copied().unwrap_or(0);
        let here = (place, row);
        let before = self.by_place.range(..here).next_back().copied();
        let after = self.by_place.range(here..).next().copied();
        let joins = |a: Option<(u32, u32)>, b: Option<(u32, u32)>| match (a, b) {
            (Some(a), Some(b)) => usize::from(self.join(a, b)),
            _ => 0,
        };
        // A row between two alerts may make one of them.
        let (gained, lost) = (1 + joins(before, after), joins(before, Some(here)) + joins(Some(here), after));
        self.count = (self.count + gained).saturating_sub(lost);
        self.by_place.insert(here);
    }

    /// Whether two anomalous rows with only normal ones between them belong to one alert.
    fn join(&self, a: (u32, u32), b: (u32, u32)) -> bool {
        let Some(times) = self.rows.time else { return false };
        let (near, far) = (self.series.get(a.0 as usize), self.series.get(b.0 as usize));
        let time = |row: u32| times.get(row as usize).copied().unwrap_or(0);
        let gap = i64::from(self.rows.alerts.episode_gap_secs) * MICROS_PER_SEC;
        let n_between = b.0.saturating_sub(a.0 + 1);
        near == far && (n_between <= self.rows.alerts.episode_gap_rows || time(b.1).saturating_sub(time(a.1)) <= gap)
    }
}
