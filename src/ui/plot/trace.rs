//! From the values of a column to what is painted: at most one stroke per pixel, spikes kept, gaps never bridged.

use eframe::egui::{Color32, Mesh, Pos2, Rect, Shape, Stroke, Ui, pos2};
use egui_plot::{PlotBounds, PlotGeometry, PlotItem, PlotItemBase, PlotTransform};

use crate::analysis::pyramid::{Points, Pyramid};
use crate::app::series::SeriesView;

/// Values per pixel that are still read one by one; beyond it the pyramid takes over.
const MAX_VALUES_PER_PIXEL: usize = 32;
/// Buckets per pixel asked of the pyramid: its levels are four apart, so there is never less than one.
const MAX_BUCKETS_PER_PIXEL: usize = 4;
/// Values per pixel up to which the line itself is painted.
const MAX_LINE_POINTS_PER_PIXEL: usize = 2;

/// How many points to ask of a pyramid for `n_values` values on `n_pixels` pixels.
pub(crate) fn point_budget(n_values: usize, n_pixels: usize) -> usize {
    let values = n_pixels.max(1) * MAX_VALUES_PER_PIXEL;
    if n_values <= values { values } else { n_pixels.max(1) * MAX_BUCKETS_PER_PIXEL }
}

/// What to paint of a column between two positions of the horizontal axis.
pub(crate) fn points_in<'a>(
    view: &SeriesView,
    pyramid: &'a Pyramid,
    from: f64,
    to: f64,
    n_pixels: usize,
) -> Points<'a> {
    let visible = view.visible(from, to);
    pyramid.view(visible.start, visible.end, point_budget(visible.len(), n_pixels))
}

/// Smallest and largest value on one column of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PixelColumn {
    /// Which column of pixels.
    pub(crate) px: i32,
    /// Smallest value.
    pub(crate) min: f64,
    /// Largest value.
    pub(crate) max: f64,
    /// Whether a missing value lies between the column before and this one.
    pub(crate) after_gap: bool,
}

/// Gathers points into columns of pixels, in order. `to_px` places a position of the horizontal axis.
pub(crate) fn pixel_columns(points: &Points<'_>, x: &[f64], to_px: impl Fn(f64) -> f32) -> Vec<PixelColumn> {
    let mut columns: Vec<PixelColumn> = Vec::new();
    let mut after_gap = true;
    let mut add = |at: f64, min: f64, max: f64| {
        if min > max || !min.is_finite() || !max.is_finite() {
            after_gap = true;
            return;
        }
        let px = to_px(at).floor() as i32;
        match columns.last_mut() {
            // A gap within one column of pixels is too narrow to be seen.
            Some(last) if last.px == px => {
                last.min = last.min.min(min);
                last.max = last.max.max(max);
            }
            _ => columns.push(PixelColumn { px, min, max, after_gap }),
        }
        after_gap = false;
    };
    match *points {
        Points::Values { start, values } => {
            for (&at, &value) in x.iter().skip(start).zip(values) {
                add(at, value, value);
            }
        }
        Points::Buckets { start, width, buckets } => {
            let middles = x.iter().skip(start + width / 2).step_by(width.max(1));
            let last = x.last().copied();
            for (bucket, at) in buckets.iter().zip(middles.copied().chain(last)) {
                add(at, bucket.min, bucket.max);
            }
        }
    }
    columns
}

/// The pieces of a line: runs of positions without a missing value between them.
pub(crate) fn line_pieces(start: usize, values: &[f64], x: &[f64], place: impl Fn(f64, f64) -> Pos2) -> Vec<Vec<Pos2>> {
    let mut pieces = Vec::new();
    let mut piece = Vec::new();
    for (&at, &value) in x.iter().skip(start).zip(values) {
        if value.is_finite() {
            piece.push(place(at, value));
        } else if !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// A column as an item of a plot.
pub(crate) struct Trace<'a> {
    base: PlotItemBase,
    points: Points<'a>,
    x: &'a [f64],
    color: Color32,
    /// Dots instead of a line, for rows without an order.
    is_scatter: bool,
}

impl<'a> Trace<'a> {
    /// The points of a column, `x` being the positions of all its values.
    pub(crate) fn new(name: &str, points: Points<'a>, x: &'a [f64], color: Color32, is_scatter: bool) -> Self {
        Self { base: PlotItemBase::new(name.to_owned()), points, x, color, is_scatter }
    }

    fn paint_line(&self, start: usize, values: &[f64], transform: &PlotTransform, shapes: &mut Vec<Shape>) {
        let place = |x, y| pos2(transform.position_from_point_x(x), transform.position_from_point_y(y));
        for piece in line_pieces(start, values, self.x, place) {
            match piece.as_slice() {
                [only] => shapes.push(Shape::circle_filled(*only, 1.5, self.color)),
                _ => shapes.push(Shape::line(piece, Stroke::new(1.25, self.color))),
            }
        }
    }

    fn paint_columns(&self, columns: &[PixelColumn], transform: &PlotTransform, shapes: &mut Vec<Shape>) {
        let mut mesh = Mesh::default();
        let y = |value| transform.position_from_point_y(value);
        let mut before: Option<(i32, f32, f32)> = None;
        for column in columns {
            // Downwards is larger on screen.
            let (mut top, mut bottom) = (y(column.max), y(column.min));
            if let Some((px, top_before, bottom_before)) = before.filter(|_| !column.after_gap && !self.is_scatter) {
                if column.px == px + 1 {
                    // Neighbours touch, so that a steep line has no holes.
                    top = top.min(bottom_before);
                    bottom = bottom.max(top_before);
                } else {
                    let from = pos2(px as f32 + 0.5, f32::midpoint(top_before, bottom_before));
                    let to = pos2(column.px as f32 + 0.5, f32::midpoint(top, bottom));
                    shapes.push(Shape::line_segment([from, to], Stroke::new(1.25, self.color)));
                }
            }
            let thin = (1.25 - (bottom - top)).max(0.0) / 2.0;
            let left = column.px as f32;
            mesh.add_colored_rect(
                Rect::from_min_max(pos2(left, top - thin), pos2(left + 1.0, bottom + thin)),
                self.color,
            );
            before = Some((column.px, y(column.max), y(column.min)));
        }
        shapes.push(Shape::mesh(mesh));
    }
}

impl PlotItem for Trace<'_> {
    fn shapes(&self, _ui: &Ui, transform: &PlotTransform, shapes: &mut Vec<Shape>) {
        let pixels = transform.frame().width().max(1.0) as usize;
        match self.points {
            Points::Values { start, values } if values.len() <= pixels * MAX_LINE_POINTS_PER_PIXEL => {
                if self.is_scatter {
                    let color = self.color.gamma_multiply(0.75);
                    let dots = self.x.iter().skip(start).zip(values).filter(|(_, value)| value.is_finite());
                    shapes.extend(dots.map(|(&x, &value)| {
                        let at = pos2(transform.position_from_point_x(x), transform.position_from_point_y(value));
                        Shape::circle_filled(at, 1.6, color)
                    }));
                } else {
                    self.paint_line(start, values, transform, shapes);
                }
            }
            _ => {
                let columns = pixel_columns(&self.points, self.x, |x| transform.position_from_point_x(x));
                self.paint_columns(&columns, transform, shapes);
            }
        }
    }

    fn initialize(&mut self, _x_range: std::ops::RangeInclusive<f64>) {}

    fn color(&self) -> Color32 {
        self.color
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

    fn columns(values: Vec<f64>, x: &[f64], n_pixels: usize, px_per_x: f64) -> Vec<PixelColumn> {
        let n = values.len();
        let pyramid = Pyramid::new(values);
        let points = pyramid.view(0, n, point_budget(n, n_pixels));
        pixel_columns(&points, x, |x| (x * px_per_x) as f32)
    }

    #[test]
    fn ten_million_points_become_a_stroke_per_pixel_with_every_spike() {
        const N: usize = 10_000_000;
        let mut values: Vec<f64> = (0..N).map(|i| (i % 100) as f64).collect();
        values[7_654_321] = 1e6;
        let pyramid = Pyramid::new(values);
        let x: Vec<f64> = (0..N).map(|i| i as f64).collect();
        let points = pyramid.view(0, N, point_budget(N, 1000));
        let Points::Buckets { buckets, .. } = &points else { panic!("buckets expected") };
        assert!((1000..=4001).contains(&buckets.len()), "{}", buckets.len());
        let columns = pixel_columns(&points, &x, |x| (x * 1000.0 / N as f64) as f32);
        assert!(columns.len() <= 1001);
        assert_eq!(columns.iter().filter(|c| c.max == 1e6).map(|c| c.px).collect::<Vec<_>>(), [765]);
        // However far one zooms in, what is read stays bounded by the pixels.
        for n in [1, 100, 5000, 32_000, 32_001, 1_000_000] {
            let n_points = match pyramid.view(4_000_000, 4_000_000 + n, point_budget(n, 1000)) {
                Points::Values { values, .. } => values.len(),
                Points::Buckets { buckets, .. } => buckets.len(),
            };
            assert!(n_points <= 32_000 && n_points >= n.min(1000), "{n}: {n_points}");
        }
    }

    #[test]
    fn missing_values_are_never_bridged() {
        let x: Vec<f64> = (0..8).map(f64::from).collect();
        let values = vec![1.0, 2.0, f64::NAN, 4.0, f64::NAN, f64::NAN, 7.0, 8.0];
        let after_gap = |columns: Vec<PixelColumn>| columns.iter().map(|c| (c.px, c.after_gap)).collect::<Vec<_>>();
        let expected = [(0, true), (1, false), (3, true), (6, true), (7, false)];
        assert_eq!(after_gap(columns(values.clone(), &x, 8, 1.0)), expected);
        let pieces = line_pieces(0, &values, &x, |x, y| pos2(x as f32, y as f32));
        assert_eq!(
            pieces,
            [vec![pos2(0.0, 1.0), pos2(1.0, 2.0)], vec![pos2(3.0, 4.0)], vec![pos2(6.0, 7.0), pos2(7.0, 8.0)]]
        );
        // Of a long gap the buckets are empty.
        let n = 100_000;
        let long: Vec<f64> = (0..n).map(|i| if (40_000..60_000).contains(&i) { f64::NAN } else { 1.0 }).collect();
        let x: Vec<f64> = (0..n).map(f64::from).collect();
        let columns = columns(long, &x, 100, 0.001);
        // A bucket at the edge may reach into the next pixel.
        assert!(columns.iter().all(|c| !(41..59).contains(&c.px)));
        assert_eq!(columns.iter().filter(|c| c.after_gap).map(|c| c.px).collect::<Vec<_>>(), [0, 60]);
    }

    #[test]
    fn uneven_times_fall_where_they_belong() {
        let x = [0.0, 0.1, 0.2, 50.0, 99.0];
        let columns = columns(vec![1.0, 5.0, 3.0, 2.0, 4.0], &x, 100, 1.0);
        assert_eq!(
            columns.iter().map(|c| (c.px, c.min, c.max)).collect::<Vec<_>>(),
            [(0, 1.0, 5.0), (50, 2.0, 2.0), (99, 4.0, 4.0)]
        );
    }
}
