//! `tarsier recipe`: the reference, checks and presets.

use std::io::Write;
use std::path::PathBuf;

use anyhow::anyhow;

use super::Failure;
use crate::recipe::{Preset, Recipe, reference};

pub(super) fn reference(out: &mut dyn Write) -> Result<(), Failure> {
    write!(out, "{}", reference::commented_default())?;
    Ok(())
}

pub(super) fn check(files: &[PathBuf], out: &mut dyn Write) -> Result<(), Failure> {
    let mut n_bad = 0;
    for file in files {
        let problem = match Recipe::load(file) {
            Ok(recipe) => recipe.checked().err().map(|problems| problems.to_string()),
            Err(error) => Some(error.to_string()),
        };
        match problem {
            None => writeln!(out, "{}: good", file.display())?,
            Some(problem) => {
                n_bad += 1;
                writeln!(out, "{}: {problem}", file.display())?;
            }
        }
    }
    if n_bad == 0 { Ok(()) } else { Err(Failure::Usage(anyhow!("{n_bad} of {} recipes cannot run", files.len()))) }
}

pub(super) fn presets(name: Option<&str>, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(preset) = name.and_then(Preset::from_name) {
        write!(out, "{}", reference::commented(&preset.recipe()))?;
        return Ok(());
    }
    for preset in Preset::ALL {
        writeln!(out, "{:<12} {}", preset.name(), preset.description())?;
    }
    Ok(())
}
