//! Which of the rows that were kept are still in a sliding window.

use std::collections::VecDeque;

use crate::analysis::features::windows::Reach;

/// The stamps of rows that were kept: row numbers or times. Memory: 8 bytes per row kept.
///
/// A window of w rows holds a row and the w - 1 before it, kept or not; one of w microseconds at time t holds the rows
/// in (t - w, t].
#[derive(Debug, Clone)]
pub(super) struct Stamps {
    reach: Reach,
    n_rows: i64,
    kept: VecDeque<i64>,
}

impl Stamps {
    /// Before the first row.
    pub(super) fn new(reach: Reach) -> Self {
        Self { reach, n_rows: 0, kept: VecDeque::new() }
    }

    /// Moves on to the next row. Returns its stamp.
    pub(super) fn advance(&mut self, time: i64) -> i64 {
        self.n_rows += 1;
        match self.reach {
            Reach::Rows(_) => self.n_rows,
            Reach::Micros(_) => time,
        }
    }

    /// Forgets the oldest row kept if it is not in the window of the row with that stamp, and says whether it did.
    pub(super) fn expire(&mut self, stamp: i64) -> bool {
        let length = match self.reach {
            Reach::Rows(w) => i64::try_from(w).unwrap_or(i64::MAX),
            Reach::Micros(w) => w,
        };
        let expired = self.kept.front().is_some_and(|&oldest| stamp.saturating_sub(oldest) >= length);
        if expired {
            self.kept.pop_front();
        }
        expired
    }

    /// Keeps a row.
    pub(super) fn keep(&mut self, stamp: i64) {
        self.kept.push_back(stamp);
    }
}
