//! From anomalous rows to work: episodes, the alerts people handle, and the store that keeps both and every action.
//!
//! The way of an alert: [`group`] makes [`Episode`]s of the anomalous rows of a run; the run adds what the detectors
//! and features say ([`NewAlert`]); [`Store::record_run`] matches them to the alerts it knows, so that running again
//! neither duplicates an alert nor loses a person's work; [`Store::apply`] changes that work and journals it.
//!
//! Invariants: nothing here reads the clock (times come from the caller); only `store` names rusqlite.

mod action;
mod alert;
mod describe;
mod episode;
mod explained;
mod feedback;
mod from_run;
mod matching;
mod store;

pub use action::{TriageAction, WorkState};
pub use alert::{
    Alert, AlertStatus, AlertSummary, Assessment, DetectorVote, EntryKind, FeatureDeviation, HistoryEntry, NewAlert,
    Note, Verdict,
};
pub use describe::{describe, describe_row};
pub use episode::{Episode, ScoredRows, group};
pub use explained::{AlertExplanation, ExplainedColumn, ExplainedFeature, explain_alerts};
pub use feedback::feedback;
pub use from_run::alerts_of;
pub use store::{
    Applied, Counts, Filter, JournalEntry, JournalId, Presence, RunId, RunOutcome, RunRecord, RunSummary, Store,
    StoreError, StoreProblem, UndoReport,
};
