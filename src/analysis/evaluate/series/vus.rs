//! Areas and volumes under range-aware ROC and precision-recall curves.
//!
//! Paparrizos, Boniol, Palpanas, Tsay, Elmore and Franklin, "Volume Under the Surface: A New Accuracy Evaluation
//! Measure for Time-Series Anomaly Detection", VLDB 2022. The conventions are those of TSB-AD (`generate_curve`,
//! version `opt`, 250 thresholds).
//!
//! Each event gets a soft edge, its buffer: half a window of rows on either side whose labels fall with distance.
//! There is no pass over all rows per threshold and window. A row is found from one of the 250 thresholds on, so a
//! histogram over thresholds of the labels of the rows gives every point of a curve. From window to window only
//! the buffers change.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::runs::Runs;
use super::{SeriesMetricsError, check_finite, check_length};
use crate::cx::{Cancelled, Cx};

/// Thresholds of a curve, spread evenly over the ranks of the scores.
pub const N_THRESHOLDS: usize = 250;

/// One number per threshold, from the highest threshold down. Longer than needed, so that no `u8` is past the end.
type PerThreshold = [f64; 256];

/// Areas of one series, each about 0 to 1; 1 where every event ranks above all rows outside the buffers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Vus {
    /// Mean of the areas under the precision-recall curves of all windows from 0 to the one asked for.
    pub vus_pr: f64,
    /// Mean of the areas under the ROC curves of these windows.
    pub vus_roc: f64,
    /// Area under the precision-recall curve of the window asked for alone, one slice of the volume. (Not the older
    /// function `RangeAUC` of TSB-AD, which places its buffers one row off and fails on some series.)
    pub r_auc_pr: f64,
    /// Area under the ROC curve of the window asked for alone.
    pub r_auc_roc: f64,
}

/// Areas of one series for windows of 0 to `window` rows. Labels and scores have one entry per row in time order; a
/// higher score is more abnormal. `window` is the length of what repeats in the series, or 100 where nothing does.
///
/// `Ok(None)` where labels are all equal: no curve is defined. With equal scores all rows are found at once.
///
/// # Errors
/// The lengths differ, a score is not finite, or the work was cancelled.
pub fn vus(labels: &[bool], scores: &[f64], window: usize, cx: &Cx) -> Result<Option<Vus>, SeriesMetricsError> {
    check_length("the label column", labels.len(), scores.len())?;
    check_finite(scores)?;
    let events = Runs::of(labels);
    if events.is_empty() || events.n_rows() == labels.len() {
        return Ok(None);
    }
    cx.check()?;
    let found = Found::of(scores, cx)?;
    cx.check()?;
    let labelled = found.labelled(&events);
    let mut buffers = Buffers::new(events.as_slice(), &found.level);
    let (mut vus, mut r_auc) = (Areas::default(), Areas::default());
    for width in 0..=window {
        cx.check()?;
        buffers.widen_to(width / 2);
        r_auc = areas(&found, &labelled, &buffers, width);
        vus.roc += r_auc.roc;
        vus.pr += r_auc.pr;
    }
    let windows = window as f64 + 1.0;
    Ok(Some(Vus { vus_pr: vus.pr / windows, vus_roc: vus.roc / windows, r_auc_pr: r_auc.pr, r_auc_roc: r_auc.roc }))
}

/// Where each row is found on the way down the thresholds.
struct Found {
    /// Of each row, the number of the first threshold that its score reaches, below [`N_THRESHOLDS`].
    level: Vec<u8>,
    /// Rows that reach each threshold.
    n_rows: PerThreshold,
}

impl Found {
    /// At least one score.
    fn of(scores: &[f64], cx: &Cx) -> Result<Self, Cancelled> {
        let mut sorted = scores.to_vec();
        sorted.par_sort_unstable_by(|a, b| b.total_cmp(a));
        cx.check()?;
        let last = sorted.len().saturating_sub(1);
        let step = last as f64 / (N_THRESHOLDS - 1) as f64;
        let mut n_rows = [0.0; 256];
        let mut thresholds = Vec::with_capacity(N_THRESHOLDS);
        for (i, n_rows) in (0..N_THRESHOLDS).zip(&mut n_rows) {
            let rank = if i + 1 == N_THRESHOLDS { last } else { (i as f64 * step) as usize };
            let threshold = sorted.get(rank).copied().unwrap_or(0.0);
            *n_rows = sorted.partition_point(|&score| score >= threshold) as f64;
            thresholds.push(threshold);
        }
        // The last threshold is the lowest score, so every row reaches one.
        let level = |&score: &f64| thresholds.partition_point(|&threshold| threshold > score) as u8;
        Ok(Self { level: scores.par_iter().map(level).collect(), n_rows })
    }

    /// Labelled rows that reach each threshold.
    fn labelled(&self, events: &Runs) -> PerThreshold {
        let mut count = [0.0; 256];
        for event in events.as_slice() {
            for &level in self.level.get(event.clone()).unwrap_or_default() {
                count[usize::from(level)] += 1.0;
            }
        }
        cumulate(&mut count);
        count
    }
}

fn cumulate(counts: &mut PerThreshold) {
    let mut sum = 0.0;
    for count in counts {
        sum += *count;
        *count = sum;
    }
}

/// A row in a buffer.
struct BufferRow {
    /// Rows to the second nearest event.
    second: u32,
    level: u8,
}

/// The rows up to `half` rows from an event.
struct Buffers<'a> {
    events: &'a [Range<usize>],
    level: &'a [u8],
    half: usize,
    /// Of each event, the lowest level of a row in it or its buffer.
    first: Vec<u8>,
    /// Rows by their distance to the nearest event, from 1 row on.
    rows: Vec<Vec<BufferRow>>,
}

impl<'a> Buffers<'a> {
    fn new(events: &'a [Range<usize>], level: &'a [u8]) -> Self {
        let lowest = |event: &Range<usize>| level.get(event.clone()).and_then(|rows| rows.iter().min()).copied();
        let first = events.iter().map(|event| lowest(event).unwrap_or(u8::MAX)).collect();
        Self { events, level, half: 0, first, rows: Vec::new() }
    }

    fn widen_to(&mut self, half: usize) {
        while self.half < half {
            self.half += 1;
            let mut rows = Vec::new();
            for at in 0..self.events.len() {
                self.widen(at, &mut rows);
            }
            self.rows.push(rows);
        }
    }

    /// Adds the row on either side of event `at` that is `half` rows away from it; to `rows` only where no other
    /// event is nearer.
    fn widen(&mut self, at: usize, rows: &mut Vec<BufferRow>) {
        let half = self.half;
        let Some(event) = self.events.get(at) else { return };
        let before = at.checked_sub(1).and_then(|at| self.events.get(at));
        let after = self.events.get(at + 1);
        // Distances within the gap on that side; the event on the other side is past this one.
        let to_before = |row: usize| before.map_or(usize::MAX, |before| (row + 1).saturating_sub(before.end));
        let to_after = |row: usize| after.map_or(usize::MAX, |after| after.start.saturating_sub(row));
        let left = event.start.checked_sub(half).map(|row| (row, to_before(row), to_after(row), half + 1));
        let right = event.end.checked_add(half - 1).map(|row| (row, to_after(row), to_before(row), half));
        let Some(first) = self.first.get_mut(at) else { return };
        for (row, across, behind, least) in left.into_iter().chain(right) {
            let Some(&level) = self.level.get(row) else { continue };
            *first = level.min(*first);
            // A row as near to both events is taken once, by the event before it.
            if across >= least {
                rows.push(BufferRow { second: u32::try_from(across.min(behind)).unwrap_or(u32::MAX), level });
            }
        }
    }

    /// Sum of the labels of the buffer rows that reach each threshold, for a window of `width` rows.
    fn labels(&self, width: usize) -> PerThreshold {
        let mut sums = [0.0; 256];
        for (distance, rows) in (1u32..).zip(&self.rows) {
            let single = (1.0 - f64::from(distance) / width as f64).sqrt();
            for row in rows {
                // Labels of overlapping buffers add up, to 1 at most; two, of at least sqrt(1/2) each, always reach it.
                let label = if row.second as usize <= self.half { 1.0 } else { single };
                sums[usize::from(row.level)] += label;
            }
        }
        cumulate(&mut sums);
        sums
    }

    /// Share of the events that have a row, in them or their buffer, that reaches each threshold. Events whose buffers
    /// overlap are one.
    fn existence(&self) -> PerThreshold {
        let mut counts = [0.0; 256];
        let mut joined = 0.0;
        let mut lowest = None::<u8>;
        for (at, &first) in self.first.iter().enumerate() {
            let apart = match (self.events.get(at), self.events.get(at + 1)) {
                (Some(event), Some(next)) => event.end - 1 + self.half < next.start.saturating_sub(self.half),
                _ => true,
            };
            let level = lowest.map_or(first, |lowest| lowest.min(first));
            lowest = Some(level);
            if apart {
                counts[usize::from(level)] += 1.0;
                joined += 1.0;
                lowest = None;
            }
        }
        cumulate(&mut counts);
        counts.map(|count| count / joined)
    }
}

#[derive(Clone, Copy, Default)]
struct Areas {
    roc: f64,
    pr: f64,
}

/// Areas under the curves of one window.
fn areas(found: &Found, labelled: &PerThreshold, buffers: &Buffers, width: usize) -> Areas {
    let (n_rows, n_labelled) = (found.level.len() as f64, labelled[N_THRESHOLDS - 1]);
    let (soft, existence) = (buffers.labels(width), buffers.existence());
    let mut areas = Areas::default();
    let (mut last_tpr, mut last_fpr) = (0.0, 0.0);
    for i in 0..N_THRESHOLDS {
        let hits = labelled[i] + soft[i];
        // Half of the buffer hit counts as positive: with all or none of it recall would be too small or too large.
        let positives = n_labelled + soft[i] / 2.0;
        let tpr = f64::min(hits / positives, 1.0) * existence[i];
        let fpr = (found.n_rows[i] - hits) / (n_rows - positives);
        areas.roc += (fpr - last_fpr) * (tpr + last_tpr) / 2.0;
        areas.pr += (tpr - last_tpr) * hits / found.n_rows[i];
        (last_tpr, last_fpr) = (tpr, fpr);
    }
    areas.roc += (1.0 - last_fpr) * (1.0 + last_tpr) / 2.0;
    areas
}
