//! The window, driven by accessible names as a person would.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail like tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::accesskit::Role;
use eframe::egui::{Context, Event, Key, Modifiers, Ui, ViewportEvent, ViewportId, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use tarsier::app::settings::ThemeChoice;
use tarsier::app::{App, Command, Dialog, Perspective, Screen, Settings, Source};
use tarsier::data::Role as ColumnRole;
use tarsier::data::sample::Sample;
use tarsier::recipe::{Recipe, ThresholdAggregation};
use tarsier::ui::Shell;
use tempfile::TempDir;

/// A window on a program with a home of its own.
pub(crate) struct Window {
    pub(crate) harness: Harness<'static, Option<Shell>>,
    home: TempDir,
}

impl Window {
    pub(crate) fn open(width: f32, height: f32) -> Self {
        Self::with_settings(width, height, Settings::default())
    }

    pub(crate) fn with_settings(width: f32, height: f32, settings: Settings) -> Self {
        let home = tempfile::tempdir().unwrap();
        let settings_file = home.path().join("settings.ron");
        let settings = Settings { database: Some(home.path().join("alerts.sqlite")), ..settings };
        settings.save(&settings_file).unwrap();
        let frame = move |ui: &mut Ui, shell: &mut Option<Shell>| {
            let open = |ctx: &Context| Shell::new(App::new(settings_file.clone(), Arc::new(|| ())), ctx);
            shell.get_or_insert_with(|| open(ui.ctx())).frame(ui);
        };
        let mut harness =
            Harness::builder().with_size(vec2(width, height)).with_max_steps(20).build_ui_state(frame, None);
        harness.run_steps(2);
        Self { harness, home }
    }

    pub(crate) fn app(&self) -> &App {
        self.harness.state().as_ref().unwrap().app()
    }

    pub(crate) fn tell(&mut self, command: Command) {
        self.harness.state_mut().as_mut().unwrap().app_mut().handle(command);
        self.settle();
    }

    /// Draws until nothing moves any more, and checks the names of all widgets.
    pub(crate) fn settle(&mut self) {
        self.harness.run();
    }

    /// Draws until something is so. Work in the background takes its time; a minute is far too long.
    pub(crate) fn wait_until(&mut self, what: &str, test: impl Fn(&App) -> bool) {
        let start = Instant::now();
        while !test(self.app()) {
            assert!(start.elapsed() < Duration::from_secs(60), "waited in vain until {what}");
            std::thread::sleep(Duration::from_millis(10));
            self.harness.run_steps(1);
        }
        self.harness.run_steps(2);
    }

    pub(crate) fn click(&mut self, name: &str) {
        let is_widget = |node: &egui_kittest::Node<'_>| node.accesskit_node().role() != Role::Label;
        self.harness.query_all_by_label(name).find(is_widget).unwrap_or_else(|| panic!("no widget {name}")).click();
        self.settle();
    }

    pub(crate) fn is_shown(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
            || self
                .harness
                .query_all_by(move |node| node.value().is_some_and(|value| value.contains(text)))
                .next()
                .is_some()
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.settle();
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// A recipe that is quick to run.
pub(crate) fn quick() -> Recipe {
    let mut recipe = Recipe::default();
    recipe.detectors.autoencoder.enabled = false;
    recipe.detectors.one_class_svm.enabled = false;
    recipe.detectors.isolation_forest.n_estimators = 20;
    recipe.ensemble.threshold_aggregation = ThresholdAggregation::Combined;
    recipe
}

fn edit(recipe: Recipe) -> Command {
    Command::EditRecipe { recipe: Box::new(recipe), label: "test".to_owned() }
}

/// A window with a small sample open and a result on show.
pub(crate) fn at_work(width: f32, height: f32, settings: Settings) -> Window {
    let mut window = Window::with_settings(width, height, settings);
    // A recipe that has a file stays when data is opened.
    let path = window.home.path().join("quick.ron");
    quick().save(&path).unwrap();
    window.tell(Command::OpenRecipe(path));
    window.tell(Command::OpenAndRun(Source::Sample { sample: Sample::Servers, rows: 600, seed: 1 }));
    window.wait_until("there is a result", |app| app.last_run.is_some() && !app.is_busy());
    window.wait_until("the alerts are listed", |app| !app.queue.alerts.is_empty());
    window
}

#[test]
fn start_screen_offers_every_sample_and_runs_one() {
    let mut window = Window::open(1200.0, 800.0);
    window.settle();
    for sample in Sample::ALL {
        assert!(window.harness.query_by_label(&format!("Open sample: {}", sample.name())).is_some());
    }
    window.harness.get_by_label("Open sample: transactions").click();
    window.harness.run_steps(2);
    assert!(window.app().is_busy());
    window.wait_until("the sample is read", |app| app.data.is_some());
    assert_eq!(window.app().data.as_ref().unwrap().table.n_rows(), Sample::Transactions.default_rows());
    window.tell(Command::Cancel);
    window.wait_until("the run has stopped", |app| !app.is_busy());
}

#[test]
fn a_run_reaches_a_result_and_settings_make_it_stale() {
    let mut window = at_work(1200.0, 800.0, Settings::default());
    assert!(window.is_shown("600 rows"), "status bar");
    assert!(window.harness.query_by_label("Run").is_some());
    let mut recipe = window.app().recipe.current.clone();
    recipe.detectors.isolation_forest.n_estimators = 25;
    window.tell(edit(recipe));
    assert!(window.app().needs_refit());
    window.harness.get_by_label("Run again: settings changed").click();
    window.harness.run_steps(1);
    window.wait_until("it has run again", |app| !app.is_busy() && !app.is_result_stale());
}

#[test]
fn import_shows_the_file_and_takes_changes() {
    let mut window = Window::open(1200.0, 800.0);
    let rows: String =
        (0..300).map(|i| format!("2024-01-01 {:02}:{:02}:00;a;{},5;{}\n", i / 60, i % 60, i % 7, i % 5)).collect();
    let path = window.file("flow.csv", &format!("when;who;flow;level\n{rows}"));
    window.tell(Command::Preview(Source::Files(vec![path.clone()])));
    let has_preview =
        |app: &App| matches!(&app.screen, Screen::Import(import) if import.preview.is_some()) && !app.is_busy();
    window.wait_until("the file has been looked into", has_preview);
    window.settle();
    assert!(window.is_shown("semicolon") && window.is_shown("flow.csv"));

    window.click("Role of level");
    window.click("Ignored");
    window.wait_until("it has looked again", |app| {
        let Screen::Import(import) = &app.screen else { return false };
        let preview = import.preview.as_ref().unwrap();
        preview.columns.iter().any(|c| c.name == "level" && c.role == ColumnRole::Ignored) && !app.is_busy()
    });
    window.harness.key_press(Key::Enter);
    window.harness.run_steps(2);
    window.wait_until("the file is read", |app| app.data.is_some());
    let table = &window.app().data.as_ref().unwrap().table;
    assert_eq!((table.n_rows(), table.feature_names().collect::<Vec<_>>()), (300, vec!["flow"]));
    assert_eq!(window.app().settings.recent, [path]);
    window.tell(Command::Cancel);
    window.wait_until("the run has ended", |app| !app.is_busy());
}

#[test]
fn files_that_cannot_be_read_are_explained_and_left_by_escape() {
    let mut window = Window::open(900.0, 560.0);
    let path = window.home.path().join("gone.csv");
    window.tell(Command::Preview(Source::Files(vec![path])));
    window.wait_until("it has failed", |app| matches!(&app.screen, Screen::Import(i) if i.error.is_some()));
    window.settle();
    assert!(window.is_shown("gone.csv"));
    window.press(Modifiers::NONE, Key::Escape);
    assert!(matches!(window.app().screen, Screen::Start));
}

#[test]
fn recipe_editor_changes_settings_by_name() {
    let mut window = at_work(1300.0, 900.0, Settings { perspective: Perspective::Tune, ..Settings::default() });
    window.settle();
    let runs = window.app().last_run.clone().unwrap();
    window
        .harness
        .get_by(|node| {
            node.role() == Role::Slider && node.label().as_deref() == Some("Share of rows to call anomalous")
        })
        .set_value_accesskit(0.02);
    window.settle();
    assert!((window.app().recipe.current.ensemble.contamination - 0.02).abs() < 1e-9);
    window.wait_until("the result follows", |app| app.profile.as_ref().is_some_and(|p| p.n_anomalies == 12));
    assert!(runs.n_anomalies > 12 && !window.app().needs_refit() && window.app().is_result_stale());

    window.click("detectors.autoencoder.enabled");
    assert!(window.app().recipe.current.detectors.autoencoder.enabled && window.app().needs_refit());
    window.harness.get_by_label("Find a setting").focus();
    window.harness.get_by_label("Find a setting").type_text("n_neighbors");
    window.settle();
    assert!(window.harness.query_by_label("ensemble.contamination").is_none(), "the search hides the rest");
    window.harness.get_by_label("detectors.local_outlier_factor.n_neighbors").set_value_accesskit(7.0);
    window.settle();
    assert_eq!(window.app().recipe.current.detectors.local_outlier_factor.n_neighbors, 7);
    window.click("Reset detectors.local_outlier_factor.n_neighbors to 20");
    assert_eq!(window.app().recipe.current.detectors.local_outlier_factor.n_neighbors, 20);
}

#[test]
fn rules_are_written_with_their_mistakes_shown() {
    let mut window = at_work(1300.0, 900.0, Settings { perspective: Perspective::Tune, ..Settings::default() });
    window.settle();
    window.harness.get_by_label("Find a setting").focus();
    window.harness.get_by_label("Find a setting").type_text("rules");
    window.settle();
    window.click("Add a rule to rules");
    assert_eq!(window.app().recipe.current.rules[0].name, "Rule 1");
    assert!(window.is_shown("is empty; write a condition"), "an empty rule is a problem");
    window.harness.get_by_label("rules[0].expression").focus();
    // The problem is gone after the first letters, and the field keeps the keyboard.
    for letters in ["cpu", "_percnt", " > 90"] {
        window.harness.event(Event::Text(letters.to_owned()));
        window.settle();
    }
    assert_eq!(window.app().recipe.current.rules[0].expression, "cpu_percnt > 90");
    assert!(window.is_shown("did you mean cpu_percent?"));
    let mut recipe = window.app().recipe.current.clone();
    recipe.rules[0].expression = "cpu_percent > 90".into();
    window.tell(edit(recipe));
    assert!(!window.is_shown("did you mean"));
    assert!(window.app().needs_refit());
    window.click("Remove rules[0]");
    assert!(window.app().recipe.current.rules.is_empty());
}

#[test]
fn every_setting_of_the_recipe_has_a_widget() {
    fn leaves(node: &serde_json::Value, path: &str, out: &mut Vec<String>) {
        match node.as_object().filter(|fields| path.is_empty() || fields.len() > 1) {
            Some(fields) => fields.iter().for_each(|(name, value)| {
                leaves(value, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, out);
            }),
            None => out.push(path.to_owned()),
        }
    }
    let mut window =
        Window::with_settings(1300.0, 14_000.0, Settings { perspective: Perspective::Tune, ..Settings::default() });
    window.tell(Command::OpenAndRun(Source::Sample { sample: Sample::Servers, rows: 50, seed: 1 }));
    window.wait_until("the sample is read", |app| app.data.is_some());
    window.tell(Command::Cancel);
    window.wait_until("nothing is under way", |app| !app.is_busy());
    // A space is in every explanation, so that the search opens every group.
    window.harness.get_by_label("Find a setting").focus();
    window.harness.get_by_label("Find a setting").type_text("e");
    window.settle();
    let mut paths = Vec::new();
    leaves(&tarsier::recipe::edit::to_tree(&Recipe::default()), "", &mut paths);
    assert!(paths.len() > 50);
    let names: Vec<String> = window
        .harness
        .query_all_by(|node| node.label().is_some())
        .filter_map(|node| node.accesskit_node().label())
        .collect();
    let missing: Vec<&String> =
        paths.iter().filter(|path| !names.iter().any(|name| name.contains(path.as_str()))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn question_mark_opens_the_shortcuts_and_escape_closes_them() {
    let mut window = Window::open(1000.0, 700.0);
    window.press(Modifiers::SHIFT, Key::Questionmark);
    assert!(window.is_shown("Mark for an action on several"));
    window.press(Modifiers::NONE, Key::Escape);
    assert_eq!(window.app().dialog, None);
}

#[test]
fn letters_act_on_alerts_but_not_while_typing() {
    let mut window = at_work(1200.0, 800.0, Settings::default());
    window.press(Modifiers::NONE, Key::J);
    let selected = window.app().queue.selected;
    assert!(selected.is_some());
    window.press(Modifiers::NONE, Key::N);
    assert!(matches!(window.app().dialog, Some(Dialog::Question(_))));
    window.harness.get_by_label("Text of the note").type_text("ajar");
    window.harness.key_press(Key::J);
    window.settle();
    assert_eq!(window.app().queue.selected, selected);
    window.press(Modifiers::COMMAND, Key::Enter);
    window.wait_until("the note is kept", |app| app.queue.alerts.iter().any(|alert| alert.n_notes == 1));
    assert_eq!(window.app().dialog, None);
}

#[test]
fn closing_with_unsaved_changes_asks_first() {
    let mut window = Window::open(1000.0, 700.0);
    let path = window.home.path().join("mine.ron");
    quick().save(&path).unwrap();
    window.tell(Command::OpenRecipe(path.clone()));
    window.tell(edit(Recipe { version: 1, ..Recipe::default() }));
    let close = |window: &mut Window| {
        let input = window.harness.input_mut();
        input.viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
        window.settle();
    };
    close(&mut window);
    assert!(matches!(window.app().dialog, Some(Dialog::Unsaved(_))) && !window.app().should_quit);
    window.click("Stay");
    assert!(window.app().dialog.is_none() && !window.app().should_quit);
    close(&mut window);
    window.harness.get_by_label("Save").click();
    window.harness.run_steps(3);
    assert!(window.app().should_quit);
    assert_eq!(Recipe::load(&path).unwrap(), Recipe::default());
}

#[test]
fn theme_follows_the_choice() {
    let mut window = Window::open(1000.0, 700.0);
    assert!(window.harness.ctx.global_style().visuals.dark_mode);
    window.tell(Command::Theme(ThemeChoice::Light));
    window.settle();
    assert!(!window.harness.ctx.global_style().visuals.dark_mode);
    window.click("View");
    window.click("Dark theme");
    assert_eq!(window.app().settings.theme, ThemeChoice::Dark);
}

#[test]
fn errors_stay_on_show_until_dismissed() {
    let mut window = Window::open(1000.0, 700.0);
    window.tell(Command::OpenRecipe(PathBuf::from("/nowhere/x.ron")));
    assert!(window.is_shown("cannot read the recipe"));
    window.click("Dismiss this message");
    assert!(window.harness.query_by_label("Dismiss this message").is_none());
    window.tell(Command::OpenRecipe(PathBuf::from("/nowhere/x.ron")));
    assert!(window.harness.query_by_label("Dismiss this message").is_some(), "the same error again is a new one");
}

#[test]
fn recent_files_are_listed_and_missing_ones_can_be_removed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("here.csv");
    std::fs::write(&here, "a\n1\n").unwrap();
    let mut recent = vec![here, folder.path().join("gone.csv")];
    recent.extend((0..10).map(|i| folder.path().join(format!("other{i}.csv"))));
    let mut window = Window::with_settings(900.0, 560.0, Settings { recent, ..Settings::default() });
    std::thread::sleep(Duration::from_millis(100));
    window.settle();
    assert!(window.is_shown("not found"));
    window.click("Remove gone.csv from the list");
    assert_eq!(window.app().settings.recent.len(), 11);
    assert!(!window.app().settings.recent.iter().any(|path| path.ends_with(Path::new("gone.csv"))));
}

#[test]
fn the_smallest_window_shows_every_perspective() {
    let mut window = at_work(900.0, 560.0, Settings::default());
    for perspective in Perspective::ALL {
        window.tell(Command::Show(perspective));
        window.settle();
    }
    window.harness.set_size(vec2(640.0, 400.0));
    window.settle();
    window.harness.event(Event::Zoom(1.5));
    window.settle();
}

#[test]
fn an_idle_window_rests() {
    let mut window = at_work(1200.0, 800.0, Settings::default());
    window.wait_until("the alerts are explained", |app| !app.explaining.is_busy());
    window.settle();
    let output = &window.harness.output().viewport_output[&ViewportId::ROOT];
    assert!(output.repaint_delay > Duration::from_secs(3600), "{:?}", output.repaint_delay);
}
