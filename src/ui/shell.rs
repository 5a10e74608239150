//! The frame of the window: which panels are where, what the keys do, and when the window may close.

use std::path::PathBuf;
use std::time::Duration;

use eframe::egui::{self, CentralPanel, Context, Frame, Id, LayerId, Order, Ui, ViewportCommand};

use super::files::{self, Files, Purpose};
use super::shortcuts::Shortcuts;
use super::theme::{self, Palette};
use super::{dialogs, explore, import, messages, start, status_bar, top_bar, triage, tune, widgets};
use crate::app::command::Trigger;
use crate::app::settings::ThemeChoice;
use crate::app::{App, Command, Perspective, Screen};

/// How often the window is drawn while work is under way.
const BUSY_REPAINT: Duration = Duration::from_millis(100);

/// The same while only explanations are, which tell when they are there.
const BACKGROUND_REPAINT: Duration = Duration::from_millis(400);

/// What panels want: commands for the program, and file dialogs.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    /// For the program.
    pub(super) commands: Vec<Command>,
    /// A file to ask for.
    pub(super) file: Option<Purpose>,
    /// A path to type, without the system's dialog.
    pub(super) path: Option<Purpose>,
}

impl Wishes {
    /// Wants a command carried out.
    pub(super) fn push(&mut self, command: Command) {
        self.commands.push(command);
    }
}

/// The window: the program's state and what the panels remember.
pub struct Shell {
    app: App,
    files: Files,
    shortcuts: Shortcuts,
    start: start::State,
    explore: explore::State,
    triage: triage::State,
    tune: tune::State,
    messages: messages::State,
    status: status_bar::State,
    dialogs: dialogs::State,
    title: String,
    theme: Option<ThemeChoice>,
}

impl Shell {
    /// A window onto the program, in its look.
    pub fn new(app: App, ctx: &Context) -> Self {
        theme::install(ctx);
        ctx.set_zoom_factor(app.settings.zoom);
        Self {
            app,
            files: Files::default(),
            shortcuts: Shortcuts::default(),
            start: start::State::default(),
            explore: explore::State::default(),
            triage: triage::State::default(),
            tune: tune::State::default(),
            messages: messages::State::default(),
            status: status_bar::State::default(),
            dialogs: dialogs::State::default(),
            title: String::new(),
            theme: None,
        }
    }

    /// The program.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The program, to be told what to do.
    pub fn app_mut(&mut self) -> &mut App {
        &mut self.app
    }

    /// Draws one frame and carries out what the user did in it.
    pub fn frame(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        self.app.poll();
        let mut wishes = Wishes::default();
        wishes.commands.extend(self.files.poll(&mut self.app));
        self.read_keys(&ctx, &mut wishes);
        self.read_dropped_files(&ctx, &mut wishes);
        self.carry_out(&ctx, std::mem::take(&mut wishes));
        self.apply_look(&ctx);

        self.show_panels(ui, &mut wishes);
        dialogs::show(&ctx, &mut self.app, &mut self.dialogs, &mut wishes);
        wishes.commands.extend(self.files.show(&ctx));
        show_drop_hint(&ctx, &self.app);
        self.carry_out(&ctx, wishes);

        self.close_if_wanted(&ctx);
        self.shortcuts.remember(&ctx);
        if self.app.is_busy() || self.app.is_recombining() {
            ctx.request_repaint_after(BUSY_REPAINT);
        } else if self.app.explaining.is_busy() {
            ctx.request_repaint_after(BACKGROUND_REPAINT);
        }
    }

    fn read_keys(&mut self, ctx: &Context, wishes: &mut Wishes) {
        let is_modal = self.app.dialog.is_some() || self.files.is_open();
        for trigger in self.shortcuts.read(ctx, &self.app, is_modal) {
            match trigger {
                Trigger::Do(Command::Cancel) if self.files.is_open() => self.files.dismiss(),
                Trigger::Do(command) => wishes.push(command),
                Trigger::OpenDialog => wishes.file = Some(Purpose::OpenData),
                Trigger::SaveAsDialog => wishes.file = Some(Purpose::SaveRecipe),
                Trigger::FocusSearch => ctx.memory_mut(|memory| memory.request_focus(widgets::alert_search_id())),
            }
        }
    }

    fn read_dropped_files(&self, ctx: &Context, wishes: &mut Wishes) {
        let paths = |input: &egui::InputState| -> Vec<PathBuf> {
            input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect()
        };
        wishes.commands.extend(files::dropped(ctx.input(paths)));
    }

    fn carry_out(&mut self, ctx: &Context, wishes: Wishes) {
        for command in wishes.commands {
            match command {
                // A recipe that has no file yet needs a name first.
                Command::SaveRecipe if self.app.recipe.path.is_none() => {
                    self.files.ask(Purpose::SaveRecipe, ctx, &mut self.app);
                }
                command => self.app.handle(command),
            }
            ctx.request_repaint();
        }
        if let Some(purpose) = wishes.file {
            self.files.ask(purpose, ctx, &mut self.app);
        }
        if let Some(purpose) = wishes.path {
            self.files.ask_for_path(purpose);
            ctx.request_repaint();
        }
    }

    /// Theme, zoom and title, where they have changed.
    fn apply_look(&mut self, ctx: &Context) {
        if self.theme != Some(self.app.settings.theme) {
            theme::choose(ctx, self.app.settings.theme);
            self.theme = Some(self.app.settings.theme);
        }
        let zoom = ctx.zoom_factor();
        if !(0.5..=3.0).contains(&zoom) {
            ctx.set_zoom_factor(zoom.clamp(0.5, 3.0));
        }
        self.app.settings.zoom = zoom.clamp(0.5, 3.0);
        let title = window_title(&self.app);
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    fn show_panels(&mut self, ui: &mut Ui, wishes: &mut Wishes) {
        let app = &mut self.app;
        top_bar::show(ui, app, wishes);
        status_bar::show(ui, app, &mut self.status, wishes);
        messages::show_banner(ui, app, &mut self.messages);
        let ground = Frame::new().fill(Palette::of(ui).base);
        CentralPanel::no_frame().frame(ground).show(ui, |ui| match (&app.screen, app.settings.perspective) {
            (Screen::Start, _) => start::show(ui, app, &mut self.start, wishes),
            (Screen::Import(_), _) => import::show(ui, app, wishes),
            (Screen::Work, Perspective::Explore) => explore::show(ui, app, &mut self.explore, &mut wishes.commands),
            (Screen::Work, Perspective::Triage) => triage::show(ui, app, &mut self.triage, &mut wishes.commands),
            (Screen::Work, Perspective::Tune) => tune::show(ui, app, &mut self.tune, wishes),
        });
    }

    /// The window closes when the program says so; until then a wish to close it is a command like any other.
    fn close_if_wanted(&mut self, ctx: &Context) {
        if ctx.input(|input| input.viewport().close_requested()) && !self.app.should_quit {
            self.app.handle(Command::Quit);
            if !self.app.should_quit {
                ctx.send_viewport_cmd(ViewportCommand::CancelClose);
                ctx.request_repaint();
            }
        } else if self.app.should_quit {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }
}

impl eframe::App for Shell {
    fn logic(&mut self, _ctx: &Context, _frame: &mut eframe::Frame) {
        self.app.poll();
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.frame(ui);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.app.save_settings();
    }
}

/// Name of the data, a dot where the recipe has changes that no file holds, and the program.
fn window_title(app: &App) -> String {
    let Some(loaded) = &app.data else { return "Tarsier".to_owned() };
    let mark = if app.recipe.is_unsaved() { " •" } else { "" };
    format!("{}{mark} – Tarsier", loaded.table.name)
}

/// While files hover over a window with data, says what dropping them will do. The start screen has a place for it.
fn show_drop_hint(ctx: &Context, app: &App) {
    if matches!(app.screen, Screen::Start) || ctx.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let dark = ctx.global_style().visuals.dark_mode;
    let palette = if dark { Palette::dark() } else { Palette::light() };
    let painter = ctx.layer_painter(LayerId::new(Order::Foreground, Id::unique("drop_hint")));
    let area = ctx.content_rect();
    painter.rect_filled(area, 0.0, palette.base.gamma_multiply(0.85));
    let font = egui::FontId::proportional(20.0);
    painter.text(area.center(), egui::Align2::CENTER_CENTER, "Drop to look into the file", font, palette.text);
}
