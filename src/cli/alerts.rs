//! `tarsier alerts`: what the database holds.

use std::io::Write;
use std::path::Path;

use anyhow::anyhow;
use serde_json::json;

use super::Failure;
use super::args::{AlertsCommand, AlertsOutput};
use crate::app::assessment;
use crate::app::format::{fmt_number, fmt_row, fmt_time};
use crate::app::settings;
use crate::triage::{Alert, AlertStatus, AlertSummary, Assessment, Filter, Store, Verdict};

pub(super) fn run(command: AlertsCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        AlertsCommand::List { output, status, limit } => list(&output, &status, limit, out),
        AlertsCommand::Show { id, output } => show(id, &output, out),
    }
}

/// Opens the database for reading; a missing one is not made.
fn open(output: &AlertsOutput) -> Result<Store, Failure> {
    let path = output.db.clone().unwrap_or_else(settings::default_database);
    if !Path::new(&path).exists() {
        let message = anyhow!("there is no alerts database yet; `tarsier run` makes one ({})", path.display());
        return Err(Failure::Work(message));
    }
    Store::open(&path).map_err(Failure::work)
}

fn list(output: &AlertsOutput, status: &[String], limit: usize, out: &mut dyn Write) -> Result<(), Failure> {
    let store = open(output)?;
    let named: Vec<AlertStatus> = status.iter().filter_map(|name| AlertStatus::from_name(name)).collect();
    let statuses = if named.is_empty() { vec![AlertStatus::New, AlertStatus::Acknowledged] } else { named };
    let filter = Filter { statuses, limit: Some(limit), ..Filter::default() };
    let alerts = store.list(&filter).map_err(Failure::work)?;
    if output.json {
        let list: Vec<_> = alerts.iter().map(summary).collect();
        writeln!(out, "{:#}", json!(list))?;
        return Ok(());
    }
    if alerts.is_empty() {
        writeln!(out, "No alerts. `tarsier run FILE` looks for some; closed ones show with --status closed.")?;
        return Ok(());
    }
    writeln!(out, "{:>5}  {:<8} {:>5}  {:<12} {:<20} alert", "id", "severity", "score", "status", "start")?;
    for alert in &alerts {
        let start = alert.start_time.map_or_else(|| format!("row {}", fmt_row(alert.start_row)), fmt_time);
        let (id, level, score, status) = (alert.id, alert.severity.name(), alert.peak_score, alert.status.name());
        writeln!(out, "{id:>5}  {level:<8} {score:>5.2}  {status:<12} {start:<20} {}", alert.sentence)?;
    }
    if alerts.len() == limit {
        writeln!(out, "Only the first {limit} are listed; --limit lists more.")?;
    }
    Ok(())
}

fn show(id: i64, output: &AlertsOutput, out: &mut dyn Write) -> Result<(), Failure> {
    let alert = open(output)?.get(id).map_err(Failure::work)?;
    let alert =
        alert.ok_or_else(|| Failure::Work(anyhow!("no alert {id}; `tarsier alerts list` shows the numbers")))?;
    if output.json {
        writeln!(out, "{:#}", details(&alert))?;
        return Ok(());
    }
    let s = &alert.summary;
    writeln!(out, "Alert {id}: {} ({:.2})", s.severity.name(), s.peak_score)?;
    writeln!(out, "{}\n", assessment::sentence(s, alert.assessment.as_ref()))?;
    line(out, "source", &s.source_name)?;
    if let Some(entity) = &s.entity {
        line(out, "entity", entity)?;
    }
    if let (Some(start), Some(end), Some(peak)) = (s.start_time, s.end_time, s.peak_time) {
        line(out, "time", &format!("{} to {}, peak {}", fmt_time(start), fmt_time(end), fmt_time(peak)))?;
    }
    let [start, end, peak] = [s.start_row, s.end_row, s.peak_row].map(fmt_row);
    line(out, "rows", &format!("{} anomalous, {start} to {end}, peak {peak} (counted from 1)", s.n_rows))?;
    if let Some(judged) = &alert.assessment {
        judgement(&alert, judged, out)?;
    }
    let verdict = s.verdict.map_or(String::new(), |verdict| format!(", {}", verdict.name()));
    let assignee = s.assignee.as_ref().map_or(String::new(), |name| format!(", {name}"));
    line(out, "status", &format!("{}{verdict}{assignee}", s.status.name()))?;
    for rule in &alert.rules {
        line(out, "rule", rule)?;
    }
    writeln!(out, "\n{:<28} {:>12} {:>12} {:>9}", "feature", "value", "typical", "deviation")?;
    for f in &alert.top_features {
        let (value, typical) = (fmt_number(f.value), fmt_number(f.typical));
        writeln!(out, "{:<28} {value:>12} {typical:>12} {:>+9.1}", f.feature, f.deviation)?;
    }
    writeln!(out, "\n{:<28} {:>12} {:>12} voted", "detector", "score", "normalised")?;
    for vote in &alert.fired {
        let voted = if vote.voted { "yes" } else { "no" };
        writeln!(out, "{:<28} {:>12} {:>12.2} {voted}", vote.detector, fmt_number(vote.score), vote.normalized)?;
    }
    for note in &alert.notes {
        writeln!(out, "\n{} {}: {}", fmt_time(note.at), note.author, note.text)?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, name: &str, value: &str) -> std::io::Result<()> {
    writeln!(out, "{name:<10} {value}")
}

/// What moved the severity, how soon to respond, and how certain it is.
fn judgement(alert: &Alert, judged: &Assessment, out: &mut dyn Write) -> std::io::Result<()> {
    if let Some(adjustment) = judged.adjustment(alert.summary.severity) {
        line(out, "severity", &adjustment)?;
    }
    line(out, "priority", &assessment::priority(judged))?;
    let certainty = [assessment::probability(judged), assessment::confidence(judged)];
    let certainty: Vec<String> = certainty.into_iter().flatten().collect();
    if !certainty.is_empty() {
        line(out, "certainty", &certainty.join(", "))?;
    }
    Ok(())
}

fn summary(alert: &AlertSummary) -> serde_json::Value {
    json!({
        "id": alert.id,
        "severity": alert.severity.name(),
        "score": alert.peak_score,
        "status": alert.status.name(),
        "verdict": alert.verdict.map(Verdict::name),
        "assignee": alert.assignee,
        "source": alert.source_name,
        "entity": alert.entity,
        "start_row": alert.start_row,
        "end_row": alert.end_row,
        "peak_row": alert.peak_row,
        "start_time": alert.start_time.map(fmt_time),
        "end_time": alert.end_time.map(fmt_time),
        "peak_time": alert.peak_time.map(fmt_time),
        "rows": alert.n_rows,
        "sentence": alert.sentence,
    })
}

fn details(alert: &Alert) -> serde_json::Value {
    let mut value = summary(&alert.summary);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("top_features".to_owned(), json!(alert.top_features));
        fields.insert("detectors".to_owned(), json!(alert.fired));
        fields.insert("rules".to_owned(), json!(alert.rules));
        fields.insert("assessment".to_owned(), json!(alert.assessment));
        let notes = alert.notes.iter().map(|n| json!({ "author": n.author, "at": fmt_time(n.at), "text": n.text }));
        fields.insert("notes".to_owned(), notes.collect());
    }
    value
}
