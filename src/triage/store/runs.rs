//! Recording a run: its alerts are matched to those known, so that nothing is doubled and no work is lost.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, Transaction, named_params, params};

use super::codec::{Json, Level};
use super::error::{StoreError, StoreProblem};
use super::{RunId, Store};
use crate::triage::matching::{Extent, Incoming, Known, assign};
use crate::triage::{NewAlert, describe};

/// What a run was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// Identity of the source, the same each time it is opened.
    pub source_id: String,
    /// Name of the source for people.
    pub source_name: String,
    /// The recipe, as RON.
    pub recipe: String,
    /// Rows scored.
    pub n_rows: u64,
    /// Features the detectors saw.
    pub n_features: u32,
    /// When the run started, in microseconds since 1970-01-01 UTC.
    pub started_at: i64,
    /// How long it took.
    pub duration: Duration,
    /// Seed of everything random in it.
    pub seed: u64,
    /// Its metrics, as JSON.
    pub metrics: String,
}

/// What recording a run did to the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunOutcome {
    /// Identity of the run.
    pub run_id: RunId,
    /// Alerts found for the first time.
    pub n_new: u64,
    /// Alerts known before and found again.
    pub n_updated: u64,
    /// Alerts that the run before had found and this one did not. They are kept, as not current.
    pub n_gone: u64,
}

/// A recorded run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// What the run was.
    pub record: RunRecord,
    /// What it did to the queue.
    pub outcome: RunOutcome,
    /// Alerts it handed over.
    pub n_alerts: u64,
}

impl Store {
    /// Records a run and its alerts, in one transaction.
    ///
    /// An incoming alert is a known one when it has the same source and entity and their time (without time: their
    /// rows) overlaps; among several the one a person has acted on, else the one with the larger overlap, else the
    /// earlier. What the machine found is then replaced and what people did is kept: a closed alert stays closed, and
    /// counts as `returned` where its severity is now higher than at closing. Alerts of the source that were not found
    /// are kept and marked as not current. The same run again therefore adds and removes nothing.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was changed.
    pub fn record_run(&mut self, run: &RunRecord, alerts: &[NewAlert]) -> Result<RunOutcome, StoreError> {
        self.write(|transaction| {
            let known = known_alerts(transaction, &run.source_id)?;
            let incoming: Vec<Incoming> = alerts.iter().map(incoming).collect();
            let run_id = insert_run(transaction, run, alerts.len())?;
            let mut outcome = RunOutcome { run_id, n_new: 0, n_updated: 0, n_gone: 0 };
            for (alert, assigned) in alerts.iter().zip(assign(&known, &incoming)) {
                if let Some(known) = assigned.and_then(|i| known.get(i)) {
                    update_alert(transaction, known.id, run, run_id, alert)?;
                    outcome.n_updated += 1;
                } else {
                    insert_alert(transaction, run, run_id, alert)?;
                    outcome.n_new += 1;
                }
            }
            let sql = "UPDATE alert SET is_current = 0 WHERE source_id = ?1 AND is_current = 1 AND last_run <> ?2";
            outcome.n_gone = transaction.execute(sql, params![run.source_id, run_id])? as u64;
            let sql = "UPDATE run SET n_new = ?2, n_updated = ?3, n_gone = ?4 WHERE id = ?1";
            let counts = [outcome.n_new, outcome.n_updated, outcome.n_gone].map(u64::cast_signed);
            transaction.execute(sql, params![run_id, counts[0], counts[1], counts[2]])?;
            Ok(outcome)
        })
    }

    /// Adds what has been found out about the alerts of a run after it was recorded: their explanations, and the sentences
    /// that come of them. Alerts that a later run has found again are left as they are. Returns how many were changed.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was changed.
    pub fn record_explanations(&mut self, run_id: RunId, alerts: &[NewAlert]) -> Result<u64, StoreError> {
        self.write(|transaction| {
            let sql = "SELECT source_id, source_name FROM run WHERE id = ?1";
            let source = transaction.query_row(sql, [run_id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let Some((source_id, source_name)): Option<(String, String)> = source else { return Ok(0) };
            let known = known_alerts(transaction, &source_id)?;
            let incoming: Vec<Incoming> = alerts.iter().map(incoming).collect();
            let mut n_changed = 0;
            for (alert, assigned) in alerts.iter().zip(assign(&known, &incoming)) {
                let Some(known) = assigned.and_then(|at| known.get(at)) else { continue };
                let sentence = describe(alert);
                let sql = "UPDATE alert SET sentence = ?2, found_text = ?3 WHERE id = ?1 AND last_run = ?4";
                let values = params![known.id, sentence, found_text(&source_name, alert, &sentence), run_id];
                if transaction.prepare_cached(sql)?.execute(values)? > 0 {
                    write_detail(transaction, known.id, alert)?;
                    n_changed += 1;
                }
            }
            Ok(n_changed)
        })
    }

    /// The latest runs, latest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn runs(&self, limit: usize) -> Result<Vec<RunSummary>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT * FROM run ORDER BY id DESC LIMIT ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let runs = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], run_summary)?;
            Ok(runs.collect::<Result<_, _>>()?)
        })
    }
}

fn run_summary(row: &rusqlite::Row) -> rusqlite::Result<RunSummary> {
    let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Ok(RunSummary {
        record: RunRecord {
            source_id: row.get("source_id")?,
            source_name: row.get("source_name")?,
            recipe: row.get("recipe")?,
            n_rows: count("n_rows")?,
            n_features: row.get("n_features")?,
            started_at: row.get("started_at")?,
            duration: Duration::from_micros(count("duration_micros")?),
            seed: count("seed")?,
            metrics: row.get("metrics")?,
        },
        outcome: RunOutcome {
            run_id: row.get("id")?,
            n_new: count("n_new")?,
            n_updated: count("n_updated")?,
            n_gone: count("n_gone")?,
        },
        n_alerts: count("n_alerts")?,
    })
}

fn known_alerts(transaction: &Transaction, source_id: &str) -> Result<Vec<Known>, StoreProblem> {
    let sql = "SELECT id, entity, start_row, end_row, start_time, end_time, touched FROM alert WHERE source_id = ?1";
    let mut statement = transaction.prepare_cached(sql)?;
    let known = statement.query_map([source_id], |row| {
        let time: (Option<i64>, Option<i64>) = (row.get(4)?, row.get(5)?);
        let extent = Extent { rows: (row.get(2)?, row.get(3)?), time: time.0.zip(time.1) };
        Ok(Known { id: row.get(0)?, entity: row.get(1)?, extent, touched: row.get(6)? })
    })?;
    Ok(known.collect::<Result<_, _>>()?)
}

fn incoming(alert: &NewAlert) -> Incoming<'_> {
    let episode = &alert.episode;
    let time = episode.start_time.zip(episode.end_time);
    Incoming { entity: episode.entity.as_deref(), extent: Extent { rows: (episode.start_row, episode.end_row), time } }
}

fn insert_run(transaction: &Transaction, run: &RunRecord, n_alerts: usize) -> Result<RunId, StoreProblem> {
    let sql = "INSERT INTO run (source_id, source_name, recipe, n_rows, n_features, started_at, duration_micros, seed,
                                metrics, n_alerts)
               VALUES (:source_id, :source_name, :recipe, :n_rows, :n_features, :started_at, :duration, :seed,
                       :metrics, :n_alerts)";
    transaction.prepare_cached(sql)?.execute(named_params! {
        ":source_id": run.source_id,
        ":source_name": run.source_name,
        ":recipe": run.recipe,
        ":n_rows": run.n_rows.cast_signed(),
        ":n_features": run.n_features,
        ":started_at": run.started_at,
        ":duration": i64::try_from(run.duration.as_micros()).unwrap_or(i64::MAX),
        ":seed": run.seed.cast_signed(),
        ":metrics": run.metrics,
        ":n_alerts": i64::try_from(n_alerts).unwrap_or(i64::MAX),
    })?;
    Ok(transaction.last_insert_rowid())
}

fn insert_alert(
    transaction: &Transaction,
    run: &RunRecord,
    run_id: RunId,
    alert: &NewAlert,
) -> Result<(), StoreProblem> {
    let sql = "INSERT INTO alert (source_id, source_name, entity, start_row, end_row, peak_row, start_time, end_time,
                                  peak_time, n_rows, peak_score, severity, sentence, found_text, first_seen,
                                  last_seen, last_run)
               VALUES (:source_id, :source_name, :entity, :start_row, :end_row, :peak_row, :start_time, :end_time,
                       :peak_time, :n_rows, :peak_score, :severity, :sentence, :found_text, :seen, :seen, :run)";
    execute_machine_part(transaction, sql, None, run, run_id, alert)?;
    write_detail(transaction, transaction.last_insert_rowid(), alert)
}

fn update_alert(
    transaction: &Transaction,
    id: i64,
    run: &RunRecord,
    run_id: RunId,
    alert: &NewAlert,
) -> Result<(), StoreProblem> {
    let sql = "UPDATE alert SET source_name = :source_name, start_row = :start_row, end_row = :end_row,
                   peak_row = :peak_row, start_time = :start_time, end_time = :end_time, peak_time = :peak_time,
                   n_rows = :n_rows, peak_score = :peak_score, severity = :severity, sentence = :sentence,
                   found_text = :found_text, last_seen = :seen, last_run = :run, n_runs = n_runs + 1, is_current = 1
               WHERE id = :id AND source_id = :source_id AND entity IS :entity";
    execute_machine_part(transaction, sql, Some(id), run, run_id, alert)?;
    write_detail(transaction, id, alert)
}

fn execute_machine_part(
    transaction: &Transaction,
    sql: &str,
    id: Option<i64>,
    run: &RunRecord,
    run_id: RunId,
    alert: &NewAlert,
) -> Result<(), StoreProblem> {
    let episode = &alert.episode;
    let sentence = describe(alert);
    let found_text = found_text(&run.source_name, alert, &sentence);
    // SQLite has no NaN; `max` turns one into 0.
    let peak_score = episode.peak_score.max(0.0);
    let mut values: Vec<(&str, &dyn rusqlite::ToSql)> = vec![
        (":source_id", &run.source_id),
        (":source_name", &run.source_name),
        (":entity", &episode.entity),
        (":start_row", &episode.start_row),
        (":end_row", &episode.end_row),
        (":peak_row", &episode.peak_row),
        (":start_time", &episode.start_time),
        (":end_time", &episode.end_time),
        (":peak_time", &episode.peak_time),
        (":n_rows", &episode.n_rows),
        (":peak_score", &peak_score),
        (":sentence", &sentence),
        (":found_text", &found_text),
        (":seen", &run.started_at),
        (":run", &run_id),
    ];
    let severity = Level(episode.severity);
    values.push((":severity", &severity));
    if let Some(id) = &id {
        values.push((":id", id));
    }
    transaction.prepare_cached(sql)?.execute(values.as_slice())?;
    Ok(())
}

/// What a search looks through, in lower case.
fn found_text(source_name: &str, alert: &NewAlert, sentence: &str) -> String {
    let mut words = vec![source_name, alert.episode.entity.as_deref().unwrap_or_default(), sentence];
    words.extend(alert.rules.iter().map(String::as_str));
    words.extend(alert.top_features.iter().map(|feature| feature.feature.as_str()));
    words.join("\n").to_lowercase()
}

fn write_detail(transaction: &Transaction, alert_id: i64, alert: &NewAlert) -> Result<(), StoreProblem> {
    let sql = "INSERT INTO alert_detail (alert_id, votes, features, rules, assessment, explanation)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (alert_id) DO UPDATE
               SET votes = excluded.votes, features = excluded.features, rules = excluded.rules,
                   assessment = excluded.assessment, explanation = excluded.explanation";
    let values = params![
        alert_id,
        Json(&alert.fired),
        Json(&alert.top_features),
        Json(&alert.rules),
        Json(&alert.assessment),
        Json(&alert.explanation)
    ];
    transaction.prepare_cached(sql)?.execute(values)?;
    Ok(())
}
