//! How the pointer moves linked plots: drag, scroll and pinch, a stretch drawn with Shift or the right button, clicks.

use eframe::egui::{CursorIcon, PointerButton, Pos2, Rangef, Response, Ui, Vec2};

use super::{History, Range};

/// Scrolled points that double the zoom.
const POINTS_PER_DOUBLING: f32 = 160.0;

/// What linked plots share: the stretch shown, the pointer, and a stretch being drawn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Navigation {
    history: Option<History>,
    /// Where the plots were drawn last, left to right.
    area: Option<Rangef>,
    is_pointed_at: bool,
    was_pointed_at: bool,
    drawn: Option<(f64, f64)>,
    /// Clicked since [`Navigation::begin_frame`], with the width of a pixel there.
    clicked: Option<(f64, f64)>,
    /// Where a menu was asked for since then.
    menu: Option<(f64, Pos2)>,
}

impl Navigation {
    /// Call it before the plots of a frame are drawn, with all that there is to show. `None`: nothing.
    pub(crate) fn begin_frame(&mut self, full: Option<(f64, f64)>) {
        match (&mut self.history, full) {
            (Some(history), Some((from, to))) => history.set_full(Range::new(from, to)),
            (None, Some((from, to))) => self.history = Some(History::new(Range::new(from, to))),
            (_, None) => self.history = None,
        }
        self.was_pointed_at = std::mem::take(&mut self.is_pointed_at);
        self.clicked = None;
        self.menu = None;
    }

    /// Forgets everything, for other data.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The stretch shown.
    pub(crate) fn range(&self) -> Option<Range> {
        self.history.as_ref().map(History::current)
    }

    /// The stretches shown before.
    pub(crate) fn history(&self) -> Option<&History> {
        self.history.as_ref()
    }

    /// Shows a stretch.
    pub(crate) fn show(&mut self, range: Range) {
        if let Some(history) = &mut self.history {
            history.set(range);
        }
    }

    /// Shows everything.
    pub(crate) fn reset(&mut self) {
        if let Some(history) = &mut self.history {
            history.reset();
        }
    }

    /// Shows what was shown before.
    pub(crate) fn back(&mut self) {
        if let Some(history) = &mut self.history {
            history.back();
        }
    }

    /// Shows less around the middle (a factor above 1), or more.
    pub(crate) fn zoom(&mut self, factor: f64) {
        if let Some(range) = self.range() {
            self.show(range.zoomed(factor, f64::midpoint(range.from, range.to)));
        }
    }

    /// Position under the pointer, the same for all plots of the frame.
    pub(crate) fn cursor(&self, ui: &Ui) -> Option<f64> {
        let (range, area) = (self.range()?, self.area?);
        let pointer = ui.input(|input| input.pointer.hover_pos()).filter(|_| self.was_pointed_at)?;
        area.contains(pointer.x).then(|| place(range, area, pointer.x))
    }

    /// The stretch being drawn.
    pub(crate) fn drawn(&self) -> Option<Range> {
        self.drawn.map(|(a, b)| Range::new(a, b))
    }

    /// Position clicked in this frame, and how far a click may be off.
    pub(crate) fn clicked(&self) -> Option<(f64, f64)> {
        self.clicked
    }

    /// Position and point where a menu was asked for in this frame.
    pub(crate) fn menu(&self) -> Option<(f64, Pos2)> {
        self.menu
    }

    /// Takes in what the pointer does on a plot that shows the stretch between the ends of `area`.
    pub(crate) fn follow(&mut self, ui: &Ui, response: &Response, area: Rangef) {
        let Some(range) = self.range() else { return };
        self.area = Some(area);
        let per_px = range.len() / f64::from(area.span().max(1.0));
        let pointer = response.interact_pointer_pos().or_else(|| response.hover_pos());
        let in_area = |pointer: Pos2| place(range, area, pointer.x.clamp(area.min, area.max));
        let at = pointer.map(in_area);
        let now = ui.input(|input| input.time);

        let draws = response.dragged_by(PointerButton::Secondary)
            || (response.dragged_by(PointerButton::Primary)
                && (self.drawn.is_some() || ui.input(|i| i.modifiers.shift)));
        if draws {
            self.draw(ui.input(|input| input.pointer.press_origin()).map(in_area), at);
            ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
        } else if response.dragged_by(PointerButton::Primary) {
            self.nudge(range.panned(-f64::from(response.drag_delta().x) * per_px), now);
            ui.set_cursor_icon(CursorIcon::Grabbing);
        } else if response.drag_stopped() {
            self.finish_drawing(per_px);
        }
        if response.double_clicked() {
            self.reset();
        } else if response.clicked() {
            self.clicked = at.map(|at| (at, per_px * 5.0));
        } else if response.secondary_clicked() {
            self.menu = at.zip(pointer);
        }
        if response.contains_pointer() {
            self.is_pointed_at = true;
            self.scroll(ui, range, at, per_px, now);
        }
    }

    /// Takes in a drag on an overview of everything between the ends of `area`: it draws the stretch to be shown.
    pub(crate) fn follow_overview(&mut self, ui: &Ui, response: &Response, area: Rangef) {
        let Some(full) = self.history.as_ref().map(History::full) else { return };
        let in_area = |pointer: Pos2| place(full, area, pointer.x.clamp(area.min, area.max));
        if response.dragged() {
            let start = ui.input(|input| input.pointer.press_origin()).map(in_area);
            self.draw(start, response.interact_pointer_pos().map(in_area));
        } else if response.drag_stopped() {
            self.finish_drawing(full.len() / f64::from(area.span().max(1.0)));
        }
    }

    /// A stretch from where the button was pressed (a drag counts as one only some pixels later) to where it is now.
    fn draw(&mut self, pressed: Option<f64>, at: Option<f64>) {
        if let Some(at) = at {
            let start = self.drawn.map(|(start, _)| start).or(pressed).unwrap_or(at);
            self.drawn = Some((start, at));
        }
    }

    /// A stretch of a few pixels was a slip.
    fn finish_drawing(&mut self, per_px: f64) {
        if let Some((a, b)) = self.drawn.take()
            && (a - b).abs() > 4.0 * per_px
        {
            self.show(Range::new(a, b));
        }
    }

    fn scroll(&mut self, ui: &Ui, range: Range, at: Option<f64>, per_px: f64, now: f64) {
        let (scroll, zoom) = ui.input(|input| (input.smooth_scroll_delta(), f64::from(input.zoom_delta())));
        let factor = zoom * 2f64.powf(f64::from(scroll.y / POINTS_PER_DOUBLING));
        if let (Some(at), true) = (at, (factor - 1.0).abs() > 1e-6 || scroll.x != 0.0) {
            let moved = range.zoomed(factor, at).panned(-f64::from(scroll.x) * per_px);
            self.nudge(moved, now);
            // What moved the plots must not scroll the list they are in.
            ui.input_mut(|input| input.smooth_scroll_delta = Vec2::ZERO);
        }
    }

    fn nudge(&mut self, range: Range, now: f64) {
        if let Some(history) = &mut self.history {
            history.nudge(range, now);
        }
    }
}

/// The position at a pixel.
fn place(range: Range, area: Rangef, px: f32) -> f64 {
    range.from + range.len() * f64::from((px - area.min) / area.span().max(1.0))
}

/// The pixel of a position.
pub(crate) fn pixel(range: Range, area: Rangef, at: f64) -> f32 {
    area.min + ((at - range.from) / range.len()) as f32 * area.span()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_and_positions_are_each_others_inverse() {
        let (range, area) = (Range { from: 1.7e9, to: 1.7e9 + 600.0 }, Rangef::new(100.0, 700.0));
        assert_eq!(place(range, area, 400.0), 1.7e9 + 300.0);
        assert_eq!(pixel(range, area, 1.7e9 + 300.0), 400.0);
        assert_eq!((pixel(range, area, range.from), pixel(range, area, range.to)), (100.0, 700.0));
    }

    #[test]
    fn other_data_begins_anew() {
        let mut navigation = Navigation::default();
        assert_eq!(navigation.range(), None);
        navigation.begin_frame(Some((0.0, 100.0)));
        navigation.show(Range::new(10.0, 20.0));
        navigation.begin_frame(Some((0.0, 100.0)));
        assert_eq!(navigation.range(), Some(Range { from: 10.0, to: 20.0 }));
        navigation.zoom(2.0);
        assert_eq!(navigation.range(), Some(Range { from: 12.5, to: 17.5 }));
        navigation.back();
        navigation.back();
        assert_eq!(navigation.range(), Some(Range { from: 0.0, to: 100.0 }));
        navigation.forget();
        assert_eq!(navigation.range(), None);
    }
}
