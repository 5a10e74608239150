//! File dialogs: the system's own, on a thread of their own, or a path typed where the system has none.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use eframe::egui::{Context, Id, Key, Modal, RichText, TextEdit};

use super::theme::{GAP, GAP_S, Palette};
use super::widgets::{dialog_frame, primary_button};
use crate::app::{App, Command, MessageKind, Source};

/// An answer sooner than this cannot come from a person: the system has no dialog to show.
const FASTEST_PERSON: Duration = Duration::from_millis(350);

/// What a file is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Data to look at; several files of the same columns may be chosen.
    OpenData,
    /// A recipe to use.
    OpenRecipe,
    /// Where to write the recipe.
    SaveRecipe,
    /// Where to write the scores.
    ExportScores,
    /// Where to write the report.
    ExportReport,
}

/// Data files the program reads.
const DATA: &[&str] = &["csv", "tsv", "txt", "parquet", "json", "jsonl", "ndjson", "avro"];

impl Purpose {
    fn title(self) -> &'static str {
        match self {
            Self::OpenData => "Open data",
            Self::OpenRecipe => "Open recipe",
            Self::SaveRecipe => "Save recipe as",
            Self::ExportScores => "Export scores",
            Self::ExportReport => "Export report",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::OpenData => "Path of a CSV, TSV, Parquet, JSON Lines or Avro file",
            Self::OpenRecipe => "Path of a recipe file (.ron)",
            Self::SaveRecipe => "Path of the file to write (.ron)",
            Self::ExportScores => "Path of the file to write (.csv or .parquet)",
            Self::ExportReport => "Path of the file to write (.html)",
        }
    }

    /// Name and extensions of the files it is about.
    fn filters(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::OpenData => &[("Data", DATA), ("All files", &["*"])],
            Self::OpenRecipe | Self::SaveRecipe => &[("Recipe", &["ron"])],
            Self::ExportScores => &[("CSV", &["csv"]), ("Parquet", &["parquet"])],
            Self::ExportReport => &[("Web page", &["html"])],
        }
    }

    /// What to call a file that is written.
    fn file_name(self) -> Option<&'static str> {
        match self {
            Self::OpenData | Self::OpenRecipe => None,
            Self::SaveRecipe => Some("recipe.ron"),
            Self::ExportScores => Some("scores.csv"),
            Self::ExportReport => Some("report.html"),
        }
    }

    /// The command that does it with these files.
    fn command(self, mut paths: Vec<PathBuf>) -> Option<Command> {
        if self == Self::OpenData {
            return (!paths.is_empty()).then_some(Command::Preview(Source::Files(paths)));
        }
        let path = paths.pop()?;
        Some(match self {
            Self::OpenData => Command::Preview(Source::Files(vec![path])),
            Self::OpenRecipe => Command::OpenRecipe(path),
            Self::SaveRecipe => Command::SaveRecipeAs(self.with_extension(path)),
            Self::ExportScores => Command::ExportScores(self.with_extension(path)),
            Self::ExportReport => Command::ExportReport(self.with_extension(path)),
        })
    }

    /// A file without an extension gets the usual one.
    fn with_extension(self, path: PathBuf) -> PathBuf {
        let usual = self.filters().first().and_then(|(_, extensions)| extensions.first());
        match (path.extension(), usual) {
            (None, Some(extension)) => path.with_extension(extension),
            _ => path,
        }
    }
}

/// The command for files dropped on the window: a recipe is opened, anything else is data.
pub(super) fn dropped(paths: Vec<PathBuf>) -> Option<Command> {
    let is_recipe = |path: &Path| path.extension().is_some_and(|extension| extension == "ron");
    match paths.as_slice() {
        [] => None,
        [one] if is_recipe(one) => Some(Command::OpenRecipe(one.clone())),
        _ => Purpose::OpenData.command(paths),
    }
}

/// The dialog that is open, of the system or our own.
#[derive(Debug, Default)]
pub(super) struct Files {
    asked: Option<Asked>,
    typing: Option<Typing>,
    /// The system has shown that it has no dialogs: go straight to typing.
    has_no_dialogs: bool,
}

#[derive(Debug)]
struct Asked {
    purpose: Purpose,
    answer: Receiver<Vec<PathBuf>>,
    since: Instant,
}

#[derive(Debug)]
struct Typing {
    purpose: Purpose,
    path: String,
    is_new: bool,
}

impl Files {
    /// Asks the user for a file, in the system's dialog where it has one.
    pub(super) fn ask(&mut self, purpose: Purpose, ctx: &Context, app: &mut App) {
        if self.has_no_dialogs {
            self.ask_for_path(purpose);
            return;
        }
        if self.asked.is_some() {
            return;
        }
        let (sender, answer) = channel();
        let repaint = ctx.clone();
        let work = move || {
            // Nobody listens any more when the window has closed.
            let _ = sender.send(pick(purpose));
            repaint.request_repaint();
        };
        match std::thread::Builder::new().name("file dialog".to_owned()).spawn(work) {
            Ok(_) => self.asked = Some(Asked { purpose, answer, since: Instant::now() }),
            Err(error) => {
                app.say(
                    MessageKind::Warning,
                    format!("The file dialog cannot be opened: {error}. Type the path instead."),
                );
                self.ask_for_path(purpose);
            }
        }
    }

    /// Asks the user to type a path.
    pub(super) fn ask_for_path(&mut self, purpose: Purpose) {
        let path = purpose.file_name().unwrap_or_default().to_owned();
        self.typing = Some(Typing { purpose, path, is_new: true });
    }

    /// Whether our own dialog is open.
    pub(super) fn is_open(&self) -> bool {
        self.typing.is_some()
    }

    /// Closes our own dialog.
    pub(super) fn dismiss(&mut self) {
        self.typing = None;
    }

    /// Takes in the answer of the system's dialog. Never blocks.
    pub(super) fn poll(&mut self, app: &mut App) -> Option<Command> {
        let asked = self.asked.as_ref()?;
        let paths = match asked.answer.try_recv() {
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Vec::new(),
            Ok(paths) => paths,
        };
        let (purpose, waited) = (asked.purpose, asked.since.elapsed());
        self.asked = None;
        if paths.is_empty() && waited < FASTEST_PERSON {
            self.has_no_dialogs = true;
            app.say(
                MessageKind::Warning,
                "This desktop offers no file dialog (no portal, no zenity). Type the path instead.",
            );
            self.ask_for_path(purpose);
        }
        purpose.command(paths)
    }

    /// Draws our own dialog.
    pub(super) fn show(&mut self, ctx: &Context) -> Option<Command> {
        let has_no_dialogs = self.has_no_dialogs;
        let typing = self.typing.as_mut()?;
        let mut done = None;
        let modal = Modal::new(Id::unique("path_dialog")).frame(dialog_frame(ctx)).show(ctx, |ui| {
            ui.set_width(460.0);
            ui.label(RichText::new(typing.purpose.title()).size(17.0));
            ui.add_space(GAP_S);
            ui.label(RichText::new(typing.purpose.hint()).color(Palette::of(ui).weak));
            if has_no_dialogs {
                let text = "This desktop offers no file dialog, so the path has to be typed.";
                ui.label(RichText::new(text).small().color(Palette::of(ui).warning()));
            }
            ui.add_space(GAP);
            let field =
                TextEdit::singleline(&mut typing.path).desired_width(f32::INFINITY).hint_text("/home/me/data.csv");
            let field = ui.add(field).accessible_name("Path");
            if std::mem::take(&mut typing.is_new) {
                field.request_focus();
            }
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            ui.add_space(GAP);
            ui.horizontal(|ui| {
                let name = if typing.purpose.file_name().is_some() { "Save" } else { "Open" };
                let is_ready = !typing.path.trim().is_empty();
                let pressed = ui.add_enabled_ui(is_ready, |ui| primary_button(ui, name)).inner.clicked();
                if is_ready && (pressed || entered) {
                    done = Some(Some(expand(typing.path.trim())));
                }
                if ui.button("Stay here").clicked() {
                    done = Some(None);
                }
            });
        });
        if modal.backdrop_response.clicked() {
            done = Some(None);
        }
        let purpose = typing.purpose;
        let path = done.inspect(|_| self.typing = None)??;
        purpose.command(vec![path])
    }
}

/// The system's dialog; empty where nothing was chosen. Blocks.
fn pick(purpose: Purpose) -> Vec<PathBuf> {
    let mut dialog = rfd::FileDialog::new().set_title(purpose.title());
    for (name, extensions) in purpose.filters() {
        dialog = dialog.add_filter(*name, extensions);
    }
    match (purpose, purpose.file_name()) {
        (Purpose::OpenData, _) => dialog.pick_files().unwrap_or_default(),
        (_, None) => dialog.pick_file().into_iter().collect(),
        (_, Some(name)) => dialog.set_file_name(name).save_file().into_iter().collect(),
    }
}

/// A path as typed: `~/` is the home folder, quotes around it are left out.
fn expand(text: &str) -> PathBuf {
    let text = text.strip_prefix(['"', '\'']).and_then(|t| t.strip_suffix(['"', '\''])).unwrap_or(text);
    let home = text.strip_prefix("~/").and_then(|rest| Some(directories::UserDirs::new()?.home_dir().join(rest)));
    home.unwrap_or_else(|| PathBuf::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_become_commands() {
        let path = PathBuf::from("/a/scores");
        assert_eq!(Purpose::ExportScores.command(vec![path]), Some(Command::ExportScores("/a/scores.csv".into())));
        assert_eq!(Purpose::OpenData.command(vec![]), None);
        assert_eq!(dropped(vec!["/a/x.ron".into()]), Some(Command::OpenRecipe("/a/x.ron".into())));
        let two = vec![PathBuf::from("/a.csv"), PathBuf::from("/b.csv")];
        assert_eq!(dropped(two.clone()), Some(Command::Preview(Source::Files(two))));
    }

    #[test]
    fn typed_paths_may_be_quoted() {
        assert_eq!(expand("\"/tmp/my data.csv\""), PathBuf::from("/tmp/my data.csv"));
    }
}
