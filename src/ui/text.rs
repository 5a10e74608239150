//! Text painted into a given place: one line, cut off with an ellipsis where there is no room.

use eframe::egui::text::{LayoutJob, TextWrapping};
use eframe::egui::{Align, Color32, FontId, Rect, Ui, pos2};

/// Paints one line into a place, in the middle of its height. Gives the place the line took.
pub(crate) fn one_line(ui: &Ui, place: Rect, align: Align, text: &str, font: FontId, color: Color32) -> Rect {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = TextWrapping::truncate_at_width(place.width().max(0.0));
    let galley = ui.painter().layout_job(job);
    let x = match align {
        Align::Min => place.left(),
        Align::Center => place.center().x - galley.size().x / 2.0,
        Align::Max => place.right() - galley.size().x,
    };
    let at = Rect::from_min_size(pos2(x, place.center().y - galley.size().y / 2.0), galley.size());
    ui.painter().galley(at.min, galley, color);
    at
}
