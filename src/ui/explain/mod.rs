//! The explanation of a row: what makes its score, what would be normal, and what would be with other values.

mod features;
mod normal;
mod what_if;
pub(crate) mod words;

use eframe::egui::{Align, ComboBox, Label, Layout, RichText, ScrollArea, Ui, vec2};

use super::icons::{self, Icon};
use super::shortcuts;
use super::theme::{GAP, GAP_S, Palette, severity_icon};
use super::widgets::{self, Tone};
use crate::analysis::severity::Severity;
use crate::app::explained;
use crate::app::format::{fmt_row, fmt_score, fmt_time};
use crate::app::main_job::Findings;
use crate::app::{App, Command, RowQuestion, RowStory};
use crate::engine::Target;

/// Width of the panel of an explanation, where there is room for it.
pub(crate) const WIDTH: std::ops::RangeInclusive<f32> = 320.0..=460.0;

/// Width of the names of the choosers.
const NAME: f32 = 62.0;

/// What the view remembers.
#[derive(Debug, Default)]
pub(crate) struct State {
    part: Part,
    all_features: bool,
    all_columns: bool,
}

/// A part of an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    #[default]
    Features,
    WhatIf,
    Normal,
}

/// Draws the explanation of the row asked about.
pub(crate) fn show(ui: &mut Ui, app: &App, state: &mut State, commands: &mut Vec<Command>) {
    let Some(question) = app.explaining.asked else { return };
    head(ui, app, question, commands);
    ui.add_space(GAP_S);
    let Some(findings) = &app.findings else {
        missing(ui, app);
        return;
    };
    let story = app.explaining.story.as_deref().filter(|story| story.question.row == question.row);
    if let Some(problem) = &app.explaining.problem {
        widgets::callout(ui, Tone::Error, |ui| widgets::remark(ui, Tone::Error, problem));
    }
    let Some(story) = story else {
        waiting(ui, app, findings);
        return;
    };
    if story.question != question && app.explaining.is_answering() {
        explaining(ui, "Explaining the row…");
    }
    advice(ui, story, findings);
    ui.add_space(GAP_S);
    let parts = [(Part::Features, "Features", None), (Part::WhatIf, "What if", None), (Part::Normal, "Compare", None)];
    ui.horizontal(|ui| {
        if let Some(part) = widgets::segmented(ui, state.part, &parts) {
            state.part = part;
        }
    });
    ui.add_space(GAP_S);
    ScrollArea::vertical().id_salt(("explanation", state.part as u8)).auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        widgets::beside_scroll_bar(ui);
        match state.part {
            Part::Features => {
                choosers(ui, findings, story, question, commands);
                features::show(ui, story, state);
            }
            Part::WhatIf => what_if::show(ui, app, findings, story, state, commands),
            Part::Normal => normal::show(ui, findings, story, commands),
        }
        ui.add_space(GAP);
    });
}

/// Way back, row, and score.
fn head(ui: &mut Ui, app: &App, question: RowQuestion, commands: &mut Vec<Command>) {
    let palette = Palette::of(ui);
    let row = question.row as usize;
    ui.horizontal(|ui| {
        let key = shortcuts::of_command(&Command::Cancel).unwrap_or_default();
        if icons::button(ui, Icon::Back, "Back to the alert").on_hover_text(key).clicked() {
            commands.push(Command::StopExplaining);
        }
        let scores = app.findings.as_ref().map(|findings| &findings.snapshot.combined);
        let score = scores.and_then(|combined| combined.score.get(row)).copied();
        let is_anomaly = scores.and_then(|combined| combined.is_anomaly.get(row)).copied().unwrap_or(false);
        if let (Some(score), Some(findings), true) = (score, &app.findings, is_anomaly) {
            severity_icon(ui, Severity::of_anomaly(score, &findings.snapshot.recipe.severity));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(score) = score {
                ui.label(RichText::new(fmt_score(score)).monospace().size(15.0))
                    .on_hover_text("Combined score, from 0 to 1");
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let title = format!("Row {}", fmt_row(question.row));
                ui.add(Label::new(RichText::new(title).size(15.0)).truncate());
            });
        });
    });
    let table = app.data.as_ref().map(|loaded| &loaded.table);
    let time = table.and_then(|table| table.time()?.get(row).copied()).map(|time| format!("{} UTC", fmt_time(time)));
    let entity = table.and_then(|table| table.entities()).map(|entities| entities.name_of(row).to_owned());
    let whose: Vec<String> = [entity, time].into_iter().flatten().collect();
    if !whose.is_empty() {
        ui.add(Label::new(RichText::new(whose.join(" · ")).color(palette.weak)).truncate());
    }
}

/// There is no result to explain.
fn missing(ui: &mut Ui, app: &App) {
    let text = if app.is_busy() {
        "The row can be explained when the run has ended."
    } else {
        "Run the recipe over the data to ask further: detectors explain themselves only while they are at hand."
    };
    widgets::callout(ui, Tone::Info, |ui| widgets::remark(ui, Tone::Info, text));
}

/// There is no answer yet.
fn waiting(ui: &mut Ui, app: &App, findings: &Findings) {
    if app.explaining.problem.is_some() {
        return;
    }
    let config = &findings.snapshot.recipe.explanation;
    if !app.explaining.is_answering() && !app.is_busy() {
        let text = if config.enable_explainability {
            "The detectors of this result are not at hand. Run again to ask further."
        } else {
            "Explanations are switched off. Set explanation.enable_explainability in Tune, and run again."
        };
        widgets::callout(ui, Tone::Info, |ui| widgets::remark(ui, Tone::Info, text));
        return;
    }
    let stage = app.explaining.alerts_progress().map_or("", |progress| progress.stage.as_str());
    let text = match stage {
        "Making ready to explain" => "Making the detectors ready to explain…",
        _ if app.is_busy() => "The row is explained when the run has ended.",
        _ => "Explaining the row…",
    };
    explaining(ui, text);
}

fn explaining(ui: &mut Ui, text: &str) {
    ui.label(text);
    widgets::progress(ui, vec2(ui.available_width(), 4.0), None, text);
}

/// What would be normal, in a sentence.
fn advice(ui: &mut Ui, story: &RowStory, findings: &Findings) {
    let row = story.question.row as usize;
    let is_anomaly = findings.snapshot.combined.is_anomaly.get(row).copied().unwrap_or(false);
    let (text, tone) = match &story.counterfactual {
        Some(found) => (explained::counterfactual(found), Tone::Info),
        None if !is_anomaly => ("This row is normal.".to_owned(), Tone::Good),
        None => ("No change of a few columns makes this row normal.".to_owned(), Tone::Info),
    };
    widgets::callout(ui, tone, |ui| widgets::remark(ui, tone, &text));
}

/// Which score is explained, and how.
fn choosers(ui: &mut Ui, findings: &Findings, story: &RowStory, question: RowQuestion, commands: &mut Vec<Command>) {
    let kinds = findings.snapshot.scores.iter().map(|scores| Target::Detector(scores.kind));
    let targets = std::iter::once(Target::Combined).chain(kinds).map(|target| (target, words::target(target)));
    let targets: Vec<_> = targets.collect();
    if let Some(target) = chooser(ui, "Score", "Score to explain", question.target, &targets) {
        commands.push(Command::Explain(RowQuestion { target, method: None, ..question }));
    }
    // The methods of another target are known only with its answer.
    let is_answered = story.question.target == question.target;
    let methods: Vec<_> = story.methods.iter().map(|&method| (method, method.title())).collect();
    let current = question.method.unwrap_or(story.explanation.method);
    ui.add_enabled_ui(is_answered && methods.len() > 1, |ui| {
        if let Some(method) = chooser(ui, "Method", "Method of explaining", current, &methods) {
            commands.push(Command::Explain(RowQuestion { method: Some(method), ..question }));
        }
    });
}

/// A line: name and choice. Returns the one chosen.
fn chooser<T: Copy + PartialEq>(ui: &mut Ui, label: &str, name: &str, current: T, choices: &[(T, &str)]) -> Option<T> {
    let mut chosen = None;
    ui.horizontal(|ui| {
        widgets::cell(ui, NAME, Align::Min, RichText::new(label).color(Palette::of(ui).weak));
        let title = choices.iter().find(|(choice, _)| *choice == current).map_or("", |(_, title)| title);
        let combo = ComboBox::from_id_salt(name).width(ui.available_width()).truncate().selected_text(title);
        let combo = combo.show_ui(ui, |ui| {
            for &(choice, title) in choices {
                if ui.selectable_label(choice == current, title).clicked() && choice != current {
                    chosen = Some(choice);
                }
            }
        });
        combo.response.accessible_name(name);
    });
    chosen
}
