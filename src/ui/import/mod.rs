//! The look into a file before it is read: how it was understood, with everything that can be put right.

mod columns;
mod reading;
mod roles;

use eframe::egui::{
    self, Align, Button, CentralPanel, Frame, Key, Label, Layout, Margin, Modifiers, Panel, RichText, ScrollArea, Ui,
    vec2,
};

use super::format;
use super::shell::Wishes;
use super::theme::{GAP, GAP_L, GAP_S, Palette};
use super::widgets::{self, Tone, callout, primary_button, remark};
use crate::app::format::{fmt_count, fmt_counted};
use crate::app::{App, Command, Import, Screen, Source};
use crate::data::Role;
use crate::data::load::Preview;

/// Draws the screen.
pub(super) fn show(ui: &mut Ui, app: &mut App, wishes: &mut Wishes) {
    let progress = app.job_progress();
    let is_busy = progress.is_some();
    let Screen::Import(import) = &mut app.screen else { return };
    let before = import.config.clone();
    let palette = Palette::of(ui);
    let bar = Frame::new().fill(palette.panel).inner_margin(Margin::symmetric(16, 10));
    Panel::bottom("import_actions").frame(bar).show(ui, |ui| actions(ui, import, is_busy, wishes));
    let side = Frame::new().fill(palette.panel).inner_margin(Margin::same(16));
    Panel::left("import_reading").resizable(false).exact_size(292.0).frame(side).show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| reading::show(ui, import));
    });
    let center = Frame::new().fill(palette.base).inner_margin(Margin { left: 16, right: 16, top: 14, bottom: 0 });
    CentralPanel::no_frame().frame(center).show(ui, |ui| {
        title(ui, import);
        remarks(ui, import);
        match import.preview.take() {
            Some(preview) => {
                role_counts(ui, &preview);
                ui.add_space(GAP_S);
                columns::show(ui, &preview, &mut import.config);
                import.preview = Some(preview);
            }
            None if import.error.is_none() => widgets::empty_state(ui, "Looking into the file…", ""),
            None => {}
        }
    });
    let is_changed = import.config != before;
    if is_changed {
        app.refresh_preview();
    }
}

fn title(ui: &mut Ui, import: &Import) {
    let weak = Palette::of(ui).weak;
    ui.horizontal(|ui| {
        ui.add(Label::new(RichText::new(import.source.name()).size(18.0)).truncate());
        if let Some(preview) = &import.preview {
            let is_exact = preview.n_rows_estimated as usize == preview.rows.len();
            let about = if is_exact { "" } else { "about " };
            let rows = fmt_count(usize::try_from(preview.n_rows_estimated).unwrap_or(usize::MAX));
            let columns = fmt_counted(preview.columns.len(), "column");
            let facts = format!("{about}{rows} rows × {columns} · {}", format::bytes(preview.n_bytes));
            ui.label(RichText::new(facts).color(weak));
        }
    });
    if let Source::Files(paths) = &import.source {
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        ui.add(Label::new(RichText::new(paths.join(", ")).small().color(weak)).truncate());
    }
    ui.add_space(GAP);
}

/// What went wrong, and what the file has that is worth knowing.
fn remarks(ui: &mut Ui, import: &Import) {
    if let Some(error) = &import.error {
        callout(ui, Tone::Error, |ui| {
            remark(ui, Tone::Error, error);
            let text = "Change how the file is read at the left, or go back and choose another file.";
            ui.label(RichText::new(text).small().color(Palette::of(ui).weak));
        });
        ui.add_space(GAP);
    }
    let warnings = import.preview.as_ref().map_or(&[][..], |preview| &preview.warnings);
    if warnings.is_empty() {
        return;
    }
    callout(ui, Tone::Warning, |ui| {
        ScrollArea::vertical().max_height(76.0).show(ui, |ui| {
            warnings.iter().for_each(|warning| remark(ui, Tone::Warning, warning));
        });
    });
    ui.add_space(GAP);
}

/// Which columns have which role, in a line.
fn role_counts(ui: &mut Ui, preview: &Preview) {
    let palette = Palette::of(ui);
    let one = |role: Role| preview.columns.iter().find(|column| column.role == role).map(|column| column.name.as_str());
    let n = |role: Role| preview.columns.iter().filter(|column| column.role == role).count();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = GAP_L;
        for (role, name) in [(Role::Time, "Time"), (Role::Entity, "Entity"), (Role::Label, "Label")] {
            let value = one(role).unwrap_or("none");
            let color = if one(role).is_some() { palette.text } else { palette.weak };
            fact(ui, name, RichText::new(value).color(color));
        }
        let n_features = n(Role::Feature);
        let color = if n_features == 0 { palette.error() } else { palette.text };
        fact(ui, "Features", RichText::new(fmt_count(n_features)).color(color));
        fact(ui, "Ignored", RichText::new(fmt_count(n(Role::Ignored))));
        if n_features == 0 {
            ui.label(RichText::new("Give at least one column of numbers the role Feature.").color(palette.error()));
        }
    });
}

fn fact(ui: &mut Ui, name: &str, value: RichText) {
    let weak = Palette::of(ui).weak;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = GAP_S;
        ui.label(RichText::new(name).color(weak));
        ui.label(value);
    });
}

/// The buttons at the bottom, with their keys.
fn actions(ui: &mut Ui, import: &Import, is_busy: bool, wishes: &mut Wishes) {
    let can_load = import.preview.as_ref().is_some_and(|p| p.columns.iter().any(|c| c.role == Role::Feature));
    ui.horizontal(|ui| {
        if ui.add(Button::new("Back").min_size(vec2(84.0, 30.0))).on_hover_text("Choose something else (Esc)").clicked()
        {
            // Once for the job that may be under way, once for the screen.
            wishes.push(Command::Cancel);
            if is_busy {
                wishes.push(Command::Cancel);
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().button_padding = vec2(18.0, 7.0);
            let button = ui.add_enabled_ui(can_load, |ui| primary_button(ui, "Load and run")).inner;
            let by_key = is_free(ui) && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
            if can_load && (button.clicked() || by_key) {
                wishes.push(Command::ConfirmImport);
            }
            let text = "Enter reads the whole file and looks for anomalies";
            ui.label(RichText::new(text).small().color(Palette::of(ui).weak));
        });
    });
}

/// Whether no widget wants the Enter key.
fn is_free(ui: &Ui) -> bool {
    ui.memory(|memory| memory.focused().is_none()) && !egui::Popup::is_any_open(ui.ctx())
}
