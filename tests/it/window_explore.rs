//! Explore and Triage, driven by accessible names: what is drawn of a run, choosing, acting, and the way back of zooms.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may fail like tests")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{Event, Key, Modifiers, PointerButton, Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tarsier::app::{App, Command, Perspective, Settings, Source};
use tarsier::data::sample::Sample;
use tarsier::recipe::{DetectorKind, Preset};
use tarsier::triage::AlertStatus;
use tarsier::ui::Shell;

/// A window over a sample that has been run with one quick detector.
struct Window {
    harness: Harness<'static, Shell>,
    _folder: tempfile::TempDir,
}

impl Window {
    fn over(sample: Sample, rows: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings_file = settings(folder.path());
        let recipe_file = recipe(folder.path(), sample);
        let harness = Harness::builder().with_size([1360.0, 860.0]).build_eframe(|cc| {
            let mut app = App::new(settings_file, Arc::new(|| {}));
            app.handle(Command::OpenRecipe(recipe_file));
            app.handle(Command::OpenAndRun(Source::Sample { sample, rows, seed: 42 }));
            Shell::new(app, &cc.egui_ctx)
        });
        let mut window = Self { harness, _folder: folder };
        window.wait_until(|app| {
            !app.is_busy() && app.findings.is_some() && !app.queue.alerts.is_empty() && app.view.is_some()
        });
        window
    }

    fn app(&self) -> &App {
        self.harness.state().app()
    }

    /// Draws until the program is where it should be.
    fn wait_until(&mut self, is_there: impl Fn(&App) -> bool) {
        let patience = Instant::now() + Duration::from_secs(120);
        while !is_there(self.app()) {
            assert!(Instant::now() < patience, "it never came to it");
            std::thread::sleep(Duration::from_millis(5));
            self.harness.step();
        }
        self.harness.run_steps(3);
    }

    fn show(&mut self, perspective: Perspective) {
        self.harness.state_mut().app_mut().handle(Command::Show(perspective));
        self.harness.run_steps(3);
    }

    fn key(&mut self, key: Key) {
        self.harness.key_press(key);
        self.harness.run_steps(3);
    }

    fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.harness.run_steps(4);
    }

    fn has(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
    }

    fn is_enabled(&self, label: &str) -> bool {
        !self.harness.get_by_label(label).accesskit_node().is_disabled()
    }

    /// Clicks the first row of the list or table of alerts.
    fn click_first_alert(&mut self, role: Role) {
        let rows = self.harness.query_all(egui_kittest::kittest::By::new().role(role).label_contains("Alert, "));
        rows.min_by(|a, b| a.rect().top().total_cmp(&b.rect().top())).unwrap().click();
        self.harness.run_steps(4);
    }
}

/// Settings that keep the alerts in a folder of the test.
fn settings(folder: &Path) -> std::path::PathBuf {
    let file = folder.join("settings.ron");
    let settings = Settings {
        database: Some(folder.join("alerts.sqlite")),
        author: Some("ann".to_owned()),
        ..Settings::default()
    };
    settings.save(&file).unwrap();
    file
}

fn recipe(folder: &Path, sample: Sample) -> std::path::PathBuf {
    let file = folder.join("quick.ron");
    let mut recipe = Preset::for_data(sample == Sample::Servers).recipe();
    recipe.detectors.enable_only(&[DetectorKind::IsolationForest]);
    recipe.detectors.isolation_forest.n_estimators = 20;
    recipe.save(&file).unwrap();
    file
}

#[test]
fn explore_shows_lanes_plots_and_the_alerts_in_view() {
    let mut window = Window::over(Sample::Servers, 2000);
    for what in [
        "Lane of All:",
        "Lane of web-1:",
        "Plot of cpu_percent",
        "Plot of the combined score",
        "Time axis, UTC",
        "everything",
    ] {
        assert!(window.has(what), "{what}");
    }
    let n_plots = |window: &Window| window.harness.query_all_by_label_contains("Plot of ").count();
    let before = n_plots(&window);
    window.click("cpu_percent");
    assert_eq!(n_plots(&window), before - 1);
    window.click("Show no columns");
    assert!(window.has("No columns chosen"));
}

#[test]
fn an_alert_is_selected_acknowledged_and_its_status_changes() {
    let mut window = Window::over(Sample::Servers, 2000);
    window.click("all entities");
    window.click_first_alert(Role::ListItem);
    let id = window.app().queue.selected.expect("an alert is selected");
    window.wait_until(|app| app.queue.detail.is_some());
    assert!((window.has("VALUES AGAINST TYPICAL") || window.has("WHY")) && window.has("DETECTORS"));
    window.click("Acknowledge");
    window.wait_until(|app| app.queue.alert(id).is_some_and(|alert| alert.status == AlertStatus::Acknowledged));
    assert!(window.has("Acknowledged, assigned to ann"));
    assert!(window.has("ann acknowledged it"));
}

#[test]
fn the_way_back_of_zooms() {
    let mut window = Window::over(Sample::Servers, 2000);
    assert!(!window.is_enabled("Back") && !window.is_enabled("Reset"));
    window.click("Zoom in");
    window.click("Zoom in");
    assert!(window.is_enabled("Back") && !window.has(", everything"));
    window.key(Key::Backspace);
    assert!(window.is_enabled("Back"));
    window.key(Key::Backspace);
    assert!(!window.is_enabled("Back") && window.has(", everything"));
    window.click("Zoom in");
    window.click("Reset");
    assert!(window.has(", everything") && window.is_enabled("Back"));
}

#[test]
fn dragging_with_the_right_button_shows_the_stretch_drawn() {
    let mut window = Window::over(Sample::Servers, 2000);
    let plot = window.harness.get_by_label_contains("Plot of the combined score").rect();
    let (from, to) = (plot.left_center() + vec2(plot.width() * 0.25, 0.0), plot.center());
    let button = |pos, pressed| Event::PointerButton {
        pos,
        button: PointerButton::Secondary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    let path = [
        Event::PointerMoved(from),
        button(from, true),
        Event::PointerMoved(from.lerp(to, 0.5)),
        Event::PointerMoved(to),
    ];
    for event in path.into_iter().chain([button(to, false)]) {
        window.harness.event(event);
        window.harness.run_steps(2);
    }
    // 400 rows of each server at 5 minutes are 33 hours; a quarter of them is 8.
    assert!(window.has("· 8 h "), "a quarter is shown");
    window.key(Key::Backspace);
    assert!(window.has(", everything"));
}

#[test]
fn triage_is_worked_by_keyboard() {
    let mut window = Window::over(Sample::Servers, 2000);
    window.show(Perspective::Triage);
    let ids: Vec<i64> = window.app().queue.alerts.iter().map(|alert| alert.id).collect();
    assert!(ids.len() >= 3);
    window.key(Key::J);
    assert_eq!(window.app().queue.selected, Some(ids[0]));
    window.key(Key::J);
    window.key(Key::J);
    window.key(Key::K);
    assert_eq!(window.app().queue.selected, Some(ids[1]));
    window.key(Key::X);
    window.key(Key::J);
    window.key(Key::X);
    assert!(window.has("2 marked"));
    window.click("Acknowledge marked");
    let is_taken = |app: &App, id| app.queue.alert(id).is_some_and(|alert| alert.status == AlertStatus::Acknowledged);
    window.wait_until(|app| is_taken(app, ids[1]) && is_taken(app, ids[2]));
    assert!(!is_taken(window.app(), ids[0]));
    assert!(!window.has("2 marked"));
}

#[test]
fn severities_and_search_narrow_the_queue() {
    let mut window = Window::over(Sample::Servers, 2000);
    window.show(Perspective::Triage);
    let all = window.app().queue.alerts.len();
    let (level, n) = *window.app().queue.counts.by_severity.iter().find(|(_, n)| *n > 0 && *n < all as u64).unwrap();
    window.click(&format!("{n} {} alerts", level.name()));
    window.wait_until(|app| app.queue.alerts.len() as u64 == n);
    assert!(window.app().queue.alerts.iter().all(|alert| alert.severity == level));
    window.click(&format!("{n} {} alerts", level.name()));
    window.wait_until(|app| app.queue.alerts.len() == all);
    window.click("Mark all alerts");
    assert_eq!(window.app().queue.marked.len(), all);
    window.harness.get_by_label("Search alerts").focus();
    window.harness.run_steps(2);
    window.harness.get_by_label("Search alerts").type_text("surely nothing says this");
    window.wait_until(|app| app.queue.alerts.is_empty());
    assert!(window.has("No alert matches"));
    window.click("Show all alerts");
    window.wait_until(|app| app.queue.alerts.len() == all);
}

#[test]
fn an_alert_of_the_queue_is_shown_in_the_plots() {
    let mut window = Window::over(Sample::Servers, 2000);
    window.show(Perspective::Triage);
    let shown = window.app().view.as_ref().and_then(|view| view.entity.clone());
    let other = window.app().queue.alerts.iter().find(|alert| alert.entity != shown).map(|alert| alert.id).unwrap();
    window.harness.state_mut().app_mut().handle(Command::Select(other));
    window.wait_until(|app| app.queue.detail.as_ref().is_some_and(|alert| alert.summary.id == other));
    window.click("Show in Explore");
    let entity = window.app().queue.alert(other).unwrap().entity.clone();
    window.wait_until(|app| app.view.as_ref().is_some_and(|view| view.entity == entity));
    assert_eq!(window.app().settings.perspective, Perspective::Explore);
    assert!(window.is_enabled("Back") && window.is_enabled("Fit alert"));
}

#[test]
fn rows_without_time_are_listed_worst_first() {
    let mut window = Window::over(Sample::Transactions, 1500);
    assert!(window.has("WORST ROWS") && window.has("Row axis") && window.has("rows 1 – 1,500"));
    window.show(Perspective::Triage);
    window.click_first_alert(Role::Row);
    window.wait_until(|app| app.queue.detail.is_some());
    let row = window.app().queue.detail.as_ref().unwrap().summary.peak_row;
    let about = format!("row {}", tarsier::app::format::fmt_row(row));
    assert!(window.has(&about), "{about}");
}
