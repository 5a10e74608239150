//! How is a delimited text file read into columns?

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use polars::prelude::DataFrame;

use super::column::{self, ColumnBuilder};
use super::encoding::{self, TextReader};
use super::error::LoadError;
use super::lines::{Records, fields, for_each_field};
use super::sniff::{self, Layout};
use super::take::Take;
use super::words::Words;
use super::{begin_reading, memory, types};
use crate::cx::Cx;
use crate::recipe::{CsvConfig, DataConfig};

/// Bytes of the head that is looked at to find the layout.
const HEAD: usize = 512 * 1024;

/// A delimited text file whose layout is known.
pub(super) struct CsvFile {
    path: PathBuf,
    encoding: &'static Encoding,
    layout: Layout,
    words: Words,
    skip: u32,
    as_text: HashSet<String>,
}

impl CsvFile {
    /// Finds out how a file is laid out. `whole_file`: check the encoding of all of it, not only of its head.
    pub(super) fn open(path: &Path, config: &DataConfig, whole_file: bool, cx: &Cx) -> Result<Self, LoadError> {
        if whole_file && config.sample_rows == 0 {
            // Before time is spent on a file that will be refused.
            memory::check(bytes_needed(path), cx)?;
        }
        let encoding = encoding::detect(path, &config.csv.encoding, whole_file, cx)?;
        let (head, whole) = read_head(path, encoding)?;
        if head.trim().is_empty() {
            return Err(LoadError::file(path, "the file is empty", "open one with data"));
        }
        let prefers_tab = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv")) && head.contains('\t');
        let layout = sniff::layout(&head, whole, &config.csv, prefers_tab);
        if layout.names.is_empty() {
            return Err(LoadError::file(
                path,
                "no line could be cut into fields",
                "check data.csv.quote and data.csv.skip_lines",
            ));
        }
        let words = Words::new(&config.csv.null_values, layout.decimal_comma);
        let skip = config.csv.skip_lines;
        Ok(Self { path: path.into(), encoding, layout, words, skip, as_text: types::kept_as_text(config) })
    }

    /// What was found out, for people.
    pub(super) fn facts(&self, config: &CsvConfig) -> Vec<(String, String)> {
        let Layout { signs, decimal_comma, has_header, note, .. } = &self.layout;
        let mut facts = vec![
            ("kind", "delimited text".to_string()),
            ("delimiter", sniff::delimiter_name(signs.delimiter).into()),
            ("decimal mark", if *decimal_comma { "comma" } else { "point" }.into()),
            ("quote", config.quote.to_string()),
            ("encoding", self.encoding.name().into()),
            ("header", if *has_header { "first line" } else { "none" }.into()),
        ];
        facts.extend(note.clone().map(|note| ("names", note)));
        facts.into_iter().map(|(name, value)| (name.into(), value)).collect()
    }

    /// Bytes the whole table needs, roughly.
    pub(super) fn bytes_needed(&self) -> u64 {
        bytes_needed(&self.path)
    }

    /// Number of rows.
    pub(super) fn count(&self, cx: &Cx) -> Result<u64, LoadError> {
        let mut records = self.records(cx)?;
        let mut n = 0;
        while records.next_record()?.is_some() {
            n += 1;
        }
        Ok(n)
    }

    fn records(&self, cx: &Cx) -> Result<Records, LoadError> {
        let reader = TextReader::open(&self.path, self.encoding, cx)?;
        let mut records = Records::new(reader, self.layout.signs, self.skip)?;
        if self.layout.has_header {
            records.next_record()?;
        }
        Ok(records)
    }

    /// Reads the rows `take` asks for.
    pub(super) fn read(&self, take: &Take, cx: &Cx) -> Result<DataFrame, LoadError> {
        // Columns whose words turn out to be no numbers are read again as text: once, rarely twice.
        let mut as_text = self.as_text.clone();
        loop {
            match self.read_as(&as_text, take, cx)? {
                Ok(frame) => return Ok(frame),
                Err(more) => as_text.extend(more),
            }
        }
    }

    /// Reads all rows, or finds the columns that have to be read as text.
    fn read_as(
        &self,
        as_text: &HashSet<String>,
        take: &Take,
        cx: &Cx,
    ) -> Result<Result<DataFrame, Vec<String>>, LoadError> {
        begin_reading(&self.path, cx);
        let mut columns: Vec<ColumnBuilder> =
            self.layout.names.iter().map(|name| ColumnBuilder::new(name, as_text.contains(name))).collect();
        let mut records = self.records(cx)?;
        let mut shorter = Shorter::default();
        let (mut row, mut len) = (0_u64, 0);
        while let Some((line, record)) = records.next_record()? {
            row += 1;
            if !take.keeps(row - 1) {
                if take.is_past(row - 1) {
                    break;
                }
                continue;
            }
            len += 1;
            let n = self.push(record, line, &mut columns)?;
            if n < columns.len() {
                shorter.see(line, n);
                columns.iter_mut().skip(n).for_each(|column| column.pad(len));
            }
            if len % 4096 == 0 {
                cx.check()?;
                memory::check_held(columns.iter().map(ColumnBuilder::bytes).sum(), cx)?;
                let hopeless = hopeless(&columns);
                // Early on it is cheaper to begin again at once than to find out about the other columns first.
                if len <= 16 * 4096 && !hopeless.is_empty() {
                    return Ok(Err(hopeless));
                }
            }
        }
        if len == 0 {
            let problem =
                if self.layout.has_header { "there is a header but no row below it" } else { "there are no rows" };
            return Err(LoadError::file(
                &self.path,
                problem,
                "open a file with data, or set data.csv.header to absent",
            ));
        }
        if records.damaged() {
            cx.warn(format!(
                "some bytes of {} mean nothing in {} and were replaced; set data.csv.encoding",
                self.path.display(),
                self.encoding.name()
            ));
        }
        let frame = column::finish(columns, &self.words, cx)?;
        if frame.is_ok() {
            shorter.warn(self.layout.names.len(), cx);
        }
        Ok(frame)
    }

    /// Adds the fields of a record, and returns how many it has.
    fn push(&self, record: &str, line: u64, columns: &mut [ColumnBuilder]) -> Result<usize, LoadError> {
        let mut lost = None;
        let n = for_each_field(record, self.layout.signs, |i, field| match columns.get_mut(i) {
            Some(column) => column.push_word(field.text, &self.words),
            // Delimiters at the end of a line hold nothing.
            None if field.text.is_empty() => {}
            None => lost = Some(i),
        });
        match lost {
            None => Ok(n),
            Some(_) => Err(LoadError::line(
                &self.path,
                line,
                format!("there are {n} fields where {} columns are expected", columns.len()),
                "put fields that hold the delimiter in quotes, or set data.csv.delimiter, data.csv.decimal or data.csv.skip_lines",
            )),
        }
    }

    /// The first rows, as columns and as they are written, and the number of bytes they take.
    pub(super) fn head(&self, most: usize, cx: &Cx) -> Result<(DataFrame, Vec<Vec<String>>, u64), LoadError> {
        let mut records = self.records(&Cx::default())?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < most
            && let Some((_, record)) = records.next_record()?
        {
            bytes += record.len() as u64 + 1;
            let mut row = fields(record, self.layout.signs);
            row.resize(self.layout.names.len(), String::new());
            rows.push(row);
        }
        let frame = self.read(&Take::First(rows.len() as u64), cx)?;
        Ok((frame, rows, bytes))
    }
}

/// A number of 7 letters and a delimiter become 8 bytes, a short text 16.
fn bytes_needed(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len()) / 2 * 3
}

fn hopeless(columns: &[ColumnBuilder]) -> Vec<String> {
    columns.iter().filter(|column| column.is_hopeless()).map(|column| column.name().to_string()).collect()
}

/// Lines with fewer fields than columns.
#[derive(Default)]
struct Shorter {
    n: u64,
    first: Option<(u64, usize)>,
}

impl Shorter {
    fn see(&mut self, line: u64, n_fields: usize) {
        self.n += 1;
        self.first.get_or_insert((line, n_fields));
    }

    fn warn(&self, n_columns: usize, cx: &Cx) {
        if let Some((line, n)) = self.first {
            cx.warn(format!(
                "{} lines have fewer than {n_columns} fields, the first is line {line} with {n}; what they lack counts as missing",
                self.n
            ));
        }
    }
}

/// The beginning of a text file.
fn read_head(path: &Path, encoding: &'static Encoding) -> Result<(String, bool), LoadError> {
    let mut reader = TextReader::open(path, encoding, &Cx::default())?;
    while !reader.ended() && reader.text().len() < HEAD {
        reader.fill()?;
    }
    Ok((reader.text().to_string(), reader.ended()))
}
