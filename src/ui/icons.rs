//! Small pictures, painted as lines so that they are sharp at every size and follow the theme.

use eframe::egui::{
    Color32, ColorImage, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo, accesskit::Role,
    pos2, vec2,
};

use super::theme::Palette;

/// A small picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    /// A cross: close, remove.
    Close,
    /// A triangle with a mark: something may be wrong.
    Warning,
    /// A circle with a mark: something failed.
    Error,
    /// A circle with an i.
    Info,
    /// An arrow back in a circle: as it was.
    Reset,
    /// A tick.
    Check,
    /// A plus.
    Add,
    /// A small arrow to the right: closed.
    Closed,
    /// A small arrow down: open.
    Open,
    /// An arrow to the left: back.
    Back,
    /// An arrow to the right: what follows.
    Forward,
    /// An arrow up: more than it was.
    Raised,
    /// An arrow down: less than it was.
    Lowered,
    /// A square: stop.
    Stop,
    /// An arrow into a tray: drop or load here.
    Load,
}

/// Paints an icon into a square around a point. `size` is its width.
pub(crate) fn paint(painter: &Painter, center: Pos2, size: f32, icon: Icon, color: Color32) {
    let r = size / 2.0;
    let at = |x: f32, y: f32| center + vec2(x, y) * r;
    let stroke = Stroke::new((size / 10.0).max(1.2), color);
    let line = |points: &[(f32, f32)]| {
        painter.add(Shape::line(points.iter().map(|&(x, y)| at(x, y)).collect(), stroke));
    };
    let dot = |x: f32, y: f32| {
        painter.circle_filled(at(x, y), stroke.width * 0.75, color);
    };
    match icon {
        Icon::Close => {
            line(&[(-0.55, -0.55), (0.55, 0.55)]);
            line(&[(-0.55, 0.55), (0.55, -0.55)]);
        }
        Icon::Warning => {
            painter.add(Shape::closed_line(vec![at(0.0, -0.8), at(0.9, 0.75), at(-0.9, 0.75)], stroke));
            line(&[(0.0, -0.25), (0.0, 0.25)]);
            dot(0.0, 0.5);
        }
        Icon::Error => {
            painter.circle_stroke(center, r * 0.88, stroke);
            line(&[(0.0, -0.5), (0.0, 0.1)]);
            dot(0.0, 0.45);
        }
        Icon::Info => {
            painter.circle_stroke(center, r * 0.88, stroke);
            dot(0.0, -0.45);
            line(&[(0.0, -0.05), (0.0, 0.5)]);
        }
        Icon::Reset => {
            let arc = (0..=14).map(|i| -0.6 + f64::from(i) as f32 * 0.35);
            painter.add(Shape::line(arc.map(|a| at(0.7 * a.cos(), 0.7 * a.sin())).collect(), stroke));
            line(&[(0.95, -0.75), (0.55, -0.4), (0.2, -0.75)]);
        }
        Icon::Check => line(&[(-0.65, 0.05), (-0.15, 0.5), (0.65, -0.5)]),
        Icon::Add => {
            line(&[(-0.65, 0.0), (0.65, 0.0)]);
            line(&[(0.0, -0.65), (0.0, 0.65)]);
        }
        Icon::Closed => line(&[(-0.25, -0.55), (0.3, 0.0), (-0.25, 0.55)]),
        Icon::Open => line(&[(-0.55, -0.25), (0.0, 0.3), (0.55, -0.25)]),
        Icon::Back => {
            line(&[(0.7, 0.0), (-0.6, 0.0)]);
            line(&[(-0.1, -0.5), (-0.6, 0.0), (-0.1, 0.5)]);
        }
        Icon::Forward => {
            line(&[(-0.7, 0.0), (0.6, 0.0)]);
            line(&[(0.1, -0.5), (0.6, 0.0), (0.1, 0.5)]);
        }
        Icon::Raised => {
            line(&[(0.0, 0.7), (0.0, -0.6)]);
            line(&[(-0.5, -0.1), (0.0, -0.6), (0.5, -0.1)]);
        }
        Icon::Lowered => {
            line(&[(0.0, -0.7), (0.0, 0.6)]);
            line(&[(-0.5, 0.1), (0.0, 0.6), (0.5, 0.1)]);
        }
        Icon::Stop => {
            painter.rect_filled(Rect::from_center_size(center, Vec2::splat(r * 1.2)), 1.0, color);
        }
        Icon::Load => {
            line(&[(0.0, -0.85), (0.0, 0.35)]);
            line(&[(-0.4, -0.05), (0.0, 0.35), (0.4, -0.05)]);
            line(&[(-0.85, 0.3), (-0.85, 0.8), (0.85, 0.8), (0.85, 0.3)]);
        }
    }
}

/// An icon in a line of text. `name` is what a screen reader says; empty for mere decoration.
pub(crate) fn show(ui: &mut Ui, icon: Icon, color: Color32, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(14.0), Sense::hover());
    paint(ui.painter(), rect.center(), 13.0, icon, color);
    if !name.is_empty() {
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, name));
    }
    response
}

/// A button that is only an icon. `name` is its accessible name and tooltip.
pub(crate) fn button(ui: &mut Ui, icon: Icon, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(20.0), Sense::click());
    let palette = Palette::of(ui);
    let enabled = ui.is_enabled();
    let color = if enabled && (response.hovered() || response.has_focus()) { palette.text } else { palette.weak };
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 4.0, palette.line);
    }
    paint(ui.painter(), rect.center(), 12.0, icon, color);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    response.on_hover_text(name)
}

/// Paints the eyes of a tarsier: the program's sign. `height` is that of the eyes.
pub(crate) fn paint_eyes(painter: &Painter, center: Pos2, height: f32, accent: Color32, pupil: Color32) {
    let r = height / 2.0;
    for side in [-1.0, 1.0] {
        let eye = center + vec2(side * r * 1.08, 0.0);
        painter.circle_filled(eye, r, accent);
        painter.circle_filled(eye + vec2(-side * r * 0.12, 0.0), r * 0.55, pupil);
        painter.circle_filled(eye + vec2(-side * r * 0.12 + r * 0.2, -r * 0.22), r * 0.15, accent);
    }
}

/// The picture of the window in the task bar: the eyes on a dark, rounded ground. Square, `size` pixels wide.
pub(crate) fn window_icon(size: usize) -> ColorImage {
    const SAMPLES: usize = 4;
    let pixel = |x: usize, y: usize| {
        let mut sum = [0u32; 4];
        for i in 0..SAMPLES * SAMPLES {
            let (dx, dy) = (i % SAMPLES, i / SAMPLES);
            let scale = |p: usize, d: usize| (p as f32 + (d as f32 + 0.5) / SAMPLES as f32) / size as f32;
            let sample = icon_color(pos2(scale(x, dx), scale(y, dy))).to_array();
            sum.iter_mut().zip(sample).for_each(|(sum, channel)| *sum += u32::from(channel));
        }
        let [r, g, b, a] = sum.map(|sum| u8::try_from(sum / (SAMPLES * SAMPLES) as u32).unwrap_or(u8::MAX));
        Color32::from_rgba_premultiplied(r, g, b, a)
    };
    let pixels = (0..size * size).map(|i| pixel(i % size, i / size)).collect();
    ColorImage::new([size, size], pixels)
}

/// Colour of the window's picture at a point of the unit square.
fn icon_color(at: Pos2) -> Color32 {
    let palette = Palette::dark();
    let corner = 0.22;
    let edge = vec2((at.x - 0.5).abs(), (at.y - 0.5).abs()) - Vec2::splat(0.5 - corner);
    if edge.max(Vec2::ZERO).length() > corner {
        return Color32::TRANSPARENT;
    }
    for side in [-1.0, 1.0] {
        let eye = pos2(0.5 + side * 0.215, 0.5);
        let pupil = eye - vec2(side * 0.024, 0.0);
        if at.distance(pupil + vec2(0.04, -0.045)) < 0.03 {
            return palette.accent;
        }
        if at.distance(pupil) < 0.11 {
            return palette.base;
        }
        if at.distance(eye) < 0.2 {
            return palette.accent;
        }
    }
    palette.panel
}
