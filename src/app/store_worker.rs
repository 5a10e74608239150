//! The alerts database on its own thread: the window asks and goes on; answers are polled.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::main_job::Findings;
use crate::triage::{
    Alert, AlertSummary, Counts, Filter, NewAlert, RunId, RunOutcome, Store, TriageAction, UndoReport,
};

/// Something to do with the database.
#[derive(Debug)]
pub(super) enum Request {
    /// Keep the alerts of a run.
    Record(Findings),
    /// Keep what was found out about the alerts of a run.
    Explain { run_id: RunId, alerts: Vec<NewAlert> },
    /// The alerts that match, and one of them in full.
    Refresh { filter: Filter, selected: Option<i64> },
    /// Act on alerts.
    Apply { ids: Vec<i64>, action: TriageAction, author: String, at_micros: i64 },
    /// Take back the author's latest action.
    Undo { author: String, at_micros: i64 },
    /// Do it again.
    Redo { author: String, at_micros: i64 },
}

/// What the database has to say.
#[derive(Debug)]
pub(super) enum Reply {
    Recorded(RunOutcome),
    /// Explanations were kept. The list should be refreshed.
    Explained,
    List {
        alerts: Vec<AlertSummary>,
        counts: Counts,
        selected: Option<Box<Alert>>,
    },
    /// Something was done; the text says what. The list should be refreshed.
    Done(String),
    /// Something failed; the text says what to do.
    Failed(String),
}

/// The thread that owns the database.
#[derive(Debug)]
pub(super) struct StoreWorker {
    requests: Sender<Request>,
    replies: Receiver<Reply>,
}

impl StoreWorker {
    /// Opens the database on a thread of its own. A database that cannot be opened answers every request with why.
    pub(super) fn spawn(path: PathBuf, notify: impl Fn() + Send + 'static) -> Self {
        let (requests, inbox) = channel::<Request>();
        let (outbox, replies) = channel();
        let work = move || {
            let mut store = Store::open(&path);
            for request in inbox {
                let reply = match &mut store {
                    Ok(store) => answer(store, request),
                    Err(error) => Reply::Failed(error.to_string()),
                };
                if outbox.send(reply).is_err() {
                    break;
                }
                notify();
            }
        };
        // Without a thread the requests fail to send, which is reported where it happens.
        let _ = std::thread::Builder::new().name("alerts".to_owned()).spawn(work);
        Self { requests, replies }
    }

    /// Hands over a request; false when the thread is gone.
    pub(super) fn send(&self, request: Request) -> bool {
        self.requests.send(request).is_ok()
    }

    /// The next answer, if any. Never blocks.
    pub(super) fn poll(&self) -> Option<Reply> {
        self.replies.try_recv().ok()
    }
}

fn answer(store: &mut Store, request: Request) -> Reply {
    let reply = match request {
        Request::Record(findings) => findings.record(store).map(Reply::Recorded),
        Request::Explain { run_id, alerts } => store.record_explanations(run_id, &alerts).map(|_| Reply::Explained),
        Request::Refresh { filter, selected } => store.list(&filter).and_then(|alerts| {
            let counts = store.counts(&filter)?;
            let selected = selected.map_or(Ok(None), |id| store.get(id))?;
            Ok(Reply::List { alerts, counts, selected: selected.map(Box::new) })
        }),
        Request::Apply { ids, action, author, at_micros } => store
            .apply(&ids, &action, &author, at_micros)
            .map(|applied| Reply::Done(told(&action, "", applied.changed.len()))),
        Request::Undo { author, at_micros } => {
            store.undo(&author, at_micros).map(|report| reverted(report.as_ref(), "Undone: ", "Nothing to undo"))
        }
        Request::Redo { author, at_micros } => {
            store.redo(&author, at_micros).map(|report| reverted(report.as_ref(), "Redone: ", "Nothing to redo"))
        }
    };
    reply.unwrap_or_else(|error| Reply::Failed(error.to_string()))
}

fn reverted(report: Option<&UndoReport>, what: &str, nothing: &str) -> Reply {
    Reply::Done(report.map_or_else(|| nothing.to_owned(), |r| told(&r.action, what, r.changed.len())))
}

/// What was done to how many alerts.
fn told(action: &TriageAction, what: &str, n_alerts: usize) -> String {
    let verb = match action {
        TriageAction::Acknowledge => "acknowledged",
        TriageAction::Close { .. } => "closed",
        TriageAction::Reopen => "reopened",
        TriageAction::Assign(Some(_)) => "assigned",
        TriageAction::Assign(None) => "unassigned",
        TriageAction::AddNote(_) => "noted",
        TriageAction::AddTag(_) => "tagged",
        TriageAction::RemoveTag(_) => "untagged",
    };
    match n_alerts {
        0 => format!("{what}Nothing to change: already {verb}"),
        1 => format!("{what}1 alert {verb}"),
        n => format!("{what}{n} alerts {verb}"),
    }
}
