//! The perspective for setting up: the recipe with every setting, and beside it what the settings do to the result.

mod agreement;
mod controls;
mod editor;
mod features;
pub(super) mod field;
mod list;
mod result;
mod rules;
pub(super) mod tree;

use eframe::egui::{Frame, Margin, Panel, Ui};

use super::shell::Wishes;
use super::theme::Palette;
use crate::app::App;

/// What the perspective remembers between frames.
#[derive(Debug, Default)]
pub(super) struct State {
    editor: editor::State,
    /// Filter of the list of features.
    feature_search: String,
}

/// Draws the perspective.
pub(super) fn show(ui: &mut Ui, app: &mut App, state: &mut State, wishes: &mut Wishes) {
    let palette = Palette::of(ui);
    let side = Frame::new().fill(palette.panel).inner_margin(Margin::same(14));
    let most = (ui.available_width() - 430.0).max(300.0);
    Panel::right("tune_result")
        .default_size(400.0)
        .size_range(300.0..=most.min(560.0))
        .frame(side)
        .show(ui, |ui| result::show(ui, app, &mut state.feature_search, wishes));
    Frame::new().fill(palette.base).inner_margin(Margin { left: 16, right: 8, top: 12, bottom: 0 }).show(ui, |ui| {
        editor::show(ui, app, &mut state.editor, wishes);
    });
}
