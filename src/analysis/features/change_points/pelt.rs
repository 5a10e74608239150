//! PELT: the best segmentation for a penalty.

use super::Settings;
use super::candidates::Candidates;
use super::cost::Cost;
use crate::cx::{Cancelled, Cx};

/// Ends of the segments that minimise the sum of costs and penalties.
pub(super) fn segment(
    cost: &dyn Cost,
    n_rows: usize,
    rules: &Settings,
    penalty: f64,
    cx: &Cx,
) -> Result<Vec<usize>, Cancelled> {
    let mut sweep = cost.sweep();
    let mut candidates = Candidates::default();
    // Per row up to which rows may be cut, where the last segment begins.
    let mut last_starts = vec![0; n_rows + 1];
    let mut best = Some(0.0);
    for row in 0..n_rows {
        cx.check()?;
        if let Some(value) = best.take() {
            candidates.open(row, value);
            sweep.open();
        }
        sweep.push();
        let end = row + 1;
        if end < rules.min_size || (end % rules.jump != 0 && end < n_rows) {
            continue;
        }
        let n_ready = candidates.ready(end, rules.min_size);
        let choice = candidates.choose(sweep.costs(n_ready, cx)?, penalty);
        last_starts[end] = candidates.start(choice.index);
        best = Some(choice.value);
        if let Some(keep) = candidates.worth_keeping() {
            candidates.retain(&keep);
            sweep.retain(&keep);
        }
    }
    Ok(ends(n_rows, |end| last_starts[end]))
}

/// Ends of the segments, given where the segment up to each end begins.
fn ends(n_rows: usize, start_of: impl Fn(usize) -> usize) -> Vec<usize> {
    let mut ends: Vec<usize> =
        std::iter::successors(Some(n_rows), |&end| Some(start_of(end))).take_while(|&end| end > 0).collect();
    ends.reverse();
    ends
}
