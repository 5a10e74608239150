//! What each feature and each detector adds to a score, above or below what is usual.

use eframe::egui::{Align, Label, Layout, Rect, RichText, Ui, vec2};

use super::{State, words};
use crate::app::RowStory;
use crate::app::format::fmt_number;
use crate::engine::{Contribution, DetectorShare, Explanation, Target};
use crate::ui::bars::{self, Signed};
use crate::ui::format::percent;
use crate::ui::theme::{GAP, Palette};
use crate::ui::widgets::{inside, line, put, section_header};

/// Features shown at first.
const N_AT_FIRST: usize = 12;

/// Least width for bars beside the names.
const WIDE: f32 = 330.0;
const LINE: f32 = 20.0;
const VALUE: f32 = 58.0;
const ADDS: f32 = 56.0;

/// Room for a difference between the score and the sum, as a part of the score.
const ROUNDING: f64 = 1e-6;

/// Draws the parts of a score.
pub(super) fn show(ui: &mut Ui, story: &RowStory, state: &mut State) {
    let explanation = &story.explanation;
    sum(ui, explanation);
    let told: Vec<&Contribution> = sorted(&explanation.contributions);
    let largest = told.first().map_or(0.0, |part| part.contribution.abs());
    ui.add_space(GAP);
    section_header(ui, "Features");
    if told.is_empty() {
        ui.colored_label(Palette::of(ui).weak, "No feature adds anything.");
    } else {
        titles(ui);
    }
    let n = if state.all_features { told.len() } else { N_AT_FIRST.min(told.len()) };
    for part in told.iter().take(n) {
        feature(ui, part, largest);
    }
    if told.len() > N_AT_FIRST {
        let name =
            if state.all_features { "Fewer features".to_owned() } else { format!("All {} features", told.len()) };
        if ui.button(name).clicked() {
            state.all_features = !state.all_features;
        }
    }
    if !explanation.detectors.is_empty() {
        ui.add_space(GAP);
        section_header(ui, "Detectors");
        detectors(ui, &explanation.detectors);
    }
}

/// The features that add something, the largest part first, be it above or below.
fn sorted(contributions: &[Contribution]) -> Vec<&Contribution> {
    let mut told: Vec<&Contribution> = contributions.iter().filter(|part| part.contribution != 0.0).collect();
    told.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
    told
}

/// "0.210 usually + 0.570 = 0.780": that the parts make the score.
fn sum(ui: &mut Ui, explanation: &Explanation) {
    let palette = Palette::of(ui);
    let Explanation { score, base, .. } = *explanation;
    let added: f64 = explanation.contributions.iter().map(|part| part.contribution).sum();
    let largest = if explanation.target == Target::Combined { 1.0 } else { score.abs().max(base.abs()) };
    let plain = |value| words::plain(value, largest);
    let is_whole = (base + added - score).abs() <= ROUNDING * (1.0 + score.abs());
    let sign = if added < 0.0 { '−' } else { '+' };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        ui.label(RichText::new(plain(base)).monospace());
        ui.label(RichText::new("usually").color(palette.weak));
        ui.label(RichText::new(format!("{sign} {}", plain(added.abs()))).monospace());
        ui.label(RichText::new(format!("= {}", plain(base + added))).monospace().strong());
        if !is_whole {
            let text = format!("the score is {}", plain(score));
            ui.label(RichText::new(text).color(palette.weak));
        }
    });
    let remark = |ui: &mut Ui, text: String| {
        ui.add(Label::new(RichText::new(text).small().color(palette.weak)).wrap());
    };
    if let Some(margin) = &explanation.margin {
        remark(ui, format!("{} {}, usually {}", margin.name, fmt_number(margin.value), fmt_number(margin.base)));
    }
    if let Some(fit) = explanation.fit {
        remark(ui, format!("The linear model explains {} of the score around the row (R²).", percent(fit.max(0.0))));
    }
}

fn titles(ui: &mut Ui) {
    let weak = Palette::of(ui).weak;
    let (_, value, _, adds) = cells(ui, 14.0);
    put(ui, value, Align::Max, RichText::new("value").small().color(weak));
    put(ui, adds, Align::Max, RichText::new("adds").small().color(weak));
}

/// Places of name, value, bar and number. Where there is little room the bar goes below.
fn cells(ui: &mut Ui, height: f32) -> (Rect, Rect, Option<Rect>, Rect) {
    let width = ui.available_width();
    if width < WIDE {
        let [name, value, adds] = line(ui, height, [0.0, VALUE, ADDS]);
        return (name, value, None, adds);
    }
    let bar = ((width - VALUE - ADDS - 24.0) * 0.42).min(120.0);
    let [name, value, bar, adds] = line(ui, height, [0.0, VALUE, bar, ADDS]);
    (name, value, Some(bar), adds)
}

fn feature(ui: &mut Ui, part: &Contribution, largest: f64) {
    let error = part.standard_error.map_or_else(String::new, |error| format!(" ± {}", words::plain(error, largest)));
    let adds = words::signed(part.contribution, largest);
    let about = format!("{} adds {adds}{error}", part.feature);
    let value = if part.value.is_finite() { fmt_number(part.value) } else { String::new() };
    let bar = Signed { value: part.contribution, error: part.standard_error, largest };
    entry(ui, &part.feature, &value, bar, &about);
}

fn detectors(ui: &mut Ui, shares: &[DetectorShare]) {
    let largest = shares.iter().map(|share| share.contribution.abs()).fold(0.0, f64::max);
    for share in shares {
        let adds = words::signed(share.contribution, largest);
        let votes = if share.voted { "votes abnormal" } else { "does not vote abnormal" };
        let [score, base, threshold] = [share.score, share.base, share.threshold].map(fmt_number);
        let mostly = if share.leading.is_empty() { String::new() } else { format!("; mostly by {}", share.leading) };
        let about = format!(
            "{} adds {adds}; {votes}: its score is {score}, usually {base}, abnormal above {threshold}{mostly}",
            share.kind.title()
        );
        entry(ui, share.kind.title(), &score, Signed { value: share.contribution, error: None, largest }, &about);
    }
}

fn entry(ui: &mut Ui, name: &str, value: &str, bar: Signed, about: &str) {
    let palette = Palette::of(ui);
    let (names, values, place, adds) = cells(ui, LINE);
    put(ui, names, Align::Min, RichText::new(name));
    put(ui, values, Align::Max, RichText::new(value).monospace().color(palette.weak));
    match place {
        Some(place) => inside(ui, place, Layout::left_to_right(Align::Center), |ui| {
            bars::signed(ui, vec2(place.width(), 9.0), bar, about)
        }),
        None => bars::signed(ui, vec2(ui.available_width(), 5.0), bar, about),
    };
    put(ui, adds, Align::Max, RichText::new(words::signed(bar.value, bar.largest)).monospace());
}
