//! Starts the program: arguments, then the window or a command.

use std::process::ExitCode;

use tarsier::app::Source;
use tarsier::engine::set_library_threads;
use tarsier::recipe::ComputeConfig;
use tarsier::{cli, ui};

fn main() -> ExitCode {
    let files = match cli::start(std::env::args_os()) {
        cli::Next::Exit(code) => return code,
        cli::Next::Window(files) => files,
    };
    set_library_threads(ComputeConfig::default().threads);
    let source = (!files.is_empty()).then(|| Source::Files(files.clone()));
    match ui::open(source) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if files.is_empty() => cli::without_display(&error.to_string()),
        Err(error) => cli::no_window(&error.to_string(), &files),
    }
}
