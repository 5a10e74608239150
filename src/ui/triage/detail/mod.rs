//! One alert in full: what was found, how sure the detectors are, and what people made of it.

mod assessment;
mod evidence;
mod facts;
mod log;
mod why;

use eframe::egui::{Align, Button, Label, Layout, RichText, ScrollArea, Ui};

use crate::app::command::Question;
use crate::app::format::fmt_score;
use crate::app::{App, Command};
use crate::triage::{Alert, AlertStatus, AlertSummary, Assessment, TriageAction};
use crate::ui::theme::{GAP, Palette, severity_icon};
use crate::ui::widgets;

/// Where the alert is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Beside the plots.
    Explore,
    /// Beside the queue.
    Triage,
}

/// Draws the selected alert.
pub(crate) fn show(ui: &mut Ui, app: &App, place: Place, commands: &mut Vec<Command>) {
    let Some(id) = app.queue.selected else { return };
    ScrollArea::vertical().id_salt(("alert", id)).auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 5.0;
        widgets::beside_scroll_bar(ui);
        let Some(alert) = app.queue.detail.as_deref().filter(|alert| alert.summary.id == id) else {
            waiting(ui, app, id);
            return;
        };
        head(ui, &alert.summary, alert.assessment.as_ref());
        actions(ui, &alert.summary, place, commands);
        if alert.summary.returned {
            widgets::callout(ui, widgets::Tone::Warning, |ui| {
                ui.add(Label::new("It was closed, and has come back with a higher severity. Reopen it, or close it again to accept.").wrap());
            });
        }
        facts::show(ui, &alert.summary, alert.assessment.as_ref());
        evidence::show(ui, app, alert, place, commands);
        log::show(ui, alert);
        ui.add_space(GAP);
    });
}

/// What is known while the rest is being read.
fn waiting(ui: &mut Ui, app: &App, id: i64) {
    match app.queue.alert(id) {
        Some(summary) => head(ui, summary, None),
        None => {
            ui.weak("This alert is no longer in the list.");
        }
    }
}

fn head(ui: &mut Ui, summary: &AlertSummary, judged: Option<&Assessment>) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        severity_icon(ui, summary.severity);
        let color = palette.severity(summary.severity);
        ui.label(RichText::new(summary.severity.name().to_uppercase()).size(12.0).strong().color(color));
        if let Some(entity) = &summary.entity {
            ui.add(Label::new(RichText::new(entity).color(palette.weak)).truncate());
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(fmt_score(summary.peak_score)).monospace().size(15.0))
                .on_hover_text("Combined score at the peak, from 0 to 1");
        });
    });
    let sentence = crate::app::assessment::sentence(summary, judged);
    ui.add(Label::new(RichText::new(sentence).size(14.5)).wrap().selectable(true));
    if let Some(judged) = judged {
        assessment::adjustment(ui, summary, judged);
    }
}

fn actions(ui: &mut Ui, summary: &AlertSummary, place: Place, commands: &mut Vec<Command>) {
    ui.add_space(2.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let mut action = |ui: &mut Ui, name: &str, key: &str, is_first: bool, command: Command| {
            if button(ui, name, key, is_first) {
                commands.push(command);
            }
        };
        match summary.status {
            AlertStatus::Closed => action(ui, "Reopen", "R", true, Command::Triage(TriageAction::Reopen)),
            status => {
                let is_new = status == AlertStatus::New;
                if is_new {
                    action(ui, "Acknowledge", "A", true, Command::Triage(TriageAction::Acknowledge));
                }
                action(ui, "Close…", "C", !is_new, Command::Ask(Question::Verdict));
            }
        }
        action(ui, "Note…", "N", false, Command::Ask(Question::Note));
        action(ui, "Explain…", "E", false, Command::ExplainSelected);
        if place == Place::Triage && ui.button("Show in Explore").clicked() {
            commands.push(Command::Reveal(summary.id));
        }
    });
}

/// A button with its key.
fn button(ui: &mut Ui, name: &str, key: &str, is_first: bool) -> bool {
    let palette = Palette::of(ui);
    let (text, cap) = if is_first { (palette.on_accent, palette.on_accent) } else { (palette.text, palette.weak) };
    let key = RichText::new(key).monospace().size(11.0).color(cap);
    let mut button = Button::new((RichText::new(name).color(text), key));
    if is_first {
        button = button.fill(palette.accent);
    }
    ui.add(button).accessible_name(name).clicked()
}

/// Heading of a part.
fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(GAP);
    widgets::section_header(ui, text);
}

/// Whether two alerts are of the same rows: the detail of a former one must not be shown beside another's plot.
fn is_shown(app: &App, alert: &Alert) -> bool {
    app.view.as_ref().is_some_and(|view| view.entity == alert.summary.entity)
}
