//! What can go wrong while a file is read, said so that the user knows what to do.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use crate::cx::Cancelled;

/// Why data could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// Something about the file as a whole: missing, empty, of an unknown kind, damaged.
    #[error("{problem}; {advice} (file {})", path.display())]
    File {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
        /// The file.
        path: PathBuf,
    },
    /// Something in one place of a text file.
    #[error("line {line}: {problem}; {advice} (file {})", path.display())]
    Line {
        /// Line of the file, from 1.
        line: u64,
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
        /// The file.
        path: PathBuf,
    },
    /// A setting that does not fit the data.
    #[error("{setting}: {problem}; {advice}")]
    Setting {
        /// Path of the setting in the recipe.
        setting: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
    },
    /// The data would not fit into memory.
    #[error(
        "reading this needs about {needed_mb} MB, but {limit_mb} MB may be used ({limit}); raise \
         compute.memory_limit_mb if the machine has the memory, or set data.sample_rows to read an even sample"
    )]
    Memory {
        /// Megabytes needed.
        needed_mb: u64,
        /// Megabytes allowed.
        limit_mb: u64,
        /// Which limit it is.
        limit: &'static str,
    },
    /// The data itself cannot be used as a table.
    #[error("{problem}; {advice}")]
    Data {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
    },
}

impl LoadError {
    pub(super) fn file(path: &Path, problem: impl Display, advice: impl Display) -> Self {
        Self::File { problem: problem.to_string(), advice: advice.to_string(), path: path.to_path_buf() }
    }

    pub(super) fn line(path: &Path, line: u64, problem: impl Display, advice: impl Display) -> Self {
        Self::Line { line, problem: problem.to_string(), advice: advice.to_string(), path: path.to_path_buf() }
    }

    pub(super) fn setting(setting: &str, problem: impl Display, advice: impl Display) -> Self {
        Self::Setting { setting: setting.into(), problem: problem.to_string(), advice: advice.to_string() }
    }

    pub(super) fn data(problem: impl Display, advice: impl Display) -> Self {
        Self::Data { problem: problem.to_string(), advice: advice.to_string() }
    }

    /// An error of the operating system on a file.
    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        let (problem, advice) = match error.kind() {
            Kind::NotFound => ("there is no such file".into(), "check the name and the folder"),
            Kind::PermissionDenied => ("no permission to read the file".into(), "change its permissions or copy it"),
            Kind::IsADirectory => ("this is a folder".into(), "choose the files in it"),
            _ => (format!("the file cannot be read: {error}"), "check the disk, or copy the file and try again"),
        };
        Self::file(path, problem, advice)
    }

    /// An error of the library that reads a file format. Only the first line is kept: the rest are hints for its callers.
    pub(super) fn damaged(path: &Path, format: &str, error: impl Display) -> Self {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or("unknown error");
        Self::file(path, format!("this is not a readable {format} file: {first}"), "check that the file is complete")
    }
}

/// A list of names for a message, shortened where it is long.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 30;
    let names: Vec<&str> = names.into_iter().collect();
    let mut text = names.iter().take(SHOWN).map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text += &format!(" and {} more", names.len() - SHOWN);
    }
    text
}
