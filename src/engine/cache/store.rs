//! Keeps values in memory within limits of size and time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::recipe::EvictionPolicy;

/// What a store may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) bytes: u64,
    /// How long a value stays after its last use.
    pub(super) ttl: Duration,
    /// Which value goes first where there is no room.
    pub(super) policy: EvictionPolicy,
}

/// Values by key.
#[derive(Debug)]
pub(super) struct Store<K, V> {
    entries: HashMap<K, Entry<V>>,
    bytes: u64,
    /// Counts puts and uses, as time that never stands still.
    tick: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: Arc<V>,
    bytes: u64,
    used_at: Instant,
    put: u64,
    used: u64,
    n_uses: u64,
}

impl<K, V> Default for Store<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), bytes: 0, tick: 0 }
    }
}

impl<K: Eq + Hash + Copy, V> Store<K, V> {
    /// The value of a key, if it is here and not too old.
    pub(super) fn get(&mut self, key: K, limits: Limits, now: Instant) -> Option<Arc<V>> {
        if self.entries.get(&key).is_some_and(|entry| entry.is_old(limits, now)) {
            self.remove(key);
            return None;
        }
        self.tick += 1;
        let entry = self.entries.get_mut(&key)?;
        (entry.used, entry.used_at, entry.n_uses) = (self.tick, now, entry.n_uses + 1);
        Some(Arc::clone(&entry.value))
    }

    /// Keeps a value, and lets go of others where there is no room. One larger than the whole room is not kept.
    pub(super) fn put(&mut self, key: K, value: &Arc<V>, bytes: u64, limits: Limits, now: Instant) {
        self.remove(key);
        if bytes > limits.bytes {
            return;
        }
        self.make_room(bytes, limits, now);
        self.tick += 1;
        self.bytes += bytes;
        let entry = Entry { value: Arc::clone(value), bytes, used_at: now, put: self.tick, used: self.tick, n_uses: 0 };
        self.entries.insert(key, entry);
    }

    /// Lets go of what is too old, and of more until so many bytes would fit.
    pub(super) fn make_room(&mut self, bytes: u64, limits: Limits, now: Instant) {
        let old = self.entries.iter().filter(|(_, entry)| entry.is_old(limits, now));
        let old: Vec<K> = old.map(|(&key, _)| key).collect();
        old.into_iter().for_each(|key| self.remove(key));
        while self.bytes.saturating_add(bytes) > limits.bytes {
            let Some(victim) = self.victim(limits.policy) else { break };
            self.remove(victim);
        }
    }

    fn victim(&self, policy: EvictionPolicy) -> Option<K> {
        let rank = |entry: &Entry<V>| match policy {
            EvictionPolicy::Lru => (entry.used, 0),
            EvictionPolicy::Fifo => (entry.put, 0),
            EvictionPolicy::Lfu => (entry.n_uses, entry.used),
        };
        self.entries.iter().min_by_key(|(_, entry)| rank(entry)).map(|(&key, _)| key)
    }

    fn remove(&mut self, key: K) {
        if let Some(entry) = self.entries.remove(&key) {
            self.bytes -= entry.bytes;
        }
    }
}

impl<V> Entry<V> {
    fn is_old(&self, limits: Limits, now: Instant) -> bool {
        now.saturating_duration_since(self.used_at) > limits.ttl
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(policy: EvictionPolicy) -> Limits {
        Limits { bytes: 30, ttl: Duration::from_secs(60), policy }
    }

    /// Puts 1, 2, 3 of ten bytes each, uses them in a way that tells the policies apart, puts 4, and lists who stayed.
    fn survivors(policy: EvictionPolicy) -> Vec<u32> {
        let (mut store, limits, now) = (Store::default(), limits(policy), Instant::now());
        for key in 1..=3 {
            store.put(key, &Arc::new(key), 10, limits, now);
        }
        for key in [2, 1, 1, 3, 3, 2] {
            store.get(key, limits, now);
        }
        store.get(3, limits, now);
        // Uses: 1 twice, 2 twice, 3 three times; last used: 1 first, then 2, then 3.
        store.get(1, limits, now);
        // Now 1 has three uses and is the latest, 2 has the fewest and is the oldest use.
        store.put(4, &Arc::new(4), 10, limits, now);
        let mut kept: Vec<u32> = store.entries.keys().copied().collect();
        kept.sort_unstable();
        kept
    }

    #[test]
    fn each_policy_lets_go_of_its_own() {
        assert_eq!(survivors(EvictionPolicy::Lru), [1, 3, 4]);
        assert_eq!(survivors(EvictionPolicy::Lfu), [1, 3, 4]);
        assert_eq!(survivors(EvictionPolicy::Fifo), [2, 3, 4]);
        // Often used long ago against used once just now.
        let now = Instant::now();
        for (policy, expected) in [(EvictionPolicy::Lru, 2), (EvictionPolicy::Lfu, 1)] {
            let (mut store, limits) = (Store::default(), Limits { bytes: 20, ..limits(policy) });
            store.put(1, &Arc::new(()), 10, limits, now);
            store.get(1, limits, now);
            store.get(1, limits, now);
            store.put(2, &Arc::new(()), 10, limits, now);
            store.get(2, limits, now);
            store.put(3, &Arc::new(()), 10, limits, now);
            assert!(store.get(expected, limits, now).is_some(), "{policy:?}");
        }
    }

    #[test]
    fn size_and_age_are_bounded() {
        let (mut store, limits, now) = (Store::default(), limits(EvictionPolicy::Lru), Instant::now());
        store.put(1, &Arc::new(()), 31, limits, now);
        assert!(store.get(1, limits, now).is_none() && store.bytes == 0);
        store.put(2, &Arc::new(()), 20, limits, now);
        // Each use counts anew.
        assert!(store.get(2, limits, now + Duration::from_secs(60)).is_some());
        assert!(store.get(2, limits, now + Duration::from_secs(120)).is_some());
        assert!(store.get(2, limits, now + Duration::from_secs(181)).is_none());
        assert_eq!(store.bytes, 0);
        for key in 3..=5 {
            store.put(key, &Arc::new(()), 10, limits, now);
        }
        store.make_room(0, Limits { bytes: 10, ..limits }, now);
        assert!(store.bytes == 10 && store.get(5, limits, now).is_some());
    }
}
