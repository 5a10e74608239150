//! Widgets that several panels share: buttons, cards, segments, switches, headings.

use eframe::egui::{
    self, Align, Align2, Button, Color32, CornerRadius, Frame, Id, InnerResponse, Layout, Margin, Response, RichText,
    Sense, Slider, Stroke, TextStyle, Ui, UiBuilder, Vec2, WidgetInfo, accesskit::Role, vec2,
};

use super::icons::{self, Icon};
use super::theme::{GAP, GAP_S, Palette};

/// Identity of the field that searches alerts, so that a shortcut can put the cursor there.
pub(crate) fn alert_search_id() -> Id {
    Id::unique("alert_search")
}

/// The button that wants to be pressed. One per view.
pub(crate) fn primary_button(ui: &mut Ui, text: &str) -> Response {
    let palette = Palette::of(ui);
    let text = RichText::new(text).color(palette.on_accent);
    ui.add(Button::new(text).fill(palette.accent).stroke(Stroke::NONE))
}

/// A choice between a few named things, side by side. Returns the one pressed. A badge is a small number after the name.
pub(crate) fn segmented<T: Copy + PartialEq>(
    ui: &mut Ui,
    current: T,
    choices: &[(T, &str, Option<usize>)],
) -> Option<T> {
    let palette = Palette::of(ui);
    let mut pressed = None;
    let frame = Frame::new().fill(palette.raised).corner_radius(6).inner_margin(Margin::same(2));
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for &(value, name, badge) in choices {
            if segment(ui, value == current, name, badge).clicked() {
                pressed = Some(value);
            }
        }
    });
    pressed
}

fn segment(ui: &mut Ui, selected: bool, name: &str, badge: Option<usize>) -> Response {
    let palette = Palette::of(ui);
    let color = if selected { palette.text } else { palette.weak };
    let font = TextStyle::Button.resolve(ui.style());
    let text = ui.painter().layout_no_wrap(name.to_owned(), font, color);
    let small = TextStyle::Small.resolve(ui.style());
    let badge = badge.map(|n| ui.painter().layout_no_wrap(crate::app::format::fmt_count(n), small, palette.on_accent));
    let badge_width = badge.as_ref().map_or(0.0, |galley| galley.size().x + 10.0);
    let gap = if badge.is_some() { 6.0 } else { 0.0 };
    let size = vec2(text.size().x + gap + badge_width + 2.0 * 12.0, 24.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let fill = match (selected, response.hovered()) {
        (true, _) => palette.accent_tint,
        (false, true) => palette.line,
        (false, false) => Color32::TRANSPARENT,
    };
    ui.painter().rect_filled(rect, 5.0, fill);
    if response.has_focus() {
        ui.painter().rect_stroke(rect, 5.0, Stroke::new(1.0, palette.accent), egui::StrokeKind::Inside);
    }
    let left = rect.left() + 12.0;
    let text_width = text.size().x;
    ui.painter().galley(egui::pos2(left, rect.center().y - text.size().y / 2.0), text, color);
    if let Some(badge) = badge {
        let min = egui::pos2(left + text_width + gap, rect.center().y - 8.0);
        let pill = egui::Rect::from_min_size(min, vec2(badge_width, 16.0));
        ui.painter().rect_filled(pill, 8.0, palette.accent);
        ui.painter().galley(pill.center() - badge.size() / 2.0, badge, palette.on_accent);
    }
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, selected, name));
    response
}

/// A raised area with a margin.
pub(crate) fn card<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> InnerResponse<R> {
    let palette = Palette::of(ui);
    let stroke = Stroke::new(1.0, palette.line);
    Frame::new().fill(palette.base).stroke(stroke).corner_radius(8).inner_margin(Margin::same(12)).show(ui, add)
}

/// Draws into a rectangle that has been taken already, without moving what comes next.
pub(crate) fn inside<R>(ui: &mut Ui, rect: egui::Rect, layout: Layout, add: impl FnOnce(&mut Ui) -> R) -> R {
    add(&mut ui.new_child(UiBuilder::new().max_rect(rect).layout(layout)))
}

/// A slider whose filled part has the accent. `name` is its accessible name.
pub(crate) fn slider(ui: &mut Ui, slider: Slider<'_>, name: impl Into<String>) -> Response {
    let palette = Palette::of(ui);
    ui.scope(|ui| {
        ui.visuals_mut().selection.bg_fill = palette.accent.gamma_multiply(0.75);
        ui.spacing_mut().slider_rail_height = 4.0;
        ui.spacing_mut().interact_size.y = 22.0;
        ui.add(slider).accessible_name(name)
    })
    .inner
}

/// A key as it looks on a keyboard.
pub(crate) fn key_cap(ui: &mut Ui, text: &str) -> Response {
    let palette = Palette::of(ui);
    let frame = Frame::new()
        .fill(palette.raised)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(4)
        .inner_margin(Margin::symmetric(6, 1));
    frame.show(ui, |ui| ui.label(RichText::new(text).monospace().size(11.5))).response
}

/// Heading of a part of a panel.
pub(crate) fn section_header(ui: &mut Ui, text: &str) -> Response {
    ui.add_space(GAP_S);
    let color = Palette::of(ui).weak;
    ui.label(RichText::new(text.to_uppercase()).size(11.0).extra_letter_spacing(0.8).color(color))
}

/// An on/off switch. `name` is its accessible name.
pub(crate) fn switch(ui: &mut Ui, on: &mut bool, name: &str) -> Response {
    let palette = Palette::of(ui);
    let (rect, mut response) = ui.allocate_exact_size(vec2(30.0, 16.0), Sense::click());
    if response.clicked() {
        *on = !*on;
        response.mark_changed();
    }
    let (track, knob) = if *on { (palette.accent, palette.on_accent) } else { (palette.line, palette.weak) };
    ui.painter().rect_filled(rect, 8.0, track);
    if response.has_focus() || response.hovered() {
        ui.painter().rect_stroke(rect, 8.0, Stroke::new(1.0, palette.weak), egui::StrokeKind::Outside);
    }
    let x = if *on { rect.right() - 8.0 } else { rect.left() + 8.0 };
    ui.painter().circle_filled(egui::pos2(x, rect.center().y), 5.5, knob);
    let (enabled, on) = (ui.is_enabled(), *on);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, enabled, on, name));
    response
}

/// Text of less weight, cut off where there is no room, whole on hover.
pub(crate) fn weak_truncated(ui: &mut Ui, text: &str) -> Response {
    let color = Palette::of(ui).weak;
    ui.add(egui::Label::new(RichText::new(text).color(color)).truncate())
}

/// A number with what it counts below: for the few numbers that matter most.
pub(crate) fn figure(ui: &mut Ui, value: &str, caption: &str) {
    let weak = Palette::of(ui).weak;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.label(RichText::new(value).size(19.0));
        ui.label(RichText::new(caption).small().color(weak));
    });
}

/// What kind of remark a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Something may be wrong.
    Warning,
    /// Something is wrong.
    Error,
    /// Worth knowing.
    Info,
    /// As it should be.
    Good,
}

impl Tone {
    /// Its icon, colour and name.
    pub(crate) fn look(self, palette: &Palette) -> (Icon, Color32, &'static str) {
        match self {
            Self::Warning => (Icon::Warning, palette.warning(), "Warning"),
            Self::Error => (Icon::Error, palette.error(), "Error"),
            Self::Info => (Icon::Info, palette.weak, "Information"),
            Self::Good => (Icon::Check, palette.good, "Good"),
        }
    }
}

/// A remark: icon and text, in as many lines as it takes.
pub(crate) fn remark(ui: &mut Ui, tone: Tone, text: &str) {
    let (icon, color, name) = tone.look(Palette::of(ui));
    ui.with_layout(Layout::left_to_right(Align::TOP), |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        icons::show(ui, icon, color, name);
        ui.add(egui::Label::new(text).wrap());
    });
}

/// A remark in a tinted box across the width.
pub(crate) fn callout<R>(ui: &mut Ui, tone: Tone, add: impl FnOnce(&mut Ui) -> R) -> R {
    let (_, color, _) = tone.look(Palette::of(ui));
    let frame = Frame::new()
        .fill(color.gamma_multiply(0.10))
        .stroke(Stroke::new(1.0, color.gamma_multiply(0.35)))
        .corner_radius(6)
        .inner_margin(Margin::symmetric(10, 7));
    frame
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui)
        })
        .inner
}

/// What a view shows while it has nothing: what is missing and what to do.
pub(crate) fn empty_state(ui: &mut Ui, title: &str, what_to_do: &str) {
    let weak = Palette::of(ui).weak;
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.3).min(160.0));
        let (rect, _) = ui.allocate_exact_size(vec2(60.0, 30.0), Sense::hover());
        let palette = Palette::of(ui);
        icons::paint_eyes(ui.painter(), rect.center(), 24.0, palette.raised, palette.line);
        ui.add_space(GAP);
        ui.label(RichText::new(title).size(16.0));
        ui.label(RichText::new(what_to_do).color(weak));
    });
}

/// The frame of bars and panels: their ground and margin.
pub(crate) fn panel_frame(ui: &Ui) -> Frame {
    Frame::new().fill(Palette::of(ui).panel).inner_margin(Margin::symmetric(12, 8))
}

/// The frame of a dialog.
pub(crate) fn dialog_frame(ui: &egui::Context) -> Frame {
    let style = ui.global_style();
    Frame::popup(&style).inner_margin(Margin::same(20)).corner_radius(CornerRadius::same(10))
}

/// A thin progress bar; with an unknown share a quarter of it stands in the middle.
pub(crate) fn progress(ui: &mut Ui, size: Vec2, fraction: Option<f64>, name: &str) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect_filled(rect, size.y / 2.0, palette.line);
    let (from, to) = fraction.map_or((0.375, 0.625), |f| (0.0, f.clamp(0.0, 1.0) as f32));
    let filled = rect.with_min_x(rect.left() + rect.width() * from).with_max_x(rect.left() + rect.width() * to);
    ui.painter().rect_filled(filled, size.y / 2.0, palette.accent);
    let text = fraction.map_or_else(|| name.to_owned(), |f| format!("{name}: {}", super::format::percent(f)));
    response.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, &text));
}

/// A text in a row of fixed width, aligned to one side.
pub(crate) fn cell(ui: &mut Ui, width: f32, align: Align, text: RichText) -> Response {
    let layout =
        if align == Align::Max { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) };
    ui.allocate_ui_with_layout(vec2(width, ui.spacing().interact_size.y), layout, |ui| {
        ui.set_min_width(width);
        ui.add(egui::Label::new(text).truncate())
    })
    .inner
}

/// Paints a text at a place, in small type.
pub(crate) fn paint_small(ui: &Ui, at: egui::Pos2, anchor: Align2, text: &str, color: Color32) {
    ui.painter().text(at, anchor, text, TextStyle::Small.resolve(ui.style()), color);
}

/// Keeps clear of the scroll bar, which floats over what scrolls.
pub(crate) fn beside_scroll_bar(ui: &mut Ui) {
    ui.set_max_width((ui.available_width() - GAP).max(0.0));
}

/// A line across the width, cut into cells: each has a width of its own, and those of width 0 share what is left. The
/// first cell stands left.
pub(crate) fn line<const N: usize>(ui: &mut Ui, height: f32, widths: [f32; N]) -> [egui::Rect; N] {
    const BETWEEN: f32 = 8.0;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let n_free = widths.iter().filter(|width| **width == 0.0).count().max(1);
    let used = widths.iter().sum::<f32>() + BETWEEN * N.saturating_sub(1) as f32;
    let free = ((rect.width() - used) / n_free as f32).max(0.0);
    let mut left = rect.left();
    widths.map(|width| {
        let width = if width == 0.0 { free } else { width };
        let cell = egui::Rect::from_x_y_ranges(left..=left + width, rect.y_range());
        left += width + BETWEEN;
        cell
    })
}

/// A text in a place that has been taken, cut off where there is no room, whole on hover.
pub(crate) fn put(ui: &mut Ui, rect: egui::Rect, align: Align, text: RichText) -> Response {
    let layout =
        if align == Align::Max { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) };
    inside(ui, rect, layout, |ui| ui.add(egui::Label::new(text).truncate()))
}
