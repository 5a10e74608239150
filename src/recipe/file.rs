//! Recipes as RON files: reading with errors that point at the place, versions, and writing.

use std::path::{Path, PathBuf};

use ron::extensions::Extensions;
use serde::Deserialize;

use super::{Recipe, VERSION, reference};

/// Why a recipe could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecipeFileError {
    /// The text is not a recipe.
    #[error("line {line}, column {column}: {message}; `tarsier recipe reference` shows every setting")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What was wrong there.
        message: String,
    },
    /// The recipe is from a newer program.
    #[error("the recipe has format version {found}, this program knows up to {VERSION}; use a newer tarsier")]
    TooNew {
        /// Version in the file.
        found: u32,
    },
    /// The file could not be read or written.
    #[error("cannot {action} the recipe: {source} ({})", path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The recipe in the file is not valid.
    #[error("{source} ({})", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with its content.
        source: Box<RecipeFileError>,
    },
}

/// One step of the format: rewrites the text of version n as version n + 1.
type Migration = fn(&str) -> String;

/// The step from version n is at n - 1. Version 1 is the first, so there is none yet.
const MIGRATIONS: &[Migration] = &[];

impl Recipe {
    /// Reads a recipe from RON. Fields left out have their default.
    ///
    /// # Errors
    /// The place of the first thing that cannot be read, or a version newer than this program.
    pub fn from_ron(text: &str) -> Result<Self, RecipeFileError> {
        /// Only the version, whatever else stands in the file.
        #[derive(Deserialize)]
        struct Head {
            #[serde(default = "current")]
            version: u32,
        }
        fn current() -> u32 {
            VERSION
        }
        let head: Head = ron_options().from_str(text).map_err(syntax)?;
        if head.version > VERSION {
            return Err(RecipeFileError::TooNew { found: head.version });
        }
        let text = upgrade(text, head.version, MIGRATIONS);
        let mut recipe: Self = ron_options().from_str(&text).map_err(syntax)?;
        if head.version > 0 {
            recipe.version = VERSION;
        }
        Ok(recipe)
    }

    /// Reads a recipe file.
    ///
    /// # Errors
    /// When the file cannot be read or its content is no recipe.
    pub fn load(path: &Path) -> Result<Self, RecipeFileError> {
        let text = std::fs::read_to_string(path).map_err(|source| RecipeFileError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::from_ron(&text)
            .map_err(|source| RecipeFileError::Invalid { path: path.to_owned(), source: Box::new(source) })
    }

    /// Writes the recipe with every field explained. The file is replaced in one step, so a full disk leaves the old one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), RecipeFileError> {
        let draft = path.with_extension("ron.tmp");
        std::fs::write(&draft, reference::commented(self))
            .and_then(|()| std::fs::rename(&draft, path))
            .map_err(|source| RecipeFileError::Io { action: "write", path: path.to_owned(), source })
    }
}

/// Brings the text of an older version up to date, step by step.
fn upgrade(text: &str, version: u32, migrations: &[Migration]) -> String {
    let done = version.saturating_sub(1) as usize;
    migrations.iter().skip(done).fold(text.to_owned(), |text, step| step(&text))
}

fn ron_options() -> ron::Options {
    ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME)
}

fn syntax(error: ron::error::SpannedError) -> RecipeFileError {
    RecipeFileError::Syntax {
        line: error.span.start.line,
        column: error.span.start.col,
        message: error.code.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_left_out_keep_their_default() {
        let recipe = Recipe::from_ron("(ensemble: (contamination: 0.02))").unwrap();
        assert_eq!(recipe.ensemble.contamination, 0.02);
        assert_eq!(recipe.detectors, Recipe::default().detectors);
    }

    #[test]
    fn unknown_fields_are_refused_where_they_stand() {
        let error = Recipe::from_ron("(\n  ensemble: (contaminaton: 0.02)\n)").unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("line 2") && text.contains("contaminaton"), "{text}");
    }

    #[test]
    fn newer_versions_are_refused() {
        let error = Recipe::from_ron("(version: 99, quantum: (qubits: 3))").unwrap_err();
        assert!(matches!(error, RecipeFileError::TooNew { found: 99 }), "{error}");
    }

    #[test]
    fn older_text_passes_every_step_from_its_version_on() {
        let steps: &[Migration] = &[|t| t.replace("a", "b"), |t| t.replace("b", "c")];
        assert_eq!(upgrade("a", 1, steps), "c");
        assert_eq!(upgrade("ab", 2, steps), "ac");
        assert_eq!(upgrade("ab", 3, steps), "ab");
    }

    #[test]
    fn saved_recipes_load_and_missing_files_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.ron");
        let mut recipe = Recipe::default();
        recipe.compute.seed = 7;
        recipe.save(&path).unwrap();
        assert_eq!(Recipe::load(&path).unwrap(), recipe);
        let error = Recipe::load(&folder.path().join("none.ron")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read the recipe"), "{error}");
    }
}
