//! How do the rows of several files become one frame?

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame, DataType, IntoColumn, NewChunkedArray, StringChunked};

use super::error::{LoadError, list};
use super::sniff::unique;
use super::types::texts_of;

/// Puts the rows of a file below those of the files before it. The order of the columns is that of the first file.
pub(super) fn stack(above: DataFrame, below: &DataFrame, path: &Path) -> Result<DataFrame, LoadError> {
    let names = |frame: &DataFrame| frame.get_column_names().iter().map(ToString::to_string).collect::<HashSet<_>>();
    let (expected, given) = (names(&above), names(below));
    if expected != given {
        let sorted = |a: &HashSet<String>, b: &HashSet<String>| {
            let mut only: Vec<String> = a.difference(b).cloned().collect();
            only.sort();
            list(only.iter().map(String::as_str))
        };
        return Err(LoadError::file(
            path,
            format!(
                "its columns differ from those of the first file (missing: {}; unexpected: {})",
                or_none(sorted(&expected, &given)),
                or_none(sorted(&given, &expected))
            ),
            "open files with the same columns together, the others by themselves",
        ));
    }
    let height = above.height() + below.height();
    let joined: Result<Vec<Column>, _> = above
        .into_columns()
        .into_iter()
        .map(|top| {
            let bottom = below.column(top.name())?;
            let (mut top, bottom) = same_type(top, bottom);
            top.append(&bottom)?;
            Ok(top)
        })
        .collect();
    joined.and_then(|columns| DataFrame::new(height, columns)).map_err(|error: polars::prelude::PolarsError| {
        LoadError::file(path, format!("it cannot be joined to the files before it: {error}"), "open it by itself")
    })
}

fn or_none(text: String) -> String {
    if text.is_empty() { "none".into() } else { text }
}

/// Both columns with one type: that of the other where one is empty, numbers where both are, else text.
fn same_type(top: Column, bottom: &Column) -> (Column, Column) {
    let (a, b) = (top.dtype().clone(), bottom.dtype().clone());
    let is_number = |dtype: &DataType| dtype.is_primitive_numeric() || dtype == &DataType::Boolean;
    let empty = |column: &Column, dtype: &DataType| Column::full_null(column.name().clone(), column.len(), dtype);
    if a == b {
        (top, bottom.clone())
    } else if top.null_count() == top.len() {
        (empty(&top, &b), bottom.clone())
    } else if bottom.null_count() == bottom.len() {
        let bottom = empty(bottom, &a);
        (top, bottom)
    } else if is_number(&a) && is_number(&b) {
        let cast = |column: &Column| column.cast(&DataType::Float64).unwrap_or_else(|_| column.clone());
        (cast(&top), cast(bottom))
    } else {
        (texts_of(&top), texts_of(bottom))
    }
}

/// A column that says from which file each row is. Its name is none of the frame's.
pub(super) fn file_column(paths: &[PathBuf], rows: &[usize], frame: &DataFrame) -> Column {
    let mut taken: Vec<String> = frame.get_column_names().iter().map(ToString::to_string).collect();
    taken.push("file".into());
    let name = unique(&taken).0.pop().unwrap_or_default();
    let stems = stems(paths);
    let texts = stems.iter().zip(rows).flat_map(|(stem, &n)| std::iter::repeat_n(Some(stem.as_str()), n));
    StringChunked::from_iter_options(name.as_str().into(), texts).into_column()
}

/// Names of the files without extension; with the folder before it where several are called the same.
fn stems(paths: &[PathBuf]) -> Vec<String> {
    let text = |part: Option<&std::ffi::OsStr>| part.map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    let short: Vec<String> = paths.iter().map(|path| text(path.file_stem())).collect();
    let different: HashSet<&String> = short.iter().collect();
    if different.len() == short.len() {
        return short;
    }
    let folder = |path: &PathBuf| text(path.parent().and_then(Path::file_name));
    let long: Vec<String> = paths.iter().zip(&short).map(|(path, stem)| format!("{}/{stem}", folder(path))).collect();
    unique(&long).0
}

#[cfg(test)]
mod tests {
    use polars::df;

    use super::*;

    #[test]
    fn frames_are_stacked_by_name_and_types_widened() {
        let first = df!("a" => [1_i64, 2], "b" => ["x", "y"], "c" => [None::<f64>, None], "d" => [1_i64, 2]).unwrap();
        let second = df!("c" => ["t"], "b" => ["z"], "a" => [0.5], "d" => ["w"]).unwrap();
        let joined = stack(first.clone(), &second, Path::new("second.csv")).unwrap();
        let expected = df!(
            "a" => [1.0, 2.0, 0.5], "b" => ["x", "y", "z"], "c" => [None, None, Some("t")], "d" => ["1", "2", "w"]
        );
        assert!(joined.equals_missing(&expected.unwrap()), "{joined:?}");
        let other = df!("a" => [1_i64], "b" => ["x"], "e" => [1]).unwrap();
        let error = stack(first, &other, Path::new("other.csv")).unwrap_err().to_string();
        assert!(error.contains("missing: \"c\", \"d\"; unexpected: \"e\"") && error.contains("other.csv"), "{error}");
    }

    #[test]
    fn files_are_told_apart_by_name_then_folder() {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(stems(&paths(&["/a/x.csv", "/b/y.csv"])), ["x", "y"]);
        assert_eq!(stems(&paths(&["/a/x.csv", "/b/x.csv", "/a/x.csv"])), ["a/x", "b/x", "a/x_2"]);
        let frame = df!("file" => [1, 2, 3]).unwrap();
        let column = file_column(&paths(&["p.csv", "q.csv"]), &[1, 2], &frame);
        assert_eq!(column.name().as_str(), "file_2");
        assert_eq!(column.str().unwrap().iter().collect::<Vec<_>>(), [Some("p"), Some("q"), Some("q")]);
    }
}
