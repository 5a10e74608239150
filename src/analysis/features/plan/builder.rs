//! Collects the steps of a plan and gives every output a name of its own.

use std::collections::HashSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Unit;
use crate::analysis::features::catalogue::Entry;
use crate::analysis::features::step::Step;
use crate::analysis::features::{FeatureError, FeaturePlan};
use crate::data::{Feature, Table};
use crate::recipe::FeaturesConfig;

/// A step over some columns, and where its outputs stand among the features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::analysis::features) struct Node {
    pub(in crate::analysis::features) step: Step,
    /// Its numeric columns.
    pub(in crate::analysis::features) numbers: Vec<String>,
    /// Its text columns.
    pub(in crate::analysis::features) texts: Vec<String>,
    pub(in crate::analysis::features) outputs: Range<usize>,
}

/// A plan under construction.
pub(super) struct Builder {
    /// What windows count; `None` where there is no time.
    pub(super) unit: Option<Unit>,
    taken: HashSet<String>,
    nodes: Vec<Node>,
    entries: Vec<Entry>,
}

impl Builder {
    pub(super) fn new(table: &Table, unit: Option<Unit>) -> Self {
        let taken = table.columns.iter().map(|column| column.name.clone()).collect();
        Self { unit, taken, nodes: Vec::new(), entries: Vec::new() }
    }

    /// Adds a step that `setting` asks for, over numeric and text columns.
    pub(super) fn add(&mut self, setting: &str, step: impl Into<Step>, numbers: &[&str], texts: &[&str]) {
        let step = step.into();
        let columns: Vec<&str> = numbers.iter().chain(texts).copied().collect();
        let first = self.entries.len();
        for output in step.outputs(&columns) {
            // The raw value keeps the name of its column.
            let name = if columns.contains(&output.name.as_str()) { output.name } else { self.free(&output.name) };
            self.entries.push(Entry {
                name,
                formula: output.formula,
                sources: columns.iter().map(|&column| column.to_owned()).collect(),
                look_back: output.look_back,
                setting: setting.to_owned(),
            });
        }
        let outputs = first..self.entries.len();
        if !outputs.is_empty() {
            let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
            self.nodes.push(Node { step, numbers: owned(numbers), texts: owned(texts), outputs });
        }
    }

    /// That name, with a number where it is taken.
    fn free(&mut self, name: &str) -> String {
        let numbered = (2u64..).map(|n| format!("{name}_{n}"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
        let free = candidates.find(|name| !self.taken.contains(name)).unwrap_or_else(|| name.to_owned());
        self.taken.insert(free.clone());
        free
    }

    /// The plan. `sources` are the numeric columns it looks at.
    ///
    /// # Errors
    /// Where it holds no feature.
    pub(super) fn finish(self, sources: Vec<String>, config: &FeaturesConfig) -> Result<FeaturePlan, FeatureError> {
        if self.entries.is_empty() {
            return Err(FeatureError::NoFeatures { reason: nothing_asked_for(config, self.unit.is_some()) });
        }
        let feature = |entry: &Entry| Feature {
            name: entry.name.clone(),
            source: entry.sources.first().cloned().unwrap_or_default(),
        };
        let features = self.entries.iter().map(feature).collect();
        Ok(FeaturePlan { features, entries: self.entries, unit: self.unit, sources, nodes: self.nodes })
    }
}

fn nothing_asked_for(config: &FeaturesConfig, has_time: bool) -> String {
    let wants_time = config.time_series.enabled || config.statistical.enabled;
    if !has_time && wants_time {
        "features.raw is off and there is no time column for the others; turn features.raw on or set data.time".into()
    } else {
        "nothing under features applies to it; turn on features.raw, features.time_series or features.statistical"
            .into()
    }
}
