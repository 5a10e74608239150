//! `tarsier run`: the main job in the terminal.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use super::args::{InputArgs, RunArgs};
use super::{Failure, print};
use crate::app::main_job::{self, ExplainedFindings, Findings, MainJobError, RecipeChange, RecipeChoice};
use crate::app::{Source, report, settings};
use crate::cx::Cx;
use crate::data::{Table, sample::Sample, write};
use crate::engine::{Engine, Given, GlobalExplanation, Job, JobError, JobEvent, StageTiming, set_library_threads};
use crate::recipe::{CheckedRecipe, ColumnChoice, ComputeDevice, DetectorKind, Preset, Recipe};
use crate::triage::{RunOutcome, Store, feedback};

/// What a run has come to.
pub(super) struct Outcome {
    pub(super) findings: Findings,
    pub(super) stages: Vec<StageTiming>,
    pub(super) stored: RunOutcome,
    pub(super) database: PathBuf,
    pub(super) written: Vec<PathBuf>,
    pub(super) seconds: f64,
    /// What the user should know about the result.
    pub(super) warnings: Vec<String>,
}

pub(super) fn run(args: &RunArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let source = source_of(&args.input.data).map_err(Failure::Usage)?;
    let mut choice = recipe_choice(&args.input, &args.detectors, &args.rule)?;
    if args.no_cache {
        let off = ["features", "predictions"].map(|what| RecipeChange::Set(format!("compute.cache.{what}=false")));
        choice.changes.extend(off);
    }
    if args.input.data.is_empty() && !args.quiet && !args.json {
        writeln!(out, "No data given: using the built-in sample \"servers\" (synthetic).\n")?;
    }
    // No other thread exists yet: this is the whole program's first step.
    set_library_threads(choice.recipe(true).map_err(Failure::usage)?.compute.threads);
    let outcome = execute(&source, choice, args, !args.quiet)?;
    if args.json {
        print::json(&outcome, out)?;
    } else if !args.quiet {
        print::text(&outcome, out)?;
    }
    Ok(())
}

/// Carries out the main job and writes what was asked for.
pub(super) fn execute(
    source: &Source,
    choice: RecipeChoice,
    args: &RunArgs,
    progress: bool,
) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let (table, recipe, load_timing, cx) = opened(source, choice, progress)?;
    let engine = Engine::with_disk_cache(settings::default_cache_folder());
    let database = args.db.clone().unwrap_or_else(settings::default_database);
    let mut store = Store::open(&database).map_err(Failure::work)?;
    let given = Given { feedback: feedback(&store, &table).map_err(Failure::work)?, ..Given::default() };
    let with_overview = args.report.is_some();
    let found = in_background(cx, progress, move |cx| {
        let findings = main_job::run(&engine, &table, &recipe, &given, cx, &|_| {}).map_err(MainJobError::from)?;
        let explained = main_job::explained(&engine, findings, None, with_overview, cx).map_err(MainJobError::from)?;
        Ok::<_, MainJobError>((explained, cx.warnings()))
    })?;
    let (ExplainedFindings { findings, overview, timing: explaining }, warnings) = found.map_err(Failure::work)?;

    let storing = Instant::now();
    let stored = findings.record(&mut store).map_err(Failure::work)?;
    let mut stages = vec![load_timing];
    stages.extend(findings.snapshot.stages.iter().cloned());
    stages.push(explaining);
    stages.push(StageTiming::new("store", storing.elapsed().as_secs_f64()));

    let writing = Instant::now();
    let written = write_files(&findings, overview.as_ref(), args)?;
    if !written.is_empty() {
        stages.push(StageTiming::new("write", writing.elapsed().as_secs_f64()));
    }
    Ok(Outcome { findings, stages, stored, database, written, seconds: started.elapsed().as_secs_f64(), warnings })
}

/// Reads the data in the background and settles the recipe. The context has the recipe's limits.
pub(super) fn opened(
    source: &Source,
    choice: RecipeChoice,
    progress: bool,
) -> Result<(Arc<Table>, CheckedRecipe, StageTiming, Cx), Failure> {
    // Columns and limits are needed before the data can say which preset fits.
    let first = choice.recipe(true).map_err(Failure::usage)?.checked().map_err(Failure::usage)?;
    let cx = Cx::new(&first.compute);
    let source = source.clone();
    let (table, recipe, timing) = in_background(cx.clone(), progress, move |cx| load(&source, &first, &choice, cx))??;
    Ok((table, recipe, timing, cx))
}

type Loaded = (Arc<Table>, CheckedRecipe, StageTiming);

/// Reads the data, then settles the recipe.
fn load(source: &Source, first: &CheckedRecipe, choice: &RecipeChoice, cx: &Cx) -> Result<Loaded, Failure> {
    let (table, timing) = main_job::load(source, first, cx).map_err(Failure::work)?;
    let recipe = choice.recipe(table.time().is_some()).map_err(Failure::usage)?;
    Ok((table, recipe.checked().map_err(Failure::usage)?, timing))
}

fn write_files(
    findings: &Findings,
    overview: Option<&GlobalExplanation>,
    args: &RunArgs,
) -> Result<Vec<PathBuf>, Failure> {
    let mut written = Vec::new();
    if let Some(path) = &args.scores {
        report::write_scores(path, &findings.snapshot).map_err(Failure::work)?;
        written.push(path.clone());
    }
    if let Some(path) = &args.features {
        write::matrix(path, &findings.snapshot.prepared.matrix).map_err(Failure::work)?;
        written.push(path.clone());
    }
    if let Some(path) = &args.report {
        report::write_html(path, findings, overview).context("cannot write the report").map_err(Failure::Work)?;
        written.push(path.clone());
    }
    Ok(written)
}

/// Runs work on its own thread while this one shows how far it is, if standard error is a terminal.
pub(super) fn in_background<T: Send + 'static>(
    cx: Cx,
    progress: bool,
    work: impl FnOnce(&Cx) -> T + Send + 'static,
) -> Result<T, Failure> {
    let (wake, woken) = channel();
    let notify = move || {
        // Nobody waits any more once the job has ended.
        let _ = wake.send(());
    };
    let mut job: Job<T> = Job::spawn("run", cx, notify, move |cx, _| Ok(work(cx))).map_err(Failure::work)?;
    let show = progress && io::stderr().is_terminal();
    loop {
        match job.poll() {
            Some(JobEvent::Done(result)) => {
                if show {
                    let _ = write!(io::stderr(), "\r\x1b[K");
                }
                return result.map_err(|error: JobError| Failure::work(error));
            }
            Some(JobEvent::Partial(())) => {}
            None => {
                if let Err(RecvTimeoutError::Timeout) = woken.recv_timeout(Duration::from_millis(100))
                    && show
                {
                    let _ = write!(io::stderr(), "\r\x1b[K{}", print::progress(&job.progress()));
                }
            }
        }
    }
}

/// The source named on the command line.
pub(super) fn source_of(data: &[PathBuf]) -> anyhow::Result<Source> {
    let samples: Vec<&str> = data.iter().filter_map(|d| d.to_str()?.strip_prefix("sample:")).collect();
    match (data, samples.as_slice()) {
        ([], _) => Ok(Source::sample(Sample::Servers)),
        ([_], [name]) => Sample::from_name(name)
            .map(Source::sample)
            .ok_or_else(|| anyhow!("no sample \"{name}\"; there are {}", Sample::ALL.map(Sample::name).join(" and "))),
        (_, []) => Ok(Source::Files(data.to_vec())),
        _ => Err(anyhow!("a sample cannot be mixed with other data; run it alone")),
    }
}

/// The recipe the arguments ask for.
pub(super) fn recipe_choice(args: &InputArgs, detectors: &[String], rules: &[String]) -> Result<RecipeChoice, Failure> {
    let base = match (&args.recipe, &args.preset) {
        (Some(path), _) => Some(Recipe::load(path).map_err(Failure::usage)?),
        (None, Some(name)) => Preset::from_name(name).map(Preset::recipe),
        (None, None) => None,
    };
    let mut changes: Vec<RecipeChange> = args.set.iter().cloned().map(RecipeChange::Set).collect();
    let mut set = |path: &str, value: String| changes.push(RecipeChange::Set(format!("{path}={value}")));
    if let Some(seed) = args.seed {
        set("compute.seed", seed.to_string());
    }
    if let Some(threads) = args.threads {
        set("compute.threads", threads.to_string());
    }
    let device = args.device.as_deref().map(device_of).transpose().map_err(Failure::Usage)?;
    let columns = Columns { time: &args.time, entity: &args.entity, label: &args.label, ignore: &args.ignore };
    changes.extend(columns.changes());
    changes.extend(device.map(RecipeChange::Device));
    if !detectors.is_empty() {
        let kinds = detectors.iter().filter_map(|name| DetectorKind::from_name(name));
        changes.push(RecipeChange::OnlyDetectors(kinds.collect()));
    }
    changes.extend(rules.iter().cloned().map(RecipeChange::Rule));
    Ok(RecipeChoice { base, changes })
}

/// Columns given by name.
struct Columns<'a> {
    time: &'a Option<String>,
    entity: &'a Option<String>,
    label: &'a Option<String>,
    ignore: &'a [String],
}

impl Columns<'_> {
    fn changes(&self) -> impl Iterator<Item = RecipeChange> {
        let choice = |name: &Option<String>| {
            name.as_ref()
                .map(|name| if name == "none" { ColumnChoice::None } else { ColumnChoice::Column(name.clone()) })
        };
        let roles = [
            choice(self.time).map(RecipeChange::Time),
            choice(self.entity).map(RecipeChange::Entity),
            choice(self.label).map(RecipeChange::Label),
        ];
        roles.into_iter().flatten().chain(self.ignore.iter().cloned().map(RecipeChange::Ignore))
    }
}

/// A device as the command line names it: auto, cpu, cuda:N, metal.
fn device_of(name: &str) -> anyhow::Result<ComputeDevice> {
    match name {
        "auto" => Ok(ComputeDevice::Auto),
        "cpu" => Ok(ComputeDevice::Cpu),
        "cuda" => Ok(ComputeDevice::Cuda(0)),
        "metal" => Ok(ComputeDevice::Metal),
        _ => name
            .strip_prefix("cuda:")
            .and_then(|n| n.parse().ok())
            .map(ComputeDevice::Cuda)
            .ok_or_else(|| anyhow!("--device {name}: choose auto, cpu, cuda:N (such as cuda:0) or metal")),
    }
}

/// The arguments of a plain run that writes a report.
pub(super) fn plain(report: &Path, database: &Path) -> RunArgs {
    RunArgs {
        input: InputArgs::default(),
        detectors: Vec::new(),
        rule: Vec::new(),
        no_cache: false,
        db: Some(database.to_owned()),
        scores: None,
        features: None,
        report: Some(report.to_owned()),
        json: false,
        quiet: false,
    }
}
