//! Small charts as inline SVG.

use std::fmt::Write as _;

/// A bar that fills a share of its width, 0 to 1.
pub(super) fn bar(page: &mut String, share: f64) {
    let width = 100.0 * share.clamp(0.0, 1.0);
    let _ = write!(
        page,
        "<svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" height=\"8\" style=\"height:8px\" aria-hidden=\"true\">\
         <rect class=\"track\" width=\"100\" height=\"8\"/><rect class=\"bar\" width=\"{width:.1}\" height=\"8\"/></svg>"
    );
}

/// A stretch of a column around a row.
pub(super) struct Stretch<'a> {
    /// What it shows, for those who cannot see it.
    pub(super) name: &'a str,
    /// Values in time order; NaN breaks the line.
    pub(super) values: &'a [f64],
    /// Which of them is marked.
    pub(super) marked: usize,
    /// Typical values, as a band.
    pub(super) band: Option<(f64, f64)>,
}

/// A line of values with the typical band behind it and one value marked.
pub(super) fn stretch(page: &mut String, shown: &Stretch<'_>) {
    const SIZE: (f64, f64) = (320.0, 64.0);
    let band = shown.band.map_or([f64::NAN; 2], |(low, high)| [low, high]);
    let all = shown.values.iter().chain(&band).copied().filter(|value| value.is_finite());
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if !(low.is_finite() && high.is_finite()) {
        return;
    }
    let span = if high > low { high - low } else { 1.0 };
    let last = shown.values.len().saturating_sub(1).max(1) as f64;
    let x = |at: usize| at as f64 / last * (SIZE.0 - 8.0) + 4.0;
    let y = |value: f64| 4.0 + (SIZE.1 - 8.0) * (1.0 - (value - low) / span);
    let name = super::escape(shown.name);
    let _ = write!(page, "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{name}\">", SIZE.0, SIZE.1);
    if let Some((from, to)) = shown.band {
        let (top, bottom) = (y(to), y(from));
        let height = (bottom - top).max(1.0);
        let _ =
            write!(page, "<rect class=\"band\" x=\"0\" y=\"{top:.1}\" width=\"{}\" height=\"{height:.1}\"/>", SIZE.0);
    }
    let mut path = String::new();
    let mut is_broken = true;
    for (at, &value) in shown.values.iter().enumerate() {
        if value.is_finite() {
            let _ = write!(path, "{}{:.1} {:.1}", if is_broken { 'M' } else { 'L' }, x(at), y(value));
        }
        is_broken = !value.is_finite();
    }
    let _ = write!(page, "<path class=\"trace\" d=\"{path}\"/>");
    if let Some(&value) = shown.values.get(shown.marked).filter(|value| value.is_finite()) {
        let _ = write!(page, "<circle class=\"peak\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\"/>", x(shown.marked), y(value));
    }
    page.push_str("</svg>");
}
