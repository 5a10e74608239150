//! Whether the file survives what happens to files: crashes, damage, other programs, a full disk.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::Connection;

use super::*;
use crate::analysis::severity::Severity;
use crate::triage::{Assessment, Episode, NewAlert, TriageAction};

const NO_WAIT: Duration = Duration::ZERO;

fn alert(row: u32) -> NewAlert {
    let episode = Episode {
        entity: None,
        start_row: row,
        end_row: row,
        peak_row: row,
        start_time: None,
        end_time: None,
        peak_time: None,
        n_rows: 1,
        peak_score: 0.8,
        severity: Severity::High,
        worst_row: row,
        rows: vec![row],
    };
    let assessment = Assessment {
        base: Severity::High,
        factors: Vec::new(),
        priority: 2,
        response_minutes: 15,
        probability: Some(0.87),
        confidence: None,
    };
    NewAlert { episode, fired: vec![], rules: vec![], top_features: vec![], assessment, explanation: None }
}

fn run() -> RunRecord {
    RunRecord {
        source_id: "file:/data.csv".into(),
        source_name: "data.csv".into(),
        recipe: "()".into(),
        n_rows: 10,
        n_features: 2,
        started_at: 1,
        duration: Duration::from_millis(5),
        seed: u64::MAX,
        metrics: "{}".into(),
    }
}

/// A database with two alerts, the first of them tagged.
fn filled(path: &Path) -> Store {
    let mut store = Store::open_waiting(path, NO_WAIT).unwrap();
    store.record_run(&run(), &[alert(1), alert(2)]).unwrap();
    store.apply(&[1], &TriageAction::AddTag("disk".into()), "ann", 2).unwrap();
    store
}

fn problem_of(path: &Path) -> StoreProblem {
    Store::open_waiting(path, NO_WAIT).unwrap_err().problem
}

#[test]
fn a_new_database_is_created_with_its_folders_and_reopened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/alerts.db");
    drop(filled(&path));
    let store = Store::open(&path).unwrap();
    assert_eq!(store.get(1).unwrap().unwrap().summary.tags, ["disk"]);
    assert_eq!(store.runs(9).unwrap()[0].record, run());
    assert_eq!(store.path(), path);
    // An empty file, as an interrupted first start leaves, is a new database, too.
    let empty = folder.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    assert!(Store::open(&empty).unwrap().list(&Filter::default()).unwrap().is_empty());
}

#[test]
fn files_that_are_not_ours_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to have a header of a hundred bytes ".repeat(20)).unwrap();
    assert_eq!(problem_of(&text), StoreProblem::NotADatabase);

    let other = folder.path().join("places.sqlite");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE places (name TEXT)").unwrap();
    let before = std::fs::read(&other).unwrap();
    assert_eq!(problem_of(&other), StoreProblem::ForeignDatabase);
    assert_eq!(std::fs::read(&other).unwrap(), before);

    assert!(matches!(problem_of(folder.path()), StoreProblem::CannotOpen(_)));
    assert!(matches!(problem_of(&text.join("alerts.db")), StoreProblem::Folder(_)));
}

#[test]
fn a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.db");
    drop(filled(&path));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(problem_of(&path), StoreProblem::NewerVersion { found: 99, supported: 4 });
}

#[test]
fn damage_is_reported_as_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.db");
    drop(filled(&path));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..].fill(0xff); // everything behind the first page, which holds header and schema
    std::fs::write(&path, bytes).unwrap();
    let problem = match Store::open_waiting(&path, NO_WAIT) {
        Ok(store) => store.list(&Filter::default()).unwrap_err().problem,
        Err(error) => error.problem,
    };
    assert!(matches!(problem, StoreProblem::Damaged(_)), "{problem:?}");
}

#[test]
#[cfg(unix)]
fn a_read_only_file_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.db");
    drop(filled(&path));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o444)).unwrap();
    if std::fs::OpenOptions::new().write(true).open(&path).is_ok() {
        return; // an administrator may write everything
    }
    assert_eq!(problem_of(&path), StoreProblem::ReadOnly);
}

#[test]
fn a_full_disk_changes_nothing() {
    let mut store = Store::in_memory().unwrap();
    store.record_run(&run(), &[alert(1)]).unwrap();
    let n_pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    store.connection.pragma_update_and_check(None, "max_page_count", n_pages, |_| Ok(())).unwrap();
    let many: Vec<NewAlert> = (1..2000).map(alert).collect();
    let error = store.record_run(&run(), &many).unwrap_err();
    assert_eq!(error.problem, StoreProblem::DiskFull);
    let left = store.list(&Filter::default()).unwrap();
    assert_eq!((left.len(), left[0].n_runs, store.runs(9).unwrap().len()), (1, 1, 1));
}

#[test]
fn a_crash_within_a_transaction_leaves_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.db");
    let store = filled(&path);
    // Force changes into the log before they are committed, then take the files as a crash would leave them.
    store.connection.execute_batch("PRAGMA cache_size = 1; BEGIN IMMEDIATE; UPDATE alert SET assignee = 'x'").unwrap();
    store.connection.execute_batch("UPDATE alert SET sentence = hex(zeroblob(100000))").unwrap();
    let crashed = folder.path().join("crashed.db");
    for end in ["", "-wal"] {
        std::fs::copy(folder.path().join(format!("alerts.db{end}")), folder.path().join(format!("crashed.db{end}")))
            .unwrap();
    }
    drop(store); // never committed either
    for path in [crashed, path] {
        let mut store = Store::open(&path).unwrap();
        let alerts = store.list(&Filter::default()).unwrap();
        assert_eq!((alerts.len(), alerts[0].assignee.as_deref()), (2, None));
        assert_eq!(alerts[0].tags, ["disk"]);
        assert!(store.undo("ann", 3).unwrap().is_some());
    }
}

#[test]
fn a_second_writer_waits_or_says_that_it_is_locked_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.db");
    let first = filled(&path);
    let mut impatient = Store::open_waiting(&path, NO_WAIT).unwrap();
    let mut patient = Store::open_waiting(&path, Duration::from_secs(60)).unwrap();
    let (locked, is_locked) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        first.connection.execute_batch("BEGIN IMMEDIATE; UPDATE alert SET source_name = 'renamed'").unwrap();
        locked.send(()).unwrap();
        is_released.recv().unwrap();
        std::thread::sleep(Duration::from_millis(100)); // by now the patient one waits
        first.connection.execute_batch("COMMIT").unwrap();
    });
    is_locked.recv().unwrap();
    let error = impatient.apply(&[1], &TriageAction::Acknowledge, "bob", 3).unwrap_err();
    assert_eq!(error.problem, StoreProblem::Locked);
    assert_eq!(impatient.list(&Filter::default()).unwrap()[0].source_name, "data.csv"); // reading goes on
    release.send(()).unwrap();
    patient.apply(&[1], &TriageAction::Acknowledge, "bob", 3).unwrap();
    writer.join().unwrap();
    let alert = patient.get(1).unwrap().unwrap().summary;
    assert_eq!((alert.source_name.as_str(), alert.assignee.as_deref()), ("renamed", Some("bob")));
    assert_eq!(impatient.get(1).unwrap().unwrap().summary, alert);
}

#[test]
fn several_programs_may_create_the_database_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.db");
    let start = std::sync::Barrier::new(4);
    let open = || {
        start.wait();
        Store::open(&path).map(|_| ())
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(results, vec![Ok(()); 4]);
}

#[test]
fn journal_and_notes_cannot_be_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.db");
    let mut store = filled(&path);
    store.apply(&[1, 2], &TriageAction::AddNote("seen".into()), "ann", 3).unwrap();
    store.undo("ann", 4).unwrap();
    // Not even another program, without the settings of our connection, gets past the triggers.
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "foreign_keys", false).unwrap();
    for sql in [
        "UPDATE journal SET author = 'eve'",
        "DELETE FROM journal",
        "UPDATE journal_item SET before = after",
        "DELETE FROM journal_item WHERE alert_id = 2",
        "INSERT OR REPLACE INTO journal SELECT * FROM journal WHERE id = 1",
        "INSERT OR REPLACE INTO journal (at, author, kind, action, reverts) SELECT 9, 'eve', 'undo', action, 2 FROM journal",
        "INSERT OR REPLACE INTO journal_item SELECT * FROM journal_item",
        "INSERT INTO journal_item SELECT 1, 2, before, after FROM journal_item LIMIT 1",
        "UPDATE note SET text = 'unseen'",
        "DELETE FROM note",
    ] {
        let error = other.execute_batch(sql).unwrap_err().to_string();
        assert!(error.contains("never"), "{sql}: {error}");
    }
    assert_eq!(store.journal(9).unwrap().len(), 3);
}
