//! What the values of a column say about it, as far as recognising it needs.

use std::collections::HashMap;

use crate::analysis::features::text::{IdMap, TextKind, kind, number_id};
use crate::data::SeriesOrder;

/// Most frequent values that are looked at.
const N_TOP_VALUES: usize = 20;
/// Different values are counted up to here.
const MAX_DISTINCT: usize = 100_000;
/// Texts from which the kind is told.
const KIND_SAMPLE: usize = 2000;
/// Steps below which nothing can be said of a counter.
const MIN_STEPS: usize = 8;
/// A counter rises at least this many times for each fall.
const RISES_PER_FALL: f64 = 10.0;

/// A column as [`recognise`](super::recognise) sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ColumnFacts {
    /// Name.
    pub(crate) name: String,
    /// What kind of text it holds; `None` for numbers.
    pub(crate) text: Option<TextKind>,
    /// Rows with a value.
    pub(crate) n_values: usize,
    /// Different values, up to 100,000.
    pub(crate) n_distinct: usize,
    /// Smallest number; NaN for texts and where there is no value.
    pub(crate) min: f64,
    /// Largest number; NaN for texts and where there is no value.
    pub(crate) max: f64,
    /// Whether all numbers are whole.
    pub(crate) is_whole: bool,
    /// Pairs of values that follow each other within an entity.
    pub(crate) n_steps: usize,
    /// Share of these where the value rises.
    pub(crate) share_rising: f64,
    /// Share of these where the value does not fall.
    pub(crate) share_non_decreasing: f64,
    /// The most frequent values, the first most often (ties by name), at most 20. Numbers as they are written.
    pub(crate) top_values: Vec<String>,
}

impl ColumnFacts {
    /// Facts of a column of numbers (NaN or infinite where missing), from the rows of `order`. A sample does, if it
    /// keeps rows that follow each other.
    pub(crate) fn of_numbers(name: &str, values: &[f64], order: &SeriesOrder) -> Self {
        let mut facts = Self::empty(name, None);
        let mut counts: IdMap<(f64, usize)> = IdMap::default();
        let (mut rises, mut falls) = (0_usize, 0_usize);
        for group in order.groups() {
            let mut last = None;
            for value in
                group.iter().filter_map(|&row| values.get(row as usize)).filter(|v| v.is_finite()).map(|v| v + 0.0)
            {
                facts.n_values += 1;
                facts.min = facts.min.min(value);
                facts.max = facts.max.max(value);
                facts.is_whole &= value.fract() == 0.0;
                if let Some(last) = last {
                    facts.n_steps += 1;
                    rises += usize::from(value > last);
                    falls += usize::from(value < last);
                }
                last = Some(value);
                if let Some(id) = number_id(value).filter(|id| counts.len() < MAX_DISTINCT || counts.contains_key(id)) {
                    counts.entry(id).or_insert((value, 0)).1 += 1;
                }
            }
        }
        let n_steps = facts.n_steps.max(1) as f64;
        facts.share_rising = rises as f64 / n_steps;
        facts.share_non_decreasing = 1.0 - falls as f64 / n_steps;
        facts.n_distinct = counts.len();
        facts.top_values = top(counts.into_values().map(|(value, count)| (value.to_string(), count)).collect());
        facts
    }

    /// Facts of a column of texts.
    pub(crate) fn of_texts(name: &str, values: &[Option<&str>]) -> Self {
        let mut facts = Self::empty(name, Some(kind(values.iter().copied().filter(Option::is_some).take(KIND_SAMPLE))));
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for value in values.iter().flatten() {
            facts.n_values += 1;
            if counts.len() < MAX_DISTINCT || counts.contains_key(value) {
                *counts.entry(value).or_default() += 1;
            }
        }
        facts.n_distinct = counts.len();
        facts.top_values = top(counts.into_iter().map(|(value, count)| (value.to_owned(), count)).collect());
        facts
    }

    fn empty(name: &str, text: Option<TextKind>) -> Self {
        Self {
            name: name.to_owned(),
            text,
            n_values: 0,
            n_distinct: 0,
            min: f64::NAN,
            max: f64::NAN,
            is_whole: text.is_none(),
            n_steps: 0,
            share_rising: 0.0,
            share_non_decreasing: 1.0,
            top_values: Vec::new(),
        }
    }

    /// Whether it holds numbers that are never negative and not always the same.
    pub(super) fn is_quantity(&self) -> bool {
        self.text.is_none() && self.min >= 0.0 && self.n_distinct > 1
    }

    /// Whether its values are those of a counter: never negative, and rising at least ten times for each fall (a
    /// reset). A count per interval falls about as often as it rises.
    pub(super) fn is_counter(&self) -> bool {
        let share_falling = 1.0 - self.share_non_decreasing;
        self.is_quantity()
            && self.n_steps >= MIN_STEPS
            && self.share_rising > 0.0
            && self.share_rising >= RISES_PER_FALL * share_falling
    }

    /// Whether its values name things that come again: texts, or whole numbers.
    pub(super) fn is_category(&self) -> bool {
        let is_name = match self.text {
            Some(kind) => !matches!(kind, TextKind::Constant | TextKind::Identifier | TextKind::FreeText),
            None => self.is_whole && self.min >= 0.0,
        };
        is_name && self.n_distinct > 1 && self.n_distinct < self.n_values
    }
}

fn top(mut counts: Vec<(String, usize)>) -> Vec<String> {
    let by_count = |a: &(String, usize), b: &(String, usize)| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if counts.len() > N_TOP_VALUES {
        counts.select_nth_unstable_by(N_TOP_VALUES, by_count);
        counts.truncate(N_TOP_VALUES);
    }
    counts.sort_unstable_by(by_count);
    counts.into_iter().map(|(value, _)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: &[f64], codes: &[u32]) -> ColumnFacts {
        ColumnFacts::of_numbers("x", values, &SeriesOrder::new(values.len(), &[], codes))
    }

    #[test]
    fn facts_of_numbers_by_hand() {
        let facts = numbers(&[1.0, f64::NAN, 3.0, 3.0, 2.0, f64::INFINITY], &[]);
        assert_eq!((facts.n_values, facts.n_distinct, facts.min, facts.max, facts.n_steps), (4, 3, 1.0, 3.0, 3));
        assert_eq!((facts.share_rising, facts.share_non_decreasing), (1.0 / 3.0, 1.0 - 1.0 / 3.0));
        assert_eq!(facts.top_values, ["3", "1", "2"]);
        assert!(facts.is_whole && !numbers(&[0.5], &[]).is_whole);
        assert!(numbers(&[f64::NAN], &[]).min.is_nan());
    }

    #[test]
    fn counters_rise_within_their_entity_and_fall_only_to_reset() {
        let two_hosts: Vec<f64> =
            (0..40).map(|i| if i % 2 == 0 { 1000.0 + f64::from(i) } else { f64::from(i) }).collect();
        let codes: Vec<u32> = (0..40).map(|i| i % 2).collect();
        assert!(numbers(&two_hosts, &codes).is_counter());
        assert!(!numbers(&two_hosts, &[]).is_counter());
        let resets: Vec<f64> = (0..100).map(|i| f64::from(i % 40)).collect();
        assert!(numbers(&resets, &[]).is_counter());
        let rare_events: Vec<f64> = (0..100).map(|i| f64::from(u8::from(i % 25 == 7))).collect();
        assert!(!numbers(&rare_events, &[]).is_counter());
        assert!(!numbers(&[5.0; 50], &[]).is_counter());
        assert!(!numbers(&[-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], &[]).is_counter());
        assert!(!numbers(&[1.0, 2.0, 3.0], &[]).is_counter());
    }

    #[test]
    fn facts_of_texts_by_hand() {
        let facts =
            ColumnFacts::of_texts("x", &[Some("b"), None, Some("a"), Some("b"), Some("a"), Some("c"), Some("c")]);
        assert_eq!((facts.n_values, facts.n_distinct, facts.text), (6, 3, Some(TextKind::Categorical)));
        assert_eq!(facts.top_values, ["a", "b", "c"]);
        assert!(facts.is_category() && !facts.is_quantity());
        assert!(!ColumnFacts::of_texts("x", &[Some("b"), Some("a"), Some("c")]).is_category());
        let many: Vec<String> = (0..50).map(|i| format!("{}", i % 25)).collect();
        let many: Vec<Option<&str>> = many.iter().map(|v| Some(v.as_str())).collect();
        assert_eq!(ColumnFacts::of_texts("x", &many).top_values.len(), 20);
    }
}
