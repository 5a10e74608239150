//! Are the pages of a Parquet file what its metadata says, so that its reader can be trusted with them?
//!
//! A damaged page header makes polars ask for any amount of memory, which ends the program. The headers alone are walked
//! here, by the Parquet format 2.11 ("PageHeader") in the Thrift compact protocol.

use std::fs::File;
use std::io;

use polars::prelude::FileMetadataRef;

use super::walker::{Walker, damaged};

/// Deepest nesting inside a header; real ones have three levels.
const DEEPEST: usize = 8;

/// Kinds of values in the Thrift compact protocol.
const STOP: u8 = 0;
const I32: u8 = 5;
const STRUCT: u8 = 12;

/// Checks the headers of all pages.
pub(super) fn check(file: File, metadata: &FileMetadataRef) -> io::Result<()> {
    let mut walker = Walker::new(file)?;
    for group in &metadata.row_groups {
        for column in group.parquet_columns() {
            let n_values = u64::try_from(column.num_values()).map_err(|_| damaged("a number of values is negative"))?;
            let is_flat = column.descriptor().descriptor.max_rep_level == 0;
            if is_flat && n_values != group.num_rows() as u64 {
                return Err(damaged("a column has another number of rows than the others"));
            }
            walker.go_to(column.byte_range().start)?;
            let mut seen = 0;
            while seen < n_values {
                seen += page(&mut walker)?;
            }
            if seen > n_values {
                return Err(damaged("a column has more values than it should"));
            }
        }
    }
    Ok(())
}

/// Passes over a page, and returns the number of its values (0 for a dictionary).
fn page(walker: &mut Walker) -> io::Result<u64> {
    const KIND: i64 = 1;
    const UNCOMPRESSED_SIZE: i64 = 2;
    const COMPRESSED_SIZE: i64 = 3;
    const DATA: i64 = 5;
    const DICTIONARY: i64 = 7;
    const DATA_V2: i64 = 8;
    let (mut kind, mut size, mut n_values, mut n_words) = (None, None, None, None);
    let mut id = 0;
    while let Some(of) = field(walker, &mut id)? {
        match (id, of) {
            (KIND, I32) => kind = Some(walker.signed()?),
            (UNCOMPRESSED_SIZE, I32) => drop(count(walker)?),
            (COMPRESSED_SIZE, I32) => size = Some(count(walker)?),
            (DATA | DATA_V2, STRUCT) => n_values = Some(counts(walker)?),
            (DICTIONARY, STRUCT) => n_words = Some(counts(walker)?),
            _ => skip(walker, of, 0)?,
        }
    }
    walker.skip(size.ok_or_else(|| damaged("a page has no size"))?)?;
    match (kind, n_values, n_words) {
        // A data page without values is useless, but allowed.
        (Some(0 | 3), Some(n), _) => Ok(n as u64),
        (Some(2), _, Some(_)) => Ok(0),
        (Some(1), ..) => Ok(0),
        _ => Err(damaged("a page is of no known kind")),
    }
}

/// The first field of a header of a data or dictionary page: its number of values. Other counts in it are checked.
fn counts(walker: &mut Walker) -> io::Result<i64> {
    const N_VALUES: i64 = 1;
    const REPETITION_LENGTH: i64 = 6;
    let (mut id, mut n_values) = (0, None);
    while let Some(of) = field(walker, &mut id)? {
        match (id, of) {
            (N_VALUES, I32) => n_values = Some(count(walker)?),
            // Encodings are among them; they are not negative either.
            (2..=REPETITION_LENGTH, I32) => drop(count(walker)?),
            _ => skip(walker, of, 0)?,
        }
    }
    n_values.ok_or_else(|| damaged("a page does not say how many values it has"))
}

/// A number of 32 bits that is not negative.
fn count(walker: &mut Walker) -> io::Result<i64> {
    let n = walker.signed()?;
    if (0..=i64::from(i32::MAX)).contains(&n) { Ok(n) } else { Err(damaged("a count in a page is out of range")) }
}

/// The kind of the next field of a struct, with its number in `id`; `None` at the end of the struct.
fn field(walker: &mut Walker, id: &mut i64) -> io::Result<Option<u8>> {
    let byte = walker.byte()?;
    let (step, of) = (i64::from(byte >> 4), byte & 0x0f);
    if of == STOP {
        return Ok(None);
    }
    *id = if step == 0 { walker.signed()? } else { id.saturating_add(step) };
    Ok(Some(of))
}

/// Passes over a value.
fn skip(walker: &mut Walker, of: u8, depth: usize) -> io::Result<()> {
    if depth > DEEPEST {
        return Err(damaged("a page header is nested too deeply"));
    }
    match of {
        // Truth values are in the kind itself.
        1 | 2 => Ok(()),
        3 => walker.skip(1).map(drop),
        4..=6 => walker.unsigned().map(drop),
        7 => walker.skip(8).map(drop),
        8 => {
            let n = walker.unsigned()?;
            walker.skip(i64::try_from(n).unwrap_or(i64::MAX)).map(drop)
        }
        9 | 10 => skip_list(walker, depth),
        STRUCT => {
            let mut id = 0;
            while let Some(of) = field(walker, &mut id)? {
                skip(walker, of, depth + 1)?;
            }
            Ok(())
        }
        _ => Err(damaged("a page header holds what no header holds")),
    }
}

fn skip_list(walker: &mut Walker, depth: usize) -> io::Result<()> {
    let byte = walker.byte()?;
    let n = if byte >> 4 == 15 { walker.unsigned()? } else { u64::from(byte >> 4) };
    let n = walker.within(i64::try_from(n).unwrap_or(i64::MAX))?;
    for _ in 0..n {
        match byte & 0x0f {
            1 | 2 => walker.skip(1).map(drop)?,
            of => skip(walker, of, depth + 1)?,
        }
    }
    Ok(())
}
