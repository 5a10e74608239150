//! How are scores, feature matrices and frames written to a file, whole or not at all?

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use polars::prelude::{
    BooleanChunked, Column, CsvWriter, DataFrame, DataType, Float64Chunked, Int64Chunked, IntoColumn, NewChunkedArray,
    ParquetWriter, PolarsError, SerWriter, StringChunked, TimeUnit,
};

use super::load::iso_text;
use super::{Matrix, Role, Table};

/// Why a file could not be written. A file that was there before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The extension says no known format.
    #[error("files can be written as .csv or .parquet; give the file such a name (file {})", path.display())]
    Extension {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("the file cannot be written: {problem}; {advice} (file {})", path.display())]
    Io {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The columns do not fit each other.
    #[error("the file cannot be written: {problem} (file {})", path.display())]
    Shape {
        /// What is wrong.
        problem: String,
        /// The file.
        path: PathBuf,
    },
}

/// A column of scores to write, with one value per row of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreColumn {
    /// Name of the column.
    pub name: String,
    /// Its values.
    pub values: ScoreValues,
}

/// Values of a [`ScoreColumn`].
#[derive(Debug, Clone, PartialEq)]
pub enum ScoreValues {
    /// Numbers; NaN is written as missing.
    Numbers(Vec<f64>),
    /// Truth values.
    Flags(Vec<bool>),
    /// Words from a fixed list, such as severities; `None` is written as missing.
    Words(Vec<Option<&'static str>>),
}

impl ScoreColumn {
    /// A column of numbers.
    pub fn numbers(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), values: ScoreValues::Numbers(values) }
    }

    /// A column of truth values.
    pub fn flags(name: impl Into<String>, values: Vec<bool>) -> Self {
        Self { name: name.into(), values: ScoreValues::Flags(values) }
    }

    /// A column of words.
    pub fn words(name: impl Into<String>, values: Vec<Option<&'static str>>) -> Self {
        Self { name: name.into(), values: ScoreValues::Words(values) }
    }

    fn into_column(self) -> Column {
        let name = self.name.as_str().into();
        match self.values {
            ScoreValues::Numbers(values) => {
                let present = values.into_iter().map(|v| (!v.is_nan()).then_some(v));
                Float64Chunked::from_iter_options(name, present).into_column()
            }
            ScoreValues::Flags(values) => BooleanChunked::from_iter_values(name, values.into_iter()).into_column(),
            ScoreValues::Words(values) => StringChunked::from_iter_options(name, values.into_iter()).into_column(),
        }
    }
}

/// Writes scores of a table as CSV or Parquet, by the extension of `path`: one row per row of the table, in its order.
///
/// The first columns are `row` (from 0), the time and the entity, where there are such columns, under their own names;
/// then come `columns`. Times are ISO 8601 in UTC in CSV, timestamps in Parquet.
///
/// # Errors
/// [`WriteError`] for another extension, for columns of another length, and where the file cannot be written; a file
/// that was there before is kept then.
pub fn scores(path: &Path, table: &Table, columns: &[ScoreColumn]) -> Result<(), WriteError> {
    let n_rows = table.n_rows();
    let mut all = vec![Int64Chunked::from_vec("row".into(), (0..n_rows as i64).collect()).into_column()];
    if let (Some(times), Some(column)) = (table.time(), table.column_with(Role::Time)) {
        let times = Int64Chunked::from_vec(column.name.as_str().into(), times.to_vec()).into_column();
        let times = times.cast(&DataType::Datetime(TimeUnit::Microseconds, None));
        all.push(times.map_err(|error| shape(path, error))?);
    }
    if let (Some(entities), Some(column)) = (table.entities(), table.column_with(Role::Entity)) {
        let names = (0..n_rows).map(|row| Some(entities.name_of(row)));
        all.push(StringChunked::from_iter_options(column.name.as_str().into(), names).into_column());
    }
    all.extend(columns.iter().cloned().map(ScoreColumn::into_column));
    let frame = DataFrame::new(n_rows, all).map_err(|error| shape(path, error))?;
    self::frame(path, &frame)
}

/// Writes a matrix as CSV or Parquet: one column per feature, one row per row.
///
/// # Errors
/// As [`scores`].
pub fn matrix(path: &Path, matrix: &Matrix) -> Result<(), WriteError> {
    let columns = matrix.features().iter().enumerate().map(|(i, feature)| {
        let values = matrix.values().iter().skip(i).step_by(matrix.n_features()).copied().collect();
        Float64Chunked::from_vec(feature.name.as_str().into(), values).into_column()
    });
    let frame = DataFrame::new(matrix.n_rows(), columns.collect()).map_err(|error| shape(path, error))?;
    self::frame(path, &frame)
}

/// Writes the columns of a table as they were read, as CSV or Parquet.
///
/// # Errors
/// As [`scores`].
pub fn table(path: &Path, table: &Table) -> Result<(), WriteError> {
    frame(path, &table.frame)
}

/// Writes a frame as CSV or Parquet. Times in CSV are ISO 8601 in UTC.
///
/// # Errors
/// As [`scores`].
pub fn frame(path: &Path, frame: &DataFrame) -> Result<(), WriteError> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let write: fn(&DataFrame, &mut dyn Write) -> io::Result<()> = match extension.as_str() {
        "csv" => write_csv,
        "parquet" => write_parquet,
        _ => return Err(WriteError::Extension { path: path.into() }),
    };
    atomically(path, |file| write(frame, file)).map_err(|error| io_error(path, &error))
}

fn shape(path: &Path, error: impl std::fmt::Display) -> WriteError {
    WriteError::Shape { problem: error.to_string(), path: path.into() }
}

fn io_error(path: &Path, error: &io::Error) -> WriteError {
    use io::ErrorKind as Kind;
    let (problem, advice) = match error.kind() {
        Kind::NotFound => ("there is no such folder".into(), "create it, or choose another"),
        Kind::PermissionDenied => ("no permission to write there".into(), "choose another folder"),
        Kind::StorageFull | Kind::QuotaExceeded => ("the disk is full".into(), "make room, or choose another disk"),
        Kind::IsADirectory => ("a folder has this name".into(), "choose another name"),
        _ => (error.to_string(), "choose another place, or try again"),
    };
    WriteError::Io { problem, advice, path: path.into() }
}

/// Writes into a new file beside `path` and puts it in place when it is complete.
fn atomically(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let new = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = (|| {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(&new)?);
        write(&mut file)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        std::fs::rename(&new, path)
    })();
    if written.is_err() {
        // What is left of an attempt that failed is of no use; that it cannot be removed either adds nothing.
        let _ = std::fs::remove_file(&new);
    }
    written
}

/// An error of polars with the kind of the error of the operating system in it.
fn to_io(error: PolarsError) -> io::Error {
    match error {
        PolarsError::IO { error, .. } => io::Error::new(error.kind(), error.to_string()),
        other => io::Error::other(other.to_string()),
    }
}

fn write_csv(frame: &DataFrame, to: &mut dyn Write) -> io::Result<()> {
    let columns = frame.columns().iter().map(|column| match column.dtype() {
        DataType::Datetime(..) => times_as_text(column),
        _ => Ok(column.clone()),
    });
    let columns: Result<Vec<Column>, PolarsError> = columns.collect();
    let mut frame = columns.and_then(|columns| DataFrame::new(frame.height(), columns)).map_err(to_io)?;
    CsvWriter::new(to).finish(&mut frame).map_err(to_io)
}

fn times_as_text(column: &Column) -> Result<Column, PolarsError> {
    let micros = column.cast(&DataType::Datetime(TimeUnit::Microseconds, None))?;
    let micros = micros.to_physical_repr();
    let texts = micros.i64()?.iter().map(|time| time.map(iso_text));
    Ok(StringChunked::from_iter_options(column.name().clone(), texts).into_column())
}

fn write_parquet(frame: &DataFrame, to: &mut dyn Write) -> io::Result<()> {
    ParquetWriter::new(to).finish(&mut frame.clone()).map(|_| ()).map_err(to_io)
}

#[cfg(test)]
mod tests {
    use polars::df;

    use super::*;
    use crate::cx::Cx;
    use crate::data::Feature;
    use crate::recipe::DataConfig;

    fn servers() -> Table {
        let frame = df!(
            "when" => ["2025-01-01 00:00:00", "2025-01-01 00:05:00.5", "2025-01-01 00:00:00"],
            "host" => [Some("a, b"), Some("a, b"), None],
            "cpu" => [0.1, 0.2, 0.3]
        );
        Table::from_frame("t", "test:t", frame.unwrap(), vec![], &DataConfig::default(), &Cx::default()).unwrap()
    }

    fn columns() -> [ScoreColumn; 3] {
        [
            ScoreColumn::numbers("score", vec![0.1 + 0.2, f64::NAN, -1.0]),
            ScoreColumn::flags("is_anomaly", vec![true, false, false]),
            ScoreColumn::words("severity", vec![Some("critical"), None, Some("low")]),
        ]
    }

    #[test]
    fn scores_follow_row_time_and_entity() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.csv");
        scores(&path, &servers(), &columns()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let expected = "row,when,host,score,is_anomaly,severity\n\
            0,2025-01-01T00:00:00Z,\"a, b\",0.30000000000000004,true,critical\n\
            1,2025-01-01T00:05:00.5Z,\"a, b\",,false,\n\
            2,2025-01-01T00:00:00Z,(none),-1.0,false,low\n";
        assert_eq!(text, expected);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.csv");
        std::fs::write(&path, "old").unwrap();
        let short = [ScoreColumn::flags("x", vec![true])];
        assert!(matches!(scores(&path, &servers(), &short), Err(WriteError::Shape { .. })));
        let failed = atomically(&path, |file| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(io_error(&path, &failed.unwrap_err()).to_string().contains("disk is full"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let told = |name: &str| scores(&folder.path().join(name), &servers(), &[]).unwrap_err().to_string();
        assert!(told("none/scores.csv").contains("no such folder"));
        assert!(told("scores.xlsx").contains(".csv or .parquet"));
        std::fs::create_dir(folder.path().join("dir.csv")).unwrap();
        assert!(told("dir.csv").contains("a folder has this name"));
    }

    #[test]
    fn a_matrix_has_a_named_column_per_feature() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("matrix.csv");
        let feature = |name: &str| Feature { name: name.into(), source: "x".into() };
        let values = vec![1.0, 0.1, 2.5, 123456789.125];
        matrix(&path, &Matrix::new([feature("x"), feature("x_mean_5")], values).unwrap()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "x,x_mean_5\n1.0,0.1\n2.5,123456789.125\n");
    }
}
