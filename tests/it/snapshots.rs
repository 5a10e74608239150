//! Pixels of the window against pictures in `tests/snapshots`. Renders through Vulkan, for which a software driver is
//! enough. After a wanted change: `UPDATE_SNAPSHOTS=1 cargo test --features snapshots snapshots`, and look at them.

use eframe::egui::{Rect, pos2};
use egui_kittest::SnapshotOptions;
use tarsier::app::settings::ThemeChoice;
use tarsier::app::{Command, Perspective, Settings, Source};
use tarsier::data::sample::Sample;

use crate::window::Window;

const SIZE: (f32, f32) = (1280.0, 800.0);
/// The status bar shows memory and times, which differ from run to run.
const STATUS_BAR: f32 = 40.0;

/// Compares all but the status bar. Drivers round differently: a few pixels may differ.
fn compare(window: &mut Window, name: &str) {
    window.settle();
    let (width, height) = SIZE;
    window.harness.mask(Rect::from_min_max(pos2(0.0, height - STATUS_BAR), pos2(width, height)));
    let options = SnapshotOptions::new().threshold(1.0).output_path("tests/snapshots");
    let options = options.max_failed_pixels(200);
    window.harness.snapshot_options(name, &options);
}

fn with_result(theme: ThemeChoice, perspective: Perspective) -> Window {
    let settings = Settings { theme, perspective, ..Settings::default() };
    let mut window = Window::with_settings(SIZE.0, SIZE.1, settings);
    let source = Source::Sample { sample: Sample::Servers, rows: 1500, seed: 5 };
    window.tell(Command::EditRecipe { recipe: Box::new(crate::window::quick()), label: "test".to_owned() });
    window.tell(Command::OpenAndRun(source));
    window.wait_until("the alerts are listed", |app| !app.is_busy() && !app.queue.alerts.is_empty());
    window.wait_until("they are explained", |app| {
        !app.explaining.is_busy() && app.queue.alerts.iter().all(|alert| alert.sentence.contains(" of the score"))
    });
    window
}

#[test]
fn start_screen() {
    let mut window = Window::open(SIZE.0, SIZE.1);
    compare(&mut window, "start");
}

#[test]
fn explore_dark() {
    compare(&mut with_result(ThemeChoice::Dark, Perspective::Explore), "explore-dark");
}

#[test]
fn explore_light() {
    compare(&mut with_result(ThemeChoice::Light, Perspective::Explore), "explore-light");
}

#[test]
fn triage_queue() {
    compare(&mut with_result(ThemeChoice::Dark, Perspective::Triage), "triage");
}
