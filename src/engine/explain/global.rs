//! What matters over the whole run: features by what they add to many rows, and by what is lost without them.

use std::sync::Arc;

use super::attribute::BLOCK_ROWS;
use super::{ExplainError, Explainer, Explanation, Target, allowed, evenly};
use crate::analysis::ensemble::RowScorer;
use crate::analysis::evaluate::Metrics;
use crate::analysis::explain::Attribution;
use crate::analysis::explain::global::{Dependence, Swarm, beeswarm, dependence};
use crate::analysis::explain::importance::{GroupImportance, PermutationImportance};
use crate::cx::Cx;
use crate::data::{Feature, Matrix};
use crate::engine::Snapshot;
use crate::recipe::ExplainabilityMethod;

/// Points side by side in a beeswarm plot.
const POINTS_ACROSS: usize = 120;

/// What matters to the combined scores of many rows.
#[derive(Debug, Clone, PartialEq)]
pub struct GlobalExplanation {
    /// Rows that were explained.
    pub rows: Vec<u32>,
    /// Columns by the mean absolute contribution of all that was made from them, the largest first.
    pub columns: Vec<FeatureImportance>,
    /// Features likewise.
    pub features: Vec<FeatureImportance>,
    /// Points of a beeswarm plot of the columns; `player` is a place in `names`.
    pub swarms: Vec<Swarm>,
    /// Names of the columns, as the swarms and dependences count them.
    pub names: Vec<String>,
    /// How much the combined scores change when a column is shuffled, in the order of `names`.
    pub permutation: Vec<GroupImportance>,
    attributions: Vec<Attribution>,
    values: Matrix,
}

/// How much a feature or column matters.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureImportance {
    /// Its name.
    pub name: String,
    /// Mean absolute contribution to the combined score.
    pub mean_abs: f64,
    /// Share of that, 0 to 1.
    pub share: f64,
}

impl GlobalExplanation {
    /// How the contribution of a column depends on its value, and which other column it seems to depend on besides.
    pub fn dependence(&self, column: usize) -> Dependence {
        dependence(&self.attributions, &self.values, column)
    }
}

impl Explainer {
    /// What matters to the combined scores of some rows, and of the run as a whole.
    ///
    /// # Errors
    /// When cancelled, or when the recipe does not allow it.
    pub fn explain_globally(
        &self,
        snapshot: &Snapshot,
        rows: &[u32],
        cx: &Cx,
    ) -> Result<GlobalExplanation, ExplainError> {
        allowed(&snapshot.recipe, ExplainabilityMethod::FeatureImportance)?;
        let explained = self.explain_rows(snapshot, rows, Target::Combined, None, cx)?;
        let mut names: Vec<String> = Vec::new();
        for player in &self.players {
            if !names.contains(&player.source) {
                names.push(player.source.clone());
            }
        }
        let attributions: Vec<Attribution> = explained.iter().map(|row| by_source(row, &names)).collect();
        let values = self.values_of(rows, &names)?;
        let swarms = beeswarm(&attributions, &values, names.len(), POINTS_ACROSS);
        let columns = swarms.iter().map(|swarm| FeatureImportance {
            name: names.get(swarm.importance.player).cloned().unwrap_or_default(),
            mean_abs: swarm.importance.mean_abs,
            share: swarm.importance.share,
        });
        Ok(GlobalExplanation {
            rows: rows.to_vec(),
            columns: columns.collect(),
            features: by_feature(&explained),
            permutation: self.permutation(snapshot, &names, cx)?,
            swarms,
            names,
            attributions,
            values,
        })
    }

    /// The values of the columns in some rows; 0 for what is no number.
    fn values_of(&self, rows: &[u32], names: &[String]) -> Result<Matrix, ExplainError> {
        let columns: Vec<_> = names.iter().map(|name| self.column(name)).collect();
        let value = |column: &Option<Arc<Vec<f64>>>, row: u32| {
            let value = column.as_ref().and_then(|values| values.get(row as usize)).copied().unwrap_or(0.0);
            if value.is_finite() { value } else { 0.0 }
        };
        let data = rows.iter().flat_map(|&row| columns.iter().map(move |column| value(column, row))).collect();
        let features: Vec<Feature> =
            names.iter().map(|name| Feature { name: name.clone(), source: name.clone() }).collect();
        Matrix::new(features, data).ok_or_else(|| self.no_row(0))
    }

    /// How much the scores of rows at even steps change when all that comes from a column is shuffled among them.
    fn permutation(
        &self,
        snapshot: &Snapshot,
        names: &[String],
        cx: &Cx,
    ) -> Result<Vec<GroupImportance>, ExplainError> {
        let config = &snapshot.recipe.explanation;
        let all: Vec<u32> = (0..u32::try_from(self.fitted.table.n_rows()).unwrap_or(u32::MAX)).collect();
        let rows = evenly(&all, config.importance_rows as usize);
        let numbers = numbered(&self.detectors.numbers(self.features(), &rows, cx)?);
        let width = numbers.n_features();
        let scorers: Vec<RowScorer<'_>> = rows.iter().map(|&row| self.scorer(snapshot, row)).collect();
        let f = |block: &[f64]| {
            let places: Vec<usize> =
                block.chunks_exact(width).map(|row| row.last().map_or(0, |&place| place as usize)).collect();
            let own: Vec<u32> = places.iter().map(|&place| rows.get(place).copied().unwrap_or(u32::MAX)).collect();
            let raw = self.raw_columns(block, width, &own, cx)?;
            let score = |(at, &place): (usize, &usize)| {
                let raw: Vec<&[f64]> = raw.iter().map(|column| column.get(at..=at).unwrap_or_default()).collect();
                scorers.get(place).and_then(|scorer| scorer.by_detectors(&raw).first().copied()).unwrap_or(0.0)
            };
            Ok(places.iter().enumerate().map(score).collect())
        };
        let groups: Vec<Vec<usize>> = names.iter().map(|name| self.numbers_of(name)).collect();
        let labels: Option<Vec<bool>> = snapshot
            .table
            .label()
            .map(|labels| rows.iter().map(|&row| labels.get(row as usize).copied().unwrap_or(false)).collect());
        let metrics = |scores: &[f64]| labels.as_ref().and_then(|labels| Metrics::of(labels, scores));
        let auc = |scores: &[f64]| metrics(scores).map_or(0.5, |metrics| metrics.roc_auc);
        cx.progress().start("Permutation importance", 0);
        let importance = PermutationImportance {
            n_repeats: config.importance_repeats as usize,
            seed: snapshot.recipe.compute.seed,
            block_rows: BLOCK_ROWS,
        };
        self.pool.install(|| {
            let quality: &dyn Fn(&[f64]) -> f64 = &auc;
            importance.of_groups(&f, &numbers, &groups, labels.is_some().then_some(quality), cx)
        })
    }
}

/// Numbers of rows with the place of each row behind them: a column of no group, which is never shuffled, tells which row
/// it is.
fn numbered(numbers: &Matrix) -> Matrix {
    let place = |(place, row): (usize, &[f64])| -> Vec<f64> { row.iter().copied().chain([place as f64]).collect() };
    let data = numbers.iter_rows().enumerate().flat_map(place).collect();
    let names: Vec<Feature> = numbers.features().iter().cloned().chain([Feature::default()]).collect();
    // There is a name for each number.
    Matrix::new(names, data).unwrap_or_else(|| numbers.clone())
}

/// An explanation with its contributions added up by column, in the order of `names`.
fn by_source(explained: &Explanation, names: &[String]) -> Attribution {
    let sums = explained.by_source();
    let of = |name: &String| sums.iter().find(|(source, _)| source == name).map_or(0.0, |(_, sum)| *sum);
    let contributions = names.iter().map(of).collect();
    Attribution { base: explained.base, value: explained.score, contributions, standard_errors: Vec::new() }
}

/// Features by their mean absolute contribution.
fn by_feature(explained: &[Arc<Explanation>]) -> Vec<FeatureImportance> {
    let mut sums: std::collections::BTreeMap<&str, f64> = std::collections::BTreeMap::new();
    for part in explained.iter().flat_map(|row| &row.contributions).filter(|part| !part.source.is_empty()) {
        *sums.entry(&part.feature).or_default() += part.contribution.abs();
    }
    let total: f64 = sums.values().sum();
    let n = explained.len().max(1) as f64;
    let importance = |(name, sum): (&str, f64)| FeatureImportance {
        name: name.to_owned(),
        mean_abs: sum / n,
        share: if total > 0.0 { sum / total } else { 0.0 },
    };
    let mut features: Vec<FeatureImportance> = sums.into_iter().map(importance).collect();
    features.sort_by(|a, b| b.mean_abs.total_cmp(&a.mean_abs).then_with(|| a.name.cmp(&b.name)));
    features
}
