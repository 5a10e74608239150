//! Reading the queue: lists, counts, and one alert with everything known about it.

use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::Store;
use super::codec::{Json, Level};
use super::error::{StoreError, StoreProblem};
use super::filter::{Filter, RETURNED};
use crate::analysis::severity::Severity;
use crate::triage::{Alert, AlertStatus, AlertSummary, HistoryEntry, Note};

/// How many alerts there are of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Alerts the filter shows, whatever its limit.
    pub total: u64,
    /// Per status in the order of [`AlertStatus::ALL`], were the filter to ask for no status.
    pub by_status: Vec<(AlertStatus, u64)>,
    /// Per severity in the order of [`Severity::ALL`], were the filter to ask for no severity.
    pub by_severity: Vec<(Severity, u64)>,
}

const ORDER: &str = "severity DESC, peak_score DESC, id";

impl Store {
    /// The alerts that a filter shows, worst first: by severity, then score, then the older alert.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn list(&self, filter: &Filter) -> Result<Vec<AlertSummary>, StoreError> {
        self.read(|connection| {
            let (tail, values) = selection(filter);
            let mut statement = connection.prepare_cached(&format!("{} {tail}", select_summary()))?;
            let alerts = statement.query_map(params_from_iter(values), summary)?;
            Ok(alerts.collect::<Result<_, _>>()?)
        })
    }

    /// Identities of the alerts that a filter shows, in the same order: for acting on all that match.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn ids(&self, filter: &Filter) -> Result<Vec<i64>, StoreError> {
        self.read(|connection| {
            let (tail, values) = selection(filter);
            let mut statement = connection.prepare_cached(&format!("SELECT id FROM alert {tail}"))?;
            let ids = statement.query_map(params_from_iter(values), |row| row.get(0))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }

    /// Counts the alerts that a filter shows.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn counts(&self, filter: &Filter) -> Result<Counts, StoreError> {
        self.read(|connection| {
            let condition = filter.condition(true, true);
            let sql = format!("SELECT count(*) FROM alert WHERE {}", condition.sql());
            let total =
                connection.prepare_cached(&sql)?.query_row(params_from_iter(condition.values), |row| row.get(0));
            let total = i64::cast_unsigned(total?);
            let by_status = facet(connection, filter, "status", AlertStatus::ALL.map(|s| (s.name().to_owned(), s)))?;
            let ranks = Severity::ALL.map(|s| (Level(s).rank().to_string(), s));
            let by_severity = facet(connection, filter, "severity", ranks)?;
            Ok(Counts { total, by_status, by_severity })
        })
    }

    /// An alert with its notes and history; `None` where there is none of that identity.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn get(&self, id: i64) -> Result<Option<Alert>, StoreError> {
        self.read(|connection| {
            let sql = format!("{} WHERE id = ?1", select_summary());
            let found = connection.prepare_cached(&sql)?.query_row([id], summary).optional()?;
            let Some(summary) = found else { return Ok(None) };
            let sql = "SELECT votes, features FROM alert_detail WHERE alert_id = ?1";
            let detail = |row: &Row| Ok((row.get::<_, Json<_>>(0)?.0, row.get::<_, Json<_>>(1)?.0));
            let (fired, top_features) = connection.prepare_cached(sql)?.query_row([id], detail)?;
            let (notes, history) = (notes(connection, id)?, history(connection, id)?);
            Ok(Some(Alert { summary, fired, top_features, notes, history }))
        })
    }
}

/// Everything behind `FROM alert` for a list, and its values.
fn selection(filter: &Filter) -> (String, Vec<rusqlite::types::Value>) {
    let condition = filter.condition(true, true);
    let limit = filter.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let offset = i64::try_from(filter.offset).unwrap_or(i64::MAX);
    let mut values = condition.values.clone();
    values.extend([limit.into(), offset.into()]);
    (format!("WHERE {} ORDER BY {ORDER} LIMIT ? OFFSET ?", condition.sql()), values)
}

/// Counts per value of a column, without the filter's own condition on it. Values are compared as text.
fn facet<T, const N: usize>(
    connection: &Connection,
    filter: &Filter,
    column: &str,
    kinds: [(String, T); N],
) -> Result<Vec<(T, u64)>, StoreProblem> {
    let condition = filter.condition(column != "status", column != "severity");
    let sql = format!("SELECT CAST({column} AS TEXT), count(*) FROM alert WHERE {} GROUP BY 1", condition.sql());
    let mut statement = connection.prepare_cached(&sql)?;
    let counted = statement.query_map(params_from_iter(condition.values), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let counted: Vec<(String, i64)> = counted.collect::<Result<_, _>>()?;
    let count = |name: &str| counted.iter().find(|(n, _)| n == name).map_or(0, |(_, n)| n.cast_unsigned());
    Ok(kinds.into_iter().map(|(name, kind)| (kind, count(&name))).collect())
}

fn select_summary() -> String {
    format!(
        "SELECT *, {RETURNED} AS returned,
             (SELECT count(*) FROM note WHERE alert_id = alert.id AND is_live = 1) AS n_notes
         FROM alert"
    )
}

fn summary(row: &Row) -> rusqlite::Result<AlertSummary> {
    Ok(AlertSummary {
        id: row.get("id")?,
        source_id: row.get("source_id")?,
        source_name: row.get("source_name")?,
        entity: row.get("entity")?,
        start_row: row.get("start_row")?,
        end_row: row.get("end_row")?,
        peak_row: row.get("peak_row")?,
        start_time: row.get("start_time")?,
        end_time: row.get("end_time")?,
        peak_time: row.get("peak_time")?,
        n_rows: row.get("n_rows")?,
        peak_score: row.get("peak_score")?,
        severity: row.get::<_, Level>("severity")?.0,
        sentence: row.get("sentence")?,
        status: row.get("status")?,
        verdict: row.get("verdict")?,
        assignee: row.get("assignee")?,
        tags: row.get::<_, Json<Vec<String>>>("tags")?.0,
        n_notes: row.get("n_notes")?,
        first_seen: row.get("first_seen")?,
        last_seen: row.get("last_seen")?,
        n_runs: row.get("n_runs")?,
        is_current: row.get("is_current")?,
        returned: row.get("returned")?,
    })
}

fn notes(connection: &Connection, alert_id: i64) -> Result<Vec<Note>, StoreProblem> {
    let sql = "SELECT id, author, at, text FROM note WHERE alert_id = ?1 AND is_live = 1 ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let note = |row: &Row| Ok(Note { id: row.get(0)?, author: row.get(1)?, at: row.get(2)?, text: row.get(3)? });
    let notes = statement.query_map([alert_id], note)?;
    Ok(notes.collect::<Result<_, _>>()?)
}

fn history(connection: &Connection, alert_id: i64) -> Result<Vec<HistoryEntry>, StoreProblem> {
    let sql = "SELECT journal_id, at, author, kind, action, before, after
               FROM journal_item JOIN journal ON journal.id = journal_id
               WHERE alert_id = ?1 ORDER BY journal_id";
    let mut statement = connection.prepare_cached(sql)?;
    let entry = |row: &Row| {
        Ok(HistoryEntry {
            journal_id: row.get(0)?,
            at: row.get(1)?,
            author: row.get(2)?,
            kind: row.get(3)?,
            action: row.get::<_, Json<_>>(4)?.0,
            before: row.get::<_, Json<_>>(5)?.0,
            after: row.get::<_, Json<_>>(6)?.0,
        })
    };
    let entries = statement.query_map([alert_id], entry)?;
    Ok(entries.collect::<Result<_, _>>()?)
}
