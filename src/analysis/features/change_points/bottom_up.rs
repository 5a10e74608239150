//! Bottom-up segmentation: many short segments, of which the two that lose least are merged, again and again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use super::cost::{Cost, Segment};
use super::{Ordered, Settings, Stop};
use crate::cx::{Cancelled, Cx};

/// Two neighbouring segments as one. Ordered by what their merger loses; of equals, the first comes first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Merger {
    loss: Ordered,
    start: usize,
    end: usize,
    cost: Ordered,
    /// Numbers of the two.
    left: usize,
    right: usize,
}

/// Ends of the segments.
pub(super) fn segment(
    cost: &dyn Cost,
    n_rows: usize,
    rules: &Settings,
    stop: Stop,
    cx: &Cx,
) -> Result<Vec<usize>, Cancelled> {
    let mut leaves = Vec::new();
    for rows in initial(n_rows, rules, cx)? {
        cx.check()?;
        leaves.push(Segment { cost: cost.of(rows.clone(), cx)?, rows });
    }
    // A merger keeps the number of its left segment; the right one is gone.
    let mut right_of: Vec<usize> = (1..=leaves.len()).collect();
    let mut left_of: Vec<Option<usize>> = (0..leaves.len()).map(|leaf| leaf.checked_sub(1)).collect();
    let mut n_leaves = leaves.len();
    let merge = |leaves: &[Segment], left: usize, right: usize| -> Result<_, Cancelled> {
        let (a, b) = (&leaves[left], &leaves[right]);
        let cost = cost.merged(a, b, cx)?;
        // As in ruptures, nothing is lost where the cost has no bound.
        let loss = if cost == f64::NEG_INFINITY { 0.0 } else { cost - (a.cost + b.cost) };
        let (start, end) = (a.rows.start, b.rows.end);
        Ok(Reverse(Merger { loss: Ordered::new(loss), start, end, cost: Ordered(cost), left, right }))
    };
    let mut mergers = BinaryHeap::new();
    for right in 1..leaves.len() {
        cx.check()?;
        mergers.push(merge(&leaves, right - 1, right)?);
    }
    while let Some(Reverse(Merger { loss, start, end, cost, left, right })) = mergers.pop() {
        cx.check()?;
        // One of the two may have grown or be gone since.
        let is_current = right_of[left] == right
            && leaves[left].rows == (start..leaves[right].rows.start)
            && leaves[right].rows.end == end;
        if !is_current {
            continue;
        }
        let go_on = match stop {
            Stop::Changes(n_changes) => n_leaves > n_changes + 1,
            Stop::Penalty(penalty) => loss.0 < penalty,
        };
        if !go_on {
            break;
        }
        leaves[left] = Segment { rows: start..end, cost: cost.0 };
        n_leaves -= 1;
        let next = right_of[right];
        right_of[left] = next;
        right_of[right] = right;
        if let Some(before) = left_of[left] {
            mergers.push(merge(&leaves, before, left)?);
        }
        if next < leaves.len() {
            left_of[next] = Some(left);
            mergers.push(merge(&leaves, left, next)?);
        }
    }
    let mut ends = Vec::with_capacity(n_leaves);
    let mut leaf = 0;
    while leaf < leaves.len() {
        ends.push(leaves[leaf].rows.end);
        leaf = right_of[leaf];
    }
    Ok(ends)
}

/// The segments to begin with: always the longest one (the first of equals) is cut in two at the possible row closest
/// to its middle. As in ruptures, that ends as soon as the longest one cannot be cut.
fn initial(n_rows: usize, rules: &Settings, cx: &Cx) -> Result<Vec<Range<usize>>, Cancelled> {
    let mut segments = BinaryHeap::from([(n_rows, Reverse(0))]);
    while let Some(&(length, Reverse(start))) = segments.peek() {
        let Some(at) = middle(start..start + length, rules) else { break };
        cx.check()?;
        segments.pop();
        segments.push((at - start, Reverse(start)));
        segments.push((start + length - at, Reverse(at)));
    }
    let mut segments: Vec<_> = segments.into_iter().map(|(length, Reverse(start))| start..start + length).collect();
    segments.sort_unstable_by_key(|rows| rows.start);
    Ok(segments)
}

/// The possible cut closest to the middle; the first of equals.
fn middle(rows: Range<usize>, rules: &Settings) -> Option<usize> {
    let first = (rows.start + rules.min_size).next_multiple_of(rules.jump);
    let last = rows.end.checked_sub(rules.min_size)? / rules.jump * rules.jump;
    if first > last {
        return None;
    }
    let twice_middle = rows.start + rows.end;
    let below = (twice_middle / 2 / rules.jump * rules.jump).clamp(first, last);
    let above = (below + rules.jump).min(last);
    [below, above].into_iter().min_by_key(|at| (2 * at).abs_diff(twice_middle))
}
