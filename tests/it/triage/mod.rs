//! Whether triage keeps its promises: episodes, re-runs, actions and the queue.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod actions;
mod episodes;
mod queue;
mod reruns;

use std::time::Duration;

use tarsier::analysis::severity::{Factor, Severity};
use tarsier::recipe::SeverityConfig;
use tarsier::triage::{Assessment, DetectorVote, Episode, FeatureDeviation, NewAlert, RunOutcome, RunRecord, Store};

const MINUTE: i64 = 60_000_000;

/// An alert of `entity` from one minute to another, with a peak score.
fn alert(entity: &str, from: i64, to: i64, score: f64) -> NewAlert {
    let rows: Vec<u32> = (from..=to).map(|minute| u32::try_from(minute).unwrap()).collect();
    let episode = Episode {
        entity: Some(entity.to_owned()),
        start_row: rows[0],
        end_row: rows[rows.len() - 1],
        peak_row: rows[0],
        start_time: Some(from * MINUTE),
        end_time: Some(to * MINUTE),
        peak_time: Some(from * MINUTE),
        n_rows: u32::try_from(rows.len()).unwrap(),
        peak_score: score,
        severity: Severity::of_anomaly(score, &SeverityConfig::default()),
        worst_row: rows[0],
        rows,
    };
    of_episode(episode)
}

fn of_episode(episode: Episode) -> NewAlert {
    let vote = DetectorVote { detector: "forest".into(), score: 0.625, normalized: 2.5, voted: true };
    let feature = FeatureDeviation {
        feature: "cpu_mean_30".into(),
        source: "cpu".into(),
        value: f64::NAN,
        typical: 41.5,
        deviation: 3.25,
    };
    let factors = vec![(Factor::TimeOfDay, 2.0)];
    let assessment = Assessment {
        base: episode.severity,
        factors,
        priority: 2,
        response_minutes: 15,
        probability: Some(0.875),
        confidence: None,
    };
    NewAlert { episode, fired: vec![vote], rules: vec![], top_features: vec![feature], assessment, explanation: None }
}

fn record(source: &str, started_at: i64) -> RunRecord {
    RunRecord {
        source_id: format!("sample:{source}"),
        source_name: source.to_owned(),
        recipe: "()".into(),
        n_rows: 1000,
        n_features: 12,
        started_at,
        duration: Duration::from_millis(1500),
        seed: 42,
        metrics: r#"{"roc_auc":0.97}"#.into(),
    }
}

/// Records a run of the source "servers" and returns how many alerts were (new, updated, gone).
fn run(store: &mut Store, started_at: i64, alerts: &[NewAlert]) -> (u64, u64, u64) {
    let RunOutcome { n_new, n_updated, n_gone, .. } = store.record_run(&record("servers", started_at), alerts).unwrap();
    (n_new, n_updated, n_gone)
}
