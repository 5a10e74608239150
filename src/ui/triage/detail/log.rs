//! Notes on an alert, and everything people did to it.

use eframe::egui::{Label, RichText, Ui};

use super::heading;
use crate::app::format::fmt_time;
use crate::triage::{Alert, EntryKind, HistoryEntry, TriageAction};
use crate::ui::theme::Palette;
use crate::ui::widgets;

/// Draws notes and history, the latest first.
pub(super) fn show(ui: &mut Ui, alert: &Alert) {
    let weak = Palette::of(ui).weak;
    if !alert.notes.is_empty() {
        heading(ui, "Notes");
        for note in alert.notes.iter().rev() {
            widgets::card(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.add(Label::new(&note.text).wrap().selectable(true));
                ui.label(RichText::new(format!("{}, {} UTC", note.author, moment(note.at))).small().color(weak));
            });
        }
    }
    if !alert.history.is_empty() {
        heading(ui, "History");
        for entry in alert.history.iter().rev() {
            let text = format!("{}  {} {}", moment(entry.at), entry.author, what(entry));
            ui.add(Label::new(RichText::new(text).small().color(weak)).wrap());
        }
    }
}

/// To the minute: nobody needs more of a history.
fn moment(micros: i64) -> String {
    let time = fmt_time(micros);
    time.get(..16).unwrap_or(&time).to_owned()
}

/// What somebody did: "acknowledged it", "took back: closed it as benign".
fn what(entry: &HistoryEntry) -> String {
    let action = match &entry.action {
        TriageAction::Acknowledge => "acknowledged it".to_owned(),
        TriageAction::Close { verdict } => format!("closed it as {}", verdict.name().replace('_', " ")),
        TriageAction::Reopen => "reopened it".to_owned(),
        TriageAction::Assign(Some(name)) => format!("assigned it to {name}"),
        TriageAction::Assign(None) => "unassigned it".to_owned(),
        TriageAction::AddNote(_) => "wrote a note".to_owned(),
        TriageAction::AddTag(tag) => format!("tagged it {tag}"),
        TriageAction::RemoveTag(tag) => format!("removed the tag {tag}"),
    };
    match entry.kind {
        EntryKind::Action => action,
        EntryKind::Undo => format!("took back: {action}"),
        EntryKind::Redo => format!("did again: {action}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::{Verdict, WorkState};

    #[test]
    fn history_reads_as_sentences() {
        let entry = |kind, action| HistoryEntry {
            journal_id: 1,
            at: 0,
            author: "ann".into(),
            kind,
            action,
            before: WorkState::default(),
            after: WorkState::default(),
        };
        let close = TriageAction::Close { verdict: Verdict::FalsePositive };
        assert_eq!(what(&entry(EntryKind::Action, close.clone())), "closed it as false positive");
        assert_eq!(what(&entry(EntryKind::Undo, close)), "took back: closed it as false positive");
    }
}
