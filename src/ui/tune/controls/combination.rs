//! Live controls of the combination: how the scores of the detectors become comparable, and then one.

use eframe::egui::{Label, RichText, Ui};

use super::super::super::theme::Palette;
use super::{Controls, as_percent, choice, slider};
use crate::app::format::{fmt_counted, fmt_number};
use crate::app::live_settings::{self, LiveSetting, NORMALIZATIONS, VOTING_STRATEGIES};
use crate::recipe::{Normalization, VotingStrategy};

pub(super) fn show(ui: &mut Ui, controls: &mut Controls<'_>) {
    controls.heading(ui, "Combination", |ensemble, last| {
        ensemble.voting_strategy = last.voting_strategy;
        ensemble.majority_threshold = last.majority_threshold;
        ensemble.group_size = last.group_size;
        ensemble.normalization = last.normalization;
        ensemble.soft_limit = last.soft_limit;
    });
    let strategy = controls.ensemble().voting_strategy;
    if let Some(strategy) = choice(ui, ("Strategy", "voting_strategy"), strategy, &VOTING_STRATEGIES, None) {
        controls.edit("voting_strategy", |ensemble| ensemble.voting_strategy = strategy);
    }
    match strategy {
        VotingStrategy::MajorityVote => majority(ui, controls),
        VotingStrategy::AverageOfMaximum => group_size(ui, controls),
        VotingStrategy::Stacking if !controls.basis.has_labels => {
            note(ui, "The data has no labels to learn from: this is the weighted average.");
        }
        _ => {}
    }
    let normalization = controls.ensemble().normalization;
    let name = ("Normalisation", "normalization");
    if let Some(normalization) = choice(ui, name, normalization, &NORMALIZATIONS, None) {
        controls.edit("normalization", |ensemble| ensemble.normalization = normalization);
    }
    soft_limit(ui, controls);
}

fn majority(ui: &mut Ui, controls: &mut Controls<'_>) {
    let share = controls.ensemble().majority_threshold;
    let name = ("Must agree", "Share of detectors that must agree", "majority_threshold");
    if let Some(share) = slider(ui, name, share, 0.01..=1.0, None, |slider| as_percent(slider).step_by(0.01)) {
        controls.edit("majority_threshold", |ensemble| ensemble.majority_threshold = share);
    }
    let weights = &controls.ensemble().model_weights;
    let n_heard = controls.findings.snapshot.scores.iter().filter(|scores| weights.get(scores.kind) > 0.0).count();
    let (least, of) = live_settings::majority(controls.ensemble(), n_heard);
    note(ui, &format!("At least {least} of {} must agree.", fmt_counted(of, "detector")));
}

fn group_size(ui: &mut Ui, controls: &mut Controls<'_>) {
    let size = controls.ensemble().group_size;
    let most = controls.basis.n_detectors.max(2) as f64;
    let idle = controls.idle(LiveSetting::GroupSize);
    let name = ("Group size", "Detectors per group", "group_size");
    let size = slider(ui, name, f64::from(size), 1.0..=most, idle, |slider| slider.step_by(1.0).fixed_decimals(0));
    if let Some(size) = size {
        controls.edit("group_size", |ensemble| ensemble.group_size = size as u32);
    }
}

/// Where scores begin to count by their logarithm.
fn soft_limit(ui: &mut Ui, controls: &mut Controls<'_>) {
    let limit = controls.ensemble().soft_limit;
    // Ranks and probabilities end at 1, the other normalisations rarely go beyond 20.
    let is_share = matches!(controls.ensemble().normalization, Normalization::Rank | Normalization::Gaussian);
    let most = if is_share { 1.0 } else { 20.0 };
    let off = |limit: f64| if limit > 0.0 { fmt_number(limit) } else { "none".to_owned() };
    let parse = |text: &str| if text.trim() == "none" { Some(0.0) } else { text.trim().parse().ok() };
    let step = if is_share { 0.01 } else { 0.1 };
    let name = ("Soft limit", "Soft limit of normalised scores", "soft_limit");
    let limit = slider(ui, name, limit, 0.0..=most, None, |slider| {
        slider.step_by(step).custom_formatter(move |limit, _| off(limit)).custom_parser(parse)
    });
    if let Some(limit) = limit {
        controls.edit("soft_limit", |ensemble| ensemble.soft_limit = limit);
    }
}

/// A quiet line below a control.
fn note(ui: &mut Ui, text: &str) {
    let weak = Palette::of(ui).weak;
    ui.add(Label::new(RichText::new(text).small().color(weak)).wrap());
}
