//! How the alert was judged: what moved its severity.

use eframe::egui::{Align, Label, Layout, RichText, Ui};

use crate::app::assessment;
use crate::triage::{AlertSummary, Assessment};
use crate::ui::icons::{self, Icon};
use crate::ui::theme::Palette;

/// Draws a quiet line about what raised or lowered the severity; nothing where nothing did.
pub(super) fn adjustment(ui: &mut Ui, summary: &AlertSummary, judged: &Assessment) {
    let Some(text) = assessment::adjustment(summary, judged) else { return };
    let weak = Palette::of(ui).weak;
    let icon = match summary.severity.cmp(&judged.base) {
        std::cmp::Ordering::Greater => Icon::Raised,
        std::cmp::Ordering::Less => Icon::Lowered,
        std::cmp::Ordering::Equal => Icon::Info,
    };
    let line = ui.with_layout(Layout::left_to_right(Align::TOP), |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        icons::show(ui, icon, weak, "");
        ui.add(Label::new(RichText::new(text).color(weak)).wrap())
    });
    line.inner.on_hover_text(
        "The circumstances of the row multiply its combined score, and the product gives the severity. The combined \
         score itself does not change. Factors: severity.dynamic_adjustment.",
    );
}
