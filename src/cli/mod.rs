//! The command line: the same work as the window's, without a window.

mod alerts;
mod args;
mod compare;
mod demo;
mod evaluate;
mod explain;
mod features;
mod print;
mod profile;
mod recipe;
mod run;
mod tools;
mod tune;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

pub use args::Cli;
use args::{CacheCommand, CliCommand, RecipeCommand};

/// Why a command failed, and with which exit code.
#[derive(Debug)]
pub enum Failure {
    /// The work failed: data, run, database. Exit code 1.
    Work(anyhow::Error),
    /// The command line or the recipe is wrong. Exit code 2.
    Usage(anyhow::Error),
}

impl Failure {
    fn work(error: impl Into<anyhow::Error>) -> Self {
        Self::Work(error.into())
    }

    fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self::Usage(error.into())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Work(anyhow::Error::new(error).context("cannot write the output"))
    }
}

/// What is left to do after the arguments were read.
#[derive(Debug)]
pub enum Next {
    /// Open the window, with these files.
    Window(Vec<PathBuf>),
    /// Nothing: the command is done.
    Exit(ExitCode),
}

/// Reads the arguments and carries out what needs no window.
pub fn start(arguments: impl IntoIterator<Item = OsString>) -> Next {
    match Cli::try_parse_from(arguments) {
        Ok(Cli { command: Some(command), .. }) => Next::Exit(finish(dispatch(command, &mut io::stdout().lock()))),
        Ok(Cli { files, .. }) => Next::Window(files),
        Err(error) => {
            // Help and version come this way, too, and print to standard output with code 0.
            let _ = error.print();
            Next::Exit(ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)))
        }
    }
}

/// The main job on the sample data, for machines without a display.
pub fn without_display(reason: &str) -> ExitCode {
    finish(demo::run(reason, &mut io::stdout().lock()))
}

/// Tells that the window could not be opened for the files asked for.
pub fn no_window(reason: &str, files: &[PathBuf]) -> ExitCode {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let advice = format!("{reason}\nTo work without a window: tarsier run {}", files.join(" "));
    finish(Err(Failure::Work(anyhow::anyhow!(advice))))
}

fn dispatch(command: CliCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        CliCommand::Run(args) => run::run(&args, out),
        CliCommand::Evaluate(args) => evaluate::run(&args, out),
        CliCommand::Tune(args) => tune::run(&args, out),
        CliCommand::Compare(args) => compare::run(&args, out),
        CliCommand::Explain(args) => explain::run(&args, out),
        CliCommand::Features(args) => features::run(&args, out),
        CliCommand::Profile(args) => profile::run(&args, out),
        CliCommand::Alerts { command } => alerts::run(command, out),
        CliCommand::Recipe { command: RecipeCommand::Reference } => recipe::reference(out),
        CliCommand::Recipe { command: RecipeCommand::Check { files } } => recipe::check(&files, out),
        CliCommand::Recipe { command: RecipeCommand::Presets { name } } => recipe::presets(name.as_deref(), out),
        CliCommand::Sample(args) => tools::sample(&args, out),
        CliCommand::Devices { json } => tools::devices(json, out),
        CliCommand::Cache { command: None, json } => tools::cache(json, out),
        CliCommand::Cache { command: Some(CacheCommand::Clear), .. } => tools::clear_cache(out),
        CliCommand::Completions { shell } => tools::completions(shell, out),
        CliCommand::Man => tools::man(out),
    }
}

fn finish(result: Result<(), Failure>) -> ExitCode {
    let (code, error) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Work(error)) => (1, error),
        Err(Failure::Usage(error)) => (2, error),
    };
    let broken_pipe =
        error.chain().filter_map(|e| e.downcast_ref::<io::Error>()).any(|e| e.kind() == io::ErrorKind::BrokenPipe);
    if broken_pipe {
        // `tarsier alerts list | head`: the reader has seen enough.
        return ExitCode::SUCCESS;
    }
    let _ = writeln!(io::stderr(), "tarsier: {error:#}");
    ExitCode::from(code)
}
