//! How do files become a table?

mod assemble;
mod avro;
mod background;
mod column;
mod columnar;
mod csv;
mod encoding;
mod entity;
mod error;
mod join;
mod json;
mod json_rows;
mod kind;
mod label;
mod lines;
mod memory;
mod names;
mod pages;
mod preview;
mod sniff;
mod take;
mod time;
mod time_column;
mod time_parse;
mod types;
mod walker;
mod words;

use std::path::{Path, PathBuf};

use polars::prelude::DataFrame;

use avro::AvroFile;
use columnar::ParquetFile;
use csv::CsvFile;
pub use error::LoadError;
use json::JsonFile;
use kind::Kind;
pub use preview::{ColumnPreview, Preview, preview};
use take::Take;
pub(crate) use time::iso_text;

use super::Table;
use crate::cx::Cx;
use crate::recipe::DataConfig;

/// Reads files into one table. Several files are joined in the order given; they need the same columns.
///
/// Where several files are read and no entity is chosen or found, a column `file` with their names says whose row
/// each row is.
///
/// # Errors
/// [`LoadError`] says what is wrong, where, and what to do.
pub fn open(paths: &[PathBuf], config: &DataConfig, cx: &Cx) -> Result<Table, LoadError> {
    let Some(first) = paths.first() else {
        return Err(LoadError::data("no file is given", "choose at least one"));
    };
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        cx.progress().start(format!("Checking {}", file_name(path)), size_of(path));
        files.push(Source::open(path, config, true, cx)?);
    }
    let counts = if config.sample_rows == 0 { vec![0; files.len()] } else { count(&files, paths, cx)? };
    let take = Take::new(config.sample_rows, counts.iter().sum());
    check_memory(&files, take, cx)?;
    let mut joined: Option<DataFrame> = None;
    let mut rows_of_files = Vec::with_capacity(files.len());
    let mut before = 0;
    for ((file, path), rows) in files.iter().zip(paths).zip(counts) {
        let frame = file.read(&take.after(before), cx)?;
        before += rows;
        rows_of_files.push(frame.height());
        joined = Some(match joined {
            None => frame,
            Some(above) => join::stack(above, &frame, path)?,
        });
    }
    let frame = joined.unwrap_or_default();
    let format = files.first().map(|file| file.facts(config)).unwrap_or_default();
    let name = match paths.len() {
        1 => file_name(first),
        n => format!("{} and {} more", file_name(first), n - 1),
    };
    let entity = (paths.len() > 1).then(|| join::file_column(paths, &rows_of_files, &frame));
    assemble::assemble(name, source_id(paths), frame, format, config, entity, cx)
}

/// Rows of each file.
fn count(files: &[Source], paths: &[PathBuf], cx: &Cx) -> Result<Vec<u64>, LoadError> {
    let counted = files.iter().zip(paths).map(|(file, path)| {
        cx.progress().start(format!("Counting rows of {}", file_name(path)), size_of(path));
        file.count(cx)
    });
    counted.collect()
}

/// Refuses files that would not fit into memory.
fn check_memory(files: &[Source], take: Take, cx: &Cx) -> Result<(), LoadError> {
    let share = match take {
        Take::Even { wanted, total, .. } => wanted as f64 / total as f64,
        _ => 1.0,
    };
    memory::check((files.iter().map(|file| file.bytes_needed() as f64).sum::<f64>() * share) as u64, cx)
}

/// A file whose kind and layout are known.
enum Source {
    Text(Box<CsvFile>),
    Json(JsonFile),
    Parquet(ParquetFile),
    Avro(AvroFile),
}

impl Source {
    /// Finds out what a file is. `whole_file` as in [`CsvFile::open`].
    fn open(path: &Path, config: &DataConfig, whole_file: bool, cx: &Cx) -> Result<Self, LoadError> {
        Ok(match kind::of(path)? {
            Kind::Text => Self::Text(Box::new(CsvFile::open(path, config, whole_file, cx)?)),
            Kind::Json => Self::Json(JsonFile::new(path, false, config)),
            Kind::JsonLines => Self::Json(JsonFile::new(path, true, config)),
            Kind::Parquet => Self::Parquet(ParquetFile::open(path, cx)?),
            Kind::Avro => Self::Avro(AvroFile::open(path, cx)?),
        })
    }

    /// What was found out, for people.
    fn facts(&self, config: &DataConfig) -> Vec<(String, String)> {
        match self {
            Self::Text(file) => file.facts(&config.csv),
            Self::Json(file) => file.facts(),
            Self::Parquet(file) => file.facts(),
            Self::Avro(file) => file.facts(),
        }
    }

    /// Bytes the whole table needs, roughly.
    fn bytes_needed(&self) -> u64 {
        match self {
            Self::Text(file) => file.bytes_needed(),
            Self::Json(file) => file.bytes_needed(),
            Self::Parquet(file) => file.bytes_needed(),
            Self::Avro(file) => file.bytes_needed(),
        }
    }

    /// Number of rows.
    fn count(&self, cx: &Cx) -> Result<u64, LoadError> {
        match self {
            Self::Text(file) => file.count(cx),
            Self::Json(file) => file.count(cx),
            Self::Parquet(file) => Ok(file.count()),
            Self::Avro(file) => Ok(file.count()),
        }
    }

    /// The rows `take` asks for.
    fn read(&self, take: &Take, cx: &Cx) -> Result<DataFrame, LoadError> {
        match self {
            Self::Text(file) => file.read(take, cx),
            Self::Json(file) => file.read(take, cx),
            Self::Parquet(file) => file.read(take, cx),
            Self::Avro(file) => file.read(take, cx),
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Begins the stage of reading a file; its progress is counted in bytes.
fn begin_reading(path: &Path, cx: &Cx) {
    cx.progress().start(format!("Reading {}", file_name(path)), size_of(path));
}

fn size_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

/// The same for the same files, wherever the program was started.
fn source_id(paths: &[PathBuf]) -> String {
    let absolute = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string();
    format!("file:{}", paths.iter().map(absolute).collect::<Vec<_>>().join(";"))
}
