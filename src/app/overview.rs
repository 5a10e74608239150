//! Where the anomalies of a result are: per entity how many and how bad, and a swim lane of each over the whole range.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::analysis::severity::Severity;
use crate::engine::Snapshot;
use crate::triage::NewAlert;

/// Cells of a lane over the whole range: finer than a screen shows, so that lanes of any width are made of them.
pub const N_CELLS: usize = 1024;

/// Where the anomalies of a result are.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// Whether positions are times (seconds since 1970-01-01 UTC) or row indices.
    pub is_time: bool,
    /// First and last position of all rows.
    pub extent: (f64, f64),
    /// Every row.
    pub overall: Lane,
    /// Each entity, worst first. Empty where the table has none.
    pub entities: Vec<Lane>,
    episodes: HashMap<u32, usize>,
}

/// The anomalies of an entity, or of all rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lane {
    /// Whose rows; empty for all.
    pub name: String,
    /// Rows.
    pub n_rows: usize,
    /// Anomalous rows.
    pub n_anomalies: usize,
    /// Worst severity.
    pub worst: Option<Severity>,
    /// Highest combined score, 0 to 1.
    pub peak_score: f64,
    /// The cells that hold anomalies, from left to right.
    pub cells: Vec<Cell>,
}

/// A stretch of a lane that holds anomalies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Which of the equal parts of the range, from 0.
    pub index: u32,
    /// Anomalous rows in it.
    pub n_anomalies: u32,
    /// Worst severity.
    pub worst: Severity,
    /// Highest combined score, 0 to 1.
    pub peak_score: f32,
}

impl Cell {
    fn join(&mut self, other: Self) {
        self.n_anomalies += other.n_anomalies;
        self.worst = self.worst.max(other.worst);
        self.peak_score = self.peak_score.max(other.peak_score);
    }
}

impl Lane {
    /// The lane in `n` equal parts (at most [`N_CELLS`]): those that hold anomalies.
    pub fn in_parts(&self, n: usize) -> Vec<Cell> {
        let n = n.clamp(1, N_CELLS) as u32;
        let coarse = self.cells.iter().map(|cell| Cell { index: cell.index * n / N_CELLS as u32, ..*cell });
        joined(coarse)
    }

    fn add(&mut self, index: u32, severity: Severity, score: f64) {
        self.n_anomalies += 1;
        self.worst = self.worst.max(Some(severity));
        self.peak_score = self.peak_score.max(score);
        let cell = Cell { index, n_anomalies: 1, worst: severity, peak_score: score as f32 };
        match self.cells.last_mut() {
            Some(last) if last.index == index => last.join(cell),
            _ => self.cells.push(cell),
        }
    }

    /// Puts cells that were met out of order (rows need not be sorted by time) in order.
    fn settle(&mut self) {
        if !self.cells.is_sorted_by(|a, b| a.index < b.index) {
            self.cells.sort_by_key(|cell| cell.index);
            self.cells = joined(self.cells.iter().copied());
        }
    }
}

/// Joins neighbours of the same index.
fn joined(cells: impl Iterator<Item = Cell>) -> Vec<Cell> {
    let mut out: Vec<Cell> = Vec::new();
    for cell in cells {
        match out.last_mut() {
            Some(last) if last.index == cell.index => last.join(cell),
            _ => out.push(cell),
        }
    }
    out
}

impl Overview {
    /// Looks through a result and its alerts.
    pub fn of(snapshot: &Snapshot, alerts: &[NewAlert]) -> Self {
        let table = &snapshot.table;
        let combined = &snapshot.combined;
        let time = table.time();
        let last_row = table.n_rows().saturating_sub(1) as f64;
        let extent = time.map_or((0.0, last_row), |time| {
            let (min, max) = time.iter().fold((i64::MAX, i64::MIN), |(min, max), &t| (min.min(t), max.max(t)));
            if min > max { (0.0, 0.0) } else { (min as f64 / 1e6, max as f64 / 1e6) }
        });
        let entities = table.entities();
        let mut lanes: Vec<Lane> = entities.map_or_else(Vec::new, |entities| {
            entities.names.iter().map(|name| Lane { name: name.clone(), ..Lane::default() }).collect()
        });
        if let Some(entities) = entities {
            for &code in &entities.codes {
                if let Some(lane) = lanes.get_mut(code as usize) {
                    lane.n_rows += 1;
                }
            }
        }
        let mut overall = Lane { n_rows: table.n_rows(), ..Lane::default() };
        let rows = combined.severity.iter().zip(&combined.score).enumerate();
        for (row, (severity, &score)) in rows.filter_map(|(row, (s, score))| Some((row, (s.as_ref()?, score)))) {
            let at = time.map_or(row as f64, |time| time.get(row).map_or(0.0, |&t| t as f64 / 1e6));
            let index = cell_index(at, extent);
            overall.add(index, *severity, score);
            let lane = entities.and_then(|e| e.codes.get(row)).and_then(|&code| lanes.get_mut(code as usize));
            if let Some(lane) = lane {
                lane.add(index, *severity, score);
            }
        }
        overall.settle();
        lanes.iter_mut().for_each(Lane::settle);
        lanes.sort_by(|a, b| {
            let rank = |lane: &Lane| (Reverse(lane.worst), Reverse(lane.n_anomalies));
            let by_score = b.peak_score.total_cmp(&a.peak_score);
            rank(a).0.cmp(&rank(b).0).then(by_score).then(rank(a).1.cmp(&rank(b).1)).then_with(|| a.name.cmp(&b.name))
        });
        let episodes = alerts.iter().enumerate().map(|(i, alert)| (alert.episode.start_row, i)).collect();
        Self { is_time: time.is_some(), extent, overall, entities: lanes, episodes }
    }

    /// Index (in the alerts of the result) of the episode with these first and last rows.
    pub fn episode(&self, start_row: u32, end_row: u32, alerts: &[NewAlert]) -> Option<usize> {
        let &index = self.episodes.get(&start_row)?;
        (alerts.get(index)?.episode.end_row == end_row).then_some(index)
    }
}

fn cell_index(at: f64, (from, to): (f64, f64)) -> u32 {
    let share = if to > from { (at - from) / (to - from) } else { 0.0 };
    ((share * N_CELLS as f64) as u32).min(N_CELLS as u32 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(anomalies: &[(u32, Severity, f64)]) -> Lane {
        let mut lane = Lane::default();
        for &(index, severity, score) in anomalies {
            lane.add(index, severity, score);
        }
        lane.settle();
        lane
    }

    #[test]
    fn a_cell_keeps_the_worst_however_coarse() {
        use Severity::{Critical, Low, Medium};
        // Rows out of time order: the cells are in order all the same.
        let lane =
            lane(&[(600, Low, 0.31), (601, Medium, 0.5), (3, Low, 0.4), (601, Critical, 0.95), (600, Low, 0.35)]);
        assert_eq!((lane.n_anomalies, lane.worst, lane.peak_score), (5, Some(Critical), 0.95));
        let cells: Vec<_> = lane.cells.iter().map(|c| (c.index, c.n_anomalies, c.worst)).collect();
        assert_eq!(cells, [(3, 1, Low), (600, 2, Low), (601, 2, Critical)]);
        let coarse: Vec<_> = lane.in_parts(100).iter().map(|c| (c.index, c.n_anomalies, c.worst)).collect();
        assert_eq!(coarse, [(0, 1, Low), (58, 4, Critical)]);
        assert_eq!(lane.in_parts(1)[0].n_anomalies, 5);
    }

    #[test]
    fn positions_fall_into_equal_parts() {
        assert_eq!(cell_index(0.0, (0.0, 10.0)), 0);
        assert_eq!(cell_index(5.0, (0.0, 10.0)), 512);
        assert_eq!(cell_index(10.0, (0.0, 10.0)), 1023);
        assert_eq!(cell_index(7.0, (7.0, 7.0)), 0);
    }
}
