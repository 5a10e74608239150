//! What the settings do to the result, at once: counts against the last run and the distribution of the score, the live
//! controls, and what each detector contributes.

use eframe::egui::{
    self, Align, Align2, Color32, Frame, Grid, Layout, Margin, Panel, Rect, RichText, ScrollArea, Sense, Stroke, Ui,
    WidgetInfo, accesskit::Role, vec2,
};

use super::super::format::{self, percent};
use super::super::shell::Wishes;
use super::super::theme::{GAP_S, Palette};
use super::super::widgets::{Tone, callout, empty_state, remark, section_header};
use super::{agreement, controls, features};
use crate::analysis::ensemble::THRESHOLD_SCORE;
use crate::analysis::severity::Severity;
use crate::app::format::{fmt_count, fmt_counted, fmt_number};
use crate::app::main_job::Findings;
use crate::app::profile::ResultProfile;
use crate::app::{App, Command, LastRun};
use crate::recipe::SeverityConfig;

/// Height of the histogram.
const HISTOGRAM: f32 = 100.0;

/// From this height on counts and histogram stay in view while the controls scroll.
const TALL: f32 = 430.0;

/// Draws the panel.
pub(super) fn show(ui: &mut Ui, app: &App, feature_search: &mut String, wishes: &mut Wishes) {
    let (Some(findings), Some(profile)) = (&app.findings, &app.profile) else {
        nothing_yet(ui, app);
        return;
    };
    // Below everything: what comes and goes there must not move a slider from under the pointer.
    notes(ui, app, findings, wishes);
    let effect = |ui: &mut Ui| {
        ui.label(RichText::new("Result").size(17.0));
        ui.add_space(GAP_S);
        counts(ui, profile, app.last_run.as_ref());
        ui.add_space(GAP_S);
        histogram(ui, profile, &findings.snapshot.recipe.severity);
        ui.add_space(GAP_S);
    };
    let is_tall = ui.available_height() >= TALL;
    if is_tall {
        effect(ui);
    }
    ScrollArea::vertical().auto_shrink(false).content_margin(Margin { right: 8, ..Margin::ZERO }).show(ui, |ui| {
        if !is_tall {
            effect(ui);
        }
        controls::show(ui, app, findings, wishes);
        section_header(ui, "Detectors");
        detectors(ui, findings, profile);
        agreement::show(ui, &profile.agreement);
        metrics(ui, findings);
        features::show(ui, &findings.snapshot.prepared.catalogue, feature_search);
    });
}

fn nothing_yet(ui: &mut Ui, app: &App) {
    let what =
        if app.is_busy() { "The first detector is still at work." } else { "Run the recipe to see what it finds." };
    empty_state(ui, "No result yet", what);
}

/// Anomalous rows and alerts now, against those of the last run.
fn counts(ui: &mut Ui, profile: &ResultProfile, last: Option<&LastRun>) {
    ui.columns_const(|[left, right]| {
        big_count(left, "anomalous rows", profile.n_anomalies, last.map(|run| run.n_anomalies));
        big_count(right, "alerts", profile.n_alerts, last.map(|run| run.n_alerts));
    });
}

fn big_count(ui: &mut Ui, what: &str, now: usize, before: Option<usize>) {
    let palette = Palette::of(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.horizontal(|ui| {
        ui.label(RichText::new(fmt_count(now)).size(26.0));
        if let Some(before) = before.filter(|&before| before != now) {
            let text = RichText::new(format::difference(now, before)).size(15.0).color(palette.accent);
            ui.label(text).on_hover_text(format!("{} at the last run", fmt_count(before)));
        }
    });
    ui.label(RichText::new(what).color(palette.weak));
}

/// What stands between the result on show and the settings, at the bottom of the panel.
fn notes(ui: &mut Ui, app: &App, findings: &Findings, wishes: &mut Wishes) {
    let Some((tone, text)) = note(app, findings) else { return };
    let panel = Panel::bottom("tune_notes").resizable(false).show_separator_line(false);
    panel.frame(Frame::new().inner_margin(Margin { top: 8, ..Margin::ZERO })).show(ui, |ui| {
        callout(ui, tone, |ui| {
            remark(ui, tone, &text);
            if !app.is_busy() && ui.button("Run again").clicked() {
                wishes.push(Command::Run);
            }
        });
    });
}

fn note(app: &App, findings: &Findings) -> Option<(Tone, String)> {
    let pending = &findings.snapshot.pending;
    if !pending.is_empty() && app.is_busy() {
        let names: Vec<&str> = pending.iter().map(|kind| kind.title()).collect();
        return Some((Tone::Info, format!("So far. Still at work: {}.", names.join(", "))));
    }
    if app.is_busy() || !app.is_result_stale() {
        return None;
    }
    let (tone, text) = if app.needs_refit() {
        (Tone::Warning, "Settings changed since this run that need a refit. Run again to see their effect.")
    } else {
        (Tone::Info, "Shown with the new settings. Run again to bring the stored alerts up to date.")
    };
    Some((tone, text.to_owned()))
}

/// The distribution of the combined score. The height is logarithmic, or the anomalies would not be seen.
fn histogram(ui: &mut Ui, profile: &ResultProfile, severity: &SeverityConfig) {
    let palette = Palette::of(ui);
    let (area, response) = ui.allocate_exact_size(vec2(ui.available_width(), HISTOGRAM), Sense::hover());
    let plot = area.with_max_y(area.bottom() - 16.0);
    ui.painter().rect_filled(plot, 4.0, palette.base);
    let most = profile.histogram.iter().copied().max().unwrap_or(0);
    let height = |n: usize| (n as f32).ln_1p() / (most as f32).ln_1p().max(1e-6);
    let n_bins = profile.histogram.len().max(1) as f32;
    let width = plot.width() / n_bins;
    for (i, &n) in profile.histogram.iter().enumerate().filter(|(_, n)| **n > 0) {
        let left = plot.left() + i as f32 * width;
        let top = plot.bottom() - height(n) * (plot.height() - 6.0);
        let bar = Rect::from_x_y_ranges(left..=left + (width - 1.0).max(1.0), top..=plot.bottom());
        ui.painter().rect_filled(bar, 0.0, bar_color((i as f64 + 0.5) / f64::from(n_bins), severity, palette));
    }
    let x_of = |score: f64| plot.left() + plot.width() * score as f32;
    let threshold = x_of(THRESHOLD_SCORE);
    ui.painter().vline(threshold, plot.y_range(), Stroke::new(1.5, palette.accent));
    let label = super::super::widgets::paint_small;
    label(ui, egui::pos2(threshold + 5.0, plot.top() + 2.0), Align2::LEFT_TOP, "threshold", palette.accent);
    for (score, anchor) in [(0.0, Align2::LEFT_BOTTOM), (0.5, Align2::CENTER_BOTTOM), (1.0, Align2::RIGHT_BOTTOM)] {
        label(ui, egui::pos2(x_of(score), area.bottom()), anchor, &format!("{score}"), palette.weak);
    }
    let name = format!("Histogram of the combined score: {} rows above the threshold", fmt_count(profile.n_anomalies));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
    if let Some(pointer) = response.hover_pos() {
        let bin = ((pointer.x - plot.left()) / width).clamp(0.0, n_bins - 1.0) as usize;
        let n = profile.histogram.get(bin).copied().unwrap_or(0);
        let (from, to) = (bin as f32 / n_bins, (bin + 1) as f32 / n_bins);
        response.on_hover_text(format!(
            "{} with a score from {from:.3} to {to:.3} (logarithmic height)",
            fmt_counted(n, "row")
        ));
    }
}

fn bar_color(score: f64, severity: &SeverityConfig, palette: &Palette) -> Color32 {
    if score < THRESHOLD_SCORE { palette.data } else { palette.severity(Severity::of_anomaly(score, severity)) }
}

/// One line per detector: what it contributes and what it took.
fn detectors(ui: &mut Ui, findings: &Findings, profile: &ResultProfile) {
    let snapshot = &findings.snapshot;
    table(ui, "detector_table", &["", "Weight", "Votes", "Threshold", "Fit", "Scoring"], |ui| {
        for (member, share) in snapshot.combined.members.iter().zip(&profile.vote_shares) {
            name_cell(ui, member.kind.title());
            right(ui, &percent(member.weight));
            right(ui, &percent(*share));
            right(ui, &fmt_number(member.vote_threshold));
            let timing = snapshot.stages.iter().find(|stage| stage.name == member.kind.name());
            let seconds = |secs: Option<f64>| secs.map_or_else(|| "kept".to_owned(), format::seconds);
            right(ui, &seconds(timing.and_then(|t| t.fit_seconds)));
            right(ui, &seconds(timing.and_then(|t| t.score_seconds)));
            ui.end_row();
        }
    });
}

/// A compact table with its titles.
fn table(ui: &mut Ui, id: &str, titles: &[&str], rows: impl FnOnce(&mut Ui)) {
    let weak = Palette::of(ui).weak;
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 18.0;
        ScrollArea::horizontal().id_salt(id).show(ui, |ui| {
            Grid::new(id).min_col_width(0.0).spacing([12.0, 4.0]).show(ui, |ui| {
                for (i, title) in titles.iter().enumerate() {
                    let text = RichText::new(*title).small().color(weak);
                    if i == 0 {
                        ui.label(text);
                    } else {
                        ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(text));
                    }
                }
                ui.end_row();
                rows(ui);
            });
        });
    });
}

fn name_cell(ui: &mut Ui, name: &str) {
    ui.label(RichText::new(name).size(12.5));
}

fn right(ui: &mut Ui, text: &str) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(RichText::new(text).size(12.5)));
}

/// Agreement with the labels, or why nothing can be said about it.
fn metrics(ui: &mut Ui, findings: &Findings) {
    section_header(ui, "Agreement with the labels");
    let weak = Palette::of(ui).weak;
    let note = |ui: &mut Ui, text: &str| {
        ui.add(egui::Label::new(RichText::new(text).small().color(weak)).wrap());
    };
    let Some(metrics) = &findings.snapshot.metrics else {
        note(
            ui,
            "The data has no labels, so nothing can be said about how many of these are right. Give a column the role Label to measure it.",
        );
        return;
    };
    let accent = Palette::of(ui).accent;
    table(ui, "metrics_table", &["", "ROC AUC", "Average precision"], |ui| {
        for (kind, m) in &metrics.detectors {
            name_cell(ui, kind.title());
            right(ui, &format!("{:.3}", m.roc_auc));
            right(ui, &format!("{:.3}", m.average_precision));
            ui.end_row();
        }
        ui.label(RichText::new("Combined").size(12.5).color(accent));
        right(ui, &format!("{:.3}", metrics.combined.roc_auc));
        right(ui, &format!("{:.3}", metrics.combined.average_precision));
        ui.end_row();
    });
    if findings.snapshot.recipe.prepare.feature_selection.uses_labels() {
        note(ui, "Too good: the labels of these very rows decided which features the detectors see.");
    } else {
        note(ui, "Measured on the rows the detectors were fitted on. The labels were not used for fitting.");
    }
}
