//! Features: what is computed from the raw columns of a table, step by step.
//!
//! [`plan`] decides which features there are. A plan is a list of nodes: a step with its settings over some columns.
//! [`FeaturePlan::compute_node`] fits a node on the training rows and computes its features for all rows; the fitted
//! nodes together are [`FittedFeatures`], which give the same features row by row on a stream. The whole table of
//! features never exists here: the preparation takes it node by node.

pub mod catalogue;
pub mod change_points;
pub mod correlation;
mod deviations;
pub mod distribution;
pub(crate) mod domain;

mod input;

pub mod layout;
mod per_entity;
mod plan;
pub mod profile;
pub mod seasonal;
mod stamps;
mod step;
mod steps;
mod stream;
mod text;
pub mod volatility;
pub mod windows;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use self::catalogue::Entry;
use self::input::StepInput;
use self::plan::Node;
use self::step::FittedStep;
use crate::cx::{Cancelled, Cx};
use crate::data::Feature;

pub use self::input::FeatureInput;
pub use self::plan::{Unit, plan};
pub use self::stream::{EntityState, FeatureStream, FittedFeatures};

/// Why there are no features, or why they could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeatureError {
    /// The user cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// There is nothing to compute from.
    #[error("the table has no rows; open a file with data below its header")]
    NoRows,
    /// No column holds numbers to look at.
    #[error(
        "no column can be used as a feature; name numeric columns in data.features or set data.column_types. {reasons}"
    )]
    NoColumns {
        /// Which columns there are, and why each cannot be used.
        reasons: String,
    },
    /// The recipe asks for no feature on this table.
    #[error("the recipe makes no feature from this table: {reason}")]
    NoFeatures {
        /// Why, and what to change.
        reason: String,
    },
    /// The plan was made for another table.
    #[error("column {column} is missing, or of another type, or has another number of rows; make the features anew")]
    OtherTable {
        /// The raw column.
        column: String,
    },
    /// Features that need rows after their own cannot be made live.
    #[error(
        "these features look at later rows and cannot be made live: {features}; turn {settings} off or choose a \
         method that looks back only"
    )]
    LooksAhead {
        /// Names of some of the features.
        features: String,
        /// The settings that ask for them.
        settings: String,
    },
}

impl From<Cancelled> for FeatureError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// Which features there are, and how to compute them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeaturePlan {
    /// The features, those of a node next to each other.
    pub features: Vec<Feature>,
    /// Per feature, what is known of it.
    pub entries: Vec<Entry>,
    /// What windows count on this table; `None` where it has no time.
    pub unit: Option<Unit>,
    sources: Vec<String>,
    nodes: Vec<Node>,
}

/// What a node gives: what it learned, and its features.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeColumns {
    /// The node, fitted.
    pub fitted: FittedNode,
    /// One column per feature, in table row order; NaN where it is missing.
    pub columns: Vec<Vec<f64>>,
}

/// A node that has learned from the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedNode(FittedStep);

impl FeaturePlan {
    /// The numeric columns that features come from, in table order.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Where in [`FeaturePlan::features`] those of a node are; empty where there is no such node.
    pub fn node_features(&self, node: usize) -> Range<usize> {
        self.nodes.get(node).map_or(0..0, |node| node.outputs.clone())
    }

    /// The node that makes a feature.
    pub fn node_of(&self, feature: usize) -> Option<usize> {
        self.nodes.iter().position(|node| node.outputs.contains(&feature))
    }

    /// The raw columns of a node, numeric ones first.
    pub fn node_columns(&self, node: usize) -> impl Iterator<Item = &str> {
        self.nodes.get(node).into_iter().flat_map(|node| node.numbers.iter().chain(&node.texts)).map(String::as_str)
    }

    /// Everything about a node that its result depends on, apart from the data: two nodes of the same text are equal.
    pub fn node_identity(&self, node: usize) -> String {
        self.nodes
            .get(node)
            .map_or_else(String::new, |node| format!("{:?} {:?} {:?}", node.step, node.numbers, node.texts))
    }

    /// Most bytes that computing one node over `n_rows` rows holds at a time, its results included.
    pub fn node_bytes(&self, node: usize, n_rows: usize) -> u64 {
        // Besides the results: columns as read and as floats, their series, and windows of each kind (8 bytes each).
        let columns = self.node_features(node).len() * 3 / 2 + 8;
        (columns as u64) * 8 * (n_rows as u64)
    }

    /// Fits a node on the training rows and computes its features for all rows. The same bits whatever the number of
    /// threads. Counts one step of progress per feature.
    ///
    /// # Errors
    /// When cancelled, or when the table is not the one the plan was made for.
    pub fn compute_node(&self, node: usize, input: &FeatureInput<'_>, cx: &Cx) -> Result<NodeColumns, FeatureError> {
        cx.check()?;
        let Some(planned) = self.nodes.get(node) else {
            return Err(FeatureError::NoFeatures { reason: format!("the plan has no node {node}") });
        };
        let step_input = planned.input(input)?;
        let fitted = planned.step.fit(&step_input, cx)?;
        let columns = fitted.apply(&step_input, cx)?;
        cx.progress().add(columns.len() as u64);
        Ok(NodeColumns { fitted: FittedNode(fitted), columns })
    }

    /// Refuses a plan with features that look at later rows.
    ///
    /// # Errors
    /// [`FeatureError::LooksAhead`].
    pub fn check_live(&self) -> Result<(), FeatureError> {
        let ahead: Vec<&Entry> = self.entries.iter().filter(|entry| entry.look_back.looks_ahead()).collect();
        if ahead.is_empty() {
            return Ok(());
        }
        let mut features = ahead.iter().take(5).map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(", ");
        if ahead.len() > 5 {
            features = format!("{features} and {} more", ahead.len() - 5);
        }
        let mut settings: Vec<&str> = ahead.iter().map(|entry| entry.setting.as_str()).collect();
        settings.dedup();
        settings.sort_unstable();
        settings.dedup();
        Err(FeatureError::LooksAhead { features, settings: settings.join(", ") })
    }
}

impl Node {
    /// What the step sees of a table.
    fn input<'a>(&self, input: &'a FeatureInput<'a>) -> Result<StepInput<'a>, FeatureError> {
        let numbers: Result<_, _> = self.numbers.iter().map(|name| input.numbers(name)).collect();
        let texts: Result<_, _> = self.texts.iter().map(|name| input.texts(name)).collect();
        Ok(StepInput {
            numbers: numbers?,
            texts: texts?,
            layout: &input.layout,
            entities: &input.entities,
            training: input.training(),
        })
    }
}

#[cfg(test)]
mod tests;
