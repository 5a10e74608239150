//! Which episode of a new run is which alert that is already known.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Extent of an alert or episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// First and last row, in either order.
    pub(super) rows: (u32, u32),
    /// First and last time in microseconds.
    pub(super) time: Option<(i64, i64)>,
}

/// An alert that earlier runs of the source found.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: i64,
    pub(super) entity: Option<String>,
    pub(super) extent: Extent,
    /// A person has acted on it.
    pub(super) touched: bool,
}

/// An episode of the new run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Incoming<'a> {
    pub(super) entity: Option<&'a str>,
    pub(super) extent: Extent,
}

/// For each incoming episode, the index in `known` of the alert it is, if any. No alert is used twice.
///
/// An episode can only be an alert of the same entity with overlapping time; where either has no time, with
/// overlapping rows. Among the pairs that qualify these go first: equal extent (so that the same run again changes
/// nothing), then alerts a person has acted on (so that work is not left behind when episodes merge), then the larger
/// overlap (shared extent over joint extent), then the earlier alert.
pub(super) fn assign(known: &[Known], incoming: &[Incoming]) -> Vec<Option<usize>> {
    let mut by_entity: BTreeMap<Option<&str>, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (i, alert) in known.iter().enumerate() {
        by_entity.entry(alert.entity.as_deref()).or_default().0.push(i);
    }
    for (i, episode) in incoming.iter().enumerate() {
        by_entity.entry(episode.entity).or_default().1.push(i);
    }
    let mut used = vec![false; known.len()];
    let mut assigned = vec![None; incoming.len()];
    for (alerts, episodes) in by_entity.values() {
        for pair in ranked_pairs(known, alerts, incoming, episodes) {
            let (Some(slot), Some(used)) = (assigned.get_mut(pair.incoming), used.get_mut(pair.known)) else {
                continue;
            };
            if slot.is_none() && !*used {
                *slot = Some(pair.known);
                *used = true;
            }
        }
    }
    assigned
}

/// A known alert and an episode that overlap.
struct Pair {
    known: usize,
    incoming: usize,
    /// Shared extent over joint extent, above 0, at most 1.
    overlap: f64,
}

fn ranked_pairs(known: &[Known], alerts: &[usize], incoming: &[Incoming], episodes: &[usize]) -> Vec<Pair> {
    let (timed_alerts, untimed_alerts) = split(alerts, |i| known.get(i).is_some_and(|k| k.extent.time.is_some()));
    let (timed, untimed) = split(episodes, |i| incoming.get(i).is_some_and(|n| n.extent.time.is_some()));
    let alert_spans = |of: &[usize], span: fn(&Extent) -> Span| spans(of, |i| known.get(i).map(|k| span(&k.extent)));
    let spans_in = |of: &[usize], span: fn(&Extent) -> Span| spans(of, |i| incoming.get(i).map(|n| span(&n.extent)));
    let mut pairs = overlapping(&alert_spans(&timed_alerts, time_span), &spans_in(&timed, time_span));
    pairs.extend(overlapping(&alert_spans(&untimed_alerts, row_span), &spans_in(&timed, row_span)));
    pairs.extend(overlapping(&alert_spans(alerts, row_span), &spans_in(&untimed, row_span)));
    pairs.sort_by(|a, b| {
        let of = |p: &Pair| known.get(p.known).map(|k| (Reverse(k.touched), k.extent.time, k.extent.rows, k.id));
        let is_equal = |p: &Pair| p.overlap >= 1.0;
        let (of_a, of_b) = (of(a), of(b));
        let touched = |rank: &Option<(Reverse<bool>, _, _, _)>| rank.map(|r| r.0);
        (is_equal(b).cmp(&is_equal(a)))
            .then_with(|| touched(&of_a).cmp(&touched(&of_b)))
            .then_with(|| b.overlap.total_cmp(&a.overlap))
            .then_with(|| of_a.cmp(&of_b))
            .then_with(|| a.incoming.cmp(&b.incoming))
    });
    pairs
}

fn split(of: &[usize], is_left: impl Fn(usize) -> bool) -> (Vec<usize>, Vec<usize>) {
    of.iter().copied().partition(|&i| is_left(i))
}

/// A closed interval.
type Span = (i64, i64);

fn time_span(extent: &Extent) -> Span {
    extent.time.unwrap_or_default()
}

fn row_span(extent: &Extent) -> Span {
    let (a, b) = extent.rows;
    (i64::from(a.min(b)), i64::from(a.max(b)))
}

/// Spans with their index, sorted by start.
fn spans(of: &[usize], span: impl Fn(usize) -> Option<Span>) -> Vec<(Span, usize)> {
    let mut spans: Vec<(Span, usize)> = of.iter().filter_map(|&i| Some((span(i)?, i))).collect();
    spans.sort_unstable();
    spans
}

/// All overlapping pairs of two lists sorted by start. Quick where few of the `known` overlap each other.
fn overlapping(known: &[(Span, usize)], incoming: &[(Span, usize)]) -> Vec<Pair> {
    // The largest end up to each alert says when to stop looking back.
    let mut reach = Vec::with_capacity(known.len());
    for &((_, end), _) in known {
        reach.push(reach.last().map_or(end, |&before: &i64| before.max(end)));
    }
    let mut pairs = Vec::new();
    for &(new, incoming) in incoming {
        let n_started = known.partition_point(|&((start, _), _)| start <= new.1);
        for (&(old, known), &reach) in known.iter().zip(&reach).take(n_started).rev() {
            if reach < new.0 {
                break;
            }
            if old.1 >= new.0 {
                pairs.push(Pair { known, incoming, overlap: overlap(old, new) });
            }
        }
    }
    pairs
}

fn overlap(a: Span, b: Span) -> f64 {
    let length = |from: i64, to: i64| i128::from(to) - i128::from(from) + 1;
    let shared = length(a.0.max(b.0), a.1.min(b.1));
    let joint = length(a.0.min(b.0), a.1.max(b.1));
    if shared == joint { 1.0 } else { shared as f64 / joint as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(id: i64, from: i64, to: i64, touched: bool) -> Known {
        Known { id, entity: None, extent: Extent { rows: (0, 0), time: Some((from, to)) }, touched }
    }

    fn at(from: i64, to: i64) -> Incoming<'static> {
        Incoming { entity: None, extent: Extent { rows: (0, 0), time: Some((from, to)) } }
    }

    #[test]
    fn overlap_counts_and_touching_ends_overlap() {
        let known = [known(1, 0, 10, false), known(2, 20, 30, false)];
        let assigned = assign(&known, &[at(11, 19), at(30, 40), at(5, 9)]);
        assert_eq!(assigned, [None, Some(1), Some(0)]);
    }

    #[test]
    fn a_split_episode_keeps_its_alert_on_the_larger_part() {
        assert_eq!(assign(&[known(1, 0, 100, true)], &[at(0, 20), at(40, 100)]), [None, Some(0)]);
    }

    #[test]
    fn a_merged_episode_is_the_alert_with_work_else_the_larger_else_the_earlier() {
        let merged = [at(0, 100)];
        assert_eq!(assign(&[known(1, 0, 60, false), known(2, 80, 100, true)], &merged), [Some(1)]);
        assert_eq!(assign(&[known(1, 0, 10, false), known(2, 50, 100, false)], &merged), [Some(1)]);
        assert_eq!(assign(&[known(1, 90, 100, false), known(2, 0, 10, false)], &merged), [Some(1)]);
    }

    #[test]
    fn an_equal_extent_wins_over_work() {
        let known = [known(1, 0, 100, false), known(2, 80, 90, true)];
        assert_eq!(assign(&known, &[at(0, 100)]), [Some(0)]);
        // Parted again, each part finds its own alert.
        assert_eq!(assign(&known, &[at(0, 60), at(80, 90)]), [Some(0), Some(1)]);
    }

    #[test]
    fn entities_and_rows_keep_apart() {
        let row = |entity: Option<&str>, row| Known {
            id: 1,
            entity: entity.map(String::from),
            extent: Extent { rows: (row, row), time: None },
            touched: false,
        };
        let new = |entity, row| Incoming { entity, extent: Extent { rows: (row, row), time: None } };
        let known = [row(None, 3), row(Some("a"), 4), row(Some("b"), 5)];
        let assigned = assign(&known, &[new(None, 3), new(Some("b"), 4), new(Some("b"), 5), new(None, 4)]);
        assert_eq!(assigned, [Some(0), None, Some(2), None]);
        // A source that lost its time column is matched by rows.
        let mut timed = row(None, 7);
        timed.extent.time = Some((0, 0));
        assert_eq!(assign(&[timed], &[new(None, 7)]), [Some(0)]);
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        assert_eq!(assign(&[known(1, i64::MIN, i64::MAX, false)], &[at(i64::MAX, i64::MAX)]), [Some(0)]);
    }
}
