//! How the work of people on an alert is read from and written to its row.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::codec::{Json, Level};
use super::error::StoreProblem;
use crate::analysis::severity::Severity;
use crate::triage::WorkState;

/// The work on an alert, and the severity the alert has now.
pub(super) fn load(connection: &Connection, alert_id: i64) -> Result<(WorkState, Severity), StoreProblem> {
    let sql = "SELECT status, verdict, closed_severity, assignee, tags, severity,
                   (SELECT json_group_array(id) FROM note WHERE alert_id = alert.id AND is_live = 1)
               FROM alert WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row([alert_id], |row| {
        let state = WorkState {
            status: row.get(0)?,
            verdict: row.get(1)?,
            closed_severity: row.get::<_, Option<Level>>(2)?.map(|level| level.0),
            assignee: row.get(3)?,
            tags: row.get::<_, Json<BTreeSet<String>>>(4)?.0,
            notes: row.get::<_, Json<BTreeSet<i64>>>(6)?.0,
        };
        Ok((state, row.get::<_, Level>(5)?.0))
    });
    found.optional()?.ok_or(StoreProblem::UnknownAlert(alert_id))
}

/// Replaces the work on an alert. The journal entry that says so is written by the caller, in the same transaction.
pub(super) fn save(transaction: &Transaction, alert_id: i64, state: &WorkState) -> Result<(), StoreProblem> {
    let sql = "UPDATE note SET is_live = id IN (SELECT value FROM json_each(?2)) WHERE alert_id = ?1";
    transaction.prepare_cached(sql)?.execute(params![alert_id, Json(&state.notes)])?;
    let sql = "UPDATE alert SET status = ?2, verdict = ?3, closed_severity = ?4, assignee = ?5, tags = ?6,
                   work_text = ?7, touched = 1
               WHERE id = ?1";
    transaction.prepare_cached(sql)?.execute(params![
        alert_id,
        state.status,
        state.verdict,
        state.closed_severity.map(Level),
        state.assignee,
        Json(&state.tags),
        work_text(transaction, alert_id, state)?,
    ])?;
    Ok(())
}

/// What a search looks through, in lower case.
fn work_text(transaction: &Transaction, alert_id: i64, state: &WorkState) -> Result<String, StoreProblem> {
    let mut words: Vec<String> = state.assignee.iter().chain(&state.tags).cloned().collect();
    if !state.notes.is_empty() {
        let sql = "SELECT text FROM note WHERE alert_id = ?1 AND is_live = 1 ORDER BY id";
        let mut statement = transaction.prepare_cached(sql)?;
        for text in statement.query_map([alert_id], |row| row.get(0))? {
            words.push(text?);
        }
    }
    Ok(words.join("\n").to_lowercase())
}

/// Writes a note down and returns its identity. It shows once the alert's state names it.
pub(super) fn insert_note(
    transaction: &Transaction,
    alert_id: i64,
    author: &str,
    at: i64,
    text: &str,
) -> Result<i64, StoreProblem> {
    let sql = "INSERT INTO note (alert_id, author, at, text, is_live) VALUES (?1, ?2, ?3, ?4, 0)";
    transaction.prepare_cached(sql)?.execute(params![alert_id, author, at, text])?;
    Ok(transaction.last_insert_rowid())
}
