//! What a text column holds, told from a sample of its values.

use std::collections::HashSet;

use super::{address, url};

/// Share of the values that must be addresses (or URLs) for the column to hold them.
const LEAST_FORMATTED: f64 = 0.95;
/// Most different values per value of a column of categories: each comes twice on average.
const MOST_DISTINCT: f64 = 0.5;
/// Least mean number of words of a free text.
const LEAST_WORDS: f64 = 3.0;
/// From this share of different values on, short texts are names of rows.
const IDENTIFIER_DISTINCT: f64 = 0.95;

/// A kind of text column, and so the features it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextKind {
    /// No value, or always the same: no features.
    Constant,
    /// IP addresses.
    Address,
    /// URLs with a scheme.
    Url,
    /// Values that come again: names of hosts, users, states.
    Categorical,
    /// Several words, mostly different: messages.
    FreeText,
    /// Short and nearly all different: names of rows. No features.
    Identifier,
}

/// The kind of a column, by the first of these that holds for the values of the sample that are not missing:
///
/// | kind | holds when |
/// | --- | --- |
/// | constant | at most one different value |
/// | address | 95 % are IP addresses |
/// | URL | 95 % have a scheme and a host |
/// | categorical | at most one different value per two values |
/// | free text | 3 words on average |
/// | identifier | 95 % are different |
/// | categorical | else |
///
/// Below about 20 values the shares say little, and short texts that all differ count as identifiers.
pub(crate) fn kind<'a>(sample: impl IntoIterator<Item = Option<&'a str>>) -> TextKind {
    let values: Vec<&str> = sample.into_iter().flatten().collect();
    let distinct: HashSet<&str> = values.iter().copied().collect();
    if distinct.len() <= 1 {
        return TextKind::Constant;
    }
    let n = values.len() as f64;
    let share = |is: fn(&str) -> bool| values.iter().filter(|value| is(value)).count() as f64 / n;
    let distinct_share = distinct.len() as f64 / n;
    let mean_words = values.iter().map(|value| value.split_whitespace().count()).sum::<usize>() as f64 / n;
    if share(|text| address::parse(text).is_some()) >= LEAST_FORMATTED {
        TextKind::Address
    } else if share(is_url) >= LEAST_FORMATTED {
        TextKind::Url
    } else if distinct_share <= MOST_DISTINCT {
        TextKind::Categorical
    } else if mean_words >= LEAST_WORDS {
        TextKind::FreeText
    } else if distinct_share >= IDENTIFIER_DISTINCT {
        TextKind::Identifier
    } else {
        TextKind::Categorical
    }
}

fn is_url(text: &str) -> bool {
    let url = url::Url::parse(text);
    !url.scheme.is_empty() && !url.host.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(make: impl Fn(usize) -> String) -> TextKind {
        let values: Vec<String> = (0..100).map(make).collect();
        kind(values.iter().map(|value| Some(value.as_str())))
    }

    #[test]
    fn tells_kinds_apart() {
        assert_eq!(of(|_| "web-1".to_owned()), TextKind::Constant);
        assert_eq!(kind([None, None]), TextKind::Constant);
        assert_eq!(kind([]), TextKind::Constant);
        assert_eq!(of(|i| format!("web-{}", i % 5)), TextKind::Categorical);
        assert_eq!(of(|i| format!("Mozilla/5.0 (X11; Linux) version {}", i % 9)), TextKind::Categorical);
        assert_eq!(of(|i| format!("10.0.{}.{i}", i % 3)), TextKind::Address);
        assert_eq!(of(|i| format!("https://example.com/{i}")), TextKind::Url);
        assert_eq!(of(|i| format!("T{i:08}")), TextKind::Identifier);
        assert_eq!(of(|i| format!("user{}", i % 80)), TextKind::Categorical);
        assert_eq!(of(|i| format!("session {i} opened for user u{}", i * 7)), TextKind::FreeText);
    }

    #[test]
    fn a_few_values_that_do_not_fit_change_nothing() {
        assert_eq!(of(|i| if i < 5 { "-".to_owned() } else { format!("10.0.0.{i}") }), TextKind::Address);
        // 6 of 100 are too many; they are short and nearly all different.
        assert_eq!(of(|i| if i < 6 { "-".to_owned() } else { format!("10.0.0.{i}") }), TextKind::Identifier);
        assert_eq!(kind([Some("a"), None, Some("b"), Some("a"), Some("b")]), TextKind::Categorical);
    }
}
