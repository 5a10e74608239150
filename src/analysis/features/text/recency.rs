//! When a value was last seen, how often, and among how many others, in the rows just before.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::id::IdMap;

/// Which rows a memory holds: at most the latest `rows`, this one included, and with `micros` only those in
/// (t - micros, t]. The limit in rows keeps memory bounded where many rows come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// Rows, at least 1 (0 counts as 1).
    pub(crate) rows: usize,
    /// Microseconds; `None` where rows have no time or windows count rows only.
    pub(crate) micros: Option<i64>,
}

impl Window {
    /// Whether the oldest of `n_held` rows, at time `old`, leaves the window when a row at `now` comes. A row that comes
    /// late (`now` before `old`) pushes nothing out by time.
    pub(crate) fn has_left(&self, old: i64, now: i64, n_held: usize) -> bool {
        n_held >= self.rows.max(1) || self.micros.is_some_and(|micros| now.saturating_sub(old) >= micros)
    }
}

/// What the rows of a window say about the value of the newest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    /// Rows since the value was last seen, 1 for the row just before; the rows of the window where it is not in it.
    /// NaN where the value is missing.
    pub(crate) rows_since: f64,
    /// Rows of the window with the value, this one included. NaN where the value is missing.
    pub(crate) count: f64,
    /// Different values in the window, this one included.
    pub(crate) n_distinct: f64,
}

/// The values of the latest rows. Causal; the state is at most `rows` values and one count per different one, about
/// 64 bytes per row of the window.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recency {
    window: Window,
    /// Rows pushed so far.
    n_pushed: u64,
    held: VecDeque<(i64, Option<u64>)>,
    /// Per value held, its count and the row it was last seen in.
    values: IdMap<(u32, u64)>,
}

impl Recency {
    /// A memory of no rows.
    pub(crate) fn new(window: Window) -> Self {
        Self { window, n_pushed: 0, held: VecDeque::new(), values: IdMap::default() }
    }

    /// Number of rows held.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// Takes in the next row: the id of its value (`None` where it is missing; the row still takes its place) and its
    /// time in microseconds (anything where the window has none).
    pub(crate) fn push(&mut self, id: Option<u64>, time: i64) -> Seen {
        while let Some(&(old, oldest)) = self.held.front()
            && self.window.has_left(old, time, self.held.len())
        {
            self.held.pop_front();
            if let Some(oldest) = oldest
                && let Some((count, _)) = self.values.get_mut(&oldest)
            {
                *count -= 1;
                if *count == 0 {
                    self.values.remove(&oldest);
                }
            }
        }
        self.n_pushed += 1;
        self.held.push_back((time, id));
        let (mut rows_since, mut count) = (f64::NAN, f64::NAN);
        if let Some(id) = id {
            let (n, last) = self.values.entry(id).or_insert((0, 0));
            rows_since = if *n == 0 { self.window.rows.max(1) as f64 } else { (self.n_pushed - *last) as f64 };
            *n += 1;
            *last = self.n_pushed;
            count = f64::from(*n);
        }
        Seen { rows_since, count, n_distinct: self.values.len() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    /// By the definition, from all rows so far.
    fn by_definition(rows: &[(i64, Option<u64>)], window: Window) -> Seen {
        let (now, id) = rows[rows.len() - 1];
        let mut start = rows.len().saturating_sub(window.rows);
        if let Some(micros) = window.micros {
            start = start.max(rows.iter().position(|&(t, _)| t > now - micros).unwrap_or(0));
        }
        let held = &rows[start..];
        let earlier = held[..held.len() - 1].iter().rev().position(|&(_, other)| other == id);
        let distinct: HashSet<u64> = held.iter().filter_map(|&(_, id)| id).collect();
        let count = held.iter().filter(|&&(_, other)| other == id).count() as f64;
        let missing = |value: f64| if id.is_none() { f64::NAN } else { value };
        Seen {
            rows_since: missing(earlier.map_or(window.rows as f64, |back| back as f64 + 1.0)),
            count: missing(count),
            n_distinct: distinct.len() as f64,
        }
    }

    fn bits(seen: Seen) -> [u64; 3] {
        [seen.rows_since, seen.count, seen.n_distinct].map(f64::to_bits)
    }

    proptest! {
        #[test]
        fn is_what_the_definition_says(
            steps in prop::collection::vec((0_i64..4, prop::option::of(0_u64..5)), 1..80),
            rows in 1_usize..12,
            micros in prop::option::of(1_i64..15),
        ) {
            let window = Window { rows, micros };
            let mut memory = Recency::new(window);
            let mut so_far = Vec::new();
            let mut now = 0;
            for (step, id) in steps {
                now += step;
                so_far.push((now, id));
                prop_assert_eq!(bits(memory.push(id, now)), bits(by_definition(&so_far, window)));
            }
            prop_assert!(memory.held.len() <= rows && memory.values.len() <= rows);
        }
    }

    #[test]
    fn a_row_that_comes_late_pushes_nothing_out() {
        let mut memory = Recency::new(Window { rows: 10, micros: Some(5) });
        memory.push(Some(1), 100);
        let seen = memory.push(Some(1), 90);
        assert_eq!((seen.rows_since, seen.count), (1.0, 2.0));
        assert_eq!(memory.push(Some(1), i64::MIN).count, 3.0);
    }
}
