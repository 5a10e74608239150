//! The live controls: threshold, combination and weights, without a refit. They change the recipe like any other edit;
//! the program recombines the scores at hand.

mod combination;
mod threshold;
mod weights;

use std::mem::discriminant;
use std::ops::RangeInclusive;

use eframe::egui::{Align, ComboBox, Layout, Response, RichText, Slider, SliderClamping, Ui};
use serde::Serialize;

use super::super::icons::{self, Icon};
use super::super::shell::Wishes;
use super::super::theme::Palette;
use super::super::widgets::{self, section_header};
use crate::app::main_job::Findings;
use crate::app::{App, Command, live_settings};
use crate::recipe::{EnsembleConfig, Recipe};
use live_settings::Basis;

/// Room for the number beside a slider.
const NUMBER: f32 = 54.0;
/// Shortest slider.
const SLIDER: f32 = 50.0;

/// What every control needs.
struct Controls<'a> {
    recipe: &'a Recipe,
    /// Recipe of the last run: what a group goes back to.
    last: Option<&'a Recipe>,
    basis: Basis,
    findings: &'a Findings,
    wishes: &'a mut Wishes,
}

/// Draws the controls.
pub(super) fn show(ui: &mut Ui, app: &App, findings: &Findings, wishes: &mut Wishes) {
    let last = app.last_run.as_ref().map(|run| &*run.recipe);
    let mut controls = Controls { recipe: &app.recipe.current, last, basis: Basis::of(findings), findings, wishes };
    threshold::show(ui, &mut controls);
    combination::show(ui, &mut controls);
    weights::show(ui, &mut controls);
}

impl Controls<'_> {
    fn ensemble(&self) -> &EnsembleConfig {
        &self.recipe.ensemble
    }

    /// Changes a setting of the ensemble.
    fn edit(&mut self, setting: &str, change: impl FnOnce(&mut EnsembleConfig)) {
        let mut recipe = self.recipe.clone();
        change(&mut recipe.ensemble);
        self.wishes.push(Command::EditRecipe { recipe: Box::new(recipe), label: format!("ensemble.{setting}") });
    }

    fn idle(&self, setting: live_settings::LiveSetting) -> Option<&'static str> {
        live_settings::idle(setting, self.ensemble(), self.basis)
    }

    /// Heading of a group. `take` takes the settings of the group over from another ensemble; where they differ from
    /// those of the last run there is a way back to them.
    fn heading(&mut self, ui: &mut Ui, title: &str, take: impl Fn(&mut EnsembleConfig, &EnsembleConfig)) {
        let mut reset = None;
        if let Some(last) = self.last {
            let mut before = self.ensemble().clone();
            take(&mut before, &last.ensemble);
            reset = (before != *self.ensemble()).then_some(before);
        }
        ui.horizontal(|ui| {
            section_header(ui, title);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let Some(before) = reset else { return };
                let name = format!("{title}: back to the last run");
                if icons::button(ui, Icon::Reset, &name).clicked() {
                    self.edit(&format!("{} of the last run", title.to_lowercase()), |ensemble| *ensemble = before);
                }
            });
        });
    }
}

/// A line: name and widget. Where the setting is idle the widget is disabled, and says why.
fn row<R>(ui: &mut Ui, name: &str, setting: &str, idle: Option<&str>, add: impl FnOnce(&mut Ui) -> (Response, R)) -> R {
    ui.horizontal(|ui| {
        let palette = Palette::of(ui);
        let color = if idle.is_some() { palette.weak } else { palette.text };
        let label = widgets::cell(ui, name_width(ui), Align::Min, RichText::new(name).color(color));
        hint(label, || live_settings::about(setting));
        let (response, value) = ui.add_enabled_ui(idle.is_none(), add).inner;
        if let Some(reason) = idle {
            response.on_disabled_hover_text(reason);
        }
        value
    })
    .inner
}

/// A choice between several, in words for people. Returns the one chosen.
fn choice<T: Copy + Serialize>(
    ui: &mut Ui,
    (name, setting): (&str, &str),
    current: T,
    choices: &[(T, &str)],
    idle: Option<&str>,
) -> Option<T> {
    let is_current = |choice: &T| discriminant(choice) == discriminant(&current);
    let title = choices.iter().find(|(choice, _)| is_current(choice)).map_or("", |(_, title)| title);
    row(ui, name, setting, idle, |ui| {
        let mut chosen = None;
        let combo = ComboBox::from_id_salt(name).width(ui.available_width()).truncate().selected_text(title);
        let combo = combo.show_ui(ui, |ui| {
            for (choice, title) in choices {
                let line = ui.selectable_label(is_current(choice), *title);
                let line = hint(line, || live_settings::about_choice(setting, choice));
                if line.clicked() && !is_current(choice) {
                    chosen = Some(*choice);
                }
            }
        });
        let response = hint(combo.response, || live_settings::about_choice(setting, &current));
        (response.accessible_name(name), chosen)
    })
}

/// A slider after its label. Returns the new value.
fn slider(
    ui: &mut Ui,
    (label, name, setting): (&str, &str, &str),
    value: f64,
    range: RangeInclusive<f64>,
    idle: Option<&str>,
    look: impl FnOnce(Slider<'_>) -> Slider<'_>,
) -> Option<f64> {
    row(ui, label, setting, idle, |ui| {
        let (response, new) = bare_slider(ui, name, value, range, look);
        (hint(response, || live_settings::about(setting)), new)
    })
}

/// A slider as wide as there is room, up to its number.
fn bare_slider(
    ui: &mut Ui,
    name: &str,
    mut value: f64,
    range: RangeInclusive<f64>,
    look: impl FnOnce(Slider<'_>) -> Slider<'_>,
) -> (Response, Option<f64>) {
    ui.spacing_mut().interact_size.x = NUMBER;
    ui.spacing_mut().slider_width = (ui.available_width() - NUMBER - ui.spacing().item_spacing.x).max(SLIDER);
    // A value from a file that lies outside stays until somebody moves it.
    let slider = look(Slider::new(&mut value, range).clamping(SliderClamping::Edits));
    let response = widgets::slider(ui, slider, name);
    let changed = response.changed().then_some(value);
    (response, changed)
}

/// Explains on hover; the text is made only then.
fn hint(response: Response, text: impl FnOnce() -> String) -> Response {
    response.on_hover_ui(|ui| {
        ui.set_max_width(360.0);
        ui.label(text());
    })
}

/// Room for the names: the same in all groups, so that widgets stand below each other.
fn name_width(ui: &Ui) -> f32 {
    (ui.max_rect().width() * 0.4).clamp(90.0, 132.0)
}

/// A share as a percentage, and back.
fn as_percent(slider: Slider<'_>) -> Slider<'_> {
    let parse = |text: &str| text.trim().trim_end_matches('%').trim().parse::<f64>().ok().map(|p| p / 100.0);
    slider.custom_formatter(|share, _| super::super::format::percent(share)).custom_parser(parse)
}
