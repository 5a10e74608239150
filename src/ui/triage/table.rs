//! The queue as a table: only the rows in sight are drawn, so that thousands of alerts stay fluid.

use eframe::egui::{
    Align, Checkbox, Color32, Label, Layout, Response, RichText, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, vec2,
};
use egui_extras::{Column, TableBuilder, TableRow};

use super::State;
use crate::app::format::{fmt_count, fmt_duration, fmt_row, fmt_score, fmt_time};
use crate::app::{App, Command};
use crate::recipe::DetectorKind;
use crate::triage::{AlertStatus, AlertSummary, DetectorVote};
use crate::ui::theme::{Palette, ROW, severity_icon};
use crate::ui::widgets;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Mark,
    Severity,
    Score,
    Entity,
    When,
    Length,
    Rows,
    What,
    Detectors,
    Status,
    Assignee,
}

impl Field {
    const ALL: [Self; 11] = [
        Self::Mark,
        Self::Severity,
        Self::Score,
        Self::Entity,
        Self::When,
        Self::Length,
        Self::Rows,
        Self::What,
        Self::Detectors,
        Self::Status,
        Self::Assignee,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::Mark | Self::Severity => "",
            Self::Score => "Score",
            Self::Entity => "Entity",
            Self::When => "Start (UTC)",
            Self::Length => "Length",
            Self::Rows => "Rows",
            Self::What => "What",
            Self::Detectors => "Votes",
            Self::Status => "Status",
            Self::Assignee => "Who",
        }
    }

    const fn width(self) -> f32 {
        match self {
            Self::Mark => 22.0,
            Self::Severity => 18.0,
            Self::Score => 44.0,
            Self::Entity => 92.0,
            Self::When => 114.0,
            Self::Length => 72.0,
            Self::Rows => 46.0,
            Self::What => 160.0,
            Self::Detectors => 76.0,
            Self::Status => 104.0,
            Self::Assignee => 70.0,
        }
    }

    const fn is_number(self) -> bool {
        matches!(self, Self::Score | Self::Length | Self::Rows)
    }
}

/// The columns that have something to say and fit a width: the less important go first.
fn fields(alerts: &[AlertSummary], width: f32) -> Vec<Field> {
    let has_entity = alerts.iter().any(|alert| alert.entity.is_some());
    let has_time = alerts.iter().any(|alert| alert.start_time.is_some());
    let has_assignee = alerts.iter().any(|alert| alert.assignee.is_some());
    let says_something = |field: &Field| match field {
        Field::Entity => has_entity,
        Field::Length | Field::Rows => has_time,
        Field::Assignee => has_assignee,
        _ => true,
    };
    let mut fields: Vec<Field> = Field::ALL.into_iter().filter(says_something).collect();
    for dropped in [Field::Assignee, Field::Rows, Field::Detectors, Field::Length] {
        let needed: f32 = fields.iter().map(|field| field.width() + 8.0).sum();
        if needed > width {
            fields.retain(|field| *field != dropped);
        }
    }
    fields
}

/// Draws the table, or says why it is empty.
pub(super) fn show(ui: &mut Ui, app: &App, state: &mut State, commands: &mut Vec<Command>) {
    let alerts = &app.queue.alerts;
    let moved = std::mem::replace(&mut state.seen_selected, app.queue.selected) != app.queue.selected;
    if alerts.is_empty() {
        empty(ui, app, commands);
        return;
    }
    let fields = fields(alerts, ui.available_width());
    ui.spacing_mut().item_spacing = vec2(8.0, 0.0);
    let mut table = TableBuilder::new(ui)
        .id_salt(("queue", fields.len()))
        .striped(false)
        .sense(Sense::click())
        .cell_layout(Layout::left_to_right(Align::Center))
        .auto_shrink([false, false]);
    for field in &fields {
        table = table.column(match field {
            Field::What => Column::remainder().at_least(100.0).clip(true),
            _ => Column::exact(field.width()).clip(true),
        });
    }
    let selected = alerts.iter().position(|alert| Some(alert.id) == app.queue.selected);
    if let Some(row) = selected.filter(|_| moved) {
        table = table.scroll_to_row(row, None).animate_scrolling(false);
    }
    let header = table.header(24.0, |mut row| {
        for &field in &fields {
            row.col(|ui| title(ui, app, field, commands));
        }
    });
    header.body(|body| {
        body.rows(ROW + 2.0, alerts.len(), |mut row| {
            if let Some(alert) = alerts.get(row.index()) {
                row.set_selected(Some(alert.id) == app.queue.selected);
                alert_row(&mut row, app, alert, &fields, commands);
            }
        });
    });
}

fn title(ui: &mut Ui, app: &App, field: Field, commands: &mut Vec<Command>) {
    if field == Field::Mark {
        let mut all = app.queue.marked.len() == app.queue.alerts.len();
        let some = !app.queue.marked.is_empty() && !all;
        let response = ui.add(Checkbox::without_text(&mut all).indeterminate(some)).accessible_name("Mark all alerts");
        if response.changed() {
            let ids = app.queue.alerts.iter().filter(|_| all).map(|alert| alert.id);
            commands.push(Command::Mark(ids.collect()));
        }
        return;
    }
    let text = RichText::new(field.title()).size(11.5).color(Palette::of(ui).weak);
    aligned(ui, field, |ui| ui.add(Label::new(text).selectable(false).truncate()));
}

fn aligned<R>(ui: &mut Ui, field: Field, add: impl FnOnce(&mut Ui) -> R) -> R {
    let layout =
        if field.is_number() { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) };
    ui.with_layout(layout, add).inner
}

fn alert_row(
    row: &mut TableRow<'_, '_>,
    app: &App,
    alert: &AlertSummary,
    fields: &[Field],
    commands: &mut Vec<Command>,
) {
    for &field in fields {
        row.col(|ui| {
            aligned(ui, field, |ui| cell(ui, app, alert, field, commands));
        });
    }
    let response = row.response();
    let about = format!("Alert, {}, {}: {}", alert.severity.name(), alert.status.name(), alert.sentence);
    let is_selected = Some(alert.id) == app.queue.selected;
    response.widget_info(|| WidgetInfo::selected(Role::Row, true, is_selected, &about));
    if response.double_clicked() {
        commands.push(Command::Reveal(alert.id));
    } else if response.clicked() {
        commands.push(Command::Select(alert.id));
    }
}

fn cell(ui: &mut Ui, app: &App, alert: &AlertSummary, field: Field, commands: &mut Vec<Command>) {
    let palette = Palette::of(ui);
    let is_closed = alert.status == AlertStatus::Closed;
    let color = if is_closed { palette.weak } else { palette.text };
    match field {
        Field::Mark => mark(ui, app, alert, commands),
        Field::Severity => {
            severity_icon(ui, alert.severity);
        }
        Field::Score => text(ui, RichText::new(fmt_score(alert.peak_score)).monospace().color(color), ""),
        Field::Entity => text(ui, RichText::new(alert.entity.as_deref().unwrap_or_default()).color(color), ""),
        Field::When => {
            let when = alert.start_time.map_or_else(|| format!("row {}", fmt_row(alert.peak_row)), short_time);
            let full = alert.start_time.map(fmt_time).unwrap_or_default();
            text(ui, RichText::new(when).color(palette.weak), &full);
        }
        Field::Length => text(ui, RichText::new(length(alert)).color(palette.weak), ""),
        Field::Rows => text(ui, RichText::new(fmt_count(alert.n_rows as usize)).color(palette.weak), ""),
        Field::What => text(ui, RichText::new(what(alert)).color(color), ""),
        Field::Detectors => votes(ui, app, alert),
        Field::Status => status(ui, alert),
        Field::Assignee => {
            text(ui, RichText::new(alert.assignee.as_deref().unwrap_or_default()).color(palette.weak), "");
        }
    }
}

/// A text cut off where there is no room, whole on hover; with more to say on hover where `more` is not empty. Clicks
/// go through to the row.
fn text(ui: &mut Ui, text: RichText, more: &str) {
    let label = Label::new(text).truncate().selectable(false).show_tooltip_when_elided(more.is_empty());
    let response = ui.add(label);
    if !more.is_empty() {
        response.on_hover_text(more);
    }
}

/// The sentence without the entity, the row and the extent it begins with, where they are said already.
fn without_subject<'a>(sentence: &'a str, entity: Option<&str>, has_time: bool) -> &'a str {
    let rest = entity.map_or(Some(sentence), |entity| sentence.strip_prefix(entity)).unwrap_or(sentence);
    let has_extent = ["for ", "in ", "For ", "In "].iter().any(|start| rest.trim_start().starts_with(start));
    let rest =
        if has_time && !has_extent { rest.strip_prefix(": ") } else { rest.split_once(": ").map(|(_, rest)| rest) };
    rest.unwrap_or(sentence)
}

/// What was found, without what other columns say.
pub(crate) fn what(alert: &AlertSummary) -> &str {
    without_subject(&alert.sentence, alert.entity.as_deref(), alert.start_time.is_some())
}

fn mark(ui: &mut Ui, app: &App, alert: &AlertSummary, commands: &mut Vec<Command>) {
    let mut is_marked = app.queue.marked.contains(&alert.id);
    let name = format!("Mark alert {}", alert.id);
    if ui.add(Checkbox::without_text(&mut is_marked)).accessible_name(name).changed() {
        let mut marked = app.queue.marked.clone();
        if is_marked {
            marked.insert(alert.id);
        } else {
            marked.remove(&alert.id);
        }
        commands.push(Command::Mark(marked));
    }
}

/// A time without its seconds: "2024-03-01 12:34".
fn short_time(micros: i64) -> String {
    let time = fmt_time(micros);
    time.get(..16).unwrap_or(&time).to_owned()
}

fn length(alert: &AlertSummary) -> String {
    match (alert.start_time, alert.end_time) {
        (Some(start), Some(end)) if end > start => fmt_duration(start.abs_diff(end)),
        _ => crate::app::format::NONE.to_owned(),
    }
}

/// What the detectors of the latest result say of an alert: a dot each, filled where it votes so.
fn votes(ui: &mut Ui, app: &App, alert: &AlertSummary) {
    let Some(votes) = votes_of(app, alert) else { return };
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(votes.len() as f32 * 12.0, 14.0), Sense::hover());
    for (i, vote) in votes.iter().enumerate() {
        let center = rect.left_center() + Vec2::X * (6.0 + 12.0 * i as f32);
        let (fill, edge) = if vote.voted { (palette.text, palette.text) } else { (Color32::TRANSPARENT, palette.weak) };
        ui.painter().circle(center, 3.5, fill, Stroke::new(1.0, edge));
    }
    let about = votes_text(votes);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &about));
    response.on_hover_text(about);
}

fn votes_of<'a>(app: &'a App, alert: &AlertSummary) -> Option<&'a [DetectorVote]> {
    let findings = app.findings.as_ref().filter(|_| alert.is_current)?;
    let index = findings.overview.episode(alert.start_row, alert.end_row, &findings.alerts)?;
    findings.alerts.get(index).map(|found| found.fired.as_slice())
}

/// "2 of 3 detectors vote so: Isolation forest, Autoencoder".
fn votes_text(votes: &[DetectorVote]) -> String {
    let names: Vec<&str> = votes.iter().filter(|vote| vote.voted).map(|vote| detector_title(&vote.detector)).collect();
    let who = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    format!("{} of {} detectors vote so{who}", names.len(), votes.len())
}

/// Name of a detector for people.
pub(super) fn detector_title(name: &str) -> &str {
    DetectorKind::from_name(name).map_or(name, |kind| kind.title())
}

fn status(ui: &mut Ui, alert: &AlertSummary) {
    let palette = Palette::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(10.0, 14.0), Sense::hover());
    paint_status(ui, rect.center(), alert.status);
    let name = status_title(alert.status);
    let color = if alert.status == AlertStatus::New { palette.text } else { palette.weak };
    text(ui, RichText::new(name).color(color), &status_about(alert));
    if alert.returned {
        returned(ui);
    }
}

/// Where an alert stands as a sign: a full ring, a half one, a tick.
pub(super) fn paint_status(ui: &Ui, center: eframe::egui::Pos2, status: AlertStatus) {
    let palette = Palette::of(ui);
    match status {
        AlertStatus::New => {
            ui.painter().circle_filled(center, 4.0, palette.accent);
        }
        AlertStatus::Acknowledged => {
            ui.painter().circle_stroke(center, 3.5, Stroke::new(1.5, palette.accent));
        }
        AlertStatus::Closed => {
            crate::ui::icons::paint(ui.painter(), center, 10.0, crate::ui::icons::Icon::Check, palette.weak);
        }
    }
}

/// Where an alert stands, for people.
pub(super) const fn status_title(status: AlertStatus) -> &'static str {
    match status {
        AlertStatus::New => "New",
        AlertStatus::Acknowledged => "Acknowledged",
        AlertStatus::Closed => "Closed",
    }
}

fn status_about(alert: &AlertSummary) -> String {
    let verdict = alert.verdict.map(|verdict| format!(" as {}", verdict.name().replace('_', " ")));
    let who = alert.assignee.as_ref().map(|name| format!(", assigned to {name}"));
    format!("{}{}{}", status_title(alert.status), verdict.unwrap_or_default(), who.unwrap_or_default())
}

fn returned(ui: &mut Ui) -> Response {
    let color = Palette::of(ui).warning();
    crate::ui::icons::show(ui, crate::ui::icons::Icon::Warning, color, "Returned")
        .on_hover_text("Closed, and found again with a higher severity")
}

fn empty(ui: &mut Ui, app: &App, commands: &mut Vec<Command>) {
    let is_filtered = !app.queue.search.trim().is_empty() || !app.queue.severities.is_empty();
    let n_closed = app.queue.counts.by_status.iter().find(|(of, _)| *of == AlertStatus::Closed).map_or(0, |&(_, n)| n);
    let (title, text) = match &app.findings {
        _ if is_filtered => ("No alert matches", "Change the search or the severities above."),
        _ if app.is_busy() => ("The run is under way", "Alerts appear here when it has ended."),
        None => ("No run yet", "Alerts come from a run: press Run above."),
        Some(findings) if findings.alerts.is_empty() => {
            ("No anomalies", "Nothing lies above the threshold. A higher contamination in Tune finds more.")
        }
        Some(_) if n_closed > 0 && !app.queue.show_closed => {
            ("The queue is empty", "Every alert is closed. Well done.")
        }
        Some(_) => ("The queue is empty", "Nothing is waiting."),
    };
    widgets::empty_state(ui, title, text);
    ui.vertical_centered(|ui| {
        ui.add_space(12.0);
        if is_filtered && ui.button("Show all alerts").clicked() {
            commands.push(Command::Search(String::new()));
            commands.push(Command::FilterSeverities(Vec::new()));
        } else if !is_filtered && n_closed > 0 && !app.queue.show_closed && ui.button("Show closed alerts").clicked() {
            commands.push(Command::ShowClosed(true));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_lose_their_subject_only() {
        let cut = without_subject;
        assert_eq!(cut("web-1: cpu reached 9", Some("web-1"), true), "cpu reached 9");
        assert_eq!(cut("cpu reached 9: high", None, true), "cpu reached 9: high");
        assert_eq!(cut("web-1 for 35 min: cpu 9", Some("web-1"), true), "cpu 9");
        assert_eq!(cut("For 35 min: cpu 9", None, true), "cpu 9");
        assert_eq!(cut("Row 12: amount reached 9", None, false), "amount reached 9");
        assert_eq!(cut("ann, row 12: amount reached 9", Some("ann"), false), "amount reached 9");
    }

    #[test]
    fn votes_are_told_by_name() {
        let vote =
            |detector: &str, voted| DetectorVote { detector: detector.into(), score: 0.0, normalized: 0.0, voted };
        let votes = [vote("isolation_forest", true), vote("autoencoder", false)];
        assert_eq!(votes_text(&votes), "1 of 2 detectors vote so: Isolation forest");
        assert_eq!(votes_text(&votes[1..]), "0 of 1 detectors vote so");
    }
}
