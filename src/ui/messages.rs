//! Messages to the user: the newest error in a banner until it is dismissed, and the list of all.

use eframe::egui::{self, Align, Frame, Layout, Margin, Panel, RichText, ScrollArea, Ui};

use super::icons::{self, Icon};
use super::theme::{GAP, Palette};
use super::widgets::Tone;
use crate::app::{App, Message, MessageKind};

/// Which messages need no banner any more.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Number of the latest message that has been dismissed.
    dismissed: u64,
}

/// The look of a kind of message.
pub(super) fn tone(kind: MessageKind) -> Tone {
    match kind {
        MessageKind::Info => Tone::Info,
        MessageKind::Warning => Tone::Warning,
        MessageKind::Error => Tone::Error,
    }
}

/// Draws the newest error across the window until it is dismissed.
pub(super) fn show_banner(ui: &mut Ui, app: &App, state: &mut State) {
    let is_open = |message: &&Message| message.kind == MessageKind::Error && message.number > state.dismissed;
    let Some(message) = app.messages.iter().rev().find(is_open) else { return };
    let palette = Palette::of(ui);
    let (icon, color, name) = tone(message.kind).look(palette);
    let frame = Frame::new().fill(tint(palette, color)).inner_margin(Margin::symmetric(14, 8));
    Panel::top("banner").frame(frame).show(ui, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            if icons::button(ui, Icon::Close, "Dismiss this message").clicked() {
                state.dismissed = message.number;
            }
            if icons_copy(ui).clicked() {
                ui.ctx().copy_text(message.text.clone());
            }
            ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                icons::show(ui, icon, color, name);
                ScrollArea::vertical().max_height(120.0).show(ui, |ui| {
                    ui.add(egui::Label::new(&message.text).wrap().selectable(true));
                });
            });
        });
    });
}

fn icons_copy(ui: &mut Ui) -> egui::Response {
    ui.add(egui::Button::new(RichText::new("Copy").small()).frame(false)).on_hover_text("Copy the message")
}

/// A colour mixed into the ground.
fn tint(palette: &Palette, color: egui::Color32) -> egui::Color32 {
    palette.panel.blend(color.gamma_multiply(0.16))
}

/// Draws all messages, the newest at the top.
pub(super) fn show_log(ui: &mut Ui, app: &App) {
    ui.set_width(460.0);
    ui.label(RichText::new("Messages").size(15.0));
    if app.messages.is_empty() {
        ui.label(RichText::new("Nothing has happened yet.").color(Palette::of(ui).weak));
        return;
    }
    ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
        for message in app.messages.iter().rev() {
            let (icon, color, name) = tone(message.kind).look(Palette::of(ui));
            ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.x = GAP;
                icons::show(ui, icon, color, name);
                ui.add(egui::Label::new(&message.text).wrap().selectable(true));
            });
        }
    });
}
