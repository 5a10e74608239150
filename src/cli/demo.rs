//! What `tarsier` does where there is no display: the main job on the sample data, and a word on how to see the window.

use std::io::Write;
use std::path::Path;

use super::run::{execute, plain};
use super::{Failure, print};
use crate::app::main_job::RecipeChoice;
use crate::app::{Source, settings};
use crate::data::sample::Sample;

pub(super) fn run(reason: &str, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "{reason}")?;
    writeln!(out, "Doing the main job on the built-in sample \"servers\" (synthetic) instead.\n")?;
    let args = plain(Path::new("tarsier-report.html"), &settings::default_database());
    let outcome = execute(&Source::sample(Sample::Servers), RecipeChoice::default(), &args, true)?;
    print::text(&outcome, out)?;
    writeln!(out, "\nTo open the window, start tarsier from a desktop session (DISPLAY or WAYLAND_DISPLAY set).")?;
    writeln!(out, "To work on your own data without one: tarsier run FILE; see tarsier --help.")?;
    Ok(())
}
