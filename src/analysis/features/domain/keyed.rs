//! One state per key, for as many keys as memory allows.

use std::mem;

use super::counter::Counter;
use super::history::History;
use super::window_sum::WindowSum;
use crate::analysis::features::text::{IdMap, Recency};

/// Bytes that the states of one generation may take, roughly. There are two.
const GENERATION_BYTES: usize = 64 << 20;
/// What a key takes besides its state.
const ENTRY_BYTES: usize = 32;

/// The state of one key.
pub(crate) trait State {
    /// Most bytes that one more row adds to it.
    const ROW_BYTES: usize;

    /// Bytes that it holds now, roughly.
    fn bytes(&self) -> usize;
}

/// States by key, in about 128 MiB at most. When there is no room, the keys that have not come for longest are
/// forgotten. Two generations do this at a constant cost: a key that comes moves to the young one; when what was put
/// into that is more than it may hold, it becomes the old one, and the rest of the old one is dropped. So a key is
/// forgotten only after 64 MiB of others: about two million keys with a small state, or one million rows of windows.
#[derive(Debug, Clone)]
pub(crate) struct Keyed<S> {
    max_bytes: usize,
    /// Put into the young generation so far, also what its windows have let go since.
    bytes: usize,
    young: IdMap<S>,
    old: IdMap<S>,
}

impl<S> Default for Keyed<S> {
    fn default() -> Self {
        Self { max_bytes: GENERATION_BYTES, bytes: 0, young: IdMap::default(), old: IdMap::default() }
    }
}

impl<S: State> Keyed<S> {
    /// The state of a key, for one more row; made where there is none.
    pub(crate) fn state(&mut self, key: u64, make: impl FnOnce() -> S) -> &mut S {
        let mut carried = None;
        if self.bytes >= self.max_bytes {
            carried = self.old.remove(&key);
            self.old = mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += S::ROW_BYTES;
        let (old, bytes) = (&mut self.old, &mut self.bytes);
        self.young.entry(key).or_insert_with(|| {
            let state = carried.or_else(|| old.remove(&key)).unwrap_or_else(make);
            *bytes += ENTRY_BYTES + state.bytes();
            state
        })
    }
}

/// Whether a key has come before.
impl State for bool {
    const ROW_BYTES: usize = 0;

    fn bytes(&self) -> usize {
        size_of::<Self>()
    }
}

impl State for Counter {
    const ROW_BYTES: usize = 0;

    fn bytes(&self) -> usize {
        size_of::<Self>()
    }
}

impl State for History {
    const ROW_BYTES: usize = size_of::<f64>();

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.len() * Self::ROW_BYTES
    }
}

impl State for WindowSum {
    const ROW_BYTES: usize = 48;

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.len() * Self::ROW_BYTES
    }
}

impl State for Recency {
    const ROW_BYTES: usize = 64;

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.len() * Self::ROW_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::features::text::Window;

    #[test]
    fn keeps_states_by_key() {
        let mut keyed = Keyed::default();
        for (key, value) in [(1, 5.0), (2, 1.0), (1, 6.0), (3, 2.0), (1, 8.0)] {
            keyed.state(key, Counter::default).push(value, 0);
        }
        assert_eq!(
            [1, 2, 3, 4].map(|key| keyed.state(key, Counter::default).push(9.0, 0).increase.to_bits()),
            [1.0_f64.to_bits(), 8.0_f64.to_bits(), 7.0_f64.to_bits(), f64::NAN.to_bits()]
        );
    }

    #[test]
    fn forgets_what_has_not_come_for_longest() {
        let room_for_ten = 10 * (ENTRY_BYTES + size_of::<bool>());
        let mut keyed = Keyed { max_bytes: room_for_ten, ..Keyed::default() };
        for key in 0..1000 {
            *keyed.state(key, || false) = true;
            // One key comes all the time and is never forgotten.
            assert_eq!(mem::replace(keyed.state(7777, || false), true), key > 0);
            assert!(keyed.young.len() <= 10 && keyed.old.len() <= 10);
        }
        assert!(*keyed.state(995, || false));
        assert!(!*keyed.state(5, || false));
    }

    #[test]
    fn windows_are_weighed_by_their_rows() {
        let window = Window { rows: 50, micros: None };
        let mut keyed = Keyed { max_bytes: 100_000, ..Keyed::default() };
        for row in 0..20_000_u64 {
            let key = row % 400;
            keyed.state(key, || Recency::new(window)).push(Some(row), 0);
            let held: usize = keyed.young.values().chain(keyed.old.values()).map(State::bytes).sum();
            // Each generation may go over by one state.
            assert!(held <= 2 * (100_000 + 3_500), "{held}");
        }
        // Few keys have room for all their rows.
        let mut keyed = Keyed { max_bytes: 100_000, ..Keyed::default() };
        for row in 0..20_000_u64 {
            let distinct = keyed.state(row % 4, || Recency::new(window)).push(Some(row), 0).n_distinct;
            assert_eq!(distinct, ((row / 4) as f64 + 1.0).min(50.0));
        }
    }
}
