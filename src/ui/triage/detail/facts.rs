//! The facts of an alert: when, how long, how often seen, where it stands.

use eframe::egui::{Label, RichText, Ui};

use crate::app::format::{fmt_count, fmt_duration, fmt_row, fmt_span, fmt_time};
use crate::triage::AlertSummary;
use crate::ui::theme::Palette;
use crate::ui::triage::table::status_title;

/// Width of the names of the facts.
const NAME: f32 = 52.0;

/// Draws the facts in two columns.
pub(super) fn show(ui: &mut Ui, alert: &AlertSummary) {
    ui.add_space(6.0);
    let weak = Palette::of(ui).weak;
    for (name, value) in facts(alert) {
        ui.horizontal_top(|ui| {
            let left = ui.cursor().left();
            ui.label(RichText::new(name).color(weak));
            ui.add_space(left + NAME - ui.cursor().left());
            ui.add(Label::new(value).wrap());
        });
    }
}

fn facts(alert: &AlertSummary) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let (Some(start), Some(end)) = (alert.start_time, alert.end_time) {
        let length = if end > start { format!(" ({})", fmt_duration(start.abs_diff(end))) } else { String::new() };
        facts.push(("When", format!("{} UTC{length}", fmt_span(start, end))));
    }
    let rows = match (alert.start_row, alert.end_row) {
        (start, end) if start == end => format!("row {}", fmt_row(start)),
        (start, end) => {
            format!("{} anomalous, rows {} to {}", fmt_count(alert.n_rows as usize), fmt_row(start), fmt_row(end))
        }
    };
    facts.push(("Rows", rows));
    let runs = match alert.n_runs {
        1 => "in 1 run".to_owned(),
        n => format!("in {} runs", fmt_count(n as usize)),
    };
    let gone = if alert.is_current { "" } else { ", not by the latest" };
    facts.push(("Seen", format!("{runs}{gone}, first {} UTC", seconds(alert.first_seen))));
    facts.push(("Status", status(alert)));
    if !alert.tags.is_empty() {
        facts.push(("Tags", alert.tags.join(", ")));
    }
    facts
}

fn status(alert: &AlertSummary) -> String {
    let verdict = alert.verdict.map(|verdict| format!(" as {}", verdict.name().replace('_', " ")));
    let who = alert.assignee.as_ref().map(|name| format!(", assigned to {name}"));
    format!("{}{}{}", status_title(alert.status), verdict.unwrap_or_default(), who.unwrap_or_default())
}

/// A moment of the program's own clock, whose fractions of a second say nothing.
fn seconds(micros: i64) -> String {
    fmt_time(micros.div_euclid(1_000_000) * 1_000_000)
}
