//! A small plot of a column around an episode, without axes.

use eframe::egui::{Align2, FontId, Role, Sense, Stroke, Ui, WidgetInfo, pos2};
use egui_plot::{HLine, LineStyle, Plot, VLine};

use super::Range;
use super::bands::Bands;
use super::trace::{Trace, points_in};
use crate::app::format::fmt_number;
use crate::app::series::{Series, SeriesView};
use crate::ui::theme::Palette;

/// What a small plot shows.
pub(crate) struct Spark<'a> {
    /// The rows.
    pub(crate) view: &'a SeriesView,
    /// The column.
    pub(crate) series: &'a Series,
    /// The stretch.
    pub(crate) range: Range,
    /// Extent of the episode.
    pub(crate) episode: (f64, f64),
    /// Position of its peak.
    pub(crate) peak: f64,
    /// Typical value of the column.
    pub(crate) typical: Option<f64>,
}

/// Draws a small plot across the width.
pub(crate) fn show(ui: &mut Ui, spark: &Spark<'_>, height: f32) {
    let palette = Palette::of(ui);
    let Spark { view, series, range, episode, peak, typical } = *spark;
    let width = ui.available_width();
    let visible = view.visible(range.from, range.to);
    let seen = series.pyramid.range(visible.start, visible.end).unwrap_or((0.0, 1.0));
    let (min, max) = typical.map_or(seen, |typical| (seen.0.min(typical), seen.1.max(typical)));
    let values = Range::new(min, max).padded(0.12);
    let plot = Plot::new(("spark", &series.name))
        .width(width)
        .height(height)
        .sense(Sense::hover())
        .show_axes(false)
        .show_grid(false)
        .show_background(false)
        .show_x(false)
        .show_y(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .show(ui, |plot| {
            plot.set_plot_bounds_x(range.from..=range.to);
            plot.set_plot_bounds_y(values.from..=values.to);
            plot.add(Bands::new(view.episodes_in(range.from, range.to), Some(episode), palette));
            if let Some(typical) = typical {
                let line = HLine::new("typical", typical).color(palette.weak).width(1.0);
                plot.hline(line.style(LineStyle::dashed_dense()).allow_hover(false));
            }
            plot.vline(
                VLine::new("peak", peak).color(palette.accent.gamma_multiply(0.6)).width(1.0).allow_hover(false),
            );
            let points = points_in(view, &series.pyramid, range.from, range.to, width.max(1.0) as usize);
            plot.add(Trace::new("values", points, &view.x, palette.data, !view.is_time));
        });
    let frame = *plot.transform.frame();
    let painter = ui.painter_at(frame);
    painter.line_segment([frame.left_bottom(), frame.right_bottom()], Stroke::new(1.0, palette.line));
    if let Some(typical) = typical {
        let y = plot.transform.position_from_point_y(typical);
        let above = y - frame.top() > 14.0;
        let (y, anchor) = if above { (y - 2.0, Align2::LEFT_BOTTOM) } else { (y + 2.0, Align2::LEFT_TOP) };
        let text = format!("typically {}", fmt_number(typical));
        painter.text(pos2(frame.left() + 2.0, y), anchor, text, FontId::proportional(10.5), palette.weak);
    }
    let about = format!("Plot of {} around the alert", series.name);
    plot.response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, &about));
}
