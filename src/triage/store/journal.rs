//! The journal: every action of a person with the work before and after, which is undo, audit trail and history.
//!
//! Entries are only ever added (triggers refuse anything else). Undo adds an entry that takes an earlier one back, and
//! redo one that takes an undo back, so the state to go to always stands in the entry that is reverted.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::codec::Json;
use super::error::{StoreError, StoreProblem};
use super::{JournalId, Store, work};
use crate::triage::{EntryKind, TriageAction, WorkState};

/// What an action did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The entry of the journal; `None` where no alert was changed and nothing was written.
    pub journal_id: Option<JournalId>,
    /// Alerts it changed.
    pub changed: Vec<i64>,
}

/// What an undo or redo did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoReport {
    /// The new entry of the journal.
    pub journal_id: JournalId,
    /// The action that was undone or redone.
    pub action: TriageAction,
    /// Alerts it changed.
    pub changed: Vec<i64>,
    /// Alerts on which somebody else has since changed the same thing; that later change was left alone.
    pub kept: Vec<i64>,
}

/// An entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// Identity of the entry.
    pub id: JournalId,
    /// When, in microseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Who did it.
    pub author: String,
    /// Whether it was done, undone or redone.
    pub kind: EntryKind,
    /// What was done, undone or redone.
    pub action: TriageAction,
    /// The entry it takes back, for undo and redo.
    pub reverts: Option<JournalId>,
    /// Number of alerts it changed.
    pub n_alerts: u32,
}

const ENTRY_COLUMNS: &str = "id, at, author, kind, action, reverts,
    (SELECT count(*) FROM journal_item WHERE journal_id = journal.id) AS n_alerts";

/// The latest entry of an author that did something and was not taken back.
const UNDOABLE: &str = "author = ?1 AND kind IN ('action', 'redo')
    AND NOT EXISTS (SELECT 1 FROM journal AS later WHERE later.reverts = journal.id)";

/// The latest undo of an author that was not taken back. A new action ends what can be redone.
const REDOABLE: &str = "author = ?1 AND kind = 'undo'
    AND NOT EXISTS (SELECT 1 FROM journal AS later WHERE later.reverts = journal.id)
    AND id > (SELECT coalesce(max(id), 0) FROM journal WHERE author = ?1 AND kind = 'action')";

impl Store {
    /// Does something to alerts, as one entry of the journal. Alerts on which it changes nothing (acknowledging one
    /// that is acknowledged) are left out of the entry. `at_micros` is the time now, in microseconds since 1970-01-01
    /// UTC.
    ///
    /// # Errors
    /// When an alert is not known, when author, note, tag or assignee is empty, or when the database cannot be
    /// written; then nothing was changed.
    pub fn apply(
        &mut self,
        ids: &[i64],
        action: &TriageAction,
        author: &str,
        at_micros: i64,
    ) -> Result<Applied, StoreError> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        self.write(|transaction| {
            let action = trimmed(action)?;
            let author = named(author, "author")?;
            let mut steps = Vec::new();
            for id in ids {
                let (before, severity) = work::load(transaction, id)?;
                let mut after = before.after(&action, author, severity);
                if let TriageAction::AddNote(text) = &action {
                    after.notes.insert(work::insert_note(transaction, id, author, at_micros, text)?);
                }
                if after != before {
                    steps.push(Step { alert_id: id, before, after });
                }
            }
            if steps.is_empty() {
                return Ok(Applied { journal_id: None, changed: Vec::new() });
            }
            let head = Head { at: at_micros, author, kind: EntryKind::Action, action: &action, reverts: None };
            let journal_id = write_entry(transaction, &head, &steps)?;
            Ok(Applied { journal_id: Some(journal_id), changed: steps.iter().map(|step| step.alert_id).collect() })
        })
    }

    /// Takes back the author's latest action that was not taken back yet; `None` where there is none. What somebody
    /// else has changed since is left alone.
    ///
    /// # Errors
    /// When the author is empty or the database cannot be written; then nothing was changed.
    pub fn undo(&mut self, author: &str, at_micros: i64) -> Result<Option<UndoReport>, StoreError> {
        self.revert(author, at_micros, EntryKind::Undo, UNDOABLE)
    }

    /// Takes back the author's latest undo, unless the author has done something new since; `None` where there is
    /// none. What somebody else has changed since is left alone.
    ///
    /// # Errors
    /// When the author is empty or the database cannot be written; then nothing was changed.
    pub fn redo(&mut self, author: &str, at_micros: i64) -> Result<Option<UndoReport>, StoreError> {
        self.revert(author, at_micros, EntryKind::Redo, REDOABLE)
    }

    /// What [`Store::undo`] would take back.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn next_undo(&self, author: &str) -> Result<Option<JournalEntry>, StoreError> {
        self.read(|connection| latest_entry(connection, UNDOABLE, author.trim()))
    }

    /// What [`Store::redo`] would take back.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn next_redo(&self, author: &str) -> Result<Option<JournalEntry>, StoreError> {
        self.read(|connection| latest_entry(connection, REDOABLE, author.trim()))
    }

    /// The latest entries of the journal, latest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn journal(&self, limit: usize) -> Result<Vec<JournalEntry>, StoreError> {
        self.read(|connection| {
            let sql = format!("SELECT {ENTRY_COLUMNS} FROM journal ORDER BY id DESC LIMIT ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let entries = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], entry)?;
            Ok(entries.collect::<Result<_, _>>()?)
        })
    }

    fn revert(
        &mut self,
        author: &str,
        at: i64,
        kind: EntryKind,
        which: &str,
    ) -> Result<Option<UndoReport>, StoreError> {
        self.write(|transaction| {
            let author = named(author, "author")?;
            let Some(target) = latest_entry(transaction, which, author)? else { return Ok(None) };
            let mut kept = Vec::new();
            let mut steps = Vec::new();
            for step in steps_of(transaction, target.id)? {
                let (now, _) = work::load(transaction, step.alert_id)?;
                if now.blocks_step(&step.after, &step.before) {
                    kept.push(step.alert_id);
                }
                let then = now.stepped(&step.after, &step.before);
                if then != now {
                    steps.push(Step { alert_id: step.alert_id, before: now, after: then });
                }
            }
            let head = Head { at, author, kind, action: &target.action, reverts: Some(target.id) };
            let journal_id = write_entry(transaction, &head, &steps)?;
            let changed = steps.iter().map(|step| step.alert_id).collect();
            Ok(Some(UndoReport { journal_id, action: target.action, changed, kept }))
        })
    }
}

/// The work on one alert before and after an entry.
struct Step {
    alert_id: i64,
    before: WorkState,
    after: WorkState,
}

/// What an entry says besides its steps.
struct Head<'a> {
    at: i64,
    author: &'a str,
    kind: EntryKind,
    action: &'a TriageAction,
    reverts: Option<JournalId>,
}

/// Adds an entry to the journal and brings the alerts to the state after it.
fn write_entry(transaction: &Transaction, head: &Head, steps: &[Step]) -> Result<JournalId, StoreProblem> {
    let sql = "INSERT INTO journal (at, author, kind, action, reverts) VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![head.at, head.author, head.kind, Json(head.action), head.reverts];
    transaction.prepare_cached(sql)?.execute(values)?;
    let journal_id = transaction.last_insert_rowid();
    let sql = "INSERT INTO journal_item (journal_id, alert_id, before, after) VALUES (?1, ?2, ?3, ?4)";
    let mut insert_item = transaction.prepare_cached(sql)?;
    for step in steps {
        insert_item.execute(params![journal_id, step.alert_id, Json(&step.before), Json(&step.after)])?;
        work::save(transaction, step.alert_id, &step.after)?;
    }
    Ok(journal_id)
}

fn latest_entry(connection: &Connection, which: &str, author: &str) -> Result<Option<JournalEntry>, StoreProblem> {
    let sql = format!("SELECT {ENTRY_COLUMNS} FROM journal WHERE {which} ORDER BY id DESC LIMIT 1");
    Ok(connection.prepare_cached(&sql)?.query_row([author], entry).optional()?)
}

fn entry(row: &Row) -> rusqlite::Result<JournalEntry> {
    Ok(JournalEntry {
        id: row.get("id")?,
        at: row.get("at")?,
        author: row.get("author")?,
        kind: row.get("kind")?,
        action: row.get::<_, Json<TriageAction>>("action")?.0,
        reverts: row.get("reverts")?,
        n_alerts: row.get("n_alerts")?,
    })
}

fn steps_of(transaction: &Transaction, journal_id: JournalId) -> Result<Vec<Step>, StoreProblem> {
    let sql = "SELECT alert_id, before, after FROM journal_item WHERE journal_id = ?1 ORDER BY alert_id";
    let mut statement = transaction.prepare_cached(sql)?;
    let steps = statement.query_map([journal_id], |row| {
        let (before, after) = (row.get::<_, Json<WorkState>>(1)?.0, row.get::<_, Json<WorkState>>(2)?.0);
        Ok(Step { alert_id: row.get(0)?, before, after })
    })?;
    Ok(steps.collect::<Result<_, _>>()?)
}

/// The action with its texts trimmed; refuses empty ones.
fn trimmed(action: &TriageAction) -> Result<TriageAction, StoreProblem> {
    let text = |text: &str, what| named(text, what).map(str::to_owned);
    Ok(match action {
        TriageAction::Assign(Some(assignee)) => TriageAction::Assign(Some(text(assignee, "assignee")?)),
        TriageAction::AddNote(note) => TriageAction::AddNote(text(note, "note")?),
        TriageAction::AddTag(tag) => TriageAction::AddTag(text(tag, "tag")?),
        TriageAction::RemoveTag(tag) => TriageAction::RemoveTag(text(tag, "tag")?),
        other => other.clone(),
    })
}

fn named<'a>(text: &'a str, what: &'static str) -> Result<&'a str, StoreProblem> {
    let text = text.trim();
    if text.is_empty() { Err(StoreProblem::Empty(what)) } else { Ok(text) }
}
