//! Where a table comes from: files or a built-in sample.

use std::path::PathBuf;

use crate::cx::Cx;
use crate::data::Table;
use crate::data::load::{self, LoadError};
use crate::data::sample::Sample;
use crate::recipe::DataConfig;

/// Where a table comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// One file, or several of the same columns one after the other.
    Files(Vec<PathBuf>),
    /// Data the program makes itself.
    Sample {
        /// Which.
        sample: Sample,
        /// How many rows.
        rows: usize,
        /// Seed of the generator.
        seed: u64,
    },
}

impl Source {
    /// A sample at its default size.
    pub fn sample(sample: Sample) -> Self {
        Self::Sample { sample, rows: sample.default_rows(), seed: 42 }
    }

    /// Name for people.
    pub fn name(&self) -> String {
        match self {
            Self::Files(paths) => match paths.as_slice() {
                [] => "no file".to_owned(),
                [one] => file_name(one),
                [first, rest @ ..] => format!("{} and {} more", file_name(first), rest.len()),
            },
            Self::Sample { sample, .. } => format!("Sample: {}", sample.name()),
        }
    }

    /// Reads or makes the table.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn open(&self, config: &DataConfig, cx: &Cx) -> Result<Table, LoadError> {
        match self {
            Self::Files(paths) => load::open(paths, config, cx),
            Self::Sample { sample, rows, seed } => sample.table(*rows, *seed, config, cx),
        }
    }
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
