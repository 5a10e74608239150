//! How frequent a category was on the training rows, and the numbers made of it.
//!
//! No target is used. Categories beyond the cap, and those that came later, count as unseen.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::cx::{Cancelled, Cx};

/// Categories that are kept unless something else is asked for.
pub(crate) const DEFAULT_MAX_KEPT: usize = 1000;

/// Rows between two looks at the cancel flag.
const ROWS_PER_CHECK: usize = 1 << 14;

/// The categories of a column on its training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Categories {
    /// Training rows with a value.
    n_values: u64,
    /// Different values on the training rows, also those that were not kept.
    n_distinct: u64,
    /// What was kept, by name.
    kept: Vec<Category>,
    /// Per rank (most frequent first), the place in `kept`.
    ranked: Vec<u32>,
}

/// A category that was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Category {
    name: String,
    /// Training rows with it.
    count: u64,
    /// 0 for the most frequent.
    rank: u32,
}

/// Where a value stands among the categories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The row has no value.
    Missing,
    /// Not among the categories kept.
    Unseen,
    /// Kept: its rank (0 is the most frequent) and its count on the training rows.
    Kept {
        /// Rank.
        rank: u32,
        /// Rows.
        count: u64,
    },
}

impl Categories {
    /// Counts the values of the training rows and keeps the `max_kept` most frequent (ties by name). Texts are
    /// compared byte by byte: upper case and blanks matter, and an empty text is a category. No values are fine.
    ///
    /// # Errors
    /// When cancelled.
    pub(crate) fn fit<'a>(
        values: impl IntoIterator<Item = Option<&'a str>>,
        max_kept: usize,
        cx: &Cx,
    ) -> Result<Self, Cancelled> {
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for (row, value) in values.into_iter().enumerate() {
            if row % ROWS_PER_CHECK == 0 {
                cx.check()?;
            }
            if let Some(value) = value {
                *counts.entry(value).or_default() += 1;
            }
        }
        cx.check()?;
        let n_values = counts.values().sum();
        let n_distinct = counts.len() as u64;
        let mut by_frequency: Vec<(&str, u64)> = counts.into_iter().collect();
        by_frequency.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        by_frequency.truncate(max_kept.min(u32::MAX as usize));
        let mut kept: Vec<Category> = (0..)
            .zip(by_frequency)
            .map(|(rank, (name, count))| Category { name: name.to_owned(), count, rank })
            .collect();
        kept.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let mut ranked: Vec<u32> = (0..).take(kept.len()).collect();
        ranked.sort_unstable_by_key(|&place| kept.get(place as usize).map(|category| category.rank));
        Ok(Self { n_values, n_distinct, kept, ranked })
    }

    /// Names of the categories kept, most frequent first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.ranked.iter().filter_map(|&place| self.kept.get(place as usize)).map(|category| category.name.as_str())
    }

    /// Where a value stands. Takes about log₂ of the number kept comparisons.
    pub(crate) fn place(&self, value: Option<&str>) -> Place {
        let Some(value) = value else { return Place::Missing };
        let found = self.kept.binary_search_by(|category| category.name.as_str().cmp(value));
        match found.ok().and_then(|place| self.kept.get(place)) {
            Some(category) => Place::Kept { rank: category.rank, count: category.count },
            None => Place::Unseen,
        }
    }

    /// Share of the training rows with this value, 0 to 1; 0 where it is unseen, NaN where it is missing.
    pub(crate) fn frequency(&self, place: Place) -> f64 {
        match place {
            Place::Missing => f64::NAN,
            Place::Unseen => 0.0,
            Place::Kept { count, .. } => count as f64 / self.n_values.max(1) as f64,
        }
    }

    /// Surprise in nats, -ln((count + 1) / (n + k + 1)) with n training rows and k different values among them: the
    /// add-one (Laplace) estimate of the value's probability, with one more value for all that are unseen. Finite
    /// and at least 0; NaN where the value is missing.
    pub(crate) fn rarity(&self, place: Place) -> f64 {
        let count = match place {
            Place::Missing => return f64::NAN,
            Place::Unseen => 0,
            Place::Kept { count, .. } => count,
        };
        ((self.n_values + self.n_distinct + 1) as f64 / (count + 1) as f64).ln()
    }

    /// 1 where the value is unseen, 0 where it was kept, NaN where it is missing.
    pub(crate) fn is_new(place: Place) -> f64 {
        match place {
            Place::Missing => f64::NAN,
            Place::Unseen => 1.0,
            Place::Kept { .. } => 0.0,
        }
    }

    /// Rank by frequency: 0 for the most frequent, the number kept where the value is unseen, NaN where it is missing.
    pub(crate) fn ordinal(&self, place: Place) -> f64 {
        match place {
            Place::Missing => f64::NAN,
            Place::Unseen => self.kept.len() as f64,
            Place::Kept { rank, .. } => f64::from(rank),
        }
    }

    /// One-hot code of the category of a rank: 1 where the value is it, else 0, NaN where it is missing. A value
    /// outside the levels that are asked for is 0 in all of them.
    pub(crate) fn is_level(place: Place, level: u32) -> f64 {
        match place {
            Place::Missing => f64::NAN,
            Place::Unseen => 0.0,
            Place::Kept { rank, .. } => f64::from(u8::from(rank == level)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::ComputeConfig;

    fn fitted(values: &[Option<&str>], max_kept: usize) -> Categories {
        Categories::fit(values.iter().copied(), max_kept, &Cx::new(&ComputeConfig::default())).expect("not cancelled")
    }

    #[test]
    fn counts_ranks_and_smooths_by_hand() {
        let rows = [Some("b"), Some("a"), None, Some("b"), Some("c"), Some("a"), Some("b"), Some("")];
        let categories = fitted(&rows, DEFAULT_MAX_KEPT);
        // b 3, a 2, "" 1, c 1 of 7 values, 4 different.
        assert_eq!(categories.names().collect::<Vec<_>>(), ["b", "a", "", "c"]);
        let place = |value| categories.place(value);
        assert_eq!(place(Some("a")), Place::Kept { rank: 1, count: 2 });
        assert_eq!(categories.frequency(place(Some("b"))), 3.0 / 7.0);
        assert_eq!(categories.frequency(place(Some("B"))), 0.0);
        assert!((categories.rarity(place(Some("b"))) - (12.0_f64 / 4.0).ln()).abs() < 1e-15);
        assert!((categories.rarity(place(Some("zz"))) - 12.0_f64.ln()).abs() < 1e-15);
        assert_eq!(categories.ordinal(place(Some("c"))), 3.0);
        assert_eq!(categories.ordinal(place(Some("zz"))), 4.0);
        assert_eq!((Categories::is_new(place(Some("zz"))), Categories::is_new(place(Some("a")))), (1.0, 0.0));
        let one_hot = |value| [0, 1].map(|level| Categories::is_level(place(value), level));
        assert_eq!(one_hot(Some("b")), [1.0, 0.0]);
        assert_eq!(one_hot(Some("a")), [0.0, 1.0]);
        assert_eq!(one_hot(Some("c")), [0.0, 0.0]);
        assert_eq!(one_hot(Some("zz")), [0.0, 0.0]);
    }

    #[test]
    fn probabilities_of_all_values_and_the_unseen_sum_to_one() {
        let rows = [Some("x"), Some("y"), Some("x"), Some("z"), Some("x")];
        let categories = fitted(&rows, 10);
        let sum: f64 =
            ["x", "y", "z", "new"].map(|v| (-categories.rarity(categories.place(Some(v)))).exp()).iter().sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }

    #[test]
    fn the_cap_keeps_the_most_frequent_with_ties_by_name() {
        let categories = fitted(&[Some("d"), Some("c"), Some("b"), Some("b"), Some("a")], 2);
        assert_eq!(categories.names().collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(categories.place(Some("c")), Place::Unseen);
        // 5 rows and 4 values, whatever was kept.
        assert!((categories.rarity(Place::Unseen) - 10.0_f64.ln()).abs() < 1e-15);
        assert_eq!(categories.ordinal(Place::Unseen), 2.0);
    }

    #[test]
    fn missing_is_nan_and_no_rows_are_finite() {
        let categories = fitted(&[None, None], 5);
        let place = categories.place(None);
        assert!(categories.frequency(place).is_nan() && categories.rarity(place).is_nan());
        assert!(categories.ordinal(place).is_nan() && Categories::is_new(place).is_nan());
        assert!(Categories::is_level(place, 0).is_nan());
        let unseen = categories.place(Some("a"));
        assert_eq!(
            (categories.frequency(unseen), categories.rarity(unseen), categories.ordinal(unseen)),
            (0.0, 0.0, 0.0)
        );
    }

    #[test]
    fn is_the_same_after_storing() {
        let categories = fitted(&[Some("ü"), Some("a\"b"), Some("ü")], 5);
        let json = serde_json::to_string(&categories).expect("json");
        assert_eq!(serde_json::from_str::<Categories>(&json).expect("json"), categories);
    }

    #[test]
    fn stops_when_cancelled() {
        let cx = Cx::new(&ComputeConfig::default());
        cx.cancel();
        assert_eq!(Categories::fit([Some("a")], 5, &cx), Err(Cancelled));
    }
}
