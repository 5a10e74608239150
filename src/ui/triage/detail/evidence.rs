//! What speaks for an alert: the plot around it, why its score is what it is, else its values against typical ones.

use eframe::egui::{Align, Grid, Label, Layout, Rect, RichText, Role, Sense, Ui, Vec2, WidgetInfo, vec2};

use super::{Place, heading, is_shown, why};
use crate::app::format::fmt_number;
use crate::app::series::{SeriesView, alert_extent};
use crate::app::{App, Command};
use crate::triage::{Alert, DetectorVote, FeatureDeviation};
use crate::ui::bars::{self, Signed};
use crate::ui::explore::{around_extent, mean_step};
use crate::ui::icons::{self, Icon};
use crate::ui::plot::spark::{self, Spark};
use crate::ui::theme::Palette;
use crate::ui::triage::table::detector_title;

const SPARK: f32 = 74.0;
const BAR: f32 = 84.0;
/// Least width for values in columns.
const WIDE: f32 = 340.0;

/// Draws the evidence.
pub(super) fn show(ui: &mut Ui, app: &App, alert: &Alert, place: Place, commands: &mut Vec<Command>) {
    if let Some(top) = alert.top_features.first() {
        // Beside the plots there is no need for a small one.
        if place == Place::Triage {
            heading(ui, &top.source);
            plot(ui, app, alert, top, commands);
        }
    }
    if let Some(explanation) = &alert.explanation {
        why::show(ui, app, alert, explanation, commands);
        rules(ui, &alert.rules);
        return;
    }
    if let Some(progress) = app.explaining.alerts_progress() {
        why::under_way(ui, progress);
    }
    if !alert.top_features.is_empty() {
        heading(ui, "Values against typical");
        features(ui, &alert.top_features);
    }
    rules(ui, &alert.rules);
    if !alert.fired.is_empty() {
        heading(ui, "Detectors");
        detectors(ui, &alert.fired);
    }
}

fn rules(ui: &mut Ui, rules: &[String]) {
    if !rules.is_empty() {
        heading(ui, "Rules that fired");
        rules.iter().for_each(|rule| drop(ui.add(Label::new(rule).wrap())));
    }
}

fn plot(ui: &mut Ui, app: &App, alert: &Alert, top: &FeatureDeviation, commands: &mut Vec<Command>) {
    let weak = Palette::of(ui).weak;
    match app.view.as_ref().filter(|_| is_shown(app, alert)) {
        Some(view) => match spark_of(view, alert, top) {
            Some(spark) => spark::show(ui, &spark, SPARK),
            None => {
                ui.colored_label(weak, "This column is not in the data that is open.");
            }
        },
        None => {
            let entity = alert.summary.entity.clone();
            ui.horizontal(|ui| {
                ui.colored_label(weak, "The rows of another entity are loaded.");
                if ui.button("Show these").clicked() {
                    commands.push(Command::ShowEntity(entity));
                }
            });
        }
    }
}

fn spark_of<'a>(view: &'a SeriesView, alert: &Alert, top: &FeatureDeviation) -> Option<Spark<'a>> {
    let series = view.columns.iter().find(|series| series.name == top.source)?;
    let episode = alert_extent(&alert.summary);
    let peak = alert.summary.peak_time.map_or(f64::from(alert.summary.peak_row), |time| time as f64 / 1e6);
    // Only the typical value of the column itself is in its units; that of a z-score of it is not.
    let own = alert.top_features.iter().find(|feature| feature.feature == top.source);
    let typical = own.map(|feature| feature.typical).filter(|typical| typical.is_finite());
    Some(Spark { view, series, range: around_extent(episode, mean_step(view)), episode, peak, typical })
}

fn features(ui: &mut Ui, features: &[FeatureDeviation]) {
    let largest = features.iter().map(|feature| feature.deviation.abs()).filter(|d| d.is_finite()).fold(1.0, f64::max);
    if ui.available_width() < WIDE {
        features.iter().for_each(|feature| narrow_feature(ui, feature, largest));
    } else {
        wide_features(ui, features, largest);
    }
}

/// A feature in two lines: its name and values, and a bar across.
fn narrow_feature(ui: &mut Ui, feature: &FeatureDeviation, largest: f64) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let typical = format!("typically {}", fmt_number(feature.typical));
            ui.label(RichText::new(typical).small().color(palette.weak));
            ui.label(RichText::new(fmt_number(feature.value)).monospace());
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(&feature.feature).truncate());
            });
        });
    });
    deviation_bar(ui, feature, largest, vec2(ui.available_width(), 6.0));
    ui.add_space(2.0);
}

fn wide_features(ui: &mut Ui, features: &[FeatureDeviation], largest: f64) {
    let palette = Palette::of(ui);
    let name_width = (ui.available_width() - BAR - 2.0 * 62.0 - 4.0 * 8.0).max(60.0);
    Grid::new("features").num_columns(4).spacing([8.0, 4.0]).min_col_width(0.0).show(ui, |ui| {
        for title in ["", "value", "typical", "deviation"] {
            let text = RichText::new(title).small().color(palette.weak);
            if title.is_empty() {
                ui.allocate_space(vec2(name_width, 0.0));
            } else if title == "deviation" {
                ui.label(text).on_hover_text("How far from typical, in units of the scaled feature");
            } else {
                right(ui, 62.0, text);
            }
        }
        ui.end_row();
        for feature in features {
            ui.allocate_ui(vec2(name_width, 18.0), |ui| {
                ui.set_min_width(name_width);
                ui.add(Label::new(&feature.feature).truncate()).on_hover_text(&feature.feature);
            });
            right(ui, 62.0, RichText::new(fmt_number(feature.value)).monospace());
            right(ui, 62.0, RichText::new(fmt_number(feature.typical)).monospace().color(palette.weak));
            deviation_bar(ui, feature, largest, vec2(BAR, 10.0));
            ui.end_row();
        }
    });
}

fn right(ui: &mut Ui, width: f32, text: RichText) {
    ui.allocate_ui_with_layout(vec2(width, 18.0), Layout::right_to_left(Align::Center), |ui| {
        ui.set_min_width(width);
        ui.add(Label::new(text).truncate());
    });
}

/// A bar from the middle: to the right above typical, to the left below.
fn deviation_bar(ui: &mut Ui, feature: &FeatureDeviation, largest: f64, size: Vec2) {
    let about = if feature.deviation.is_finite() {
        format!("{}: {:+.1} from typical, in units of the scaled feature", feature.feature, feature.deviation)
    } else {
        format!("{}: missing", feature.feature)
    };
    bars::signed(ui, size, Signed { value: feature.deviation, error: None, largest }, &about);
}

fn detectors(ui: &mut Ui, votes: &[DetectorVote]) {
    let palette = Palette::of(ui);
    let (lowest, highest) = bounds(votes);
    let bar = if ui.available_width() < WIDE { 52.0 } else { BAR };
    let name_width = (ui.available_width() - bar - 62.0 - 14.0 - 4.0 * 8.0).max(60.0);
    Grid::new("detectors").num_columns(4).spacing([8.0, 4.0]).min_col_width(0.0).show(ui, |ui| {
        for vote in votes {
            let name = detector_title(&vote.detector);
            let color = if vote.voted { palette.text } else { palette.weak };
            let (icon, about) =
                if vote.voted { (Icon::Check, "votes abnormal") } else { (Icon::Close, "does not vote abnormal") };
            let icon_color = if vote.voted { palette.accent } else { palette.weak };
            icons::show(ui, icon, icon_color, &format!("{name} {about}"))
                .on_hover_text(format!("{name} on its own {about}"));
            ui.allocate_ui(vec2(name_width, 18.0), |ui| {
                ui.set_min_width(name_width);
                ui.add(Label::new(RichText::new(name).color(color)).truncate());
            });
            score_bar(ui, vote, lowest, highest, bar);
            right(ui, 62.0, RichText::new(fmt_number(vote.score)).monospace().color(palette.weak));
            ui.end_row();
        }
    });
}

/// Smallest and largest normalised score, 0 included.
fn bounds(votes: &[DetectorVote]) -> (f64, f64) {
    let scores = votes.iter().map(|vote| vote.normalized).filter(|score| score.is_finite());
    scores.fold((0.0, 1.0), |(low, high), score| (f64::min(low, score), f64::max(high, score)))
}

fn score_bar(ui: &mut Ui, vote: &DetectorVote, lowest: f64, highest: f64, width: f32) {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 18.0), Sense::hover());
    let track = rect.shrink2(vec2(0.0, 4.0));
    ui.painter().rect_filled(track, 2.0, palette.raised);
    let x = |score: f64| track.left() + track.width() * ((score - lowest) / (highest - lowest)).clamp(0.0, 1.0) as f32;
    if vote.normalized.is_finite() {
        let (zero, end) = (x(0.0), x(vote.normalized));
        let bar = Rect::from_x_y_ranges(zero.min(end)..=zero.max(end), track.y_range());
        ui.painter().rect_filled(bar, 2.0, if vote.voted { palette.accent } else { palette.weak });
    }
    let about = format!("normalised score {}, raw score {}", fmt_number(vote.normalized), fmt_number(vote.score));
    response
        .widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{}: {about}", detector_title(&vote.detector))));
    response.on_hover_text(about);
}
