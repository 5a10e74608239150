//! Whether grouping keeps every anomalous row, once, within its entity.

use proptest::prelude::*;
use tarsier::analysis::severity::Severity;
use tarsier::data::{Entities, SeriesOrder};
use tarsier::recipe::{AlertsConfig, SeverityConfig};
use tarsier::triage::{ScoredRows, group};

#[derive(Debug, Clone)]
struct Input {
    rows: Vec<(u32, i64, f64)>,
    gap_rows: u32,
    gap_secs: u32,
}

fn inputs() -> impl Strategy<Value = Input> {
    let row = (0..3u32, 0..2000i64, 0.0..1.0f64);
    let rows = prop::collection::vec(row, 0..120);
    (rows, 0..4u32, 0..60u32).prop_map(|(rows, gap_rows, gap_secs)| Input { rows, gap_rows, gap_secs })
}

proptest! {
    #[test]
    fn episodes_partition_the_anomalous_rows(input in inputs(), with_time: bool, with_entities: bool) {
        let codes: Vec<u32> = input.rows.iter().map(|row| if with_entities { row.0 } else { 0 }).collect();
        let time: Vec<i64> = input.rows.iter().map(|row| row.1 * 1_000_000).collect();
        let score: Vec<f64> = input.rows.iter().map(|row| row.2).collect();
        let is_anomaly: Vec<bool> = score.iter().map(|&s| s >= 0.6).collect();
        let level = |&score: &f64| (score >= 0.6).then(|| Severity::of_anomaly(score, &SeverityConfig::default()));
        let severity: Vec<Option<Severity>> = score.iter().map(level).collect();
        let order = SeriesOrder::new(score.len(), if with_time { &time } else { &[] }, &codes);
        let entities = Entities { codes: codes.clone(), names: ["a", "b", "c"].map(String::from).to_vec() };
        let rows = ScoredRows {
            order: &order,
            time: with_time.then_some(&time),
            entities: with_entities.then_some(&entities),
            score: &score,
            severity: &severity,
        };
        let config = AlertsConfig {
            episode_gap_rows: input.gap_rows,
            episode_gap_secs: input.gap_secs,
            ..AlertsConfig::default()
        };
        let episodes = group(&rows, &config);

        let mut members: Vec<u32> = episodes.iter().flat_map(|episode| episode.rows.clone()).collect();
        members.sort_unstable();
        let anomalous: Vec<u32> = (0..).zip(&is_anomaly).filter(|(_, is)| **is).map(|(row, _)| row).collect();
        prop_assert_eq!(members, anomalous);

        for episode in &episodes {
            let code = codes[episode.start_row as usize];
            prop_assert!(episode.rows.iter().all(|&row| codes[row as usize] == code));
            let highest = episode.rows.iter().map(|&row| score[row as usize]).fold(0.0, f64::max);
            prop_assert_eq!(episode.peak_score, highest);
            prop_assert_eq!(score[episode.peak_row as usize], highest);
            prop_assert_eq!(episode.n_rows as usize, episode.rows.len());
            prop_assert!(with_time || episode.n_rows == 1);
        }
        prop_assert!(episodes.is_sorted_by(|a, b| a.severity > b.severity
            || (a.severity == b.severity && a.peak_score >= b.peak_score)));

        // Every pair of neighbours among an entity's anomalous rows is joined exactly where a gap rule says so.
        let episode_of = |row: u32| episodes.iter().position(|episode| episode.rows.contains(&row)).unwrap();
        for series in order.groups() {
            let flagged: Vec<(usize, u32)> =
                series.iter().copied().enumerate().filter(|(_, row)| is_anomaly[*row as usize]).collect();
            for pair in flagged.windows(2) {
                let ((position_a, a), (position_b, b)) = (pair[0], pair[1]);
                let secs = (time[b as usize] - time[a as usize]) / 1_000_000;
                let joined = with_time
                    && (position_b - position_a - 1 <= input.gap_rows as usize || secs <= i64::from(input.gap_secs));
                prop_assert_eq!(episode_of(a) == episode_of(b), joined);
            }
        }
    }
}
