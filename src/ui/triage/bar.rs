//! Above the queue: search, severities with their counts, closed alerts, and actions on the marked ones. Below it: keys.

use eframe::egui::{
    Align, Button, Frame, Layout, Margin, RichText, Role, Sense, Stroke, TextEdit, Ui, WidgetInfo, pos2, vec2,
};

use super::State;
use crate::analysis::severity::Severity;
use crate::app::command::Question;
use crate::app::format::fmt_count;
use crate::app::{App, Command};
use crate::triage::TriageAction;
use crate::ui::theme::{GAP, Palette, paint_severity};
use crate::ui::widgets;

/// Draws the bar.
pub(super) fn show(ui: &mut Ui, app: &App, state: &mut State, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for level in Severity::ALL {
            severity_chip(ui, app, level, commands);
        }
        ui.add_space(GAP);
        let mut show_closed = app.queue.show_closed;
        let closed = ui.checkbox(&mut show_closed, "Show closed").on_hover_text("Show alerts that are closed, too");
        if closed.changed() {
            commands.push(Command::ShowClosed(show_closed));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| search(ui, app, state, commands));
    });
    ui.add_space(6.0);
    if !app.queue.marked.is_empty() {
        marked(ui, app, commands);
        ui.add_space(6.0);
    }
}

fn search(ui: &mut Ui, app: &App, state: &mut State, commands: &mut Vec<Command>) {
    let id = widgets::alert_search_id();
    let is_typing = ui.ctx().memory(|memory| memory.has_focus(id));
    if !is_typing {
        state.search.clone_from(&app.queue.search);
    }
    let edit = TextEdit::singleline(&mut state.search)
        .id(id)
        .hint_text("Search alerts  ( / )")
        .background_color(Palette::of(ui).raised)
        .desired_width(ui.available_width().min(240.0));
    if ui.add(edit).accessible_name("Search alerts").changed() {
        commands.push(Command::Search(state.search.clone()));
    }
}

/// A severity with its count; pressed, only such alerts are shown.
fn severity_chip(ui: &mut Ui, app: &App, level: Severity, commands: &mut Vec<Command>) {
    let palette = Palette::of(ui);
    let is_on = app.queue.severities.contains(&level);
    let n = app.queue.counts.by_severity.iter().find(|(of, _)| *of == level).map_or(0, |&(_, n)| n);
    let count = fmt_count(usize::try_from(n).unwrap_or(usize::MAX));
    let color = if n == 0 { palette.weak } else { palette.text };
    let font = eframe::egui::TextStyle::Button.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(format!("{count} {}", level.name()), font, color);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 34.0, 24.0), Sense::click());
    let fill = match (is_on, response.hovered()) {
        (true, _) => palette.accent_tint,
        (false, true) => palette.raised,
        (false, false) => palette.panel,
    };
    let edge = if is_on || response.has_focus() { palette.accent } else { palette.line };
    ui.painter().rect(rect, 12.0, fill, Stroke::new(1.0, edge), eframe::egui::StrokeKind::Inside);
    paint_severity(ui.painter(), pos2(rect.left() + 14.0, rect.center().y), 4.5, level, palette);
    let at = pos2(rect.left() + 25.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, color);
    let about = format!("{count} {} alerts", level.name());
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, is_on, &about));
    if response.on_hover_text(if is_on { "Show all severities" } else { "Show only these" }).clicked() {
        let mut wanted: Vec<Severity> = app.queue.severities.iter().copied().filter(|of| *of != level).collect();
        if !is_on {
            wanted.push(level);
        }
        commands.push(Command::FilterSeverities(wanted));
    }
}

/// What can be done to the marked alerts.
fn marked(ui: &mut Ui, app: &App, commands: &mut Vec<Command>) {
    let palette = Palette::of(ui);
    let frame = Frame::new().fill(palette.accent_tint).corner_radius(6).inner_margin(Margin::symmetric(10, 5));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_width(ui.available_width());
            ui.label(RichText::new(format!("{} marked", fmt_count(app.queue.marked.len()))).strong());
            ui.add_space(GAP);
            let actions = [
                ("Acknowledge marked", Command::Triage(TriageAction::Acknowledge)),
                ("Close marked…", Command::Ask(Question::Verdict)),
                ("Reopen marked", Command::Triage(TriageAction::Reopen)),
                ("Note on marked…", Command::Ask(Question::Note)),
            ];
            for (name, command) in actions {
                if ui.button(name).clicked() {
                    commands.push(command);
                }
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.add(Button::new("Unmark all").frame(false)).clicked() {
                    commands.push(Command::Mark(Default::default()));
                }
                let all: std::collections::BTreeSet<i64> = app.queue.alerts.iter().map(|alert| alert.id).collect();
                if all.len() > app.queue.marked.len() {
                    let text = format!("Mark all {}", fmt_count(all.len()));
                    if ui.add(Button::new(text).frame(false)).clicked() {
                        commands.push(Command::Mark(all));
                    }
                }
            });
        });
    });
}

/// The keys that work the queue.
pub(super) fn keys(ui: &mut Ui) {
    let weak = Palette::of(ui).weak;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(5.0, 4.0);
        let keys: [(&[&str], &str); 8] = [
            (&["J", "K"], "move"),
            (&["E"], "explain"),
            (&["X"], "mark"),
            (&["A"], "acknowledge"),
            (&["C"], "close"),
            (&["R"], "reopen"),
            (&["N"], "note"),
            (&["/"], "search"),
        ];
        for (caps, what) in keys {
            for cap in caps {
                widgets::key_cap(ui, cap);
            }
            ui.label(RichText::new(what).small().color(weak));
            ui.add_space(GAP);
        }
    });
}
