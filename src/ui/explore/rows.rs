//! The worst rows of a table without time, with what is unusual about each.

use eframe::egui::{Align, Label, Layout, RichText, Sense, Ui};
use egui_extras::{Column, TableBuilder};

use crate::app::format::{fmt_number, fmt_row, fmt_score};
use crate::app::{App, Command};
use crate::triage::{FeatureDeviation, NewAlert};
use crate::ui::theme::{Palette, severity_icon};
use crate::ui::widgets;

const ROW: f32 = 22.0;

/// Draws the table. A click on a row selects its alert.
pub(super) fn show(ui: &mut Ui, app: &App, commands: &mut Vec<Command>) {
    let Some(findings) = &app.findings else { return };
    let alerts = &findings.alerts;
    widgets::section_header(ui, "Worst rows");
    if alerts.is_empty() {
        ui.colored_label(
            Palette::of(ui).weak,
            "No anomalies at this threshold. A higher contamination in Tune finds more.",
        );
        return;
    }
    let selected = app.queue.selected.and_then(|id| app.queue.alert(id)).map(|alert| alert.start_row);
    let table = TableBuilder::new(ui)
        .id_salt("worst_rows")
        .sense(Sense::click())
        .cell_layout(Layout::left_to_right(Align::Center))
        .auto_shrink([false, false])
        .column(Column::exact(20.0))
        .column(Column::exact(48.0))
        .column(Column::initial(70.0).at_least(50.0))
        .column(Column::remainder().clip(true));
    table.body(|body| {
        body.rows(ROW, alerts.len(), |mut row| {
            let Some(alert) = alerts.get(row.index()) else { return };
            row.set_selected(selected == Some(alert.episode.start_row));
            row.col(|ui| {
                severity_icon(ui, alert.episode.severity);
            });
            row.col(|ui| number(ui, &fmt_score(alert.episode.peak_score)));
            row.col(|ui| number(ui, &fmt_row(alert.episode.peak_row)));
            row.col(|ui| {
                ui.add(Label::new(unusual(alert)).truncate().selectable(false));
            });
            if row.response().clicked() {
                let rows = (alert.episode.start_row, alert.episode.end_row);
                let same = app.queue.alerts.iter().find(|known| (known.start_row, known.end_row) == rows);
                commands.extend(same.map(|alert| Command::Select(alert.id)));
            }
        });
    });
}

fn number(ui: &mut Ui, text: &str) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add(Label::new(RichText::new(text).monospace()).selectable(false));
    });
}

/// The most unusual values of a row: "amount 9,120 (typically 41.2), hour 3 (typically 14)".
fn unusual(alert: &NewAlert) -> String {
    const MOST: usize = 4;
    let text = |feature: &FeatureDeviation| {
        format!("{} {} (typically {})", feature.feature, fmt_number(feature.value), fmt_number(feature.typical))
    };
    alert.top_features.iter().take(MOST).map(text).collect::<Vec<_>>().join(", ")
}
