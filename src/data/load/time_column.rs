//! Which column holds the time, and what are the times in it?

use polars::prelude::{Column, DataFrame, DataType, StringChunked};

use super::error::{LoadError, list};
use super::names::{hints_epoch, hints_time};
use super::time::{self, Unit, Written};
use super::types::texts_of;
use crate::cx::Cx;
use crate::recipe::{ColumnChoice, DataConfig};

/// Values looked at to find out how times are written.
const SAMPLE: usize = 500;
/// A time that is missing or cannot be read.
const MISSING: i64 = i64::MIN;

/// The times of a table.
pub(super) struct Times {
    /// Name of the column.
    pub(super) column: String,
    /// Per row, microseconds since 1970-01-01 UTC; missing ones filled.
    pub(super) values: Vec<i64>,
    /// Rows whose time was missing or unreadable.
    pub(super) missing: Vec<u32>,
    /// How they are written, for people.
    pub(super) written: String,
}

/// How the values of a column become times.
enum Reading {
    Typed,
    Text(Written),
    Number(Unit),
}

/// Finds and reads the times. `free` says whether a column may be taken as time without being chosen.
pub(super) fn read(
    frame: &DataFrame,
    config: &DataConfig,
    free: impl Fn(&str) -> bool,
    cx: &Cx,
) -> Result<Option<Times>, LoadError> {
    let (column, reading) = match &config.time {
        ColumnChoice::None => return Ok(None),
        ColumnChoice::Column(name) => {
            let column = named(frame, name, "data.time")?;
            let reading = reading_of(column, config, true).ok_or_else(|| unreadable(column, config))?;
            (column, reading)
        }
        ColumnChoice::Auto => match guess(frame, config, free) {
            Some(found) => found,
            None => return Ok(None),
        },
    };
    let reading = settle_order(column, reading, cx);
    let written = match &reading {
        Reading::Typed => "stored as times".into(),
        Reading::Text(written) => written.describe(),
        Reading::Number(unit) => Written::Epoch(*unit).describe(),
    };
    let mut values = values(column, &reading, config.utc_offset_minutes, cx)?;
    let missing = fill(&mut values);
    if missing.len() * 2 > values.len() {
        return Err(unreadable(column, config));
    }
    if !missing.is_empty() {
        let n = missing.len();
        cx.warn(format!(
            "column \"{}\": {n} of {} times are missing or unreadable{}; these rows take the time of the row before",
            column.name(),
            values.len(),
            example(column, &missing)
        ));
    }
    Ok(Some(Times { column: column.name().to_string(), values, missing, written }))
}

/// A column by the name a setting gives.
pub(super) fn named<'a>(frame: &'a DataFrame, name: &str, setting: &str) -> Result<&'a Column, LoadError> {
    frame.column(name).map_err(|_| {
        let names = frame.get_column_names();
        LoadError::setting(
            setting,
            format!("there is no column \"{name}\""),
            format!("the columns are {}", list(names.iter().map(|name| name.as_str()))),
        )
    })
}

fn example(column: &Column, rows: &[u32]) -> String {
    let text = rows.iter().find_map(|&row| column.str().ok()?.get(row as usize));
    text.map_or_else(String::new, |text| format!(" (such as \"{text}\")"))
}

fn guess<'a>(frame: &'a DataFrame, config: &DataConfig, free: impl Fn(&str) -> bool) -> Option<(&'a Column, Reading)> {
    let candidates = frame.columns().iter().filter(|column| free(column.name())).filter_map(|column| {
        let hinted = hints_time(column.name());
        let reading = reading_of(column, config, hints_epoch(column.name()))?;
        // A name that says so comes first, then the type.
        let rank = match (&reading, hinted) {
            (_, true) => 0,
            (Reading::Typed, false) => 1,
            (Reading::Text(Written::Epoch(_)) | Reading::Number(_), false) => return None,
            (Reading::Text(_), false) => 2,
        };
        Some((rank, column, reading))
    });
    candidates.min_by_key(|&(rank, ..)| rank).map(|(_, column, reading)| (column, reading))
}

/// How a column could be read as times; `None` if it cannot.
fn reading_of(column: &Column, config: &DataConfig, epoch_allowed: bool) -> Option<Reading> {
    let wanted = Written::wanted(&config.time_format);
    match column.dtype() {
        DataType::Datetime(..) => Some(Reading::Typed),
        DataType::String => {
            let text = column.str().ok()?;
            let sample = sample(text);
            if let Some(written) = wanted {
                let readable = sample.iter().filter(|t| written.parse(t, 0).is_some()).count();
                return (readable * 2 >= sample.len() && readable > 0).then_some(Reading::Text(written));
            }
            if let Some(found) = time::find(&sample) {
                return Some(Reading::Text(found.written));
            }
            let unit = epoch_unit(sample.iter().map(|text| text.parse().unwrap_or(f64::NAN)))?;
            epoch_allowed.then_some(Reading::Text(Written::Epoch(unit)))
        }
        dtype if dtype.is_primitive_numeric() => match wanted {
            Some(Written::Epoch(unit)) => epoch_allowed.then_some(Reading::Number(unit)),
            // Digits that a pattern such as %Y%m%d reads.
            Some(Written::Pattern(pattern)) if epoch_allowed => Some(Reading::Text(Written::Pattern(pattern))),
            Some(_) => None,
            None => {
                let numbers = column.cast(&DataType::Float64).ok()?;
                let numbers = numbers.f64().ok()?;
                let step = (numbers.len() / SAMPLE).max(1);
                let sample = (0..numbers.len()).step_by(step).filter_map(|i| numbers.get(i));
                let sample: Vec<f64> = sample.collect();
                if let Some(unit) = epoch_unit(sample.iter().copied()) {
                    return epoch_allowed.then_some(Reading::Number(unit));
                }
                // Dates as whole numbers: 20250131.
                let written = Written::Pattern("%Y%m%d".into());
                let is_date =
                    |&v: &f64| (19_000_101.0..21_000_101.0).contains(&v) && written.parse(&v.to_string(), 0).is_some();
                (epoch_allowed && !sample.is_empty() && sample.iter().all(is_date)).then_some(Reading::Text(written))
            }
        },
        _ => None,
    }
}

/// Present texts of a column, evenly spread.
fn sample(text: &StringChunked) -> Vec<&str> {
    let step = (text.len() / SAMPLE).max(1);
    (0..text.len()).step_by(step).filter_map(|row| text.get(row)).collect()
}

/// The unit that makes nearly all numbers moments of our days.
fn epoch_unit(numbers: impl Iterator<Item = f64>) -> Option<Unit> {
    let (mut n, mut unit, mut agreeing) = (0, None, 0);
    for number in numbers.filter(|v| !v.is_nan()) {
        n += 1;
        let this = Unit::by_magnitude(number);
        unit = unit.or(this);
        agreeing += usize::from(this.is_some() && this == unit);
    }
    unit.filter(|_| agreeing * 100 >= n * 95)
}

/// Day or month first is decided by all values, not by a sample.
fn settle_order(column: &Column, reading: Reading, cx: &Cx) -> Reading {
    let (Reading::Text(Written::DayFirst | Written::MonthFirst), Ok(text)) = (&reading, column.str()) else {
        return reading;
    };
    let Some(found) = time::find(&text.iter().flatten().collect::<Vec<_>>()) else { return reading };
    if found.ambiguous {
        cx.warn(format!(
            "column \"{}\": times could be day first or month first; read as {}. If that is wrong, set data.time_format, \
             e.g. pattern(\"%d/%m/%Y %H:%M\")",
            column.name(),
            found.written.describe()
        ));
    }
    Reading::Text(found.written)
}

/// The times of all rows, [`MISSING`] where there is none.
fn values(column: &Column, reading: &Reading, offset: i32, cx: &Cx) -> Result<Vec<i64>, LoadError> {
    let damaged =
        |_| LoadError::data(format!("column \"{}\" cannot be read as times", column.name()), "choose another");
    match reading {
        Reading::Typed => {
            let physical = column.to_physical_repr();
            let values = physical.i64().map_err(damaged)?;
            Ok(values.iter().map(|v| v.unwrap_or(MISSING)).collect())
        }
        Reading::Number(unit) if column.dtype() == &DataType::Int64 => {
            let values = column.i64().map_err(damaged)?;
            Ok(values.iter().map(|v| v.and_then(|v| unit.micros(v)).unwrap_or(MISSING)).collect())
        }
        Reading::Number(unit) => {
            let column = column.cast(&DataType::Float64).map_err(damaged)?;
            let values = column.f64().map_err(damaged)?;
            Ok(values.iter().map(|v| v.and_then(|v| unit.micros_f64(v)).unwrap_or(MISSING)).collect())
        }
        Reading::Text(written) => {
            let column = texts_of(column);
            let text = column.str().map_err(damaged)?;
            let mut times = Vec::with_capacity(text.len());
            for (row, text) in text.iter().enumerate() {
                if row % 4096 == 0 {
                    cx.check()?;
                }
                times.push(text.and_then(|text| written.parse(text, offset)).unwrap_or(MISSING));
            }
            Ok(times)
        }
    }
}

/// Gives rows without a time that of the row before (the first rows: of the next one with a time), and returns them.
fn fill(values: &mut [i64]) -> Vec<u32> {
    let mut last = values.iter().copied().find(|&v| v != MISSING).unwrap_or(0);
    let mut missing = Vec::new();
    for (row, value) in (0..).zip(values) {
        if *value == MISSING {
            *value = last;
            missing.push(row);
        } else {
            last = *value;
        }
    }
    missing
}

fn unreadable(column: &Column, config: &DataConfig) -> LoadError {
    let texts = texts_of(column);
    let examples: Vec<String> = texts
        .str()
        .into_iter()
        .flat_map(|texts| texts.iter().flatten().take(3).map(|text| format!("\"{text}\"")).collect::<Vec<_>>())
        .collect();
    let examples = if examples.is_empty() { "no values".into() } else { examples.join(", ") };
    LoadError::setting(
        "data.time",
        format!("most values of column \"{}\" cannot be read as times ({examples})", column.name()),
        format!(
            "set data.time_format (now {:?}) to how they are written, e.g. epoch_seconds or pattern(\"%d.%m.%Y %H:%M\"), \
             or data.time to another column or none",
            config.time_format
        ),
    )
}

#[cfg(test)]
mod tests {
    use polars::df;

    use super::*;
    use crate::recipe::TimeFormat;

    fn times(frame: &DataFrame, config: &DataConfig, cx: &Cx) -> Option<Times> {
        read(frame, config, |_| true, cx).unwrap()
    }

    #[test]
    fn a_hinted_name_wins_and_plain_numbers_are_no_times() {
        let frame = df!(
            "value" => [1.44e9, 1.45e9], "response_time" => [1_441_712_340_i64, 1_441_712_341],
            "first" => ["2015-01-01", "2015-01-02"], "when" => ["2016-01-01", "2016-01-02"]
        )
        .unwrap();
        assert_eq!(times(&frame, &DataConfig::default(), &Cx::default()).unwrap().column, "when");
        let frame = df!("time" => [0.0, 1.0, 2.0], "value" => [1, 2, 3]).unwrap();
        assert!(times(&frame, &DataConfig::default(), &Cx::default()).is_none());
        let frame = df!("ts" => [1_441_712_340_123_i64, 1_441_712_341_000]).unwrap();
        let found = times(&frame, &DataConfig::default(), &Cx::default()).unwrap();
        assert_eq!(found.values, [1_441_712_340_123_000, 1_441_712_341_000_000]);
        assert_eq!(found.written, "milliseconds since 1970");
        let frame = df!("date" => [20_250_131_i64, 20_250_201], "amount" => [20_250_131_i64, 20_250_201]).unwrap();
        let found = times(&frame, &DataConfig::default(), &Cx::default()).unwrap();
        assert_eq!((found.column.as_str(), found.values[1] - found.values[0]), ("date", 86_400_000_000));
    }

    #[test]
    fn missing_times_are_filled_and_told() {
        let frame =
            df!("t" => [None, Some("2015-01-01"), Some("soon"), Some("2015-01-02"), Some("2015-01-03"), None]).unwrap();
        let config = DataConfig {
            time: ColumnChoice::Column("t".into()),
            time_format: TimeFormat::Iso8601,
            ..DataConfig::default()
        };
        let cx = Cx::default();
        let found = times(&frame, &config, &cx).unwrap();
        let day = 86_400_000_000;
        let first = 16_436 * day;
        assert_eq!(found.values, [first, first, first, first + day, first + 2 * day, first + 2 * day]);
        assert_eq!(found.missing, [0, 2, 5]);
        assert!(cx.warnings()[0].contains("3 of 6 times"), "{:?}", cx.warnings());
        assert!(cx.warnings()[0].contains("\"soon\""), "{:?}", cx.warnings());
    }

    #[test]
    fn an_unreadable_choice_is_an_error_with_examples() {
        let frame = df!("t" => ["soon", "later"], "n" => [1, 2]).unwrap();
        for (name, told) in [("t", "\"soon\", \"later\""), ("n", "\"1\", \"2\""), ("x", "the columns are \"t\", \"n\"")]
        {
            let config = DataConfig { time: ColumnChoice::Column(name.into()), ..DataConfig::default() };
            let error = read(&frame, &config, |_| true, &Cx::default()).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn ambiguous_dates_are_warned_about() {
        let frame = df!("date" => ["01/02/2015", "03/04/2015"]).unwrap();
        let cx = Cx::default();
        assert_eq!(times(&frame, &DataConfig::default(), &cx).unwrap().written, "month first");
        assert!(cx.warnings()[0].contains("day first or month first"));
    }
}
