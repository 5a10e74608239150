//! The first rows as a table, with type and role of each column above it. Draws what is in view only, in both
//! directions: files have thousands of columns, too.

use eframe::egui::{
    Align, ComboBox, Label, Layout, Pos2, Rangef, Rect, RichText, ScrollArea, Sense, Stroke, TextStyle, Ui, UiBuilder,
    vec2,
};

use super::super::format::percent;
use super::super::theme::{GAP_S, Palette};
use super::roles::{ROLES, TYPES, can_be, role_meaning, role_name, set_role, set_type, type_name};
use crate::data::Role;
use crate::data::load::{ColumnPreview, Preview};
use crate::recipe::{ColumnType, DataConfig};

/// Least and greatest width of a column.
const WIDTH: (f32, f32) = (124.0, 236.0);
/// Width of a digit.
const DIGIT: f32 = 7.6;
/// Height of the head: name, type, role, share of missing values.
const HEAD: f32 = 104.0;
/// Height of a row.
const ROW: f32 = 22.0;

/// Draws the table. Choices are made in `config`.
pub(super) fn show(ui: &mut Ui, preview: &Preview, config: &mut DataConfig) {
    ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    ScrollArea::both().auto_shrink(false).show_viewport(ui, |ui, viewport| {
        let origin = ui.max_rect().min;
        let edges = edges(preview);
        let width = edges.last().copied().unwrap_or(0.0);
        let size = vec2(width, HEAD + ROW * preview.rows.len() as f32 + 8.0);
        ui.allocate_rect(Rect::from_min_size(origin, size), Sense::hover());
        let visible = Visible { preview, edges: &edges, origin, viewport };
        let top = origin.y + viewport.min.y.max(0.0);
        let below = ui.clip_rect().with_min_y(top + HEAD);
        ui.scope(|ui| {
            ui.shrink_clip_rect(below);
            let first_row = (viewport.min.y / ROW).max(0.0) as usize;
            let n_rows = (viewport.height() / ROW).ceil() as usize + 1;
            for (i, row) in preview.rows.iter().enumerate().skip(first_row).take(n_rows) {
                let y = origin.y + HEAD + ROW * i as f32;
                for (x, column, xs) in visible.columns() {
                    let rect = Rect::from_x_y_ranges(xs, y..=y + ROW);
                    cell(ui, rect, column, row.get(x).map_or("", String::as_str));
                }
            }
        });
        for (_, column, xs) in visible.columns() {
            head(ui, Rect::from_x_y_ranges(xs, top..=top + HEAD), column, config);
        }
    });
}

/// The columns in view.
struct Visible<'a> {
    preview: &'a Preview,
    edges: &'a [f32],
    origin: Pos2,
    viewport: Rect,
}

impl<'a> Visible<'a> {
    /// Number, column and horizontal extent on screen.
    fn columns(&self) -> impl Iterator<Item = (usize, &'a ColumnPreview, Rangef)> {
        let first = self.edges.partition_point(|&x| x <= self.viewport.min.x).saturating_sub(1);
        let extents = self.edges.iter().zip(self.edges.iter().skip(1));
        let all = self.preview.columns.iter().zip(extents).enumerate().skip(first);
        let (origin, right) = (self.origin.x, self.viewport.max.x);
        all.take_while(move |(_, (_, (left, _)))| **left < right)
            .map(move |(i, (column, (left, right)))| (i, column, Rangef::new(origin + left, origin + right)))
    }
}

/// Where the columns begin, and where the last one ends: wide enough for the name and the values at hand.
fn edges(preview: &Preview) -> Vec<f32> {
    let mut x = 0.0;
    let mut edges = vec![x];
    edges.extend(preview.columns.iter().map(|column| {
        let longest = column.samples.iter().chain([&column.name]).map(String::len).max().unwrap_or(0);
        x += (longest as f32 * DIGIT + 20.0).clamp(WIDTH.0, WIDTH.1);
        x
    }));
    edges
}

fn is_right_aligned(column: &ColumnPreview) -> bool {
    column.kind == ColumnType::Number
}

fn cell(ui: &mut Ui, rect: Rect, column: &ColumnPreview, text: &str) {
    let palette = Palette::of(ui);
    let line = Stroke::new(1.0, palette.line.gamma_multiply(0.5));
    ui.painter().hline(rect.x_range(), rect.bottom(), line);
    let layout = if is_right_aligned(column) {
        Layout::right_to_left(Align::Center)
    } else {
        Layout::left_to_right(Align::Center)
    };
    let inner = UiBuilder::new().max_rect(rect.shrink2(vec2(8.0, 0.0))).layout(layout);
    ui.scope_builder(inner, |ui| {
        let color = if column.role == Role::Ignored { palette.weak } else { palette.text };
        let text =
            if text.is_empty() { RichText::new("–").color(palette.line) } else { RichText::new(text).color(color) };
        ui.add(Label::new(text.text_style(TextStyle::Monospace)).truncate());
    });
}

/// The head of a column, which stays in view.
fn head(ui: &mut Ui, rect: Rect, column: &ColumnPreview, config: &mut DataConfig) {
    let palette = Palette::of(ui);
    ui.painter().rect_filled(rect, 0.0, palette.base);
    let tint = if column.role == Role::Ignored { palette.panel } else { palette.raised };
    ui.painter().rect_filled(rect.shrink2(vec2(1.0, 0.0)), 4.0, tint);
    let inner = UiBuilder::new()
        .max_rect(rect.shrink2(vec2(7.0, 5.0)))
        .layout(Layout::top_down(Align::Min))
        .id_salt(("head", &column.name));
    ui.scope_builder(inner, |ui| {
        ui.spacing_mut().item_spacing.y = GAP_S;
        let color = if column.role == Role::Ignored { palette.weak } else { palette.text };
        let name = ui.add(Label::new(RichText::new(&column.name).color(color)).truncate());
        if !column.samples.is_empty() {
            name.on_hover_text(format!("{}\nfor example: {}", column.name, column.samples.join(", ")));
        }
        type_choice(ui, column, config);
        role_choice(ui, column, config);
        let missing = match column.missing_share {
            0.0 => "complete".to_owned(),
            share => format!("{} missing", percent(share)),
        };
        let color = if column.missing_share > 0.05 { palette.warning() } else { palette.weak };
        ui.label(RichText::new(missing).small().color(color));
    });
}

fn type_choice(ui: &mut Ui, column: &ColumnPreview, config: &mut DataConfig) {
    let chosen = config.column_types.get(&column.name).copied();
    let text = RichText::new(type_name(column.kind)).small();
    let combo = ComboBox::from_id_salt("type").width(ui.available_width()).selected_text(text).show_ui(ui, |ui| {
        if ui.selectable_label(chosen.is_none(), "as detected").clicked() {
            set_type(config, column, None);
        }
        for kind in TYPES {
            if ui.selectable_label(chosen == Some(kind), type_name(kind)).clicked() {
                set_type(config, column, Some(kind));
            }
        }
    });
    combo.response.accessible_name(format!("Type of {}", column.name));
}

fn role_choice(ui: &mut Ui, column: &ColumnPreview, config: &mut DataConfig) {
    let palette = Palette::of(ui);
    let color = match column.role {
        Role::Feature | Role::Text => palette.text,
        Role::Ignored => palette.weak,
        Role::Time | Role::Entity | Role::Label => palette.accent,
    };
    let text = RichText::new(role_name(column.role)).color(color);
    let combo = ComboBox::from_id_salt("role").width(ui.available_width()).selected_text(text).show_ui(ui, |ui| {
        for role in ROLES {
            let line = eframe::egui::Button::selectable(role == column.role, role_name(role));
            let line = ui.add_enabled(can_be(column, role), line).on_hover_text(role_meaning(role));
            let line =
                line.on_disabled_hover_text("Numbers can be features, words can be text. Change the type first.");
            if line.clicked() && role != column.role {
                set_role(config, column, role);
            }
        }
    });
    combo.response.accessible_name(format!("Role of {}", column.name));
}
