//! What a combination needs to know of the rows besides their scores: found once per run, renewed where its settings change.

use std::sync::Arc;

use crate::analysis::ensemble::{Feedback, RowsInTime, Scene, StackedScores, Votes, Windows};
use crate::analysis::rules::RuleHits;
use crate::analysis::severity::Circumstances;
use crate::data::{SeriesOrder, Table};
use crate::recipe::Recipe;

/// What a combination needs to know of the rows besides their scores. Clones share everything.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Which rows follow each other, entity by entity.
    pub order: Arc<SeriesOrder>,
    /// What raises the severity of which rows.
    pub circumstances: Arc<Circumstances>,
    /// The rows for which rules fire, per enabled rule.
    pub rules: Arc<Vec<RuleHits>>,
    /// What people said about rows.
    pub feedback: Arc<Vec<Feedback>>,
    windows: Option<Arc<Windows>>,
    /// How alike the detectors vote, once it has been counted for the same score columns.
    pub(super) votes: Option<Arc<Votes>>,
}

impl Surroundings {
    pub(super) fn new(
        table: &Table,
        order: &Arc<SeriesOrder>,
        rules: Vec<RuleHits>,
        feedback: Vec<Feedback>,
        recipe: &Recipe,
    ) -> Self {
        Self {
            order: Arc::clone(order),
            circumstances: Arc::new(Circumstances::of(table, &recipe.severity.dynamic_adjustment)),
            rules: Arc::new(rules),
            feedback: Arc::new(feedback),
            windows: windows(table, recipe),
            votes: None,
        }
    }

    /// The same rows under another recipe.
    pub(super) fn renewed(&self, table: &Table, before: &Recipe, recipe: &Recipe) -> Self {
        let mut renewed = self.clone();
        let adjustment = &recipe.severity.dynamic_adjustment;
        if *adjustment != before.severity.dynamic_adjustment {
            renewed.circumstances = Arc::new(Circumstances::of(table, adjustment));
        }
        if recipe.ensemble.dynamic_weighting != before.ensemble.dynamic_weighting {
            renewed.windows = windows(table, recipe);
        }
        renewed
    }

    /// As the combination sees it.
    pub(super) fn scene<'a>(
        &'a self,
        table: &'a Table,
        recipe: &'a Recipe,
        stacked: Option<&'a Arc<StackedScores>>,
    ) -> Scene<'a> {
        Scene {
            rows: RowsInTime { order: &self.order, time: table.time(), alerts: &recipe.alerts },
            windows: self.windows.as_deref(),
            feedback: &self.feedback,
            rules: &self.rules,
            circumstances: &self.circumstances,
            votes: self.votes.as_ref(),
            stacked,
        }
    }
}

fn windows(table: &Table, recipe: &Recipe) -> Option<Arc<Windows>> {
    let config = &recipe.ensemble.dynamic_weighting;
    table.time().filter(|_| config.enabled).map(|times| Arc::new(Windows::new(times, config.window_secs)))
}
