//! What a run prints: text for people, JSON for programs, and a line of progress.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::run::Outcome;
use crate::analysis::evaluate::Metrics;
use crate::analysis::prepare::Fate;
use crate::analysis::severity::Severity;
use crate::app::format::{fmt_counted, fmt_duration, fmt_time};
use crate::engine::{JobProgress, peak_memory_mb};
use crate::triage::{NewAlert, describe};

/// Alerts printed after a run.
const MOST_ALERTS: usize = 10;

/// One JSON object. A contract: names and meaning stay.
pub(super) fn json(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let snapshot = &outcome.findings.snapshot;
    let mut metrics = Map::new();
    if let Some(run) = &snapshot.metrics {
        let detectors = run.detectors.iter().map(|(kind, m)| (kind.name(), m));
        for (name, m) in detectors.chain([("combined", &run.combined)]) {
            metrics.insert(name.to_owned(), json!(m));
        }
    }
    let object = json!({
        "source": snapshot.table.name,
        "rows": snapshot.table.n_rows(),
        "features": snapshot.prepared.matrix.n_features(),
        "anomalies": snapshot.n_anomalies(),
        "alerts": outcome.findings.alerts.len(),
        "alerts_new": outcome.stored.n_new,
        "metrics": Value::Object(metrics),
        "stages": outcome.stages,
        "seconds": outcome.seconds,
        "peak_memory_mb": peak_memory_mb(),
        "device": snapshot.device,
        "seed": snapshot.recipe.compute.seed,
        "database": outcome.database,
        "written": outcome.written,
        "warnings": outcome.warnings,
    });
    writeln!(out, "{object:#}")
}

/// The result for people.
pub(super) fn text(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let snapshot = &outcome.findings.snapshot;
    let table = &snapshot.table;
    let n_features = snapshot.prepared.matrix.n_features();
    writeln!(out, "{}: {} rows, {} columns, {n_features} features", table.name, table.n_rows(), table.columns.len())?;
    for warning in &outcome.warnings {
        writeln!(out, "  ! {warning}")?;
    }
    writeln!(out)?;
    detectors(outcome, out)?;
    writeln!(out)?;
    alerts(&outcome.findings.alerts, snapshot.n_anomalies(), out)?;
    writeln!(out)?;
    let stored = &outcome.stored;
    let counts = format!("{} new, {} known, {} no longer found", stored.n_new, stored.n_updated, stored.n_gone);
    writeln!(out, "Alerts kept in {} ({counts})", outcome.database.display())?;
    for path in &outcome.written {
        writeln!(out, "Written: {}", path.display())?;
    }
    let rest: f64 = outcome.stages.iter().filter(|s| s.fit_seconds.is_none()).map(|s| s.seconds).sum();
    let (seconds, memory, device) = (outcome.seconds, peak_memory_mb(), &snapshot.device);
    writeln!(out, "{seconds:.1} s in all ({rest:.1} s outside the detectors), {memory:.0} MB at the peak, on {device}")
}

fn detectors(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let snapshot = &outcome.findings.snapshot;
    let metrics =
        |m: Option<&Metrics>| m.map_or(String::new(), |m| format!("{:>9.4} {:>9.4}", m.roc_auc, m.average_precision));
    let heading = if snapshot.metrics.is_some() { "  ROC-AUC  avg.prec" } else { "" };
    writeln!(out, "{:<22} {:>6} {:>8} {:>8}{heading}", "detector", "weight", "fit s", "score s")?;
    for member in &snapshot.combined.members {
        let stage = outcome.stages.iter().find(|stage| stage.name == member.kind.name());
        let seconds = |s: Option<f64>| s.map_or("-".to_owned(), |s| format!("{s:.2}"));
        let (fit, score) = (stage.and_then(|s| s.fit_seconds), stage.and_then(|s| s.score_seconds));
        let found =
            snapshot.metrics.as_ref().and_then(|run| run.detectors.iter().find(|(kind, _)| *kind == member.kind));
        let (name, weight) = (member.kind.name(), member.weight);
        let judged = metrics(found.map(|(_, m)| m));
        writeln!(out, "{name:<22} {weight:>6.2} {:>8} {:>8} {judged}", seconds(fit), seconds(score))?;
    }
    let judged = metrics(snapshot.metrics.as_ref().map(|run| &run.combined));
    writeln!(out, "{:<22} {:>6} {:>8} {:>8} {judged}", "combined", "", "", "")
}

fn alerts(alerts: &[NewAlert], n_anomalies: usize, out: &mut dyn Write) -> io::Result<()> {
    if alerts.is_empty() {
        return writeln!(out, "No alerts: no row stands out at this contamination.");
    }
    let by_level = Severity::ALL.map(|level| {
        let n = alerts.iter().filter(|alert| alert.episode.severity == level).count();
        format!("{n} {}", level.name())
    });
    let (n_alerts, n_rows) = (fmt_counted(alerts.len(), "alert"), fmt_counted(n_anomalies, "anomalous row"));
    writeln!(out, "{n_alerts} from {n_rows}: {}", by_level.join(", "))?;
    for alert in alerts.iter().take(MOST_ALERTS) {
        let episode = &alert.episode;
        // Without times the sentence itself names the row.
        let start = episode.start_time.map_or(String::new(), |time| format!("{}  ", fmt_time(time)));
        let (level, score) = (episode.severity.name(), episode.peak_score);
        writeln!(out, "  {level:<8} {score:.2}  {start}{}", describe(alert))?;
    }
    match alerts.len().saturating_sub(MOST_ALERTS) {
        0 => Ok(()),
        more => writeln!(out, "  … and {more} more: tarsier alerts list"),
    }
}

/// A line of progress for a terminal.
pub(super) fn progress(progress: &JobProgress) -> String {
    let share = progress.fraction.map_or(String::new(), |f| format!(" {:>3.0} %", f * 100.0));
    let left = progress.left.map_or(String::new(), |left| {
        format!(", {} left", fmt_duration(u64::try_from(left.as_micros()).unwrap_or(u64::MAX)))
    });
    format!("{}{share} ({:.0} s{left})", progress.stage, progress.elapsed.as_secs_f64())
}

/// What became of a feature, in a word.
pub(super) fn fate(fate: &Fate) -> &'static str {
    match fate {
        Fate::Kept => "yes",
        Fate::Constant => "constant",
        Fate::Unrelated(_) => "unrelated",
        Fate::Repeats(..) => "repeats",
        Fate::Outranked => "outranked",
        Fate::NotNamed => "not named",
    }
}

/// A symmetric matrix over the detectors, row after row.
pub(super) fn matrix(title: &str, names: &[&str], values: &[Option<f64>], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n  {title}")?;
    for (row, name) in names.iter().enumerate() {
        write!(out, "  {name:<22}")?;
        for value in values.iter().skip(row * names.len()).take(row + 1) {
            write!(out, " {:>6}", value.map_or("-".to_owned(), |value| format!("{value:.2}")))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
