//! What would the detectors say, were the values of the row others: a slider for each column, and the scores that follow.

use eframe::egui::{Align, Button, Color32, DragValue, Label, Layout, Rect, RichText, Slider, Ui, vec2};

use super::State;
use crate::analysis::severity::Severity;
use crate::app::explained;
use crate::app::format::{NONE, fmt_number, fmt_score};
use crate::app::main_job::Findings;
use crate::app::{App, Command, RowStory};
use crate::engine::WhatIfResult;
use crate::recipe::DetectorKind;
use crate::ui::bars;
use crate::ui::icons::{self, Icon};
use crate::ui::theme::{GAP, GAP_S, Palette, severity_icon};
use crate::ui::widgets::{self, inside, line, put, section_header};

/// Columns shown at first.
const N_AT_FIRST: usize = 5;

const LINE: f32 = 20.0;
const NUMBER: f32 = 84.0;
/// Room for the scores of a detector before and after.
const SCORES: f32 = 116.0;
/// Width from which a column takes one line.
const WIDE: f32 = 350.0;

/// Draws score, buttons, sliders and detectors.
pub(super) fn show(
    ui: &mut Ui,
    app: &App,
    findings: &Findings,
    story: &RowStory,
    state: &mut State,
    commands: &mut Vec<Command>,
) {
    let now = story.what_if.values();
    let supposed = app.explaining.supposed.as_ref().filter(|supposed| supposed.values.len() == now.len());
    let result = supposed.and_then(|supposed| supposed.result.as_ref());
    verdict(ui, findings, story, result);
    if now.is_empty() {
        widgets::remark(ui, widgets::Tone::Info, "No numeric column of this row can be changed.");
        return;
    }
    let mut values = supposed.map_or_else(|| now.clone(), |supposed| supposed.values.clone());
    let mut is_changed = presets(ui, story, &now, supposed.is_some(), &mut values, commands);
    ui.add_space(GAP_S);
    let places = places(story);
    let n = if state.all_columns { places.len() } else { N_AT_FIRST.min(places.len()) };
    for &place in places.iter().take(n) {
        is_changed |= column(ui, story, place, now.get(place).copied().unwrap_or(f64::NAN), &mut values);
    }
    if places.len() > N_AT_FIRST {
        let name = if state.all_columns { "Fewer columns".to_owned() } else { format!("All {} columns", places.len()) };
        if ui.button(name).clicked() {
            state.all_columns = !state.all_columns;
        }
    }
    if is_changed {
        commands.push(Command::Suppose(values));
    }
    detectors(ui, findings, story, result);
    let held = story.what_if.held_features().count();
    if held > 0 {
        let text = format!(
            "{held} of the features keep their values, as they come from other rows than this one and those before it."
        );
        ui.add(Label::new(RichText::new(text).small().color(Palette::of(ui).weak)).wrap());
    }
}

/// Places of the columns that can be changed, the one that raises the score most first.
pub(super) fn places(story: &RowStory) -> Vec<usize> {
    let rank = |name: &String| story.columns.iter().position(|column| column.source == *name).unwrap_or(usize::MAX);
    let mut places: Vec<(usize, usize)> =
        story.what_if.columns().iter().map(rank).enumerate().map(|(place, rank)| (rank, place)).collect();
    places.sort_unstable();
    places.into_iter().map(|(_, place)| place).collect()
}

/// The combined score before and after, and what it means.
fn verdict(ui: &mut Ui, findings: &Findings, story: &RowStory, result: Option<&WhatIfResult>) {
    let palette = Palette::of(ui);
    let row = story.question.row as usize;
    let combined = &findings.snapshot.combined;
    let known = combined.score.get(row).copied().unwrap_or(f64::NAN);
    let was_anomaly = combined.is_anomaly.get(row).copied().unwrap_or(false);
    ui.horizontal(|ui| {
        let before = result.map_or(known, |result| result.before);
        score(ui, findings, before, was_anomaly, result.is_none());
        if let Some(result) = result {
            let (rect, _) = ui.allocate_exact_size(vec2(16.0, 16.0), eframe::egui::Sense::hover());
            icons::paint(ui.painter(), rect.center(), 13.0, Icon::Forward, palette.weak);
            score(ui, findings, result.after, result.is_anomaly, true);
        }
    });
    // Always one line, so that nothing moves under the pointer.
    let text = match result {
        Some(_) => "Marks stand where the values are in the data.",
        None => "Change values to see what the detectors would say.",
    };
    ui.add(Label::new(RichText::new(text).small().color(palette.weak)).truncate());
}

/// A combined score and its verdict.
fn score(ui: &mut Ui, findings: &Findings, score: f64, is_anomaly: bool, is_told: bool) {
    let palette = Palette::of(ui);
    let level = Severity::of_anomaly(score, &findings.snapshot.recipe.severity);
    let (color, text) = match is_anomaly {
        true => (palette.severity(level), format!("anomalous, {}", level.name())),
        false => (palette.good, "normal".to_owned()),
    };
    if is_anomaly {
        severity_icon(ui, level);
    } else {
        icons::show(ui, Icon::Check, color, "normal");
    }
    let number = RichText::new(fmt_score(score)).monospace().size(19.0).color(color);
    ui.label(number).on_hover_text("Combined score, from 0 to 1");
    if is_told {
        ui.add(Label::new(RichText::new(text).color(color)).truncate());
    }
}

/// Buttons that set several values at once. Says whether one was pressed that changes values.
fn presets(
    ui: &mut Ui,
    story: &RowStory,
    now: &[f64],
    is_supposed: bool,
    values: &mut Vec<f64>,
    commands: &mut Vec<Command>,
) -> bool {
    let mut is_changed = false;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
        let mut press = |ui: &mut Ui, name: &str, about: &str, wanted: Option<Vec<f64>>| {
            let enabled = wanted.as_ref().is_some_and(|wanted| !same(wanted, values));
            let response = ui.add_enabled(enabled, Button::new(name));
            if response.on_hover_text(about).on_disabled_hover_text(about).clicked()
                && let Some(wanted) = wanted
            {
                *values = wanted;
                is_changed = true;
            }
        };
        press(ui, "Typical", "The usual values of the columns that raise the score", typical(story, now));
        press(ui, "As the normal row", "The values of the most similar normal row", nearest(story, now));
        press(ui, "Make it normal", &about_counterfactual(story), counterfactual(story, now));
        if ui.add_enabled(is_supposed, Button::new("Reset")).on_hover_text("The values as they are").clicked() {
            commands.push(Command::SupposeNothing);
        }
    });
    is_changed
}

/// Whether values are the same, missing ones included.
fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

fn typical(story: &RowStory, now: &[f64]) -> Option<Vec<f64>> {
    let median = |(name, &value): (&String, &f64)| {
        let column = story.columns.iter().find(|column| column.source == *name);
        column.and_then(|column| column.typical).map_or(value, |typical| typical.median)
    };
    Some(story.what_if.columns().iter().zip(now).map(median).collect())
}

fn nearest(story: &RowStory, now: &[f64]) -> Option<Vec<f64>> {
    (story.nearest_values.len() == now.len()).then(|| story.nearest_values.clone())
}

fn counterfactual(story: &RowStory, now: &[f64]) -> Option<Vec<f64>> {
    let found = story.counterfactual.as_ref().filter(|found| !found.with_history)?;
    let mut values = now.to_vec();
    for change in &found.changes {
        let place = story.what_if.place_of(&change.column).ok()?;
        *values.get_mut(place)? = change.to;
    }
    Some(values)
}

fn about_counterfactual(story: &RowStory) -> String {
    match &story.counterfactual {
        Some(found) if found.with_history => {
            format!("{} Values of this row alone do not do it.", explained::counterfactual(found))
        }
        Some(found) => explained::counterfactual(found),
        None => "There is no change of a few columns that makes the row normal.".to_owned(),
    }
}

/// Slider and number of a column. Says whether its value was changed.
fn column(ui: &mut Ui, story: &RowStory, place: usize, now: f64, values: &mut [f64]) -> bool {
    let palette = Palette::of(ui);
    let (Some(name), Some(value)) = (story.what_if.columns().get(place), values.get_mut(place)) else { return false };
    let range = story.ranges.get(place).copied().unwrap_or((f64::NAN, f64::NAN));
    let is_other = *value != now && !(value.is_nan() && now.is_nan());
    let title = RichText::new(name).color(if is_other { palette.accent } else { palette.text });
    let slot = if ui.available_width() >= WIDE {
        let name_width = (ui.available_width() * 0.34).min(150.0);
        let [names, slot, number] = line(ui, LINE + 4.0, [name_width, 0.0, NUMBER]);
        put(ui, names, Align::Min, title);
        (slot, number)
    } else {
        let [names, number] = line(ui, LINE + 2.0, [0.0, NUMBER]);
        put(ui, names, Align::Min, title);
        let [slot] = line(ui, LINE, [0.0]);
        (slot, number)
    };
    let (slot, number) = slot;
    let Some((low, high)) = bounds(range, now) else {
        put(ui, slot, Align::Min, RichText::new("no values to choose from").small().color(palette.weak));
        return false;
    };
    let mut new = *value;
    let mut is_changed = slide(ui, slot, name, (low, high), now, &mut new);
    is_changed |= inside(ui, number, Layout::right_to_left(Align::Center), |ui| {
        let drag = DragValue::new(&mut new)
            .range(low..=high)
            .clamp_existing_to_range(false)
            .speed((high - low) / 400.0)
            .custom_formatter(|value, _| fmt_number(value))
            .custom_parser(|text| text.trim().replace(',', "").replace('−', "-").parse().ok());
        ui.spacing_mut().interact_size.x = NUMBER;
        ui.add(drag).accessible_name(format!("{name}, number")).on_hover_text(was(now)).changed()
    });
    if is_changed && new.is_finite() {
        *value = new.clamp(low, high);
    }
    is_changed && new.is_finite()
}

fn was(now: f64) -> String {
    let value = if now.is_nan() { "missing".to_owned() } else { fmt_number(now) };
    format!("{value} in the data")
}

/// From where to where a value can be moved: what was observed, with some room where that is one value.
fn bounds((low, high): (f64, f64), now: f64) -> Option<(f64, f64)> {
    let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (now, now) };
    if !low.is_finite() {
        return None;
    }
    let room = if low < high { 0.0 } else { low.abs().max(1.0) * 0.5 };
    Some((low - room, high + room))
}

/// The slider, with a mark where the value is in the data.
fn slide(ui: &mut Ui, slot: Rect, name: &str, (low, high): (f64, f64), now: f64, value: &mut f64) -> bool {
    let palette = Palette::of(ui);
    inside(ui, slot, Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().slider_width = slot.width();
        // A missing value has no place; the slider begins in the middle.
        let mut shown = if value.is_finite() { *value } else { f64::midpoint(low, high) };
        let slider = Slider::new(&mut shown, low..=high).show_value(false);
        let response = widgets::slider(ui, slider, format!("{name}, slider"));
        let rail = response.rect.x_range().shrink(response.rect.height() / 2.5);
        if now.is_finite() && now != *value && high > low {
            let x = rail.min + rail.span() * ((now - low) / (high - low)).clamp(0.0, 1.0) as f32;
            let center = response.rect.center().y;
            let stroke = eframe::egui::Stroke::new(1.5, palette.text);
            ui.painter().vline(x, center + 6.0..=center + 10.0, stroke);
            ui.painter().vline(x, center - 10.0..=center - 6.0, stroke);
        }
        let is_changed = response.changed();
        response.on_hover_text(was(now));
        if is_changed {
            *value = shown;
        }
        is_changed
    })
}

/// The score of each detector before and after.
fn detectors(ui: &mut Ui, findings: &Findings, story: &RowStory, result: Option<&WhatIfResult>) {
    ui.add_space(GAP);
    section_header(ui, "Detectors");
    let row = story.question.row as usize;
    let known = || {
        let scores = findings.snapshot.scores.iter();
        scores.map(|scores| (scores.kind, scores.raw.get(row).copied().unwrap_or(f64::NAN), None)).collect()
    };
    let told: Vec<(DetectorKind, f64, Option<f64>)> = match result {
        Some(result) => result.detectors.iter().map(|&(kind, before, after)| (kind, before, Some(after))).collect(),
        None => known(),
    };
    for (kind, before, after) in told {
        let range = story.score_ranges.iter().find(|(known, _)| *known == kind);
        detector(ui, kind.title(), before, after, range.map_or((0.0, 1.0), |&(_, range)| range));
    }
}

fn detector(ui: &mut Ui, title: &str, before: f64, after: Option<f64>, (low, high): (f64, f64)) {
    let palette = Palette::of(ui);
    let bar = if ui.available_width() < WIDE { 40.0 } else { 110.0 };
    let [names, bar, numbers] = line(ui, LINE, [0.0, bar, SCORES]);
    put(ui, names, Align::Min, RichText::new(title));
    let share = |score: f64| if high > low { (score - low) / (high - low) } else { 0.0 };
    let text = match after {
        Some(after) => format!("{} → {}", fmt_number(before), fmt_number(after)),
        None if before.is_nan() => NONE.to_owned(),
        None => fmt_number(before),
    };
    let about = format!("{title}: {text}; scores of this run reach from {} to {}", fmt_number(low), fmt_number(high));
    let color: Color32 = if after.is_some() { palette.data } else { palette.raised };
    inside(ui, bar, Layout::left_to_right(Align::Center), |ui| {
        bars::pair(ui, vec2(bar.width(), 12.0), (share(before), share(after.unwrap_or(before))), color, &about)
    });
    put(ui, numbers, Align::Max, RichText::new(text).monospace());
}
