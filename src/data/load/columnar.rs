//! How are Parquet files read?

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{
    ArrowDataType, DataFrame, FileMetadataRef, IdxCa, NewChunkedArray, ParallelStrategy, ParquetReader, PolarsResult,
    SerReader,
};

use super::background::run;
use super::error::{LoadError, list};
use super::take::Take;
use super::{file_name, pages};
use crate::cx::Cx;

const FORMAT: &str = "Parquet";

/// A Parquet file whose metadata is known.
pub(super) struct ParquetFile {
    path: PathBuf,
    metadata: FileMetadataRef,
    columns: Columns,
}

impl ParquetFile {
    pub(super) fn open(path: &Path, cx: &Cx) -> Result<Self, LoadError> {
        let own = path.to_path_buf();
        let (metadata, columns) = run(path, FORMAT, cx, move || {
            let metadata = metadata_of(&own)?;
            pages::check(File::open(&own)?, &metadata)?;
            let mut reader = ParquetReader::new(File::open(&own)?);
            reader.set_metadata(metadata.clone());
            let fields = reader.schema()?;
            Ok((metadata, Columns::of(fields.iter_values().map(|field| (field.name.as_str(), field.dtype())))))
        })?;
        columns.check(path, cx)?;
        Ok(Self { path: path.into(), metadata, columns })
    }

    /// What is known, for people.
    pub(super) fn facts(&self) -> Vec<(String, String)> {
        vec![("kind".into(), FORMAT.into())]
    }

    /// Bytes the whole table needs.
    pub(super) fn bytes_needed(&self) -> u64 {
        // Numbers that repeat are stored in less than they need in memory.
        let groups = self.metadata.row_groups.iter();
        let stored = groups.map(|group| group.total_byte_size() as u64).fold(0, u64::saturating_add);
        stored.max(self.count().saturating_mul(8 * self.columns.read.len() as u64))
    }

    /// Number of rows.
    pub(super) fn count(&self) -> u64 {
        self.metadata.row_groups.iter().map(|group| group.num_rows() as u64).fold(0, u64::saturating_add)
    }

    /// Reads the rows `take` asks for, one row group after the other.
    pub(super) fn read(&self, take: &Take, cx: &Cx) -> Result<DataFrame, LoadError> {
        cx.progress().start(format!("Reading {}", file_name(&self.path)), self.count());
        let mut whole = DataFrame::default();
        let mut before = 0;
        for group in &self.metadata.row_groups {
            let n = group.num_rows();
            let mut frame = self.rows(before, n, cx)?;
            if !matches!(take, Take::All) {
                frame =
                    kept(&frame, &take.after(before as u64)).map_err(|e| LoadError::damaged(&self.path, FORMAT, e))?;
            }
            if whole.width() == 0 {
                whole = frame;
            } else {
                whole.vstack_mut(&frame).map_err(|e| LoadError::damaged(&self.path, FORMAT, e))?;
            }
            before += n;
            cx.progress().add(n as u64);
        }
        whole.rechunk_mut();
        Ok(whole)
    }

    /// The first rows.
    pub(super) fn head(&self, most: usize, cx: &Cx) -> Result<DataFrame, LoadError> {
        self.rows(0, most, cx)
    }

    fn rows(&self, start: usize, n: usize, cx: &Cx) -> Result<DataFrame, LoadError> {
        let (path, names, metadata) = (self.path.clone(), self.columns.read.clone(), self.metadata.clone());
        run(&self.path, FORMAT, cx, move || {
            let mut reader = ParquetReader::new(File::open(path)?);
            reader.set_metadata(metadata);
            reader
                .with_columns(Some(names))
                .with_slice(Some((start, n)))
                .read_parallel(ParallelStrategy::Columns)
                .finish()
        })
    }
}

/// The metadata of a file, changed so that categories are read as the texts they are stored as.
fn metadata_of(path: &Path) -> PolarsResult<FileMetadataRef> {
    let mut reader = ParquetReader::new(File::open(path)?);
    let has_categories =
        reader.schema()?.iter_values().any(|field| matches!(field.dtype(), ArrowDataType::Dictionary(..)));
    let mut metadata = reader.get_metadata()?.clone();
    if has_categories {
        // What says so is a note of the writer beside the data.
        Arc::make_mut(&mut metadata).key_value_metadata = None;
    }
    Ok(metadata)
}

/// The rows of a frame that `take` asks for.
pub(super) fn kept(frame: &DataFrame, take: &Take) -> PolarsResult<DataFrame> {
    let rows = (0_u32..).take(frame.height()).filter(|&row| take.keeps(u64::from(row)));
    frame.take(&IdxCa::from_iter_values("rows".into(), rows))
}

/// Columns of a typed file: those whose type can be used, and the others.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) read: Vec<String>,
    unused: Vec<String>,
}

impl Columns {
    pub(super) fn of<'a>(fields: impl Iterator<Item = (&'a str, &'a ArrowDataType)>) -> Self {
        let mut columns = Self::default();
        for (name, dtype) in fields {
            if is_usable(dtype) { columns.read.push(name.into()) } else { columns.unused.push(name.into()) }
        }
        columns
    }

    /// Tells of the columns left out. An error where nothing is left.
    pub(super) fn check(&self, path: &Path, cx: &Cx) -> Result<(), LoadError> {
        let unused = list(self.unused.iter().map(String::as_str));
        let told = format!("left out, being lists, nested or of a type not supported: {unused}");
        if self.read.is_empty() {
            let problem = if self.unused.is_empty() { "it has no columns".into() } else { told };
            return Err(LoadError::file(path, problem, "save the columns wanted as numbers, texts or times"));
        }
        if !self.unused.is_empty() {
            cx.warn(told);
        }
        Ok(())
    }
}

/// Whether values of a type can become numbers, truth values, times or texts.
fn is_usable(dtype: &ArrowDataType) -> bool {
    use ArrowDataType as Type;
    matches!(
        dtype,
        Type::Null
            | Type::Boolean
            | Type::Int8
            | Type::Int16
            | Type::Int32
            | Type::Int64
            | Type::UInt8
            | Type::UInt16
            | Type::UInt32
            | Type::UInt64
            | Type::Float32
            | Type::Float64
            | Type::Timestamp(..)
            | Type::Date32
            | Type::Date64
            | Type::Duration(_)
            | Type::Utf8
            | Type::LargeUtf8
            | Type::Utf8View
    )
}
