//! Episodes behind the lines of a plot: tinted bands, at most one per pixel, and which of them is under the pointer.

use eframe::egui::{Color32, Rangef, Rect, Shape, Stroke, Ui, pos2};
use egui_plot::{PlotBounds, PlotGeometry, PlotItem, PlotItemBase, PlotTransform};

use crate::analysis::severity::Severity;
use crate::app::series::EpisodeSpan;
use crate::ui::theme::Palette;

/// Least width of a band, in pixels: a single anomalous row must be seen, too.
const MIN_WIDTH: f32 = 2.0;

/// A band on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Band {
    /// Left and right end in pixels.
    pub(crate) x: Rangef,
    /// Worst severity of the episodes in it.
    pub(crate) severity: Severity,
}

/// The bands of episodes, from left to right, never over each other: where two would be, the worse one is.
pub(crate) fn bands(episodes: &[EpisodeSpan], to_px: impl Fn(f64) -> f32) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for episode in episodes {
        let (left, right) = (to_px(episode.from), to_px(episode.to));
        let widen = (MIN_WIDTH - (right - left)).max(0.0) / 2.0;
        // On whole pixels, so that there are never more bands than pixels.
        let mut x = Rangef::new((left - widen).floor(), (right + widen).ceil());
        while let Some(last) = bands.last_mut().filter(|last| last.x.max >= x.min) {
            if last.severity == episode.severity {
                x.min = x.min.min(last.x.min);
                x.max = x.max.max(last.x.max);
                bands.pop();
            } else if last.severity > episode.severity {
                x.min = last.x.max;
                break;
            } else if last.x.min >= x.min {
                bands.pop();
            } else {
                last.x.max = x.min;
                break;
            }
        }
        if x.max > x.min {
            bands.push(Band { x, severity: episode.severity });
        }
    }
    bands
}

/// The episode at a position of the horizontal axis, or the nearest one within `tolerance`; among equally near ones that
/// with the highest score.
pub(crate) fn episode_at(episodes: &[EpisodeSpan], at: f64, tolerance: f64) -> Option<&EpisodeSpan> {
    let distance = |episode: &EpisodeSpan| (episode.from - at).max(at - episode.to).max(0.0);
    let near = episodes.iter().filter(|episode| distance(episode) <= tolerance);
    near.min_by(|a, b| distance(a).total_cmp(&distance(b)).then(b.score.total_cmp(&a.score)))
}

/// Bands as an item of a plot.
pub(crate) struct Bands<'a> {
    base: PlotItemBase,
    episodes: &'a [EpisodeSpan],
    selected: Option<(f64, f64)>,
    palette: &'static Palette,
}

impl<'a> Bands<'a> {
    /// Bands of the episodes in view; `selected` is the extent of the alert on show.
    pub(crate) fn new(episodes: &'a [EpisodeSpan], selected: Option<(f64, f64)>, palette: &'static Palette) -> Self {
        Self { base: PlotItemBase::new("Anomalies".to_owned()), episodes, selected, palette }
    }
}

impl PlotItem for Bands<'_> {
    fn shapes(&self, _ui: &Ui, transform: &PlotTransform, shapes: &mut Vec<Shape>) {
        let frame = *transform.frame();
        let to_px = |x| transform.position_from_point_x(x);
        let rect = |x: Rangef| Rect::from_x_y_ranges(x, frame.y_range());
        for band in bands(self.episodes, to_px) {
            let color = self.palette.severity(band.severity);
            shapes.push(Shape::rect_filled(rect(band.x), 0.0, color.gamma_multiply(0.20)));
        }
        if let Some((from, to)) = self.selected {
            let x = Rangef::new(to_px(from) - 2.0, to_px(to) + 2.0);
            let edge = Stroke::new(1.0, self.palette.accent);
            for x in [x.min, x.max] {
                shapes.push(Shape::line_segment([pos2(x, frame.top()), pos2(x, frame.bottom())], edge));
            }
        }
    }

    fn initialize(&mut self, _x_range: std::ops::RangeInclusive<f64>) {}

    fn color(&self) -> Color32 {
        self.palette.accent
    }

    fn allow_hover(&self) -> bool {
        false
    }

    fn geometry(&self) -> PlotGeometry<'_> {
        PlotGeometry::None
    }

    fn bounds(&self) -> PlotBounds {
        PlotBounds::NOTHING
    }

    fn base(&self) -> &PlotItemBase {
        &self.base
    }

    fn base_mut(&mut self) -> &mut PlotItemBase {
        &mut self.base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episode(from: f64, to: f64, severity: Severity, score: f64) -> EpisodeSpan {
        EpisodeSpan { from, to, peak: from, peak_index: 0, severity, score, rows: (0, 0), alert: 0 }
    }

    #[test]
    fn bands_never_outnumber_pixels_and_show_the_worst() {
        use Severity::{Critical, Low};
        let mut episodes: Vec<EpisodeSpan> =
            (0..100_000).map(|i| episode(f64::from(i), f64::from(i) + 0.5, Low, 0.4)).collect();
        episodes[50_000].severity = Critical;
        let all = bands(&episodes, |x| (x / 1000.0) as f32);
        assert_eq!(all.len(), 3);
        let worst = all.iter().find(|band| band.severity == Critical).unwrap();
        assert!(worst.x.contains(50.0) && worst.x.span() <= 3.0);
        assert!(all.windows(2).all(|pair| pair[0].x.max <= pair[1].x.min));
        let zoomed = bands(&episodes[..3], |x| x as f32 * 100.0);
        assert_eq!(zoomed.len(), 3);
        assert_eq!(zoomed[1].x, Rangef::new(100.0, 150.0));
    }

    #[test]
    fn a_click_finds_the_nearest_episode() {
        let episodes = [
            episode(0.0, 10.0, Severity::Low, 0.4),
            episode(20.0, 20.0, Severity::High, 0.8),
            episode(20.5, 20.5, Severity::Low, 0.3),
        ];
        let from = |at| episode_at(&episodes, at, 2.0).map(|episode| episode.from);
        assert_eq!(
            [from(5.0), from(11.0), from(15.0), from(19.0), from(20.25), from(21.0)],
            [Some(0.0), Some(0.0), None, Some(20.0), Some(20.0), Some(20.5)]
        );
    }
}
