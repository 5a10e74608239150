//! The bar at the bottom: what is open, what is being done, what it runs on, and the last message.

use std::time::{Duration, Instant};

use eframe::egui::{
    self, Align, Button, Frame, Label, Layout, Margin, Panel, Popup, PopupCloseBehavior, RichText, Ui, vec2,
};

use super::format;
use super::icons;
use super::shell::Wishes;
use super::theme::{GAP, GAP_L, Palette};
use super::top_bar::stop_button;
use super::{messages, quality, widgets};
use crate::app::format::fmt_counted;
use crate::app::{App, Command, Screen};
use crate::engine::{JobProgress, MemoryUse, memory_use};
use crate::recipe::ComputeDevice;

/// How often memory is read. Reading takes the system a moment, and nobody reads faster.
const MEMORY_EVERY: Duration = Duration::from_secs(2);

/// What the bar remembers between frames.
#[derive(Debug, Default)]
pub(super) struct State {
    memory: Option<(Instant, MemoryUse)>,
}

impl State {
    fn memory(&mut self) -> MemoryUse {
        match self.memory {
            Some((at, reading)) if at.elapsed() < MEMORY_EVERY => reading,
            _ => {
                let reading = memory_use();
                self.memory = Some((Instant::now(), reading));
                reading
            }
        }
    }
}

/// Draws the bar.
pub(super) fn show(ui: &mut Ui, app: &mut App, state: &mut State, wishes: &mut Wishes) {
    let frame = Frame::new().fill(Palette::of(ui).panel).inner_margin(Margin::symmetric(12, 0));
    Panel::bottom("status_bar").exact_size(30.0).frame(frame).show(ui, |ui| {
        let color = Palette::of(ui).weak;
        ui.visuals_mut().override_text_color = Some(color);
        ui.style_mut().override_text_style = Some(egui::TextStyle::Small);
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = GAP_L;
            data_facts(ui, app);
            let job = app.job_progress();
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = GAP_L;
                machine_facts(ui, app, state);
                match (&job, app.explaining.alerts_progress()) {
                    (Some((title, progress)), _) => {
                        ui.spacing_mut().item_spacing.x = GAP;
                        if stop_button(ui) {
                            wishes.push(Command::Cancel);
                        }
                        job_facts(ui, title, progress);
                    }
                    (None, Some(progress)) => job_facts(ui, "Explaining alerts", progress),
                    (None, None) => last_message(ui, app),
                }
            });
        });
    });
}

/// Rows, columns, features and alerts of the data that is open.
fn data_facts(ui: &mut Ui, app: &App) {
    let Some(loaded) = app.data.as_ref().filter(|_| matches!(app.screen, Screen::Work)) else { return };
    let table = &loaded.table;
    ui.add(Label::new(&table.name).truncate());
    ui.label(format!("{} × {}", fmt_counted(table.n_rows(), "row"), fmt_counted(table.columns.len(), "column")));
    if let Some(findings) = &app.findings {
        let n = findings.snapshot.prepared.matrix.n_features();
        ui.label(fmt_counted(n, "feature"));
    }
    quality_button(ui, app);
}

fn quality_button(ui: &mut Ui, app: &App) {
    let Some(loaded) = &app.data else { return };
    let issues = quality::issues(&loaded.table);
    let palette = Palette::of(ui);
    let text = match issues.len() {
        0 => "Data: no remarks".to_owned(),
        n => format!("Data: {}", fmt_counted(n, "remark")),
    };
    let is_warned = issues.iter().any(|issue| issue.tone == widgets::Tone::Warning);
    let color = if is_warned { palette.warning() } else { palette.weak };
    let button = ui.add(Button::new(RichText::new(text).color(color)).frame_when_inactive(false));
    let button = button.on_hover_text("Data quality: what was found while reading");
    Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        popover(ui, |ui| quality::show(ui, &loaded.table));
    });
}

/// Device and memory. Drawn from the right.
fn machine_facts(ui: &mut Ui, app: &App, state: &mut State) {
    let memory = state.memory();
    let text = format!("{} of {}", format::bytes(memory.process_bytes), format::bytes(memory.total_bytes));
    ui.label(text).on_hover_text("Memory of this program, of the machine's");
    let device = app.findings.as_ref().map_or_else(|| wanted_device(app), |f| f.snapshot.device.clone());
    ui.label(device.to_uppercase()).on_hover_text("Where dense arithmetic runs");
}

fn wanted_device(app: &App) -> String {
    match app.recipe.current.compute.device {
        ComputeDevice::Auto => "auto".to_owned(),
        ComputeDevice::Cpu => "cpu".to_owned(),
        ComputeDevice::Cuda(card) => format!("cuda:{card}"),
        ComputeDevice::Metal => "metal".to_owned(),
    }
}

/// The job under way. Drawn from the right.
fn job_facts(ui: &mut Ui, title: &str, progress: &JobProgress) {
    ui.spacing_mut().item_spacing.x = GAP;
    let left = progress.left.map(|left| format!("{} left", format::clock(left)));
    let rate = (progress.rate > 0.0 && progress.fraction.is_some()).then(|| format::rate(progress.rate));
    let elapsed = Some(format!("{} so far", format::clock(progress.elapsed)));
    let facts: Vec<String> = [rate, left, elapsed].into_iter().flatten().collect();
    ui.label(facts.join(" · "));
    let stage = if progress.stage.is_empty() { title } else { &progress.stage };
    widgets::progress(ui, vec2(120.0, 5.0), progress.fraction, stage);
    let color = Palette::of(ui).text;
    ui.add(Label::new(RichText::new(stage).color(color)).truncate());
}

/// The last message; a click shows all of them. Drawn from the right.
fn last_message(ui: &mut Ui, app: &App) {
    let Some(message) = app.messages.last() else { return };
    let (icon, color, name) = messages::tone(message.kind).look(Palette::of(ui));
    let first_line = message.text.lines().next().unwrap_or_default();
    ui.spacing_mut().item_spacing.x = 6.0;
    let width = (ui.available_width() - 24.0).max(40.0);
    let text = RichText::new(first_line).color(color);
    ui.scope(|ui| {
        ui.set_max_width(width);
        let button = ui.add(Button::new(text).frame_when_inactive(false).truncate());
        let button = button.on_hover_text("Show all messages");
        Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
            popover(ui, |ui| messages::show_log(ui, app));
        });
    });
    icons::show(ui, icon, color, name);
}

/// What opens from the bar: with the margin and the type of a panel.
fn popover(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ui.reset_style();
    Frame::new().inner_margin(Margin::same(10)).show(ui, add);
}
