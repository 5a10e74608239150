//! Explanations in the window: why an alert is one, all features of a row, what would be normal, and what if.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use eframe::egui::{Event, Key, Modifiers, PointerButton};
use egui_kittest::kittest::{By, NodeT, Queryable};
use tarsier::app::{App, Command, Perspective, RowQuestion, Settings, Source};
use tarsier::data::sample::Sample;
use tarsier::engine::{Method, Target};
use tarsier::recipe::{DetectorKind, Preset, Recipe};

use crate::window::{Window, quick};

/// A window in which a recipe has found alerts.
fn found(width: f32, height: f32, perspective: Perspective, recipe: &Recipe) -> Window {
    let mut window = Window::with_settings(width, height, Settings { perspective, ..Settings::default() });
    // A recipe that has a file stays when data is opened.
    let path = window.file("recipe.ron", "");
    recipe.save(&path).unwrap();
    window.tell(Command::OpenRecipe(path));
    window.tell(Command::OpenAndRun(Source::Sample { sample: Sample::Servers, rows: 600, seed: 1 }));
    window.wait_until("the alerts are listed", |app| !app.is_busy() && !app.queue.alerts.is_empty());
    window
}

/// A window with a result whose alerts are explained, the first one selected.
fn explained(width: f32, height: f32, perspective: Perspective) -> Window {
    let mut recipe = Preset::Timeseries.recipe();
    recipe.detectors.enable_only(&[DetectorKind::IsolationForest, DetectorKind::KNearestNeighbors]);
    recipe.detectors.isolation_forest.n_estimators = 20;
    let mut window = found(width, height, perspective, &recipe);
    window.wait_until("the alerts are explained", |app| !app.explaining.is_busy());
    window.tell(Command::NextAlert);
    window.wait_until("the alert is read with its explanation", |app| {
        app.queue.detail.as_ref().is_some_and(|alert| alert.explanation.is_some())
    });
    window.settle();
    window
}

fn press(window: &mut Window, key: Key) {
    window.harness.key_press(key);
    window.harness.run_steps(2);
}

/// The window has the answer to the question on show.
fn answer(window: &mut Window) {
    window.wait_until("the row is explained", |app| {
        app.explaining.story.as_ref().is_some_and(|story| Some(story.question) == app.explaining.asked)
    });
    window.settle();
}

fn question(app: &App) -> RowQuestion {
    app.explaining.asked.unwrap()
}

#[test]
fn an_alert_says_why_and_which_detectors_agree() {
    let mut window = explained(1300.0, 900.0, Perspective::Triage);
    assert!(window.is_shown("WHY") && window.is_shown("DETECTORS") && !window.is_shown("VALUES AGAINST TYPICAL"));
    let explanation = window.app().queue.detail.as_ref().unwrap().explanation.clone().unwrap();
    let first = explanation.columns.first().unwrap();
    assert!(window.is_shown(&format!("{} is ", first.column)), "a bar says the share of {}", first.column);
    assert!(window.is_shown("typically "));
    assert!(window.is_shown("call it abnormal on their own"));
    // Each detector is told once.
    let votes = window.app().queue.detail.as_ref().unwrap().fired.len();
    let told = |what| window.harness.query_all_by_label_contains(what).count();
    assert_eq!(told(" votes abnormal") + told(" does not vote abnormal"), votes);
    let nearest = explanation.nearest_normal.unwrap();
    window.harness.get_by_label_contains("Show the most similar normal row").click_accesskit();
    window.settle();
    assert_eq!(window.app().settings.perspective, Perspective::Explore);
    let time = window.app().data.as_ref().unwrap().table.time().unwrap()[nearest as usize] as f64 / 1e6;
    assert_eq!(window.app().focus.map(|focus| (focus.from, focus.to)), Some((time, time)));
}

#[test]
fn e_explains_the_peak_and_escape_goes_back() {
    let mut window = explained(1300.0, 900.0, Perspective::Explore);
    let peak = window.app().queue.detail.as_ref().unwrap().summary.peak_row;
    press(&mut window, Key::E);
    answer(&mut window);
    assert_eq!(question(window.app()).row, peak);
    let story = window.app().explaining.story.clone().unwrap();
    assert!(window.is_shown("FEATURES") && window.is_shown("usually"));
    let first = story.explanation.contributions.first().unwrap();
    assert!(window.is_shown(&format!("{} adds +", first.feature)));
    match &story.counterfactual {
        Some(found) => assert!(window.is_shown("Normal if ") && window.is_shown(&found.changes[0].column)),
        None => assert!(window.is_shown("No change of a few columns makes this row normal")),
    }
    window.click("Compare");
    assert!(window.is_shown("is the most similar normal row") && window.is_shown("normal row"));
    // The next alert is explained in its turn.
    press(&mut window, Key::J);
    answer(&mut window);
    let second = window.app().queue.alerts[1].peak_row;
    assert_eq!(question(window.app()).row, second);
    press(&mut window, Key::Escape);
    assert!(window.app().explaining.asked.is_none());
    window.settle();
    assert!(window.harness.query_by_label("Explain…").is_some());
}

#[test]
fn a_detector_is_explained_by_its_own_methods() {
    let mut window = explained(1300.0, 900.0, Perspective::Triage);
    window.click("Explain…");
    answer(&mut window);
    window.click("Score to explain");
    window.click(DetectorKind::IsolationForest.title());
    answer(&mut window);
    assert_eq!(question(window.app()).target, Target::Detector(DetectorKind::IsolationForest));
    let methods = window.app().explaining.story.as_ref().unwrap().methods.clone();
    assert!(methods.contains(&Method::TreeShap));
    window.click("Method of explaining");
    window.click(Method::Lime.title());
    answer(&mut window);
    let story = window.app().explaining.story.clone().unwrap();
    assert_eq!(story.explanation.method, Method::Lime);
    assert!(window.is_shown("(R²)"));
}

#[test]
fn other_values_give_another_score_at_once() {
    let mut window = explained(1300.0, 900.0, Perspective::Triage);
    press(&mut window, Key::E);
    answer(&mut window);
    window.click("What if");
    assert!(window.is_shown("Change values to see"));
    let story = window.app().explaining.story.clone().unwrap();
    let top = story.columns.iter().find(|column| story.what_if.columns().contains(&column.source)).unwrap();
    let slider = format!("{}, slider", top.source);
    window.harness.get_by_label(&slider).focus();
    window.settle();
    // Down to what is usual, or up to it.
    let (now, usual) = (top.value, top.typical.unwrap().median);
    let key = if usual < now { Key::ArrowLeft } else { Key::ArrowRight };
    for _ in 0..40 {
        window.harness.key_press(key);
        window.harness.run_steps(1);
    }
    window.wait_until("there is a result", |app| {
        app.explaining.supposed.as_ref().is_some_and(|supposed| supposed.result.is_some()) && !app.explaining.is_busy()
    });
    let place = story.what_if.place_of(&top.source).unwrap();
    let supposed = window.app().explaining.supposed.clone().unwrap();
    assert!((supposed.values[place] - usual).abs() < (now - usual).abs(), "{} of {now}", supposed.values[place]);
    window.settle();
    assert!(!window.is_shown("Change values to see") && window.is_shown(" → "));

    window.click("As the normal row");
    window.wait_until("the detectors have seen the values of the normal row", |app| {
        let supposed = app.explaining.supposed.as_ref();
        supposed.is_some_and(|supposed| supposed.values == story.nearest_values) && !app.explaining.is_busy()
    });
    let result = window.app().explaining.supposed.clone().unwrap().result.unwrap();
    assert!(result.detectors.iter().any(|(_, before, after)| before != after), "{:?}", result.detectors);
    window.click("Reset");
    assert!(window.app().explaining.supposed.is_none() && window.is_shown("Change values to see"));
}

#[test]
fn the_change_that_makes_a_row_normal_can_be_tried() {
    let mut window = explained(1300.0, 900.0, Perspective::Triage);
    press(&mut window, Key::E);
    // Not every row becomes normal by its own values: the rows before it count, too.
    let is_normal_by_itself = |window: &mut Window| {
        answer(window);
        let story = window.app().explaining.story.clone().unwrap();
        story.counterfactual.as_ref().is_some_and(|found| !found.with_history)
    };
    while !is_normal_by_itself(&mut window) {
        let before = window.app().queue.selected;
        press(&mut window, Key::J);
        assert_ne!(window.app().queue.selected, before, "no alert becomes normal by its own values");
    }
    window.click("What if");
    window.click("Make it normal");
    window.wait_until("the detectors have looked again", |app| {
        app.explaining.supposed.as_ref().is_some_and(|supposed| supposed.result.is_some()) && !app.explaining.is_busy()
    });
    window.settle();
    let result = window.app().explaining.supposed.clone().unwrap().result.unwrap();
    assert!(!result.is_anomaly && result.after < result.before, "{} {}", result.before, result.after);
    assert!(window.harness.query_all_by_label("normal").count() > 0, "it says so");
}

#[test]
fn any_row_of_the_plots_can_be_explained() {
    let mut window = explained(1300.0, 900.0, Perspective::Explore);
    let at = window.harness.get_by_label_contains("Plot of the combined score").rect().center();
    for event in [
        Event::PointerMoved(at),
        Event::PointerButton { pos: at, button: PointerButton::Secondary, pressed: true, modifiers: Modifiers::NONE },
        Event::PointerButton { pos: at, button: PointerButton::Secondary, pressed: false, modifiers: Modifiers::NONE },
    ] {
        window.harness.event(event);
        window.harness.run_steps(2);
    }
    window.harness.get_by_label_contains("Explain row ").click();
    window.harness.run_steps(2);
    answer(&mut window);
    assert!(window.app().explaining.story.is_some());
}

#[test]
fn without_a_result_it_says_what_to_do() {
    let mut recipe = quick();
    recipe.explanation.enable_explainability = false;
    let mut window = found(900.0, 600.0, Perspective::Triage, &recipe);
    press(&mut window, Key::J);
    press(&mut window, Key::E);
    window.settle();
    assert!(window.is_shown("Explanations are switched off"));
    // Nothing reaches beyond the window.
    let beyond = window
        .harness
        .query_all(By::new())
        .filter(|node| node.accesskit_node().bounding_box().is_some_and(|area| area.x1 > 901.0));
    assert_eq!(beyond.count(), 0);
}

#[test]
fn features_that_later_rows_decide_are_counted() {
    let mut window = found(1300.0, 900.0, Perspective::Triage, &quick());
    press(&mut window, Key::J);
    press(&mut window, Key::E);
    answer(&mut window);
    window.click("What if");
    assert!(window.is_shown("of the features keep their values"));
}
