//! Of which kind is a file?

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::LoadError;

/// A kind of file that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// CSV, TSV and other delimited text.
    Text,
    /// One JSON value: an array of objects, or an object of arrays.
    Json,
    /// One JSON object per line.
    JsonLines,
    Parquet,
    Avro,
}

/// Finds the kind of a file: by what it begins with, else by its extension.
pub(super) fn of(path: &Path) -> Result<Kind, LoadError> {
    let meta = std::fs::metadata(path).map_err(|e| LoadError::io(path, &e))?;
    if meta.is_dir() {
        return Err(LoadError::file(path, "this is a folder", "choose the files in it"));
    }
    if meta.len() == 0 && meta.is_file() {
        return Err(LoadError::file(path, "the file is empty", "open one with data"));
    }
    let mut head = Vec::new();
    let file = File::open(path).map_err(|e| LoadError::io(path, &e))?;
    file.take(4096).read_to_end(&mut head).map_err(|e| LoadError::io(path, &e))?;
    let refused = |what: &str, advice: &str| Err(LoadError::file(path, format!("this is {what}"), advice));
    match head.as_slice() {
        [b'P', b'A', b'R', b'1', ..] => return Ok(Kind::Parquet),
        [b'O', b'b', b'j', 1, ..] => return Ok(Kind::Avro),
        [0x1f, 0x8b, ..] => return refused("a gzip archive", "unpack it first, e.g. with gunzip"),
        [b'P', b'K', 3, 4, ..] => {
            return refused("a zip archive or a spreadsheet", "unpack it, or save the sheet as CSV");
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => return refused("a zstd archive", "unpack it first, e.g. with unzstd"),
        [b'B', b'Z', b'h', ..] => return refused("a bzip2 archive", "unpack it first, e.g. with bunzip2"),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => return refused("an Arrow file", "save it as Parquet"),
        _ if head.starts_with(b"SQLite format 3") => return refused("an SQLite database", "export the table as CSV"),
        _ if head.starts_with(b"\x89HDF") => return refused("an HDF5 file", "save the table as Parquet"),
        _ => {}
    }
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "parquet" | "pq" => refused("no Parquet file, although it is called so", "check that the file is complete"),
        "avro" => refused("no Avro file, although it is called so", "check that the file is complete"),
        "json" if !is_lines(&head) => Ok(Kind::Json),
        "json" | "ndjson" | "jsonl" => Ok(Kind::JsonLines),
        "csv" | "tsv" | "tab" | "psv" => Ok(Kind::Text),
        _ => Ok(by_content(&head)),
    }
}

/// Text after a byte order mark and blanks.
fn trimmed(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start()
}

fn by_content(head: &[u8]) -> Kind {
    match trimmed(head) {
        [b'{', ..] if is_lines(head) => Kind::JsonLines,
        [b'{', rest @ ..] if matches!(rest.trim_ascii_start(), [b'"' | b'}', ..]) => Kind::Json,
        [b'[', rest @ ..] if matches!(rest.trim_ascii_start(), [b'{' | b']', ..]) => Kind::Json,
        _ => Kind::Text,
    }
}

/// Whether the first line is a whole object and another begins below it.
fn is_lines(head: &[u8]) -> bool {
    let head = trimmed(head);
    let Some(end) = head.iter().position(|&b| b == b'\n') else { return false };
    let (first, rest) = head.split_at(end);
    let next = rest.trim_ascii_start();
    first.starts_with(b"{") && first.trim_ascii_end().ends_with(b"}") && (next.is_empty() || next.starts_with(b"{"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, bytes: &[u8]) -> Result<Kind, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        of(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn files_are_told_by_content_and_extension() {
        assert_eq!(kind("a.csv", b"a,b\n"), Ok(Kind::Text));
        assert_eq!(kind("a.dat", b"a,b\n"), Ok(Kind::Text));
        assert_eq!(kind("a", b"[10/Oct/2000:13:55:36] x"), Ok(Kind::Text));
        assert_eq!(kind("a.json", b" [{\"a\":1}]"), Ok(Kind::Json));
        assert_eq!(kind("a", b"\xef\xbb\xbf[ {\"a\":1}]"), Ok(Kind::Json));
        assert_eq!(kind("a", b"{\"a\":1}\n{\"a\":2}\n"), Ok(Kind::JsonLines));
        assert_eq!(kind("a.json", b"{\"a\":1}\n{\"a\":2}\n"), Ok(Kind::JsonLines));
        assert_eq!(kind("a.json", b"{\"a\":[1,2]}"), Ok(Kind::Json));
        assert_eq!(kind("a.txt", b"{\n\"a\":[1,2]}"), Ok(Kind::Json));
        assert_eq!(kind("a.bin", b"PAR1...."), Ok(Kind::Parquet));
        assert_eq!(kind("a.csv", b"Obj\x01..."), Ok(Kind::Avro));
    }

    #[test]
    fn what_cannot_be_read_is_told_with_a_way_out() {
        for (name, bytes, told) in [
            ("a.csv.gz", &b"\x1f\x8b.."[..], "gunzip"),
            ("a.xlsx", b"PK\x03\x04", "save the sheet as CSV"),
            ("a.parquet", b"a,b\n", "no Parquet file"),
            ("a.csv", b"", "empty"),
        ] {
            let error = kind(name, bytes).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(of(folder.path()).unwrap_err().to_string().contains("folder"));
        assert!(of(&folder.path().join("none.csv")).unwrap_err().to_string().contains("no such file"));
    }
}
