//! What an explanation of a row says.

use crate::analysis::detect::DetectError;
use crate::analysis::features::FeatureError;
use crate::analysis::prepare::PrepareError;
use crate::cx::Cancelled;
use crate::recipe::DetectorKind;

/// Which score of a row is explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// The combined score, 0 to 1.
    Combined,
    /// The raw score of a detector.
    Detector(DetectorKind),
}

impl Target {
    /// Name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Combined => "combined",
            Self::Detector(kind) => kind.name(),
        }
    }
}

/// How a score is explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// SHAP values of an isolation forest, what is unknown left to the shares of the training rows in each branch.
    TreeShap,
    /// SHAP values of an isolation forest against the background rows.
    TreeShapInterventional,
    /// The parts that the score is the sum of.
    Decomposition,
    /// Shapley values against the background rows, by formula: exact where each column adds to the score by itself, the
    /// parts less their mean over the background elsewhere.
    ExactShap,
    /// Shapley values against the background rows, for any detector: exact for few features, else sampled.
    KernelShap,
    /// What detectors add to the combined score by its Shapley values, handed down to what made their own scores.
    ChainedShap,
    /// A linear model of the score around the row.
    Lime,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 7] = [
        Self::TreeShap,
        Self::TreeShapInterventional,
        Self::Decomposition,
        Self::ExactShap,
        Self::KernelShap,
        Self::ChainedShap,
        Self::Lime,
    ];

    /// Name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TreeShap => "tree_shap",
            Self::TreeShapInterventional => "tree_shap_interventional",
            Self::Decomposition => "decomposition",
            Self::ExactShap => "exact_shap",
            Self::KernelShap => "kernel_shap",
            Self::ChainedShap => "chained_shap",
            Self::Lime => "lime",
        }
    }

    /// Name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::TreeShap => "TreeSHAP",
            Self::TreeShapInterventional => "TreeSHAP, interventional",
            Self::Decomposition => "parts of the score",
            Self::ExactShap => "exact SHAP",
            Self::KernelShap => "KernelSHAP",
            Self::ChainedShap => "SHAP through the detectors",
            Self::Lime => "LIME",
        }
    }

    /// The method of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// Why there is no explanation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// The user cancelled it.
    #[error("cancelled")]
    Cancelled,
    /// There is no such row.
    #[error("there is no row {row}: the data has {n_rows} rows, counted from 0")]
    NoRow {
        /// Number of the row, from 0.
        row: u32,
        /// Rows there are.
        n_rows: usize,
    },
    /// The detector is not part of the run.
    #[error("{detector} is not part of the run; choose one of {known}, or combined")]
    NoDetector {
        /// Its name.
        detector: &'static str,
        /// The detectors there are.
        known: String,
    },
    /// The method does not fit what is to be explained.
    #[error("{method} cannot explain {target}; choose one of {possible}")]
    NotPossible {
        /// The method asked for.
        method: &'static str,
        /// The detector, or combined.
        target: &'static str,
        /// Methods that can.
        possible: String,
    },
    /// The recipe does not allow it.
    #[error("{what} is switched off; {remedy}")]
    SwitchedOff {
        /// What was asked for.
        what: &'static str,
        /// The setting to change.
        remedy: &'static str,
    },
    /// The column cannot be changed.
    #[error("there is no column {column} to change; choose one of {known}")]
    NoColumn {
        /// The column asked for.
        column: String,
        /// Columns that can be changed.
        known: String,
    },
    /// A detector could not be fitted again or could not score.
    #[error("{0}")]
    Detect(DetectError),
    /// The features could not be made again.
    #[error("{0}")]
    Features(FeatureError),
    /// The columns could not be read again.
    #[error("{0}")]
    Prepare(PrepareError),
}

impl From<Cancelled> for ExplainError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<DetectError> for ExplainError {
    fn from(error: DetectError) -> Self {
        if error == DetectError::Cancelled { Self::Cancelled } else { Self::Detect(error) }
    }
}

impl From<FeatureError> for ExplainError {
    fn from(error: FeatureError) -> Self {
        if error == FeatureError::Cancelled { Self::Cancelled } else { Self::Features(error) }
    }
}

impl From<PrepareError> for ExplainError {
    fn from(error: PrepareError) -> Self {
        if error == PrepareError::Cancelled { Self::Cancelled } else { Self::Prepare(error) }
    }
}

/// Why the score of a row is what it is: `base` plus the contributions is `score`.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Row of the table, from 0.
    pub row: u32,
    /// Which score.
    pub target: Target,
    /// By which method.
    pub method: Method,
    /// The score explained.
    pub score: f64,
    /// The score where nothing is known of the row.
    pub base: f64,
    /// What each feature adds, the largest first.
    pub contributions: Vec<Contribution>,
    /// What each detector adds to the combined score, the largest first; empty for a detector.
    pub detectors: Vec<DetectorShare>,
    /// What the method works on, where that is another value than the score.
    pub margin: Option<Margin>,
    /// How well the linear model of LIME fits around the row: R², at most 1; `None` for other methods.
    pub fit: Option<f64>,
}

impl Explanation {
    /// What each column adds by all that was made from it, in the order in which their features come; rules are left out.
    pub fn by_source(&self) -> Vec<(&str, f64)> {
        let mut sums: Vec<(&str, f64)> = Vec::new();
        for part in self.contributions.iter().filter(|part| !part.source.is_empty()) {
            match sums.iter_mut().find(|(source, _)| *source == part.source) {
                Some((_, sum)) => *sum += part.contribution,
                None => sums.push((&part.source, part.contribution)),
            }
        }
        sums
    }
}

/// What a feature adds to a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// The feature; a column with the mark " (over time)" where detectors look at it as a series; a rule in quotes.
    pub feature: String,
    /// The column it comes from; empty for a rule.
    pub source: String,
    /// Its value in its own units; NaN where it has none.
    pub value: f64,
    /// What it adds.
    pub contribution: f64,
    /// Standard error of that, where it is sampled.
    pub standard_error: Option<f64>,
}

/// What a detector adds to the combined score.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorShare {
    /// Which.
    pub kind: DetectorKind,
    /// Its raw score.
    pub score: f64,
    /// Its raw score where nothing is known of the row.
    pub base: f64,
    /// Raw score above which it calls a row abnormal on its own.
    pub threshold: f64,
    /// Whether it does so for this row.
    pub voted: bool,
    /// The column that raises its own score most; empty where none does.
    pub leading: String,
    /// What it adds to the combined score.
    pub contribution: f64,
}

/// A value that a score is a function of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margin {
    /// What it is.
    pub name: &'static str,
    /// Of the row.
    pub value: f64,
    /// Where nothing is known of the row.
    pub base: f64,
}
