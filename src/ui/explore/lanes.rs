//! Swim lanes over everything: one for all rows and one per entity, a cell being as bad as the worst anomaly in it.

use eframe::egui::{
    Align, FontId, Rangef, Rect, Response, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use super::State;
use crate::app::format::{fmt_counted, fmt_row, fmt_score, fmt_span};
use crate::app::overview::{Cell, Lane, N_CELLS, Overview};
use crate::app::{App, Command};
use crate::ui::plot::navigation::pixel;
use crate::ui::plot::{GUTTER, Range};
use crate::ui::text::one_line;
use crate::ui::theme::{GAP_S, Palette};

/// Width of a cell.
const CELL: f32 = 6.0;
/// Height of a lane with the gap below it.
const LANE: f32 = 19.0;
const LANE_GAP: f32 = 3.0;
/// Most lanes of entities shown without scrolling.
const MAX_LANES: usize = 8;
/// Least share of the height left to the plots below.
const MAX_SHARE: f32 = 0.3;

/// Draws the lanes. A click on a cell shows its stretch and its entity; a drag chooses a stretch.
pub(super) fn show(ui: &mut Ui, app: &App, overview: &Overview, state: &mut State, commands: &mut Vec<Command>) {
    let shown = app.view.as_ref().and_then(|view| view.entity.as_deref());
    let scene = Scene { overview, in_view: state.nav.range(), full: Range::new(overview.extent.0, overview.extent.1) };
    let mut act =
        |ui: &Ui, response: &Response, lane: &Lane, area: Rangef, cell: Option<Cell>, commands: &mut Vec<Command>| {
            state.nav.follow_overview(ui, response, area);
            if response.clicked() {
                if let Some(cell) = cell {
                    state.nav.show(scene.stretch(area, cell).padded(1.0));
                }
                if !lane.name.is_empty() && shown != Some(lane.name.as_str()) {
                    commands.push(Command::ShowEntity(Some(lane.name.clone())));
                }
            }
        };
    let (response, area, cell) = lane(ui, &scene, &overview.overall, "All", false);
    act(ui, &response, &overview.overall, area, cell, commands);
    let room = ui.available_height() * MAX_SHARE;
    let n_lanes = overview.entities.len().min(MAX_LANES).min((room / LANE).max(2.0) as usize);
    ScrollArea::vertical().id_salt("lanes").max_height(n_lanes as f32 * LANE).auto_shrink([false, true]).show_rows(
        ui,
        LANE,
        overview.entities.len(),
        |ui, range| {
            for entity in overview.entities.get(range).unwrap_or_default() {
                let is_shown = shown == Some(entity.name.as_str());
                let (response, area, cell) = lane(ui, &scene, entity, &entity.name, is_shown);
                act(ui, &response, entity, area, cell, commands);
            }
        },
    );
    ui.add_space(GAP_S);
}

/// What all lanes share.
struct Scene<'a> {
    overview: &'a Overview,
    /// The stretch the plots show.
    in_view: Option<Range>,
    /// Everything.
    full: Range,
}

impl Scene<'_> {
    /// The stretch of a cell.
    fn stretch(&self, area: Rangef, cell: Cell) -> Range {
        let part = self.full.len() / n_cells(area) as f64;
        let from = self.full.from + part * f64::from(cell.index);
        Range { from, to: from + part }
    }

    fn describe(&self, area: Rangef, cell: Cell) -> String {
        let Range { from, to } = self.stretch(area, cell);
        let where_ = if self.overview.is_time {
            let micros = |secs: f64| secs.round() as i64 * 1_000_000;
            format!("{} UTC", fmt_span(micros(from), micros(to)))
        } else {
            format!("rows {} to {}", fmt_row(from.ceil() as u32), fmt_row(to.floor() as u32))
        };
        let rows = fmt_counted(cell.n_anomalies as usize, "anomalous row");
        format!("{where_}\n{rows}, worst {} ({})", cell.worst.name(), fmt_score(f64::from(cell.peak_score)))
    }
}

/// Number of cells on a width.
fn n_cells(area: Rangef) -> usize {
    ((area.span() / CELL) as usize).clamp(1, N_CELLS)
}

/// The place of a cell on the screen.
fn cell_x(area: Rangef, index: u32) -> Rangef {
    let width = area.span() / n_cells(area) as f32;
    Rangef::new(area.min + width * index as f32, area.min + width * (index as f32 + 1.0))
}

/// The cell under the pointer, if it holds anomalies; one beside it counts, too, because cells are small.
fn cell_at(cells: &[Cell], area: Rangef, x: f32) -> Option<Cell> {
    let at = ((x - area.min) / area.span() * n_cells(area) as f32).floor() as i64;
    let near = cells.iter().filter(|cell| (i64::from(cell.index) - at).abs() <= 1);
    near.min_by_key(|cell| (i64::from(cell.index) - at).abs()).copied()
}

/// Draws a lane. Gives its response, the ends of its cells, and the cell under the pointer.
fn lane(ui: &mut Ui, scene: &Scene<'_>, lane: &Lane, name: &str, is_shown: bool) -> (Response, Rangef, Option<Cell>) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LANE), Sense::click_and_drag());
    let track = rect.with_min_x(rect.left() + GUTTER).with_max_y(rect.bottom() - LANE_GAP);
    let area = track.x_range();
    let cells = lane.in_parts(n_cells(area));
    label(ui, rect.with_max_x(track.left() - 8.0).with_max_y(track.bottom()), name, is_shown);
    let painter = ui.painter();
    painter.rect_filled(track, 2.0, if is_shown { palette.accent_tint } else { palette.panel });
    for cell in &cells {
        let x = cell_x(area, cell.index);
        let strength = 0.55 + 0.45 * (cell.peak_score - 0.3).max(0.0) / 0.7;
        let color = palette.severity(cell.worst).gamma_multiply(strength);
        painter.rect_filled(Rect::from_x_y_ranges(Rangef::new(x.min + 0.5, x.max - 0.5), track.y_range()), 1.0, color);
    }
    if let Some(in_view) = scene.in_view.filter(|range| *range != scene.full) {
        let ends = Rangef::new(pixel(scene.full, area, in_view.from), pixel(scene.full, area, in_view.to));
        for outside in [Rangef::new(area.min, ends.min), Rangef::new(ends.max, area.max)] {
            painter.rect_filled(Rect::from_x_y_ranges(outside, rect.y_range()), 0.0, palette.base.gamma_multiply(0.6));
        }
        for x in [ends.min, ends.max] {
            painter.line_segment([pos2(x, rect.top()), pos2(x, rect.bottom())], Stroke::new(1.0, palette.accent));
        }
    }
    if response.has_focus() {
        painter.rect_stroke(track, 2.0, Stroke::new(1.0, palette.accent), eframe::egui::StrokeKind::Outside);
    }
    let pointed = response.hover_pos().filter(|pointer| area.contains(pointer.x));
    let cell = pointed.and_then(|pointer| cell_at(&cells, area, pointer.x));
    let about = about(name, lane);
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, is_shown, &about));
    let text = cell.map_or_else(|| about.clone(), |cell| format!("{name} · {}", scene.describe(area, cell)));
    (response.on_hover_text_at_pointer(text), area, cell)
}

fn label(ui: &Ui, rect: Rect, name: &str, is_shown: bool) {
    let palette = Palette::of(ui);
    let color = if is_shown { palette.text } else { palette.weak };
    one_line(ui, rect, Align::Max, name, FontId::proportional(11.5), color);
}

fn about(name: &str, lane: &Lane) -> String {
    let n_rows = fmt_counted(lane.n_anomalies, "anomalous row");
    match lane.worst {
        Some(worst) => format!("Lane of {name}: {n_rows}, worst {}", worst.name()),
        None => format!("Lane of {name}: no anomalies"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::severity::Severity;

    #[test]
    fn cells_fill_the_lane_and_are_found_under_the_pointer() {
        let area = Rangef::new(100.0, 700.0);
        assert_eq!(n_cells(area), 100);
        assert_eq!((cell_x(area, 0).min, cell_x(area, 99).max), (100.0, 700.0));
        let cell = |index| Cell { index, n_anomalies: 1, worst: Severity::Low, peak_score: 0.4 };
        let cells = [cell(10), cell(12), cell(50)];
        let found = |x| cell_at(&cells, area, x).map(|cell| cell.index);
        assert_eq!([found(163.0), found(175.0), found(405.0), found(300.0)], [Some(10), Some(12), Some(50), None]);
        assert_eq!(n_cells(Rangef::new(0.0, 1e6)), N_CELLS);
    }
}
