//! The arguments: commands, options and their help. Completions and the man page are made from here.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

use crate::data::sample::Sample;
use crate::engine::Method;
use crate::recipe::{DetectorKind, Preset};

/// Find and work through anomalies in tables and time series.
///
/// Without a command the window opens, with FILE if one is given. `tarsier run` does the same work in the terminal:
/// it reads the data, builds features, runs an ensemble of detectors, combines their scores, and keeps the alerts in a local
/// SQLite database, where `tarsier alerts` and the window find them. Nothing leaves the machine.
#[derive(Debug, Parser)]
#[command(name = "tarsier", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "Examples:
  tarsier                                     open the window
  tarsier metrics.csv                         open the window with a file
  tarsier run                                 the main job on the built-in servers sample
  tarsier run metrics.csv --scores out.csv    score a file, one line per row
  tarsier run a.csv --preset document --label truth --json
  tarsier evaluate metrics.csv --label truth  how good the recipe is, with intervals
  tarsier tune metrics.csv --method bayesian_optimization --out best.ron
  tarsier compare document best.ron metrics.csv
  tarsier explain metrics.csv --row 812       why that row has its score
  tarsier features metrics.csv                what the detectors would see, and what it costs
  tarsier alerts list --status new            what is left to look at
  tarsier recipe reference > my.ron           every setting, explained
  tarsier cache clear                         forget the results kept on disk

Exit codes: 0 done, 1 the work failed (data, run, database), 2 wrong arguments or recipe.")]
pub struct Cli {
    /// What to do; without one the window opens.
    #[command(subcommand)]
    pub(super) command: Option<CliCommand>,

    /// Data to open in the window: CSV, TSV, JSON, NDJSON, Parquet or Avro.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) files: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum CliCommand {
    /// Find anomalies in data: features, detectors, combined score, alerts
    Run(Box<RunArgs>),
    /// Measure how good a recipe is: against labels, on held-back rows, and without labels
    Evaluate(Box<EvaluateArgs>),
    /// Search for better settings: grid, random or Bayesian
    Tune(Box<TuneArgs>),
    /// Hold two recipes against each other on the same data
    Compare(Box<CompareArgs>),
    /// Explain the score of a row or alert: features, detectors, what is typical, what would make it normal
    Explain(Box<ExplainArgs>),
    /// List the features a recipe makes from data: what each is, where it comes from, what it costs
    Features(Box<FeaturesArgs>),
    /// Describe the columns of data: distribution and correlations
    Profile(Box<FeaturesArgs>),
    /// Look at the alerts kept in the database
    Alerts {
        #[command(subcommand)]
        command: AlertsCommand,
    },
    /// Recipes: the settings of a run, as RON files
    Recipe {
        #[command(subcommand)]
        command: RecipeCommand,
    },
    /// Write synthetic data to a file
    Sample(SampleArgs),
    /// List the devices this build can compute on
    Devices {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Show what is kept of earlier runs on disk, or remove it
    Cache {
        #[command(subcommand)]
        command: Option<CacheCommand>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print a completion script for a shell
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the manual page (roff), e.g. for `tarsier man | man -l -`
    Man,
}

/// Find anomalies in data.
///
/// Several files of the same columns are read one after the other; where nothing else says whose rows they are, each
/// file is an entity of its own. Without DATA the built-in servers sample is used.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,

    /// Compute everything, whatever is kept of earlier runs, and keep nothing.
    #[arg(long, help_heading = "Settings")]
    pub(super) no_cache: bool,
    /// Run these detectors only, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = PossibleValuesParser::new(DetectorKind::ALL.iter().map(|kind| kind.name())), help_heading = "Settings")]
    pub(super) detectors: Vec<String>,
    /// Raise a high alert where this condition holds, e.g. --rule "cpu > 90 AND latency_ms > 2 * latency_ms_mean_30"
    /// (repeatable; severity, duration and cool-down are set in a recipe file).
    #[arg(long, value_name = "EXPRESSION", help_heading = "Settings")]
    pub(super) rule: Vec<String>,

    /// Database to keep the alerts in. Default: the user's own, shared with the window.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(super) db: Option<PathBuf>,
    /// Write the scores of every row to a .csv or .parquet file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(super) scores: Option<PathBuf>,
    /// Write the features as the detectors saw them to a .csv or .parquet file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(super) features: Option<PathBuf>,
    /// Write a report to an HTML file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(super) report: Option<PathBuf>,
    /// Print one JSON object instead of text.
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,
    /// Print nothing but errors.
    #[arg(long, conflicts_with = "json", help_heading = "Output")]
    pub(super) quiet: bool,
}

/// What is worked on, and with which settings.
#[derive(Debug, Default, Args)]
pub(super) struct InputArgs {
    /// Files (CSV, TSV, JSON, NDJSON, Parquet, Avro), or sample:NAME. Default: sample:servers.
    #[arg(value_name = "DATA", value_hint = ValueHint::FilePath)]
    pub(super) data: Vec<PathBuf>,

    /// Recipe file with the settings of the run.
    #[arg(long, value_name = "FILE", conflicts_with = "preset", value_hint = ValueHint::FilePath, help_heading = "Settings")]
    pub(super) recipe: Option<PathBuf>,
    /// Ready-made recipe. Default: timeseries where a time column is found, else tabular.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Preset::ALL.map(Preset::name)), help_heading = "Settings")]
    pub(super) preset: Option<String>,
    /// Change a setting of the recipe, e.g. --set detectors.one_class_svm.nu=0.2 (repeatable).
    #[arg(long, value_name = "PATH=VALUE", help_heading = "Settings")]
    pub(super) set: Vec<String>,

    /// Column with the time of each row; "none" for none. Default: guessed.
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    pub(super) time: Option<String>,
    /// Column that says whose row it is (host, customer); "none" for none. Default: guessed.
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    pub(super) entity: Option<String>,
    /// Column with the truth (1 = anomalous), for metrics only; "none" for none. Default: guessed.
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    pub(super) label: Option<String>,
    /// Leave a column out (repeatable).
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    pub(super) ignore: Vec<String>,

    /// Where dense arithmetic runs: auto, cpu, cuda:N or metal. Default: as the recipe says (auto).
    #[arg(long, value_name = "DEVICE", help_heading = "Machine")]
    pub(super) device: Option<String>,
    /// Threads to use at most; 0 for one per core. Default: as the recipe says (8).
    #[arg(long, value_name = "N", help_heading = "Machine")]
    pub(super) threads: Option<u32>,
    /// Seed of everything random. Default: as the recipe says (42).
    #[arg(long, value_name = "N", help_heading = "Machine")]
    pub(super) seed: Option<u64>,
}

/// Measure how good a recipe is.
///
/// With labels: metrics with intervals, metrics of whole events for rows in time, and a cross-validation that keeps time
/// and entities apart. Without: how alike the detectors are, how stable the scores, how tightly they enclose the rows.
/// How it is done is set in the recipe under `evaluation`.
#[derive(Debug, Args)]
pub(super) struct EvaluateArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// Print one JSON object instead of tables, with the curves.
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,
}

/// Search for better settings of a recipe.
///
/// Every trial is judged by cross-validation. With --study every trial is kept as it ends: interrupt the search whenever
/// you like, the same command goes on from there.
#[derive(Debug, Args)]
pub(super) struct TuneArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// A setting to search, e.g. --space detectors.one_class_svm.nu=0.01..0.5:log or
    /// --space detectors.isolation_forest.max_samples=auto,fraction(0.5) (repeatable). Default: as the recipe says.
    #[arg(long, value_name = "PATH=VALUES", help_heading = "Search")]
    pub(super) space: Vec<String>,
    /// How the next point is found. Default: as the recipe says (random_search).
    #[arg(long, value_name = "METHOD", value_parser = PossibleValuesParser::new(["random_search", "grid_search", "bayesian_optimization"]), help_heading = "Search")]
    pub(super) method: Option<String>,
    /// What is maximised, such as roc_auc, average_precision, vus_pr, excess_mass. Default: as the recipe says (roc_auc).
    #[arg(long, value_name = "NAME", help_heading = "Search")]
    pub(super) metric: Option<String>,
    /// Trials in all. Default: as the recipe says (50).
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub(super) trials: Option<u32>,
    /// Minutes in all; 0 for no limit. Default: as the recipe says (0).
    #[arg(long, value_name = "MINUTES", help_heading = "Search")]
    pub(super) minutes: Option<f64>,
    /// Folds of the cross-validation. Default: as the recipe says (5).
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub(super) folds: Option<u32>,
    /// File that keeps the trials, one JSON line each; a search that is in it already goes on.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(super) study: Option<PathBuf>,
    /// Write the best recipe to a file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(super) out: Option<PathBuf>,
    /// Print one JSON object instead of tables.
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,
}

/// Hold two recipes against each other on the same data.
///
/// Prints which settings differ, what each finds and, with labels, by how much B is better, judged on the same resamples.
#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// First recipe: a file, or the name of a preset.
    #[arg(value_name = "A")]
    pub(super) a: String,
    /// Second recipe: a file, or the name of a preset.
    #[arg(value_name = "B")]
    pub(super) b: String,
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// Print one JSON object instead of tables.
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,
}

/// Explain the score of a row or alert, or of the whole run.
///
/// Says which columns and features make the score, against what is typical, what each detector adds, the most similar
/// normal row, and the smallest change that would make the row normal. How rows are explained is set in the recipe under
/// `explanation`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["row", "alert", "global"]))]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// Row to explain, counted from 0 as in the files of --scores.
    #[arg(long, value_name = "N", help_heading = "What")]
    pub(super) row: Option<u32>,
    /// Alert to explain, by its number in `tarsier alerts list`: the row at its peak, with the recipe that found it.
    #[arg(long, value_name = "ID", help_heading = "What")]
    pub(super) alert: Option<i64>,
    /// What matters to the alerts of the whole run: importance of columns and features.
    #[arg(long, help_heading = "What", conflicts_with_all = ["detector", "method", "what_if"])]
    pub(super) global: bool,
    /// Explain the raw score of this detector. Default: the combined score.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(DetectorKind::ALL.iter().map(|kind| kind.name()).chain(["combined"])), help_heading = "How")]
    pub(super) detector: Option<String>,
    /// How to explain. Default: the best one there is for the score.
    #[arg(long, value_name = "METHOD", value_parser = PossibleValuesParser::new(Method::ALL.map(Method::name)), help_heading = "How")]
    pub(super) method: Option<String>,
    /// Score the row with another value, e.g. --what-if latency_ms=40 (repeatable).
    #[arg(long, value_name = "COLUMN=NUMBER", help_heading = "How")]
    pub(super) what_if: Vec<String>,
    /// Database that --alert is looked up in. Default: the user's own, shared with the window.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What")]
    pub(super) db: Option<PathBuf>,
    /// Features listed.
    #[arg(long, value_name = "N", default_value_t = 12, help_heading = "Output")]
    pub(super) top: usize,
    /// Print one JSON object instead of text.
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,
}

/// Data, settings and form of the output.
#[derive(Debug, Args)]
pub(super) struct FeaturesArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// Print one JSON list instead of a table.
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum AlertsCommand {
    /// List alerts, worst first
    List {
        #[command(flatten)]
        output: AlertsOutput,
        /// Only alerts of this status (repeatable): new, acknowledged, closed. Default: new and acknowledged.
        #[arg(long, value_name = "STATUS", value_parser = PossibleValuesParser::new(["new", "acknowledged", "closed"]))]
        status: Vec<String>,
        /// Most alerts to list.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
    },
    /// Show everything about an alert
    Show {
        /// Number of the alert, as listed.
        id: i64,
        #[command(flatten)]
        output: AlertsOutput,
    },
}

#[derive(Debug, Args)]
pub(super) struct AlertsOutput {
    /// Database of alerts. Default: the user's own, shared with the window.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) db: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum RecipeCommand {
    /// Print the default recipe with every setting explained
    Reference,
    /// Check recipe files: every problem with its path
    Check {
        /// Recipe files.
        #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
    },
    /// List the presets, or print one in full
    Presets {
        /// Preset to print.
        #[arg(value_parser = PossibleValuesParser::new(Preset::ALL.map(Preset::name)))]
        name: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum CacheCommand {
    /// Remove everything kept; the next run computes it again
    Clear,
}

#[derive(Debug, Args)]
pub(super) struct SampleArgs {
    /// Which sample.
    #[arg(value_parser = PossibleValuesParser::new(Sample::ALL.map(Sample::name)))]
    pub(super) name: String,
    /// Rows to make. Default: as many as the window shows.
    #[arg(long, value_name = "N")]
    pub(super) rows: Option<usize>,
    /// Seed of the generator.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(super) seed: u64,
    /// File to write, .csv or .parquet.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) out: PathBuf,
}
