//! The alerts of the stretch in view, and the selected one in full.

use eframe::egui::{
    Align, Align2, FontId, Label, Layout, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2,
};

use super::State;
use crate::app::format::{fmt_count, fmt_row, fmt_score, fmt_time};
use crate::app::series::alert_extent;
use crate::app::{App, Command};
use crate::triage::{AlertStatus, AlertSummary};
use crate::ui::plot::{History, Range};
use crate::ui::text::one_line;
use crate::ui::theme::{GAP, Palette, paint_severity};
use crate::ui::triage::{detail, what};
use crate::ui::widgets;

const ITEM: f32 = 42.0;

/// Draws the panel.
pub(super) fn show(ui: &mut Ui, app: &App, state: &mut State, commands: &mut Vec<Command>) {
    ui.take_available_width();
    let alerts = in_view(app, state);
    ui.horizontal(|ui| {
        widgets::section_header(ui, &format!("{} in view", count_title(alerts.len())));
        if app.view.as_ref().is_some_and(|view| view.entity.is_some()) {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.checkbox(&mut state.all_entities, RichText::new("all entities").small())
                    .on_hover_text("List the alerts of every entity, not only of the one shown");
            });
        }
    });
    if alerts.is_empty() {
        empty(ui, app, state);
    } else {
        list(ui, app, &alerts, state, commands);
    }
    if app.queue.selected.is_some() {
        ui.add_space(GAP);
        ui.separator();
        detail::show(ui, app, detail::Place::Explore, commands);
    }
}

/// The list. It scrolls to a selection that moves out of sight.
fn list(ui: &mut Ui, app: &App, alerts: &[&AlertSummary], state: &mut State, commands: &mut Vec<Command>) {
    const GAP_BELOW: f32 = 2.0;
    let selected = app.queue.selected;
    let has_detail = selected.is_some();
    let room = if has_detail { (ui.available_height() * 0.36).max(2.0 * ITEM) } else { ui.available_height() };
    let mut area = ScrollArea::vertical().id_salt("alerts_in_view").max_height(room).auto_shrink([false, has_detail]);
    let moved = std::mem::replace(&mut state.listed_selected, selected) != selected;
    let row = alerts.iter().position(|alert| Some(alert.id) == selected);
    if let Some(row) = row.filter(|row| moved && !state.listed_rows.contains(row)) {
        area = area.vertical_scroll_offset((row as f32 * (ITEM + GAP_BELOW) - room / 2.0).max(0.0));
    }
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = GAP_BELOW;
        area.show_rows(ui, ITEM, alerts.len(), |ui, range| {
            for alert in alerts.get(range.clone()).unwrap_or_default() {
                item(ui, app, alert, commands);
            }
            state.listed_rows = range;
        });
    });
}

/// The alerts that reach into the stretch in view, worst first.
fn in_view<'a>(app: &'a App, state: &State) -> Vec<&'a AlertSummary> {
    let Some(range) = state.nav.range() else { return Vec::new() };
    let entity = app.view.as_ref().and_then(|view| view.entity.as_ref());
    let wanted = |alert: &&AlertSummary| {
        let fits = state.all_entities || entity.is_none() || alert.entity.as_ref() == entity;
        fits && overlaps(range, alert)
    };
    app.queue.alerts.iter().filter(wanted).collect()
}

fn overlaps(range: Range, alert: &AlertSummary) -> bool {
    let (from, to) = alert_extent(alert);
    range.overlaps(from, to)
}

fn count_title(n: usize) -> String {
    if n == 1 { "1 alert".to_owned() } else { format!("{} alerts", fmt_count(n)) }
}

fn empty(ui: &mut Ui, app: &App, state: &State) {
    let is_filtered = !app.queue.search.trim().is_empty() || !app.queue.severities.is_empty();
    let is_zoomed = state.nav.history().is_some_and(History::is_zoomed);
    let text = match &app.findings {
        None if app.is_busy() => "Alerts appear when the run has ended.",
        None => "Run the recipe to look for anomalies.",
        Some(_) if is_filtered => "None matches the filter set in Triage.",
        Some(_) if app.is_busy() => "Alerts appear when the run has ended.",
        Some(findings) if findings.alerts.is_empty() => {
            "No anomalies at this threshold. A higher contamination in Tune finds more."
        }
        Some(_) if is_zoomed => "Nothing open in this stretch. Show more of it, or another entity.",
        Some(_) => "Nothing open here: the other alerts are closed, or of another entity.",
    };
    ui.add(Label::new(RichText::new(text).color(Palette::of(ui).weak)).wrap());
}

fn item(ui: &mut Ui, app: &App, alert: &AlertSummary, commands: &mut Vec<Command>) {
    let palette = Palette::of(ui);
    let is_selected = app.queue.selected == Some(alert.id);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ITEM), Sense::click());
    if is_selected || response.hovered() || response.has_focus() {
        let fill = if is_selected { palette.accent_tint } else { palette.raised };
        ui.painter().rect_filled(rect, 5.0, fill);
    }
    let top = rect.top() + 12.0;
    paint_severity(ui.painter(), pos2(rect.left() + 12.0, top), 4.5, alert.severity, palette);
    let score = fmt_score(alert.peak_score);
    let right = pos2(rect.right() - 8.0, top);
    let score = ui.painter().text(right, Align2::RIGHT_CENTER, score, FontId::monospace(12.0), palette.text);
    let title_rect = rect.with_min_x(rect.left() + 26.0).with_max_x(score.left() - 6.0).with_max_y(rect.top() + 23.0);
    one_line(ui, title_rect, Align::Min, &heading(alert), FontId::proportional(12.5), palette.text);
    let text_rect = rect.with_min_x(rect.left() + 26.0).with_min_y(rect.top() + 22.0).with_max_x(rect.right() - 8.0);
    let text_rect = text_rect.with_max_y(rect.bottom() - 4.0);
    one_line(ui, text_rect, Align::Min, what(alert), FontId::proportional(11.5), palette.weak);
    let about = format!("Alert, {}: {}", alert.severity.name(), alert.sentence);
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, is_selected, &about));
    if response.on_hover_text(&alert.sentence).clicked() {
        commands.push(Command::Select(alert.id));
    }
}

/// When and whose; the mark of an alert somebody has taken up.
fn heading(alert: &AlertSummary) -> String {
    let when = match alert.start_time {
        Some(time) => fmt_time(time).get(5..16).unwrap_or_default().to_owned(),
        None => format!("row {}", fmt_row(alert.peak_row)),
    };
    let whose = alert.entity.as_ref().map(|entity| format!(" · {entity}")).unwrap_or_default();
    let status = match alert.status {
        AlertStatus::New => "",
        AlertStatus::Acknowledged => " · acknowledged",
        AlertStatus::Closed => " · closed",
    };
    format!("{when}{whose}{status}")
}
