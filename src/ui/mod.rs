//! The window: draws what [`App`](crate::app::App) holds and sends it commands. Computes nothing.

mod bars;
mod dialogs;
mod explain;
mod explore;
mod files;
mod format;
mod icons;
mod import;
mod messages;
mod plot;
mod quality;
mod shell;
mod shortcuts;
mod start;
mod status_bar;
mod text;
mod theme;
mod top_bar;
mod triage;
mod tune;
mod widgets;

use std::sync::Arc;

use eframe::egui::{IconData, ViewportBuilder};
use eframe::{NativeOptions, Renderer};

use crate::app::settings::default_settings_file;
use crate::app::{App, Command, Source};
pub use shell::Shell;

/// Size of the window's picture, in pixels.
const ICON_SIZE: usize = 64;

/// Why the window could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("no window can be opened: {0}")]
pub struct WindowError(String);

/// Opens the window and stays until it is closed. Files to open are shown for a look before they are read; a sample is
/// run at once.
///
/// # Errors
/// Where there is no display, or it cannot draw.
pub fn open(source: Option<Source>) -> Result<(), WindowError> {
    if !has_display() {
        return Err(WindowError("neither WAYLAND_DISPLAY nor DISPLAY is set".to_owned()));
    }
    let icon = icons::window_icon(ICON_SIZE);
    let icon = IconData { rgba: icon.as_raw().to_vec(), width: ICON_SIZE as u32, height: ICON_SIZE as u32 };
    let viewport = ViewportBuilder::default()
        .with_title("Tarsier")
        .with_app_id("tarsier")
        .with_icon(icon)
        .with_inner_size([1360.0, 860.0])
        .with_min_inner_size([900.0, 560.0])
        .with_drag_and_drop(true);
    let options = NativeOptions { viewport, renderer: Renderer::Glow, centered: true, ..NativeOptions::default() };
    let create: eframe::AppCreator<'_> = Box::new(|context| {
        let ctx = context.egui_ctx.clone();
        let repaint = ctx.clone();
        let mut app = App::new(default_settings_file(), Arc::new(move || repaint.request_repaint()));
        match source {
            Some(Source::Files(files)) => app.handle(Command::Preview(Source::Files(files))),
            Some(sample) => app.handle(Command::OpenAndRun(sample)),
            None => {}
        }
        Ok(Box::new(Shell::new(app, &ctx)))
    });
    eframe::run_native("tarsier", options, create).map_err(|error| WindowError(error.to_string()))
}

/// Whether there can be a display at all. Asked before the window library is, whose own words are for programmers.
fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(all(unix, not(target_os = "macos")))
        || ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"].into_iter().any(is_set)
}
