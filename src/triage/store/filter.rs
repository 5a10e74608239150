//! Which alerts a list shows.

use rusqlite::types::Value;

use super::codec::Level;
use crate::analysis::severity::Severity;
use crate::triage::AlertStatus;

/// Which alerts a list shows. The default shows all of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only these statuses; empty: any.
    pub statuses: Vec<AlertStatus>,
    /// Only these severities; empty: any.
    pub severities: Vec<Severity>,
    /// Only this source.
    pub source_id: Option<String>,
    /// Only this entity.
    pub entity: Option<String>,
    /// Only alerts that contain each of these words, whatever their case, in sentence, entity, source, features,
    /// assignee, tags or notes.
    pub text: String,
    /// How long alerts stay once runs no longer find them.
    pub presence: Presence,
    /// Only alerts that were closed and came back worse.
    pub returned_only: bool,
    /// At most this many; `None`: all.
    pub limit: Option<usize>,
    /// Leave out this many from the top.
    pub offset: usize,
}

/// How long alerts stay in a list once the latest run of their source no longer finds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Presence {
    /// Those a person has acted on stay, even if the action was undone; the others leave.
    #[default]
    CurrentOrTouched,
    /// All leave.
    Current,
    /// All stay.
    Any,
}

/// A condition of SQL with its values.
#[derive(Debug, Default)]
pub(super) struct Condition {
    terms: Vec<String>,
    pub(super) values: Vec<Value>,
}

impl Condition {
    pub(super) fn sql(&self) -> String {
        if self.terms.is_empty() { "1".to_owned() } else { self.terms.join(" AND ") }
    }

    /// Adds a term in which every `?` stands for the next of `values`.
    fn add(&mut self, term: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        self.terms.push(term.into());
        self.values.extend(values);
    }

    fn one_of(&mut self, column: &str, values: impl ExactSizeIterator<Item = Value>) {
        if values.len() > 0 {
            self.add(format!("{column} IN ({})", vec!["?"; values.len()].join(", ")), values);
        }
    }
}

/// SQL that is true for alerts closed and found worse since.
pub(super) const RETURNED: &str = "(status = 'closed' AND severity > closed_severity)";

impl Filter {
    /// The filter as SQL.
    pub(super) fn condition(&self) -> Condition {
        let mut condition = self.facet_condition();
        condition.one_of("status", self.statuses.iter().map(|status| Value::Text(status.name().to_owned())));
        condition.one_of("severity", self.severities.iter().map(|&severity| Value::Integer(Level(severity).rank())));
        condition
    }

    /// The filter without statuses and severities, as SQL: what the facets count.
    pub(super) fn facet_condition(&self) -> Condition {
        let mut condition = Condition::default();
        match self.presence {
            Presence::CurrentOrTouched => condition.add("(is_current = 1 OR touched = 1)", []),
            Presence::Current => condition.add("is_current = 1", []),
            Presence::Any => {}
        }
        if let Some(source_id) = &self.source_id {
            condition.add("source_id = ?", [Value::Text(source_id.clone())]);
        }
        if let Some(entity) = &self.entity {
            condition.add("entity = ?", [Value::Text(entity.clone())]);
        }
        if self.returned_only {
            condition.add(RETURNED, []);
        }
        for word in self.text.to_lowercase().split_whitespace() {
            let word = || Value::Text(word.to_owned());
            condition.add("(instr(found_text, ?) > 0 OR instr(work_text, ?) > 0)", [word(), word()]);
        }
        condition
    }
}
