//! The live controls: share of anomalous rows and weight of each detector, without a refit.

use eframe::egui::{RichText, Slider, SliderClamping, Ui};

use super::super::format::percent;
use super::super::shell::Wishes;
use super::super::theme::Palette;
use super::super::widgets::{self, section_header};
use crate::app::main_job::Findings;
use crate::app::{App, Command};
use crate::recipe::{DetectorKind, Recipe};

/// Room for the name of a detector.
const NAME_WIDTH: f32 = 130.0;

/// Draws the controls. They change the recipe like any other edit; the program recombines the scores at hand.
pub(super) fn show(ui: &mut Ui, app: &App, findings: &Findings, wishes: &mut Wishes) {
    section_header(ui, "Threshold");
    contamination(ui, &app.recipe.current, wishes);
    section_header(ui, "Weights");
    let recipe = &app.recipe.current;
    let takes_part = |kind: &DetectorKind| findings.snapshot.combined.members.iter().any(|member| member.kind == *kind);
    for &kind in DetectorKind::ALL.iter().filter(|kind| takes_part(kind) || findings.snapshot.pending.contains(kind)) {
        ui.add_enabled_ui(takes_part(&kind), |ui| weight(ui, recipe, kind, wishes));
    }
}

fn edit(recipe: Recipe, label: String, wishes: &mut Wishes) {
    wishes.push(Command::EditRecipe { recipe: Box::new(recipe), label });
}

fn contamination(ui: &mut Ui, recipe: &Recipe, wishes: &mut Wishes) {
    let mut share = recipe.ensemble.contamination;
    wide_slider(ui);
    let slider = Slider::new(&mut share, 0.0005..=0.5)
        .logarithmic(true)
        .clamping(SliderClamping::Edits)
        .custom_formatter(|share, _| percent(share))
        .custom_parser(|text| text.trim().trim_end_matches('%').trim().parse::<f64>().ok().map(|p| p / 100.0));
    let response = widgets::slider(ui, slider, "Share of rows to call anomalous");
    let hint = "Contamination: the share of rows to call anomalous. Acts at once, without a refit.";
    if response.on_hover_text(hint).changed() {
        let mut recipe = recipe.clone();
        recipe.ensemble.contamination = share;
        edit(recipe, "ensemble.contamination".to_owned(), wishes);
    }
}

fn weight(ui: &mut Ui, recipe: &Recipe, kind: DetectorKind, wishes: &mut Wishes) {
    let mut weight = recipe.ensemble.model_weights.get(kind);
    ui.horizontal(|ui| {
        let color = if weight > 0.0 { Palette::of(ui).text } else { Palette::of(ui).weak };
        widgets::cell(ui, NAME_WIDTH, eframe::egui::Align::Min, RichText::new(kind.title()).color(color));
        wide_slider(ui);
        let slider = Slider::new(&mut weight, 0.0..=1.0).step_by(0.01).fixed_decimals(2);
        let response = widgets::slider(ui, slider, format!("Weight of {}", kind.title()));
        if response.on_hover_text("Only the ratios of the weights matter. Acts at once, without a refit.").changed() {
            let mut recipe = recipe.clone();
            recipe.ensemble.model_weights.set(kind, weight);
            edit(recipe, format!("ensemble.model_weights.{}", kind.name()), wishes);
        }
    });
}

/// Sliders as wide as there is room, up to their number.
fn wide_slider(ui: &mut Ui) {
    ui.spacing_mut().interact_size.x = 54.0;
    ui.spacing_mut().slider_width = (ui.available_width() - 54.0 - ui.spacing().item_spacing.x).max(80.0);
}
