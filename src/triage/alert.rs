//! What an alert is: what the runs found, and what people made of it.

use serde::{Deserialize, Deserializer, Serialize};

use super::action::{TriageAction, WorkState};
use super::episode::Episode;
use super::explained::AlertExplanation;
use crate::analysis::severity::{Factor, Severity};

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// Nobody has taken it up.
    #[default]
    New,
    /// Somebody works on it.
    Acknowledged,
    /// Done, with a [`Verdict`].
    Closed,
}

impl AlertStatus {
    /// Every status, in the order of the work.
    pub const ALL: [Self; 3] = [Self::New, Self::Acknowledged, Self::Closed];

    /// Name in files and databases.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// What a closed alert turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A real problem.
    TruePositive,
    /// Nothing was unusual: the detectors were wrong.
    FalsePositive,
    /// Unusual, but expected or harmless.
    Benign,
    /// The same as another alert.
    Duplicate,
}

impl Verdict {
    /// Every verdict, in the order of the digits that choose them.
    pub const ALL: [Self; 4] = [Self::TruePositive, Self::FalsePositive, Self::Benign, Self::Duplicate];

    /// Name in files and databases.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TruePositive => "true_positive",
            Self::FalsePositive => "false_positive",
            Self::Benign => "benign",
            Self::Duplicate => "duplicate",
        }
    }

    /// The verdict of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

/// What one detector says about an episode, at its peak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetectorVote {
    /// Name of the detector.
    pub detector: String,
    /// Its raw score; higher = more abnormal.
    #[serde(deserialize_with = "number_or_nan")]
    pub score: f64,
    /// Its score made comparable to those of the other detectors.
    #[serde(deserialize_with = "number_or_nan")]
    pub normalized: f64,
    /// Whether it calls the row abnormal on its own.
    pub voted: bool,
}

/// How far a feature was from what is typical, at the peak of an episode. The store keeps numbers that are not finite
/// as NaN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureDeviation {
    /// Name of the feature.
    pub feature: String,
    /// Raw column it comes from.
    pub source: String,
    /// Its value, in the units of the data; NaN where it was missing.
    #[serde(deserialize_with = "number_or_nan")]
    pub value: f64,
    /// Its typical value, in the units of the data.
    #[serde(deserialize_with = "number_or_nan")]
    pub typical: f64,
    /// How far from typical, in units of the scaled feature; negative below.
    #[serde(deserialize_with = "number_or_nan")]
    pub deviation: f64,
}

/// How an alert was judged besides its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// Severity by the combined score alone.
    pub base: Severity,
    /// What raised (or lowered) it, each with its factor.
    pub factors: Vec<(Factor, f64)>,
    /// Priority of its severity; 1 is the most urgent.
    pub priority: u8,
    /// Minutes within which someone should respond.
    pub response_minutes: u32,
    /// Probability that its worst row is an anomaly, 0 to 1; `None` where the run gives none.
    #[serde(default)]
    pub probability: Option<f64>,
    /// How sure the combined score of its worst row is, 0 to 1; `None` where the run does not say.
    #[serde(default)]
    pub confidence: Option<f64>,
}

impl Assessment {
    /// "raised from medium: business hours ×2.0"; `None` where nothing was adjusted.
    pub fn adjustment(&self, severity: Severity) -> Option<String> {
        if self.factors.is_empty() {
            return None;
        }
        let factors: Vec<String> =
            self.factors.iter().map(|(factor, x)| format!("{} ×{x:.1}", factor.title())).collect();
        let base = self.base.name();
        let change = match severity.cmp(&self.base) {
            std::cmp::Ordering::Greater => format!("raised from {base}"),
            std::cmp::Ordering::Less => format!("lowered from {base}"),
            std::cmp::Ordering::Equal => format!("{base} with and without"),
        };
        Some(format!("{change}: {}", factors.join(", ")))
    }
}

/// JSON has no NaN: it is written as null.
pub(super) fn number_or_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// What a run hands over for one episode.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAlert {
    /// The rows and their peak.
    pub episode: Episode,
    /// What each detector says at the peak.
    pub fired: Vec<DetectorVote>,
    /// Names of the rules that fired for any of the rows.
    pub rules: Vec<String>,
    /// The most deviating features at the peak, worst first.
    pub top_features: Vec<FeatureDeviation>,
    /// How it was judged.
    pub assessment: Assessment,
    /// What makes its score, where that was found out.
    pub explanation: Option<AlertExplanation>,
}

/// A remark on an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Identity of the note.
    pub id: i64,
    /// Who wrote it.
    pub author: String,
    /// When, in microseconds since 1970-01-01 UTC.
    pub at: i64,
    /// What it says.
    pub text: String,
}

/// What kind of entry of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// Somebody did something.
    Action,
    /// Somebody took an action (or a redo) back.
    Undo,
    /// Somebody took an undo back.
    Redo,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Action, Self::Undo, Self::Redo];

    /// Name in databases.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Undo => "undo",
            Self::Redo => "redo",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One thing that happened to an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Entry of the journal.
    pub journal_id: i64,
    /// When, in microseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Who did it.
    pub author: String,
    /// Whether it was done, undone or redone.
    pub kind: EntryKind,
    /// What was done, undone or redone.
    pub action: TriageAction,
    /// The work on the alert before.
    pub before: WorkState,
    /// The work on the alert after.
    pub after: WorkState,
}

/// An alert as the queue lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertSummary {
    /// Identity of the alert; stays the same from run to run.
    pub id: i64,
    /// Identity of the source it was found in.
    pub source_id: String,
    /// Name of that source for people.
    pub source_name: String,
    /// Whose rows they are.
    pub entity: Option<String>,
    /// First anomalous row (from 0), as of the run that saw the alert last.
    pub start_row: u32,
    /// Last anomalous row.
    pub end_row: u32,
    /// Row with the highest score.
    pub peak_row: u32,
    /// Time of the first anomalous row, in microseconds since 1970-01-01 UTC.
    pub start_time: Option<i64>,
    /// Time of the last anomalous row.
    pub end_time: Option<i64>,
    /// Time of the row with the highest score.
    pub peak_time: Option<i64>,
    /// Number of anomalous rows.
    pub n_rows: u32,
    /// Highest combined score, 0 to 1.
    pub peak_score: f64,
    /// Severity of the peak.
    pub severity: Severity,
    /// What was found, in a plain sentence.
    pub sentence: String,
    /// Where it stands.
    pub status: AlertStatus,
    /// What it turned out to be, once closed.
    pub verdict: Option<Verdict>,
    /// Who works on it.
    pub assignee: Option<String>,
    /// Its tags, sorted.
    pub tags: Vec<String>,
    /// Number of notes.
    pub n_notes: u32,
    /// Start of the first run that found it, in microseconds since 1970-01-01 UTC.
    pub first_seen: i64,
    /// Start of the latest run that found it.
    pub last_seen: i64,
    /// Number of runs that found it.
    pub n_runs: u32,
    /// Whether the latest run of its source found it.
    pub is_current: bool,
    /// Closed, and since then found again with a higher severity than it was closed at. It stays closed: reopen it, or
    /// close it again to accept the higher severity.
    pub returned: bool,
}

/// An alert with everything known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// What the queue lists.
    pub summary: AlertSummary,
    /// What each detector says at the peak.
    pub fired: Vec<DetectorVote>,
    /// Names of the rules that fired for any of the rows.
    pub rules: Vec<String>,
    /// The most deviating features at the peak, worst first.
    pub top_features: Vec<FeatureDeviation>,
    /// How it was judged; `None` where an older program found it.
    pub assessment: Option<Assessment>,
    /// What makes its score; `None` where that was not found out.
    pub explanation: Option<AlertExplanation>,
    /// Its notes, oldest first.
    pub notes: Vec<Note>,
    /// Everything people did to it, oldest first.
    pub history: Vec<HistoryEntry>,
}
