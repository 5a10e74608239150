//! What a person can do to an alert, and how that changes the work kept with it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::alert::{AlertStatus, Verdict};
use crate::analysis::severity::Severity;

/// What a person can do to alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriageAction {
    /// Take a new alert up; it is assigned to the author where nobody is. Leaves closed alerts alone.
    Acknowledge,
    /// Close with a verdict. A closed alert gets the new verdict, and the severity it has now counts as accepted.
    Close {
        /// What it turned out to be.
        verdict: Verdict,
    },
    /// Take a closed alert up again: it is acknowledged where somebody is assigned, else new.
    Reopen,
    /// Assign to somebody, or to nobody.
    Assign(Option<String>),
    /// Add a note.
    AddNote(String),
    /// Add a tag.
    AddTag(String),
    /// Remove a tag.
    RemoveTag(String),
}

/// The work of people on an alert: what the journal keeps before and after every entry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkState {
    /// Where the alert stands.
    pub status: AlertStatus,
    /// What it turned out to be. Present when closed, and only then.
    pub verdict: Option<Verdict>,
    /// Severity it was closed at. Present when closed, and only then.
    pub closed_severity: Option<Severity>,
    /// Who works on it.
    pub assignee: Option<String>,
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// Identities of its notes. The texts are kept apart and never change.
    pub notes: BTreeSet<i64>,
}

impl WorkState {
    /// The state after an action of `author` on an alert that now has `severity`. Notes are added by the store, which
    /// knows their identities.
    pub(super) fn after(&self, action: &TriageAction, author: &str, severity: Severity) -> Self {
        let mut next = self.clone();
        match action {
            TriageAction::Acknowledge if self.status == AlertStatus::New => {
                next.status = AlertStatus::Acknowledged;
                next.assignee.get_or_insert_with(|| author.to_owned());
            }
            TriageAction::Close { verdict } => {
                next.status = AlertStatus::Closed;
                next.verdict = Some(*verdict);
                next.closed_severity = Some(severity);
            }
            TriageAction::Reopen if self.status == AlertStatus::Closed => {
                let is_assigned = self.assignee.is_some();
                next.status = if is_assigned { AlertStatus::Acknowledged } else { AlertStatus::New };
                next.verdict = None;
                next.closed_severity = None;
            }
            TriageAction::Assign(assignee) => next.assignee.clone_from(assignee),
            TriageAction::AddTag(tag) => {
                next.tags.insert(tag.clone());
            }
            TriageAction::RemoveTag(tag) => {
                next.tags.remove(tag);
            }
            TriageAction::Acknowledge | TriageAction::Reopen | TriageAction::AddNote(_) => {}
        }
        next
    }

    /// This state with the step `from` → `to` made: a field that no longer is as in `from` was changed by somebody
    /// else since, and is left alone.
    pub(super) fn stepped(&self, from: &Self, to: &Self) -> Self {
        let mut next = self.clone();
        if self.standing() == from.standing() {
            (next.status, next.verdict, next.closed_severity) = to.standing();
        }
        if self.assignee == from.assignee {
            next.assignee.clone_from(&to.assignee);
        }
        next.tags = stepped_set(&self.tags, &from.tags, &to.tags);
        next.notes = stepped_set(&self.notes, &from.notes, &to.notes);
        next
    }

    /// Whether [`WorkState::stepped`] had to leave something alone.
    pub(super) fn blocks_step(&self, from: &Self, to: &Self) -> bool {
        (from.standing() != to.standing() && self.standing() != from.standing())
            || (from.assignee != to.assignee && self.assignee != from.assignee)
    }

    fn standing(&self) -> (AlertStatus, Option<Verdict>, Option<Severity>) {
        (self.status, self.verdict, self.closed_severity)
    }
}

fn stepped_set<T: Ord + Clone>(current: &BTreeSet<T>, from: &BTreeSet<T>, to: &BTreeSet<T>) -> BTreeSet<T> {
    let taken_out: BTreeSet<&T> = from.difference(to).collect();
    let kept = current.iter().filter(|item| !taken_out.contains(item));
    kept.chain(to.difference(from)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(state: &WorkState, action: &TriageAction) -> WorkState {
        state.after(action, "ann", Severity::High)
    }

    #[test]
    fn acknowledging_assigns_to_the_author_unless_taken() {
        let new = WorkState::default();
        let taken = done(&new, &TriageAction::Acknowledge);
        assert_eq!((taken.status, taken.assignee.as_deref()), (AlertStatus::Acknowledged, Some("ann")));
        let of_bob = done(&new, &TriageAction::Assign(Some("bob".into())));
        assert_eq!(done(&of_bob, &TriageAction::Acknowledge).assignee.as_deref(), Some("bob"));
    }

    #[test]
    fn closing_and_reopening() {
        let close = TriageAction::Close { verdict: Verdict::Benign };
        let closed = done(&WorkState::default(), &close);
        assert_eq!(closed.standing(), (AlertStatus::Closed, Some(Verdict::Benign), Some(Severity::High)));
        assert_eq!(done(&closed, &TriageAction::Acknowledge), closed);
        assert_eq!(done(&closed, &TriageAction::Reopen), WorkState::default());
        let taken = done(&WorkState::default(), &TriageAction::Acknowledge);
        assert_eq!(done(&done(&taken, &close), &TriageAction::Reopen), taken);
        assert_eq!(done(&taken, &TriageAction::Reopen), taken);
    }

    #[test]
    fn a_step_back_leaves_later_changes_alone() {
        let before = WorkState::default();
        let tagged = done(&before, &TriageAction::AddTag("disk".into()));
        let taken = done(&before, &TriageAction::Acknowledge);
        // Bob has since tagged and closed what Ann took up.
        let mut now = done(&taken, &TriageAction::Close { verdict: Verdict::Duplicate });
        now.tags.insert("seen".into());
        assert!(now.blocks_step(&taken, &before));
        let back = now.stepped(&taken, &before);
        assert_eq!((back.status, back.assignee, back.tags.len()), (AlertStatus::Closed, None, 1));
        let mut more = tagged.clone();
        more.tags.insert("seen".into());
        assert!(!more.blocks_step(&tagged, &before));
        assert_eq!(more.stepped(&tagged, &before).tags, BTreeSet::from(["seen".to_owned()]));
    }
}
