//! The dialogs over the window: shortcuts, about, note, verdict, and what to do with unsaved changes.

use eframe::egui::{self, Align, Context, Grid, Id, Key, Layout, Modal, Modifiers, RichText, ScrollArea, TextEdit, Ui};

use super::icons;
use super::quality::facts;
use super::shell::Wishes;
use super::theme::{GAP, GAP_L, GAP_S, Palette};
use super::widgets::{dialog_frame, key_cap, primary_button, section_header};
use crate::app::command::{Binding, Question, bindings, verdict_keys};
use crate::app::settings::default_settings_file;
use crate::app::{App, Command, Dialog};
use crate::triage::{TriageAction, Verdict};

/// What the dialogs remember between frames.
#[derive(Debug, Default)]
pub(super) struct State {
    note: String,
    shown: Option<Dialog>,
}

/// Draws the dialog that is open, if any.
pub(super) fn show(ctx: &Context, app: &mut App, state: &mut State, wishes: &mut Wishes) {
    let dialog = app.dialog.clone();
    let is_new = state.shown != dialog;
    state.shown.clone_from(&dialog);
    let Some(dialog) = dialog else { return };
    let modal = Modal::new(Id::unique("dialog")).frame(dialog_frame(ctx)).show(ctx, |ui| match &dialog {
        Dialog::Question(Question::Shortcuts) => shortcut_sheet(ui),
        Dialog::Question(Question::About) => about(ui, app),
        Dialog::Question(Question::Note) => note(ui, app, state, is_new, wishes),
        Dialog::Question(Question::Verdict) => verdict(ui, app, wishes),
        Dialog::Unsaved(wanted) => unsaved(ui, app, wanted, is_new),
    });
    if modal.backdrop_response.clicked() && !is_new {
        wishes.push(Command::Dismiss);
    }
}

fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).size(18.0));
    ui.add_space(GAP);
}

fn shortcut_sheet(ui: &mut Ui) {
    heading(ui, "Shortcuts");
    let bindings = bindings();
    let mut groups: Vec<&str> = bindings.iter().map(|binding| binding.group).collect();
    groups.dedup();
    ScrollArea::vertical().max_height(ui.ctx().content_rect().height() - 160.0).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            for group in groups {
                ui.vertical(|ui| {
                    ui.set_width(250.0);
                    section_header(ui, group);
                    shortcut_group(ui, group, &bindings);
                });
                ui.add_space(GAP_L);
            }
        });
    });
    ui.add_space(GAP);
    let text = "Single letters act in Explore and Triage and rest while you type. Esc closes this sheet.";
    ui.label(RichText::new(text).color(Palette::of(ui).weak));
}

fn shortcut_group(ui: &mut Ui, group: &str, bindings: &[Binding]) {
    Grid::new(("shortcuts", group)).num_columns(2).spacing([GAP_L, 5.0]).show(ui, |ui| {
        for binding in bindings.iter().filter(|binding| binding.group == group) {
            key_cap(ui, &binding.shortcut.to_string());
            ui.label(binding.label);
            ui.end_row();
        }
    });
}

fn about(ui: &mut Ui, app: &App) {
    ui.set_width(480.0);
    let palette = Palette::of(ui);
    let (rect, _) = ui.allocate_exact_size(egui::vec2(76.0, 40.0), egui::Sense::hover());
    icons::paint_eyes(ui.painter(), rect.center(), 34.0, palette.accent, palette.panel);
    heading(ui, "Tarsier");
    ui.label("A workbench for finding and working through anomalies. Nothing leaves this machine.");
    ui.add_space(GAP);
    let shown = |path: std::path::PathBuf| path.display().to_string();
    let lines = [
        ("Version", env!("CARGO_PKG_VERSION").to_owned()),
        ("Licence", env!("CARGO_PKG_LICENSE").to_owned()),
        ("Settings", shown(default_settings_file())),
        ("Alerts database", shown(app.settings.database())),
        ("Recorded as", app.settings.author()),
    ];
    facts(ui, "about_facts", &lines.map(|(name, value)| (name.to_owned(), value)));
    ui.add_space(GAP_S);
    ui.label(RichText::new("The tarsier sees in the dark what others overlook.").color(palette.weak));
}

fn note(ui: &mut Ui, app: &App, state: &mut State, is_new: bool, wishes: &mut Wishes) {
    if is_new {
        state.note.clear();
    }
    ui.set_width(460.0);
    heading(ui, "Write a note");
    about_targets(ui, app);
    let field = TextEdit::multiline(&mut state.note).desired_rows(5).desired_width(f32::INFINITY);
    let field =
        ui.add(field.hint_text("What you found out, for whoever reads this next")).accessible_name("Text of the note");
    if is_new {
        field.request_focus();
    }
    let is_ready = !state.note.trim().is_empty();
    let by_key = ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
    ui.add_space(GAP);
    ui.horizontal(|ui| {
        let pressed = ui.add_enabled_ui(is_ready, |ui| primary_button(ui, "Add note")).inner.clicked();
        if is_ready && (pressed || by_key) {
            wishes.push(Command::Triage(TriageAction::AddNote(state.note.trim().to_owned())));
            wishes.push(Command::Dismiss);
        }
        if ui.button("Cancel").clicked() {
            wishes.push(Command::Dismiss);
        }
        hint(ui, "Ctrl+Enter adds it");
    });
}

fn hint(ui: &mut Ui, text: &str) {
    let weak = Palette::of(ui).weak;
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(RichText::new(text).small().color(weak)));
}

/// How many alerts the answer is for, where it is more than one.
fn about_targets(ui: &mut Ui, app: &App) {
    let n = app.queue.targets().len();
    if n > 1 {
        ui.label(RichText::new(format!("For {n} marked alerts.")).color(Palette::of(ui).weak));
    }
}

fn verdict(ui: &mut Ui, app: &App, wishes: &mut Wishes) {
    ui.set_width(420.0);
    heading(ui, "What did it turn out to be?");
    about_targets(ui, app);
    for (digit, verdict) in verdict_keys() {
        let (title, meaning) = verdict_text(verdict);
        let by_key = Key::from_name(&digit.to_string())
            .is_some_and(|key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)));
        let row = ui.horizontal(|ui| {
            key_cap(ui, &digit.to_string());
            let button = ui.add(egui::Button::new(title).min_size(egui::vec2(130.0, 0.0)));
            ui.label(RichText::new(meaning).color(Palette::of(ui).weak));
            button.clicked()
        });
        if row.inner || by_key {
            wishes.push(Command::Triage(TriageAction::Close { verdict }));
            wishes.push(Command::Dismiss);
        }
    }
    ui.add_space(GAP_S);
    ui.label(RichText::new("Press the digit. Esc leaves it open.").small().color(Palette::of(ui).weak));
}

fn verdict_text(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::TruePositive => ("True positive", "a real problem"),
        Verdict::FalsePositive => ("False positive", "nothing was unusual"),
        Verdict::Benign => ("Benign", "unusual, but expected or harmless"),
        Verdict::Duplicate => ("Duplicate", "the same as another alert"),
    }
}

fn unsaved(ui: &mut Ui, app: &mut App, wanted: &Command, is_new: bool) {
    ui.set_width(420.0);
    heading(ui, "Keep the changes to the recipe?");
    let name = app.recipe.path.as_ref().and_then(|path| path.file_name());
    let name = name.map_or_else(|| "The recipe".to_owned(), |name| name.to_string_lossy().into_owned());
    let what = if *wanted == Command::Quit { "before leaving" } else { "before going on" };
    ui.label(format!("{name} has changes that are not saved yet. Save them {what}, or they are lost."));
    ui.add_space(GAP_L);
    ui.horizontal(|ui| {
        let save = primary_button(ui, "Save");
        if is_new {
            save.request_focus();
        }
        if save.clicked() {
            app.save_and_continue();
        }
        if ui.button("Discard").clicked() {
            app.discard_and_continue();
        }
        if ui.button("Stay").clicked() {
            app.dialog = None;
        }
    });
}
