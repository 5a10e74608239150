//! Which entity and which columns are shown.

use eframe::egui::{
    Align, Align2, Id, Layout, RichText, Role, ScrollArea, Sense, TextEdit, TextStyle, TextWrapMode, Ui, WidgetInfo,
    pos2, vec2,
};

use super::State;
use crate::analysis::severity::Severity;
use crate::app::format::{fmt_count, fmt_counted};
use crate::app::overview::Lane;
use crate::app::{App, Command};
use crate::data::Table;
use crate::ui::text::one_line;
use crate::ui::theme::{GAP_S, Palette, paint_severity};
use crate::ui::widgets;

/// Lists longer than this can be searched.
const SEARCHABLE: usize = 12;
const ENTITY_ROW: f32 = 24.0;

/// Draws the side panel.
pub(super) fn show(ui: &mut Ui, app: &App, table: &Table, state: &mut State, commands: &mut Vec<Command>) {
    ui.take_available_width();
    if let Some(entities) = table.entities() {
        let n = entities.names.len();
        widgets::section_header(ui, &fmt_counted_title(n, "Entity", "Entities"));
        if n > SEARCHABLE {
            search(ui, "entity_search", &mut state.entity_search, "Find an entity");
        }
        let room = (ui.available_height() * 0.5 - 20.0).max(3.0 * ENTITY_ROW);
        ui.spacing_mut().item_spacing.y = 1.0;
        ScrollArea::vertical().id_salt("entities").max_height(room).auto_shrink([false, true]).show_rows(
            ui,
            ENTITY_ROW,
            matching(app, table, &state.entity_search).len(),
            |ui, range| entity_rows(ui, app, table, state, range, commands),
        );
    }
    columns(ui, table, state);
}

/// One line of the list of entities.
struct EntityRow<'a> {
    name: &'a str,
    lane: Option<&'a Lane>,
}

/// The entities that match the search, worst first once there is a result.
fn matching<'a>(app: &'a App, table: &'a Table, search: &str) -> Vec<EntityRow<'a>> {
    let search = search.trim().to_lowercase();
    let fits = |row: &EntityRow<'_>| search.is_empty() || row.name.to_lowercase().contains(&search);
    match &app.findings {
        Some(findings) => {
            let rows = findings.overview.entities.iter().map(|lane| EntityRow { name: &lane.name, lane: Some(lane) });
            rows.filter(fits).collect()
        }
        None => {
            let names = table.entities().map(|entities| entities.names.as_slice()).unwrap_or_default();
            names.iter().map(|name| EntityRow { name, lane: None }).filter(fits).collect()
        }
    }
}

fn entity_rows(
    ui: &mut Ui,
    app: &App,
    table: &Table,
    state: &State,
    range: std::ops::Range<usize>,
    commands: &mut Vec<Command>,
) {
    let shown = app.view.as_ref().and_then(|view| view.entity.as_deref());
    for row in matching(app, table, &state.entity_search).into_iter().skip(range.start).take(range.len()) {
        let is_shown = shown == Some(row.name);
        if entity_row(ui, &row, is_shown) && !is_shown {
            commands.push(Command::ShowEntity(Some(row.name.to_owned())));
        }
    }
}

fn entity_row(ui: &mut Ui, row: &EntityRow<'_>, is_shown: bool) -> bool {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ENTITY_ROW), Sense::click());
    if is_shown || response.hovered() || response.has_focus() {
        let fill = if is_shown { palette.accent_tint } else { palette.raised };
        ui.painter().rect_filled(rect, 4.0, fill);
    }
    let worst = row.lane.and_then(|lane| lane.worst);
    if let Some(worst) = worst {
        paint_severity(ui.painter(), pos2(rect.left() + 11.0, rect.center().y), 4.0, worst, palette);
    }
    let n = row.lane.map_or(0, |lane| lane.n_anomalies);
    let small = TextStyle::Small.resolve(ui.style());
    let count = if n > 0 { fmt_count(n) } else { String::new() };
    let right = pos2(rect.right() - 6.0, rect.center().y);
    let count = ui.painter().text(right, Align2::RIGHT_CENTER, count, small, palette.weak);
    let name_rect = rect.with_min_x(rect.left() + 22.0).with_max_x(count.left() - GAP_S);
    let color = if n == 0 && row.lane.is_some() && !is_shown { palette.weak } else { palette.text };
    one_line(ui, name_rect, Align::Min, row.name, TextStyle::Body.resolve(ui.style()), color);
    let about = entity_about(row.name, n, worst);
    response.widget_info(|| WidgetInfo::selected(Role::ListItem, true, is_shown, &about));
    response.on_hover_text(about).clicked()
}

fn entity_about(name: &str, n_anomalies: usize, worst: Option<Severity>) -> String {
    match worst {
        Some(worst) => format!("{name}: {}, worst {}", fmt_counted(n_anomalies, "anomalous row"), worst.name()),
        None => format!("{name}: no anomalies"),
    }
}

fn columns(ui: &mut Ui, table: &Table, state: &mut State) {
    let names: Vec<&str> = table.feature_names().collect();
    ui.horizontal(|ui| {
        widgets::section_header(ui, &fmt_counted_title(names.len(), "Column", "Columns"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let small = |text: &str| RichText::new(text).small();
            if ui.link(small("none")).accessible_name("Show no columns").clicked() {
                state.columns.clear();
            }
            if ui.link(small("all")).accessible_name("Show all columns").clicked() {
                state.columns = names.iter().map(|&name| name.to_owned()).collect();
            }
        });
    });
    if names.len() > SEARCHABLE {
        search(ui, "column_search", &mut state.column_search, "Find a column");
    }
    let search = state.column_search.trim().to_lowercase();
    let shown: Vec<&str> = names.into_iter().filter(|name| name.to_lowercase().contains(&search)).collect();
    ui.spacing_mut().item_spacing.y = 2.0;
    ScrollArea::vertical().id_salt("columns").auto_shrink([false, false]).show_rows(
        ui,
        22.0,
        shown.len(),
        |ui, range| {
            for &name in shown.get(range).unwrap_or_default() {
                let mut is_on = state.columns.contains(name);
                let text = RichText::new(name).color(if is_on { Palette::of(ui).text } else { Palette::of(ui).weak });
                let width = ui.available_width();
                let response = ui.allocate_ui(vec2(width, 22.0), |ui| {
                    ui.set_width(width);
                    ui.style_mut().wrap_mode = Some(TextWrapMode::Truncate);
                    ui.checkbox(&mut is_on, text)
                });
                let response = response.inner.on_hover_text(name);
                if response.changed() {
                    if is_on {
                        state.columns.insert(name.to_owned());
                    } else {
                        state.columns.remove(name);
                    }
                }
            }
        },
    );
}

fn search(ui: &mut Ui, id: &str, text: &mut String, name: &str) {
    let edit = TextEdit::singleline(text)
        .id(Id::unique(("explore", id)))
        .hint_text(name)
        .desired_width(f32::INFINITY)
        .background_color(Palette::of(ui).raised);
    ui.add(edit).accessible_name(name);
    ui.add_space(GAP_S);
}

fn fmt_counted_title(n: usize, one: &str, many: &str) -> String {
    if n == 1 { one.to_owned() } else { format!("{} {many}", fmt_count(n)) }
}
