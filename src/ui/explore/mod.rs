//! Explore: what is odd, when, and together with what. Lanes over everything, and linked plots of the stretch in view.

mod alerts;
mod lanes;
mod rows;
mod sidebar;
mod stack;
mod toolbar;

use std::collections::BTreeSet;

use eframe::egui::{CentralPanel, Frame, Key, Margin, Modifiers, Panel, Pos2, Ui};

use super::explain;
use super::plot::{Navigation, Range};
use super::theme::Palette;
use super::widgets;
use crate::app::series::{EpisodeSpan, SeriesView, alert_extent};
use crate::app::{App, Command};
use crate::triage::AlertSummary;

/// Columns shown at first.
const N_COLUMNS_AT_FIRST: usize = 6;

/// What the perspective remembers.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The stretch shown and the way back.
    nav: Navigation,
    columns: BTreeSet<String>,
    entity_search: String,
    column_search: String,
    all_entities: bool,
    source_id: Option<String>,
    seen_focus: u64,
    seen_selected: Option<i64>,
    listed_selected: Option<i64>,
    listed_rows: std::ops::Range<usize>,
    explain: explain::State,
    /// Row whose menu is open, and where.
    menu: Option<(u32, Pos2)>,
}

impl State {
    /// Begins anew for other data, and follows what was asked for elsewhere: an alert to show, a new selection.
    fn take_in(&mut self, app: &App, commands: &mut Vec<Command>) {
        let Some(loaded) = &app.data else { return };
        if self.source_id.as_ref() != Some(&loaded.table.source_id) {
            self.source_id = Some(loaded.table.source_id.clone());
            self.nav.forget();
            self.columns = loaded.table.feature_names().take(N_COLUMNS_AT_FIRST).map(str::to_owned).collect();
            self.entity_search.clear();
            self.column_search.clear();
        }
        self.nav.begin_frame(extent(app));
        if let Some(focus) = app.focus
            && focus.serial != self.seen_focus
            && self.nav.range().is_some()
        {
            self.seen_focus = focus.serial;
            self.seen_selected = app.queue.selected;
            self.nav.show(around(app, (focus.from, focus.to)));
        }
        if app.queue.selected != self.seen_selected {
            self.seen_selected = app.queue.selected;
            if let Some(alert) = app.queue.selected.and_then(|id| app.queue.alert(id)) {
                self.follow(app, alert, commands);
            }
        }
    }

    /// Shows the alert's entity, and moves to the alert where it is out of sight.
    fn follow(&mut self, app: &App, alert: &AlertSummary, commands: &mut Vec<Command>) {
        if app.view.as_ref().is_some_and(|view| view.entity != alert.entity) {
            commands.push(Command::ShowEntity(alert.entity.clone()));
        }
        let (from, to) = alert_extent(alert);
        if self.nav.range().is_some_and(|range| !range.overlaps(from, to)) {
            self.nav.show(around(app, (from, to)));
        }
    }
}

/// Draws the perspective.
pub(super) fn show(ui: &mut Ui, app: &App, state: &mut State, commands: &mut Vec<Command>) {
    let Some(loaded) = &app.data else {
        widgets::empty_state(ui, "No data is open", "Open a file or a sample to look at it here.");
        return;
    };
    state.take_in(app, commands);
    if !ui.ctx().text_edit_focused() && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Backspace)) {
        state.nav.back();
    }
    let width = ui.available_width();
    let frame = widgets::panel_frame(ui);
    Panel::left("explore_side")
        .frame(frame)
        .default_size((width * 0.16).clamp(150.0, 220.0))
        .size_range(130.0..=width * 0.3)
        .show(ui, |ui| sidebar::show(ui, app, &loaded.table, state, commands));
    if app.explaining.asked.is_some() {
        Panel::right("explore_explanation")
            .frame(frame)
            .default_size((width * 0.28).clamp(*explain::WIDTH.start(), *explain::WIDTH.end()))
            .size_range(260.0..=width * 0.5)
            .show(ui, |ui| explain::show(ui, app, &mut state.explain, commands));
    } else {
        Panel::right("explore_alerts")
            .frame(frame)
            .default_size((width * 0.23).clamp(220.0, 340.0))
            .size_range(200.0..=width * 0.4)
            .show(ui, |ui| alerts::show(ui, app, state, commands));
    }
    let ground =
        Frame::new().fill(Palette::of(ui).base).inner_margin(Margin { left: 12, right: 14, top: 6, bottom: 4 });
    CentralPanel::no_frame().frame(ground).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        toolbar::show(ui, app, state);
        // Where rows have no order, neither has a place in a lane a meaning.
        if let Some(findings) = app.findings.as_ref().filter(|findings| findings.overview.is_time) {
            lanes::show(ui, app, &findings.overview, state, commands);
        }
        stack::show(ui, app, state, commands);
    });
}

/// First and last position of everything there is to show.
fn extent(app: &App) -> Option<(f64, f64)> {
    let of_view = || app.view.as_ref().and_then(|view| view.extent());
    app.findings.as_ref().map(|findings| findings.overview.extent).or_else(of_view)
}

/// A stretch around an alert with enough rows on both sides to see what is usual.
fn around(app: &App, extent: (f64, f64)) -> Range {
    let step = app.view.as_deref().map_or(1.0, mean_step);
    around_extent(extent, step)
}

/// Mean distance between the rows of a view.
pub(super) fn mean_step(view: &SeriesView) -> f64 {
    let steps = view.x.len().saturating_sub(1).max(1) as f64;
    view.extent().map_or(1.0, |(from, to)| (to - from) / steps)
}

/// An extent with its length on either side, and at least 60 steps between rows.
pub(super) fn around_extent((from, to): (f64, f64), step: f64) -> Range {
    let room = (to - from).max(60.0 * step).max(1e-3);
    Range { from: from - room, to: to + room }
}

/// The alert of the list that an episode in the plots is.
fn alert_of<'a>(app: &'a App, view: &SeriesView, episode: &EpisodeSpan) -> Option<&'a AlertSummary> {
    let of_rows = |alert: &&AlertSummary| (alert.start_row, alert.end_row) == episode.rows && alert.is_current;
    app.queue.alerts.iter().filter(|alert| alert.entity == view.entity).find(of_rows)
}

/// Extent of the selected alert, where its rows are on show.
fn selected_extent(app: &App, view: &SeriesView) -> Option<(f64, f64)> {
    let alert = app.queue.alert(app.queue.selected?)?;
    (alert.entity == view.entity).then(|| alert_extent(alert))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_shown_with_what_is_usual_around_it() {
        assert_eq!(around_extent((100.0, 100.0), 1.0), Range { from: 40.0, to: 160.0 });
        assert_eq!(around_extent((0.0, 1000.0), 1.0), Range { from: -1000.0, to: 2000.0 });
    }
}
