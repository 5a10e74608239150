//! Whether actions, undo and redo do what people expect, and the journal tells it all.

use proptest::prelude::*;
use tarsier::triage::{AlertStatus, EntryKind, Filter, Note, Presence, Store, StoreProblem, TriageAction, Verdict};

use super::{alert, run};

const N_ALERTS: i64 = 4;

fn filled() -> Store {
    let mut store = Store::in_memory().unwrap();
    let alerts: Vec<_> = (0..N_ALERTS).map(|i| alert(&format!("web-{i}"), 1, 2, 0.9 - 0.2 * i as f64)).collect();
    run(&mut store, 1, &alerts);
    store
}

/// The work of people on every alert.
type Work = (AlertStatus, Option<Verdict>, Option<String>, Vec<String>, Vec<Note>, bool);

fn work(store: &Store) -> Vec<Work> {
    let alerts = (1..=N_ALERTS).map(|id| store.get(id).unwrap().unwrap());
    alerts
        .map(|a| (a.summary.status, a.summary.verdict, a.summary.assignee, a.summary.tags, a.notes, a.summary.returned))
        .collect()
}

#[test]
fn an_action_on_several_alerts_is_one_entry_that_undo_takes_back() {
    let mut store = filled();
    let before = work(&store);
    let applied = store.apply(&[3, 1, 3], &TriageAction::Acknowledge, "ann", 10).unwrap();
    assert_eq!((applied.journal_id, applied.changed), (Some(1), vec![1, 3]));
    assert_eq!(store.get(1).unwrap().unwrap().summary.assignee.as_deref(), Some("ann"));
    assert_eq!(store.next_undo("ann").unwrap().unwrap().n_alerts, 2);

    let report = store.undo("ann", 11).unwrap().unwrap();
    assert_eq!((report.journal_id, report.action, report.changed), (2, TriageAction::Acknowledge, vec![1, 3]));
    assert!(report.kept.is_empty());
    assert_eq!(work(&store), before);
    assert_eq!(store.undo("ann", 12).unwrap(), None);

    assert_eq!(store.redo("ann", 13).unwrap().unwrap().changed, [1, 3]);
    assert_eq!(store.redo("ann", 14).unwrap(), None);
    let history = store.get(3).unwrap().unwrap().history;
    let told: Vec<_> = history.iter().map(|e| (e.at, e.author.as_str(), e.kind, e.after.status)).collect();
    assert_eq!(
        told,
        [
            (10, "ann", EntryKind::Action, AlertStatus::Acknowledged),
            (11, "ann", EntryKind::Undo, AlertStatus::New),
            (13, "ann", EntryKind::Redo, AlertStatus::Acknowledged),
        ]
    );
    assert_eq!(
        store.journal(2).unwrap().iter().map(|e| (e.id, e.reverts)).collect::<Vec<_>>(),
        [(3, Some(2)), (2, Some(1))]
    );
}

#[test]
fn undo_belongs_to_its_author_and_spares_later_work_of_others() {
    let mut store = filled();
    store.apply(&[1, 2], &TriageAction::Acknowledge, "ann", 1).unwrap();
    store.apply(&[1], &TriageAction::Close { verdict: Verdict::FalsePositive }, "bob", 2).unwrap();
    let report = store.undo("ann", 3).unwrap().unwrap();
    // Bob's closing stands; on the other alert all is taken back.
    assert_eq!((report.changed, report.kept), (vec![1, 2], vec![1]));
    let (first, second) = (store.get(1).unwrap().unwrap().summary, store.get(2).unwrap().unwrap().summary);
    assert_eq!((first.status, first.verdict), (AlertStatus::Closed, Some(Verdict::FalsePositive)));
    assert_eq!((second.status, second.assignee), (AlertStatus::New, None));
    assert_eq!(store.undo("ann", 4).unwrap(), None);
    assert_eq!(store.next_undo("bob").unwrap().unwrap().id, 2);
}

#[test]
fn a_new_action_ends_what_can_be_redone() {
    let mut store = filled();
    store.apply(&[1], &TriageAction::AddTag("a".into()), "ann", 1).unwrap();
    store.undo("ann", 2).unwrap();
    assert!(store.next_redo("ann").unwrap().is_some());
    store.apply(&[1], &TriageAction::AddTag("b".into()), "ann", 3).unwrap();
    assert_eq!(store.next_redo("ann").unwrap(), None);
    assert_eq!(store.redo("ann", 4).unwrap(), None);
    assert_eq!(store.get(1).unwrap().unwrap().summary.tags, ["b"]);
}

#[test]
fn undo_spares_what_a_later_run_found() {
    let mut store = filled();
    store.apply(&[1], &TriageAction::AddNote("look".into()), "ann", 1).unwrap();
    run(&mut store, 5, &[alert("web-0", 0, 9, 0.5)]);
    store.undo("ann", 6).unwrap();
    let alert = store.get(1).unwrap().unwrap();
    assert_eq!((alert.summary.n_rows, alert.summary.last_seen, alert.notes.len()), (10, 5, 0));
}

#[test]
fn actions_that_change_nothing_or_make_no_sense_write_nothing() {
    let mut store = filled();
    store.apply(&[1], &TriageAction::Acknowledge, "ann", 1).unwrap();
    let again = store.apply(&[1], &TriageAction::Acknowledge, "bob", 2).unwrap();
    assert_eq!((again.journal_id, again.changed.len()), (None, 0));
    let mut problem =
        |ids: &[i64], action: TriageAction, author: &str| store.apply(ids, &action, author, 3).unwrap_err().problem;
    assert_eq!(problem(&[2, 77], TriageAction::AddNote("x".into()), "ann"), StoreProblem::UnknownAlert(77));
    assert_eq!(problem(&[2], TriageAction::AddNote(" \n".into()), "ann"), StoreProblem::Empty("note"));
    assert_eq!(problem(&[2], TriageAction::AddTag(String::new()), "ann"), StoreProblem::Empty("tag"));
    assert_eq!(problem(&[2], TriageAction::Assign(Some(" ".into())), "ann"), StoreProblem::Empty("assignee"));
    assert_eq!(problem(&[2], TriageAction::Reopen, ""), StoreProblem::Empty("author"));
    assert_eq!(store.journal(9).unwrap().len(), 1);
    assert!(store.get(2).unwrap().unwrap().notes.is_empty());
}

#[test]
fn texts_are_trimmed_and_tags_kept_once() {
    let mut store = filled();
    store.apply(&[1], &TriageAction::AddTag(" disk ".into()), "ann ", 1).unwrap();
    assert_eq!(store.apply(&[1], &TriageAction::AddTag("disk".into()), "ann", 2).unwrap().journal_id, None);
    assert_eq!(store.get(1).unwrap().unwrap().summary.tags, ["disk"]);
    assert!(store.undo(" ann", 3).unwrap().is_some());
}

#[derive(Debug, Clone)]
enum Step {
    Apply(Vec<i64>, TriageAction),
    Undo,
    Redo,
}

fn steps() -> impl Strategy<Value = Step> {
    let word = prop::sample::select(vec!["a", "b", "ü"]).prop_map(String::from);
    let action = prop_oneof![
        Just(TriageAction::Acknowledge),
        prop::sample::select(Verdict::ALL.to_vec()).prop_map(|verdict| TriageAction::Close { verdict }),
        Just(TriageAction::Reopen),
        prop::option::of(word.clone()).prop_map(TriageAction::Assign),
        word.clone().prop_map(TriageAction::AddNote),
        word.clone().prop_map(TriageAction::AddTag),
        word.prop_map(TriageAction::RemoveTag),
    ];
    let apply = (prop::collection::vec(1..=N_ALERTS, 1..4), action).prop_map(|(ids, action)| Step::Apply(ids, action));
    prop_oneof![4 => apply, 2 => Just(Step::Undo), 1 => Just(Step::Redo)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Against the plainest model of undo: two stacks of whole states.
    #[test]
    fn undo_and_redo_walk_through_the_states(steps in prop::collection::vec(steps(), 0..25)) {
        let mut store = filled();
        let initial = work(&store);
        let (mut past, mut future) = (Vec::new(), Vec::new());
        for (at, step) in (0..).zip(steps) {
            let now = work(&store);
            match step {
                Step::Apply(ids, action) => {
                    if store.apply(&ids, &action, "ann", at).unwrap().journal_id.is_some() {
                        prop_assert_ne!(work(&store), now.clone());
                        past.push(now);
                        future.clear();
                    } else {
                        prop_assert_eq!(work(&store), now);
                    }
                }
                Step::Undo => {
                    prop_assert_eq!(store.undo("ann", at).unwrap().is_some(), !past.is_empty());
                    if let Some(state) = past.pop() {
                        prop_assert_eq!(work(&store), state);
                        future.push(now);
                    }
                }
                Step::Redo => {
                    prop_assert_eq!(store.redo("ann", at).unwrap().is_some(), !future.is_empty());
                    if let Some(state) = future.pop() {
                        prop_assert_eq!(work(&store), state);
                        past.push(now);
                    }
                }
            }
        }
        let n_entries = store.journal(1000).unwrap().len();
        let mut n_undone = 0;
        while store.undo("ann", 99).unwrap().is_some() {
            n_undone += 1;
        }
        prop_assert_eq!(work(&store), initial);
        prop_assert_eq!(store.journal(1000).unwrap().len(), n_entries + n_undone);
        prop_assert_eq!(store.ids(&Filter { presence: Presence::Any, ..Filter::default() }).unwrap().len(), 4);
    }
}
