//! How do the objects of a JSON file become columns?

use std::collections::{HashMap, HashSet};
use std::path::Path;

use polars::prelude::DataFrame;
use serde_json::{Map, Value};

use super::column::{self, ColumnBuilder};
use super::error::{LoadError, list};
use super::memory;
use super::take::Take;
use super::words::{Number, Words};
use crate::cx::Cx;

/// More columns than this come from data that is no table, such as an object whose names are values.
const MOST_COLUMNS: usize = 10_000;

/// Why reading ends before the file does.
enum Stop {
    /// As many rows as wanted were read.
    Enough,
    Failed(LoadError),
    /// Something about the file: what is wrong, and what to do.
    Unfit(String, &'static str),
}

/// Columns that grow by objects, or by whole arrays.
pub(super) struct Rows<'a> {
    as_text: HashSet<String>,
    words: &'a Words,
    take: Take,
    cx: &'a Cx,
    columns: Vec<ColumnBuilder>,
    index: HashMap<String, usize>,
    /// Rows of the file so far, and those of them that were kept.
    n_seen: u64,
    n_kept: usize,
    /// Name of the array the rows come from.
    table: Option<String>,
    has_table: bool,
    arrays: Arrays,
    stop: Option<Stop>,
}

/// Columns given as arrays of their own.
#[derive(Default)]
struct Arrays {
    columns: Vec<ColumnBuilder>,
    lengths: Vec<u64>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(as_text: HashSet<String>, words: &'a Words, take: Take, cx: &'a Cx) -> Self {
        Self {
            as_text,
            words,
            take,
            cx,
            columns: Vec::new(),
            index: HashMap::new(),
            n_seen: 0,
            n_kept: 0,
            table: None,
            has_table: false,
            arrays: Arrays::default(),
            stop: None,
        }
    }

    pub(super) fn cx(&self) -> &Cx {
        self.cx
    }

    /// Rows seen, kept or not.
    pub(super) fn n_seen(&self) -> u64 {
        if self.has_table || self.n_seen > 0 {
            self.n_seen
        } else {
            self.arrays.lengths.iter().copied().max().unwrap_or(0)
        }
    }

    /// Begins an array of objects. False where reading has to stop.
    pub(super) fn begin_table(&mut self, name: Option<String>) -> bool {
        if self.has_table {
            let names = [self.table.take(), name];
            let names = list(names.iter().flatten().map(String::as_str));
            self.stop =
                Some(Stop::Unfit(format!("there are several tables: {names}"), "save the one wanted by itself"));
            return false;
        }
        self.has_table = true;
        self.table = name;
        true
    }

    /// Whether the next row is kept.
    pub(super) fn wants_next(&self) -> bool {
        self.take.keeps(self.n_seen)
    }

    /// Passes over a row. False where reading has to stop.
    pub(super) fn pass(&mut self) -> bool {
        self.n_seen += 1;
        self.goes_on()
    }

    /// Adds a row, or passes over it.
    pub(super) fn see(&mut self, object: Map<String, Value>) -> bool {
        if self.wants_next() { self.add(object) } else { self.pass() }
    }

    /// Adds a row; objects in it become columns `outer.inner`. False where reading has to stop.
    pub(super) fn add(&mut self, object: Map<String, Value>) -> bool {
        self.n_seen += 1;
        self.n_kept += 1;
        for (name, value) in object {
            match value {
                Value::Object(inner) => {
                    inner.into_iter().for_each(|(inner, value)| self.push(format!("{name}.{inner}"), value));
                }
                value => self.push(name, value),
            }
        }
        let n_kept = self.n_kept;
        self.columns.iter_mut().for_each(|column| column.pad(n_kept));
        self.goes_on()
    }

    fn push(&mut self, name: String, value: Value) {
        let at = match self.index.get(&name) {
            Some(&at) => at,
            None => {
                let mut column = ColumnBuilder::new(&name, self.as_text.contains(&name));
                column.pad(self.n_kept - 1);
                self.columns.push(column);
                self.index.insert(name, self.columns.len() - 1);
                self.columns.len() - 1
            }
        };
        let Some(column) = self.columns.get_mut(at) else { return };
        if column.len() < self.n_kept {
            push(column, value, self.words);
        } else {
            self.cx.warn(format!("column \"{}\" comes twice in row {}; the first is used", column.name(), self.n_seen));
        }
    }

    /// Begins an array that is a column.
    pub(super) fn begin_column(&mut self, name: &str) -> bool {
        self.arrays.columns.push(ColumnBuilder::new(name, self.as_text.contains(name)));
        self.arrays.lengths.push(0);
        self.arrays.columns.len() <= MOST_COLUMNS
    }

    /// Adds a value to the column begun last. False where reading has to stop.
    pub(super) fn add_to_column(&mut self, value: Value) -> bool {
        let (Some(column), Some(length)) = (self.arrays.columns.last_mut(), self.arrays.lengths.last_mut()) else {
            return false;
        };
        if self.take.keeps(*length) {
            push(column, value, self.words);
        }
        *length += 1;
        if length.is_multiple_of(4096) {
            return self.check(self.arrays.columns.iter().map(ColumnBuilder::bytes).sum());
        }
        true
    }

    fn goes_on(&mut self) -> bool {
        if self.take.is_past(self.n_seen) {
            self.stop = Some(Stop::Enough);
        } else if self.columns.len() > MOST_COLUMNS {
            self.stop = Some(Stop::Unfit(
                format!("its objects have more than {MOST_COLUMNS} different names"),
                "turn names that are values into a column of their own",
            ));
        } else if self.n_seen.is_multiple_of(4096) {
            return self.check(self.columns.iter().map(ColumnBuilder::bytes).sum());
        }
        self.stop.is_none()
    }

    fn check(&mut self, held: u64) -> bool {
        let checked = self.cx.check().map_err(LoadError::from).and_then(|()| memory::check_held(held, self.cx));
        self.stop = checked.err().map(Stop::Failed).or(self.stop.take());
        self.stop.is_none()
    }

    /// Why reading stopped, if it did: `Ok` where enough was read.
    pub(super) fn take_problem(&mut self, path: &Path) -> Option<Result<(), LoadError>> {
        self.stop.take().map(|stop| match stop {
            Stop::Enough => Ok(()),
            Stop::Failed(error) => Err(error),
            Stop::Unfit(problem, advice) => Err(LoadError::file(path, problem, advice)),
        })
    }

    /// The frame, or the columns that have to be read again as text.
    pub(super) fn finish(self, path: &Path) -> Result<Result<DataFrame, Vec<String>>, LoadError> {
        let columns = if self.n_kept > 0 {
            self.columns
        } else {
            let mut lengths = self.arrays.columns.iter().zip(&self.arrays.lengths);
            if let Some((first, n)) = lengths.next()
                && let Some((other, m)) = lengths.find(|(_, m)| *m != n)
            {
                let problem = format!(
                    "its columns have different lengths: \"{}\" has {n} values, \"{}\" has {m}",
                    first.name(),
                    other.name()
                );
                return Err(LoadError::file(path, problem, "give all arrays the same length"));
            }
            self.arrays.columns
        };
        if columns.is_empty() {
            return Err(LoadError::file(
                path,
                "there are no rows",
                "a table is an array of objects, an object of arrays, or an object that holds one array of objects",
            ));
        }
        column::finish(columns, self.words, self.cx)
    }
}

fn push(column: &mut ColumnBuilder, value: Value, words: &Words) {
    match value {
        Value::Null => column.push_null(),
        Value::Bool(value) => column.push_bool(value, if value { "true" } else { "false" }),
        Value::Number(number) => match (number.as_i64().filter(|&v| v != i64::MIN), number.as_f64()) {
            (Some(whole), _) => column.push_number(Number::Int(whole)),
            (None, Some(value)) => column.push_number(Number::Float(value)),
            (None, None) => column.push_null(),
        },
        Value::String(text) => column.push_word(text.trim(), words),
        nested => column.push_text(&nested.to_string()),
    }
}
