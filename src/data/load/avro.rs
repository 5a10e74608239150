//! How are Avro files read?

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use polars::io::avro::AvroReader;
use polars::prelude::{DataFrame, SerReader};

use super::background::run;
use super::columnar::{Columns, kept};
use super::error::LoadError;
use super::file_name;
use super::take::Take;
use super::walker::{Walker, damaged};
use crate::cx::Cx;

const FORMAT: &str = "Avro";
const MAGIC: &[u8; 4] = b"Obj\x01";

/// An Avro file whose blocks are whole.
pub(super) struct AvroFile {
    path: PathBuf,
    columns: Columns,
    n_rows: u64,
    n_bytes: u64,
}

impl AvroFile {
    pub(super) fn open(path: &Path, cx: &Cx) -> Result<Self, LoadError> {
        let walked = File::open(path).and_then(|file| Blocks::walk(file, cx));
        let blocks = walked.map_err(|e| match e.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => LoadError::io(path, &e),
            _ => LoadError::damaged(path, FORMAT, e),
        })?;
        cx.check()?;
        let own = path.to_path_buf();
        let schema = run(path, FORMAT, cx, move || AvroReader::new(File::open(own)?).arrow_schema())?;
        let columns = Columns::of(schema.iter_values().map(|field| (field.name.as_str(), field.dtype())));
        columns.check(path, cx)?;
        // Compressed blocks grow; a row needs 8 bytes per column at least.
        let n_bytes = (blocks.bytes * 3).max(blocks.rows.saturating_mul(8 * columns.read.len() as u64));
        Ok(Self { path: path.into(), columns, n_rows: blocks.rows, n_bytes })
    }

    /// What is known, for people.
    pub(super) fn facts(&self) -> Vec<(String, String)> {
        vec![("kind".into(), FORMAT.into())]
    }

    /// Bytes the whole table needs, roughly.
    pub(super) fn bytes_needed(&self) -> u64 {
        self.n_bytes
    }

    /// Number of rows.
    pub(super) fn count(&self) -> u64 {
        self.n_rows
    }

    /// Reads the rows `take` asks for. All rows are in memory for a moment.
    pub(super) fn read(&self, take: &Take, cx: &Cx) -> Result<DataFrame, LoadError> {
        cx.progress().start(format!("Reading {}", file_name(&self.path)), 0);
        let frame = self.rows(None, cx)?;
        match take {
            Take::All => Ok(frame),
            _ => kept(&frame, take).map_err(|e| LoadError::damaged(&self.path, FORMAT, e)),
        }
    }

    /// The first rows.
    pub(super) fn head(&self, most: usize, cx: &Cx) -> Result<DataFrame, LoadError> {
        self.rows(Some(most), cx)
    }

    fn rows(&self, most: Option<usize>, cx: &Cx) -> Result<DataFrame, LoadError> {
        let (path, names) = (self.path.clone(), self.columns.read.clone());
        run(&self.path, FORMAT, cx, move || {
            AvroReader::new(File::open(path)?).with_columns(Some(names)).with_n_rows(most).finish()
        })
    }
}

/// The blocks of a file, by the Avro 1.11 specification, "Object Container Files". Walked before anything else looks at
/// the file, since a damaged length would make its reader ask for any amount of memory.
struct Blocks {
    rows: u64,
    bytes: u64,
}

impl Blocks {
    fn walk(file: File, cx: &Cx) -> io::Result<Self> {
        let mut walker = Walker::new(file)?;
        if &walker.bytes()? != MAGIC {
            return Err(damaged("it does not begin as one"));
        }
        loop {
            let mut n = walker.signed()?;
            if n == 0 {
                break;
            }
            if n < 0 {
                n = n.checked_neg().ok_or_else(|| damaged("a count is out of range"))?;
                walker.signed()?;
            }
            // Each entry takes two bytes at least.
            walker.within(n)?;
            for _ in 0..2 * n {
                skip_bytes(&mut walker)?;
            }
        }
        let mark: [u8; 16] = walker.bytes()?;
        let mut blocks = Self { rows: 0, bytes: 0 };
        while cx.check().is_ok() && !walker.at_end() {
            let rows = u64::try_from(walker.signed()?).map_err(|_| damaged("a block has a negative number of rows"))?;
            blocks.rows = blocks.rows.saturating_add(rows);
            blocks.bytes += skip_bytes(&mut walker)?;
            if walker.bytes()? != mark {
                return Err(damaged("a block does not end where it should"));
            }
        }
        Ok(blocks)
    }
}

/// Passes over bytes with their length before them, and returns the length.
fn skip_bytes(walker: &mut Walker) -> io::Result<u64> {
    let n = walker.signed()?;
    walker.skip(n)
}
