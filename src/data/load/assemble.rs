//! How does a frame become a table: types, time, label, entities, roles, quality?

use std::collections::{HashMap, HashSet};

use polars::prelude::{Column as Values, DataFrame, DataType, Int64Chunked, IntoColumn, NewChunkedArray, TimeUnit};

use super::error::{LoadError, list};
use super::names::hints_row_number;
use super::time_column::{self, Times, named};
use super::{entity, label, types};
use crate::cx::Cx;
use crate::data::quality;
use crate::data::{Column, Quality, Role, Table};
use crate::recipe::{ColumnChoice, ColumnType, DataConfig};

impl Table {
    /// A table over a frame: settles the types of its columns, finds time, label and entities (choices of `config` win),
    /// gives every column its role, and checks the quality.
    ///
    /// `format` is what is known about the source, for people; what is found out here is added to it.
    ///
    /// # Errors
    /// [`LoadError`] where the frame is empty, where `config` names a column that does not exist or cannot be what it is
    /// chosen for, and when cancelled.
    pub fn from_frame(
        name: impl Into<String>,
        source_id: impl Into<String>,
        frame: DataFrame,
        format: Vec<(String, String)>,
        config: &DataConfig,
        cx: &Cx,
    ) -> Result<Self, LoadError> {
        assemble(name.into(), source_id.into(), frame, format, config, None, cx)
    }
}

/// Most different words of a column that may restate the label.
const MOST_KINDS: usize = 100;

/// Fewest anomalous rows from which a match of words and label is no chance.
const FEWEST_ANOMALOUS: usize = 10;

/// [`Table::from_frame`]; `fallback_entity` is added as column `file` and becomes the entity where there is no other.
pub(super) fn assemble(
    name: String,
    source_id: String,
    frame: DataFrame,
    mut format: Vec<(String, String)>,
    config: &DataConfig,
    fallback_entity: Option<Values>,
    cx: &Cx,
) -> Result<Table, LoadError> {
    if frame.height() == 0 || frame.width() == 0 {
        return Err(LoadError::data("there are no rows", "open data with at least one row"));
    }
    if u32::try_from(frame.height()).is_err() {
        return Err(LoadError::data(
            "there are more than 4294967295 rows",
            "set data.sample_rows to read an even sample",
        ));
    }
    cx.progress().start("Finding roles of columns", 0);
    check_names(&frame, config)?;
    let mut frame = types::settle(frame, config, cx)?;
    let taken = Taken::new(config);
    let times = time_column::read(&frame, config, |name| taken.is_free(name), cx)?;
    let time_name = times.as_ref().map(|t| t.column.as_str());
    let label = label::read(&frame, config, |name| taken.is_free(name) && Some(name) != time_name, cx)?;
    let label_name = label.as_ref().map(|l| l.column.as_str());
    let is_free = |name: &str| taken.is_free(name) && Some(name) != time_name && Some(name) != label_name;
    let mut entities = entity::read(&frame, config, is_free, cx)?;
    if let (None, ColumnChoice::Auto, Some(files)) = (&entities, &config.entity, fallback_entity) {
        let chosen = DataConfig { entity: ColumnChoice::Column(files.name().to_string()), ..config.clone() };
        frame.with_column(files).map_err(|error| LoadError::data(error, "open the files one by one"))?;
        entities = entity::read(&frame, &chosen, |_| false, cx)?;
    }
    let roles = Roles {
        time: time_name,
        entity: entities.as_ref().map(|(name, _)| name.as_str()),
        label: label_name,
        truth: label.as_ref().map(|label| label.values.as_slice()),
        config,
    };
    let columns = roles.columns(&frame, &mut format, cx)?;
    if let Some(times) = &times {
        format.push(("time format".into(), times.written.clone()));
        put_times(&mut frame, times)?;
    }
    let missing_times = times.as_ref().map_or(0, |times| times.missing.len());
    let mut table = Table {
        name,
        source_id,
        columns,
        format,
        quality: Quality::default(),
        frame,
        time: times.map(|times| times.values),
        entities: entities.map(|(_, entities)| entities),
        label: label.map(|label| label.values),
    };
    table.quality = quality::compute(&table, missing_times, cx)?;
    Ok(table)
}

/// Names in settings must be names of columns.
fn check_names(frame: &DataFrame, config: &DataConfig) -> Result<(), LoadError> {
    config.features.iter().try_for_each(|name| named(frame, name, "data.features").map(|_| ()))?;
    config.ignore.iter().try_for_each(|name| named(frame, name, "data.ignore").map(|_| ()))
}

/// Columns that settings speak of: they are never guessed to be something else.
struct Taken<'a>(HashSet<&'a str>);

impl<'a> Taken<'a> {
    fn new(config: &'a DataConfig) -> Self {
        let chosen = [&config.time, &config.entity, &config.label].into_iter().filter_map(|choice| match choice {
            ColumnChoice::Column(name) => Some(name),
            _ => None,
        });
        Self(chosen.chain(&config.features).chain(&config.ignore).map(String::as_str).collect())
    }

    fn is_free(&self, name: &str) -> bool {
        !self.0.contains(name)
    }
}

struct Roles<'a> {
    time: Option<&'a str>,
    entity: Option<&'a str>,
    label: Option<&'a str>,
    truth: Option<&'a [bool]>,
    config: &'a DataConfig,
}

impl Roles<'_> {
    fn columns(
        &self,
        frame: &DataFrame,
        format: &mut Vec<(String, String)>,
        cx: &Cx,
    ) -> Result<Vec<Column>, LoadError> {
        let mut empty = Vec::new();
        let mut columns = Vec::with_capacity(frame.width());
        for values in frame.columns() {
            cx.check()?;
            let name = values.name().as_str();
            let kind = match self.config.column_types.get(name) {
                Some(kind) => *kind,
                None => types::kind_of(values),
            };
            let role = self.role(values, kind)?;
            match (role, kind) {
                (Role::Ignored, _) if self.config.ignore.iter().any(|ignored| ignored == name) => {}
                (Role::Ignored, ColumnType::Text) if self.restates_label(values) => {
                    format.push(("left out".into(), format!("\"{name}\": its words tell the label")));
                }
                (Role::Ignored, ColumnType::Number) if values.null_count() == values.len() => empty.push(name),
                (Role::Ignored, ColumnType::Number) if self.config.features.is_empty() => {
                    format.push(("left out".into(), format!("\"{name}\": it only counts the rows")));
                }
                _ => {}
            }
            let kind = if role == Role::Time { ColumnType::Time } else { kind };
            columns.push(Column { name: name.into(), kind, role });
        }
        if !empty.is_empty() {
            cx.warn(format!("left out, having no values: {}", list(empty)));
        }
        if !columns.iter().any(|column| column.role == Role::Feature) {
            cx.warn("there is no numeric column to look at; check delimiter, decimal mark and data.column_types");
        }
        Ok(columns)
    }

    fn role(&self, values: &Values, kind: ColumnType) -> Result<Role, LoadError> {
        let name = values.name().as_str();
        let is = |chosen: Option<&str>| chosen == Some(name);
        let is_number = matches!(kind, ColumnType::Number | ColumnType::Boolean);
        Ok(if is(self.time) {
            Role::Time
        } else if is(self.entity) {
            Role::Entity
        } else if is(self.label) {
            Role::Label
        } else if self.config.ignore.iter().any(|ignored| ignored == name) {
            Role::Ignored
        } else if self.config.features.iter().any(|feature| feature == name) {
            match kind {
                ColumnType::Number | ColumnType::Boolean => Role::Feature,
                ColumnType::Text => Role::Text,
                ColumnType::Time => {
                    return Err(LoadError::setting(
                        "data.features",
                        format!("column \"{name}\" holds times, not numbers"),
                        "leave it out, or set its type to number or text in data.column_types",
                    ));
                }
            }
        } else if self.config.features.is_empty() && kind == ColumnType::Text && !is_empty(values) {
            if self.restates_label(values) { Role::Ignored } else { Role::Text }
        } else if !self.config.features.is_empty() || !is_number || counts_rows(values) || is_empty(values) {
            Role::Ignored
        } else {
            Role::Feature
        })
    }
}

impl Roles<'_> {
    /// Whether the words of a text column tell normal rows from anomalous ones without an exception, as the kind of an
    /// attack does: features of it would only repeat the truth. Columns of very many words are not taken for that.
    fn restates_label(&self, values: &Values) -> bool {
        let (Some(truth), Ok(words)) = (self.truth, values.str()) else { return false };
        let mut meanings: HashMap<Option<&str>, bool> = HashMap::new();
        let mut n_anomalous = 0;
        for (word, &is_anomalous) in words.iter().zip(truth) {
            n_anomalous += usize::from(is_anomalous);
            if *meanings.entry(word).or_insert(is_anomalous) != is_anomalous || meanings.len() > MOST_KINDS {
                return false;
            }
        }
        n_anomalous >= FEWEST_ANOMALOUS && meanings.len() > 1
    }
}

fn is_empty(values: &Values) -> bool {
    values.null_count() == values.len()
}

/// A column called "id" or the like that rises with every row.
fn counts_rows(values: &Values) -> bool {
    if !hints_row_number(values.name()) || values.len() < 2 {
        return false;
    }
    let Ok(numbers) = values.cast(&DataType::Float64) else { return false };
    let Ok(numbers) = numbers.f64() else { return false };
    // A nameless first column is a row number only where it counts one by one.
    let only_by_one = values.name().as_str() == "column_1";
    let mut last: Option<f64> = None;
    numbers.iter().all(|number| {
        let rises = match (number, last) {
            (Some(number), Some(last)) => number > last && (!only_by_one || number == last + 1.0),
            (Some(_), None) => true,
            (None, _) => false,
        };
        last = number;
        rises
    })
}

/// Replaces the time column by its moments: smaller than text, and written again in one way.
fn put_times(frame: &mut DataFrame, times: &Times) -> Result<(), LoadError> {
    let mut missing = times.missing.iter().peekable();
    let values = (0_u32..).zip(&times.values).map(|(row, &time)| match missing.next_if_eq(&&row) {
        Some(_) => None,
        None => Some(time),
    });
    let moments = Int64Chunked::from_iter_options(times.column.as_str().into(), values).into_column();
    let damaged = |error| LoadError::data(error, "choose another time column in data.time");
    let moments = moments.cast(&DataType::Datetime(TimeUnit::Microseconds, None)).map_err(damaged)?;
    frame.with_column(moments).map_err(damaged).map(|_| ())
}

#[cfg(test)]
mod tests {
    use polars::df;

    use super::*;

    fn table(frame: DataFrame, config: &DataConfig, cx: &Cx) -> Result<Table, LoadError> {
        Table::from_frame("t", "test:t", frame, Vec::new(), config, cx)
    }

    fn roles(table: &Table) -> Vec<(&str, Role)> {
        table.columns.iter().map(|c| (c.name.as_str(), c.role)).collect()
    }

    fn servers() -> DataFrame {
        df!(
            "id" => [1, 2, 3, 4],
            "timestamp" => ["2025-01-01 00:00:00", "2025-01-01 00:05:00", "2025-01-01 00:00:00", "2025-01-01 00:05:00"],
            "host" => ["b", "b", "a", "a"],
            "cpu" => [0.5, 0.25, f64::NAN, 1.0],
            "up" => [true, true, true, false],
            "note" => ["x", "y", "z", "z"],
            "nothing" => [None::<f64>, None, None, None],
            "label" => [0, 1, 0, 0]
        )
        .unwrap()
    }

    #[test]
    fn roles_are_guessed_and_told() {
        let cx = Cx::default();
        let table = table(servers(), &DataConfig::default(), &cx).unwrap();
        assert_eq!(
            roles(&table),
            [
                ("id", Role::Ignored),
                ("timestamp", Role::Time),
                ("host", Role::Entity),
                ("cpu", Role::Feature),
                ("up", Role::Feature),
                ("note", Role::Text),
                ("nothing", Role::Ignored),
                ("label", Role::Label)
            ]
        );
        assert_eq!(table.label(), Some(&[false, true, false, false][..]));
        assert_eq!(table.entities().unwrap().name_of(3), "a");
        assert_eq!(table.text("timestamp", 1), "2025-01-01T00:05:00Z");
        assert_eq!(table.text("cpu", 3), "1");
        assert_eq!(table.time().unwrap()[1] - table.time().unwrap()[0], 300_000_000);
        assert!(table.format.iter().any(|(_, note)| note.contains("\"id\"")), "{:?}", table.format);
        assert!(
            !cx.warnings().iter().any(|w| w.contains("\"note\""))
                && cx.warnings().iter().any(|w| w.contains("\"nothing\""))
        );
    }

    #[test]
    fn words_that_tell_the_label_are_left_out() {
        let kinds: Vec<Option<&str>> =
            (0..40).map(|i| if i % 4 == 0 { Some(["dos", "probe"][i / 4 % 2]) } else { None }).collect();
        let labels: Vec<i32> = (0..40).map(|i| i32::from(i % 4 == 0)).collect();
        let colors: Vec<&str> = (0..40).map(|i| ["red", "blue", "green"][i % 3]).collect();
        let frame = df!("v" => (0..40).map(|i| f64::from(i * i % 7)).collect::<Vec<_>>(), "kind" => kinds, "color" => colors, "label" => labels).unwrap();
        let table = table(frame, &DataConfig { entity: ColumnChoice::None, ..DataConfig::default() }, &Cx::default());
        let table = table.unwrap();
        assert_eq!(roles(&table)[1..3], [("kind", Role::Ignored), ("color", Role::Text)]);
        assert!(table.format.iter().any(|(_, note)| note.contains("\"kind\": its words tell the label")));
    }

    #[test]
    fn choices_win_over_guesses() {
        let column = |name: &str| ColumnChoice::Column(name.into());
        let config = DataConfig {
            entity: column("note"),
            label: ColumnChoice::None,
            time: ColumnChoice::None,
            features: vec!["cpu".into(), "id".into()],
            ..DataConfig::default()
        };
        let table = table(servers(), &config, &Cx::default()).unwrap();
        assert_eq!(table.feature_names().collect::<Vec<_>>(), ["id", "cpu"]);
        assert_eq!(table.column_with(Role::Entity).unwrap().name, "note");
        assert!(table.time().is_none() && table.label().is_none());
        let config = DataConfig { ignore: vec!["host".into(), "cpu".into()], ..DataConfig::default() };
        let ignored = super::tests::table(servers(), &config, &Cx::default()).unwrap();
        assert!(ignored.entities().is_none());
        assert_eq!(ignored.feature_names().collect::<Vec<_>>(), ["up"]);
    }

    #[test]
    fn wrong_choices_are_errors_that_list_the_columns() {
        let error = |config: DataConfig| table(servers(), &config, &Cx::default()).map(|_| ()).unwrap_err().to_string();
        let listed = "the columns are \"id\", \"timestamp\", \"host\"";
        let unknown = || vec!["cpuu".to_string()];
        assert!(error(DataConfig { features: unknown(), ..DataConfig::default() }).contains(listed));
        assert!(error(DataConfig { ignore: unknown(), ..DataConfig::default() }).contains(listed));
        let times = error(DataConfig {
            time: ColumnChoice::None,
            features: vec!["timestamp".into()],
            column_types: [("timestamp".to_owned(), ColumnType::Time)].into(),
            ..DataConfig::default()
        });
        assert!(times.contains("column \"timestamp\" holds times, not numbers"), "{times}");
        let words = DataConfig { features: vec!["note".into()], ..DataConfig::default() };
        let of_words = table(servers(), &words, &Cx::default()).unwrap();
        assert_eq!(of_words.column_with(Role::Text).unwrap().name, "note");
        assert_eq!(of_words.feature_names().count(), 0);
        let empty = df!("a" => Vec::<f64>::new()).unwrap();
        assert!(table(empty, &DataConfig::default(), &Cx::default()).unwrap_err().to_string().contains("no rows"));
    }

    #[test]
    fn constant_and_growing_measurements_stay_features() {
        let frame = df!("value" => [1, 2, 3], "id" => [3, 3, 4], "c" => [7, 7, 7], "y" => [0.5, 0.1, 0.2]).unwrap();
        let table = table(frame, &DataConfig::default(), &Cx::default()).unwrap();
        assert_eq!(table.feature_names().count(), 4);
    }
}
