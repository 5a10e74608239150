//! The stack of linked plots: one per chosen column, the score below, and the axis they share.

use eframe::egui::{Id, Popup, PopupKind, Pos2, ScrollArea, SetOpenCommand, Ui, vec2};

use super::{State, alert_of, rows, selected_extent};
use crate::app::format::fmt_row;
use crate::app::{App, Command, RowQuestion};
use crate::engine::Target;
use crate::ui::plot::bands::episode_at;
use crate::ui::plot::panel::{self, Shared};
use crate::ui::plot::strip;
use crate::ui::widgets;

/// Least and greatest height of a plot of a column, with its title.
const MIN_PANEL: f32 = 82.0;
const MAX_PANEL: f32 = 230.0;
/// Height of the plot of the score.
const SCORE: f32 = 96.0;
/// Share of the height that the table of the worst rows takes.
const ROWS_SHARE: f32 = 0.3;

/// Draws the stack in what is left of the height.
pub(super) fn show(ui: &mut Ui, app: &App, state: &mut State, commands: &mut Vec<Command>) {
    let (Some(view), Some(range)) = (&app.view, state.nav.range()) else {
        let (title, text) =
            if app.view.is_some() { ("No rows", "The table is empty.") } else { ("", "Preparing the plots…") };
        widgets::empty_state(ui, title, text);
        return;
    };
    let has_rows = !view.is_time && app.findings.is_some();
    let rows_height = if has_rows { (ui.available_height() * ROWS_SHARE).max(110.0) } else { 0.0 };
    let score_height = if view.score.is_some() { SCORE } else { 0.0 };
    let room = (ui.available_height() - rows_height - score_height - strip::height(view.is_time) - 4.0).max(60.0);
    // The cursor stands on the row it reads.
    let cursor = state.nav.cursor(ui).and_then(|at| view.x.get(view.nearest(at)?)).copied();
    let shared = Shared { view, range, cursor, selected: selected_extent(app, view) };

    let chosen = view.columns.iter().filter(|series| state.columns.contains(&series.name));
    let chosen: Vec<_> = chosen.collect();
    let height = (room / chosen.len().max(1) as f32).clamp(MIN_PANEL, MAX_PANEL);
    let used = room.min(height * chosen.len().max(1) as f32);
    ui.allocate_ui(vec2(ui.available_width(), used), |ui| {
        ui.set_min_height(used);
        if chosen.is_empty() {
            widgets::empty_state(ui, "No columns chosen", "Tick columns on the left to see them here.");
            return;
        }
        ScrollArea::vertical().id_salt("panels").auto_shrink([false, false]).show_rows(
            ui,
            height,
            chosen.len(),
            |ui, range| {
                for series in chosen.get(range).unwrap_or_default() {
                    panel::column(ui, &shared, &series.name, &series.pyramid, height, &mut state.nav);
                }
            },
        );
    });
    if let (Some(score), Some(findings)) = (&view.score, &app.findings) {
        panel::score(ui, &shared, score, &findings.snapshot.recipe.severity, SCORE, &mut state.nav);
    }
    strip::show(ui, range, view.is_time, cursor);
    if has_rows {
        rows::show(ui, app, commands);
    }
    select_clicked(app, state, &shared, commands);
    let rows = shared.view.rows.as_slice();
    let asked = state.nav.menu().and_then(|(at, point)| Some((*rows.get(view.nearest(at)?)?, point)));
    row_menu(ui, app, &mut state.menu, asked, commands);
}

/// What can be done with the row under a click of the right button.
fn row_menu(
    ui: &Ui,
    app: &App,
    menu: &mut Option<(u32, Pos2)>,
    asked: Option<(u32, Pos2)>,
    commands: &mut Vec<Command>,
) {
    let id = Id::unique("row_menu");
    if asked.is_some() && app.findings.is_some() {
        *menu = asked;
    }
    let Some((row, at)) = *menu else { return };
    let open = asked.is_some().then_some(SetOpenCommand::Bool(true));
    let popup = Popup::new(id, ui.ctx().clone(), at, ui.layer_id()).kind(PopupKind::Menu).open_memory(open);
    let shown = popup.show(|ui| {
        if ui.button(format!("Explain row {}", fmt_row(row))).clicked() {
            commands.push(Command::Explain(RowQuestion { row, target: Target::Combined, method: None }));
        }
    });
    if shown.is_none() {
        *menu = None;
    }
}

/// A click on an episode selects its alert.
fn select_clicked(app: &App, state: &State, shared: &Shared<'_>, commands: &mut Vec<Command>) {
    let Some((at, tolerance)) = state.nav.clicked() else { return };
    let near = shared.view.episodes_in(at - tolerance, at + tolerance);
    if let Some(alert) = episode_at(near, at, tolerance).and_then(|episode| alert_of(app, shared.view, episode)) {
        commands.push(Command::Select(alert.id));
    }
}
