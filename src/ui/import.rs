//! Stand-in.
use super::shell::Wishes;
use crate::app::App;
use eframe::egui::Ui;
#[derive(Debug, Default)]
pub(super) struct State;
pub(super) fn show(ui: &mut Ui, _app: &mut App, _state: &mut State, _wishes: &mut Wishes) {
    super::widgets::empty_state(ui, "Import", "");
}
