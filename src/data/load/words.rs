//! What does a word of a text file mean: a number, a truth value, or that there is none?

use std::collections::HashSet;

/// Words people write where a number is missing. They never make a column text.
const NO_VALUE: [&str; 22] = [
    "missing",
    "unknown",
    "undefined",
    "none",
    "nil",
    "n.a.",
    "na",
    "n/a",
    "#n/a",
    "nan",
    "blank",
    "empty",
    "-",
    "--",
    ".",
    "?",
    "null",
    "\\n",
    "#value!",
    "#div/0!",
    "#ref!",
    "#num!",
];

/// Whether a word says that there is no value.
pub(super) fn is_no_value(word: &str) -> bool {
    NO_VALUE.iter().any(|no_value| word.eq_ignore_ascii_case(no_value))
}

/// How words are understood.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    nulls: HashSet<String>,
    /// Null words that look like numbers (-999) have to be compared before a number is read.
    numeric_nulls: bool,
    decimal_comma: bool,
}

impl Words {
    pub(super) fn new(nulls: &[String], decimal_comma: bool) -> Self {
        let looks_numeric = |word: &String| word.parse::<f64>().is_ok_and(|v| !v.is_nan());
        Self { numeric_nulls: nulls.iter().any(looks_numeric), nulls: nulls.iter().cloned().collect(), decimal_comma }
    }

    pub(super) fn is_null(&self, word: &str) -> bool {
        word.is_empty() || self.nulls.contains(word)
    }

    /// Whether a word is missing even where it spells a number.
    pub(super) fn is_null_before_number(&self, word: &str) -> bool {
        word.is_empty() || (self.numeric_nulls && self.nulls.contains(word))
    }

    /// The number a word spells. "NaN" and "inf" are numbers.
    pub(super) fn number(&self, word: &str) -> Option<Number> {
        if let Some(int) = whole(word.as_bytes()) {
            return Some(Number::Int(int));
        }
        let may_be = word.bytes().next().is_some_and(|b| b.is_ascii_digit() || b"+-.,iInN".contains(&b));
        if !may_be {
            return None;
        }
        if self.decimal_comma && word.contains(',') {
            if word.contains('.') {
                return None;
            }
            return word.replacen(',', ".", 1).parse().ok().map(Number::Float);
        }
        word.parse().ok().map(Number::Float)
    }
}

/// A number as it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    pub(super) fn value(self) -> f64 {
        match self {
            Self::Int(v) => v as f64,
            Self::Float(v) => v,
        }
    }
}

/// Reads a whole number of at most 18 digits: they always fit.
fn whole(word: &[u8]) -> Option<i64> {
    let (negative, digits) = match word {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, word),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0_i64;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Some(if negative { -value } else { value })
}

/// The truth value a word spells.
pub(super) fn truth(word: &str) -> Option<bool> {
    let is = |other: &str| word.eq_ignore_ascii_case(other);
    if is("true") || is("yes") {
        Some(true)
    } else if is("false") || is("no") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let words = Words::new(&[], false);
        for (word, number) in [
            ("7", Some(Number::Int(7))),
            ("-007", Some(Number::Int(-7))),
            ("999999999999999999", Some(Number::Int(999_999_999_999_999_999))),
            ("9223372036854775808", Some(Number::Float(9_223_372_036_854_775_808.0))),
            ("+.5e1", Some(Number::Float(5.0))),
            ("-inf", Some(Number::Float(f64::NEG_INFINITY))),
            ("Infinity", Some(Number::Float(f64::INFINITY))),
            ("1,5", None),
            ("1 5", None),
            ("-", None),
            ("0x1f", None),
            ("", None),
        ] {
            assert_eq!(words.number(word), number, "{word}");
        }
        assert!(words.number("NaN").unwrap().value().is_nan());
    }

    #[test]
    fn decimal_commas_are_read_where_they_are_used() {
        let words = Words::new(&[], true);
        assert_eq!(words.number("1,5"), Some(Number::Float(1.5)));
        assert_eq!(words.number("1.5"), Some(Number::Float(1.5)));
        assert_eq!(words.number("1.234,5"), None);
        assert_eq!(words.number("1,2,3"), None);
    }
}
