//! What is known of a feature before it is computed: its name, its formula in words, where it comes from, how far it looks.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far from its row a feature looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookBack {
    /// At the row alone.
    Row,
    /// At so many rows of the entity, the row included.
    Rows(u32),
    /// At the rows of so many minutes up to the row.
    Minutes(u32),
    /// At all rows of the entity up to the row, the older the less, or all alike.
    Past,
    /// At rows after it, too: not for live use.
    Future,
}

impl LookBack {
    /// Whether the feature looks at rows after its own.
    pub fn looks_ahead(self) -> bool {
        self == Self::Future
    }
}

impl fmt::Display for LookBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row => f.write_str("the row"),
            Self::Rows(n) => write!(f, "{n} rows"),
            Self::Minutes(1) => f.write_str("1 minute"),
            Self::Minutes(n) => write!(f, "{n} minutes"),
            Self::Past => f.write_str("all earlier rows"),
            Self::Future => f.write_str("later rows, too"),
        }
    }
}

/// A feature of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Unique name, such as `cpu_mean_30`.
    pub name: String,
    /// How it is computed, in one line of words.
    pub formula: String,
    /// The raw columns it comes from; the first is the one it is shown with.
    pub sources: Vec<String>,
    /// How far it looks.
    pub look_back: LookBack,
    /// The part of the recipe that asks for it, such as `features.time_series.rolling_statistics`.
    pub setting: String,
}

/// An output of a step, before it has a name of its own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Output {
    /// The name it asks for.
    pub(super) name: String,
    /// How it is computed, in words.
    pub(super) formula: String,
    pub(super) look_back: LookBack,
}

impl Output {
    pub(super) fn new(name: impl Into<String>, formula: impl Into<String>, look_back: LookBack) -> Self {
        Self { name: name.into(), formula: formula.into(), look_back }
    }
}
