//! The state of the program, and how commands and finished work change it. The window draws it and sends commands.

mod explain;
mod files;
mod live;
mod queue;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::command::{Command, Question};
use super::main_job::Findings;
use super::profile::ResultProfile;
use super::rules::RuleChecks;
use super::series::SeriesView;
use super::settings::{Settings, cache_folder};
use super::source::Source;
use super::store_worker::StoreWorker;
use crate::data::Table;
use crate::data::load::Preview;
use crate::engine::{Engine, Job, JobProgress};
use crate::recipe::{DataConfig, Preset, Recipe};
pub use explain::{Explaining, RowQuestion, RowStory, Supposed};
pub use live::LastRun;
use live::Live;
pub use queue::Queue;
use work::{Output, Partial};

/// What the window is arranged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Perspective {
    /// Looking at data: what is odd, when, together with what.
    #[default]
    Explore,
    /// Working a queue of alerts to empty.
    Triage,
    /// Setting up detectors and thresholds.
    Tune,
}

impl Perspective {
    /// Every perspective, in the order of their shortcuts.
    pub const ALL: [Self; 3] = [Self::Explore, Self::Triage, Self::Tune];

    /// Name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Explore => "Explore",
            Self::Triage => "Triage",
            Self::Tune => "Tune",
        }
    }
}

/// What fills the window.
#[derive(Debug, Clone)]
pub enum Screen {
    /// Nothing is open.
    Start,
    /// A file is looked into before it is read.
    Import(Box<Import>),
    /// Data is open.
    Work,
}

/// A file being looked into.
#[derive(Debug, Clone)]
pub struct Import {
    /// The file.
    pub source: Source,
    /// What was found in its head; `None` while it is being read.
    pub preview: Option<Preview>,
    /// How it will be read. The window changes this; [`App::refresh_preview`] looks again.
    pub config: DataConfig,
    /// Why it could not be looked into.
    pub error: Option<String>,
}

/// A message to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How serious it is.
    pub kind: MessageKind,
    /// What happened and what to do.
    pub text: String,
    /// Counts up; a message said again has a new number.
    pub number: u64,
}

/// How serious a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// Something was done.
    Info,
    /// Something may not be as expected.
    Warning,
    /// Something failed.
    Error,
}

/// A dialog over the window.
#[derive(Debug, Clone, PartialEq)]
pub enum Dialog {
    /// A question to the user.
    Question(Question),
    /// There are unsaved changes; this was wanted.
    Unsaved(Box<Command>),
}

/// A stretch of the horizontal axis the plots were asked to show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Focus {
    /// Counts up with every time it was asked, so that the plots follow each time once.
    pub serial: u64,
    /// Left end: seconds since 1970-01-01 UTC, or the row index.
    pub from: f64,
    /// Right end.
    pub to: f64,
}

/// The data that is open.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Where it came from.
    pub source: Source,
    /// The table.
    pub table: Arc<Table>,
    /// How it was read.
    pub config: DataConfig,
}

/// The recipe being worked on.
#[derive(Debug, Clone)]
pub struct RecipeDocument {
    /// As it is now.
    pub current: Recipe,
    /// File it was read from or written to.
    pub path: Option<PathBuf>,
    saved: Recipe,
    past: Vec<(String, Recipe)>,
    future: Vec<(String, Recipe)>,
}

impl RecipeDocument {
    fn new(recipe: Recipe, path: Option<PathBuf>) -> Self {
        Self { current: recipe.clone(), path, saved: recipe, past: Vec::new(), future: Vec::new() }
    }

    /// Whether there are changes that no file holds.
    pub fn is_unsaved(&self) -> bool {
        self.current != self.saved
    }

    /// What undo would take back.
    pub fn undo_label(&self) -> Option<&str> {
        self.past.last().map(|(label, _)| label.as_str())
    }

    fn edit(&mut self, recipe: Recipe, label: String) {
        if recipe == self.current {
            return;
        }
        // A drag is one step: further changes of the same setting do not add to the past.
        if self.undo_label() != Some(&label) || !self.future.is_empty() {
            self.past.push((label, self.current.clone()));
        }
        self.future.clear();
        self.current = recipe;
    }

    fn undo(&mut self) -> Option<String> {
        let (label, before) = self.past.pop()?;
        let after = std::mem::replace(&mut self.current, before);
        self.future.push((label.clone(), after));
        Some(label)
    }

    fn redo(&mut self) -> Option<String> {
        let (label, after) = self.future.pop()?;
        let before = std::mem::replace(&mut self.current, after);
        self.past.push((label.clone(), before));
        Some(label)
    }
}

/// Called from other threads when there is something to poll.
pub type Notify = Arc<dyn Fn() + Send + Sync>;

/// The state of the program.
pub struct App {
    /// What is kept between starts.
    pub settings: Settings,
    /// What fills the window.
    pub screen: Screen,
    /// The recipe being worked on.
    pub recipe: RecipeDocument,
    /// The data that is open.
    pub data: Option<Loaded>,
    /// The latest result; while a run is under way, the result so far.
    pub findings: Option<Findings>,
    /// The latest result in numbers.
    pub profile: Option<Arc<ResultProfile>>,
    /// The last whole run over the data that is open.
    pub last_run: Option<LastRun>,
    /// What the plots draw.
    pub view: Option<Arc<SeriesView>>,
    /// What the plots were last asked to show.
    pub focus: Option<Focus>,
    /// The alerts.
    pub queue: Queue,
    /// Why rows have their scores.
    pub explaining: Explaining,
    /// The latest messages, newest last.
    pub messages: Vec<Message>,
    /// A dialog over the window.
    pub dialog: Option<Dialog>,
    /// Set when the window should close.
    pub should_quit: bool,
    settings_file: PathBuf,
    /// What is wrong with the rules of the recipe, on the data that is open.
    pub rule_checks: RuleChecks,
    engine: Arc<Engine>,
    job: Option<Job<Output, Partial>>,
    view_job: Option<Job<Output, Partial>>,
    live: Live,
    n_messages: u64,
    store: StoreWorker,
    notify: Notify,
}

impl App {
    /// A program with the settings of a file. `notify` is called from other threads when [`App::poll`] has work.
    pub fn new(settings_file: PathBuf, notify: Notify) -> Self {
        let (settings, problem) = Settings::load(&settings_file);
        let store_notify = Arc::clone(&notify);
        let store = StoreWorker::spawn(settings.database(), move || store_notify());
        let mut app = Self {
            settings,
            screen: Screen::Start,
            recipe: RecipeDocument::new(Preset::Timeseries.recipe(), None),
            data: None,
            findings: None,
            profile: None,
            last_run: None,
            view: None,
            focus: None,
            queue: Queue::default(),
            explaining: Explaining::default(),
            messages: Vec::new(),
            dialog: None,
            should_quit: false,
            rule_checks: RuleChecks::default(),
            engine: Arc::new(Engine::with_disk_cache(cache_folder(&settings_file))),
            settings_file,
            job: None,
            view_job: None,
            live: Live::default(),
            n_messages: 0,
            store,
            notify,
        };
        if let Some(problem) = problem {
            app.say(MessageKind::Warning, problem);
        }
        app
    }

    /// Carries out a command.
    pub fn handle(&mut self, command: Command) {
        match command {
            Command::Preview(source) => self.guard_unsaved(Command::Preview(source.clone()), |app| app.preview(source)),
            Command::OpenAndRun(source) => {
                self.guard_unsaved(Command::OpenAndRun(source.clone()), |app| app.open(source, DataConfig::default()));
            }
            Command::ConfirmImport => self.confirm_import(),
            Command::CloseData => self.guard_unsaved(Command::CloseData, Self::close_data),
            Command::Run => self.run(),
            Command::Cancel => self.cancel(),
            Command::Show(perspective) => self.settings.perspective = perspective,
            Command::Theme(theme) => self.settings.theme = theme,
            Command::ForgetRecent(path) => self.settings.recent.retain(|known| *known != path),
            Command::EditRecipe { recipe, label } => {
                self.recipe.edit(*recipe, label);
                self.recombine();
            }
            Command::UsePreset(preset) => {
                let recipe = Recipe { data: self.recipe.current.data.clone(), ..preset.recipe() };
                self.recipe.edit(recipe, format!("preset {}", preset.name()));
                self.recombine();
            }
            Command::OpenRecipe(path) => self.open_recipe(path),
            Command::SaveRecipe => self.save_recipe(None),
            Command::SaveRecipeAs(path) => self.save_recipe(Some(path)),
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::Select(id) => self.select(Some(id)),
            Command::NextAlert => self.select_by_step(1),
            Command::PreviousAlert => self.select_by_step(-1),
            Command::ToggleMark => self.queue.toggle_mark(),
            Command::Mark(ids) => self.queue.marked = ids,
            Command::Triage(action) => self.triage(action),
            Command::Search(text) => self.search(text),
            Command::ShowClosed(show) => self.show_closed(show),
            Command::FilterSeverities(severities) => self.filter_severities(severities),
            Command::Reveal(id) => self.reveal(id),
            Command::RevealRow(row) => self.reveal_row(row),
            Command::Explain(question) => self.explain_row(question),
            Command::ExplainSelected => self.explain_selected(),
            Command::StopExplaining => self.stop_explaining(),
            Command::Suppose(values) => self.suppose(values),
            Command::SupposeNothing => self.suppose_nothing(),
            Command::ShowEntity(entity) => self.show_entity(entity),
            Command::ExportScores(path) => self.export_scores(path),
            Command::ExportReport(path) => self.export_report(path),
            Command::Ask(question) => self.ask(question),
            Command::Dismiss => self.dialog = None,
            Command::Quit => self.guard_unsaved(Command::Quit, |app| app.should_quit = true),
            Command::DiscardAndQuit => self.should_quit = true,
        }
        self.refresh_rule_checks();
    }

    pub(super) fn refresh_rule_checks(&mut self) {
        self.rule_checks.refresh(&self.recipe.current, self.data.as_ref().map(|data| &data.table), &self.notify);
    }

    /// Title and progress of the job under way.
    pub fn job_progress(&mut self) -> Option<(String, JobProgress)> {
        let job = self.job.as_mut()?;
        Some((job.title().to_owned(), job.progress()))
    }

    /// Whether a job is under way.
    pub fn is_busy(&self) -> bool {
        self.job.is_some()
    }

    /// Writes the settings; call it before the program ends.
    pub fn save_settings(&mut self) {
        if let Err(error) = self.settings.save(&self.settings_file) {
            let path = self.settings_file.display();
            self.say(MessageKind::Warning, format!("Settings could not be saved: {error} ({path})"));
        }
    }

    /// Shows a message.
    pub fn say(&mut self, kind: MessageKind, text: impl Into<String>) {
        const MOST: usize = 50;
        self.n_messages += 1;
        let message = Message { kind, text: text.into(), number: self.n_messages };
        match self.messages.last_mut() {
            Some(last) if (last.kind, &last.text) == (kind, &message.text) => *last = message,
            _ => self.messages.push(message),
        }
        let surplus = self.messages.len().saturating_sub(MOST);
        self.messages.drain(..surplus);
    }

    /// Does something that would lose the recipe, unless it has unsaved changes: then the user is asked.
    fn guard_unsaved(&mut self, wanted: Command, act: impl FnOnce(&mut Self)) {
        // Only recipes that are kept in a file can be unsaved; the rest is a scratch pad.
        if self.recipe.path.is_some() && self.recipe.is_unsaved() {
            self.dialog = Some(Dialog::Unsaved(Box::new(wanted)));
        } else {
            act(self);
        }
    }

    /// Carries out what the unsaved-changes dialog held back, giving up the changes.
    pub fn discard_and_continue(&mut self) {
        if let Some(Dialog::Unsaved(wanted)) = self.dialog.take() {
            self.recipe.saved = self.recipe.current.clone();
            self.handle(*wanted);
        }
    }

    /// Saves, then carries out what the unsaved-changes dialog held back. Stays where it is when saving fails.
    pub fn save_and_continue(&mut self) {
        self.save_recipe(None);
        if !self.recipe.is_unsaved() {
            self.discard_and_continue();
        }
    }

    fn cancel(&mut self) {
        if self.dialog.take().is_some() {
            return;
        }
        match &self.job {
            Some(job) => job.cancel(),
            None if matches!(self.screen, Screen::Import(_)) => {
                self.screen = if self.data.is_some() { Screen::Work } else { Screen::Start };
            }
            None => self.stop_explaining(),
        }
    }

    fn ask(&mut self, question: Question) {
        let needs_alert = matches!(question, Question::Note | Question::Verdict);
        if needs_alert && self.queue.targets().is_empty() {
            self.say(MessageKind::Info, "Select an alert first.");
        } else {
            self.dialog = Some(Dialog::Question(question));
        }
    }

    fn undo(&mut self) {
        if self.settings.perspective == Perspective::Tune {
            match self.recipe.undo() {
                Some(label) => self.say(MessageKind::Info, format!("Undone: {label}")),
                None => self.say(MessageKind::Info, "Nothing to undo in the recipe"),
            }
            self.recombine();
        } else {
            self.undo_triage();
        }
    }

    fn redo(&mut self) {
        if self.settings.perspective == Perspective::Tune {
            match self.recipe.redo() {
                Some(label) => self.say(MessageKind::Info, format!("Redone: {label}")),
                None => self.say(MessageKind::Info, "Nothing to redo in the recipe"),
            }
            self.recombine();
        } else {
            self.redo_triage();
        }
    }
}
