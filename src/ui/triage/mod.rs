//! Triage: the queue of alerts, worst first, and the selected one in full. Everything can be done by keyboard.

mod bar;
pub(crate) mod detail;
mod table;

pub(crate) use table::what;

use eframe::egui::{CentralPanel, Frame, Margin, Panel, Ui};

use super::explain;
use super::theme::{GAP_L, Palette};
use super::widgets;
use crate::app::{App, Command};

/// Tables with more rows than this are not searched for the rows of another entity unasked.
const MAX_ROWS_UNASKED: usize = 2_000_000;

/// What the perspective remembers.
#[derive(Debug, Default)]
pub(super) struct State {
    search: String,
    /// Selection of the last frame, to follow it when it moves.
    seen_selected: Option<i64>,
    /// Entity whose rows were last asked for.
    asked_entity: Option<Option<String>>,
    explain: explain::State,
}

/// Draws the perspective.
pub(super) fn show(ui: &mut Ui, app: &App, state: &mut State, commands: &mut Vec<Command>) {
    if app.data.is_none() {
        widgets::empty_state(ui, "No data is open", "Alerts come from a run: open a file or a sample first.");
        return;
    }
    follow(app, state, commands);
    let width = ui.available_width();
    let frame = widgets::panel_frame(ui).inner_margin(Margin::symmetric(16, 12));
    // An explanation needs more room; the panel is as wide as before when it is left.
    let (id, least) = match app.explaining.asked {
        Some(_) => ("triage_explanation", *explain::WIDTH.start()),
        None => ("triage_detail", 280.0),
    };
    Panel::right(id)
        .frame(frame)
        .default_size((width * 0.32).clamp(least, 460.0))
        .size_range(260.0..=width * 0.5)
        .show(ui, |ui| {
            ui.take_available_width();
            if app.explaining.asked.is_some() {
                explain::show(ui, app, &mut state.explain, commands);
            } else if app.queue.selected.is_some() {
                detail::show(ui, app, detail::Place::Triage, commands);
            } else {
                nothing_selected(ui, app);
            }
        });
    let ground =
        Frame::new().fill(Palette::of(ui).base).inner_margin(Margin { left: 14, right: 14, top: 10, bottom: 6 });
    CentralPanel::no_frame().frame(ground).show(ui, |ui| {
        bar::show(ui, app, state, commands);
        Panel::bottom("triage_keys")
            .frame(Frame::new().inner_margin(Margin { left: 0, right: 0, top: 6, bottom: 0 }))
            .show_separator_line(false)
            .show(ui, bar::keys);
        table::show(ui, app, state, commands);
    });
}

/// Asks for the rows of the selected alert's entity, so that its plot can be drawn.
fn follow(app: &App, state: &mut State, commands: &mut Vec<Command>) {
    let Some(alert) = app.queue.selected.and_then(|id| app.queue.alert(id)) else { return };
    let (Some(loaded), Some(view)) = (&app.data, &app.view) else { return };
    let is_asked = state.asked_entity.as_ref() == Some(&alert.entity);
    if view.entity != alert.entity && !is_asked && loaded.table.n_rows() <= MAX_ROWS_UNASKED {
        commands.push(Command::ShowEntity(alert.entity.clone()));
        state.asked_entity = Some(alert.entity.clone());
    } else if view.entity == alert.entity {
        state.asked_entity = None;
    }
}

fn nothing_selected(ui: &mut Ui, app: &App) {
    if app.queue.alerts.is_empty() {
        return;
    }
    ui.add_space(GAP_L);
    widgets::empty_state(ui, "No alert selected", "Press J for the first, or click one.");
}
