//! The live controls of Tune and the judgement of alerts, driven by accessible names.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use eframe::egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};
use tarsier::app::{App, Command, Perspective, Settings, Source};
use tarsier::data::sample::Sample;
use tarsier::recipe::{BusinessHours, DetectorKind, Recipe, ThresholdMethod, VotingStrategy};

use crate::window::{Window, at_work, quick};

fn tuning() -> Window {
    let mut window = at_work(1300.0, 900.0, Settings { perspective: Perspective::Tune, ..Settings::default() });
    window.settle();
    window
}

/// Waits until the result is that of the settings.
fn follow(window: &mut Window) {
    window.wait_until("the result follows", |app| {
        let recipe = app.findings.as_ref().map(|findings| &*findings.snapshot.recipe);
        recipe == Some(&app.recipe.current) && !app.is_recombining()
    });
    window.settle();
}

fn n_anomalies(app: &App) -> usize {
    app.profile.as_ref().unwrap().n_anomalies
}

/// Opens a list and takes one of its lines.
fn choose(window: &mut Window, list: &str, line: &str) {
    window.click(list);
    window.click(line);
}

fn is_disabled(window: &Window, role: Role, name: &str) -> bool {
    let node = window.harness.get_by(|node| node.role() == role && node.label().as_deref() == Some(name));
    node.accesskit_node().is_disabled()
}

#[test]
fn strategy_is_chosen_by_name_and_acts_at_once() {
    let mut window = tuning();
    let scores = |app: &App| app.findings.as_ref().unwrap().snapshot.combined.score.clone();
    let average = scores(window.app());
    choose(&mut window, "Strategy", "Maximum");
    assert_eq!(window.app().recipe.current.ensemble.voting_strategy, VotingStrategy::Maximum);
    follow(&mut window);
    assert_ne!(scores(window.app()), average);
    let maximum = n_anomalies(window.app());
    assert!(!window.app().needs_refit());

    // With the maximum a weight only lets a detector in.
    assert!(window.harness.query_by_label("Weight of Isolation forest").is_none());
    window.click("Isolation forest takes part");
    let weights = &window.app().recipe.current.ensemble.model_weights;
    assert_eq!(weights.get(DetectorKind::IsolationForest), 0.0);
    follow(&mut window);
    window.click("Isolation forest takes part");
    let weights = &window.app().recipe.current.ensemble.model_weights;
    assert_eq!(weights, &Recipe::default().ensemble.model_weights);
    follow(&mut window);
    assert_eq!(n_anomalies(window.app()), maximum);

    window.click("Combination: back to the last run");
    assert_eq!(window.app().recipe.current.ensemble, quick().ensemble);
    follow(&mut window);
    assert_eq!(scores(window.app()), average);
    assert!(window.harness.query_by_label("Combination: back to the last run").is_none());
}

#[test]
fn what_does_nothing_cannot_be_changed() {
    let mut window = tuning();
    let share = "Share of rows to call anomalous";
    let dynamic = "Weights that follow how well each detector did";
    assert!(!is_disabled(&window, Role::Slider, share) && !is_disabled(&window, Role::CheckBox, dynamic));
    choose(&mut window, "Strategy", "Majority vote");
    assert!(is_disabled(&window, Role::Slider, share) && is_disabled(&window, Role::CheckBox, dynamic));
    assert!(is_disabled(&window, Role::ComboBox, "Taken from"));
    assert!(window.is_shown("At least 1 of 2 detectors must agree."));
    let agree = |window: &Window, share: f64| {
        let name = "Share of detectors that must agree";
        let slider = window.harness.get_by(|node| node.role() == Role::Slider && node.label().as_deref() == Some(name));
        slider.set_value_accesskit(share);
    };
    follow(&mut window);
    let one = n_anomalies(window.app());
    agree(&window, 1.0);
    window.settle();
    assert!(window.is_shown("At least 2 of 2 detectors must agree."));
    follow(&mut window);
    assert!(n_anomalies(window.app()) < one);
}

#[test]
fn threshold_method_keeps_the_result_until_its_number_is_moved() {
    let mut window = tuning();
    let before = n_anomalies(window.app());
    choose(&mut window, "Threshold by", "Percentile");
    assert_eq!(window.app().recipe.current.ensemble.threshold_method, ThresholdMethod::Percentile(90.0));
    follow(&mut window);
    assert_eq!(n_anomalies(window.app()), before);
    choose(&mut window, "Threshold by", "Alerts per day");
    assert!(is_disabled(&window, Role::ComboBox, "Taken from"), "alerts are counted on the combined score");
    choose(&mut window, "Threshold by", "Interquartile range");
    choose(&mut window, "Taken from", "Lowest of detectors");
    follow(&mut window);
    let low = n_anomalies(window.app());
    choose(&mut window, "Taken from", "Highest of detectors");
    follow(&mut window);
    assert!(n_anomalies(window.app()) <= low);
    assert_eq!(window.app().recipe.current.check(), []);
}

#[test]
fn weights_over_time_and_diversity_are_switched() {
    let mut window = tuning();
    choose(&mut window, "Window of weights over time", "by 3 h");
    assert_eq!(window.app().recipe.current.ensemble.dynamic_weighting.window_secs, 10_800);
    window.click("Weights that follow how well each detector did");
    assert!(!window.app().recipe.current.ensemble.dynamic_weighting.enabled);
    assert!(is_disabled(&window, Role::ComboBox, "Window of weights over time"));
    window.click("Less weight for detectors that say the same");
    assert!(!window.app().recipe.current.ensemble.diversity.enabled);
    assert!(is_disabled(&window, Role::Slider, "Least diversity of two detectors"));
    choose(&mut window, "Normalisation", "Rank");
    follow(&mut window);
    assert!(!window.app().needs_refit());
    assert!(window.is_shown("Isolation forest and Local outlier factor: kappa"), "the matrix of agreement");
}

#[test]
fn an_alert_says_how_it_was_judged() {
    let mut window =
        Window::with_settings(1300.0, 900.0, Settings { perspective: Perspective::Triage, ..Settings::default() });
    let mut recipe = quick();
    let adjustment = &mut recipe.severity.dynamic_adjustment;
    adjustment.business_hours = BusinessHours { from: 0, to: 24, weekdays_only: false, utc_offset_minutes: 0 };
    (adjustment.business_impact, adjustment.user_activity) = (1.0, 1.0);
    let path = window.file("always.ron", "");
    recipe.save(&path).unwrap();
    window.tell(Command::OpenRecipe(path));
    window.tell(Command::OpenAndRun(Source::Sample { sample: Sample::Servers, rows: 600, seed: 1 }));
    window.wait_until("the alerts are listed", |app| !app.is_busy() && !app.queue.alerts.is_empty());
    window.tell(Command::NextAlert);
    window.wait_until("the alert is read", |app| app.queue.detail.is_some());
    window.settle();
    let summary = window.app().queue.detail.as_ref().unwrap().summary.clone();
    assert!(window.is_shown("business hours ×2.0"));
    let urgency = format!("{}, respond", summary.severity.priority(&recipe.severity));
    assert!(window.is_shown(&urgency), "{urgency}");
    assert!(window.is_shown("likely an anomaly") && window.is_shown("confidence"));
}
