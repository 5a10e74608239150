//! Stand-in until the plots are here.
use crate::app::{App, Command};
use eframe::egui::Ui;
#[derive(Debug, Default)]
pub(super) struct State;
pub(super) fn show(ui: &mut Ui, _app: &mut App, _state: &mut State, _commands: &mut Vec<Command>) {
    super::widgets::empty_state(ui, "Explore", "");
}
