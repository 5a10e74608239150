//! Live controls of the weights: of each detector, over time, and of detectors that say the same.

use eframe::egui::{Align, ComboBox, Response, RichText, Ui};

use super::super::super::theme::Palette;
use super::super::super::widgets;
use super::{Controls, bare_slider, hint, name_width, row};
use crate::app::format::fmt_duration;
use crate::app::live_settings::{self, LiveSetting, WINDOWS_SECS};
use crate::recipe::{DetectorKind, ModelWeights, VotingStrategy};

/// Weight of a detector that is let in again where its usual weight is 0.
const FRESH: f64 = 0.1;

pub(super) fn show(ui: &mut Ui, controls: &mut Controls<'_>) {
    controls.heading(ui, "Weights", |ensemble, last| {
        ensemble.model_weights = last.model_weights.clone();
        ensemble.dynamic_weighting = last.dynamic_weighting.clone();
        ensemble.diversity = last.diversity.clone();
    });
    let snapshot = &controls.findings.snapshot;
    let takes_part = |kind: &DetectorKind| snapshot.combined.members.iter().any(|member| member.kind == *kind);
    for &kind in DetectorKind::ALL.iter().filter(|kind| takes_part(kind) || snapshot.pending.contains(kind)) {
        ui.add_enabled_ui(takes_part(&kind), |ui| weight(ui, controls, kind));
    }
    dynamic(ui, controls);
    diversity(ui, controls);
}

/// The weight of a detector; where only being 0 or not counts, a switch.
fn weight(ui: &mut Ui, controls: &mut Controls<'_>, kind: DetectorKind) {
    let before = controls.ensemble().model_weights.get(kind);
    let idle = controls.idle(LiveSetting::Weights);
    let strategy = controls.ensemble().voting_strategy;
    let new = ui.horizontal(|ui| {
        let palette = Palette::of(ui);
        let color = if before > 0.0 { palette.text } else { palette.weak };
        widgets::cell(ui, name_width(ui), Align::Min, RichText::new(kind.title()).color(color));
        match (idle, strategy) {
            (Some(reason), VotingStrategy::Maximum | VotingStrategy::AverageOfMaximum) => {
                take_part(ui, kind, before, reason)
            }
            (reason, _) => {
                let slider = ui.add_enabled_ui(reason.is_none(), |ui| weight_slider(ui, kind, before, strategy)).inner;
                if let (response, Some(reason)) = (slider.0, reason) {
                    response.on_disabled_hover_text(reason);
                }
                slider.1
            }
        }
    });
    if let Some(new) = new.inner {
        let setting = format!("model_weights.{}", kind.name());
        controls.edit(&setting, |ensemble| ensemble.model_weights.set(kind, new));
    }
}

fn weight_slider(ui: &mut Ui, kind: DetectorKind, weight: f64, strategy: VotingStrategy) -> (Response, Option<f64>) {
    let name = format!("Weight of {}", kind.title());
    let (response, new) = bare_slider(ui, &name, weight, 0.0..=1.0, |slider| slider.step_by(0.01).fixed_decimals(2));
    let about = match strategy {
        VotingStrategy::MajorityVote => {
            "Every detector has one vote; weights only order the rows with equally many votes. 0 takes the vote away."
        }
        _ => "Only the ratios of the weights matter. Acts at once, without a refit.",
    };
    (hint(response, || about.to_owned()), new)
}

fn take_part(ui: &mut Ui, kind: DetectorKind, weight: f64, reason: &str) -> Option<f64> {
    let mut is_heard = weight > 0.0;
    let switch = widgets::switch(ui, &mut is_heard, &format!("{} takes part", kind.title()));
    let changed = switch.on_hover_text(reason).changed();
    let text = if is_heard { "takes part" } else { "left out" };
    ui.label(RichText::new(text).small().color(Palette::of(ui).weak));
    let usual = ModelWeights::default().get(kind);
    let back = if usual > 0.0 { usual } else { FRESH };
    changed.then_some(if is_heard { back } else { 0.0 })
}

/// Weights over time: on or off, and the length of a window.
fn dynamic(ui: &mut Ui, controls: &mut Controls<'_>) {
    let config = controls.ensemble().dynamic_weighting.clone();
    let idle = controls.idle(LiveSetting::DynamicWeighting);
    let (enabled, window) = row(ui, "Over time", "dynamic_weighting", idle, |ui| {
        let (switched, enabled) = on_off(ui, config.enabled, "Weights that follow how well each detector did");
        let (combo, window) = ui.add_enabled_ui(config.enabled, |ui| window_choice(ui, config.window_secs)).inner;
        if idle.is_none() {
            combo.clone().on_disabled_hover_text("The weights are the same at all times.");
        }
        (switched | combo, (enabled, window))
    });
    if let Some(enabled) = enabled {
        controls.edit("dynamic_weighting.enabled", |ensemble| ensemble.dynamic_weighting.enabled = enabled);
    }
    if let Some(window_secs) = window {
        controls.edit("dynamic_weighting.window_secs", |ensemble| ensemble.dynamic_weighting.window_secs = window_secs);
    }
}

fn window_choice(ui: &mut Ui, current: u32) -> (Response, Option<u32>) {
    let title = |secs: u32| format!("by {}", fmt_duration(u64::from(secs) * 1_000_000));
    let mut chosen = None;
    let combo = ComboBox::from_id_salt("window").width(ui.available_width()).truncate().selected_text(title(current));
    let combo = combo.show_ui(ui, |ui| {
        // A length from a file stays among the choices.
        let other = Some(current).filter(|secs| !WINDOWS_SECS.contains(secs));
        for secs in other.into_iter().chain(WINDOWS_SECS) {
            if ui.selectable_label(secs == current, title(secs)).clicked() && secs != current {
                chosen = Some(secs);
            }
        }
    });
    let response = hint(combo.response, || live_settings::about("dynamic_weighting.window_secs"));
    (response.accessible_name("Window of weights over time"), chosen)
}

/// Less weight for detectors that say the same: on or off, and from which likeness.
fn diversity(ui: &mut Ui, controls: &mut Controls<'_>) {
    let config = controls.ensemble().diversity.clone();
    let idle = controls.idle(LiveSetting::Diversity);
    let (enabled, threshold) = row(ui, "Diversity", "diversity", idle, |ui| {
        let (switched, enabled) = on_off(ui, config.enabled, "Less weight for detectors that say the same");
        let add = |ui: &mut Ui| {
            let name = "Least diversity of two detectors";
            bare_slider(ui, name, config.threshold, 0.0..=1.0, |slider| slider.step_by(0.01).fixed_decimals(2))
        };
        let (slider, threshold) = ui.add_enabled_ui(config.enabled, add).inner;
        let slider = hint(slider, || live_settings::about("diversity.threshold"));
        if idle.is_none() {
            slider.clone().on_disabled_hover_text("Every detector keeps its weight, however alike they vote.");
        }
        (switched | slider, (enabled, threshold))
    });
    if let Some(enabled) = enabled {
        controls.edit("diversity.enabled", |ensemble| ensemble.diversity.enabled = enabled);
    }
    if let Some(threshold) = threshold {
        controls.edit("diversity.threshold", |ensemble| ensemble.diversity.threshold = threshold);
    }
}

/// A switch. Returns its new state.
fn on_off(ui: &mut Ui, is_on: bool, name: &str) -> (Response, Option<bool>) {
    let mut on = is_on;
    let response = widgets::switch(ui, &mut on, name);
    let changed = response.changed().then_some(on);
    (response, changed)
}
