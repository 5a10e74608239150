//! What a person should see of one score column: every metric of the series in a table, in one struct.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::events::{Delays, DetectionDelay, EventCounts};
use super::nab::{Nab, NabProfile, NabResult, NabSeries};
use super::ranges::{RangeSums, RangeWeights};
use super::runs::Runs;
use super::vus::{Vus, vus};
use super::{SeriesMetricsError, check_length};
use crate::cx::Cx;
use crate::data::SeriesOrder;

/// Precision, recall and what they come to together, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PrecisionRecall {
    /// `None` where nothing was predicted.
    pub precision: Option<f64>,
    /// `None` where there was nothing to find.
    pub recall: Option<f64>,
    /// Harmonic mean of both; what is `None` counts as 0. `None` where both are.
    pub f1: Option<f64>,
}

impl PrecisionRecall {
    /// Both with their harmonic mean.
    pub(super) fn new(precision: Option<f64>, recall: Option<f64>) -> Self {
        let f1 = precision.or(recall).map(|_| {
            let (precision, recall) = (precision.unwrap_or(0.0), recall.unwrap_or(0.0));
            let sum = precision + recall;
            if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 }
        });
        Self { precision, recall, f1 }
    }

    /// From counts of what was found, wrongly reported and missed.
    pub(super) fn of_counts(found: usize, wrong: usize, missed: usize) -> Self {
        let share = |all: usize| (all > 0).then(|| found as f64 / all as f64);
        Self::new(share(found + wrong), share(found + missed))
    }
}

/// The rows of a table, columns in row order.
#[derive(Debug, Clone, Copy)]
pub struct SeriesRows<'a> {
    /// The series: rows of each entity in time order.
    pub order: &'a SeriesOrder,
    /// Time of each row in microseconds; empty where rows have none.
    pub times: &'a [i64],
    /// Which rows are anomalous.
    pub labels: &'a [bool],
    /// How abnormal each row is; higher = more.
    pub scores: &'a [f64],
    /// Which rows are reported: those at or above the threshold in use.
    pub flags: &'a [bool],
}

/// Metrics of one score column, over the series of all entities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SeriesMetrics {
    /// Series: one per entity.
    pub series: usize,
    /// Series with both anomalous and normal rows: those that `vus` is the mean over.
    pub series_with_events: usize,
    /// Areas that need no threshold: means over the series that have them, each series counting alike. `None` where
    /// none has.
    pub vus: Option<Vus>,
    /// Events and alarms of all series together.
    pub counts: EventCounts,
    /// Precision, recall and F1 of events, from these counts. What they are `None` for: see there.
    pub events: PrecisionRecall,
    /// F1 per row, flattering: see [`EventCounts::point_adjusted_f1`].
    pub point_adjusted_f1: Option<f64>,
    /// Range-based precision, recall and F1: means over the runs of all series together, with the weights
    /// [`RangeWeights::PRECISION`] and [`RangeWeights::RECALL`].
    pub ranges: PrecisionRecall,
    /// How late the events found were found, over all series together. `None` where none was.
    pub delay: Option<DetectionDelay>,
    /// Scores of the Numenta Anomaly Benchmark, with one threshold over all series and the events as windows.
    pub nab: NabResults,
}

/// A result for each profile, each at the threshold that is best for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NabResults {
    /// Balanced.
    pub standard: NabResult,
    /// False alarms cost twice as much.
    pub reward_low_fp_rate: NabResult,
    /// Missed events cost twice as much.
    pub reward_low_fn_rate: NabResult,
}

impl NabResults {
    /// The best result of each profile.
    pub fn of(nab: &Nab) -> Self {
        Self {
            standard: nab.best(NabProfile::Standard),
            reward_low_fp_rate: nab.best(NabProfile::RewardLowFpRate),
            reward_low_fn_rate: nab.best(NabProfile::RewardLowFnRate),
        }
    }
}

/// One series, its rows in time order.
struct Series {
    times: Vec<i64>,
    labels: Vec<bool>,
    scores: Vec<f64>,
    events: Runs,
    alarms: Runs,
}

impl SeriesMetrics {
    /// Metrics of a table; `window` as for [`vus`].
    ///
    /// # Errors
    /// Lengths differ, a score is not finite, or the work was cancelled.
    pub fn of(rows: &SeriesRows, window: usize, cx: &Cx) -> Result<Self, SeriesMetricsError> {
        let n_rows = rows.scores.len();
        check_length("the label column", rows.labels.len(), n_rows)?;
        check_length("the column of flags", rows.flags.len(), n_rows)?;
        check_length("the order of rows", rows.order.groups().map(<[u32]>::len).sum(), n_rows)?;
        if !rows.times.is_empty() {
            check_length("the time column", rows.times.len(), n_rows)?;
        }
        let groups: Vec<&[u32]> = rows.order.groups().collect();
        let series = groups.par_iter().map(|group| {
            cx.check()?;
            Ok(Series::of(rows, group))
        });
        let series: Vec<Series> = series.collect::<Result<_, SeriesMetricsError>>()?;
        let vus = series.par_iter().map(|series| vus(&series.labels, &series.scores, window, cx));
        let vus: Vec<Option<Vus>> = vus.collect::<Result<_, _>>()?;
        let vus: Vec<Vus> = vus.into_iter().flatten().collect();

        let mut counts = EventCounts::default();
        let mut ranges = RangeSums::default();
        let mut delays = Delays::default();
        for series in &series {
            cx.check()?;
            let (events, alarms) = (&series.events, &series.alarms);
            counts = counts.plus(EventCounts::of(events, alarms));
            ranges = ranges.plus(RangeSums::of(events, alarms, &RangeWeights::PRECISION, &RangeWeights::RECALL));
            delays.add(events, alarms, &series.times);
        }
        let nab = Nab::new(series.iter().map(|s| NabSeries { scores: &s.scores, windows: &s.events }), cx)?;
        Ok(Self {
            series: series.len(),
            series_with_events: vus.len(),
            vus: mean_vus(&vus),
            counts,
            events: counts.scores(),
            point_adjusted_f1: counts.point_adjusted_f1(),
            ranges: ranges.scores(),
            delay: delays.summary(),
            nab: NabResults::of(&nab),
        })
    }
}

impl Series {
    fn of(rows: &SeriesRows, group: &[u32]) -> Self {
        fn take<T: Copy>(group: &[u32], column: &[T]) -> Vec<T> {
            group.iter().filter_map(|&row| column.get(row as usize).copied()).collect()
        }
        let labels = take(group, rows.labels);
        Self {
            times: take(group, rows.times),
            scores: take(group, rows.scores),
            events: Runs::of(&labels),
            alarms: Runs::of(&take(group, rows.flags)),
            labels,
        }
    }
}

fn mean_vus(of_series: &[Vus]) -> Option<Vus> {
    let mean = |part: fn(&Vus) -> f64| of_series.iter().map(part).sum::<f64>() / of_series.len() as f64;
    (!of_series.is_empty()).then(|| Vus {
        vus_pr: mean(|vus| vus.vus_pr),
        vus_roc: mean(|vus| vus.vus_roc),
        r_auc_pr: mean(|vus| vus.r_auc_pr),
        r_auc_roc: mean(|vus| vus.r_auc_roc),
    })
}
