//! What closed alerts teach the ensemble: which rows were real anomalies, and which were not.

use super::store::{Filter, Presence, Store, StoreError};
use super::{AlertStatus, AlertSummary, Verdict};
use crate::analysis::ensemble::Feedback;
use crate::data::Table;

/// The peak rows of the table's closed alerts, with what they turned out to be. Alerts that were unusual but harmless, or
/// duplicates, say nothing about the detectors.
///
/// # Errors
/// When the database cannot be read.
pub fn feedback(store: &Store, table: &Table) -> Result<Vec<Feedback>, StoreError> {
    let filter = Filter {
        statuses: vec![AlertStatus::Closed],
        source_id: Some(table.source_id.clone()),
        presence: Presence::Any,
        ..Filter::default()
    };
    let mut feedback: Vec<Feedback> = store.list(&filter)?.iter().filter_map(|alert| of_alert(alert, table)).collect();
    feedback.sort_unstable_by_key(|feedback| feedback.row);
    Ok(feedback)
}

fn of_alert(alert: &AlertSummary, table: &Table) -> Option<Feedback> {
    let is_anomaly = match alert.verdict? {
        Verdict::TruePositive => true,
        Verdict::FalsePositive => false,
        Verdict::Benign | Verdict::Duplicate => return None,
    };
    let is_it = |row: &usize| {
        let time = table.time().and_then(|times| times.get(*row)).copied();
        let entity = table.entities().map(|entities| entities.name_of(*row));
        *row < table.n_rows() && time == alert.peak_time && entity == alert.entity.as_deref()
    };
    // Rows may have moved since, as when a file has grown at its beginning; their times have not.
    let known = Some(alert.peak_row as usize).filter(is_it);
    let row = known.or_else(|| table.time().and_then(|_| (0..table.n_rows()).find(is_it)))?;
    Some(Feedback { row: u32::try_from(row).ok()?, is_anomaly })
}
