//! Which stretch of the horizontal axis is shown, and the stretches shown before it.

/// A stretch of the horizontal axis, in its units: seconds since 1970-01-01 UTC, or row numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    /// Left end.
    pub(crate) from: f64,
    /// Right end, above the left one.
    pub(crate) to: f64,
}

impl Range {
    /// The stretch between two positions in either order; a little wider than nothing where they are equal.
    pub(crate) fn new(a: f64, b: f64) -> Self {
        let (from, to) = if a <= b { (a, b) } else { (b, a) };
        if to > from { Self { from, to } } else { Self { from: from - 0.5, to: to + 0.5 } }
    }

    /// Its length.
    pub(crate) fn len(self) -> f64 {
        self.to - self.from
    }

    /// Whether a position lies in it, ends included.
    pub(crate) fn contains(self, x: f64) -> bool {
        (self.from..=self.to).contains(&x)
    }

    /// Whether it has something in common with another stretch.
    pub(crate) fn overlaps(self, from: f64, to: f64) -> bool {
        from <= self.to && to >= self.from
    }

    /// Moved by a distance.
    #[must_use]
    pub(crate) fn panned(self, by: f64) -> Self {
        Self { from: self.from + by, to: self.to + by }
    }

    /// Scaled so that `around` stays where it is; a factor above 1 shows less.
    #[must_use]
    pub(crate) fn zoomed(self, factor: f64, around: f64) -> Self {
        Self { from: around - (around - self.from) / factor, to: around + (self.to - around) / factor }
    }

    /// Room on both sides, as a share of its length.
    #[must_use]
    pub(crate) fn padded(self, share: f64) -> Self {
        let by = self.len() * share;
        Self { from: self.from - by, to: self.to + by }
    }

    /// The nearest stretch inside `bounds` that is at least `shortest` long.
    #[must_use]
    pub(crate) fn within(self, bounds: Self, shortest: f64) -> Self {
        let len = self.len().max(shortest).min(bounds.len());
        let center = f64::midpoint(self.from, self.to);
        let from = (center - len / 2.0).clamp(bounds.from, (bounds.to - len).max(bounds.from));
        Self { from, to: from + len }
    }
}

/// Most stretches remembered.
const MAX_PAST: usize = 100;
/// Moves closer together than this (in seconds) are one gesture, and one step back.
const GESTURE_SECS: f64 = 0.6;
/// Least share of the whole that can be shown.
const LEAST_SHARE: f64 = 1e-9;

/// The stretch shown, and the way back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct History {
    full: Range,
    current: Range,
    past: Vec<Range>,
    last_move: f64,
}

impl History {
    /// Shows everything.
    pub(crate) fn new(full: Range) -> Self {
        Self { full, current: full, past: Vec::new(), last_move: f64::NEG_INFINITY }
    }

    /// Everything there is.
    pub(crate) fn full(&self) -> Range {
        self.full
    }

    /// What is shown.
    pub(crate) fn current(&self) -> Range {
        self.current
    }

    /// Whether less than everything is shown.
    pub(crate) fn is_zoomed(&self) -> bool {
        self.current != self.full
    }

    /// Whether there is a way back.
    pub(crate) fn has_past(&self) -> bool {
        !self.past.is_empty()
    }

    /// Shows a stretch.
    pub(crate) fn set(&mut self, range: Range) {
        let range = self.fitted(range);
        if range != self.current {
            self.remember();
            self.current = range;
        }
        self.last_move = f64::NEG_INFINITY;
    }

    /// Shows a stretch as part of a gesture at a time in seconds: moves in quick succession are one step back.
    pub(crate) fn nudge(&mut self, range: Range, now_secs: f64) {
        let range = self.fitted(range);
        if range == self.current {
            return;
        }
        if now_secs - self.last_move > GESTURE_SECS {
            self.remember();
        }
        self.current = range;
        self.last_move = now_secs;
    }

    /// Shows everything.
    pub(crate) fn reset(&mut self) {
        self.set(self.full);
    }

    /// Shows what was shown before.
    pub(crate) fn back(&mut self) {
        if let Some(range) = self.past.pop() {
            self.current = range;
            self.last_move = f64::NEG_INFINITY;
        }
    }

    /// Takes in that there is more or less to show: a view of everything stays one, another stays in bounds.
    pub(crate) fn set_full(&mut self, full: Range) {
        if full == self.full {
            return;
        }
        let was_zoomed = self.is_zoomed();
        self.full = full;
        self.current = if was_zoomed && full.overlaps(self.current.from, self.current.to) {
            self.fitted(self.current)
        } else {
            full
        };
        self.past.retain(|range| full.overlaps(range.from, range.to));
    }

    fn remember(&mut self) {
        self.past.push(self.current);
        let surplus = self.past.len().saturating_sub(MAX_PAST);
        self.past.drain(..surplus);
    }

    fn fitted(&self, range: Range) -> Range {
        // Seconds since 1970 have about seven decimals in a double; a millisecond is safely above.
        range.within(self.full, (self.full.len() * LEAST_SHARE).max(1e-3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: f64, to: f64) -> Range {
        Range { from, to }
    }

    #[test]
    fn zooming_keeps_the_cursor_where_it_is() {
        let zoomed = range(0.0, 100.0).zoomed(2.0, 25.0);
        assert_eq!(zoomed, range(12.5, 62.5));
        assert_eq!(zoomed.zoomed(0.5, 25.0), range(0.0, 100.0));
    }

    #[test]
    fn a_stretch_never_leaves_its_bounds() {
        let full = range(0.0, 10.0);
        assert_eq!(range(-3.0, 2.0).within(full, 0.1), range(0.0, 5.0));
        assert_eq!(range(8.0, 14.0).within(full, 0.1), range(4.0, 10.0));
        assert_eq!(range(-5.0, 50.0).within(full, 0.1), full);
        assert_eq!(range(4.0, 4.0).within(full, 1.0), range(3.5, 4.5));
    }

    #[test]
    fn back_restores_each_step_and_a_gesture_is_one() {
        let mut history = History::new(range(0.0, 100.0));
        history.set(range(10.0, 50.0));
        for step in 0..20 {
            let now = 5.0 + f64::from(step) * 0.016;
            history.nudge(history.current().panned(1.0), now);
        }
        assert_eq!(history.current(), range(30.0, 70.0));
        history.back();
        assert_eq!(history.current(), range(10.0, 50.0));
        history.back();
        assert_eq!(history.current(), range(0.0, 100.0));
        assert!(!history.has_past() && !history.is_zoomed());
        history.back();
        assert_eq!(history.current(), range(0.0, 100.0));
    }

    #[test]
    fn new_data_keeps_the_stretch_where_it_can() {
        let mut history = History::new(range(0.0, 100.0));
        history.set_full(range(0.0, 200.0));
        assert_eq!(history.current(), range(0.0, 200.0));
        history.set(range(50.0, 60.0));
        history.set_full(range(0.0, 55.0));
        assert_eq!(history.current(), range(45.0, 55.0));
        history.set_full(range(1000.0, 1001.0));
        assert_eq!(history.current(), range(1000.0, 1001.0));
        assert!(!history.has_past());
    }
}
