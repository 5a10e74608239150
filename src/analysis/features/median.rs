//! Medians over sliding windows.

use std::ops::Range;

/// Longest window kept as a sorted list; measured, beyond it ranks are faster.
const LONGEST_SORTED: u32 = 250;

/// A window that slides over values and knows their median.
pub(super) enum MedianWindow<'a> {
    /// Short windows.
    Sorted(SortedWindow<'a>),
    /// Long windows.
    Ranked(RankedWindow<'a>),
}

impl<'a> MedianWindow<'a> {
    /// A window over `values` (finite) that never holds more than `longest` of them.
    pub(super) fn new(values: &'a [f64], longest: u32) -> Self {
        if longest <= LONGEST_SORTED {
            Self::Sorted(SortedWindow::new(values))
        } else {
            Self::Ranked(RankedWindow::new(values))
        }
    }

    /// Moves the window to `span`, of which neither end may lie before that of the last one, and which is not empty.
    pub(super) fn slide(&mut self, span: &Range<u32>) -> f64 {
        let span = span.start as usize..span.end as usize;
        match self {
            Self::Sorted(window) => window.slide(span),
            Self::Ranked(window) => window.slide(span),
        }
    }
}

/// The values of the window in ascending order. Each step moves a part of them: O(length), with a tiny constant.
pub(super) struct SortedWindow<'a> {
    values: &'a [f64],
    span: Range<usize>,
    sorted: Vec<f64>,
}

impl<'a> SortedWindow<'a> {
    fn new(values: &'a [f64]) -> Self {
        Self { values, span: 0..0, sorted: Vec::new() }
    }

    fn slide(&mut self, span: Range<usize>) -> f64 {
        if span.start >= self.span.end {
            self.sorted.clear();
            self.span = span.start..span.start;
        }
        while self.span.start < span.start && self.span.end < span.end {
            self.replace(self.values[self.span.start], self.values[self.span.end]);
            self.span = self.span.start + 1..self.span.end + 1;
        }
        for &old in &self.values[self.span.start..span.start] {
            let at = self.sorted.partition_point(|&x| x < old);
            self.sorted.remove(at);
        }
        for &new in &self.values[self.span.end..span.end] {
            let at = self.sorted.partition_point(|&x| x < new);
            self.sorted.insert(at, new);
        }
        self.span = span;
        let n = self.sorted.len();
        f64::midpoint(self.sorted[(n - 1) / 2], self.sorted[n / 2])
    }

    /// Takes out `old` and puts in `new`, moving only what lies between them.
    fn replace(&mut self, old: f64, new: f64) {
        let from = self.sorted.partition_point(|&x| x < old);
        let to = self.sorted.partition_point(|&x| x < new);
        if to > from {
            self.sorted.copy_within(from + 1..to, from);
            self.sorted[to - 1] = new;
        } else {
            self.sorted.copy_within(to..from, to + 1);
            self.sorted[to] = new;
        }
    }
}

/// The window as a set of ranks. A block of at least two windows' values is ranked at a time (sorting it costs O(log)
/// per value); the median is a pointer into the set of ranks present, which moves a step or two per value.
pub(super) struct RankedWindow<'a> {
    values: &'a [f64],
    span: Range<usize>,
    /// The values that have ranks.
    block: Range<usize>,
    /// Rank of each value of the block.
    ranks: Vec<u32>,
    /// The values of the block, ascending.
    sorted: Vec<f64>,
    present: RankSet,
    /// Rank of the lower median, and how many present ranks are below it.
    median: usize,
    n_below: usize,
}

/// Fewest values ranked at a time.
const SMALLEST_BLOCK: usize = 1024;

impl<'a> RankedWindow<'a> {
    fn new(values: &'a [f64]) -> Self {
        Self {
            values,
            span: 0..0,
            block: 0..0,
            ranks: Vec::new(),
            sorted: Vec::new(),
            present: RankSet::default(),
            median: 0,
            n_below: 0,
        }
    }

    fn slide(&mut self, span: Range<usize>) -> f64 {
        if span.end > self.block.end {
            self.rank_block(&span);
        } else {
            for i in self.span.end..span.end {
                self.insert(self.ranks[i - self.block.start] as usize);
            }
            for i in self.span.start..span.start {
                self.remove(self.ranks[i - self.block.start] as usize);
            }
        }
        let n = span.len();
        self.span = span;
        self.settle((n - 1) / 2);
        let lower = self.sorted[self.median];
        if n % 2 == 1 {
            return lower;
        }
        let upper = self.present.next(self.median + 1).map_or(lower, |rank| self.sorted[rank]);
        f64::midpoint(lower, upper)
    }

    /// Ranks a block that begins with the window, and puts the window into the set.
    fn rank_block(&mut self, span: &Range<usize>) {
        let end = (span.start + (2 * span.len()).max(SMALLEST_BLOCK)).min(self.values.len());
        self.block = span.start..end;
        let block = &self.values[self.block.clone()];
        let mut pairs: Vec<(f64, u32)> = block.iter().copied().zip(0..).collect();
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        self.ranks.clear();
        self.ranks.resize(pairs.len(), 0);
        self.sorted.clear();
        for (rank, &(value, i)) in (0u32..).zip(&pairs) {
            self.ranks[i as usize] = rank;
            self.sorted.push(value);
        }
        self.present.clear(pairs.len());
        self.ranks.iter().take(span.len()).for_each(|&rank| self.present.insert(rank as usize));
        self.median = self.present.next(0).unwrap_or(0);
        self.n_below = 0;
    }

    fn insert(&mut self, rank: usize) {
        self.present.insert(rank);
        self.n_below += usize::from(rank < self.median);
    }

    fn remove(&mut self, rank: usize) {
        self.present.remove(rank);
        if rank != self.median {
            self.n_below -= usize::from(rank < self.median);
        } else if let Some(next) = self.present.next(rank) {
            self.median = next;
        } else {
            self.median = self.present.previous(rank).unwrap_or(0);
            self.n_below = self.n_below.saturating_sub(1);
        }
    }

    /// Moves the median pointer until `n_below` ranks are below it.
    fn settle(&mut self, n_below: usize) {
        while self.n_below < n_below {
            self.median = self.present.next(self.median + 1).unwrap_or(self.median);
            self.n_below += 1;
        }
        while self.n_below > n_below {
            self.median = self.median.checked_sub(1).and_then(|r| self.present.previous(r)).unwrap_or(self.median);
            self.n_below -= 1;
        }
    }
}

/// A set of ranks: a bit each, and a bit per word that is not empty.
#[derive(Default)]
struct RankSet {
    words: Vec<u64>,
    filled: Vec<u64>,
}

impl RankSet {
    /// Empties the set and makes room for ranks below `n`.
    fn clear(&mut self, n: usize) {
        self.words.clear();
        self.words.resize(n / 64 + 1, 0);
        self.filled.clear();
        self.filled.resize(self.words.len() / 64 + 1, 0);
    }

    fn insert(&mut self, rank: usize) {
        self.words[rank / 64] |= 1 << (rank % 64);
        self.filled[rank / 4096] |= 1 << (rank / 64 % 64);
    }

    fn remove(&mut self, rank: usize) {
        let word = &mut self.words[rank / 64];
        *word &= !(1 << (rank % 64));
        if *word == 0 {
            self.filled[rank / 4096] &= !(1 << (rank / 64 % 64));
        }
    }

    /// The smallest rank that is at least `rank`.
    fn next(&self, rank: usize) -> Option<usize> {
        let word = rank / 64;
        let here = self.words.get(word)? & (u64::MAX << (rank % 64));
        if here != 0 {
            return Some(word * 64 + here.trailing_zeros() as usize);
        }
        let word = next_bit(&self.filled, word + 1)?;
        Some(word * 64 + self.words[word].trailing_zeros() as usize)
    }

    /// The largest rank that is at most `rank`.
    fn previous(&self, rank: usize) -> Option<usize> {
        let word = rank / 64;
        let here = self.words.get(word)? & (u64::MAX >> (63 - rank % 64));
        if here != 0 {
            return Some(word * 64 + 63 - here.leading_zeros() as usize);
        }
        let word = previous_bit(&self.filled, word.checked_sub(1)?)?;
        Some(word * 64 + 63 - self.words[word].leading_zeros() as usize)
    }
}

/// The first set bit at or after `from`.
fn next_bit(words: &[u64], from: usize) -> Option<usize> {
    let first = words.get(from / 64)? & (u64::MAX << (from % 64));
    let rest = words.iter().skip(from / 64 + 1).copied();
    std::iter::once(first)
        .chain(rest)
        .position(|word| word != 0)
        .map(|skipped| from / 64 + skipped)
        .map(|word| word * 64 + if word == from / 64 { first } else { words[word] }.trailing_zeros() as usize)
}

/// The last set bit at or before `from`.
fn previous_bit(words: &[u64], from: usize) -> Option<usize> {
    let first = words.get(from / 64)? & (u64::MAX >> (63 - from % 64));
    let rest = words.iter().take(from / 64).rev().copied();
    std::iter::once(first)
        .chain(rest)
        .position(|word| word != 0)
        .map(|skipped| from / 64 - skipped)
        .map(|word| word * 64 + 63 - if word == from / 64 { first } else { words[word] }.leading_zeros() as usize)
}
