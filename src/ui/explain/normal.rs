//! The row beside the most similar normal row, column by column.

use eframe::egui::{Align, RichText, Ui};

use super::what_if::places;
use crate::app::format::{fmt_number, fmt_row};
use crate::app::main_job::Findings;
use crate::app::{Command, RowStory};
use crate::ui::theme::{GAP, Palette};
use crate::ui::widgets::{self, Tone, line, put};

const LINE: f32 = 20.0;
const VALUE: f32 = 84.0;

/// Draws the comparison.
pub(super) fn show(ui: &mut Ui, findings: &Findings, story: &RowStory, commands: &mut Vec<Command>) {
    let palette = Palette::of(ui);
    let Some(nearest) = story.nearest else {
        widgets::remark(ui, Tone::Info, "No other row is normal.");
        return;
    };
    let time = findings.snapshot.table.time_text(nearest.row as usize);
    ui.horizontal_wrapped(|ui| {
        let text = format!("Row {} is the most similar normal row.", fmt_row(nearest.row));
        ui.label(text).on_hover_text(format!(
            "{time}\nRoot mean squared difference of the prepared features: {}",
            fmt_number(nearest.distance)
        ));
        if ui.button("Show it in the plots").clicked() {
            commands.push(Command::RevealRow(nearest.row));
        }
    });
    ui.add_space(GAP);
    let [_, this, other] = line(ui, 14.0, [0.0, VALUE, VALUE]);
    put(ui, this, Align::Max, RichText::new("this row").small().color(palette.weak));
    put(ui, other, Align::Max, RichText::new("normal row").small().color(palette.weak));
    let (columns, values) = (story.what_if.columns(), story.what_if.values());
    for place in places(story) {
        let (Some(column), Some(&value), Some(&normal)) =
            (columns.get(place), values.get(place), story.nearest_values.get(place))
        else {
            continue;
        };
        let [name, this, other] = line(ui, LINE, [0.0, VALUE, VALUE]);
        let color = if value == normal { palette.weak } else { palette.text };
        put(ui, name, Align::Min, RichText::new(column).color(color));
        put(ui, this, Align::Max, RichText::new(fmt_number(value)).monospace().color(color));
        put(ui, other, Align::Max, RichText::new(fmt_number(normal)).monospace().color(color));
    }
}
