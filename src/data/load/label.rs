//! Which column holds the truth, and which of its values mean "anomalous"?

use std::collections::BTreeSet;

use polars::prelude::{Column, DataFrame, DataType, Float64Chunked, StringChunked};

use super::error::{LoadError, list};
use super::names::hints_label;
use super::time_column::named;
use crate::cx::Cx;
use crate::recipe::{ColumnChoice, DataConfig};

/// Words for anomalous rows, in lower case.
const ANOMALOUS: [&str; 23] = [
    "1",
    "true",
    "yes",
    "y",
    "t",
    "anomaly",
    "anomalous",
    "outlier",
    "attack",
    "fraud",
    "fraudulent",
    "abnormal",
    "malicious",
    "malware",
    "intrusion",
    "bad",
    "fault",
    "faulty",
    "failure",
    "fail",
    "failed",
    "positive",
    "broken",
];
/// Words for normal rows, in lower case.
const NORMAL: [&str; 16] = [
    "0",
    "false",
    "no",
    "n",
    "f",
    "normal",
    "benign",
    "ok",
    "good",
    "healthy",
    "inlier",
    "legit",
    "legitimate",
    "genuine",
    "negative",
    "none",
];

fn truth_of(word: &str) -> Option<bool> {
    let word = word.trim().trim_end_matches('.').to_lowercase();
    if ANOMALOUS.contains(&word.as_str()) {
        Some(true)
    } else if NORMAL.contains(&word.as_str()) {
        Some(false)
    } else {
        None
    }
}

/// The truth of a table.
pub(super) struct Label {
    /// Name of the column.
    pub(super) column: String,
    /// Per row, whether it is anomalous.
    pub(super) values: Vec<bool>,
}

/// Finds and reads the label. `free` says whether a column may be taken without being chosen.
pub(super) fn read(
    frame: &DataFrame,
    config: &DataConfig,
    free: impl Fn(&str) -> bool,
    cx: &Cx,
) -> Result<Option<Label>, LoadError> {
    let (column, meaning) = match &config.label {
        ColumnChoice::None => return Ok(None),
        ColumnChoice::Column(name) => {
            let column = named(frame, name, "data.label")?;
            let meaning = meaning_of(column).map_err(|problem| {
                LoadError::setting(
                    "data.label",
                    format!("column \"{name}\" {problem}"),
                    "choose a column with two values such as 0 and 1, or set data.label to none",
                )
            })?;
            (column, meaning)
        }
        ColumnChoice::Auto => {
            let candidates = frame.columns().iter().filter(|c| free(c.name()) && hints_label(c.name()));
            let found = candidates.filter_map(|c| Some((c, meaning_of(c).ok()?))).find(|(_, meaning)| meaning.is_plain);
            let Some(found) = found else { return Ok(None) };
            found
        }
    };
    let truths = meaning.read(column);
    let n_missing = truths.iter().filter(|truth| truth.is_none()).count();
    if n_missing > 0 {
        cx.warn(format!("label \"{}\": {n_missing} rows have none and count as normal", column.name()));
    }
    if let Some(note) = &meaning.note {
        cx.warn(format!("label \"{}\": {note}", column.name()));
    }
    let values = truths.into_iter().map(|truth| truth.unwrap_or(false)).collect();
    Ok(Some(Label { column: column.name().to_string(), values }))
}

/// What the values of a column say about a row.
struct Meaning {
    test: Test,
    /// Exactly two values whose meaning is beyond doubt: enough to be taken without being chosen.
    is_plain: bool,
    note: Option<String>,
}

enum Test {
    /// This number or more means anomalous.
    AtLeast(f64),
    /// These words do.
    Words(BTreeSet<String>),
}

impl Meaning {
    fn read(&self, column: &Column) -> Vec<Option<bool>> {
        match &self.test {
            Test::AtLeast(limit) => numbers(column).map(|v| v.filter(|v| !v.is_nan()).map(|v| v >= *limit)).collect(),
            Test::Words(words) => {
                let text = column.str().into_iter().flat_map(StringChunked::iter);
                text.map(|text| text.map(|text| words.contains(text))).collect()
            }
        }
    }
}

/// Numbers of a numeric or boolean column.
fn numbers(column: &Column) -> impl Iterator<Item = Option<f64>> {
    let numbers = column.cast(&DataType::Float64).ok();
    let values: Vec<Option<f64>> = numbers.iter().filter_map(|c| c.f64().ok()).flat_map(Float64Chunked::iter).collect();
    values.into_iter()
}

fn meaning_of(column: &Column) -> Result<Meaning, String> {
    match column.dtype() {
        DataType::String => meaning_of_words(column),
        dtype if dtype.is_primitive_numeric() || dtype == &DataType::Boolean => meaning_of_numbers(column),
        _ => Err("holds times".into()),
    }
}

fn meaning_of_numbers(column: &Column) -> Result<Meaning, String> {
    let mut distinct: Vec<f64> = Vec::new();
    for value in numbers(column).flatten().filter(|v| !v.is_nan()) {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
        if distinct.len() > 2 {
            return Err("has more than two different values".into());
        }
    }
    distinct.sort_by(f64::total_cmp);
    let one = |note: &str| Some(format!("{note}, so metrics say little"));
    let (limit, is_plain, note) = match distinct.as_slice() {
        [low, high] if *low == 0.0 && *high == 1.0 => (1.0, true, None),
        [_, high] => (*high, false, Some(format!("{high}, the larger of its two values, is taken as anomalous"))),
        [0.0] => (1.0, false, one("every row is normal")),
        [1.0] => (1.0, false, one("every row is anomalous")),
        [] => return Err("is empty".into()),
        [other] => return Err(format!("holds nothing but {other}")),
        _ => return Err("has more than two different values".into()),
    };
    Ok(Meaning { test: Test::AtLeast(limit), is_plain, note })
}

fn meaning_of_words(column: &Column) -> Result<Meaning, String> {
    let text = column.str().map_err(|error| error.to_string())?;
    let mut distinct = BTreeSet::new();
    for word in text.iter().flatten() {
        if !distinct.contains(word) {
            distinct.insert(word.to_string());
        }
        if distinct.len() > ANOMALOUS.len() + NORMAL.len() {
            break;
        }
    }
    let shown = || list(distinct.iter().take(5).map(String::as_str));
    let known: Vec<_> = distinct.iter().map(|word| (word.clone(), truth_of(word))).collect();
    let with = |truth: bool| known.iter().filter(move |(_, t)| *t == Some(truth)).map(|(word, _)| word.clone());
    let n_unknown = known.iter().filter(|(_, truth)| truth.is_none()).count();
    let (words, note): (BTreeSet<String>, _) = match (known.len(), n_unknown) {
        (0, _) => return Err("is empty".into()),
        (_, 0) => (with(true).collect(), None),
        // One of two words is known: the other means the opposite.
        (2, 1) if with(true).next().is_some() => (with(true).collect(), None),
        (2, 1) => {
            let other = known.iter().filter(|(_, truth)| truth.is_none()).map(|(word, _)| word.clone());
            (other.collect(), None)
        }
        _ => return Err(format!("holds words that do not say what is anomalous: {}", shown())),
    };
    let one_sided = words.is_empty() || words.len() == known.len();
    let note: Option<String> = note.or(one_sided.then(|| "all rows have the same truth, so metrics say little".into()));
    Ok(Meaning { test: Test::Words(words), is_plain: n_unknown == 0 && known.len() == 2 && !one_sided, note })
}

#[cfg(test)]
mod tests {
    use polars::df;

    use super::*;

    fn guess(frame: &DataFrame) -> Option<(String, Vec<bool>)> {
        let label = read(frame, &DataConfig::default(), |_| true, &Cx::default()).unwrap()?;
        Some((label.column, label.values))
    }

    fn chosen(frame: &DataFrame, cx: &Cx) -> Result<Vec<bool>, String> {
        let config = DataConfig { label: ColumnChoice::Column("c".into()), ..DataConfig::default() };
        let label = read(frame, &config, |_| false, cx).map_err(|e| e.to_string())?;
        Ok(label.unwrap().values)
    }

    #[test]
    fn a_label_is_guessed_from_two_plain_values_only() {
        let expected = Some(("label".to_string(), vec![false, true, false]));
        assert_eq!(guess(&df!("x" => [0, 1, 0], "label" => [0, 1, 0]).unwrap()), expected);
        assert_eq!(guess(&df!("label" => [false, true, false]).unwrap()), expected);
        assert_eq!(guess(&df!("label" => ["normal", "Anomaly", "normal"]).unwrap()), expected);
        for frame in [
            df!("label" => [0, 0, 0]),
            df!("label" => [0, 1, 2]),
            df!("label" => [1, 2, 1]),
            df!("label" => ["cat", "dog", "cat"]),
            df!("label" => ["normal", "neptune", "normal"]),
            df!("value" => [0, 1, 0]),
        ] {
            assert_eq!(guess(&frame.unwrap()), None);
        }
    }

    #[test]
    fn a_chosen_label_may_be_any_two_values() {
        let cx = Cx::default();
        assert_eq!(chosen(&df!("c" => [1.0, 2.0, f64::NAN]).unwrap(), &cx), Ok(vec![false, true, false]));
        assert!(cx.warnings()[0].contains("1 rows have none"), "{:?}", cx.warnings());
        assert!(cx.warnings()[1].contains("2, the larger"), "{:?}", cx.warnings());
        assert_eq!(chosen(&df!("c" => ["ok", "smurf."]).unwrap(), &cx), Ok(vec![false, true]));
        assert_eq!(chosen(&df!("c" => ["fraud", "fine"]).unwrap(), &cx), Ok(vec![true, false]));
        assert_eq!(chosen(&df!("c" => [0, 0]).unwrap(), &cx), Ok(vec![false, false]));
        assert!(chosen(&df!("c" => [0, 1, 2]).unwrap(), &cx).unwrap_err().contains("more than two"));
        assert!(chosen(&df!("c" => ["a", "b"]).unwrap(), &cx).unwrap_err().contains("\"a\", \"b\""));
        assert!(chosen(&df!("d" => ["a", "b"]).unwrap(), &cx).unwrap_err().contains("there is no column \"c\""));
    }
}
