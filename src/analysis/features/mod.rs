//! Features: what is computed from the raw columns of a table, column by column.
//!
//! [`plan`] decides which features there are; [`FeaturePlan::compute_source`] computes those of one raw column. The
//! whole table of features never exists here: the preparation takes it column by column.

mod compute;
mod median;
mod moments;
mod plan;
mod series;
mod slide;

use std::ops::Range;

use self::compute::Job;
use self::series::Layout;
use crate::cx::{Cancelled, Cx};
use crate::data::{Feature, SeriesOrder, Table};

pub use self::plan::{Unit, plan};

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
    #[error("column {column} is missing, or no longer numeric, or has another number of rows; make the features anew")]
    OtherTable {
        /// The raw column.
        column: String,
    },
}

impl From<Cancelled> for FeatureError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// Which features there are, and how to compute them.
#[derive(Debug, Clone, PartialEq)]
pub struct FeaturePlan {
    /// The features, those of a raw column next to each other, in the order of the table's columns.
    pub features: Vec<Feature>,
    /// Per feature, how it is computed, in one line of words.
    pub descriptions: Vec<String>,
    /// What windows count on this table; `None` where no feature has a window.
    pub unit: Option<Unit>,
    sources: Vec<Source>,
    recipe: SourceRecipe,
}

/// A raw column and where its features are.
#[derive(Debug, Clone, PartialEq)]
struct Source {
    column: String,
    features: Range<usize>,
}

/// What is computed from every raw column; outputs count from the column's first feature.
#[derive(Debug, Clone, PartialEq, Default)]
struct SourceRecipe {
    /// Whether the first feature is the raw value.
    raw: bool,
    jobs: Vec<Job>,
    /// As the recipe's setting.
    min_history: f64,
    n_features: usize,
}

impl FeaturePlan {
    /// Number of raw columns that features come from.
    pub fn n_sources(&self) -> usize {
        self.sources.len()
    }

    /// Name of a raw column; empty where there is no such column.
    pub fn source_name(&self, source_index: usize) -> &str {
        self.sources.get(source_index).map_or("", |source| source.column.as_str())
    }

    /// Where in [`FeaturePlan::features`] those of a raw column are; empty where there is no such column.
    pub fn source_features(&self, source_index: usize) -> Range<usize> {
        self.sources.get(source_index).map_or(0..0, |source| source.features.clone())
    }

    /// Most bytes that computing one raw column of `n_rows` rows holds at a time, its results included.
    pub fn source_bytes(&self, n_rows: usize) -> u64 {
        // Besides the results: the column as read and as floats, its series, and the windows of each job (8 bytes each).
        let columns = self.recipe.n_features + self.recipe.jobs.len() + 5;
        (columns as u64) * 8 * (n_rows as u64)
    }

    /// The features of one raw column, in the order of [`FeaturePlan::source_features`]: each a full column in the
    /// order of the table's rows, NaN where it is missing. Infinite values count as missing. The same bits whatever
    /// the number of threads. Counts one step of progress per feature.
    ///
    /// `order` is that of `table`.
    ///
    /// # Errors
    /// When cancelled, or when the table is not the one the plan was made for.
    pub fn compute_source(
        &self,
        source_index: usize,
        table: &Table,
        order: &SeriesOrder,
        cx: &Cx,
    ) -> Result<Vec<Vec<f64>>, FeatureError> {
        let other_table = || FeatureError::OtherTable { column: self.source_name(source_index).to_owned() };
        cx.check()?;
        let mut column = table.numbers(self.source_name(source_index)).ok_or_else(other_table)?;
        if order.rows().len() != column.len() {
            return Err(other_table());
        }
        column.iter_mut().filter(|value| value.is_infinite()).for_each(|value| *value = f64::NAN);
        let mut features = vec![Vec::new(); self.recipe.n_features];
        if !self.recipe.jobs.is_empty() {
            let layout = Layout::new(order, table.time().unwrap_or_default());
            for (output, values) in compute::run(&self.recipe.jobs, self.recipe.min_history, &layout, &column, cx)? {
                features[output] = values;
            }
        }
        if self.recipe.raw {
            features[0] = column;
            cx.progress().add(1);
        }
        Ok(features)
    }
}

#[cfg(test)]
mod tests;
