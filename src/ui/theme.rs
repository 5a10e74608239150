//! How the window looks: palette, spacing, type, and severity by colour and shape.

use eframe::egui::{
    self, Color32, CornerRadius, FontFamily, FontId, Painter, Pos2, Response, Sense, Shape, Stroke, TextStyle, Theme,
    Ui, Vec2, Visuals, vec2,
};

use crate::analysis::severity::Severity;
use crate::app::settings::ThemeChoice;

/// Small gap: between an icon and its text.
pub(crate) const GAP_S: f32 = 4.0;
/// Usual gap: between neighbours.
pub(crate) const GAP: f32 = 8.0;
/// Large gap: between groups, and inside panels.
pub(crate) const GAP_L: f32 = 16.0;
/// Height of a row in lists and tables.
pub(crate) const ROW: f32 = 26.0;

/// Colours of a theme.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    /// Behind everything: plots, lists.
    pub(crate) base: Color32,
    /// Panels and bars.
    pub(crate) panel: Color32,
    /// Raised above panels: cards, buttons.
    pub(crate) raised: Color32,
    /// Lines between things.
    pub(crate) line: Color32,
    /// Text.
    pub(crate) text: Color32,
    /// Text of less weight; still readable.
    pub(crate) weak: Color32,
    /// The accent: what is selected or wants to be pressed.
    pub(crate) accent: Color32,
    /// Text on the accent.
    pub(crate) on_accent: Color32,
    /// The accent as a background tint.
    pub(crate) accent_tint: Color32,
    /// Data in plots.
    pub(crate) data: Color32,
    /// Something went well.
    pub(crate) good: Color32,
    /// Severity: critical, high, medium, low.
    critical: Color32,
    high: Color32,
    medium: Color32,
    low: Color32,
}

const DARK: Palette = Palette {
    base: Color32::from_rgb(0x10, 0x14, 0x18),
    panel: Color32::from_rgb(0x17, 0x1c, 0x22),
    raised: Color32::from_rgb(0x22, 0x29, 0x31),
    line: Color32::from_rgb(0x2d, 0x36, 0x40),
    text: Color32::from_rgb(0xe3, 0xe8, 0xed),
    weak: Color32::from_rgb(0x98, 0xa4, 0xb1),
    accent: Color32::from_rgb(0x3f, 0xc8, 0xa8),
    on_accent: Color32::from_rgb(0x06, 0x24, 0x1d),
    accent_tint: Color32::from_rgb(0x1b, 0x3a, 0x37),
    data: Color32::from_rgb(0x7f, 0xa8, 0xe0),
    good: Color32::from_rgb(0x5c, 0xc9, 0x7b),
    critical: Color32::from_rgb(0xf4, 0x54, 0x6f),
    high: Color32::from_rgb(0xfb, 0x8b, 0x42),
    medium: Color32::from_rgb(0xec, 0xc3, 0x4a),
    low: Color32::from_rgb(0x6f, 0xb3, 0xe8),
};

const LIGHT: Palette = Palette {
    base: Color32::from_rgb(0xff, 0xff, 0xff),
    panel: Color32::from_rgb(0xf4, 0xf6, 0xf8),
    raised: Color32::from_rgb(0xe6, 0xea, 0xee),
    line: Color32::from_rgb(0xd3, 0xda, 0xe1),
    text: Color32::from_rgb(0x1a, 0x22, 0x2b),
    weak: Color32::from_rgb(0x55, 0x63, 0x70),
    accent: Color32::from_rgb(0x0a, 0x7d, 0x67),
    on_accent: Color32::from_rgb(0xff, 0xff, 0xff),
    accent_tint: Color32::from_rgb(0xd5, 0xef, 0xe8),
    data: Color32::from_rgb(0x2f, 0x66, 0xb5),
    good: Color32::from_rgb(0x1d, 0x80, 0x43),
    critical: Color32::from_rgb(0xc4, 0x1e, 0x45),
    high: Color32::from_rgb(0xc2, 0x57, 0x0c),
    medium: Color32::from_rgb(0x96, 0x6d, 0x00),
    low: Color32::from_rgb(0x22, 0x6d, 0xb0),
};

impl Palette {
    /// The palette of the theme in use.
    pub(crate) fn of(ui: &Ui) -> &'static Self {
        if ui.visuals().dark_mode { &DARK } else { &LIGHT }
    }

    /// The palette of the dark theme, for pictures that look the same in both.
    pub(crate) const fn dark() -> &'static Self {
        &DARK
    }

    /// The palette of the light theme.
    pub(crate) const fn light() -> &'static Self {
        &LIGHT
    }

    /// Colour of a level of severity. Never the only mark: see [`severity_icon`].
    pub(crate) const fn severity(&self, level: Severity) -> Color32 {
        match level {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
        }
    }

    /// Colour of warnings.
    pub(crate) const fn warning(&self) -> Color32 {
        self.medium
    }

    /// Colour of errors.
    pub(crate) const fn error(&self) -> Color32 {
        self.critical
    }
}

/// Gives a context the program's look. Call it once, and [`choose`] when the user changes the theme.
pub(crate) fn install(ctx: &egui::Context) {
    for (theme, palette) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        ctx.set_visuals_of(theme, visuals(theme, palette));
        ctx.style_mut_of(theme, |style| {
            style.spacing.item_spacing = vec2(GAP, 6.0);
            style.spacing.button_padding = vec2(10.0, 4.0);
            style.spacing.interact_size.y = ROW;
            style.spacing.menu_margin = egui::Margin::same(6);
            style.interaction.selectable_labels = false;
            let font = |size| FontId::new(size, FontFamily::Proportional);
            style.text_styles = [
                (TextStyle::Small, font(11.5)),
                (TextStyle::Body, font(13.5)),
                (TextStyle::Button, font(13.5)),
                (TextStyle::Heading, font(20.0)),
                (TextStyle::Monospace, FontId::new(12.5, FontFamily::Monospace)),
            ]
            .into();
        });
    }
}

/// Shows the theme the user has chosen.
pub(crate) fn choose(ctx: &egui::Context, choice: ThemeChoice) {
    ctx.set_theme(match choice {
        ThemeChoice::System => egui::ThemePreference::System,
        ThemeChoice::Dark => egui::ThemePreference::Dark,
        ThemeChoice::Light => egui::ThemePreference::Light,
    });
}

fn visuals(theme: Theme, p: &Palette) -> Visuals {
    let mut v = if theme == Theme::Dark { Visuals::dark() } else { Visuals::light() };
    let radius = CornerRadius::same(5);
    v.panel_fill = p.panel;
    v.window_fill = p.panel;
    v.window_stroke = Stroke::new(1.0, p.line);
    v.window_corner_radius = CornerRadius::same(8);
    v.menu_corner_radius = CornerRadius::same(6);
    v.extreme_bg_color = p.base;
    v.faint_bg_color = p.raised.gamma_multiply(0.5);
    v.text_edit_bg_color = Some(p.raised);
    v.slider_trailing_fill = true;
    v.handle_shape = egui::style::HandleShape::Circle;
    v.code_bg_color = p.raised;
    v.hyperlink_color = p.accent;
    v.warn_fg_color = p.warning();
    v.error_fg_color = p.error();
    v.weak_text_color = Some(p.weak);
    v.selection.bg_fill = p.accent_tint;
    v.selection.stroke = Stroke::new(1.0, p.accent);
    let states = [
        (&mut v.widgets.noninteractive, p.panel, p.line, p.text),
        (&mut v.widgets.inactive, p.raised, p.line, p.text),
        (&mut v.widgets.hovered, p.line, p.weak, p.text),
        (&mut v.widgets.active, p.accent_tint, p.accent, p.text),
        (&mut v.widgets.open, p.raised, p.weak, p.text),
    ];
    for (widget, fill, border, text) in states {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, border);
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
    v.widgets.inactive.bg_stroke = Stroke::NONE;
    v
}

/// A severity as a shape in its colour: diamond, triangle, square, circle from worst to least.
pub(crate) fn severity_icon(ui: &mut Ui, level: Severity) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(14.0), Sense::hover());
    paint_severity(ui.painter(), rect.center(), 5.0, level, Palette::of(ui));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, level.name()));
    response.on_hover_text(level.name())
}

/// Paints the shape of a severity around a point.
pub(crate) fn paint_severity(painter: &Painter, center: Pos2, radius: f32, level: Severity, palette: &Palette) {
    let color = palette.severity(level);
    let at = |x: f32, y: f32| center + vec2(x, y) * radius;
    let shape = match level {
        Severity::Critical => vec![at(0.0, -1.25), at(1.25, 0.0), at(0.0, 1.25), at(-1.25, 0.0)],
        Severity::High => vec![at(0.0, -1.15), at(1.15, 0.9), at(-1.15, 0.9)],
        Severity::Medium => vec![at(-0.9, -0.9), at(0.9, -0.9), at(0.9, 0.9), at(-0.9, 0.9)],
        Severity::Low => {
            painter.circle_filled(center, radius * 0.95, color);
            return;
        }
    };
    painter.add(Shape::convex_polygon(shape, color, Stroke::NONE));
}
