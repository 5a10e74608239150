//! One panel of linked plots: a column over the stretch shown, with its episodes, marks and a read-out at the cursor.

use eframe::egui::{
    Align2, CornerRadius, FontId, Mesh, Pos2, Rangef, Rect, Role, Shape, Stroke, StrokeKind, TextStyle, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};
use egui_plot::{AxisHints, GridInput, GridMark, HLine, LineStyle, Plot, PlotResponse, Polygon, VLine};

use super::axis::{fmt_tick, row_axis, time_axis, value_ticks};
use super::bands::Bands;
use super::trace::{Trace, points_in};
use super::{GUTTER, Navigation, Range, strip};
use crate::analysis::ensemble::THRESHOLD_SCORE;
use crate::analysis::pyramid::Pyramid;
use crate::analysis::severity::Severity;
use crate::app::format::{NONE, fmt_number, fmt_score};
use crate::app::series::{EpisodeSpan, SeriesView};
use crate::recipe::SeverityConfig;
use crate::ui::theme::{Palette, paint_severity};

/// Height of the line above a panel that names it.
const TITLE: f32 = 18.0;
/// Most severity marks on a column; beyond, the bands alone say where to look.
const MAX_MARKS: usize = 24;
/// Most severity marks on the score, where each has a height of its own.
const MAX_SCORE_MARKS: usize = 120;
/// Most dots of anomalous rows, where rows have no order.
const MAX_DOTS: usize = 20_000;

/// What all panels of a frame share.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    /// The rows.
    pub(crate) view: &'a SeriesView,
    /// The stretch shown.
    pub(crate) range: Range,
    /// Position under the pointer.
    pub(crate) cursor: Option<f64>,
    /// Extent of the selected alert, where it belongs to these rows.
    pub(crate) selected: Option<(f64, f64)>,
}

impl<'a> Shared<'a> {
    fn episodes(&self) -> &'a [EpisodeSpan] {
        self.view.episodes_in(self.range.from, self.range.to)
    }

    /// Index of the row the cursor reads.
    fn read_index(&self) -> Option<usize> {
        self.view.nearest(self.cursor?)
    }

    fn ticks(&self, width: f32) -> Vec<f64> {
        let n = (width / strip::TICK).max(1.0) as usize;
        let ticks = if self.view.is_time { time_axis(self.range, n).ticks } else { row_axis(self.range, n) };
        ticks.iter().map(|tick| tick.at).collect()
    }
}

/// A panel of one column. `height` includes its title. The plot's range of values fits what is shown.
pub(crate) fn column(
    ui: &mut Ui,
    shared: &Shared<'_>,
    name: &str,
    pyramid: &Pyramid,
    height: f32,
    nav: &mut Navigation,
) {
    let visible = shared.view.visible(shared.range.from, shared.range.to);
    let seen = pyramid.range(visible.start, visible.end);
    let readout = match (shared.read_index(), seen) {
        (Some(index), _) => fmt_number(pyramid.values().get(index).copied().unwrap_or(f64::NAN)),
        (None, Some((min, max))) if min == max => fmt_number(min),
        (None, Some((min, max))) => format!("{} … {}", fmt_number(min), fmt_number(max)),
        (None, None) => "no values here".to_owned(),
    };
    title(ui, name, &readout, shared.cursor.is_some());
    let values = seen.map_or(Range { from: 0.0, to: 1.0 }, |(min, max)| Range::new(min, max).padded(0.08));
    let about = format!("Plot of {name}: {readout}");
    let plot = draw(ui, shared, pyramid, &about, Look { height: height - TITLE, values, severity: None }, nav);
    paint_marks(ui, shared, pyramid, &plot, MAX_MARKS);
}

/// The panel of the combined score, from 0 to 1, with the threshold and the levels of severity.
pub(crate) fn score(
    ui: &mut Ui,
    shared: &Shared<'_>,
    pyramid: &Pyramid,
    levels: &SeverityConfig,
    height: f32,
    nav: &mut Navigation,
) {
    let readout = match shared.read_index() {
        Some(index) => pyramid.values().get(index).map_or_else(|| NONE.to_owned(), |&score| fmt_score(score)),
        None => format!("threshold {}", fmt_score(THRESHOLD_SCORE)),
    };
    title(ui, "Combined score", &readout, shared.cursor.is_some());
    let look = Look { height: height - TITLE, values: Range { from: -0.04, to: 1.06 }, severity: Some(levels) };
    let plot = draw(ui, shared, pyramid, &format!("Plot of the combined score: {readout}"), look, nav);
    paint_marks(ui, shared, pyramid, &plot, MAX_SCORE_MARKS);
}

/// How a panel differs from the others.
struct Look<'a> {
    height: f32,
    values: Range,
    /// Levels to be shown as grounds, for scores.
    severity: Option<&'a SeverityConfig>,
}

fn draw(
    ui: &mut Ui,
    shared: &Shared<'_>,
    pyramid: &Pyramid,
    about: &str,
    look: Look<'_>,
    nav: &mut Navigation,
) -> PlotResponse<()> {
    let palette = Palette::of(ui);
    let width = ui.available_width();
    let Look { height, values, severity } = look;
    let n_ticks = (height / 15.0).clamp(3.0, 8.0) as usize;
    let (y_ticks, step) = if severity.is_some() { (vec![0.0, 0.5, 1.0], 0.5) } else { value_ticks(values, n_ticks) };
    let x_ticks = shared.ticks(width - GUTTER);
    let mark = |ticks: Vec<f64>| {
        move |_: GridInput| ticks.iter().map(|&value| GridMark { value, step_size: f64::MAX }).collect()
    };
    let y_axis = AxisHints::new_y()
        .formatter(move |mark, _| fmt_tick(mark.value, step))
        .min_thickness(GUTTER)
        .label_spacing(Rangef::new(1.0, 2.0))
        .tick_label_color(palette.weak)
        .tick_label_font(FontId::proportional(10.5));
    let plot = Plot::new(("panel", about.split(':').next().unwrap_or_default()))
        .width(width)
        .height(height)
        .show_axes([false, true])
        .custom_y_axes(vec![y_axis])
        .x_grid_spacer(mark(x_ticks))
        .y_grid_spacer(mark(y_ticks))
        .grid_spacing(Rangef::new(1.0, 2.0))
        .grid_color(palette.line.gamma_multiply(0.7))
        .grid_fade(0.0)
        .show_background(false)
        .show_x(false)
        .show_y(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show(ui, |plot| {
            plot.set_plot_bounds_x(shared.range.from..=shared.range.to);
            plot.set_plot_bounds_y(values.from..=values.to);
            if let Some(levels) = severity {
                for (from, to, level) in grounds(levels) {
                    plot.polygon(ground(shared.range, from, to, level, palette));
                }
            }
            // Rows without an order are not in stretches: their anomalies are dots.
            let episodes = if shared.view.is_time { shared.episodes() } else { &[] };
            plot.add(Bands::new(episodes, shared.selected, palette));
            if severity.is_some() {
                let threshold = HLine::new("threshold", THRESHOLD_SCORE).color(palette.weak).width(1.0);
                plot.hline(threshold.style(LineStyle::dashed_loose()).allow_hover(false));
            }
            let n_pixels = (width - GUTTER).max(1.0) as usize;
            let points = points_in(shared.view, pyramid, shared.range.from, shared.range.to, n_pixels);
            let color = if severity.is_some() { palette.accent } else { palette.data };
            let color = if shared.view.is_time { color } else { color.gamma_multiply(0.45) };
            plot.add(Trace::new("values", points, &shared.view.x, color, !shared.view.is_time));
            if let Some(cursor) = shared.cursor {
                plot.vline(VLine::new("cursor", cursor).color(palette.weak).width(1.0).allow_hover(false));
            }
        });
    let frame = *plot.transform.frame();
    nav.follow(ui, &plot.response, frame.x_range());
    paint_over(ui, shared, pyramid, &plot, nav);
    plot.response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, about));
    plot
}

/// What lies over the lines: the frame, the value read at the cursor, a stretch being drawn.
fn paint_over(ui: &Ui, shared: &Shared<'_>, pyramid: &Pyramid, plot: &PlotResponse<()>, nav: &Navigation) {
    let palette = Palette::of(ui);
    let frame = *plot.transform.frame();
    let painter = ui.painter_at(frame.expand(1.0));
    painter.line_segment([frame.left_bottom(), frame.right_bottom()], Stroke::new(1.0, palette.line));
    painter.line_segment([frame.left_top(), frame.left_bottom()], Stroke::new(1.0, palette.line));
    if let Some(at) = shared.read_index().and_then(|index| point(shared.view, pyramid, index, plot)) {
        painter.circle(at, 3.5, palette.base, Stroke::new(1.5, palette.text));
    }
    if let Some(drawn) = nav.drawn() {
        let px = |x| plot.transform.position_from_point_x(x);
        let rect = Rect::from_x_y_ranges(Rangef::new(px(drawn.from), px(drawn.to)), frame.y_range());
        painter.rect(
            rect,
            CornerRadius::ZERO,
            palette.accent.gamma_multiply(0.14),
            Stroke::new(1.0, palette.accent),
            StrokeKind::Inside,
        );
    }
}

/// Severity shapes at the peaks of the episodes in view.
fn paint_marks(ui: &Ui, shared: &Shared<'_>, pyramid: &Pyramid, plot: &PlotResponse<()>, most: usize) {
    let episodes = shared.episodes();
    let palette = Palette::of(ui);
    if !shared.view.is_time && episodes.len() <= MAX_DOTS {
        paint_dots(ui, shared, pyramid, plot);
    }
    if episodes.len() > most {
        return;
    }
    let painter = ui.painter_at(plot.transform.frame().expand(4.0));
    for episode in episodes.iter().filter(|episode| shared.range.contains(episode.peak)) {
        if let Some(at) = point(shared.view, pyramid, episode.peak_index, plot) {
            // A rim in the colour of the ground keeps the shape apart from the line.
            painter.circle_filled(at, 6.0, palette.base);
            paint_severity(&painter, at, 4.0, episode.severity, palette);
        }
    }
}

/// Anomalous rows as dots in the colour of their severity, the worst on top.
fn paint_dots(ui: &Ui, shared: &Shared<'_>, pyramid: &Pyramid, plot: &PlotResponse<()>) {
    let palette = Palette::of(ui);
    let mut mesh = Mesh::default();
    for level in Severity::ALL.into_iter().rev() {
        for episode in shared.episodes().iter().filter(|episode| episode.severity == level) {
            if let Some(at) = point(shared.view, pyramid, episode.peak_index, plot) {
                mesh.add_colored_rect(Rect::from_center_size(at, Vec2::splat(3.0)), palette.severity(level));
            }
        }
    }
    ui.painter_at(*plot.transform.frame()).add(Shape::mesh(mesh));
}

/// Where a row is on the screen; `None` where its value is missing.
fn point(view: &SeriesView, pyramid: &Pyramid, index: usize, plot: &PlotResponse<()>) -> Option<Pos2> {
    let (&x, &y) = (view.x.get(index)?, pyramid.values().get(index)?);
    y.is_finite().then(|| pos2(plot.transform.position_from_point_x(x), plot.transform.position_from_point_y(y)))
}

/// The levels of severity as stretches of the score.
fn grounds(levels: &SeverityConfig) -> [(f64, f64, Severity); 4] {
    [
        (THRESHOLD_SCORE, levels.medium, Severity::Low),
        (levels.medium, levels.high, Severity::Medium),
        (levels.high, levels.critical, Severity::High),
        (levels.critical, 1.06, Severity::Critical),
    ]
}

fn ground(range: Range, from: f64, to: f64, level: Severity, palette: &Palette) -> Polygon<'static> {
    let corners = vec![[range.from, from], [range.to, from], [range.to, to], [range.from, to]];
    Polygon::new(level.name(), corners)
        .fill_color(palette.severity(level).gamma_multiply(0.07))
        .stroke(Stroke::NONE)
        .allow_hover(false)
}

/// The name of a panel, and what it reads.
fn title(ui: &mut Ui, name: &str, readout: &str, is_reading: bool) {
    let palette = Palette::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), TITLE), eframe::egui::Sense::hover());
    let font = TextStyle::Small.resolve(ui.style());
    let y = rect.center().y + 1.0;
    let painter = ui.painter_at(rect);
    let name = painter.text(pos2(rect.left() + GUTTER, y), Align2::LEFT_CENTER, name, font.clone(), palette.text);
    let color = if is_reading { palette.text } else { palette.weak };
    let font = if is_reading { FontId::monospace(font.size) } else { font };
    painter.text(pos2(name.right() + 10.0, y), Align2::LEFT_CENTER, readout, font, color);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_severity_cover_every_score_above_the_threshold() {
        let grounds = grounds(&SeverityConfig::default());
        assert_eq!(grounds[0].0, THRESHOLD_SCORE);
        assert!(grounds.windows(2).all(|pair| pair[0].1 == pair[1].0 && pair[0].2 < pair[1].2));
        assert!(grounds[3].1 > 1.0);
    }
}
