//! Whether running again, with the same or other settings, neither doubles alerts nor loses work.

use proptest::prelude::*;
use tarsier::analysis::severity::Severity;
use tarsier::data::SeriesOrder;
use tarsier::recipe::{AlertsConfig, SeverityConfig};
use tarsier::triage::{AlertStatus, Filter, NewAlert, Presence, ScoredRows, Store, TriageAction, Verdict, group};

use super::{MINUTE, alert, of_episode, record, run};

fn all() -> Filter {
    Filter { presence: Presence::Any, ..Filter::default() }
}

fn ids(store: &Store, presence: Presence) -> Vec<i64> {
    let mut ids = store.ids(&Filter { presence, ..Filter::default() }).unwrap();
    ids.sort_unstable();
    ids
}

fn note(store: &mut Store, id: i64, text: &str) {
    store.apply(&[id], &TriageAction::AddNote(text.into()), "ann", 1).unwrap();
}

#[test]
fn the_same_run_again_changes_nothing_but_when_it_was_seen() {
    let mut store = Store::in_memory().unwrap();
    let alerts = [alert("web-1", 10, 20, 0.95), alert("web-2", 12, 14, 0.6), alert("web-1", 50, 50, 0.4)];
    assert_eq!(run(&mut store, 100, &alerts), (3, 0, 0));
    let before = store.list(&all()).unwrap();
    assert_eq!(run(&mut store, 200, &alerts), (0, 3, 0));
    let mut after = store.list(&all()).unwrap();
    for alert in &mut after {
        assert_eq!((alert.first_seen, alert.last_seen, alert.n_runs), (100, 200, 2));
        (alert.last_seen, alert.n_runs) = (100, 1);
    }
    assert_eq!(after, before);
    let runs = store.runs(1).unwrap();
    assert_eq!(runs[0].record, record("servers", 200));
    assert_eq!((runs[0].n_alerts, runs[0].outcome.n_updated), (3, 3));
}

#[test]
fn what_the_machine_found_is_kept_whole() {
    let mut store = Store::in_memory().unwrap();
    let found = alert("web-1", 10, 20, 0.95);
    run(&mut store, 100, std::slice::from_ref(&found));
    let kept = store.get(1).unwrap().unwrap();
    assert_eq!(kept.fired, found.fired);
    assert!(kept.top_features[0].value.is_nan());
    assert_eq!((kept.top_features[0].typical, kept.top_features[0].deviation), (41.5, 3.25));
    assert_eq!(kept.summary.sentence, "web-1: cpu_mean_30 was missing (typically 41.5) for 10 min; found by forest.");
    let summary = kept.summary;
    assert_eq!((summary.start_time, summary.end_time, summary.n_rows), (Some(10 * MINUTE), Some(20 * MINUTE), 11));
    assert_eq!((summary.entity.as_deref(), summary.severity), (Some("web-1"), Severity::Critical));
    assert_eq!(store.get(2).unwrap(), None);
}

#[test]
fn grown_and_shrunk_episodes_keep_their_work() {
    let mut store = Store::in_memory().unwrap();
    run(&mut store, 1, &[alert("web-1", 10, 20, 0.6)]);
    note(&mut store, 1, "disk full");
    store.apply(&[1], &TriageAction::Acknowledge, "ann", 2).unwrap();
    assert_eq!(run(&mut store, 2, &[alert("web-1", 5, 30, 0.92)]), (0, 1, 0));
    assert_eq!(run(&mut store, 3, &[alert("web-1", 18, 19, 0.92)]), (0, 1, 0));
    let alert = store.get(1).unwrap().unwrap();
    assert_eq!((alert.summary.start_time, alert.summary.severity), (Some(18 * MINUTE), Severity::Critical));
    assert_eq!((alert.summary.status, alert.summary.assignee.as_deref()), (AlertStatus::Acknowledged, Some("ann")));
    assert_eq!(alert.notes[0].text, "disk full");
}

#[test]
fn split_and_merged_episodes_keep_their_work() {
    let mut store = Store::in_memory().unwrap();
    let whole = [alert("web-1", 0, 60, 0.6)];
    let parts = [alert("web-1", 0, 15, 0.6), alert("web-1", 30, 60, 0.6)];
    run(&mut store, 1, &whole);
    note(&mut store, 1, "the whole");
    assert_eq!(run(&mut store, 2, &parts), (1, 1, 0));
    let larger = store.get(1).unwrap().unwrap();
    assert_eq!((larger.summary.start_time, larger.notes.len()), (Some(30 * MINUTE), 1));
    // Merged again: both parts have work now; the one with the larger overlap goes on, the other stays listed.
    note(&mut store, 2, "a part");
    assert_eq!(run(&mut store, 3, &whole), (0, 1, 1));
    assert_eq!((ids(&store, Presence::Current), ids(&store, Presence::CurrentOrTouched)), (vec![1], vec![1, 2]));
    // Split again: each part finds its alert.
    assert_eq!(run(&mut store, 4, &parts), (0, 2, 0));
    assert_eq!(store.get(2).unwrap().unwrap().notes[0].text, "a part");
}

#[test]
fn a_merged_episode_goes_on_with_the_alert_that_has_work() {
    let mut store = Store::in_memory().unwrap();
    run(&mut store, 1, &[alert("web-1", 0, 40, 0.6), alert("web-1", 50, 55, 0.6)]);
    note(&mut store, 2, "looked at it");
    assert_eq!(run(&mut store, 2, &[alert("web-1", 0, 55, 0.6)]), (0, 1, 1));
    assert_eq!(ids(&store, Presence::CurrentOrTouched), [2]);
    assert_eq!(ids(&store, Presence::Any), [1, 2]);
}

#[test]
fn alerts_not_found_again_leave_the_queue_unless_touched_and_come_back() {
    let mut store = Store::in_memory().unwrap();
    let alerts = [alert("a", 1, 2, 0.6), alert("b", 1, 2, 0.6), alert("c", 1, 2, 0.6)];
    run(&mut store, 1, &alerts);
    store.apply(&[2], &TriageAction::AddTag("seen".into()), "ann", 1).unwrap();
    assert_eq!(run(&mut store, 2, &alerts[2..]), (0, 1, 2));
    assert_eq!(ids(&store, Presence::Current), [3]);
    assert_eq!(ids(&store, Presence::CurrentOrTouched), [2, 3]);
    assert!(!store.get(2).unwrap().unwrap().summary.is_current);
    assert_eq!(run(&mut store, 3, &[]), (0, 0, 1));
    assert_eq!(run(&mut store, 4, &alerts), (0, 3, 0));
    assert_eq!(ids(&store, Presence::Current), [1, 2, 3]);
}

#[test]
fn a_closed_alert_stays_closed_and_says_when_it_came_back_worse() {
    let mut store = Store::in_memory().unwrap();
    let with_score = |score| [alert("a", 1, 2, score)];
    let close = TriageAction::Close { verdict: Verdict::Benign };
    run(&mut store, 1, &with_score(0.6));
    store.apply(&[1], &close, "ann", 1).unwrap();
    let state = |store: &Store| {
        let summary = store.get(1).unwrap().unwrap().summary;
        assert_eq!(summary.verdict, Some(Verdict::Benign));
        (summary.status, summary.returned)
    };
    run(&mut store, 2, &with_score(0.65)); // still medium
    assert_eq!(state(&store), (AlertStatus::Closed, false));
    run(&mut store, 3, &with_score(0.95));
    assert_eq!(state(&store), (AlertStatus::Closed, true));
    assert_eq!(store.ids(&Filter { returned_only: true, ..Filter::default() }).unwrap(), [1]);
    // Closing again accepts the higher severity.
    store.apply(&[1], &close, "ann", 2).unwrap();
    assert_eq!(state(&store), (AlertStatus::Closed, false));
    store.undo("ann", 3).unwrap();
    assert_eq!(state(&store), (AlertStatus::Closed, true));
}

#[test]
fn sources_and_entities_do_not_touch_each_other() {
    let mut store = Store::in_memory().unwrap();
    let alerts = [alert("a", 1, 9, 0.6)];
    run(&mut store, 1, &alerts);
    let other = store.record_run(&record("routers", 2), &alerts).unwrap();
    assert_eq!((other.n_new, other.n_updated, other.n_gone), (1, 0, 0));
    assert_eq!(run(&mut store, 3, &[alert("b", 1, 9, 0.6)]), (1, 0, 1));
    assert_eq!(ids(&store, Presence::Current), [2, 3]);
}

#[test]
fn without_time_the_same_row_is_the_same_alert() {
    let mut store = Store::in_memory().unwrap();
    let row = |row: i64| {
        let mut alert = alert("a", row, row, 0.6);
        (alert.episode.start_time, alert.episode.end_time, alert.episode.peak_time) = (None, None, None);
        alert
    };
    run(&mut store, 1, &[row(3), row(4)]);
    assert_eq!(run(&mut store, 2, &[row(4), row(5)]), (1, 1, 1));
    assert_eq!(store.get(2).unwrap().unwrap().summary.start_row, 4);
}

/// The alerts of one series of scores, a row a minute, above a threshold.
fn above(threshold: f64, score: &[f64]) -> Vec<NewAlert> {
    let time: Vec<i64> = (0..).take(score.len()).map(|i: i64| i * MINUTE).collect();
    let level = |&score: &f64| (score > threshold).then(|| Severity::of_anomaly(score, &SeverityConfig::default()));
    let severity: Vec<Option<Severity>> = score.iter().map(level).collect();
    let order = SeriesOrder::new(score.len(), &time, &[]);
    let rows = ScoredRows { order: &order, time: Some(&time), entities: None, score, severity: &severity };
    let config = AlertsConfig { episode_gap_rows: 0, episode_gap_secs: 0, ..AlertsConfig::default() };
    group(&rows, &config).into_iter().map(of_episode).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_sequence_of_thresholds_keeps_alerts_and_work(
        score in prop::collection::vec(0.0..1.0f64, 1..60),
        steps in prop::collection::vec((0.0..1.0f64, prop::option::of(0..1000usize)), 1..8),
    ) {
        let mut store = Store::in_memory().unwrap();
        let mut noted: Vec<i64> = Vec::new();
        for (at, (threshold, note_on)) in (0i64..).zip(steps) {
            let found = above(threshold, &score);
            let n_before = ids(&store, Presence::Any).len();
            let (n_new, n_updated, _) = run(&mut store, at, &found);
            prop_assert_eq!(n_new + n_updated, found.len() as u64);
            prop_assert_eq!(ids(&store, Presence::Any).len() as u64, n_before as u64 + n_new);
            // What is current is what the run found.
            let current = store.list(&Filter { presence: Presence::Current, ..Filter::default() }).unwrap();
            let mut shown: Vec<_> = current.iter().map(|a| (a.start_time, a.end_time, a.n_rows)).collect();
            let mut expected: Vec<_> =
                found.iter().map(|a| (a.episode.start_time, a.episode.end_time, a.episode.n_rows)).collect();
            shown.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(shown, expected);
            // The same again changes nothing.
            prop_assert_eq!(run(&mut store, at, &found), (0, found.len() as u64, 0));
            prop_assert_eq!(ids(&store, Presence::Current), { let mut i: Vec<i64> = current.iter().map(|a| a.id).collect(); i.sort_unstable(); i });
            if let (Some(pick), false) = (note_on, current.is_empty()) {
                let id = current[pick % current.len()].id;
                note(&mut store, id, "work");
                noted.push(id);
            }
        }
        let listed = ids(&store, Presence::CurrentOrTouched);
        for id in &noted {
            prop_assert!(listed.contains(id));
            let n_notes = noted.iter().filter(|other| *other == id).count();
            prop_assert_eq!(store.get(*id).unwrap().unwrap().notes.len(), n_notes);
        }
    }
}
