//! The bar at the top: name, menus, perspectives and the button that runs.

use eframe::egui::{
    self, Align, Button, Layout, MenuBar, Panel, RichText, Sense, Stroke, Ui,
    containers::menu::{MenuConfig, SubMenuButton, menu_style},
    vec2,
};

use super::files::Purpose;
use super::icons::{self, Icon};
use super::shell::Wishes;
use super::shortcuts;
use super::theme::{GAP, Palette};
use super::widgets::{inside, segmented};
use crate::app::command::{Question, Trigger};
use crate::app::settings::ThemeChoice;
use crate::app::{App, Command, Perspective, Screen, Source};
use crate::data::sample::Sample;

/// Height of the bar.
const HEIGHT: f32 = 46.0;
/// Width of menus.
const MENU_WIDTH: f32 = 230.0;

/// Draws the bar.
pub(super) fn show(ui: &mut Ui, app: &App, wishes: &mut Wishes) {
    let frame = egui::Frame::new().fill(Palette::of(ui).panel).inner_margin(egui::Margin::symmetric(12, 0));
    Panel::top("top_bar").exact_size(HEIGHT).frame(frame).show(ui, |ui| {
        let bar = ui.max_rect();
        ui.take_available_space();
        inside(ui, bar, Layout::left_to_right(Align::Center), |ui| {
            wordmark(ui);
            menus(ui, app, wishes);
        });
        inside(ui, bar, Layout::right_to_left(Align::Center), |ui| run_button(ui, app, wishes));
        if matches!(app.screen, Screen::Work) {
            perspectives(ui, bar, app, wishes);
        }
    });
}

fn wordmark(ui: &mut Ui) {
    let palette = Palette::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(36.0, 18.0), Sense::hover());
    icons::paint_eyes(ui.painter(), rect.center(), 16.0, palette.accent, palette.panel);
    ui.label(RichText::new("Tarsier").size(16.0));
    ui.add_space(GAP);
}

/// The perspectives, in the middle of the bar.
fn perspectives(ui: &mut Ui, bar: egui::Rect, app: &App, wishes: &mut Wishes) {
    let n_alerts = Some(app.queue.alerts.len()).filter(|&n| n > 0);
    let choices = Perspective::ALL.map(|p| (p, p.title(), n_alerts.filter(|_| p == Perspective::Triage)));
    // How wide they are is known from the frame before.
    let id = egui::Id::unique("perspectives_width");
    let width = ui.data(|data| data.get_temp::<f32>(id)).unwrap_or(230.0);
    let area = egui::Rect::from_center_size(bar.center(), vec2(width, 28.0));
    let (pressed, used) = inside(ui, area, Layout::left_to_right(Align::Center), |ui| {
        (segmented(ui, app.settings.perspective, &choices), ui.min_rect().width())
    });
    if (used - width).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(id, used));
        ui.ctx().request_repaint();
    }
    if let Some(perspective) = pressed {
        wishes.push(Command::Show(perspective));
    }
}

/// What the button at the right does now.
fn run_button(ui: &mut Ui, app: &App, wishes: &mut Wishes) {
    let palette = Palette::of(ui);
    if app.is_busy() {
        let text = RichText::new("Cancel").color(palette.error());
        if ui.add(Button::new(text).min_size(vec2(84.0, 28.0))).on_hover_text("Stop the work under way (Esc)").clicked()
        {
            wishes.push(Command::Cancel);
        }
        return;
    }
    if app.data.is_none() || !matches!(app.screen, Screen::Work) {
        return;
    }
    let is_missing = app.last_run.is_none();
    let (text, hint) = match (is_missing, app.is_result_stale()) {
        (true, _) => ("Run", "Run the recipe over the data"),
        (_, true) => ("Run again: settings changed", "The result on show was made with other settings"),
        _ => ("Run", "The result is up to date; running again gives the same"),
    };
    let is_wanted = is_missing || app.is_result_stale();
    let button = if is_wanted {
        let text = RichText::new(text).color(palette.on_accent);
        Button::new(text).fill(palette.accent).stroke(Stroke::NONE)
    } else {
        Button::new(RichText::new(text).color(palette.weak))
    };
    let hint = with_keys(hint, &Command::Run);
    if ui.add(button.min_size(vec2(84.0, 28.0))).on_hover_text(hint).clicked() {
        wishes.push(Command::Run);
    }
}

fn with_keys(hint: &str, command: &Command) -> String {
    shortcuts::of_command(command).map_or_else(|| hint.to_owned(), |keys| format!("{hint} ({keys})"))
}

fn menus(ui: &mut Ui, app: &App, wishes: &mut Wishes) {
    let config = MenuConfig::new().style(menu_look as fn(&mut egui::Style));
    MenuBar::new().config(config).ui(ui, |ui| {
        ui.spacing_mut().button_padding = vec2(8.0, 4.0);
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.menu_button("File", |ui| file_menu(ui, app, wishes));
        ui.menu_button("Edit", |ui| edit_menu(ui, app, wishes));
        ui.menu_button("View", |ui| view_menu(ui, app, wishes));
        ui.menu_button("Help", |ui| help_menu(ui, wishes));
    });
}

fn menu_look(style: &mut egui::Style) {
    menu_style(style);
    style.spacing.button_padding = vec2(8.0, 3.0);
    style.spacing.item_spacing.y = 2.0;
}

/// A line of a menu. Returns whether it was chosen.
fn entry(ui: &mut Ui, text: &str, keys: Option<String>, enabled: bool) -> bool {
    let button = Button::new(text).min_size(vec2(MENU_WIDTH, 0.0)).shortcut_text(keys.unwrap_or_default());
    ui.add_enabled(enabled, button).clicked()
}

/// A line of a menu that carries out a command.
fn command_entry(ui: &mut Ui, text: &str, command: Command, enabled: bool, wishes: &mut Wishes) {
    if entry(ui, text, shortcuts::of_command(&command), enabled) {
        wishes.push(command);
    }
}

/// A line of a menu that asks for a file.
fn file_entry(
    ui: &mut Ui,
    text: &str,
    trigger: Option<&Trigger>,
    purpose: Purpose,
    enabled: bool,
    wishes: &mut Wishes,
) {
    if entry(ui, text, trigger.and_then(shortcuts::of), enabled) {
        wishes.file = Some(purpose);
    }
}

fn file_menu(ui: &mut Ui, app: &App, wishes: &mut Wishes) {
    let has_result = app.findings.is_some() && !app.is_busy();
    file_entry(ui, "Open data…", Some(&Trigger::OpenDialog), Purpose::OpenData, true, wishes);
    if entry(ui, "Open data by path…", None, true) {
        wishes.path = Some(Purpose::OpenData);
    }
    sub_menu(ui, "Open recent", |ui| recent_menu(ui, app, wishes));
    sub_menu(ui, "Samples", |ui| {
        for sample in Sample::ALL {
            if entry(ui, sample.name(), None, true) {
                wishes.push(Command::OpenAndRun(Source::sample(sample)));
            }
        }
    });
    command_entry(ui, "Close data", Command::CloseData, app.data.is_some(), wishes);
    ui.separator();
    file_entry(ui, "Open recipe…", None, Purpose::OpenRecipe, true, wishes);
    command_entry(ui, "Save recipe", Command::SaveRecipe, true, wishes);
    file_entry(ui, "Save recipe as…", Some(&Trigger::SaveAsDialog), Purpose::SaveRecipe, true, wishes);
    ui.separator();
    file_entry(ui, "Export scores…", None, Purpose::ExportScores, has_result, wishes);
    file_entry(ui, "Export report…", None, Purpose::ExportReport, has_result, wishes);
    ui.separator();
    command_entry(ui, "Quit", Command::Quit, true, wishes);
}

fn sub_menu(ui: &mut Ui, text: &str, add: impl FnOnce(&mut Ui)) {
    let config = MenuConfig::new().style(menu_look as fn(&mut egui::Style));
    let button = Button::new(text).min_size(vec2(MENU_WIDTH, 0.0)).right_text(SubMenuButton::arrow_atom(None));
    SubMenuButton::from_button(button).config(config).ui(ui, add);
}

fn recent_menu(ui: &mut Ui, app: &App, wishes: &mut Wishes) {
    if app.settings.recent.is_empty() {
        entry(ui, "No files yet", None, false);
    }
    for path in &app.settings.recent {
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let button = Button::new(name).min_size(vec2(MENU_WIDTH, 0.0)).truncate();
        // Drawn only while the menu is open, and a handful at most: asking the disk is quick enough here.
        let response = ui.add_enabled(path.exists(), button);
        if response.on_hover_text(path.display().to_string()).on_disabled_hover_text("Not found any more").clicked() {
            wishes.push(Command::Preview(Source::Files(vec![path.clone()])));
        }
    }
}

fn edit_menu(ui: &mut Ui, app: &App, wishes: &mut Wishes) {
    let is_recipe = app.settings.perspective == Perspective::Tune;
    let undo = match app.recipe.undo_label() {
        Some(label) if is_recipe => format!("Undo: {label}"),
        _ if is_recipe => "Undo in the recipe".to_owned(),
        _ => "Undo in the alerts".to_owned(),
    };
    let redo = if is_recipe { "Redo in the recipe" } else { "Redo in the alerts" };
    command_entry(ui, &undo, Command::Undo, true, wishes);
    command_entry(ui, redo, Command::Redo, true, wishes);
}

fn view_menu(ui: &mut Ui, app: &App, wishes: &mut Wishes) {
    let has_data = app.data.is_some();
    for perspective in Perspective::ALL {
        command_entry(ui, perspective.title(), Command::Show(perspective), has_data, wishes);
    }
    ui.separator();
    let themes = [
        (ThemeChoice::System, "Theme of the desktop"),
        (ThemeChoice::Dark, "Dark theme"),
        (ThemeChoice::Light, "Light theme"),
    ];
    for (theme, text) in themes {
        let button = Button::new(text).min_size(vec2(MENU_WIDTH, 0.0)).selected(app.settings.theme == theme);
        if ui.add(button).clicked() {
            wishes.push(Command::Theme(theme));
        }
    }
    ui.separator();
    let keys = |shortcut| Some(ui.ctx().format_shortcut(&shortcut));
    let (larger, smaller, normal) = (
        keys(egui::gui_zoom::kb_shortcuts::ZOOM_IN),
        keys(egui::gui_zoom::kb_shortcuts::ZOOM_OUT),
        keys(egui::gui_zoom::kb_shortcuts::ZOOM_RESET),
    );
    if entry(ui, "Zoom in", larger, true) {
        egui::gui_zoom::zoom_in(ui.ctx());
    }
    if entry(ui, "Zoom out", smaller, true) {
        egui::gui_zoom::zoom_out(ui.ctx());
    }
    if entry(ui, "Normal size", normal, true) {
        ui.ctx().set_zoom_factor(1.0);
    }
}

fn help_menu(ui: &mut Ui, wishes: &mut Wishes) {
    command_entry(ui, "Shortcuts", Command::Ask(Question::Shortcuts), true, wishes);
    command_entry(ui, "About Tarsier", Command::Ask(Question::About), true, wishes);
}

/// The icon for work that can be stopped, in lists of jobs.
pub(super) fn stop_button(ui: &mut Ui) -> bool {
    icons::button(ui, Icon::Stop, "Cancel the work under way").clicked()
}
