//! The start screen: a place to drop files, built-in samples, and the files opened before.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use eframe::egui::{
    self, Align, Button, Color32, Context, Label, Layout, Rect, RichText, ScrollArea, Sense, Shape, Stroke, Ui,
    UiBuilder, WidgetInfo, accesskit::Role, vec2,
};

use super::files::Purpose;
use super::format;
use super::icons::{self, Icon};
use super::shell::Wishes;
use super::theme::{GAP, GAP_L, GAP_S, Palette};
use super::widgets::{card, inside, primary_button, section_header, weak_truncated};
use crate::app::format::fmt_counted;
use crate::app::{App, Command, Source};
use crate::data::sample::Sample;

/// Widest the content gets.
const MAX_WIDTH: f32 = 920.0;
/// Height of a sample's card.
const CARD_HEIGHT: f32 = 124.0;

/// What is known about the recent files: asked of the disk on a thread, because a disk may be far away.
#[derive(Debug, Default)]
pub(super) struct State {
    asked: Vec<PathBuf>,
    sizes: Vec<Option<u64>>,
    answer: Option<Receiver<Vec<Option<u64>>>>,
}

impl State {
    /// Size of a recent file: `None` while it is not known, `Some(None)` where the file is gone.
    fn size_of(&self, path: &Path) -> Option<Option<u64>> {
        let at = self.asked.iter().position(|asked| asked == path)?;
        self.sizes.get(at).copied()
    }

    /// Asks again when the list has changed.
    fn refresh(&mut self, recent: &[PathBuf], ctx: &Context) {
        if let Some(sizes) = self.answer.as_ref().and_then(|answer| answer.try_recv().ok()) {
            self.sizes = sizes;
            self.answer = None;
        }
        if self.asked == recent {
            return;
        }
        self.asked = recent.to_vec();
        self.sizes.clear();
        let (sender, answer) = channel();
        let (paths, repaint) = (self.asked.clone(), ctx.clone());
        let look = move || {
            let size = |path: &PathBuf| std::fs::metadata(path).ok().map(|m| m.len());
            // Nobody listens any more when the screen has changed.
            let _ = sender.send(paths.iter().map(size).collect());
            repaint.request_repaint();
        };
        // Without a thread the files simply stay unknown, and can be opened all the same.
        let _ = std::thread::Builder::new().name("recent files".to_owned()).spawn(look);
        self.answer = Some(answer);
    }
}

/// Draws the screen.
pub(super) fn show(ui: &mut Ui, app: &App, state: &mut State, wishes: &mut Wishes) {
    state.refresh(&app.settings.recent, ui.ctx());
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let width = (ui.available_width() - 2.0 * 32.0).min(MAX_WIDTH);
        let left = (ui.available_width() - width) / 2.0;
        let area = ui.available_rect_before_wrap();
        let area = Rect::from_min_size(area.min + vec2(left, 0.0), vec2(width, area.height()));
        let column = ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
            ui.add_space((ui.available_height() * 0.08).clamp(16.0, 90.0));
            title(ui);
            ui.add_space(GAP_L);
            drop_zone(ui, wishes);
            ui.add_space(GAP_L);
            if app.settings.recent.is_empty() {
                what_happens(ui);
                ui.add_space(GAP);
                samples(ui, 2, wishes);
            } else {
                ui.spacing_mut().item_spacing.x = GAP_L;
                ui.columns_const(|[left, right]| {
                    left.spacing_mut().item_spacing.x = GAP;
                    right.spacing_mut().item_spacing.x = GAP;
                    recent(left, app, state, wishes);
                    samples(right, 1, wishes);
                    right.add_space(GAP);
                    what_happens(right);
                });
            }
            ui.add_space(GAP_L);
        });
        ui.expand_to_include_rect(column.response.rect);
    });
}

fn title(ui: &mut Ui) {
    let weak = Palette::of(ui).weak;
    ui.label(RichText::new("What is odd in your data?").size(24.0));
    let text = "Open a table of measurements, logs or transactions. Nothing leaves this machine.";
    ui.label(RichText::new(text).color(weak));
}

/// The place to drop files on, with the button for those who would rather choose.
fn drop_zone(ui: &mut Ui, wishes: &mut Wishes) {
    let palette = Palette::of(ui);
    let is_hovered = ui.input(|input| !input.raw.hovered_files.is_empty());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 118.0), Sense::click());
    let (fill, line) = match (is_hovered, response.hovered()) {
        (true, _) => (palette.accent_tint, palette.accent),
        (false, true) => (palette.panel, palette.weak),
        (false, false) => (palette.panel, palette.line),
    };
    ui.painter().rect_filled(rect, 10.0, fill);
    dashed_frame(ui, rect.shrink(1.0), line);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Drop files here, or click to choose"));
    if response.clicked() {
        wishes.file = Some(Purpose::OpenData);
    }
    inside(ui, rect.shrink2(vec2(20.0, 0.0)), Layout::left_to_right(Align::Center), |ui| {
        let (icon, _) = ui.allocate_exact_size(vec2(56.0, 40.0), Sense::hover());
        let color = if is_hovered { palette.accent } else { palette.weak };
        icons::paint(ui.painter(), icon.center(), 34.0, Icon::Load, color);
        ui.vertical(|ui| {
            ui.add_space((rect.height() - 42.0) / 2.0);
            ui.spacing_mut().item_spacing.y = GAP_S;
            let text = if is_hovered { "Drop to look into the file" } else { "Drop a file here" };
            ui.label(RichText::new(text).size(16.0));
            ui.label(RichText::new("CSV, TSV, Parquet, JSON Lines, Avro").color(palette.weak));
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if primary_button(ui, "Open data…").clicked() {
                wishes.file = Some(Purpose::OpenData);
            }
        });
    });
}

fn dashed_frame(ui: &Ui, rect: Rect, color: Color32) {
    let r = 9.0;
    let corner = |center: egui::Pos2, from: f32| {
        (0..=6).map(move |i| {
            let angle = (from + f64::from(i) as f32 * 15.0).to_radians();
            center + r * vec2(angle.cos(), angle.sin())
        })
    };
    let inner = rect.shrink(r);
    let mut path: Vec<egui::Pos2> = corner(inner.left_top(), 180.0)
        .chain(corner(inner.right_top(), 270.0))
        .chain(corner(inner.right_bottom(), 0.0))
        .chain(corner(inner.left_bottom(), 90.0))
        .collect();
    path.extend(path.first().copied());
    ui.painter().extend(Shape::dashed_line(&path, Stroke::new(1.2, color), 6.0, 5.0));
}

fn what_happens(ui: &mut Ui) {
    section_header(ui, "What happens next");
    let lines = [
        "You see how the file was understood, and can put it right.",
        "Four detectors look for unusual rows; you watch and can stop them.",
        "What they find is grouped into alerts, with the reasons.",
    ];
    let palette = Palette::of(ui);
    for (i, line) in lines.iter().enumerate() {
        ui.horizontal_top(|ui| {
            ui.label(RichText::new(format!("{}", i + 1)).color(palette.accent));
            ui.add(Label::new(*line).wrap());
        });
    }
}

fn samples(ui: &mut Ui, n_columns: usize, wishes: &mut Wishes) {
    section_header(ui, "Try it with sample data");
    let width = (ui.available_width() - GAP * (n_columns - 1) as f32) / n_columns as f32;
    for row in Sample::ALL.chunks(n_columns) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = GAP;
            for &sample in row {
                sample_card(ui, width, sample, wishes);
            }
        });
    }
}

fn sample_card(ui: &mut Ui, width: f32, sample: Sample, wishes: &mut Wishes) {
    let (rect, response) = ui.allocate_exact_size(vec2(width, CARD_HEIGHT), Sense::click());
    let palette = Palette::of(ui);
    let is_lit = response.hovered() || response.has_focus();
    let line = if is_lit { palette.accent } else { palette.line };
    let fill = if is_lit { palette.raised } else { palette.panel };
    ui.painter().rect(rect, 8.0, fill, Stroke::new(1.0, line), egui::StrokeKind::Inside);
    let name = format!("Open sample: {}", sample.name());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    inside(ui, rect.shrink(12.0), Layout::top_down(Align::Min), |ui| {
        ui.spacing_mut().item_spacing.y = GAP_S;
        ui.horizontal(|ui| {
            ui.label(RichText::new(capitalised(sample.name())).size(15.0));
            let facts = format!("synthetic · {}", fmt_counted(sample.default_rows(), "row"));
            ui.label(RichText::new(facts).small().color(palette.weak));
        });
        ui.add(Label::new(RichText::new(sample.description()).size(12.5).color(palette.weak)).wrap());
    });
    if response.clicked() {
        wishes.push(Command::OpenAndRun(Source::sample(sample)));
    }
}

fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn recent(ui: &mut Ui, app: &App, state: &State, wishes: &mut Wishes) {
    section_header(ui, "Recent files");
    card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for path in &app.settings.recent {
            recent_line(ui, path, state.size_of(path), wishes);
        }
    });
}

fn recent_line(ui: &mut Ui, path: &Path, size: Option<Option<u64>>, wishes: &mut Wishes) {
    let palette = Palette::of(ui);
    let is_gone = size == Some(None);
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    ui.horizontal(|ui| {
        let width = ui.available_width();
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icons::button(ui, Icon::Close, &format!("Remove {name} from the list")).clicked() {
                wishes.push(Command::ForgetRecent(path.to_owned()));
            }
            let fact = match size {
                Some(Some(bytes)) => format::bytes(bytes),
                Some(None) => "not found".to_owned(),
                None => String::new(),
            };
            ui.label(RichText::new(fact).small().color(palette.weak));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.set_max_width(width - 110.0);
                let hint = path.display().to_string();
                if is_gone {
                    ui.add_space(ui.spacing().button_padding.x);
                    weak_truncated(ui, &name).on_hover_text(hint);
                    return;
                }
                let button = ui.add(Button::new(&name).frame_when_inactive(false).truncate());
                if button.on_hover_text(hint).clicked() {
                    wishes.push(Command::Preview(Source::Files(vec![path.to_owned()])));
                }
            });
        });
    });
}
