//! The facts of an alert: when, how long, how urgent and certain, how often seen, where it stands.

use eframe::egui::{Label, RichText, Ui};

use crate::app::assessment;
use crate::app::format::{fmt_count, fmt_duration, fmt_row, fmt_span, fmt_time};
use crate::triage::{AlertSummary, Assessment};
use crate::ui::theme::Palette;
use crate::ui::triage::table::status_title;

/// Width of the names of the facts.
const NAME: f32 = 62.0;

/// Draws the facts in two columns.
pub(super) fn show(ui: &mut Ui, alert: &AlertSummary, judged: Option<&Assessment>) {
    ui.add_space(6.0);
    let weak = Palette::of(ui).weak;
    for Fact { name, value, about } in facts(alert, judged) {
        let line = ui.horizontal_top(|ui| {
            let left = ui.cursor().left();
            ui.label(RichText::new(name).color(weak));
            ui.add_space(left + NAME - ui.cursor().left());
            ui.add(Label::new(value).wrap())
        });
        if !about.is_empty() {
            line.inner.on_hover_text(about);
        }
    }
}

/// A line: what, its value, and what it means where that is not plain.
struct Fact {
    name: &'static str,
    value: String,
    about: &'static str,
}

fn facts(alert: &AlertSummary, judged: Option<&Assessment>) -> Vec<Fact> {
    let mut facts = judged.map(urgency).unwrap_or_default();
    let plain = plain_facts(alert).into_iter();
    facts.extend(plain.map(|(name, value)| Fact { name, value, about: "" }));
    facts
}

/// How urgent it is and how certain.
fn urgency(judged: &Assessment) -> Vec<Fact> {
    let mut facts = vec![Fact {
        name: "Priority",
        value: assessment::priority(judged),
        about: "1 is the most urgent. Priority and time to respond come from the severity, by the settings of the \
                recipe; the time counts from when the alert was found.",
    }];
    if let Some(value) = assessment::probability(judged) {
        let about = "The probability that the worst row is an anomaly, from its combined score: learned from the \
                     labels where there are any, else from the shape of the scores.";
        facts.push(Fact { name: "Chance", value, about });
    }
    if let Some(value) = assessment::confidence(judged) {
        let about = "How sure the score itself is, 0 to 1: whether the detectors agree, whether similar rows score \
                     alike, and how little a model's score moves when it is asked again. A high score of low \
                     confidence deserves a look before an alarm.";
        facts.push(Fact { name: "Sure", value, about });
    }
    facts
}

fn plain_facts(alert: &AlertSummary) -> Vec<(&'static str, String)> {
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
