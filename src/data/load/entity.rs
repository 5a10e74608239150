//! Which column says whose row it is?

use std::collections::{HashMap, HashSet};

use polars::prelude::{Column, DataFrame, DataType};

use super::LoadError;
use super::names::{hints_entity, hints_property, looks_like_id};
use super::time_column::named;
use crate::cx::Cx;
use crate::data::Entities;
use crate::recipe::{ColumnChoice, DataConfig};

/// Name of the entity of rows that have none.
const NO_ENTITY: &str = "(none)";
/// More entities than this are told about.
const MANY: usize = 100_000;

/// Finds and reads the entities, with the name of their column.
/// `free` says whether a column may be taken without being chosen.
pub(super) fn read(
    frame: &DataFrame,
    config: &DataConfig,
    free: impl Fn(&str) -> bool,
    cx: &Cx,
) -> Result<Option<(String, Entities)>, LoadError> {
    let column = match &config.entity {
        ColumnChoice::None => return Ok(None),
        ColumnChoice::Column(name) => named(frame, name, "data.entity")?,
        ColumnChoice::Auto => match guess(frame, free) {
            Some(column) => column,
            None => return Ok(None),
        },
    };
    let entities = entities_of(column);
    let (n, rows) = (entities.names.len(), frame.height());
    if n > MANY || (rows > 20 && n * 2 > rows) {
        cx.warn(format!(
            "entity \"{}\" has {n} different values in {rows} rows; rolling features and episodes need several rows per entity. \
             Choose another column in data.entity, or none",
            column.name()
        ));
    }
    Ok(Some((column.name().to_string(), entities)))
}

/// Only what is plainly an identity is guessed: a wrong entity would cut a series into pieces.
fn guess(frame: &DataFrame, free: impl Fn(&str) -> bool) -> Option<&Column> {
    let rows = frame.height();
    let candidates = frame.columns().iter().filter(|column| free(column.name())).filter_map(|column| {
        let (is_text, is_whole) = (column.dtype() == &DataType::String, column.dtype().is_integer());
        let rank = match () {
            () if (is_text || is_whole) && hints_entity(column.name()) => 0,
            () if (is_text || is_whole) && column.name().eq_ignore_ascii_case("id") => 1,
            () if is_text && !hints_property(column.name()) && mostly_ids(column) => 2,
            () => return None,
        };
        let (least, most) = match rank {
            0 => (1, rows / 2),
            1 => (2, rows / 2),
            _ => (2, rows / 4),
        };
        let n = n_distinct(column, most);
        (least..=most).contains(&n).then_some((rank, column))
    });
    candidates.min_by_key(|&(rank, _)| rank).map(|(_, column)| column)
}

fn mostly_ids(column: &Column) -> bool {
    let Ok(text) = column.str() else { return false };
    let step = (text.len() / 200).max(1);
    let sample: Vec<&str> = (0..text.len()).step_by(step).filter_map(|row| text.get(row)).collect();
    let ids = sample.iter().filter(|text| looks_like_id(text)).count();
    !sample.is_empty() && ids * 10 >= sample.len() * 9
}

/// Number of different values, counted until there are more than `most`.
fn n_distinct(column: &Column, most: usize) -> usize {
    if let Ok(text) = column.str() {
        return count(text.iter().flatten(), most);
    }
    let Ok(numbers) = column.cast(&DataType::Int64) else { return 0 };
    numbers.i64().map_or(0, |numbers| count(numbers.iter().flatten(), most))
}

fn count<T: std::hash::Hash + Eq>(values: impl Iterator<Item = T>, most: usize) -> usize {
    let mut seen = HashSet::new();
    for value in values {
        seen.insert(value);
        if seen.len() > most {
            break;
        }
    }
    seen.len()
}

/// The entities of a column, with sorted names.
fn entities_of(column: &Column) -> Entities {
    let texts = super::types::texts_of(column);
    let Ok(texts) = texts.str() else { return Entities::default() };
    let mut found: HashMap<&str, u32> = HashMap::new();
    let mut codes = Vec::with_capacity(texts.len());
    for text in texts.iter() {
        let next = found.len() as u32;
        codes.push(*found.entry(text.unwrap_or(NO_ENTITY)).or_insert(next));
    }
    let mut names: Vec<(&str, u32)> = found.into_iter().collect();
    names.sort_unstable();
    let mut new_codes = vec![0; names.len()];
    for (new, (_, old)) in (0..).zip(&names) {
        if let Some(code) = new_codes.get_mut(*old as usize) {
            *code = new;
        }
    }
    for code in &mut codes {
        *code = new_codes.get(*code as usize).copied().unwrap_or(0);
    }
    Entities { codes, names: names.into_iter().map(|(name, _)| name.to_string()).collect() }
}

#[cfg(test)]
mod tests {
    use polars::df;

    use super::*;

    fn guessed(frame: &DataFrame) -> Option<String> {
        guess(frame, |_| true).map(|column| column.name().to_string())
    }

    #[test]
    fn only_identities_are_guessed() {
        let ids: Vec<String> = (0..40).map(|i| format!("web-{:02}", i % 4)).collect();
        let unique: Vec<String> = (0..40).map(|i| format!("req-{i}")).collect();
        let status: Vec<&str> = (0..40).map(|i| if i % 3 == 0 { "failed" } else { "ok" }).collect();
        let number: Vec<i64> = (0..40).map(|i| i % 5).collect();
        let own = |name: &str| Some(name.to_string());
        assert_eq!(guessed(&df!("status" => &status, "request" => &unique, "where" => &ids).unwrap()), own("where"));
        assert_eq!(guessed(&df!("where" => &ids, "host" => &status).unwrap()), own("host"));
        assert_eq!(guessed(&df!("status" => &status, "load" => &number, "host" => &unique).unwrap()), None);
        assert_eq!(guessed(&df!("instance_type" => &ids).unwrap()), None);
        assert_eq!(guessed(&df!("user_id" => &number, "sensor_1" => &number).unwrap()), own("user_id"));
        assert_eq!(guessed(&df!("sensor_1" => &number, "value" => &number).unwrap()), None);
    }

    #[test]
    fn entities_have_sorted_names_and_a_place_for_rows_without_one() {
        let frame = df!("host" => [Some("b"), None, Some("a"), Some("b")], "n" => [10, 9, 10, 9]).unwrap();
        let choose = |name: &str| DataConfig { entity: ColumnChoice::Column(name.into()), ..DataConfig::default() };
        let (name, entities) = read(&frame, &choose("host"), |_| false, &Cx::default()).unwrap().unwrap();
        assert_eq!((name.as_str(), entities.names.join(" ").as_str()), ("host", "(none) a b"));
        assert_eq!(entities.codes, [2, 0, 1, 2]);
        let (_, numbers) = read(&frame, &choose("n"), |_| false, &Cx::default()).unwrap().unwrap();
        assert_eq!((numbers.names.join(" ").as_str(), numbers.codes.as_slice()), ("10 9", &[0, 1, 0, 1][..]));
        assert!(read(&frame, &choose("x"), |_| false, &Cx::default()).is_err());
    }

    #[test]
    fn nearly_unique_entities_are_told() {
        let unique: Vec<String> = (0..40).map(|i| format!("req-{i}")).collect();
        let cx = Cx::default();
        let config = DataConfig { entity: ColumnChoice::Column("r".into()), ..DataConfig::default() };
        read(&df!("r" => unique).unwrap(), &config, |_| false, &cx).unwrap();
        assert!(cx.warnings()[0].contains("40 different values in 40 rows"));
    }
}
