//! Whether lists, searches and counts show what they should, also in a long queue.

use tarsier::analysis::severity::Severity;
use tarsier::triage::{AlertStatus, Filter, NewAlert, Store, TriageAction, Verdict};

use super::{alert, record, run};

fn filled() -> Store {
    let mut store = Store::in_memory().unwrap();
    let alerts =
        [alert("web-1", 1, 2, 0.6), alert("web-2", 1, 2, 0.95), alert("Ärger", 1, 2, 0.62), alert("web-2", 8, 9, 0.4)];
    run(&mut store, 1, &alerts);
    store.record_run(&record("routers", 2), &[alert("web-1", 1, 2, 0.8)]).unwrap();
    store.apply(&[2], &TriageAction::Close { verdict: Verdict::TruePositive }, "ann", 3).unwrap();
    store.apply(&[1], &TriageAction::AddNote("Öl 100% in the_pump".into()), "ann", 4).unwrap();
    store.apply(&[5], &TriageAction::AddTag("Pump".into()), "ann", 5).unwrap();
    store
}

fn found(store: &Store, filter: &Filter) -> Vec<i64> {
    let listed: Vec<i64> = store.list(filter).unwrap().iter().map(|alert| alert.id).collect();
    assert_eq!(store.ids(filter).unwrap(), listed);
    if filter.limit.is_none() {
        assert_eq!(store.counts(filter).unwrap().total, listed.len() as u64);
    }
    listed
}

#[test]
fn the_queue_is_sorted_and_filtered() {
    let store = filled();
    let any = Filter::default;
    assert_eq!(found(&store, &any()), [2, 5, 3, 1, 4]);
    assert_eq!(found(&store, &Filter { limit: Some(2), offset: 1, ..any() }), [5, 3]);
    assert_eq!(found(&store, &Filter { statuses: vec![AlertStatus::New], ..any() }), [5, 3, 1, 4]);
    assert_eq!(found(&store, &Filter { severities: vec![Severity::Low, Severity::High], ..any() }), [5, 4]);
    assert_eq!(found(&store, &Filter { source_id: Some("sample:routers".into()), ..any() }), [5]);
    assert_eq!(found(&store, &Filter { entity: Some("web-2".into()), ..any() }), [2, 4]);
}

#[test]
fn a_search_finds_words_in_any_case_and_takes_signs_as_they_are() {
    let store = filled();
    let search = |text: &str| found(&store, &Filter { text: text.into(), ..Filter::default() });
    assert_eq!(search("ärger"), [3]);
    assert_eq!(search("PUMP"), [5, 1]);
    assert_eq!(search("öl 100%"), [1]);
    assert_eq!(search("the_pump web-1"), [1]);
    assert_eq!(search("the%pump"), [0; 0]);
    assert_eq!(search("routers CPU_mean"), [5]);
    assert_eq!(search("  "), [2, 5, 3, 1, 4]);
    let mut store = store;
    store.undo("ann", 6).unwrap();
    assert_eq!(store.ids(&Filter { text: "pump".into(), ..Filter::default() }).unwrap(), [1]);
}

#[test]
fn counts_of_a_facet_ignore_its_own_choice() {
    let store = filled();
    let filter = Filter { statuses: vec![AlertStatus::New], severities: vec![Severity::Critical], ..Filter::default() };
    let counts = store.counts(&filter).unwrap();
    assert_eq!(counts.total, 0);
    let by_status = [(AlertStatus::New, 0), (AlertStatus::Acknowledged, 0), (AlertStatus::Closed, 1)];
    assert_eq!(counts.by_status, by_status);
    use Severity::{Critical, High, Low, Medium};
    assert_eq!(counts.by_severity, [(Critical, 0), (High, 1), (Medium, 2), (Low, 1)]);
}

#[test]
fn a_long_queue_is_whole_in_order_and_worked_on_at_once() {
    const N: i64 = 20_000;
    let mut store = Store::in_memory().unwrap();
    // Scores in steps that visit every value out of order.
    let score = |i: i64| (i * 7919 % N) as f64 / N as f64;
    let alerts: Vec<NewAlert> = (0..N).map(|i| alert(&format!("host-{}", i % 50), i, i, score(i))).collect();
    assert_eq!(run(&mut store, 1, &alerts), (20_000, 0, 0));
    assert_eq!(run(&mut store, 2, &alerts), (0, 20_000, 0));
    let mut paged = Vec::new();
    for page in 0.. {
        let filter = Filter { limit: Some(3000), offset: page * 3000, ..Filter::default() };
        match store.list(&filter).unwrap() {
            page if page.is_empty() => break,
            page => paged.extend(page),
        }
    }
    let expected: Vec<f64> = (0..N).rev().map(|i| i as f64 / N as f64).collect();
    assert_eq!(paged.iter().map(|alert| alert.peak_score).collect::<Vec<_>>(), expected);
    let host = Filter { entity: Some("host-7".into()), ..Filter::default() };
    let of_host = store.ids(&host).unwrap();
    assert_eq!(of_host.len(), 400);
    store.apply(&of_host, &TriageAction::Acknowledge, "ann", 3).unwrap();
    let acknowledged = Filter { statuses: vec![AlertStatus::Acknowledged], ..Filter::default() };
    assert_eq!(store.counts(&acknowledged).unwrap().total, 400);
    assert_eq!(store.undo("ann", 4).unwrap().unwrap().changed.len(), 400);
    assert_eq!(store.counts(&acknowledged).unwrap().total, 0);
}
