//! Small bars beside numbers: a share, a part above or below nothing, before and after.

use eframe::egui::{Color32, Rect, Response, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2};

use super::theme::Palette;

/// A bar from the left. `about` says it in words.
pub(crate) fn share(ui: &mut Ui, size: Vec2, share: f64, color: Color32, about: &str) -> Response {
    let palette = Palette::of(ui);
    let (track, response) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect_filled(track, 2.0, palette.raised);
    let width = track.width() * share.clamp(0.0, 1.0) as f32;
    if width > 0.0 {
        // What is there at all is seen.
        ui.painter().rect_filled(track.with_max_x(track.left() + width.max(1.5)), 2.0, color);
    }
    named(response, about)
}

/// What a signed bar shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed {
    /// Above or below nothing; NaN where there is no value.
    pub(crate) value: f64,
    /// Its standard error, where it is uncertain.
    pub(crate) error: Option<f64>,
    /// The value whose bar reaches the edge.
    pub(crate) largest: f64,
}

/// A bar from the middle: to the right above nothing, to the left below. A whisker spans one standard error either way.
pub(crate) fn signed(ui: &mut Ui, size: Vec2, bar: Signed, about: &str) -> Response {
    let palette = Palette::of(ui);
    let (track, response) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect_filled(track, 2.0, palette.raised);
    let center = track.center();
    let x = |value: f64| center.x + (value / bar.largest).clamp(-1.0, 1.0) as f32 * track.width() / 2.0;
    if bar.value.is_finite() && bar.largest > 0.0 {
        let end = x(bar.value);
        let color = if bar.value >= 0.0 { palette.data } else { palette.good };
        let filled = Rect::from_x_y_ranges(center.x.min(end)..=center.x.max(end), track.y_range());
        ui.painter().rect_filled(filled, 2.0, color);
        if let Some(error) = bar.error.filter(|error| *error > 0.0) {
            let stroke = Stroke::new(1.0, palette.text);
            ui.painter().hline(x(bar.value - error)..=x(bar.value + error), center.y, stroke);
            for end in [bar.value - error, bar.value + error] {
                ui.painter().vline(x(end), center.y - 2.5..=center.y + 2.5, stroke);
            }
        }
    }
    let middle = [pos2(center.x, track.top() - 2.0), pos2(center.x, track.bottom() + 2.0)];
    ui.painter().line_segment(middle, Stroke::new(1.0, palette.weak));
    named(response, about)
}

/// Two bars, one above the other: before in grey, after in the colour given, both as shares of the width.
pub(crate) fn pair(ui: &mut Ui, size: Vec2, (before, after): (f64, f64), color: Color32, about: &str) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let half = (rect.height() - 2.0) / 2.0;
    let tracks = [rect.with_max_y(rect.top() + half), rect.with_min_y(rect.bottom() - half)];
    for ((track, share), color) in tracks.into_iter().zip([before, after]).zip([palette.weak, color]) {
        ui.painter().rect_filled(track, 1.5, palette.raised);
        let width = track.width() * share.clamp(0.0, 1.0) as f32;
        ui.painter().rect_filled(track.with_max_x(track.left() + width), 1.5, color);
    }
    named(response, about)
}

fn named(response: Response, about: &str) -> Response {
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, about));
    response.on_hover_text(about)
}
