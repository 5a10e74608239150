//! What does the import dialog show of a file before it is read?

use std::path::Path;

use polars::prelude::DataFrame;

use super::assemble::assemble;
use super::error::LoadError;
use super::{Source, file_name, size_of, source_id};
use crate::cx::Cx;
use crate::data::{Role, Table};
use crate::recipe::{ColumnType, DataConfig};

/// Rows looked at.
const ROWS: usize = 200;
/// Sample values per column.
const SAMPLES: usize = 5;

/// The head of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Preview {
    /// What was found out about the format, for people: ("delimiter", "comma").
    pub format: Vec<(String, String)>,
    /// The columns, in the order of the file.
    pub columns: Vec<ColumnPreview>,
    /// The first rows (200 at most), as texts, one per column; empty where a value is missing.
    pub rows: Vec<Vec<String>>,
    /// Size of the file in bytes.
    pub n_bytes: u64,
    /// Rows in the file; estimated from the length of the first rows for CSV and JSON.
    pub n_rows_estimated: u64,
    /// What the user should know: warnings, and what about the settings does not fit.
    pub warnings: Vec<String>,
}

/// A column in a [`Preview`].
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnPreview {
    /// Name, unique in the file.
    pub name: String,
    /// Type of its values, as far as the head shows.
    pub kind: ColumnType,
    /// What it is for: as set, else as guessed.
    pub role: Role,
    /// Share of missing values in the head, 0 to 1.
    pub missing_share: f64,
    /// Up to five different values.
    pub samples: Vec<String>,
}

/// Reads the head of a file: quick, whatever its size.
///
/// Settings that do not fit the file (a column that does not exist, times that cannot be read) do not fail here: they
/// are told in [`Preview::warnings`].
///
/// # Errors
/// [`LoadError`] where the file cannot be read at all.
pub fn preview(path: &Path, config: &DataConfig) -> Result<Preview, LoadError> {
    let cx = Cx::default();
    let source = Source::open(path, config, false, &cx)?;
    let n_bytes = size_of(path);
    let head = Head::read(&source, n_bytes, &cx)?;
    let (table, problem) = table_of(path, &source, head.frame, config, &cx)?;
    let rows = head.rows.unwrap_or_else(|| {
        let text = |row| table.columns.iter().map(|column| table.text(&column.name, row)).collect();
        (0..table.n_rows()).map(text).collect()
    });
    let columns = (0..table.columns.len()).filter_map(|i| column_of(&table, i, &rows)).collect();
    let mut warnings = cx.warnings();
    warnings.extend(problem);
    Ok(Preview {
        format: table.format.clone(),
        columns,
        rows,
        n_bytes,
        n_rows_estimated: head.n_rows_estimated,
        warnings,
    })
}

struct Head {
    frame: DataFrame,
    /// The rows as they are written, where the file is text.
    rows: Option<Vec<Vec<String>>>,
    n_rows_estimated: u64,
}

impl Head {
    fn read(source: &Source, n_bytes: u64, cx: &Cx) -> Result<Self, LoadError> {
        match source {
            Source::Text(file) => {
                let (frame, rows, used) = file.head(ROWS, cx)?;
                let n_rows_estimated = estimate(rows.len(), used, n_bytes);
                Ok(Self { frame, rows: Some(rows), n_rows_estimated })
            }
            Source::Json(file) => {
                let (frame, used) = file.head(ROWS as u64, cx)?;
                let n_rows_estimated = estimate(frame.height(), used, n_bytes);
                Ok(Self { frame, rows: None, n_rows_estimated })
            }
            Source::Parquet(file) => {
                Ok(Self { frame: file.head(ROWS, cx)?, rows: None, n_rows_estimated: file.count() })
            }
            Source::Avro(file) => Ok(Self { frame: file.head(ROWS, cx)?, rows: None, n_rows_estimated: file.count() }),
        }
    }
}

/// Rows of a whole file, from those in its first bytes.
fn estimate(rows: usize, bytes: u64, of: u64) -> u64 {
    if rows < ROWS || bytes == 0 { rows as u64 } else { (rows as f64 * of as f64 / bytes as f64).round() as u64 }
}

/// The head as a table; where settings do not fit, as a table without them, and what does not fit.
fn table_of(
    path: &Path,
    source: &Source,
    frame: DataFrame,
    config: &DataConfig,
    cx: &Cx,
) -> Result<(Table, Option<String>), LoadError> {
    let table = |frame, config: &DataConfig| {
        let id = source_id(std::slice::from_ref(&path.to_path_buf()));
        assemble(file_name(path), id, frame, source.facts(config), config, None, cx)
    };
    match table(frame.clone(), config) {
        Ok(made) => Ok((made, None)),
        Err(problem @ LoadError::Setting { .. }) => {
            let plain = DataConfig { csv: config.csv.clone(), ..DataConfig::default() };
            Ok((table(frame, &plain)?, Some(problem.to_string())))
        }
        Err(problem) => Err(problem),
    }
}

fn column_of(table: &Table, i: usize, rows: &[Vec<String>]) -> Option<ColumnPreview> {
    let column = table.columns.get(i)?;
    let n_missing = table.quality.columns.get(i).map_or(0, |quality| quality.n_missing);
    let mut samples: Vec<String> = Vec::new();
    for text in rows.iter().filter_map(|row| row.get(i)).filter(|text| !text.is_empty()) {
        if samples.len() < SAMPLES && !samples.contains(text) {
            samples.push(text.clone());
        }
    }
    let missing_share = n_missing as f64 / table.n_rows().max(1) as f64;
    Some(ColumnPreview { name: column.name.clone(), kind: column.kind, role: column.role, missing_share, samples })
}
