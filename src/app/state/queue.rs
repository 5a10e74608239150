//! The queue of alerts as the window shows it, and actions on it.

use std::collections::{BTreeSet, HashSet};

use super::super::series::alert_extent;
use super::super::store_worker::{Reply, Request};
use super::{App, Focus, MessageKind, Perspective};
use crate::analysis::severity::Severity;
use crate::engine::now_micros;
use crate::triage::{Alert, AlertStatus, AlertSummary, Counts, Filter, TriageAction};

/// The alerts on show.
#[derive(Debug, Default)]
pub struct Queue {
    /// The alerts that match the filter, worst first.
    pub alerts: Vec<AlertSummary>,
    /// The selected alert in full.
    pub detail: Option<Box<Alert>>,
    /// The selected alert.
    pub selected: Option<i64>,
    /// Alerts marked for an action on several.
    pub marked: BTreeSet<i64>,
    /// Text that alerts must match.
    pub search: String,
    /// Whether closed alerts are shown.
    pub show_closed: bool,
    /// Only alerts of these severities are shown; empty: all.
    pub severities: Vec<Severity>,
    /// How many alerts there are of each kind, were they all asked for.
    pub counts: Counts,
}

impl Queue {
    /// The alerts an action applies to: the marked ones, else the selected one.
    pub fn targets(&self) -> Vec<i64> {
        if self.marked.is_empty() { self.selected.into_iter().collect() } else { self.marked.iter().copied().collect() }
    }

    /// Marks the selected alert, or unmarks it.
    pub(super) fn toggle_mark(&mut self) {
        if let Some(id) = self.selected
            && !self.marked.remove(&id)
        {
            self.marked.insert(id);
        }
    }

    /// Forgets alerts of data that is closed; keeps how they are shown.
    pub(super) fn forget(&mut self) {
        *self = Self { show_closed: self.show_closed, ..Self::default() };
    }

    /// An alert of the list, or the selected one.
    pub fn alert(&self, id: i64) -> Option<&AlertSummary> {
        let listed = self.alerts.iter().find(|alert| alert.id == id);
        listed.or_else(|| self.detail.as_ref().map(|alert| &alert.summary).filter(|alert| alert.id == id))
    }

    fn position(&self) -> Option<usize> {
        self.alerts.iter().position(|alert| Some(alert.id) == self.selected)
    }
}

impl App {
    pub(super) fn select(&mut self, id: Option<i64>) {
        let is_other = std::mem::replace(&mut self.queue.selected, id) != id;
        if is_other {
            self.explanation_follows();
        }
        if self.queue.detail.as_ref().map(|alert| alert.summary.id) != id {
            self.queue.detail = None;
        }
        self.refresh_queue();
    }

    pub(super) fn select_by_step(&mut self, step: isize) {
        let Some(last) = self.queue.alerts.len().checked_sub(1) else { return };
        let next = self.queue.position().map_or(0, |at| at.saturating_add_signed(step).min(last));
        let id = self.queue.alerts.get(next).map(|alert| alert.id);
        self.select(id);
    }

    pub(super) fn triage(&mut self, action: TriageAction) {
        let ids = self.queue.targets();
        if ids.is_empty() {
            self.say(MessageKind::Info, "Select an alert first.");
            return;
        }
        // After an action the next alert is at hand, without another key.
        let leaves = matches!(action, TriageAction::Close { .. }) && !self.queue.show_closed;
        let next = self.queue.position().and_then(|at| {
            let rest = self.queue.alerts.get(at..)?.iter().chain(self.queue.alerts.iter().take(at).rev());
            rest.map(|alert| alert.id).find(|id| !ids.contains(id))
        });
        let (author, at_micros) = (self.settings.author(), now_micros());
        self.ask_store(Request::Apply { ids, action, author, at_micros });
        self.queue.marked.clear();
        if leaves {
            self.queue.selected = next;
            self.explanation_follows();
        }
    }

    pub(super) fn undo_triage(&mut self) {
        let (author, at_micros) = (self.settings.author(), now_micros());
        self.ask_store(Request::Undo { author, at_micros });
    }

    pub(super) fn redo_triage(&mut self) {
        let (author, at_micros) = (self.settings.author(), now_micros());
        self.ask_store(Request::Redo { author, at_micros });
    }

    pub(super) fn search(&mut self, text: String) {
        self.queue.search = text;
        self.refresh_queue();
    }

    pub(super) fn show_closed(&mut self, show: bool) {
        self.queue.show_closed = show;
        self.refresh_queue();
    }

    pub(super) fn filter_severities(&mut self, severities: Vec<Severity>) {
        self.queue.severities = severities;
        self.refresh_queue();
    }

    /// Shows an alert in the plots: its entity, and the stretch around it.
    pub(super) fn reveal(&mut self, id: i64) {
        let Some(alert) = self.queue.alert(id) else { return };
        let (entity, extent) = (alert.entity.clone(), alert_extent(alert));
        self.show_extent(entity, extent);
        self.select(Some(id));
    }

    /// Shows a row in the plots: its entity, and the stretch around it.
    pub(super) fn reveal_row(&mut self, row: u32) {
        let Some(table) = self.data.as_ref().map(|loaded| &loaded.table) else { return };
        let entity = table.entities().map(|entities| entities.name_of(row as usize).to_owned());
        let time = table.time().and_then(|times| times.get(row as usize));
        let at = time.map_or(f64::from(row), |&time| time as f64 / 1e6);
        self.show_extent(entity, (at, at));
    }

    fn show_extent(&mut self, entity: Option<String>, (from, to): (f64, f64)) {
        let serial = self.focus.map_or(0, |focus| focus.serial) + 1;
        self.focus = Some(Focus { serial, from, to });
        if self.view.as_ref().is_some_and(|view| view.entity != entity) {
            self.show_entity(entity);
        }
        self.settings.perspective = Perspective::Explore;
    }

    /// Asks for the alerts that match, and for the selected one in full.
    pub(super) fn refresh_queue(&mut self) {
        let mut statuses = vec![AlertStatus::New, AlertStatus::Acknowledged];
        if self.queue.show_closed {
            statuses.push(AlertStatus::Closed);
        }
        let filter = Filter {
            statuses,
            source_id: self.data.as_ref().map(|loaded| loaded.table.source_id.clone()),
            text: self.queue.search.trim().to_owned(),
            severities: self.queue.severities.clone(),
            ..Filter::default()
        };
        self.ask_store(Request::Refresh { filter, selected: self.queue.selected });
    }

    pub(super) fn ask_store(&mut self, request: Request) {
        if !self.store.send(request) {
            self.say(MessageKind::Error, "The alerts database is not at hand; restart the program.");
        }
    }

    pub(super) fn poll_store(&mut self) {
        while let Some(reply) = self.store.poll() {
            match reply {
                Reply::Recorded(outcome) => {
                    let (new, updated, gone) = (outcome.n_new, outcome.n_updated, outcome.n_gone);
                    self.say(MessageKind::Info, format!("Alerts: {new} new, {updated} known, {gone} no longer found"));
                    self.explain_alerts_of(outcome.run_id);
                    self.refresh_queue();
                }
                Reply::Explained => self.refresh_queue(),
                Reply::List { alerts, counts, selected } => {
                    let listed: HashSet<i64> = alerts.iter().map(|alert| alert.id).collect();
                    self.queue.marked.retain(|id| listed.contains(id));
                    self.queue.counts = counts;
                    self.queue.alerts = alerts;
                    self.queue.detail = selected;
                }
                Reply::Done(text) => {
                    self.say(MessageKind::Info, text);
                    self.refresh_queue();
                }
                Reply::Failed(text) => self.say(MessageKind::Error, text),
            }
        }
    }
}
