//! Folds along time: the test rows of each are one stretch of it.

use std::ops::Range;

use super::{Fold, FoldError, checked};

/// How far training rows keep away from test rows, where what is seen of one row tells of the next (windows of features
/// that overlap, or an event that spans both).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// So many rows, in the order of time over all entities, are left out. 0: no gap.
    Rows(usize),
    /// Training rows are more than so many units of `times` (at least 0) away from every test row.
    Time(i64),
}

/// `k` folds that train on the past and test on what follows: the rows, in the order of time, are cut into k + 1
/// parts of equal size (the first takes the rest), and each part but the first is tested after training on all before
/// it. scikit-learn's `TimeSeriesSplit`; other than there, rows of the same time stay together: every training row is
/// earlier than every test row.
///
/// `times` has the time of each row, in any order; rows without times are told apart by their numbers (`0..n`).
///
/// # Errors
/// For fewer than 2 folds, too few rows or different times, or a gap that leaves nothing to train on.
pub fn forward_chaining(times: &[i64], k: usize, gap: Gap) -> Result<Vec<Fold>, FoldError> {
    checked(times.len(), k)?;
    if times.len() == k {
        return Err(FoldError::TooFewRows { n_rows: k, k });
    }
    let line = TimeLine::new(times);
    let parts = line.parts(k + 1)?;
    let fold = |(at, test): (usize, &Range<usize>)| line.fold(at, 0..line.before(test.start, gap), 0..0, test);
    parts[1..].iter().enumerate().map(fold).collect()
}

/// `k` folds that test each of k stretches of time of equal size and train on all rows before and after it, but for
/// the gap on both sides (blocked cross-validation, Racine 2000). Every row is tested once. Rows of the same time
/// stay together.
///
/// Uses more of a short history than [`forward_chaining`], but also the future, which live alarms do not have.
///
/// # Errors
/// As for [`forward_chaining`].
pub fn blocked(times: &[i64], k: usize, gap: Gap) -> Result<Vec<Fold>, FoldError> {
    checked(times.len(), k)?;
    let line = TimeLine::new(times);
    let parts = line.parts(k)?;
    let fold = |(at, test): (usize, &Range<usize>)| {
        line.fold(at, 0..line.before(test.start, gap), line.after(test.end, gap)..times.len(), test)
    };
    parts.iter().enumerate().map(fold).collect()
}

/// The rows in the order of time, by number where times are equal. Places count along it.
struct TimeLine<'a> {
    times: &'a [i64],
    rows: Vec<u32>,
}

impl<'a> TimeLine<'a> {
    fn new(times: &'a [i64]) -> Self {
        let mut rows: Vec<u32> = (0..times.len() as u32).collect();
        rows.sort_by_key(|&row| times[row as usize]);
        Self { times, rows }
    }

    fn time(&self, place: usize) -> i64 {
        self.times[self.rows[place] as usize]
    }

    /// Parts of equal size, the first with the rest, each ending where a new time begins.
    fn parts(&self, n_parts: usize) -> Result<Vec<Range<usize>>, FoldError> {
        let (n, size) = (self.rows.len(), self.rows.len() / n_parts);
        let bound = |part: usize| {
            let place = n - (n_parts - part) * size;
            if part == 0 || part == n_parts { part / n_parts * n } else { self.first_at(self.time(place)) }
        };
        let parts: Vec<Range<usize>> = (0..n_parts).map(|part| bound(part)..bound(part + 1)).collect();
        match parts.iter().position(Range::is_empty) {
            Some(part) => Err(FoldError::TooFewTimes { part: part + 1, n_parts }),
            None => Ok(parts),
        }
    }

    /// The first place of a time, or of a later one.
    fn first_at(&self, time: i64) -> usize {
        self.rows.partition_point(|&row| self.times[row as usize] < time)
    }

    /// Where the training rows before a test part end.
    fn before(&self, test_start: usize, gap: Gap) -> usize {
        match gap {
            Gap::Rows(rows) => test_start.saturating_sub(rows),
            Gap::Time(span) => self.first_at(self.time(test_start).saturating_sub(span.max(0))),
        }
    }

    /// Where the training rows after a test part begin.
    fn after(&self, test_end: usize, gap: Gap) -> usize {
        let n = self.rows.len();
        match gap {
            Gap::Rows(rows) => test_end.saturating_add(rows).min(n),
            Gap::Time(span) => {
                let last = self.time(test_end - 1).saturating_add(span.max(0));
                self.rows.partition_point(|&row| self.times[row as usize] <= last)
            }
        }
    }

    fn fold(
        &self,
        at: usize,
        past: Range<usize>,
        future: Range<usize>,
        test: &Range<usize>,
    ) -> Result<Fold, FoldError> {
        let sorted = |mut rows: Vec<u32>| {
            rows.sort_unstable();
            rows
        };
        let train = sorted([&self.rows[past], &self.rows[future]].concat());
        if train.is_empty() {
            return Err(FoldError::GapTooLarge { fold: at + 1 });
        }
        Ok(Fold { train, test: sorted(self.rows[test.clone()].to_vec()) })
    }
}
