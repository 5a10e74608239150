//! A table: the columns of a file with their types and roles, and its time, entities and labels ready for use.

use polars::prelude::{AnyValue, DataFrame, DataType};

use super::Quality;
use super::load::iso_text;
use crate::recipe::ColumnType;

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Time of the row.
    Time,
    /// Whose row it is.
    Entity,
    /// The truth, for metrics only.
    Label,
    /// A number the detectors look at.
    Feature,
    /// Words, addresses or free text, described by features of their own.
    Text,
    /// Left out.
    Ignored,
}

/// A column of a [`Table`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name, unique in the table.
    pub name: String,
    /// Type of its values.
    pub kind: ColumnType,
    /// What it is for.
    pub role: Role,
}

/// Whose row each row is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entities {
    /// Per row, the index of its entity in `names`.
    pub codes: Vec<u32>,
    /// Names, sorted. Rows without one belong to the entity `(none)`.
    pub names: Vec<String>,
}

impl Entities {
    /// Name of a row's entity.
    pub fn name_of(&self, row: usize) -> &str {
        self.codes.get(row).and_then(|&code| self.names.get(code as usize)).map_or("", String::as_str)
    }
}

/// A table as it was read. Immutable; cheap to share behind an `Arc`.
#[derive(Debug, Clone)]
pub struct Table {
    /// Name for people: that of the file or sample.
    pub name: String,
    /// Identity of the source, the same each time it is opened: `file:/absolute/path`, `sample:servers`.
    pub source_id: String,
    /// The columns, in the order of the file.
    pub columns: Vec<Column>,
    /// What was found out about the format while reading, for people: ("delimiter", "comma").
    pub format: Vec<(String, String)>,
    /// Quality as it was read.
    pub quality: Quality,
    /// Its times are in microseconds of UTC.
    pub(super) frame: DataFrame,
    pub(super) time: Option<Vec<i64>>,
    pub(super) entities: Option<Entities>,
    pub(super) label: Option<Vec<bool>>,
}

impl Table {
    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.frame.height()
    }

    /// Bytes the table holds, roughly: its columns, and what is made of them.
    pub fn n_bytes(&self) -> u64 {
        let column = |column: &polars::prelude::Column| match column.str() {
            Ok(texts) => texts.iter().map(|text| 16 + text.map_or(0, str::len) as u64).sum::<u64>(),
            Err(_) => 8 * column.len() as u64,
        };
        let columns: u64 = self.frame.columns().iter().map(column).sum();
        let per_row = 8 * u64::from(self.time.is_some())
            + 4 * u64::from(self.entities.is_some())
            + u64::from(self.label.is_some());
        columns + per_row * self.n_rows() as u64
    }

    /// Time of every row, in microseconds since 1970-01-01 UTC.
    pub fn time(&self) -> Option<&[i64]> {
        self.time.as_deref()
    }

    /// Entity of every row.
    pub fn entities(&self) -> Option<&Entities> {
        self.entities.as_ref()
    }

    /// Time of a row as ISO 8601 text in UTC; empty where there is no time column.
    pub fn time_text(&self, row: usize) -> String {
        self.time().and_then(|times| times.get(row)).map_or_else(String::new, |&time| iso_text(time))
    }

    /// Truth of every row: anomalous or not.
    pub fn label(&self) -> Option<&[bool]> {
        self.label.as_deref()
    }

    /// The column with that role (the first, where several have it).
    pub fn column_with(&self, role: Role) -> Option<&Column> {
        self.columns.iter().find(|column| column.role == role)
    }

    /// Names of the feature columns.
    pub fn feature_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|c| c.role == Role::Feature).map(|c| c.name.as_str())
    }

    /// Values of a numeric or boolean column; missing ones are NaN. `None` for other or unknown columns.
    pub fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        let column = self.frame.column(name).ok()?;
        if !(column.dtype().is_primitive_numeric() || column.dtype() == &DataType::Boolean) {
            return None;
        }
        let column = column.cast(&DataType::Float64).ok()?;
        let values = column.f64().ok()?;
        Some(values.iter().map(|v| v.unwrap_or(f64::NAN)).collect())
    }

    /// Values of a text column; `None` for other or unknown columns.
    pub fn texts(&self, name: &str) -> Option<Vec<Option<&str>>> {
        Some(self.frame.column(name).ok()?.str().ok()?.iter().collect())
    }

    /// A value as text, for display; empty where it is missing. Times are ISO 8601 in UTC: `2025-01-01T00:00:00Z`.
    pub fn text(&self, name: &str, row: usize) -> String {
        let Ok(column) = self.frame.column(name) else { return String::new() };
        match column.get(row).map(AnyValue::into_static) {
            Ok(AnyValue::Null) | Err(_) => String::new(),
            Ok(AnyValue::Datetime(micros, ..) | AnyValue::DatetimeOwned(micros, ..)) => iso_text(micros),
            Ok(AnyValue::Float64(value)) if value.is_nan() => String::new(),
            Ok(AnyValue::Float64(value)) => value.to_string(),
            Ok(AnyValue::StringOwned(text)) => text.to_string(),
            Ok(value) => value.to_string(),
        }
    }
}

#[cfg(test)]
impl Table {
    /// A table of feature columns, for unit tests. `time` and `codes` (of entities) may be left out.
    pub(crate) fn of_features(columns: &[(&str, Vec<f64>)], time: Option<Vec<i64>>, codes: Option<Vec<u32>>) -> Self {
        use polars::prelude::{NamedFrom, Series};
        let height = columns.first().map_or(0, |(_, values)| values.len());
        let series = columns.iter().map(|(name, values)| Series::new((*name).into(), values).into()).collect();
        let names =
            |codes: &Vec<u32>| (0..=codes.iter().copied().max().unwrap_or(0)).map(|c| format!("e{c}")).collect();
        let column = |name: &&str| Column { name: (*name).into(), kind: ColumnType::Number, role: Role::Feature };
        Self {
            name: "test".into(),
            source_id: "test:".into(),
            columns: columns.iter().map(|(name, _)| column(name)).collect(),
            format: Vec::new(),
            quality: Quality::default(),
            frame: DataFrame::new(height, series).unwrap(),
            time,
            entities: codes.map(|codes| Entities { names: names(&codes), codes }),
            label: None,
        }
    }
}
