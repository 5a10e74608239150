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

impl Counts {
    /// Sums the counts per status and severity that a filter without its facets gave.
    fn of(cells: &[(AlertStatus, Severity, u64)], filter: &Filter) -> Self {
        let shows_status = |status| filter.statuses.is_empty() || filter.statuses.contains(&status);
        let shows_severity = |severity| filter.severities.is_empty() || filter.severities.contains(&severity);
        let sum = |is_in: &dyn Fn(AlertStatus, Severity) -> bool| {
            cells.iter().filter(|cell| is_in(cell.0, cell.1)).map(|cell| cell.2).sum()
        };
        let of_status = |status| (status, sum(&|s, level| s == status && shows_severity(level)));
        let of_severity = |severity| (severity, sum(&|s, level| level == severity && shows_status(s)));
        Self {
            total: sum(&|s, level| shows_status(s) && shows_severity(level)),
            by_status: AlertStatus::ALL.map(of_status).to_vec(),
            by_severity: Severity::ALL.map(of_severity).to_vec(),
        }
    }
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
            let mut statement = connection.prepare_cached(&format!("{} {tail}", summary_columns()))?;
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
            let mut statement = connection.prepare_cached(&format!("SELECT id {tail}"))?;
            let ids = statement.query_map(params_from_iter(values), |row| row.get(0))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }

    /// Counts the alerts that a filter shows, in one pass.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn counts(&self, filter: &Filter) -> Result<Counts, StoreError> {
        self.read(|connection| {
            let condition = filter.facet_condition();
            let condition_sql = condition.sql();
            let sql = format!("SELECT status, severity, count(*) FROM alert WHERE {condition_sql} GROUP BY 1, 2");
            let mut statement = connection.prepare_cached(&sql)?;
            let cell = |row: &Row| Ok((row.get(0)?, row.get::<_, Level>(1)?.0, row.get::<_, i64>(2)?.cast_unsigned()));
            let cells = statement.query_map(params_from_iter(condition.values), cell)?;
            Ok(Counts::of(&cells.collect::<Result<Vec<_>, _>>()?, filter))
        })
    }

    /// An alert with its notes and history; `None` where there is none of that identity.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn get(&self, id: i64) -> Result<Option<Alert>, StoreError> {
        self.read(|connection| {
            let sql = format!("{} FROM alert WHERE id = ?1", summary_columns());
            let found = connection.prepare_cached(&sql)?.query_row([id], summary).optional()?;
            let Some(summary) = found else { return Ok(None) };
            let sql = "SELECT votes, features, rules, assessment, explanation FROM alert_detail WHERE alert_id = ?1";
            let (notes, history) = (notes(connection, id)?, history(connection, id)?);
            let alert = |row: &Row| {
                Ok(Alert {
                    summary,
                    fired: row.get::<_, Json<_>>(0)?.0,
                    top_features: row.get::<_, Json<_>>(1)?.0,
                    rules: row.get::<_, Json<_>>(2)?.0,
                    assessment: row.get::<_, Json<_>>(3)?.0,
                    explanation: row.get::<_, Json<_>>(4)?.0,
                    notes,
                    history,
                })
            };
            Ok(Some(connection.prepare_cached(sql)?.query_row([id], alert)?))
        })
    }
}

/// What follows the columns in the query of a list, and its values.
fn selection(filter: &Filter) -> (String, Vec<rusqlite::types::Value>) {
    let condition = filter.condition();
    // Where rows must be read to search them, reading them as they lie beats following the index of the queue.
    let table = if filter.text.trim().is_empty() { "alert" } else { "alert NOT INDEXED" };
    let limit = filter.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let offset = i64::try_from(filter.offset).unwrap_or(i64::MAX);
    let mut values = condition.values.clone();
    values.extend([limit.into(), offset.into()]);
    (format!("FROM {table} WHERE {} ORDER BY {ORDER} LIMIT ? OFFSET ?", condition.sql()), values)
}

fn summary_columns() -> String {
    format!(
        "SELECT *, {RETURNED} AS returned,
             (SELECT count(*) FROM note WHERE alert_id = alert.id AND is_live = 1) AS n_notes"
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
