//! The catalogue of features: what each is, how far it looks, what it costs, and whether the detectors see it.

use eframe::egui::{Align, Label, Layout, Margin, RichText, ScrollArea, TextEdit, Ui};

use super::super::format::percent;
use super::super::theme::{GAP_S, Palette};
use super::super::widgets::section_header;
use crate::analysis::prepare::{CatalogueEntry, Fate};
use crate::app::format::{fmt_count, fmt_counted};

/// Height of the list.
const HEIGHT: f32 = 260.0;

/// Height of a line.
const LINE: f32 = 20.0;

/// Draws the list. `search` narrows it to names and formulas that contain it.
pub(super) fn show(ui: &mut Ui, catalogue: &[CatalogueEntry], search: &mut String) {
    section_header(ui, "Features");
    let weak = Palette::of(ui).weak;
    let n_kept = catalogue.iter().filter(|c| c.fate.is_kept()).count();
    let count = format!("{} made, {} reach the detectors", fmt_counted(catalogue.len(), "feature"), fmt_count(n_kept));
    ui.add(Label::new(RichText::new(count).small().color(weak)).wrap());
    ui.add_space(GAP_S);
    let field = TextEdit::singleline(search).hint_text("Filter by name or formula").desired_width(f32::INFINITY);
    ui.add(field).accessible_name("Filter features");
    let wanted = search.to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&wanted);
    let shown: Vec<&CatalogueEntry> =
        catalogue.iter().filter(|c| wanted.is_empty() || holds(&c.entry.name) || holds(&c.entry.formula)).collect();
    if shown.is_empty() {
        ui.label(RichText::new("No feature matches.").color(weak));
        return;
    }
    ui.add_space(GAP_S);
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.spacing_mut().interact_size.y = LINE;
    // In a list that scrolls already there is no height left to fill: this one has its own.
    let list = ScrollArea::vertical().id_salt("feature_list").min_scrolled_height(HEIGHT).max_height(HEIGHT);
    let list = list.content_margin(Margin { right: 10, ..Margin::ZERO });
    list.auto_shrink([false, true]).show_rows(ui, LINE, shown.len(), |ui, range| {
        for entry in shown.get(range).unwrap_or_default() {
            line(ui, entry);
        }
    });
}

fn line(ui: &mut Ui, entry: &CatalogueEntry) {
    let palette = Palette::of(ui);
    let CatalogueEntry { entry: known, missing_share, seconds, fate } = entry;
    let color = if fate.is_kept() { palette.text } else { palette.weak };
    let response = ui.horizontal(|ui| {
        ui.set_min_height(LINE);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let small = |ui: &mut Ui, text: String| ui.label(RichText::new(text).small().color(palette.weak));
            small(ui, format!("{:.1} ms", seconds * 1000.0));
            if *missing_share > 0.0 {
                small(ui, format!("{} missing", percent(*missing_share)));
            }
            if !fate.is_kept() {
                small(ui, short(fate).to_owned());
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(RichText::new(&known.name).size(12.5).color(color)).truncate());
            });
        });
    });
    response.response.on_hover_ui(|ui| {
        ui.set_max_width(420.0);
        ui.strong(&known.name);
        ui.label(&known.formula);
        ui.label(format!("From {}. Looks at {}.", known.sources.join(", "), known.look_back));
        if let Some(reason) = reason(fate) {
            ui.label(reason);
        }
        ui.label(RichText::new(&known.setting).small().color(palette.weak));
    });
}

fn short(fate: &Fate) -> &'static str {
    match fate {
        Fate::Kept => "",
        Fate::Constant => "constant",
        Fate::Unrelated(_) => "unrelated",
        Fate::Repeats(..) => "repeats another",
        Fate::Outranked => "outranked",
        Fate::NotNamed => "not named",
    }
}

/// Why the detectors do not see a feature.
fn reason(fate: &Fate) -> Option<String> {
    match fate {
        Fate::Kept => None,
        Fate::Constant => Some("Left out: it has one value throughout.".to_owned()),
        Fate::Unrelated(p) => Some(format!("Left out: the labels do not differ in it (p = {p:.2}).")),
        Fate::Repeats(name, r) => Some(format!("Left out: it repeats {name} (correlation {r:.3}).")),
        Fate::Outranked => Some("Left out: others tell more, and there is room for so many only.".to_owned()),
        Fate::NotNamed => Some("Left out: it is not among the names to keep.".to_owned()),
    }
}
