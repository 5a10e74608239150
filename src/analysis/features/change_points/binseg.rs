//! Binary segmentation: the segment that gains most is cut, again and again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::cost::Cost;
use super::{Ordered, Settings, Stop};
use crate::cx::{Cancelled, Cx};

/// The best cut of a segment, ordered by gain; of equals, the first segment comes first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cut {
    gain: Ordered,
    start: Reverse<usize>,
    end: usize,
    /// `None` where the segment cannot be cut.
    at: Option<usize>,
}

/// Ends of the segments.
pub(super) fn segment(
    cost: &dyn Cost,
    n_rows: usize,
    rules: &Settings,
    stop: Stop,
    cx: &Cx,
) -> Result<Vec<usize>, Cancelled> {
    let mut ends = vec![n_rows];
    let mut cuts = BinaryHeap::from([best_cut(cost, 0..n_rows, rules, cx)?]);
    while let Some(Cut { gain, start: Reverse(start), end, at }) = cuts.pop() {
        // As in ruptures, a segment that cannot be cut gains 0, and the search ends when it comes first.
        let Some(at) = at else { break };
        let go_on = match stop {
            Stop::Changes(n_changes) => ends.len() - 1 < n_changes,
            Stop::Penalty(penalty) => gain.0 > penalty,
        };
        if !go_on {
            break;
        }
        ends.push(at);
        cuts.push(best_cut(cost, start..at, rules, cx)?);
        cuts.push(best_cut(cost, at..end, rules, cx)?);
    }
    ends.sort_unstable();
    Ok(ends)
}

/// The cut with the largest gain; the last of equals.
fn best_cut(cost: &dyn Cost, rows: Range<usize>, rules: &Settings, cx: &Cx) -> Result<Cut, Cancelled> {
    let cut = |gain: f64, at| Cut { gain: Ordered::new(gain), start: Reverse(rows.start), end: rows.end, at };
    let is_long_enough = |at: &usize| at - rows.start >= rules.min_size && rows.end - at >= rules.min_size;
    let cuts: Vec<usize> = rows.clone().step_by(rules.jump).filter(is_long_enough).collect();
    if cuts.is_empty() {
        return Ok(cut(0.0, None));
    }
    let whole = cost.of(rows.clone(), cx)?;
    if whole == f64::NEG_INFINITY {
        return Ok(cut(0.0, None));
    }
    let parts = cost.parts(rows.clone(), &cuts, cx)?;
    let gains = parts.iter().zip(&cuts).map(|((left, right), &at)| (Ordered::new(whole - left - right), at));
    Ok(gains.max().map_or(cut(0.0, None), |(gain, at)| cut(gain.0, Some(at))))
}
