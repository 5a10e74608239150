//! How alike the detectors vote: a matrix of shades, one cell per pair.

use eframe::egui::{
    Align, Align2, Color32, Label, RichText, Sense, TextStyle, Ui, WidgetInfo, accesskit::Role, pos2, vec2,
};

use super::super::format::percent;
use super::super::theme::{GAP_S, Palette};
use super::super::widgets::{self, section_header};
use crate::app::agreement::VoteAgreement;
use crate::app::format::NONE;

/// Height of a row, and the widest cell.
const ROW: f32 = 22.0;
const WIDEST: f32 = 44.0;
/// From this width on a cell has room for its number.
const NUMBERED: f32 = 30.0;
/// Room for the names.
const NAMES: f32 = 132.0;
/// Between cells.
const SPACE: f32 = 2.0;

/// Draws the matrix; nothing where there is nothing to compare.
pub(super) fn show(ui: &mut Ui, agreement: &VoteAgreement) {
    let n = agreement.names.len();
    if n < 2 {
        return;
    }
    let heading = section_header(ui, "How alike they vote");
    heading.on_hover_text(
        "Cohen's kappa of the votes of two detectors: 1 the same votes, 0 as alike as by chance, below 0 less than \
         that. Detectors that vote alike add little to each other.",
    );
    summary(ui, agreement);
    ui.add_space(GAP_S);
    let names = NAMES.min(ui.available_width() * 0.45);
    let cell = ((ui.available_width() - names) / n as f32 - SPACE).clamp(6.0, WIDEST);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = vec2(SPACE, SPACE);
        ui.spacing_mut().interact_size.y = ROW;
        for row in 0..n {
            ui.horizontal(|ui| {
                name(ui, agreement, row, names);
                for column in 0..n {
                    show_cell(ui, agreement, row, column, cell);
                }
            });
        }
        ui.horizontal(|ui| {
            ui.allocate_exact_size(vec2(names, 12.0), Sense::hover());
            for column in 0..n {
                let (rect, _) = ui.allocate_exact_size(vec2(cell, 12.0), Sense::hover());
                let color = Palette::of(ui).weak;
                widgets::paint_small(ui, rect.center(), Align2::CENTER_CENTER, &(column + 1).to_string(), color);
            }
        });
    });
}

fn summary(ui: &mut Ui, agreement: &VoteAgreement) {
    let text = match agreement.most_alike() {
        Some((a, b, kappa)) => format!("Most alike: {a} and {b} (kappa {kappa:.2})."),
        None => "No two of them can be compared: they vote for no row.".to_owned(),
    };
    ui.add(Label::new(RichText::new(text).small().color(Palette::of(ui).weak)).wrap());
}

/// The number of a detector in the matrix, and its name.
fn name(ui: &mut Ui, agreement: &VoteAgreement, row: usize, width: f32) {
    let name = agreement.names.get(row).map_or("", String::as_str);
    let number = RichText::new((row + 1).to_string()).small().color(Palette::of(ui).weak);
    widgets::cell(ui, 16.0, Align::Min, number);
    widgets::cell(ui, width - 16.0 - SPACE, Align::Min, RichText::new(name).size(12.5));
}

fn show_cell(ui: &mut Ui, agreement: &VoteAgreement, row: usize, column: usize, width: f32) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
    if row == column {
        ui.painter().circle_filled(rect.center(), 1.5, palette.line);
        return;
    }
    let kappa = agreement.kappa_of(row, column);
    let shade = kappa.unwrap_or(0.0).clamp(0.0, 1.0) as f32;
    let fill = palette.raised.lerp_to_gamma(palette.data, shade);
    ui.painter().rect_filled(rect, 3.0, fill);
    if width >= NUMBERED {
        let text = kappa.map_or_else(|| NONE.to_owned(), |kappa| format!("{kappa:.2}"));
        let center = pos2(rect.center().x, rect.center().y);
        let font = TextStyle::Small.resolve(ui.style());
        ui.painter().text(center, Align2::CENTER_CENTER, text, font, readable_on(fill, palette));
    }
    let about = about(agreement, row, column);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &about));
    response.on_hover_text(about);
}

/// The text colour that stands out more.
fn readable_on(fill: Color32, palette: &Palette) -> Color32 {
    let distance = |color: Color32| (color.intensity() - fill.intensity()).abs();
    if distance(palette.text) >= distance(palette.base) { palette.text } else { palette.base }
}

fn about(agreement: &VoteAgreement, a: usize, b: usize) -> String {
    let name = |i: usize| agreement.names.get(i).map_or("", String::as_str);
    let kappa = agreement.kappa_of(a, b).map_or_else(|| NONE.to_owned(), |kappa| format!("{kappa:.2}"));
    let mut text = format!("{} and {}: kappa {kappa}", name(a), name(b));
    if let Some(share) = agreement.disagreement.get(a).and_then(|row| row.get(b)) {
        text += &format!("; {} of the rows only one of them votes abnormal", percent(*share));
    }
    if let Some(share) = agreement.double_fault.get(a).and_then(|row| row.get(b)) {
        text += &format!("; on {} both are wrong", percent(*share));
    }
    text + "."
}
