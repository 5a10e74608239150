//! The small commands: samples, devices, the cache, completions and the manual page.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow};
use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use super::Failure;
use super::args::{Cli, SampleArgs};
use crate::analysis::device;
use crate::app::settings::default_cache_folder;
use crate::data::{sample::Sample, write};
use crate::engine::{self, CacheUse, cache_use};

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

pub(super) fn cache(as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let folder = default_cache_folder();
    let kinds = kept_in(&folder)?;
    if as_json {
        writeln!(out, "{:#}", json!({ "folder": folder, "kinds": kinds }))?;
        return Ok(());
    }
    writeln!(out, "{}", folder.display())?;
    writeln!(out, "{:<10} {:>7} {:>15}", "kind", "results", "bytes")?;
    let (n_files, bytes) = (kinds.iter().map(|kind| kind.n_files).sum(), kinds.iter().map(|kind| kind.bytes).sum());
    for CacheUse { kind, n_files, bytes } in kinds.iter().chain([&CacheUse { kind: "all", n_files, bytes }]) {
        writeln!(out, "{kind:<10} {n_files:>7} {bytes:>15}")?;
    }
    Ok(())
}

pub(super) fn clear_cache(out: &mut dyn Write) -> Result<(), Failure> {
    let folder = default_cache_folder();
    let kinds = kept_in(&folder)?;
    engine::clear_cache(&folder)
        .with_context(|| format!("cannot clear the cache {}", folder.display()))
        .map_err(Failure::Work)?;
    let (n_files, bytes): (u64, u64) =
        (kinds.iter().map(|kind| kind.n_files).sum(), kinds.iter().map(|kind| kind.bytes).sum());
    writeln!(out, "{n_files} results of {bytes} bytes removed from {}", folder.display())?;
    Ok(())
}

fn kept_in(folder: &Path) -> Result<Vec<CacheUse>, Failure> {
    cache_use(folder).with_context(|| format!("cannot read the cache {}", folder.display())).map_err(Failure::Work)
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
