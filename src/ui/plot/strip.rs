//! The horizontal axis that linked panels share: ticks, and the dates they belong to.

use eframe::egui::{Align2, FontId, Rangef, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::axis::{Tick, row_axis, time_axis};
use super::navigation::pixel;
use super::{GUTTER, Range};
use crate::app::format::{fmt_row, fmt_time};
use crate::ui::theme::Palette;

const ROW: f32 = 15.0;
/// Least distance between ticks.
pub(crate) const TICK: f32 = 64.0;

/// Height of the axis.
pub(crate) const fn height(is_time: bool) -> f32 {
    if is_time { 2.0 * ROW + 4.0 } else { ROW + 4.0 }
}

/// Draws the axis of a stretch across the width, with the position of the cursor. Times are UTC, and it says so once.
pub(crate) fn show(ui: &mut Ui, range: Range, is_time: bool, cursor: Option<f64>) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height(is_time)), Sense::hover());
    let area = Rangef::new(rect.left() + GUTTER, rect.right());
    let n_ticks = (area.span() / TICK).max(1.0) as usize;
    let painter = ui.painter_at(rect);
    let font = FontId::proportional(10.5);
    let unit = if is_time { "UTC" } else { "row" };
    let top = rect.top() + 2.0;
    painter.text(pos2(area.min - 26.0, top + ROW / 2.0), Align2::RIGHT_CENTER, unit, font.clone(), palette.weak);
    let row = |ticks: &[Tick], y: f32, anchor: Align2, is_date: bool| {
        let color = if is_date { palette.text } else { palette.weak };
        let mut free_from = area.min - 20.0;
        for tick in ticks {
            let x = pixel(range, area, tick.at);
            let galley = painter.layout_no_wrap(tick.label.clone(), font.clone(), color);
            let at = anchor.anchor_size(pos2(x, y + ROW / 2.0), galley.size());
            if is_date && at.left() + 1.0 >= free_from || !is_date && at.left() >= free_from && at.right() <= area.max {
                if is_date {
                    painter.line_segment([pos2(x, y), pos2(x, y + ROW)], Stroke::new(1.0, palette.line));
                } else {
                    painter.line_segment([pos2(x, y - 2.0), pos2(x, y + 1.0)], Stroke::new(1.0, palette.weak));
                }
                free_from = at.right() + 8.0;
                let shift = if is_date { 4.0 } else { 0.0 };
                painter.galley(at.min + vec2(shift, 0.0), galley, color);
            }
        }
    };
    let about = if is_time {
        let axis = time_axis(range, n_ticks);
        row(&axis.ticks, top, Align2::CENTER_CENTER, false);
        row(&settled(&axis.dates, range, area), top + ROW, Align2::LEFT_CENTER, true);
        axis.dates
            .first()
            .map_or_else(|| "Time axis, UTC".to_owned(), |date| format!("Time axis, UTC, from {}", date.label))
    } else {
        row(&row_axis(range, n_ticks), top, Align2::CENTER_CENTER, false);
        "Row axis".to_owned()
    };
    if let Some(cursor) = cursor {
        let text = if is_time { moment(cursor, range.len()) } else { fmt_row(cursor.round().max(0.0) as u32) };
        let galley = painter.layout_no_wrap(text, FontId::monospace(11.0), palette.on_accent);
        let half = galley.size().x / 2.0 + 5.0;
        let x = pixel(range, area, cursor).clamp(area.min + half, area.max - half);
        let flag = Rect::from_center_size(pos2(x, top + ROW / 2.0), vec2(2.0 * half, ROW));
        painter.rect_filled(flag, 3.0, palette.accent);
        painter.galley(flag.center() - galley.size() / 2.0, galley, palette.on_accent);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, &about));
}

/// A moment as exactly as a stretch of that many seconds shows it.
fn moment(secs: f64, shown_secs: f64) -> String {
    let micros = (secs * 1e6).round() as i64;
    let text = fmt_time(if shown_secs > 10.0 { micros.div_euclid(1_000_000) * 1_000_000 } else { micros });
    let n_chars = if shown_secs > 7200.0 { 16 } else { text.len() };
    text.get(..n_chars).unwrap_or(&text).to_owned()
}

/// The dates without the one at the left end where the next would be written over it.
fn settled(dates: &[Tick], range: Range, area: Rangef) -> Vec<Tick> {
    const LABEL: f32 = 100.0;
    match dates {
        [first, second, ..] if pixel(range, area, second.at) - pixel(range, area, first.at) < LABEL => {
            dates.iter().skip(1).cloned().collect()
        }
        _ => dates.to_vec(),
    }
}
