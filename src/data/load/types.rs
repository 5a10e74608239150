//! How do columns of any type become the four kinds of a table?

use std::collections::HashSet;

use polars::prelude::{
    BooleanChunked, Column, DataFrame, DataType, Float64Chunked, Int64Chunked, IntoColumn, NewChunkedArray,
    StringChunked, TimeUnit,
};

use super::error::LoadError;
use super::time::{Unit, iso_text};
use super::time_column::named;
use super::words::{Number, Words, truth};
use crate::cx::Cx;
use crate::recipe::{ColumnChoice, ColumnType, DataConfig, DecimalMark};

/// Kind of a column's values.
pub(super) fn kind_of(column: &Column) -> ColumnType {
    match column.dtype() {
        DataType::Boolean => ColumnType::Boolean,
        DataType::Datetime(..) => ColumnType::Time,
        dtype if dtype.is_primitive_numeric() => ColumnType::Number,
        _ => ColumnType::Text,
    }
}

/// Columns whose words have to be kept as they are written: `007` is no 7.
pub(super) fn kept_as_text(config: &DataConfig) -> HashSet<String> {
    let chosen = [&config.time, &config.entity].into_iter().filter_map(|choice| match choice {
        ColumnChoice::Column(name) => Some(name.clone()),
        _ => None,
    });
    let typed = config.column_types.iter().filter(|(_, kind)| matches!(kind, ColumnType::Text | ColumnType::Time));
    chosen.chain(typed.map(|(name, _)| name.clone())).collect()
}

/// The frame with only numbers, truth values, times and texts in it, and with the types the recipe asks for.
pub(super) fn settle(frame: DataFrame, config: &DataConfig, cx: &Cx) -> Result<DataFrame, LoadError> {
    for name in config.column_types.keys() {
        named(&frame, name, "data.column_types")?;
    }
    let height = frame.height();
    let mut columns = Vec::with_capacity(frame.width());
    for column in frame.into_columns() {
        cx.check()?;
        let column = plain(&column);
        columns.push(match config.column_types.get(column.name().as_str()) {
            Some(ColumnType::Number) => as_numbers(&column, config, cx),
            Some(ColumnType::Boolean) => as_truths(&column, cx),
            Some(ColumnType::Text) => texts_of(&column),
            Some(ColumnType::Time) | None => column,
        });
    }
    DataFrame::new(height, columns).map_err(|error| LoadError::data(error, "check the file"))
}

/// A column as numbers, truth values, times or texts.
fn plain(column: &Column) -> Column {
    let cast = |to: &DataType| column.cast(to).unwrap_or_else(|_| texts_of(column));
    match column.dtype() {
        DataType::Boolean | DataType::String => column.clone(),
        DataType::Datetime(unit, _) => moments(column, *unit),
        DataType::Date => moments(&cast(&DataType::Datetime(TimeUnit::Microseconds, None)), TimeUnit::Microseconds),
        DataType::Duration(unit) => seconds(column, *unit),
        DataType::Null => Column::full_null(column.name().clone(), column.len(), &DataType::Float64),
        dtype if dtype.is_primitive_numeric() => column.clone(),
        _ => texts_of(column),
    }
}

/// Times in microseconds of UTC. What lies before the year 0 or after 9999 is missing: polars cannot write it.
fn moments(column: &Column, unit: TimeUnit) -> Column {
    let unit = match unit {
        TimeUnit::Milliseconds => Unit::Millis,
        TimeUnit::Microseconds => Unit::Micros,
        TimeUnit::Nanoseconds => Unit::Nanos,
    };
    let physical = column.to_physical_repr();
    let values = physical.i64().into_iter().flat_map(Int64Chunked::iter).map(|v| v.and_then(|v| unit.micros(v)));
    let values = Int64Chunked::from_iter_options(column.name().clone(), values).into_column();
    values.cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap_or(values)
}

/// Durations as seconds.
fn seconds(column: &Column, unit: TimeUnit) -> Column {
    let per_second = match unit {
        TimeUnit::Milliseconds => 1e3,
        TimeUnit::Microseconds => 1e6,
        TimeUnit::Nanoseconds => 1e9,
    };
    let physical = column.to_physical_repr();
    let values = physical.i64().map(|v| v.iter().map(|v| v.map(|v| v as f64 / per_second)).collect::<Vec<_>>());
    Float64Chunked::from_iter_options(column.name().clone(), values.unwrap_or_default().into_iter()).into_column()
}

/// A column as texts. Whole numbers are written without a point.
pub(super) fn texts_of(column: &Column) -> Column {
    let name = column.name().clone();
    if column.dtype() == &DataType::String {
        return column.clone();
    }
    if let Ok(numbers) = column.f64() {
        let texts = numbers.iter().map(|v| v.filter(|v| !v.is_nan()).map(|v| v.to_string()));
        return StringChunked::from_iter_options(name, texts).into_column();
    }
    if let DataType::Datetime(..) = column.dtype() {
        let physical = column.to_physical_repr();
        let texts = physical.i64().into_iter().flat_map(Int64Chunked::iter).map(|v| v.map(iso_text));
        return StringChunked::from_iter_options(name, texts).into_column();
    }
    column.cast(&DataType::String).unwrap_or_else(|_| {
        let texts = (0..column.len()).map(|row| column.get(row).ok().filter(|v| !v.is_null()).map(|v| v.to_string()));
        StringChunked::from_iter_options(name, texts).into_column()
    })
}

fn as_numbers(column: &Column, config: &DataConfig, cx: &Cx) -> Column {
    if column.dtype().is_primitive_numeric() {
        return column.clone();
    }
    if let Some(number) = column.cast(&DataType::Float64).ok().filter(|_| column.dtype() == &DataType::Boolean) {
        return number;
    }
    let words = Words::new(&config.csv.null_values, config.csv.decimal == DecimalMark::Comma);
    let read = |word: &str| words.number(word).map(Number::value);
    let texts = texts_of(column);
    let values: Vec<Option<f64>> =
        texts.str().into_iter().flat_map(StringChunked::iter).map(|word| word.and_then(read)).collect();
    told(column, &texts, values.iter().map(Option::is_some), "numbers", cx);
    Float64Chunked::from_iter_options(column.name().clone(), values.into_iter()).into_column()
}

fn as_truths(column: &Column, cx: &Cx) -> Column {
    if column.dtype() == &DataType::Boolean {
        return column.clone();
    }
    let read = |word: &str| match word.to_ascii_lowercase().as_str() {
        "1" | "1.0" | "t" | "y" | "on" => Some(true),
        "0" | "0.0" | "f" | "n" | "off" => Some(false),
        word => truth(word),
    };
    let texts = texts_of(column);
    let values: Vec<Option<bool>> =
        texts.str().into_iter().flat_map(StringChunked::iter).map(|word| word.and_then(read)).collect();
    told(column, &texts, values.iter().map(Option::is_some), "true or false", cx);
    BooleanChunked::from_iter_options(column.name().clone(), values.into_iter()).into_column()
}

/// Warns of texts that could not be read as the type asked for.
fn told(column: &Column, texts: &Column, read: impl Iterator<Item = bool>, what: &str, cx: &Cx) {
    let Ok(texts) = texts.str() else { return };
    let mut lost = texts.iter().zip(read).filter_map(|(text, read)| text.filter(|_| !read));
    if let Some(first) = lost.next() {
        let n = lost.count() + 1;
        cx.warn(format!(
            "column \"{}\": {n} values are not {what} and count as missing, such as \"{first}\"; see data.column_types",
            column.name()
        ));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use polars::df;

    use super::*;

    #[test]
    fn times_beyond_the_calendar_are_missing() {
        let millis = [0, 1_000, i64::MAX, i64::MIN + 1];
        let times = Int64Chunked::from_slice("t".into(), &millis).into_column();
        let times = times.cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap();
        let frame = DataFrame::new(4, vec![times]).unwrap();
        let settled = settle(frame, &DataConfig::default(), &Cx::default()).unwrap();
        let texts = texts_of(&settled.columns()[0]);
        let texts: Vec<_> = texts.str().unwrap().iter().collect();
        assert_eq!(texts, [Some("1970-01-01T00:00:00Z"), Some("1970-01-01T00:00:01Z"), None, None]);
    }

    #[test]
    fn types_can_be_overridden() {
        let frame = df!(
            "port" => [80.0, 443.0, f64::NAN], "size" => ["1.5", "big", "2"], "on" => [1, 0, 7], "flag" => [true, false, true]
        )
        .unwrap();
        let types = [
            ("port", ColumnType::Text),
            ("size", ColumnType::Number),
            ("on", ColumnType::Boolean),
            ("flag", ColumnType::Number),
        ];
        let types: BTreeMap<String, ColumnType> = types.map(|(name, kind)| (name.into(), kind)).into();
        let config = DataConfig { column_types: types.clone(), ..DataConfig::default() };
        let cx = Cx::default();
        let settled = settle(frame.clone(), &config, &cx).unwrap();
        for (name, kind) in types {
            assert_eq!(kind_of(settled.column(&name).unwrap()), kind, "{name}");
        }
        let texts: Vec<_> = settled.column("port").unwrap().str().unwrap().iter().collect();
        assert_eq!(texts, [Some("80"), Some("443"), None]);
        let sizes: Vec<_> = settled.column("size").unwrap().f64().unwrap().iter().collect();
        assert_eq!(sizes, [Some(1.5), None, Some(2.0)]);
        assert_eq!(cx.warnings().len(), 2, "{:?}", cx.warnings());
        let unknown = DataConfig { column_types: [("x".into(), ColumnType::Text)].into(), ..DataConfig::default() };
        assert!(settle(frame, &unknown, &cx).unwrap_err().to_string().contains("\"port\", \"size\""));
    }
}
