//! Why it is an alert: the columns that make the score, the detectors that agree or do not, and what is most similar.

use eframe::egui::{Align, Button, Label, Layout, RichText, Ui, vec2};

use super::heading;
use crate::app::explained;
use crate::app::format::{fmt_count, fmt_number, fmt_row, fmt_time};
use crate::app::{App, Command};
use crate::engine::JobProgress;
use crate::triage::{Alert, AlertExplanation, DetectorVote, ExplainedColumn};
use crate::ui::bars;
use crate::ui::format::{clock, percent, rate};
use crate::ui::icons::{self, Icon};
use crate::ui::theme::{GAP_S, Palette};
use crate::ui::triage::table::detector_title;
use crate::ui::widgets::{self, inside, line, put};

/// Width from which name, value, bar and share stand in one line.
const WIDE: f32 = 250.0;
const LINE: f32 = 18.0;
const VALUE: f32 = 62.0;
const PERCENT: f32 = 38.0;

/// Draws the explanation kept with an alert.
pub(super) fn show(ui: &mut Ui, app: &App, alert: &Alert, explanation: &AlertExplanation, commands: &mut Vec<Command>) {
    heading(ui, "Why");
    if explanation.columns.is_empty() {
        ui.colored_label(Palette::of(ui).weak, "No column raises the score of this row.");
    }
    for explained in &explanation.columns {
        column(ui, explained);
    }
    if let Some(row) = explanation.nearest_normal {
        nearest(ui, app, row, commands);
    }
    heading(ui, "Detectors");
    detectors(ui, explanation, &alert.fired);
}

/// How far the explanations are, while this one is not there yet.
pub(super) fn under_way(ui: &mut Ui, progress: &JobProgress) {
    let left = progress.left.map(|left| format!("{} left", clock(left)));
    let speed = (progress.rate > 0.0 && progress.fraction.is_some()).then(|| rate(progress.rate));
    let facts: Vec<String> = [speed, left].into_iter().flatten().collect();
    let weak = Palette::of(ui).weak;
    ui.add_space(GAP_S);
    let [name, numbers] = line(ui, LINE, [0.0, 110.0]);
    put(ui, name, Align::Min, RichText::new(&progress.stage).small().color(weak));
    put(ui, numbers, Align::Max, RichText::new(facts.join(" · ")).small().color(weak));
    widgets::progress(ui, vec2(ui.available_width(), 4.0), progress.fraction, &progress.stage);
}

/// A column: name, value, share of the score, and below it what is typical.
fn column(ui: &mut Ui, column: &ExplainedColumn) {
    let palette = Palette::of(ui);
    let value = RichText::new(explained::value(column.value, &column.text)).monospace();
    let share = RichText::new(format!("{:.0} %", 100.0 * column.share)).monospace();
    let about = format!("{} is {} of what raises the score", column.column, percent(column.share));
    let name = RichText::new(&column.column);
    let has_value = column.value.is_finite() || !column.text.is_empty();
    if ui.available_width() >= WIDE {
        let name_width = (ui.available_width() * 0.36).min(170.0);
        let [names, values, bar, shares] = line(ui, LINE, [name_width, VALUE, 0.0, PERCENT]);
        let names = if has_value { names } else { names.with_max_x(values.right()) };
        put(ui, names, Align::Min, name);
        if has_value {
            put(ui, values, Align::Max, value);
        }
        inside(ui, bar, Layout::left_to_right(Align::Center), |ui| {
            bars::share(ui, vec2(bar.width(), 8.0), column.share, palette.data, &about)
        });
        put(ui, shares, Align::Max, share);
    } else {
        let [names, values, shares] = line(ui, LINE, [0.0, VALUE, PERCENT]);
        put(ui, names, Align::Min, name);
        if has_value {
            put(ui, values, Align::Max, value);
        }
        put(ui, shares, Align::Max, share);
        bars::share(ui, vec2(ui.available_width(), 5.0), column.share, palette.data, &about);
    }
    let told = explained::of_column(column);
    if !told.is_empty() {
        ui.add(Label::new(RichText::new(told).small().color(palette.weak)).wrap());
    }
    ui.add_space(2.0);
}

/// The most similar normal row, and a way to it.
fn nearest(ui: &mut Ui, app: &App, row: u32, commands: &mut Vec<Command>) {
    let times = app.data.as_ref().and_then(|loaded| loaded.table.time());
    let time = times.and_then(|times| times.get(row as usize)).map(|&time| format!(", {} UTC", fmt_time(time)));
    let text = format!("row {}{}", fmt_row(row), time.unwrap_or_default());
    let palette = Palette::of(ui);
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        ui.spacing_mut().interact_size.y = 16.0;
        ui.label(RichText::new("Most similar normal row:").small().color(palette.weak));
        let link = RichText::new(&text).small().color(palette.accent);
        let link = ui.add(Button::new(link).frame(false).small());
        if link.accessible_name(format!("Show the most similar normal row, {text}")).clicked() {
            commands.push(Command::RevealRow(row));
        }
    });
}

/// A detector: whether it votes abnormal, and its share of the score.
struct Told<'a> {
    title: &'a str,
    share: f64,
    vote: Option<&'a DetectorVote>,
}

fn detectors(ui: &mut Ui, explanation: &AlertExplanation, votes: &[DetectorVote]) {
    let told = told(explanation, votes);
    if !votes.is_empty() {
        let n = votes.iter().filter(|vote| vote.voted).count();
        let text = format!("{} of {} call it abnormal on their own", fmt_count(n), fmt_count(votes.len()));
        ui.label(RichText::new(text).small().color(Palette::of(ui).weak));
    }
    for detector in &told {
        self::detector(ui, detector);
    }
}

/// The detectors of the explanation, then those that only voted.
fn told<'a>(explanation: &'a AlertExplanation, votes: &'a [DetectorVote]) -> Vec<Told<'a>> {
    let explained = explanation.detectors.iter().map(|(title, share)| {
        let vote = votes.iter().find(|vote| detector_title(&vote.detector) == title);
        Told { title, share: *share, vote }
    });
    let mut told: Vec<Told<'_>> = explained.collect();
    for vote in votes {
        let title = detector_title(&vote.detector);
        if told.iter().all(|known| known.title != title) {
            told.push(Told { title, share: 0.0, vote: Some(vote) });
        }
    }
    told
}

fn detector(ui: &mut Ui, detector: &Told<'_>) {
    let palette = Palette::of(ui);
    let Told { title, share, vote } = detector;
    let voted = vote.is_some_and(|vote| vote.voted);
    let name_width = (ui.available_width() * 0.46).min(190.0);
    let [mark, name, bar, shares] = line(ui, LINE, [14.0, name_width, 0.0, PERCENT]);
    if vote.is_some() {
        let (icon, about) =
            if voted { (Icon::Check, "votes abnormal") } else { (Icon::Close, "does not vote abnormal") };
        let color = if voted { palette.accent } else { palette.weak };
        inside(ui, mark, Layout::left_to_right(Align::Center), |ui| {
            icons::show(ui, icon, color, &format!("{title} {about}"))
                .on_hover_text(format!("{title} on its own {about}"))
        });
    }
    put(ui, name, Align::Min, RichText::new(*title).color(if voted { palette.text } else { palette.weak }));
    let scores =
        vote.map(|vote| format!("; raw score {}, normalised {}", fmt_number(vote.score), fmt_number(vote.normalized)));
    let about = format!("{title} is {} of what raises the score{}", percent(*share), scores.unwrap_or_default());
    let color = if voted { palette.accent } else { palette.weak };
    inside(ui, bar, Layout::left_to_right(Align::Center), |ui| {
        bars::share(ui, vec2(bar.width(), 8.0), *share, color, &about)
    });
    put(ui, shares, Align::Max, RichText::new(format!("{:.0} %", 100.0 * share)).monospace().color(palette.weak));
}
