//! The alerts in the report: what was found, and why.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::charts::{Stretch, bar, stretch};
use super::escape;
use crate::app::explained;
use crate::app::format::{fmt_number, fmt_row, fmt_time};
use crate::app::main_job::Findings;
use crate::data::Table;
use crate::triage::{AlertExplanation, ExplainedColumn, NewAlert, describe};

/// Alerts listed.
const MOST_ALERTS: usize = 200;

/// Rows shown before and after the peak.
const ROWS_AROUND: usize = 72;

/// Columns shown per alert.
const MOST_COLUMNS: usize = 4;

/// Share of the score below which a detector is not shown: it would read "0 %".
const LEAST_SHARE: f64 = 0.005;

/// Writes the alerts, worst first.
pub(super) fn write(page: &mut String, findings: &Findings) {
    page.push_str("<h2>Alerts</h2>");
    let alerts = &findings.alerts;
    if alerts.is_empty() {
        page.push_str("<p>None: no row stands out at this contamination.</p>");
        return;
    }
    let shown = alerts.get(..MOST_ALERTS).unwrap_or(alerts);
    let mut around = Around::of(findings, shown);
    for alert in shown {
        write_alert(page, alert, &mut around);
    }
    if let Some(more) = alerts.len().checked_sub(MOST_ALERTS).filter(|more| *more > 0) {
        let _ = write!(page, "<p>… and {more} more.</p>");
    }
}

fn write_alert(page: &mut String, alert: &NewAlert, around: &mut Around<'_>) {
    let episode = &alert.episode;
    let (level, score, rows) = (episode.severity.name(), episode.peak_score, episode.n_rows);
    let start = episode.start_time.map_or_else(|| format!("row {}", fmt_row(episode.start_row)), fmt_time);
    let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
    let _ = write!(
        page,
        "<article><header><span class=\"level {level}\">{level}</span><span class=n>{score:.2}</span><span>{start}</span>\
         <span class=note>{rows}</span></header><p>{}</p>",
        escape(&describe(alert)).replace(" %", "&nbsp;%")
    );
    match &alert.explanation {
        Some(explanation) => write_explanation(page, alert, explanation, around),
        None => {
            page.push_str("<div class=note>");
            for feature in &alert.top_features {
                let (value, typical) = (fmt_number(feature.value), fmt_number(feature.typical));
                let _ = write!(page, "<div>{}: <b>{value}</b>, typically {typical}</div>", escape(&feature.feature));
            }
            page.push_str("</div>");
        }
    }
    page.push_str("</article>");
}

fn write_explanation(page: &mut String, alert: &NewAlert, explanation: &AlertExplanation, around: &mut Around<'_>) {
    page.push_str("<div class=why><div><dl>");
    for column in explanation.columns.iter().take(MOST_COLUMNS) {
        let share = format!("{:.0} %", 100.0 * column.share);
        let _ = write!(page, "<dt>{}</dt><dd>", escape(&column.column));
        bar(page, column.share);
        let _ = write!(page, "</dd><dd class=n>{share}</dd><dd class=parts>{}</dd>", escape(&told(column)));
    }
    page.push_str("</dl></div><div>");
    if let Some(column) = explanation.columns.first()
        && let Some((values, marked)) = around.of_column(&column.column, alert.episode.peak_row)
    {
        let name = format!("{} around the peak; the band is typical", column.column);
        stretch(page, &Stretch { name: &name, values: &values, marked, band: column.typical() });
        let _ = write!(page, "<p class=note>{}</p>", escape(&name));
    }
    page.push_str("<dl>");
    for (detector, share) in explanation.detectors.iter().filter(|(_, share)| *share >= LEAST_SHARE) {
        let _ = write!(page, "<dt>{detector}</dt><dd>");
        bar(page, *share);
        let _ = write!(page, "</dd><dd class=n>{:.0} %</dd>", 100.0 * share);
    }
    page.push_str("</dl></div></div>");
}

/// "812, typically 40–95 at this hour; its mean over an hour 600, typically 60".
fn told(column: &ExplainedColumn) -> String {
    if column.is_rule() {
        return String::new();
    }
    let parts = [explained::value(column.value, &column.text), explained::of_column(column)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<String>>().join(", ")
}

/// The rows around the peaks, and the columns as they are asked for.
struct Around<'a> {
    table: &'a Table,
    /// Per peak the rows of its entity around it, and its place among them.
    rows: HashMap<u32, (Vec<u32>, usize)>,
    columns: HashMap<String, Option<Vec<f64>>>,
}

impl<'a> Around<'a> {
    fn of(findings: &'a Findings, alerts: &[NewAlert]) -> Self {
        let peaks: std::collections::HashSet<u32> = alerts.iter().map(|alert| alert.episode.peak_row).collect();
        let mut rows = HashMap::new();
        for series in findings.snapshot.surroundings.order.groups() {
            for (place, row) in series.iter().enumerate().filter(|(_, row)| peaks.contains(row)) {
                let start = place.saturating_sub(ROWS_AROUND);
                let end = (place + ROWS_AROUND + 1).min(series.len());
                rows.insert(*row, (series.get(start..end).unwrap_or_default().to_vec(), place - start));
            }
        }
        Self { table: &findings.snapshot.table, rows, columns: HashMap::new() }
    }

    /// The values of a numeric column around a peak, where rows follow each other in time.
    fn of_column(&mut self, column: &str, peak: u32) -> Option<(Vec<f64>, usize)> {
        self.table.time()?;
        let (rows, place) = self.rows.get(&peak)?;
        let read = || self.table.numbers(column);
        let values = self.columns.entry(column.to_owned()).or_insert_with(read).as_ref()?;
        let value = |&row: &u32| values.get(row as usize).copied().unwrap_or(f64::NAN);
        Some((rows.iter().map(value).collect(), *place))
    }
}
