//! Whether all values of a window are equal.

use super::kind::{Held, Span};

/// Whether all values of a window are equal, at no cost per row but that of looking at each value once.
#[derive(Debug, Clone, Default)]
pub(super) struct Equal {
    /// Values known to be equal.
    run: Span,
}

impl Equal {
    /// Whether the values of `span` are all equal. Spans must not go back.
    pub(super) fn all(&mut self, held: Held<'_>, span: &Span) -> bool {
        if self.run.end <= span.start {
            self.run = span.start..span.start + 1;
        }
        let first = held.values(&(span.start..span.start + 1));
        let rest = held.values(&(self.run.end..span.end.max(self.run.end)));
        self.run.end += rest.iter().take_while(|value| first.contains(value)).count();
        self.run.end >= span.end
    }
}
