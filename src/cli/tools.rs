//! The small commands: samples, devices, completions and the manual page.

use std::io::Write;

use anyhow::anyhow;
use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use super::Failure;
use super::args::{Cli, SampleArgs};
use crate::analysis::device;
use crate::data::{sample::Sample, write};

pub(super) fn sample(args: &SampleArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let sample = Sample::from_name(&args.name).ok_or_else(|| Failure::Usage(anyhow!("no sample {}", args.name)))?;
    let rows = args.rows.unwrap_or_else(|| sample.default_rows());
    write::frame(&args.out, &sample.frame(rows, args.seed)).map_err(Failure::work)?;
    writeln!(out, "{rows} rows of synthetic data written: {}", args.out.display())?;
    Ok(())
}

pub(super) fn devices(as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let devices = device::available();
    if as_json {
        let list = devices.iter().map(|d| json!({ "name": d.name, "description": d.description }));
        let support = json!({ "cuda": cfg!(feature = "cuda"), "metal": cfg!(feature = "metal") });
        writeln!(out, "{:#}", json!({ "devices": list.collect::<Vec<_>>(), "built_with": support }))?;
        return Ok(());
    }
    for device in &devices {
        writeln!(out, "{:<8} {}", device.name, device.description)?;
    }
    if !cfg!(any(feature = "cuda", feature = "metal")) {
        writeln!(out, "This build computes on the CPU only. GPU builds: --features cuda (NVIDIA) or metal (Apple).")?;
    }
    Ok(())
}

pub(super) fn completions(shell: Shell, out: &mut dyn Write) -> Result<(), Failure> {
    // The generator writes to memory first: it panics where the reader closes the pipe.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tarsier", &mut script);
    out.write_all(&script)?;
    Ok(())
}

/// The manual: the page of the program, followed by one section per command.
pub(super) fn man(out: &mut dyn Write) -> Result<(), Failure> {
    let mut page = Vec::new();
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let man = clap_mangen::Man::new(sub.clone());
        man.render_name_section(&mut page)?;
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
    }
    out.write_all(&page)?;
    Ok(())
}
