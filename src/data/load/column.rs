//! How do the words of a column become numbers, truth values or text, decided over the whole column?

use polars::prelude::{
    BooleanChunked, Column, DataFrame, DataType, Float64Chunked, Int64Chunked, IntoColumn, NewChunkedArray,
    StringChunked, StringChunkedBuilder,
};

use super::LoadError;
use super::words::{Number, Words, is_no_value, truth};
use crate::cx::Cx;

/// Stands for "missing" among whole numbers while a column grows; never a value itself.
const NO_INT: i64 = i64::MIN;
/// Stands for "missing" among truth values while a column grows.
const NO_BOOL: u8 = 2;
enum Store {
    /// Nothing but missing values so far.
    Nothing,
    Bools(Vec<u8>),
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Text(StringChunkedBuilder),
}

/// A column that grows value by value.
pub(super) struct ColumnBuilder {
    name: String,
    store: Store,
    len: usize,
    /// Read as text whatever it looks like.
    as_text: bool,
    n_present: usize,
    /// Words among numbers: those that mean "no value", and the others.
    n_no_value: usize,
    n_odd: usize,
    example: Option<(usize, String)>,
    text_bytes: usize,
}

/// A finished column, with a warning where words among its numbers were taken as missing.
struct Finished {
    column: Column,
    warning: Option<String>,
}

/// A frame of finished columns; else the names of those that have to be read again as text.
pub(super) fn finish(
    builders: Vec<ColumnBuilder>,
    words: &Words,
    cx: &Cx,
) -> Result<Result<DataFrame, Vec<String>>, LoadError> {
    let height = builders.first().map_or(0, |builder| builder.len);
    let (mut columns, mut warnings, mut as_text) = (Vec::new(), Vec::new(), Vec::new());
    for builder in builders {
        cx.check()?;
        let name = builder.name.clone();
        match builder.finish(words) {
            Some(finished) => {
                columns.push(finished.column);
                warnings.extend(finished.warning);
            }
            None => as_text.push(name),
        }
    }
    if !as_text.is_empty() {
        return Ok(Err(as_text));
    }
    warnings.into_iter().for_each(|warning| cx.warn(warning));
    DataFrame::new(height, columns).map(Ok).map_err(|error| LoadError::data(error, "check the names of the columns"))
}

impl ColumnBuilder {
    pub(super) fn new(name: &str, as_text: bool) -> Self {
        Self {
            name: name.into(),
            store: Store::Nothing,
            len: 0,
            as_text,
            n_present: 0,
            n_no_value: 0,
            n_odd: 0,
            example: None,
            text_bytes: 0,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u64 {
        let per_value = match self.store {
            Store::Nothing => 0,
            Store::Bools(_) => 1,
            Store::Ints(_) | Store::Floats(_) => 8,
            Store::Text(_) => 16,
        };
        (self.len * per_value + self.text_bytes) as u64
    }

    /// So many words among numbers that the column is plainly text.
    pub(super) fn is_hopeless(&self) -> bool {
        self.n_odd > 100.max(self.n_present / 50)
    }

    pub(super) fn push_null(&mut self) {
        self.len += 1;
        match &mut self.store {
            Store::Nothing => {}
            Store::Bools(values) => values.push(NO_BOOL),
            Store::Ints(values) => values.push(NO_INT),
            Store::Floats(values) => values.push(f64::NAN),
            Store::Text(values) => values.append_null(),
        }
    }

    /// Adds missing values up to a length.
    pub(super) fn pad(&mut self, len: usize) {
        while self.len < len {
            self.push_null();
        }
    }

    /// Adds a word of a text file.
    pub(super) fn push_word(&mut self, word: &str, words: &Words) {
        if self.as_text || matches!(self.store, Store::Text(_)) {
            if words.is_null(word) { self.push_null() } else { self.push_text(word) }
        } else if words.is_null_before_number(word) {
            self.push_null();
        } else if let Some(number) = words.number(word) {
            // "NaN" is a number that is missing.
            if number.value().is_nan() { self.push_null() } else { self.push_number(number) }
        } else if words.is_null(word) {
            self.push_null();
        } else if let Some(value) = truth(word) {
            self.push_bool(value, word);
        } else {
            self.push_text(word);
        }
    }

    pub(super) fn push_number(&mut self, number: Number) {
        if self.as_text {
            return self.push_text(&match number {
                Number::Int(value) => value.to_string(),
                Number::Float(value) => value.to_string(),
            });
        }
        match (&mut self.store, number) {
            (Store::Floats(values), number) => values.push(number.value()),
            (Store::Ints(values), Number::Int(value)) => values.push(value),
            (Store::Ints(values), Number::Float(value)) => {
                let missing_or = |&v: &i64| if v == NO_INT { f64::NAN } else { v as f64 };
                let mut floats: Vec<f64> = Vec::with_capacity(values.capacity());
                floats.extend(values.iter().map(missing_or));
                floats.push(value);
                self.store = Store::Floats(floats);
            }
            (Store::Nothing, Number::Int(value)) => {
                let mut values = vec![NO_INT; self.len];
                values.push(value);
                self.store = Store::Ints(values);
            }
            (Store::Nothing, Number::Float(value)) => {
                let mut values = vec![f64::NAN; self.len];
                values.push(value);
                self.store = Store::Floats(values);
            }
            (Store::Bools(values), _) => {
                values.push(NO_BOOL);
                self.n_odd += 1;
            }
            (Store::Text(values), Number::Int(value)) => values.append_value(value.to_string()),
            (Store::Text(values), Number::Float(value)) => values.append_value(value.to_string()),
        }
        self.len += 1;
        self.n_present += 1;
    }

    /// Adds a truth value; `word` is how it was written.
    pub(super) fn push_bool(&mut self, value: bool, word: &str) {
        match &mut self.store {
            Store::Nothing if !self.as_text => {
                let mut values = vec![NO_BOOL; self.len];
                values.push(u8::from(value));
                self.store = Store::Bools(values);
                self.len += 1;
                self.n_present += 1;
            }
            Store::Bools(values) => {
                values.push(u8::from(value));
                self.len += 1;
                self.n_present += 1;
            }
            _ => self.push_text(word),
        }
    }

    /// Adds a word that is no number.
    pub(super) fn push_text(&mut self, word: &str) {
        if let Store::Nothing = self.store {
            let mut values = StringChunkedBuilder::new(self.name.as_str().into(), self.len + 1);
            (0..self.len).for_each(|_| values.append_null());
            self.store = Store::Text(values);
        }
        if let Store::Text(values) = &mut self.store {
            values.append_value(word);
            if word.len() > 12 {
                self.text_bytes += word.len();
            }
            self.n_present += 1;
            self.len += 1;
            return;
        }
        if is_no_value(word) {
            self.n_no_value += 1;
        } else {
            self.n_odd += 1;
            self.n_present += 1;
        }
        self.example.get_or_insert_with(|| (self.len + 1, word.to_string()));
        self.push_null();
    }

    /// The column; `None` where it has to be read again as text.
    fn finish(self, words: &Words) -> Option<Finished> {
        if self.n_odd * 100 > self.n_present || self.n_no_value > 10 * self.n_present {
            return None;
        }
        let warning = self.example.as_ref().map(|example| odd(&self.name, self.n_odd + self.n_no_value, example));
        let name = self.name.as_str().into();
        let column = match self.store {
            Store::Nothing => Column::full_null(name, self.len, &DataType::Float64),
            Store::Bools(values) => {
                let values = values.into_iter().map(|v| (v != NO_BOOL).then_some(v == 1));
                BooleanChunked::from_iter_options(name, values).into_column()
            }
            Store::Ints(values) if values.contains(&NO_INT) => {
                let values = values.into_iter().map(|v| (v != NO_INT).then_some(v));
                Int64Chunked::from_iter_options(name, values).into_column()
            }
            Store::Ints(values) => Int64Chunked::from_vec(name, values).into_column(),
            Store::Floats(values) => Float64Chunked::from_vec(name, values).into_column(),
            Store::Text(values) => {
                let text = values.finish();
                let numbers = if self.as_text { None } else { numbers_of(&text, words) };
                return Some(numbers.unwrap_or_else(|| Finished { column: text.into_column(), warning: None }));
            }
        };
        Some(Finished { column, warning })
    }
}

fn odd(name: &str, n: usize, (row, word): &(usize, String)) -> String {
    let are = if n == 1 { "value is no number and counts" } else { "values are no numbers and count" };
    format!(
        "column \"{name}\": {n} {are} as missing, such as \"{word}\" in row {row}; set data.column_types to read it as text"
    )
}

/// Text that is numbers after all (its first words were odd ones).
fn numbers_of(text: &StringChunked, words: &Words) -> Option<Finished> {
    // Nearly all columns of words are told by their first ones.
    let allowed = text.len() / 100;
    let mut column = ColumnBuilder::new(text.name(), false);
    // Begins as numbers, so that no word makes it text again.
    column.store = Store::Ints(Vec::with_capacity(text.len()));
    for word in text.iter() {
        match word.map(|word| (word, words.number(word))) {
            None => column.push_null(),
            Some((_, Some(number))) if number.value().is_nan() => column.push_null(),
            Some((_, Some(number))) => column.push_number(number),
            Some((word, None)) => column.push_text(word),
        }
        if column.n_odd > allowed {
            return None;
        }
    }
    if column.n_present == column.n_odd { None } else { column.finish(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        Words::new(&["NA", "-", "NaN"].map(String::from), false)
    }

    /// The column of some words, and the warning about it; `None` where it has to be read as text.
    fn column<'a>(given: impl IntoIterator<Item = &'a str>) -> Option<(Column, String)> {
        let mut builder = ColumnBuilder::new("x", false);
        given.into_iter().for_each(|word| builder.push_word(word, &words()));
        let finished = builder.finish(&words())?;
        Some((finished.column, finished.warning.unwrap_or_default()))
    }

    fn floats(column: &Column) -> Vec<Option<f64>> {
        column.cast(&DataType::Float64).unwrap().f64().unwrap().iter().collect()
    }

    #[test]
    fn words_become_the_narrowest_type() {
        let dtype = |words: &[&str]| column(words.iter().copied()).unwrap().0.dtype().clone();
        assert_eq!(dtype(&["1", "", "-3", "NA"]), DataType::Int64);
        assert_eq!(dtype(&["1", "2.5", "1e3", "+.5"]), DataType::Float64);
        assert_eq!(dtype(&["true", "FALSE", "", "NaN"]), DataType::Boolean);
        assert_eq!(dtype(&["a", "b"]), DataType::String);
        assert_eq!(dtype(&["", "NA"]), DataType::Float64);
        assert_eq!(dtype(&["123456789012345678901"]), DataType::Float64);
    }

    #[test]
    fn infinities_and_nan_are_numbers() {
        let (column, warning) = column(["", "1", "inf", "-Infinity", "NaN", "NA"]).unwrap();
        let values = floats(&column);
        assert!(values[0].unwrap().is_nan() && values[4].unwrap().is_nan() && values[5].unwrap().is_nan());
        assert_eq!(values[1..4], [Some(1.0), Some(f64::INFINITY), Some(f64::NEG_INFINITY)]);
        assert_eq!(warning, "");
    }

    #[test]
    fn a_few_words_among_numbers_are_missing_values() {
        let numbers: Vec<String> = (0..500).map(|i| i.to_string()).collect();
        let numbers = || numbers.iter().map(String::as_str);
        let (late, warning) = column(numbers().chain(["oops", "7"])).unwrap();
        assert_eq!((late.dtype(), late.null_count()), (&DataType::Int64, 1));
        assert!(warning.contains("1 value is no number") && warning.contains("\"oops\" in row 501"), "{warning}");
        let (early, warning) = column(["oops", "0.5"].into_iter().chain(numbers())).unwrap();
        assert_eq!((early.dtype(), early.len()), (&DataType::Float64, 502));
        assert!(warning.contains("\"oops\" in row 1"), "{warning}");
        let (unknown, warning) = column(numbers().chain(std::iter::repeat_n("unknown", 200))).unwrap();
        assert_eq!(unknown.null_count(), 200);
        assert!(warning.contains("200 values"), "{warning}");
        assert!(column(numbers().chain(std::iter::repeat_n("oops", 6))).is_none());
        assert!(column(["1", "2", "b"]).is_none());
        assert_eq!(column(["b", "1", "2"]).unwrap().0.dtype(), &DataType::String);
    }

    #[test]
    fn null_words_may_look_like_numbers() {
        let words = Words::new(&["-999".into()], true);
        let mut builder = ColumnBuilder::new("x", false);
        ["-999", "3", "-998"].iter().for_each(|word| builder.push_word(word, &words));
        assert_eq!(floats(&builder.finish(&words).unwrap().column), [None, Some(3.0), Some(-998.0)]);
    }

    #[test]
    fn text_stays_as_written_where_wanted() {
        let mut builder = ColumnBuilder::new("x", true);
        ["007", "NA", "1.50"].iter().for_each(|word| builder.push_word(word, &words()));
        let column = builder.finish(&words()).unwrap().column;
        assert_eq!(column.str().unwrap().iter().collect::<Vec<_>>(), [Some("007"), None, Some("1.50")]);
    }
}
