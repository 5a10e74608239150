//! The first rows as a table, with type and role of each column above it. Draws what is in view only, in both
//! directions: files have thousands of columns, too.

use eframe::egui::{
    Align, ComboBox, Label, Layout, Rect, RichText, ScrollArea, Stroke, TextStyle, Ui, UiBuilder, pos2, vec2,
};

use super::super::format::percent;
use super::super::theme::{GAP_S, Palette};
use super::roles::{ROLES, TYPES, can_be, role_meaning, role_name, set_role, set_type, type_name};
use crate::data::Role;
use crate::data::load::{ColumnPreview, Preview};
use crate::recipe::{ColumnType, DataConfig};

/// Width of a column.
const WIDTH: f32 = 148.0;
/// Height of the head: name, type, role, share of missing values.
const HEAD: f32 = 104.0;
/// Height of a row.
const ROW: f32 = 22.0;

/// Draws the table. Choices are made in `config`.
pub(super) fn show(ui: &mut Ui, preview: &Preview, config: &mut DataConfig) {
    ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    ScrollArea::both().auto_shrink(false).show_viewport(ui, |ui, viewport| {
        let origin = ui.max_rect().min;
        let size = vec2(WIDTH * preview.columns.len() as f32, HEAD + ROW * preview.rows.len() as f32 + 8.0);
        ui.allocate_rect(Rect::from_min_size(origin, size), eframe::egui::Sense::hover());
        let first = (viewport.min.x / WIDTH).max(0.0) as usize;
        let n = (viewport.width() / WIDTH).ceil() as usize + 1;
        let top = origin.y + viewport.min.y.max(0.0);
        let visible = || preview.columns.iter().enumerate().skip(first).take(n);
        let below = ui.clip_rect().with_min_y(top + HEAD);
        ui.scope(|ui| {
            ui.shrink_clip_rect(below);
            let first_row = (viewport.min.y / ROW).max(0.0) as usize;
            let n_rows = (viewport.height() / ROW).ceil() as usize + 1;
            for (y, row) in preview.rows.iter().enumerate().skip(first_row).take(n_rows) {
                let y = origin.y + HEAD + ROW * y as f32;
                for (x, column) in visible() {
                    let rect = Rect::from_min_size(pos2(origin.x + WIDTH * x as f32, y), vec2(WIDTH, ROW));
                    cell(ui, rect, column, row.get(x).map_or("", String::as_str));
                }
            }
        });
        for (x, column) in visible() {
            let rect = Rect::from_min_size(pos2(origin.x + WIDTH * x as f32, top), vec2(WIDTH, HEAD));
            head(ui, rect, column, config);
        }
    });
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
    let combo = ComboBox::from_id_salt("type").width(WIDTH - 16.0).selected_text(text).show_ui(ui, |ui| {
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
        Role::Feature => palette.text,
        Role::Ignored => palette.weak,
        Role::Time | Role::Entity | Role::Label => palette.accent,
    };
    let text = RichText::new(role_name(column.role)).color(color);
    let combo = ComboBox::from_id_salt("role").width(WIDTH - 16.0).selected_text(text).show_ui(ui, |ui| {
        for role in ROLES {
            let line = eframe::egui::Button::selectable(role == column.role, role_name(role));
            let line = ui.add_enabled(can_be(column, role), line).on_hover_text(role_meaning(role));
            let line = line.on_disabled_hover_text("Only numbers can be features. Change the type first.");
            if line.clicked() && role != column.role {
                set_role(config, column, role);
            }
        }
    });
    combo.response.accessible_name(format!("Role of {}", column.name));
}
