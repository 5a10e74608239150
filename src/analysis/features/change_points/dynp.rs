//! Dynamic programming: the best segmentation with a fixed number of change points.

use super::Settings;
use super::candidates::least;
use super::cost::Cost;
use crate::cx::{Cancelled, Cx};

/// Ends of the `n_changes` + 1 segments with the least sum of costs; of equals, the one whose last segment is longest.
///
/// `rules` allow that many change points in `n_rows` rows.
pub(super) fn segment(
    cost: &dyn Cost,
    n_rows: usize,
    rules: &Settings,
    n_changes: usize,
    cx: &Cx,
) -> Result<Vec<usize>, Cancelled> {
    let mut sweep = cost.sweep();
    // For each number of change points: the least cost up to each multiple of jump, and where the last segment begins.
    let mut values = vec![Vec::new(); n_changes];
    let mut last_starts = vec![Vec::new(); n_changes];
    let mut totals = Vec::new();
    let mut reached = vec![(f64::INFINITY, 0); n_changes];
    for row in 0..n_rows {
        cx.check()?;
        if row % rules.jump == 0 {
            sweep.open();
            for (k, &(value, start)) in reached.iter().enumerate() {
                values[k].push(value);
                last_starts[k].push(start);
            }
        }
        sweep.push();
        let end = row + 1;
        if end < rules.min_size || (end % rules.jump != 0 && end < n_rows) {
            continue;
        }
        let n_ready = (end - rules.min_size) / rules.jump + 1;
        let costs = sweep.costs(n_ready, cx)?;
        if end == n_rows {
            let Some(values) = values.last() else { break };
            let mut start = least(values, costs, 0.0, &mut totals).index * rules.jump;
            let mut ends = vec![n_rows];
            for last_starts in last_starts.iter().rev() {
                ends.push(start);
                start = last_starts[start / rules.jump];
            }
            ends.reverse();
            return Ok(ends);
        }
        for (k, reached) in reached.iter_mut().enumerate() {
            *reached = match k.checked_sub(1) {
                _ if !rules.allow(end, k) => (f64::INFINITY, 0),
                None => (costs[0], 0),
                Some(fewer) => {
                    let choice = least(&values[fewer], costs, 0.0, &mut totals);
                    (choice.value, choice.index * rules.jump)
                }
            };
        }
    }
    Ok(vec![n_rows])
}
