//! What is shown, and the buttons that show more or less of it.

use eframe::egui::{Align, Button, Layout, RichText, Ui, vec2};

use super::{State, around, selected_extent};
use crate::app::format::{fmt_count, fmt_counted, fmt_duration, fmt_span};
use crate::app::{App, format};
use crate::ui::plot::Range;
use crate::ui::theme::{GAP, Palette};
use crate::ui::widgets;

/// Draws the bar.
pub(super) fn show(ui: &mut Ui, app: &App, state: &mut State) {
    ui.horizontal(|ui| {
        ui.set_min_height(30.0);
        ui.spacing_mut().item_spacing.x = GAP;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            buttons(ui, app, state);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| heading(ui, app, state));
        });
    });
}

fn heading(ui: &mut Ui, app: &App, state: &State) {
    let Some(view) = &app.view else {
        widgets::weak_truncated(ui, "Preparing the plots…");
        return;
    };
    if let Some(entity) = &view.entity {
        ui.label(RichText::new(entity).strong());
    }
    if let Some(range) = state.nav.range() {
        let text = describe(range, view.is_time);
        let whole = state.nav.history().is_some_and(|history| !history.is_zoomed());
        let text = if whole { format!("{text}, everything") } else { text };
        let is_raw = view.score.is_none() && app.is_busy();
        let text = if is_raw { format!("{text}. Looking for anomalies; these are the data as read.") } else { text };
        widgets::weak_truncated(ui, &text).on_hover_text("The stretch shown. Drag to move, scroll to zoom, Shift+drag to choose a stretch, double-click for everything.");
    }
}

fn buttons(ui: &mut Ui, app: &App, state: &mut State) {
    let weak = Palette::of(ui).weak;
    let button = |ui: &mut Ui, name: &str, enabled: bool, help: &str| {
        let text = RichText::new(name).size(12.0).color(if enabled { Palette::of(ui).text } else { weak });
        let response = ui.add_enabled(enabled, Button::new(text).min_size(vec2(24.0, 22.0)));
        response.on_hover_text(help).clicked()
    };
    let history = state.nav.history();
    let (is_zoomed, has_past) = history.map_or((false, false), |history| (history.is_zoomed(), history.has_past()));
    let alert = app.view.as_ref().and_then(|view| selected_extent(app, view));
    if button(ui, "Reset", is_zoomed, "Show everything (double-click on a plot)") {
        state.nav.reset();
    }
    if button(ui, "Back", has_past, "Show what was shown before (Backspace)") {
        state.nav.back();
    }
    if button(ui, "Fit alert", alert.is_some(), "Show the selected alert and what is usual around it")
        && let Some(extent) = alert
    {
        state.nav.show(around(app, extent));
    }
    if button(ui, "Zoom in", history_present(state), "Show less around the middle (scroll over a plot)") {
        state.nav.zoom(2.0);
    }
    if button(ui, "Zoom out", is_zoomed, "Show more around the middle") {
        state.nav.zoom(0.5);
    }
}

fn history_present(state: &State) -> bool {
    state.nav.history().is_some()
}

/// A stretch in words.
fn describe(range: Range, is_time: bool) -> String {
    if is_time {
        let micros = |secs: f64| (secs * 1e6).round() as i64;
        // Minutes are enough where hours are shown, seconds where minutes are.
        let unit = if range.len() > 7200.0 {
            60.0
        } else if range.len() > 60.0 {
            1.0
        } else {
            1e-6
        };
        let whole = |secs: f64| micros((secs / unit).round() * unit);
        let length = fmt_duration(whole(range.to).abs_diff(whole(range.from)));
        let span = fmt_span(whole(range.from), whole(range.to));
        let span = if unit == 60.0 { without_seconds(&span) } else { span };
        format!("{span} UTC · {length}")
    } else {
        let (first, last) = (range.from.ceil().max(0.0) as usize, range.to.floor().max(0.0) as usize);
        let n_rows = fmt_counted(last.saturating_sub(first) + 1, "row");
        format!("rows {} {} {} · {n_rows}", fmt_count(first + 1), format::NONE, fmt_count(last + 1))
    }
}

/// A span of times at whole minutes without the seconds, which are all zero.
fn without_seconds(span: &str) -> String {
    let times = span.split(" – ").map(|time| time.strip_suffix(":00").unwrap_or(time));
    times.collect::<Vec<_>>().join(" – ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_read_as_times_or_rows() {
        let day = Range { from: 1_709_251_200.0, to: 1_709_337_600.25 };
        assert_eq!(describe(day, true), "2024-03-01 00:00 – 2024-03-02 00:00 UTC · 1 d");
        assert_eq!(describe(Range { from: 0.0, to: 1999.0 }, false), "rows 1 – 2,000 · 2,000 rows");
    }
}
