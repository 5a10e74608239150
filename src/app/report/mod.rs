//! Results as files: the scores of every row, and a report to read and pass on.

mod alerts;
mod charts;
mod overview;
mod style;

use std::fmt::Write as _;
use std::path::Path;

use self::style::STYLE;
use super::format::fmt_time;
use super::main_job::Findings;
use crate::analysis::ensemble::THRESHOLD_SCORE;
use crate::analysis::severity::Severity;
use crate::data::write::{self, ScoreColumn, WriteError};
use crate::engine::{GlobalExplanation, Snapshot};

/// Width and height of the score chart, in pixels.
const CHART: (usize, f64) = (960, 160.0);

/// Writes one line per row of the table: row, time, entity, the score of each detector, combined score, verdict, severity,
/// and where they are known the probability of an anomaly and the confidence in the score. The format follows the extension, .csv or .parquet.
///
/// # Errors
/// When the extension is another one or the file cannot be written.
pub fn write_scores(path: &Path, snapshot: &Snapshot) -> Result<(), WriteError> {
    let combined = &snapshot.combined;
    let raw = snapshot.scores.iter().map(|s| ScoreColumn::numbers(s.kind.name(), s.raw.to_vec()));
    let severity = combined.severity.iter().map(|level| level.map(Severity::name)).collect();
    let certainty = &snapshot.certainty;
    let sure = [
        ("probability", certainty.probability.clone()),
        ("confidence", certainty.confidence.as_ref().map(|confidence| confidence.combined.clone())),
    ];
    let sure = sure.into_iter().filter_map(|(name, column)| Some(ScoreColumn::numbers(name, column?)));
    let columns: Vec<ScoreColumn> = raw
        .chain([
            ScoreColumn::numbers("score", combined.score.clone()),
            ScoreColumn::flags("is_anomaly", combined.is_anomaly.clone()),
            ScoreColumn::words("severity", severity),
        ])
        .chain(sure)
        .collect();
    write::scores(path, &snapshot.table, &columns)
}

/// Writes a self-contained HTML page, for screens of any width and for paper: what was done, how it went, what matters over
/// the whole run (where `overview` says so), and the alerts with their explanations.
///
/// # Errors
/// When the file cannot be written.
pub fn write_html(path: &Path, findings: &Findings, overview: Option<&GlobalExplanation>) -> std::io::Result<()> {
    let draft = path.with_extension("html.tmp");
    std::fs::write(&draft, html(findings, overview))?;
    std::fs::rename(draft, path)
}

fn html(findings: &Findings, overview: Option<&GlobalExplanation>) -> String {
    let snapshot = &findings.snapshot;
    let table = &snapshot.table;
    let mut page = String::with_capacity(64 * 1024);
    let title = escape(&table.name);
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>Anomalies in {title}</title><style>{STYLE}</style></head><body><main><h1>Anomalies in {title}</h1>"
    );
    let (n_alerts, n_anomalies) = (findings.alerts.len(), snapshot.n_anomalies());
    let n_features = snapshot.prepared.matrix.n_features();
    let _ = write!(
        page,
        "<p class=\"lead\">{n_alerts} alerts from {n_anomalies} anomalous of {} rows ({n_features} features). Run of {} UTC, \
         seed {}, on {}.</p>",
        table.n_rows(),
        fmt_time(snapshot.started_at_micros.div_euclid(1_000_000) * 1_000_000),
        snapshot.recipe.compute.seed,
        escape(&snapshot.device)
    );
    for warning in &snapshot.warnings {
        let _ = write!(page, "<p class=\"warning\">{}</p>", escape(warning));
    }
    page.push_str("<h2>Score</h2>");
    chart(&mut page, snapshot);
    if let Some(overview) = overview {
        overview::write(&mut page, overview);
    }
    page.push_str("<h2>Detectors</h2>");
    detectors(&mut page, snapshot);
    alerts::write(&mut page, findings);
    page.push_str("</main></body></html>");
    page
}

/// The combined score over the rows in time order: the highest of each pixel's rows, so that no peak is lost.
fn chart(page: &mut String, snapshot: &Snapshot) {
    let (width, height) = CHART;
    let order = crate::data::SeriesOrder::new(snapshot.table.n_rows(), snapshot.table.time().unwrap_or_default(), &[]);
    let per_pixel = order.rows().len().div_ceil(width).max(1);
    let mut path = String::new();
    for (x, rows) in order.rows().chunks(per_pixel).enumerate() {
        let top = rows.iter().filter_map(|&row| snapshot.combined.score.get(row as usize)).copied().fold(0.0, f64::max);
        let _ = write!(path, "M{x} {height}V{:.1}", height * (1.0 - top));
    }
    let threshold = height * (1.0 - THRESHOLD_SCORE);
    let _ = write!(
        page,
        "<svg class=chart viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Combined score of the rows in time order\">\
         <path d=\"{path}\" class=\"bars\"/><path d=\"M0 {threshold}H{width}\" class=\"threshold\"/></svg>\
         <p class=\"note\">Combined score, 0 to 1, rows in time order. Above the line ({THRESHOLD_SCORE}) a row is anomalous.</p>"
    );
}

fn detectors(page: &mut String, snapshot: &Snapshot) {
    let labelled = snapshot.metrics.as_ref();
    page.push_str("<table><tr><th>Detector<th class=n>Weight<th class=n>Seconds");
    page.push_str(if labelled.is_some() { "<th class=n>ROC-AUC<th class=n>Average precision</tr>" } else { "</tr>" });
    for member in &snapshot.combined.members {
        let seconds = snapshot.stages.iter().find(|s| s.name == member.kind.name()).map_or(0.0, |s| s.seconds);
        let _ = write!(page, "<tr><td>{}<td class=n>{:.2}<td class=n>{seconds:.2}", member.kind.title(), member.weight);
        let metrics = labelled.and_then(|run| run.detectors.iter().find(|(kind, _)| *kind == member.kind));
        if let Some((_, m)) = metrics {
            let _ = write!(page, "<td class=n>{:.4}<td class=n>{:.4}", m.roc_auc, m.average_precision);
        }
        page.push_str("</tr>");
    }
    if let Some(m) = labelled.map(|run| run.combined) {
        let (roc_auc, precision) = (m.roc_auc, m.average_precision);
        let _ = write!(page, "<tr><td><b>Combined</b><td><td><td class=n>{roc_auc:.4}<td class=n>{precision:.4}</tr>");
    }
    page.push_str("</table>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
