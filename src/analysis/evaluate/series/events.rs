//! Which events were found, by which alarms, and how late.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::runs::Runs;
use super::summary::PrecisionRecall;

/// Events and alarms of one or more series. An event is a run of labelled rows, an alarm a run of flagged rows.
///
/// An event is found when any alarm shares a row with it; an alarm that shares a row with no event is false (Hundman et
/// al., "Detecting Spacecraft Anomalies Using LSTMs and Nonparametric Dynamic Thresholding", KDD 2018). An alarm that
/// covers everything finds every event and is never false: read these numbers beside metrics per row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EventCounts {
    /// Events in the labels.
    pub events: usize,
    /// Events that an alarm shares a row with.
    pub found: usize,
    /// Alarms.
    pub alarms: usize,
    /// Alarms that share a row with no event.
    pub false_alarms: usize,
    /// Rows of the events found.
    pub found_rows: usize,
    /// Rows of the events missed.
    pub missed_rows: usize,
    /// Flagged rows outside events.
    pub false_rows: usize,
}

impl EventCounts {
    /// Counts of one series.
    pub fn of(events: &Runs, alarms: &Runs) -> Self {
        let mut counts = Self { events: events.len(), alarms: alarms.len(), ..Self::default() };
        let mut shared_rows = 0;
        for (event, hits) in events.overlaps(alarms) {
            if hits.is_empty() {
                counts.missed_rows += event.len();
            } else {
                counts.found += 1;
                counts.found_rows += event.len();
                shared_rows += hits.iter().map(|hit| intersection(event, hit).len()).sum::<usize>();
            }
        }
        counts.false_alarms = alarms.overlaps(events).filter(|(_, hits)| hits.is_empty()).count();
        counts.false_rows = alarms.n_rows() - shared_rows;
        counts
    }

    /// Adds the counts of another series.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            events: self.events + other.events,
            found: self.found + other.found,
            alarms: self.alarms + other.alarms,
            false_alarms: self.false_alarms + other.false_alarms,
            found_rows: self.found_rows + other.found_rows,
            missed_rows: self.missed_rows + other.missed_rows,
            false_rows: self.false_rows + other.false_rows,
        }
    }

    /// Precision: events found among events found and false alarms. Recall: events found among events. An event counts
    /// once, however many alarms find it.
    pub fn scores(&self) -> PrecisionRecall {
        PrecisionRecall::of_counts(self.found, self.false_alarms, self.events - self.found)
    }

    /// F1 per row after every row of a found event has been counted as flagged. `None` without events and alarms.
    ///
    /// **Flattering**: one lucky row turns a long event into hundreds of hits while a false alarm costs single rows, so
    /// that random scores can beat real detectors (Kim et al., "Towards a Rigorous Evaluation of Time-Series Anomaly
    /// Detection", AAAI 2022). Only for comparison with published numbers.
    pub fn point_adjusted_f1(&self) -> Option<f64> {
        PrecisionRecall::of_counts(self.found_rows, self.false_rows, self.missed_rows).f1
    }
}

fn intersection(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    a.start.max(b.start)..a.end.min(b.end)
}

/// How long after its start an event is first flagged, over the events found. Missed events have no delay: read it
/// beside the recall.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DetectionDelay {
    /// Mean in rows; 0 where the first row of each event is flagged.
    pub mean_rows: f64,
    /// Median in rows.
    pub median_rows: f64,
    /// Mean in seconds; `None` where rows have no time.
    pub mean_secs: Option<f64>,
    /// Median in seconds; `None` where rows have no time.
    pub median_secs: Option<f64>,
}

/// Delays of the events found, one after another.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Delays {
    rows: Vec<f64>,
    secs: Vec<f64>,
}

impl Delays {
    /// Adds the events of one series. `times` has one time per row in microseconds, or is empty where there are none.
    pub(super) fn add(&mut self, events: &Runs, alarms: &Runs, times: &[i64]) {
        for (event, hits) in events.overlaps(alarms) {
            let Some(hit) = hits.first() else { continue };
            let first = hit.start.max(event.start);
            self.rows.push((first - event.start) as f64);
            if let (Some(&start), Some(&found)) = (times.get(event.start), times.get(first)) {
                self.secs.push((i128::from(found) - i128::from(start)) as f64 / 1e6);
            }
        }
    }

    /// `None` where no event was found.
    pub(super) fn summary(&self) -> Option<DetectionDelay> {
        let (mean_rows, median_rows) = mean_and_median(&self.rows)?;
        let secs = mean_and_median(&self.secs);
        Some(DetectionDelay {
            mean_rows,
            median_rows,
            mean_secs: secs.map(|(mean, _)| mean),
            median_secs: secs.map(|(_, median)| median),
        })
    }
}

impl DetectionDelay {
    /// Delays in one series. `times` has one time per row in microseconds, or is empty where there are none. `None`
    /// where no event was found.
    pub fn of(events: &Runs, alarms: &Runs, times: &[i64]) -> Option<Self> {
        let mut delays = Delays::default();
        delays.add(events, alarms, times);
        delays.summary()
    }
}

fn mean_and_median(values: &[f64]) -> Option<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some((values.iter().sum::<f64>() / values.len() as f64, f64::midpoint(lower, upper)))
}
