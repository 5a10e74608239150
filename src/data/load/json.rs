//! How do JSON and NDJSON become columns?

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use polars::prelude::DataFrame;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::error::LoadError;
use super::json_rows::Rows;
use super::take::Take;
use super::words::Words;
use super::{begin_reading, types};
use crate::cx::Cx;
use crate::recipe::DataConfig;

/// A JSON file.
pub(super) struct JsonFile {
    path: PathBuf,
    is_lines: bool,
    words: Words,
    as_text: HashSet<String>,
}

impl JsonFile {
    pub(super) fn new(path: &Path, is_lines: bool, config: &DataConfig) -> Self {
        let words = Words::new(&config.csv.null_values, false);
        Self { path: path.into(), is_lines, words, as_text: types::kept_as_text(config) }
    }

    /// What is known, for people.
    pub(super) fn facts(&self) -> Vec<(String, String)> {
        vec![("kind".into(), if self.is_lines { "JSON, one object per line" } else { "JSON" }.into())]
    }

    /// Bytes the whole table needs, roughly: names are repeated in every row of the file.
    pub(super) fn bytes_needed(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |meta| meta.len())
    }

    /// Number of rows.
    pub(super) fn count(&self, cx: &Cx) -> Result<u64, LoadError> {
        // Nothing is kept of rows that none of none wants.
        let mut rows = Rows::new(HashSet::new(), &self.words, Take::Nothing, cx);
        self.parse(&mut rows)?;
        Ok(rows.n_seen())
    }

    /// Reads the rows `take` asks for.
    pub(super) fn read(&self, take: &Take, cx: &Cx) -> Result<DataFrame, LoadError> {
        self.read_counted(*take, cx).map(|(frame, _)| frame)
    }

    /// Reads the first rows, at most so many, and says how many bytes of the file they take.
    pub(super) fn head(&self, most: u64, cx: &Cx) -> Result<(DataFrame, u64), LoadError> {
        self.read_counted(Take::First(most), cx)
    }

    fn read_counted(&self, take: Take, cx: &Cx) -> Result<(DataFrame, u64), LoadError> {
        // Columns whose words turn out to be no numbers are read again as text.
        let mut as_text = self.as_text.clone();
        loop {
            begin_reading(&self.path, cx);
            let mut rows = Rows::new(as_text.clone(), &self.words, take, cx);
            let bytes = self.parse(&mut rows)?;
            match rows.finish(&self.path)? {
                Ok(frame) => return Ok((frame, bytes)),
                Err(more) => as_text.extend(more),
            }
        }
    }

    /// Reads the file into `rows`, and returns how many bytes of it were read.
    fn parse(&self, rows: &mut Rows<'_>) -> Result<u64, LoadError> {
        let file = File::open(&self.path).map_err(|e| LoadError::io(&self.path, &e))?;
        let mut reader = BufReader::with_capacity(1 << 16, Counted { file, bytes: 0, cx: rows.cx().clone() });
        skip_mark(&mut reader).map_err(|e| LoadError::io(&self.path, &e))?;
        if self.is_lines {
            self.parse_lines(&mut reader, rows)?;
        } else {
            self.parse_value(&mut reader, rows)?;
        }
        Ok(reader.get_ref().bytes)
    }

    fn parse_lines(&self, reader: &mut impl BufRead, rows: &mut Rows<'_>) -> Result<(), LoadError> {
        let mut line = Vec::new();
        let mut line_no = 0;
        loop {
            line.clear();
            line_no += 1;
            if reader.read_until(b'\n', &mut line).map_err(|e| LoadError::io(&self.path, &e))? == 0 {
                return Ok(());
            }
            rows.cx().check()?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            if !rows.wants_next() {
                rows.pass();
                continue;
            }
            let advice = "every line must be one JSON object";
            match serde_json::from_slice(&line) {
                Ok(Value::Object(object)) => {
                    rows.add(object);
                }
                Ok(_) => return Err(LoadError::line(&self.path, line_no, "this is no object", advice)),
                Err(error) => return Err(LoadError::line(&self.path, line_no, without_place(&error), advice)),
            }
            if let Some(problem) = rows.take_problem(&self.path) {
                return problem;
            }
        }
    }

    fn parse_value(&self, reader: &mut impl BufRead, rows: &mut Rows<'_>) -> Result<(), LoadError> {
        let mut json = serde_json::Deserializer::from_reader(reader);
        let parsed = Top(rows).deserialize(&mut json).and_then(|()| json.end());
        if let Some(problem) = rows.take_problem(&self.path) {
            return problem;
        }
        parsed.map_err(|error| {
            let advice =
                "a table is an array of objects, an object of arrays, or an object that holds one array of objects";
            let problem = format!("{} (column {})", without_place(&error), error.column());
            LoadError::line(&self.path, error.line() as u64, problem, advice)
        })
    }
}

/// The message of an error without the place at its end.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_string()
}

fn skip_mark(reader: &mut impl BufRead) -> io::Result<()> {
    if reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    Ok(())
}

/// A file that reports its progress.
struct Counted {
    file: File,
    bytes: u64,
    cx: Cx,
}

impl Read for Counted {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(to)?;
        self.bytes += n as u64;
        self.cx.progress().add(n as u64);
        Ok(n)
    }
}

/// The value a file holds.
struct Top<'a, 'b>(&'a mut Rows<'b>);

impl<'de> DeserializeSeed<'de> for Top<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects or an object of arrays")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        Member { rows: self.0, name: None }.visit_seq(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            members.next_value_seed(Member { rows: self.0, name: Some(name) })?;
        }
        Ok(())
    }
}

/// A member of the object a file holds, or (without a name) its array.
struct Member<'a, 'b> {
    rows: &'a mut Rows<'b>,
    name: Option<String>,
}

impl<'de> DeserializeSeed<'de> for Member<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let stop = || A::Error::custom("stopped");
        let Some(first) = elements.next_element::<Value>()? else { return Ok(()) };
        match (first, self.name) {
            (Value::Object(object), name) => {
                let mut goes_on = self.rows.begin_table(name) && self.rows.see(object);
                while goes_on {
                    if self.rows.wants_next() {
                        let Some(value) = elements.next_element::<Value>()? else { return Ok(()) };
                        goes_on = match value {
                            Value::Object(object) => self.rows.add(object),
                            _ => return Err(A::Error::custom("this element is no object as those before it are")),
                        };
                    } else {
                        let Some(IgnoredAny) = elements.next_element()? else { return Ok(()) };
                        goes_on = self.rows.pass();
                    }
                }
                Err(stop())
            }
            (first, Some(name)) => {
                let mut goes_on = self.rows.begin_column(&name) && self.rows.add_to_column(first);
                while goes_on {
                    let Some(value) = elements.next_element::<Value>()? else { return Ok(()) };
                    goes_on = self.rows.add_to_column(value);
                }
                Err(stop())
            }
            (_, None) => Err(A::Error::custom("the elements of this array are no objects")),
        }
    }

    // Whatever is no array is passed over: it describes the table.
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}
