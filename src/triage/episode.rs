//! Which anomalous rows belong together: one episode per entity and stretch of time.

use std::cmp::Reverse;

use crate::analysis::severity::Severity;
use crate::data::{Entities, SeriesOrder};
use crate::recipe::AlertsConfig;

const MICROS_PER_SEC: i64 = 1_000_000;

/// The scored rows of a run. All slices have one value per row of the input.
#[derive(Debug, Clone, Copy)]
pub struct ScoredRows<'a> {
    /// Rows by entity and time.
    pub order: &'a SeriesOrder,
    /// Time of each row in microseconds since 1970-01-01 UTC, where there is a time column.
    pub time: Option<&'a [i64]>,
    /// Entity of each row, where there is an entity column.
    pub entities: Option<&'a Entities>,
    /// Combined score of each row, 0 to 1.
    pub score: &'a [f64],
    /// Severity of each anomalous row; `None` for normal ones.
    pub severity: &'a [Option<Severity>],
}

/// Anomalous rows of one entity that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// Whose rows they are; `None` where there is no entity column.
    pub entity: Option<String>,
    /// First anomalous row in time order, as a row number of the input (from 0).
    pub start_row: u32,
    /// Last anomalous row in time order. Other entities' rows may lie between start and end.
    pub end_row: u32,
    /// The row with the highest score (the first of them).
    pub peak_row: u32,
    /// Time of `start_row` in microseconds since 1970-01-01 UTC.
    pub start_time: Option<i64>,
    /// Time of `end_row`.
    pub end_time: Option<i64>,
    /// Time of `peak_row`.
    pub peak_time: Option<i64>,
    /// Number of anomalous rows.
    pub n_rows: u32,
    /// Score of `peak_row`, 0 to 1.
    pub peak_score: f64,
    /// The worst severity of any of the rows.
    pub severity: Severity,
    /// The row with that severity; of several the one with the highest score (the first of them).
    pub worst_row: u32,
    /// The anomalous rows, in time order.
    pub rows: Vec<u32>,
}

/// Groups anomalous rows into episodes: worst first, by severity, then score, then time, then row.
///
/// Two anomalous rows of an entity, with only normal ones between them, are one episode when at most
/// `episode_gap_rows` rows lie between them *or* they are at most `episode_gap_secs` apart. Without a time column
/// every anomalous row is an episode of its own. Episodes with fewer than `min_rows` anomalous rows are left out.
pub fn group(rows: &ScoredRows, alerts: &AlertsConfig) -> Vec<Episode> {
    let mut episodes = Vec::new();
    for series in rows.order.groups() {
        rows.group_series(series, alerts, |members| {
            if members.len() >= alerts.min_rows as usize {
                episodes.extend(rows.episode(members));
            }
        });
    }
    episodes.sort_by_cached_key(worst_first);
    episodes
}

/// What sorts the worst episode first.
fn worst_first(episode: &Episode) -> (Reverse<(Severity, i64)>, Option<i64>, u32) {
    // The bits of a float as an integer of the same order, as in `f64::total_cmp`.
    let bits = episode.peak_score.to_bits().cast_signed();
    let score = bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed();
    (Reverse((episode.severity, score)), episode.start_time, episode.start_row)
}

impl ScoredRows<'_> {
    /// Hands over the anomalous rows of one entity's `series`, episode after episode.
    fn group_series(&self, series: &[u32], alerts: &AlertsConfig, mut each: impl FnMut(Vec<u32>)) {
        let gap_rows = alerts.episode_gap_rows as usize;
        let gap_micros = i64::from(alerts.episode_gap_secs) * MICROS_PER_SEC;
        let mut members: Vec<u32> = Vec::new();
        let mut last = (0, 0);
        for (position, &row) in series.iter().enumerate() {
            if self.severity_of(row).is_none() {
                continue;
            }
            let joins = self.time_of(row).is_some_and(|time| {
                let n_between = position.saturating_sub(last.0 + 1);
                n_between <= gap_rows || time.saturating_sub(last.1) <= gap_micros
            });
            if !joins && !members.is_empty() {
                each(std::mem::take(&mut members));
            }
            members.push(row);
            last = (position, self.time_of(row).unwrap_or(0));
        }
        if !members.is_empty() {
            each(members);
        }
    }

    fn episode(&self, rows: Vec<u32>) -> Option<Episode> {
        let (&start_row, &end_row) = (rows.first()?, rows.last()?);
        let (peak_row, peak_score) = self.peak(rows.iter().copied());
        let severity = rows.iter().filter_map(|&row| self.severity_of(row)).max()?;
        let worst = rows.iter().copied().filter(|&row| self.severity_of(row) == Some(severity));
        let (worst_row, _) = self.peak(worst);
        Some(Episode {
            entity: self.entities.map(|entities| entities.name_of(start_row as usize).to_owned()),
            start_row,
            end_row,
            peak_row,
            start_time: self.time_of(start_row),
            end_time: self.time_of(end_row),
            peak_time: self.time_of(peak_row),
            n_rows: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            peak_score,
            severity,
            worst_row,
            rows,
        })
    }

    fn severity_of(&self, row: u32) -> Option<Severity> {
        self.severity.get(row as usize).copied().flatten()
    }

    fn peak(&self, rows: impl Iterator<Item = u32>) -> (u32, f64) {
        let scored = rows.map(|row| (row, self.score.get(row as usize).copied().unwrap_or(0.0)));
        let higher = |best: (u32, f64), next: (u32, f64)| if next.1 > best.1 { next } else { best };
        scored.reduce(higher).unwrap_or_default()
    }

    fn time_of(&self, row: u32) -> Option<i64> {
        self.time.and_then(|time| time.get(row as usize).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::SeverityConfig;

    const SEC: i64 = MICROS_PER_SEC;

    struct Rows {
        time: Option<Vec<i64>>,
        codes: Vec<u32>,
        score: Vec<f64>,
    }

    /// Groups rows whose score is at least 0.3; entities are called a, b, c…
    fn grouped(rows: &Rows, gap_rows: u32, gap_secs: u32, min_rows: u32) -> Vec<Episode> {
        let order = SeriesOrder::new(rows.score.len(), rows.time.as_deref().unwrap_or_default(), rows.codes.as_slice());
        let entities = Entities { codes: rows.codes.clone(), names: ["a", "b", "c"].map(String::from).to_vec() };
        let config = SeverityConfig::default();
        let level = |&score: &f64| (score >= 0.3).then(|| Severity::of_anomaly(score, &config));
        let severity: Vec<Option<Severity>> = rows.score.iter().map(level).collect();
        let scored = ScoredRows {
            order: &order,
            time: rows.time.as_deref(),
            entities: (!rows.codes.is_empty()).then_some(&entities),
            score: &rows.score,
            severity: &severity,
        };
        let alerts = AlertsConfig {
            episode_gap_rows: gap_rows,
            episode_gap_secs: gap_secs,
            min_rows,
            ..AlertsConfig::default()
        };
        group(&scored, &alerts)
    }

    fn members(episodes: &[Episode]) -> Vec<&[u32]> {
        episodes.iter().map(|episode| episode.rows.as_slice()).collect()
    }

    fn minutely(score: &[f64]) -> Rows {
        let time = (0..score.len()).map(|i| 60 * SEC * i as i64).collect();
        Rows { time: Some(time), codes: vec![], score: score.to_vec() }
    }

    #[test]
    fn rows_join_across_a_gap_in_rows_or_in_seconds() {
        let rows = minutely(&[0.5, 0.1, 0.1, 0.6, 0.1, 0.1, 0.1, 0.4]);
        assert_eq!(members(&grouped(&rows, 2, 0, 1)), [&[0, 3][..], &[7]]);
        assert_eq!(members(&grouped(&rows, 3, 0, 1)), [[0, 3, 7]]);
        // No row may lie between, but three minutes join rows 0 and 3, and four join all.
        assert_eq!(members(&grouped(&rows, 0, 179, 1)), [[3], [0], [7]]);
        assert_eq!(members(&grouped(&rows, 0, 180, 1)), [&[0, 3][..], &[7]]);
        assert_eq!(members(&grouped(&rows, 0, 240, 1)), [[0, 3, 7]]);
    }

    #[test]
    fn an_episode_tells_its_extent_peak_and_severity() {
        let rows = minutely(&[0.1, 0.5, 0.95, 0.95, 0.1]);
        let episodes = grouped(&rows, 3, 300, 1);
        let expected = Episode {
            entity: None,
            start_row: 1,
            end_row: 3,
            peak_row: 2,
            start_time: Some(60 * SEC),
            end_time: Some(180 * SEC),
            peak_time: Some(120 * SEC),
            n_rows: 3,
            peak_score: 0.95,
            severity: Severity::Critical,
            worst_row: 2,
            rows: vec![1, 2, 3],
        };
        assert_eq!(episodes, [expected]);
    }

    #[test]
    fn entities_are_never_joined_and_interleave() {
        let rows = Rows {
            time: Some(vec![0, 0, SEC, SEC, 2 * SEC, 2 * SEC]),
            codes: vec![0, 1, 0, 1, 0, 1],
            score: vec![0.5, 0.8, 0.5, 0.1, 0.6, 0.9],
        };
        let episodes = grouped(&rows, 10, 1000, 1);
        assert_eq!(members(&episodes), [&[1, 5][..], &[0, 2, 4]]);
        assert_eq!(episodes[0].entity.as_deref(), Some("b"));
        assert_eq!(episodes[1].entity.as_deref(), Some("a"));
    }

    #[test]
    fn rows_out_of_order_follow_their_time() {
        let rows = Rows { time: Some(vec![9 * SEC, 0, SEC]), codes: vec![], score: vec![0.5, 0.6, 0.7] };
        let episodes = grouped(&rows, 0, 5, 1);
        assert_eq!(members(&episodes), [[1, 2, 0]]); // row 0 is the neighbour of row 2
        assert_eq!((episodes[0].start_row, episodes[0].end_row), (1, 0));
    }

    #[test]
    fn without_time_every_row_is_an_episode() {
        let rows = Rows { time: None, codes: vec![], score: vec![0.5, 0.9, 0.5] };
        let episodes = grouped(&rows, 10, 1000, 1);
        assert_eq!(members(&episodes), [[1], [0], [2]]);
        assert!(episodes.iter().all(|e| e.start_time.is_none() && e.entity.is_none()));
        assert!(grouped(&rows, 10, 1000, 2).is_empty());
    }

    #[test]
    fn short_episodes_are_left_out() {
        let rows = minutely(&[0.5, 0.5, 0.1, 0.1, 0.9]);
        assert_eq!(members(&grouped(&rows, 0, 0, 2)), [[0, 1]]);
        assert!(grouped(&minutely(&[]), 0, 0, 1).is_empty());
    }
}
